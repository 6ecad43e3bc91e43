"""The generalised law of cosines and Pythagoras' theorem, for every exponential family and any three members.

``D(p || r) = D(p || q) + D(q || r) - (mu_p - mu_q) . (eta_r - eta_q)``: where the m-geodesic from q to p and the
e-geodesic from q to r are orthogonal at q, the last term vanishes. Source: Amari and Nagaoka, Methods of Information
Geometry, 2000, theorem 3.7 and its proof.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import symgeo as sg
from theorems.declared import Case
from theorems.drawing import over_all_cases, points
from theorems.oracle import Numbers
from theorems.test_legendre import EXACT, maps


@cache
def divergence(case: Case) -> Numbers:
    """``D(p || q)`` as a function of both points."""
    p, q = ([sp.Dummy(s.name, **s.assumptions0) for s in case.parameters] for _ in range(2))
    return Numbers([case.model.manifold.duality.canonical_divergence(p, q)], [*p, *q])


def _triple(data: st.DataObject, case: Case) -> list[tuple[sp.Rational, ...]]:
    return [data.draw(points(case)) for _ in range(3)]


@over_all_cases
@given(data=st.data())
def test_the_law_of_cosines(case: Case, data: st.DataObject) -> None:
    p, q, r = _triple(data, case)
    d, (eta, mu, *_) = divergence(case), maps(case)
    lengths = [d([*a, *b])[0] for a, b in ((p, r), (p, q), (q, r))]
    inner = sum((mu(p) - mu(q)) * (eta(r) - eta(q)))
    scale = sum(map(abs, lengths)) + abs(inner) + 1
    assert abs(lengths[0] - lengths[1] - lengths[2] + inner) <= EXACT * scale, (case, p, q, r)
    assert all(length >= -EXACT * scale for length in lengths)


@over_all_cases
@given(data=st.data())
def test_a_divergence_of_two_members_vanishes_only_on_the_diagonal(case: Case, data: st.DataObject) -> None:
    p, q, _ = _triple(data, case)
    d = divergence(case)
    assert abs(d([*p, *p])[0]) <= EXACT * 10
    assert p == q or d([*p, *q])[0] > 0


@given(st.lists(st.integers(1, 30), min_size=9, max_size=9))
def test_pythagoras_on_the_simplex(weights: list[int]) -> None:
    """q is the m-projection of a table onto independence: p - q and log r - log q are orthogonal for independent r."""
    table = np.array([[sp.Integer(w) for w in weights[i : i + 3]] for i in (0, 3, 6)])
    table = table / sum(weights)
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    projected = np.outer(rows, columns)
    other = np.outer(columns, rows)

    def kl(a: np.ndarray, b: np.ndarray) -> sp.Expr:
        return sum(x * sp.log(x / y).evalf(40) for x, y in zip(a.ravel(), b.ravel(), strict=True))

    assert abs(kl(table, other) - kl(table, projected) - kl(projected, other)) < 1e-30
    k = sp.Symbol("k", integer=True, nonnegative=True)
    p = sp.symbols("p1:9", positive=True)
    cells = [*p, 1 - sum(p)]
    law = sp.Piecewise(*((c, sp.Eq(k, i)) for i, c in enumerate(cells[:-1])), (cells[-1], True))
    model = sg.StatisticalModel(law, k, p, support=sp.FiniteSet(*range(9)), constraints=[sum(p) < 1], check=False)
    found = sg.kl_divergence(model, list(table.ravel()[:-1]), list(projected.ravel()[:-1]))
    assert abs(sp.N(found, 40) - kl(table, projected)) < 1e-30
