"""Second-order asymptotics against exact moments of estimates, published constants, and theorems."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import symgeo as sg
from symgeo.errors import ArgumentError, RegularityError

x, mu = sp.symbols("x mu", real=True)
z, r, s = sp.symbols("z r s", positive=True)
NORMAL = sg.StatisticalModel(sp.exp(-((x - mu) ** 2) / (2 * s**2)) / (s * sp.sqrt(2 * sp.pi)), x, (mu, s), check=False)
EXPONENTIAL = sg.StatisticalModel(r * sp.exp(-r * z), z, r, check=False)


def test_exponential_rate_has_the_moments_of_an_inverse_gamma_variable() -> None:
    """The estimate n/sum x: mean n r/(n - 1), variance n^2 r^2/((n - 1)^2 (n - 2)); Lawley's factor 1/6."""
    second = sg.SecondOrder(EXPONENTIAL)
    assert second.bias == (r,)
    assert second.covariance[0, 0] == 4 * r**2
    assert second.corrected_covariance[0, 0] == 2 * r**2
    assert second.bartlett_factor == sp.Rational(1, 6)
    assert second.firth_adjustment == (-1 / r,)


def test_normal_standard_deviation_has_the_moments_of_a_chi_variable() -> None:
    """E and Var of s = sqrt(chi^2_(n-1)/n), and E[W] = n (log(n/2) - digamma((n-1)/2)), expanded in 1/n."""
    second = sg.SecondOrder(NORMAL)
    assert second.bias == (0, -3 * s / 4)
    n = mpmath.mpf(10) ** 6
    with mpmath.workdps(50):
        mean = mpmath.sqrt(2 / n) * mpmath.exp(mpmath.loggamma(n / 2) - mpmath.loggamma((n - 1) / 2))
        variance = (n - 1) / n - mean**2
        assert abs(n * (mean - 1) - float(second.bias[1].subs(s, 1))) < 1e-5
        assert abs(n**2 * (variance - 1 / (2 * n)) - float(second.covariance[1, 1].subs(s, 1))) < 1e-5
        ratio = n * (mpmath.log(n / 2) - mpmath.digamma((n - 1) / 2))
        assert abs(n * (ratio / 2 - 1) - float(second.bartlett_factor)) < 1e-5


def test_weibull_shape_bias_is_the_published_constant() -> None:
    """E[estimate of the shape] = k (1 + 1.3795/n): Thoman, Bain and Antle, Technometrics 11 (1969); Ross (1994)."""
    model = sg.catalogue.get("weibull_free")
    k = model.parameters[0]
    assert abs(sp.N(sg.SecondOrder(model).bias[0] / k) - 1.3795) < 5e-5


@pytest.mark.parametrize(
    ("density", "value"),
    [
        (1 / (sp.pi * (1 + (x - mu) ** 2)), sp.Rational(5, 2)),  # Efron 1975, Cauchy translation family
        (sp.exp(-((x - mu) ** 2) / 2) / sp.sqrt(2 * sp.pi), sp.S.Zero),
        (sp.exp(-(x - mu)) / (1 + sp.exp(-(x - mu))) ** 2, None),
    ],
)
def test_statistical_curvature_of_location_families(density: sp.Expr, value: sp.Expr | None) -> None:
    found = sg.statistical_curvature(sg.StatisticalModel(density, x, mu, check=False))
    if value is None:  # by quadrature of Efron's definition
        log_density = sp.log(density.subs(mu, 0))
        first, second = (sp.lambdify(x, sp.diff(log_density, x, k), "mpmath") for k in (1, 2))
        weight = sp.lambdify(x, density.subs(mu, 0), "mpmath")

        def mean(f) -> mpmath.mpf:
            return mpmath.quad(lambda t: f(t) * weight(t), [-40, -10, 0, 10, 40])

        information = mean(lambda t: first(t) ** 2)
        bent = mean(lambda t: second(t) ** 2) - information**2
        value = (bent - mean(lambda t: first(t) * second(t)) ** 2 / information) / information**2
    assert abs(sp.N(found - value)) < 1e-12


