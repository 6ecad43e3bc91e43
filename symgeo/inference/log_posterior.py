"""A log-posterior in a chart of choice, with two derivatives, and the search for its mode."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra import as_expression
from symgeo.codegen import numpy_function
from symgeo.errors import ParameterListError, PosteriorError
from symgeo.inference.priors import Jet, Term
from symgeo.inference.sample_likelihood import SampleLikelihood
from symgeo.inference.starting import starting_points
from symgeo.models.chart import Chart

if TYPE_CHECKING:
    import numpy as np

_STARTS = 3
_MOST_STEPS = 100
# Relative distance from the boundary at which a climb is called off.
_NEAR = 1e-7
# Squared length of Newton's last step, in posterior standard deviations.
_SMALL = 1e-20
_DEFINITE = 1e-12


class Coordinates:
    """New coordinates phi of the parameters theta(phi): the map, two derivatives, and ``log |det d theta/d phi|``."""

    def __init__(self, images: Sequence[sp.Expr], chart: Chart):
        self.images, self.chart, self.symbols = tuple(images), chart, chart.parameters
        n = len(self.images)
        self.n = n
        jacobian = sp.Matrix(n, n, [sp.diff(e, s) for e in self.images for s in self.symbols])
        determinant = jacobian.det(method="berkowitz")
        if determinant.is_zero:
            raise ParameterListError("the map of the chart is degenerate; its Jacobian vanishes everywhere")
        volume = sp.log(determinant**2) / 2
        seconds = [sp.diff(e, s, t) for e in self.images for s in self.symbols for t in self.symbols]
        slopes = [sp.diff(volume, s) for s in self.symbols]
        curves = [sp.diff(e, s) for e in slopes for s in self.symbols]
        self._map = numpy_function(self.images, self.symbols)
        self._jets = numpy_function([*jacobian, *seconds, volume, *slopes, *curves], self.symbols)

    def __reduce__(self) -> tuple[Any, ...]:
        return Coordinates, (self.images, self.chart)

    def theta(self, phi: np.ndarray) -> np.ndarray:
        """The parameters, (..., n) -> (..., n)."""
        import numpy as np

        return np.stack(self._map(*np.moveaxis(phi, -1, 0)), axis=-1)

    def jacobian(self, phi: np.ndarray) -> np.ndarray:
        """``[i, j] = d theta_i/d phi_j``, (n, n)."""
        return self._pieces(phi)[0]

    def _pieces(self, phi: np.ndarray) -> tuple[np.ndarray, np.ndarray, Jet]:
        import numpy as np

        n = self.n
        values = np.array([float(v) for v in self._jets(*phi)])
        first, second, rest = np.split(values, [n * n, n * n + n**3])
        volume = Jet(rest[0], rest[1 : n + 1], rest[n + 1 :].reshape(n, n))
        return first.reshape(n, n), second.reshape(n, n, n), volume

    def pulled(self, phi: np.ndarray, jet: Jet, density: bool) -> Jet:
        """A function of theta as one of phi; a log-density takes the Jacobian's logarithm with it."""
        import numpy as np

        first, second, volume = self._pieces(phi)
        value, gradient = jet.value, first.T @ jet.gradient
        hessian = first.T @ jet.hessian @ first + np.einsum("k,kij->ij", jet.gradient, second)
        if density:
            value, gradient, hessian = value + volume.value, gradient + volume.gradient, hessian + volume.hessian
        return Jet(value, gradient, hessian)


def read_chart(chart: Any, model: Any) -> Coordinates:
    """A user's chart: None (the model's own), "unbounded", or {parameter: expression in new symbols}."""
    own = model.chart
    if chart is None:
        return Coordinates(own.parameters, own)
    if isinstance(chart, str):
        if chart != "unbounded":
            raise ParameterListError(f"the chart {chart!r} is not known; pass 'unbounded' or a mapping")
        pairs = [_unbounded(s, parts) for s, parts in zip(own.parameters, own.pieces, strict=True)]
        return Coordinates([image for _, image in pairs], Chart.build([new for new, _ in pairs]))
    if not isinstance(chart, Mapping) or set(chart) - set(own.parameters):
        raise ParameterListError(
            f"a chart gives each of {', '.join(map(str, own.parameters))} as an expression in new symbols"
        )
    images = [as_expression(chart.get(s, s)) for s in own.parameters]
    symbols = sorted(set().union(*(e.free_symbols for e in images)), key=str)
    if len(symbols) != len(images):
        raise ParameterListError(f"the chart has the coordinates {symbols}; it needs {len(images)}")
    kept = {s: own.domain[s] for s in symbols if s in own.parameters}
    return Coordinates(images, Chart.build(symbols, kept))


def _unbounded(s: sp.Symbol, parts: Sequence[Any]) -> tuple[sp.Symbol, sp.Expr]:
    """A real coordinate and the parameter as a function of it: logarithm or logit from the ends of its interval."""
    if len(parts) != 1:
        raise ParameterListError(f"the domain of {s} is no single interval; declare the chart as a mapping")
    lower, upper = parts[0].ends
    if lower.is_infinite and upper.is_infinite:
        return s, s
    if lower.is_finite and upper.is_finite:
        new = sp.Symbol(f"logit_{s.name}", real=True)
        return new, lower + (upper - lower) / (1 + sp.exp(-new))
    new = sp.Symbol(f"log_{s.name}", real=True)
    return new, lower + sp.exp(new) if lower.is_finite else upper - sp.exp(new)


