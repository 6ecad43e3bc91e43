"""Facts of the literature, each with its source, against what is derived from the density.

Curvature is positive on a round sphere: the normal family has Gaussian curvature -1/2, so R = -1. Some authors give
the Gaussian or the sectional curvature instead, and thermodynamic curvature (Ruppeiner) has the opposite sign.
"""

from __future__ import annotations

import pytest
import sympy as sp

import symgeo as sg
from symgeo.algebra import differential_field

alpha = sp.Symbol("alpha", real=True)


def equal(found: sp.Expr, expected: sp.Expr) -> bool:
    """Equal as elements of the field, exactly."""
    return not differential_field()(found - expected)


def near(found: sp.Expr, expected: sp.Expr, at: dict) -> bool:
    """Equal to 25 digits at a point."""
    return bool(abs(sp.N((found - expected).subs(at), 35)) < 1e-25)


def scalar(name: str, order: object = 0) -> sp.Expr:
    return sg.catalogue.get(name).manifold.connection(order).scalar_curvature


# -- metrics -------------------------------------------------------------------------------------------------------


def test_metric_of_the_normal_family() -> None:
    """Amari, Differential-Geometrical Methods in Statistics, 1985, chapter 2."""
    manifold = sg.catalogue.normal().manifold
    _, sigma = manifold.coordinates
    assert manifold.metric.to_matrix() == sp.diag(1 / sigma**2, 2 / sigma**2)


def test_metric_of_the_gamma_family_in_mean_and_shape() -> None:
    """nu/m^2 and psi'(nu) - 1/nu, orthogonal: Arwini and Dodson, Information Geometry, LNM 1953, 2008, chapter 3."""
    manifold = sg.catalogue.gamma().manifold
    k, r = manifold.coordinates
    mean, nu = sp.symbols("mean nu", positive=True)
    g = manifold.reparametrize({k: nu, r: nu / mean}, (mean, nu)).metric
    assert equal(g[0, 0], nu / mean**2)
    assert g[0, 1] == 0
    assert equal(g[1, 1], sp.polygamma(1, nu) - 1 / nu)


INFORMATION = {
    "poisson": lambda rate: 1 / rate,
    "bernoulli": lambda p: 1 / (p * (1 - p)),
    "binomial(7)": lambda p: 7 / (p * (1 - p)),
    "geometric": lambda p: 1 / (p**2 * (1 - p)),
    "negative_binomial(4)": lambda p: 4 / (p**2 * (1 - p)),
    "exponential": lambda rate: 1 / rate**2,
    "half_normal": lambda sigma: 2 / sigma**2,
    "rayleigh": lambda sigma: 4 / sigma**2,
    "maxwell": lambda a: 6 / a**2,
    "laplace": lambda b: 1 / b**2,
    "pareto": lambda a: 1 / a**2,
    "weibull(3)": lambda scale: 9 / scale**2,
    "chi_squared": lambda k: sp.polygamma(1, k / 2) / 4,
}


@pytest.mark.parametrize("name", INFORMATION)
def test_fisher_information_of_one_parameter(name: str) -> None:
    """Lehmann and Casella, Theory of Point Estimation, 1998, chapter 2, and the variance of the statistic."""
    manifold = sg.catalogue.get(name).manifold
    assert equal(manifold.metric[0, 0], INFORMATION[name](*manifold.coordinates))


def test_fisher_information_of_the_logarithmic_series() -> None:
    """The count's variance over p^2: Johnson, Kemp and Kotz, Univariate Discrete Distributions, 2005, chapter 7."""
    manifold = sg.catalogue.logarithmic_series().manifold
    (p,) = manifold.coordinates
    a = -1 / sp.log(1 - p)
    assert equal(manifold.metric[0, 0], a * (1 - a * p) / (p * (1 - p) ** 2))


def test_metric_of_the_multinomial_family() -> None:
    """g_ij = n (delta_ij/p_i + 1/p_k): Amari and Nagaoka, Methods of Information Geometry, 2000, chapter 2."""
    manifold = sg.catalogue.multinomial(n=6, k=3).manifold
    p, q = manifold.coordinates
    rest = 1 - p - q
    expected = 6 * sp.Matrix([[1 / p + 1 / rest, 1 / rest], [1 / rest, 1 / q + 1 / rest]])
    assert all(equal(g, e) for g, e in zip(manifold.metric.to_matrix(), expected, strict=True))


