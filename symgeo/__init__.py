"""Symbolic information geometry: declare a density, get its geometry exactly, use it.

The way through the house:

- declare: :class:`StatisticalModel`, :class:`ExponentialFamily`, the families in :mod:`symgeo.catalogue`;
- derive: ``model.manifold`` is a :class:`StatisticalManifold` with metric, cubic tensor, ``connection(alpha)``,
  curvature, ``duality``;
- check: :func:`verify` holds what was derived against numerical integration;
- deliver: :func:`lambdify`, :func:`source`, :func:`derivation`;
- apply: :func:`fit`.

Errors are in :mod:`symgeo.errors`; each says what to do.
"""

from symgeo import catalogue, errors
from symgeo.codegen import lambdify, source
from symgeo.derivation import derivation
from symgeo.expectation.node import Expectation
from symgeo.geometry.isometry import distance, isometry
from symgeo.geometry.manifold import StatisticalManifold
from symgeo.inference.fisher_scoring import fit
from symgeo.models.exponential_family import ExponentialFamily
from symgeo.models.statistical_model import StatisticalModel
from symgeo.verification import verify

__version__ = "0.1.0"

__all__ = [
    "Expectation",
    "ExponentialFamily",
    "StatisticalManifold",
    "StatisticalModel",
    "catalogue",
    "derivation",
    "distance",
    "errors",
    "fit",
    "isometry",
    "lambdify",
    "source",
    "verify",
]
