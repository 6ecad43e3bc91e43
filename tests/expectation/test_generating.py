"""Laws of one count by generating functions, against direct sums in thirty digits that know nothing of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement

import mpmath as mp
import numpy as np
import pytest
import sympy as sp
from scipy import special

import symgeo as sg
from symgeo.errors import DivergentExpectationError, NoClosedFormError, NormalisationError, UnknownSymbolError

x = sp.Symbol("x", integer=True, nonnegative=True)
n = sp.Symbol("n", integer=True, positive=True)
k = sp.Symbol("k", integer=True)
a, b, lam, m, p, q, r, s, t, w = sp.symbols("a b lambda m p q rho s theta w", positive=True)
eta = sp.Symbol("eta", real=True)
UNIT, ABOVE_ONE = sp.Interval.open(0, 1), sp.Interval.open(1, sp.oo)


def consul(y: sp.Expr, theta: sp.Expr, rate: sp.Expr) -> sp.Expr:
    return theta * (theta + rate * y) ** (y - 1) * sp.exp(-theta - rate * y) / sp.factorial(y)


def sankaran(y: sp.Expr, theta: sp.Expr) -> sp.Expr:
    return theta**2 * (y + theta + 2) / (1 + theta) ** (y + 3)


def yule(y: sp.Expr, rho: sp.Expr) -> sp.Expr:
    return rho * sp.beta(y, rho + 1)


def inflated(density: sp.Expr, first: int, mass: sp.Expr, y: sp.Symbol) -> sp.Expr:
    return sp.Piecewise((w + (1 - w) * mass, sp.Eq(y, first)), ((1 - w) * density, True))


@dataclass(frozen=True)
class Law:
    density: sp.Expr
    variable: sp.Symbol
    point: dict[sp.Symbol, str]
    domain: tuple[sp.Symbol, ...] = ()  # parameters between zero and one
    constraints: tuple = ()
    support: sp.Set | None = None

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        return tuple(self.point)

    @property
    def places(self) -> Iterator[int]:
        if self.support is not None:
            yield from range(int(self.support.start), 400, int(self.support.step))
        else:
            yield from range(-120 if self.variable == k else 0 if self.variable == x else 1, 400)


@cache
def model_of(name: str) -> sg.StatisticalModel:
    law = LAWS[name]
    options = {"support": law.support, "constraints": law.constraints}
    return sg.StatisticalModel(
        law.density, law.variable, law.parameters, domain=dict.fromkeys(law.domain, UNIT), **options
    )


MEAN_FORM = (m / (1 + a * m)) ** x * (1 + a * x) ** (x - 1) / sp.factorial(x) * sp.exp(-m * (1 + a * x) / (1 + a * m))
LINDLEY = (t * (1 - 2 * sp.exp(-t)) + (1 - sp.exp(-t)) * (1 + t * x)) * sp.exp(-t * x) / (1 + t)
SIZE = sp.Rational(5, 2)
PASCAL = sp.gamma(x + SIZE) / sp.gamma(SIZE) / sp.factorial(x) * p**SIZE * (1 - p) ** x
LAWS = {
    # Consul and Famoye, Lagrangian Probability Distributions, 2006, chapter 9.
    "generalised Poisson": Law(consul(x, t, lam), x, {t: "0.7", lam: "0.3"}, (lam,)),
    "nearly Poisson": Law(consul(x, t, lam), x, {t: "1.7", lam: "1e-9"}, (lam,)),
    "in the mean": Law(MEAN_FORM, x, {m: "1.3", a: "0.4"}),
    "restricted": Law(consul(x, t, a * t), x, {t: "0.7", a: "0.4"}, (), (a * t < 1,)),
    "in logarithms": Law(consul(x, sp.exp(eta), q), x, {eta: "0.3", q: "0.4"}, (q,)),
    "rate two thirds": Law(consul(x, t, sp.Rational(2, 3)), x, {t: "0.8"}),
    "inflated Consul": Law(
        inflated(consul(x, t, lam), 0, sp.exp(-t), x), x, {w: "0.2", t: "0.7", lam: "0.3"}, (w, lam)
    ),
    "truncated Consul": Law(consul(n, t, lam) / (1 - sp.exp(-t)), n, {t: "0.7", lam: "0.3"}, (lam,)),
    "twice truncated Consul": Law(
        consul(x, t, lam) / (1 - sp.exp(-t) - t * sp.exp(-t - lam)),
        x,
        {t: "0.7", lam: "0.3"},
        (lam,),
        (),
        sp.Range(2, sp.oo),
    ),
    "hurdle": Law(
        sp.Piecewise((w, sp.Eq(x, 0)), ((1 - w) * consul(x, t, lam) / (1 - sp.exp(-t)), True)),
        x,
        {w: "0.2", t: "0.7", lam: "0.3"},
        (w, lam),
    ),
    "Poisson and Lindley": Law(sankaran(x, t), x, {t: "0.9"}),
    "truncated Lindley": Law(sankaran(n, t) / (1 - sankaran(0, t)), n, {t: "0.9"}),
    "inflated Lindley": Law(inflated(sankaran(x, 1 / a), 0, sankaran(0, 1 / a), x), x, {w: "0.2", a: "1.1"}, (w,)),
    # Gomez-Deniz and Calderin-Ojeda, J. Stat. Comput. Simul. 81 (2011) 1405-1416.
    "discrete Lindley": Law(LINDLEY, x, {t: "0.8"}),
    "weighted geometric": Law((1 + a * x) * q**x * (1 - q) ** 2 / (1 - q + a * q), x, {a: "0.6", q: "0.4"}, (q,)),
    "by an indicator": Law(w * sp.KroneckerDelta(x, 0) + (1 - w) * p * (1 - p) ** x, x, {w: "0.2", p: "0.3"}, (w, p)),
    "one-inflated Borel": Law(
        inflated(sp.exp(-lam * n) * (lam * n) ** (n - 1) / sp.factorial(n), 1, sp.exp(-lam), n),
        n,
        {w: "0.2", lam: "0.4"},
        (w, lam),
    ),
    "inflated Pascal": Law(inflated(PASCAL, 0, p**SIZE, x), x, {w: "0.2", p: "0.4"}, (w, p)),
    "two sided": Law(
        sp.Piecewise((p**k, k >= 0), (q ** (-k), True)) * (1 - p) * (1 - q) / (1 - p * q),
        k,
        {p: "0.4", q: "0.6"},
        (p, q),
    ),
}
# Not families of one term: expectations only.
MIXTURES = {
    "Poisson mixture": Law(
        (w * a**x * sp.exp(-a) + (1 - w) * b**x * sp.exp(-b)) / sp.factorial(x),
        x,
        {w: "0.3", a: "0.5", b: "2.5"},
        (w,),
        (a < b,),
    ),
    "geometric mixture": Law(
        w * p * (1 - p) ** x + (1 - w) * q * (1 - q) ** x, x, {w: "0.3", p: "0.4", q: "0.7"}, (w, p, q), (p < q,)
    ),
    "Pascal of any size": Law(
        sp.gamma(x + r) / sp.gamma(r) / sp.factorial(x) * p**r * (1 - p) ** x, x, {r: "0.6", p: "0.4"}, (p,)
    ),
}
LAWS |= MIXTURES


@cache
def scores_of(name: str) -> list[tuple[mp.mpf, int, list[mp.mpf]]]:
    """Probability, place and scores, by central differences of order four in 40 digits."""
    law, out = LAWS[name], []
    with mp.workdps(40):
        density = sp.lambdify([law.variable, *law.parameters], law.density, "mpmath")
        values = [mp.mpf(v) for v in law.point.values()]
        steps = [v * mp.mpf("1e-8") for v in values]
        for place in law.places:
            y = mp.mpf(place)
            mass = density(y, *values)
            if abs(place) > 60 and mass < mp.mpf("1e-30"):
                continue

            def logarithm(i: int, c: int, y: mp.mpf = y) -> mp.mpf:
                moved = [v + (c * steps[i] if i == j else 0) for j, v in enumerate(values)]
                return mp.log(density(y, *moved))

            score = [
                (8 * (logarithm(i, 1) - logarithm(i, -1)) - logarithm(i, 2) + logarithm(i, -2)) / (12 * steps[i])
                for i in range(len(values))
            ]
            out.append((mass, place, score))
    return out


def mean(name: str, f: sp.Expr) -> mp.mpf:
    law = LAWS[name]
    with mp.workdps(40):
        function = sp.lambdify([law.variable, *law.parameters], sp.combsimp(f), "mpmath")
        values = [mp.mpf(v) for v in law.point.values()]
        return mp.fsum(mass * function(mp.mpf(place), *values) for mass, place, _ in scores_of(name))


@pytest.mark.parametrize("name", [name for name in LAWS if name not in MIXTURES])
def test_metric_and_cubic_tensor_are_the_moments_of_the_score(name: str) -> None:
    model, terms = model_of(name), scores_of(name)
    assert model.rung in ("generating functions", "score equations")
    point = np.array([float(v) for v in LAWS[name].point.values()])
    metric, cubic = sg.lambdify(model.manifold.metric)(point), sg.lambdify(model.manifold.cubic)(point)
    count = len(point)
    exact = {
        i: float(mp.fsum(mass * mp.fprod(score[j] for j in i) for mass, _, score in terms))
        for order in (2, 3)
        for i in combinations_with_replacement(range(count), order)
    }
    for order, tensor in ((2, metric), (3, cubic)):
        size = max(abs(v) for i, v in exact.items() if len(i) == order)
        for i in combinations_with_replacement(range(count), order):
            assert abs(tensor[i] - exact[i]) <= 1e-11 * size, (name, i)
    entries = [*model.manifold.metric.flat(), *model.manifold.cubic.flat()]
    assert not any(type(part).__name__ == "Expectation" for e in entries for part in sp.preorder_traversal(e))


FUNCTIONS = {
    "generalised Poisson": (x**4, (-1) ** x, sp.Rational(1, 2) ** x, sp.KroneckerDelta(x, 2), x / (t + lam * x)),
    "in the mean": (x**3, 1 / (1 + a * x) ** 2),
    "truncated Consul": (n**2, sp.Rational(2, 3) ** n),
    "hurdle": (x**2, sp.Piecewise((1, x < 3), (0, True))),
    "Poisson and Lindley": (x**2, sp.exp(-x / 3), x / (x + 1), sp.Heaviside(x - 2), 1 / (x + t + 2)),
    "discrete Lindley": (x**3, 1 / (x + 2)),
    "weighted geometric": (sp.Abs(x - 3), 1 / (x + 3) ** 2),
    "one-inflated Borel": (1 / n, 1 / n**2, n**2),
    "inflated Pascal": (x**2, 1 / (x + 1), 1 / (x + sp.Rational(1, 3)), sp.ff(x, 3)),
    "two sided": (k**3, 1 / (sp.Abs(k) + 1), sp.Abs(k), sp.sign(k)),
    "Poisson mixture": (x**3, 1 / (x + 1), 2**x, sp.binomial(x, 2), (-1) ** x, sp.factorial(x) / sp.factorial(x - 2)),
    "geometric mixture": (x**3, 1 / (x + 1), (-1) ** x, sp.Piecewise((x, sp.Eq(x, 1) | (x > 4)), (0, True))),
    "Pascal of any size": (x**3, (-1) ** x, x / sp.Integer(3) ** x),
}


@pytest.mark.parametrize(("name", "f"), [(name, f) for name, functions in FUNCTIONS.items() for f in functions])
def test_expectations_are_sums(name: str, f: sp.Expr) -> None:
    model = model_of(name)
    found = model.expectation(f, seconds=0)
    assert not any(type(part).__name__ == "Expectation" for part in sp.preorder_traversal(found))
    assert not found.free_symbols - set(model.parameters)
    value = sg.lambdify(found, model.parameters)(np.array([float(v) for v in LAWS[name].point.values()]))
    exact = mean(name, f)
    size = mean(name, sp.Abs(f))
    assert abs(value - float(exact)) <= 1e-11 * float(size)


def poisson(**options) -> sg.StatisticalModel:  # type: ignore[no-untyped-def]
    return sg.StatisticalModel(lam**x * sp.exp(-lam) / sp.factorial(x), x, lam, **options)


def geometric() -> sg.StatisticalModel:
    return sg.StatisticalModel(p * (1 - p) ** x, x, p, domain={p: UNIT})


def logarithmic() -> sg.StatisticalModel:
    return sg.StatisticalModel(-(p**n) / (n * sp.log(1 - p)), n, p, domain={p: UNIT})


def zeta_law(low: int = 1) -> sg.StatisticalModel:
    return sg.StatisticalModel(n**-s / sp.zeta(s), n, s, domain={s: sp.Interval.open(low, sp.oo)})


def truncated() -> sg.StatisticalModel:
    return sg.StatisticalModel(lam**n / (sp.factorial(n) * (sp.exp(lam) - 1)), n, lam)


FACTS = (
    # Johnson, Kemp and Kotz, Univariate Discrete Distributions, third edition, 2005, chapters 4, 5, 7 and 11.
    (poisson, 1 / (x + 1), (1 - sp.exp(-lam)) / lam),
    (poisson, sp.ff(x, 4), lam**4),
    (poisson, (-1) ** x, sp.exp(-2 * lam)),
    (poisson, 3**x * x, 3 * lam * sp.exp(2 * lam)),
    (poisson, sp.KroneckerDelta(x, 0), sp.exp(-lam)),
    (poisson, sp.Piecewise((1, x <= 1), (0, True)), (1 + lam) * sp.exp(-lam)),
    (truncated, 1 / n, (sp.Ei(lam) - sp.EulerGamma - sp.log(lam)) / (sp.exp(lam) - 1)),
    (geometric, 1 / (x + 1), -p * sp.log(p) / (1 - p)),
    (geometric, (-1) ** x, p / (2 - p)),
    (logarithmic, 1 / n, -sp.polylog(2, p) / sp.log(1 - p)),
    (logarithmic, n**2, -p / ((1 - p) ** 2 * sp.log(1 - p))),
    (zeta_law, sp.log(n), -sp.Derivative(sp.zeta(s), s) / sp.zeta(s)),
    (zeta_law, sp.log(n) ** 2, sp.Derivative(sp.zeta(s), (s, 2)) / sp.zeta(s)),
    (lambda: zeta_law(3), n**2, sp.zeta(s - 2) / sp.zeta(s)),
    (lambda: zeta_law(3), sp.sqrt(n) * sp.log(n), None),
    (lambda: zeta_law(3), n ** (s / 2), sp.zeta(s / 2) / sp.zeta(s)),
)


@pytest.mark.parametrize(("law", "f", "value"), FACTS)
def test_known_expectations(law, f: sp.Expr, value: sp.Expr | None) -> None:  # type: ignore[no-untyped-def]
    model = law()
    found = model.expectation(f, seconds=0)
    assert not any(type(part).__name__ == "Expectation" for part in sp.preorder_traversal(found))
    point = np.array([3.7 if s in model.parameters else 0.3])
    if value is None:
        value = -sp.Subs(sp.Derivative(sp.zeta(s), s), s, s - sp.Rational(1, 2)) / sp.zeta(s)
    ours, theirs = (sg.lambdify(e, model.parameters)(point) for e in (found, value))
    assert ours == pytest.approx(theirs, rel=1e-13)


def test_information_of_the_generalised_poisson_law() -> None:
    """Consul and Shoukri, Commun. Statist. Theory Methods 13 (1984) 1533-1547; Consul and Famoye 2006, section 9.5."""
    metric = sg.catalogue.generalised_poisson().manifold.metric
    theta, rate = metric.coordinates
    below = theta + 2 * rate
    assert sp.simplify(metric[0, 0] - (theta + 2 * rate - rate * theta) / (theta * below)) == 0
    assert sp.simplify(metric[0, 1] - theta / below) == 0
    assert sp.simplify(metric[1, 1] - theta * (theta + 2) / (below * (1 - rate))) == 0
    # The determinant, and moments of the law: Consul 1989, section 3.2.
    assert sp.simplify(metric[0, 0] * metric[1, 1] - metric[0, 1] ** 2 - 2 / (below * (1 - rate))) == 0
    model = sg.catalogue.generalised_poisson()
    count = model.variables[0]
    first, second = model.expectation(count), model.expectation(count**2)
    assert sp.simplify(first - theta / (1 - rate)) == 0
    assert sp.simplify(second - first**2 - theta / (1 - rate) ** 3) == 0


@pytest.mark.parametrize("value", [0.3, 1.0, 4.5, 60.0])
def test_information_of_yules_law(value: float) -> None:
    """As an alternating sum, and for a simple case by hand: the sum of 1/(n + rho)^2 with alternating signs."""
    model = sg.StatisticalModel(yule(n, r), n, r)
    metric = sg.lambdify(model.manifold.metric)(np.array([value]))[0, 0]
    with mp.workdps(30):
        rho = mp.mpf(str(value))
        exact = 1 / rho**2 - 2 * mp.nsum(lambda j: (-1) ** int(j) / (rho + 1 + j) ** 2, [0, mp.inf])
    assert metric == pytest.approx(float(exact), rel=1e-11)
    if value == 4.5:
        places = np.arange(1.0, 2e5)
        score = 1 / value + special.digamma(value + 1) - special.digamma(places + value + 1)
        weights = value * special.beta(places, value + 1)
        assert metric == pytest.approx(np.sum(weights * score**2), rel=1e-9)


def test_yules_law_in_other_clothes() -> None:
    """Simon's parameter, failures in place of trials, and a one-inflated law: the metric moves along."""
    plain = sg.StatisticalModel(yule(n, r), n, r).manifold.metric[0, 0]
    simon = sg.StatisticalModel(yule(n, 1 / (1 - a)), n, a, domain={a: UNIT}).manifold.metric[0, 0]
    failures = sg.StatisticalModel(yule(x + 1, r), x, r).manifold.metric[0, 0]
    extra = sg.StatisticalModel(inflated(yule(n, r), 1, r / (r + 1), n), n, (w, r), domain={w: UNIT})
    for value in (0.4, 0.75):
        rho = 1 / (1 - value)
        at = sg.lambdify(plain, (r,))(np.array([rho]))
        assert sg.lambdify(failures, (r,))(np.array([rho])) == pytest.approx(at, rel=1e-12)
        assert sg.lambdify(simon, (a,))(np.array([value])) == pytest.approx(at * rho**4, rel=1e-11)
        small = sg.lambdify(extra.manifold.metric)(np.array([1e-12, rho]))
        assert small[1, 1] == pytest.approx(at, rel=1e-9)
    assert extra.rung == "generating functions"


