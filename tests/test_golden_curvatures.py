"""Curvatures of the literature: of manifolds, for every alpha, and of curved models in the sense of Efron."""

from __future__ import annotations

import pytest
import sympy as sp

import symgeo as sg

alpha, x, y, mu, rho = sp.symbols("alpha x y mu rho", real=True)
zeta3 = sp.zeta(3)


def curvature(name: str, order: sp.Expr | int = 0) -> tuple[sp.Expr, tuple[sp.Symbol, ...]]:
    model = sg.catalogue.get(name)
    return model.manifold.connection(order).scalar_curvature, model.parameters


def vanishes(name: str, gap: sp.Expr) -> bool:
    return not sg.catalogue.get(name).field(gap)


# -- Riemannian curvature: twice the Gaussian one, K, in two dimensions ------------------------------------------------

GAUSSIAN = {
    # Oller, Sankhya A 49 (1987) 17-23: extreme value laws and what monotone maps make of them, and the logistic law.
    "gumbel": -6 / sp.pi**2,
    "gumbel_minimum": -6 / sp.pi**2,
    "weibull_free": -6 / sp.pi**2,
    "frechet": -6 / sp.pi**2,
    "logistic": -9 / (3 + sp.pi**2),
    "log_logistic": -9 / (3 + sp.pi**2),
    # Mitchell, Int. Stat. Rev. 56 (1988) 1-16: Student's law of f degrees of freedom, -(f + 3)/(2 f), among the
    # elliptic laws of location and scale.
    "cauchy": sp.Integer(-2),
    "student(3)": sp.Integer(-1),
    "student(5)": -sp.Rational(4, 5),
    "student(12)": -sp.Rational(5, 8),
    "laplace_free": sp.Integer(-1),
    "hyperbolic_secant": -8 / sp.pi**2,
    # Arwini and Dodson, Information Geometry, LNM 1953, 2008, chapter 3: isometric to the normal family.
    "lognormal": -sp.Rational(1, 2),
    # Burbea, Expo. Math. 4 (1986) 347-378: the inverse Gaussian law is a hyperbolic plane like the normal one.
    "inverse_gaussian": -sp.Rational(1, 2),
}


@pytest.mark.parametrize("name", GAUSSIAN)
def test_planes_of_constant_curvature(name: str) -> None:
    found, _ = curvature(name)
    assert vanishes(name, found - 2 * GAUSSIAN[name])


@pytest.mark.parametrize("name", ["gumbel", "weibull_free", "frechet"])
def test_alpha_curvature_of_extreme_value_laws(name: str) -> None:
    """Constant for every alpha, as for any location-scale family; at alpha = 0 that of Oller 1987."""
    found, parameters = curvature(name, alpha)
    assert not found.free_symbols & set(parameters)
    expected = -12 / sp.pi**2 + 12 * alpha**2 * (3 * sp.pi**2 - 6 - 12 * zeta3) / sp.pi**4
    assert vanishes(name, found - expected)


@pytest.mark.parametrize("name", ["normal", "inverse_gaussian", "lognormal", "normal_natural"])
def test_alpha_curvature_of_hyperbolic_exponential_families(name: str) -> None:
    """K^(alpha) = -(1 - alpha^2)/2: Amari 1985, chapter 2; Lauritzen 1987 for the inverse Gaussian law."""
    found, _ = curvature(name, alpha)
    assert vanishes(name, found + 1 - alpha**2)


def test_freund_manifold() -> None:
    """R^(alpha) = 3 (1 - alpha^2)/2, constant: Arwini and Dodson, Information Geometry, 2008, chapter 4."""
    found, _ = curvature("freund", alpha)
    assert vanishes("freund", found - sp.Rational(3, 2) * (1 - alpha**2))


