"""Laws that a substitution turns into Gamma or Beta laws, against quadrature that knows nothing of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
import pytest
import sympy as sp
from scipy import special, stats
from sympy.codegen.cfunctions import expm1

import symgeo as sg
from symgeo.errors import (
    DivergentExpectationError,
    NoClosedFormError,
    NormalisationError,
    SupportError,
    UnknownSymbolError,
)

x, m = sp.symbols("x m", real=True)
z, w, a, b, k, n, s = sp.symbols("z w a b k n s", positive=True)
t = (x - m) / s
LINE, HALF, UNIT = sp.S.Reals, sp.Interval.open(0, sp.oo), sp.Interval.open(0, 1)
student = sp.gamma((n + 1) / 2) / (sp.sqrt(n * sp.pi) * sp.gamma(n / 2) * s) * (1 + t**2 / n) ** (-(n + 1) / 2)
weibull = k / s * (z / s) ** (k - 1) * sp.exp(-((z / s) ** k))
laplace = sp.exp(-sp.Abs(x - m) / s) / (2 * s)


@dataclass(frozen=True)
class Law:
    density: sp.Expr
    variable: sp.Symbol
    parameters: tuple[sp.Symbol, ...]
    domain: tuple[tuple[sp.Symbol, sp.Set], ...] = ()

    @property
    def model(self) -> sg.StatisticalModel:
        support = UNIT if self.variable == w else None
        domain = dict(self.domain)
        return sg.StatisticalModel(self.density, self.variable, self.parameters, support=support, domain=domain)


# Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions, 1994 and 1995, where no other source is named.
LAWS = {
    "Weibull": Law(weibull, z, (k, s)),
    "Weibull, scale to the power": Law(k * a * z ** (k - 1) * sp.exp(-a * z**k), z, (k, a)),
    "Frechet": Law(a / s * (z / s) ** (-1 - a) * sp.exp(-((z / s) ** -a)), z, (a, s)),
    "Gumbel for maxima": Law(sp.exp(-t - sp.exp(-t)) / s, x, (m, s)),
    "Gumbel for minima": Law(sp.exp(t - sp.exp(t)) / s, x, (m, s)),
    "logistic": Law(sp.exp(-t) / (s * (1 + sp.exp(-t)) ** 2), x, (m, s)),
    "logistic by sech": Law(sp.sech(t / 2) ** 2 / (4 * s), x, (m, s)),
    "logistic of type I": Law(a * sp.exp(-t) / (s * (1 + sp.exp(-t)) ** (a + 1)), x, (m, s, a)),
    "logistic of type IV": Law(sp.exp(-b * x) / (sp.beta(a, b) * (1 + sp.exp(-x)) ** (a + b)), x, (a, b)),
    "hyperbolic secant": Law(sp.sech(sp.pi * t / 2) / (2 * s), x, (m, s)),
    "Cauchy": Law(1 / (sp.pi * s * (1 + t**2)), x, (m, s)),
    "Cauchy by precision": Law(b / (sp.pi * (1 + b**2 * (x - m) ** 2)), x, (m, b)),
    "Student": Law(student, x, (m, s, n)),
    "Student, five degrees of freedom": Law(student.subs(n, 5), x, (m, s)),
    "half Student": Law(2 * student.subs({m: 0, x: z}), z, (s, n)),
    "Laplace": Law(laplace, x, (m, s)),
    "Laplace, rate": Law(laplace.subs(s, 1 / b), x, (m, b)),
    "generalised normal": Law(
        b / (2 * a * sp.gamma(1 / b)) * sp.exp(-((sp.Abs(x - m) / a) ** b)),
        x,
        (m, a, b),
        ((b, sp.Interval.open(1, sp.oo)),),
    ),
    "normal with coefficient of variation one": Law(
        sp.exp(-((x - s) ** 2) / (2 * s**2)) / (sp.sqrt(2 * sp.pi) * s), x, (s,)
    ),
    "Lomax": Law(a / s * (1 + z / s) ** (-a - 1), z, (a, s)),
    "Burr XII": Law(a * k * (z / s) ** (a - 1) / s * (1 + (z / s) ** a) ** (-k - 1), z, (a, k, s)),
    "Dagum": Law(a * k / z * (z / s) ** (a * k) / ((z / s) ** a + 1) ** (k + 1), z, (a, k, s)),
    "log-logistic": Law(b / a * (z / a) ** (b - 1) / (1 + (z / a) ** b) ** 2, z, (a, b)),
    "F": Law(sp.sqrt((a * z) ** a * b**b / (a * z + b) ** (a + b)) / (z * sp.beta(a / 2, b / 2)), z, (a, b)),
    "generalised gamma": Law(k / (s**a * sp.gamma(a / k)) * z ** (a - 1) * sp.exp(-((z / s) ** k)), z, (a, k, s)),
    "Nakagami": Law(2 * k**k / (sp.gamma(k) * a**k) * z ** (2 * k - 1) * sp.exp(-k * z**2 / a), z, (k, a)),
    "exponentiated exponential": Law(a * b * (1 - sp.exp(-b * z)) ** (a - 1) * sp.exp(-b * z), z, (a, b)),
    "Levy": Law(sp.sqrt(s / (2 * sp.pi)) * sp.exp(-s / (2 * z)) / z ** sp.Rational(3, 2), z, (s,)),
    # Kotz, Kozubowski and Podgorski, The Laplace Distribution and Generalizations, 2001, chapter 3.
    "asymmetric Laplace": Law(
        a * b / (a + b) * sp.Piecewise((sp.exp(-a * (x - m)), x >= m), (sp.exp(b * (x - m)), True)), x, (m, a, b)
    ),
    "two-piece normal": Law(
        sp.sqrt(2 / sp.pi)
        / (a + b)
        * sp.Piecewise((sp.exp(-((x - m) ** 2) / (2 * a**2)), x < m), (sp.exp(-((x - m) ** 2) / (2 * b**2)), True)),
        x,
        (m, a, b),
    ),
    "Kumaraswamy": Law(a * b * w ** (a - 1) * (1 - w**a) ** (b - 1), w, (a, b)),
}
IDS = pytest.mark.parametrize("name", LAWS)


def nodes(law: Law, cut: float) -> tuple[np.ndarray, np.ndarray]:
    """Places and weights of the double exponential rule over the support, cut where the density may have a kink."""
    step = 1 / 64
    r = np.arange(-5.4, 5.4, step)
    inner = np.pi / 2 * np.sinh(r)
    speed = np.pi / 2 * np.cosh(r) * step
    if law.variable == w:
        return special.expit(2 * inner), speed * 2 * special.expit(2 * inner) * special.expit(-2 * inner)
    y, weight = np.exp(inner), speed * np.exp(inner)
    if law.variable == z:
        return y, weight
    return np.concatenate([cut - y, cut + y]), np.concatenate([weight, weight])


def moments(law: Law, point: dict[sp.Symbol, sp.Rational], order: int) -> dict[tuple[int, ...], float]:
    """``E[s_i s_j ...]`` by quadrature, with SymPy's own derivatives of the log-density."""
    places, weights = nodes(law, float(point.get(m, 0)))
    log_density = sp.expand_log(sp.piecewise_fold(sp.log(law.density)), force=True)
    wanted = [law.density, *(sp.diff(log_density, p) for p in law.parameters)]
    # In double precision 1 - exp(-b z) near z = 0 has no digits left.
    wanted = [e.subs(1 - sp.exp(-b * z), -expm1(-b * z)) for e in wanted]
    functions = sp.lambdify((law.variable, *law.parameters), wanted, ["scipy", "numpy"])
    numbers = [float(point[p]) for p in law.parameters]
    with np.errstate(all="ignore"):
        density, *scores = (np.broadcast_to(v, places.shape) for v in functions(places, *numbers))
    out = {}
    for index in combinations_with_replacement(range(len(scores)), order):
        with np.errstate(all="ignore"):
            values = density * np.prod([scores[i] for i in index], axis=0) * weights
        out[index] = float(np.sum(values[np.isfinite(values) & (density > 0)]))
    return out


