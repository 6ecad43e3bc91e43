"""Expectations without closed form in two variables, against what follows from their laws one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp

import symgeo as sg

x, y, m, b = sp.symbols("x y m b", real=True)
z, u, s, k, w = sp.symbols("z u s k w", positive=True)
UNIT = sp.Interval.open(0, 1)


def normal(x: sp.Expr, mean: sp.Expr = sp.S.Zero, sd: sp.Expr = sp.S.One) -> sp.Expr:
    return sp.exp(-((x - mean) ** 2) / (2 * sd**2)) / (sp.sqrt(2 * sp.pi) * sd)


KNOWN = w * normal(x, sp.Integer(2)) + (1 - w) * normal(x)
RATES = w * sp.exp(-z) + (1 - w) * 3 * sp.exp(-3 * z)
BELOW = {z: sp.Interval.open(0, sp.oo), u: sp.Interval.open(0, z)}


def metric_at(
    density: sp.Expr, variables: Any, parameters: Any, point: tuple[float, ...], **options: Any
) -> np.ndarray:
    domain = {w: UNIT} if w in parameters else {}
    model = sg.StatisticalModel(density, variables, parameters, domain=domain, **options)
    return sg.lambdify(model.manifold.metric)(point)


@pytest.mark.slow
def test_two_variables_whose_laws_share_no_parameter() -> None:
    """Information of independent data adds: the metric is that of each variable, block by block."""
    first = (3 * normal(x, m) + 7 * normal(x)) / 10
    second = (3 * k * sp.exp(-k * z) + 14 * k * sp.exp(-2 * k * z)) / 10
    found = metric_at(first * second, (x, z), (m, k), (1.2, 0.8))
    assert found[0, 0] == pytest.approx(metric_at(first, x, (m,), (1.2,))[0, 0], rel=1e-9)
    assert found[1, 1] == pytest.approx(metric_at(second, z, (k,), (0.8,))[0, 0], rel=1e-9)
    assert abs(found[0, 1]) < 1e-9


def test_a_known_mixture_and_a_regression_on_it() -> None:
    """x from a mixture, y given x normal about b x: g_bb = E[x^2]/s^2, g_ss = 2/s^2, and g_ww is that of x alone."""
    found = metric_at(KNOWN * normal(y, b * x, s), (x, y), (w, b, s), (0.3, 1.2, 0.6))
    alone = metric_at(KNOWN, x, (w,), (0.3,))
    second = 0.3 * (4 + 1) + 0.7
    assert found == pytest.approx(np.diag([alone[0, 0], second / 0.36, 2 / 0.36]), rel=1e-9, abs=1e-9)


def test_iterated_support() -> None:
    """y below z: given z, the law k y^(k-1)/z^k, of information 1/k^2."""
    found = metric_at(RATES * k * u ** (k - 1) / z**k, (z, u), (w, k), (0.3, 1.2), support=BELOW)
    alone = metric_at(RATES, z, (w,), (0.3,))
    assert found == pytest.approx(np.diag([alone[0, 0], 1 / 1.2**2]), rel=1e-9, abs=1e-9)
