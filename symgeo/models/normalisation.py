"""Is a declared density really one: real, not negative, with total mass one?

The check is numerical, at a few generic points of the parameter domain. It refuses only what it has decided: an
integral with a large error estimate is tried at other points, and if none decides the density is reported as
unconfirmed rather than waved through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import inf, isfinite

import sympy as sp

from symgeo.errors import NormalisationError, SymgeoError, UnknownSymbolError, UnsupportedFunctionError
from symgeo.expectation.law import Law
from symgeo.models.chart import Chart
from symgeo.models.evaluation import Evaluator, Target
from symgeo.models.mass import total_mass
from symgeo.models.quadrature import Estimate
from symgeo.models.support import Support, show_point

_SAFETY = 10.0  # how many error estimates a value may lie off


@dataclass(frozen=True)
class _Limits:
    """When a mass counts as one: ``floor`` is a difference never held against a density, ``undecidable`` the error
    estimate beyond which nothing is confirmed."""

    floor: float
    undecidable: float
    # Rules in several variables may miss this much near an integrable singularity of an edge.
    missed: float = 0.0

    def confirms(self, mass: Estimate) -> bool:
        """Whether the mass is one and known well enough to say so."""
        off = abs(mass.value - 1.0)
        return mass.error <= self.undecidable and off <= max(self.floor, _SAFETY * mass.error)

    def excludes(self, mass: Estimate) -> bool:
        """Whether the mass is certainly not one; exactly nothing is found where everything underflows."""
        if not isfinite(mass.value) or mass.value == 0.0:
            return mass.error == 0.0 and mass.value > 0.0
        if mass.value > 100.0:  # slow divergence, cut off somewhere
            return mass.error < mass.value
        missing = self.missed if mass.value < 1.0 else 0.0
        return abs(mass.value - 1.0) > max(self.floor, missing, _SAFETY * mass.error) + mass.doubt


_ONE_VARIABLE = _Limits(1e-6, 2e-4)
_MORE_VARIABLES = _Limits(1e-3, 2e-3, 0.03)


@dataclass(frozen=True)
class Confirmation:
    """At this parameter point the density was found to have this total mass, up to the error."""

    point: Mapping[sp.Symbol, sp.Rational]
    mass: float
    error: float


def check_density(
    log_density: sp.Expr, chart: Chart, support: Support, density: sp.Expr | None = None, points: int = 3
) -> list[Confirmation]:
    """Confirm at interior parameter points that the density is real, not negative and has total mass one.

    ``density`` tells the sign where ``log_density`` is not real; without it the exponential of ``log_density`` is
    taken. Returns what was confirmed. Raises `NegativeDensityError` where the density is negative or not real
    somewhere on the support, `NormalisationError` where the total mass is not one or could not be found,
    `UnknownSymbolError` for a symbol that is neither variable nor parameter.
    """
    known = {*support.variables, *chart.parameters}
    unknown = (log_density.free_symbols | (set() if density is None else density.free_symbols)) - known
    if unknown:
        names = ", ".join(sorted(map(str, unknown)))
        raise UnknownSymbolError(
            f"the density holds {names}, which is neither variable nor parameter; list it as one or give it a value"
        )
    limits = _ONE_VARIABLE if len(support.variables) == 1 else _MORE_VARIABLES
    try:
        evaluator = Evaluator(log_density, density, support, chart.parameters)
    except (UnsupportedFunctionError, UnknownSymbolError) as reason:
        raise NormalisationError(
            f"the total mass of the density could not be confirmed, as it cannot be evaluated: {reason}; "
            f"pass check=False if you are sure of it"
        ) from reason
    confirmed: list[Confirmation] = []
    undecided: list[Confirmation] = []
    spent = 0
    # more points than asked for, to replace those where nothing can be decided
    for point in chart.interior_points(2 * points):
        target = evaluator.at(point)
        mass, opinions = _measure(target, limits, partial(_by_iteration, log_density, chart, support, point))
        measured = Confirmation(point, mass.value, mass.error)
        (confirmed if mass.error <= limits.undecidable else undecided).append(measured)
        # where one opinion did not do the density is hard to integrate, and every point would take as long
        spent += 1 if opinions == 1 or len(support.variables) == 1 else points
        if confirmed and spent >= points:
            return confirmed
        if spent >= 2 * points and len(support.variables) > 2:
            break  # two opinions each at two points, none decided
    if confirmed:
        return confirmed
    best = min(undecided, key=lambda measured: measured.error)
    raise NormalisationError(
        f"the density could not be confirmed to have total mass one: at {show_point(best.point)} the mass over "
        f"{support} came out as {best.mass:.6g} with an error of up to {best.error:.2g}, too large to decide; "
        f"if you are sure of the density, pass check=False"
    )


def _measure(target: Target, limits: _Limits, iterated: Callable[[], Estimate | None]) -> tuple[Estimate, int]:
    """The mass at one parameter point and how many opinions it took; raises where all agree that it is not one."""
    mass = total_mass(target)
    target.refuse_negative()
    if limits.confirms(mass):
        return mass, 1
    again = total_mass(target, effort=2)
    target.refuse_negative()
    if limits.confirms(again):
        return again, 2
    third = iterated()
    if third is not None and limits.confirms(third):
        return third, 2
    # rules miss mass rather than invent it: too much is too much, too little needs both opinions
    if limits.excludes(again) and (_agree(mass, again) or again.value > 1.0):
        raise _not_one(target, again)
    # two opinions that differ decide nothing
    gap = abs(mass.value - again.value)
    return Estimate(again.value, max(again.error, gap if isfinite(gap) else inf, 2.0 * limits.undecidable)), 2


def _by_iteration(
    log_density: sp.Expr, chart: Chart, support: Support, point: Mapping[sp.Symbol, sp.Rational]
) -> Estimate | None:
    """The mass of several variables, one after the other; None where that takes too long."""
    import numpy as np

    if len(support.variables) != 2:
        return None
    law = Law(log_density, support.variables, support.pieces, chart.parameters, unnormalised=True)
    try:
        value, error = law.estimates([law.log_normaliser()], np.array([[float(point[p]) for p in chart.parameters]]))
    except SymgeoError:
        return None
    mass = float(np.exp(value[0, 0]))
    return Estimate(mass, mass * float(error[0, 0])) if np.isfinite(mass) else None


def _agree(mass: Estimate, again: Estimate) -> bool:
    """Whether the first opinion does not speak against the second."""
    if not isfinite(again.value):
        return not isfinite(mass.value) or mass.error > 0.1 * mass.value
    off = abs(mass.value - again.value)
    return off <= _SAFETY * (mass.error + again.error) + 0.02 * again.value


def _not_one(target: Target, mass: Estimate) -> NormalisationError:
    at = show_point({symbol: sp.N(value, 6) for symbol, value in target.point.items()})
    verb = "sums" if target.support.is_discrete(target.support.variables[-1]) else "integrates"
    partly = "if it is a density for some parameters only, declare them with domain=... or constraints=..."
    if not isfinite(mass.value):
        return NormalisationError(
            f"the density has no finite total mass at {at}: it diverges over {target.support}; "
            f"correct it or narrow support=...; {partly}; or pass check=False"
        )
    return NormalisationError(
        f"the density {verb} to {mass.value:.6g}, not 1, at {at} over {target.support}; "
        f"divide it by its total mass, or correct support=...; {partly}; or pass check=False"
    )
