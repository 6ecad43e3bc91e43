"""Lines in the logarithms of distances to ends: inside the domain, and along ridges that bend."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import symgeo as sg
from symgeo.inference.log_lines import LogLines

x, m = sp.symbols("x m", real=True)
s, a, t, c, k, w = sp.symbols("s a t c k w", positive=True)
u = sp.Symbol("u", real=True)
FREE = sp.exp(-((x - m - u - w) ** 2) / (2 * s**2)) / (s * sp.sqrt(2 * sp.pi))
MODEL = sg.StatisticalModel(
    FREE, x, (m, s, w, u), domain={w: sp.Interval.open(1, 3), u: sp.Interval.open(-sp.oo, 5)}, check=False
)
SKEW = sg.StatisticalModel(
    a * sp.exp(-(x - m) / s) / (s * (1 + sp.exp(-(x - m) / s)) ** (a + 1)), x, (m, s, a), check=False
)


def test_a_line_begins_like_the_move_and_stays_inside() -> None:
    lines, theta = LogLines(MODEL.chart), np.array([0.3, 2.0, 1.2, 4.5])
    random = np.random.default_rng(1)
    assert lines.ends == [[], [0.0], [1.0, 3.0], [5.0]]
    for _ in range(200):
        move = random.normal(size=4) * [5.0, 1.5, 0.15, 0.4]
        near = lines.point(theta, 1e-6 * move)
        np.testing.assert_allclose((near - theta) / 1e-6, move, rtol=1e-4)
        end = lines.point(theta, move)
        if end is not None:
            assert MODEL.chart.contains(end)
            assert end[0] == theta[0] + move[0]
            np.testing.assert_allclose(end[1], 2.0 * np.exp(move[1] / 2.0))
            np.testing.assert_allclose(5.0 - end[3], 0.5 * np.exp(-move[3] / 0.5))
            odds = [(v - 1.0) / (3.0 - v) for v in (theta[2], end[2])]
            np.testing.assert_allclose(np.log(odds[1] / odds[0]), move[2] / (0.2 * 0.9))
    assert lines.point(theta, np.array([0.0, 50.0, 0.0, 0.0])) is None
    assert not LogLines(sg.StatisticalModel(FREE.subs({s: 1, u: 0, w: 0}), x, m).chart).bend


@pytest.mark.parametrize(("seed", "converged"), [(6, True), (9, True), (11, True), (1, False), (7, False)])
def test_a_shape_that_grows_while_the_location_follows_its_logarithm(seed: int, converged: bool) -> None:
    """A skew logistic law of Gumbel's data: far shapes are found in few steps, and one that runs away is named."""
    data = np.random.default_rng(seed).gumbel(1.0, 2.0, 30_000)
    found = sg.fit(SKEW, data)
    assert found.converged is converged and found.iterations < 100
    if converged:
        scores = found.require_sample().scores(found.estimate).sum(axis=0)
        assert np.sqrt(scores @ found.covariance @ scores) < 1e-6
    else:
        assert "a -> oo" in found.message
        gumbel = sg.StatisticalModel(sp.exp(-(x - m) / s - sp.exp(-(x - m) / s)) / s, x, (m, s))
        assert found.log_likelihood == pytest.approx(sg.fit(gumbel, data).log_likelihood, rel=1e-9)


def test_the_maximum_of_a_generalised_gamma_law_is_found_on_its_ridge() -> None:
    """Lognormal data leave a bent ridge along which the likelihood changes by next to nothing."""
    law = c / (s ** (c * k) * sp.gamma(k)) * t ** (c * k - 1) * sp.exp(-((t / s) ** c))
    model = sg.StatisticalModel(law, t, (c, k, s), check=False)
    for seed in (0, 1, 2, 7):
        found = sg.fit(model, np.random.default_rng(seed).lognormal(0.0, 0.8, 40))
        assert found.converged and found.iterations < 80
        scores = found.require_sample().scores(found.estimate).sum(axis=0)
        assert np.sqrt(scores @ found.covariance @ scores) < 1e-4