@IDS
def test_metric_and_cubic_tensor_agree_with_quadrature(name: str) -> None:
    law = LAWS[name]
    manifold = law.model.manifold
    for point in law.model.chart.interior_points(2):
        for tensor, order in ((manifold.metric, 2), (manifold.cubic, 3)):
            numeric = moments(law, point, order)
            scale = max(1.0, *map(abs, numeric.values()))
            for index, expected in numeric.items():
                value = float(tensor[index].subs(point).evalf(20))
                assert value == pytest.approx(expected, rel=1e-9, abs=1e-9 * scale), (name, point, index)


@pytest.mark.parametrize(
    ("law", "curvature"),
    [
        # Location and scale: g = (A dm^2 + B ds^2)/s^2 has R = -2/B; B is 2 n/(n + 3) for Student's law with n known.
        (Law(student, x, (m, s)), None),
        (LAWS["Cauchy"], -4),
        (LAWS["Laplace"], -2),
        (LAWS["logistic"], -18 / (3 + sp.pi**2)),
        (LAWS["Gumbel for maxima"], -12 / sp.pi**2),
        (LAWS["Weibull"], -12 / sp.pi**2),
        (LAWS["hyperbolic secant"], -16 / sp.pi**2),
    ],
    ids=["Student", "Cauchy", "Laplace", "logistic", "Gumbel", "Weibull", "hyperbolic secant"],
)
def test_scalar_curvature_of_location_and_scale(law: Law, curvature: sp.Expr | None) -> None:
    if curvature is None:
        law, curvature = Law(student.subs(n, 7), x, (m, s)), -sp.Rational(10, 7)
    assert sp.simplify(law.model.manifold.connection(0).scalar_curvature - curvature) == 0


