"""Laws of several variables that close by integrating one variable after the other, against their own quadrature."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy as sp

import symgeo as sg
from symgeo.errors import NormalisationError
from symgeo.expectation.node import Expectation

x, y, m, e = sp.symbols("x y m e", real=True)
z, u, t, a, b, s, k, r, c = sp.symbols("z u t a b s k r c", positive=True)

# Rules as kind, reach, step: "flat" over the line, "power" for tails like powers, "light" for exponential ones.
FLAT, LIGHT, POWER = ("flat", 12.0, 0.25), ("light", 5.6, 1 / 14), ("power", 4.2, 1 / 22)


def rule(kind: str, reach: float, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Places and weights of trapezoidal rules (Takahasi and Mori, Publ. RIMS 9 (1974) 721-741)."""
    h = np.arange(-reach, reach + step / 2, step)
    if kind == "flat":
        return h, np.full_like(h, step)
    if kind == "light":
        places = np.exp(h - np.exp(-h))
        return places, places * (1 + np.exp(-h)) * step
    places = np.exp(np.pi / 2 * np.sinh(h))
    return places, places * np.pi / 2 * np.cosh(h) * step


@dataclass(frozen=True)
class Joint:
    """A density, its variables each with a rule, and its parameters with a point.

    ``moved`` gives variables in terms of the rule's own, with the Jacobian, where they depend on each other.
    """

    density: sp.Expr
    rules: dict[sp.Symbol, tuple[str, float, float]]
    point: dict[sp.Symbol, float]
    moved: tuple[dict[sp.Symbol, sp.Expr], sp.Expr] = field(default=({}, sp.S.One))

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        return tuple(self.point)

    def model(self, factor: Any = 1, **options: Any) -> sg.StatisticalModel:
        return sg.StatisticalModel(factor * self.density, tuple(self.rules), self.parameters, **options)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """E[l_i l_j] and E[l_i l_j l_k] by the product of the rules; that the mass is one is asserted."""
        images, jacobian = self.moved
        logarithm = sp.expand_log(sp.log(self.density), force=True)
        wanted = [self.density, *(sp.diff(logarithm, p) for p in self.parameters)]
        wanted = [f.subs(images, simultaneous=True) for f in wanted]
        grids = [rule(*r) for r in self.rules.values()]
        places = np.meshgrid(*(g[0] for g in grids), indexing="ij")
        weight = np.ones(())
        for _, w in grids:
            weight = np.multiply.outer(weight, w)
        wanted[0] *= jacobian
        functions = sp.lambdify([*self.rules, *self.parameters], wanted, ["scipy", "numpy"])
        with np.errstate(all="ignore"):
            density, *scores = functions(*places, *self.point.values())
            weight = weight * density
        seen = np.isfinite(weight) & (weight > 0)
        score = np.stack([np.broadcast_to(v, weight.shape)[seen] for v in scores])
        weight = weight[seen]
        assert weight.sum() == pytest.approx(1, abs=1e-10)
        return (score * weight) @ score.T, np.einsum("in,jn,kn,n->ijk", score, score, score, weight, optimize=True)


def log_logistic(y: sp.Expr, scale: sp.Expr, shape: sp.Expr) -> sp.Expr:
    return shape / scale * (y / scale) ** (shape - 1) / (1 + (y / scale) ** shape) ** 2


def gamma(y: sp.Expr, shape: sp.Expr, rate: sp.Expr) -> sp.Expr:
    return rate**shape / sp.gamma(shape) * y ** (shape - 1) * sp.exp(-rate * y)


# The variable that is given is moved to its centre and spread, so that one grid serves all.
LAWS = {
    # Bernardo and Smith, Bayesian Theory, 1994, section 3.2.5.
    "normal-gamma": Joint(
        gamma(t, a, b) * sp.sqrt(c * t / (2 * sp.pi)) * sp.exp(-c * t * (x - m) ** 2 / 2),
        {t: LIGHT, x: FLAT},
        {m: 0.4, c: 1.3, a: 1.7, b: 0.8},
        ({x: m + x / sp.sqrt(c * t)}, 1 / sp.sqrt(c * t)),
    ),
    "bivariate Cauchy": Joint(
        s / (2 * sp.pi) / (s**2 + (x - m) ** 2 + (y - e) ** 2) ** sp.Rational(3, 2),
        {x: POWER, y: POWER},
        {m: 0.3, e: -0.4, s: 0.8},
    ),
    "gamma and log-logistic, independent": Joint(
        gamma(z, a, b) * log_logistic(u, s, k), {z: LIGHT, u: POWER}, {a: 1.7, b: 0.8, s: 1.3, k: 1.6}
    ),
    # Its marginal is the law of Lomax, J. Amer. Statist. Assoc. 49 (1954) 847-852.
    "exponential law with a gamma rate": Joint(
        gamma(t, a, b) * t * sp.exp(-t * z), {t: LIGHT, z: LIGHT}, {a: 1.7, b: 0.8}, ({z: z / t}, 1 / t)
    ),
    "three independent variables": Joint(
        gamma(z, a, b) * k * u ** (k - 1) * sp.exp(-(u**k)) * sp.exp(-((x - m) ** 2) / 2) / sp.sqrt(2 * sp.pi),
        {z: LIGHT, u: LIGHT, x: FLAT},
        {a: 1.7, b: 0.8, k: 1.4, m: 0.3},
    ),
}
GRIDDED = [name for name in LAWS if name != "bivariate Cauchy"]