def test_mckay_manifold() -> None:
    """Metric and R of McKay's bivariate gamma law: Arwini and Dodson 2008, chapter 4, in the parameters p, q, a."""
    manifold = sg.catalogue.get("mckay_bivariate_gamma").manifold
    p, q, a = manifold.coordinates
    p1, q1, p2, q2 = (sp.polygamma(k, s) for k in (1, 2) for s in (p, q))
    expected = sp.Matrix([[p1, 0, -1 / a], [0, q1, -1 / a], [-1 / a, -1 / a, (p + q) / a**2]])
    assert manifold.metric.to_matrix() == expected
    top = p1 * q1 * (p1 + q1) + (p + q) * (p1**2 * q2 + q1**2 * p2 - p2 * q2) - 2 * (p1 * q2 + q1 * p2)
    bottom = 2 * ((p + q) * p1 * q1 - p1 - q1) ** 2
    found = manifold.connection(alpha).scalar_curvature
    assert vanishes("mckay_bivariate_gamma", found - (1 - alpha**2) * top / bottom)


@pytest.mark.parametrize("n", [1, 3, sp.Rational(1, 2)])
def test_negative_multinomial_is_hyperbolic(n: sp.Expr) -> None:
    """Constant sectional curvature -1/(4 n): Oller and Cuadras, Sankhya A 47 (1985) 75-83."""
    name = f"negative_multinomial({n})"
    found, _ = curvature(name, alpha)
    assert vanishes(name, found + (1 - alpha**2) / (2 * n))


def test_inverse_gaussian_and_gamma_are_conjugate_symmetric() -> None:
    """R^(alpha) = R^(-alpha) for exponential families: Lauritzen, in Amari et al., Differential Geometry in
    Statistical Inference, 1987."""
    for name in ("inverse_gaussian", "gamma", "beta"):
        manifold = sg.catalogue.get(name).manifold
        first, second = (manifold.connection(a).riemann_lowered for a in (alpha, -alpha))
        assert first == second


def test_a_family_that_is_not_conjugate_symmetric() -> None:
    """Student's law with unknown degrees of freedom: R^(alpha) and R^(-alpha) differ (cf. Lauritzen 1987)."""
    manifold = sg.catalogue.get("student_free").manifold
    first, second = (manifold.connection(a).riemann_lowered for a in (sp.Rational(1, 2), -sp.Rational(1, 2)))
    assert first != second


# -- statistical curvature -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [1, 2, 3, 5, 12])
def test_statistical_curvature_of_students_location_family(f: int) -> None:
    """6 (3 f^2 + 18 f + 19)/(f (f + 1) (f + 5) (f + 7)): Efron, Ann. Statist. 3 (1975) 1189-1242."""
    density = sp.gamma(sp.Rational(f + 1, 2)) / (sp.sqrt(f * sp.pi) * sp.gamma(sp.Rational(f, 2)))
    density = density * (1 + (x - mu) ** 2 / f) ** (-sp.Rational(f + 1, 2))
    model = sg.StatisticalModel(density, x, mu, check=False)
    expected = sp.Rational(6 * (3 * f**2 + 18 * f + 19), f * (f + 1) * (f + 5) * (f + 7))
    assert sg.statistical_curvature(model) == expected


def test_statistical_curvature_of_the_correlation() -> None:
    """4 (1 - rho^2)^2/(1 + rho^2)^3 for means 0 and variances 1: Efron 1975."""
    exponent = -(x**2 - 2 * rho * x * y + y**2) / (2 * (1 - rho**2))
    density = sp.exp(exponent) / (2 * sp.pi * sp.sqrt(1 - rho**2))
    model = sg.StatisticalModel(density, (x, y), rho, domain={rho: sp.Interval.open(-1, 1)}, check=False)
    gap = sg.statistical_curvature(model) - 4 * (1 - rho**2) ** 2 / (1 + rho**2) ** 3
    assert not model.field(gap)


@pytest.mark.parametrize(("name", "value"), [("fisher_circle", 1), ("fisher_circle(2)", sp.Rational(1, 4))])
def test_statistical_curvature_of_fishers_circle(name: str, value: sp.Expr) -> None:
    """1/r^2, that of the circle itself: Efron 1975."""
    assert sg.statistical_curvature(sg.catalogue.get(name)) == value


def test_hardy_weinberg_proportions_are_no_curved_family() -> None:
    """One of the trinomial's e-geodesics: Efron 1975."""
    assert sg.statistical_curvature(sg.catalogue.get("hardy_weinberg")) == 0