def test_information_of_the_laplace_location_is_the_square_of_the_score() -> None:
    """The second derivative vanishes almost everywhere, the information does not."""
    assert LAWS["Laplace"].model.manifold.metric.to_matrix() == sp.diag(1 / s**2, 1 / s**2)


def test_information_of_the_triangular_mode() -> None:
    """1/(c (1 - c)), although the density has a corner at the mode. Kotz and van Dorp, Beyond Beta, 2004, chapter 1."""
    c = sp.Symbol("c", positive=True)
    density = sp.Piecewise((2 * w / c, w <= c), (2 * (1 - w) / (1 - c), True))
    model = sg.StatisticalModel(density, w, c, support=sp.Interval(0, 1), domain={c: UNIT})
    assert sp.cancel(model.manifold.metric[0, 0] * c * (1 - c)) == 1


@pytest.mark.parametrize("scale", [sp.Rational(3, 7), 1 / (1 + a), a * b])
def test_names_and_units_do_not_matter(scale: sp.Expr) -> None:
    """z = scale * y: a known change of units leaves the metric, and so does renaming."""
    c, q, y = sp.symbols("c q y", positive=True)
    unit = sp.Rational(3, 7)
    moved = (weibull * unit).subs(z, unit * y).subs({k: c, s: q}, simultaneous=True)
    metric = sg.StatisticalModel(moved, y, (c, q)).manifold.metric
    reference = LAWS["Weibull"].model.manifold.metric
    assert [sp.expand(e.subs({c: k, q: s}) - f) for e, f in zip(metric.flat(), reference.flat(), strict=True)] == [
        0
    ] * 4
    if scale.free_symbols:
        parameters = tuple(sorted(scale.free_symbols | {k}, key=str))
        if len(parameters) == 2:
            declared = sg.StatisticalModel(weibull.subs(s, scale), z, parameters).manifold.metric
            pulled = LAWS["Weibull"].model.manifold.reparametrize({s: scale}, parameters).metric
            assert all(sp.simplify(e - f) == 0 for e, f in zip(declared.flat(), pulled.flat(), strict=True))
        else:
            with pytest.raises(sg.errors.SingularMetricError, match="rank 2 of 3"):
                _ = sg.StatisticalModel(weibull.subs(s, scale), z, parameters).manifold.inverse_metric