def test_curvature_by_moments_is_the_curvature_of_the_embedding() -> None:
    """A normal law of constant coefficient of variation, and a mean on a circle (Efron 1975: 1/r^2)."""
    a, t, y = sp.symbols("a", positive=True), sp.symbols("t", real=True), sp.symbols("y", real=True)
    varied = sg.StatisticalModel(sp.exp(-2 * (x - a) ** 2 / a**2) * 2 / (a * sp.sqrt(2 * sp.pi)), x, a, check=False)
    embedded = sg.Embedding(NORMAL.manifold, {mu: a, s: a / 2}, (a,))
    assert sg.statistical_curvature(varied) == embedded.efron_curvature == sp.Rational(1, 27)
    on_circle = sp.exp(-((x - 3 * sp.cos(t)) ** 2 + (y - 3 * sp.sin(t)) ** 2) / 2) / (2 * sp.pi)
    assert sg.statistical_curvature(sg.StatisticalModel(on_circle, (x, y), t, check=False)) == sp.Rational(1, 9)


FULL = ("gamma", "beta", "inverse_gaussian", "normal_natural", "multinomial", "von_mises")


@pytest.mark.parametrize("name", FULL)
def test_exponential_families_have_no_statistical_curvature(name: str) -> None:
    assert sg.statistical_curvature(sg.catalogue.get(name)) == 0


@pytest.mark.parametrize("name", FULL)
def test_firths_adjustment_is_the_gradient_of_jeffreys_prior_in_natural_coordinates(name: str) -> None:
    """Firth 1993, section 3.1; and expectation coordinates are estimated without bias."""
    model = sg.catalogue.get(name)
    eta, mean = (sp.Matrix(list(p)) for p in (model.manifold.duality.natural, model.manifold.duality.expectation))
    second, parameters = sg.SecondOrder(model), list(model.parameters)
    (point,) = model.chart.interior_points(1)
    jacobian = eta.jacobian(parameters)
    theta = sp.Matrix(parameters)
    g, bias = model.manifold.metric.to_matrix(), sp.Matrix(second.bias)
    inverse = g.subs(point).evalf(40).inv()

    def moved(functions: sp.Matrix) -> sp.Matrix:
        """The bias of functions of the estimate: gradient . b + tr(Hessian g^-1)/2."""
        rows = []
        for f in functions:
            slope = sp.Matrix([f]).jacobian(parameters).subs(point).evalf(40)
            bend = sp.hessian(f, parameters).subs(point).evalf(40)
            rows.append((slope * bias.subs(point).evalf(40))[0] + (bend * inverse).trace() / 2)
        return sp.Matrix(rows)

    assert max(map(abs, moved(mean))) < 1e-25
    # In natural coordinates: A = -G b with G the metric there.
    back = jacobian.subs(point).evalf(40).inv()
    there = back.T * g.subs(point).evalf(40) * back
    adjustment = -there * moved(eta)
    potential = sp.log(g.det(method="berkowitz")) / 2 - sp.log(jacobian.det(method="berkowitz") ** 2) / 2
    gradient = back.T * sp.Matrix([potential.diff(p) for p in theta]).subs(point).evalf(40)
    assert max(map(abs, adjustment - gradient)) < 1e-20


