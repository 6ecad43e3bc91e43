"""Mixtures by EM: monotone over families, shared parameters, fixed weights, what is not identifiable."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import pytest
import scipy.optimize
import scipy.stats as st
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as hyp

import symgeo as sg
from symgeo.errors import MixtureError, ParameterListError
from symgeo.inference.em_steps import em_step
from symgeo.inference.mixtures import MixtureSteps
from symgeo.inference.natural_step import natural_step

mu, x = sp.symbols("mu x", real=True)
k, r, s, t, p = sp.symbols("k r s t p", positive=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
UNIT = sp.Interval.open(0, 1)
NORMAL = sg.StatisticalModel(sp.exp(-(((x - mu) / s) ** 2) / 2) / (s * sp.sqrt(2 * sp.pi)), x, (mu, s))
LAWS = {
    "normal": NORMAL,
    "Poisson": sg.StatisticalModel(r**n * sp.exp(-r) / sp.factorial(n), n, r),
    "geometric": sg.StatisticalModel(p * (1 - p) ** n, n, p, domain={p: UNIT}),
    "binomial": sg.StatisticalModel(
        sp.binomial(8, n) * p**n * (1 - p) ** (8 - n), n, p, support=sp.Range(0, 9), domain={p: UNIT}
    ),
    "exponential": sg.StatisticalModel(r * sp.exp(-r * t), t, r),
    "gamma": sg.StatisticalModel(r**k * t ** (k - 1) * sp.exp(-r * t) / sp.gamma(k), t, (k, r)),
    "Rayleigh": sg.StatisticalModel(t / r * sp.exp(-(t**2) / (2 * r)), t, r),
}
DRAWN = {
    "normal": lambda g, a: g.normal(a, 1.0),
    "Poisson": lambda g, a: g.poisson(a),
    "geometric": lambda g, a: g.geometric(1 / (1 + a)) - 1,
    "binomial": lambda g, a: g.binomial(8, np.clip(a / 12, 0.02, 0.98)),
    "exponential": lambda g, a: g.exponential(a),
    "gamma": lambda g, a: g.gamma(3.0, a / 3),
    "Rayleigh": lambda g, a: g.rayleigh(a),
}


@functools.cache
def law(name: str) -> sg.inference.mixtures.Mixture:
    return sg.mixture([LAWS[name]] * 2)


@functools.cache
def density(name: str) -> Callable[..., np.ndarray]:
    model = law(name).model
    return sp.lambdify((model.variables[0], model.parameters), model.log_density, "scipy")


@pytest.mark.parametrize("name", LAWS)
@given(seed=hyp.integers(0, 10**6), apart=hyp.floats(0.5, 8.0), share=hyp.floats(0.2, 0.8))
@settings(max_examples=4, deadline=None)
def test_em_is_monotone(name: str, seed: int, apart: float, share: float) -> None:
    """Every step raises the log-likelihood, summed here from the density of the mixture itself."""
    random = np.random.default_rng(seed)
    data = DRAWN[name](random, np.where(random.random(40) < share, 1.0, 1.0 + apart)).astype(float)
    steps = MixtureSteps(law(name), data[:, None], np.ones(40), None)
    state = steps.started(random, 0)
    before = -np.inf
    for _ in range(12):
        if state is None:
            return  # a component shrank onto one value
        value = density(name)(data, state.theta).sum()
        assert state.value == pytest.approx(value, rel=1e-9)
        assert value >= before - 1e-11 * (1 + abs(before))
        further = natural_step(steps, state, 0.0)
        assert further is None or further.value > state.value
        state, before = em_step(steps, state), value


@pytest.mark.parametrize("name", ["Poisson", "exponential"])
def test_fit_of_the_density_itself_agrees(name: str) -> None:
    random = np.random.default_rng(4)
    data = DRAWN[name](random, np.where(random.random(80) < 0.4, 1.0, 12.0))
    found = sg.em(law(name), data, starts=2)
    assert tuple(found.estimate[:1]) < tuple(found.estimate[1:2]) and (np.diff(found.trace) > -1e-10).all()
    direct = sg.fit(found.model, data, start=found.estimate * 1.02, covariance="observed")
    assert direct.converged
    np.testing.assert_allclose(direct.estimate, found.estimate, rtol=1e-7)
    np.testing.assert_allclose(direct.standard_errors, found.standard_errors, rtol=1e-6)


def sample() -> np.ndarray:
    random = np.random.default_rng(1)
    return np.concatenate([random.normal(0.0, 1.0, 60), random.normal(3.0, 1.0, 90)])


@pytest.mark.parametrize("weights", [None, "equal", (sp.Rational(2, 5), sp.Rational(3, 5)), (0.4, 0.6)])
def test_a_shared_variance(weights: object) -> None:
    data = sample()
    tied = sg.mixture([NORMAL, NORMAL], shared=s, weights=weights)
    assert [q.name for q in tied.parameters] == ["mu_1", "s", "mu_2", *(["w_1"] if weights is None else [])]
    found = sg.em(tied, data, starts=3)
    share = {None: None, "equal": 0.5}.get(weights, 0.4)  # type: ignore[call-overload]

    def value(theta: np.ndarray) -> float:
        one = theta[3] if share is None else share
        return float(
            np.log(
                one * st.norm.pdf(data, theta[0], theta[1]) + (1 - one) * st.norm.pdf(data, theta[2], theta[1])
            ).sum()
        )

    assert found.log_likelihood == pytest.approx(value(found.estimate), rel=1e-12)
    start = found.estimate + 0.1 * found.standard_errors
    direct = scipy.optimize.minimize(lambda q: -value(q), start, method="Nelder-Mead", options={"xatol": 1e-9})
    assert -direct.fun == pytest.approx(found.log_likelihood, abs=1e-8)
    assert (np.diff(found.trace) > -1e-9).all() and found.model is tied.model


def test_fixed_weights_without_shared_parameters() -> None:
    """The weights keep their places, so that the components are not put in order."""
    data = sample()
    free = sg.em(law("normal"), data, starts=3)
    equal = sg.em(sg.mixture([NORMAL] * 2, weights="equal"), data, starts=3)
    assert len(equal.estimate) == 4 and equal.log_likelihood < free.log_likelihood
    uneven = sg.mixture([NORMAL] * 2, weights=(sp.Rational(9, 10), sp.Rational(1, 10)))
    assert sg.em(uneven, data, starts=3).log_likelihood < equal.log_likelihood


def test_a_start_of_one_s_own() -> None:
    """Hosmer's way out of bad starts: from the truth."""
    found = sg.em(law("normal"), sample(), start={"mu_1": 0.0, "s_1": 1.0, "mu_2": 3.0, "s_2": 1.0, "w_1": 0.4})
    assert found.converged and found.message.endswith("from one start")


