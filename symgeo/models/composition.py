"""Models composed of independent parts: products, repeated observations, regression at given covariates.

Scores of independent parts add up and have mean zero, so metric, cubic tensor and connections of the whole are the
sums of those of the parts, each pulled back along the map from the common parameters to its own:
``g = sum J' g J`` and ``Gamma_ab,c = sum J J J Gamma_ij,k + d_a d_b f^i g_ij d_c f^j`` for every alpha.
Source: Amari and Nagaoka 2000, section 2.2 (additivity of the Fisher metric); McCullagh and Nelder, Generalized Linear
Models, 1989, for regression.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product as pairs_of
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra import Element, Field, Tensor, as_expression
from symgeo.algebra.generators import named
from symgeo.errors import ArgumentError, NoClosedFormError, ParameterListError, UnknownSymbolError
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.geometry.reference import CUBIC, Reference, first_kind
from symgeo.models.exponential_family import ExponentialFamily
from symgeo.models.ladder import Derived, derive
from symgeo.models.statistical_model import StatisticalModel

if TYPE_CHECKING:
    from sympy import Expr, Symbol

Index = tuple[int, ...]
_FEW = 4  # different parts, up to which sums are brought over one denominator


@dataclass(frozen=True)
class Part:
    """A model of some of the variables: ``names`` gives its variables their names in the whole, ``images`` its
    parameters as functions of those of the whole."""

    model: StatisticalModel
    names: Mapping[Symbol, Symbol]
    images: Mapping[Symbol, Expr]

    def placed(self, e: Expr) -> Expr:
        """An expression of the part in the variables and parameters of the whole."""
        return e.subs({**self.names, **self.images}, simultaneous=True)


class ComposedModel(StatisticalModel):
    """A model whose variables fall into independent parts; its geometry is put together from theirs."""

    def __init__(
        self,
        parts: Sequence[Part],
        parameters: Sequence[Symbol],
        domain: Mapping[Symbol, Any] | None,
        constraints: Sequence[Any] = (),
        name: str | None = None,
    ):
        self.parts = tuple(parts)
        support = {p.names[v]: p.placed(s) for p in self.parts for v, s in p.model.support.sets.items()}
        super().__init__(
            sp.Mul(*(p.placed(p.model.density) for p in self.parts)),
            tuple(support),
            parameters,
            support=support,
            domain=domain,
            constraints=constraints,
            name=name,
            check=False,  # each part was checked
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return ComposedModel, (self.parts, self.parameters, self.domain, self.chart.constraints, self.name)

    @cached_property
    def _derived(self) -> Derived:
        few = len({tuple(p.images.items()) for p in self.parts}) <= _FEW
        family = self.exponential_family if few else None
        if family is not None and not family.is_curved:
            return derive(self)
        manifolds = [p.model.manifold for p in self.parts]
        rungs = dict.fromkeys(p.model.rung for p in self.parts)
        return Derived(_Sum(self, manifolds, few).manifold(), f"independent parts by {', '.join(rungs)}")

    def expectation(self, f: Expr, seconds: float = 5.0, constants: Iterable[Symbol] = ()) -> Expr:
        """``E[f]`` for sums of products of functions of one part each; see :meth:`StatisticalModel.expectation`.

        Raises :class:`NoClosedFormError` for a function that mixes the variables of several parts otherwise.
        """
        total = []
        for term in sp.Add.make_args(sp.expand(as_expression(f))):
            factors: dict[int, list[Expr]] = {}
            value = sp.S.One
            for factor in sp.Mul.make_args(term):
                own = [i for i, p in enumerate(self.parts) if factor.free_symbols & set(p.names.values())]
                if len(own) > 1:
                    raise NoClosedFormError(
                        f"{factor} mixes variables of several independent parts; expectations are taken of sums of "
                        "products of functions of one part each"
                    )
                if own:
                    factors.setdefault(own[0], []).append(factor)
                else:
                    value *= factor
            for i, own_factors in factors.items():
                value *= self._within(self.parts[i], sp.Mul(*own_factors), seconds, constants)
            total.append(value)
        return sp.Add(*total)

    def _within(self, part: Part, f: Expr, seconds: float, constants: Iterable[Symbol]) -> Expr:
        back = {new: old for old, new in part.names.items()}
        kept = {v: s for v, s in part.images.items() if v == s}
        outside = f.free_symbols - set(back) - set(kept) - set(constants)
        if outside:
            raise NoClosedFormError(
                f"{f} mixes variables with {', '.join(sorted(map(str, outside)))}, which is no parameter of its part"
            )
        return part.placed(part.model.expectation(f.xreplace(back), seconds, constants))


class _Sum:
    """The sum of the parts' triples, pulled back; where they are not few, fractions are kept as quantities of their own
    instead of being brought over one denominator."""

    def __init__(self, model: ComposedModel, manifolds: Sequence[StatisticalManifold], few: bool):
        self.model, self.manifolds, self.few = model, manifolds, few
        self.field: Field = model.field
        x = model.parameters
        self.images = [
            [self.field(p.images[s]) for s in m.coordinates] for p, m in zip(model.parts, manifolds, strict=True)
        ]
        self.jacobians = [[[e.diff(s) for s in x] for e in images] for images in self.images]
        self._carried: dict[tuple[Expr, tuple[tuple[Symbol, Expr], ...]], Element] = {}

    def manifold(self) -> StatisticalManifold:
        metric = self._tensor([m.metric for m in self.manifolds], ((0, 1),), "metric")
        orders = {m.reference.alpha for m in self.manifolds}
        reference = Reference(orders.pop(), self._connection()) if len(orders) == 1 else None
        # A connection of alpha = 0 says nothing of the cubic tensor, one of another alpha gives it.
        return StatisticalManifold(metric, self._cubic, reference=reference)

    def _cubic(self) -> Tensor:
        return self._tensor([m.cubic for m in self.manifolds], ((0, 1, 2),), CUBIC)

    def _values(self, tensors: Sequence[Tensor]) -> list[list[tuple[Index, Element]]]:
        """The components of each part's tensor in the symbols of the whole."""
        out = []
        for part, tensor in zip(self.model.parts, tensors, strict=True):
            images = {**part.names, **part.images}
            key = tuple(part.images.items())
            rows = []
            for i, value in tensor.stored():
                e = value.to_sympy()
                if (e, key) not in self._carried:
                    self._carried[e, key] = self.field(e.subs(images, simultaneous=True))
                rows.append((i, self._carried[e, key]))
            out.append(rows)
        return out

    def _tensor(self, tensors: Sequence[Tensor], symmetric: Sequence[Sequence[int]], name: str) -> Tensor:
        rank = tensors[0].rank
        values = self._values(tensors)

        def entry(*index: int) -> Element:
            return self._total(self._pulled(values, index))

        return Tensor.build(self.field, self.model.parameters, (-1,) * rank, entry, symmetric=symmetric, name=name)

    def _pulled(self, values: list[list[tuple[Index, Element]]], index: Index) -> list[Element]:
        """One term for every part, which is its tensor contracted with its Jacobian in every slot."""
        terms = []
        for rows, jacobian in zip(values, self.jacobians, strict=True):
            own = []
            for i, value in rows:
                weight = self.field.one
                for k, a in zip(i, index, strict=True):
                    weight = weight * jacobian[k][a]
                own.append((1, value, weight))
            terms.append(self.field.dot(own))
        return terms

    def _total(self, terms: Sequence[Element]) -> Element:
        """The sum over the parts. Unless they are few, fractions over sums, and then the total, are kept by names."""
        kept = [t if self.few or not self._is_long_fraction(t) else named(t, True) for t in terms]
        total = self.field.sum(kept)
        return total if all(a is b for a, b in zip(kept, terms, strict=True)) else named(total, True)

    def _is_long_fraction(self, term: Element) -> bool:
        return any(len(self.field.factor_polynomial(i)) > 1 for i, _ in term.powers)

    def _connection(self) -> Tensor:
        x = self.model.parameters
        symbols = self._values([m.reference.first_kind for m in self.manifolds])
        metrics = self._values([m.metric for m in self.manifolds])

        def entry(a: int, b: int, c: int) -> Element:
            terms = self._pulled(symbols, (a, b, c))
            for rows, jacobian in zip(metrics, self.jacobians, strict=True):
                bends = [(1, value, jacobian[i][a].diff(x[b]) * jacobian[j][c]) for (i, j), value in rows]
                terms.append(self.field.dot(bends))
            return self._total(terms)

        return first_kind(x, self.field, entry)


