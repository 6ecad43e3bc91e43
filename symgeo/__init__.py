"""Symbolic information geometry: declare a density, get its geometry exactly, use it.

The way through the house:

- declare: :class:`StatisticalModel`, :class:`ExponentialFamily`, the families in :mod:`symgeo.catalogue`;
- derive: ``model.manifold`` is a :class:`StatisticalManifold` with metric, cubic tensor, ``connection(alpha)``,
  curvature, ``duality``; :func:`isometry` where its space is recognised;
- compose: :func:`product`, :func:`regression`, :func:`marginal`; :class:`Embedding` of a submanifold;
- connect: :func:`distance`, :func:`geodesic_between`, :func:`logarithm_map`, in closed form or in numbers;
- compare: :func:`kl_divergence` and its kin between members of a model, :func:`wasserstein`, :func:`entropy`,
  :func:`m_projection`;
- check: :func:`verify` holds what was derived against numerical integration;
- deliver: :func:`lambdify`, :func:`source`, :func:`derivation`;
- apply: :func:`fit`, :func:`fit_many`, :func:`em`, :func:`confidence_region`, :func:`predict`, :func:`laplace`,
  :class:`SecondOrder`, :func:`maximum_entropy`.

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
    statistical_curvature_tensor,
    statistical_sectional_curvature,
)
from symgeo.geometry.divergence import bregman_divergence
from symgeo.geometry.embedding import Embedding
from symgeo.geometry.flat_geodesic import e_geodesic, m_geodesic
from symgeo.geometry.flatness import flatness
from symgeo.geometry.isometry import isometry
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
from symgeo.geometry.orthogonal import orthogonal_parameters
from symgeo.geometry.projection import e_projection, m_projection
from symgeo.inference.alternating import alternating_projections
from symgeo.inference.em import em
from symgeo.inference.fisher_scoring import fit
from symgeo.inference.gradient_transformation import scale_by_fisher
from symgeo.inference.intervals import confidence_interval
from symgeo.inference.laplace import laplace
from symgeo.inference.many import fit_many
from symgeo.inference.mixtures import mixture
from symgeo.inference.natural_gradient import descend, fisher_vector_product, natural_gradient
from symgeo.inference.posterior import Posterior
from symgeo.inference.prediction import predict
from symgeo.inference.regions import confidence_region
from symgeo.inference.second_order import SecondOrder, statistical_curvature
from symgeo.inference.trust_region import TrustRegion
from symgeo.models.alpha_divergences import (
    alpha_divergence,
    bhattacharyya,
    chi_squared_divergence,
    hellinger,
    renyi_divergence,
)
from symgeo.models.chernoff import chernoff_information
from symgeo.models.composition import independent_observations, normal, product, regression
from symgeo.models.divergences import cross_entropy, entropy, jeffreys_divergence, jensen_shannon, kl_divergence
from symgeo.models.exponential_family import ExponentialFamily
from symgeo.models.f_divergence import f_divergence
from symgeo.models.marginal import conditional, marginal
from symgeo.models.maximum_entropy import maximum_entropy
from symgeo.models.propriety import fisher_volume, jeffreys_propriety
from symgeo.models.statistical_model import StatisticalModel
from symgeo.models.transport import wasserstein
from symgeo.solve.ball import geodesic_ball
from symgeo.solve.between import distance, geodesic_between, logarithm_map
from symgeo.solve.frechet import frechet_mean
from symgeo.solve.geodesic import exponential_map, geodesic
from symgeo.solve.transport import parallel_transport
from symgeo.verification import verify

__version__ = "0.1.0"

__all__ = [
    "Embedding",
    "Expectation",
    "ExponentialFamily",
    "Posterior",
    "SecondOrder",
    "StatisticalManifold",
    "StatisticalModel",
    "TrustRegion",
    "alpha_divergence",
    "alternating_projections",
    "bhattacharyya",
    "bregman_divergence",
    "catalogue",
    "chernoff_information",
    "chi_squared_divergence",
    "commutator_curvature",
    "conditional",
    "confidence_interval",
    "confidence_region",
    "conjugate_symmetry",
    "conserved_quantity",
    "cross_entropy",
    "derivation",
    "descend",
    "difference_tensor",
    "distance",
    "e_geodesic",
    "e_projection",
    "em",
    "entropy",
    "errors",
    "exponential_map",
    "f_divergence",
    "fisher_vector_product",
    "fisher_volume",
    "fit",
    "fit_many",
    "flatness",
    "frechet_mean",
    "geodesic",
    "geodesic_ball",
    "geodesic_between",
    "gradient",
    "hellinger",
    "hessian",
    "independent_observations",
    "is_killing",
    "isometry",
    "jeffreys_divergence",
    "jeffreys_propriety",
    "jensen_shannon",
    "k_sectional_curvature",
    "kl_divergence",
    "lambdify",
    "laplace",
    "laplace_beltrami",
    "lie_derivative_of_metric",
    "logarithm_map",
    "m_geodesic",
    "m_projection",
    "marginal",
    "maximum_entropy",
    "mixture",
    "natural_gradient",
    "normal",
    "orthogonal_parameters",
    "parallel_transport",
    "predict",
    "product",
    "regression",
    "renyi_divergence",
    "scale_by_fisher",
    "source",
    "statistical_curvature",
    "statistical_curvature_tensor",
    "statistical_sectional_curvature",
    "vector_divergence",
    "verify",
    "wasserstein",
]
