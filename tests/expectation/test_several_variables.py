"""Expectations without closed form in two variables, against what follows from their laws one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy as sp

import symgeo as sg

x, y, m, b = sp.symbols("x y m b", real=True)
z, u, s, k, w, p = sp.symbols("z u s k w p", positive=True)
UNIT = sp.Interval.open(0, 1)


def normal(x: sp.Expr, mean: sp.Expr = sp.S.Zero, sd: sp.Expr = sp.S.One) -> sp.Expr:
    return sp.exp(-((x - mean) ** 2) / (2 * sd**2)) / (sp.sqrt(2 * sp.pi) * sd)


KNOWN = w * normal(x, sp.Integer(2)) + (1 - w) * normal(x)
RATES = w * sp.exp(-z) + (1 - w) * 3 * sp.exp(-3 * z)
BELOW = {z: sp.Interval.open(0, sp.oo), u: sp.Interval.open(0, z)}


def metric_at(
    density: sp.Expr, variables: Any, parameters: Any, point: tuple[float, ...], **options: Any
) -> np.ndarray:
    domain = {t: UNIT for t in (w, p) if t in parameters}
    model = sg.StatisticalModel(density, variables, parameters, domain=domain, **options)
    return sg.lambdify(model.manifold.metric)(point)


SKEW = normal(y) * (1 + sp.erf(b * y / sp.sqrt(2)))


def assert_blocks(first: sp.Expr, parameters: tuple[sp.Symbol, ...], point: tuple[float, ...]) -> None:
    """Information of independent data adds: the metric is that of each variable, block by block."""
    d = len(point)
    found = metric_at(first * SKEW, (x, y), (*parameters, b), (*point, 0.8))
    assert found[:d, :d] == pytest.approx(metric_at(first, x, parameters, point), rel=1e-9, abs=1e-9)
    assert found[d:, d:] == pytest.approx(metric_at(SKEW, y, (b,), (0.8,)), rel=1e-9)
    assert np.abs(found[:d, d:]).max() < 1e-9


def test_two_variables_whose_laws_share_no_parameter() -> None:
    assert_blocks(3 * normal(x, m) / 10 + 7 * normal(x) / 10, (m,), (1.2,))


RECURSION = pytest.mark.xfail(strict=True, raises=RecursionError, reason="the identities call each other for ever")


@RECURSION
def test_two_variables_one_of_them_from_a_mixture_with_a_free_weight() -> None:
    assert_blocks(w * normal(x, m) + (1 - w) * normal(x), (w, m), (0.3, 1.2))


@RECURSION
def test_a_known_mixture_and_a_regression_on_it() -> None:
    """x from a mixture, y given x normal about b x: g_bb = E[x^2]/s^2, g_ss = 2/s^2, and g_ww is that of x alone."""
    found = metric_at(KNOWN * normal(y, b * x, s), (x, y), (w, b, s), (0.3, 1.2, 0.6))
    alone = metric_at(KNOWN, x, (w,), (0.3,))
    second = 0.3 * (4 + 1) + 0.7
    assert found == pytest.approx(np.diag([alone[0, 0], second / 0.36, 2 / 0.36]), rel=1e-9, abs=1e-9)


@RECURSION
def test_iterated_support() -> None:
    """y below z: given z, the law k y^(k-1)/z^k, of information 1/k^2."""
    found = metric_at(RATES * k * u ** (k - 1) / z**k, (z, u), (w, k), (0.3, 1.2), support=BELOW)
    alone = metric_at(RATES, z, (w,), (0.3,))
    assert found == pytest.approx(np.diag([alone[0, 0], 1 / 1.2**2]), rel=1e-9, abs=1e-9)


@RECURSION
def test_two_known_mixtures_of_one_variable_each() -> None:
    second = p * normal(y, -sp.S.One) + (1 - p) * normal(y, sp.S.One)
    found = metric_at(KNOWN * second, (x, y), (w, p), (0.3, 0.6))
    blocks = metric_at(KNOWN, x, (w,), (0.3,))[0, 0], metric_at(second, y, (p,), (0.6,))[0, 0]
    assert found == pytest.approx(np.diag(blocks), rel=1e-9, abs=1e-9)
