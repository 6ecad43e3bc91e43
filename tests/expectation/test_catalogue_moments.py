"""Metric and cubic tensor of every family of the catalogue against E[s_i s_j] and E[s_i s_j s_k] by own quadrature.

The oracle knows the declared density and nothing else: SymPy differentiates its logarithm, and integrals are taken
by trapezoidal rules after a change of variable (Takahasi and Mori, Publ. RIMS 9 (1974) 721-741), on both sides of
every corner; sums run until the terms are negligible. That the rule sees a mass of one is asserted each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy.codegen.cfunctions import expm1

import symgeo as sg
from theorems.declared import Case, from_catalogue
from theorems.drawing import points
from theorems.oracle import log_density

Values = Mapping[str, np.ndarray]
Cut = Callable[[Values], np.ndarray]
Rule = tuple[str, float, float]

# Rules (kind, reach, step). "double": exp(pi/2 sinh t) from every end and corner; "light": exp(t - exp(-t)), for
# tails that fall like an exponential; "flat": equal steps over (-reach, reach), for normal tails; "circle": a period.
DOUBLE: Rule = ("double", 5.4, 1 / 64)
COARSE: Rule = ("double", 4.6, 1 / 40)
LIGHT: Rule = ("light", 5.6, 1 / 20)
LIGHTER: Rule = ("light", 5.0, 1 / 9)
FLAT: Rule = ("flat", 26.0, 0.2)
FLATTER: Rule = ("flat", 15.0, 0.4)
CIRCLE: Rule = ("circle", 1.0, 1 / 600)


@dataclass(frozen=True)
class Spot:
    """Where a family is looked at: parameter ranges, rules and corners by variable, terms of a sum, tolerance."""

    box: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    rules: Mapping[str, Rule] = field(default_factory=dict)
    cuts: Mapping[str, Cut] = field(default_factory=dict)
    terms: int = 1000
    nudge: float = 0.0  # added to counts, where the score at zero is a limit
    logarithm: bool = False  # integrate over log x: tails too heavy for floating point
    tolerance: float = 1e-9


def _at(name: str) -> dict[str, Cut]:
    return {"x": lambda values: values[name]}


def _all(rule: Rule, *names: str) -> dict[str, Rule]:
    return dict.fromkeys(names, rule)


_SPREAD = (0.8, 1.4)
_ABOVE = (1.2, 3.0)
_PLANE = _all(FLAT, "x", "y", "x1", "x2")
_SPACE = _all(FLATTER, "x1", "x2", "x3", "y1", "y2", "y3")
_CIRCULAR = {"x": CIRCLE}
_SHARES = {f"p{i}": (0.05, 0.19) for i in range(1, 6)}
_LINE = {"a": (-0.4, 0.4), "b": (-0.4, 0.4)}
_RHO = {"rho": (-0.6, 0.6)}
SPOTS: dict[str, Spot] = {
    "abo_blood_groups": Spot({"p": (0.1, 0.4), "q": (0.1, 0.4)}),
    "arcsine": Spot({"a": (0.2, 0.8)}),
    "asymmetric_laplace": Spot(cuts=_at("mu")),
    "autoregression": Spot({"phi": (-0.6, 0.6), "sigma": _SPREAD}, _SPACE),
    "beta": Spot({"alpha": _ABOVE, "beta": _ABOVE}),
    "beta_geometric": Spot({"a": (3.0, 4.5)}, terms=10**6),
    "beta_mean": Spot({"mu": (0.35, 0.65), "phi": (3.5, 6.0)}),
    "binomial_mixture": Spot({"p": (0.6, 0.9), "q": (0.1, 0.4)}),
    "bivariate_cauchy": Spot(
        {"mu1": (-0.5, 0.5), "mu2": (-0.5, 0.5)},
        cuts={"x1": lambda values: values["mu1"], "x2": lambda values: values["mu2"]},
    ),
    "bivariate_normal": Spot({**_RHO, "sigma1": _SPREAD, "sigma2": _SPREAD}, _PLANE),
    "bivariate_student": Spot({**_RHO, "sigma1": _SPREAD, "sigma2": _SPREAD}),
    "borel": Spot({"lambda": (0.1, 0.7)}),
    "borel_tanner": Spot({"lambda": (0.1, 0.7)}),
    "cardioid": Spot({"mu": (-1.0, 1.0)}, _CIRCULAR),
    "categorical": Spot(_SHARES),
    "cauchy": Spot(cuts=_at("mu")),
    "champernowne": Spot({"theta": (0.5, 2.4)}, cuts=_at("mu")),
    "chi_squared": Spot({"k": (2.2, 7.0)}),
    "common_mean": Spot({"sigma1": _SPREAD, "sigma2": _SPREAD}, _PLANE),
    "complementary_log_log_regression": Spot(_LINE),
    "correlation": Spot(_RHO, _PLANE),
    "dirichlet": Spot({f"alpha{i}": _ABOVE for i in (1, 2, 3)}),
    "discrete_weibull": Spot({"q": (0.3, 0.6), "b": (0.8, 1.6)}, terms=400, nudge=1e-300),
    "exponential_and_poisson": Spot({"m": (0.5, 1.2), "r": (1.0, 2.0)}, {"y": LIGHT}, terms=300),
    "exponential_decay": Spot({"a": _ABOVE, "sigma": _SPREAD}, _SPACE),
    "exponential_mixture": Spot({"a": (1.5, 2.5), "b": (0.4, 0.9)}),
    "exponential_pair": Spot(rules=_all(LIGHT, "x", "y")),
    "exponential_regression": Spot(_LINE, _all(LIGHTER, "y1", "y2", "y3")),
    "fisher_circle": Spot(rules=_PLANE),
    "freund": Spot(rules=_all(LIGHT, "x", "y"), cuts={"y": lambda values: values["x"]}),
    "gamma_hyperbola": Spot(rules=_all(LIGHT, "x", "y")),
    "gamma_regression": Spot({**_LINE, "k": _ABOVE}, _all(LIGHT, "y1", "y2")),
    "generalised_normal": Spot({"b": (1.4, 3.0)}, cuts=_at("mu")),
    "generalised_poisson": Spot({"lambda": (0.1, 0.6)}),
    "gumbel_bivariate_exponential": Spot(rules=_all(LIGHT, "x", "y")),
    "hyperbolic": Spot(cuts=_at("mu")),
    "hypoexponential": Spot({"a": (1.5, 2.5), "b": (0.4, 0.9)}),
    "isotropic_normal": Spot({"sigma": _SPREAD}, _SPACE),
    "kumaraswamy": Spot({"a": _ABOVE, "b": _ABOVE}),
    "laplace_free": Spot(cuts=_at("mu")),
    "linear_regression": Spot({**_LINE, "sigma": _SPREAD}, _SPACE),
    "log_gamma_pareto": Spot({"k": _ABOVE, "r": (1.2, 3.0)}),
    "log_cauchy": Spot(cuts=_at("mu"), logarithm=True),
    "log_laplace": Spot(cuts=_at("delta")),
    "mckay_bivariate_gamma": Spot({"p": _ABOVE, "q": _ABOVE}, _all(LIGHT, "x", "y")),
    "michaelis_menten": Spot(rules=_SPACE),
    "moving_average": Spot({"b": (-0.6, 0.6), "sigma": _SPREAD}, _PLANE),
    "multinomial": Spot(_SHARES),
    "multivariate_normal": Spot({"sigma11": (0.8, 2.0), "sigma22": (0.8, 2.0), "sigma12": (-0.35, 0.35)}, _PLANE),
    "negative_multinomial": Spot({"p1": (0.1, 0.4), "p2": (0.1, 0.4)}, terms=250),
    "independent_poissons": Spot(terms=60),
    "normal_and_gamma": Spot({"sigma": _SPREAD}, {"x": FLAT, "y": LIGHT}),
    "normal_expectation": Spot({"m1": (-0.5, 0.5), "m2": (1.0, 2.5)}),
    "normal_gamma": Spot({"a": _ABOVE, "m": (-0.5, 0.5)}, {"tau": LIGHT}, {"mu": lambda values: values["m"]}),
    "normal_inverse_gaussian": Spot(cuts=_at("mu")),
    "normal_mixture": Spot({"mu1": (-1.5, -0.5), "mu2": (0.5, 1.5), "w": (0.2, 0.8)}),
    "normal_natural": Spot({"eta2": (-2.0, -0.4)}),
    "pareto": Spot({"alpha": (1.5, 4.0)}),
    "poisson_hyperbola": Spot(terms=60),
    "poisson_mixture": Spot({"a": (2.5, 4.0), "b": (0.4, 1.2)}, terms=150),
    "poisson_regression": Spot(_LINE, terms=45),
    "probit_regression": Spot(_LINE),
    "skellam": Spot(terms=80),
    "skew_normal": Spot({"alpha": (0.5, 2.5)}),
    "student": Spot(cuts=_at("mu")),
    "student_free": Spot({"nu": (1.5, 5.0)}, cuts=_at("mu")),
    "topp_leone": Spot({"a": (0.8, 3.0)}),
    "triangular": Spot({"c": (0.2, 0.8)}, cuts=_at("c")),
    "trivariate_normal": Spot(
        {f"sigma{i}": _SPREAD for i in (1, 2, 3)} | {f"rho{i}": (-0.4, 0.4) for i in (12, 13, 23)}, _SPACE
    ),
    "truncated_normal": Spot({"mu": (0.0, 1.0), "sigma": (0.4, 1.5)}),
    "two_piece_normal": Spot(cuts=_at("mu")),
    "two_sided_power": Spot({"c": (0.2, 0.8), "n": (1.5, 3.0)}, cuts=_at("c")),
    "uniform_beta_mixture": Spot({"a": (0.3, 0.8)}),
    "unit_gamma": Spot({"k": _ABOVE, "r": _ABOVE}),
    "von_mises": Spot({"mu": (-1.0, 1.0)}, _CIRCULAR),
    "von_mises_fisher": Spot({"alpha": (0.6, 2.5), "beta": (-2.0, 2.0)}, {"phi": CIRCLE}),
    "von_mises_multimodal": Spot({"mu": (-0.8, 0.8)}, _CIRCULAR),
    "von_mises_natural": Spot({"a": (0.3, 1.2), "b": (0.2, 1.2)}, _CIRCULAR),
    "von_mises_uniform_mixture": Spot(rules=_CIRCULAR),
    "wishart": Spot({"v11": (0.8, 1.5), "v22": (0.8, 1.5), "v12": (-0.3, 0.3)}, _all(LIGHTER, "s11", "s22")),
    "wrapped_cauchy": Spot({"mu": (-1.0, 1.0), "rho": (0.1, 0.7)}, _CIRCULAR),
    "yule_simon": Spot({"rho": (3.0, 4.5)}, terms=10**6),
    "zeta": Spot({"s": (3.8, 5.5)}, terms=10**6),
}


def spot_of(case: Case) -> Spot:
    return SPOTS.get(case.name.split("(")[0], Spot())


@cache
def case_of(name: str) -> Case:
    return from_catalogue(name, SPOTS.get(name.split("(")[0], Spot()).box)


@cache
def oracle_case(name: str) -> Case:
    """The declaration in the variable to integrate over."""
    case = case_of(name)
    if not spot_of(case).logarithm:
        return case
    (x,) = case.variables
    y = sp.Symbol(x.name, real=True)
    return Case(name, case.density.subs(x, sp.exp(y)) * sp.exp(y), (y,), case.parameters, {"domain": case.model.domain})


# -- the oracle ---------------------------------------------------------------------------------------------------


_UNITS = (sp.Interval.open(0, 1), sp.Interval(0, 1))


def _half_line(rule: Rule) -> tuple[np.ndarray, np.ndarray]:
    kind, reach, step = rule
    t = np.arange(-reach, reach, step)
    if kind == "light":
        x = np.exp(t - np.exp(-t))
        return x, x * (1 + np.exp(-t)) * step
    x = np.exp(np.pi / 2 * np.sinh(t))
    return x, x * np.pi / 2 * np.cosh(t) * step


def _interval(low: np.ndarray, high: np.ndarray, rule: Rule) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes, distances from the upper end, and weights, (m, n), on (low, high), both (n,)."""
    if np.all(np.isinf(low)) and np.all(np.isinf(high)):
        if rule[0] == "flat":
            x = np.arange(-rule[1], rule[1], rule[2])[:, None] + 0 * low[None].clip(0, 0)
            return x, x, np.full_like(x, rule[2])
        raise AssertionError("cut the line first")
    if np.all(np.isinf(high)):
        x, w = _half_line(rule)
        return low + x[:, None], x[:, None] + 0 * low, w[:, None] + 0 * low
    if np.all(np.isinf(low)):
        x, w = _half_line(rule)
        return high - x[:, None], x[:, None] + 0 * high, w[:, None] + 0 * high
    if rule[0] == "circle":
        n = round(1 / rule[2])
        x = low + (high - low) * (np.arange(n)[:, None] + 0.5) / n
        return x, high - x, 0 * x + (high - low) / n
    _, reach, step = rule if rule[0] == "double" else COARSE
    t = np.arange(-min(reach, 4.6), min(reach, 4.6), step)[:, None]
    u = np.pi / 2 * np.sinh(t)
    share, rest = 1 / (1 + np.exp(-2 * u)), 1 / (1 + np.exp(2 * u))
    return low + (high - low) * share, (high - low) * rest, (high - low) * share * rest * np.pi * np.cosh(t) * step


