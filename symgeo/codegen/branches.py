"""Choices whose gradient does not see the branch that is not taken.

Backwards through where(c, a, b), a branch that is not taken receives zero, and zero times an infinite slope is nan. So
every symbol inside a branch is read through a guard, which has the symbol's value and lets a gradient pass only where
the branch is taken: where(c, x, stop_gradient(x)).
"""

from __future__ import annotations

from symgeo.codegen.graph import Graph, Node
from symgeo.codegen.kernel import Program

# Operations without slopes that could be infinite or nan.
_SMOOTH = {"number", "boolean", "constant", "symbol", "neg", "add", "mul", "compare", "and", "or", "not", "guard"}

# The conditions under which a node is evaluated: the node of each.
_Context = tuple[int, ...]


def with_guarded_branches(compiled: Program) -> Program:
    """The same program with a guard on every symbol in a branch that may have infinite slopes."""
    if not any(compiled.graph.nodes[i].kind == "select" for i in compiled.graph.live(compiled.outputs)):
        return compiled
    copy = _Copy(compiled.graph)
    return Program(copy.graph, tuple(copy.build(output, ()) for output in compiled.outputs))


class _Copy:
    """A graph built anew, each node once in every context that it is read in."""

    def __init__(self, old: Graph):
        self.old = old
        self.graph = Graph()
        self._made: dict[tuple[int, _Context], int] = {}
        self._steep: dict[int, bool] = {}

    def build(self, root: int, context: _Context) -> int:
        """The new number of the old node ``root``; without recursion, for programs are long."""
        stack = [(root, context)]
        while stack:
            number, within = stack[-1]
            if (number, within) in self._made:
                stack.pop()
                continue
            waiting = [need for need in self._needs(number, within) if need not in self._made]
            if waiting:
                stack += waiting
            else:
                self._made[number, within] = self._combine(number, within)
                stack.pop()
        return self._made[root, context]

    def _needs(self, number: int, within: _Context) -> list[tuple[int, _Context]]:
        node = self.old.nodes[number]
        if node.kind != "select":
            return [(a, within) for a in node.args]
        value, condition, otherwise = node.args
        if (condition, within) not in self._made:
            return [(condition, within)]
        return [(value, self._inside(number, 0, within)), (otherwise, self._inside(number, 2, within))]

    def _inside(self, select: int, branch: int, within: _Context) -> _Context:
        """The context of a branch; a smooth one needs no guards of its own."""
        node = self.old.nodes[select]
        if not self._is_steep(node.args[branch]):
            return within
        taken = self._made[node.args[1], within]
        return (*within, taken if branch == 0 else self.graph.logical_not(taken))

    def _is_steep(self, root: int) -> bool:
        if root not in self._steep:
            self._steep[root] = any(self.old.nodes[i].kind not in _SMOOTH for i in self.old.live([root]))
        return self._steep[root]

    def _combine(self, number: int, within: _Context) -> int:
        node = self.old.nodes[number]
        new = [self._made[need] for need in self._needs(number, within)]
        if node.kind == "select":
            new.insert(1, self._made[node.args[1], within])
        if node.kind == "symbol":
            leaf = self.graph.symbol(node.data)
            return self.graph.guard(self._conjunction(within), leaf) if within else leaf
        return self.graph.copied(Node(node.kind, node.data, tuple(new)))

    def _conjunction(self, within: _Context) -> int:
        return self.graph.logical("and", sorted(set(within)))