@pytest.mark.parametrize("name", ["beta", "dirichlet(2)", "dirichlet(3)", "dirichlet(4)"])
def test_beta_and_dirichlet_metric(name: str) -> None:
    """psi'(a_i) delta_ij - psi'(a_0): Le Brigant, Preston and Puechmorel, Differ. Geom. Appl. 74 (2021) 101702."""
    manifold = sg.catalogue.get(name).manifold
    total = sum(manifold.coordinates)
    for i, a in enumerate(manifold.coordinates):
        for j in range(manifold.dim):
            expected = (sp.polygamma(1, a) if i == j else 0) - sp.polygamma(1, total)
            assert equal(manifold.metric[i, j], expected)


def test_metric_of_the_von_mises_family() -> None:
    """kappa A and A' = 1 - A/kappa - A^2 with A = I1/I0: Mardia and Jupp, Directional Statistics, 2000, chapter 5."""
    manifold = sg.catalogue.von_mises().manifold
    _, kappa = manifold.coordinates
    ratio = sp.besseli(1, kappa) / sp.besseli(0, kappa)
    assert manifold.metric[0, 1] == 0
    assert equal(manifold.metric[0, 0], kappa * ratio)
    assert near(manifold.metric[1, 1], 1 - ratio / kappa - ratio**2, {kappa: sp.Rational(13, 7)})


def test_metric_of_the_inverse_gaussian_family() -> None:
    """lambda/mu^3 and 1/(2 lambda^2), orthogonal: Johnson, Kotz and Balakrishnan, volume 1, 1994, chapter 15."""
    manifold = sg.catalogue.inverse_gaussian().manifold
    mu, shape = manifold.coordinates
    assert manifold.metric.to_matrix() == sp.diag(shape / mu**3, 1 / (2 * shape**2))


def test_metric_of_the_multivariate_normal_family() -> None:
    """Sigma^-1 for the mean and tr(Sigma^-1 dSigma Sigma^-1 dSigma)/2: Skovgaard, Scand. J. Stat. 11 (1984) 211."""
    g = sg.catalogue.multivariate_normal(2).manifold.metric
    _, _, s11, s12, s22 = entries = g.coordinates
    sigma = sp.Matrix([[s11, s12], [s12, s22]])
    inverse = sigma.inv()
    for i in range(2):
        assert all(equal(g[i, j], inverse[i, j]) for j in range(2))
        assert all(g[i, j] == 0 for j in range(2, 5))
    for i in range(2, 5):
        for j in range(2, 5):
            trace = (inverse * sigma.diff(entries[i]) * inverse * sigma.diff(entries[j])).trace() / 2
            assert equal(g[i, j], trace)


# -- curvature -----------------------------------------------------------------------------------------------------

HYPERBOLIC = [
    "normal", "normal_variance", "normal_precision", "normal_natural", "multivariate_normal(1)", "lognormal",
    "inverse_gaussian",
]  # fmt: skip


@pytest.mark.parametrize("name", HYPERBOLIC)
def test_hyperbolic_planes_have_scalar_curvature_minus_one(name: str) -> None:
    """Amari 1985, chapter 2, and Skovgaard 1984 for the normal; Arwini and Dodson 2008 for the lognormal family.

    The inverse Gaussian family: Miyamoto, Meneghetti, Pinele and Costa, On closed-form expressions for the
    Fisher-Rao distance, Information Geometry 7 (2024) 311-354.
    """
    assert scalar(name) == -1


def test_alpha_curvature_of_the_normal_family() -> None:
    """R^(alpha) = -(1 - alpha^2): Amari 1985, chapter 2, where K^(alpha) = -(1 - alpha^2)/2."""
    connection = sg.catalogue.normal().manifold.connection(alpha)
    assert equal(connection.scalar_curvature, -(1 - alpha**2))
    assert equal(connection.sectional_curvature((1, 0), (0, 1)), -(1 - alpha**2) / 2)


def test_christoffel_symbols_of_the_normal_family() -> None:
    """Gamma^(alpha)_11,2 = (1 - alpha)/sigma^3 and so on: Amari 1985, chapter 2."""
    manifold = sg.catalogue.normal().manifold
    _, sigma = manifold.coordinates
    first = manifold.connection(alpha).christoffel_first_kind
    expected = {
        (0, 0, 1): (1 - alpha) / sigma**3,
        (0, 1, 0): -(1 + alpha) / sigma**3,
        (1, 1, 1): -(2 + 4 * alpha) / sigma**3,
    }
    for index in first.independent():
        assert equal(first[index], expected.get(index, 0))


