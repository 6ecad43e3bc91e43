"""The laws of special functions: which become others, which shift to a standard argument, how each differentiates."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import generators as gen
from symgeo.algebra.bessel import bessel
from symgeo.algebra.element import constant_part
from symgeo.algebra.integral_functions import expint, integro, integro_exponential, polylog
from symgeo.algebra.lerch import convert_lerchphi
from symgeo.algebra.trigonometry import sine_cosine
from symgeo.algebra.zero_test import element_sign

if TYPE_CHECKING:
    from sympy import Expr

    from symgeo.algebra.element import Element
    from symgeo.algebra.field import Field
    from symgeo.algebra.generator import Generator

_MAX_SHIFT = 40
_NEAR = 2


def convert_function(field: Field, expr: Expr) -> Element:
    """A function applied to arguments, as an element."""
    rule = _RULES.get(type(expr))
    found = rule(field, expr) if rule is not None else None
    return gen.opaque(field, expr) if found is None else found


def _exp(field: Field, expr: Expr) -> Element:
    return gen.exp(field, field(expr.args[0]))


def _log(field: Field, expr: Expr) -> Element:
    """log of a product, factor by factor where signs are plain: powers with symbolic exponents come down."""
    argument = expr.args[0]
    parts: list[Element] = []
    rest: list[Expr] = []
    for f in sp.Mul.make_args(argument):
        if isinstance(f, sp.exp):
            parts.append(field(f.args[0]))
        elif isinstance(f, sp.Abs):
            parts.append(gen.log_absolute(field, field(f.args[0])))
        elif isinstance(f, sp.Pow) and (
            f.base.is_positive or not f.exp.is_integer or isinstance(f.base, sp.factorial | sp.binomial)
        ):
            # A power that is not a whole number is real only over a positive base; counts are positive.
            parts.append(field(f.exp) * field(sp.log(f.base)))
        elif isinstance(f, sp.gamma) and f.args[0].is_positive:
            parts.append(_log_of_gamma(field, field(f.args[0])))
        elif isinstance(f, sp.factorial):
            parts.append(_log_of_gamma(field, field(f.args[0]) + 1))
        elif isinstance(f, sp.binomial):
            n, k = (field(u) for u in f.args)
            parts.append(_log_of_gamma(field, n + 1) - _log_of_gamma(field, k + 1) - _log_of_gamma(field, n - k + 1))
        elif f.is_positive and f is not argument:
            parts.append(field(sp.log(f)))
        else:
            rest.append(f)
    remaining = sp.Mul(*rest)
    if remaining is not sp.S.One:
        parts.append(gen.log(field, field(remaining), remaining))
    return field.sum(parts)


def _sin(field: Field, expr: Expr) -> Element | None:
    both = sine_cosine(field, field(expr.args[0]))
    return both and both[0]


def _cos(field: Field, expr: Expr) -> Element | None:
    both = sine_cosine(field, field(expr.args[0]))
    return both and both[1]


def _sinh_cosh(field: Field, a: Element) -> tuple[Element, Element]:
    if a.free_symbols & field.knowledge.apart:
        # As exponentials: these separate by the symbols in a sum.
        e = gen.exp(field, a)
        return (e - 1 / e) * Fraction(1, 2), (e + 1 / e) * Fraction(1, 2)
    key = a.key()
    known = field.lookup(("sinh", key)), field.lookup(("cosh", key))
    if known[0] is not None and known[1] is not None:
        return known[0], known[1]
    field.independent = False
    inner, symbols = a.to_sympy(), a.free_symbols
    s = field.adjoin(("sinh", key), sp.sinh(inner), symbols, lambda x: c * a.diff(x))
    c = field.adjoin(("cosh", key), sp.cosh(inner), symbols, lambda x: s * a.diff(x), relation=(2, s * s + 1))
    return s, c


def _tanh(field: Field, expr: Expr) -> Element:
    a = field(expr.args[0])
    key = a.key()
    if field.lookup(("sinh", key)) is not None:
        s, c = _sinh_cosh(field, a)
        return s / c
    known = field.lookup(("tanh", key))
    if known is not None:
        return known
    field.independent = False
    t = field.adjoin(("tanh", key), sp.tanh(a.to_sympy()), a.free_symbols, lambda x: (1 - t * t) * a.diff(x))
    return t


def _shifted(a: Element) -> tuple[Element, int]:
    """``a = base + n`` with an integer n: arguments that differ by integers share the base of the first that came.

    The first argument is its own base, so that no recurrence is unrolled without need; only u + 1 and u + 2 give u.
    """
    field = a.field
    if a.is_constant:
        # Numbers go to (0, 1]: there the values at integers and halves are known.
        n = -(-a.rational().numerator // a.rational().denominator) - 1
        return a - n, n
    c = constant_part(a)
    n = c.numerator // c.denominator
    key = (a - n).key()
    if key not in field.gamma_classes:
        plain = c.denominator == 1 and 0 < n <= _NEAR and element_sign(a - n) == 1
        field.gamma_classes[key] = 0 if plain else n
    first = field.gamma_classes[key]
    return a - (n - first), n - first


def _polygamma(field: Field, expr: Expr) -> Element | None:
    order, argument = expr.args
    if not order.is_Integer or order < 0:
        return None
    return _polygamma_at(field, int(order), field(argument))


def _polygamma_at(field: Field, order: int, a: Element) -> Element:
    base, n = _shifted(a)
    if abs(n) > _MAX_SHIFT:
        base, n = a, 0
    # psi^(m)(u + 1) = psi^(m)(u) + (-1)^m m!/u^(m+1): DLMF 5.5.2 and 5.15.5.
    factor = (-1) ** order * int(sp.factorial(order))
    result = _polygamma_generator(field, order, base)
    for k in range(abs(n)):
        step = (base + k if n > 0 else base - k - 1) ** (-(order + 1)) * factor
        result = result + step if n > 0 else result - step
    return result


def _polygamma_generator(field: Field, order: int, u: Element) -> Element:
    key = ("polygamma", order, u.key())
    found = field.lookup(key)
    if found is None:
        _note_gamma_argument(field, u)
        inner = u.to_sympy()
        closed = sp.polygamma(order, inner)
        if not closed.has(sp.polygamma):
            return field(closed)
        found = field.adjoin(
            key,
            sp.polygamma(order, inner, evaluate=False),
            u.free_symbols,
            lambda s: _polygamma_generator(field, order + 1, u) * u.diff(s),
        )
    return found


def _note_gamma_argument(field: Field, u: Element) -> None:
    """Arguments in a rational ratio are tied by the multiplication and reflection formulas (DLMF 5.5.3, 5.5.6)."""
    known = field.gamma_arguments
    if u in known:
        return
    others = tuple(known)
    known.append(u)  # at once: derivatives of it may hold gamma functions of the same arguments
    for v in others:
        for s in u.free_symbols & v.free_symbols:
            ratio = u.diff(s) / v.diff(s)
            if ratio.is_constant and (u - ratio * v).is_constant:
                field.independent = False
    if u.is_constant:
        field.independent = False


def _loggamma(field: Field, expr: Expr) -> Element:
    return _log_of_gamma(field, field(expr.args[0]))


def _log_of_gamma(field: Field, a: Element) -> Element:
    """log Gamma(a), shifted by ``log Gamma(u + 1) = log Gamma(u) + log u`` (DLMF 5.5.1) where u is positive."""
    base, n = (a, 0) if a.is_constant else _shifted(a)
    if abs(n) > _MAX_SHIFT or element_sign(base) != 1:
        base, n = a, 0
    result = _loggamma_generator(field, base)
    for k in range(abs(n)):
        step = base + k if n > 0 else base - k - 1
        piece = gen.log(field, step, step.to_sympy())
        result = result + piece if n > 0 else result - piece
    return result


def _loggamma_generator(field: Field, u: Element) -> Element:
    inner = u.to_sympy()
    if u.is_constant and u.rational() <= _MAX_SHIFT and 2 * u.rational() == int(2 * u.rational()):
        value = sp.gamma(inner)
        return gen.log(field, field(value), value)
    key = ("loggamma", u.key())
    found = field.lookup(key)
    if found is None:
        _note_gamma_argument(field, u)
        expr = sp.loggamma(inner, evaluate=False) if inner.is_number else sp.loggamma(inner)
        found = field.adjoin(key, expr, u.free_symbols, lambda s: _polygamma_at(field, 0, u) * u.diff(s))
    return found


def _gamma(field: Field, expr: Expr) -> Element | None:
    a = field(expr.args[0])
    if element_sign(a) != 1:
        # The gamma function may be negative here: its logarithm must not enter. A generator with its own derivative.
        key = ("gamma", a.key())
        found = field.lookup(key)
        if found is None:
            field.independent = False
            found = field.adjoin(
                key, sp.gamma(a.to_sympy()), a.free_symbols,
                lambda s: found * field(sp.digamma(a.to_sympy())) * a.diff(s),
            )  # fmt: skip
        return found
    return gen.exp(field, _log_of_gamma(field, a))


def _zeta(field: Field, expr: Expr) -> Element | None:
    """The Riemann zeta function; its derivatives are generators, each the derivative of the one before."""
    return _zeta_generator(field, 0, field(expr.args[0])) if len(expr.args) == 1 else None


def _derivative(field: Field, expr: Expr) -> Element | None:
    """``Derivative(zeta(s), (s, n))`` and the same at another argument, ``Subs(Derivative(...), s, u)``."""
    inner, point = (expr, None) if isinstance(expr, sp.Derivative) else (expr.expr, expr.point)
    if not isinstance(inner, sp.Derivative) or not isinstance(inner.expr, sp.zeta) or len(inner.expr.args) > 1:
        return None
    (variable, order), *others = inner.variable_count
    if others or inner.expr.args[0] != variable or (point is not None and expr.variables != (variable,)):
        return None
    return _zeta_generator(field, int(order), field(variable if point is None else point[0]))


def _zeta_generator(field: Field, order: int, u: Element) -> Element:
    key = ("zeta", order, u.key())
    found = field.lookup(key)
    if found is None:
        inner = u.to_sympy()
        if order == 0 and not isinstance(sp.zeta(inner), sp.zeta):
            return field(sp.zeta(inner))
        if u.is_constant or not {_zeta_argument(g) for g in field.generators} <= {None, inner}:
            # Two arguments may be tied by the functional equation.
            field.independent = False
        if order == 0:
            written = sp.zeta(inner)
        elif inner.is_Symbol:
            written = sp.Derivative(sp.zeta(inner), (inner, order))
        else:
            x = sp.Symbol("s")
            written = sp.Subs(sp.Derivative(sp.zeta(x), (x, order)), x, inner)
        found = field.adjoin(key, written, u.free_symbols, lambda s: _zeta_generator(field, order + 1, u) * u.diff(s))
    return found


def _zeta_argument(generator: Generator) -> Expr | None:
    expr = generator.expr
    if isinstance(expr, sp.Subs):
        return expr.point[0] if expr.expr.has(sp.zeta) else None
    function = expr.expr if isinstance(expr, sp.Derivative) else expr
    return function.args[0] if isinstance(function, sp.zeta) else None


def scaled_erfc(u: Element) -> Element:
    """``exp(u**2) erfc(u)``, whose derivative ``2 u exp(u**2) erfc(u) - 2/sqrt(pi)`` holds no exponential."""
    field, key = u.field, ("scaled erfc", u.key())
    found = field.lookup(key)
    if found is None:
        field.independent = False
        inner = u.to_sympy()
        found = field.adjoin(
            key,
            sp.exp(inner**2) * sp.erfc(inner),
            u.free_symbols,
            lambda s: 2 * (u * scaled_erfc(u) - 1 / field(sp.sqrt(sp.pi))) * u.diff(s),
        )
    return found


def _abs(field: Field, expr: Expr) -> Element | None:
    a = field(expr.args[0])
    if not a:
        return a
    sign = element_sign(a)
    return None if sign is None else a * sign


def _piecewise(field: Field, expr: Expr) -> Element | None:
    """A sum of branches times indicators, which are generators; the last branch takes what the others leave."""
    *first, (last, otherwise) = expr.args
    if otherwise != sp.true or not first:
        return None
    rest, total, taken = field.one, field.zero, sp.false
    for value, condition in first:
        here = condition if _excludes(condition, taken) else sp.And(condition, sp.Not(taken))
        indicator = gen.opaque(field, sp.Piecewise((1, here), (0, True)))
        total = total + indicator * field(value)
        rest = rest - indicator
        taken = sp.Or(taken, condition)
    return total + rest * field(last)


def _excludes(condition: Expr, taken: Expr) -> bool:
    """Whether ``x = c`` rules out the conditions before it."""
    if taken == sp.false:
        return True
    if not isinstance(condition, sp.Eq) or not condition.lhs.is_Symbol:
        return False
    return taken.subs(condition.lhs, condition.rhs) == sp.false


def _rewritten(rule: Callable[..., Expr]) -> Callable[[Field, Expr], Element]:
    return lambda field, expr: field(rule(*expr.args))


_RULES: dict[type, Callable[[Field, Expr], Element | None]] = {
    sp.exp: _exp,
    sp.log: _log,
    sp.sin: _sin,
    sp.cos: _cos,
    sp.tan: _rewritten(lambda u: sp.sin(u) / sp.cos(u)),
    sp.cot: _rewritten(lambda u: sp.cos(u) / sp.sin(u)),
    sp.sec: _rewritten(lambda u: 1 / sp.cos(u)),
    sp.csc: _rewritten(lambda u: 1 / sp.sin(u)),
    sp.sinh: lambda field, expr: _sinh_cosh(field, field(expr.args[0]))[0],
    sp.cosh: lambda field, expr: _sinh_cosh(field, field(expr.args[0]))[1],
    sp.tanh: _tanh,
    sp.coth: _rewritten(lambda u: 1 / sp.tanh(u)),
    sp.sech: _rewritten(lambda u: 1 / sp.cosh(u)),
    sp.csch: _rewritten(lambda u: 1 / sp.sinh(u)),
    sp.polygamma: _polygamma,
    sp.loggamma: _loggamma,
    sp.gamma: _gamma,
    sp.beta: _rewritten(lambda a, b: sp.gamma(a) * sp.gamma(b) / sp.gamma(a + b)),
    sp.factorial: _rewritten(lambda n: sp.gamma(n + 1)),
    sp.binomial: _rewritten(lambda n, k: sp.gamma(n + 1) / (sp.gamma(k + 1) * sp.gamma(n - k + 1))),
    sp.RisingFactorial: _rewritten(lambda a, n: sp.gamma(a + n) / sp.gamma(a)),
    sp.erfc: _rewritten(lambda u: 1 - sp.erf(u)),
    sp.besseli: bessel,
    sp.besselk: bessel,
    sp.besselj: bessel,
    sp.bessely: bessel,
    sp.zeta: _zeta,
    sp.polylog: polylog,
    sp.expint: expint,
    integro_exponential: integro,
    sp.lerchphi: convert_lerchphi,
    sp.Derivative: _derivative,
    sp.Subs: _derivative,
    sp.Abs: _abs,
    sp.Piecewise: _piecewise,
}
