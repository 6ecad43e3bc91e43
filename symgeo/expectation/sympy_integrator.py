"""Expectations by SymPy's own integrator or summation: in a bounded time, and believed only after a numerical check.

SymPy's integrals may take hours, and some are wrong. So they are taken in an interpreter of their own, which can
really be stopped: it shares no thread, lock or cache with this one and needs no importable ``__main__``. What it finds
is compared there, within the same time, with a quadrature at points of the parameters.
"""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import mpmath
import sympy as sp

_DIGITS = 30
_AGREEMENT = mpmath.mpf(10) ** -12
_MOST_TERMS = 20_000
_UNANSWERED = (
    sp.Integral,
    sp.Sum,
    sp.Product,
    sp.Piecewise,
    sp.Limit,
    sp.Order,
    sp.Derivative,
    sp.ConditionSet,
    sp.zoo,
    sp.nan,
    sp.oo,
    -sp.oo,
    sp.I,
    sp.AccumBounds,
)
_CHILD = (
    "import pickle, sys; task = sys.stdin.buffer; sys.path[:] = pickle.load(task); "
    "from symgeo.expectation.sympy_integrator import answer; answer(task)"
)

Point = Mapping[sp.Symbol, sp.Rational]


def bounded_integral(
    log_density: sp.Expr,
    f: sp.Expr,
    variable: sp.Symbol,
    ends: tuple[sp.Expr, sp.Expr],
    seconds: float,
    points: Sequence[Point],
) -> sp.Expr | None:
    """The integral of ``f exp(log_density)`` over (lower, upper), or None where SymPy has none within the seconds.

    ``points`` are parameter values at which the answer must agree with a quadrature to a relative 1e-12. None is also
    the answer where conditions of the integral do not follow from the assumptions of the symbols, where the quadrature
    does not converge, and where no second interpreter can be started.
    """
    return _asked("integral", log_density, f, variable, ends, seconds, points)


def bounded_sum(
    log_density: sp.Expr,
    f: sp.Expr,
    variable: sp.Symbol,
    ends: tuple[sp.Expr, sp.Expr],
    seconds: float,
    points: Sequence[Point],
) -> sp.Expr | None:
    """The sum of ``f exp(log_density)`` over the integers lower, ..., upper; as :func:`bounded_integral` otherwise."""
    return _asked("sum", log_density, f, variable, ends, seconds, points)


