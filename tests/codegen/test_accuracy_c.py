"""Digits of generated C functions: against many digits, over the catalogue and where doubles do not do."""

from __future__ import annotations

import ctypes
import itertools
import math
import re
import shutil

import numpy as np
import pytest
import sympy as sp
from accuracy_cases import BEYOND, FAMILIES, SUMS, TOLERANCE, a, b, drawn, error, expressions, points, psi, x, y
from c_library import STRICT, pointer
from hypothesis import given, settings
from hypothesis import strategies as st
from table_cases import CASES, INTERNAL, p, z

import symgeo as sg
from symgeo.codegen import Kernel, evaluate, lambdify
from symgeo.codegen.c import shared_library
from symgeo.codegen.c_checked import checked_text
from symgeo.codegen.c_source import module_text
from symgeo.codegen.doubt import Doubt, U
from symgeo.codegen.graph import Graph, Node
from symgeo.codegen.kernel import program
from symgeo.codegen.repair import Repair
from symgeo.errors import MissingDependencyError

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="there is no C compiler here"
)

MORE = [
    *("birnbaum_saunders", "f_ratio", "generalised_normal"),
    *("kumaraswamy", "log_gamma", "logistic_type_3", "normal_gamma", "probit_regression"),
    *("von_mises_natural", "zeta", "borel", "dirichlet", "dagum"),
]


def compiled(expr, symbols=(a, b)):
    return lambdify(expr, symbols, backend="c")


@pytest.mark.parametrize("name", [*FAMILIES, *MORE])
def test_families_from_end_to_end(name):
    manifold = sg.catalogue.get(name).manifold
    random = np.random.default_rng(5)
    at = [drawn(lambda _: 10.0 ** random.uniform(-4, 8), name) for _ in range(2)]
    tensors = [manifold.metric, manifold.connection(0).christoffel]
    for tensor in tensors:
        values = lambdify(tensor, backend="c")(at)
        for point, found in zip(at, values.reshape(len(at), -1), strict=True):
            where = dict(zip(manifold.coordinates, point, strict=True))
            if not all(float(c.subs(where)) > 0 for c in tensor.conditions):
                continue
            for expr, value in dict(zip(tensor.flat(), found, strict=True)).items():
                assert error(value, expr, where, 0.0) < TOLERANCE, (point, expr)


@pytest.mark.parametrize(("expr", "point"), SUMS, ids=str)
def test_points_where_doubles_do_not_do(expr, point):
    assert error(compiled(expr)(point), expr, dict(zip((a, b), point, strict=True))) < 1e-13


def test_intermediate_numbers_beyond_the_range():
    for expr, point in BEYOND:
        assert error(compiled(expr)(point), expr, dict(zip((a, b), point, strict=True))) < 1e-14, expr


@pytest.fixture
def repaired(monkeypatch):
    """The numbers of the points that were left to the later stages."""
    found = []
    call = Repair.__call__
    monkeypatch.setattr(Repair, "__call__", lambda self, out, n, *rest: (found.extend(n), call(self, out, n, *rest))[1])
    return found


def test_only_bad_points_are_looked_at_again(repaired):
    expr = [psi(1, a) - psi(1, a + b), a * b]
    function = compiled(expr)
    theta = np.random.default_rng(0).uniform(0.5, 2.0, (3, 5001, 2))
    function(theta)
    assert repaired == []
    theta[1, 17] = theta[2, 5000] = 3e6, 1e-4
    values = function(theta)
    assert repaired == [5001 + 17, 3 * 5001 - 1]
    assert error(values[1, 17, 0], expr[0], {a: 3e6, b: 1e-4}) < 1e-14
    assert values[2, 5000, 0] == values[1, 17, 0]


def test_overflow_and_underflow_are_told_point_by_point(repaired):
    expr = [1 + sp.exp(-(a**2)), 2**900 * a**3, (a - b) * sp.exp(-a) * sp.exp(b)]
    theta = np.random.default_rng(1).uniform(0.5, 20.0, (700, 2))
    theta[7] = 1e-108, 2.0  # a**3 is subnormal
    theta[300] = 800.0, 790.0  # exp(-a) is zero, exp(b) is not finite
    theta[699] = 30.0, 30.0  # exp(-a**2) is zero beside 1
    values = compiled(expr)(theta)
    assert {7, 300, 699} <= set(repaired) and len(repaired) < 10
    for i in (0, 7, 300, 699):
        for value, e in zip(values[i], expr, strict=True):
            assert error(value, e, dict(zip((a, b), theta[i], strict=True))) < TOLERANCE
    repaired.clear()
    compiled(expr)(theta[:7])
    assert repaired == []  # the flags are down again


