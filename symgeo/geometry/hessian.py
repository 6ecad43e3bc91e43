"""The triple of a dually flat structure in any chart, from its two systems of affine coordinates.

``g_ab = d_a eta . d_b mu``, ``Gamma^e_ab,c = d_a d_b eta . d_c mu`` because the e-connection is flat in eta, and
``T_abc = d_c g_ab - Gamma^e_ca,b - Gamma^e_cb,a`` because the metric couples it with its dual. Nothing is integrated.
Source: Amari and Nagaoka 2000, sections 3.2 and 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from symgeo.algebra import Element, Tensor

if TYPE_CHECKING:
    from sympy import Symbol


def triple(
    coordinates: Sequence[Symbol], natural: Sequence[Element], expectation: Sequence[Element]
) -> tuple[Tensor, Tensor]:
    """Metric (n, n) and cubic tensor (n, n, n) in ``coordinates``; eta and mu have the same length, not always n."""
    field, x = natural[0].field, tuple(coordinates)
    d_eta = [[e.diff(s) for s in x] for e in natural]
    d_mu = [[m.diff(s) for s in x] for m in expectation]
    statistics = range(len(d_eta))
    metric = Tensor.build(
        field,
        x,
        (-1, -1),
        lambda a, b: field.dot((1, d_eta[i][a], d_mu[i][b]) for i in statistics),
        symmetric=((0, 1),),
        name="metric",
    )
    second: dict[tuple[int, int, int], Element] = {}

    def dd_eta(i: int, a: int, b: int) -> Element:
        key = (i, min(a, b), max(a, b))
        if key not in second:
            second[key] = d_eta[i][key[1]].diff(x[key[2]])
        return second[key]

    def cubic(a: int, b: int, c: int) -> Element:
        terms = [(1, metric.element(a, b).diff(x[c]), field.one)]
        for i in statistics:
            terms.append((-1, dd_eta(i, c, a), d_mu[i][b]))
            terms.append((-1, dd_eta(i, c, b), d_mu[i][a]))
        return field.dot(terms)

    return metric, Tensor.build(field, x, (-1, -1, -1), cubic, symmetric=((0, 1, 2),), name="cubic tensor")