class LogPosterior:
    """Log-likelihood plus terms of the parameters, as a density in the chart; ``chart`` and ``values`` for a search."""

    def __init__(self, sample: SampleLikelihood, terms: Sequence[Term], coordinates: Coordinates):
        sample.require_smooth()
        self.sample, self.terms, self.coordinates = sample, tuple(terms), coordinates
        self.chart = coordinates.chart

    def with_term(self, term: Term) -> LogPosterior:
        """The same with one term more."""
        return LogPosterior(self.sample, (*self.terms, term), self.coordinates)

    def values(self, points: np.ndarray) -> np.ndarray:
        """What a search for starts ranks points (M, n) by: the mean log-likelihood, -inf outside the domain."""
        import numpy as np

        thetas = self.coordinates.theta(points)
        with np.errstate(all="ignore"):
            found = self.sample.values(thetas)
        return np.where(self.chart.contains(points), found, -np.inf)

    def prior_jet(self, phi: np.ndarray) -> Jet:
        """The terms without the likelihood, as a density in the chart."""
        import numpy as np

        theta, n = self.coordinates.theta(phi), self.sample.n
        total = Jet(0.0, np.zeros(n), np.zeros((n, n)))
        for j in (t.at(theta) for t in self.terms):
            total = Jet(total.value + j.value, total.gradient + j.gradient, total.hessian + j.hessian)
        return self.coordinates.pulled(phi, total, density=True)

    def at(self, phi: np.ndarray) -> Jet | None:
        """Value and derivatives; None outside the domain or where they are not finite."""
        import numpy as np

        theta = self.coordinates.theta(phi)
        if not (self.chart.contains(phi) and self.sample.inside(theta)):
            return None
        with np.errstate(all="ignore"):
            value = float(self.sample.terms(theta) @ self.sample.weights)
            gradient = self.sample.scores(theta).T @ self.sample.weights
            hessian = -self.sample.count * self.sample.observed_information(theta)
            data = self.coordinates.pulled(phi, Jet(value, gradient, hessian), density=False)
            prior = self.prior_jet(phi)
        total = Jet(data.value + prior.value, data.gradient + prior.gradient, data.hessian + prior.hessian)
        return total if all(np.isfinite(part).all() for part in total) else None

    def mode(self, start: np.ndarray | None = None) -> tuple[np.ndarray, Jet]:
        """The highest mode found from several starts. Raises :class:`PosteriorError` where none lies inside."""
        best: tuple[np.ndarray, Jet] | None = None
        remark = "no point was found where the posterior can be computed"
        for phi in [start] if start is not None else starting_points(self, _STARTS):
            found = self._climb(phi)
            if isinstance(found, str):
                remark = found
            elif best is None or found[1].value > best[1].value:
                best = found
        if best is None:
            raise PosteriorError(
                f"the posterior density has no mode inside the domain with a definite Hessian: {remark}; choose "
                "chart='unbounded' (or another chart), a proper prior, or more observations"
            )
        return best

    def _climb(self, phi: np.ndarray) -> tuple[np.ndarray, Jet] | str:
        """Newton's method with eigenvalues made positive; the mode, or why there is none."""
        import numpy as np

        here = self.at(phi)
        if here is None:
            return f"the posterior cannot be computed at {phi}"
        for _ in range(_MOST_STEPS):
            step, definite = _newton(here)
            size = float(step @ here.gradient)
            rounding = 64.0 * np.finfo(float).eps * (1.0 + abs(here.value))
            scale, there = 1.0, None
            while scale > 1e-17:
                there = self.at(phi + scale * step)
                if there is not None and there.value >= here.value + 1e-4 * scale * size - rounding:
                    break
                scale, there = 0.5 * scale, None
            if there is None:
                break
            phi, here = phi + scale * step, there
            if not self.chart.contains(phi + _NEAR * np.abs(phi) * np.array([[-1.0], [1.0]])).all():
                break
            if size < _SMALL and definite:
                return phi, here
        step, definite = _newton(here)
        if definite and float(step @ here.gradient) < 1e-12:
            return phi, here
        where = ", ".join(f"{s} = {v:.4g}" for s, v in zip(self.chart.parameters, phi, strict=True))
        return f"the search stopped at {where}"


def log_determinant(matrix: np.ndarray) -> float:
    """log det of a positive definite matrix; :class:`PosteriorError` for another."""
    import numpy as np

    sign, value = np.linalg.slogdet(matrix)
    if sign <= 0 or not math.isfinite(value):
        raise PosteriorError("the precision at the mode is not positive definite; choose a proper prior or more data")
    return float(value)


def _newton(jet: Jet) -> tuple[np.ndarray, bool]:
    """Newton's step of ascent, and whether minus the Hessian is positive definite."""
    import numpy as np

    minus = -jet.hessian
    scale = np.sqrt(np.abs(np.diagonal(minus)))
    scale = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(minus / np.outer(scale, scale))
    safe = np.maximum(np.abs(values), 1e-8)
    return vectors @ ((vectors.T @ (jet.gradient / scale)) / safe) / scale, bool(values[0] > _DEFINITE)
