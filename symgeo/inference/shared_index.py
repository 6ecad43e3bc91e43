"""Parameters that a likelihood sees through one index, such as a linear predictor.

If ``d_i log p = (rho_i / rho_j) d_j log p`` with polynomials rho of the covariates, then log p is a function of the
index ``eta = sum of rho_i theta_i`` and of no other combination of these parameters. The likelihood is that of a model
with one parameter for each index; its derivatives times products of the rho are those asked for, so that sums over
observations become products of a matrix with few columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.codegen import numpy_function, unchecked
from symgeo.errors import SymgeoError
from symgeo.models.conditional_model import ConditionalModel
from symgeo.models.statistical_model import StatisticalModel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from sympy import Expr, Symbol

    from symgeo.algebra import Element


@dataclass(frozen=True, eq=False)
class Indices:
    """Parameters by their classes, and the ``model`` whose parameters are the indices of the classes, in this order.

    ``factors`` are the rho of each class; a parameter alone in its class is its own index, with the factor one.
    """

    classes: tuple[tuple[int, ...], ...]
    factors: tuple[tuple[Expr, ...], ...]
    model: StatisticalModel | ConditionalModel
    covariates: tuple[Symbol, ...]

    @cached_property
    def _function(self) -> Callable[..., list[np.ndarray]]:
        return numpy_function([f for row in self.factors for f in row], self.covariates)

    @cached_property
    def _members(self) -> list[slice | tuple[int, ...]]:
        """The classes, those of neighbours as slices."""
        ends = [(c[0], c[-1] + 1) for c in self.classes]
        return [slice(*e) if tuple(range(*e)) == c else c for e, c in zip(ends, self.classes, strict=True)]

    @cached_property
    def shared(self) -> list[int]:
        """The parameters that share an index with others."""
        return [i for members in self.classes if len(members) > 1 for i in members]

    @property
    def count(self) -> int:
        """How many parameters there are."""
        return sum(map(len, self.classes))

    @cached_property
    def places(self) -> tuple[list[slice], np.ndarray | None]:
        """Where each class lies in the parameters sorted by class, and where each parameter does, if elsewhere."""
        import numpy as np

        ends = np.cumsum([0, *map(len, self.classes)]).tolist()
        order = np.argsort([i for members in self.classes for i in members])
        return [slice(*pair) for pair in pairwise(ends)], None if (np.diff(order) == 1).all() else order

    def at(self, columns: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The factors at columns (N,) of the covariates: an array (members, N) for each class."""
        import numpy as np

        rows = np.empty((self.count, len(columns[0])))
        for row, value in zip(rows, unchecked(self._function)(*columns), strict=True):
            row[:] = value
        return [rows[place] for place in self.places[0]]

    def values(self, factors: Sequence[np.ndarray], theta: np.ndarray) -> list[np.ndarray]:
        """The indices, (..., N) each, or (..., 1) where they are the same for all, at theta (..., n)."""
        found = []
        for members, factor in zip(self._members, factors, strict=True):
            shares = theta[..., members]
            found.append(shares @ factor if len(factor) > 1 and shares.any() else shares[..., :1])
        return found

    def remaining(self, columns: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Those of the columns of the covariates that the model with indices still needs."""
        left = self.model.covariates if isinstance(self.model, ConditionalModel) else ()
        return [c for s, c in zip(self.covariates, columns, strict=True) if s in left]


def indices_of(model: ConditionalModel) -> Indices | None:
    """The classes of parameters with a common index; None if each is alone."""
    slopes = [model.log_element.diff(s) for s in model.parameters]
    left = list(range(len(slopes)))
    classes, factors = [], []
    while left:
        base = left.pop(0)
        ratios = {base: sp.Integer(1)} | {
            i: r for i in left if (r := _ratio(model, slopes[i], slopes[base])) is not None
        }
        left = [i for i in left if i not in ratios]
        denominator = sp.lcm_list([sp.denom(r) for r in ratios.values()])
        classes.append(tuple(ratios))
        factors.append(tuple(sp.cancel(r * denominator) for r in ratios.values()))
    if len(classes) == len(slopes):
        return None
    try:
        reduced = _reduced(model, classes, factors)
    except SymgeoError:
        return None  # the parameters are then taken one by one
    return None if reduced is None else Indices(tuple(classes), tuple(factors), reduced, model.covariates)


def _ratio(model: ConditionalModel, slope: Element, base: Element) -> Expr | None:
    if not base:
        return None
    ratio = (slope / base).to_sympy()
    rational = ratio.free_symbols <= set(model.covariates) and ratio.is_rational_function(*model.covariates)
    return sp.cancel(ratio) if rational and ratio != 0 else None


def _reduced(
    model: ConditionalModel, classes: Sequence[tuple[int, ...]], factors: Sequence[tuple[Expr, ...]]
) -> StatisticalModel | ConditionalModel | None:
    """The model with one parameter for each class, proven to be the same; None where it is not seen to be."""
    x = model.parameters
    places: dict[Symbol, Expr] = {}
    values, domain = {}, {}
    parameters: list[Symbol] = []
    for number, (members, rho) in enumerate(zip(classes, factors, strict=True)):
        index = sp.Add(*(f * x[i] for f, i in zip(rho, members, strict=True)))
        if len(members) == 1:
            parameters.append(x[members[0]])
            domain[x[members[0]]] = model.domain[x[members[0]]]
            continue
        known = {"positive": True} if index.is_positive else {"real": True}
        eta = _fresh(f"eta{number}", model, **known)
        parameters.append(eta)
        values[eta] = index
        places |= {x[i]: sp.Integer(0) for i in members} | {x[members[0]]: eta / rho[0]}
    density, constraints = (_at(e, places) for e in (model.density, sp.Tuple(*model.constraints)))
    if density.has(sp.nan, sp.zoo, sp.oo):
        return None
    support = model.support.sets
    held = sp.Tuple(density, constraints, *support.values()).free_symbols
    left = tuple(s for s in model.covariates if s in held)
    if any(s in left for rho in factors for s in sp.denom(sp.together(1 / rho[0])).free_symbols):
        return None  # where that factor vanishes the index says it all, and the written density does not
    reduced = StatisticalModel(
        density,
        model.variables,
        parameters,
        support=support,
        domain=domain,
        constraints=[c for c in constraints if c is not sp.true],
        check=False,
        covariates=left,
    )
    same = model.field(reduced.log_density.xreplace(values)) == model.log_element
    return reduced if same else None


def _at(e: Any, places: dict[Symbol, Expr]) -> Any:
    return e.subs(places, simultaneous=True)


def _fresh(name: str, model: ConditionalModel, **known: bool) -> Symbol:
    taken = {s.name for s in (*model.variables, *model.covariates, *model.parameters)}
    while name in taken:
        name += "_"
    return sp.Symbol(name, **known)
