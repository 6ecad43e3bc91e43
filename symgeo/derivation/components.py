"""Which components of a tensor are worth a line: all when they are few and short, else the short ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sympy import Expr, preorder_traversal

from symgeo.algebra.element import Element
from symgeo.algebra.tensor import Tensor
from symgeo.codegen.numeric_node import NumericNode

MOST_COMPONENTS = 40
# How many stand for the rest when there are more than that.
EXAMPLES = 12
MOST_OPERATIONS = 1500
# A single component longer than this is a page of its own.
LONGEST = 250
_MOST_TERMS = 120
# An expectation that stays is as hard to read as this many operations.
_NODE = 10


@dataclass(frozen=True)
class Selection:
    """Components by index, in index order, and how many independent nonzero ones there are."""

    components: dict[tuple[int, ...], Expr]
    total: int

    @property
    def left_out(self) -> int:
        """How many independent nonzero components are not shown."""
        return self.total - len(self.components)


def select(tensor: Tensor, most: int = MOST_COMPONENTS, operations: int = MOST_OPERATIONS) -> Selection:
    """The shortest independent nonzero components, within the number and the operations allowed."""
    sized = [(size(tensor.element(*i)), i) for i in tensor.independent() if tensor.element(*i)]
    chosen: dict[tuple[int, ...], Expr] = {}
    spent = 0
    for terms, index in sorted(sized)[: most if len(sized) <= most else EXAMPLES]:
        if terms > _MOST_TERMS:
            break
        expr = tensor[index]
        cost = effort(expr)
        if cost > LONGEST or spent + cost > operations:
            continue
        chosen[index] = expr
        spent += cost
    return Selection(dict(sorted(chosen.items())), len(sized))


def size(element: Element) -> int:
    """The number of terms of the numerator, known before anything is converted to SymPy."""
    return len(element.numerator)


def effort(expr: Expr) -> int:
    """What it takes to read an expression: its operations, and more for every expectation that stays in it."""
    nodes = sum(isinstance(e, NumericNode) for e in preorder_traversal(expr)) if expr.has(NumericNode) else 0
    return int(expr.count_ops()) + _NODE * nodes


def operations(expressions: Iterable[Expr]) -> int:
    """How many operations the expressions take together."""
    return sum(int(e.count_ops()) for e in expressions)
