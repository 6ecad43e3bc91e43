"""EM for joint densities: hidden classes, hidden numbers, missing entries."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.stats as st
import sympy as sp

import symgeo as sg
from symgeo.errors import ArgumentError, DataError, EMError, MonotonicityError, ParameterListError, SupportError
from symgeo.inference.em_steps import EMState, em_step
from symgeo.inference.latent import LatentSteps
from symgeo.inference.observed_likelihood import observed_likelihood

UNIT = sp.Interval.open(0, 1)
x, y, mu, eta = sp.symbols("x y mu eta", real=True)
a, b, s, w, theta, lam = sp.symbols("a b s w theta lambda", positive=True)
c, z = sp.symbols("c z", integer=True)
k, n = sp.symbols("k n", integer=True, nonnegative=True)


def linkage() -> sg.StatisticalModel:
    """Rao's cells, the first of them split into 1/2 and theta/4 by z; elsewhere z says nothing."""
    split = sp.Piecewise((sp.Rational(1, 2), sp.Eq(z, 0)), (theta / 4, True))
    rest = sp.Piecewise(((1 - theta) / 8, sp.Eq(c, 1) | sp.Eq(c, 2)), (theta / 8, True))
    density = sp.Piecewise((split, sp.Eq(c, 0)), (rest, True))
    return sg.StatisticalModel(
        density, (c, z), theta, support={c: sp.Range(0, 4), z: sp.Range(0, 2)}, domain={theta: UNIT}
    )


@functools.cache
def bivariate() -> sg.StatisticalModel:
    return sg.catalogue.bivariate_normal()


def normal_log_likelihood(theta: np.ndarray, data: np.ndarray) -> float:
    """Of a bivariate normal sample with nan for what is missing: the first given, then the second given the first."""
    m1, m2, s1, s2, r = theta
    one, two = ~np.isnan(data).T
    total = st.norm.logpdf(data[one, 0], m1, s1).sum() + st.norm.logpdf(data[~one, 1], m2, s2).sum()
    both = data[one & two]
    mean, spread = m2 + r * s2 / s1 * (both[:, 0] - m1), s2 * np.sqrt(1 - r**2)
    return float(total + st.norm.logpdf(both[:, 1], mean, spread).sum())


def test_rao_s_linkage_data() -> None:
    """0.6268214980, first step from 1/2 to 0.608247423: Dempster, Laird and Rubin 1977, section 1 and table 1."""
    counts = [125, 18, 20, 34]

    def value(t: float) -> float:
        return float(np.dot(counts, np.log([0.5 + t / 4, (1 - t) / 4, (1 - t) / 4, t / 4])))

    found = sg.em(linkage(), np.arange(4), hidden=z, weights=counts, start=[0.5], accelerate=False)
    assert found.estimate[0] == pytest.approx(0.6268214980, abs=1e-9)
    published = [0.5, 0.608247423, 0.624321051, 0.626488879, 0.626777323]
    assert found.trace[:5] == pytest.approx([value(t) for t in published], abs=1e-7)
    # The observed information is 377.5: Tanner, Tools for Statistical Inference, 3rd ed. 1996, section 4.4.
    assert found.observed_information[0, 0] == pytest.approx(377.5, abs=0.05)
    assert found.standard_errors[0] == pytest.approx(377.5168**-0.5, rel=1e-5)
    assert found.source == "observed" and "steps of EM" in str(found)


def test_monotone_missing_entries_have_a_closed_form() -> None:
    """Means and regression of what is seen: Anderson, J. Amer. Statist. Assoc. 52 (1957) 200-203."""
    random = np.random.default_rng(7)
    data = random.multivariate_normal([1.0, 2.0], [[1.0, 0.8], [0.8, 2.0]], 60)
    data[40:, 1] = np.nan
    found = sg.em(bivariate(), data, missing=True, starts=2)
    first, both = data[:, 0], data[:40]
    m1, v1 = first.mean(), first.var()
    slope = np.cov(both.T, bias=True)[0, 1] / both[:, 0].var()
    rest = both[:, 1].var() - slope**2 * both[:, 0].var()
    m2, v2 = both[:, 1].mean() + slope * (m1 - both[:, 0].mean()), rest + slope**2 * v1
    expected = [m1, m2, v1**0.5, v2**0.5, slope * (v1 / v2) ** 0.5]
    np.testing.assert_allclose(found.estimate, expected, rtol=1e-8)
    assert found.log_likelihood == pytest.approx(normal_log_likelihood(found.estimate, data), rel=1e-12)


