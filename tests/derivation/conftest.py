"""Families that the tests of derivations share, each derived once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
import sympy as sp

from symgeo import catalogue
from symgeo.derivation import derivation
from symgeo.derivation.document import Derivation
from symgeo.derivation.steps import Step
from symgeo.models.statistical_model import StatisticalModel

Y = sp.Symbol("y", real=True)


def ugly() -> StatisticalModel:
    """A gamma density whose names hold every character that LaTeX or Markdown reads in its own way."""
    x = sp.Symbol("x%_&#", positive=True)
    shape, rate = sp.Symbol("shape_param", positive=True), sp.Symbol("r#%$~^", positive=True)
    density = rate**shape * x ** (shape - 1) * sp.exp(-rate * x) / sp.gamma(shape)
    return StatisticalModel(density, x, (shape, rate), name="my_{fam}~^\\ 100% $x$ & Ünï — 中", check=False)


def unicode_names() -> StatisticalModel:
    """A normal density with Greek letters and index digits as characters."""
    mu, variance = sp.Symbol("μ", real=True), sp.Symbol("σ₁²", positive=True)
    density = sp.exp(-((Y - mu) ** 2) / (2 * variance)) / sp.sqrt(2 * sp.pi * variance)
    return StatisticalModel(density, Y, (mu, variance), check=False)


def occupied_letters() -> StatisticalModel:
    """Parameters called like everything that a derivation has letters for."""
    names = "alpha a eta mu psi theta g t p k"
    parameters = sp.symbols(names, positive=True)
    variables = sp.symbols("x0:10", positive=True)
    density = sp.Mul(*(a * sp.exp(-a * x) for a, x in zip(parameters, variables, strict=True)))
    return StatisticalModel(density, variables, parameters, check=False)


def cauchy() -> StatisticalModel:
    m = sp.Symbol("m", real=True)
    return StatisticalModel(1 / (sp.pi * (1 + (Y - m) ** 2)), Y, m, name="cauchy", check=False)


def mixture() -> StatisticalModel:
    p = sp.Symbol("p", positive=True)
    parts = p * sp.exp(-(Y**2) / 2) + (1 - p) * sp.exp(-((Y - 1) ** 2) / 2)
    domain = {p: sp.Interval.open(0, 1)}
    return StatisticalModel(parts / sp.sqrt(2 * sp.pi), Y, p, domain=domain, check=False)


def curved() -> StatisticalModel:
    g = sp.Symbol("g", positive=True)
    return StatisticalModel(sp.exp(-((Y - g) ** 2) / (2 * g**2)) / sp.sqrt(2 * sp.pi) / g, Y, g, check=False)


def over_parametrised() -> StatisticalModel:
    a, b = sp.symbols("a b", real=True)
    return StatisticalModel(sp.exp(-((Y - a - b) ** 2) / 2) / sp.sqrt(2 * sp.pi), Y, (a, b), check=False)


OWN = {f.__name__: f for f in (ugly, unicode_names, occupied_letters, cauchy, mixture, curved, over_parametrised)}


@cache
def _derived(name: str) -> Derivation:
    return derivation(OWN[name]() if name in OWN else catalogue.get(name))


@pytest.fixture(scope="session")
def derived() -> Callable[[str], Derivation]:
    """The derivation of a family of the catalogue, or of one declared here, by name."""
    return _derived


@pytest.fixture(scope="session")
def step() -> Callable[[str, str], Step]:
    """The step of that title in the derivation of a family."""
    return lambda name, title: next(s for s in _derived(name).steps if s.title == title)


@pytest.fixture(scope="session")
def right(step: Callable[[str, str], Step]) -> Callable[[str, str], dict[str, sp.Expr]]:
    """The right sides of a step's formulas by their left sides."""
    return lambda name, title: {f.left: f.right for f in step(name, title).formulas}