def test_many_doubtful_points_are_settled_together():
    expr = psi(1, a) - psi(1, a + b)
    theta = np.stack([10.0 ** np.linspace(-3, 8, 400), 10.0 ** np.linspace(2, -4, 400)], axis=-1)
    for point, value in list(zip(theta, compiled(expr)(theta), strict=True))[::23]:
        assert error(value, expr, dict(zip((a, b), point, strict=True))) < TOLERANCE


def test_further_symbols_and_broadcasting():
    expr = psi(1, a) - psi(1, a + b)
    function = compiled(expr, (a,))
    values = function([[1e6], [2.0]], b=np.array([[1e-4, 1.0]]).T)
    for i, first in enumerate((1e6, 2.0)):
        for j, second in enumerate((1e-4, 1.0)):
            assert error(values[j, i], expr, {a: first, b: second}) < TOLERANCE
    assert error(function([1e6], b=1e-4), expr, {a: 1e6, b: 1e-4}) < TOLERANCE


def test_ends_zeros_and_what_is_not_real():
    function = compiled([sp.exp(-(a**2)), sp.exp(a) * a], (a,))
    assert function([30.0])[0] == 0.0 and function([1000.0])[1] == np.inf
    assert function([26.7])[0] == float(evaluate(sp.exp(-(a**2)), {a: 26.7}, 50))  # subnormal
    assert compiled(sp.sqrt(a**2 + 2 * a * b + b**2) - a - b)([0.1, 0.7]) == 0.0
    assert compiled(x / sp.sqrt(b), (x, b))([[0.0, 1e-300], [-0.0, 2.0]]).tolist() == [0.0, 0.0]
    values = compiled([sp.log(x * y - 1), 1 / (x - y), sp.sqrt(x - y)], (x, y))(
        [[1.0, 0.5], [2.0, 2.0], [np.nan, 1.0], [np.inf, 1.0]]
    )
    assert np.isnan(values[0, 0]) and values[0, 1] == 2.0
    assert values[1, 1] == np.inf and values[1, 2] == 0.0
    assert np.isnan(values[2]).all() and values[3, 0] == np.inf


def test_outside_the_domain_is_nan_and_its_edge_is_told_apart():
    metric = sg.catalogue.get("categorical").manifold.metric  # 1 - p1 - p2 is positive inside
    small, large = 1e-17, 1 - 2.0**-53  # 1 - small - large is exactly 1.1e-16 - 1e-17; in doubles 1 - small is 1
    beyond = 2.0**-53 + 2.0**-80  # 1 - beyond - large is a little less than zero, and zero in doubles
    values = lambdify(metric, backend="c")([[small, large], [beyond, large], [0.2, 0.3], [-0.1, 0.2]])
    at = dict(zip(metric.coordinates, (small, large), strict=True))
    assert error(values[0, 0, 1], metric[0, 1], at) < 1e-14
    assert np.isnan(values[1]).all() and np.isnan(values[3]).all() and np.isfinite(values[2]).all()


def test_what_is_proven_costs_nothing():
    """The loop over points is that of the source that stands alone."""
    kernel = Kernel.of(sg.catalogue.get("normal").manifold.connection(0).christoffel)
    loops = [
        re.search(r"^    for \(;.*?^    }", text, re.DOTALL | re.MULTILINE)[0]
        for text in (module_text({"f": kernel}), checked_text(kernel))
    ]
    assert loops[0] == loops[1]
    bivariate = checked_text(Kernel.of(sg.catalogue.get("bivariate_normal").manifold.connection(0).christoffel))
    assert "*doubt =" not in bivariate and "++doubt" not in bivariate
    assert "*doubt =" in checked_text(Kernel.of(sg.catalogue.get("beta").manifold.metric))


@pytest.mark.parametrize("name", ["categorical", "beta", "von_mises", "student_free"])
def test_compilers_have_nothing_to_say(name):
    text = checked_text(Kernel.of(sg.catalogue.get(name).manifold.metric))
    quiet = (*STRICT, "-Wno-parentheses", "-Wno-missing-prototypes")
    shared_library(text, quiet)


def values_and_bounds(cases, symbols):
    """C functions, in one library for each of the two sets of needed headers, of values and of bounds in units of u."""
    graph = Graph()
    outputs = []
    for expr in cases:
        found = program([expr], symbols, "c")
        made: dict[int, int] = {}
        for number in found.graph.live(found.outputs):
            node = found.graph.nodes[number]
            made[number] = graph.copied(Node(node.kind, node.data, tuple(made[i] for i in node.args)))
        outputs.append(made[found.outputs[0]])
    doubt = Doubt(graph, outputs, target="c")
    bounds = [doubt.error(o) for o in outputs]
    return graph, outputs, [graph.number(0) if bound is None else bound for bound in bounds]