def test_any_pattern_of_missing_entries_against_direct_maximisation() -> None:
    random = np.random.default_rng(8)
    data = random.multivariate_normal([1.0, -1.0], [[1.0, -0.5], [-0.5, 1.5]], 50)
    data[:8, 0], data[8:20, 1] = np.nan, np.nan
    masked = np.ma.masked_invalid(data)
    found = sg.em(bivariate(), masked, starts=2)
    direct = scipy.optimize.minimize(
        lambda t: -normal_log_likelihood([t[0], t[1], np.exp(t[2]), np.exp(t[3]), np.tanh(t[4])], data),
        np.zeros(5),
        method="BFGS",
    )
    assert found.log_likelihood == pytest.approx(-direct.fun, abs=1e-8)
    np.testing.assert_allclose(found.estimate, [*direct.x[:2], *np.exp(direct.x[2:4]), np.tanh(direct.x[4])], atol=2e-4)
    # Named columns, and nan where that is said to be missing.
    named = {v: data[:, i] for i, v in enumerate(bivariate().variables)}
    assert sg.em(bivariate(), named, missing=True, starts=1).log_likelihood == pytest.approx(
        found.log_likelihood, rel=1e-12
    )
    plain = sg.em(bivariate(), data, missing=True, starts=1, accelerate=False)
    np.testing.assert_allclose(plain.estimate, found.estimate, rtol=1e-8)
    assert (np.diff(plain.trace) > -1e-9).all()
    low, high = sg.confidence_interval(found, found.model.parameters[0])[:2]
    assert low < found.estimate[0] < high


def test_the_e_step_is_the_conditional_mean() -> None:
    """E[x2 | x1] and E[x2^2 | x1] of the normal law, though no conditional law is formed."""
    data = np.array([[0.3, np.nan], [-1.2, np.nan], [2.0, np.nan]])
    likelihood = observed_likelihood(bivariate(), data, (), True, None)
    m1, m2, s1, s2, r = point = np.array([0.5, -0.4, 1.3, 0.7, 0.6])
    (rows,) = likelihood.rows
    total = rows.statistics_sum(point, rows.posterior(point)[1])
    mean = m2 + r * s2 / s1 * (data[:, 0] - m1)
    square = mean**2 + s2**2 * (1 - r**2)
    assert likelihood.step is not None
    x1, x2 = bivariate().variables
    expected = {x1: data[:, 0], x2: mean, x1**2: data[:, 0] ** 2, x1 * x2: data[:, 0] * mean, x2**2: square}
    np.testing.assert_allclose(total, [expected[t].sum() for t in likelihood.step.statistics], rtol=1e-12)


def test_a_hidden_rate_leaves_the_negative_binomial() -> None:
    joint = sg.StatisticalModel(
        lam**k * sp.exp(-lam) / sp.factorial(k) * b**a * lam ** (a - 1) * sp.exp(-b * lam) / sp.gamma(a),
        (k, lam),
        (a, b),
    )
    data = np.random.default_rng(1).poisson(np.random.default_rng(2).gamma(3.0, 2.0, 200))
    found = sg.em(joint, data, hidden=lam, starts=2)
    direct = sg.fit(sg.marginal(joint, k), data, covariance="observed")
    np.testing.assert_allclose(found.estimate, direct.estimate, rtol=1e-8)
    np.testing.assert_allclose(found.covariance, direct.covariance, rtol=1e-6)
    slow = sg.em(joint, data, hidden=lam, start={"a": 1.0, "b": 1.0}, accelerate=False)
    fast = sg.em(joint, data, hidden=lam, start={"a": 1.0, "b": 1.0})
    assert fast.iterations < 0.6 * slow.iterations and "natural-gradient" in fast.message
    np.testing.assert_allclose(slow.estimate, fast.estimate, rtol=1e-8)


