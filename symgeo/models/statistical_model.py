"""A parametric family of densities, declared by its density alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra import Element, Field, as_expression, differential_field
from symgeo.algebra.convert import decimal
from symgeo.algebra.sets import Segment
from symgeo.algebra.zero_test import element_sign, unanimous_sign
from symgeo.errors import (
    ArgumentError,
    DeclarationError,
    NotExponentialFamilyError,
    UnknownSymbolError,
)
from symgeo.expectation.kinks import SWITCHES
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.models.chart import Chart
from symgeo.models.declared import check_symbols, on_points, symbol_list
from symgeo.models.exponential_family import ExponentialFamily
from symgeo.models.facts import enter_exponentials, state_facts
from symgeo.models.finite import MOST_POINTS, interpolated
from symgeo.models.indicators import split_indicator
from symgeo.models.log_density import log_of, roots_of_squares
from symgeo.models.normaliser import has_sum, normalised_law, written_out
from symgeo.models.recognition import recognise
from symgeo.models.support import Support

if TYPE_CHECKING:
    from sympy import Expr, Symbol

    from symgeo.expectation.circle import CircularExpectation
    from symgeo.expectation.elliptical import EllipticalExpectation
    from symgeo.expectation.generating import SeriesExpectation
    from symgeo.expectation.iterated import IteratedExpectation
    from symgeo.expectation.law import Law
    from symgeo.expectation.normal_pair import NormalPairExpectation
    from symgeo.expectation.reduced import ReducedExpectation
    from symgeo.models.ladder import Derived
    from symgeo.models.mixture_family import MixtureFamily
    from symgeo.models.pair import Pair


class StatisticalModel:
    """The family ``p(variables; parameters)`` of densities, or probabilities, with respect to dx or counting measure.

    Parameters
    ----------
    density: SymPy expression, positive on the support.
    variables, parameters: a symbol or a sequence of symbols.
    support: a SymPy set (one variable) or ``{variable: set}`` whose ends may use earlier variables; by default from
        the symbols' assumptions.
    domain: ``{parameter: set}``; by default from the assumptions. Its interior is meant.
    constraints: relations among parameters, such as ``p1 + p2 < 1``.
    check: test numerically that the density is real, not negative, and integrates to one at interior points.
    covariates: a symbol or several: a `ConditionalModel` comes back, a family of densities given these, which stay
        symbols in all that is derived; ``domain`` and ``constraints`` may name them.

    Raises the children of :class:`DeclarationError`, each saying what to change.
    """

    def __new__(cls, *given: Any, covariates: Any = None, **options: Any) -> Any:
        if cls is not StatisticalModel or covariates is None or covariates == ():
            return super().__new__(cls)
        from symgeo.models.conditional_model import conditional_model

        return conditional_model(given, covariates, options)

    def __init__(
        self,
        density: Expr,
        variables: Symbol | Iterable[Symbol],
        parameters: Symbol | Iterable[Symbol],
        *,
        covariates: Any = None,
        support: Any = None,
        domain: Mapping[Symbol, Any] | None = None,
        constraints: Iterable[Any] = (),
        name: str | None = None,
        check: bool = True,
    ):
        try:
            declared = as_expression(density)
        except TypeError as error:
            raise DeclarationError(f"the density must be a SymPy expression: {error}") from None
        # Decimals become the rationals that they name, before a logarithm turns them into fifteen digits.
        declared = declared.xreplace({f: decimal(f) for f in declared.atoms(sp.Float)})
        declared = roots_of_squares(written_out(declared))
        self.name = name
        self.variables = symbol_list(variables, "variable")
        self.chart = Chart.build(parameters, domain, constraints)
        check_symbols(declared, self.variables, self.chart.parameters)
        declared_support = Support.build(self.variables, support, self.chart.parameters)
        facts = differential_field()
        if declared.has(*SWITCHES):
            state_facts(facts, self.chart, declared_support)
        self.density, self.support = split_indicator(
            declared, self.variables, self.chart.parameters, declared_support, facts
        )
        self._points = self.support.points()
        if self._points is not None:
            self.density = on_points(self.density, self._points)
        self.field: Field = differential_field()
        state_facts(self.field, self.chart, self.support)
        enter_exponentials(self.field, self.density)
        self._own_law: Law | None = None
        if has_sum(self.density):
            # A density that is divided by its own sum or integral needs no check.
            self.log_density, self._own_law = normalised_law(
                self.density, self.variables, self.support, self.chart, self.field, self._sign
            )
        else:
            self.log_density = log_of(self.density, self._sign)
        if check and self._own_law is None:
            from symgeo.models.normalisation import check_density

            check_density(self.log_density, self.chart, self.support, density=self.density)

    def __reduce__(self) -> tuple[Any, ...]:
        # By the declaration: what was derived from it is derived again.
        options: dict[str, Any] = {"support": dict(self.support.sets), "constraints": self.constraints}
        made = partial(StatisticalModel, domain=self.domain, name=self.name, check=False, **options)
        return made, (self.density, self.variables, self.parameters)

    @classmethod
    def from_log_density(
        cls,
        log_density: Expr,
        variables: Symbol | Iterable[Symbol],
        parameters: Symbol | Iterable[Symbol],
        **options: Any,
    ) -> StatisticalModel:
        """The model with this log-density; the options are those of the constructor."""
        return cls(sp.exp(as_expression(log_density)), variables, parameters, **options)

    @classmethod
    def from_sympy_stats(cls, variable: Any, parameters: Any = None, **options: Any) -> StatisticalModel:
        """The law of a random symbol of sympy.stats, single or joint; options are those of the constructor.

        Density, support and domain come from SymPy; parameters default to the free symbols of the law's arguments.
        An option replaces what SymPy says, ``domain`` parameter by parameter. Raises the children of
        :class:`DeclarationError`, by :func:`symgeo.models.sympy_stats.declaration` or by the constructor.
        """
        from symgeo.models.sympy_stats import declaration

        declared = declaration(variable, parameters)._asdict()
        domain = {**declared["domain"], **(options.pop("domain", None) or {})}
        return cls(**{**declared, "domain": domain, **options})

    def _sign(self, f: Expr) -> int | None:
        """The sign of a factor of the density: proven, or found at sample points.

        A factor of odd degree of a positive density vanishes nowhere inside, so on a connected set it keeps one sign.
        Factors that hold a discrete variable are left open.
        """
        if f.is_positive or f.is_negative:
            return 1 if f.is_positive else -1
        if f.is_Add:
            signs = {self._sign_of_term(t) for t in f.args}
            if len(signs) == 1 and None not in signs:
                return signs.pop()
        a = self.field(f)
        proven = element_sign(a)
        if proven is not None or any(self.support.is_discrete(v) for v in self.variables if v in f.free_symbols):
            return proven
        return unanimous_sign(a)

    def _sign_of_term(self, term: Expr) -> int | None:
        """The product of the proven signs of a term's factors, taken one by one."""
        sign = 1
        for factor in sp.Mul.make_args(term):
            if not factor.is_positive:
                proven = -1 if factor.is_negative else element_sign(self.field(factor))
                if proven is None:
                    return None
                sign *= proven
        return sign

    @property
    def parameters(self) -> tuple[Symbol, ...]:
        """The parameters, in order: the coordinates of the manifold."""
        return self.chart.parameters

    @property
    def domain(self) -> dict[Symbol, sp.Set]:
        """The set in which each parameter lies (its interior is meant)."""
        return dict(self.chart.domain)

    @property
    def constraints(self) -> tuple[Any, ...]:
        """Relations among the parameters."""
        return tuple(self.chart.constraints)

    @cached_property
    def log_element(self) -> Element:
        """The log-density in the model's field."""
        return self.field(self.log_density)

    @cached_property
    def score(self) -> tuple[Expr, ...]:
        """``d log p / d theta_i``, (n,)."""
        return tuple(self.log_element.diff(s).to_sympy() for s in self.parameters)

    @cached_property
    def exponential_family(self) -> ExponentialFamily | None:
        """The model's exponential-family form, or None where the log-density does not separate."""
        form = recognise(self.log_element, self.variables, self.parameters, self._points, self._values())
        if form is None and self._points is not None and len(self._points) <= MOST_POINTS:
            at_points = interpolated(self._log_density_at, self.variables, self._points, self.field)
            form = recognise(at_points, self.variables, self.parameters, self._points)
        return None if form is None else ExponentialFamily.of_model(self, form, self._points)

    @cached_property
    def mixture_family(self) -> MixtureFamily | None:
        """The model's form as a mixture family of full dimension, or None where its density is not affine in
        coordinates of the parameters."""
        from symgeo.models.mixture_family import mixture_family_of

        return mixture_family_of(self)

    def _log_density_at(self, point: dict[Symbol, Expr]) -> Expr:
        return log_of(self.density.subs(point), self._sign)

    def _values(self) -> dict[Symbol, list[Fraction]]:
        """The values of each variable that takes finitely many rational ones, whatever the others do."""
        out = {}
        for v in self.variables:
            declared = self.support.sets[v]
            if self.support.is_discrete(v) and not declared.free_symbols:
                points = Support.build((v,), {v: declared}, ()).points()
                if points is not None and all(p[v].is_Rational for p in points):
                    out[v] = [Fraction(int(p[v].p), int(p[v].q)) for p in points]
        return out

    def require_exponential_family(self) -> ExponentialFamily:
        """The regular exponential form; :class:`NotExponentialFamilyError` says why there is none."""
        family = self.exponential_family
        if family is None:
            raise NotExponentialFamilyError(
                f"{self!r} was not recognised as an exponential family: its log-density does not separate into a "
                "finite sum of products of a function of the parameters and a function of the variables. "
                "No substitution into a Gamma or Beta law was found either. Fix the parameters that do not separate, "
                "if any, or declare the model in variables in which its density is simpler"
            )
        if family.is_curved:
            raise NotExponentialFamilyError(
                f"{self!r} is a curved exponential family: {len(family.sufficient_statistics)} sufficient statistics "
                f"{family.sufficient_statistics} for {len(self.parameters)} parameter(s), so the score equations do "
                "not determine their expectations. Declare the full family and take M.submanifold(...) of its manifold"
            )
        return family

    @cached_property
    def substitution(self) -> IteratedExpectation | None:
        """Expectations by substitution into Gamma and Beta laws, each variable on one interval."""
        ends = self._ends
        if ends is None:
            return None
        from symgeo.expectation.circle import is_circular
        from symgeo.expectation.iterated import iterated_expectation

        if len(ends) == 1 and is_circular(self.log_density, self.variables[0], ends[0]):
            return None
        return iterated_expectation(self.field, self.log_density, self.variables, ends)

    @cached_property
    def pivot(self) -> ReducedExpectation | EllipticalExpectation | None:
        """Expectations by a group of motions of the variables: under the law of a pivot, a change of one variable that
        frees its density of parameters, or, for an elliptical law of several variables, under that of the distance."""
        from symgeo.models.elliptical import elliptical_expectation
        from symgeo.models.pivotal import pivot_expectation

        return pivot_expectation(self) if len(self.variables) == 1 else elliptical_expectation(self)

    @cached_property
    def rational(self) -> CircularExpectation | NormalPairExpectation | None:
        """Expectations of rational functions: of sine and cosine on the circle, or of a normal variable."""
        ends = self._ends
        if ends is None or len(ends) > 1:
            return None
        from symgeo.expectation.circle import circular_expectation
        from symgeo.expectation.normal_pair import normal_pair_expectation

        law = (self.field, self.log_density, self.variables[0], ends[0])
        return circular_expectation(*law, self.parameters) or normal_pair_expectation(*law)

    @property
    def _ends(self) -> list[tuple[Expr, Expr]] | None:
        """The ends of each variable's interval; None where a support is of another kind."""
        found = [p[0].ends for p in self.support.pieces if len(p) == 1 and isinstance(p[0], Segment)]
        return found if len(found) == len(self.variables) else None

    @cached_property
    def series(self) -> SeriesExpectation | None:
        """Expectations by generating functions, for one count."""
        return self.series_for(sp.S.One)

    def series_for(self, f: Expr) -> SeriesExpectation | None:
        """The same with the points at which a function changes its form taken one by one."""
        if len(self.variables) > 1 or self._own_law is not None or not self.support.is_discrete(self.variables[0]):
            return None
        from symgeo.expectation.generating import series_expectation

        pieces = self.support.pieces[0]
        return series_expectation(self.field, self.log_density, self.density, self.variables[0], pieces, f)

    @cached_property
    def law(self) -> Law | None:
        """The model's law for numerical expectations; None where its log-density has a kink that moves unseen."""
        from symgeo.models.numeric import law_of

        return law_of(self, self._own_law)

    def expectation(self, f: Expr, seconds: float = 5.0, constants: Iterable[Symbol] = ()) -> Expr:
        """``E[f]``, f a function of the variables and the parameters: in closed form, or to be integrated numerically.

        By a sum over a finite support, by the score equations when f is a combination of the sufficient statistics, by
        generating functions for one count, by Gamma and Beta integrals, by moments of statistics and exponential
        tilting in an exponential family; by SymPy's integrator or summation within so many ``seconds``, if a numerical
        check bears it out; else an unevaluated `Expectation`, which differentiates and which `lambdify` integrates.

        ``constants``: other symbols in f that stand for fixed numbers of which their assumptions hold, such as t in
        ``exp(t*x)``; then there is only the closed form. Raises :class:`DivergentExpectationError` where the
        expectation is infinite or not proven to be finite, :class:`NoClosedFormError` where it can be neither found nor
        integrated, and :class:`UnknownSymbolError`.
        """
        from symgeo.models.ladder import expectation_of

        try:
            f = as_expression(f)
        except TypeError as error:
            raise ArgumentError(f"the expectation of what? {error}; give a function of the variables") from None
        if f.has(sp.nan, sp.zoo):
            raise ArgumentError(f"{f} is no function of the variables")
        fixed = set(constants) - set(self.variables) - set(self.parameters)
        extra = f.free_symbols - set(self.variables) - set(self.parameters) - fixed
        if extra:
            raise UnknownSymbolError(
                f"{', '.join(sorted(map(str, extra)))} is neither variable nor parameter; give it a value, "
                "or list it among the constants"
            )
        return expectation_of(self, f, seconds, fixed & f.free_symbols)

    @cached_property
    def _pair(self) -> Pair:
        from symgeo.models.pair import Pair

        return Pair(self)

    @cached_property
    def _derived(self) -> Derived:
        from symgeo.models.ladder import derive

        return derive(self)

    @property
    def manifold(self) -> StatisticalManifold:
        """The statistical manifold: Fisher metric and cubic tensor in the model's parameters.

        In closed form for exponential families, every law on finitely many points, curved families of normal laws, and
        laws that substitutions turn into Gamma or Beta laws; else in expectations that are integrated numerically.
        Raises :class:`DivergentExpectationError` where the Fisher information is infinite,
        :class:`SingularMetricError` where that shows only in numbers, and :class:`NoClosedFormError` where the
        integrals cannot be computed.
        """
        return self._derived.manifold

    @property
    def rung(self) -> str:
        """How the expectations in the metric were found: "score equations", "substitution", "pivot", ..."""
        return self._derived.rung

    def __repr__(self) -> str:
        label = f"{self.name}: " if self.name else ""
        return f"StatisticalModel({label}{self.density}, {self.support}, {self.chart})"

    def _repr_latex_(self) -> str:
        names = ", ".join(map(sp.latex, self.parameters))
        variables = ", ".join(map(sp.latex, self.variables))
        return f"$\\displaystyle p({variables};\\, {names}) = {sp.latex(self.density)}$"
