"""Whether doubles have digits enough at a point: a few observations there, with all digits, beside what was computed.

Rounding errors within the terms of a formula, which cancel where a parameter is far out, are in no estimate of those of
sums.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from symgeo.inference.whitening import whitening

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.judging import State
    from symgeo.inference.sample_likelihood import SampleLikelihood

# Observed information, in units of the expected one, that is this far from one is odd.
_USUAL = 0.75
# Observations that are looked at, and how much their log-densities may err, relatively.
_FEW, _WRONG = 4, 1e-6
# Standard errors that the errors of the scores may amount to, and the part of the information that its errors may be,
# or that these observations must have.
_HARMLESS, _ALIKE = 1e-6, 1e-3
# Standard deviations of one observation, in units of the distance to an end, from which scores may cancel.
_WEAK = 10.0
# ... and distances that are far or near, whatever the units.
_FAR = 1e8
# Squared scores in units of the information that are far too small, and observations beside which they are looked at.
_VANISHING, _NEIGHBOURS = 1e-6, 8


def looks_odd(likelihood: SampleLikelihood, state: State) -> bool:
    """Whether the observed information is unlike what is expected of it, so that it may be made of rounding errors.

    Where no expectation is known that is the squared scores. False where there is no other way to look.
    """
    if not likelihood.may_be_careful or likelihood.programs.canonical:
        return False
    relative = likelihood.relative_information(state)
    if relative is None:
        factor = whitening(likelihood.squared_scores(state.theta))
        if factor is None:
            return True
        relative = factor @ likelihood.observed_information(state.curved_at) @ factor.T
    rows = relative.tolist()
    return not all(abs(v - (i == j)) <= _USUAL for i, row in enumerate(rows) for j, v in enumerate(row))


def values_hold(likelihood: SampleLikelihood, theta: np.ndarray) -> bool:
    """Whether log-densities have their digits at theta (n,); True where that is not known."""
    import numpy as np

    exact = _exact(likelihood, theta)
    if exact is None:
        return True
    rows, _ = likelihood.some(_FEW)
    return bool(np.all(np.abs(rows.terms(theta) - exact[:, 0]) <= _WRONG * (1.0 + np.abs(exact[:, 0]))))


def size_of(sample: np.ndarray) -> float:
    """The largest absolute value of observations; one where all are zero, or there are none."""
    import numpy as np

    return float(np.abs(sample).max(initial=0.0)) or 1.0


def may_cancel(ends: Sequence[Sequence[float]], theta: Sequence[Any], spread: Sequence[Any], units: float = 1.0) -> Any:
    """Whether a point is where derivatives may be what is left of larger numbers; its parameters are numbers or arrays.

    ``ends`` are the finite ones of each parameter's domain, ``spread`` standard deviations of one observation. So it is
    where that says little of a parameter, and far out, beyond what data of a size of ``units`` explain.
    """
    found: Any = False
    far = _FAR * max(units, 1.0 / units) ** 2
    for value, size, own in zip(theta, spread, ends, strict=True):
        for end in own:
            gap = abs(value - end)
            found = found | (size > _WEAK * gap) | (gap < 1.0 / far) | (gap > far)
    return found


def far_ends(likelihood: SampleLikelihood, theta: np.ndarray) -> list[str]:
    """``k -> oo`` for each parameter that is further out, or nearer to an end, than the size of the data explains."""
    units, found = size_of(likelihood.sample), []
    lines = likelihood.log_lines
    for symbol, value, own in zip(likelihood.model.parameters, theta.tolist(), lines.ends, strict=True):
        for end in own if len(own) == 1 else ():
            if may_cancel([[end]], [value], [0.0], units):
                near = abs(value - end) < 1.0
                found.append(f"{symbol} -> {end:g}" if near else f"{symbol} -> {'oo' if value > end else '-oo'}")
    return found


def derivatives_hold(likelihood: SampleLikelihood, state: State) -> bool:
    """Whether errors of scores and information at a state are small beside these; True where that is not known."""
    import numpy as np

    squares = (state.factor * state.factor).sum(axis=0).tolist()
    point = likelihood.log_lines.ends, state.theta.tolist(), [math.sqrt(v) for v in squares]
    if not may_cancel(*point) or not may_cancel(*point, size_of(likelihood.sample)):
        return True
    exact = _exact(likelihood, state.theta)
    if exact is None:
        return True
    (rows, weight), n = likelihood.some(_FEW), likelihood.n
    factors = [f for f in (state.factor, likelihood.expected_factor(state.theta)) if f is not None]
    factor = max(factors, key=lambda f: float(np.abs(f).max()))
    with np.errstate(all="ignore"):
        sums, information = rows.sums(state.theta, True)
        whole = rows.weights @ exact[:, 1:]
        score, known = whole[:n], whole[n:][likelihood.programs.places_of_upper]
        errors = factor @ (sums[1 : n + 1] - score) / weight, factor @ (information - known) @ factor.T / weight
        scores = np.max((exact[:, 1 : n + 1] @ factor.T) ** 2, axis=0)
        told = np.maximum(scores, np.abs(np.einsum("ij,jk,ik->i", factor, known, factor)) / weight)
    harm = math.sqrt(likelihood.count) * np.abs(errors[0]).max(), np.abs(errors[1]).max()
    return bool(harm[0] <= _HARMLESS and harm[1] <= _ALIKE and told.min() >= _ALIKE)


def is_borne_out(likelihood: SampleLikelihood, theta: np.ndarray) -> bool:
    """Whether squared scores are as large as the observed information, but for many powers of ten, in every direction.

    By the Bartlett identity they are about that. Beside a ridge that runs away the information may be what is left of
    the score. Looked at are a few observations, and what is near them: they may be too few to vary.
    """
    import numpy as np

    factor = whitening(likelihood.observed_information(theta))
    if factor is None:
        return False
    exactly = likelihood.programs.exactly
    assert exactly is not None, "there is a careful likelihood"
    seen = _near_observations(likelihood)
    values = exactly(np.concatenate([seen, np.broadcast_to(theta, (len(seen), likelihood.n))], axis=1))
    scores = values[:, 1 : likelihood.n + 1] @ factor.T
    scores = scores[np.isfinite(scores).all(axis=1)]
    if not len(scores):
        return False
    return bool(np.linalg.eigvalsh(scores.T @ scores / len(scores))[0] >= _VANISHING)


def _near_observations(likelihood: SampleLikelihood) -> np.ndarray:
    """Some observations with their covariates, (k, v + c), and others of the support with a variable more or less."""
    import numpy as np

    sample, support = likelihood.sample, likelihood.model.support
    few = np.unique(np.linspace(0, len(sample) - 1, _NEIGHBOURS).astype(int))
    found = [np.concatenate([sample[few], likelihood.covariates[few]], axis=1)]
    for axis, variable in enumerate(support.variables):
        size = 1.0 if support.is_discrete(variable) else float(np.std(sample[:, axis])) or 1.0
        for step in (-size, size):
            moved = found[0].copy()
            moved[:, axis] += step
            found.append(moved[support.contains(moved[:, : sample.shape[1]])])
    return np.concatenate(found)


def _exact(likelihood: SampleLikelihood, theta: np.ndarray) -> np.ndarray | None:
    import numpy as np

    exactly = likelihood.programs.exactly
    if exactly is None or likelihood.is_careful or not likelihood.smooth:
        return None
    rows, _ = likelihood.some(_FEW)
    spread = np.broadcast_to(theta, (len(rows.sample), likelihood.n))
    return exactly(np.concatenate([rows.sample, rows.covariates, spread], axis=1))
