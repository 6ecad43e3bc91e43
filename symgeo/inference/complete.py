"""The M-step: maximum likelihood of an exponential family from mean sufficient statistics alone.

Maximising ``eta(theta) . mean(T) - A(theta)`` sets ``E[T]`` equal to the mean, so that a full family needs its dual
coordinates: in closed form, or by natural-gradient steps. Over finitely many points means and covariances are sums.
Source: Dempster, Laird and Rubin, J. R. Statist. Soc. B 39 (1977) 1-38, section 2; Barndorff-Nielsen, Information
and Exponential Families, 1978, section 9.3.
"""

from __future__ import annotations

import copy
import math
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import sympy as sp

from symgeo.codegen import numpy_function
from symgeo.inference.ascent import Outcome, climb
from symgeo.inference.family_programs import FamilyPrograms, family_programs
from symgeo.inference.judging import EPS, ULPS, Judging, State
from symgeo.inference.likelihood import Likelihood
from symgeo.inference.starting import starting_points

if TYPE_CHECKING:
    import numpy as np

    from symgeo.models.exponential_family import ExponentialFamily
    from symgeo.models.statistical_model import StatisticalModel

_TOLERANCE = 1e-18
_STEPS = 200
# Squared length of a step, in standard errors, that need not be taken: the next M-step does.
_NEGLIGIBLE = 1e-8
# Rounding errors of an estimate, in the Fisher metric, that leave nothing of it.
_BLURRED = 1e-2
# Numbers in a block of many points.
_BLOCK = 200_000


class Local(NamedTuple):
    """An exponential family at one point theta (n,).

    ``natural`` (m,), its ``jacobian`` (m, n) and ``bends`` (m, n, n); ``log_partition`` with ``slope`` (n,) and
    ``curvature`` (n, n).
    """

    natural: np.ndarray
    jacobian: np.ndarray
    bends: np.ndarray
    log_partition: float
    slope: np.ndarray
    curvature: np.ndarray


