"""The equations of Gauss and Codazzi on the coordinate surfaces of every family with three or more parameters.

``R_abcd = R^ambient_abcd + g(H_bc, H*_ad) - g(H_ac, H*_bd)`` and ``(D_a H)_bc - (D_b H)_ac = (R^ambient(a, b) c)`` in
normal directions, for any alpha. Sources: Amari, Differential-Geometrical Methods in Statistics, 1985, section 2.5;
Vos, Ann. Inst. Statist. Math. 41 (1989) 429-450.
"""

from __future__ import annotations

from functools import cache

import mpmath
import pytest
import sympy as sp
from hypothesis import given, settings

from symgeo.geometry.embedding import Embedding
from theorems.declared import Case
from theorems.drawing import CASES, alphas
from theorems.oracle import Numbers, numbers, slopes

LARGEST = 5
surfaces = [case for case in CASES if 3 <= len(case.parameters) <= LARGEST]
over_surfaces = pytest.mark.parametrize("case", surfaces, ids=repr)


@cache
def surface(case: Case) -> tuple[Embedding, dict[sp.Symbol, sp.Expr]]:
    """The surface of the first and the last parameter through an interior point, and that point."""
    point = case.model.chart.interior_points(1)[0]
    kept = (case.parameters[0], case.parameters[-1])
    new = [sp.Dummy(s.name, **s.assumptions0) for s in kept]
    images = {**point, **dict(zip(kept, new, strict=True))}
    return Embedding(case.model.manifold, images, new), {n: point[s] for n, s in zip(new, kept, strict=True)}


def value(e: sp.Expr, at: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    return sp.N(e.subs(at), 40)


@over_surfaces
@settings(max_examples=1)
@given(alpha=alphas())
def test_gauss(case: Case, alpha: sp.Rational) -> None:
    e, at = surface(case)
    outer = e.ambient.connection(alpha).riemann_lowered
    point = case.model.chart.interior_points(1)[0]
    last = len(case.parameters) - 1
    inner, forms = e.manifold.connection(alpha).riemann_lowered, e.curvature_product(alpha, -alpha)
    for a, b, c, d in ((0, 1, 0, 1), (0, 1, 1, 0)):
        there = value(outer[tuple(last * k for k in (a, b, c, d))], point)
        bent = value(forms[b, c, a, d] - forms[a, c, b, d], at)
        here = value(inner[a, b, c, d], at)
        assert abs(here - there - bent) <= 1e-28 * (abs(here) + abs(there) + abs(bent) + 1), (case, alpha)


@over_surfaces
@settings(max_examples=1)
@given(alpha=alphas())
def test_codazzi(case: Case, alpha: sp.Rational) -> None:
    e, at = surface(case)
    n, places = e.ambient.dim, (0, e.ambient.dim - 1)
    there = case.model.chart.interior_points(1)[0]
    point, here = [there[s] for s in case.parameters], [at[s] for s in e.coordinates]
    form = e.second_fundamental_form(alpha)
    bent = Numbers([form[k, b, c] for k in range(n) for b in (0, 1) for c in (0, 1)], e.coordinates, (n, 2, 2))
    outer = numbers(e.ambient.connection(alpha).christoffel)(point)
    inner = numbers(e.manifold.connection(alpha).christoffel)(here)
    riemann = numbers(e.ambient.connection(alpha).riemann)(point)
    h, by = bent(here), slopes(bent, here, 2)

    def slope(a: int, b: int, c: int) -> list[mpmath.mpf]:
        """The ambient derivative of H_bc along a, less H of the derivatives of b and c."""
        out = []
        for k in range(n):
            total = by[k, b, c, a] + sum(outer[k, places[a], m] * h[m, b, c] for m in range(n))
            total -= sum(inner[d, a, b] * h[k, d, c] + inner[d, a, c] * h[k, b, d] for d in (0, 1))
            out.append(total)
        return out

    g = numbers(e.ambient.metric)(point)
    normals = [Numbers(normal, e.coordinates)(here) for normal in e.normal_directions]
    for c in (0, 1):
        first, second = slope(0, 1, c), slope(1, 0, c)
        curved = [riemann[k, places[0], places[1], places[c]] for k in range(n)]
        for normal in normals:
            covector = g @ normal
            gap = sum(w * (p - q - r) for w, p, q, r in zip(covector, first, second, curved, strict=True))
            size = sum(
                abs(w) * (abs(p) + abs(q) + abs(r)) for w, p, q, r in zip(covector, first, second, curved, strict=True)
            )
            assert abs(gap) <= 1e-28 * (size + 1), (case, alpha, c)
