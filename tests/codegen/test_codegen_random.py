"""Random expression trees: generated code against the high-precision reference."""

from __future__ import annotations

import numpy as np
import sympy as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from symgeo.codegen import evaluate, lambdify, numpy_function

x, y, z = sp.symbols("x y z", real=True)
UNEVALUATED = {"evaluate": False}

LEAVES = [
    x,
    y,
    z,
    sp.pi,
    sp.E,
    sp.Rational(1, 3),
    sp.Rational(-3, 4),
    sp.Float(0.7),
    *map(sp.Integer, (-3, -1, 1, 2)),
]
# Smooth functions with moderate derivatives, so that rounding stays far below the tolerance.
OPERATIONS = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * b,
    lambda a, b, c: sp.Add(a, b, c, **UNEVALUATED),
    lambda a, b, c: sp.Mul(a, b, c, **UNEVALUATED),
    lambda a: sp.Mul(-1, a, **UNEVALUATED),
    lambda a: sp.Pow(a, 2, **UNEVALUATED),
    lambda a: sp.tanh(a) ** 3,
    lambda a: sp.tanh(a) ** 4,
    lambda a, b: a / (2 + sp.cos(b)),
    lambda a, b: -sp.cos(a) / (3 + sp.sin(b)) ** 2,
    lambda a, b: (a**2 + 1) ** sp.tanh(b),
    lambda a: (a**2 + 1) ** sp.Rational(-3, 2),
    lambda a: sp.Rational(2, 3) ** sp.tanh(a),
    lambda a: (1 + sp.cos(a) ** 2) ** sp.Rational(1, 3),
    lambda a: sp.log(a**2 + 1),
    lambda a: sp.exp(-(a**2)),
    lambda a: sp.log(1 + sp.exp(sp.atan(a))),
    lambda a: sp.exp(sp.tanh(a)) / (1 + sp.exp(sp.tanh(a))) ** 2,
    lambda a, b: sp.exp(sp.atan(a)) / (sp.exp(sp.atan(a)) + sp.exp(sp.atan(b)) + 1),
    lambda a: sp.besseli(1, sp.atan(a)) / sp.besseli(0, sp.atan(a)),
    lambda a: sp.erf(a) + 1,
    lambda a: sp.Abs(a),
    lambda a, b: sp.Max(a, b),
    lambda a, b: sp.Piecewise((a, x > y), (b, sp.And(x <= y, z < 1)), (sp.sin(a), True)),
]


@st.composite
def trees(draw, depth=4):
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(st.sampled_from(LEAVES))
    operation = draw(st.sampled_from(OPERATIONS))
    expr = operation(*(draw(trees(depth - 1)) for _ in range(operation.__code__.co_argcount)))
    # SymPy itself does not survive an unevaluated 0 + 0, nor always a division by zero.
    return x if expr.is_zero or expr.has(sp.zoo, sp.nan, sp.oo) else expr


values = st.floats(-2, 2, allow_nan=False).map(lambda v: round(v, 3))


def magnitude(expr, point):
    """The largest intermediate value, at least 1: what rounding errors are relative to."""
    parts = [part for part in sp.preorder_traversal(expr) if isinstance(part, sp.Expr)]
    return max(1.0, *(abs(float(value)) for value in numpy_function(parts, (x, y, z))(*point)))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(trees(), min_size=1, max_size=3), st.tuples(values, values, values))
def test_random_trees(expressions, point):
    at = dict(zip((x, y, z), point, strict=True))
    results = numpy_function(expressions, (x, y, z))(*point)
    stacked = lambdify(expressions, (x, y, z))(point)
    for expr, result, component in zip(expressions, results, stacked, strict=True):
        expected = float(evaluate(expr, at, 20))
        scale = magnitude(expr, point)
        assert abs(result - expected) <= 1e-11 * scale**2, (expr, result, expected)
        assert abs(component - expected) <= 1e-11 * scale**2, (expr, component, expected)


@settings(max_examples=40, deadline=None)
@given(trees(), st.lists(st.tuples(values, values, values), min_size=1, max_size=5))
def test_arrays_agree_with_scalars(expr, points):
    function = numpy_function([expr], (x, y, z))
    together = function(*np.array(points).T)[0]
    apart = [function(*point)[0] for point in points]
    np.testing.assert_allclose(together, apart, rtol=1e-12, atol=1e-13)
