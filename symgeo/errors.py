"""Every error symgeo raises on purpose. Each message names the cause and the remedy."""

from __future__ import annotations


class SymgeoError(Exception):
    """Base of all errors raised by symgeo."""


class DeclarationError(SymgeoError, ValueError):
    """A model was declared in a way that has no statistical meaning."""


class UnknownSymbolError(DeclarationError):
    """The density holds a symbol that is neither variable nor parameter."""


class ParameterListError(DeclarationError):
    """The parameter or variable list is empty, repeated, overlapping, or holds something other than symbols."""


class SupportError(DeclarationError):
    """The support (or an indicator in the density) depends on a parameter, or is not understood."""


class NormalisationError(DeclarationError):
    """The density does not integrate (or sum) to one over its support."""


class NegativeDensityError(DeclarationError):
    """The density is negative or not real somewhere on its support."""


class DomainError(DeclarationError):
    """A parameter domain is empty, discrete, or has no interior; or a point lies outside it."""


class NotExponentialFamilyError(SymgeoError, ValueError):
    """An operation needs a regular exponential family and the model was not recognised as one."""


class NotDuallyFlatError(SymgeoError, ValueError):
    """An operation needs a dually flat manifold and this one is not known to be flat."""


class GeodesicError(SymgeoError, ArithmeticError):
    """A geodesic could not be followed: the integration of its equations stopped inside the domain.

    Attribute: ``answer``, what was found; the geodesics that failed are nan from there on.
    """

    def __init__(self, message: str, answer: object = None):
        super().__init__(message)
        self.answer = answer


class ProjectionError(SymgeoError, ArithmeticError):
    """A projection was not found: the iteration did not converge, or not to a minimum inside the domain."""


class BoundaryValueError(SymgeoError, ArithmeticError):
    """Geodesics between given ends were not found, for some pairs of points at least.

    Attributes: ``pairs``, the indices of these pairs, and ``answer``, what was found for the others.
    """

    def __init__(self, message: str, pairs: tuple = (), answer: object = None):
        super().__init__(message)
        self.pairs = pairs
        self.answer = answer


class InfeasibleMomentsError(SymgeoError, ValueError):
    """No law of the family has the moments asked for: they lie on or outside the boundary of the possible ones."""


class SingularMetricError(SymgeoError, ArithmeticError):
    """The Fisher metric is singular: the parameters are not identifiable.

    Attributes: ``rank`` (int) and ``null_direction`` (tuple of SymPy expressions, one per coordinate).
    """

    def __init__(self, message: str, rank: int, null_direction: tuple):
        super().__init__(message)
        self.rank = rank
        self.null_direction = null_direction


class NotADivergenceError(SymgeoError, ValueError):
    """A function of two points is no divergence: not zero on the diagonal, not smooth there, or negative beside it."""


class NoClosedFormError(SymgeoError, ValueError):
    """A closed form was asked for and none was found."""


class DivergentExpectationError(SymgeoError, ArithmeticError):
    """An expectation is infinite, for some parameters at least."""


class RegularityError(SymgeoError, ValueError):
    """An operation needs more derivatives of the log-density than it has."""


class RegionError(SymgeoError, ArithmeticError):
    """A confidence region or interval is not bounded inside the domain, or its boundary could not be followed."""


class EMError(SymgeoError, ArithmeticError):
    """EM came to no maximum: the likelihood has no bound, or is flat, or a parameter runs to the boundary."""


class PosteriorError(SymgeoError, ArithmeticError):
    """A posterior has no mode inside the domain, none with a definite Hessian, or no evidence that could be told."""


class MixtureError(EMError):
    """The likelihood of a mixture has no bound, or no maximum was found."""


class MonotonicityError(EMError):
    """A step of EM lowered the likelihood by more than rounding, which no correct step can do."""


class TensorError(SymgeoError, ValueError):
    """A tensor operation was asked for with indices, shapes or charts that do not fit."""


class DataError(SymgeoError, ValueError):
    """Observations that do not fit the model: outside the support, not finite, or of the wrong shape."""


class UnsupportedFunctionError(SymgeoError, ValueError):
    """A function has no spelling in the target language."""


class ShapeError(SymgeoError, ValueError):
    """An array argument or a nested sequence has a shape that does not fit."""


class ArgumentError(SymgeoError, TypeError):
    """A numeric function was called with missing, unknown, or not real arguments."""


class UnknownBackendError(SymgeoError, ValueError):
    """No backend or source language has this name."""


class MissingDependencyError(SymgeoError, ImportError):
    """An optional library is needed and not installed."""


class CompilerError(SymgeoError, RuntimeError):
    """The C compiler does not accept a generated source."""


class UnknownFamilyError(SymgeoError, KeyError):
    """No catalogue entry has this name."""

    def __str__(self) -> str:  # KeyError would print the repr, quotes and all
        return str(self.args[0])


class GrammarError(SymgeoError, ValueError):
    """Text that the grammar of densities does not accept; the message points at the place.

    Attributes: ``text`` (the whole input) and ``position`` (0-based index of the offending character).
    """

    def __init__(self, message: str, text: str, position: int):
        super().__init__(f"{message}\n  {text}\n  {' ' * position}^")
        self.text = text
        self.position = position