def test_generating_functions_with_a_symbol() -> None:
    u, v = sp.Symbol("u", real=True), sp.Symbol("v", negative=True)
    assert sp.expand(sp.log(poisson().expectation(sp.exp(u * x), constants=[u])) - lam * sp.exp(u) + lam) == 0
    found = geometric().expectation(sp.exp(v * x), constants=[v])
    assert sp.simplify(found - p / (1 - (1 - p) * sp.exp(v))) == 0
    with pytest.raises(DivergentExpectationError, match=r"exp\(u\)"):
        geometric().expectation(sp.exp(u * x), constants=[u])
    with pytest.raises(NoClosedFormError, match="every u"):
        poisson().expectation(sp.sin(u * x**2), constants=[u])
    with pytest.raises(UnknownSymbolError, match="constants"):
        poisson().expectation(sp.exp(u * x))


def test_what_is_infinite_or_not_proven_to_be_finite_is_refused() -> None:
    with pytest.raises(DivergentExpectationError, match=r"rho - 1 > 0"):
        sg.StatisticalModel(yule(n, r), n, r).expectation(n)
    assert sg.StatisticalModel(yule(n, r), n, r, domain={r: ABOVE_ONE}).expectation(n) == r / (r - 1)
    with pytest.raises(DivergentExpectationError, match=r"s - 2 > 0"):
        zeta_law().expectation(n)
    with pytest.raises(DivergentExpectationError, match="2\\*p"):
        geometric().expectation(2**x)
    with pytest.raises(DivergentExpectationError, match="pole at a point of the support"):
        geometric().expectation(1 / x)
    with pytest.raises(DivergentExpectationError, match="pole at a point of the support"):
        poisson().expectation(1 / (x - 2))
    with pytest.raises(NormalisationError, match="add up to"):
        sg.StatisticalModel(2 * sankaran(x, t), x, t, check=False).manifold  # noqa: B018


