"""Likelihoods of several maxima, or higher towards the boundary: the highest is found, and what is higher is told."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats as st
import sympy as sp

from symgeo import StatisticalModel, fit, fit_many
from symgeo.inference.many_climbs import climb_many
from symgeo.inference.many_likelihoods import ManyPoints
from symgeo.inference.programs import sample_programs

y, m, q = sp.symbols("y m q", real=True)
a, b, p, s, t, v = sp.symbols("a b p s t v", positive=True)
NORMAL = sp.exp(-(((y - m) / s) ** 2) / 2) / (s * sp.sqrt(2 * sp.pi))
SKEW = StatisticalModel(NORMAL * (1 + sp.erf(q * (y - m) / (s * sp.sqrt(2)))), y, (m, s, q))


def test_a_shape_that_runs_to_a_higher_likelihood() -> None:
    """The half-normal limit of a skew normal law is likelier than the maximum inside."""
    data = np.array([6.86, 3.34, 4.29, 2.29, 1.69, 3.87, 2.15, 0.05])
    found = fit(SKEW, data)
    assert found.converged and found.local and "local maximum" in found.message and "q -> oo" in found.message
    assert "local maximum" in str(found)
    half = st.halfnorm.logpdf(data, 0.05, np.sqrt(np.mean((data - 0.05) ** 2))).sum()
    assert half - 0.02 < found.log_likelihood + float(found.message.split("by ")[1].split()[0]) <= half
    # Where a user says to begin there is no such search.
    again = fit(SKEW, data, start=found.estimate)
    assert not again.local and "local" not in again.message


def test_a_maximum_beyond_a_stationary_point() -> None:
    """At q = 0 the score of a skew normal law is that of a normal law, whatever the data: a climb may end there."""
    data = [1.34, 1.91, 2.28, 2.75, 0.4, 4.24, 1.76, 4.74, 3.85, 2.8, 4.29, 2.42, 4.2, 4.08, 0.71]
    found = fit(SKEW, data)
    assert found.converged and found.log_likelihood > -24.57 and found.parameters["q"] < -5


def test_the_higher_of_two_maxima() -> None:
    law = p * a * sp.exp(-a * t) + (1 - p) * b * sp.exp(-b * t)
    model = StatisticalModel(law, t, (p, a, b), domain={p: sp.Interval.open(0, 1)})
    data = [4.74, 2.06, 7.62, 1.9, 0.31, 3.95, 0.04, 5.04, 2.21, 2.85, 3.12, 21.38, 2.89, 0.26, 2.89]
    lower = fit(model, data, start=[0.8, 0.35, 0.1])
    found = fit(model, data)
    assert lower.converged and found.converged
    assert lower.log_likelihood < found.log_likelihood - 0.01
    assert found.log_likelihood == pytest.approx(-35.6154, abs=1e-4)


def test_one_maximum_is_called_nothing_else() -> None:
    cauchy = StatisticalModel(1 / (sp.pi * s * (1 + ((y - m) / s) ** 2)), y, (m, s))
    data = st.cauchy.rvs(1, 2, size=40, random_state=np.random.default_rng(8))
    assert fit(cauchy, data).message.startswith("converged in") and "local" not in fit(cauchy, data).message


def test_climbs_out_of_range_end_quietly() -> None:
    law = sp.gamma((v + 1) / 2) / sp.gamma(v / 2) / sp.sqrt(sp.pi * v) / s
    law *= (1 + ((y - m) / s) ** 2 / v) ** (-(v + 1) / 2)
    student = StatisticalModel(law, y, (m, s, v))
    data = st.t.rvs(2.0, loc=1, scale=2, size=8, random_state=np.random.default_rng(8))
    found = fit(student, data)
    assert not found.converged and found.parameters["v"] > 1e3


def test_many_samples_of_several_maxima_are_fitted_one_by_one() -> None:
    cauchy = StatisticalModel(1 / (sp.pi * (1 + (y - m) ** 2)), y, m)
    samples = st.cauchy.rvs(1, 4, size=(60, 6), random_state=np.random.default_rng(5))
    found = fit_many(cauchy, samples)
    alone = np.array([fit(cauchy, sample).log_likelihood for sample in samples])
    np.testing.assert_allclose(found.log_likelihoods, alone, rtol=1e-9)
    for sample, value in zip(samples, alone, strict=True):
        near = np.concatenate([v + np.linspace(-2.0, 2.0, 2001) for v in sample])
        assert value >= -np.log(np.pi * (1 + (sample[:, None] - near) ** 2)).sum(axis=0).max() - 1e-9


def test_climbs_together_are_climbs_alone() -> None:
    """Each takes steps of its own: what the others do, and where they end, changes nothing."""
    cauchy = StatisticalModel(1 / (sp.pi * s * (1 + ((y - m) / s) ** 2)), y, (m, s))
    random = np.random.default_rng(11)
    data = np.concatenate([random.normal(0.0, 0.3, 20), random.normal(60.0, 0.3, 12)])[:, None]

    def likelihood(points: int) -> ManyPoints:
        return ManyPoints(sample_programs(cauchy), data, np.zeros((len(data), 0)), np.ones(len(data)), points)

    starts = np.stack([random.uniform(-80.0, 140.0, 24), np.exp(random.uniform(-3.0, 4.0, 24))], axis=1)
    starts[0] = 0.0, -1.0  # outside the domain
    together = climb_many(likelihood(24), starts, 1e-18)
    assert not together.found[0] and together.height[0] == -np.inf
    assert together.found[1:].sum() > 12
    for row, start in enumerate(starts):
        alone = climb_many(likelihood(1), start[None, :], 1e-18)
        assert (alone.found[0], alone.steps[0]) == (together.found[row], together.steps[row])
        np.testing.assert_allclose(alone.theta[0], together.theta[row], rtol=1e-9)
    ends = together.theta[together.found]
    scores = np.stack([sample_programs(cauchy).score(*data.T, *end) for end in ends]).sum(axis=-1)
    np.testing.assert_allclose(scores, 0.0, atol=1e-7)
    assert np.ptp(ends, axis=0).max() < 1e-8  # there is one maximum only: Copas, Biometrika 62 (1975) 701-704
    rough = climb_many(likelihood(24), starts, 0.25, 12, rough=True)
    assert not rough.found.any() and (rough.steps <= together.steps).all()
    near = together.found & (rough.steps < 12)
    np.testing.assert_allclose(rough.height[near], together.height[near], atol=0.02)