@cache
def model_of(name: str) -> sg.StatisticalModel:
    return LAWS[name].model()


@pytest.mark.parametrize("name", LAWS)
def test_they_are_closed(name: str) -> None:
    model = model_of(name)
    manifold = model.manifold
    assert model.rung in ("substitution", "score equations", "elliptical symmetry")
    entries = [*manifold.metric.flat(), *manifold.cubic.flat()]
    assert not any(v.has(Expectation, sp.Integral, sp.zoo, sp.nan) for v in entries)
    assert all(v.free_symbols <= set(model.parameters) for v in entries)


@pytest.mark.parametrize("name", GRIDDED)
def test_metric_and_cubic_tensor_against_quadrature(name: str) -> None:
    law, manifold = LAWS[name], model_of(name).manifold
    point = list(law.point.values())
    for tensor, expected in zip((manifold.metric, manifold.cubic), law.moments(), strict=True):
        scale = np.abs(expected).max()
        assert np.abs(sg.lambdify(tensor)(point) - expected).max() < 1e-9 * scale


def test_bivariate_cauchy_is_of_constant_curvature() -> None:
    """The Student law of q = 2 variables with n = 1 degree of freedom: a location-scale family, so a hyperbolic space.

    With r = (n + q)/(n + q + 2): g_mm = r/s^2 and g_ss = q n/((n + q + 2) s^2) times 2, from Lange, Little and
    Taylor, J. Amer. Statist. Assoc. 84 (1989) 881-896, appendix B.
    """
    manifold = model_of("bivariate Cauchy").manifold
    expected = sp.diag(sp.Rational(3, 5), sp.Rational(3, 5), sp.Rational(4, 5)) / s**2
    assert all(sp.simplify(manifold.metric[i, j] - expected[i, j]) == 0 for i, j in product(range(3), repeat=2))
    # g = (A (dm^2 + de^2) + B ds^2)/s^2 has sectional curvature -1/B, and scalar curvature 3 * 2 times that.
    assert sp.simplify(manifold.connection(0).scalar_curvature + 6 / sp.Rational(4, 5)) == 0


def test_the_marginal_loses_information() -> None:
    """The joint information exceeds that of the marginal: Rao, Linear Statistical Inference, 1973, section 5a.4."""
    joint = model_of("exponential law with a gamma rate").manifold.metric
    lomax = sg.StatisticalModel(a / b * (1 + z / b) ** (-a - 1), z, (a, b)).manifold.metric
    at = [1.7, 0.8]
    assert np.linalg.eigvalsh(sg.lambdify(joint)(at) - sg.lambdify(lomax)(at)).min() > 1e-6


def test_independent_variables_have_a_block_metric() -> None:
    """And each block is that of its variable alone."""
    metric = model_of("gamma and log-logistic, independent").manifold.metric
    one = sg.StatisticalModel(gamma(z, a, b), z, (a, b)).manifold.metric
    other = sg.StatisticalModel(log_logistic(u, s, k), u, (s, k)).manifold.metric
    for i, j in product(range(2), repeat=2):
        assert sp.simplify(metric[i, j] - one[i, j]) == 0
        assert sp.simplify(metric[2 + i, 2 + j] - other[i, j]) == 0
        assert metric[i, 2 + j] == 0


def test_the_order_of_the_variables_does_not_matter() -> None:
    law = LAWS["exponential law with a gamma rate"]
    turned = sg.StatisticalModel(law.density, tuple(reversed(law.rules)), law.parameters).manifold.metric
    metric = model_of("exponential law with a gamma rate").manifold.metric
    assert all(sp.simplify(metric[i, j] - turned[i, j]) == 0 for i, j in product(range(2), repeat=2))


CHECKED = ("gamma and log-logistic, independent", "bivariate Cauchy")


@pytest.mark.parametrize("name", CHECKED)
@pytest.mark.parametrize("factor", [2, sp.Rational(1, 3)])
def test_a_wrong_mass_is_refused(name: str, factor: sp.Expr) -> None:
    with pytest.raises(NormalisationError):
        LAWS[name].model(factor)


@pytest.mark.parametrize("name", CHECKED)
@pytest.mark.parametrize("factor", [2, sp.Rational(1, 3)])
def test_a_wrong_mass_is_found_exactly_where_no_numbers_are_looked_at(name: str, factor: sp.Expr) -> None:
    """The masses that the levels give are exact, and so is the message."""
    with pytest.raises(NormalisationError, match=f"integrates to {factor}"):
        _ = LAWS[name].model(factor, check=False).manifold