@pytest.mark.parametrize("name", ["gamma", "gamma_scale", "inverse_gamma"])
def test_gamma_curvature(name: str) -> None:
    """R = (psi' + k psi'')/(2 (k psi' - 1)^2), negative: Arwini and Dodson 2008, chapter 3."""
    manifold = sg.catalogue.get(name).manifold
    k = manifold.coordinates[0]
    p1, p2 = sp.polygamma(1, k), sp.polygamma(2, k)
    assert equal(manifold.connection(0).scalar_curvature, (p1 + k * p2) / (2 * (k * p1 - 1) ** 2))
    for value in (sp.Rational(1, 10), 1, 20):
        assert manifold.connection(0).scalar_curvature.subs(k, value).evalf() < 0


@pytest.mark.parametrize("name", ["bivariate_normal", "multivariate_normal(2)"])
def test_bivariate_normal_curvature(name: str) -> None:
    """R = -9/2: Sato, Sugawa and Kawaguchi, Rep. Math. Phys. 16 (1979) 111-119; Arwini and Dodson 2008, chapter 4."""
    assert scalar(name) == sp.Rational(-9, 2)
    assert equal(scalar(name, alpha), -sp.Rational(9, 2) * (1 - alpha**2))


@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_multivariate_normal_curvature(d: int) -> None:
    """R = -d (d + 1)^2/4, so -12 for three dimensions: from the curvature tensor of Skovgaard 1984."""
    assert scalar(f"multivariate_normal({d})") == -sp.Rational(d * (d + 1) ** 2, 4)


def test_normal_families_of_zero_mean_and_of_known_covariance() -> None:
    """Zero means: a line times a hyperbolic plane of curvature -1, so R = -2; known covariance: flat. Skovgaard."""
    manifold = sg.catalogue.multivariate_normal(2).manifold
    m1, m2, s11, s12, s22 = manifold.coordinates
    assert manifold.submanifold({m1: 0, m2: 0}, (s11, s12, s22)).connection(0).scalar_curvature == -2
    assert manifold.submanifold({s11: 2, s12: 1, s22: 3}, (m1, m2)).connection(0).is_flat


@pytest.mark.parametrize("k", [3, 4, 5, 6])
def test_categorical_is_a_sphere_of_radius_two(k: int) -> None:
    """Constant sectional curvature 1/4, R = (k-1)(k-2)/4: Amari and Nagaoka 2000, chapter 2."""
    manifold = sg.catalogue.categorical(k).manifold
    connection, g, n = manifold.connection(0), manifold.metric, k - 1
    assert connection.scalar_curvature == sp.Rational((k - 1) * (k - 2), 4)
    first, other = [1] + [0] * (n - 1), [sp.Rational(i + 1, 3) for i in range(n)]
    assert equal(connection.sectional_curvature(first, other), sp.Rational(1, 4))
    for i, j, m, u in ((0, 1, 1, 0), (0, 1, 0, 1), (0, n - 1, n - 1, 0), (0, 1, 1, n - 1)):
        expected = (g[i, u] * g[j, m] - g[i, m] * g[j, u]) / 4
        assert equal(connection.riemann_lowered[i, j, m, u], expected)


@pytest.mark.parametrize("n", [1, 2, 9])
def test_multinomial_is_a_sphere_of_curvature_one_over_four_n(n: int) -> None:
    """The metric of n observations is n times that of one: Amari and Nagaoka 2000, chapter 2."""
    connection = sg.catalogue.multinomial(n=n, k=3).manifold.connection(0)
    assert connection.sectional_curvature((1, 0), (1, 2)) == sp.Rational(1, 4 * n)


def test_alpha_curvature_of_the_categorical_family() -> None:
    """(1 - alpha^2)/4: Amari and Nagaoka 2000, chapter 3."""
    connection = sg.catalogue.categorical(4).manifold.connection(alpha)
    assert equal(connection.sectional_curvature((1, 0, 0), (1, 1, 5)), (1 - alpha**2) / 4)


