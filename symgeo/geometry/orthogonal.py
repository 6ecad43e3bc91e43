"""Parameters orthogonal to one of interest: functions chi with ``g^ij d_i psi d_j chi = 0``.

In a chart of psi and n - 1 such functions ``g_psi,chi`` vanishes. The equation says that chi is constant along the
gradient of psi; it is solved within the span of candidate functions (coordinates, their logarithms and powers, the
affine coordinates of a dually flat manifold), with coefficients found exactly by linear algebra. Sources: Huzurbazar,
Proc. Camb. Phil. Soc. 46 (1950) 281-284; Cox and Reid, J. R. Statist. Soc. B 49 (1987) 1-39, section 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.algebra import Element, as_expression
from symgeo.algebra.element import separated
from symgeo.algebra.linear import rank_and_null_space
from symgeo.algebra.printing import written_as_sum
from symgeo.algebra.zero_test import element_sign
from symgeo.errors import NoClosedFormError, ParameterListError, UnknownSymbolError

if TYPE_CHECKING:
    from sympy import Expr

    from symgeo.geometry.manifold import StatisticalManifold


def orthogonal_parameters(manifold: StatisticalManifold, interest: Expr) -> tuple[Expr, ...]:
    """n - 1 functions of the coordinates that are orthogonal to ``interest`` and independent of each other.

    ``interest`` is a coordinate or a function of the coordinates. Raises :class:`NoClosedFormError` where none were
    found, :class:`ParameterListError` for a constant and :class:`UnknownSymbolError` for foreign symbols.
    """
    psi = as_expression(interest)
    x, field = manifold.coordinates, manifold.field
    extra = psi.free_symbols - set(x)
    if extra:
        raise UnknownSymbolError(f"{', '.join(sorted(map(str, extra)))} is no coordinate of this manifold")
    slope = [field(psi).diff(s) for s in x]
    if not any(slope):
        raise ParameterListError(f"the parameter of interest, {psi}, is constant")
    inverse, n = manifold.inverse_metric, range(manifold.dim)
    # The gradient of psi: chi is orthogonal to psi exactly where this vector field leaves it constant.
    gradient = [field.dot((1, inverse.element(i, j), slope[j]) for j in n) for i in n]
    known = [slope]
    found: list[Expr] = []
    for candidates in _candidates(manifold, psi):
        for chi in _constant_along(manifold, gradient, candidates):
            rows = [*known, [chi.diff(s) for s in x]]
            if rank_and_null_space(rows)[0] == len(rows):
                known = rows
                found.append(written_as_sum(chi))
        if len(known) == manifold.dim:
            return tuple(found)
    raise NoClosedFormError(
        f"{len(found)} of the {manifold.dim - 1} parameters orthogonal to {psi} were found in closed form; they solve "
        "the partial differential equation sum_ij g^ij d_i psi d_j chi = 0, whose solution for this metric is none of "
        "the combinations that are tried"
    )


def _candidates(manifold: StatisticalManifold, psi: Expr) -> list[list[Expr]]:
    """Lists of functions, those first that make the simplest parameters; each list is tried as a whole."""
    x = manifold.coordinates
    logarithms = [sp.log(s if s.is_positive else -s) for s in x if s.is_positive or s.is_negative]
    inverses = [1 / s for s in x if s.is_nonzero]
    squares = [s**2 for s in x]
    affine = []
    if manifold.duality is not None:
        affine = [*manifold.duality.expectation, *manifold.duality.natural]
    products = [a * b for a, b in combinations(x, 2)] + [a / b for a in x for b in x if a != b and b.is_nonzero]
    mixed = [sp.log(b) * a for a in x for b in x if b.is_positive]
    mixed += [sp.log(b) / a for a in x if a.is_nonzero for b in x if b.is_positive]
    mixed += [sp.loggamma(s) for s in x if s.is_positive]
    plain = list(x)
    logarithms += _logarithms_of_factors(manifold, logarithms)
    power = [psi, sp.log(psi)] if psi not in x and psi.is_positive else [psi] if psi not in x else []
    return [plain, logarithms, [*logarithms, *inverses, *plain, *power], affine, [*plain, *squares, *products],
            [*plain, *logarithms, *inverses, *squares, *products, *affine, *mixed, *power]]  # fmt: skip


def _logarithms_of_factors(manifold: StatisticalManifold, known: Sequence[Expr]) -> list[Expr]:
    """log |f| for the irreducible factors of the denominators of the metric and of its inverse."""
    field = manifold.field
    indices = {i for t in (manifold.metric, manifold.inverse_metric) for _, a in t.stored() for i, _ in a.powers}
    found = []
    for i in sorted(indices):
        factor = field.polynomial(field.factor_polynomial(i))
        sign = element_sign(factor)
        logarithm = sp.log((factor if sign == 1 else -factor).to_sympy()) if sign else None
        if logarithm is not None and factor.free_symbols <= set(manifold.coordinates) and logarithm not in known:
            found.append(logarithm)
    return found


def _constant_along(
    manifold: StatisticalManifold, gradient: Sequence[Element], candidates: Sequence[Expr]
) -> list[Element]:
    """The combinations of the candidates, coefficients free of the coordinates, whose derivative along the vector
    field vanishes."""
    field, x = manifold.field, manifold.coordinates
    functions = list(dict.fromkeys(field(c) for c in candidates))
    if not functions:
        return []
    rates = [field.dot((1, v, f.diff(s)) for v, s in zip(gradient, x, strict=True)) for f in functions]
    rates = _over_one_denominator(rates)
    tables = [{key: c for key, (_, c) in separated(a, x).items()} for a in rates]
    keys = list(dict.fromkeys(key for table in tables for key in table))
    if not keys:
        return functions
    grid = [[table.get(key, field.zero) for table in tables] for key in keys]
    null = rank_and_null_space(grid)[1]
    return [field.dot((1, c, f) for c, f in zip(vector, functions, strict=True)) for vector in null]


def _over_one_denominator(elements: Sequence[Element]) -> list[Element]:
    """The elements times a common factor that leaves no denominators."""
    field = elements[0].field
    highest: dict[int, int] = {}
    for a in elements:
        for i, e in a.powers:
            highest[i] = max(highest.get(i, 0), e)
    common = field.one
    for i, e in highest.items():
        common = common * field.polynomial(field.factor_polynomial(i)) ** e
    return [a * common for a in elements]
