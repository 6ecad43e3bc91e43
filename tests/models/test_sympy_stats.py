"""Every random variable that sympy.stats names: a model with SymPy's own density, or a documented refusal."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp
import sympy.stats as st
from sympy.stats import crv_types, drv_types, frv_types, joint_rv_types

import symgeo as sg
from symgeo.errors import (
    DeclarationError,
    DomainError,
    NoClosedFormError,
    NormalisationError,
    NotExponentialFamilyError,
    ParameterListError,
    SupportError,
    UnsupportedFunctionError,
)
from symgeo.models.sympy_stats import declaration

a, b, c, d, p, q = sp.symbols("a b c d p q", positive=True)
mu, nu = sp.symbols("mu nu", real=True)
n = sp.Symbol("n", integer=True, positive=True)
A, B, P = sp.symbols("A B P")  # nothing assumed: SymPy's own conditions have to tell the domain
z = sp.Symbol("z")
x1, x2 = (sp.Indexed("X", i) for i in (1, 2))
R = sp.Rational

# A name with a colon is another use of the law before the colon.
LAWS: dict[str, Callable[[], Any]] = {
    "ContinuousRV": lambda: st.ContinuousRV(z, a * sp.exp(-a * z), set=sp.Interval(0, sp.oo)),
    "Benini": lambda: st.Benini("X", a, b, 1),
    "Beta": lambda: st.Beta("X", a, b),
    "BetaNoncentral": lambda: st.BetaNoncentral("X", a, b, c),
    "BetaPrime": lambda: st.BetaPrime("X", a, b),
    "BoundedPareto": lambda: st.BoundedPareto("X", a, 1, 3),
    "Cauchy": lambda: st.Cauchy("X", mu, a),
    "Chi": lambda: st.Chi("X", a),
    "ChiNoncentral": lambda: st.ChiNoncentral("X", 3, a),
    "ChiSquared": lambda: st.ChiSquared("X", a),
    "Dagum": lambda: st.Dagum("X", a, b, c),
    "Davis": lambda: st.Davis("X", a, A, 1),
    "Erlang": lambda: st.Erlang("X", 3, a),
    "ExGaussian": lambda: st.ExGaussian("X", mu, a, b),
    "Exponential": lambda: st.Exponential("X", A),
    "ExponentialPower": lambda: st.ExponentialPower("X", mu, a, b),
    "FDistribution": lambda: st.FDistribution("X", a, b),
    "FisherZ": lambda: st.FisherZ("X", a, b),
    "Frechet": lambda: st.Frechet("X", a, b),
    "Gamma": lambda: st.Gamma("X", a, 1 / b),
    "Gamma: no assumptions": lambda: st.Gamma("X", A, B),
    "GammaInverse": lambda: st.GammaInverse("X", a, b),
    "Gompertz": lambda: st.Gompertz("X", a, b),
    "Gumbel": lambda: st.Gumbel("X", a, mu),
    "Gumbel: minima": lambda: st.Gumbel("X", a, mu, True),
    "Kumaraswamy": lambda: st.Kumaraswamy("X", a, b),
    "Laplace": lambda: st.Laplace("X", mu, a),
    "Levy": lambda: st.Levy("X", 1, a),
    "LogCauchy": lambda: st.LogCauchy("X", mu, a),
    "Logistic": lambda: st.Logistic("X", mu, a),
    "LogLogistic": lambda: st.LogLogistic("X", a, b),
    "LogitNormal": lambda: st.LogitNormal("X", mu, a),
    "LogNormal": lambda: st.LogNormal("X", mu, a),
    "Lomax": lambda: st.Lomax("X", a, b),
    "Maxwell": lambda: st.Maxwell("X", a),
    "Moyal": lambda: st.Moyal("X", mu, a),
    "Nakagami": lambda: st.Nakagami("X", a, b),
    "Normal": lambda: st.Normal("X", mu, a),
    "Normal: no assumptions": lambda: st.Normal("X", A, B),
    "Normal: two means": lambda: st.Normal("X", [mu, nu], [[2, 1], [1, 3]]),
    "GaussianInverse": lambda: st.GaussianInverse("X", a, b),
    "Pareto": lambda: st.Pareto("X", 1, a),
    "PowerFunction": lambda: st.PowerFunction("X", a, 0, 2),
    "Rayleigh": lambda: st.Rayleigh("X", a),
    "StudentT": lambda: st.StudentT("X", a),
    "Trapezoidal": lambda: st.Trapezoidal("X", 0, p, 2, 3),
    "Triangular": lambda: st.Triangular("X", 0, 1, p),
    "ShiftedGompertz": lambda: st.ShiftedGompertz("X", a, b),
    "VonMises": lambda: st.VonMises("X", mu, a),
    "Wald": lambda: st.Wald("X", a, b),
    "Weibull": lambda: st.Weibull("X", a, b),
    "FlorySchulz": lambda: st.FlorySchulz("X", P),
    "Geometric": lambda: st.Geometric("X", P),
    "Logarithmic": lambda: st.Logarithmic("X", P),
    "NegativeBinomial": lambda: st.NegativeBinomial("X", 3, P),
    "NegativeBinomial: free size": lambda: st.NegativeBinomial("X", a, p),
    "Poisson": lambda: st.Poisson("X", a),
    "Skellam": lambda: st.Skellam("X", a, b),
    "YuleSimon": lambda: st.YuleSimon("X", a),
    "Zeta": lambda: st.Zeta("X", A),
    "FiniteRV": lambda: st.FiniteRV("X", {-1: P, 0: q, R(5, 2): 1 - P - q}),
    "Bernoulli": lambda: st.Bernoulli("X", P),
    "Binomial": lambda: st.Binomial("X", 4, P),
    "BetaBinomial": lambda: st.BetaBinomial("X", 4, a, b),
    "JointRV": lambda: st.JointRV("X", sp.sqrt(a) * sp.exp(-a * x1**2 / 2 - (x2 - mu) ** 2 / 2) / (2 * sp.pi)),
    "MultivariateNormal": lambda: st.MultivariateNormal("X", [mu, 0], [[a, c], [c, b]]),
    "MultivariateNormal: correlation": lambda: st.MultivariateNormal("X", [0, 0], [[1, P], [P, 1]]),
    "MultivariateLaplace": lambda: st.MultivariateLaplace("X", [0, 0], [[a, 0], [0, b]]),
    "Dirichlet": lambda: st.Dirichlet("X", a, b, c),
    "MultivariateBeta": lambda: st.MultivariateBeta("X", A, B),
    "Multinomial": lambda: st.Multinomial("X", 3, p, q, 1 - p - q),
    "MultivariateEwens": lambda: st.MultivariateEwens("X", 4, a),
    "MultivariateT": lambda: st.MultivariateT("X", [mu, 0], [[1, 0], [0, 1]], 5),
    "NegativeMultinomial": lambda: st.NegativeMultinomial("X", 3, p, q),
    "NormalGamma": lambda: st.NormalGamma("X", mu, a, b, c),
}

REFUSED: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "Arcsin": (lambda: st.Arcsin("X", a, 3), SupportError, "moves with a.*a number"),
    "Benini: free scale": (lambda: st.Benini("X", a, b, c), SupportError, "moves with c"),
    "BoundedPareto: free ends": (lambda: st.BoundedPareto("X", a, b, c), SupportError, "moves with b, c"),
    "Erlang: free integer": (lambda: st.Erlang("X", n, a), DomainError, "give n a number"),
    "Frechet: free location": (lambda: st.Frechet("X", a, b, mu), SupportError, "moves with mu"),
    "Levy: free location": (lambda: st.Levy("X", mu, a), SupportError, "moves with mu"),
    "Pareto: free scale": (lambda: st.Pareto("X", a, b), SupportError, "moves with a.*a number"),
    "PowerFunction: free ends": (lambda: st.PowerFunction("X", a, mu, nu), SupportError, "moves with mu, nu"),
    "QuadraticU": (lambda: st.QuadraticU("X", a, 3), SupportError, "moves with a"),
    "RaisedCosine": (lambda: st.RaisedCosine("X", mu, a), SupportError, "moves with a, mu"),
    "Reciprocal": (lambda: st.Reciprocal("X", a, 3), SupportError, "moves with a"),
    "Uniform": (lambda: st.Uniform("X", mu, nu), SupportError, "moves with mu, nu"),
    "UniformSum": (lambda: st.UniformSum("X", n), SupportError, "moves with n"),
    "WignerSemicircle": (lambda: st.WignerSemicircle("X", a), SupportError, "moves with a"),
    "Hermite": (lambda: st.Hermite("X", a, b), DeclarationError, "only as a sum"),
    "FiniteRV: tied": (lambda: st.FiniteRV("X", {0: p, 1: q}), NormalisationError, "sums to"),
    "DiscreteUniform": (lambda: st.DiscreteUniform("X", [1, 2, 3]), ParameterListError, "no free symbol"),
    "Die": (lambda: st.Die("X", n), SupportError, "give n a number"),
    "Die: six sides": (lambda: st.Die("X"), ParameterListError, "no free symbol"),
    "Coin": (lambda: st.Coin("X", p), SupportError, "real numbers as outcomes"),
    "Binomial: free number": (lambda: st.Binomial("X", n, p), SupportError, "give n a number"),
    "Hypergeometric": (lambda: st.Hypergeometric("X", n, 3, 2), DomainError, "give n a number"),
    "Rademacher": (lambda: st.Rademacher("X"), ParameterListError, "no free symbol"),
    "IdealSoliton": (lambda: st.IdealSoliton("X", 5), ParameterListError, "no free symbol"),
    "RobustSoliton": (lambda: st.RobustSoliton("X", 5, p, a), DeclarationError, "no density"),
    "Multinomial: tied": (lambda: st.Multinomial("X", 3, p, q), ParameterListError, "tied by"),
    "GeneralizedMultivariateLogGamma": (
        lambda: st.GeneralizedMultivariateLogGamma("X", R(1, 2), a, [1, 1], [1, 1]),
        DeclarationError,
        "only as a sum",
    ),
    "GeneralizedMultivariateLogGammaOmega": (
        lambda: st.GeneralizedMultivariateLogGammaOmega(
            "X", sp.Matrix([[1, R(1, 2)], [R(1, 2), 1]]), a, [1, 1], [1, 1]
        ),
        DeclarationError,
        "only as a sum",
    ),
    "a function of one": (lambda: 2 * st.Normal("X", mu, a) + 1, DeclarationError, "random expression"),
    "a component": (lambda: st.Normal("X", [mu, 0], [[1, 0], [0, 1]])[0], DeclarationError, "random expression"),
    "random parameters": (lambda: st.Normal("X", st.Normal("Y", mu, 1), a), DeclarationError, "themselves random"),
    "a random matrix": (lambda: st.Wishart("X", 3, [[a, 0], [0, 1]]), DeclarationError, "no random variable"),
    "a number": (lambda: sp.Integer(5), DeclarationError, "no random variable"),
}

OPTIONS = {"ExponentialPower": {"domain": {b: sp.Interval.open(R(2, 3), sp.oo)}}}  # below, cubic moments are infinite
EASIER = {"LogCauchy": "Cauchy"}
CUTS = {"Laplace": (mu,), "ExponentialPower": (mu,), "Trapezoidal": (p, R(2)), "Triangular": (p,)}
POINTS = {
    "Zeta": {A: R(17, 2)},
    "NegativeMultinomial": {p: R(1, 5), q: R(1, 4)},
    "YuleSimon": {a: R(19, 2)},
    "MultivariateNormal": {mu: R(1, 3), a: R(3, 2), c: R(1, 2), b: R(5, 4)},
}
# The variables that SymPy's density has and the model leaves out.
COMPLETED: dict[str, Callable[[tuple], tuple]] = {
    "Dirichlet": lambda x: (*x, 1 - sum(x)),
    "MultivariateBeta": lambda x: (*x, 1 - sum(x)),
    "Multinomial": lambda x: (*x, 3 - sum(x)),
    "MultivariateEwens": lambda x: (4 - sum((i + 2) * k for i, k in enumerate(x)), *x),
}


def test_every_name_of_sympy_stats_is_here() -> None:
    named = {name for types in (crv_types, drv_types, frv_types, joint_rv_types) for name in types.__all__}
    covered = {name.split(":")[0] for name in (*LAWS, *REFUSED)}
    assert named - covered == set()
    assert {name.split(":")[0] for name in LAWS} - named == set()


def nodes(lower: float, upper: float, count: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Double exponential nodes and weights on an interval that may be infinite."""
    reach = 3.2 if np.isfinite(lower) and np.isfinite(upper) else 4.0
    t, step = np.linspace(-reach, reach, 2 * count + 1, retstep=True)
    inner, slope = np.pi / 2 * np.sinh(t), np.pi / 2 * np.cosh(t) * step
    if np.isfinite(lower) and np.isfinite(upper):
        share = 1 / (1 + np.exp(-2 * inner))
        return lower + (upper - lower) * share, 2 * (upper - lower) * share * (1 - share) * slope
    if np.isfinite(lower) or np.isfinite(upper):
        x = np.exp(inner)
        return (lower + x, x * slope) if np.isfinite(lower) else (upper - x, x * slope)
    return np.sinh(inner), np.cosh(inner) * slope


