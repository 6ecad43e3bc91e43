"""What is seen of a joint model: hidden variables of finitely many values are summed over, others integrated out.

The density of what is seen is closed (`marginal`), or the logarithm of an integral that differentiates under the
integral sign. By Fisher's identity its score is the mean of the complete score given what is seen, and by Louis's its
second derivatives. Sources: Fisher, Proc. Camb. Phil. Soc. 22 (1925) 700-725; Louis, J. R. Statist. Soc. B 44 (1982)
226-233.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra.sets import Points, Progression, Segment
from symgeo.codegen import numpy_function
from symgeo.errors import ArgumentError, DataError, NoClosedFormError, SupportError
from symgeo.expectation.law import Law
from symgeo.expectation.node import Expectation
from symgeo.models.marginal import marginal_log_density
from symgeo.models.support import Support

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr, Symbol

    from symgeo.algebra.sets import Piece
    from symgeo.inference.complete import Maximisation
    from symgeo.models.statistical_model import StatisticalModel

# Completed observations: as many as a sample may have.
_MOST = 20_000_000


class SeenDensity:
    """The density of some variables of a model: ``seen`` ones and ``classes``, hidden ones of finitely many values.

    ``integrated`` are the other hidden ones.
    """

    def __init__(self, model: StatisticalModel, seen: Sequence[Symbol]):
        self.model = model
        self.seen = tuple(seen)
        self.integrated: tuple[Symbol, ...] = ()
        for v in model.variables:
            if v not in self.seen and not _is_class(model.support, v, self.integrated):
                self.integrated += (v,)
        self.kept = tuple(v for v in model.variables if v not in self.integrated)
        self._require_free()
        self.support = Support(self.kept, [model.support.sets[v] for v in self.kept])
        self._places = (*self.kept, *model.parameters)

    def _require_free(self) -> None:
        for v in self.kept:
            on = self.model.support.sets[v].free_symbols & set(self.integrated)
            if on:
                raise SupportError(
                    f"the support of {v} depends on {min(map(str, on))}, which is integrated out; declare the joint "
                    f"density with {v} before it, and its support through {v}"
                )

    @cached_property
    def log_density(self) -> Expr:
        """The logarithm of the density of what is kept."""
        model = self.model
        if not self.integrated:
            return model.log_density
        try:
            return marginal_log_density(model, self.kept)
        except NoClosedFormError:
            log_density, parts = _with_fixed_ends(model, self.integrated, self.kept)
            names = (*model.parameters, *self.kept)
            return Law(log_density, self.integrated, parts, names, unnormalised=True).log_normaliser()

    @property
    def by_quadrature(self) -> bool:
        """Whether the integral has no closed form and is taken in numbers."""
        return isinstance(self.log_density, Expectation)

    @cached_property
    def _slopes(self) -> list[Any]:
        """First derivatives, as field elements where the density is closed."""
        x = self.model.parameters
        log_density = self.log_density
        if self.by_quadrature:
            return [log_density.diff(s) for s in x]
        element = self.model.field(log_density)
        return [element.diff(s) for s in x]

    @cached_property
    def log_function(self) -> Any:
        """log p(kept; theta), a function of the kept variables and the parameters, in a list of one."""
        return numpy_function([self.log_density], self._places)

    @cached_property
    def score_function(self) -> Any:
        """Its n first derivatives."""
        return numpy_function([_written(e) for e in self._slopes], self._places)

    @cached_property
    def bend_function(self) -> Any:
        """Its n n second derivatives, row by row."""
        x = self.model.parameters
        return numpy_function([_written(e.diff(s)) for e in self._slopes for s in x], self._places)


def _written(e: Any) -> Expr:
    return e if isinstance(e, sp.Basic) else e.to_sympy()


def _with_fixed_ends(
    model: StatisticalModel, integrated: Sequence[Symbol], kept: Sequence[Symbol]
) -> tuple[Expr, list[tuple[Piece, ...]]]:
    """The log-density, and the pieces of the integrated variables, measured from ends that depend on kept ones."""
    log_density, parts = model.log_density, []
    for v in integrated:
        pieces = model.support.pieces[model.variables.index(v)]
        if not any(e.free_symbols & set(kept) for p in pieces for e in p.ends):
            parts.append(pieces)
            continue
        if len(pieces) > 1:
            raise NoClosedFormError(
                f"the set of {v} has several pieces whose ends depend on what is seen; declare the density with one"
            )
        (lower, upper), piece = pieces[0].ends, pieces[0]
        whole: Piece = Segment(sp.S.Zero, sp.oo)
        if isinstance(piece, Progression):
            whole = Progression(sp.S.Zero, sp.oo, piece.step)
        place, rate = (lower + v, sp.S.One) if upper.is_infinite else (upper - v, sp.S.One)
        if not (lower.is_infinite or upper.is_infinite):
            place, rate, whole = lower + (upper - lower) * v, upper - lower, Segment(sp.S.Zero, sp.S.One)
        log_density = log_density.subs(v, place) + sp.log(rate)
        parts.append((whole,))
    return log_density, parts


def _is_class(support: Support, v: Symbol, integrated: Sequence[Symbol]) -> bool:
    """Whether a hidden variable takes finitely many values, given those before it."""
    parts = support.pieces[support.variables.index(v)]
    if not all(p.discrete for p in parts) or support.sets[v].free_symbols & set(integrated):
        return False
    return all(isinstance(p, Points) or not any(e.is_infinite for e in p.ends) for p in parts)


class Rows:
    """Observations (N, s) of which the same variables are seen, with counts (N,), completed by K hidden values each.

    ``columns``: one array (N, K) for each kept variable; ``mask`` (N, K) says which combinations there are.
    """

    def __init__(
        self, density: SeenDensity, seen: np.ndarray, counts: np.ndarray, places: np.ndarray, step: Maximisation | None
    ):
        import numpy as np

        self.density, self.counts, self.model = density, counts, density.model
        self.columns, self.mask = _completed(density, seen)
        empty = np.flatnonzero(~self.mask.any(axis=1))
        if empty.size:
            told = ", ".join(f"{v} = {value:.12g}" for v, value in zip(density.seen, seen[empty[0]], strict=True))
            raise DataError(
                f"observation {places[empty[0]]} ({told}) lies outside the support {density.model.support} whatever "
                "the hidden variables are; leave it out, or declare the support that the data have"
            )
        self._step = step
        # Statistics of the completed observations are the same at every step.
        self.table = None if step is None or density.integrated else self._statistics(step.statistics)

    def _statistics(self, statistics: Sequence[Expr]) -> np.ndarray:
        import numpy as np

        values = numpy_function(statistics, self.density.kept)(*self.columns)
        table = np.where(self.mask[..., None], np.stack(values, axis=-1), 0.0)
        bad = np.argwhere(~np.isfinite(table))
        if bad.size:
            row, k, i = bad[0]
            told = ", ".join(f"{v} = {c[row, k]:.12g}" for v, c in zip(self.density.kept, self.columns, strict=True))
            raise DataError(
                f"the sufficient statistic {statistics[i]} is infinite or out of range at {told}; leave the "
                "observation out, rescale the data, or open the support's closed end"
            )
        return table

    def posterior(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The log-density of every observation (N,), and the probabilities (N, K) of its completions."""
        import numpy as np

        with np.errstate(all="ignore"):
            logs = np.where(self.mask, self.density.log_function(*self.columns, *theta)[0], -np.inf)
            top = np.max(logs, axis=1, keepdims=True)
            shares = np.exp(logs - top)
            total = shares.sum(axis=1, keepdims=True)
            return (top + np.log(total))[:, 0], shares / total

    def many(self, thetas: np.ndarray, few: np.ndarray) -> np.ndarray:
        """The log-density of a few observations at points (M, n) -> (M, F)."""
        import numpy as np

        columns = [c[few][None] for c in self.columns]
        (logs,) = self.density.log_function(*columns, *(t[:, None, None] for t in thetas.T))
        return np.logaddexp.reduce(np.where(self.mask[few], logs, -np.inf), axis=2)

    def complete_scores(self, theta: np.ndarray) -> np.ndarray:
        """The scores of the completed observations, (N, K, n)."""
        import numpy as np

        if self.table is not None and self._step is not None and self._step.family is not None:
            here = self._step.family.at(theta)
            return self.table @ here.jacobian - here.slope
        scores = np.stack(self.density.score_function(*self.columns, *theta), axis=-1)
        return np.where(self.mask[..., None], scores, 0.0)

    def scores(self, theta: np.ndarray) -> np.ndarray:
        """The scores of the observations, (N, n): means of the completed ones' (Fisher's identity)."""
        import numpy as np

        return np.einsum("nk,nka->na", self.posterior(theta)[1], self.complete_scores(theta))

    def information(self, theta: np.ndarray) -> np.ndarray:
        """Minus the second derivatives of the log-likelihood of these rows, (n, n), by Louis's identity."""
        import numpy as np

        shares = self.posterior(theta)[1]
        complete = self.complete_scores(theta)
        weights = shares * self.counts[:, None]
        means = np.einsum("nk,nka->na", shares, complete)
        spread = np.einsum("nk,nka,nkb->ab", weights, complete, complete)
        spread -= np.einsum("n,na,nb->ab", self.counts, means, means)
        return self._complete_information(theta, weights) - spread

    def _complete_information(self, theta: np.ndarray, weights: np.ndarray) -> np.ndarray:
        import numpy as np

        n = len(theta)
        if self.table is not None and self._step is not None and self._step.family is not None:
            here = self._step.family.at(theta)
            sums = np.einsum("nk,nki->i", weights, self.table)
            return weights.sum() * here.curvature - np.einsum("i,iab->ab", sums, here.bends)
        bends = self.density.bend_function(*self.columns, *theta)
        return -np.array([np.sum(np.where(self.mask, b * weights, 0.0)) for b in bends]).reshape(n, n)

    def statistics_sum(self, theta: np.ndarray, shares: np.ndarray) -> np.ndarray:
        """The E-step: the sum of the mean sufficient statistics given what is seen, (m,).

        Where variables are integrated out, ``E[T | seen] = E[T] + (d eta/d theta)^-T score`` (Fisher's identity).
        """
        import numpy as np

        weights = shares * self.counts[:, None]
        if self.table is not None:
            return np.einsum("nk,nki->i", weights, self.table)
        assert self._step is not None and self._step.regular is not None, "asked of full families only"
        expectation, jacobian = self._step.regular.moments(theta)
        score = np.einsum("nk,nka->a", weights, self.complete_scores(theta))
        return weights.sum() * expectation + np.linalg.solve(jacobian.T, score)