def test_curvature_of_the_dirichlet_and_beta_families_is_negative() -> None:
    """Le Brigant, Preston and Puechmorel 2021: sectional curvature is negative everywhere."""
    dirichlet, beta = sg.catalogue.dirichlet(3), sg.catalogue.beta()
    section = dirichlet.manifold.connection(0).sectional_curvature((1, 0, 0), (0, 1, 0))
    for point in ((1, 1, 1), (sp.Rational(1, 2), 3, 2), (7, sp.Rational(2, 3), 5)):
        assert section.subs(dict(zip(dirichlet.parameters, point, strict=True))).evalf() < 0
        assert scalar("beta").subs(dict(zip(beta.parameters, point[1:], strict=True))).evalf() < 0


# -- priors, potentials, divergences -------------------------------------------------------------------------------

PRIORS = {
    "normal": lambda mu, sigma: sp.sqrt(2) / sigma**2,
    "bernoulli": lambda p: 1 / sp.sqrt(p * (1 - p)),
    "poisson": lambda rate: 1 / sp.sqrt(rate),
    "exponential": lambda rate: 1 / rate,
    "geometric": lambda p: 1 / (p * sp.sqrt(1 - p)),
    "categorical(3)": lambda p, q: 1 / sp.sqrt(p * q * (1 - p - q)),
    "gamma": lambda k, r: sp.sqrt(k * sp.polygamma(1, k) - 1) / r,
    "rayleigh": lambda sigma: 2 / sigma,
    "bivariate_normal": lambda m1, m2, s1, s2, rho: 2 / (s1**2 * s2**2 * (1 - rho**2) ** 2),
}


@pytest.mark.parametrize("name", PRIORS)
def test_jeffreys_priors(name: str) -> None:
    """Jeffreys, Proc. R. Soc. A 186 (1946) 453-461; det g = 4/(s1^4 s2^4 (1 - rho^2)^4) for the pair of normals."""
    model = sg.catalogue.get(name)
    gap = model.manifold.jeffreys_prior - PRIORS[name](*model.parameters)
    assert all(near(gap, sp.S.Zero, theta) for theta in model.chart.interior_points(3))


def test_kullback_leibler_divergences() -> None:
    """D(p || q), p first: Kullback, Information Theory and Statistics, 1959, chapter 9; Cover and Thomas 2006."""
    m1, m2 = sp.symbols("m1 m2", real=True)
    s1, s2, a, b = sp.symbols("s1 s2 a b", positive=True)

    def divergence(name: str, p: tuple, q: tuple) -> sp.Expr:
        return sg.catalogue.get(name).manifold.duality.canonical_divergence(p, q)

    normal = sp.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - sp.Rational(1, 2)
    assert equal(divergence("normal", (m1, s1), (m2, s2)), normal)
    assert equal(divergence("poisson", (a,), (b,)), a * sp.log(a / b) - a + b)
    assert equal(divergence("exponential", (a,), (b,)), sp.log(a / b) + b / a - 1)
    bernoulli = a * sp.log(a / b) + (1 - a) * sp.log((1 - a) / (1 - b))
    found = divergence("bernoulli", (a,), (b,))
    for at in ({a: sp.Rational(1, 3), b: sp.Rational(3, 4)}, {a: sp.Rational(4, 5), b: sp.Rational(1, 9)}):
        assert near(found, bernoulli, at)


def test_log_partition_functions() -> None:
    """Barndorff-Nielsen, Information and Exponential Families, 1978, chapter 8."""
    family = sg.catalogue.poisson().exponential_family
    assert family.log_partition_natural == sp.exp(*family.natural_symbols)
    family = sg.catalogue.categorical(3).exponential_family
    assert equal(family.log_partition_natural, sp.log(1 + sum(map(sp.exp, family.natural_symbols))))
    family = sg.catalogue.normal().exponential_family
    e1, e2 = family.natural_symbols
    # the carrier holds 1/sqrt(2 pi)
    assert equal(family.log_partition_natural, -(e1**2) / (4 * e2) - sp.log(-e2) / 2 - sp.log(2) / 2)
    assert equal(family.carrier, 1 / sp.sqrt(2 * sp.pi))


def test_dual_potential_is_negative_entropy_where_the_carrier_is_one() -> None:
    """Amari and Nagaoka 2000, chapter 3."""
    family = sg.catalogue.categorical(3).exponential_family
    m1, m2 = family.expectation_symbols
    m3 = 1 - m1 - m2
    assert family.carrier == 1
    assert equal(family.dual_potential, m1 * sp.log(m1) + m2 * sp.log(m2) + m3 * sp.log(m3))