def members(piece: Any, lower: float, upper: float, cuts: list[float], fine: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of one set at fixed earlier variables; an infinite progression is cut off."""
    if piece.discrete:
        values = getattr(piece, "values", None)
        most = 4 * fine
        x = np.arange(max(lower, -most), min(np.floor(upper), most) + 1) if values is None else np.array(values, float)
        return x, np.ones_like(x)
    ends = [lower, *cuts, upper]
    parts = [nodes(*pair, fine) for pair in pairwise(ends)]
    return np.concatenate([x for x, _ in parts]), np.concatenate([w for _, w in parts])


def grid(model: sg.StatisticalModel, cuts: list[float]) -> tuple[list[np.ndarray], np.ndarray]:
    """Nodes, one column a variable, and weights of the support; later sets are laid out for each earlier point."""
    fine = 150 if len(model.variables) == 1 else 90
    points, weights = np.zeros((1, 0)), np.ones(1)
    for i, (piece,) in enumerate(model.support.pieces):
        ends = [sp.lambdify(model.variables[:i], end, "numpy") for end in piece.ends]
        grown, heavier = [], []
        for point, weight in zip(points, weights, strict=True):
            x, w = members(piece, *(float(end(*point)) for end in ends), cuts, fine)
            grown.append(np.column_stack([np.tile(point, (len(x), 1)), x]))
            heavier.append(weight * w)
        points, weights = np.concatenate(grown), np.concatenate(heavier)
    return list(points.T), weights


def by_differences(model: sg.StatisticalModel, point: dict) -> Callable[..., list[np.ndarray]]:
    """Density and score at columns of observations, the score by central differences in 40 digits."""
    exact = sp.lambdify((*model.parameters, *model.variables), model.density, "mpmath")
    centre, step = [mpmath.mpf(point[t].p) / point[t].q for t in model.parameters], mpmath.mpf(10) ** -15

    def at(*observed: float) -> list[float]:
        with mpmath.workdps(40):
            try:
                told = [float(exact(*centre, *observed))]
            except ZeroDivisionError:  # a node that rounds to an end
                return [0.0] * (1 + len(centre))
            for i in range(len(centre)):
                ends = [[t + sign * step * (i == k) for k, t in enumerate(centre)] for sign in (1, -1)]
                up, down = (mpmath.log(abs(exact(*end, *observed)) + mpmath.mpf(10) ** -2000) for end in ends)
                told.append(float((up - down) / (2 * step)))
            return told

    return lambda *columns: list(np.array([at(*map(mpmath.mpf, row)) for row in zip(*columns, strict=True)]).T)


def fisher_information(model: sg.StatisticalModel, point: dict, cuts: list[float]) -> np.ndarray:
    """E[s_i s_j] from the density alone: double exponential sums over intervals, plain sums over integers."""
    score = [sp.diff(sp.log(model.density), t) for t in model.parameters]
    points, weights = grid(model, cuts)
    try:
        function = sp.lambdify(model.variables, [e.subs(point) for e in (model.density, *score)], "scipy")
    except NotImplementedError:  # SciPy has not all derivatives of zeta and hyper
        function = by_differences(model, point)
    with np.errstate(all="ignore"):
        density, *scores = function(*points)
        density = np.broadcast_to(np.asarray(density, float), weights.shape)
        mass = np.where(np.isfinite(density) & (density > 1e-250), density * weights, 0)
        rows = np.stack([np.where((mass > 0) & np.isfinite(s), s, 0) for s in scores])
    assert abs(mass.sum() - 1) < 1e-9
    return np.einsum("in,jn,n->ij", rows, rows, mass)


@pytest.mark.parametrize("name", LAWS)
def test_law(name: str) -> None:
    variable = LAWS[name]()
    model = sg.StatisticalModel.from_sympy_stats(variable, **OPTIONS.get(name, {}))
    law = st.density(variable)
    for point in model.chart.interior_points(2):
        for place in model.support.interior_points(3):
            values = tuple(place[v] for v in model.variables)
            values = COMPLETED.get(name, lambda x: x)(values)
            theirs = law.dict[values[0]] if name == "FiniteRV" else law(*values)
            ratio = model.density.subs(point).subs(place) / theirs.subs(point)
            assert abs(sp.N(ratio, 30) - 1) < 1e-20
    if name == "MultivariateLaplace":
        return  # two integrals over a pole of the score take too long here
    try:
        metric = sg.lambdify(model.manifold.metric)
    except (NotExponentialFamilyError, NoClosedFormError, UnsupportedFunctionError) as reason:
        pytest.skip(str(reason))
    point = POINTS.get(name) or model.chart.interior_points(1)[0]
    cuts = [float(cut.subs(point)) for cut in CUTS.get(name, ())]
    # a one-to-one change of the observation leaves the information as it is
    observed = sg.StatisticalModel.from_sympy_stats(LAWS[EASIER[name]]()) if name in EASIER else model
    expected = fisher_information(observed, point, cuts)
    np.testing.assert_allclose(metric([float(point[t]) for t in model.parameters]), expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    make, error, told = REFUSED[name]
    with pytest.raises(error, match=told):
        sg.StatisticalModel.from_sympy_stats(make())


def test_symbols_are_named_after_the_random_variable() -> None:
    assert declaration(st.Gamma("X", a, b)).variables == (sp.Symbol("X", positive=True),)
    assert declaration(st.Poisson("N", a)).variables == (sp.Symbol("N", integer=True, nonnegative=True),)
    assert declaration(st.Normal("X", [mu, 0], [[a, 0], [0, 1]])).variables == sp.symbols("X_0 X_1", real=True)
    x = sp.Symbol("x", positive=True)
    assert declaration(st.Gamma(x, a, b)).variables == (x,)
    assert declaration(st.Gamma("a", a, b)).variables == (sp.Symbol("a_", positive=True),)


def test_parameters_in_order_of_appearance_or_as_given() -> None:
    assert declaration(st.Normal("X", mu, a)).parameters == (mu, a)
    assert declaration(st.Normal("X", [nu, mu], [[b, 0], [0, a]])).parameters == (nu, mu, b, a)
    assert declaration(st.Normal("X", mu, a), (a, mu)).parameters == (a, mu)
    assert sg.StatisticalModel.from_sympy_stats(st.Normal("X", mu, a), [a, mu]).parameters == (a, mu)


def test_domain_follows_from_the_conditions_that_sympy_checks() -> None:
    assert declaration(st.Beta("X", A, B)).domain == dict.fromkeys((A, B), sp.Interval.open(0, sp.oo))
    assert declaration(st.Lomax("X", A, 1)).domain == {A: sp.Interval.open(0, sp.oo)}
    assert declaration(st.Geometric("X", P)).domain == {P: sp.Interval.open(0, 1)}
    assert declaration(st.Gamma("X", A, 1 / B)).domain == dict.fromkeys((A, B), sp.Interval.open(0, sp.oo))
    assert declaration(st.MultivariateNormal("X", [0, 0], [[1, P], [P, 1]])).domain == {P: sp.Interval.open(-1, 1)}
    tied = declaration(st.MultivariateNormal("X", [0, 0], [[a, P], [P, b]])).constraints
    assert tied == (a * b - P**2 > 0,)
    assert declaration(st.Gamma("X", a, b)).domain == {}


def test_indicators_are_gone() -> None:
    binomial = declaration(st.Binomial("X", 4, p))
    assert not binomial.density.has(sp.Piecewise) and binomial.support == {
        binomial.variables[0]: sp.FiniteSet(*range(5))
    }
    assert not declaration(LAWS["ContinuousRV"]()).density.has(sp.Piecewise)
    assert not declaration(LAWS["Multinomial"]()).density.has(sp.Piecewise)


def test_options_overrule_sympy() -> None:
    x = sp.Symbol("x", positive=True)
    half = sp.Interval.open(0, R(1, 2))
    model = sg.StatisticalModel.from_sympy_stats(st.Geometric("X", P), name="trials", domain={P: half})
    assert model.name == "trials" and model.domain == {P: half}
    with pytest.raises(NormalisationError):
        sg.StatisticalModel.from_sympy_stats(st.Exponential(x, a), support=sp.Interval(0, 1))
