"""C: every row of the function table, metrics of many families, names and comments from outside, compiled functions."""

from __future__ import annotations

import ctypes
import itertools
import re
import shutil
import subprocess

import numpy as np
import pytest
import sympy as sp
from c_library import STRICT, Compiled, pointer
from hypothesis import given, settings
from hypothesis import strategies as st
from table_cases import CASES, INTERNAL, OUTSIDE, p, x, y, z

import symgeo as sg
from symgeo.codegen import Kernel, c_files, evaluate, lambdify, module_source, source
from symgeo.codegen import c as compiling
from symgeo.codegen.c_names import RESERVED, c_identifier
from symgeo.codegen.lowering import scaled_besseli
from symgeo.codegen.numeric_node import nodes_in
from symgeo.codegen.special_functions import TABLE
from symgeo.errors import (
    ArgumentError,
    CompilerError,
    MissingDependencyError,
    ShapeError,
    UnsupportedFunctionError,
)
from theorems.drawing import CASES as DENSITIES
from theorems.drawing import points

k, r = sp.symbols("k r", positive=True)
METRIC = sp.Matrix([[sp.polygamma(1, k), -1 / r], [-1 / r, k / r**2]])
TOLERANCE = 1e-12
needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="there is no C compiler here"
)

w, v = sp.symbols("w v")
ROWS = {**CASES, **INTERNAL}


def symbols_of(expr, points):
    return (p,) if p in expr.free_symbols else (x, y, z)[: len(points)]


@pytest.fixture(scope="module")
def table():
    kernels = {
        f"{name}{i}": Kernel.of(expr.subs(w, v), (*symbols_of(expr, grid), v), f"{name}{i}")
        for name, cases in ROWS.items()
        for i, (expr, *grid) in enumerate(cases)
    }
    kernels |= {f"outside{i}": Kernel.of(expr, (x, y)) for i, (expr, _) in enumerate(OUTSIDE)}
    return Compiled(kernels)


