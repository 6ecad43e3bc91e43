"""The objects of a family's geometry by name, and a module of functions for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sympy import Expr

from symgeo.codegen import Kernel, module_source
from symgeo.derivation.setting import connection_symbol
from symgeo.models.statistical_model import StatisticalModel


@dataclass(frozen=True)
class Object:
    """An object that has source code: its documentation, and how it follows from model and alpha."""

    doc: str
    derive: Callable[[StatisticalModel, Expr], Any]


OBJECTS = {
    "log-density": Object("The logarithm of the density.", lambda model, alpha: model.log_density),
    "score": Object("The derivatives of the log-density: [..., i] is d_i log p.", lambda model, alpha: model.score),
    "expectation-parameters": Object(
        "The expectations of the sufficient statistics.",
        lambda model, alpha: model.require_exponential_family().expectation_parameters,
    ),
    "metric": Object("The Fisher metric: [..., i, j] is g_ij.", lambda model, alpha: model.manifold.metric),
    "inverse-metric": Object(
        "The inverse Fisher metric: [..., i, j] is g^ij.", lambda model, alpha: model.manifold.inverse_metric
    ),
    "cubic": Object(
        "The cubic tensor: [..., i, j, k] is E[s_i s_j s_k] of the score s.",
        lambda model, alpha: model.manifold.cubic,
    ),
    "christoffel": Object(
        "The connection of order alpha: [..., k, i, j] is Gamma^k_ij.",
        lambda model, alpha: model.manifold.connection(alpha).christoffel,
    ),
    "scalar-curvature": Object(
        "The scalar curvature of the connection of order alpha, positive on a round sphere.",
        lambda model, alpha: model.manifold.connection(alpha).scalar_curvature,
    ),
    "jeffreys-prior": Object(
        "Jeffreys' prior, the square root of det g, not normalised.",
        lambda model, alpha: model.manifold.jeffreys_prior,
    ),
}


def module_of(
    model: StatisticalModel, objects: Sequence[str], alpha: Expr | None = None, language: str = "numpy"
) -> str:
    """A module that stands alone, with one function for each of ``objects``, keys of OBJECTS.

    Functions take theta (..., n), the parameters in their order. The order of a connection is ``alpha``, by
    default a keyword of the functions that depend on it; the variables are keywords too.
    Raises what the model raises when it has no geometry, and UnknownBackendError.
    """
    if alpha is None:
        alpha = connection_symbol((*model.variables, *model.parameters))
    kernels = {}
    for name in objects:
        function = name.replace("-", "_")
        value = OBJECTS[name].derive(model, alpha)
        kernels[function] = Kernel.of(value, model.parameters, function, OBJECTS[name].doc)
    names = ", ".join(s.name for s in model.parameters)
    title = f"the {model.name} family" if model.name else "a family"
    doc = f"Information geometry of {title} in the parameters ({names})."
    return module_source(kernels, language=language, doc=doc)
