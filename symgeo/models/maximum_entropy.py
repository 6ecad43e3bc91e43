"""Maximum entropy under moment constraints: the member of an exponential family that has given mean statistics.

``p(x) = h(x) exp(lambda . T(x) - log Z)`` maximises ``-E[log(p/h)]`` among all laws with ``E[T] = m``; lambda minimises
the convex function ``log Z(lambda) - lambda . m``. Sources: Jaynes, Physical Review 106 (1957) 620-630; Csiszar, Annals
of Probability 3 (1975) 146-158, theorem 3.1; Cover and Thomas, Elements of Information Theory, 2006, section 12.1.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra import as_expression
from symgeo.codegen import numpy_function
from symgeo.errors import DeclarationError, InfeasibleMomentsError, ParameterListError, UnknownSymbolError
from symgeo.expectation.law import Law
from symgeo.geometry.legendre_inverse import GradientMap
from symgeo.models.log_density import log_of
from symgeo.models.moment_polytope import Tilting
from symgeo.models.support import Support

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr, Symbol

    from symgeo.models.statistical_model import StatisticalModel

_SCALES = (0.5, 0.05, 5.0)
_MOST_STARTS = 243
_HALF = 0.25  # of a multiplier: the half-width of the box in which a family is declared


def maximum_entropy(
    statistics: Expr | Sequence[Expr],
    moments: Any,
    variables: Symbol | Iterable[Symbol],
    *,
    support: Any = None,
    carrier: Expr = sp.S.One,
) -> MaximumEntropy:
    """The law of greatest entropy relative to ``carrier`` with ``E[statistics] = moments``, (n,) each.

    ``support`` as in :class:`StatisticalModel`. On finitely many points the sums are exact and linearly dependent
    statistics are allowed; else the normalising constant is integrated or summed numerically, to about 1e-8.
    Raises :class:`InfeasibleMomentsError` where the moments lie on or outside the boundary of those that laws with this
    support have, :class:`ParameterListError` for lists that do not fit, and the refusals of a support.
    """
    import numpy as np

    names = (variables,) if isinstance(variables, sp.Symbol) else tuple(variables)
    given = (statistics,) if isinstance(statistics, sp.Expr) else tuple(statistics)
    functions = tuple(as_expression(t) for t in given)
    values = tuple(float(m) for m in np.atleast_1d(np.asarray(moments, dtype=float)))
    if len(functions) != len(values) or not functions:
        raise ParameterListError(f"{len(functions)} statistics for {len(values)} moments; give one moment for each")
    if not np.all(np.isfinite(values)):
        raise ParameterListError(f"the moments {values} are not all finite")
    weight = as_expression(carrier)
    extra = set().union(weight.free_symbols, *(t.free_symbols for t in functions)) - set(names)
    if extra:
        raise UnknownSymbolError(
            f"the statistics or the carrier hold {', '.join(sorted(map(str, extra)))}, which is no variable; "
            "give it a value or add it to the variables"
        )
    problem = _Problem(functions, values, names, Support.build(names, support), weight)
    points = problem.support.points()
    return problem.on_points(points) if points is not None else problem.integrated()


@dataclass(frozen=True)
class MaximumEntropy:
    """The law ``carrier exp(multipliers . statistics - log_partition)``.

    ``multipliers``: natural parameters, (n,), zero for a statistic that others give. ``residual``: the largest
    difference between a moment asked for and the law's own. ``points`` and ``probabilities`` are those of a finite
    support.
    """

    statistics: tuple[Expr, ...]
    moments: tuple[float, ...]
    variables: tuple[Symbol, ...]
    support: Support
    carrier: Expr
    independent: tuple[int, ...]
    multipliers: tuple[float, ...]
    log_partition: float
    residual: float
    points: list[dict[Symbol, Expr]] | None = None
    probabilities: np.ndarray | None = None

    @property
    def entropy(self) -> float:
        """``-E[log(p/carrier)]``, in nats."""
        return self.log_partition - sum(a * m for a, m in zip(self.multipliers, self.moments, strict=True))

    @property
    def density(self) -> Expr:
        """The density, or probability function, of the law."""
        terms = [sp.Float(a) * t for a, t in zip(self.multipliers, self.statistics, strict=True) if a]
        return self.carrier * sp.exp(sp.Add(*terms, -sp.Float(self.log_partition)))

    @cached_property
    def family(self) -> StatisticalModel:
        """The exponential family with these statistics (those that are independent), in its natural parameters.

        Where the support is not finite it is declared near the multipliers, in a box on which it can be normalised.
        """
        from symgeo.models.statistical_model import StatisticalModel

        symbols = _multiplier_symbols(len(self.independent), self.variables)
        own = [self.statistics[i] for i in self.independent]
        weight = self.carrier * sp.exp(sp.Add(*(s * t for s, t in zip(symbols, own, strict=True))))
        sets = dict(self.support.sets)
        if self.points is not None:
            total = sp.Add(*(weight.subs(point) for point in self.points))
            return StatisticalModel(weight / total, self.variables, symbols, support=sets)
        problem = _Problem(self.statistics, self.moments, self.variables, self.support, self.carrier)
        inner = {v: sp.Dummy(v.name, **v.assumptions0) for v in self.variables}
        limits = [
            (inner[v], *(e.xreplace(inner) for e in self.support.pieces[i][0].ends))
            for i, v in reversed(list(enumerate(self.variables)))
        ]
        discrete = {self.support.is_discrete(v) for v in self.variables}
        if len(discrete) > 1 or any(len(parts) > 1 for parts in self.support.pieces):
            raise DeclarationError(
                "the family of a support of several pieces, or of discrete and continuous variables, has no "
                "normalising constant that can be written as one sum or integral; use the density"
            )
        total = (sp.Sum if discrete.pop() else sp.Integral)(weight.xreplace(inner), *limits)
        return StatisticalModel(
            weight / total, self.variables, symbols, support=sets, domain=problem.box(symbols, self.multipliers)
        )

    def __repr__(self) -> str:
        shown = ", ".join(f"{a:.10g} for {t}" for a, t in zip(self.multipliers, self.statistics, strict=True))
        return f"MaximumEntropy(multipliers {shown}; entropy {self.entropy:.10g}; residual {self.residual:.2g})"


@dataclass(frozen=True)
class _Problem:
    statistics: tuple[Expr, ...]
    moments: tuple[float, ...]
    variables: tuple[Symbol, ...]
    support: Support
    carrier: Expr

    def _result(self, independent: Sequence[int], multipliers: np.ndarray, log_partition: float, residual: float,
                **more: Any) -> MaximumEntropy:  # fmt: skip
        every = [0.0] * len(self.statistics)
        for i, a in zip(independent, multipliers, strict=True):
            every[i] = float(a)
        return MaximumEntropy(
            self.statistics, self.moments, self.variables, self.support, self.carrier, tuple(independent), tuple(every),
            float(log_partition), float(residual), **more,
        )  # fmt: skip

    def on_points(self, points: list[dict[Symbol, Expr]]) -> MaximumEntropy:
        """The law on finitely many points."""
        import numpy as np

        columns = [np.array([float(p[v]) for p in points]) for v in self.variables]
        carrier, *statistics = numpy_function([self.carrier, *self.statistics], self.variables)(*columns)
        table = np.stack(statistics, axis=-1)
        if not np.all(np.isfinite(table)) or not np.all(carrier > 0):
            raise DeclarationError(
                "a statistic is not finite, or the carrier not positive, at a point of the support; leave the point out"
            )
        tilting = Tilting(table, np.log(carrier), np.array(self.moments))
        multipliers = tilting.solve()
        probabilities, log_partition = tilting.law(multipliers)
        residual = np.max(np.abs(probabilities @ table - np.array(self.moments)))
        return self._result(
            tilting.independent, multipliers, log_partition, residual, points=points, probabilities=probabilities
        )

    def integrated(self) -> MaximumEntropy:
        """The law on an infinite support, by numerical sums and integrals."""
        import numpy as np

        # In units in which the moments are one.
        units = np.array([abs(m) or 1.0 for m in self.moments])
        symbols = _multiplier_symbols(len(units), self.variables)
        scaled = [t / sp.Rational(float(s)) for t, s in zip(self.statistics, units, strict=True)]
        law = self._law(symbols, scaled)
        starts = self._starts(law)
        target = np.array([self.moments]) / units
        found = self._map(law, symbols, scaled, starts).solve(target)[0] if len(starts) else np.array([np.nan])
        if not np.all(np.isfinite(found)):
            raise InfeasibleMomentsError(
                f"no law exp(lambda . T) on {self.support} was found with the moments {self.moments} of "
                f"{self.statistics}: the moments lie outside those that laws on this support have, or on their "
                "boundary, where no density attains the greatest entropy; or the statistics are linearly dependent. "
                "Check that the moments fit each other, or make the support finite"
            )
        nodes = [*(law.moment(t, ()) for t in scaled), law.log_normaliser()]
        values = np.array([float(v[0]) for v in numpy_function(nodes, symbols)(*found[:, None])])
        residual = np.max(np.abs(values[:-1] - target[0]) * units)
        return self._result(range(len(units)), found / units, values[-1], residual)

    def _law(self, symbols: Sequence[Symbol], statistics: Sequence[Expr]) -> Law:
        log_carrier = log_of(self.carrier, lambda f: 1 if f.is_positive else -1 if f.is_negative else None)
        exponent = sp.Add(log_carrier, *(s * t for s, t in zip(symbols, statistics, strict=True)))
        return Law(exponent, self.variables, self.support.pieces, symbols, unnormalised=True)

    def _starts(self, law: Law) -> np.ndarray:
        """Multipliers for which the law can be normalised, (S, n)."""
        import numpy as np

        n = len(law.parameters)
        signs = list(itertools.product((0.0, -1.0, 1.0), repeat=n))[:_MOST_STARTS]
        grid = np.unique(np.concatenate([np.array(signs) * s for s in _SCALES]), axis=0)
        (values,) = numpy_function([law.log_normaliser()], law.parameters)(*grid.T)
        return grid[np.isfinite(values)]

    def _map(self, law: Law, symbols: tuple[Symbol, ...], statistics: list[Expr], starts: np.ndarray) -> GradientMap:
        n = len(symbols)
        means = [law.moment(t, ()) for t in statistics]
        covariance = [
            law.moment(sp.expand(a * b), ()) - means[i] * means[j]
            for i, a in enumerate(statistics)
            for j, b in enumerate(statistics)
        ]
        identity = tuple(sp.Integer(int(i == j)) for i in range(n) for j in range(n))
        return GradientMap(
            symbols, tuple(means), symbols, law.log_normaliser(), tuple(covariance), identity, (), (),
            ((-inf, inf),) * n, tuple(map(tuple, starts.tolist())),
        )  # fmt: skip

    def box(self, symbols: Sequence[Symbol], multipliers: Sequence[float]) -> dict[Symbol, tuple[Expr, Expr]]:
        """A box around the multipliers at whose corners the law can be normalised, hence, Z being convex, inside."""
        import numpy as np

        law = self._law(symbols, self.statistics)
        (log_z,) = [numpy_function([law.log_normaliser()], symbols)]
        centre = np.array(multipliers)
        half = _HALF * np.maximum(np.abs(centre), 1e-3)
        corners = np.array(list(itertools.product((-1.0, 1.0), repeat=len(symbols))))
        while not np.all(np.isfinite(log_z(*(centre + half * corners).T)[0])):
            half = half / 2
        ends = [(sp.Rational(float(c - h)), sp.Rational(float(c + h))) for c, h in zip(centre, half, strict=True)]
        return dict(zip(symbols, ends, strict=True))


def _multiplier_symbols(count: int, variables: Sequence[Symbol]) -> tuple[Symbol, ...]:
    taken = {v.name for v in variables}
    names = ["lambda"] if count == 1 else [f"lambda_{i + 1}" for i in range(count)]
    while taken & set(names):
        names = [name + "*" for name in names]
    return tuple(sp.Symbol(name, real=True) for name in names)
