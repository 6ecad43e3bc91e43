"""Submanifolds of a dually flat manifold that are straight in one of its affine charts, and their own dual structure.

Where ``eta(u) = b + C eta_I(u)`` with constants b and C and d of the n components, the submanifold is an affine
subspace in natural coordinates: e-flat, dually flat itself, with natural coordinates ``eta_I``, expectation coordinates
``C^T mu`` and the potential psi; likewise with the roles exchanged. Source: Amari and Nagaoka 2000, sections 1.8, 3.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symgeo.algebra import Element
from symgeo.algebra.linear import solve
from symgeo.geometry.duality import Duality

Rows = list[list[Element]]


@dataclass(frozen=True)
class FlatSubmanifold:
    """A submanifold that is straight in natural (``alpha`` 1) or expectation coordinates (-1).

    ``duality``: its own structure in the parameters u. ``weights`` (n, d): ``affine = constant + weights affine_I``.
    """

    alpha: int
    duality: Duality
    weights: Rows


def flat_submanifold(induced: Duality, alpha: int) -> FlatSubmanifold | None:
    """The structure of the image of u, if it is straight in the affine coordinates of the alpha-connection.

    ``induced``: natural and expectation coordinates (n,) and the potential of the surrounding manifold as functions of
    d parameters u.
    """
    natural, expectation, potential = induced.elements
    affine, dual = (natural, expectation) if alpha == 1 else (expectation, natural)
    field, u, d = induced.field, induced.coordinates, len(induced.coordinates)
    slopes = [[a.diff(s) for s in u] for a in affine]
    chosen = _independent(slopes)
    if len(chosen) < d:
        return None
    columns = [[slopes[j][a] for j in chosen] for a in range(d)]
    weights: Rows = []
    for row in slopes:
        found = solve(columns, row).values
        if found is None or any(c.free_symbols & set(u) for c in found):
            return None
        weights.append(list(found))
    own = [affine[j] for j in chosen]
    conjugate = [field.dot((1, w[k], m) for w, m in zip(weights, dual, strict=True)) for k in range(d)]
    product = [(1, e, m) for e, m in zip(own, conjugate, strict=True)]
    if alpha == 1:
        # d psi = mu . d eta = (C^T mu) . d eta_I, so that psi is a potential of the submanifold too.
        return FlatSubmanifold(alpha, Duality(u, own, conjugate, potential), weights)
    own_potential = field.dot([*product, (-1, induced.dual_element, field.one)])
    return FlatSubmanifold(alpha, Duality(u, conjugate, own, own_potential), weights)


def _independent(rows: Sequence[Sequence[Element]]) -> list[int]:
    """The positions of the first rows that are linearly independent of those before them."""
    reduced: list[tuple[int, list[Element]]] = []
    found = []
    for i, row in enumerate(rows):
        rest = list(row)
        for pivot, other in reduced:
            if rest[pivot]:
                factor = rest[pivot]
                rest = [a - factor * b if b else a for a, b in zip(rest, other, strict=True)]
        pivot_at = next((k for k, a in enumerate(rest) if a), None)
        if pivot_at is not None:
            scale = rest[pivot_at].inverse()
            reduced.append((pivot_at, [a * scale for a in rest]))
            found.append(i)
    return found