def _nodes(case: Case, point: Mapping[str, float]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Values of the variables (and of one minus each, for the unit interval) at all nodes, and their measure."""
    support, spot = case.model.support, spot_of(case)
    listed = support.points()
    if listed is not None:
        return {v.name: np.array([float(p[v]) for p in listed]) for v in case.variables}, np.ones(len(listed))
    columns: dict[str, np.ndarray] = {}
    measure = np.ones(1)
    for v in case.variables:
        declared = support.sets[v]
        if support.is_discrete(v):
            low, high = (_end(e, case, columns, measure) for e in (declared.inf, declared.sup))
            start, stop = max(low[0], -spot.terms), min(high[0], spot.terms)
            x = np.arange(start, stop + 1)[:, None] + spot.nudge + 0 * measure
            parts = [(x, x, 1 + 0 * x)]
        else:
            ends = [_end(e, case, columns, measure) for e in (declared.start, declared.end)]
            rule = spot.rules.get(v.name, DOUBLE)
            if v.name in spot.cuts:
                ends.insert(1, spot.cuts[v.name]({**point, **columns}) + 0 * measure)
            elif np.all(np.isinf(ends)) and rule[0] == "double":
                ends.insert(1, 0 * measure)
            parts = [_interval(a, b, rule) for a, b in pairwise(ends)]
        x, rest, w = (np.concatenate([p[i] for p in parts]) for i in range(3))
        columns = {name: np.broadcast_to(c, x.shape).ravel() for name, c in columns.items()}
        measure = (w * measure).ravel()
        columns[v.name] = x.ravel()
        if declared in _UNITS:
            columns[f"1 - {v.name}"] = (rest if len(parts) == 1 else 1 - x).ravel()
    return columns, measure


def _end(end: sp.Expr, case: Case, columns: Mapping[str, np.ndarray], measure: np.ndarray) -> np.ndarray:
    earlier = [v for v in case.variables if v.name in columns]
    return sp.lambdify(earlier, end, "numpy")(*(columns[v.name] for v in earlier)) + np.zeros_like(measure)


_ZETA_TERMS = 20


def _zeta(s: sp.Expr) -> sp.Expr:
    """Euler and Maclaurin's sum, good to double precision for s > 3 (DLMF 25.2.9)."""
    n = sp.Integer(_ZETA_TERMS)
    total = sum(sp.Integer(j) ** (-s) for j in range(1, _ZETA_TERMS)) + n ** (1 - s) / (s - 1) + n ** (-s) / 2
    for k in (1, 2, 3):
        total += sp.bernoulli(2 * k) / sp.factorial(2 * k) * sp.rf(s, 2 * k - 1) * n ** (1 - s - 2 * k)
    return total


def _plain(density: sp.Expr) -> sp.Expr:
    """The density without functions whose derivatives or values NumPy and SciPy do not have."""
    density = density.replace(sp.beta, lambda a, b: sp.gamma(a) * sp.gamma(b) / sp.gamma(a + b))
    density = density.replace(sp.zeta, _zeta)
    return density.replace(sp.Sum, lambda term, limits: sp.Add(*(term.subs(limits[0], j) for j in range(60))))


@cache
def _functions(name: str) -> Callable[..., list]:
    case = oracle_case(name)
    plain = Case(name, _plain(case.density), case.variables, case.parameters, case.options, case.box)
    log_p = log_density(plain)
    free = {v: sp.Dummy(v.name, real=True) for v in case.variables}
    rest = {v: sp.Dummy(f"rest of {v.name}", positive=True) for v in case.variables}
    wanted = [e.xreplace(free) for e in (log_p, *(sp.diff(log_p, p) for p in case.parameters))]
    unit = [v for v in case.variables if case.model.support.sets[v] in _UNITS]
    wanted = [e.xreplace({1 - free[v]: rest[v] for v in unit}) for e in wanted]
    wanted = [e.xreplace({n: sp.Float(n, 20) for n in e.atoms(sp.Integer) if abs(n) > 2**53}) for e in wanted]
    wanted = [e.replace(_is_small, lambda e: -expm1((1 - e).args[0])) for e in wanted]
    arguments = [*free.values(), *rest.values(), *case.parameters]
    return sp.lambdify(arguments, wanted, ["scipy", "numpy"], cse=True, dummify=True)


def _is_small(e: sp.Expr) -> bool:
    """1 - exp(u), which has no digits left for small u."""
    return e.is_Add and len(e.args) == 2 and isinstance(1 - e, sp.exp)


def expected(name: str, point: tuple[sp.Rational, ...]) -> tuple[np.ndarray, np.ndarray]:
    """E[s_i s_j] and E[s_i s_j s_k]."""
    case = oracle_case(name)
    numbers = {p.name: float(value) for p, value in zip(case.parameters, point, strict=True)}
    columns, measure = _nodes(case, numbers)
    x = [columns[v.name] for v in case.variables]
    rest = [columns.get(f"1 - {v.name}", 0.0) for v in case.variables]
    with np.errstate(all="ignore"):
        found = _functions(name)(*x, *rest, *numbers.values())
        log_p, *scores = (np.broadcast_to(np.asarray(f, dtype=float), measure.shape) for f in found)
        weights = np.exp(log_p) * measure
    weights = np.where(np.isfinite(weights), weights, 0.0)
    known = np.all(np.isfinite(scores), axis=0)
    assert weights[~known].sum() < 1e-14
    weights, score = weights[known], np.stack(scores)[:, known]
    assert weights.sum() == pytest.approx(1, abs=spot_of(case).tolerance / 10)
    cube = np.stack([(score * (weights * s)) @ score.T for s in score])
    return (score * weights) @ score.T, cube


# -- the tests ----------------------------------------------------------------------------------------------------

NAMES = sg.catalogue.names()
# Expectations that are integrated numerically. Those of all other families come out in closed form, and stay so.
NUMERICAL = (
    "binomial_mixture",  # finite sums, left as they are: multiplied out they lose digits
    *("beta_geometric", "champernowne", "clayton_copula"),
    *(
        "contaminated_normal",
        "conway_maxwell_poisson",
        "discrete_weibull",
        "exponential_mixture",
    ),
    *("exponentially_modified_gaussian", "exponentiated_weibull"),
    *("gumbel_bivariate_exponential", "hyperbolic"),
    "johnson_su_free",
    *("negative_binomial_free", "negative_binomial_mean", "normal_inverse_gaussian", "normal_mixture"),
    *("normal_mixture_weight", "poisson_mixture", "rice", "sinh_arcsinh_normal", "skellam"),
    *("skew_normal", "uniform_beta_mixture", "von_mises_uniform_mixture", "yule_simon"),
)
EXPECTED_CLOSED = tuple(name for name in NAMES if name not in NUMERICAL)
SIZED = ("student(1)", "generalised_hyperbolic_secant(1)", "generalised_hyperbolic_secant(4)", "wishart(7/2)")
SIZED += ("generalised_inverse_gaussian(-1/2)", "exponential_power(1/2)", "negative_multinomial(1/2)", "zipf(3)")
SIZED += ("fisher_hypergeometric(2, 2, 3)", "boltzmann_machine(2)", "von_mises_multimodal(3)", "fisher_circle(2)")
SLOW = {"clayton_copula"}


def _marked(names: Iterable[str]) -> list:
    marks = {name: [pytest.mark.slow] for name in SLOW}
    return [pytest.param(name, marks=marks.get(name, [])) for name in names]


@cache
def _derived(name: str) -> tuple[Callable, Callable]:
    manifold = case_of(name).model.manifold
    return sg.lambdify(manifold.metric), sg.lambdify(manifold.cubic)


def gaps(name: str, point: tuple[sp.Rational, ...]) -> tuple[float, float]:
    """The largest errors of metric and cubic tensor, each relative to the largest entry."""
    metric, cubic = expected(name, point)
    numbers = np.array([float(value) for value in point])
    largest = np.abs(metric).max()
    scales = largest, max(np.abs(cubic).max(), largest**1.5)  # by symmetry the cubic tensor may vanish
    first, second = (
        float(np.abs(f(numbers) - e).max() / scale)
        for f, e, scale in zip(_derived(name), (metric, cubic), scales, strict=True)
    )
    return first, second


@pytest.mark.parametrize("name", _marked([*NAMES, *SIZED]))
@settings(max_examples=2)
@given(data=st.data())
def test_metric_and_cubic_tensor_are_the_moments_of_the_score(name: str, data: st.DataObject) -> None:
    point = data.draw(points(case_of(name)))
    assert max(gaps(name, point)) <= spot_of(case_of(name)).tolerance, (name, point)


@pytest.mark.parametrize("name", EXPECTED_CLOSED)
def test_closed_forms_stay_closed(name: str) -> None:
    manifold = case_of(name).model.manifold
    entries = [*manifold.metric.flat(), *manifold.cubic.flat()]
    assert not any(type(part).__name__ == "Expectation" for e in entries for part in sp.preorder_traversal(e))


def test_the_lists_name_families() -> None:
    assert {*SPOTS, *NUMERICAL, *SLOW} <= set(NAMES)