def test_expectations_of_users_functions() -> None:
    assert LAWS["Gumbel for maxima"].model.expectation(x) == m + sp.EulerGamma * s
    assert LAWS["Weibull"].model.expectation(z**2).equals(s**2 * sp.gamma(1 + 2 / k))
    assert LAWS["Laplace"].model.expectation(sp.Abs(x - m)) == s
    law = LAWS["Lomax"].model
    assert sp.expand(law.expectation(-law.log_density) - (sp.log(s) - sp.log(a) + 1 + 1 / a)) == 0
    poisson = sg.catalogue.poisson()
    rate, count = poisson.parameters[0], poisson.variables[0]
    assert poisson.expectation(rate * count + 2) == rate**2 + 2
    coin = sg.catalogue.bernoulli()
    assert sp.expand(coin.expectation(coin.variables[0] ** 5) - coin.parameters[0]) == 0


def test_expectations_that_are_not_known_or_not_finite() -> None:
    with pytest.raises(DivergentExpectationError, match="every parameter"):
        LAWS["Cauchy"].model.expectation(x)
    with pytest.raises(DivergentExpectationError, match=r"n/2 - 1 > 0"):
        LAWS["Student"].model.expectation(x**2)
    with pytest.raises(DivergentExpectationError, match="is infinite"):
        LAWS["Weibull"].model.expectation(sp.exp(sp.exp(z)))
    kinked = m * sp.exp(-sp.Abs(x - m)) / 2 + (1 - m) * sp.exp(-(x**2)) / sp.sqrt(sp.pi)
    moving = sg.StatisticalModel(kinked, x, m, domain={m: UNIT}, check=False)
    found = sg.lambdify(moving.expectation(x**2, seconds=0), (m,))([0.3])
    assert found == pytest.approx(0.3 * (0.09 + 2) + 0.7 / 2, rel=1e-10)
    with pytest.raises(UnknownSymbolError, match="neither variable nor parameter"):
        LAWS["Weibull"].model.expectation(z * w)


def test_expectations_without_a_closed_form_are_integrated() -> None:
    poisson = sg.catalogue.poisson()
    rate, count = poisson.parameters[0], poisson.variables[0]
    counts = np.arange(200)
    for law, f, point, expected in (
        (poisson, sp.sqrt(count), {rate: 3.5}, np.sum(np.sqrt(counts) * stats.poisson.pmf(counts, 3.5))),
        (
            LAWS["Weibull"].model,
            sp.exp(-sp.exp(z)),
            {k: 1.5, s: 2.0},
            stats.weibull_min(1.5, scale=2.0).expect(lambda y: np.exp(-np.exp(y))),
        ),
    ):
        node = law.expectation(f)
        value, error = node.estimate(point)
        assert abs(value - expected) < 1e-8 and error < 1e-8


