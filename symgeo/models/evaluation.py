"""A density as numbers: its logarithm on arrays, with a record of where it was negative or not real."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.concrete.expr_with_limits import ExprWithLimits

from symgeo.algebra.sets import Points
from symgeo.errors import DeclarationError, NegativeDensityError, UnknownSymbolError, UnsupportedFunctionError
from symgeo.expectation.scanning import climb, local_maxima, scan_nodes
from symgeo.models.quadrature import integrate
from symgeo.models.summation import summate
from symgeo.models.support import Support, show_point

if TYPE_CHECKING:
    import numpy as np

_MOST_SUSPECTS = 200
_MOST_HINTS = 60
_MOST_NODES = 24
_LOOKED_AT = 6
_COMPARED_CALLS = 4


class Evaluator:
    """The functions generated once for a density, to be used at several parameter points.

    Raises `UnsupportedFunctionError` where a function of the variables has no numerical form.
    """

    def __init__(
        self,
        log_density: sp.Expr,
        density: sp.Expr | None,
        support: Support,
        parameters: Sequence[sp.Symbol],
    ):
        self.support = support
        self.parameters = tuple(parameters)
        self.exact = sp.exp(log_density) if density is None else density
        self.log_density = log_density
        self.cleared = False
        self._constants: dict[sp.Dummy, sp.Expr] = {}
        wanted = [log_density] if density is None else [log_density, density]
        arguments = (*support.variables, *self.parameters)
        from symgeo.codegen import numpy_function

        try:
            self._function = numpy_function(wanted, arguments)
        except (UnsupportedFunctionError, UnknownSymbolError):
            # an unusual function of the parameters, or an integral over a bound symbol, is one number at each point
            wanted = [self._without_constants(expression) for expression in wanted]
            self._function = numpy_function(wanted, (*arguments, *self._constants))
        self._log_alone = wanted[0]

    def _without_constants(self, expression: sp.Expr) -> sp.Expr:
        """Functions, integrals and sums without variables replaced by placeholders."""
        if expression.is_Atom:
            return expression
        free = expression.free_symbols & set(self.support.variables)
        if not free and (isinstance(expression, ExprWithLimits) or not expression.has(ExprWithLimits)):
            dummy = next((d for d, known in self._constants.items() if known == expression), None)
            if dummy is None:
                dummy = sp.Dummy(f"c{len(self._constants)}", real=True)
                self._constants[dummy] = expression
            return dummy
        return expression.func(*(self._without_constants(argument) for argument in expression.args))

    def at(self, point: Mapping[sp.Symbol, sp.Expr]) -> Target:
        """The density at fixed parameters."""
        numbers = [float(point[parameter]) for parameter in self.parameters]
        numbers += [_real_number(constant.xreplace(dict(point))) for constant in self._constants.values()]
        return Target(self, point, numbers)

    def evaluate(self, columns: Sequence[np.ndarray], numbers: Sequence[float]) -> list[np.ndarray]:
        """[log density] or [log density, density] on columns of observations."""
        return self._function(*columns, *numbers)

    @cached_property
    def log_function(self) -> Any:
        """The logarithm alone, for the many evaluations that follow the first."""
        from symgeo.codegen import numpy_function

        return numpy_function([self._log_alone], (*self.support.variables, *self.parameters, *self._constants))

    @cached_property
    def turning_points(self) -> list[tuple[int, Any]]:
        """(variable's position, function of that variable and the numbers) for each sum inside the density that holds
        exactly one variable. Where such a sum vanishes or turns, a narrow peak, a singularity or a corner may sit."""
        from symgeo.codegen import numpy_function

        sums: dict[sp.Expr, None] = {}
        for node in sp.preorder_traversal(sp.Tuple(self.log_density, self.exact)):
            if isinstance(node, sp.Add) and len(node.free_symbols & set(self.support.variables)) == 1:
                sums[self._with_known_constants(node)] = None
        found = []
        for node in list(sums)[:_MOST_NODES]:
            (variable,) = node.free_symbols & set(self.support.variables)
            try:
                function = numpy_function([node], (variable, *self.parameters, *self._constants))
            except (UnsupportedFunctionError, UnknownSymbolError):
                continue
            found.append((self.support.variables.index(variable), function))
        return found

    def _with_known_constants(self, node: sp.Expr) -> sp.Expr:
        return node.subs({value: dummy for dummy, value in self._constants.items()}) if self._constants else node


class Target:
    """A density at one parameter point: x -> log p(x), keeping the observations where p was negative or not real."""

    def __init__(self, evaluator: Evaluator, point: Mapping[sp.Symbol, sp.Expr], numbers: Sequence[float]):
        self.evaluator = evaluator
        self.support = evaluator.support
        self.point = point
        self._numbers = numbers
        self._suspects: list[tuple[float, ...]] = []
        self._compared = False
        self._calls = 0

    def log_values(self, columns: Sequence[np.ndarray]) -> np.ndarray:
        """log p on columns (N,) of observations; -inf where p vanishes, is negative or is not real."""
        import numpy as np

        if self._calls < _COMPARED_CALLS:
            self._calls += 1
            return self._both(columns)
        logs = self.evaluator.log_function(*columns, *self._numbers)[0]
        unknown = np.isnan(logs)
        if np.any(unknown):
            logs[unknown] = self._both([np.broadcast_to(column, logs.shape)[unknown] for column in columns])
        return logs

    def _both(self, columns: Sequence[np.ndarray]) -> np.ndarray:
        """log p where the density itself is evaluated too, and may speak against the logarithm."""
        import numpy as np

        logs, *rest = self.evaluator.evaluate(columns, self._numbers)
        with np.errstate(all="ignore"):
            if rest:
                density = rest[0]
                if not self._compared:
                    self._compare(logs, density)
                # a density that overflows on the way (inf * 0) is nan while its logarithm is fine
                wrong = (density < 0) | (np.isnan(density) & np.isnan(logs))
                logs = np.where(np.isnan(logs), np.where(density > 0, np.log(np.abs(density)), -inf), logs)
            else:
                wrong = np.isnan(logs)
        if np.any(wrong):
            self._suspect(columns, wrong)
            logs = np.where(wrong, -inf, logs)
        return logs

    def _compare(self, logs: np.ndarray, density: np.ndarray) -> None:
        """Refuse a logarithm that is not the density's, which would make every derived quantity wrong."""
        import numpy as np

        usable = np.isfinite(logs) & (density > 1e-200) & (density < 1e200)
        if np.count_nonzero(usable) < 3:
            return
        self._compared = True
        gap = np.abs(logs[usable] - np.log(density[usable])) / (1.0 + np.abs(logs[usable]))
        if np.median(gap) > 1e-6:
            raise DeclarationError(
                f"the log-density {self.evaluator.log_density} is not the logarithm of the density "
                f"{self.evaluator.exact} at {show_point(self.point)}; correct one of them"
            )

    def _suspect(self, columns: Sequence[np.ndarray], wrong: np.ndarray) -> None:
        import numpy as np

        if len(self._suspects) < _MOST_SUSPECTS:
            places = np.stack([np.broadcast_to(column, wrong.shape)[wrong] for column in columns], axis=-1)
            # sums are continued between the integers, where the density has no meaning; and the exact factorial of a
            # large integer, which overflows most of these, would take long to tell nothing new
            small = np.abs(places) < [1e4 if self.support.is_discrete(v) else 1e12 for v in self.support.variables]
            places = places[self.support.contains(places) & np.all(small, axis=-1)]
            # moderate observations tell more than those near overflow or next to a singularity
            order = np.argsort(np.max(np.abs(np.log(np.abs(places) + 1e-12)), axis=-1), kind="stable")
            self._suspects.extend(tuple(place) for place in places[order[:20]].tolist())

    def refuse_negative(self) -> None:
        """Look at suspicious observations with thirty and sixty digits; raises `NegativeDensityError`."""
        suspects = sorted(self._suspects, key=lambda place: max(map(abs, place)))
        # where the first point's suspects were all mere overflow the others' need only a glance
        count = 2 if self.evaluator.cleared else _LOOKED_AT
        for place in suspects[:: max(1, len(suspects) // count)][:count]:
            observation = self._exact_observation(place)
            value = self._exact_density(observation) if self._is_inside(observation) else None
            if value is None:
                continue
            at = show_point({v: number if number.is_Integer else sp.N(number, 6) for v, number in observation.items()})
            real, imaginary = value
            said = f"negative ({float(real):.4g})" if imaginary == 0 else "not real"
            raise NegativeDensityError(
                f"the density is {said} at {at} with {show_point(self.point)}, inside its support {self.support}; "
                f"correct the density, narrow support=..., or declare the parameters' domain=... or assumptions "
                f"(positive=True) so that this cannot happen"
            )
        self.evaluator.cleared |= bool(suspects)
        self._suspects.clear()

    def _is_inside(self, observation: Mapping[sp.Symbol, sp.Expr]) -> bool:
        """Whether an observation lies in the support by more than rounding: ends may have been rounded outward."""
        for variable, parts in zip(self.support.variables, self.support.pieces, strict=True):
            value = observation[variable]
            if self.support.is_discrete(variable):
                continue
            ends = [[sp.N(end.subs(observation), 40) for end in piece.ends] for piece in parts]
            slack = sp.Float("1e-12") * (abs(value) + sp.Float("1e-280"))
            if not any(value - lower > slack and upper - value > slack for lower, upper in ends):
                return False
        return True

    def _exact_observation(self, place: Sequence[float]) -> dict[sp.Symbol, sp.Expr]:
        """The observation as exact members of discrete sets, and numbers of sixty digits elsewhere."""
        found: dict[sp.Symbol, sp.Expr] = {}
        for variable, parts, number in zip(self.support.variables, self.support.pieces, place, strict=True):
            listed = [value for piece in parts if isinstance(piece, Points) for value in piece.values]
            if listed:
                found[variable] = min(listed, key=lambda value: abs(float(value) - number))
            elif parts[0].discrete:
                found[variable] = sp.Integer(round(number))
            else:
                found[variable] = sp.Float(number, 60)
        return found

    def _exact_density(self, observation: Mapping[sp.Symbol, sp.Expr]) -> tuple[sp.Expr, sp.Expr] | None:
        """(real, imaginary) part if the density is certainly negative or not real there, else None."""
        values = []
        for digits in (30, 60):
            numbers = {symbol: sp.N(value, digits + 10) for symbol, value in self.point.items()}
            try:
                value = sp.N(self.evaluator.exact.subs({**observation, **numbers}), digits)
                parts = value.as_real_imag()
            except (ValueError, TypeError, ZeroDivisionError, OverflowError, NotImplementedError):
                return None
            if not all(part.is_Number and part.is_finite for part in parts):
                return None
            values.append(parts)
        (coarse_real, coarse_imaginary), (real, imaginary) = values
        if abs(imaginary) > abs(real) * sp.Float("1e-12") and abs(imaginary - coarse_imaginary) < abs(imaginary) / 100:
            return real, imaginary
        if real < 0 and abs(real - coarse_real) < abs(real) / 100:
            return real, sp.S.Zero
        return None

    def hints(self, position: int, lower: float, upper: float) -> np.ndarray:
        """Values of one variable where a sum inside the density vanishes or turns, at most sixty."""
        import numpy as np

        nodes = scan_nodes(lower, upper, density=6.0)
        found: list[np.ndarray] = []
        with np.errstate(all="ignore"):
            for where, function in self.evaluator.turning_points:
                if where != position:
                    continue

                def term(x: np.ndarray, function: Any = function) -> np.ndarray:
                    return function(x, *self._numbers)[0]

                for shape in (lambda v: v, lambda v: -v, lambda v: -np.abs(v)):

                    def height(x: np.ndarray, shape: Any = shape, term: Any = term) -> np.ndarray:
                        values = shape(term(x))
                        return np.where(np.isnan(values), -inf, values)

                    found.append(climb(height, *local_maxima(nodes, height(nodes), most=8), flat=0.0))
        places = np.unique(np.concatenate(found)) if found else np.zeros(0)
        # the same place, found through different sums
        apart = np.concatenate([[True], np.diff(places) > 1e-9 * np.abs(places[1:]) + 1e-300])[: places.size]
        return places[apart][:_MOST_HINTS]


def _real_number(value: sp.Expr) -> float:
    """A constant as a float, nan if it is not real."""
    if isinstance(value, (sp.Integral, sp.Sum)):
        quick = _quick_number(value)
        if quick is not None:
            return quick
    number = sp.N(value, 20)
    return float(number) if number.is_real else float("nan")


def _quick_number(value: sp.Integral | sp.Sum) -> float | None:
    """An integral or sum of non-negative terms over one symbol by this package's own rules, None if those do not
    apply; SymPy's take a second."""
    import numpy as np

    from symgeo.codegen import numpy_function

    symbol, *ends = value.limits[0]
    if len(value.limits) > 1 or len(ends) != 2 or value.function.free_symbols - {symbol}:
        return None
    try:
        function = numpy_function([value.function], (symbol,))
        lower, upper = (float(end) for end in ends)
    except (UnsupportedFunctionError, UnknownSymbolError, TypeError):
        return None
    signed = []

    def log_terms(x: np.ndarray) -> np.ndarray:
        terms = function(x)[0]
        signed.append(bool(np.any(terms < 0)))
        with np.errstate(all="ignore"):
            return np.log(terms)

    rule = summate if isinstance(value, sp.Sum) else lambda terms, *ends: integrate(terms, ends)
    found = rule(log_terms, lower, upper)
    good = not any(signed) and found.error <= 1e-9 * found.value and lower < upper
    return found.value if good else None
