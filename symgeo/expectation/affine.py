"""Which parameters of a density act on its variable by affine maps ``t = m + s y``, and the map itself.

A parameter acts so where its score lies in the span of the scores of location and scale,
``d_p log f = -c0 d_t log f - c1 (1 + t d_t log f)`` with c0 and c1 free of t: a linear system, solved exactly. Then
``d_p log s = c1`` and ``d_p m - m c1 = c0`` are solved by combinations of logarithms of the denominators, of the
parameters, and of the fixed points ``-c0/c1`` of the single motions.
Source: Barndorff-Nielsen, Blaesild and Eriksen, Decomposition and Invariance of Measures (1989), chapter 5.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from symgeo.algebra import Element, Field
from symgeo.algebra import generators as gen
from symgeo.algebra.element import separated
from symgeo.algebra.linear import solve
from symgeo.algebra.sampling import may_depend
from symgeo.algebra.zero_test import proven_sign

if TYPE_CHECKING:
    from sympy import Symbol

_MOST_TERMS = 600
Motion = tuple[Element, Element]  # c0 + c1 t


@dataclass(frozen=True)
class AffineMap:
    """``t = shift + scale * y``, and the parameters of which the density of y may be free."""

    shift: Element
    scale: Element
    parameters: tuple[Symbol, ...]


def affine_maps(
    log_density: Element, t: Symbol, parameters: Sequence[Symbol], shifts: bool, scales: bool
) -> list[AffineMap]:
    """Maps that take as many parameters as could be out of a density of t, the largest set of them first."""
    motions = _motions(log_density, t, parameters, shifts, scales)
    found: list[AffineMap] = []
    whole = _integrated(log_density.field, motions)
    if whole is not None:
        found.append(whole)
    for leader in motions:
        taken = {leader: motions[leader]}
        best = _integrated(log_density.field, taken)
        for p, motion in motions.items():
            if best is not None and p not in taken:
                larger = _integrated(log_density.field, {**taken, p: motion})
                if larger is not None:
                    best, taken = larger, {**taken, p: motion}
        if best is not None and best.parameters not in [m.parameters for m in found]:
            found.append(best)
    return sorted(found, key=lambda m: -len(m.parameters))


def _motions(f: Element, t: Symbol, parameters: Sequence[Symbol], shifts: bool, scales: bool) -> dict[Symbol, Motion]:
    """What each parameter that acts affinely does to t: c0 + c1 t."""
    field, slope = f.field, f.diff(t)
    columns = [*([slope] if shifts else []), *([slope * field(t) + 1] if scales else [])]
    found = {}
    for p in parameters:
        rate = -f.diff(p)
        if not rate:
            continue
        solution = combination([[c] for c in columns], [rate], {t})
        if solution is not None:
            solution = [*([] if shifts else [field.zero]), *solution, *([] if scales else [field.zero])]
            found[p] = (solution[0], solution[1])
    return found


def combination(
    columns: Sequence[Sequence[Element]], target: Sequence[Element], symbols: Collection[Symbol]
) -> list[Element] | None:
    """Coefficients free of the symbols with ``sum of c_k columns[k][i] = target[i]`` for all i; None if there are no
    such."""
    field = target[0].field
    grid: list[list[Element]] = []
    right: list[Element] = []
    for i, wanted in enumerate(target):
        row = [column[i] for column in columns]
        if sum(a.terms for a in (*row, wanted)) > _MOST_TERMS:
            return None
        if len(target) == 1 and not may_depend(wanted, row, symbols):
            return None
        tables = [{k: c for k, (_, c) in separated(a, symbols).items()} for a in _polynomial([*row, wanted], symbols)]
        for key in dict.fromkeys(key for table in tables for key in table):
            grid.append([table.get(key, field.zero) for table in tables[:-1]])
            right.append(tables[-1].get(key, field.zero))
    if not columns:
        return None if any(right) else []
    values = solve(grid, right).values if grid else [field.zero] * len(columns)
    return None if values is None or any(v.free_symbols & set(symbols) for v in values) else values


def _polynomial(elements: Sequence[Element], symbols: Collection[Symbol]) -> list[Element]:
    """The elements over a common denominator in the symbols, which is left out."""
    field, chosen = elements[0].field, frozenset(symbols)
    common: dict[int, int] = {}
    for a in elements:
        for i, e in a.powers:
            common[i] = max(e, common.get(i, 0))
    bottom = field.one
    for i, e in common.items():
        factor = field.polynomial(field.factor_polynomial(i))
        if factor.free_symbols & chosen:
            bottom = bottom * factor**e
    return [a * bottom for a in elements]


def _integrated(field: Field, motions: dict[Symbol, Motion]) -> AffineMap | None:
    """The map with these motions: ``d_p log s = c1`` and ``d_p (m/s) = c0/s``."""
    if not motions:
        return None
    ours = tuple(motions)
    scale = _exponentiated(field, motions)
    if scale is None:
        return None
    targets = [c0 / scale for c0, _ in motions.values()]
    shift: Element | None = field.zero
    if any(targets):
        places = [field(p) for p in ours]
        places += [-c0 / c1 for c0, c1 in motions.values() if c0 and c1]
        places += [c0 * field(p) for p, (c0, _) in motions.items() if c0]
        places += _logarithms(field, [c0 for c0, _ in motions.values()])
        units = [field.one] if scale == 1 else [field.one / scale, field.one]
        shift = _potential([a * unit for unit in units for a in places], targets, ours)
    return None if shift is None else AffineMap(shift * scale, scale, ours)


def _exponentiated(field: Field, motions: dict[Symbol, Motion]) -> Element | None:
    """s with ``d_p log s = c1_p`` for all p."""
    rates = [c1 for _, c1 in motions.values()]
    if not any(rates):
        return field.one
    candidates = _logarithms(field, rates)
    candidates += [field(p) for p in motions] + [rate * field(p) for p, rate in zip(motions, rates, strict=True)]
    logarithm = _potential(candidates, rates, tuple(motions))
    return None if logarithm is None else gen.exp(field, logarithm)


def _potential(candidates: Sequence[Element], gradient: Sequence[Element], symbols: Sequence[Symbol]) -> Element | None:
    """The combination of candidates, with coefficients free of the symbols, that has this gradient."""
    field, kept = gradient[0].field, list(dict.fromkeys(a for a in candidates if a))
    columns = [[a.diff(p) for p in symbols] for a in kept]
    found = combination(columns, gradient, symbols)
    return None if found is None else field.sum(c * a for c, a in zip(found, kept, strict=True))


def _logarithms(field: Field, elements: Sequence[Element]) -> list[Element]:
    """The logarithms of the factors below the line, those of known sign."""
    out = []
    for i in dict.fromkeys(i for a in elements for i, _ in a.powers):
        factor = field.polynomial(field.factor_polynomial(i))
        sign = proven_sign(field, factor.numerator)
        if sign is not None:
            positive = factor * sign
            out.append(gen.log(field, positive, positive.to_sympy()))
    return out