@needs_compiler
@pytest.mark.parametrize("name", ROWS)
def test_every_row_of_the_table(name, table):
    assert name in TABLE
    for i, (expr, *axes) in enumerate(ROWS[name]):
        grid = list(itertools.product(*axes))
        grid = grid[:: 1 + len(grid) // 12]
        values = table(f"{name}{i}", np.column_stack([np.array(grid), np.array(grid)[:, 0]]))
        for value, point in zip(values, grid, strict=True):
            expected = evaluate(expr, {**dict(zip(symbols_of(expr, axes), point, strict=True)), w: point[0]}, 25)
            assert abs(value - expected) <= TOLERANCE * abs(expected), (expr, point, value, expected)


@needs_compiler
@pytest.mark.parametrize("i", range(len(OUTSIDE)))
def test_outside_the_real_domain_is_nan(i, table):
    assert np.isnan(table(f"outside{i}", np.array([[OUTSIDE[i][1], 0.5]]))).all()


# Where a routine changes its method, and where a library's own routine was seen to lose digits.
FAR = [
    (sp.digamma(x), [1.4616321449683622, 1.2, 1.71, 1.72, 1e-6, 1e9, -19.5]),
    (sp.polygamma(3, x), [-19.25, -0.5, 1e-3, 11.9, 12.1, 1e6]),
    (sp.lowergamma(x, 0.9 * x), [9.9, 10.1, 150.0]),
    (sp.uppergamma(x, sp.Rational(1, 2)), [1e-9, 0.5, 0.999, 1.001, 60.0]),
    (sp.betainc_regularized(x, 30, 0, sp.Rational(9, 10)), [9.9, 10.1, 300.0, 4000.0]),
    (sp.log(sp.beta(x, 3)), [1e-4, 9.9, 10.1, 1e8]),
    (sp.hyper((22,), (9,), x), [-86.3, -15.1, -14.9, 90.0]),
    (sp.hyper((), (35,), x), [-150.0, 0.9, 1e4]),
    (sp.hyper((sp.Rational(7, 2), 9), (sp.Rational(3, 2),), x), [-40.0, -0.51, -0.49, 0.949, 0.98]),
    (scaled_besseli(sp.Rational(75, 4), x), [60.0, 351.0, 352.0, 44681.0]),
    (sp.elliptic_f(x, -20), [-5.0, 1.57, 4.8]),
    (sp.fresnels(x), [1.499, 1.501, -30.0]),
    (sp.Ci(x), [1.99, 2.01, 500.0]),
    (sp.Ei(x), [39.9, 40.1, -1e-7]),
    (sp.LambertW(x), [-0.3678, -0.2, 1e300]),
    (sp.erfi(x), [6.99, 7.01, -25.0]),
    (sp.zeta(x), [-15.5, 59.9, 60.1, 0.0]),
]


@needs_compiler
def test_where_the_methods_change():
    compiled = Compiled({f"f{i}": Kernel.of(expr, (x,)) for i, (expr, _) in enumerate(FAR)})
    for i, (expr, grid) in enumerate(FAR):
        for value, point in zip(compiled(f"f{i}", np.array(grid)[:, None]), grid, strict=True):
            expected = evaluate(expr, {x: point})
            assert abs(value - expected) <= TOLERANCE * abs(expected), (expr, point, value, expected)


CLOSED = [case for case in DENSITIES if len(case.parameters) < 4]


@pytest.fixture(scope="module")
def metrics():
    kernels = {}
    for case in CLOSED:
        metric = case.model.manifold.metric
        if not nodes_in(metric.flat()):
            kernels[case.name] = Kernel.of(metric, name=case.name)
    return kernels, Compiled(kernels)


@needs_compiler
@settings(max_examples=1)
@given(st.data())
def test_metrics_agree_with_the_reference(metrics, data):
    kernels, compiled = metrics
    assert len(kernels) > 60
    for case in CLOSED:
        if case.name not in kernels:
            continue
        point = [sp.Rational(float(c)) for c in data.draw(points(case))]
        value = compiled(case.name, np.array([point], dtype=float))[0]
        at = dict(zip(case.parameters, point, strict=True))
        flat = kernels[case.name].flat()
        known = {e: float(evaluate(e, at, 20)) for e in dict.fromkeys(flat)}
        expected = [known[e] for e in flat]
        scale = np.abs(expected).max()
        np.testing.assert_allclose(value.ravel(), expected, rtol=1e-12, atol=1e-13 * scale, err_msg=case.name)


@needs_compiler
def test_outside_the_domain_every_component_is_nan():
    f = lambdify(sg.catalogue.normal().manifold.metric, backend="c")
    values = f([[0.0, -1.0], [0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0], [0.0, 1.0]])
    assert np.isnan(values[:4]).all()
    np.testing.assert_array_equal(values[4], [[1, 0], [0, 2]])


@needs_compiler
def test_lambdify_broadcasts_as_numpy_does():
    alpha, d = sp.symbols("alpha d", real=True)
    obj = METRIC * alpha + d * sp.eye(2)
    theta = np.random.default_rng(0).uniform(1, 2, (3, 1, 2))
    extras = {"alpha": np.array([1.0, 2.0, 3.0, 4.0]), "d": 0.5}
    f, g = (lambdify(obj, (k, r), backend=backend) for backend in ("c", "numpy"))
    np.testing.assert_allclose(f(theta, **extras), g(theta, **extras), rtol=1e-14)
    assert f(theta, **extras).shape == (3, 4, 2, 2)
    assert f(theta[:0], alpha=1, d=2).shape == (0, 1, 2, 2)
    assert f.__name__ == g.__name__ and f.__doc__ == g.__doc__
    assert lambdify(k / r, (k, r), backend="c")([3, 4]) == 0.75
    assert lambdify(sp.Integer(3), (), backend="c")(np.zeros((2, 0))).tolist() == [3, 3]
    with pytest.raises(ShapeError, match=r"theta must have shape \(\.\.\., 2\)"):
        f(np.ones(3), **extras)
    with pytest.raises(ShapeError, match="do not broadcast"):
        f(np.ones((3, 2)), alpha=np.ones(2), d=1)
    with pytest.raises(ArgumentError, match="missing d"):
        f(theta, alpha=1)
    with pytest.raises(ArgumentError, match="real numbers"):
        f(theta * 1j, **extras)


def test_the_missing_compiler_is_named(monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler -O1")
    with pytest.raises(MissingDependencyError, match="no-such-compiler that CC names is not there"):
        lambdify(k, (k,), backend="c")
    monkeypatch.delenv("CC")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(MissingDependencyError, match="there is no cc, gcc or clang: install gcc"):
        lambdify(k, (k,), backend="c")


@needs_compiler
def test_the_missing_library_is_named(monkeypatch):
    text = source(sp.besselk(k, r), (k, r), language="c")
    missing = text.replace("#include <gsl/", "#include <nowhere/gsl/")
    with pytest.raises(MissingDependencyError, match="libgsl-dev"):
        compiling.shared_library(missing)
    with pytest.raises(CompilerError, match="failed with exit code 1"):
        compiling.shared_library("no program")


def test_what_c_cannot_express_is_refused_by_name():
    with pytest.raises(UnsupportedFunctionError, match=r"LambertW\(\.\.\., 2\) has no spelling in c"):
        source(sp.LambertW(k, 2), (k,), language="c")
    with pytest.raises(UnsupportedFunctionError, match="Integral"):
        source(sp.Integral(sp.exp(-k * x), (x, 0, 1)), (k,), language="c")
    expectation = next(iter(sg.catalogue.skew_normal().manifold.metric.flat()))
    with pytest.raises(UnsupportedFunctionError, match="no closed form"):
        source(expectation, sg.catalogue.skew_normal().parameters, language="c")


def test_every_row_has_a_spelling_or_a_rule():
    assert [name for name, row in TABLE.items() if "c" not in row.spelling and row.lower is None] == []


NAMES = ["int", "exp", "j0", "y0f", "I", "NAN", "class", "printf", "gsl_sf_gamma", "sg_digamma", "1st metric", "*/", ""]
NAMES += [
    "ϕ",
    "Σ_1",
    "naïve",
    "\\sigma",
    "__x",
    "values",
    "theta",
    "count",
    "f",
    "f_batch",
    "a\nb*/",
    "/*",
    "??/",
    "\u202e",
]


@pytest.mark.parametrize("name", NAMES)
def test_identifiers_are_ascii_and_free(name):
    found = c_identifier(name)
    assert re.fullmatch(r"[A-Za-z]\w*", found, re.ASCII)
    assert found not in RESERVED and not found.startswith(("gsl_", "sg_")) and "__" not in found


def test_identifiers_stay_readable():
    assert [c_identifier(n) for n in ("x_1", "\\sigma", "σ", "Γ", "naïve", "lambda")] == [
        *("x_1", "sigma", "sigma", "Gamma", "naive", "lambda"),
    ]


@needs_compiler
def test_names_and_comments_from_outside_cannot_break_the_text():
    class Hostile:
        shape = (2,)

        def __init__(self, name):
            self.name = name
            self.doc = f'{name} */ " ?? / \\\n int x; /* ??/\n \\'
            self.coordinates = (sp.Symbol(name or "v", real=True),)

        def flat(self):
            (symbol,) = self.coordinates
            return [sp.exp(symbol) + sp.Symbol(f"{symbol.name}'", real=True), sp.polygamma(1, symbol)]

    text = module_source({f"{n}": Hostile(n) for n in NAMES}, language="c", doc="*/ exit(1); /*")
    assert text.isascii()
    library = compiling.shared_library(text, STRICT)
    names = re.findall(r"^void (\w+)\(const double \w+\[1\]", text, re.MULTILINE)
    assert len(set(names)) == len(NAMES)
    for name in names:
        value = np.zeros(2)
        getattr(library, name)(pointer(np.array([1.0])), ctypes.c_double(2.0), pointer(value))
        np.testing.assert_allclose(value, [np.e + 2, np.pi**2 / 6], rtol=1e-15)


@needs_compiler
@pytest.mark.parametrize("compiler", ["gcc", "g++"])
def test_header_and_source_belong_together(compiler, tmp_path):
    if shutil.which(compiler) is None or shutil.which("gcc") is None:
        pytest.skip(f"there is no {compiler} here")
    alpha = sp.Symbol("alpha", real=True)
    files = c_files({"metric": METRIC, "scaled": METRIC * alpha}, (k, r), name="my geometry", doc="Of gamma.")
    assert list(files) == ["my_geometry.h", "my_geometry.c"]
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="ascii")
    main = "main.c" if compiler == "gcc" else "main.cpp"
    (tmp_path / main).write_text(
        '#include "my_geometry.h"\n#include "my_geometry.h"\n#include <stdio.h>\n'
        "int main(void) { double theta[2] = {1.0, 2.0}, g[4]; scaled(theta, 3.0, g); metric_batch(1, theta, g + 0);\n"
        'printf("%.15g %.15g\\n", g[1], g[3]); return 0; }\n'
    )
    flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-pedantic"]
    run = lambda *command: subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)  # noqa: E731
    run("gcc", *STRICT, "-c", "my_geometry.c")
    run(compiler, *flags, main, "my_geometry.o", "-o", "program", "-lm")
    assert run("./program").stdout.split() == ["-0.5", "0.25"]
    declared = source(METRIC, (k, r), language="c-header", name="metric")
    assert "void metric(const double theta[2], double values[4]);" in declared
    assert "void metric(const double theta[2], double values[4]);" in source(
        METRIC, (k, r), language="c", name="metric"
    )


def test_layout_of_the_text():
    text = source(sg.catalogue.bivariate_normal().manifold.connection(0).christoffel, language="c")
    lines = text.splitlines()
    assert max(map(len, lines)) <= 110 and all(line == line.rstrip() for line in lines)
    # Every component is written once.
    assert sorted(map(int, re.findall(r"values\[(\d+)\] =", text))) == list(range(125))
    assert "gsl" not in text
    assert text.count("static double") == 0
    assert "cc -std=c99 -O2 -c Christoffel_symbols.c" in text


def test_helpers_appear_once_and_only_where_needed():
    text = module_source({"a": sp.polygamma(1, k), "b": sp.polygamma(1, k) + sp.log(sp.beta(k, 3))}, (k,), language="c")
    assert text.count("static double sg_trigamma(") == text.count("static double sg_stirling_tail(") == 1
    assert "sg_digamma" not in text