def evaluated(cases, symbols, at):
    """(points, cases) values and bounds. Skips where GSL is missing."""
    from symgeo.codegen.c_helper_texts import GSL_HEADERS, helpers_of
    from symgeo.codegen.c_printer import CPrinter
    from symgeo.codegen.identifiers import Names

    graph, outputs, bounds = values_and_bounds(cases, symbols)
    printer = CPrinter(graph, {s: f"theta[{i}]" for i, s in enumerate(symbols)})
    lines = [
        f"const {'int' if s.node.kind in ('compare', 'and', 'or', 'not') else 'double'} {s.target} = {s.value.text};"
        for s in printer.statements((*outputs, *bounds), Names())
        if s.target
    ]
    lines += [f"out[{i}] = {printer.texts[o].text};" for i, o in enumerate((*outputs, *bounds))]
    body = "\n".join(lines)
    start = "gsl_set_error_handler_off();\n" if "gsl_" in "".join(helpers_of(body)) else ""
    function = f"void f(const double *theta, double *out)\n{{\n{start}{body}\n}}\n"
    head = "#include <math.h>\n#include <stddef.h>\n" + (GSL_HEADERS if start else "")
    try:
        library = shared_library("\n\n".join([head, *helpers_of(body), function]), ("-std=c99", "-O1"))
    except MissingDependencyError as reason:
        pytest.skip(str(reason))
    found = np.empty((len(at), 2, len(cases)))
    for point, out in zip(np.array(at, dtype=float), found, strict=True):
        library.f(pointer(point), ctypes.c_void_p(out.ctypes.data))
    return found[:, 0], found[:, 1]


def holds(value, bound, expected):
    """Not a number is no bound, and says so; a bound is of first order, and means nothing where it is large."""
    if not (expected.context.isfinite(expected) and math.isfinite(value) and abs(value) > 1e-290):
        return True
    return not (abs(value - expected) > 2 * U * (bound + abs(value)) and U * bound < 1e-3 * abs(value))


# Where C's functions lose most.
WORST = {
    sp.expint(1, p): [1.09, 1.3, 1.5],
    sp.expint(3, p): [1.09, 1.3, 1.5],
    sp.fresnels(x): [1.04e8, -1234567.8],
    sp.airyai(x): [-661213544.27722, -66.5],
    sp.airybiprime(x): [-472214463.10246545],
    sp.digamma(p): [1.1593774444636007, 1.4],
    sp.polygamma(1, x): [-1.1783629736040978e-06, -3.0000001],
    sp.polygamma(2, x): [-1.3395412309912836e-06, -4.4993604],
    sp.besselj(2, p): [590568905.0635263],
    sp.bessely(y, p): [983335988.5007622],
    sp.besseli(y, p): [11.722173394170596],
    sp.log(sp.erfc(x)): [18.46, 26.0],
    sp.polygamma(1, 1 / p) - p - p**2 / 2: [0.166, 0.1],
    sp.lerchphi(sp.Rational(-1, 2), 1, p): [1e-3, 3e5],
}


def test_bounds_of_functions_hold_where_c_loses_most():
    symbols = (x, y, p)
    for expr, grid in WORST.items():
        at = [(v, 14.974364846697233, abs(v)) for v in grid]
        for point, value, bound in zip(at, *evaluated([expr], symbols, at), strict=True):
            expected = evaluate(expr, dict(zip(symbols, point, strict=True)), 40)
            assert holds(value[0], bound[0], expected), (expr, point, value, expected, bound)


@pytest.mark.parametrize("name", [n for n in {**CASES, **INTERNAL} if n not in ("re", "im", "conjugate", "arg")])
def test_bounds_of_functions_hold(name):
    for expr, *axes in {**CASES, **INTERNAL}[name]:
        symbols = (p,) if p in expr.free_symbols else (x, y, z)[: len(axes)]
        grid = list(itertools.product(*axes))
        grid = grid[:: 1 + len(grid) // 5]
        for point, value, bound in zip(grid, *evaluated([expr], symbols, grid), strict=True):
            expected = evaluate(expr, dict(zip(symbols, point, strict=True)), 30)
            assert holds(value[0], bound[0], expected), (expr, point, value, expected, bound)


@settings(max_examples=6, deadline=None, derandomize=True)
@given(drawn=st.lists(expressions, min_size=3, max_size=3), point=points)
def test_values_and_bounds_of_any_expression(drawn, point):
    symbols = (a, b, x, y)
    at = dict(zip(symbols, point, strict=True))
    values, bounds = evaluated(drawn, symbols, [point])
    sure = compiled(drawn, symbols)(point)
    for expr, value, bound, right in zip(drawn, values[0], bounds[0], sure, strict=True):
        expected = evaluate(expr, at, 50)
        assert holds(value, bound, expected), (expr, value, expected, bound)
        if math.isfinite(right) and expected.context.isfinite(expected) and 1e-290 < abs(expected) < 1e290:
            assert abs(right - expected) <= TOLERANCE * abs(expected), expr
