"""Divergences between members: closed forms of the literature, quadrature at high precision, and their relations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import mpmath
import numpy as np
import pytest
import sympy as sp

import symgeo as sg
from symgeo.errors import (
    ArgumentError,
    DivergentExpectationError,
    DomainError,
    NoClosedFormError,
    ParameterListError,
    UnknownSymbolError,
)

m1, m2 = sp.symbols("m1 m2", real=True)
a1, a2, b1, b2 = sp.symbols("a1 a2 b1 b2", positive=True)
u = sp.Symbol("u", positive=True)


@cache
def family(name: str) -> sg.StatisticalModel:
    return getattr(sg.catalogue, name)()


def equal(got: sp.Expr, expected: sp.Expr) -> bool:
    """Equality at generic positive values, to forty digits."""
    symbols = sorted(got.free_symbols | expected.free_symbols, key=str)
    for k in (1, 2):
        point = {s: sp.Rational(31 * k + 7 * i * i + 5 * i + 11, 60 + 3 * i) for i, s in enumerate(symbols)}
        x, y = (sp.N(e.subs(point), 40) for e in (got, expected))
        if abs(x - y) > sp.Float("1e-30") * (1 + abs(y)):
            return False
    return True


def lgamma(*args: sp.Expr) -> sp.Expr:
    return sp.Add(*map(sp.loggamma, args))


psi0 = sp.digamma

# Gil, Alajaji and Linder, Information Sciences 249 (2013) 124-131, tables 1 to 3, unless said otherwise.
KL = {
    "normal": ((m1, a1), (m2, a2), sp.log(a2 / a1) + (a1**2 + (m1 - m2) ** 2) / (2 * a2**2) - sp.Rational(1, 2)),
    "gamma": (
        (a1, b1),
        (a2, b2),
        (a1 - a2) * psi0(a1) - lgamma(a1) + lgamma(a2) + a2 * sp.log(b1 / b2) + a1 * (b2 - b1) / b1,
    ),
    "beta": (
        (a1, b1),
        (a2, b2),
        lgamma(a2, b2) - lgamma(a2 + b2) - lgamma(a1, b1) + lgamma(a1 + b1)
        + (a1 - a2) * psi0(a1) + (b1 - b2) * psi0(b1) + (a2 - a1 + b2 - b1) * psi0(a1 + b1),
    ),
    "poisson": ((a1,), (a2,), a1 * sp.log(a1 / a2) + a2 - a1),
    "exponential": ((a1,), (a2,), sp.log(a1 / a2) + a2 / a1 - 1),
    "pareto": ((a1,), (a2,), sp.log(a1 / a2) + a2 / a1 - 1),
    "laplace": ((a1,), (a2,), sp.log(a2 / a1) + a1 / a2 - 1),
    "inverse_gaussian": (
        (a1, b1),
        (a2, b2),
        (sp.log(b1 / b2) + b2 / b1 - 1) / 2 + b2 * (a1 - a2) ** 2 / (2 * a1 * a2**2),
    ),
    "rayleigh": ((a1,), (a2,), 2 * sp.log(a2 / a1) + (a1**2 - a2**2) / a2**2),
    "gumbel": (
        (m1, a1),
        (m2, a2),
        sp.log(a2 / a1) + sp.EulerGamma * (a1 / a2 - 1) + sp.exp((m2 - m1) / a2) * sp.gamma(a1 / a2 + 1) - 1
        + (m1 - m2) / a2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KL)
def test_relative_entropy_of_the_literature(name: str) -> None:
    p, q, expected = KL[name]
    assert equal(sg.kl_divergence(family(name), p, q), expected)
    # in the other order, and with the arguments swapped by hand, it is the same function
    swap = dict(zip((*p, *q), (*q, *p), strict=True))
    assert equal(sg.kl_divergence(family(name), q, p), expected.subs(swap, simultaneous=True))


def test_relative_entropy_of_bernoulli_laws() -> None:
    p, q = sp.symbols("p q", positive=True)
    found = sg.kl_divergence(family("bernoulli"), [p], [q])
    expected = p * sp.log(p / q) + (1 - p) * sp.log((1 - p) / (1 - q))
    for point in ({p: sp.Rational(1, 3), q: sp.Rational(2, 7)}, {p: sp.Rational(5, 6), q: sp.Rational(1, 9)}):
        assert abs(sp.N((found - expected).subs(point), 30)) < 1e-25


def test_relative_entropy_of_weibull_laws() -> None:
    """Bauckhage, arXiv:1310.3713, equation (3)."""
    k1, k2, c1, c2 = sp.symbols("k1 k2 c1 c2", positive=True)
    model = family("weibull_free")
    order = {"k": (k1, k2), "lambda": (c1, c2)}
    p, q = ([order[s.name][i] for s in model.parameters] for i in (0, 1))
    expected = (
        sp.log(k1 / c1**k1) - sp.log(k2 / c2**k2) + (k1 - k2) * (sp.log(c1) - sp.EulerGamma / k1)
        + (c1 / c2) ** k2 * sp.gamma(k2 / k1 + 1) - 1
    )  # fmt: skip
    assert equal(sg.kl_divergence(model, p, q), expected)


def test_relative_entropy_of_von_mises_laws() -> None:
    """``log I0(k2)/I0(k1) + A(k1) (k1 - k2 cos(m1 - m2))``, A = I1/I0."""
    ratio = sp.besseli(1, a1) / sp.besseli(0, a1)
    expected = sp.log(sp.besseli(0, a2) / sp.besseli(0, a1)) + ratio * (a1 - a2 * sp.cos(m1 - m2))
    assert equal(sg.kl_divergence(family("von_mises"), (m1, a1), (m2, a2)), expected)


def test_relative_entropy_of_dirichlet_laws() -> None:
    """Penny, Kullback-Liebler divergences of normal, gamma, Dirichlet and Wishart densities, 2001, equation (8)."""
    p, q = sp.symbols("p1:4", positive=True), sp.symbols("q1:4", positive=True)
    expected = lgamma(sum(p)) - lgamma(sum(q)) + sum(
        sp.loggamma(b) - sp.loggamma(a) + (a - b) * (psi0(a) - psi0(sum(p))) for a, b in zip(p, q, strict=True)
    )  # fmt: skip
    assert equal(sg.kl_divergence(family("dirichlet"), p, q), expected)


def test_relative_entropy_of_bivariate_normal_laws() -> None:
    """``(tr S2^-1 S1 + d' S2^-1 d - 2 + log det S2/det S1)/2``."""

    def covariance(s, t, r):
        return sp.Matrix([[s**2, r * s * t], [r * s * t, t**2]])

    p = (sp.Rational(1, 3), sp.Rational(-1, 2), sp.Rational(3, 2), sp.Rational(2, 3), sp.Rational(1, 4))
    q = (sp.Rational(1, 5), sp.Rational(1, 7), sp.Rational(5, 4), sp.Rational(4, 3), sp.Rational(-2, 5))
    s1, s2 = covariance(*p[2:]), covariance(*q[2:])
    d = sp.Matrix([p[0] - q[0], p[1] - q[1]])
    expected = ((s2.inv() * s1).trace() + (d.T * s2.inv() * d)[0] - 2 + sp.log(s2.det() / s1.det())) / 2
    assert equal(sg.kl_divergence(family("bivariate_normal"), p, q), expected)


def test_entropies_of_the_literature() -> None:
    """Cover and Thomas 2006, table 17.1."""
    golden = {
        "normal": ((m1, a1), sp.log(2 * sp.pi * sp.E * a1**2) / 2),
        "exponential": ((a1,), 1 - sp.log(a1)),
        "laplace": ((a1,), 1 + sp.log(2 * a1)),
        "cauchy": ((m1, a1), sp.log(4 * sp.pi * a1)),
        "logistic": ((m1, a1), 2 + sp.log(a1)),
        "gamma": ((a1, b1), a1 - sp.log(b1) + lgamma(a1) + (1 - a1) * psi0(a1)),
        "beta": ((a1, b1), lgamma(a1, b1) - lgamma(a1 + b1) - (a1 - 1) * psi0(a1) - (b1 - 1) * psi0(b1)
                 + (a1 + b1 - 2) * psi0(a1 + b1)),
    }  # fmt: skip
    for name, (p, expected) in golden.items():
        assert equal(sg.entropy(family(name), p), expected), name


def test_entropy_and_divergence_add_up_to_the_cross_entropy() -> None:
    for name, p, q in (("gamma", (a1, b1), (a2, b2)), ("gumbel", (m1, a1), (m2, a2)), ("rayleigh", (a1,), (a2,))):
        model = family(name)
        assert equal(sg.cross_entropy(model, p, q), sg.entropy(model, p) + sg.kl_divergence(model, p, q))


def test_what_does_not_close_of_an_entropy_stays_an_expectation() -> None:
    found = sg.entropy(family("poisson"), [3])
    terms = [mpmath.exp(-3) * mpmath.mpf(3) ** k / mpmath.factorial(k) for k in range(60)]
    expected = -sum(t * mpmath.log(t) for t in terms)
    assert found.has(sg.Expectation)
    assert abs(float(found.evalf()) - float(expected)) < 1e-10


# -- against quadrature ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drawn:
    """Two members, and cuts for the quadrature; a sum over so many terms where ``terms`` is given."""

    p: tuple
    q: tuple
    cuts: tuple = (-mpmath.inf, -10, -3, 0, 3, 10, mpmath.inf)
    terms: int = 0
    closed: bool = True


RAY = (0, 0.05, 0.5, 2, 8, 40, mpmath.inf)
UNIT = (0, 0.02, 0.5, 0.98, 1)
PI = mpmath.pi
R = sp.Rational
DRAWN = {
    "normal": Drawn((0, 1), (R(1, 2), R(4, 5))),
    "gamma": Drawn((2, 1), (R(5, 2), 2), RAY),
    "beta": Drawn((2, 3), (R(5, 2), R(3, 2)), UNIT),
    "inverse_gaussian": Drawn((1, 2), (R(3, 2), 1), RAY),
    "rayleigh": Drawn((1,), (2,), RAY),
    "weibull_free": Drawn((2, 1), (R(3, 2), 2), RAY),
    "gumbel": Drawn((0, 1), (R(1, 2), 2), (-8, -4, -2, 0, 2, 10, 60, 150)),
    "frechet": Drawn((3, 1), (4, R(3, 2)), (0, 0.2, 0.5, 1, 3, 20, 200, mpmath.inf)),
    "pareto": Drawn((2,), (3,), (1, 2, 5, 50, 1000, mpmath.inf)),
    "lomax": Drawn((3, 1), (2, 2), (0, 0.5, 2, 20, 500, mpmath.inf), closed=False),
    "cauchy": Drawn((0, 1), (1, 2), (-mpmath.inf, -100, -5, 0, 5, 100, mpmath.inf)),
    "logistic": Drawn((0, 1), (1, 2), (-mpmath.inf, -60, -10, 0, 10, 60, mpmath.inf), closed=False),
    "student": Drawn((0, 1), (1, 2), (-mpmath.inf, -30, -5, 0, 5, 30, mpmath.inf), closed=False),
    "laplace": Drawn((1,), (2,), (-mpmath.inf, -5, 0, 5, mpmath.inf)),
    "generalised_gamma": Drawn((1, 2, R(3, 2)), (2, 3, 1), RAY),
    "inverse_gamma": Drawn((3, 1), (2, 2), (0, 0.1, 0.4, 1, 5, 50, 1000, mpmath.inf)),
    "von_mises": Drawn((R(1, 2), 2), (1, 1), (-PI, 0, PI)),
    "truncated_exponential": Drawn((1,), (2,), UNIT),
    "lindley": Drawn((1,), (2,), RAY),
    "moyal": Drawn((0, 1), (R(1, 2), 2), (-8, -4, -2, 0, 3, 20, 100, 250)),
    "exponentiated_exponential": Drawn((2, 1), (3, 2), RAY, closed=False),
    "poisson": Drawn((2,), (3,), terms=80),
    "geometric": Drawn((R(1, 2),), (R(1, 3),), terms=250),
    "negative_binomial": Drawn((R(1, 2),), (R(2, 3),), terms=250),
    "logarithmic_series": Drawn((R(1, 2),), (R(1, 3),), terms=250),
    "bernoulli": Drawn((R(1, 2),), (R(1, 3),), terms=2),
}


@cache
def integrals(name: str) -> dict[str, mpmath.mpf]:
    """Relative entropy, Bhattacharyya coefficient and entropy by quadrature of the declared density."""
    model, drawn = family(name), DRAWN[name]
    (x,) = model.variables
    plain = sp.Dummy("x", real=True)
    members = [dict(zip(model.parameters, at, strict=True)) for at in (drawn.p, drawn.q)]
    laws = [sp.lambdify(plain, model.density.subs(at).xreplace({x: plain}), "mpmath") for at in members]

    @cache
    def densities(t):
        return [f(t) for f in laws]

    def kl(t):
        p, q = densities(t)
        return p * (mpmath.log(p) - mpmath.log(q)) if p > 0 and q > 0 else mpmath.mpf(0)

    def coefficient(t):
        p, q = densities(t)
        return mpmath.sqrt(p * q)

    def entropy(t):
        p, _ = densities(t)
        return -p * mpmath.log(p) if p > 0 else mpmath.mpf(0)

    with mpmath.workdps(20):
        if drawn.terms:
            first = int(model.support.sets[x].inf)
            places = [mpmath.mpf(first + k) for k in range(drawn.terms)]
            return {f.__name__: sum(f(t) for t in places) for f in (kl, coefficient, entropy)}
        return {f.__name__: mpmath.quad(f, list(drawn.cuts)) for f in (kl, coefficient, entropy)}


@pytest.mark.parametrize("name", DRAWN)
def test_divergences_agree_with_quadrature(name: str) -> None:
    model, drawn, exact = family(name), DRAWN[name], integrals(name)
    found = sg.kl_divergence(model, drawn.p, drawn.q)
    assert found.has(sg.Expectation) != drawn.closed
    assert abs(float(found.evalf()) - float(exact["kl"])) < 1e-10
    distance = sg.bhattacharyya(model, drawn.p, drawn.q)
    assert abs(float(distance.evalf()) + float(mpmath.log(exact["coefficient"]))) < 1e-10
    assert abs(float(sg.entropy(model, drawn.p, seconds=0).evalf()) - float(exact["entropy"])) < 1e-10


def test_relative_entropy_of_cauchy_laws() -> None:
    """Chyzak and Nielsen, arXiv:1905.10965, equation (1); also where the parameters are others."""
    expected = sp.log(((a1 + a2) ** 2 + (m1 - m2) ** 2) / (4 * a1 * a2))
    assert equal(sg.kl_divergence(family("cauchy"), (m1, a1), (m2, a2)), expected)
    x, c, d = sp.symbols("x c d", real=True)
    moved = sg.StatisticalModel(sp.exp(d) / sp.pi / (x**2 + 2 * c * x + c**2 + sp.exp(2 * d)), x, (c, d))
    assert equal(sg.kl_divergence(moved, (-m1, sp.log(a1)), (-m2, sp.log(a2))), expected)
    assert equal(sg.cross_entropy(family("cauchy"), (m1, a1), (m2, a2)), expected + sp.log(4 * sp.pi * a1))


def test_what_is_integrated_is_a_function_of_the_callers_symbols() -> None:
    model = family("logistic")
    found = sg.kl_divergence(model, (m1, a1), (m2, a2))
    assert found.has(sg.Expectation)
    assert found.free_symbols == {m1, a1, m2, a2}
    points = [(0, 1, 1, 2), (R(3, 2), 2, -1, R(1, 2))]
    values = sg.lambdify(found, (m1, a1, m2, a2))(np.array(points, dtype=float))
    each = [float(sg.kl_divergence(model, point[:2], point[2:]).evalf()) for point in points]
    np.testing.assert_allclose(values, each, rtol=0, atol=1e-10)
    # the derivative goes under the integral: at q = p it vanishes
    slope = sg.lambdify(sp.diff(found, a2), (m1, a1, m2, a2))
    assert abs(slope([0.5, 2, 0.5, 2])) < 1e-9


# -- relations ---------------------------------------------------------------------------------------------------------

PAIRS = {
    "normal": ((m1, a1), (m2, a2)),
    "gamma": ((a1, b1), (a2, b2)),
    "beta": ((a1, b1), (a2, b2)),
    "inverse_gaussian": ((a1, b1), (a2, b2)),
    "poisson": ((a1,), (a2,)),
    "rayleigh": ((a1,), (a2,)),
    "laplace": ((a1,), (a2,)),
    "weibull": ((a1,), (a2,)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_alpha_renyi_hellinger_and_bhattacharyya_are_functions_of_each_other(name: str) -> None:
    model, (p, q) = family(name), PAIRS[name]
    squared = sg.hellinger(model, p, q) ** 2
    distance = sg.bhattacharyya(model, p, q)
    assert equal(squared, 1 - sp.exp(-distance))
    assert equal(sg.alpha_divergence(model, 0, p, q), 4 * squared)
    assert equal(sg.renyi_divergence(model, R(1, 2), p, q), 2 * distance)
    third = R(1, 3)
    affinity = 1 - (1 - third**2) / 4 * sg.alpha_divergence(model, third, p, q)
    assert equal(sg.renyi_divergence(model, (1 - third) / 2, p, q), sp.log(affinity) / ((1 - third) / 2 - 1))
    assert equal(sg.alpha_divergence(model, third, p, q), sg.alpha_divergence(model, -third, q, p))


@pytest.mark.parametrize("name", ["normal", "gamma", "poisson", "laplace"])
def test_alpha_and_renyi_divergences_tend_to_relative_entropy(name: str) -> None:
    model, (p, q) = family(name), PAIRS[name]
    point = {m1: R(1, 3), m2: R(-1, 2), a1: R(3, 2), a2: R(7, 4), b1: R(5, 4), b2: R(6, 5)}
    p, q = (tuple(s.subs(point) for s in law) for law in (p, q))
    kl, reverse = sg.kl_divergence(model, p, q), sg.kl_divergence(model, q, p)
    assert sg.alpha_divergence(model, -1, p, q) == kl == sg.renyi_divergence(model, 1, p, q)
    assert sg.alpha_divergence(model, 1, p, q) == reverse
    step = R(1, 10**12)
    for side in (step, -step):
        assert abs(sp.N(sg.alpha_divergence(model, -1 + side, p, q) - kl, 40)) < 1e-9
        assert abs(sp.N(sg.alpha_divergence(model, 1 + side, p, q) - reverse, 40)) < 1e-9
        assert abs(sp.N(sg.renyi_divergence(model, 1 + side, p, q) - kl, 40)) < 1e-9


def test_the_order_may_be_a_symbol_that_the_model_uses_too() -> None:
    """The beta law has a parameter alpha; a logistic one has no closed affinity, so that its order enters a node."""
    model = family("beta")
    alpha, beta = model.parameters
    found = sg.alpha_divergence(model, alpha, (alpha, beta), (2, 3))
    point = {alpha: R(1, 2), beta: R(3, 2)}
    expected = sg.alpha_divergence(model, R(1, 2), (R(1, 2), R(3, 2)), (2, 3))
    assert abs(sp.N(found.subs(point) - expected, 30)) < 1e-25
    logistic = family("logistic")
    mu, sigma = logistic.parameters
    found = sg.alpha_divergence(logistic, mu, (0, sigma), (1, 2))
    expected = sg.alpha_divergence(logistic, R(1, 2), (0, R(3, 2)), (1, 2))
    assert abs(float(found.subs({mu: R(1, 2), sigma: R(3, 2)}).evalf()) - float(expected.evalf())) < 1e-10


@pytest.mark.parametrize("name", PAIRS)
def test_jeffreys_is_the_sum_of_both_directions(name: str) -> None:
    model, (p, q) = family(name), PAIRS[name]
    both = sg.kl_divergence(model, p, q) + sg.kl_divergence(model, q, p)
    assert equal(sg.jeffreys_divergence(model, p, q), both)


def test_f_divergences_hold_the_others() -> None:
    model, (p, q) = family("normal"), PAIRS["normal"]
    assert equal(sg.f_divergence(model, lambda r: -sp.log(r), p, q), sg.kl_divergence(model, p, q))
    assert equal(sg.f_divergence(model, sp.Lambda(u, u * sp.log(u)), p, q), sg.kl_divergence(model, q, p))
    assert equal(sg.f_divergence(model, lambda r: 1 - sp.sqrt(r), p, q), sg.hellinger(model, p, q) ** 2)
    numbers = ((0, 1), (R(1, 2), R(5, 4)))
    for f, expected in (
        (lambda r: 1 / r - 1, sg.chi_squared_divergence(model, *numbers)),
        (lambda r: r**2 - 1, sg.chi_squared_divergence(model, *reversed(numbers))),
    ):
        assert equal(sg.f_divergence(model, f, *numbers), expected)
    triangular = sg.f_divergence(model, lambda r: (r - 1) ** 2 / (r + 1), *numbers)

    def integrand(x):
        f, g = (mpmath.npdf(x, float(m), float(s)) for m, s in numbers)
        return (f - g) ** 2 / (f + g)

    expected = mpmath.quad(integrand, [-mpmath.inf, -5, 0, 5, mpmath.inf])
    assert abs(float(triangular.evalf()) - float(expected)) < 1e-10


def test_f_divergence_over_a_finite_support_is_a_sum() -> None:
    p, q = sp.symbols("p q", positive=True)
    found = sg.f_divergence(family("bernoulli"), lambda r: (r - 1) ** 2 / (r + 1), [p], [q])
    assert equal(found.subs({p: R(1, 3), q: R(1, 4)}), R(1, 144) / R(7, 12) + R(1, 144) / R(17, 12))


def test_jensen_shannon_divergence() -> None:
    p, q = R(1, 3), R(3, 4)
    middle = (p + q) / 2
    bernoulli = family("bernoulli")
    expected = (sg.kl_divergence(bernoulli, [p], [middle]) + sg.kl_divergence(bernoulli, [q], [middle])) / 2
    assert equal(sg.jensen_shannon(bernoulli, [p], [q]), expected)
    found = sg.jensen_shannon(family("normal"), (0, 1), (1, 2))

    def integrand(x):
        f, g = mpmath.npdf(x, 0, 1), mpmath.npdf(x, 1, 2)
        return (f * mpmath.log(2 * f / (f + g)) + g * mpmath.log(2 * g / (f + g))) / 2

    assert abs(float(found.evalf()) - float(mpmath.quad(integrand, [-30, -5, 0, 5, 30]))) < 1e-10


# -- infinite values ---------------------------------------------------------------------------------------------------


def test_pearson_divergence_of_normal_laws_is_finite_where_the_second_is_wide_enough() -> None:
    """Nielsen and Nock 2014: the integral of p^2/q converges for 2 s_q^2 > s_p^2."""
    model = family("normal")
    found = sg.chi_squared_divergence(model, (m1, a1), (m2, a2))
    expected = a2**2 / (a1 * sp.sqrt(2 * a2**2 - a1**2)) * sp.exp((m1 - m2) ** 2 / (2 * a2**2 - a1**2)) - 1
    wide, narrow = {a1: 1, a2: R(4, 5), m1: 0, m2: 1}, {a1: R(3, 2), a2: 1, m1: 0, m2: 1}
    assert abs(sp.N(found.subs(wide) - expected.subs(wide), 30)) < 1e-25
    assert found.subs(narrow) is sp.oo
    assert sg.chi_squared_divergence(model, (0, R(3, 2)), (1, 1)) is sp.oo
    assert sg.renyi_divergence(model, 2, (0, R(3, 2)), (1, 1)) is sp.oo
    assert sg.alpha_divergence(model, -3, (0, R(3, 2)), (1, 1)) is sp.oo
    assert sg.alpha_divergence(model, 3, (1, 1), (0, R(3, 2))) is sp.oo


def test_pearson_divergence_of_bivariate_normal_laws_needs_a_definite_form() -> None:
    """2 S_p^-1 - S_q^-1 with two negative eigenvalues has a positive determinant, and the integral is infinite."""
    model = family("bivariate_normal")
    assert sg.chi_squared_divergence(model, (0, 0, 3, 3, 0), (0, 0, 1, 1, 0)) is sp.oo
    assert sg.chi_squared_divergence(model, (0, 0, 3, 1, 0), (0, 0, 1, 1, 0)) is sp.oo
    # on the border, where the form is singular, it is infinite too
    assert sg.chi_squared_divergence(model, (0, 0, 1, 1, 0), (0, 0, 1, 1, R(1, 2))) is sp.oo
    # 1/sqrt(det(2 - S^-1) det S) - 1 with S^-1 = [[1, -r], [-r, 1]]/(1 - r^2), r = 1/3
    form = sp.Matrix([[2 - R(9, 8), R(3, 8)], [R(3, 8), 2 - R(9, 8)]])
    expected = sp.sqrt(R(8, 9)) / sp.sqrt(form.det()) - 1
    assert equal(sg.chi_squared_divergence(model, (0, 0, 1, 1, 0), (0, 0, 1, 1, R(1, 3))), expected)


def test_declared_domain_does_not_decide_convergence() -> None:
    """On k > 1 the integral of p^2/q reaches members outside the domain and converges there all the same."""
    x, k = sp.symbols("x k", positive=True)
    wide = sg.StatisticalModel(x ** (k - 1) * sp.exp(-x) / sp.gamma(k), x, k)
    cut = sg.StatisticalModel(x ** (k - 1) * sp.exp(-x) / sp.gamma(k), x, k, domain={k: sp.Interval.open(1, sp.oo)})
    for p, q in ((R(3, 2), R(5, 2)), (R(3, 2), R(7, 2))):
        assert sg.chi_squared_divergence(cut, [p], [q]) == sg.chi_squared_divergence(wide, [p], [q])
    assert sg.chi_squared_divergence(cut, [R(3, 2)], [R(7, 2)]) is sp.oo
    expected = sp.gamma(R(1, 2)) * sp.gamma(R(5, 2)) / sp.gamma(R(3, 2)) ** 2 - 1
    assert equal(sg.chi_squared_divergence(cut, [R(3, 2)], [R(5, 2)]), expected)


def test_a_periodic_closed_form_is_not_continued_past_its_singularity() -> None:
    """log-partition -2 log cos(theta): at |theta*| > pi/2 the integral diverges, though cos^2 is positive again."""
    model = family("generalised_hyperbolic_secant")
    assert not sg.chi_squared_divergence(model, [R(1, 2)], [R(-1, 2)]).has(sp.oo, sg.Expectation)
    far = sg.chi_squared_divergence(model, [R(3, 2)], [R(-3, 2)])
    assert not (far.is_finite and far.is_positive and float(far.evalf()) == float(far.evalf()))


def test_a_condition_that_has_no_form_in_symbols_is_refused() -> None:
    theta = sp.Symbol("theta2", real=True)
    model = family("generalised_hyperbolic_secant")
    with pytest.raises(DivergentExpectationError, match="give numbers"):
        sg.chi_squared_divergence(model, [R(1, 2)], [theta])
    assert sg.hellinger(model, [R(1, 2)], [theta]).free_symbols == {theta}


# -- invariance --------------------------------------------------------------------------------------------------------


def test_divergences_do_not_depend_on_the_parameters_chosen() -> None:
    x, t, s = sp.symbols("x t s", real=True)
    density = sp.exp(-((x - t) ** 2) / (2 * sp.exp(2 * s))) / sp.sqrt(2 * sp.pi * sp.exp(2 * s))
    moved = sg.StatisticalModel(density, x, (t, s))
    n = family("normal")
    p, q = (m1, sp.log(a1)), (m2, sp.log(a2))
    for divergence in (sg.kl_divergence, sg.hellinger, sg.bhattacharyya, sg.jeffreys_divergence):
        assert equal(divergence(moved, p, q), divergence(n, (m1, a1), (m2, a2)))


def test_divergences_do_not_depend_on_the_variable_chosen() -> None:
    """A normal law and that of its exponential; an exponential law and that of its logarithm."""
    normal, lognormal = family("normal"), family("lognormal")
    y = sp.Symbol("y", real=True)
    log_exponential = sg.StatisticalModel(a1 * sp.exp(y - a1 * sp.exp(y)), y, a1)
    for divergence in (sg.kl_divergence, sg.hellinger, sg.bhattacharyya):
        assert equal(divergence(normal, *PAIRS["normal"]), divergence(lognormal, *PAIRS["normal"]))
        assert equal(divergence(family("exponential"), [b1], [b2]), divergence(log_exponential, [b1], [b2]))


def test_a_sufficient_statistic_keeps_all_divergence_and_another_loses_some() -> None:
    """Two exponential observations and their sum, a gamma law of shape 2; the first of them alone."""
    x, y, r = sp.symbols("x y r", positive=True)
    both = sg.StatisticalModel(r**2 * sp.exp(-r * (x + y)), (x, y), r)
    total = sg.StatisticalModel(r**2 * x * sp.exp(-r * x), x, r)
    one = family("exponential")
    for divergence in (sg.kl_divergence, sg.bhattacharyya, sg.hellinger):
        assert equal(divergence(both, [a1], [a2]), divergence(total, [a1], [a2]))
        assert float(divergence(one, [1], [2]).evalf()) < float(divergence(total, [1], [2]).evalf()) - 0.01


# -- Chernoff's information --------------------------------------------------------------------------------------------


def test_chernoff_information_of_the_literature() -> None:
    """Nielsen 2013: a quarter of half the squared distance for normal laws of one variance; Poisson laws, table 1."""
    mu, sigma = family("normal").parameters
    assert equal(sg.chernoff_information(family("normal"), {mu: m1}, {mu: m2}), (m1 - m2) ** 2 / (8 * sigma**2))
    ratio = a2 / a1
    middle = (ratio - 1) / sp.log(ratio)
    expected = a1 * (1 - middle + middle * sp.log(middle))
    assert equal(sg.chernoff_information(family("poisson"), [a1], [a2]), expected)


@pytest.mark.parametrize("name", ["normal", "gamma", "cauchy", "bernoulli", "rayleigh"])
def test_chernoff_information_is_the_largest_of_all_exponents(name: str) -> None:
    model, drawn = family(name), DRAWN[name]
    best = float(sg.chernoff_information(model, drawn.p, drawn.q).evalf())
    order = sp.Symbol("r", positive=True)
    skewed = (1 - order) * sg.renyi_divergence(model, order, drawn.p, drawn.q)
    f = sg.lambdify(skewed, (order,))
    others = f(np.linspace(0.02, 0.98, 97)[:, None])
    assert -1e-12 < best - others.max() < 1e-3 * best


def test_chernoff_information_differentiates_as_an_implicit_function() -> None:
    found = sg.chernoff_information(family("normal"), (0, 1), (m2, 2))
    value, slope = (sg.lambdify(e, (m2,)) for e in (found, sp.diff(found, m2)))
    step = 1e-4
    assert abs((value([1 + step]) - value([1 - step])) / (2 * step) - slope([1.0])) < 1e-7


# -- members and refusals ----------------------------------------------------------------------------------------------


def test_numbers_in_exponentials_stay_as_they_are() -> None:
    """exp(6/23) beside exp(22/29) would be a power of degree some hundreds of one exponential."""
    model = family("bernoulli_logit")
    p, q = R(6, 23), R(-22, 29)
    means = [1 / (1 + sp.exp(-v)) for v in (p, q)]
    assert equal(sg.kl_divergence(model, [p], [q]), sg.kl_divergence(family("bernoulli"), [means[0]], [means[1]]))
    assert equal(sg.hellinger(model, [p], [q]), sg.hellinger(family("bernoulli"), [means[0]], [means[1]]))


def test_members_are_given_by_sequences_mappings_and_single_values() -> None:
    model = family("normal")
    mu, sigma = model.parameters
    assert equal(sg.kl_divergence(model, {mu: m1}, {mu: m2}), (m1 - m2) ** 2 / (2 * sigma**2))
    assert sg.kl_divergence(family("poisson"), 1, 2) == sg.kl_divergence(family("poisson"), [1], (2,))
    assert sg.kl_divergence(model, (0, 1), (0.5, 1)) == sp.Rational(1, 8)
    assert sg.kl_divergence(model, (m1, a1), (m1, a1)) == 0
    assert equal(sg.entropy(model), sg.entropy(model, (mu, sigma)))


@pytest.mark.parametrize(
    ("p", "error", "told"),
    [
        ((0,), ParameterListError, "2 parameters"),
        ((0, 1, 2), ParameterListError, "3 values"),
        ((0, -1), DomainError, "domain"),
        ((0, 0), DomainError, "domain"),
        ((0, sp.I), DomainError, "real"),
        ((0, sp.nan), DomainError, "real"),
        ((0, sp.oo), DomainError, "real"),
        (("0", 1), ArgumentError, "expected a number"),
        ({sp.Symbol("other"): 1}, UnknownSymbolError, "no parameter"),
        ((0, sp.Symbol("s", negative=True)), DomainError, "domain"),
    ],
)
def test_members_that_there_are_not(p, error, told) -> None:
    for divergence in (sg.kl_divergence, sg.hellinger, sg.chernoff_information):
        with pytest.raises(error, match=told):
            divergence(family("normal"), p, (0, 1))
        with pytest.raises(error, match=told):
            divergence(family("normal"), (0, 1), p)


def test_values_may_not_hold_the_variable() -> None:
    (x,) = family("normal").variables
    with pytest.raises(ArgumentError, match="variable"):
        sg.kl_divergence(family("normal"), (x, 1), (0, 1))


def test_constraints_are_part_of_the_domain() -> None:
    with pytest.raises(DomainError):
        sg.kl_divergence(family("categorical"), (R(2, 3), R(2, 3)), (R(1, 3), R(1, 3)))


def test_orders_and_functions_that_make_no_divergence() -> None:
    model, p, q = family("normal"), (0, 1), (1, 2)
    for order in (0, -1, sp.oo, sp.nan, sp.I, "2"):
        with pytest.raises(ArgumentError):
            sg.renyi_divergence(model, order, p, q)
    with pytest.raises(ArgumentError, match="real number"):
        sg.alpha_divergence(model, sp.I, p, q)
    with pytest.raises(ArgumentError, match="not zero"):
        sg.f_divergence(model, lambda r: r, p, q)
    with pytest.raises(ArgumentError, match="convex"):
        sg.f_divergence(model, lambda r: sp.log(r), p, q)
    with pytest.raises(ArgumentError, match="SymPy expression"):
        sg.f_divergence(model, lambda r: "r", p, q)


def test_a_kink_that_moves_to_an_unknown_place_is_refused() -> None:
    """The density turns where u + exp(u) = m, which has no closed form."""
    y, m = sp.symbols("y m", real=True)
    bent = y + sp.exp(y) - m
    model = sg.StatisticalModel(sp.exp(-sp.Abs(bent)) * (1 + sp.exp(y)) / 2, y, m)
    with pytest.raises(NoClosedFormError, match="could not be solved for"):
        sg.hellinger(model, 0, 1)
