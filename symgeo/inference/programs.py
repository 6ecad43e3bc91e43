"""What a model's fits share: generated functions and tables of points, made once for each density.

They are kept by what was declared, so that a density declared again finds them too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra.sets import Progression
from symgeo.codegen import lambdify, numpy_function
from symgeo.codegen.numeric_node import NumericNode
from symgeo.errors import (
    DivergentExpectationError,
    NoClosedFormError,
    RegularityError,
    SingularMetricError,
    SymgeoError,
)
from symgeo.inference.declared import KEPT, Declared
from symgeo.inference.log_lines import LogLines
from symgeo.inference.riccati import by_slopes, by_value, mean_square, without_first
from symgeo.inference.shared_index import Indices, indices_of
from symgeo.inference.single_peak import has_single_peak
from symgeo.inference.standard_law import StandardLaw, standard_law
from symgeo.models.conditional_model import ConditionalModel
from symgeo.models.numeric import moving_kinks
from symgeo.models.statistical_model import StatisticalModel

if TYPE_CHECKING:
    import numpy as np

    from symgeo.algebra import Element

# Observations evaluated at a time: their arrays stay in a processor's cache.
BLOCK = 16384
# So many possible responses have functions of their own.
_RESPONSES = 4
# Relative errors of derivatives by a shorter way; second derivatives of a size that counts as zero.
_ALIKE = 1e-9
_ROUNDING = 1e-9

Function = Callable[..., list[Any]]


class SamplePrograms:
    """Functions of variables, covariates and parameters, in this order, for any declared density.

    With a ``response``, a value for each variable, they are functions of covariates and parameters alone.
    """

    def __init__(self, model: StatisticalModel | ConditionalModel, response: Mapping[sp.Symbol, sp.Expr] | None = None):
        self.model, self.response = model, response
        self.n = len(model.parameters)
        given = model.covariates if isinstance(model, ConditionalModel) else ()
        self.places = (*given, *model.parameters)
        self.arguments = self.places if response else (*model.variables, *self.places)
        self.fits = 0

    @cached_property
    def upper(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of the upper triangle (n, n), row by row."""
        import numpy as np

        return np.triu_indices(self.n)

    @cached_property
    def places_of_upper(self) -> np.ndarray:
        """For each entry of a symmetric matrix (n, n) its place in the upper triangle."""
        import numpy as np

        places = np.empty((self.n, self.n), dtype=int)
        places[self.upper] = places.T[self.upper] = np.arange(len(self.upper[0]))
        return places

    @cached_property
    def value(self) -> Function:
        """[log p]."""
        return numpy_function([self._log_density], self.arguments)

    @cached_property
    def score(self) -> Function:
        """The score, n entries."""
        return numpy_function(self._score, self.arguments) if self._by_value is None else without_first(self._by_value)

    @cached_property
    def local(self) -> Function:
        """[log p, score]: n + 1 entries."""
        return self._by_value or self._local

    @cached_property
    def curved(self) -> Function:
        """[log p, score, minus the second derivatives (upper triangle, row by row)]. Needs `smooth`."""
        if self._is_of_one_index:
            (slope,), (index,) = self._slopes, self.places
            known = [self._log_density], [slope], [-slope.diff(index)]
            quick = by_slopes(*known, [index], index, self._by_value)
            if quick is not None and self._agree(quick, self._curved):
                return quick
        return self._curved

    @property
    def _is_of_one_index(self) -> bool:
        """Whether the only argument is the only parameter."""
        return bool(self.response) and self.places == self.model.parameters and self.n == 1

    @cached_property
    def _by_value(self) -> Function | None:
        """A quicker way to [log p, score], where there is one."""
        if not self._is_of_one_index:
            return None
        quick = by_value(self._log_density, self._slopes[0], self.places[0])
        return quick if quick is not None and self._agree(quick, self._local) else None

    @cached_property
    def _local(self) -> Function:
        return numpy_function([self._log_density, *self._score], self.arguments)

    @cached_property
    def _curved(self) -> Function:
        return numpy_function([self._log_density, *self._score, *self._curvature], self.arguments)

    @cached_property
    def exactly(self) -> Callable[[np.ndarray], np.ndarray] | None:
        """(..., arguments) -> (..., k): what `curved` gives, each value with all its digits; None where not known."""
        try:
            return lambdify([self._log_density, *self._score, *self._curvature], self.arguments)
        except SymgeoError:
            return None

    @cached_property
    def _log_density(self) -> sp.Expr:
        return self.model.log_density.subs(self.response) if self.response else self.model.log_density

    @cached_property
    def _slopes(self) -> list[Element]:
        element = self.model.field(self._log_density) if self.response else self.model.log_element
        return [element.diff(s) for s in self.model.parameters]

    @cached_property
    def _score(self) -> list[sp.Expr]:
        return [slope.to_sympy() for slope in self._slopes]

    @cached_property
    def _curvature(self) -> list[sp.Expr]:
        """Minus the second derivatives of the log-density, the upper triangle row by row."""
        x = self.model.parameters
        return [-self._slopes[i].diff(x[j]).to_sympy() for i in range(self.n) for j in range(i, self.n)]

    @cached_property
    def by_response(self) -> tuple[SamplePrograms, ...]:
        """Programs for each of a few possible responses; none where one for all is as good.

        At a response the log-density is shorter, and holds no differences in which the others cancel.
        """
        points = self.model.support.points()
        if points is None or not 1 < len(points) <= _RESPONSES:
            return ()
        own = tuple(SamplePrograms(self.model, point) for point in points)
        return () if self.smooth and self.canonical and not _mirrored(own) else own

    @cached_property
    def mirrored(self) -> bool:
        """Whether there are two responses, and at an index the second is as likely as the first is at minus that."""
        return _mirrored(self.by_response)

    @cached_property
    def indices(self) -> Indices | None:
        """The classes of parameters with a common index; None where there are none."""
        if not isinstance(self.model, ConditionalModel) or self.n < 2 or not self.smooth:
            return None
        return indices_of(self.model)

    @cached_property
    def log_lines(self) -> LogLines:
        """Lines along which climbs go where straight ones are short."""
        return LogLines(self.model.chart)

    @cached_property
    def whole_numbers(self) -> bool:
        """Whether the model is one of a single variable that takes whole numbers, without covariates."""
        if not isinstance(self.model, StatisticalModel) or len(self.model.variables) > 1:
            return False
        (parts,) = self.model.support.pieces
        return all(isinstance(p, Progression) for p in parts)

    @cached_property
    def standard(self) -> StandardLaw | None:
        """The law behind a family of location and scale; None where the model is not of that kind."""
        return standard_law(self.model) if isinstance(self.model, StatisticalModel) and self.smooth else None

    @cached_property
    def reduced(self) -> SamplePrograms:
        """The functions of the model whose parameters are the indices."""
        assert self.indices is not None, "the caller asks first"
        return SamplePrograms(self.indices.model)

    @cached_property
    def canonical(self) -> bool:
        """Whether the second derivatives, given the covariates, are the same for every response: the metric itself."""
        if not self.smooth:
            return False
        if self.indices is not None:
            return self.reduced.canonical
        return not any(e.has(*self.model.variables) for e in self._curvature)

    @cached_property
    def concave(self) -> bool:
        """Whether the log-likelihood is concave in the parameters, whatever the data: a maximum is the only one.

        So it is where minus the second derivatives are the metric; and, as far as indices between -15 and 15 show,
        where they are not negative at any of a few responses that depend on one index.
        """
        if not (self.model.chart.is_box and self.slack is None):
            return False
        if self.canonical or self.indices is None or len(self.indices.classes) > 1:
            return self.canonical
        own = self.reduced.by_response
        return bool(own) and len(own[0].places) == 1 and all(p.curves_down() for p in own)

    @cached_property
    def _single_peak(self) -> bool:
        return isinstance(self.model, StatisticalModel) and self.smooth and has_single_peak(self.model)

    @property
    def single_peak(self) -> bool:
        """Whether a maximum of the likelihood is the only one, whatever the data.

        By a proof that is made at the second of the ``fits``: it takes longer than to look for other maxima once.
        """
        return self.concave or (self.fits > 1 and self._single_peak)

    def _agree(self, quick: Function, known: Function) -> bool:
        """Whether a quicker way to derivatives keeps their digits at indices between -30 and 30."""
        import numpy as np

        index = np.linspace(-30.0, 30.0, 241)
        index = index[self.model.chart.contains(index[:, None])]
        pairs = zip(quick(index), known(index), strict=True)
        return all(bool(np.all(np.abs(found - value) <= _ALIKE * np.abs(value))) for found, value in pairs)

    def curves_down(self) -> bool:
        """Whether the second derivative by the only parameter is not positive at the response, between -15 and 15."""
        import numpy as np

        sizes = np.concatenate([np.linspace(0.0, 15.0, 601), np.logspace(-6, 1, 301)])
        index = np.concatenate([-sizes, sizes])
        index = index[self.model.chart.contains(index[:, None])]
        return bool((self.curved(index)[2] >= -_ROUNDING).all())

    @cached_property
    def metric(self) -> Function | None:
        """The upper triangle of the Fisher metric of covariates and parameters; None where infinite or not known."""
        quick = [own._by_value for own in self.by_response]
        if quick and None not in quick:
            return mean_square([q for q in quick if q is not None])
        return None if self._metric_entries is None else numpy_function(self._metric_entries, self.places)

    @cached_property
    def integrates(self) -> bool:
        """Whether the metric is an integral or a sum without closed form: more work than all the rest."""
        entries = self._metric_entries if self.indices is None else self.reduced._metric_entries
        return any(e.has(NumericNode) for e in entries or ())

    @cached_property
    def _metric_entries(self) -> list[sp.Expr] | None:
        if self.canonical:
            return self._curvature
        try:
            metric = self.model.manifold.metric
        except (DivergentExpectationError, NoClosedFormError):
            return None
        except SingularMetricError:
            if not isinstance(self.model, ConditionalModel):
                raise
            return None
        return [metric[i, j] for i in range(self.n) for j in range(i, self.n)]

    @cached_property
    def smooth(self) -> bool:
        """Whether the log-density has second derivatives in the parameters everywhere."""
        return not moving_kinks(self.model.whole if isinstance(self.model, ConditionalModel) else self.model)

    def require_smooth(self) -> None:
        """Raise :class:`RegularityError` where the likelihood has no second derivatives."""
        if not self.smooth:
            raise RegularityError(
                "the log-density has a kink that moves with a parameter, so that the likelihood has no second "
                "derivatives; take the expected information"
            )

    @cached_property
    def slack(self) -> Function | None:
        """What must be positive of parameters with covariates; None where nothing must."""
        given = self.model.slacks if isinstance(self.model, ConditionalModel) else ()
        slacks = [c for c in given if not c.free_symbols.isdisjoint(self.model.parameters)]
        return numpy_function(slacks, self.places) if slacks else None


def _mirrored(own: Sequence[SamplePrograms]) -> bool:
    if len(own) != 2 or not own[0]._is_of_one_index or own[0].model.domain[own[0].places[0]] != sp.Reals:
        return False
    first, second = own
    (index,) = first.places
    there = {index: -index}
    field = first.model.field
    slopes = second._slopes[0] + field(first._score[0].subs(there))
    apart = field(second._log_density.subs(index, 0)) - field(first._log_density.subs(index, 0))
    return not slopes and not apart


def sample_programs(model: StatisticalModel | ConditionalModel) -> SamplePrograms:
    """The functions of this density, from before if it has been fitted."""
    return _sample_programs(Declared(model))


@functools.lru_cache(maxsize=KEPT)
def _sample_programs(declared: Declared) -> SamplePrograms:
    return SamplePrograms(declared.model)
