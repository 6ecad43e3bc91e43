"""Quotients of gamma functions, and differences of their logarithms, by functions that hold for any arguments."""

from __future__ import annotations

import itertools

import sympy as sp

from symgeo.codegen.lowering import log_beta, log_gamma_ratio


def gamma_ratio(expr: sp.Mul) -> sp.Expr | None:
    """Quotients of gamma functions that SciPy evaluates for arguments of any size.

    gamma(a)*gamma(b)/gamma(a + b) is beta(a, b); gamma(a)/gamma(b) with a number a - b is a rising factorial.
    """
    above = [f for f in expr.args if isinstance(f, sp.gamma)]
    below = [f for f in expr.args if isinstance(f, sp.Pow) and f.exp == -1 and isinstance(f.base, sp.gamma)]
    if not above or not below:
        return None
    for whole, parts, power in ((below, above, 1), (above, below, -1)):
        for total, (first, second) in itertools.product(whole, itertools.combinations(parts, 2)):
            a, b = _gamma_argument(first), _gamma_argument(second)
            if a + b == _gamma_argument(total):
                rest = [f for f in expr.args if f not in (total, first, second)]
                return sp.Mul(*rest, sp.beta(a, b) ** power)
    for top, bottom in itertools.product(above, below):
        start = _gamma_argument(bottom)
        step = sp.expand_mul(_gamma_argument(top) - start)
        if step.is_Number and start.is_positive:
            rest = [f for f in expr.args if f not in (top, bottom)]
            return sp.Mul(*rest, sp.RisingFactorial(start, step, evaluate=False))
    return None


def gamma_difference(expr: sp.Add) -> sp.Expr | None:
    """Terms loggamma(u) of opposite signs cancel for large u: as one function where their arguments allow it.

    loggamma(u) + loggamma(v) - loggamma(u + v + k) for a small whole number k, or loggamma(u) - loggamma(v) where u - v
    lacks a symbol of both.
    """
    found: list[tuple[sp.Expr, sp.Expr, sp.Expr]] = []  # coefficient, argument, term
    for term in expr.args:
        if not (term.is_Mul or term.is_Function):
            continue
        coefficient, function = term.as_coeff_Mul()
        if isinstance(function, sp.log) and isinstance(function.args[0], sp.gamma):
            function = function.args[0]
        elif not isinstance(function, sp.loggamma):
            continue
        found.append((coefficient, function.args[0], term))
    for (c, u, first), (d, v, second) in itertools.combinations(found, 2):
        for e, w, third in found:
            excess = sp.expand_mul(w - u - v) if c == d == -e else None
            if excess is not None and excess.is_Integer and abs(excess) < 3:
                rest = [a for a in expr.args if a is not first and a is not second and a is not third]
                steps = [sp.log(u + v + k) for k in range(min(excess, 0), max(excess, 0))]
                return sp.Add(*rest, c * log_beta(u, v), *((-c if excess > 0 else c) * step for step in steps))
    for (c, u, first), (d, v, second) in itertools.permutations(found, 2):
        shared = u.free_symbols & v.free_symbols
        if c + d == 0 and c > 0 and shared:
            step = sp.expand_mul(u - v)
            if shared - step.free_symbols:
                rest = [a for a in expr.args if a is not first and a is not second]
                return sp.Add(*rest, c * log_gamma_ratio(v, step))
    return None


def _gamma_argument(factor: sp.Expr) -> sp.Expr:
    return (factor.base if isinstance(factor, sp.Pow) else factor).args[0]
