"""What a field keeps of each generator."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flint import fmpz_mpoly
    from sympy import Expr, Symbol

    from symgeo.algebra.element import Element

Derivation = Callable[["Symbol"], "Element"]


@dataclass(eq=False)
class Generator:
    """One generator: its SymPy form, the symbols in it, its derivation, and the relation ``g**degree = value``.

    ``values`` holds its numerical values, by the number of digits and the point.
    """

    index: int
    expr: Expr
    symbols: frozenset[Symbol]
    derivation: Derivation | None
    degree: int = 0
    value: Element | None = None
    is_symbol: bool = False
    derivatives: dict[Symbol, Element] = field(default_factory=dict)
    values: dict[Hashable, Any] = field(default_factory=dict)


@dataclass
class Tower:
    """The powers ``base**(k/order)`` that the field holds: ``top`` is ``base**(1/order)``."""

    order: int
    top: Element


def content_of(p: fmpz_mpoly) -> int:
    """The greatest common divisor of the coefficients."""
    return int(p.content())  # type: ignore[attr-defined]  # python-flint's stubs lack it
