"""Finite mixtures of exponential families, and their E- and M-steps component by component."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra import as_expression
from symgeo.algebra.convert import decimal
from symgeo.codegen import numpy_function
from symgeo.errors import DataError, ParameterListError
from symgeo.inference.complete import Maximisation
from symgeo.inference.em_steps import EMState
from symgeo.inference.sample_likelihood import SampleLikelihood
from symgeo.inference.spreading import spread_shares
from symgeo.models.statistical_model import StatisticalModel

if TYPE_CHECKING:
    import numpy as np

# Components whose parameters agree to this many relative digits are the same.
_SAME = 1e-4
# How much of an observation a component must hold not to be called empty.
_EMPTY = 1e-2


@dataclass(frozen=True, eq=False)
class Mixture:
    """The law ``sum of w_j p_j(x; theta_j)``; the components' parameters have numbers after their names.

    ``model`` is an ordinary model in ``parameters``: those of each component in turn, shared ones once, then the
    weights but the last. ``own`` are the parameters of each component, in its order, ``shares`` all weights.
    """

    components: tuple[StatisticalModel, ...]
    parameters: tuple[sp.Symbol, ...]
    model: StatisticalModel
    own: tuple[tuple[sp.Symbol, ...], ...]
    shares: tuple[sp.Expr, ...]

    @property
    def is_tied(self) -> bool:
        """Whether components share a parameter."""
        return len({s for own in self.own for s in own}) < sum(map(len, self.own))

    @property
    def is_weighted(self) -> bool:
        """Whether the weights are fixed numbers."""
        return all(s.is_number for s in self.shares)

    @cached_property
    def joint(self) -> StatisticalModel:
        """The law of the component's number, the first variable, and the observation."""
        first = self.components[0]
        names = {v.name for v in first.variables}
        label = sp.Symbol(next(n for n in ("j", "component", "component_") if n not in names), integer=True)
        cases = [
            (share * part.density.xreplace(dict(zip(part.parameters, own, strict=True))), sp.Eq(label, j))
            for j, (part, own, share) in enumerate(zip(self.components, self.own, self.shares, strict=True), 1)
        ]
        return StatisticalModel(
            sp.Piecewise(*cases[:-1], (cases[-1][0], True)),
            (label, *first.variables),
            self.parameters,
            support={label: sp.FiniteSet(*range(1, len(cases) + 1)), **first.support.sets},
            domain=self.model.domain,
            constraints=self.model.constraints,
            name=self.model.name,
            check=False,
        )

    def ordered(self, theta: np.ndarray) -> np.ndarray:
        """The same law with exchangeable components in ascending order of their parameters."""
        import numpy as np

        values = dict(zip(self.parameters, map(float, theta), strict=True))
        if self.is_weighted and len(set(self.shares)) > 1:
            return theta
        weights = [1.0] * len(self.shares)
        if not self.is_weighted:
            weights = [values[s] for s in self.shares[:-1]]
            weights.append(1.0 - sum(weights))
        moved, placed = dict(values), list(weights)
        for part in {id(p): p for p in self.components}.values():
            group = [j for j, p in enumerate(self.components) if p is part]
            keys = {j: tuple(values[s] for s in self.own[j]) for j in group}
            for place, source in zip(group, sorted(group, key=keys.__getitem__), strict=True):
                moved.update(zip(self.own[place], keys[source], strict=True))
                placed[place] = weights[source]
        if not self.is_weighted:
            moved.update(zip(self.shares[:-1], placed, strict=False))
        return np.array([moved[s] for s in self.parameters])


