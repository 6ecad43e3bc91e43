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


def three_parameter_mixture() -> StatisticalModel:
    w, m, s = sp.Symbol("w", positive=True), sp.Symbol("m", real=True), sp.Symbol("s", positive=True)
    parts = w * sp.exp(-(Y**2) / 2) + (1 - w) / s * sp.exp(-(((Y - m) / s) ** 2) / 2)
    domain = {w: sp.Interval.open(0, 1)}
    return StatisticalModel(parts / sp.sqrt(2 * sp.pi), Y, (w, m, s), domain=domain, check=False)


def free_size() -> StatisticalModel:
    """The negative binomial law with both parameters free: some of its expectations are closed."""
    n = sp.Symbol("n", integer=True, nonnegative=True)
    r, p = sp.symbols("r p", positive=True)
    density = sp.gamma(n + r) / (sp.gamma(r) * sp.factorial(n)) * p**r * (1 - p) ** n
    return StatisticalModel(density, n, (r, p), domain={p: sp.Interval.open(0, 1)}, check=False)


def long_names() -> StatisticalModel:
    """Expectations that stay, in parameters whose names are no indices."""
    weight, place = sp.Symbol("mixing_weight", positive=True), sp.Symbol("location", real=True)
    parts = weight * sp.exp(-(Y**2) / 2) + (1 - weight) * sp.exp(-((Y - place) ** 2) / 2)
    domain = {weight: sp.Interval.open(0, 1)}
    return StatisticalModel(parts / sp.sqrt(2 * sp.pi), Y, (weight, place), domain=domain, check=False)


def normal_and_log_logistic() -> StatisticalModel:
    """Two variables, each with a substitution of its own."""
    m, z = sp.Symbol("m", real=True), sp.Symbol("z", positive=True)
    s, a, b = sp.symbols("s a b", positive=True)
    first = sp.exp(-((Y - m) ** 2) / (2 * s**2)) / (sp.sqrt(2 * sp.pi) * s)
    second = b / a * (z / a) ** (b - 1) / (1 + (z / a) ** b) ** 2
    return StatisticalModel(first * second, (Y, z), (m, s, a, b), check=False)


def moving_kink() -> StatisticalModel:
    """In two variables, where it is not followed."""
    w, m, z = sp.Symbol("w", positive=True), sp.Symbol("m", real=True), sp.Symbol("z", real=True)
    density = w * sp.exp(-sp.Abs(Y - m) - sp.Abs(z)) / 4 + (1 - w) * sp.exp(-(Y**2) - z**2) / sp.pi
    return StatisticalModel(density, (Y, z), (w, m), domain={w: sp.Interval.open(0, 1)}, check=False)


def infinite_information() -> StatisticalModel:
    m = sp.Symbol("m", real=True)
    return StatisticalModel(sp.exp(-sp.sqrt(sp.Abs(Y - m))) / 4, Y, m, check=False)


def one_place_of_two() -> StatisticalModel:
    """A mixture that knows only the sum of two parameters."""
    a, b = sp.symbols("a b", real=True)
    parts = 3 * sp.exp(-(Y**2) / 2) + sp.exp(-((Y - a - b) ** 2) / 2)
    return StatisticalModel(parts / (4 * sp.sqrt(2 * sp.pi)), Y, (a, b), check=False)


def curved() -> StatisticalModel:
    g = sp.Symbol("g", positive=True)
    return StatisticalModel(sp.exp(-((Y - g) ** 2) / (2 * g**2)) / sp.sqrt(2 * sp.pi) / g, Y, g, check=False)


def over_parametrised() -> StatisticalModel:
    a, b = sp.symbols("a b", real=True)
    return StatisticalModel(sp.exp(-((Y - a - b) ** 2) / 2) / sp.sqrt(2 * sp.pi), Y, (a, b), check=False)


DECLARED = (
    ugly, unicode_names, occupied_letters, cauchy, mixture, three_parameter_mixture, free_size, long_names,
    normal_and_log_logistic, moving_kink, infinite_information, one_place_of_two, curved, over_parametrised,
)  # fmt: skip
OWN = {f.__name__: f for f in DECLARED}


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
