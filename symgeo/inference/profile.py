"""The profile likelihood of some parameters: the maximum over all others, followed by Newton's method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from symgeo.errors import RegionError

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.result import Fit

_MOST_STEPS = 60
# Squared length of the last step in standard errors.
_SMALL = 1e-20


class Point(NamedTuple):
    """A point of the profile: all parameters (n,), log-likelihood, and the score of the chosen ones."""

    theta: np.ndarray
    value: float
    score: np.ndarray


class Profile:
    """The profile of the parameters at positions ``axes``, from a fit on."""

    def __init__(self, fit: Fit, axes: Sequence[int]):
        self.fit = fit
        self.sample = fit.require_sample()
        self.sample.require_smooth()
        self.axes = list(axes)
        self.rest = [i for i in range(len(fit.estimate)) if i not in self.axes]

    def at(self, chosen: np.ndarray, near: np.ndarray) -> Point | None:
        """The maximum over the rest with the chosen parameters fixed, from a point ``near`` (n,); None outside."""
        import numpy as np

        theta = np.array(near, dtype=float)
        theta[self.axes] = chosen
        count, rest = self.sample.count, self.rest
        if not self.sample.inside(theta):
            return None
        value = self.value(theta)
        for _ in range(_MOST_STEPS):
            score = self.score(theta)
            if not (np.isfinite(value) and np.isfinite(score).all()):
                return None
            if not rest:
                break
            information = self.sample.observed_information(theta) * count
            if not np.isfinite(information).all():
                return None
            step = _ascent(information[np.ix_(rest, rest)], score[rest])
            size = float(step @ score[rest])
            scale = 1.0
            while True:
                moved = theta.copy()
                moved[rest] += scale * step
                gained = self.value(moved) if self.sample.inside(moved) else -np.inf
                if gained >= value + 1e-4 * scale * size - 1e-12 * (1.0 + abs(value)):
                    break
                scale *= 0.5
                if scale < 1e-12:
                    return None
            theta, value = moved, gained
            if size < _SMALL:
                break
        else:
            raise RegionError(
                "the likelihood could not be maximised over the other parameters "
                f"({', '.join(str(self.fit.model.parameters[i]) for i in rest)}); fix one, or choose a smaller level"
            )
        return Point(theta, value, (score if not rest else self.score(theta))[self.axes])

    def value(self, theta: np.ndarray) -> float:
        """The log-likelihood of the sample."""
        import numpy as np

        with np.errstate(all="ignore"):
            return float(self.sample.terms(theta) @ self.sample.weights)

    def score(self, theta: np.ndarray) -> np.ndarray:
        """The score of the sample, (n,)."""
        return self.sample.scores(theta).T @ self.sample.weights


def _ascent(information: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Newton's step, with eigenvalues made positive where the likelihood is not concave."""
    import numpy as np

    scale = np.sqrt(np.maximum(np.abs(np.diagonal(information)), 1e-300))
    values, vectors = np.linalg.eigh(information / np.outer(scale, scale))
    safe = np.maximum(np.abs(values), 1e-8)
    return vectors @ ((vectors.T @ (score / scale)) / safe) / scale
