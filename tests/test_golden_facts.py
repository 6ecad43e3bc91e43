"""Facts of the literature, each with its source. Curvature is positive on a round sphere."""

from __future__ import annotations

import pytest
import sympy as sp

import symgeo as sg

alpha = sp.Symbol("alpha", real=True)


def equal(found: sp.Expr, expected: sp.Expr) -> bool:
    """Equal as elements of the field, exactly."""
    from symgeo.algebra import differential_field

    return not differential_field()(found - expected)


def scalar(name: str, order: object = 0) -> sp.Expr:
    return sg.catalogue.get(name).manifold.connection(order).scalar_curvature


@pytest.mark.parametrize("name", ["normal", "normal_variance", "normal_precision", "normal_natural", "lognormal"])
def test_normal_has_scalar_curvature_minus_one(name: str) -> None:
    """Amari, Differential-Geometrical Methods in Statistics, 1985; Skovgaard, Scand. J. Stat. 11 (1984)."""
    assert scalar(name) == -1
    assert equal(scalar(name, alpha), -(1 - alpha**2))


def test_inverse_gaussian_is_a_hyperbolic_plane() -> None:
    """Sectional curvature -1/2. Arwini and Dodson, Information Geometry, LNM 1953, 2008, chapter 3."""
    assert scalar("inverse_gaussian") == -1


@pytest.mark.parametrize("name", ["gamma", "gamma_scale", "inverse_gamma"])
def test_gamma_curvature(name: str) -> None:
    """R = (psi' + k psi'')/(2 (k psi' - 1)^2). Arwini and Dodson 2008, section 3.4."""
    M = sg.catalogue.get(name).manifold
    k = M.coordinates[0]
    p1, p2 = sp.polygamma(1, k), sp.polygamma(2, k)
    assert equal(M.connection(0).scalar_curvature, (p1 + k * p2) / (2 * (k * p1 - 1) ** 2))


@pytest.mark.parametrize("name", ["bivariate_normal", "multivariate_normal(2)"])
def test_bivariate_normal_curvature(name: str) -> None:
    """R = -9/2. Sato, Sugawa and Kawaguchi, Rep. Math. Phys. 16 (1979) 111-119."""
    assert scalar(name) == sp.Rational(-9, 2)


def test_trivariate_normal_curvature() -> None:
    """R = -d (d + 1)^2/4 for d = 3. Skovgaard 1984, theorem 2.1 and section 3."""
    assert scalar("multivariate_normal(3)") == -12


@pytest.mark.parametrize("k", [3, 4, 5, 6])
def test_categorical_is_a_sphere_of_radius_two(k: int) -> None:
    """Constant sectional curvature 1/4, R = (k-1)(k-2)/4. Amari and Nagaoka 2000, section 2.6."""
    M = sg.catalogue.get(f"categorical({k})").manifold
    c = M.connection(0)
    assert c.scalar_curvature == sp.Rational((k - 1) * (k - 2), 4)
    u = [1] + [0] * (k - 2)
    v = [sp.Rational(i + 1, 3) for i in range(k - 1)]
    assert equal(c.sectional_curvature(u, v), sp.Rational(1, 4))


@pytest.mark.parametrize("n", [2, 5])
def test_multinomial_is_a_sphere_of_curvature_one_over_four_n(n: int) -> None:
    """The metric of n observations is n times that of one. Amari and Nagaoka 2000, section 2.2."""
    M = sg.catalogue.multinomial(n=n, k=3).manifold
    assert M.connection(0).scalar_curvature == 2 * sp.Rational(1, 4 * n)


def test_metrics_of_one_parameter() -> None:
    """Fisher information as tabulated in Lehmann and Casella, Theory of Point Estimation, 1998, table 2.5.1."""
    M = sg.catalogue.poisson().manifold
    assert equal(M.metric[0, 0], 1 / M.coordinates[0])
    M = sg.catalogue.bernoulli().manifold
    p = M.coordinates[0]
    assert equal(M.metric[0, 0], 1 / (p * (1 - p)))
    M = sg.catalogue.binomial(n=7).manifold
    p = M.coordinates[0]
    assert equal(M.metric[0, 0], 7 / (p * (1 - p)))


def test_beta_and_dirichlet_metric() -> None:
    """psi'(a_i) delta_ij - psi'(a_0). Lehmann and Casella 1998, table 2.5.1; Minka, Estimating a Dirichlet, 2000."""
    for name in ("beta", "dirichlet(4)"):
        M = sg.catalogue.get(name).manifold
        total = sum(M.coordinates)
        for i, a in enumerate(M.coordinates):
            for j in range(M.dim):
                expected = (sp.polygamma(1, a) if i == j else 0) - sp.polygamma(1, total)
                assert equal(M.metric[i, j], expected)


def test_jeffreys_priors() -> None:
    """Jeffreys, Proc. R. Soc. A 186 (1946): 1/sigma^2 for (mu, sigma), 1/sqrt(p(1-p)), 1/sqrt(lambda)."""
    M = sg.catalogue.normal().manifold
    assert equal(M.jeffreys_prior * M.coordinates[1] ** 2, sp.sqrt(2))
    M = sg.catalogue.poisson().manifold
    assert equal(M.jeffreys_prior**2, 1 / M.coordinates[0])


def test_kullback_leibler_divergences() -> None:
    """D(p || q), p first. Kullback, Information Theory and Statistics, 1959, chapter 9; Cover and Thomas 2006."""
    m1, m2 = sp.symbols("m1 m2", real=True)
    s1, s2, a, b = sp.symbols("s1 s2 a b", positive=True)
    normal = sg.catalogue.normal().manifold.duality.canonical_divergence((m1, s1), (m2, s2))
    assert equal(normal, sp.log(s2 / s1) + (s1**2 + (m1 - m2) ** 2) / (2 * s2**2) - sp.Rational(1, 2))
    poisson = sg.catalogue.poisson().manifold.duality.canonical_divergence((a,), (b,))
    assert equal(poisson, a * sp.log(a / b) - a + b)
    exponential = sg.catalogue.exponential().manifold.duality.canonical_divergence((a,), (b,))
    assert equal(exponential, sp.log(a / b) + b / a - 1)
