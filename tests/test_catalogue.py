"""Every declaration of the catalogue is a density, is recognised, and is found by name."""

from __future__ import annotations

import inspect
import time

import pytest
import sympy as sp

import symgeo as sg
from symgeo.errors import DeclarationError, UnknownFamilyError
from theorems.drawing import CASES

NAMES = sg.catalogue.names()
SIZED = ["categorical(5)", "dirichlet(2)", "multivariate_normal(1)", "multinomial(2, 4)", "weibull(3/2)", "pareto(2.5)"]


def test_there_are_twenty_and_more() -> None:
    assert len(NAMES) >= 20
    assert list(NAMES) == sorted(set(NAMES))


@pytest.mark.parametrize("name", [*NAMES, *SIZED])
def test_declaration_passes_its_own_checks(name: str) -> None:
    model = sg.catalogue.get(name)
    again = sg.StatisticalModel(
        model.density,
        model.variables,
        model.parameters,
        support=dict(model.support.sets),
        domain=model.domain,
        constraints=model.constraints,
    )
    assert not again.exponential_family.is_curved


@pytest.mark.parametrize("case", [c for c in CASES if c.name.split("(")[0] not in NAMES], ids=repr)
def test_densities_of_the_other_tests_pass_the_checks_too(case) -> None:
    case.declare(check=True)


@pytest.mark.parametrize("name", NAMES)
def test_name_leads_back_to_the_same_declaration(name: str) -> None:
    model = sg.catalogue.get(name)
    again = sg.catalogue.get(model.name)
    assert model.name.split("(")[0] == name
    assert (again.density, again.parameters, again.support) == (model.density, model.parameters, model.support)
    assert getattr(sg.catalogue, name)().density == model.density


@pytest.mark.parametrize("name", NAMES)
def test_each_family_cites_its_source(name: str) -> None:
    assert "chapter" in inspect.getdoc(getattr(sg.catalogue, name)) or "section" in inspect.getdoc(
        getattr(sg.catalogue, name)
    )


@pytest.mark.parametrize(
    ("name", "parameters", "dim"),
    [
        ("categorical(5)", "p1 p2 p3 p4", 4),
        ("dirichlet(4)", "alpha1 alpha2 alpha3 alpha4", 4),
        ("binomial(3)", "p", 1),
        ("binomial(n=3)", "p", 1),
        ("multinomial(k=4, n=2)", "p1 p2 p3", 3),
        ("multivariate_normal(3)", "mu1 mu2 mu3 sigma11 sigma12 sigma13 sigma22 sigma23 sigma33", 9),
        ("gamma()", "k r", 2),
        ("  beta ", "alpha beta", 2),
        ("bivariate_normal", "mu1 mu2 sigma1 sigma2 rho", 5),
    ],
)
def test_sizes_by_name(name: str, parameters: str, dim: int) -> None:
    model = sg.catalogue.get(name)
    assert " ".join(s.name for s in model.parameters) == parameters
    assert model.manifold.dim == dim


@pytest.mark.parametrize(
    ("call", "value"),
    [
        (lambda: sg.catalogue.weibull(1.5), "weibull(3/2)"),
        (lambda: sg.catalogue.weibull(sp.Rational(3, 2)), "weibull(3/2)"),
        (lambda: sg.catalogue.pareto(sp.Float(0.1)), "pareto(1/10)"),
        (lambda: sg.catalogue.laplace(-2), "laplace(-2)"),
        (lambda: sg.catalogue.negative_binomial(sp.pi), "negative_binomial(pi)"),
        (lambda: sg.catalogue.binomial(sp.Integer(4)), "binomial(4)"),
    ],
)
def test_known_values_are_exact(call, value) -> None:
    assert call().name == value


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("gama", "did you mean gamma"),
        ("Normal", "did you mean normal"),
        ("no such family at all", r"catalogue.names\(\)"),
        ("zzz", r"catalogue.names\(\) lists them all"),
        ("", r"catalogue.names\(\)"),
        ("binomial(x)", "no number.*write binomial"),
        ("binomial(1/0)", "no number"),
        ("binomial(__import__('os'))", r"catalogue.names\(\)"),
        ("binomial(5, 6)", r"write binomial\(n=10\)"),
        ("binomial(k=5)", r"write binomial\(n=10\)"),
        ("multinomial(n=5, 3)", r"write multinomial\(n=5, k=3\)"),
        ("multinomial(n=5, n=3)", r"write multinomial\(n=5, k=3\)"),
        ("gamma(3)", "write gamma"),
        (None, r"catalogue.names\(\)"),
    ],
)
def test_unknown_names_are_refused_with_a_way_on(name, remedy: str) -> None:
    with pytest.raises(UnknownFamilyError, match=remedy):
        sg.catalogue.get(name)


@pytest.mark.parametrize(
    ("call", "remedy"),
    [
        (lambda: sg.catalogue.binomial(0), "at least 1"),
        (lambda: sg.catalogue.binomial(2.5), "whole number"),
        (lambda: sg.catalogue.categorical(1), "at least 2"),
        (lambda: sg.catalogue.get("multivariate_normal(0)"), "at least 1"),
        (lambda: sg.catalogue.pareto(0), "must be positive"),
        (lambda: sg.catalogue.weibull(-1), "must be positive"),
        (lambda: sg.catalogue.laplace(sp.Symbol("m", real=True)), "among the parameters"),
        (lambda: sg.catalogue.weibull("2"), "number"),
        (lambda: sg.catalogue.weibull(True), "must be a number"),
        (lambda: sg.catalogue.weibull(float("nan")), "finite real"),
        (lambda: sg.catalogue.weibull(float("inf")), "finite real"),
        (lambda: sg.catalogue.weibull(sp.I), "finite real"),
    ],
)
def test_known_values_outside_their_range_are_refused(call, remedy: str) -> None:
    with pytest.raises(DeclarationError, match=remedy):
        call()


def test_all_geometry_is_derived_within_seconds() -> None:
    """Metric to scalar curvature of the whole catalogue; a hundred times what it takes, against runaway growth."""
    start = time.perf_counter()
    for name in NAMES:
        manifold = sg.catalogue.get(name).manifold
        assert manifold.connection(0).scalar_curvature is not None
    assert time.perf_counter() - start < 60
