"""Symbolic information geometry: declare a density, get its geometry exactly, use it.

The way through the house:

- declare: :class:`StatisticalModel`, :class:`ExponentialFamily`, the families in :mod:`symgeo.catalogue`;
- derive: ``model.manifold`` is a :class:`StatisticalManifold` with metric, cubic tensor, ``connection(alpha)``,
  curvature, ``duality``; :func:`isometry` and :func:`distance` where its space is recognised;
- check: :func:`verify` holds what was derived against numerical integration;
- deliver: :func:`lambdify`, :func:`source`, :func:`derivation`;
- apply: :func:`fit`.

Errors are in :mod:`symgeo.errors`; each says what to do.
"""

from symgeo import catalogue, errors
from symgeo.codegen import lambdify, source
from symgeo.derivation import derivation
from symgeo.expectation.node import Expectation
from symgeo.geometry.difference import (
    commutator_curvature,
    conjugate_symmetry,
    difference_tensor,
    k_sectional_curvature,
    statistical_curvature,
    statistical_sectional_curvature,
)
from symgeo.geometry.flatness import flatness
from symgeo.geometry.isometry import distance, isometry
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.geometry.operators import (
    conserved_quantity,
    gradient,
    hessian,
    is_killing,
    laplace_beltrami,
    lie_derivative_of_metric,
    vector_divergence,
)
from symgeo.inference.fisher_scoring import fit
from symgeo.models.exponential_family import ExponentialFamily
from symgeo.models.propriety import fisher_volume, jeffreys_propriety
from symgeo.models.statistical_model import StatisticalModel
from symgeo.verification import verify

__version__ = "0.1.0"

__all__ = [
    "Expectation",
    "ExponentialFamily",
    "StatisticalManifold",
    "StatisticalModel",
    "catalogue",
    "commutator_curvature",
    "conjugate_symmetry",
    "conserved_quantity",
    "derivation",
    "difference_tensor",
    "distance",
    "errors",
    "fisher_volume",
    "fit",
    "flatness",
    "gradient",
    "hessian",
    "is_killing",
    "isometry",
    "jeffreys_propriety",
    "k_sectional_curvature",
    "lambdify",
    "laplace_beltrami",
    "lie_derivative_of_metric",
    "source",
    "statistical_curvature",
    "statistical_sectional_curvature",
    "vector_divergence",
    "verify",
]
