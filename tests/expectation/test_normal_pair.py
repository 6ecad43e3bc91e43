"""Laws under which alpha v - beta/v is standard normal: against quadrature in 34 digits, and the literature."""

from __future__ import annotations

from itertools import product

import mpmath as mp
import pytest
import sympy as sp

import symgeo as sg
from expectation.thirty_digits import DIGITS, Oracle, line, ray
from symgeo.algebra import differential_field
from symgeo.errors import NormalisationError
from symgeo.expectation.node import Expectation

x, a, b, c = sp.symbols("x a b c", positive=True)
y, m = sp.symbols("y m", real=True)


def fatigue_life(shape: sp.Expr, scale: sp.Expr) -> sp.Expr:
    """Birnbaum and Saunders, J. Appl. Prob. 6 (1969) 319-327."""
    up, down = sp.sqrt(x / scale), sp.sqrt(scale / x)
    return (up + down) / (2 * shape * x) * sp.exp(-((up - down) ** 2) / (2 * shape**2)) / sp.sqrt(2 * sp.pi)


def sinh_normal(shape: sp.Expr, location: sp.Expr) -> sp.Expr:
    """The logarithm of a fatigue life: Rieck and Nedelman, Technometrics 33 (1991) 51-60."""
    z = 2 / shape * sp.sinh((y - location) / 2)
    return sp.cosh((y - location) / 2) / shape * sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi)


def power_law(shape: sp.Expr, scale: sp.Expr) -> sp.Expr:
    """The cube root of a fatigue life."""
    return fatigue_life(shape, scale).subs(x, x**3) * 3 * x**2


LAWS = {
    "fatigue life": (fatigue_life(a, b), x, (a, b), (0.7, 1.6), ray),
    "fatigue life by other parameters": (fatigue_life(1 / c, sp.exp(m)), x, (c, m), (1.4, 0.3), ray),
    "sinh-normal": (sinh_normal(a, m), y, (a, m), (0.7, 0.3), line),
    "cube root of a fatigue life": (power_law(a, b), x, (a, b), (0.7, 1.6), lambda: ray(1, -4.0, 5.4, 1 / 48)),
    "shape alone": (fatigue_life(a, sp.Integer(2)), x, (a,), (0.7,), ray),
    "one parameter in both": (fatigue_life(a, a**2), x, (a,), (1.2,), ray),
}


def model_of(name: str) -> sg.StatisticalModel:
    density, variable, parameters, *_ = LAWS[name]
    return sg.StatisticalModel(density, variable, parameters, check=False)


@pytest.mark.parametrize("name", LAWS)
def test_closed_forms(name: str) -> None:
    density, variable, parameters, at, nodes = LAWS[name]
    model = model_of(name)
    assert model.rung == "normal integrals" or model.exponential_family is not None
    log_density = sp.lambdify((variable, *parameters), sp.expand_log(sp.log(density), force=True), "mpmath")
    oracle = Oracle(log_density, nodes)
    point = {p: sp.Rational(str(v)) for p, v in zip(parameters, at, strict=True)}
    with mp.workdps(DIGITS):
        theta = [mp.mpf(v.p) / v.q for v in point.values()]
        for tensor, order in ((model.manifold.metric, 2), (model.manifold.cubic, 3)):
            expected = oracle.exact_moment(theta, order)
            for index, e in zip(product(range(len(at)), repeat=order), tensor.flat(), strict=True):
                assert not e.has(Expectation)
                assert abs(mp.mpf(sp.N(e.subs(point), 34)) - expected[index]) < 1e-13, (name, index)


def test_information_of_the_fatigue_life() -> None:
    """1/(a b)^2 + h(a)/(sqrt(2 pi) a b^2) with h(a) = a sqrt(pi/2) - pi exp(2/a^2) (1 - Phi(2/a)).

    Lemonte, Cribari-Neto and Vasconcellos, Comput. Statist. Data Anal. 51 (2007) 4656-4681, section 2.
    """
    g = model_of("fatigue life").manifold.metric
    h = a * sp.sqrt(sp.pi / 2) - sp.pi * sp.exp(2 / a**2) * sp.erfc(sp.sqrt(2) / a) / 2
    expected = 1 / (a * b) ** 2 + h / (sp.sqrt(2 * sp.pi) * a * b**2)
    for shape in ("1/3", "1", "7/2"):
        at = {a: sp.Rational(shape), b: sp.Rational(8, 5)}
        assert abs(sp.N((g[1, 1] - expected).subs(at), 40)) < 1e-30
    assert g[0, 0] == 2 / a**2 and g[0, 1] == 0


def test_moments() -> None:
    """b (1 + a^2/2), and 1/x has that of 1/b: Johnson, Kotz and Balakrishnan, volume 2, chapter 33."""
    model, field = model_of("fatigue life"), differential_field()
    assert not field(model.expectation(x) - b * (1 + a**2 / 2))
    assert not field(model.expectation(1 / x) - (1 + a**2 / 2) / b)
    assert not field(model.expectation(x**2) - b**2 * (1 + 2 * a**2 + sp.Rational(3, 2) * a**4))


def test_functions_at_small_shapes_keep_their_digits() -> None:
    """exp(2/a^2) erfc(sqrt(2)/a) is of moderate size where its factors are not."""
    metric = sg.lambdify(model_of("fatigue life").manifold.metric)([0.01, 1.0])
    with mp.workdps(60):
        s = mp.mpf("0.01")
        expected = (2 * s**2 + 4 - mp.sqrt(2 * mp.pi) * s * mp.exp(2 / s**2) * mp.erfc(mp.sqrt(2) / s)) / (4 * s**2)
    assert metric[1, 1] == pytest.approx(float(expected), rel=1e-14)


def test_a_wrong_constant_is_refused() -> None:
    model = sg.StatisticalModel(2 * fatigue_life(a, b), x, (a, b), check=False)
    with pytest.raises(NormalisationError, match="integrates to 2"):
        _ = model.manifold


def test_the_derivation_shows_the_normal_variable() -> None:
    text = sg.derivation(sg.catalogue.birnbaum_saunders()).text()
    assert "Expectations in closed form, by normal integrals" in text
    assert "The variable z below is standard normal" in text and "E[w^{-2}]" in text
