"""PyTorch's spelling of the operations of a graph."""

from __future__ import annotations

from symgeo.codegen.functional_printer import FunctionalPrinter
from symgeo.codegen.graph import Node
from symgeo.codegen.printer import ATOM, Text, call


class TorchPrinter(FunctionalPrinter):
    """Operators on tensors. PyTorch's functions take no Python numbers: these become tensors beside the arguments."""

    target = "torch"
    module = "torch"
    scalar = "_number({0}, {1})"

    def _print_boolean(self, node: Node, args: list[Text]) -> Text:
        return Text(f"torch.tensor({node.data}, device={self.like}.device)", ATOM)

    def _print_sqrt(self, node: Node, args: list[Text]) -> Text:
        return call("torch.sqrt({0})", [self._tensor(a) for a in args])

    def _print_pow(self, node: Node, args: list[Text]) -> Text:
        base, exponent = args
        if base.plain and exponent.plain:
            return call("torch.pow({0}, {1})", [self._tensor(base), exponent])
        return super()._print_pow(node, args)

    def _print_call(self, node: Node, args: list[Text]) -> Text:
        template = node.data[1]
        if template.startswith("torch."):
            args = [self._tensor(a) for a in args]
        elif all(a.plain for a in args):
            args = [*args[:-1], self._tensor(args[-1])]
        return call(template, args)

    def _print_select(self, node: Node, args: list[Text]) -> Text:
        value, condition, otherwise = args
        return call("torch.where({0}, {1}, {2})", [condition, self._tensor(value), self._tensor(otherwise)])

    def _tensor(self, a: Text) -> Text:
        return self.as_scalar(a) if a.plain else a