def _model(model: Any) -> StatisticalModel:
    if isinstance(model, ExponentialFamily):
        return model.model
    if not isinstance(model, StatisticalModel):
        raise ArgumentError(f"a StatisticalModel is wanted, not {type(model).__name__}")
    return model


def product(*models: StatisticalModel | ExponentialFamily, name: str | None = None) -> ComposedModel:
    """The joint model of independent variables; parameters of the same symbol are shared.

    Raises :class:`ParameterListError` when two models have a variable of the same symbol, or fewer than one is given.
    """
    parts = [_model(m) for m in models]
    variables = [v for m in parts for v in m.variables]
    twice = [v for v in variables if variables.count(v) > 1]
    if twice or not parts:
        raise ParameterListError(
            f"the variable {twice[0]} stands in two of the models; declare them in different variables, or take "
            "independent_observations of one model" if twice else "a product needs at least one model"
        )  # fmt: skip
    parameters = tuple(dict.fromkeys(s for m in parts for s in m.parameters))
    domain: dict[Symbol, sp.Set] = {}
    for m in parts:
        for s, own in m.domain.items():
            domain[s] = domain[s].intersect(own) if s in domain else own
    constraints = tuple(c for m in parts for c in m.constraints)
    placed = [Part(m, {v: v for v in m.variables}, {s: s for s in m.parameters}) for m in parts]
    return ComposedModel(placed, parameters, domain, constraints, name)


