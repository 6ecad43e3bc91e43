"""Derived tensors held against numerical integration of the declared density, which knows nothing of the derivation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import sympy as sp

from symgeo.codegen import lambdify
from symgeo.errors import ArgumentError
from symgeo.expectation.law import Law
from symgeo.expectation.node import Expectation, Letters
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.models.exponential_family import ExponentialFamily
from symgeo.models.numeric import moving_kinks
from symgeo.models.statistical_model import StatisticalModel

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Check:
    """One identity at all points: the largest difference and the quadrature's own error estimate, both relative to the
    largest component; ``agrees`` is None where the integrals could not be computed."""

    name: str
    difference: float
    error: float
    agrees: bool | None


@dataclass(frozen=True)
class Verification:
    """What was checked, at which points; true where every check that could be made agrees."""

    checks: tuple[Check, ...]
    points: tuple[tuple[float, ...], ...]

    def __bool__(self) -> bool:
        return all(check.agrees is not False for check in self.checks)

    def __repr__(self) -> str:
        width = max(len(check.name) for check in self.checks)
        words = {True: "agrees", False: "DIFFERS", None: "not computed"}
        rows = [
            f"{check.name:<{width}}  {check.difference:>10.1e}  {check.error:>10.1e}  {words[check.agrees]}"
            for check in self.checks
        ]
        head = f"{'at ' + str(len(self.points)) + ' points':<{width}}  difference  quadrature"
        return "\n".join([head, *rows])


def verify(
    model: StatisticalModel | ExponentialFamily,
    points: int | Sequence[Sequence[float]] | None = None,
    tolerance: float = 1e-9,
) -> Verification:
    """Hold the derived metric, cubic tensor and e-connection against quadrature of the density.

    ``points``: parameter points (P, n), or how many interior ones to choose; by default three for one variable and one
    for several. Checked are the total mass, ``E[s_i] = 0``, ``g_ij = E[s_i s_j]``, ``T_ijk = E[s_i s_j s_k]`` and,
    where the log-density has no kink that moves, ``Gamma^(1)_ij,k = E[d_i d_j l s_k]`` and ``E[d_i d_j l] = -g_ij``;
    where it has one, the last with what the jumps of the score add.
    They agree when the difference is below ``tolerance`` of the largest component, or ten error estimates. Raises
    :class:`ArgumentError` for anything but a model, and what the model's manifold raises.
    """
    import numpy as np

    if isinstance(model, ExponentialFamily):
        model = model.model
    if not isinstance(model, StatisticalModel):
        raise ArgumentError(f"verify takes a StatisticalModel or an ExponentialFamily, not {type(model).__name__}")
    x, n = model.parameters, len(model.parameters)
    if points is None:
        points = 3 if len(model.variables) == 1 else 1
    if isinstance(points, int):
        at = np.array([[float(p[s]) for s in x] for p in model.chart.interior_points(points)])
    else:
        at = np.atleast_2d(np.asarray(points, dtype=float))
    manifold, law = model.manifold, _law(model)
    singles = [(i,) for i in range(n)]
    pairs, triples = list(product(range(n), repeat=2)), list(product(range(n), repeat=3))
    wanted: list[tuple[str, list[Letters], Any]] = [
        ("E[s] = 0", [(i,) for i in singles], None),
        ("g = E[s s]", [((i,), (j,)) for i, j in pairs], manifold.metric),
        ("T = E[s s s]", [((i,), (j,), (k,)) for i, j, k in triples], manifold.cubic),
    ]
    if moving_kinks(model) == []:
        gamma = manifold.connection(1).christoffel_first_kind
        second: list[Letters] = [(tuple(sorted((i, j))), (k,)) for i, j, k in triples]
        wanted.append(("e-connection = E[dd log p s]", second, gamma))
        wanted.append(("g = -E[dd log p]", [(tuple(sorted(p)),) for p in pairs], manifold.metric * -1))
    elif law.kinks:
        beside = _beside_kinks(law, manifold)
        wanted.append(("E[dd log p] = -g - jumps", [(tuple(sorted(p)),) for p in pairs], beside))
    # Means as they are declared: nothing that the derivation knows is applied to them.
    nodes = list(dict.fromkeys(Expectation(law, sp.S.One, m) for _, letters, _ in wanted for m in letters))
    values, errors = law.estimates(nodes, at)
    place = {node.letters: i for i, node in enumerate(nodes)}
    checks = [] if law.unnormalised else [_mass(model, at, tolerance)]
    for name, letters, tensor in wanted:
        columns = [place[m] for m in letters]
        zero = np.zeros((len(at), len(letters)))
        derived = zero if tensor is None else lambdify(tensor, x)(at).reshape(len(at), -1)
        checks.append(_check(name, derived, values[:, columns], errors[:, columns], tolerance))
    return Verification(tuple(checks), tuple(map(tuple, at.tolist())))


def _beside_kinks(law: Law, manifold: StatisticalManifold) -> sp.Matrix:
    """The mean of the second derivatives, as the derivative of ``E[s] = 0`` over the kinks that move gives it."""

    def entry(i: int, j: int) -> sp.Expr:
        a, b = sorted((i, j))
        return -manifold.metric[a, b] - law.boundary.terms(sp.S.One, ((a,),), b)

    return sp.Matrix(manifold.dim, manifold.dim, entry)


def _law(model: StatisticalModel) -> Law:
    """The model's law, or, where a kink moves, one that serves for the scores alone."""
    return model.law or Law(
        model.log_density, model.variables, model.support.pieces, model.parameters, domain=model.chart
    )


def _mass(model: StatisticalModel, at: np.ndarray, tolerance: float) -> Check:
    """The total mass, of which means under a law are quotients."""
    import numpy as np

    law = Law(
        model.log_density,
        model.variables,
        model.support.pieces,
        model.parameters,
        domain=model.chart,
        unnormalised=True,
    )
    logarithm, error = law.estimates([law.log_normaliser()], at)
    return _check("total mass one", np.ones((len(at), 1)), np.exp(logarithm), error, tolerance)


def _check(name: str, derived: np.ndarray, values: np.ndarray, errors: np.ndarray, tolerance: float) -> Check:
    import numpy as np

    if not np.all(np.isfinite(values)):
        return Check(name, float("nan"), float("nan"), None)
    scale = np.max(np.abs(derived), axis=1, keepdims=True)
    scale = np.where(scale > 0, scale, 1.0)
    difference, error = np.abs(values - derived) / scale, errors / scale
    agrees = bool(np.all(difference <= np.maximum(tolerance, 10.0 * error)))
    return Check(name, float(np.max(difference)), float(np.max(error)), agrees)
