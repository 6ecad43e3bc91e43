"""A long closed expression in the parameters of a law that a field treats as one letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.codegen import numpy_function
from symgeo.codegen.numeric_node import NumericNode

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr, Symbol

    from symgeo.expectation.law import Law


class Abbreviation(NumericNode):
    """A closed expression that stands unexpanded in products; ``definition`` is in the law's own parameters.

    ``args`` are the values of the parameters: symbols, or expressions after a change of coordinates.
    """

    law: Law
    definition: Expr

    def __new__(cls, law: Law, definition: Expr, values: Sequence[Expr] | None = None) -> Abbreviation:
        node = super().__new__(cls, *(law.parameters if values is None else values))
        node.law, node.definition = law, definition
        return node

    def _hashable_content(self) -> tuple:
        return (self.law, self.definition, *self.args)

    def __getnewargs__(self) -> tuple:
        return (self.law, self.definition, self.args)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return (type(self), self.__getnewargs__())

    @property
    def func(self) -> Any:
        """What makes the same expression at other parameter values."""
        return _Maker(self.law, self.definition)

    @property
    def source(self) -> Any:
        """What gives its values."""
        return _Values(self.law.parameters)

    @property
    def written(self) -> Expr:
        """The expression itself."""
        return self.law.at(self.definition, self.args)

    def _eval_derivative(self, s: Symbol) -> Expr:
        terms = []
        for parameter, value in zip(self.law.parameters, self.args, strict=True):
            rate = value.diff(s)
            if rate != 0:
                slope = self.law.boundary.shortened(sp.diff(self.definition, parameter))
                terms.append(rate * self.law.at(slope, self.args))
        return sp.Add(*terms)

    def _eval_evalf(self, prec: int) -> Expr:
        return self if self.free_symbols else self.written.evalf(prec)

    def _sympystr(self, printer: Any) -> str:
        return f"({printer._print(self.written)})"

    _sympyrepr = _sympystr

    def _latex(self, printer: Any) -> str:
        return rf"\left({printer._print(self.written)}\right)"


@dataclass(frozen=True)
class _Maker:
    law: Law
    definition: Expr
    __name__ = "closed"

    def __call__(self, *values: Expr) -> Abbreviation:
        return Abbreviation(self.law, self.definition, values)


@dataclass(frozen=True)
class _Values:
    """Evaluates all abbreviations in the same parameters together."""

    parameters: tuple[Symbol, ...]

    def values(self, nodes: Sequence[Abbreviation], points: np.ndarray) -> np.ndarray:
        """points (P, n) -> (P, len(nodes))."""
        import numpy as np

        return np.stack(numpy_function([n.definition for n in nodes], self.parameters)(*points.T), axis=-1)