def test_a_hidden_number_without_closed_integral() -> None:
    """Binomial counts whose logit varies: integrals by quadrature, held against SciPy's."""
    density = sp.binomial(5, k) * sp.exp(eta * k) / (1 + sp.exp(eta)) ** 5
    density *= sp.exp(-(((eta - mu) / s) ** 2) / 2) / (s * sp.sqrt(2 * sp.pi))
    joint = sg.StatisticalModel(density, (k, eta), (mu, s), support={k: sp.Range(0, 6), eta: sp.S.Reals})
    counts = np.array([10.0, 12, 15, 18, 20, 17])
    found = sg.em(joint, np.arange(6), hidden=eta, weights=counts, start=[0.0, 1.0])

    def value(point: np.ndarray) -> float:
        m, d = point
        total = 0.0
        for seen, count in enumerate(counts):
            total += count * np.log(
                scipy.integrate.quad(
                    lambda e, seen=seen: st.binom.pmf(seen, 5, 1 / (1 + np.exp(-e))) * st.norm.pdf(e, m, d), -15, 15
                )[0]
            )
        return total

    assert found.log_likelihood == pytest.approx(value(found.estimate), rel=1e-9)
    for i, step in enumerate(np.diag(0.01 * found.standard_errors)):
        up, down = value(found.estimate + step), value(found.estimate - step)
        assert abs(up - down) < 1e-6
        bend = (2 * found.log_likelihood - up - down) / step[i] ** 2
        assert bend == pytest.approx(found.observed_information[i, i], rel=2e-3)


def test_a_hidden_count_is_summed_to_infinity() -> None:
    """k of n tosses show heads, n Poisson: k is Poisson of half the mean."""
    density = sp.binomial(n, k) * sp.Rational(1, 2) ** n * lam**n * sp.exp(-lam) / sp.factorial(n)
    joint = sg.StatisticalModel(density, (k, n), lam, support={k: sp.S.Naturals0, n: sp.Range(k, sp.oo)})
    data = np.array([0, 1, 1, 2, 3, 5])
    found = sg.em(joint, data, hidden=n, start=[1.0])
    assert found.estimate[0] == pytest.approx(4.0, rel=1e-8)
    assert found.log_likelihood == pytest.approx(st.poisson.logpmf(data, 2.0).sum(), rel=1e-9)
    assert found.standard_errors[0] == pytest.approx((4.0**2 / data.sum()) ** 0.5, rel=1e-6)


def latent_class(items: int) -> sg.StatisticalModel:
    answers = sp.symbols(f"x1:{items + 1}", integer=True)
    p, q = sp.symbols(f"p1:{items + 1}", positive=True), sp.symbols(f"q1:{items + 1}", positive=True)
    one = sp.Mul(*(u**v * (1 - u) ** (1 - v) for u, v in zip(p, answers, strict=True)))
    other = sp.Mul(*(u**v * (1 - u) ** (1 - v) for u, v in zip(q, answers, strict=True)))
    return sg.StatisticalModel(
        (w * one) ** z * ((1 - w) * other) ** (1 - z),
        (z, *answers),
        (w, *p, *q),
        support=dict.fromkeys((z, *answers), sp.FiniteSet(0, 1)),
        domain=dict.fromkeys((w, *p, *q), UNIT),
        check=False,
    )


def test_latent_classes() -> None:
    random = np.random.default_rng(1)
    first = random.random(400) < 0.4
    chances = np.where(first[:, None], [0.8, 0.9, 0.7, 0.85], [0.2, 0.3, 0.15, 0.1])
    data = (random.random((400, 4)) < chances).astype(float)
    model = latent_class(4)
    found = sg.em(model, data, hidden=z, starts=2)

    def value(point: np.ndarray) -> float:
        share, p, q = point[0], point[1:5], point[5:]
        one, other = (np.prod(u**data * (1 - u) ** (1 - data), axis=1) for u in (p, q))
        return float(np.log(share * one + (1 - share) * other).sum())

    assert found.log_likelihood == pytest.approx(value(found.estimate), rel=1e-12)
    for direction in random.normal(size=(5, 9)):
        assert value(found.estimate + 0.02 * found.standard_errors * direction) < found.log_likelihood
    # The other names of the classes give the same.
    other = sg.em(model, data, hidden=z, start=[1 - found.estimate[0], *found.estimate[5:], *found.estimate[1:5]])
    assert other.log_likelihood == pytest.approx(found.log_likelihood, rel=1e-12)
    assert other.iterations == 1 and other.estimate[0] == pytest.approx(1 - found.estimate[0], rel=1e-8)


def test_more_parameters_than_cells_are_refused() -> None:
    data = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    with pytest.raises(EMError, match=r"4 cells, so that 3 parameters can be identified at most, and the model has 5"):
        sg.em(latent_class(2), data, hidden=z, weights=[4, 2, 1, 5])


def test_parameters_that_are_not_told_apart() -> None:
    """A Poisson number of tosses of unknown chance: only the product of mean and chance is seen."""
    density = sp.binomial(n, k) * w**k * (1 - w) ** (n - k) * lam**n * sp.exp(-lam) / sp.factorial(n)
    support = {k: sp.S.Naturals0, n: sp.Range(k, sp.oo)}
    joint = sg.StatisticalModel(density, (k, n), (lam, w), support=support, domain={w: UNIT}, check=False)
    with pytest.raises(EMError, match="no maximum"):
        sg.em(joint, [0, 1, 1, 2, 3, 5], hidden=n, start=[3.0, 0.4], max_iterations=40)