class Family:
    """Natural parameters and log-partition of a model in numbers; ``statistics`` (m,) are those of its family."""

    def __init__(self, model: StatisticalModel, family: ExponentialFamily):
        self.model, self.chart = model, model.chart
        self.n, self.statistics = len(model.parameters), family.sufficient_statistics
        self.m = len(self.statistics)
        x = model.parameters
        slopes = [[e.diff(s) for s in x] for e in family.natural_elements]
        bends = [d.diff(s).to_sympy() for row in slopes for d in row for s in x]
        flat = [d.to_sympy() for row in slopes for d in row]
        self._natural = numpy_function([*family.natural_parameters, *flat, *bends], x)
        self._family = family

    def at(self, theta: np.ndarray) -> Local:
        """Everything at one point, by the derivatives of A."""
        n = self.n
        natural, jacobian, bends = self._split(theta)
        values = self._array(self._partition(*theta))
        return Local(natural, jacobian, bends, values[0], values[1 : 1 + n], values[1 + n :].reshape(n, n))

    def many(self, thetas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Natural parameters (N, m) and log-partitions (N,) at points (N, n)."""
        import numpy as np

        return np.stack(self._natural(*thetas.T)[: self.m], axis=-1), self._partition(*thetas.T)[0]

    @cached_property
    def _partition(self) -> Any:
        a, x = self._family.log_partition_element, self.model.parameters
        slopes = [a.diff(s) for s in x]
        second = [d.diff(s).to_sympy() for d in slopes for s in x]
        return numpy_function([a.to_sympy(), *(d.to_sympy() for d in slopes), *second], x)

    def _split(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        n, m = self.n, self.m
        values = self._array(self._natural(*theta))
        return values[:m], values[m : m + m * n].reshape(m, n), values[m + m * n :].reshape(m, n, n)

    @staticmethod
    def _array(values: Any) -> np.ndarray:
        import numpy as np

        return np.array(values, dtype=float)


class FiniteFamily(Family):
    """A family on finitely many points (P, d), by sums over them."""

    def __init__(self, model: StatisticalModel, family: ExponentialFamily, points: list[dict[sp.Symbol, sp.Expr]]):
        import numpy as np

        super().__init__(model, family)
        self.points = np.array([[float(p[v]) for v in model.variables] for p in points])
        values = numpy_function([*self.statistics, sp.log(family.carrier)], model.variables)(*self.points.T)
        self.table, self.log_carrier = np.stack(values[:-1], axis=-1), values[-1]

    def log_probabilities(self, theta: np.ndarray) -> np.ndarray:
        """log p at every point, (P,)."""
        logs = self.log_carrier + self.table @ self._split(theta)[0]
        return logs - _log_sum(logs)

    def at(self, theta: np.ndarray) -> Local:
        """Everything at one point: the mean and covariance of the statistics give the derivatives of A."""
        import numpy as np

        natural, jacobian, bends = self._split(theta)
        logs = self.log_carrier + self.table @ natural
        log_partition = _log_sum(logs)
        shares = np.exp(logs - log_partition)
        mean = shares @ self.table
        centred = (self.table - mean) @ jacobian
        curvature = (centred * shares[:, None]).T @ centred + np.einsum("i,iab->ab", mean, bends)
        return Local(natural, jacobian, bends, log_partition, jacobian.T @ mean, curvature)

    def many(self, thetas: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Natural parameters (N, m) and log-partitions (N,) at points (N, n)."""
        import numpy as np

        natural = np.stack(self._natural(*thetas.T)[: self.m], axis=-1)
        step = max(1, _BLOCK // len(self.points))
        blocks = [natural[i : i + step] @ self.table.T + self.log_carrier for i in range(0, len(natural), step)]
        return natural, np.concatenate([np.logaddexp.reduce(b, axis=1) for b in blocks])


def _log_sum(logs: np.ndarray) -> float:
    import numpy as np

    top = float(logs.max())
    return top + math.log(float(np.exp(logs - top).sum()))


class MeanLikelihood(Judging):
    """``eta(theta) . mean - A(theta)``, climbed by its own curvature ``dd A - mean . dd eta``."""

    def __init__(self, family: Family, mean: np.ndarray, count: float):
        self.family, self.chart, self.mean, self.count = family, family.chart, mean, count

    def at(self, theta: np.ndarray) -> State | None:
        """The state at an interior point; None where it cannot be computed."""
        import numpy as np

        if not self.chart.contains(theta):
            return None
        with np.errstate(all="ignore"):
            here = self.family.at(theta)
            value = float(here.natural @ self.mean - here.log_partition)
            score = here.jacobian.T @ self.mean - here.slope
            information = here.curvature - np.einsum("i,iab->ab", self.mean, here.bends)
        if not (math.isfinite(value) and np.isfinite(score).all() and np.isfinite(information).all()):
            return None
        size = np.sqrt(np.abs(np.diagonal(information)))
        size = np.where(size > 0, size, 1.0)
        values, vectors = np.linalg.eigh(information / np.outer(size, size))
        # Curved families need not be concave: directions of the wrong sign are taken uphill all the same.
        half = vectors / np.sqrt(np.maximum(np.abs(values), 1e-10)) / size[:, None]
        whitened = half.T @ score
        step = half @ whitened
        error = ULPS * EPS * (np.abs(here.jacobian.T) @ np.abs(self.mean) + np.abs(here.slope))
        reach = np.abs(half) @ (np.abs(half.T) @ error)
        noise = float(np.linalg.norm(np.abs(half.T) @ error))
        if not (np.isfinite(step).all() and np.isfinite(reach).all() and math.isfinite(noise)):
            return None
        return State(theta, value, step, float(whitened @ whitened), noise, reach, theta, step)

    def values(self, thetas: np.ndarray) -> np.ndarray:
        """The value at many points (N, n) -> (N,); -inf outside the domain."""
        import numpy as np

        with np.errstate(all="ignore"):
            natural, log_partition = self.family.many(thetas)
            total = natural @ self.mean - log_partition
            return np.where(self.chart.contains(thetas) & np.isfinite(total), total, -np.inf)

    def along_natural(self, state: State, scale: float) -> None:
        """Steps go along straight lines in the chart."""
        return

    def gain(self, theta: np.ndarray, state: State) -> tuple[float, float]:
        """How much larger the value is at theta than at the state, and the rounding error of that."""
        import numpy as np

        if not self.chart.contains(theta):
            return -math.inf, 0.0
        with np.errstate(all="ignore"):
            here = self.family.at(theta)
            terms = np.array([*(here.natural * self.mean), -here.log_partition])
            value, noise = float(terms.sum()), ULPS * EPS * float(np.abs(terms).sum())
        if not (math.isfinite(value) and math.isfinite(noise)):
            return math.nan, 0.0
        return value - state.value, noise

    def log_likelihood(self, state: State) -> float:
        """The whole log-likelihood, carrier left out."""
        return self.count * float(state.value)


class RegularLikelihood(Likelihood):
    """The likelihood of a full family with derived expectations, of given mean statistics instead of a sample."""

    def __init__(self, programs: FamilyPrograms):
        self._prepare(programs)

    def given(self, mean: np.ndarray, count: float) -> RegularLikelihood:
        """The same family with these mean statistics."""
        import numpy as np

        other = copy.copy(self)
        other.mean, other.count, other.log_carrier = mean, count, 0.0
        other._statistics_error = EPS * (1.0 + ULPS) * np.abs(mean)
        return other

    def closed_form(self) -> np.ndarray | None:
        """The estimate in closed form; None where there is none, or none inside the domain."""
        import numpy as np

        closed = self.programs.from_expectation
        if closed is None:
            return None
        theta = np.array(closed(*self.mean))
        return theta if self.chart.contains(theta) else None

    def moments(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """``E[T]`` (m,) and ``d eta / d theta`` (m, n)."""
        import numpy as np

        local = np.array(self.programs.local(*theta))
        return local[self.m * self.n : self.m * (self.n + 1)], local[: self.m * self.n].reshape(self.m, self.n)


class Maximisation:
    """The M-step of an exponential family: the parameters (n,) that maximise ``eta . mean - A``.

    ``regular`` is the family's likelihood where it is full and its expectations are derived, None elsewhere.
    """

    def __init__(self, model: StatisticalModel, family: ExponentialFamily):
        self.statistics = family.sufficient_statistics
        self.regular: RegularLikelihood | None = None
        self.family: Family | None = None
        # In several variables the sums have many terms, and are better taken in numbers.
        points = model.support.points() if len(model.variables) > 1 or family.is_curved else None
        if points is not None:
            self.family = FiniteFamily(model, family, points)
        elif family.is_curved:
            self.family = Family(model, family)
        else:
            self.regular = RegularLikelihood(family_programs(model))

    @classmethod
    def of(cls, model: StatisticalModel) -> Maximisation | None:
        """None where the model is no exponential family. Raises :class:`SingularMetricError`."""
        family = model.exponential_family
        return None if family is None else cls(model, family)

    def __call__(self, mean: np.ndarray, count: float, near: np.ndarray | None) -> np.ndarray | None:
        """The maximum, searched from ``near`` or from anywhere; None where there is none inside the domain."""
        likelihood = self._given(mean, count)
        state = self._closed(likelihood)
        if state is None:
            for start in starting_points(likelihood, 1) if near is None else iter((near,)):
                first = likelihood.at(start)
                if first is not None:
                    found = climb(likelihood, first, _TOLERANCE, _STEPS)
                    ended = found.outcome is Outcome.ROUGH or count * found.state.decrement < _NEGLIGIBLE
                    state = found.state if ended else None
                    break
        # A family that shrinks onto one point has an estimate of nothing but rounding errors.
        return state.theta if state is not None and state.noise < _BLURRED else None

    def _given(self, mean: np.ndarray, count: float) -> RegularLikelihood | MeanLikelihood:
        if self.regular is not None:
            return self.regular.given(mean, count)
        assert self.family is not None, "one of the two"
        return MeanLikelihood(self.family, mean, count)

    @staticmethod
    def _closed(likelihood: RegularLikelihood | MeanLikelihood) -> State | None:
        theta = likelihood.closed_form() if isinstance(likelihood, RegularLikelihood) else None
        return None if theta is None else likelihood.at(theta)
