"""Sums over the observations of log-densities and their derivatives: which of the ways is the shortest.

By functions of all parameters, with counts each value once; where parameters have common indices by functions of the
indices (shared_index.py); and by the standard law behind a family of location and scale (standard_law.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from symgeo.inference.careful_sums import CarefulSums
from symgeo.inference.index_sums import IndexSums
from symgeo.inference.parameter_sums import ParameterSums
from symgeo.inference.repeated_sums import RepeatedSums, repeated
from symgeo.inference.standard_sums import StandardSums

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.programs import SamplePrograms


def observation_sums(
    programs: SamplePrograms,
    sample: np.ndarray,
    covariates: np.ndarray,
    weights: np.ndarray,
    exactly: bool = False,
) -> ParameterSums:
    """The sums for observations (N, v) with covariates (N, c) and weights (N,), the shorter way that the model has.

    With ``exactly`` the one that has all digits (`SamplePrograms.exactly`).
    """
    if exactly:
        assert programs.exactly is not None, "the caller asks first"
        return CarefulSums(programs, programs.exactly, sample, covariates, weights)
    if programs.indices is not None:
        return IndexSums(programs, programs.indices, sample, covariates, weights)
    if programs.standard is not None:
        found = StandardSums(programs, programs.standard, sample, covariates, weights)
        if found.is_finite:
            return found
    if programs.whole_numbers:
        few = repeated(sample, weights)
        if few is not None:
            return RepeatedSums(programs, sample, covariates, weights, *few)
    return ParameterSums(programs, sample, covariates, weights)
