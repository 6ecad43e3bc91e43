"""Spelling of a graph for targets whose arrays are differentiated and never written to."""

from __future__ import annotations

from symgeo.codegen.graph import Node
from symgeo.codegen.printer import Text, call
from symgeo.codegen.python_printer import PythonPrinter


class FunctionalPrinter(PythonPrinter):
    """Operators on arrays, and the guards of branches (branches.py)."""

    def _print_guard(self, node: Node, args: list[Text]) -> Text:
        return call("_where_taken({0}, {1})", args)
