"""Relative entropy between two members of a model, entropies, and what is built from them.

Densities are taken with respect to dx, or counting measure; logarithms are natural. A member is given by its
parameter values: a sequence in the order of the model's parameters, or a mapping in which a parameter that is left out
keeps its symbol. Results are closed forms in the symbols of the values, with `Expectation` nodes, which ``lambdify``
integrates, for what has none. Symbols in the values are taken to lie in the model's domain.

Nothing is looked up: for an exponential family the divergence is that of Bregman between the natural parameters, any
other law is served by the expectations of its log-density under one member and of the other's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.expectation.node import Expectation
from symgeo.models.members import member, written
from symgeo.models.pair import Pair

if TYPE_CHECKING:
    from sympy import Expr

    from symgeo.models.statistical_model import StatisticalModel


def kl_divergence(model: StatisticalModel, p: Any, q: Any) -> Expr:
    """The relative entropy ``D(p || q) = E_p[log p - log q]`` of Kullback and Leibler.

    For an exponential family ``psi(q) - psi(p) - (eta(q) - eta(p)) . mu(p)``. Raises
    :class:`DivergentExpectationError` where it is infinite over a part of the domain, :class:`NoClosedFormError` where
    it can be neither found nor integrated, and the errors of points outside the model (:class:`DomainError`,
    :class:`ParameterListError`, :class:`UnknownSymbolError`).
    Source: Kullback and Leibler, Ann. Math. Statist. 22 (1951) 79-86; Amari and Nagaoka 2000, section 3.2.
    """
    at_p, at_q = member(model, p), member(model, q)
    if at_p == at_q:
        return sp.S.Zero
    pair = pair_of(model)
    return pair.at(_relative_entropy(pair), at_p, at_q)


def jeffreys_divergence(model: StatisticalModel, p: Any, q: Any) -> Expr:
    """``J(p, q) = D(p || q) + D(q || p)``; for an exponential family ``(eta(p) - eta(q)) . (mu(p) - mu(q))``.

    Errors as for :func:`kl_divergence`. Source: Jeffreys, Proc. R. Soc. A 186 (1946) 453-461.
    """
    at_p, at_q = member(model, p), member(model, q)
    if at_p == at_q:
        return sp.S.Zero
    pair = pair_of(model)
    found = _relative_entropy(pair)
    return pair.at(found + found.subs(pair.exchange, simultaneous=True), at_p, at_q)


def entropy(model: StatisticalModel, p: Any = None, seconds: float = 5.0) -> Expr:
    """The entropy ``-E_p[log p]`` (differential entropy for a density), by default in the model's own parameters.

    ``seconds`` bound the time that SymPy's integrator may take for what has no closed form otherwise. Errors as for
    ``model.expectation``. Source: Shannon 1948; Cover and Thomas, Elements of Information Theory, 2006, chapter 8.
    """
    values = member(model, p)
    found = _cross_entropy(pair_of(model), seconds, own=True)
    return written(model, found, (values,), dict(zip(model.parameters, values, strict=True)))


def cross_entropy(model: StatisticalModel, p: Any, q: Any, seconds: float = 5.0) -> Expr:
    """``-E_p[log q] = H(p) + D(p || q)``. Errors and ``seconds`` as for :func:`entropy`."""
    at_p, at_q = member(model, p), member(model, q)
    pair = pair_of(model)
    return pair.at(_cross_entropy(pair, seconds, own=False), at_p, at_q)


def jensen_shannon(model: StatisticalModel, p: Any, q: Any) -> Expr:
    """``JS(p, q) = (D(p || m) + D(q || m))/2`` with ``m = (p + q)/2``, between 0 and log 2.

    A sum over a finite support; elsewhere an expectation, which ``lambdify`` integrates. Errors as for
    :func:`kl_divergence`. Source: Lin, IEEE Trans. Inf. Theory 37 (1991) 145-151, equation (4.1).
    """
    at_p, at_q = member(model, p), member(model, q)
    if at_p == at_q:
        return sp.S.Zero
    pair = pair_of(model)
    half = pair.expectation(sp.log(2) - sp.log(1 + sp.exp(pair.log_second - pair.log_first))) / 2
    return pair.at(half + half.subs(pair.exchange, simultaneous=True), at_p, at_q)


def pair_of(model: StatisticalModel) -> Pair:
    """The model's pair of members, made once."""
    return model._pair


def _relative_entropy(pair: Pair) -> Expr:
    """``D(first || second)`` for all pairs, found once."""
    if "relative entropy" not in pair.found:
        closed = _bregman(pair)
        pair.found["relative entropy"] = (
            pair.expectation(pair.log_first - pair.log_second) if closed is None else closed
        )
    return pair.found["relative entropy"]


def _bregman(pair: Pair) -> Expr | None:
    """``psi(q) - psi(p) - (eta(q) - eta(p)) . mu(p)``; None where this is no exponential family with known means."""
    family = pair.model.exponential_family
    if family is None or not family.has_expectations:
        return None
    natural, psi = family.natural_parameters, family.log_partition

    def second(e: Expr) -> Expr:
        return e.subs(pair.to_second, simultaneous=True)

    drops = [(second(e) - e) * m for e, m in zip(natural, family.expectation_parameters, strict=True)]
    return second(psi) - psi - sp.Add(*drops)


def _cross_entropy(pair: Pair, seconds: float, own: bool) -> Expr:
    """``-E_p[log q]``, of the first member itself where ``own``."""
    model, family = pair.model, pair.model.exponential_family
    if family is None or not family.has_expectations:
        return _mean(model, -model.log_density, seconds) if own else pair.expectation(-pair.log_second)
    field, natural = model.field, family.natural_parameters
    exponent = field.dot((1, field(e), field(t)) for e, t in zip(natural, family.sufficient_statistics, strict=True))
    log_carrier = (model.log_element - exponent + field(family.log_partition)).to_sympy()
    e_psi = sp.Tuple(family.log_partition, *natural)
    psi, *eta = e_psi if own else e_psi.subs(pair.to_second, simultaneous=True)
    means = zip(eta, family.expectation_parameters, strict=True)
    return psi - sp.Add(*(e * m for e, m in means)) - _mean(model, log_carrier, seconds)


def _mean(model: StatisticalModel, f: Expr, seconds: float) -> Expr:
    """``E[f]``, term by term where the whole does not close."""
    if not f.free_symbols & set(model.variables):
        return f
    whole = model.expectation(f, 0)
    terms = sp.Add.make_args(sp.expand_mul(f))
    if not whole.has(Expectation):
        return whole
    return sp.Add(*(model.expectation(term, seconds / len(terms)) for term in terms))