def mixture(
    components: Sequence[StatisticalModel],
    name: str | None = None,
    *,
    shared: Any = (),
    weights: Any = None,
) -> Mixture:
    """The mixture of regular exponential families of the same variables, such as ``[normal] * 3``.

    ``shared``: parameters (a symbol or several) that all components which have them have in common, such as a
    variance. ``weights``: "equal", or positive numbers that add up to one; by default they are parameters.

    Raises :class:`ParameterListError` for fewer than two components, different variables, unknown shared parameters or
    weights that are none, and :class:`NotExponentialFamilyError`.
    """
    parts = tuple(components)
    if len(parts) < 2:
        raise ParameterListError("a mixture has at least two components")
    first = parts[0]
    if any(p.variables != first.variables for p in parts):
        raise ParameterListError("the components have different variables; declare them in the same symbols")
    if any(p.support.sets != first.support.sets for p in parts):
        raise ParameterListError("the components have different supports; mixtures need a common one")
    common = _shared(parts, shared)
    shares, free = _shares(len(parts), weights)
    density: sp.Expr = sp.S.Zero
    parameters: dict[sp.Symbol, None] = {}
    domain: dict[sp.Symbol, sp.Set] = {}
    constraints: list[Any] = []
    names = []
    for j, (part, share) in enumerate(zip(parts, shares, strict=True), 1):
        part.require_exponential_family()
        own = {s: s if s in common else sp.Symbol(f"{s.name}_{j}", **s.assumptions0) for s in part.parameters}
        for s, new in own.items():
            if s in common and domain.get(new, part.domain[s]) != part.domain[s]:
                raise ParameterListError(f"the components declare different domains of {s}, which they share")
            parameters[new], domain[new] = None, part.domain[s].xreplace(own)
        names.append(tuple(own.values()))
        constraints += [c.xreplace(own) for c in part.constraints]
        density += share * part.density.xreplace(own)
    domain |= {w: sp.Interval.open(0, 1) for w in free}
    if len(free) > 1:
        constraints.append(sp.Add(*free) < 1)
    model = StatisticalModel(
        density,
        first.variables,
        (*parameters, *free),
        support=first.support.sets,
        domain=domain,
        constraints=list(dict.fromkeys(constraints)),
        name=name or f"mixture of {len(parts)} components",
        check=False,
    )
    return Mixture(parts, model.parameters, model, tuple(names), tuple(shares))


def _shared(parts: Sequence[StatisticalModel], shared: Any) -> set[sp.Symbol]:
    common = {shared} if isinstance(shared, sp.Symbol) else set(shared)
    for s in common:
        if sum(s in p.parameters for p in parts) < 2:
            raise ParameterListError(f"{s} is not a parameter of two components, so that it cannot be shared")
    return common


def _shares(count: int, weights: Any) -> tuple[list[sp.Expr], list[sp.Symbol]]:
    """The weights of all components, and those that are parameters."""
    if weights is None:
        free = [sp.Symbol(f"w_{j + 1}", positive=True) for j in range(count - 1)]
        return [*free, 1 - sp.Add(*free)], free
    if isinstance(weights, str):
        if weights != "equal":
            raise ParameterListError(f'weights={weights!r} is not understood; say "equal" or give one number for each')
        return [sp.Rational(1, count)] * count, []
    given = [as_expression(w) for w in weights]
    given = [decimal(w) if isinstance(w, sp.Float) else w for w in given]
    if len(given) != count or not all(w.is_number and w.is_positive for w in given) or sp.Add(*given) != 1:
        raise ParameterListError(f"the weights {given} are not {count} positive numbers that add up to one")
    return given, []


