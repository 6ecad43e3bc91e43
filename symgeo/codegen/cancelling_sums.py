"""Sums in which functions nearly cancel, by functions made for the difference."""

from __future__ import annotations

import sympy as sp

from symgeo.codegen.gamma_quotients import gamma_difference
from symgeo.codegen.lowering import complementary_erf, exp_minus_one, exponential

EXPONENTIALS = (sp.exp, exponential)


def stable_sum(expr: sp.Add) -> sp.Expr | None:
    """exp(u) - 1, c +- c erf(u) and 2 - erfc(u) without loss of digits."""
    difference = exponential_minus_one(expr)
    if difference is not None:
        sign, u = difference
        return sign * exp_minus_one(u)
    ratio = gamma_difference(expr)
    if ratio is not None:
        return ratio
    complements = _complements(expr)
    if complements is not None:
        return complements
    number = expr.args[0]
    if not number.is_Number:
        return None
    for term in expr.args[1:]:
        coefficient, function = term.as_coeff_Mul()
        if isinstance(function, sp.erfc) and number == -2 * coefficient:
            others = [a for a in expr.args[1:] if a is not term]
            return sp.Add(-coefficient * complementary_erf(-function.args[0]), *others)
    return None


def _complements(expr: sp.Add) -> sp.Expr | None:
    """The sum with c +- c erf(u) and c - c erf(u)**2 as products with complementary functions; None without any."""
    found: list[sp.Expr] = []
    left = dict.fromkeys(expr.args)
    for term in expr.args:
        for factor in sp.Mul.make_args(term) if term in left else ():
            base, power = base_power(factor)
            if not (isinstance(base, sp.erf) and power.is_Integer and power > 0):
                continue
            u, coefficient = base.args[0], term / base
            if coefficient in left:
                whole, product = coefficient, complementary_erf(-u)
            elif -coefficient in left:
                whole, product = -coefficient, complementary_erf(u)
            elif power == 2 and -term / factor in left:
                whole, product = -term / factor, complementary_erf(u) * complementary_erf(-u)
            else:
                continue
            del left[term], left[whole]
            found.append(whole * product)
            break
    return sp.Add(*left, *found) if found else None


def exponential_minus_one(expr: sp.Expr) -> tuple[int, sp.Expr] | None:
    """(1, u) for exp(u) - 1, (-1, u) for 1 - exp(u), else None."""
    if isinstance(expr, sp.Add) and len(expr.args) == 2 and expr.args[0] in (sp.S.One, sp.S.NegativeOne):
        coefficient, function = expr.args[1].as_coeff_Mul()
        if isinstance(function, EXPONENTIALS) and coefficient == -expr.args[0]:
            return int(coefficient), function.args[0]
    return None


def base_power(factor: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """(b, p) with factor = b**p."""
    return factor.args if isinstance(factor, sp.Pow) else (factor, sp.S.One)