def test_complete_data_that_are_no_exponential_family() -> None:
    """Two Cauchy laws of one width: steps of Fisher scoring, the maximum that of the density itself."""
    m1, m2 = sp.symbols("m1 m2", real=True)

    def cauchy(m: sp.Symbol) -> sp.Expr:
        return 1 / (sp.pi * s * (1 + ((x - m) / s) ** 2))

    joint = sg.StatisticalModel(
        (cauchy(m1) / 2) ** z * (cauchy(m2) / 2) ** (1 - z),
        (z, x),
        (m1, m2, s),
        support={z: sp.FiniteSet(0, 1), x: sp.S.Reals},
        check=False,
    )
    assert joint.exponential_family is None
    data = np.concatenate([st.cauchy.rvs(-3, 0.5, 40, random_state=1), st.cauchy.rvs(3, 0.5, 40, random_state=2)])
    found = sg.em(joint, data, hidden=z, start=[-2.0, 2.0, 1.0])
    law = sg.StatisticalModel((cauchy(m1) + cauchy(m2)) / 2, x, (m1, m2, s), check=False)
    direct = sg.fit(law, data, start=found.estimate, covariance="observed")
    np.testing.assert_allclose(found.estimate, direct.estimate, rtol=1e-7)
    np.testing.assert_allclose(found.standard_errors, direct.standard_errors, rtol=1e-6)
    assert (np.diff(found.trace) > -1e-9).all()


def normal(v: sp.Expr, mean: sp.Expr, spread: sp.Expr) -> sp.Expr:
    return sp.exp(-(((v - mean) / spread) ** 2) / 2) / (spread * sp.sqrt(2 * sp.pi))


def test_one_factor_explains_three_covariances() -> None:
    """Three loadings and three variances give any covariance matrix of this kind: Bartholomew, Knott and Moustaki,
    Latent Variable Models and Factor Analysis, 3rd ed. 2011, chapter 3. The complete data are a curved family."""
    seen, loadings = sp.symbols("x1:4", real=True), sp.symbols("l1:4", real=True)
    spreads = sp.symbols("s1:4", positive=True)
    f = sp.Symbol("f", real=True)
    density = normal(f, sp.S.Zero, sp.S.One)
    for v, slope, spread in zip(seen, loadings, spreads, strict=True):
        density *= normal(v, slope * f, spread)
    model = sg.StatisticalModel(density, (*seen, f), (*loadings, *spreads), check=False)
    assert model.exponential_family is not None and model.exponential_family.is_curved
    random = np.random.default_rng(3)
    data = random.normal(size=(100, 1)) * [1.0, 0.8, 0.6] + random.normal(size=(100, 3)) * [0.5, 0.7, 0.9]
    found = sg.em(model, data, hidden=f, start=np.ones(6))
    slope, spread = found.estimate[:3], found.estimate[3:]
    np.testing.assert_allclose(np.outer(slope, slope) + np.diag(spread**2), data.T @ data / 100, atol=1e-10)


def test_hidden_classes_with_missing_entries_and_some_labels() -> None:
    """The class z is the middle variable, seen in a part of the observations only."""
    m1, m2, n1, n2 = sp.symbols("m1 m2 n1 n2", real=True)
    one = w * normal(x, m1, s) * normal(y, m2, s)
    other = (1 - w) * normal(x, n1, s) * normal(y, n2, s)
    model = sg.StatisticalModel(
        one**z * other ** (1 - z),
        (x, z, y),
        (m1, m2, n1, n2, s, w),
        support={x: sp.S.Reals, z: sp.FiniteSet(0, 1), y: sp.S.Reals},
        domain={w: UNIT},
        check=False,
    )
    random = np.random.default_rng(5)
    label = random.random(60) < 0.4
    means = np.where(label[:, None], [0.0, 1.0], [3.0, -2.0])
    data = np.insert(means + random.normal(size=(60, 2)), 1, label, axis=1)
    data[:40, 1], data[:10, 0], data[10:25, 2] = np.nan, np.nan, np.nan

    def value(point: np.ndarray) -> float:
        total = 0.0
        for u, j, v in data:
            terms = []
            for k, (a1, a2, share) in enumerate(((*point[2:4], 1 - point[5]), (*point[:2], point[5]))):
                seen = [st.norm.pdf(q, c, point[4]) for q, c in ((u, a1), (v, a2)) if not np.isnan(q)]
                terms.append(share * np.prod(seen) if np.isnan(j) or j == k else 0.0)
            total += np.log(sum(terms))
        return float(total)

    found = sg.em(model, data, missing=True, starts=2)
    assert found.log_likelihood == pytest.approx(value(found.estimate), rel=1e-12)
    for direction in random.normal(size=(4, 6)):
        assert value(found.estimate + 0.03 * found.standard_errors * direction) < found.log_likelihood