def test_linkage_estimate_by_enumeration() -> None:
    """Cells (2 + p, 2 - 2p, p)/4 (Fisher's linkage): exact bias and variance of the root, extrapolated in 1/n."""
    p = sp.Symbol("p", positive=True)
    k = sp.Symbol("k", integer=True, nonnegative=True)
    cells = sp.Piecewise(((2 + p) / 4, sp.Eq(k, 0)), ((1 - p) / 2, sp.Eq(k, 1)), (p / 4, True))
    model = sg.StatisticalModel(
        cells, k, p, support=sp.FiniteSet(0, 1, 2), domain={p: sp.Interval.open(0, 1)}, check=False
    )
    second, at = sg.SecondOrder(model), 0.55
    assert sg.statistical_curvature(model) != 0

    def moments(n: int) -> tuple[float, float]:
        first, last = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
        inside = first + last <= n
        a, c = first[inside].astype(float), last[inside].astype(float)
        b = n - a - c
        from scipy.special import gammaln

        log_weight = gammaln(n + 1) - gammaln(a + 1) - gammaln(b + 1) - gammaln(c + 1)
        log_weight += a * np.log((2 + at) / 4) + b * np.log((1 - at) / 2) + c * np.log(at / 4)
        linear = a - 2 * b - c
        root = (linear + np.sqrt(linear**2 + 8 * n * c)) / (2 * n)
        weight = np.exp(log_weight)
        mean = np.sum(weight * root)
        return mean - at, np.sum(weight * (root - mean) ** 2)

    information = float(model.manifold.metric[0, 0].subs(p, at))
    rows = []
    for n in (400, 800, 1600):
        bias, variance = moments(n)
        rows.append((n * bias, n**2 * (variance - 1 / (n * information))))
    (first, second_row, third) = np.array(rows)
    steps = 2 * second_row - first, 2 * third - second_row
    limit = (4 * steps[1] - steps[0]) / 3
    expected = [float(second.bias[0].subs(p, at)), float(second.covariance[0, 0].subs(p, at))]
    np.testing.assert_allclose(limit, expected, rtol=1e-4, atol=1e-6)


@given(scale=st.integers(1, 40))
@settings(max_examples=3, deadline=None)
def test_bias_correction_of_numbers(scale: int) -> None:
    theta = np.array([[scale / 7], [scale / 3]])
    corrected = sg.SecondOrder(EXPONENTIAL).bias_corrected(theta, 20)
    np.testing.assert_allclose(corrected, theta * (1 - 1 / 20))


def test_an_expectation_without_closed_form_serves_too() -> None:
    """A normal-logistic mixture of unknown weight: the curvature by quadrature of Efron's definition."""
    w = sp.Symbol("w", positive=True)
    bell, other = sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi), sp.exp(-x) / (1 + sp.exp(-x)) ** 2
    model = sg.StatisticalModel(w * bell + (1 - w) * other, x, w, domain={w: sp.Interval.open(0, 1)}, check=False)
    found = sg.lambdify(sg.statistical_curvature(model), (w,))(np.array([0.3]))
    f, g = (sp.lambdify(x, e, "mpmath") for e in (bell, other))

    def mean(power: int) -> mpmath.mpf:
        def integrand(t: mpmath.mpf) -> mpmath.mpf:
            density = mpmath.mpf("0.3") * f(t) + mpmath.mpf("0.7") * g(t)
            return ((f(t) - g(t)) / density) ** power * density

        return mpmath.quad(integrand, [-60, -20, -6, -2, 0, 2, 6, 20, 60])

    # l'' = -l'^2 for a mixture.
    second, third, fourth = mean(2), mean(3), mean(4)
    expected = (fourth - second**2 - third**2 / second) / second**2
    assert abs(float(found) - float(expected)) < 1e-8 * float(expected)


def test_refusals() -> None:
    with pytest.raises(ArgumentError, match="StatisticalModel"):
        sg.SecondOrder(NORMAL.manifold)
    laplace = sg.StatisticalModel(sp.exp(-sp.Abs(x - mu)) / 2, x, mu, check=False)
    with pytest.raises(RegularityError, match="kink"):
        sg.SecondOrder(laplace)
    for count in (0, 2.5, -3):
        with pytest.raises(ArgumentError, match="positive integer"):
            sg.SecondOrder(EXPONENTIAL).bias_corrected([1.0], count)
