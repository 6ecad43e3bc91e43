"""Log-densities whose kinks move with parameters: held against panels cut at the kinks, and difference quotients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
import sympy as sp
from sympy import Abs, Heaviside, Interval, Max, Min, Piecewise, Rational, exp, pi, sqrt

import symgeo as sg
from symgeo import errors

x, m, c = sp.symbols("x m c", real=True)
s, t, u = sp.symbols("s t u", positive=True)
p = sp.Symbol("p", positive=True)
UNIT = {"domain": {p: (0, 1)}}
NODES, WEIGHTS = np.polynomial.legendre.leggauss(30)
STEPS = np.concatenate([np.arange(0, 12, 0.5), 12 * 1.35 ** np.arange(0, 24)])
QUOTIENT = np.array([4 / 5, -1 / 5, 4 / 105, -1 / 280])  # central differences of order 8


def normal(at: Any, mean: Any, sd: Any) -> sp.Expr:
    return exp(-((at - mean) ** 2) / (2 * sd**2)) / (sd * sqrt(2 * pi))


def laplace(at: Any, mean: Any, scale: Any) -> sp.Expr:
    return exp(-Abs(at - mean) / scale) / (2 * scale)


class Kinked(NamedTuple):
    density: sp.Expr
    variable: sp.Symbol
    parameters: tuple[sp.Symbol, ...]
    places: tuple[sp.Expr, ...]
    at: tuple[float, ...]
    options: dict = {}
    ends: tuple[float, float] = (-60.0, 60.0)

    @property
    def model(self) -> sg.StatisticalModel:
        return sg.StatisticalModel(self.density, self.variable, self.parameters, **self.options)


ON_UNIT = {**UNIT, "support": Interval(0, 1)}
HUBER = Piecewise(((x - m) ** 2 / 2, Abs(x - m) < s), (s * Abs(x - m) - s**2 / 2, True))
KINKED = {
    "normal and Laplace": Kinked(p * normal(x, 0, 1) + (1 - p) * laplace(x, m, 1), x, (p, m), (m,), (0.3, 0.4), UNIT),
    "two Laplace laws": Kinked((laplace(x, m, 1) + laplace(x, c, 2)) / 2, x, (m, c), (m, c), (0.3, -0.4)),
    "asymmetric logistic": Kinked(
        Piecewise((sp.sech((x - m) / 2 / s) ** 2, x < m), (sp.sech((x - m) / 2) ** 2, True)) / (2 * (s + 1)),
        x, (m, s), (m,), (0.2, 0.8),
    ),
    "cubed distance": Kinked(
        (exp(-(Abs(x - m) ** 3)) * 3 / (2 * sp.gamma(Rational(1, 3))) + normal(x, 0, s)) / 2,
        x, (m, s), (m,), (0.3, 0.7),
    ),
    "Huber": Kinked(
        exp(-HUBER) / (2 * exp(-(s**2) / 2) / s + sqrt(2 * pi) * sp.erf(s / sqrt(2))),
        x, (m, s), (m - s, m + s), (0.3, 1.2),
    ),
    "triangle and uniform": Kinked(
        Piecewise((u / p, u < p), ((1 - u) / (1 - p), True)) + Rational(1, 2),
        u, (p,), (p,), (0.3,), ON_UNIT, (0.0, 1.0),
    ),
    "smaller of two lines": Kinked(
        Min(u / p, (1 - u) / (1 - p)) + Rational(1, 2), u, (p,), (p,), (0.6,), ON_UNIT, (0.0, 1.0),
    ),
    "place of a square": Kinked(
        (1 + Abs(u**2 - p)) / (Rational(4, 3) + p ** Rational(3, 2) * 4 / 3 - p), u, (p,), (sqrt(p),), (0.3,), ON_UNIT,
        (0.0, 1.0),
    ),
    "larger of two lines": Kinked(
        (exp(-Max(x - m, 2 * (m - x))) * 2 / 3 + normal(x, 0, 1)) / 2, x, (m,), (m,), (0.3,),
    ),
    "step in disguise": Kinked(
        (exp(-(x - m) * (3 * Heaviside(x - m) - 1)) * 2 / 3 + normal(x, 0, 1)) / 2, x, (m,), (m,), (0.3,),
    ),
    "three pieces": Kinked(
        Piecewise((exp(x - m), x < m), (1, x < m + 1), (exp(m + 1 - x), True)) / 6 + normal(x, 0, 1) / 2,
        x, (m,), (m, m + 1), (0.3,),
    ),
    "square under a root": Kinked(
        (exp(-sqrt(x**2 - 2 * x * m + m**2)) / 2 + normal(x, 0, 1)) / 2, x, (m,), (m,), (0.3,),
    ),
}  # fmt: skip


CLOSED = ("asymmetric logistic", "triangle and uniform")  # by logarithms and dilogarithms


class Oracle:
    """Means of products of scores by Gauss-Legendre panels cut at the kinks, from the density and its derivatives."""

    def __init__(self, case: Kinked):
        free = {a: sp.Dummy(a.name, real=True) for a in (case.variable, *case.parameters)}
        density = case.density.xreplace(free)
        slopes = [sp.diff(density, free[a]).replace(sp.DiracDelta, lambda *_: sp.S.Zero) for a in case.parameters]
        self.case = case
        arguments = [free[a] for a in (case.variable, *case.parameters)]
        self.functions = [sp.lambdify(arguments, e, "numpy") for e in (density, *slopes)]
        self.places = [sp.lambdify(case.parameters, e, "numpy") for e in case.places]

    def moments(self, at: np.ndarray, order: int) -> np.ndarray:
        low, high = self.case.ends
        places = [float(f(*at)) for f in self.places]
        edges = np.concatenate([[low, high], *(place + turn * STEPS for place in places for turn in (1, -1))])
        edges = np.unique(edges[(edges >= low) & (edges <= high)])
        half = 0.5 * np.diff(edges)[:, None]
        v = ((edges[1:] + edges[:-1])[:, None] / 2 + half * NODES).ravel()
        with np.errstate(all="ignore"):
            values = np.stack([np.broadcast_to(f(v, *at), v.shape) for f in self.functions])
        values = np.where(np.isfinite(values), values, 0.0)
        weights = values[0] * (half * WEIGHTS).ravel()
        scores = values[1:] / np.maximum(values[0], 1e-250)
        if order == 2:
            return np.einsum("n,in,jn->ij", weights, scores, scores)
        return np.einsum("n,in,jn,kn->ijk", weights, scores, scores, scores)

    def metric(self, at: np.ndarray) -> np.ndarray:
        return self.moments(at, 2)

    def first_kind(self, at: np.ndarray) -> np.ndarray:
        dg = slopes(self.metric, at)
        return (dg + np.einsum("jik->ijk", dg) - np.einsum("kij->ijk", dg)) / 2

    def scalar_curvature(self, at: np.ndarray) -> float:
        def second_kind(at: np.ndarray) -> np.ndarray:
            return np.einsum("ijm,mk->kij", self.first_kind(at), np.linalg.inv(self.metric(at)))

        gamma, d = second_kind(at), slopes(second_kind, at)
        twice = np.einsum("jlki->lijk", d) + np.einsum("ljm,mki->lijk", gamma, gamma)
        riemann = twice - np.einsum("lijk->likj", twice)
        return float(np.einsum("ik,lilk", np.linalg.inv(self.metric(at)), riemann))


def slopes(function: Callable, at: np.ndarray, step: float = 0.01) -> np.ndarray:
    """The derivatives in every parameter, first index."""
    found = []
    for k in range(len(at)):
        shift = np.eye(len(at))[k] * step
        terms = (w * (function(at + j * shift) - function(at - j * shift)) for j, w in enumerate(QUOTIENT, 1))
        found.append(sum(terms) / step)
    return np.stack(found)


@pytest.mark.parametrize("name", KINKED)
def test_the_geometry_is_that_of_panels_cut_at_the_kinks(name: str) -> None:
    case = KINKED[name]
    model, oracle, at = case.model, Oracle(case), np.array(case.at)
    M = model.manifold
    assert model.rung == ("substitution" if name in CLOSED else "quadrature")
    metric, cubic = oracle.metric(at), oracle.moments(at, 3)
    np.testing.assert_allclose(sg.lambdify(M.metric)(at), metric, rtol=1e-9, atol=1e-9 * np.max(np.abs(metric)))
    np.testing.assert_allclose(sg.lambdify(M.cubic)(at), cubic, rtol=1e-9, atol=1e-9 * np.max(np.abs(cubic)))
    for alpha in (0, 1):
        known = oracle.first_kind(at) - alpha / 2 * cubic
        found = sg.lambdify(M.connection(alpha).christoffel_first_kind)(at)
        np.testing.assert_allclose(found, known, rtol=1e-7, atol=1e-8 * np.max(np.abs(known)))


@pytest.mark.parametrize("name", ["normal and Laplace", "two Laplace laws", "cubed distance", "Huber"])
def test_the_curvature_is_that_of_the_metrics_difference_quotients(name: str) -> None:
    case = KINKED[name]
    curvature = sg.lambdify(case.model.manifold.connection(0).scalar_curvature, case.parameters)(case.at)
    assert curvature == pytest.approx(Oracle(case).scalar_curvature(np.array(case.at)), rel=1e-6)


def test_places_may_change_their_order_and_are_nan_where_they_meet() -> None:
    case = KINKED["two Laplace laws"]
    M, oracle = case.model.manifold, Oracle(case)
    at = np.array([[0.3, -0.4], [-0.3, 0.4], [-2.0, 3.0], [5.0, -1.0], [0.2, 0.2]])
    metric = sg.lambdify(M.metric)(at)
    gamma = sg.lambdify(M.connection(0).christoffel_first_kind)(at)
    for row in range(4):
        np.testing.assert_allclose(metric[row], oracle.metric(at[row]), rtol=1e-9)
        np.testing.assert_allclose(gamma[row], oracle.first_kind(at[row]), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(metric[4], oracle.metric(at[4]), rtol=1e-9)
    assert np.any(np.isnan(gamma[4]))


@pytest.mark.parametrize("name", ["normal and Laplace", "smaller of two lines", "cubed distance"])
def test_verify_holds_the_jumps_against_quadrature(name: str) -> None:
    found = sg.verify(KINKED[name].model)
    assert all(check.agrees for check in found.checks)
    assert "E[dd log p] = -g - jumps" in {check.name for check in found.checks}


def test_jumps_of_a_users_function_count_in_its_derivatives() -> None:
    model = sg.StatisticalModel(normal(x, m, 1), x, m)
    known = {
        Heaviside(x): sp.erfc(-m / sqrt(2)) / 2,
        Heaviside(x - 2 * m): sp.erfc(m / sqrt(2)) / 2,
        Abs(x - 2 * m): m * sp.erf(m / sqrt(2)) + sqrt(2 / pi) * exp(-(m**2) / 2),
    }
    for f, closed in known.items():
        mean = model.expectation(f, seconds=0)
        for order in range(3):
            found = sg.lambdify(sp.diff(mean, m, order), (m,))([0.7])
            assert found == pytest.approx(float(sp.diff(closed, m, order).subs(m, 0.7)), rel=1e-9)


HIDDEN = {
    "acosh(cosh)": (exp(-sp.acosh(sp.cosh(x - m))) / 2, x, {}),
    "in a mixture": ((exp(-sp.acosh(sp.cosh(x - m))) / 2 + normal(x, 0, 1)) / 2, x, {}),
    "acos(cos)": (
        (exp(-sp.acos(sp.cos(x - m))) / (1 - exp(-pi)) + exp(sp.cos(x)) / (pi * sp.besseli(0, 1))) / 4,
        x, {"support": Interval(-pi, pi)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HIDDEN)
def test_a_kink_hidden_in_a_function_is_refused(name: str) -> None:
    density, variable, options = HIDDEN[name]
    with pytest.raises(errors.NoClosedFormError, match="hidden in a function"):
        _ = sg.StatisticalModel(density, variable, m, **options).manifold


def test_kinks_that_cannot_be_followed_say_why() -> None:
    y, z = sp.symbols("y z", real=True)
    both = (laplace(x, m, 1) * laplace(y, m, 1) + normal(x, 0, 1) * normal(y, 0, 1)) / 2
    with pytest.raises(errors.NoClosedFormError, match="several variables"):
        _ = sg.StatisticalModel(both, (x, y), m, check=False).manifold
    h = exp(-Abs(x - m) - x**2)
    with pytest.raises(errors.NoClosedFormError, match="normalising constant"):
        _ = sg.StatisticalModel(h / sp.Integral(h.subs(x, z), (z, -sp.oo, sp.oo)), x, m).manifold
    wild = exp(-Abs(x + sp.sin(x) / 2 - m)) * (1 + sp.cos(x) / 2) / 2
    with pytest.raises(errors.NoClosedFormError, match="could not be solved"):
        _ = sg.StatisticalModel((wild + normal(x, 0, 1)) / 2, x, m).manifold


def test_the_derivation_says_that_kinks_move() -> None:
    text = sg.derivation(KINKED["normal and Laplace"].model).text()
    assert "kinks at places c that move with the parameters, x = m" in " ".join(text.split())
    assert "= -E[" not in text
