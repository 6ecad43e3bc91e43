"""Choices that the domain makes are not written, all others are."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import symgeo as sg
from symgeo.codegen.kernel import Kernel, program
from symgeo.codegen.lowering import largest_of
from symgeo.codegen.numpy import numpy_lambdify

a, b = sp.symbols("a b", positive=True)
x, y, z = sp.symbols("x y z", real=True)
WRITTEN = {"evaluate": False}
CHOICES = {"Abs", "sign", "Heaviside", "Max", "Min", "largest_of"}


def choices(expr, conditions=()):
    """The kinds of choices that are left in the program of an expression."""
    symbols = sorted(expr.free_symbols.union(*(c.free_symbols for c in conditions)), key=str)
    compiled = program([expr, *conditions], symbols, "numpy", conditions)
    nodes = [compiled.graph.nodes[i] for i in compiled.graph.live(compiled.outputs[:1])]
    found = {n.data[0].name for n in nodes if n.kind == "call"} & CHOICES
    return found | {n.kind for n in nodes if n.kind in ("select", "compare", "sqrt")}


DECIDED = [
    (sp.Abs(x), [x]),
    (sp.Abs(x), [-x]),
    (sp.Abs(x - 2), [x - 2]),
    (sp.Abs(x + 1) + sp.Abs(x - 1), [1 - x, 1 + x]),
    (sp.sqrt(x**2), [x]),
    (sp.sqrt((1 - x) ** 2), [1 - x]),
    (sp.sign(x) * y, [x]),
    (sp.sign(1 - x), [1 - x, x]),
    (sp.sign(sp.exp(x) + a), []),
    (sp.Heaviside(x), [x]),
    (sp.Max(x, 0), [x]),
    (sp.Min(x, 0) + y, [x]),
    (largest_of(sp.S.Zero, -a), []),
    (largest_of(-a, -2 * a, sp.S.Zero), []),
    (largest_of(a + b, b), []),
    (largest_of(x, y), [x - y]),
    (sp.Min(x, y, z), [y - x, 2 * z - 2 * x]),
    (sp.Piecewise((x, x > 1), (x**2, True)), [x - 2]),
    (sp.Piecewise((x, x >= 1), (x**2, True)), [x - 1]),
    (sp.Piecewise((x, x > y), (y, x < y), (0, True)), [y - x]),
    (sp.Piecewise((x, sp.And(x > 0, y < 3)), (y, True)), [x, 3 - y]),
    (sp.Piecewise((x, sp.Or(x < 0, sp.Not(y < 3))), (y, True)), [x, 3 - y]),
    (sp.log(sp.Abs(x)) + sp.Abs(x) ** y, [x]),
]


@pytest.mark.parametrize(("expr", "conditions"), DECIDED, ids=str)
def test_what_the_domain_decides(expr, conditions):
    assert not choices(expr, conditions)


OPEN = [
    (sp.Abs(x), [x + 1]),
    (sp.sign(sp.Abs(x)), [1 - x]),
    (sp.sign(x**2), []),
    (sp.Max(x, y), [x, y]),
    (sp.Piecewise((x, x > 2), (x**2, True)), [x - 1]),
    (sp.Piecewise((x, x < y), (y, True)), [x, y]),
    (sp.Piecewise((x, sp.Ne(x, 1)), (y, True)), [x]),
    (sp.sqrt(x**2 + y**2), [x, y]),
]


@pytest.mark.parametrize(("expr", "conditions"), OPEN, ids=str)
def test_what_it_leaves_open(expr, conditions):
    assert choices(expr, conditions)


numbers = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0])


@given(st.sampled_from([*DECIDED, *OPEN]), numbers, numbers, numbers, st.sampled_from([0.5, 1.0, 2.0]))
def test_values_inside_are_the_same(case, first, second, third, positive):
    expr, conditions = case
    at = {x: first, y: second, z: third, a: positive, b: 1.5}
    inside = all(c.subs(at) > 0 for c in conditions)
    kernel = Kernel((x, y, z, a, b), (), (), (expr,), conditions=tuple(conditions))
    symbols, point = tuple(at), list(at.values())
    expected = float(sg.lambdify(expr, symbols)(point))  # a bare expression knows no domain
    compiled = kernel.program()
    assert len(compiled.outputs) == 1 + len(conditions)
    for checked in (True, False):
        value = float(numpy_lambdify(kernel, checked)(point))
        assert (
            (value == pytest.approx(expected, rel=1e-14, nan_ok=True))
            if inside or not conditions
            else math.isnan(value)
        )


def test_no_branch_in_the_source_of_a_tensor():
    text = sg.source(sg.catalogue.get("truncated_exponential").manifold.metric, language="c")
    assert "fabs" not in text and "fmax" not in text
    text = sg.source(sg.catalogue.get("birnbaum_saunders").manifold.metric)
    assert "maximum" not in text


def test_zero_is_no_sign():
    # sign is 0 at 0, which an open end of the domain keeps out and a closed one does not.
    nonnegative = sp.Symbol("n", nonnegative=True)
    assert choices(sp.sign(nonnegative, **WRITTEN)) == {"sign"}
    function = sg.lambdify(sp.sign(nonnegative, **WRITTEN), (nonnegative,))
    np.testing.assert_array_equal(function([[0.0], [2.0]]), [0.0, 1.0])