def independent_observations(model: StatisticalModel | ExponentialFamily, count: int) -> ComposedModel:
    """The joint model of ``count`` independent observations, in variables x_1, x_2, ...

    Metric and cubic tensor are ``count`` times those of one observation, so connections stay and the scalar curvature
    is divided by it. Raises :class:`ArgumentError` unless the count is a positive integer.
    """
    base = _model(model)
    if isinstance(count, bool) or count != int(count) or count < 1:
        raise ArgumentError(f"the number of observations is a positive integer, not {count}")
    same = {s: s for s in base.parameters}
    parts = [Part(base, _numbered(base.variables, k), same) for k in range(1, int(count) + 1)]
    return ComposedModel(parts, base.parameters, base.domain, base.constraints, base.name)


def _numbered(variables: Sequence[Symbol], k: int) -> dict[Symbol, Symbol]:
    return {v: sp.Symbol(f"{v.name}_{k}", **v.assumptions0) for v in variables}


def regression(
    model: StatisticalModel | ExponentialFamily,
    relations: Mapping[Symbol, Expr],
    parameters: Sequence[Symbol],
    covariates: Mapping[Symbol, Sequence[Any]],
    *,
    domain: Mapping[Symbol, Any] | None = None,
    constraints: Sequence[Any] = (),
    name: str | None = None,
) -> ComposedModel:
    """Independent responses of one family whose parameters are functions of covariates and of new parameters.

    ``relations``: {parameter of the family: expression of the new parameters and the covariates}, that is the inverse
    link of a predictor, as in ``{p: 1/(1 + exp(-a - b*d))}``; a parameter that is not mentioned stays as it is and
    belongs to the new ones. ``covariates``: {symbol: its values}, all of the same length m: one response, in variables
    y_1, y_2, ..., each. Raises :class:`ParameterListError` for covariates of different lengths or a parameter that is
    no one's, :class:`UnknownSymbolError` for foreign symbols. A relation that leaves the family's domain for parameters
    within ``domain`` is the caller's to exclude by ``constraints``.
    """
    base = _model(model)
    new = (parameters,) if isinstance(parameters, sp.Symbol) else tuple(parameters)
    foreign = set(relations) - set(base.parameters)
    if foreign:
        raise UnknownSymbolError(f"{', '.join(sorted(map(str, foreign)))} is no parameter of {base!r}")
    lengths = {len(values) for values in covariates.values()}
    if len(lengths) != 1 or lengths == {0}:
        raise ParameterListError(
            f"the covariates have {sorted(lengths)} values; give as many of each, one for every response"
        )
    images = {s: as_expression(relations.get(s, s)) for s in base.parameters}
    used = set().union(*(e.free_symbols for e in images.values()))
    unknown = used - set(new) - set(covariates)
    if unknown:
        raise UnknownSymbolError(
            f"the relations hold {', '.join(sorted(map(str, unknown)))}, neither new parameter nor covariate"
        )
    kept = {s: d for s, d in base.domain.items() if images[s] == s}
    parts = []
    for k in range(lengths.pop()):
        at = {c: as_expression(sp.nsimplify(values[k], rational=True)) for c, values in covariates.items()}
        parts.append(Part(base, _numbered(base.variables, k + 1), {s: e.subs(at) for s, e in images.items()}))
    return ComposedModel(parts, new, {**kept, **(domain or {})}, constraints, name)


def normal(
    mean: Sequence[Expr],
    covariance: Any,
    variables: Sequence[Symbol],
    parameters: Sequence[Symbol],
    **options: Any,
) -> StatisticalModel:
    """The normal law N(mean(theta), covariance(theta)) of one or several variables, declared by its density.

    ``mean`` (n,) and ``covariance`` (n, n), a SymPy matrix or nested sequence, are functions of the parameters; options
    are those of :class:`StatisticalModel`. Raises :class:`ParameterListError` for shapes that do not fit or a matrix
    that is not symmetric, and what the constructor raises.
    """
    x = (variables,) if isinstance(variables, sp.Symbol) else tuple(variables)
    m = [as_expression(e) for e in (mean if isinstance(mean, (list, tuple, sp.MatrixBase)) else [mean])]
    n = len(x)
    rows = covariance if isinstance(covariance, (list, tuple, sp.MatrixBase)) else [[covariance]]
    matrix = sp.Matrix(rows)
    if len(m) != n or matrix.shape != (n, n):
        raise ParameterListError(f"{n} variables need a mean of {n} and a covariance of {n} by {n} entries")
    if any(sp.expand(matrix[i, j] - matrix[j, i]) != 0 for i, j in pairs_of(range(n), repeat=2)):
        raise ParameterListError("the covariance is not symmetric")
    determinant = matrix.det(method="berkowitz")
    shifted = sp.Matrix([v - e for v, e in zip(x, m, strict=True)])
    exponent = -(shifted.T * matrix.adjugate() * shifted)[0] / (2 * determinant)
    density = sp.exp(exponent) / sp.sqrt((2 * sp.pi) ** n * determinant)
    return StatisticalModel(density, x, parameters, **options)
