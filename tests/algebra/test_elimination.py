"""Closed inverses of the maps that exponential families make of their charts, and of random maps."""

from __future__ import annotations

import time

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symgeo.algebra.elimination import invert_map

R = sp.Rational
mu, mu1, mu2, m, t, t1, t2, rho, S12, l21 = sp.symbols("mu mu1 mu2 m t t1 t2 rho S12 l21", real=True)
s, s1, s2, v, tau, k, r, a, b, phi, lam, p, n, S11, S22, l11, l22, theta = sp.symbols(
    "s s1 s2 v tau k r a b phi lambda p n S11 S22 l11 l22 theta", positive=True
)
q = 1 - rho**2
det = S11 * S22 - S12**2
softmax = 1 + sp.exp(t1) + sp.exp(t2)

UNIT, SMALL = (R(0), R(1)), (-R(1, 3), R(1, 3))


def points(unknowns, ranges=None, count=3, seed=1):
    """Points of a box: by default a positive symbol runs over (1/3, 5/2) and another over (-2, 2)."""
    box = [(ranges or {}).get(u, (R(1, 3), R(5, 2)) if u.is_positive else (R(-2), R(2))) for u in unknowns]
    step = [R((seed + 7 * i) * (2 * i + 3) % 89 + 4, 97) for i in range(len(unknowns) * count)]
    rows = [step[i * len(unknowns) : (i + 1) * len(unknowns)] for i in range(count)]
    return [{u: lo + (hi - lo) * f for u, (lo, hi), f in zip(unknowns, box, row, strict=True)} for row in rows]


def inverted(functions, unknowns, ranges=None):
    """The inverse, checked at points that it has not seen: f(g(y)) = y and g(f(u)) = u to 20 digits."""
    targets = sp.symbols(f"y1:{len(unknowns) + 1}")
    inverse = invert_map(functions, unknowns, targets, points(unknowns, ranges))
    if inverse is None:
        return None
    assert not set().union(*(e.free_symbols for e in inverse)) & set(unknowns)
    for point in points(unknowns, ranges, count=4, seed=31):
        point = {n: 5, **point}
        images = {y: f.evalf(40, subs=point) for y, f in zip(targets, functions, strict=True)}
        back = {u: e.evalf(40, subs={n: 5, **images}) for u, e in zip(unknowns, inverse, strict=True)}
        again = [f.evalf(40, subs=point | back) for f in functions]
        for value, truth in [
            *zip(back.values(), (point[u] for u in unknowns), strict=True),
            *zip(again, images.values(), strict=True),
        ]:
            assert abs(value - truth) < sp.Float("1e-20") * (1 + abs(truth))
    return inverse


def gaussian(d, chart):
    """Natural and expectation coordinates of a d-variate normal, its chart, and its parameters' ranges."""
    mean = sp.Matrix(sp.symbols(f"m1:{d + 1}", real=True))
    scale = sp.symbols(f"s1:{d + 1}", positive=True)
    pairs = [(i, j) for i in range(d) for j in range(i, d)]
    if chart == "correlations":
        inside = {(i, j): sp.Symbol(f"rho{i}{j}", real=True) for i, j in pairs if i < j}
        sigma = sp.Matrix(d, d, lambda i, j: scale[i] * scale[j] * inside.get((min(i, j), max(i, j)), 1))
        chart = [*mean, *scale, *inside.values()]
        ranges = {c: (-R(1, 6), R(1, 6)) for c in inside.values()}
    else:
        inside = {(i, j): sp.Symbol(f"S{i}{j}", real=True) for i, j in pairs}
        sigma = sp.Matrix(d, d, lambda i, j: inside[min(i, j), max(i, j)])
        chart = [*mean, *inside.values()]
        ranges = {c: (R(1), R(2)) if i == j else (-R(1, 6), R(1, 6)) for (i, j), c in inside.items()}
    precision = sigma.adjugate() / sigma.det()
    natural = [*(precision * mean), *(-precision[i, j] / (2 if i == j else 1) for i, j in pairs)]
    expectation = [*mean, *(mean[i] * mean[j] + sigma[i, j] for i, j in pairs)]
    return natural, expectation, chart, ranges


