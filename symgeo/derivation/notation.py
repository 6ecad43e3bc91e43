"""The letters of one derivation: a name for every symbol, and for each object a letter no symbol has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from symgeo.derivation.arrange import Order
from symgeo.derivation.names import Name, name_of

if TYPE_CHECKING:
    from sympy import Symbol

_INDICES = ("i", "j", "k", "l", "m", "n", "a", "b", "c", "d", "r", "s", "u", "v", "w")


class Notation:
    """Hands out names; two symbols never look alike, and an object's letter is never a symbol's.

    ``first`` and ``last`` hold symbols with a place of their own in products: the connection's alpha, speeds.
    """

    def __init__(
        self,
        symbols: Iterable[Symbol],
        first: Iterable[Symbol] = (),
        last: Sequence[Symbol] = (),
        taken: Iterable[str] = (),
    ):
        self._names: dict[Symbol, Name] = {}
        self._taken = set(taken)
        self._bases = set(taken)
        # The letter of the log-density, and the symbols that stand in indices by their numbers.
        self.loglikelihood = r"\ell"
        self.motion = "h"  # the letter of the scores of motions of the variable
        self.numbered: tuple[Symbol, ...] = ()
        self.order = Order(frozenset(first), tuple(last))
        for symbol in symbols:
            self.name(symbol)
        for symbol in self.order.first:
            self.name(symbol)

    def name(self, symbol: Symbol) -> Name:
        """The symbol's name, made different from all names before it."""
        if symbol not in self._names:
            plain = name = name_of(symbol.name)
            count = 2
            while name.latex in self._taken:
                tail = f"_{{({count})}}"
                name = Name(
                    f"{{{plain.latex}}}{tail}",
                    f"{plain.unicode}#{count}",
                    f"{plain.ascii}#{count}",
                    plain.base,
                    tail,
                )
                count += 1
            self.define(symbol, name)
        return self._names[symbol]

    def define(self, symbol: Symbol, name: Name) -> None:
        """Fix how a symbol is written."""
        self._names[symbol] = name
        self._taken.add(name.latex)
        self._bases.add(name.base)
        if re.search(r"\d\d$", name.ascii):
            self.order = replace(self.order, numbered=True)

    def letter(self, *candidates: str) -> str:
        """The first of these LaTeX letters that no symbol uses, with or without indices; then taken."""
        for candidate in candidates:
            if candidate not in self._bases:
                self._bases.add(candidate)
                self._taken.add(candidate)
                return candidate
        last = rf"\mathsf{{{candidates[0]}}}" if len(candidates[0]) == 1 else rf"\tilde{{{candidates[0]}}}"
        self._bases.add(last)
        return last

    def indices(self, count: int) -> list[str]:
        """Letters for general indices."""
        free = [c for c in _INDICES if c not in self._bases]
        return [free[n] if n < len(free) else f"i_{{{n}}}" for n in range(count)]

    def derivative(self, symbols: Sequence[Symbol]) -> str:
        """The derivative of the log-density in these symbols, ``\\ell_{wm}``."""
        return f"{self.loglikelihood}_{{{self.index(symbols)}}}"

    def latex(self, symbol: Symbol) -> str:
        """The symbol's LaTeX."""
        return self.name(symbol).latex

    def index(self, symbols: Sequence[Symbol]) -> str:
        """Several symbols side by side, as the indices of a component: their names or their numbers."""
        if self.numbered and all(s in self.numbered for s in symbols):
            apart = r"\," if len(self.numbered) > 9 else ""
            return apart.join(str(self.numbered.index(s) + 1) for s in symbols)
        names = [self.latex(s) for s in symbols]
        if not all(len(n) == 1 or (n.startswith("\\") and n[1:].isalpha()) for n in names):
            return r"\,".join(names)
        return "".join(n if len(n) == 1 else f"{n} " for n in names).strip()
