"""Mixtures by EM."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats as st
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as hyp

import symgeo as sg
from symgeo.errors import ArgumentError, DataError, MixtureError, NotExponentialFamilyError, ParameterListError

mu, x = sp.symbols("mu x", real=True)
k, r, s, t = sp.symbols("k r s t", positive=True)
NORMAL = sg.StatisticalModel(sp.exp(-(((x - mu) / s) ** 2) / 2) / (s * sp.sqrt(2 * sp.pi)), x, (mu, s))
GAMMA = sg.StatisticalModel(r**k * t ** (k - 1) * sp.exp(-r * t) / sp.gamma(k), t, (k, r))
EXPONENTIAL = sg.StatisticalModel(r * sp.exp(-r * t), t, r)

PAIR = sg.mixture([NORMAL, NORMAL])


@given(seed=hyp.integers(0, 10**6), apart=hyp.floats(3.0, 8.0), share=hyp.floats(0.3, 0.7))
@settings(max_examples=6, deadline=None)
def test_the_likelihood_rises_to_a_maximum(seed: int, apart: float, share: float) -> None:
    random = np.random.default_rng(seed)
    first = random.random(200) < share
    data = np.where(first, random.normal(0.0, 1.0, 200), random.normal(apart, 1.5, 200))
    found = sg.em(PAIR, data, starts=4)
    assert found.converged and (np.diff(found.trace) >= -1e-10 * abs(found.log_likelihood)).all()

    def value(theta: np.ndarray) -> float:
        m1, s1, m2, s2, w = theta
        return float(np.log(w * st.norm.pdf(data, m1, s1) + (1 - w) * st.norm.pdf(data, m2, s2)).sum())

    assert found.log_likelihood == pytest.approx(value(found.estimate), rel=1e-12)
    for direction in random.normal(size=(6, 5)):
        assert value(found.estimate + 0.01 * found.standard_errors * direction) < found.log_likelihood


def test_classes_by_name() -> None:
    random = np.random.default_rng(3)
    data = np.concatenate([random.gamma(2.0, 1.0, 300), random.gamma(40.0, 0.5, 300)])
    law = sg.mixture([GAMMA, GAMMA])
    assert [p.name for p in law.parameters] == ["k_1", "r_1", "k_2", "r_2", "w_1"]
    found = sg.em(law, data)
    shapes = sorted(zip(found.estimate[[0, 2]], found.standard_errors[[0, 2]], strict=True))
    assert all(abs(k - true) < 4.0 * error for (k, error), true in zip(shapes, (2.0, 40.0), strict=True))
    assert found.source == "observed" and (found.standard_errors > 0).all()


def test_weights_count_observations() -> None:
    values = np.array([0.1, 0.2, 0.5, 0.9, 6.0, 7.0, 9.0, 15.0, 31.0])
    counts = np.array([5, 3, 4, 2, 1, 2, 1, 2, 1])
    together = sg.em([EXPONENTIAL] * 2, values, weights=counts)
    apart = sg.em([EXPONENTIAL] * 2, np.repeat(values, counts))
    assert together.log_likelihood == pytest.approx(apart.log_likelihood, rel=1e-12)
    np.testing.assert_allclose(sorted(together.estimate[:2]), sorted(apart.estimate[:2]), rtol=1e-7)


def test_names_that_follow_one_another() -> None:
    """mu becomes mu_1 while mu_1 becomes mu_1_1."""
    first, second, u, v = sp.symbols("mu mu_1 u v", real=True)
    pair = sg.StatisticalModel(
        sp.exp(-((u - first) ** 2) / 2 - (v - second) ** 2 / 2) / (2 * sp.pi), (u, v), (first, second)
    )
    law = sg.mixture([pair, pair])
    assert [p.name for p in law.parameters] == ["mu_1", "mu_1_1", "mu_2", "mu_1_2", "w_1"]
    a, b, *_ = law.parameters
    one = law.model.density.subs({law.parameters[-1]: 1})
    assert sp.simplify(one - pair.density.subs({first: a, second: b}, simultaneous=True)) == 0


def test_refusals() -> None:
    with pytest.raises(ParameterListError, match="at least two"):
        sg.mixture([NORMAL])
    with pytest.raises(ParameterListError, match="different variables"):
        sg.mixture([NORMAL, GAMMA])
    cauchy = sg.StatisticalModel(1 / (sp.pi * s * (1 + ((x - mu) / s) ** 2)), x, (mu, s))
    with pytest.raises(NotExponentialFamilyError):
        sg.mixture([NORMAL, cauchy])
    with pytest.raises(DataError, match="do not tell 2 components apart"):
        sg.em([NORMAL] * 2, [1.0, 2.0])
    with pytest.raises(ArgumentError, match="positive whole"):
        sg.em([NORMAL] * 2, [1.0, 2.0, 4.0], starts=0)
    with pytest.raises(MixtureError, match="collapse"):
        sg.em([NORMAL] * 2, [1.0, 1.0, 4.0, 4.0])