def test_the_choice_of_parameters_does_not_matter() -> None:
    v = sp.Symbol("v", positive=True)
    x1, x2 = bivariate().variables
    r = sp.Symbol("r", real=True)
    m1, m2 = sp.symbols("m1 m2", real=True)
    square = (x1 - m1) ** 2 / v + (x2 - m2 - r * (x1 - m1)) ** 2 / s
    other = sg.StatisticalModel(
        sp.exp(-square / 2) / (2 * sp.pi * sp.sqrt(v * s)), (x1, x2), (m1, m2, v, r, s), check=False
    )
    data = np.random.default_rng(3).multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]], 30)
    data[:6, 0], data[6:14, 1] = np.nan, np.nan
    found, same = (sg.em(m, data, missing=True, starts=1) for m in (bivariate(), other))
    assert same.log_likelihood == pytest.approx(found.log_likelihood, rel=1e-11)
    assert same.estimate[2] == pytest.approx(found.estimate[2] ** 2, rel=1e-7)


def test_a_fall_of_the_likelihood_is_an_error() -> None:
    steps = LatentSteps(observed_likelihood(linkage(), np.arange(4.0), z, False, [125, 18, 20, 34]), None)
    state = steps.at(np.array([0.5]))
    assert state is not None
    higher = EMState(state.theta, state.value + 10.0, state.expected)
    with pytest.raises(MonotonicityError, match="lowered the log-likelihood"):
        em_step(steps, higher)


def test_refusals() -> None:
    model = bivariate()
    pair = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0]])
    holed = np.array([[0.0, 1.0], [1.0, np.nan], [2.0, 1.0]])
    with pytest.raises(DataError, match="x2 is nan in observation 1; if that means that it was not observed"):
        sg.em(model, holed)
    with pytest.raises(DataError, match="observation 1 holds no value at all"):
        sg.em(model, [[0.0, 1.0], [np.nan, np.nan]], missing=True)
    with pytest.raises(DataError, match="not finite"):
        sg.em(model, [[0.0, np.inf], [1.0, np.nan]], missing=True)
    with pytest.raises(ArgumentError, match="nothing is hidden or missing"):
        sg.em(model, pair, missing=True)
    with pytest.raises(DataError, match=r"shape \(3, 3\)"):
        sg.em(model, np.zeros((3, 3)), missing=True)
    with pytest.raises(DataError, match="one length"):
        sg.em(model, {"x1": [1.0, 2.0], "x2": [1.0]}, missing=True)
    with pytest.raises(ParameterListError, match="w is no variable of the model"):
        sg.em(model, pair, hidden=w)
    with pytest.raises(ParameterListError, match="all variables are hidden"):
        sg.em(model, pair, hidden=model.variables)
    with pytest.raises(DataError, match="outside the support"):
        sg.em(linkage(), [0, 1, 7], hidden=z)
    with pytest.raises(DataError, match="no observations"):
        sg.em(linkage(), [], hidden=z)
    with pytest.raises(DataError, match="weights of shape"):
        sg.em(linkage(), [0, 1, 2], hidden=z, weights=[1.0])
    with pytest.raises(EMError, match=r"collapsed|no maximum"):
        sg.em(model, [[0.0, 1.0], [1.0, 2.0], [2.0, np.nan]], missing=True, starts=1)  # two complete rows: a line
    with pytest.raises(ArgumentError, match="only a joint model"):
        sg.em([sg.catalogue.poisson()] * 2, [1, 2, 3, 4], hidden=z)
    moved = sg.StatisticalModel(
        a * sp.exp(-a * lam) / lam, (lam, x), a, support={lam: sp.Interval(0, sp.oo), x: sp.Interval(0, lam)}
    )
    with pytest.raises(SupportError, match="depends on lambda, which is integrated out"):
        sg.em(moved, [0.5, 0.2], hidden=lam)
    with pytest.raises(ArgumentError, match="takes a mixture"):
        sg.em(3, [1.0])