def _completed(density: SeenDensity, seen: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Every kept variable as (N, K), with all values that the hidden classes among them may take."""
    import numpy as np

    support = density.support
    own = dict(zip(density.seen, seen.T, strict=True))
    columns: list[np.ndarray] = []
    size = 1
    for v, parts in zip(support.variables, support.pieces, strict=True):
        if v in own:
            columns.append(np.repeat(own[v][:, None], size, axis=1))
            continue
        values: list[float] = []
        for piece, ends in zip(parts, support.numeric_ends[v], strict=True):
            if isinstance(piece, Points):
                values += [float(p) for p in piece.values]
                continue
            # All values at any observation; the mask keeps those that each one allows.
            lower, upper = (np.asarray(end(columns), dtype=float) for end in ends)
            if upper.max() - lower.min() > _MOST:
                raise _too_many(v)
            values += list(np.arange(np.ceil(lower.min() - 1e-9), np.floor(upper.max() + 1e-9) + 1.0))
        size *= len(values)
        if len(seen) * size > _MOST:
            raise _too_many(v)
        columns = [np.repeat(c, len(values), axis=1) for c in columns]
        width = size // len(values)
        columns.append(np.tile(np.array(values), (len(seen), width)))
    return columns, support.contains(np.stack(columns, axis=-1))


def _too_many(v: Symbol) -> ArgumentError:
    return ArgumentError(
        f"with {v} there are more than {_MOST} combinations of observations and hidden values; declare the density "
        "with fewer hidden values"
    )
