"""Divergences that are functions of the affinity ``c(t)``, the integral of ``p^(1-t) q^t``: alpha, Renyi, Hellinger,
Bhattacharyya, Pearson.

Outside 0 <= t <= 1 the integral may be infinite. With numbers for the parameters it is decided; with symbols the
result is a Piecewise, the closed form where the condition holds and oo elsewhere. :mod:`symgeo.models.divergences` says
how members are given; all functions raise what :func:`~symgeo.models.divergences.kl_divergence` raises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.algebra import as_expression
from symgeo.algebra.convert import decimal
from symgeo.errors import ArgumentError
from symgeo.models.affinity_value import AffinityValue, affinity_value
from symgeo.models.divergences import kl_divergence, pair_of
from symgeo.models.members import member

if TYPE_CHECKING:
    from sympy import Expr

    from symgeo.models.statistical_model import StatisticalModel


def alpha_divergence(model: StatisticalModel, alpha: Any, p: Any, q: Any) -> Expr:
    """``D^(alpha)(p || q) = 4/(1 - alpha^2) (1 - integral of p^((1-alpha)/2) q^((1+alpha)/2))``.

    ``D^(-1) = D(p || q)``, ``D^(1) = D(q || p)``, ``D^(alpha)(p || q) = D^(-alpha)(q || p)``; it induces the Fisher
    metric and the alpha-connection. With a symbol for alpha the result is meant for alpha other than 1 and -1.
    Source: Amari and Nagaoka 2000, equation (3.25) ff.; Amari, Information Geometry and Its Applications, 2016,
    section 3.5.
    """
    order = _number(alpha, "alpha")
    if order == -1:
        return kl_divergence(model, p, q)
    if order == 1:
        return kl_divergence(model, q, p)
    found = _affinity(model, (1 + order) / 2, p, q)
    return found.map(lambda log_c: 4 / (1 - order**2) * (1 - sp.exp(log_c)), sp.oo)


def renyi_divergence(model: StatisticalModel, order: Any, p: Any, q: Any) -> Expr:
    """``D_r(p || q) = log(integral of p^r q^(1-r))/(r - 1)`` of order r > 0; ``D_1 = D(p || q)``.

    Source: Renyi 1961; van Erven and Harremoes, IEEE Trans. Inf. Theory 60 (2014) 3797-3820.
    """
    r = _number(order, "the order")
    if r.is_extended_nonpositive:
        raise ArgumentError(f"the order of a Renyi divergence is positive, not {order}")
    if r == 1:
        return kl_divergence(model, p, q)
    return _affinity(model, 1 - r, p, q).map(lambda log_c: log_c / (r - 1), sp.oo)


def bhattacharyya(model: StatisticalModel, p: Any, q: Any) -> Expr:
    """The distance of Bhattacharyya, ``-log BC`` with ``BC`` the integral of ``sqrt(p q)``.

    Source: Bhattacharyya, Bull. Calcutta Math. Soc. 35 (1943) 99-109.
    """
    return -_affinity(model, sp.Rational(1, 2), p, q).log_value


def hellinger(model: StatisticalModel, p: Any, q: Any) -> Expr:
    """The distance of Hellinger, not its square: ``sqrt(1 - BC)`` with ``BC`` the integral of ``sqrt(p q)``.

    ``H^2`` is half of the integral of ``(sqrt p - sqrt q)^2``, so that 0 <= H <= 1. Source: Amari 2016, section 3.5.
    """
    return sp.sqrt(1 - sp.exp(_affinity(model, sp.Rational(1, 2), p, q).log_value))


def chi_squared_divergence(model: StatisticalModel, p: Any, q: Any) -> Expr:
    """Pearson's divergence, the integral of ``(p - q)^2/q = p^2/q - 1``; oo where that is infinite.

    Source: Pearson 1900; Nielsen and Nock, IEEE Signal Process. Lett. 21 (2014) 10-13.
    """
    return _affinity(model, sp.S.NegativeOne, p, q).map(lambda log_c: sp.exp(log_c) - 1, sp.oo)


def _affinity(model: StatisticalModel, weight: Expr, p: Any, q: Any) -> AffinityValue:
    return affinity_value(pair_of(model), weight, member(model, p), member(model, q))


def _number(given: Any, what: str) -> Expr:
    try:
        value = as_expression(given)
    except TypeError as error:
        raise ArgumentError(f"{what}: {error}") from None
    value = value.xreplace({f: decimal(f) for f in value.atoms(sp.Float)})
    if value.has(sp.nan, sp.zoo) or value.is_infinite or value.is_extended_real is False:
        raise ArgumentError(f"{what} is a real number or a symbol, not {given}")
    return value
