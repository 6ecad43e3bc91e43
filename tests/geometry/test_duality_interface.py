"""Dually flat coordinates, the Legendre transform and the canonical divergence."""

from __future__ import annotations

import mpmath
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

import symgeo as sg
from symgeo.geometry.manifold import StatisticalManifold

CONTINUOUS = ["normal", "gamma", "beta", "inverse_gaussian", "lognormal", "rayleigh", "von_mises", "normal_natural"]
DISCRETE = ["poisson", "geometric", "binomial(6)", "categorical(4)", "negative_binomial(3/2)", "logarithmic_series"]


def two_points(model, shares):
    """Two interior points, mixed from three others, which keeps them inside a convex domain."""
    corners = [[theta[s] for s in model.parameters] for theta in model.chart.interior_points(3)]
    return [
        tuple(share * p + (1 - share) * q for p, q in zip(corners[i], corners[2], strict=True))
        for i, share in enumerate(shares)
    ]


shares = st.tuples(*(st.integers(1, 9).map(lambda k: sp.Rational(k, 10)),) * 2)


@pytest.mark.parametrize("name", [*CONTINUOUS, *DISCRETE])
@settings(max_examples=2)
@given(shares=shares)
def test_canonical_divergence_is_the_kullback_leibler_divergence(name, shares) -> None:
    """E_p[log p/q] by quadrature and by summation, p first."""
    model = sg.catalogue.get(name)
    p, q = two_points(model, shares)
    (x,) = model.variables
    at_p, at_q = (model.log_density.subs(dict(zip(model.parameters, point, strict=True))) for point in (p, q))
    logs = sp.lambdify(x, [at_p, at_q], "mpmath")
    support = model.support.sets[x]

    def integrand(value: float) -> float:
        log_p, log_q = logs(mpmath.mpf(value))
        return float(mpmath.exp(log_p) * (log_p - log_q))

    if name in CONTINUOUS:
        ends = [float(support.inf), float(support.sup)]
        middle = 0.5 if ends[1] == 1 else 1.0
        parts = [(ends[0], middle), (middle, ends[1])]
        expected = sum(integrate.quad(integrand, *part, epsabs=1e-11, epsrel=1e-11, limit=400)[0] for part in parts)
    else:
        last = support.sup if support.sup.is_finite else 160
        expected = sum(map(integrand, range(int(support.inf), int(last) + 1)))
    got = model.manifold.duality.canonical_divergence(p, q)
    assert float(sp.N(got)) == pytest.approx(expected, abs=1e-8)
    assert float(sp.N(got)) >= -1e-15


@pytest.mark.parametrize("name", [*CONTINUOUS, *DISCRETE, "bivariate_normal", "dirichlet"])
def test_divergence_vanishes_on_the_diagonal_with_the_metric_as_its_second_order(name) -> None:
    model = sg.catalogue.get(name)
    manifold = model.manifold
    moved = [sp.Dummy(s.name, real=True) for s in model.parameters]
    divergence = manifold.duality.canonical_divergence(model.parameters, moved)
    (theta,) = model.chart.interior_points(1)
    diagonal = {**theta, **dict(zip(moved, theta.values(), strict=True))}
    assert abs(sp.N(divergence.subs(diagonal), 30)) < 1e-25
    for i, a in enumerate(moved):
        assert abs(sp.N(divergence.diff(a).subs(diagonal), 30)) < 1e-25
        for j, b in enumerate(moved):
            gap = divergence.diff(a, b).subs(diagonal) - manifold.metric[i, j].subs(theta)
            assert abs(sp.N(gap, 30)) < 1e-22


@pytest.mark.parametrize("name", ["normal", "gamma", "poisson", "categorical(3)"])
def test_pythagoras(name) -> None:
    """D(p || r) = D(p || q) + D(q || r) + (mu(p) - mu(q)) . (eta(q) - eta(r)), for any three points."""
    model = sg.catalogue.get(name)
    duality = model.manifold.duality
    p, q, r = ([theta[s] for s in model.parameters] for theta in model.chart.interior_points(3))

    def at(functions, point):
        return [f.subs(dict(zip(model.parameters, point, strict=True))) for f in functions]

    cross = sum(
        (a - b) * (c - d)
        for a, b, c, d in zip(
            at(duality.expectation, p),
            at(duality.expectation, q),
            at(duality.natural, q),
            at(duality.natural, r),
            strict=True,
        )
    )
    divergence = duality.canonical_divergence
    assert abs(sp.N(divergence(p, r) - divergence(p, q) - divergence(q, r) - cross, 30)) < 1e-25


def test_names_of_affine_coordinates_avoid_the_chart() -> None:
    e, m = sp.Symbol("eta", negative=True), sp.Symbol("mu", positive=True)
    x = sp.Symbol("x", positive=True)
    one = sg.StatisticalModel(-e * sp.exp(e * x), x, e)
    other = sg.StatisticalModel(sp.exp(-x / m) / m, x, m)
    assert one.exponential_family.natural_symbols[0] != e
    assert other.exponential_family.expectation_symbols[0] != m
    assert other.exponential_family.natural_symbols[0].name == "eta"


def test_a_potential_without_closed_inverse_says_none() -> None:
    u = sp.Symbol("u", real=True)
    manifold = StatisticalManifold.from_potential(sp.exp(u) + u**2 + sp.exp(2 * u) / 7 + sp.cosh(u), (u,))
    assert manifold.duality.coordinates_from_expectation is None
    assert manifold.duality.dual_potential_in_expectation is None
    assert manifold.duality.coordinates_from_natural is not None


def test_legendre_pairs_of_the_textbooks() -> None:
    """psi = e^u has phi = m log m - m; psi = u^2/2 is its own transform. Rockafellar, Convex Analysis, section 12."""
    u = sp.Symbol("u", real=True)
    for psi, phi in ((sp.exp(u), lambda m: m * sp.log(m) - m), (u**2 / 2, lambda m: m**2 / 2)):
        duality = StatisticalManifold.from_potential(psi, (u,)).duality
        (m,) = duality.expectation_symbols
        assert sp.simplify(duality.dual_potential_in_expectation - phi(m)) == 0
