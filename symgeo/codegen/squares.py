"""Differences of two squares as products: (1 - x)(1 + x) has all digits near x = 1, and 1 - x**2 has few."""

from __future__ import annotations

from math import isqrt

from symgeo.codegen.graph import Graph, Node
from symgeo.codegen.kernel import Program


def with_factored_squares(compiled: Program) -> Program:
    """The same program with x**2 - y**2 by its factors, for symbols and numbers x and y; nodes are copied once."""
    old, graph = compiled.graph, Graph()
    made: dict[int, int] = {}
    for number in old.live(compiled.outputs):
        node = old.nodes[number]
        difference = node.kind == "add" and sorted(node.data) == [-1, 1]
        roots = [r for a in node.args if (r := _root(old, a)) is not None] if difference else []
        if len(roots) == 2:
            first, second = (made[r] if isinstance(r, int) else graph.number(r[0]) for r in roots)
            factors = graph.add([first, graph.neg(second)]), graph.add([first, second])
            product = graph.mul(*factors)
            made[number] = product if node.data[0] > 0 else graph.neg(product)
        else:
            made[number] = graph.copied(Node(node.kind, node.data, tuple(made[a] for a in node.args)))
    return Program(graph, tuple(made[o] for o in compiled.outputs))


def _root(graph: Graph, number: int) -> int | tuple[int] | None:
    """The symbol, as its node, or the number, as a tuple, whose square this is; None if it is neither's."""
    node = graph.nodes[number]
    if node.kind == "number" and isinstance(node.data, int) and 0 < node.data < 2**53:
        root = isqrt(node.data)
        return (root,) if root * root == node.data else None
    if node.kind == "mul" and node.args[0] == node.args[1] and graph.nodes[node.args[0]].kind == "symbol":
        return node.args[0]
    return None