def test_what_has_no_closed_sum_is_said_so_at_once_and_stays_numerical() -> None:
    waring = sg.StatisticalModel(sp.beta(a + 1, b + x) / sp.beta(a, b), x, (a, b))
    assert waring.rung == "quadrature"
    assert waring.series is not None  # its moments are closed, its information is not
    with pytest.raises(DivergentExpectationError, match=r"a - 1 > 0"):
        waring.expectation(x)
    pascal = model_of("Pascal of any size")
    assert pascal.rung == "quadrature"
    assert pascal.series is not None and sp.simplify(pascal.expectation(x) - r * (1 - p) / p) == 0
    skellam = sg.catalogue.skellam()
    assert skellam.series is None


def test_families_of_every_kind_have_moments_of_their_statistics() -> None:
    """Tweedie, Ann. Math. Statist. 28 (1957) 362-377, for the inverse Gaussian law."""
    model = sg.catalogue.inverse_gaussian()
    mean_, shape = model.parameters
    y = model.variables[0]
    assert (
        sp.simplify(model.expectation(y**3, seconds=0) - mean_**3 * (1 + 3 * mean_ / shape + 3 * (mean_ / shape) ** 2))
        == 0
    )
    generating = model.expectation(sp.exp(-y), seconds=0)
    known = sp.exp(shape / mean_ * (1 - sp.sqrt(1 + 2 * mean_**2 / shape)))
    point = np.array([0.7, 1.9])
    ours, theirs = (sg.lambdify(e, model.parameters)(point) for e in (generating, known))
    assert ours == pytest.approx(theirs, rel=1e-13)
    circle = sg.catalogue.von_mises()
    angle = circle.variables[0]
    value = sg.lambdify(circle.expectation(sp.cos(2 * angle), seconds=0), circle.parameters)(np.array([0.4, 1.7]))
    names = [symbol.name for symbol in circle.parameters]
    at = dict(zip(names, (0.4, 1.7), strict=True))
    assert value == pytest.approx(
        np.cos(2 * at["mu"]) * special.iv(2, at["kappa"]) / special.iv(0, at["kappa"]), rel=1e-12
    )
