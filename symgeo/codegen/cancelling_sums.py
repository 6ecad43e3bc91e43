"""Sums in which functions nearly cancel, by functions made for the difference."""

from __future__ import annotations

import sympy as sp

from symgeo.codegen.gamma_quotients import gamma_difference
from symgeo.codegen.lowering import complementary_erf, exp_minus_one, exponential, log_add_exp

EXPONENTIALS = (sp.exp, exponential)


def stable_sum(expr: sp.Add) -> sp.Expr | None:
    """exp(u) - 1, c +- c erf(u), 2 - erfc(u) and log(p) - log(p + q) without loss of digits."""
    difference = exponential_minus_one(expr)
    if difference is not None:
        sign, u = difference
        return sign * exp_minus_one(u)
    ratio = gamma_difference(expr)
    if ratio is not None:
        return ratio
    for rewritten in (_complements(expr), _log_shares(expr)):
        if rewritten is not None:
            return rewritten
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


def _log_shares(expr: sp.Add) -> sp.Expr | None:
    """The sum with log(p) - log(p + q) as minus the logarithm of 1 + q/p, for p and q of wide range; None without any.

    Where q is small beside p the logarithms cancel.
    """
    for term in expr.args:
        for factor in sp.Mul.make_args(term):
            total = factor.args[0] if isinstance(factor, sp.log) else None
            if not isinstance(total, sp.Add) or len(total.args) != 2:
                continue
            logs = [known for part in total.args if (known := _log(part)) is not None]
            if len(logs) < 2:
                continue
            coefficient = -term / factor
            for own, other in (logs, reversed(logs)):
                held = sp.Add.make_args(coefficient * own)
                if all(part in expr.args for part in held):
                    left = [a for a in expr.args if a is not term and a not in held]
                    return sp.Add(-coefficient * log_add_exp(sp.S.Zero, other - own), *left)
    return None


def log_of_share(arg: sp.Expr) -> sp.Expr | None:
    """log(p/(p + q)) as minus the logarithm of 1 + q/p; None for anything else."""
    totals = [f.base for f in sp.Mul.make_args(arg) if isinstance(f, sp.Pow) and f.exp is sp.S.NegativeOne]
    if len(totals) != 1 or not isinstance(totals[0], sp.Add) or arg * totals[0] not in totals[0].args:
        return None
    return _log_shares(sp.Add(sp.log(arg * totals[0]), -sp.log(totals[0])))


def _log(part: sp.Expr) -> sp.Expr | None:
    """The logarithm of a positive symbol or an exponential; None for anything else."""
    if isinstance(part, EXPONENTIALS):
        return part.args[0]
    return sp.log(part) if part.is_Symbol and part.is_positive else None


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
