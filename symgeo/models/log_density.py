"""The logarithm of a density, taken factor by factor so that nothing is simplified and no branch is guessed."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

_SMALL = 20
_LONG = 40  # operations in a radicand that is not looked at


def log_of(density: sp.Expr, sign: Callable[[sp.Expr], int | None]) -> sp.Expr:
    """log of a density that is positive on its support.

    A positive density is the product of its factors' absolute values, so products become sums whatever the factors'
    signs; powers come down, gamma-like functions become loggamma, a Piecewise is taken branch by branch. ``sign`` says
    whether a factor is positive (1) or negative (-1) everywhere; one of unknown sign is written log(Abs(f)).
    """
    return sp.Add(*(_log_of_factor(f, sign) for f in sp.Mul.make_args(density)))


def roots_of_squares(e: sp.Expr) -> sp.Expr:
    """An expression with broken powers of squares, sqrt(x^2 - 2 m x + m^2), written with the absolute value."""

    def is_root(f: sp.Basic) -> bool:
        return f.is_Pow and f.base.is_Add and f.exp.is_Rational and not f.exp.is_Integer and f.base.count_ops() < _LONG

    def written(root: sp.Pow) -> sp.Expr:
        result = sp.S.One
        for part, power in zip(sp.fraction(sp.together(root.base)), (root.exp, -root.exp), strict=True):
            try:
                content, factors = sp.factor_list(part)
            except sp.PolynomialError:
                return root
            if not content.is_positive or any(n % 2 for _, n in factors):
                return root
            result *= content**power * sp.Mul(*(sp.Abs(f) ** (n * power) for f, n in factors))
        return result

    return e.replace(is_root, written)


def _log_of_factor(f: sp.Expr, sign: Callable[[sp.Expr], int | None]) -> sp.Expr:
    if isinstance(f, sp.exp):
        return f.args[0]
    if isinstance(f, sp.Pow):
        base, exponent = f.args
        if exponent.is_even:
            return exponent * (sp.log(base) if sign(base) == 1 else sp.log(sp.Abs(base)))
        if not exponent.is_integer:
            # Such a power is real only over a positive base: nothing is made positive that is not.
            known = all(sign(u) is not None or isinstance(u, sp.Pow | sp.exp) for u in sp.Mul.make_args(base))
            return exponent * (log_of(base, sign) if known else sp.log(base))
        return exponent * _log_of_factor(base, sign)
    if isinstance(f, sp.Piecewise):
        return sp.Piecewise(*((log_of(e, sign) if e != 0 else -sp.oo, c) for e, c in f.args))
    if isinstance(f, sp.gamma) and sign(f.args[0]) == 1:
        return _loggamma(f.args[0])
    if isinstance(f, sp.factorial):
        return _loggamma(f.args[0] + 1)
    if isinstance(f, sp.binomial):
        n, k = f.args
        return _loggamma(n + 1) - _loggamma(k + 1) - _loggamma(n - k + 1)
    if isinstance(f, sp.beta) and all(sign(u) == 1 for u in f.args):
        a, b = f.args
        return _loggamma(a) + _loggamma(b) - _loggamma(a + b)
    if f.is_Mul:
        return log_of(f, sign)
    turned = sign(f)
    return sp.log(sp.Abs(f)) if turned is None else sp.log(turned * f)


def _loggamma(u: sp.Expr) -> sp.Expr:
    # SymPy writes loggamma of an integer symbol as log(gamma), and of a large number as the log of a larger one.
    return sp.loggamma(u, evaluate=bool(u.is_number and u < _SMALL))
