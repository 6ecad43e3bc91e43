"""The model of a derivation together with the letters it is written in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import sympy as sp
from sympy import Expr, Symbol

from symgeo.codegen.numeric_node import NumericNode
from symgeo.derivation.components import Selection, select
from symgeo.derivation.latex_printer import FieldPrinter
from symgeo.derivation.names import Name, name_of
from symgeo.derivation.notation import Notation
from symgeo.derivation.plain import plain_math
from symgeo.derivation.tidy import Tidy
from symgeo.derivation.width import width
from symgeo.errors import SymgeoError
from symgeo.expectation.reduced import ReducedExpectation

if TYPE_CHECKING:
    from symgeo.geometry.connection import Connection
    from symgeo.geometry.manifold import StatisticalManifold
    from symgeo.models.exponential_family import ExponentialFamily
    from symgeo.models.statistical_model import StatisticalModel

# In em: about the width of `shape`.
_LONGEST_INDEX = 3.5
_GAMMA_FUNCTIONS = (sp.gamma, sp.loggamma, sp.polygamma, sp.beta)


def connection_symbol(symbols: Sequence[Symbol]) -> Symbol:
    """A symbol for the order of a connection, unlike any of ``symbols``: alpha, or else a, c, s, ..."""
    taken = {name_of(s.name).base for s in symbols}
    letters = ("alpha", "a", "c", "s", "u", "v", "w", "z")
    free = [n for n in letters if name_of(n).base not in taken]
    return sp.Symbol(free[0] if free else "alpha_connection", real=True)


def _pivots(model: StatisticalModel) -> tuple[Symbol, ...]:
    """The variable of the pivot that the expectations are taken under, if there is one."""
    try:
        pivotal = model.rung in ("pivot", "elliptical symmetry")
    except SymgeoError:
        return ()
    radial = getattr(model.pivot, "radial", model.pivot)
    return (radial.pivot.variable,) if pivotal and isinstance(radial, ReducedExpectation) else ()


class Setting:
    """A model, its exponential form if any, the connection's alpha, and a letter for every object.

    ``alpha`` is a number, an expression, or None for a free symbol.
    """

    def __init__(self, model: StatisticalModel, alpha: Expr | None = None):
        self.model = model
        self.family: ExponentialFamily | None = model.exponential_family
        # The exponential form, where the expectations of its statistics are known.
        self.regular = self.family if self.family is not None and self.family.has_expectations else None
        symbols = (*model.variables, *model.parameters, *_pivots(model))
        self.alpha: Expr = connection_symbol(symbols) if alpha is None else alpha
        self.alpha_is_free = alpha is None
        self.dots = [sp.Dummy(f"{s.name}_dot", real=True) for s in model.parameters]
        taken = [letter for letter, found in ((r"\pi", sp.pi), ("e", sp.exp)) if model.density.has(found)]
        self.notation = Notation(symbols, first=sorted(self.alpha.free_symbols, key=str), last=self.dots, taken=taken)
        self.printer = FieldPrinter(self.notation)
        letter = self.notation.letter
        self.density = letter("p", "f", "q", "w")
        self.loglikelihood = self.notation.loglikelihood = letter(r"\ell", "L")
        self.notation.numbered = self.parameters if self.numbered else ()
        self.point = letter(r"\theta", r"\xi", r"\zeta", r"\omega")
        self.observation = letter("x", "y", "z", "v")
        self._name_dots()
        self.statistic = letter("t", "s", "u", "F")
        self.natural = letter(r"\eta", r"\vartheta", r"\zeta", r"\omega")
        self.expectation = letter(r"\mu", r"\tau", r"\nu", r"\chi")
        # The digamma function is written psi, so a potential beside it is not.
        digamma = (model.density if self.family is None else self.family.log_partition).has(*_GAMMA_FUNCTIONS)
        self.potential = letter(*(() if digamma else (r"\psi",)), "A", r"\Psi", r"\Lambda")
        self.dual_potential = letter(r"\varphi", r"\phi", r"\Phi", r"\chi")
        self.carrier = letter("h", "b", "c")
        # The scores of motions of the variable; a family without exponential form has no carrier.
        self.motion = self.notation.motion = self.carrier if self.family is None else letter("H", "B", "C")
        self.standard = letter("u", "v", "w", "z")
        self.shape = (letter("a", "b", "c"), letter("b", "c", "d"))
        self.reduced = letter("q", "f", "w", "v")
        self.distance = letter("r", r"\varrho", "R")
        self.centre = letter(r"\mu", r"\nu", "c")
        self.motion_matrix = letter("A", "M", "S")
        self.metric = letter("g", "G")
        self.cubic = letter("T", "C")
        self.curvature = letter("R", r"\mathcal{R}")

    def _name_dots(self) -> None:
        for n, (dot, symbol) in enumerate(zip(self.dots, self.model.parameters, strict=True), 1):
            name = self.notation.name(symbol).accented("dot", "'")
            if self.numbered:
                point = name_of(self.point.lstrip("\\"))
                latex = rf"{{\dot{{{self.point}}}^{{{n}}}}}"
                name = Name(latex, f"{point.unicode}{n}'", f"{point.ascii}{n}'", self.point)
            self.notation.define(dot, name)

    @cached_property
    def numbered(self) -> bool:
        """Whether indices are numbers, because the names of the parameters are too long for indices."""
        return any(width(self.notation.latex(p)) > _LONGEST_INDEX for p in self.parameters)

    def index(self, at: Sequence[int]) -> str:
        """The indices of a component: the names of the coordinates, or their numbers."""
        return self.notation.index([self.parameters[n] for n in at])

    @cached_property
    def tidy(self) -> Tidy:
        """The rewriting that expressions go through before they are written down."""
        return Tidy(self.model.chart.interior_points(3))

    @cached_property
    def manifold(self) -> StatisticalManifold:
        """The model's manifold; raises what the model raises when it has none."""
        return self.model.manifold

    @property
    def rung(self) -> str:
        """How the expectations in the metric are found; raises what the model raises when they are not."""
        return self.model.rung

    @property
    def way(self) -> str:
        """The rung in words."""
        if self.rung != "score equations":
            return "a pivot" if self.rung == "pivot" else self.rung
        if self.regular is None or not self.regular.is_curved:
            return "the score equations"
        return "sums" if self.model.support.points() is not None else "the moments of the normal law"

    @cached_property
    def is_open(self) -> bool:
        """Whether expectations without closed form stay in the geometry."""
        tensors = (self.manifold.metric, self.manifold.cubic)
        return any(e.has(NumericNode) for t in tensors for e in t.flat())

    @property
    def connection(self) -> Connection:
        """The alpha-connection."""
        return self.manifold.connection(self.alpha)

    @cached_property
    def christoffel(self) -> Selection:
        """The Christoffel symbols of the second kind that are worth a line."""
        return select(self.connection.christoffel)

    @property
    def parameters(self) -> tuple[Symbol, ...]:
        """The model's parameters, the coordinates."""
        return self.model.parameters

    @cached_property
    def alpha_latex(self) -> str:
        """The connection's alpha as LaTeX."""
        return self.latex(self.alpha)

    @property
    def order(self) -> str:
        """The superscript that names the connection, in brackets."""
        return f"({self.alpha_latex})"

    def latex(self, expr: Expr) -> str:
        """An expression in this derivation's notation."""
        return self.printer.doprint(expr)

    def names(self, symbols: Sequence[Symbol]) -> str:
        """``k, r``."""
        return ", ".join(map(self.notation.latex, symbols))

    @cached_property
    def arguments(self) -> str:
        """``x; k, r``, or ``x; theta`` where the lists are long."""
        return f"{self.point_of(self.model.variables)}; {self.point_of(self.parameters)}"

    def point_of(self, symbols: Sequence[Symbol]) -> str:
        """The names of a point's coordinates when they are few, else the letter of the point."""
        text = self.names(symbols)
        if len(symbols) <= 3 and width(text) < (9 if len(symbols) > 1 else 6):
            return text
        return self.point if symbols == self.parameters else self.observation

    def coordinates(self, stem: str, symbols: Sequence[Symbol]) -> None:
        """Write ``symbols`` as the stem with indices 1, 2, ..., or as the bare stem if there is only one."""
        for n, symbol in enumerate(symbols, 1):
            tail = "" if len(symbols) == 1 else f"_{{{n}}}"
            plain = name_of(stem.lstrip("\\") + ("" if len(symbols) == 1 else str(n)))
            self.notation.define(symbol, Name(stem + tail, plain.unicode, plain.ascii, stem, tail))

    def symbol(self, symbol: Symbol, latex: str) -> None:
        """Write a symbol as this LaTeX."""
        plain = plain_math(latex, use_unicode=True)
        self.notation.define(symbol, Name(latex, plain, plain_math(latex, use_unicode=False), latex))

    def indexed(self, stem: str, n: int, count: int) -> str:
        """``eta_{1}``, or the bare stem when there is only one."""
        return stem if count == 1 else f"{stem}_{{{n + 1}}}"
