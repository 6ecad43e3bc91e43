"""Decisions about curvature that say why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from symgeo.algebra.zero_test import zero_test

if TYPE_CHECKING:
    from sympy import Expr

    from symgeo.algebra import Tensor
    from symgeo.geometry.connection import Connection


@dataclass(frozen=True)
class Decision:
    """An answer with its reason. ``index`` and ``component``: where and what is not zero, for a no.

    ``exact`` is False where zeros were certified by evaluation instead of by algebra.
    """

    holds: bool
    reason: str
    index: tuple[int, ...] | None = None
    component: Expr | None = None
    exact: bool = True

    def __bool__(self) -> bool:
        return self.holds

    def __repr__(self) -> str:
        return f"{'yes' if self.holds else 'no'}: {self.reason}"


def flatness(connection: Connection) -> Decision:
    """Whether the Riemann curvature of a connection vanishes identically, and why.

    Yes in one dimension, where affine coordinates are known, and where every component is zero; no with a component
    that is not. Source: Amari and Nagaoka 2000, section 1.7.
    """
    m = connection.manifold
    if m.dim == 1:
        return Decision(True, "one dimension: there is no curvature")
    if m.dually_flat and connection.alpha in (1, -1):
        kind = "natural" if connection.alpha == 1 else "expectation"
        known = m.duality is not None and (m.duality.natural if connection.alpha == 1 else m.duality.expectation)
        where = f" {known}" if known else ""
        return Decision(True, f"the {kind} coordinates{where} are affine")
    if m.keeps_names:
        flat = connection.is_flat
        return Decision(
            flat, f"the Riemann curvature is {'zero' if flat else 'not zero'} at sample points", exact=False
        )
    return vanishing(connection.riemann_lowered, "the Riemann curvature")


def vanishing(tensor: Tensor, what: str) -> Decision:
    """Whether a tensor is zero, with the shortest component that is not."""
    exact = True
    for index, value in sorted(tensor.stored(), key=lambda item: item[1].terms):
        verdict = zero_test(value)
        if not verdict:
            component = value.to_sympy()
            return Decision(False, f"{what} has the component {list(index)} = {component}", index, component)
        exact = exact and verdict.exact
    return Decision(True, f"{what} vanishes identically", exact=exact)
