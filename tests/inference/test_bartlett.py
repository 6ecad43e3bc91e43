"""Bartlett's factor against published ones, exact means of the likelihood ratio, simulation, and itself in charts."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import scipy.stats as st
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as hyp
from scipy.integrate import quad
from scipy.special import digamma, gammaln, polygamma

import symgeo as sg
from symgeo.errors import ArgumentError, ParameterListError, RegionError, RegularityError
from symgeo.inference.bartlett import bartlett_factor

x, mu, a, b, d, z = sp.symbols("x mu a b d z", real=True)
k, m, q, r, s, t, w = sp.symbols("k m q r s t w", positive=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
GAUSS = sp.exp(-(((x - mu) / s) ** 2) / 2) / (s * sp.sqrt(2 * sp.pi))
NORMAL = sg.StatisticalModel(GAUSS, x, (mu, s), check=False)
GAMMA = sg.StatisticalModel(r**k * t ** (k - 1) * sp.exp(-r * t) / sp.gamma(k), t, (k, r), check=False)


def by_fit(model: sg.StatisticalModel, data: object, chosen: list[int]) -> float:
    fit = sg.fit(model, data)
    return (bartlett_factor(fit.require_sample(), fit.estimate, chosen) - 1.0) * fit.n_observations


@pytest.mark.parametrize("name", ["exponential", "poisson", "bernoulli", "geometric", "rayleigh", "half_normal"])
def test_one_parameter_families_have_the_factor_of_their_cumulants(name: str) -> None:
    """c = (5 rho_3^2 - 3 rho_4)/12: McCullagh and Cox, Ann. Statist. 14 (1986) 1419-1430."""
    model = sg.catalogue.get(name)
    family = model.exponential_family
    (eta,) = family.natural_symbols
    cumulants = [sp.diff(family.log_partition_natural, eta, i) for i in (2, 3, 4)]
    (point,) = model.chart.interior_points(1)
    here = {eta: family.natural_parameters[0].subs(point)}
    second, third, fourth = (sp.N(c.subs(here), 30) for c in cumulants)
    expected = (5 * third**2 / second**3 - 3 * fourth / second**2) / 12
    assert abs(sp.N(sg.SecondOrder(model).bartlett_factor.subs(point), 30) - expected) < 1e-20


def test_mean_and_deviation_of_a_normal_law() -> None:
    """E[W] = N (digamma(N/2) - digamma((N-1)/2)) and -1 - N (digamma((N-1)/2) - log(N/2)), expanded in 1/N."""
    second, size = sg.SecondOrder(NORMAL), mpmath.mpf(10) ** 8
    with mpmath.workdps(60):
        of_mean = size * (mpmath.digamma(size / 2) - mpmath.digamma((size - 1) / 2))
        of_deviation = -1 - size * (mpmath.digamma((size - 1) / 2) - mpmath.log(size / 2))
        assert abs(size * (of_mean - 1) - mpmath.mpf(3) / 2) < 1e-6
        assert abs(size * (of_deviation - 1) - mpmath.mpf(11) / 6) < 1e-6
    assert second.bartlett([mu]) == sp.Rational(3, 2) and second.bartlett(["s"]) == sp.Rational(11, 6)
    assert second.bartlett([s, mu]) == second.bartlett_factor == sp.Rational(11, 12)


def test_bartletts_own_factor_of_two_variances() -> None:
    """1 + (1/nu_1 + 1/nu_2 - 1/nu)/3 with 2 n_i degrees of freedom: Bartlett, Proc. R. Soc. A 160 (1937) 268-282."""
    rate = r * q**d
    model = sg.StatisticalModel(rate * sp.exp(-rate * t), t, (r, q), covariates=d)
    first, second = [0.3, 1.4, 2.2, 0.7], [0.5, 0.1, 1.1, 2.0, 0.4, 0.6, 0.2]
    fit = sg.fit(model, {t: first + second, d: [0.0] * 4 + [1.0] * 7})
    expected = 1 + (1 / 8 + 1 / 14 - 1 / 22) / 3
    assert bartlett_factor(fit.require_sample(), fit.estimate, [1]) == pytest.approx(expected, rel=1e-12)
    plain, corrected = (sg.confidence_region(fit, (r, q), bartlett=on) for on in (False, True))
    assert corrected.quantile == pytest.approx(corrected.factor * plain.quantile) and corrected.area > plain.area


def test_a_slope_in_a_normal_regression() -> None:
    """E[W] = N (digamma((N-p+1)/2) - digamma((N-p)/2)) = 1 + (p + 1/2)/N + ... with p = 2 coefficients."""
    line = sg.StatisticalModel(GAUSS.subs({x: z, mu: a + b * d}), z, (a, b, s), covariates=d, check=False)
    at = np.array([0.0, 1.0, 2.0, 4.0, 7.0, 7.5, 9.0])
    fit = sg.fit(line, {z: [0.3, 1.9, 1.7, 4.4, 8.5, 5.9, 9.9], d: at})
    assert bartlett_factor(fit.require_sample(), fit.estimate, [1]) == pytest.approx(1 + 2.5 / 7, rel=1e-10)
    low, high = sg.confidence_interval(fit, b, bartlett=True)
    residual = 7 * fit.estimate[2] ** 2
    gained = np.array([low, high]) - fit.estimate[1]
    ratio = 7 * np.log1p(gained**2 * np.sum((at - at.mean()) ** 2) / residual)
    np.testing.assert_allclose(ratio, (1 + 2.5 / 7) * st.chi2.ppf(0.95, 1), rtol=1e-8)


def test_the_simulated_mean_of_a_gamma_likelihood_ratio() -> None:
    """The shape, the rate free: 30000 samples of 20."""
    random, size, shape = np.random.default_rng(7), 20, 2.0
    data = random.gamma(shape, size=(30_000, size))
    mean, log_mean = data.mean(axis=1), np.log(data).mean(axis=1)
    found = np.full(len(data), shape)
    for _ in range(30):
        slope = np.log(found / mean) - digamma(found) + log_mean
        found = np.maximum(0.3 * found, found - slope / (1 / found - polygamma(1, found)))

    def height(value: np.ndarray | float) -> np.ndarray:
        return value * np.log(value / mean) - gammaln(value) + (value - 1) * log_mean - value

    ratio = 2 * size * (height(found) - height(shape))
    factor = float(sg.SecondOrder(GAMMA).bartlett([k]).subs(k, shape)) / size
    error = ratio.std() / np.sqrt(len(ratio))
    # The next term of the mean is of order 1/N^2.
    assert 0.08 < factor < 0.1 and abs(ratio.mean() - 1 - factor) < 3 * error + 1.5 * factor**2
    covered = [np.mean(ratio <= st.chi2.ppf(0.95, 1) * c) for c in (1.0, 1.0 + factor)]
    assert covered[0] < 0.945 and abs(covered[1] - 0.95) < 0.003


@pytest.mark.parametrize("size", [3, 5, 10])
def test_the_coverage_of_an_exponential_rate(size: int) -> None:
    """Exactly, by the Gamma law of the sum: corrected, the interval misses its level by a tenth of what it did."""
    fit = sg.fit(sg.StatisticalModel(r * sp.exp(-r * t), t, r), np.ones(size))
    missed = []
    for on in (False, True):
        low, high = sg.confidence_interval(fit, r, bartlett=on)
        missed.append(abs(float(np.diff(st.gamma.cdf(np.array([low, high]) * size, size))[0]) - 0.95))
    assert missed[1] < 0.1 * missed[0]


@given(shape=hyp.floats(0.5, 20), rate=hyp.floats(0.1, 10))
@settings(max_examples=10, deadline=None)
def test_the_factor_does_not_depend_on_the_chart_of_the_others(shape: float, rate: float) -> None:
    np.testing.assert_allclose(HERE([shape, rate]), THERE([shape / rate, shape]), rtol=1e-6)


CELLS = sg.StatisticalModel(
    sp.Piecewise((q, sp.Eq(n, 0)), (r, sp.Eq(n, 1)), (1 - q - r, True)),
    n,
    (q, r),
    support=sp.FiniteSet(0, 1, 2),
    constraints=[q + r < 1],
)
BY_MEAN = sg.StatisticalModel(GAMMA.density.subs(r, k / m), t, (m, k), check=False)
HERE, THERE = (
    sg.lambdify([sg.SecondOrder(model).bartlett([k]), sg.SecondOrder(model).bartlett_factor], model.parameters)
    for model in (GAMMA, BY_MEAN)
)


@pytest.mark.parametrize("name", ["weibull_free", "inverse_gaussian", "three cells"])
def test_numbers_agree_with_symbols(name: str) -> None:
    """Two routes: sums in the field, and contractions of evaluated moments."""
    model, random = CELLS if name == "three cells" else sg.catalogue.get(name), np.random.default_rng(3)
    data = [0, 1, 2, 0, 1, 2, 2, 2] if name == "three cells" else random.gamma(3.0, size=9)
    fit = sg.fit(model, data)
    assert fit.converged
    second = sg.SecondOrder(model)
    for chosen in ([0], [1], [0, 1]):
        value = sg.lambdify(second.bartlett([model.parameters[i] for i in chosen]), model.parameters)(fit.estimate)
        number = bartlett_factor(fit.require_sample(), fit.estimate, chosen)
        assert fit.n_observations * (number - 1.0) == pytest.approx(float(value), rel=1e-8)


def test_an_expectation_that_is_integrated() -> None:
    """The weight of a mixture of two known laws: Lawley's terms from E[l''], E[l'''], E[l''''] by quadrature."""
    bell, other = sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi), sp.exp(-x) / (1 + sp.exp(-x)) ** 2
    model = sg.StatisticalModel(w * bell + (1 - w) * other, x, w, domain={w: sp.Interval.open(0, 1)}, check=False)
    data = np.concatenate([np.linspace(-1.7, 1.7, 14), [-4.0, 3.5, 5.0]])
    fit = sg.fit(model, data)
    assert fit.converged
    (at,) = fit.estimate
    f, g = (sp.lambdify(x, e, "numpy") for e in (bell, other))

    def mean(power: int, weight: float) -> float:
        """E_w[score^power] for w = weight; l'' = -l'^2, l''' = 2 l'^3, l'''' = -6 l'^4."""

        def integrand(v: float) -> float:
            density = weight * f(v) + (1 - weight) * g(v)
            return ((f(v) - g(v)) / density) ** power * density

        return quad(integrand, -60, 60, points=[-20, -6, -2, 0, 2, 6, 20], epsabs=1e-13, limit=200)[0]

    # d/dw E[l'^p] = (1 - p) E[l'^(p + 1)].
    m2, m3, m4 = (mean(p, at) for p in (2, 3, 4))
    second, third, fourth = -m2, 2 * m3, -6 * m4
    second_slope, second_bend, third_slope = m3, -2 * m4, -4 * m4
    first = (fourth / 4 - third_slope + second_bend) / second**2
    last = third * (third / 6 - second_slope) + third * (third / 4 - second_slope) + 2 * second_slope**2
    found = (bartlett_factor(fit.require_sample(), fit.estimate, [0]) - 1) * len(data)
    assert found == pytest.approx(float(first - last / second**3), rel=1e-6)


def test_refusals() -> None:
    fit = sg.fit(GAMMA, [0.4, 1.0, 2.0, 3.5, 0.9])
    with pytest.raises(ArgumentError, match="Bartlett corrected the likelihood ratio"):
        sg.confidence_region(fit, kind="wald", bartlett=True)
    with pytest.raises(ArgumentError, match="declare the model with it as one of them"):
        sg.confidence_interval(fit, k / r, bartlett=True)
    with pytest.raises(ParameterListError, match="choose different ones of k, r"):
        sg.SecondOrder(GAMMA).bartlett([x])
    laplace = sg.StatisticalModel(sp.exp(-sp.Abs(x - mu)) / 2, x, mu)
    with pytest.raises(RegularityError, match="kink"):
        sg.confidence_interval(sg.fit(laplace, [1.0, 2.0, 4.0, 7.0, 8.0]), mu, bartlett=True)
    scarce = sg.fit(GAMMA, [0.4, 1.0, 2.0], weights=[0.1, 0.1, 0.1])
    with pytest.raises(RegionError, match="no small correction"):
        sg.confidence_interval(scarce, k, bartlett=True)