def _asked(kind: str, *task: Any) -> sp.Expr | None:
    seconds = task[-2]
    # In a frozen or embedding program this is the program itself, which is not to be started again.
    if not Path(sys.executable or "").stem.lower().startswith(("python", "pypy")):
        return None
    try:
        message = pickle.dumps(list(sys.path)) + pickle.dumps((kind, *task))
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except (OSError, pickle.PicklingError, AttributeError, TypeError):
        return None
    with child:  # waits for the child, so that none is left behind
        try:
            told, _ = child.communicate(message, timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            child.kill()
    try:
        found = pickle.loads(told) if child.returncode == 0 else None
    except Exception:  # what a broken stream raises has no common class
        return None
    return found if isinstance(found, sp.Expr) else None


def answer(stream: Any) -> None:
    """The child's part: read a task, write the answer that was believed, or None."""
    kind, log_density, f, variable, ends, seconds, points = pickle.load(stream)
    if hasattr(signal, "alarm"):
        signal.alarm(int(seconds) + 1)  # ends the child even if nobody is left to do so
    out, sys.stdout = sys.stdout.buffer, sys.stderr
    own = _own_variable(variable, ends, discrete=kind == "sum")
    # SymPy finds real forms of roots and logarithms where every symbol is positive.
    turned = {p: -sp.Dummy(p.name, positive=True) for p in (f * log_density).free_symbols if p.is_negative}
    back = {-p: -negative for negative, p in turned.items()}
    log_density, f = (e.xreplace({variable: own, **turned}) for e in (log_density, f))
    ends = tuple(end.xreplace(turned) for end in ends)
    points = [{**point, **{-p: -point[negative] for negative, p in turned.items()}} for point in points]
    integrand = f * _density(log_density)
    numbers = _quadrature if kind == "integral" else _direct_sum
    attempts = _integrals(integrand, own, ends) if kind == "integral" else _sums(integrand, own, ends)
    found = None
    for attempt in attempts:
        try:
            candidate = _readable(attempt(), own)
            if candidate is not None and _agrees(candidate, log_density, f, own, ends, points, numbers):
                found = candidate.xreplace(back)
                break
        except Exception:  # SymPy and mpmath may raise anything; the next attempt may do
            continue
    out.write(pickle.dumps(found))
    out.flush()


def _own_variable(variable: sp.Symbol, ends: tuple[sp.Expr, sp.Expr], *, discrete: bool) -> sp.Dummy:
    """The variable with the assumptions that its range allows."""
    lower = ends[0]
    told: dict[str, bool] = {"real": True}
    if discrete:
        told["integer"] = True
    if lower.is_positive or (lower.is_zero and not discrete):
        told["positive"] = True
    elif lower.is_zero:
        told["nonnegative"] = True
    return sp.Dummy(variable.name, **told)


def _density(log_density: sp.Expr) -> sp.Expr:
    """The exponential as the product that SymPy's tables know: ``c log a`` as a power, loggamma as gamma."""
    factors, exponent = [], []
    for term in sp.Add.make_args(log_density):
        logs = [part for part in sp.Mul.make_args(term) if isinstance(part, (sp.log, sp.loggamma))]
        if len(logs) == 1 and (isinstance(logs[0], sp.log) or (term / logs[0]).is_Integer):
            inner = logs[0].args[0]
            factors.append((inner if isinstance(logs[0], sp.log) else sp.gamma(inner)) ** (term / logs[0]))
        else:
            exponent.append(term)
    return sp.Mul(*factors, sp.exp(sp.Add(*exponent)))


def _number(value: sp.Expr) -> Any:
    if value.is_infinite:
        return mpmath.inf if value.is_extended_positive else -mpmath.inf
    return mpmath.mpmathify(sp.N(value, _DIGITS))


def _integrals(integrand: sp.Expr, x: sp.Symbol, ends: tuple[sp.Expr, sp.Expr]) -> Iterator[Callable[[], sp.Expr]]:
    """Attempts, those first that give up early."""
    limits = (x, *ends)
    yield lambda: sp.integrate(integrand, limits, meijerg=True)
    yield lambda: sp.integrate(sp.powsimp(sp.expand(integrand)), limits, meijerg=True)
    yield lambda: sp.integrate(integrand, limits)
    yield lambda: sp.integrate(sp.expand(integrand), limits)


def _sums(term: sp.Expr, n: sp.Symbol, ends: tuple[sp.Expr, sp.Expr]) -> Iterator[Callable[[], sp.Expr]]:
    limits = (n, *ends)
    yield lambda: sp.summation(term, limits)
    yield lambda: sp.hyperexpand(sp.summation(term, limits))
    yield lambda: sp.summation(sp.expand(term), limits)
    yield lambda: sp.summation(sp.gammasimp(sp.powsimp(term)), limits)


def _readable(found: sp.Expr, x: sp.Symbol) -> sp.Expr | None:
    """The value without branches: of each Piecewise the first branch whose condition holds, None if it is open."""
    for _ in range(10):
        branching = sorted(found.atoms(sp.Piecewise), key=sp.count_ops)
        if not branching:
            break
        value, condition = branching[0].args[0]
        if condition is not sp.true and condition.doit() is not sp.true:
            return None
        found = found.xreplace({branching[0]: value})
    if found.has(*_UNANSWERED) or x in found.free_symbols:
        return None
    return found


def _agrees(
    candidate: sp.Expr,
    log_density: sp.Expr,
    f: sp.Expr,
    x: sp.Symbol,
    ends: tuple[sp.Expr, sp.Expr],
    points: Sequence[Point],
    numbers: Callable[..., Any],
) -> bool:
    """Whether the candidate agrees with the numbers at every point."""
    with mpmath.workdps(_DIGITS):
        for point in points:
            theirs = _number(candidate.subs(point))
            at = sp.Tuple(log_density, f).subs(point)
            function = _integrand(sp.lambdify(x, tuple(at), "mpmath"))
            low, high = (_number(end.subs(point)) for end in ends)
            cuts = _corners(at, x, low, high)
            ours = numbers(function, low, high, cuts)
            close = abs(ours - theirs) <= _AGREEMENT * abs(ours)
            if not close:  # an expectation that vanishes is measured by the size of its integrand
                size = _AGREEMENT * numbers(lambda t, g=function: abs(g(t)), low, high, cuts)
                close = abs(theirs) <= size and abs(ours) <= size
            if not close:
                return False
    return bool(points)


def _integrand(parts: Callable[[Any], tuple[Any, Any]]) -> Callable[[Any], Any]:
    """f exp(log density), zero where the density is below exp(-3000): there mpmath could count its digits for hours."""

    def value(t: Any) -> Any:
        log_density, f = parts(t)
        return f * mpmath.exp(log_density) if log_density > -3000 else mpmath.mpf(0)

    return value


def _corners(integrand: sp.Basic, x: sp.Symbol, low: Any, high: Any) -> list[Any]:
    """Zeros of what stands in Abs and its like, where a quadrature has to stop."""
    found = set()
    for node in integrand.atoms(sp.Abs, sp.sign, sp.Max, sp.Min):
        inner = node.args[0] - (node.args[1] if len(node.args) == 2 else 0)
        slope = sp.diff(inner, x)
        if slope.is_number and slope != 0:
            found.add(_number(-inner.subs(x, 0) / slope))
    return sorted(cut for cut in found if low < cut < high)


def _quadrature(function: Callable, low: Any, high: Any, cuts: list[Any]) -> Any:
    """Tanh-sinh quadrature between marks at several scales; raises `ArithmeticError` where it diverges."""
    marks = [mpmath.mpf(sign * scale) for sign in (-1, 1) for scale in (0.1, 1, 3, 10, 40)] + [mpmath.mpf(0), *cuts]
    if low > -mpmath.inf and high == mpmath.inf:
        marks = [low + mark for mark in marks]
    elif low == -mpmath.inf and high < mpmath.inf:
        marks = [high + mark for mark in marks]
    inner = sorted({mark for mark in marks if low < mark < high}) if mpmath.isinf(low) or mpmath.isinf(high) else cuts
    value = mpmath.quad(function, [low, *inner, high], maxdegree=8)
    if not mpmath.isfinite(value) or mpmath.im(value) != 0:
        raise ArithmeticError("the integral is not a finite real number")
    return mpmath.re(value)


def _direct_sum(function: Callable, low: Any, high: Any, cuts: list[Any]) -> Any:
    """The sum term by term until terms die out; by extrapolation where they do so slowly."""
    if low == -mpmath.inf:
        last = high if high < mpmath.inf else mpmath.mpf(-1)
        down = _direct_sum(lambda n: function(-n), -last, mpmath.inf, cuts)
        return down if high < mpmath.inf else down + _direct_sum(function, mpmath.mpf(0), high, cuts)
    total = size = mpmath.mpf(0)
    small = 0
    n = int(low)
    for _ in range(_MOST_TERMS):
        if n > high:
            return total
        term = function(mpmath.mpf(n))
        total += term
        size += abs(term)
        n += 1
        small = small + 1 if abs(term) <= size * mpmath.mpf(10) ** (-_DIGITS) else 0
        if small > 20 and size > 0:
            return total
    return mpmath.nsum(function, [low, high])