r = sp.Symbol("r", real=True)
v = sp.Symbol("v", positive=True)
CHANGES = {
    "exponential": (x, sp.log(v), v, HALF),
    "turned": (x, 3 - 2 * r, r, LINE),
    "inverse": (z, 1 / v, v, HALF),
    "shifted": (z, r - 2, r, sp.Interval.open(2, sp.oo)),
    "negative": (z, -r, r, sp.Interval.open(-sp.oo, 0)),
    "logarithm": (z, sp.exp(r), r, LINE),
    "mirrored": (w, 1 - v, v, UNIT),
    "wide": (w, (r + 1) / 2, r, sp.Interval.open(-1, 1)),
}
# A corner at exp(m) is not looked for.
NOT_FOUND = {("asymmetric Laplace", "exponential"), ("two-piece normal", "exponential")}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (name, change)
        for name, law in LAWS.items()
        for change, (old, *_) in CHANGES.items()
        if old == law.variable and (name, change) not in NOT_FOUND
    ],
)
def test_a_change_of_the_variable_alters_nothing(name: str, change: str) -> None:
    law = LAWS[name]
    old, image, new, support = CHANGES[change]
    density = law.density.subs(old, image) * sp.Abs(sp.diff(image, new))
    moved = sg.StatisticalModel(
        density, new, law.parameters, support=support, domain=dict(law.domain), check=False
    ).manifold
    point = law.model.chart.interior_points(1)[0]
    for here, there in ((law.model.manifold.metric, moved.metric), (law.model.manifold.cubic, moved.cubic)):
        for one, other in zip(here.flat(), there.flat(), strict=True):
            assert abs((one - other).subs(point).evalf(30)) < 1e-20


def test_infinite_information_is_refused() -> None:
    free = b / (2 * a * sp.gamma(1 / b)) * sp.exp(-((sp.Abs(x - m) / a) ** b))
    with pytest.raises(DivergentExpectationError, match=r"finite only where .*b.* > 0"):
        _ = sg.StatisticalModel(free, x, (m, a, b)).manifold
    pointed = sp.Abs(x - m) * sp.exp(-((x - m) ** 2))
    with pytest.raises(DivergentExpectationError, match="infinite for every parameter"):
        _ = sg.StatisticalModel(pointed, x, m).manifold


def test_densities_that_are_not_normalised_or_that_jump_are_refused() -> None:
    with pytest.raises(NormalisationError, match="integrates to 2"):
        _ = sg.StatisticalModel(2 * weibull, z, (k, s), check=False).manifold
    jump = (1 + sp.Abs(x - m) / (2 * (x - m))) * sp.exp(-sp.Abs(x - m)) / 2
    with pytest.raises(SupportError, match="jumps at a place that moves with m"):
        _ = sg.StatisticalModel(jump, x, m, check=False).manifold


def test_what_has_no_substitution_is_integrated() -> None:
    """The location of the skew normal with unit scale at m = 0: E[(x phi/Phi)^2] = 2/pi; Rice at a -> 0 is Rayleigh."""
    skew = sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi) * (1 + sp.erf(m * x / sp.sqrt(2)))
    model = sg.StatisticalModel(skew, x, m, check=False)
    assert model.substitution is None and model.rung in ("pivot", "quadrature")
    assert float(sg.lambdify(model.manifold.metric)([0.0])[0, 0]) == pytest.approx(2 / np.pi, rel=1e-9)
    rice = z / s**2 * sp.exp(-(z**2 + a**2) / (2 * s**2)) * sp.besseli(0, z * a / s**2)
    model = sg.StatisticalModel(rice, z, (a, s), check=False)
    assert model.substitution is None and model.rung in ("pivot", "quadrature")
    assert float(sg.lambdify(model.manifold.metric)([1e-3, 2.0])[1, 1]) == pytest.approx(4 / 2.0**2, rel=1e-5)


def test_what_is_neither_closed_nor_smooth_is_refused() -> None:
    bent = sp.Abs(x + sp.sin(x) / 2 - m)  # where it turns could be solved for m alone
    kinked = w * sp.exp(-bent) * (1 + sp.cos(x) / 2) / 2 + (1 - w) * sp.exp(-(x**2)) / sp.sqrt(sp.pi)
    with pytest.raises(NoClosedFormError, match="could not be solved"):
        _ = sg.StatisticalModel(kinked, x, (w, m), domain={w: UNIT}, check=False).manifold
