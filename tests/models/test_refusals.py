"""What is no regular model is refused by name, whatever disguise it wears; and what lies outside the domain is nan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp
from sympy import Abs, Eq, Heaviside, Interval, Max, Piecewise, Rational, cos, exp, log, pi, sign, sqrt

import symgeo as sg
from symgeo import errors

x = sp.Symbol("x", real=True)
u = sp.Symbol("u", positive=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
a, b, k, p, r, s = sp.symbols("a b k p r s", positive=True)
e, m, t = sp.symbols("e m t", real=True)
N = sp.Symbol("N", integer=True, positive=True)
UNIT = {"domain": {p: (0, 1)}}
EXPONENTIAL = a * exp(-a * u)


def normal(at: Any, mean: Any, sd: Any) -> sp.Expr:
    return exp(-((at - mean) ** 2) / (2 * sd**2)) / (sd * sqrt(2 * pi))


# name: (density, variables, parameters, options, error, fragment of the message)
MOVING = {
    "uniform": (1 / (b - a), x, (a, b), {"support": Interval(a, b)}, errors.SupportError, "moves with a, b"),
    "uniform of unit length": (
        Heaviside(x - a) * Heaviside(a + 1 - x), x, a, {}, errors.SupportError, "switches at Heaviside",
    ),
    "Pareto, declared": (
        a * b**a / u ** (a + 1), u, (a, b), {"support": Interval(b, sp.oo)}, errors.SupportError, "moves with b",
    ),
    "Pareto, Piecewise": (
        Piecewise((a * b**a / u ** (a + 1), u > b), (0, True)), u, (a, b), {}, errors.SupportError, "switches at b < u",
    ),
    "Pareto, on the half line": (
        a * b**a / u ** (a + 1), u, (a, b), {}, errors.NormalisationError, "no finite total mass",
    ),
    "shifted exponential, Max of sign": (
        r * exp(-r * (x - m)) * Max(0, sign(x - m)), x, (m, r), {}, errors.SupportError, "fix m or reparametrise",
    ),
    "shifted exponential, half at the jump": (
        r * exp(-r * (x - m)) * Heaviside(x - m, Rational(1, 2)), x, (m, r), {}, errors.SupportError, "fix m",
    ),
    "Weibull of three parameters": (
        k / s * ((x - m) / s) ** (k - 1) * exp(-(((x - m) / s) ** k)), x, (m, s, k), {},
        errors.NegativeDensityError, "not real",
    ),
    "extreme values": (
        (1 + e * x) ** (-1 / e - 1) * exp(-((1 + e * x) ** (-1 / e))), x, e, {},
        errors.NegativeDensityError, "not real",
    ),
    "generalised Pareto": (
        (1 - a * u) ** (1 / a - 1), u, a, {"domain": {a: (0, 1)}}, errors.NegativeDensityError, "not real",
    ),
    "sign of a logarithm": (
        2 * u / a**2 * (1 + sign(log(a / u))) / 2, u, a, {}, errors.SupportError, "sign",
    ),
    "discrete uniform": (
        Piecewise((1 / (a + 1), n <= a), (0, True)), n, a, {}, errors.SupportError, "fix a or reparametrise",
    ),
    "truncated at a parameter": (
        exp(-x) / (1 - exp(-a)), x, a, {"support": Interval(0, a)}, errors.SupportError, "moves with a",
    ),
    "truncated by a Piecewise": (
        Piecewise((exp(-u) / (1 - exp(-a)), u < a), (0, True)), u, a, {}, errors.SupportError, "fix a",
    ),
    "indicator of |x| < a": (
        Piecewise((1 / (2 * a), Abs(x) < a), (0, True)), x, a, {}, errors.SupportError, "fix a",
    ),
    "indicator of x a < 1": (Piecewise((a, u * a < 1), (0, True)), u, a, {}, errors.SupportError, "fix a"),
    "indicator of x^2 < a": (
        Piecewise((1 / (2 * sqrt(a)), x**2 < a), (0, True)), x, a, {}, errors.SupportError, "fix a",
    ),
    "membership": (
        Piecewise((1 / a, sp.Contains(u, Interval(0, a))), (0, True)), u, a, {}, errors.SupportError, "Contains",
    ),
    "triangular ends": (Max(0, 1 - Abs(x) / a) / a, x, a, {}, errors.SupportError, "fix a"),
    "jump inside": (normal(x, m, 1) * (1 + sign(x - m) / 2), x, m, {}, errors.SupportError, "fix m"),
    "jump by an angle": (
        normal(x, m, 1) * (Rational(3, 4) + sp.atan2(0, x - m) / pi / 2), x, m, {}, errors.SupportError, "jumps",
    ),
}  # fmt: skip
PARAMETERS = {
    "binomial, free number": (
        sp.binomial(N, n) * p**n * (1 - p) ** (N - n), n, (N, p), UNIT, errors.DomainError, "continuous",
    ),
    "binomial, real number": (
        sp.binomial(a, n) * p**n * (1 - p) ** (a - n), n, (a, p), UNIT, errors.NegativeDensityError, "negative",
    ),
    "hypergeometric": (
        sp.binomial(N, n) * sp.binomial(20 - N, 5 - n) / sp.binomial(20, 5), n, N, {"support": sp.Range(0, 6)},
        errors.DomainError, "continuous",
    ),
    "Erlang": (
        r**N * u ** (N - 1) * exp(-r * u) / sp.factorial(N - 1), u, (N, r), {}, errors.DomainError, "fix the value",
    ),
    "a moving atom": (sp.KroneckerDelta(n, N), n, N, {}, errors.DomainError, "discrete"),
    "natural numbers": (EXPONENTIAL, u, a, {"domain": {a: sp.S.Naturals}}, errors.DomainError, "discrete"),
    "empty domain": (EXPONENTIAL, u, a, {"domain": {a: Interval(-3, -1)}}, errors.DomainError, "contradicts"),
    "empty by a constraint": (
        a * b * exp(-a * b * u), u, (a, b), {"constraints": [a * b < 0]}, errors.DomainError, "false for all",
    ),
    "an equation": (
        a * b * exp(-a * b * u), u, (a, b), {"constraints": [Eq(a, b)]}, errors.DomainError, "removes a dimension",
    ),
    "a constraint on a variable": (
        EXPONENTIAL, u, a, {"constraints": [u < a]}, errors.UnknownSymbolError, "no parameter",
    ),
    "complex parameter": (
        exp(-(x**2)) / sqrt(pi), x, sp.Symbol("z", imaginary=True), {}, errors.DomainError, "real",
    ),
    "switch on parameters": (
        EXPONENTIAL * (1 + Max(0, a - 10)), u, a, {}, errors.DomainError, "keep one branch",
    ),
}  # fmt: skip
MASS = {
    "0.1 % too much": (Rational(1001, 1000) * EXPONENTIAL, u, a, {}, errors.NormalisationError, "integrates to 1.001"),
    "no finite mass": (a / u, u, a, {}, errors.NormalisationError, "diverges over u"),
    "negative near an end": (
        (1 + 2 * a * x) / 2, x, a, {"support": Interval(-1, 1), "domain": {a: (0, 1)}},
        errors.NegativeDensityError, "negative",
    ),
    "negative at every second point": (
        2 * a * (1 - 2 * a) ** n, n, a, {"domain": {a: (0, 1)}}, errors.NegativeDensityError, "negative",
    ),
    "complex": (exp(-(x**2) + sp.I * m * x) / sqrt(pi), x, m, {}, errors.DeclarationError, "complex"),
    "logarithm of the line": (log(x) * EXPONENTIAL, (x, u), a, {}, errors.NegativeDensityError, "not real"),
    "beta on the half line": (
        u ** (a - 1) * (1 - u) ** (b - 1) / sp.beta(a, b), u, (a, b), {}, errors.NegativeDensityError, "not real",
    ),
}  # fmt: skip
TYPES = {
    "density in a list": ([EXPONENTIAL], u, a, {}, errors.DeclarationError, "SymPy expression"),
    "density as a function": (lambda v: v, u, a, {}, errors.DeclarationError, "SymPy expression"),
    "variable as text": (EXPONENTIAL, "u", a, {}, errors.ParameterListError, "no symbol"),
    "no parameters": (EXPONENTIAL, u, None, {}, errors.ParameterListError, "give a tuple"),
    "a number of parameters": (EXPONENTIAL, u, 3, {}, errors.ParameterListError, "tuple"),
    "support as text": (EXPONENTIAL, u, a, {"support": "positive"}, errors.SupportError, "give Interval"),
    "support as a number": (EXPONENTIAL, u, a, {"support": 3}, errors.SupportError, "give Interval"),
    "domain as text": (EXPONENTIAL, u, a, {"domain": {a: "positive"}}, errors.DomainError, "declare an interval"),
    "domain of a name": (EXPONENTIAL, u, a, {"domain": {"a": (0, 1)}}, errors.ParameterListError, "own symbols"),
    "constraint as text": (EXPONENTIAL, u, a, {"constraints": ["a<1"]}, errors.DomainError, "write inequalities"),
    "undefined function": (sp.Function("f")(u, a), u, a, {}, errors.NormalisationError, "no spelling"),
    "matrix entry": (
        sp.MatrixSymbol("A", 2, 2)[0, 0] * EXPONENTIAL, u, a, {}, errors.UnknownSymbolError, "neither variable",
    ),
}  # fmt: skip
DECLARATIONS = {f"{group}: {name}": case for group, cases in
                (("moving", MOVING), ("parameter", PARAMETERS), ("mass", MASS), ("type", TYPES))
                for name, case in cases.items()}  # fmt: skip


@pytest.mark.parametrize("name", DECLARATIONS)
def test_the_declaration_is_refused(name: str) -> None:
    density, variables, parameters, options, error, fragment = DECLARATIONS[name]
    with pytest.raises(error, match=fragment) as caught:
        _ = sg.StatisticalModel(density, variables, parameters, **options).manifold
    assert len(str(caught.value)) < 700


ON_UNIT = {"support": Interval(0, 1), "domain": {a: (0, 1)}}
INFINITE = {
    "cusp of power 0.4": (exp(-(Abs(x - m) ** Rational(2, 5))) / (2 * sp.gamma(Rational(7, 2))), x, m, {}),
    "cusp of power 0.5": (exp(-sqrt(Abs(x - m))) / 4, x, m, {}),
    "cusp with a scale": (
        exp(-((Abs(x - m) / s) ** Rational(2, 5))) / (2 * s * sp.gamma(Rational(7, 2))),
        x,
        (m, s),
        {},
    ),
    "cusp in disguise": (exp(-(((x - m) ** 2) ** Rational(1, 5))) / (2 * sp.gamma(Rational(7, 2))), x, m, {}),
    "infinite cubic tensor": (exp(-(Abs(x - m) ** Rational(3, 5))) / (2 * sp.gamma(Rational(8, 3))), x, m, {}),
    "zero that moves": (Abs(x - m) * exp(-((x - m) ** 2)), x, m, {}),
    "zero that moves in a fixed interval": (Abs(x - a) / ((a**2 + (1 - a) ** 2) / 2), x, a, ON_UNIT),
}


@pytest.mark.parametrize("name", INFINITE)
def test_infinite_information_is_refused(name: str) -> None:
    density, variables, parameters, options = INFINITE[name]
    with pytest.raises(errors.DivergentExpectationError, match="infinite"):
        sg.lambdify(sg.StatisticalModel(density, variables, parameters, **options).manifold.cubic)


def test_divergence_on_a_part_of_the_domain_names_the_part() -> None:
    density = b / (2 * sp.gamma(1 / b)) * exp(-(Abs(x - m) ** b))
    with pytest.raises(errors.DivergentExpectationError, match=r"finite only where \(2\*b - 1\)/b > 0"):
        _ = sg.StatisticalModel(density, x, (m, b)).manifold
    model = sg.StatisticalModel(density, x, (m, b), domain={b: (1, sp.oo)})
    assert np.all(np.isfinite(sg.lambdify(model.manifold.metric)([0.3, 1.7])))


# name: (density, variables, parameters, options, rank, null direction up to a factor)
REDUNDANT = {
    "a product": (a * b * exp(-a * b * u), u, (a, b), {}, 1, (-a, b)),
    "a sum": (1 / (pi * (1 + (x - m - t) ** 2)), x, (m, t), {}, 1, (-1, 1)),
    "a sum in a mixture": (
        p * normal(x, m + t, 1) + (1 - p) * normal(x, 0, 1), x, (p, m, t), UNIT, 2, (0, -1, 1),
    ),
    "identical components": (p * normal(x, m, 1) + (1 - p) * normal(x, m, 1), x, (p, m), UNIT, 1, (1, 0)),
    "behind a gamma function": (
        sp.gamma(a + 1) / sp.gamma(a) * b * exp(-a * b * u), u, (a, b), {}, 1, (-a, b),
    ),
    "without influence": (EXPONENTIAL * (sp.sin(b) ** 2 + cos(b) ** 2), u, (a, b), {}, 1, (0, 1)),
    "gamma functions without influence": (
        EXPONENTIAL * sp.gamma(b + 1) / (b * sp.gamma(b)), u, (a, b), {}, 1, (0, 1),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REDUNDANT)
def test_redundant_parameters_are_named(name: str) -> None:
    density, variables, parameters, options, rank, direction = REDUNDANT[name]
    with pytest.raises(errors.SingularMetricError, match=f"rank {rank} of {len(parameters)}") as caught:
        _ = sg.StatisticalModel(density, variables, parameters, **options).manifold.inverse_metric
    point = {a: 1.5, b: 0.75}
    told = np.array([float(sp.sympify(c).subs(point)) for c in caught.value.null_direction])
    known = np.array([float(sp.sympify(c).subs(point)) for c in direction])
    assert caught.value.rank == rank
    assert np.linalg.matrix_rank(np.stack([told, known]), tol=1e-6) == 1


MOMENTS = {
    "mean of a Cauchy law": ("cauchy", lambda v: v, "infinite for every parameter"),
    "exp(x^2) of a normal law": ("normal", lambda v: exp(v**2), "infinite"),
    "exp(x) of a gamma law": ("gamma", exp, r"infinite where r <= 0\.\d+ and finite where r >= 1\."),
    "1/n of a Poisson count": ("poisson", lambda v: 1 / v, "infinite"),
}


@pytest.mark.parametrize("name", MOMENTS)
def test_infinite_means_are_refused(name: str) -> None:
    family, function, fragment = MOMENTS[name]
    model = getattr(sg.catalogue, family)()
    with pytest.raises(errors.DivergentExpectationError, match=fragment):
        model.expectation(function(model.variables[0]))


@pytest.mark.parametrize("closed", [True, False])
def test_outside_the_open_domain_every_tensor_is_nan(closed: bool) -> None:
    if closed:
        model = sg.catalogue.gamma()
        inside, outside = [1.5, 0.7], [[0.0, 1.0], [-1.0, 1.0], [np.nan, 1.0], [np.inf, 1.0], [1.0, 0.0]]
    else:
        model = sg.StatisticalModel(p * exp(-u) + (1 - p) * r * exp(-r * u), u, (p, r), **UNIT)
        inside, outside = [0.4, 0.6], [[0.0, 0.6], [1.0, 0.6], [1.2, 0.6], [np.nan, 0.6], [0.4, -1.0], [0.4, np.inf]]
    M = model.manifold
    for tensor in (M.metric, M.cubic, M.connection(0).christoffel_first_kind):
        values = sg.lambdify(tensor)([inside, *outside])
        assert np.all(np.isfinite(values[0]))
        assert np.all(np.isnan(values[1:]))


def test_a_density_negative_on_a_part_of_the_domain_is_nan_there() -> None:
    options = {"support": Interval(-pi, pi), "domain": {a: (0, Rational(101, 100))}}
    metric = sg.lambdify(sg.StatisticalModel((1 + a * cos(x)) / (2 * pi), x, a, **options).manifold.metric)
    root = np.sqrt(1 - 0.25)
    np.testing.assert_allclose(metric([0.5]), [[(1 - root) / (0.25 * root)]], rtol=1e-9)
    assert np.isnan(metric([1.005])).all()


def test_numeric_arguments_of_another_kind_are_refused() -> None:
    metric = sg.lambdify(sg.catalogue.gamma().manifold.metric)
    with pytest.raises(errors.ArgumentError):
        metric([1j, 1.0])
    with pytest.raises(errors.ShapeError):
        metric([1.0, 2.0, 3.0])