class MixtureSteps:
    """EM on one sample of a mixture whose components have parameters of their own."""

    def __init__(self, law: Mixture, sample: np.ndarray, counts: np.ndarray, first: np.ndarray | None):
        import numpy as np

        self.law, self.model, self._first = law, law.model, first
        self.sample, self.counts = sample, counts
        self.likelihood = SampleLikelihood(law.model, sample, np.zeros((len(sample), 0)), counts, expected=False)
        distinct = {id(p): p for p in law.components}
        steps = {key: Maximisation(p, p.require_exponential_family()) for key, p in distinct.items()}
        tables = {key: _table(p, steps[key].statistics, sample) for key, p in distinct.items()}
        self._maximise = [steps[id(p)] for p in law.components]
        self._tables = [tables[id(p)] for p in law.components]
        self._densities = [numpy_function([p.log_density], (*p.variables, *p.parameters)) for p in law.components]
        ends = np.cumsum([0, *(len(p.parameters) for p in law.components)])
        self._slices = [slice(a, b) for a, b in pairwise(ends)]
        self._fixed = np.array([float(s) for s in law.shares]) if law.is_weighted else None

    def _weights(self, theta: np.ndarray) -> np.ndarray:
        import numpy as np

        if self._fixed is not None:
            return self._fixed
        free = theta[self._slices[-1].stop :]
        return np.append(free, 1.0 - free.sum())

    def at(self, theta: np.ndarray) -> EMState | None:
        """The E-step: probabilities of the components given each observation."""
        import numpy as np

        if not self.model.chart.contains(theta):
            return None
        shares = self._weights(theta)
        with np.errstate(all="ignore"):
            terms = np.stack(
                [
                    np.log(share) + f(*self.sample.T, *theta[own])[0]
                    for f, own, share in zip(self._densities, self._slices, shares, strict=True)
                ],
                axis=-1,
            )
            top = np.max(terms, axis=-1, keepdims=True)
            sums = np.sum(np.exp(terms - top), axis=-1, keepdims=True)
            value = float(self.counts @ (top + np.log(sums))[:, 0])
        return EMState(theta, value, np.exp(terms - top) / sums) if math.isfinite(value) else None

    def maximised(self, state: EMState) -> np.ndarray | None:
        """The M-step: maximum likelihood of each component, with these probabilities as weights."""
        return self._projected(self._responsibilities(state), state.theta)

    @staticmethod
    def _responsibilities(state: EMState) -> Any:
        return state.expected

    def _projected(self, responsibilities: np.ndarray, near: np.ndarray | None) -> np.ndarray | None:
        import numpy as np

        found = []
        for j, (maximise, table, own) in enumerate(zip(self._maximise, self._tables, self._slices, strict=True)):
            weights = self.counts * responsibilities[:, j]
            total = float(weights.sum())
            if not total > 0:
                return None
            theta = maximise(weights @ table / total, total, None if near is None else near[own])
            if theta is None:
                return None
            found.append(theta)
        if self._fixed is None:
            found.append((self.counts @ responsibilities / self.counts.sum())[:-1])
        return np.concatenate(found)

    def started(self, random: np.random.Generator, index: int) -> EMState | None:
        """The user's start, or responsibilities by the distance to observations drawn apart from one another."""
        if self._first is not None:
            return self.at(self._first)
        shares = spread_shares(self.sample, self.counts, len(self._densities), random)
        theta = self._projected(shares, None)
        return None if theta is None else self.at(theta)

    def remark(self, state: EMState) -> str:
        """Which components are empty, and which are the same."""
        import numpy as np

        held = self.counts @ self._responsibilities(state)
        empty = [f"component {j + 1}" for j in np.flatnonzero(held < _EMPTY)]
        told = [f"no observation is left for {', '.join(empty)}"] if empty else []
        for j, part in enumerate(self.law.components):
            for k in range(j):
                if self.law.components[k] is part and np.allclose(
                    state.theta[self._slices[j]], state.theta[self._slices[k]], rtol=_SAME, atol=_SAME
                ):
                    told.append(f"components {k + 1} and {j + 1} are the same: their weights are not told apart")
        return "; ".join(told)


def _table(part: StatisticalModel, statistics: Sequence[sp.Expr], sample: np.ndarray) -> np.ndarray:
    """The sufficient statistics of every observation, (N, m). Raises :class:`DataError`."""
    import numpy as np

    table = np.stack(numpy_function(statistics, part.variables)(*sample.T), axis=-1)
    bad = np.argwhere(~np.isfinite(table))
    if bad.size:
        row, i = bad[0]
        told = ", ".join(f"{v} = {value:.12g}" for v, value in zip(part.variables, sample[row], strict=True))
        raise DataError(
            f"the sufficient statistic {statistics[i]} is infinite or out of range at {told}; leave the observation "
            "out, rescale the data, or open the support's closed end"
        )
    return table
