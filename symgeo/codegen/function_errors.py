"""How exact the functions of each target are, and how much they magnify the errors of their arguments.

All in units of the roundoff u = 2^-53 relative to the value: ``roundoff`` of a function at an exact argument, as a
number or, where that depends on the point, as an expression in the graph; ``magnified`` bounds |x f'(x)/f(x)| where a
number does. The numbers are those of measurements with many digits over arguments from 1e-6 to 1e9, rounded upwards;
C's functions, those of c_helpers/ and GSL, have numbers of their own where they lose more than NumPy's and SciPy's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from symgeo.codegen.graph import Graph, Node
from symgeo.codegen.ranges import Range
from symgeo.codegen.special_functions import TABLE

INF = float("inf")
_DEFAULT = 1000.0
_ROUNDOFF = {
    **dict.fromkeys(("Abs", "sign", "floor", "ceiling", "Min", "Max", "largest_of", "Heaviside"), 0.0),
    **dict.fromkeys(("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "exp2", "hypot", "Mod"), 4.0),
    **dict.fromkeys(("asin", "acos", "atan", "asinh", "acosh", "atanh", "atan2", "log1p", "expm1", "log2"), 4.0),
    **dict.fromkeys(("log10", "log_one_plus", "exp_minus_one", "log_one_minus_exp"), 4.0),
    **dict.fromkeys(("gamma", "erf", "erfinv", "erfcinv", "expint", "scaled_expint", "scaled_erfc", "Si"), 20.0),
    **dict.fromkeys(("LambertW", "elliptic_k", "polylog", "polylog_tail", "zeta_derivative", "Shi"), 40.0),
    **dict.fromkeys(("loggamma", "log_gamma", "scaled_integro_exponential"), 200.0),
    **dict.fromkeys(("regularized_beta", "regularized_lower_gamma", "regularized_upper_gamma"), 20000.0),
}
_ROUNDOFF_IN_C = {"expint": 300.0, "scaled_expint": 300.0, "log_normal_cdf": 5000.0, "uppergamma": 20000.0}
_POLYGAMMA = {"numpy": 20.0, "c": 100.0}
# Values that change their sign: what is lost there is measured by this much besides.
_OSCILLATING = {"besselj": 20, "bessely": 100, "Ci": 20, "Ei": 20, "Chi": 20, "hyp0f1": 100, "li": 20}
# |x f'/f| <= 1 for every x, and for x > 0.
_TAME = {"Abs", "tanh", "erf", "atan", "asinh", "scaled_erfc", "sign", "Heaviside"}
_TAME_OF_POSITIVE = {"log1p", "log_one_plus", "scaled_expint"}
_CHOICES = {"Min", "Max", "largest_of"}
_NATIVE = {
    "numpy": re.compile(r"np\.\w+\(\{0\}(, \{1\})?\)|_log_one_plus_exp\(\{[01]\}\)"),
    "c": re.compile(r"(?!sg_)\w+\(.*\)|sg_(sign|mod|min|max|heaviside|log_add_exp|log_one_minus_exp)\(.*\)"),
}
_MOST_ORDER = 8
_MOST_EXPONENT = 100.0


def is_native(node: Node, target: str) -> bool:
    """Whether a call is one of the target's own, which tell of overflow and underflow by the processor's flags."""
    return _NATIVE[target].fullmatch(node.data[1]) is not None


def order_of(graph: Graph, node: Node) -> int | None:
    """The literal whole order of a function, its first argument."""
    order = graph.nodes[node.args[0]]
    return order.data if order.kind == "number" and isinstance(order.data, int) else None


def roundoff(graph: Graph, node: Node, ranges: Sequence[Range], target: str) -> float | None:
    """The error at exact arguments where one number bounds it, else None: then `roundoff_there`."""
    name = node.data[0].name
    if target == "c" and name in _ROUNDOFF_IN_C:
        return _ROUNDOFF_IN_C[name]
    if name in _ROUNDOFF:
        known = _ROUNDOFF[name]
        # Near their zeros, and left of zero, the logarithms of gamma functions lose digits.
        return None if name in ("loggamma", "log_gamma") and ranges[0][0] < 0 else known
    if name == "polygamma":
        order = order_of(graph, node)
        known = _POLYGAMMA[target]
        return known if order is not None and order < _MOST_ORDER and ranges[1][0] >= 0 else None
    if name == "zeta":
        order = order_of(graph, node)
        return 20.0 if len(node.args) == 1 or (order is not None and order <= _MOST_ORDER) else None
    if name == "RisingFactorial":
        step = graph.nodes[node.args[1]].data
        return 4.0 * step if isinstance(step, int) and 0 < step <= 100 else None
    if name.endswith(("besseli", "besselk")):
        return 1000.0 if order_of(graph, node) is not None else None
    if name in _THERE or name in _OSCILLATING or (target == "c" and name in _THERE_IN_C):
        return None
    return _DEFAULT


def roundoff_there(graph: Graph, node: Node, size: int, target: str) -> int:
    """The error, absolute, at exact arguments as a node of the graph; ``size`` is |f|."""
    name = node.data[0].name
    there = {**_THERE, **_THERE_IN_C} if target == "c" else _THERE
    if name not in there:
        return graph.add([graph.mul(graph.number(1000), size), graph.number(_OSCILLATING[name])])
    relative, absolute = there[name]
    total = graph.mul(_linear(graph, node.args, relative, target), size)
    return graph.add([total, _linear(graph, node.args, absolute, target)]) if absolute else total


# Relative and absolute part: coefficients of 1, of the sizes x and y of the first two arguments, logarithms and powers.
_Part = dict[str, float]
_SHAPES: _Part = {"1": 100, "x": 100, "y": 100}
_THERE: dict[str, tuple[_Part, _Part]] = {
    "beta": (_SHAPES, {}),
    "RisingFactorial": (_SHAPES, {}),
    "binomial": (_SHAPES, {}),
    "log_binomial": ({"1": 100}, _SHAPES),
    "log_beta": ({"1": 50}, {"1": 100, "log x": 100, "log y": 100}),
    "log_gamma_ratio": ({"1": 100}, {"1": 200, "log x": 200}),
    "log_add_exp": ({"1": 4}, {"1": 4, "x": 4, "y": 4}),
    "loggamma": ({"1": 200}, {"1": 200, "x": 200}),
    "log_gamma": ({"1": 200}, {"1": 200, "x": 200}),
    "polygamma": ({"1": 20, "x^4": 10}, {"1": 100, "y": 100}),
    "zeta": ({"1": 20, "x^4": 10}, {}),
    **dict.fromkeys(("besseli", "besselk", "scaled_besseli", "scaled_besselk"), ({"1": 1000.0, "x": 100.0}, {})),
    "hyp1f1": ({"1": 100, "x": 10, "y": 10}, {}),
    "hyp2f1": ({"1": INF}, {}),
    "lerchphi": ({"1": INF}, {}),
    "polygamma_tail": ({"1": 1e12}, {}),
    # Far out, phases are known to no more digits than their large arguments.
    **dict.fromkeys(("fresnels", "fresnelc"), ({"1": 1000, "x": 10}, {})),
    **dict.fromkeys(("airyai", "airyaiprime", "airybi", "airybiprime"), ({"1": 1000}, {"1": 100, "x^2": 0.1})),
}
_THERE_IN_C: dict[str, tuple[_Part, _Part]] = {
    "polygamma": ({"1": 100, "x^4": 10}, {"1": 100, "y": 100}),
    "besselj": ({"1": 1000}, {"1": 20, "x": 1, "y": 1}),
    "bessely": ({"1": 1000}, {"1": 100, "x": 1, "y": 1}),
    # GSL loses ten digits at some orders that are not whole.
    **dict.fromkeys(("besseli", "scaled_besseli"), ({"1": INF}, {})),
}


def _linear(graph: Graph, args: Sequence[int], part: _Part, target: str) -> int:
    terms = []
    for letter, coefficient in part.items():
        factor = graph.constant("inf") if coefficient == INF else graph.number(float(coefficient))
        if letter != "1":
            x = args["xy".index(letter.removeprefix("log ")[0])]
            for name in ["log"] * letter.startswith("log") + ["Abs"]:
                x = graph.call((TABLE[name], TABLE[name].spell(target, (None,))), [x])
            factor = graph.mul(factor, graph.power(x, int(letter.partition("^")[2] or 1)))
        terms.append(factor)
    return graph.add(terms)


def magnified(graph: Graph, node: Node, ranges: Sequence[Range]) -> float | None:
    """A bound of |x f'(x)/f(x)| over the inexact arguments, where a number is one."""
    name = node.data[0].name
    positive = all(r[0] >= 0 for r in ranges)
    if name in _TAME or name in _CHOICES or (positive and name in _TAME_OF_POSITIVE):
        return 1.0
    if name in ("expm1", "exp_minus_one") and ranges[0][1] <= 0:
        return 1.0
    if name in ("exp", "expm1", "exp_minus_one"):
        size = max(map(abs, ranges[0])) + 1.0
        return size if size <= _MOST_EXPONENT else None
    order = order_of(graph, node)
    if order is None or not positive:
        return None
    if name == "polygamma" and order > 0:
        return order + 1.0
    if name == "zeta" and len(node.args) == 2 and order > 1:
        return float(order)
    return order + 1.0 if name in ("scaled_besseli", "scaled_besselk") else None
