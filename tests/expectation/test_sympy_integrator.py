"""SymPy's integrator in a bounded time: right answers, refused ones, and no process left behind."""

from __future__ import annotations

import io
import os
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace

import pytest
import sympy as sp
from sympy import Rational as R
from sympy import oo

from symgeo.expectation import sympy_integrator
from symgeo.expectation.sympy_integrator import answer, bounded_integral, bounded_sum

LIMIT = 10.0
x, mu, t1 = sp.symbols("x mu t1", real=True)
y, s, b, k, r, rate = sp.symbols("y s b k r lambda", positive=True)
t2 = sp.Symbol("t2", negative=True)
n = sp.Symbol("n", integer=True, nonnegative=True)

LINE, HALF = (-oo, oo), (sp.S.Zero, oo)
NORMAL = -((x - mu) ** 2) / (2 * s**2) - sp.log(s) - sp.log(2 * sp.pi) / 2
GAMMA = k * sp.log(r) + (k - 1) * sp.log(y) - r * y - sp.loggamma(k)
POISSON = n * sp.log(rate) - rate - sp.log(sp.factorial(n))
NATURAL = t1 * x + t2 * x**2 + t1**2 / (4 * t2) + sp.log(-t2 / sp.pi) / 2
MINIMA = (x - mu) / b - sp.exp((x - mu) / b) - sp.log(b)


def points(**values: sp.Rational) -> list[dict[sp.Symbol, sp.Rational]]:
    named = {p.name: p for p in (mu, t1, s, b, k, r, rate, t2)}
    return [{named[name]: v * (1 + R(i, 7)) for name, v in values.items()} for i in range(3)]


def children() -> set[str]:
    """Processes of this one, zombies too; empty where /proc is not to be had."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            after = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(after[1]) == os.getpid():
            found.add(stat.parent.name)
    return found


@pytest.fixture(autouse=True)
def _no_process_left() -> Iterator[None]:
    before = children()
    yield
    assert children() <= before


def same(found: sp.Expr | None, expected: sp.Expr, at: list[dict[sp.Symbol, sp.Rational]]) -> None:
    assert found is not None
    assert all(abs(sp.N((found - expected).subs(point), 30)) < 1e-25 for point in at)


def test_cosine_under_the_normal_law() -> None:
    at = points(mu=R(1, 3), s=R(5, 4))
    same(bounded_integral(NORMAL, sp.cos(x), x, LINE, LIMIT, at), sp.cos(mu) * sp.exp(-(s**2) / 2), at)


def test_exponential_under_the_gamma_law() -> None:
    at = points(k=R(4, 3), r=R(5, 4))
    same(bounded_integral(GAMMA, y * sp.exp(-y), y, HALF, LIMIT, at), k * r**k / (1 + r) ** (k + 1), at)


def test_reciprocal_under_the_poisson_law() -> None:
    at = points(**{"lambda": R(4, 3)})
    same(bounded_sum(POISSON, 1 / (1 + n), n, HALF, LIMIT, at), (1 - sp.exp(-rate)) / rate, at)


def test_negative_parameters_leave_no_imaginary_unit() -> None:
    at = points(t1=R(1, 3), t2=-R(5, 4))
    found = bounded_integral(NATURAL, sp.diff(NATURAL, t1) ** 2, x, LINE, LIMIT, at)
    same(found, -1 / (2 * t2), at)


def test_an_expectation_that_vanishes() -> None:
    at = points(mu=R(1, 3), s=R(5, 4))
    same(bounded_integral(NORMAL, x - mu, x, LINE, LIMIT, at), sp.S.Zero, at)


@pytest.mark.parametrize("f", [(x - mu) ** 2, sp.log(1 + x**2) * sp.sqrt(1 + sp.exp(x))])
def test_given_up_in_time(f: sp.Expr) -> None:
    """The law of minima keeps SymPy in one long operation that no signal handler interrupts."""
    start = perf_counter()
    score = sp.diff(MINIMA, b)
    assert bounded_integral(MINIMA, f * score, x, LINE, 2.0, points(mu=R(1, 3), b=R(5, 4))) is None
    assert perf_counter() - start < 3.0


def told(monkeypatch: pytest.MonkeyPatch, answered: sp.Expr, at: list[dict[sp.Symbol, sp.Rational]]) -> object:
    """What the child writes where SymPy's integrator answers so."""
    out = io.BytesIO()
    monkeypatch.setattr(sympy_integrator.sp, "integrate", lambda *_, **__: answered)
    monkeypatch.setattr(sympy_integrator, "signal", SimpleNamespace())
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=out))
    answer(io.BytesIO(pickle.dumps(("integral", NORMAL, x**2, x, LINE, LIMIT, at))))
    return pickle.loads(out.getvalue())


def test_only_what_the_numbers_confirm_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    at = points(mu=R(1, 3), s=R(5, 4))
    right = mu**2 + s**2
    assert told(monkeypatch, right, at) == right
    for wrong in (right + R(1, 10**9), mu**2 + s**2 / 2, sp.nan, sp.zoo, sp.I * s, x**2, sp.Integral(x, (x, 0, mu))):
        assert told(monkeypatch, wrong, at) is None
    assert told(monkeypatch, right, []) is None


def test_only_a_branch_whose_condition_holds_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    at = points(mu=R(1, 3), s=R(5, 4))
    right, other = mu**2 + s**2, sp.Symbol("other")
    assert told(monkeypatch, sp.Piecewise((right, s > 0), (other, True)), at) == right
    assert told(monkeypatch, sp.Piecewise((right, mu > 0), (other, True)), at) is None


def test_without_an_interpreter_there_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    at = points(mu=R(1, 3), s=R(5, 4))
    for executable in ("", None, "/nowhere/python3", "/opt/program"):
        monkeypatch.setattr(sys, "executable", executable)
        assert bounded_integral(NORMAL, x, x, LINE, LIMIT, at) is None


def test_what_the_child_cannot_read_has_no_answer() -> None:
    unknown = type("Unknown", (sp.Function,), {"__module__": "a_module_that_is_nowhere"})
    assert bounded_integral(NORMAL, unknown(x), x, LINE, 5.0, points(mu=R(1, 3), s=R(5, 4))) is None
