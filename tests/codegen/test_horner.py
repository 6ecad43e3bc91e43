"""Horner forms: fewer operations, no fewer digits, the same range."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import symgeo as sg
from symgeo.codegen import evaluate
from symgeo.codegen.builder import Builder
from symgeo.codegen.doubt import Doubt
from symgeo.codegen.graph import Graph
from symgeo.codegen.horner import with_horner_forms
from symgeo.codegen.kernel import program

a, b, c, d = SYMBOLS = sp.symbols("a b c d", positive=True)
x, y = sp.symbols("x y", real=True)
U = 2.0**-53


def written(*expressions):
    """The graph and outputs as they are declared, without Horner forms."""
    builder = Builder([*SYMBOLS, x, y], "numpy", {})
    return builder.graph, tuple(builder.build(e) for e in expressions)


def operations(graph: Graph, outputs) -> dict[str, int]:
    found = {"add": 0, "mul": 0, "div": 0}
    for i in graph.live(outputs):
        node = graph.nodes[i]
        if node.kind in found:
            found[node.kind] += len(node.args) - 1 if node.kind == "add" else 1
    return found


def values(graph: Graph, outputs, at):
    """The outputs in the arithmetic of the numbers ``at``, and the largest size met on the way."""
    known: dict[int, object] = {}
    number = type(next(iter(at.values())))
    for i in graph.live(outputs):
        node = graph.nodes[i]
        args = [known[j] for j in node.args]
        if node.kind == "number":
            known[i] = number(node.data)
        elif node.kind == "symbol":
            known[i] = at[node.data]
        elif node.kind == "neg":
            known[i] = -args[0]
        elif node.kind == "add":
            known[i] = sum((s * v for s, v in zip(node.data[1:], args[1:], strict=True)), node.data[0] * args[0])
        elif node.kind == "mul":
            known[i] = args[0] * args[1]
        else:
            assert node.kind == "div"
            known[i] = args[0] / args[1]
    return [known[o] for o in outputs], max(abs(v) for v in known.values())


COUNTS = [
    ([a**3 + 2 * a**2 + 3 * a + 4], {"add": 3, "mul": 2, "div": 0}),
    ([sum(k * a**k for k in range(1, 9))], {"add": 7, "mul": 8, "div": 0}),
    ([a * c + b * c], {"add": 1, "mul": 1, "div": 0}),
    ([a * c - b * c, (a * d - b * d) ** 2], {"add": 1, "mul": 3, "div": 0}),
    ([2 * a + 2 * b + 2 * c], {"add": 2, "mul": 1, "div": 0}),
    ([a / d + b / d + c / d], {"add": 2, "mul": 0, "div": 1}),
    ([a**2 * d + b * d**3 + c * d**2], {"add": 2, "mul": 4, "div": 0}),
    # Nothing to take out, or nothing to gain because the products are there anyway.
    ([a * b + c * d], {"add": 1, "mul": 2, "div": 0}),
    ([a * c + b * c, a * c, b * c], {"add": 1, "mul": 2, "div": 0}),
    ([a / d + b / d, a / d, b / d], {"add": 1, "mul": 0, "div": 2}),
]


@pytest.mark.parametrize(("expressions", "expected"), COUNTS, ids=str)
def test_operations(expressions, expected):
    compiled = program(expressions, SYMBOLS)
    assert operations(compiled.graph, compiled.outputs) == expected


def test_catalogue_kernels_have_fewer_operations():
    for name, part in (("burr_12", 0.7), ("fisher_z", 0.5)):
        tensor = sg.catalogue.get(name).manifold.connection(0).christoffel
        builder = Builder(tensor.coordinates, "numpy", {})
        before = sum(operations(builder.graph, [builder.build(e) for e in tensor.flat()]).values())
        compiled = program(list(tensor.flat()), tensor.coordinates)
        assert sum(operations(compiled.graph, compiled.outputs).values()) < part * before


coefficients = st.fractions(-9, 9, max_denominator=4).filter(bool)
exponents = st.tuples(*[st.integers(0, 4)] * 4)
polynomials = st.dictionaries(exponents, coefficients, min_size=2, max_size=9)
anywhere = st.tuples(*[st.floats(-3, 3).map(lambda e: 10.0**e)] * 4)


def as_expression(terms):
    return sp.Add(
        *(sp.Rational(q.numerator, q.denominator) * sp.Mul(*(s**e for s, e in zip(SYMBOLS, key, strict=True)))
          for key, q in terms.items())
    )  # fmt: skip


@given(polynomials, polynomials, anywhere)
def test_values_and_errors(first, second, point):
    expressions = [as_expression(first), as_expression(second) / (as_expression(first) ** 2 + 1)]
    graph, outputs = written(*expressions)
    new, forms = with_horner_forms(graph, outputs)
    exactly = {s: Fraction(p) for s, p in zip(SYMBOLS, point, strict=True)}
    expected, _ = values(graph, outputs, exactly)
    assert values(new, forms, exactly)[0] == expected
    (found, _), _ = values(new, forms, dict(zip(SYMBOLS, point, strict=True)))
    sizes = sum(
        abs(q) * math.prod(v**e for v, e in zip(exactly.values(), key, strict=True)) for key, q in first.items()
    )
    assert abs(Fraction(found) - expected[0]) <= 40 * U * sizes


@given(polynomials, st.tuples(*[st.floats(-60, 60).map(lambda e: 10.0**e)] * 4))
def test_nothing_is_larger_than_in_the_sum_as_written(terms, point):
    graph, outputs = written(as_expression(terms))
    new, forms = with_horner_forms(graph, outputs)
    exactly = {s: Fraction(p) for s, p in zip(SYMBOLS, point, strict=True)}
    before, after = (values(g, o, exactly)[1] for g, o in ((graph, outputs), (new, forms)))
    assert after <= 9 * 4 * len(terms) * max(before, 1)


def test_a_product_is_not_torn_apart_where_that_overflows():
    # With a taken out, b*c would be infinite: 1e400.
    expr = a * b * c + a * d
    point = (1e-200, 1e200, 1e200, 1.0)
    namespace: dict = {}
    exec(sg.source([expr, expr / 3], SYMBOLS, name="f"), namespace)
    np.testing.assert_allclose(namespace["f"](np.array(point)), [1e200, 1e200 / 3], rtol=1e-15)


def test_coefficients_at_the_ends_of_the_range_stay_where_they_are():
    huge = sp.Integer(2) ** 1000
    graph, outputs = written(huge * a * c + b * c)
    new, forms = with_horner_forms(graph, outputs)
    at = dict(zip(SYMBOLS, (1e10, 1.0, 1e-200, 1.0), strict=True))
    assert values(new, forms, at)[0] == values(graph, outputs, at)[0] != [math.inf]


DEFINITE = [
    a * c + b * c + a**2 * c**3,
    x**4 * a + x**2 * b + x**2 * y**2,
    -a * b - a * c - a * d,
    (a * c + b * c) / (a * d + b * d**2),
    sp.polygamma(1, a) * x**2 + sp.polygamma(1, a) * y**2 * b,
]


@pytest.mark.parametrize("expr", DEFINITE, ids=str)
def test_sums_of_one_sign_stay_so(expr):
    compiled = program([expr], (*SYMBOLS, x, y))
    doubt = Doubt(compiled.graph, compiled.outputs)
    assert doubt.proven[compiled.outputs[0]] is not None


def test_what_cancels_cancels_no_worse():
    # Each form loses the same digits beside the root; the function sees it and gives them all.
    expr = a**3 - 3 * a**2 * b + 3 * a * b**2 - b**3
    at = {a: 1.0, b: 1 + 2.0**-20}
    expected = evaluate(expr, at, 50)
    assert abs(float(sg.lambdify(expr, (a, b))([at[a], at[b]])) - expected) <= 1e-15 * abs(expected)


def test_the_same_cofactor_of_two_outputs_is_one_node():
    compiled = program([a * c + b * c, a * d + b * d, sp.exp(a + b)], SYMBOLS)
    sums = [i for i in compiled.graph.live(compiled.outputs) if compiled.graph.nodes[i].kind == "add"]
    assert len(sums) == 1


def test_deep_polynomials_do_not_recurse_without_end():
    symbols = sp.symbols("s:20", positive=True)
    term = sp.Mul(*(s**60 for s in symbols))
    expressions = [sp.Add(*(term / symbols[-1] ** k for k in range(50)), symbols[0])]
    compiled = program(expressions, symbols)
    assert sum(operations(compiled.graph, compiled.outputs).values()) < 1000


def test_what_decided_branches_leave_behind_is_added_up():
    larger = sp.Max(0, a, evaluate=False)
    cancelled = program([sp.exp(2 * larger - 2 * a) * b], [a, b])
    assert cancelled.graph.nodes[cancelled.outputs[0]].kind == "symbol"
    for expr in (3 * larger - a + b, larger / 2 + a / 3 - a, b - larger + a):
        short = program([expr], [a, b])
        assert operations(short.graph, short.outputs)["add"] <= 1
        assert sg.lambdify(expr, (a, b))([0.7, 2.0]) == pytest.approx(float(expr.subs({a: 0.7, b: 2.0})), rel=1e-15)
