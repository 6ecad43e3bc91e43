"""Jeffreys' prior: proper with its constant, improper with the end, or undecided."""

from __future__ import annotations

from functools import cache

import mpmath
import pytest
import sympy as sp

import symgeo as sg
from symgeo import errors

x = sp.Symbol("x", real=True)

# Bernoulli: Jeffreys 1946; a simplex: Gamma(1/2)^k/Gamma(k/2) from Dirichlet's integral, times the scale of the metric
PROPER = {
    "bernoulli": sp.pi,
    "bernoulli_logit": sp.pi,
    "binomial(10)": sp.sqrt(10) * sp.pi,
    "hardy_weinberg": sp.sqrt(2) * sp.pi,
    "categorical(3)": 2 * sp.pi,
    "categorical(4)": sp.pi**2,
    "categorical(5)": 4 * sp.pi**2 / 3,
    "softmax": 2 * sp.pi,
    "multinomial(6, 3)": 6 * 2 * sp.pi,
}


@cache
def family(name: str) -> sg.StatisticalModel:
    """A family of the catalogue, declared once."""
    return sg.catalogue.get(name)


@pytest.mark.parametrize("name", PROPER)
def test_proper_priors_and_their_constants(name: str) -> None:
    found = sg.jeffreys_propriety(family(name))
    assert found.proper is True and repr(found).startswith("proper")
    assert abs(sp.N(found.volume - PROPER[name], 30)) < 1e-25
    assert sg.fisher_volume(family(name)) == found.volume


def test_the_constant_against_quadrature() -> None:
    """A rate of a Bernoulli law between two bounds: no textbook constant."""
    k, p = sp.Symbol("k", integer=True), sp.Symbol("p", positive=True)
    model = sg.StatisticalModel(
        p**k * (1 - p) ** (1 - k),
        k,
        p,
        support=sp.FiniteSet(0, 1),
        domain={p: sp.Interval.open(sp.Rational(1, 5), sp.Rational(2, 3))},
    )
    expected = mpmath.quad(lambda v: 1 / mpmath.sqrt(v * (1 - v)), [mpmath.mpf(1) / 5, mpmath.mpf(2) / 3])
    assert float(sg.fisher_volume(model)) == pytest.approx(float(expected), rel=1e-12)


IMPROPER = {
    "normal": "mu diverges at mu = -oo",
    "exponential": "lambda diverges at lambda = 0",
    "poisson": "lambda diverges at lambda = oo",
    "geometric": "p diverges at p = 0",
    "gamma": "diverges at r = 0",
    "bivariate_normal": "mu1 diverges",
}


@pytest.mark.parametrize("name", IMPROPER)
def test_improper_priors_and_where_they_diverge(name: str) -> None:
    found = sg.jeffreys_propriety(family(name))
    assert found.proper is False and IMPROPER[name] in found.reason
    assert found.volume == sp.oo == sg.fisher_volume(family(name))


@pytest.mark.parametrize("name", ["beta", "chi_squared", "von_mises"])
def test_what_is_not_decided_is_said_so(name: str) -> None:
    found = sg.jeffreys_propriety(family(name))
    assert found.proper is None and found.volume is None and repr(found).startswith("undecided")
    with pytest.raises(errors.NoClosedFormError, match="numerically"):
        sg.fisher_volume(family(name))


def test_a_bounded_scale_makes_the_prior_of_a_scale_proper() -> None:
    r = sp.Symbol("r", positive=True)
    u = sp.Symbol("u", positive=True)
    model = sg.StatisticalModel(r * sp.exp(-r * u), u, r, domain={r: sp.Interval.open(1, sp.E)})
    assert sg.fisher_volume(model) == 1
