"""Reading a log-probability on y = 0, 1, 2, ... as a kernel with a closed sum times a rational function.

``log p = y log z + sum of m log Gamma(y + b) + log of a rational function``, or with one term ``y log(a + b y)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as with_default
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Element, Field
from symgeo.algebra import generators as gen
from symgeo.algebra.algebraic import coefficients
from symgeo.algebra.zero_test import state_positive, unanimous_sign
from symgeo.errors import NoClosedFormError
from symgeo.expectation.abel_kernel import AbelKernel, abel_scale
from symgeo.expectation.beta_kernel import BetaKernel, absorbed
from symgeo.expectation.kernels import BinomialKernel, GeometricKernel, Kernel, PoissonKernel, rising
from symgeo.expectation.rational_function import polynomial_in, value_of
from symgeo.expectation.zeta_kernel import ZetaKernel, zeta_offset

if TYPE_CHECKING:
    from sympy import Symbol

_FARTHEST = 40  # by which gamma functions of arguments a whole number apart are brought together


@dataclass(frozen=True)
class Term:
    """``p(y) = kernel(y) shape(y)``, the shape rational in y."""

    kernel: Kernel
    shape: Element

    def sum(self, f: Element) -> Element:
        """The sum of ``p f`` over y = 0, 1, ...; see :class:`Kernel`."""
        y, total = self.kernel.y, []
        for part, tilt in exponentials(f, y):
            total.append(self.kernel.sum(part * self.shape, tilt))
        return f.field.sum(total)


def exponentials(f: Element, y: Symbol) -> list[tuple[Element, Element | None]]:
    """``f = sum of g(y) t^y`` as pairs (g, t), t None where there is no exponential."""
    field = f.field
    rows: list[tuple[Element, Element | None]] = [(f, None)]
    for g in [g for g in field.used_generators(f) if y in g.symbols]:
        base = _base(field, g.index, g.expr, y)
        if base is None:
            continue
        factor, t = base
        out: list[tuple[Element, Element | None]] = []
        for part, tilt in rows:
            # As 1/g it stands below the line, a factor of its own.
            below = next(
                (e for i, e in part.powers if field.factor_polynomial(i) == field.generator(g.index).numerator), 0
            )
            free = part * field.generator(g.index) ** below
            if any(field.factor_polynomial(i).degrees()[g.index] > 0 for i, _ in free.powers):
                raise NoClosedFormError(f"{g.expr} stands in a denominator")
            for k, c in coefficients(free, g.index).items():
                n = k - below
                out.append((c * factor**n, tilt if not n else t**n if tilt is None else tilt * t**n))
        rows = out
    return rows


def _base(field: Field, index: int, expr: sp.Expr, y: Symbol) -> tuple[Element, Element] | None:
    """``c t^y`` as (c, t); None for another function."""
    if expr.is_Pow and expr.base == -1:
        row = polynomial_in(field(expr.exp), y)
        if len(row) == 2 and row[1].is_constant and row[0].is_constant and row[1].rational().denominator == 1:
            odd = int(row[1].rational()) % 2
            if row[0].rational().denominator == 1:
                return field.rational((-1) ** (int(row[0].rational()) % 2)), field.rational(-1 if odd else 1)
        return None
    exponent = field.exponents.get(index)
    if exponent is None:
        return None
    slope = exponent.diff(y)
    rest = exponent - slope * field(y)
    if y in slope.free_symbols | rest.free_symbols:
        return None
    return gen.exp(field, rest), gen.exp(field, slope)


@dataclass
class _Reading:
    """What stands in a log-probability."""

    shape: Element
    absolute: Element  # factors that may be negative, but whose product has one sign, as a probability does
    gammas: list[tuple[Element, int]] = with_default(default_factory=list)  # (b, m): m log Gamma(y + b)
    abel: tuple[Element, Element, Element] | None = None  # (a, b, c): (y + c) log(a + b y)
    zeta: tuple[int, Element] | None = None  # (a, s): -s log(y + a)


def read_term(a: Element, y: Symbol) -> Term | None:
    """The term of a log-probability; None where it has another form."""
    try:
        return _read(a, y)
    except NoClosedFormError:
        return None


def _read(a: Element, y: Symbol) -> Term | None:
    field = a.field
    if any(y in field.polynomial(field.factor_polynomial(i)).free_symbols for i, _ in a.powers):
        return None
    found = _Reading(field.one, field.one)
    rest = a
    for g in [g for g in field.used_generators(a) if y in g.symbols and not g.is_symbol]:
        parts = coefficients(rest, g.index)
        if not parts.keys() <= {0, 1}:
            return None
        c = parts.get(1, field.zero)
        if not _take(field, found, g.index, g.expr, c, y):
            return None
        rest = parts.get(0, field.zero)
    row = polynomial_in(rest, y)
    if len(row) > 2 or any(y in c.free_symbols for c in row):
        return None
    sign = 1 if found.absolute == 1 else unanimous_sign(value_of(found.absolute, y, 0))
    if sign is None:
        return None
    found.shape = found.shape * found.absolute * sign
    _state_positive_factor(found.absolute * sign, y)
    constant, rate = row[0], row[1] if len(row) > 1 else field.zero
    if found.zeta is not None:
        if found.gammas or found.abel is not None or rate:
            return None
        return Term(ZetaKernel(y, found.zeta[1], found.zeta[0]), found.shape * gen.exp(field, constant))
    if found.abel is not None:
        return _abel(field, found, constant, rate, y)
    return _hypergeometric(field, found, constant, rate, y)


def _take(field: Field, found: _Reading, index: int, expr: sp.Expr, c: Element, y: Symbol) -> bool:
    """Enter the term ``c g`` of a log-probability; False if it has no place there."""
    argument = field.log_arguments.get(index, field.absolute_arguments.get(index))
    if argument is None:
        if not isinstance(expr, sp.loggamma) or not _is_whole(c):
            return False
        offset = field(expr.args[0]) - field(y)
        if y in offset.free_symbols:
            return False
        found.gammas.append((offset, int(c.rational())))
        return True
    if any(y in g.symbols and not g.is_symbol for g in field.used_generators(argument)):
        return False
    if _is_whole(c):
        factor = argument ** int(c.rational())
        if index in field.log_arguments or c.rational() % 2 == 0:
            found.shape = found.shape * factor
            if index in field.log_arguments:
                _state_positive_factor(argument, y)
        else:
            found.absolute = found.absolute * factor
        return True
    if index not in field.log_arguments:
        return False
    if y not in c.free_symbols:
        start = zeta_offset(argument, y)
        if start is None or found.zeta is not None:
            return False
        found.zeta = (start, -c)
        return True
    power = c - field(y)
    row = polynomial_in(argument, y) if not argument.powers else []
    if found.abel is not None or y in power.free_symbols or len(row) != 2:
        return False
    found.abel = (row[0], row[1], power)
    return True


def _state_positive_factor(factor: Element, y: Symbol) -> None:
    """What is positive at every y = 0, 1, 2, ..., if it is linear, has a positive constant and a positive slope."""
    row = polynomial_in(factor, y) if not factor.powers else []
    if len(row) == 2:
        for c in row:
            if c:
                state_positive(factor.field, c)


def _is_whole(c: Element) -> bool:
    return c.is_constant and c.rational().denominator == 1


def _gathered(field: Field, found: _Reading, y: Symbol) -> list[tuple[Element, int]] | None:
    """The gamma functions with those of arguments a whole number apart as one, the quotients in the shape."""
    kept: list[tuple[Element, int]] = []
    for b, m in found.gammas:
        for i, (other, count) in enumerate(kept):
            gap = b - other
            if _is_whole(gap) and abs(gap.rational()) <= _FARTHEST:
                n = int(gap.rational())
                for k in range(abs(n)):
                    step = field(y) + (other + k if n > 0 else other - k - 1)
                    found.shape = found.shape * step ** (m if n > 0 else -m)
                kept[i] = (other, count + m)
                break
        else:
            kept.append((b, m))
    return [(b, m) for b, m in kept if m]


def _count_shift(b: Element) -> int | None:
    """n with ``Gamma(y + b) = (y + n)!``, a count; None where b is no positive whole number."""
    return int(b.rational()) - 1 if _is_whole(b) and 0 < b.rational() <= _FARTHEST else None


def _hypergeometric(field: Field, found: _Reading, constant: Element, rate: Element, y: Symbol) -> Term | None:
    gammas = _gathered(field, found, y)
    below = [b for b, m in gammas or () if m == -1]
    above = [b for b, m in gammas or () if m == 1]
    if gammas is None or len(below) + len(above) != len(gammas):
        return None
    z = gen.exp(field, rate)
    if not gammas:
        return Term(GeometricKernel(y, z), found.shape * gen.exp(field, constant))
    if len(below) != 1 or len(above) > 1:
        return None
    shift = _count_shift(below[0])
    if above and not rate:
        r, c, shape = absorbed(y, above[0], below[0], found.shape)
        constant = constant + _log_gamma(r) - _log_gamma(c - 1)
        return Term(BetaKernel(y, r, c), shape * gen.exp(field, constant))
    if shift is None:
        return None
    weight = gen.exp(field, constant - rate * shift)
    if not above:
        return Term(PoissonKernel(y, shift, z), found.shape * weight)
    r = above[0] - shift
    # Gamma(r + shift) = Gamma(r) (r)_shift: r itself may be negative where small counts are missing.
    weight = gen.exp(field, constant - rate * shift + _log_gamma(above[0])) / rising(r, shift)
    return Term(BinomialKernel(y, shift, r, z), found.shape * weight)


def _abel(field: Field, found: _Reading, constant: Element, rate: Element, y: Symbol) -> Term | None:
    gammas = _gathered(field, found, y)
    assert found.abel is not None
    first, b, power = found.abel
    if gammas is None or len(gammas) != 1 or gammas[0][1] != -1:
        return None
    shift = _count_shift(gammas[0][0])
    if shift is None or not _is_whole(power):
        return None
    root, shape = first / b, found.shape
    if _is_whole(root) and 0 < root.rational() <= shift:
        # u vanishes at a missing count: the factorial gives its factors down to that of u.
        j = int(root.rational())
        for i in range(j, shift + 1):
            shape = shape / (field(y) + i)
        shift = j - 1
    a = first - b * shift  # u = a + b n with n = y + shift
    scale = abel_scale(field, rate, b)
    if scale is None:
        return None
    u = first + b * field(y)
    shape = shape * u ** (int(power.rational()) - shift)
    weight = gen.exp(field, constant - rate * shift + scale * a)
    return Term(AbelKernel(y, shift, scale * a, scale * b), shape * weight)


def _log_gamma(a: Element) -> Element:
    return a.field(sp.loggamma(a.to_sympy(), evaluate=False) if a.is_constant else sp.loggamma(a.to_sympy()))