CASES = {
    "normal, sigma, natural": ((mu / s**2, -1 / (2 * s**2)), (mu, s)),
    "normal, sigma, expectation": ((mu, mu**2 + s**2), (mu, s)),
    "normal, variance, natural": ((mu / v, -1 / (2 * v)), (mu, v)),
    "normal, variance, expectation": ((mu, mu**2 + v), (mu, v)),
    "normal, precision, natural": ((mu * tau, -tau / 2), (mu, tau)),
    "normal, precision, expectation": ((mu, mu**2 + 1 / tau), (mu, tau)),
    "normal, log sigma, natural": ((mu * sp.exp(-2 * t), -sp.exp(-2 * t) / 2), (mu, t)),
    "normal, log sigma, expectation": ((mu, mu**2 + sp.exp(2 * t)), (mu, t)),
    "normal, coefficient of variation": ((1 / (k**2 * a), -1 / (2 * k**2 * a**2)), (a, k)),
    "normal, standard deviation as a root": ((mu / sp.sqrt(v), -1 / (2 * sp.sqrt(v))), (mu, v)),
    "normal, decimals": ((mu / s**2, -0.5 / s**2), (mu, s)),
    "normal, mixed": ((mu / s**2 - 3 / (2 * s**2), mu / s**2 + 1 / s**2), (mu, s)),
    "normal, polar": (
        (sp.cos(theta) / (r * sp.sin(theta) ** 2), -1 / (2 * (r * sp.sin(theta)) ** 2)),
        (r, theta),
        {theta: (R(1, 10), R(3))},
    ),
    "gamma, rate": ((k - 1, -r), (k, r)),
    "gamma, scale": ((k - 1, -1 / s), (k, s)),
    "gamma, mean": ((k, -k / a), (k, a)),
    "inverse gamma": ((-a - 1, -b), (a, b)),
    "beta": ((a - 1, b - 1), (a, b)),
    "beta, mean and precision": ((p * phi - 1, (1 - p) * phi - 1), (p, phi), {p: UNIT}),
    "inverse Gaussian, natural": ((-lam / (2 * a**2), -lam / 2), (a, lam)),
    "inverse Gaussian, expectation": ((a, 1 / a + 1 / lam), (a, lam)),
    "Bernoulli, one logarithm": ((sp.log(p / (1 - p)),), (p,), {p: UNIT}),
    "Bernoulli, two logarithms": ((sp.log(p) - sp.log(1 - p),), (p,), {p: UNIT}),
    "Bernoulli, logit chart": ((sp.log(1 / (1 + sp.exp(-t)) / (1 - 1 / (1 + sp.exp(-t)))),), (t,)),
    "Bernoulli, logit chart, expectation": ((1 / (1 + sp.exp(-t)),), (t,)),
    "Bernoulli, probit chart": ((sp.log((1 + sp.erf(t)) / (1 - sp.erf(t))),), (t,)),
    "Bernoulli, log-log chart": ((1 - sp.exp(-sp.exp(t)),), (t,)),
    "Bernoulli, arcsine chart": ((sp.sin(theta) ** 2,), (theta,), {theta: (R(0), R(3, 2))}),
    "binomial, mean": ((n * p,), (p,), {p: UNIT}),
    "binomial, natural": ((n * sp.log(p / (1 - p)),), (p,), {p: UNIT}),
    "Poisson": ((sp.log(lam),), (lam,)),
    "Poisson, log rate": ((sp.exp(t),), (t,)),
    "geometric": ((sp.log(1 - p),), (p,), {p: UNIT}),
    "geometric, mean": (((1 - p) / p,), (p,), {p: UNIT}),
    "Rayleigh": ((-1 / (2 * s**2),), (s,)),
    "Maxwell": ((3 * s**2,), (s,)),
    "Weibull, known shape": ((-(lam ** (-n)),), (lam,)),
    "logarithmic series": ((sp.log(p),), (p,), {p: UNIT}),
    "von Mises": ((k * sp.cos(t), k * sp.sin(t)), (k, t)),
    "lognormal, moments": ((sp.exp(mu + s**2 / 2), sp.exp(2 * mu + 2 * s**2)), (mu, s)),
    "softmax chart": ((sp.exp(t1) / softmax, sp.exp(t2) / softmax), (t1, t2)),
    "correlation, Fisher's z": ((sp.tanh(t),), (t,)),
    "bivariate normal, sigmas and rho, natural": (
        (
            (mu1 / s1**2 - rho * mu2 / (s1 * s2)) / q,
            (mu2 / s2**2 - rho * mu1 / (s1 * s2)) / q,
            -1 / (2 * s1**2 * q),
            rho / (s1 * s2 * q),
            -1 / (2 * s2**2 * q),
        ),
        (mu1, mu2, s1, s2, rho),
        {rho: (-R(9, 10), R(9, 10))},
    ),
    "bivariate normal, sigmas and rho, expectation": (
        (mu1, mu2, mu1**2 + s1**2, mu1 * mu2 + rho * s1 * s2, mu2**2 + s2**2),
        (mu1, mu2, s1, s2, rho),
        {rho: (-R(9, 10), R(9, 10))},
    ),
    "bivariate normal, covariance, natural": (
        tuple(c / det for c in (S22 * mu1 - S12 * mu2, S11 * mu2 - S12 * mu1, -S22 / 2, S12, -S11 / 2)),
        (mu1, mu2, S11, S12, S22),
        {S12: SMALL},
    ),
    "bivariate normal, precision, natural": (
        (S11 * mu1 + S12 * mu2, S12 * mu1 + S22 * mu2, -S11 / 2, -S12, -S22 / 2),
        (mu1, mu2, S11, S12, S22),
        {S12: SMALL},
    ),
    "bivariate normal, precision, expectation": (
        (mu1, mu2, mu1**2 + S22 / det, mu1 * mu2 - S12 / det, mu2**2 + S11 / det),
        (mu1, mu2, S11, S12, S22),
        {S12: SMALL},
    ),
    "bivariate normal, Cholesky factor": (
        (mu1, mu2, mu1**2 + l11**2, mu1 * mu2 + l11 * l21, mu2**2 + l21**2 + l22**2),
        (mu1, mu2, l11, l21, l22),
    ),
    "affine": ((2 * a + 3 * b - 1, a - b + R(1, 2)), (a, b)),
    "logits, mixed": (
        (sp.log(a / (1 - a)) + sp.log(b / (1 - b)), sp.log(a / (1 - a)) - sp.log(b / (1 - b))),
        (a, b),
        {a: UNIT, b: UNIT},
    ),
    "quadratic": ((a - 1 / a,), (a,)),
    "biquadratic": ((a**4 + a**2,), (a,)),
    "root of a difference": ((a / sp.sqrt(v - a**2), v), (a, v), {a: UNIT, v: (R(1), R(2))}),
    "hyperbolic": ((k * sp.sinh(t), k * sp.cosh(t)), (t, k)),
    "exponent and base": ((a**n * b, n**t, b), (a, t, b)),
    "exponent over a scale": ((sp.exp(t / s), s), (t, s)),
    "special function of a solved unknown": ((a, sp.digamma(a) + b), (a, b)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_charts_of_families(name):
    assert inverted(*CASES[name]) is not None


@pytest.mark.parametrize("d", [3, 8])
def test_dirichlet(d):
    alpha = sp.symbols(f"alpha1:{d + 1}", positive=True)
    assert inverted([c - 1 for c in alpha], alpha) is not None


@pytest.mark.parametrize("single", [True, False])
@pytest.mark.parametrize("cells", [2, 5, 12])
def test_categorical_logits(cells, single):
    ps = sp.symbols(f"p1:{cells + 1}", positive=True)
    last = 1 - sum(ps)
    ranges = {c: (R(0), R(1, cells + 1)) for c in ps}
    logits = [sp.log(c / last) if single else sp.log(c) - sp.log(last) for c in ps]
    inverse = inverted(logits, ps, ranges)
    y1 = sp.Symbol("y1")
    assert inverse is not None
    assert inverse[0].has(sp.exp(y1))
    assert inverted([n * c for c in ps], ps, ranges) is not None


@pytest.mark.parametrize(("d", "chart"), [(3, "covariance"), (3, "correlations"), (4, "covariance")])
def test_multivariate_normal(d, chart):
    natural, expectation, unknowns, ranges = gaussian(d, chart)
    assert inverted(natural, unknowns, ranges) is not None
    assert inverted(expectation, unknowns, ranges) is not None


def test_answers_are_written_as_a_person_would():
    y1, y2 = sp.symbols("y1 y2")
    assert inverted(*CASES["normal, variance, natural"]) == (-y1 / (2 * y2), -1 / (2 * y2))
    assert inverted(*CASES["normal, log sigma, natural"])[1] == sp.log(-1 / (2 * y2)) / 2
    assert inverted(*CASES["von Mises"]) == (sp.sqrt(y1**2 + y2**2), sp.atan2(y2, y1))
    assert inverted(*CASES["softmax chart"])[0] == sp.log(y1 / (1 - y1 - y2))
    assert inverted(*CASES["correlation, Fisher's z"]) == (sp.atanh(y1),)
    assert inverted(*CASES["logits, mixed"])[0] == 1 / (1 + sp.exp(-y1 / 2 - y2 / 2))


def test_no_singularity_where_the_correlation_is_zero():
    functions, unknowns, ranges = CASES["bivariate normal, sigmas and rho, natural"]
    inverse = inverted(functions, unknowns, ranges)
    point = {mu1: 1, mu2: 2, s1: 3, s2: 5, rho: 0}
    images = {sp.Symbol(f"y{i + 1}"): f.subs(point) for i, f in enumerate(functions)}
    assert [e.subs(images) for e in inverse] == [1, 2, 3, 5, 0]


def test_the_sample_chooses_the_branch():
    y = sp.symbols("y1:3")
    functions = (a + b, a * b)
    low = [{a: R(1, 3), b: 2}, {a: R(1, 2), b: 3}, {a: 1, b: 4}]
    high = [{a: point[b], b: point[a]} for point in low]
    assert invert_map(functions, (a, b), y, low)[0].subs({y[0]: 5, y[1]: 4}) == 1
    assert invert_map(functions, (a, b), y, high)[0].subs({y[0]: 5, y[1]: 4}) == 4
    assert invert_map(functions, (a, b), y, [low[0], high[1]]) is None
    assert invert_map((mu**2,), (mu,), y[:1], [{mu: -1}, {mu: -2}]) == (-sp.sqrt(y[0]),)
    assert invert_map((mu**2,), (mu,), y[:1], [{mu: -1}, {mu: 2}]) is None


def test_a_sample_point_may_give_the_constants():
    y = sp.Symbol("y")
    c = sp.Symbol("c", positive=True)
    # Whether c - a is positive cannot be known from a alone.
    sample = [{a: R(1, 4), c: R(1, 2)}, {a: R(1, 3), c: R(2, 3)}]
    assert invert_map(((c - a) ** 2,), (a,), (y,), sample) == (c - sp.sqrt(y),)


def test_the_order_of_equations_and_unknowns_does_not_matter():
    natural, _, unknowns, ranges = gaussian(3, "correlations")
    assert inverted(natural[::-1], unknowns[3:] + unknowns[:3], ranges) is not None


HOPELESS = {
    "gamma, expectation": ((k / r, sp.digamma(k) - sp.log(r)), (k, r)),
    "beta, expectation": ((sp.digamma(a) - sp.digamma(a + b), sp.digamma(b) - sp.digamma(a + b)), (a, b)),
    "von Mises, mean length": ((sp.besseli(1, k) / sp.besseli(0, k),), (k,)),
    "logarithmic series, mean": ((p / ((p - 1) * sp.log(1 - p)),), (p,), {p: UNIT}),
    "cubic": ((a**3 + a,), (a,)),
    "not injective": ((a + b, 2 * a + 2 * b), (a, b)),
    "an integral": ((sp.Integral(sp.exp(-a * t**2) * sp.sin(t), (t, 0, sp.oo)),), (a,)),
    "not real": ((sp.sqrt(-a), b), (a, b)),
    "a pole in the sample": ((1 / (a - R(1, 3) - (R(5, 2) - R(1, 3)) * R(7, 97)),), (a,)),
}


@pytest.mark.parametrize("name", HOPELESS)
def test_none_quickly_where_there_is_no_closed_form(name):
    started = time.perf_counter()
    assert inverted(*HOPELESS[name]) is None
    assert time.perf_counter() - started < 2


def test_dense_systems_end_in_bounded_time():
    unknowns = sp.symbols("u1:8", positive=True)
    functions = [
        sum((i * j + k) % 5 * x * y for j, x in enumerate(unknowns) for k, y in enumerate(unknowns[: j + 1]))
        for i in range(1, 8)
    ]
    started = time.perf_counter()
    inverted(functions, unknowns)
    assert time.perf_counter() - started < 10  # about 0.5 s on an idle machine


def test_unequal_lengths_and_empty_samples_are_refused():
    y = sp.symbols("y1:3")
    with pytest.raises(ValueError, match="one function and one target for each unknown"):
        invert_map((a,), (a, b), y, [{a: 1, b: 1}])
    with pytest.raises(ValueError, match="a sample point"):
        invert_map((a, b), (a, b), y, [])


integers = st.integers(-3, 3)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(integers, integers, integers, st.sampled_from(["affine", "log", "exp"])),
        min_size=1,
        max_size=3,
    )
)
def test_random_triangular_maps(rows):
    """f_i = h((u_i + a + b u_{i-1}) (1 + c u_{i-1})) with h the identity, a logarithm or an exponential."""
    unknowns = sp.symbols(f"u1:{len(rows) + 1}", positive=True)
    functions, before = [], sp.S.Zero
    for u, (shift, slope, bend, head) in zip(unknowns, rows, strict=True):
        inner = (u + abs(slope) * before + abs(shift)) * (1 + abs(bend) * before)
        functions.append({"affine": inner, "log": sp.log(inner), "exp": sp.exp(inner)}[head])
        before = u
    assert inverted(functions, unknowns) is not None


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 4).flatmap(lambda d: st.lists(st.tuples(integers, integers, integers), min_size=d, max_size=d)))
def test_random_monomial_maps(steps):
    """Products of powers, the matrix of exponents triangular with units on its diagonal."""
    d = len(steps)
    unknowns = sp.symbols(f"u1:{d + 1}", positive=True)
    exponents = sp.eye(d)
    for i, j, c in steps:
        exponents[max(i % d, j % d), min(i % d, j % d)] += c if (i - j) % d else 0
    functions = [sp.Mul(*(u**e for u, e in zip(unknowns, exponents.row(i), strict=True))) for i in range(d)]
    assert inverted(functions, unknowns) is not None


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3).flatmap(lambda d: st.lists(st.integers(1, 9), min_size=d * d + d, max_size=d * d + d)))
def test_random_projective_maps(numbers):
    """Quotients of linear forms over one denominator, the matrix of the numerators diagonally dominant."""
    d = int(len(numbers) ** 0.5)
    unknowns = sp.symbols(f"u1:{d + 1}", positive=True)
    matrix = sp.Matrix(d, d, lambda i, j: numbers[i * d + j] + (60 if i == j else 0))
    below = 1 + sum(c * u for c, u in zip(numbers[d * d :], unknowns, strict=True))
    functions = [row / below for row in matrix * sp.Matrix(unknowns)]
    assert inverted(functions, unknowns) is not None
