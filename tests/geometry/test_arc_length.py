"""Arc length in closed form against quadrature, and what has none."""

from __future__ import annotations

import mpmath
import pytest
import sympy as sp

from symgeo.algebra import differential_field
from symgeo.algebra.knowledge import Range
from symgeo.geometry.arc_length import arc_length

r = sp.Symbol("r", real=True)
p = sp.Symbol("p", positive=True)

METRICS = [
    (1 / p, (0.5, 3.0), None),
    (p ** sp.Rational(-2, 3), (0.5, 3.0), None),
    (sp.pi**2 / p**2, (0.5, 3.0), None),
    (1 / (p * (1 - p)), (0.1, 0.7), Range(0, 1)),
    (5 / (p**2 * (1 - p)), (0.1, 0.7), Range(0, 1)),
    (1 / (p * (p + 1)), (0.5, 3.0), None),
    ((1 + p) / p**2, (0.5, 3.0), None),
    (sp.exp(r) / (1 + sp.exp(r)) ** 2, (-1.5, 2.0), None),
    (sp.exp(3 * r), (-1.5, 2.0), None),
    (1 / (1 + r**2), (-1.5, 2.0), None),
    (1 / (1 + r**2) ** 2, (-1.5, 2.0), None),
    ((1 + r**2) / (1 - r**2) ** 2, (-0.7, 0.6), Range(-1, 1)),
    (2 / (1 - p**2) ** 2, (0.1, 0.7), Range(0, 1)),
    (sp.S(7), (-1.5, 2.0), None),
]


@pytest.mark.parametrize(("metric", "ends", "known"), METRICS, ids=[str(m) for m, _, _ in METRICS])
def test_arc_length_against_quadrature(metric: sp.Expr, ends: tuple, known: Range | None) -> None:
    s = p if p in metric.free_symbols else r
    field = differential_field()
    if known is not None:
        field.knowledge.state_ranges({s: known})
    length = arc_length(field(metric), s)
    found = sp.lambdify(s, length, "mpmath")
    expected = mpmath.quad(sp.lambdify(s, sp.sqrt(metric), "mpmath"), ends)
    value = found(mpmath.mpf(ends[1])) - found(mpmath.mpf(ends[0]))
    assert abs(mpmath.im(value)) == 0 and float(abs(value)) == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize(
    "metric",
    [
        sp.polygamma(1, p),
        1 / (p * sp.log(p) ** 2),
        1 / (1 + p**3),
        p + sp.exp(p),
        sp.cos(r) ** 2 + 2,
    ],
    ids=str,
)
def test_no_closed_form_is_no_answer(metric: sp.Expr) -> None:
    s = r if r in metric.free_symbols else p
    assert arc_length(differential_field()(metric), s) is None
