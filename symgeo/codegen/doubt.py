"""Running error bounds of a program: which of its values lose too many digits in double precision.

Every node v gets a bound of its error in units of u = 2^-53. Where the signs of terms and the kinds of functions prove
it, the bound is a number times |v|, known before any point. Elsewhere, for sums of terms of both signs, logarithms,
exponentials and all that depends on them, it is computed beside the value, as a node of the same graph: for a sum
E = sum E_i + |v|, for a product |a| E_b + |b| E_a + |v|, for a function |f'(x)| E_x + c |f(x)|. Bounds have the form
c N with a number c; that of a sum has N = sum |v_i|, which is not smaller than |v|: roundings to come only add to c. A
program is sure at a point where all its outputs have bounds small against their values.

Sources: Wilkinson, Rounding Errors in Algebraic Processes (1963); Higham, Accuracy and Stability of Numerical
Algorithms (2002), sections 3.1 to 3.4. The bounds are of first order in u.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from symgeo.codegen.function_errors import is_native, magnified, roundoff, roundoff_there
from symgeo.codegen.graph import Graph, Node
from symgeo.codegen.proofs import JUMPS, Proofs
from symgeo.codegen.special_functions import TABLE

# What an output may lose, in units of u: 2e-11 relative to its value.
MOST_ERROR = 2e-11 * 2.0**53
U = 2.0**-53
# Errors of underflow are below the least normal number; in units of u, with a margin.
_UNDERFLOW = 2.0**-960
LEAST, _STEP = 2.0**-1022, 2.0**-20
_SLOPES_ONE = {"sin", "cos", "Abs", "Min", "Max", "largest_of", "log_add_exp"}
_LONGEST = 16
# Bounds whose numbers differ by no more than this factor are added up as if they had the largest of these numbers.
_ALIKE = 8.0


class _Bound(NamedTuple):
    """The error is at most ``scale`` u times a node, which ``covers`` the value: is at least as large in size."""

    scale: float
    node: int
    covers: bool


class Doubt:
    """The bounds of one graph, which grows by them.

    ``positive`` are nodes known to be positive wherever the values matter. With ``everywhere`` nothing is taken for
    granted but exact arguments: every bound is computed, and holds also where values overflow or underflow. ``target``
    is the language whose functions are meant.
    """

    def __init__(
        self,
        graph: Graph,
        outputs: Sequence[int],
        positive: Sequence[int] = (),
        everywhere: bool = False,
        target: str = "numpy",
    ):
        self.graph = graph
        self._outputs = outputs
        self._everywhere, self._target = everywhere, target
        self.live = graph.live([*outputs, *positive])
        # The last word before many digits: there no bound is made larger to save an operation.
        self._alike = 1.0 if everywhere else _ALIKE
        self._bounds: dict[int, _Bound | None] = {}
        self._proofs = Proofs(graph, self.live, positive, everywhere, target)
        self.proven = self._proofs.bounds

    def sizes(self, number: int) -> int:
        """|v| as a node."""
        sign = self._proofs.sign(number)
        if sign:
            return number if sign > 0 else self.graph.neg(number)
        return self._call("Abs", [number])

    def _call(self, name: str, args: Sequence[int]) -> int:
        row = TABLE[name]
        return self.graph.call((row, row.spell(self._target, (None,) * len(args))), args)

    def error(self, number: int) -> int | None:
        """The bound of a node's error, absolute in units of u, as a node; None where there is no error."""
        bound = self._bound(number)
        return None if bound is None else self.graph.mul(self.graph.number(bound.scale), bound.node)

    def _bound(self, number: int) -> _Bound | None:
        stack = [number]
        while stack:
            i = stack[-1]
            proven = self.proven[i]
            waiting = [a for a in self.graph.nodes[i].args if a not in self._bounds] if proven is None else []
            if waiting:
                stack += waiting
                continue
            stack.pop()
            if i not in self._bounds:
                if proven is None:
                    self._bounds[i] = self._computed(i)
                else:
                    self._bounds[i] = _Bound(proven, self.sizes(i), True) if proven else None
        return self._bounds[number]

    def _scaled(self, factor: float, number: int) -> int:
        return self.graph.mul(self.graph.number(factor), self.sizes(number))

    def _total(self, terms: Sequence[int | None]) -> int | None:
        found = [t for t in terms if t is not None]
        return self.graph.add(found) if found else None

    def _times(self, factor: int, error: int | None) -> int | None:
        return None if error is None else self.graph.mul(factor, error)

    def _computed(self, number: int) -> _Bound | None:
        node = self.graph.nodes[number]
        if node.kind == "neg":
            return self._bounds[node.args[0]]
        bounds = [self._bounds[a] for a in node.args]
        if node.kind == "add":
            return self._of_sum(number, node, bounds)
        if node.kind in ("mul", "div") and not self._everywhere:
            found = self._of_product(node, bounds)
            if found is not None:
                return found
        errors = [self.error(a) for a in node.args]
        terms = [self._of_select(node, errors)] if node.kind == "select" else self._of_any(number, node, errors)
        total = self._total(terms)
        return None if total is None else _Bound(1.0, total, False)

    def _of_any(self, number: int, node: Node, errors: list[int | None]) -> list[int | None]:
        return [*getattr(self, "_of_" + node.kind)(number, node, errors), self._lost(node)]

    def _added(self, parts: Sequence[_Bound]) -> _Bound:
        """The sum of bounds, which covers the sum of what those among them that cover anything do."""
        graph, scale = self.graph, max(p.scale for p in parts)
        alike = [p.scale * self._alike >= scale for p in parts]
        nodes = [p.node if same else self._part(p.scale / scale, p.node) for p, same in zip(parts, alike, strict=True)]
        covers = [same for p, same in zip(parts, alike, strict=True) if p.covers]
        return _Bound(scale, graph.add(nodes), bool(covers) and all(covers))

    def _part(self, factor: float, node: int) -> int:
        return self.graph.mul(self.graph.number(factor), node)

    def _lost(self, node: Node) -> int | None:
        """What underflow takes: nothing where an exact zero is multiplied or divided."""
        if not self._everywhere:
            return None
        graph = self.graph
        least, zero = graph.number(_UNDERFLOW), graph.number(0)
        if node.kind not in ("mul", "div", "sqrt"):
            return least
        exact = []
        for a in dict.fromkeys(node.args if node.kind == "mul" else node.args[:1]):
            total = self._total([self.sizes(a), self.error(a)])
            assert total is not None, "a size is no error"
            exact.append(graph.compare("==", total, zero))
        return graph.select([(zero, graph.logical("or", exact))], least)

    def _of_sum(self, number: int, node: Node, bounds: Sequence[_Bound | None]) -> _Bound:
        """Every term passes through all additions at most; two terms are rounded once, as their sum."""
        rounding = float(len(node.args) - 1)
        ready = [b is not None and b.covers and not self._everywhere for b in bounds]
        if len(bounds) == 2 and not all(ready):
            return self._added([*(b for b in bounds if b is not None), _Bound(1.0, self.sizes(number), True)])
        parts = []
        for a, bound, enough in zip(node.args, bounds, ready, strict=True):
            if bound is not None and (enough or self.proven[a] is not None):
                parts.append(_Bound(bound.scale + rounding, bound.node, True))
            else:
                parts += [] if bound is None else [bound._replace(covers=False)]
                parts.append(_Bound(rounding, self.sizes(a), True))
        return self._added(parts)

    def _of_product(self, node: Node, bounds: Sequence[_Bound | None]) -> _Bound | None:
        """The bound of a product or quotient from one that covers; None where none does."""
        graph, (a, b) = self.graph, node.args
        below = node.kind == "div"
        if below and self.proven[b] is None:
            return None
        open_ = [i for i in (0, 1) if self.proven[node.args[i]] is None]
        parts = []
        rounding = 1.0 + sum(self.proven[x] or 0.0 for x in (a, b))
        for i in open_:
            bound = bounds[i]
            if bound is None or not bound.covers:
                return None
            other = self.sizes(node.args[1 - i])
            of_one = graph.div(bound.node, other) if below else graph.mul(other, bound.node)
            parts.append(_Bound(bound.scale + rounding, of_one, True))
            rounding = 0.0
        if a == b:
            return _Bound(2 * parts[0].scale - 1, parts[0].node, True)
        return self._added(parts)

    def _of_mul(self, number: int, node: Node, errors: list[int | None]) -> list[int | None]:
        a, b = node.args
        if a == b:
            twice = self._times(self.graph.number(2), self._times(self.sizes(a), errors[0]))
            return [twice, self.sizes(number), *self._second(errors[0], errors[0])]
        rounding, terms = 1.0, []
        for one, other in ((0, 1), (1, 0)):
            proven = self.proven[node.args[one]]
            rounding += proven or 0.0
            if proven is None:
                terms.append(self._times(self.sizes(node.args[other]), errors[one]))
        return [*terms, self._scaled(rounding, number), *self._second(*errors)]

    def _second(self, a: int | None, b: int | None) -> list[int | None]:
        """The product of two errors, which counts where values are lost."""
        if not self._everywhere or a is None or b is None:
            return []
        return [self.graph.mul(self.graph.number(U), self.graph.mul(a, b))]

    def _of_div(self, number: int, node: Node, errors: list[int | None]) -> list[int | None]:
        a, b = node.args
        rounding = 1.0 + (self.proven[a] or 0.0) + (self.proven[b] or 0.0)
        above = [errors[0] if self.proven[a] is None else None]
        if self.proven[b] is None:
            above.append(self._times(self.sizes(number), errors[1]))
        total = self._total(above)
        return [None if total is None else self.graph.div(total, self.sizes(b)), self._scaled(rounding, number)]

    def _of_sqrt(self, number: int, node: Node, errors: list[int | None]) -> list[int | None]:
        return [None if errors[0] is None else self.graph.div(errors[0], number), self.sizes(number)]

    def _of_pow(self, number: int, node: Node, errors: list[int | None]) -> list[int | None]:
        graph, (a, b), size = self.graph, node.args, self.sizes(number)
        relative = [graph.number(4.0)]
        if errors[0] is not None:
            relative.append(graph.div(graph.mul(self.sizes(b), errors[0]), self.sizes(a)))
        if errors[1] is not None:
            relative.append(graph.mul(errors[1], self._call("Abs", [self._call("log", [a])])))
        return [graph.mul(graph.add(relative), size)]

    def _of_call(self, number: int, node: Node, errors: list[int | None]) -> list[int | None]:
        graph, size = self.graph, self.sizes(number)
        error = roundoff(graph, node, [self._proofs.range(a) for a in node.args], self._target)
        if error is None:
            own: int | None = roundoff_there(graph, node, size, self._target)
        else:
            own = graph.mul(graph.number(error), size) if error else None
        return [own, *(self._through(number, node, i) for i, e in enumerate(errors) if e is not None)]

    def _through(self, number: int, node: Node, i: int) -> int:
        """What the error of an argument does to a function: its slope, or a difference quotient in its place."""
        graph, name, a, error = self.graph, node.data[0].name, node.args[i], self.error(node.args[i])
        assert error is not None, "an exact argument has no error"
        if name in _SLOPES_ONE:
            return error
        if name in JUMPS:
            return graph.select([(graph.number(0), self._stays(number, node, i, error))], graph.constant("inf"))
        if name == "exp":
            return graph.mul(self.sizes(number), error)
        if name == "log":
            return graph.div(error, self.sizes(a))
        most = magnified(graph, node, [self._proofs.range(x) for x in node.args])
        relative = graph.div(error, self.sizes(a))
        if most is not None:
            return graph.mul(graph.mul(graph.number(most), relative), self.sizes(number))
        moved = graph.mul(a, graph.number(1 + _STEP))
        there = graph.call(node.data, [moved if j == i else x for j, x in enumerate(node.args)])
        change = self._call("Abs", [graph.add([there, graph.neg(number)])])
        return graph.mul(graph.mul(graph.number(2 / _STEP), change), relative)

    def _stays(self, number: int, node: Node, i: int, error: int) -> int:
        """Whether a step function has the same value all over its argument's error."""
        graph, a = self.graph, node.args[i]
        reach = graph.mul(graph.number(2 * U), error)
        ends = [graph.add([a, reach]), graph.add([a, graph.neg(reach)])]
        there = [graph.call(node.data, [e if j == i else x for j, x in enumerate(node.args)]) for e in ends]
        return graph.logical("and", [graph.compare("==", number, value) for value in there])

    def _of_select(self, node: Node, errors: list[int | None]) -> int:
        """The error of the branch taken, without bound where the condition is not sure."""
        graph = self.graph
        condition, zero = node.args[1], graph.number(0)
        taken = graph.select([(errors[0] or zero, condition)], errors[2] or zero)
        doubtful = [t for i in graph.live([condition]) if (t := self._is_close(graph.nodes[i])) is not None]
        for test in doubtful:
            taken = graph.select([(taken, test)], graph.constant("inf"))
        return taken

    def _is_close(self, node: Node) -> int | None:
        """That a comparison is decided in spite of its sides' errors; None where they are exact."""
        if node.kind != "compare":
            return None
        error = self._total([self.error(a) for a in node.args])
        if error is None:
            return None
        graph, (a, b) = self.graph, node.args
        apart = self._call("Abs", [graph.add([a, graph.neg(b)])])
        return graph.compare("<", graph.mul(graph.number(2 * U), error), apart)

    def sure(self) -> int | None:
        """A condition under which all outputs are accurate enough, as a node; None where nothing need be looked at."""
        need = dict.fromkeys(self._outputs, MOST_ERROR)
        tests: dict[int, None] = {}
        for number in reversed(self.live):
            if self._everywhere:
                if number in need:
                    tests[self._everywhere_sure(number)] = None
                continue
            if number in need:
                proven = self.proven[number]
                if proven is None:
                    tests.update(dict.fromkeys(self._require(number, need)))
                elif proven > need[number]:
                    tests[self.graph.boolean(False)] = None
            node = self.graph.nodes[number]
            if node.kind == "call" and not is_native(node, self._target):
                size = self.sizes(number)
                tests[self.graph.compare("<=", self.graph.number(LEAST), size)] = None
                tests[self.graph.compare("<", size, self.graph.constant("inf"))] = None
        return self.all_of(list(tests))

    def all_of(self, tests: list[int]) -> int | None:
        """The conjunction of conditions as a node."""
        while len(tests) > 1:
            tests = [self.graph.logical("and", tests[i : i + _LONGEST]) for i in range(0, len(tests), _LONGEST)]
        return tests[0] if tests else None

    def _everywhere_sure(self, number: int) -> int:
        graph, size, error = self.graph, self.sizes(number), self.error(number)
        finite = graph.compare("<", size, graph.constant("inf"))
        if error is None:
            return finite
        return graph.logical("and", [finite, graph.compare("<=", error, self._scaled(MOST_ERROR, number))])

    def _require(self, number: int, need: dict[int, float]) -> list[int]:
        """Tests that bound an error by so much of the value; products hand the question on to their factors."""
        graph, node, wanted = self.graph, self.graph.nodes[number], need[number]

        def hand_on(a: int, least: float) -> None:
            need[a] = min(least, need.get(a, least))

        if node.kind == "neg":
            hand_on(node.args[0], wanted)
        elif node.kind in ("mul", "div"):
            open_ = [a for a in node.args if self.proven[a] is None]
            rest = wanted - 1 - sum(self.proven[a] or 0.0 for a in node.args)
            for a in open_:
                hand_on(a, rest / len(open_))
        elif node.kind == "sqrt":
            hand_on(node.args[0], 2 * (wanted - 1))
        else:
            bound = self._bound(number)
            if bound is not None:
                return [graph.compare("<=", bound.node, self._scaled(max(wanted, 0.0) / bound.scale, number))]
        return []

    def signs(self, conditions: Sequence[int]) -> tuple[int | None, int | None]:
        """Nodes: that no condition is negative for sure, and that all signs are sure; None where all always are."""
        graph = self.graph
        maybe, sure = [], []
        for condition in conditions:
            error = self.error(condition) if self.proven[condition] is None else None
            if error is None:
                maybe.append(graph.compare(">", condition, graph.number(0)))
                continue
            reach = graph.mul(graph.number(2 * U), error)
            maybe.append(graph.compare(">=", condition, graph.neg(reach)))
            sure.append(graph.compare("<", reach, self.sizes(condition)))
        return (self.all_of(maybe), self.all_of(sure)) if sure else (None, None)


class Exactness(NamedTuple):
    """Whether a program can be believed, as nodes of its graph.

    ``sure``: the outputs are accurate, and the signs of the conditions right; None if they always are. ``inside``: the
    point is not outside for sure; None if the signs of the conditions, as computed, tell.
    """

    sure: int | None
    inside: int | None


def exactness(
    graph: Graph,
    outputs: Sequence[int],
    conditions: Sequence[int],
    everywhere: bool = False,
    target: str = "numpy",
) -> Exactness:
    """When the outputs, as ``target`` computes them, are accurate wherever the conditions are positive."""
    doubt = Doubt(graph, outputs, conditions, everywhere, target)
    sure = doubt.sure()
    inside, signs = doubt.signs(conditions)
    return Exactness(doubt.all_of([t for t in (sure, signs) if t is not None]), inside)