def test_old_faithful() -> None:
    """Waiting times between eruptions: Azzalini and Bowman, Applied Statistics 39 (1990) 357-365; the estimates are
    those of R's mixtools, Benaglia et al., J. Statistical Software 32(6) (2009), section 3: 0.3609, 54.615, 80.091,
    5.871 and 5.868, log-likelihood -1034.002."""
    text = (
        "79 54 74 62 85 55 88 85 51 85 54 84 78 47 83 52 62 84 52 79 51 47 78 69 74 83 55 76 78 79 73 77 66 80 "
        "74 52 48 80 59 90 80 58 84 58 73 83 64 53 82 59 75 90 54 80 54 83 71 64 77 81 59 84 48 82 60 92 78 78 "
        "65 73 82 56 79 71 62 76 60 78 76 83 75 82 70 65 73 88 76 80 48 86 60 90 50 78 63 72 84 75 51 82 62 88 "
        "49 83 81 47 84 52 86 81 75 59 89 79 59 81 50 85 59 87 53 69 77 56 88 81 45 82 55 90 45 83 56 89 46 82 "
        "51 86 53 79 81 60 82 77 76 59 80 49 96 53 77 77 65 81 71 70 81 93 53 89 45 86 58 78 66 76 63 88 52 93 "
        "49 57 77 68 81 81 73 50 85 74 55 77 83 83 51 78 84 46 83 55 81 57 76 84 77 81 87 77 51 78 60 82 91 53 "
        "78 46 77 84 49 83 71 80 49 75 64 76 53 94 55 76 50 82 54 75 78 79 78 78 70 79 70 54 86 50 90 54 54 77 "
        "79 64 75 47 86 63 85 82 57 82 67 74 54 83 73 73 88 80 71 83 56 79 78 84 58 83 43 60 75 81 46 90 46 74 "
    )
    data = np.array(text.split(), dtype=float)
    assert len(data) == 272
    found = sg.em(law("normal"), data, starts=2)
    assert found.log_likelihood == pytest.approx(-1034.002, abs=2e-3)
    np.testing.assert_allclose(found.estimate, [54.615, 5.871, 80.091, 5.868, 0.3609], rtol=2e-4)


def test_what_is_not_identifiable_is_named() -> None:
    with pytest.raises(MixtureError, match=r"the same|flat|no observation is left|boundary"):
        sg.em(law("Poisson"), [1, 2, 1, 2, 1, 2], starts=1, max_iterations=60)
    bernoulli = sg.StatisticalModel(p**n * (1 - p) ** (1 - n), n, p, support=sp.Range(0, 2), domain={p: UNIT})
    with pytest.raises(MixtureError, match="the table of n has 2 cells, so that 1 parameters"):
        sg.em([bernoulli] * 2, [0, 1, 1, 0, 1, 1, 0], starts=1, max_iterations=60)
    random = np.random.default_rng(0)
    with pytest.raises(MixtureError, match="collapsed"):
        sg.em(law("normal"), random.normal(0.0, 1.0, 30), starts=2)


def test_declarations_of_mixtures_that_are_refused() -> None:
    with pytest.raises(ParameterListError, match="r is not a parameter of two components"):
        sg.mixture([NORMAL] * 2, shared=r)
    with pytest.raises(ParameterListError, match="not 2 positive numbers that add up to one"):
        sg.mixture([NORMAL] * 2, weights=(0.5, 0.6))
    with pytest.raises(ParameterListError, match="not understood"):
        sg.mixture([NORMAL] * 2, weights="even")
    narrow = sg.StatisticalModel(NORMAL.density, x, (mu, s), domain={s: UNIT})
    with pytest.raises(ParameterListError, match="different domains of s"):
        sg.mixture([NORMAL, narrow], shared=s)
