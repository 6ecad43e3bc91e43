"""Chernoff's information: the largest ``-log`` of the affinity, at an exponent that is found exactly or in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra.algebraic import coefficients
from symgeo.codegen import lambdify
from symgeo.codegen.numeric_node import NumericNode
from symgeo.models.affinity import integrated
from symgeo.models.divergences import pair_of
from symgeo.models.members import Values, field_of, is_tidied, member

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr, Symbol

    from symgeo.models.pair import Pair
    from symgeo.models.statistical_model import StatisticalModel

_HALVINGS = 60


def chernoff_information(model: StatisticalModel, p: Any, q: Any) -> Expr:
    """``C(p, q) = max over 0 < t < 1 of -log(integral of p^(1-t) q^t)``, the error exponent of a Bayesian test.

    In closed form where the derivative in t is linear, as for normal laws of one variance, and for families with one
    natural parameter whose expectation parameter can be inverted. Else the best t is a node ``t*`` that ``lambdify``
    finds by bisection of the derivative, which changes sign between 0 and 1 and grows; nan where that cannot be
    computed. Errors as for :func:`~symgeo.models.divergences.kl_divergence`.
    Source: Chernoff, Ann. Math. Statist. 23 (1952) 493-507; Nielsen, IEEE Signal Process. Lett. 20 (2013) 269-272.
    """
    at_p, at_q = member(model, p), member(model, q)
    if at_p == at_q:
        return sp.S.Zero
    pair = pair_of(model)
    closed = _linear(pair, at_p, at_q) or _of_one_parameter(pair, at_p, at_q)
    if closed is not None:
        return closed
    parameters = pair.chart.parameters
    if pair.affinity is not None:
        t, log_value = pair.affinity.t, pair.affinity.log_value
    else:
        t = sp.Dummy("t", real=True)
        log_value = integrated(pair, t)
    best = ChernoffExponent(_Equation(sp.diff(log_value, t), t, parameters), (*at_p, *at_q))
    return -pair.at(log_value, at_p, at_q, {t: t}).subs(t, best)


def _linear(pair: Pair, p: Values, q: Values) -> Expr | None:
    """Where the derivative of log c vanishes at a t that a linear equation gives."""
    found = pair.affinity
    if found is None:
        return None
    log_value = found.log_value.subs(dict(zip(pair.chart.parameters, (*p, *q), strict=True)), simultaneous=True)
    if not is_tidied(log_value):
        return None
    field = field_of(pair.model, (p, q))
    slope = field(log_value).diff(found.t)
    generators = [g for g in field.used_generators(field.polynomial(slope.numerator)) if found.t in g.symbols]
    if len(generators) != 1 or not generators[0].is_symbol:
        return None
    parts = coefficients(field.polynomial(slope.numerator), generators[0].index)
    if max(parts) != 1:
        return None
    best = (-parts.get(0, field.zero) / parts[1]).to_sympy()
    return pair.at(-found.log_value, p, q, {found.t: best})


def _of_one_parameter(pair: Pair, p: Values, q: Values) -> Expr | None:
    """``D(m || p) = D(m || q)`` for the member m whose mean is ``(psi(q) - psi(p))/(eta(q) - eta(p))``."""
    family = pair.model.exponential_family
    if family is None or family.is_curved or len(family.natural_parameters) != 1:
        return None
    inverse = family.duality.coordinates_from_expectation
    if inverse is None:
        return None
    (eta,), psi, (symbol,) = family.natural_parameters, family.log_partition, family.expectation_symbols

    def second(e: Expr) -> Expr:
        return e.subs(pair.to_second, simultaneous=True)

    mean = (second(psi) - psi) / (second(eta) - eta)
    middle = dict(zip(pair.model.parameters, (e.subs(symbol, mean) for e in inverse), strict=True))
    found = (eta.subs(middle) - eta) * mean - psi.subs(middle) + psi
    return pair.at(found, p, q)


@dataclass(frozen=True)
class _Equation:
    """``slope = 0`` for t, a function of the parameters that grows from below zero to above on (0, 1)."""

    slope: Expr
    t: Symbol
    parameters: tuple[Symbol, ...]

    def __lt__(self, other: _Equation) -> bool:
        # SymPy sorts the terms of sums and products by what they hold.
        return str(self.slope) < str(other.slope)

    def __gt__(self, other: _Equation) -> bool:
        return str(self.slope) > str(other.slope)

    @cached_property
    def _function(self) -> Any:
        return lambdify(self.slope, (self.t, *self.parameters))

    def values(self, nodes: Sequence[NumericNode], points: np.ndarray) -> np.ndarray:
        """The root at points (P, n), repeated for every node -> (P, len(nodes))."""
        import numpy as np

        low, high = np.zeros(len(points)), np.ones(len(points))
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            slope = self._function(np.column_stack([middle, points]))
            low = np.where(slope < 0, middle, low)
            high = np.where(slope >= 0, middle, high)
            low, high = (np.where(np.isnan(slope), np.nan, end) for end in (low, high))
        return np.repeat(((low + high) / 2)[:, None], len(nodes), axis=1)


class ChernoffExponent(NumericNode):
    """The t at which ``-log c(t)`` is largest, as a function of the parameters of two members.

    It differentiates as the implicit function that it is.
    """

    equation: _Equation

    def __new__(cls, equation: _Equation, values: Sequence[Expr]) -> ChernoffExponent:
        node = super().__new__(cls, *values)
        node.equation = equation
        return node

    def _hashable_content(self) -> tuple:
        return (self.equation, *self.args)

    def __getnewargs__(self) -> tuple:
        return (self.equation, self.args)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return (type(self), self.__getnewargs__())

    @property
    def func(self) -> Any:
        """What makes the same exponent at other parameter values."""
        return _Maker(self.equation)

    @property
    def source(self) -> _Equation:
        """The equation, which is solved in numbers."""
        return self.equation

    def _eval_derivative(self, s: Symbol) -> Expr:
        equation = self.equation
        here = {**dict(zip(equation.parameters, self.args, strict=True)), equation.t: self}
        bend = sp.diff(equation.slope, equation.t)
        rates = (
            -sp.diff(equation.slope, parameter).subs(here, simultaneous=True) * value.diff(s)
            for parameter, value in zip(equation.parameters, self.args, strict=True)
            if s in value.free_symbols
        )
        return sp.Add(*rates) / bend.subs(here, simultaneous=True)

    def _eval_evalf(self, prec: int) -> Expr:
        import numpy as np

        if self.free_symbols:
            return self
        return sp.Float(float(self.equation.values([self], np.array([[float(a) for a in self.args]]))[0, 0]))

    def _sympystr(self, printer: Any) -> str:
        return f"t*({', '.join(map(printer._print, self.args))})"

    _sympyrepr = _sympystr

    def _latex(self, printer: Any) -> str:
        return rf"t^{{*}}\left({', '.join(map(printer._print, self.args))}\right)"


@dataclass(frozen=True)
class _Maker:
    """The function of the parameter values that an exponent is an application of."""

    equation: _Equation
    __name__ = "t"

    def __call__(self, *values: Expr) -> ChernoffExponent:
        return ChernoffExponent(self.equation, values)
