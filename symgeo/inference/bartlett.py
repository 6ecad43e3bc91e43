"""Bartlett's correction of the likelihood ratio of some parameters of a sample, in numbers.

What it takes are expected derivatives of the log-likelihood to the fourth order and their slopes, each derived from
the density and then averaged over the covariates of the observations.
Sources: Lawley, Biometrika 43 (1956) 295-303; McCullagh, Tensor Methods in Statistics, 1987, chapter 7; Cordeiro and
Cribari-Neto, An Introduction to Bartlett Correction and Bias Reduction, 2014, chapter 2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import TYPE_CHECKING

from symgeo.codegen import numpy_function
from symgeo.errors import RegionError
from symgeo.models.conditional_model import ConditionalModel
from symgeo.models.likelihood_moments import LikelihoodMoments

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr

    from symgeo.inference.sample_likelihood import SampleLikelihood
    from symgeo.models.statistical_model import StatisticalModel


class ExpectedDerivatives:
    """Means per observation of expected derivatives of the log-likelihood at a point, symmetric in the first places.

    ``second`` (n, n) is E[l_ab], ``third`` (n, n, n) and ``fourth`` (n, n, n, n) likewise; ``second_slope``
    ``[a, b, c] = d_c E[l_ab]``, ``second_bend`` ``[a, b, c, d] = d_c d_d E[l_ab]``, ``third_slope`` ``[a, b, c, d] =
    d_d E[l_abc]``. Without ``fourth`` only ``second``, ``third`` and ``second_slope`` are there.

    Raises what :class:`LikelihoodMoments` raises, and :class:`RegionError` where one has no value at the point.
    """

    fourth: np.ndarray
    third_slope: np.ndarray
    second_bend: np.ndarray

    def __init__(self, sample: SampleLikelihood, theta: np.ndarray, fourth: bool = True):
        self._moments = LikelihoodMoments(_whole(sample.model))
        self.parameters = sample.model.parameters
        self._mean: Callable[[list[Expr]], list[float]] = lambda entries: sample.average(
            numpy_function(entries, sample.places), theta
        )
        self.second = self._array(2, 0)
        self.third = self._array(3, 0)
        self.second_slope = self._array(2, 1)
        if fourth:
            self.fourth, self.third_slope, self.second_bend = self._array(4, 0), self._array(3, 1), self._array(2, 2)

    def _array(self, order: int, slopes: int) -> np.ndarray:
        """``d_.. E[l_..]``, each independent one evaluated once."""
        import numpy as np

        n = len(self.parameters)
        places = list(product(range(n), repeat=order + slopes))
        keys = [(tuple(sorted(p[:order])), tuple(sorted(p[order:]))) for p in places]
        wanted = list(dict.fromkeys(keys))
        values = dict(zip(wanted, self._mean([self._entry(*key) for key in wanted]), strict=True))
        array = np.array([values[key] for key in keys]).reshape((n,) * (order + slopes))
        if not np.isfinite(array).all():
            raise RegionError(
                f"an expected derivative of order {order} of the log-likelihood has no value at the estimate, so that "
                "there is no correction of second order; take the uncorrected region"
            )
        return array

    def _entry(self, letter: tuple[int, ...], slopes: tuple[int, ...]) -> Expr:
        value = self._moments(letter)
        for i in slopes:
            value = value.diff(self.parameters[i])
        return value.to_sympy()

    def lawley(self, chosen: Sequence[int]) -> float:
        """Lawley's sum over the parameters at these positions, the others known."""
        import numpy as np

        if not len(chosen):
            return 0.0

        def part(array: np.ndarray) -> np.ndarray:
            return array[np.ix_(*([list(chosen)] * array.ndim))]

        # In units in which the information is one: rs, tu and vw are pairs of equal places, and each inverse is -1.
        scale = np.linalg.inv(np.linalg.cholesky(-part(self.second))).T

        def scaled(array: np.ndarray) -> np.ndarray:
            array = part(array)
            for i in range(array.ndim):
                array = np.moveaxis(np.tensordot(array, scale, axes=(i, 0)), -1, i)
            return array

        k3, d2 = scaled(self.third), scaled(self.second_slope)
        k4, d3, b2 = scaled(self.fourth), scaled(self.third_slope), scaled(self.second_bend)
        first = np.einsum("rrtt", k4) / 4 - np.einsum("rrtt", d3) + np.einsum("rtrt", b2)
        second = (
            np.einsum("rtv,rtv", k3, k3) / 6
            - np.einsum("rtv,rvt", k3, d2)
            + np.einsum("rtt,rvv", k3, k3) / 4
            - np.einsum("rtt,rvv", k3, d2)
            + np.einsum("rtv,rvt", d2, d2)
            + np.einsum("rtt,rvv", d2, d2)
        )
        return float(first + second)


def bartlett_factor(sample: SampleLikelihood, theta: np.ndarray, chosen: Sequence[int]) -> float:
    """``1 + c/N``: the mean of the likelihood ratio of the chosen parameters, over their number, to second order.

    The others are estimated. Raises what :class:`ExpectedDerivatives` raises, and :class:`RegionError` where the
    correction is as large as what it corrects.
    """
    expected = ExpectedDerivatives(sample, theta)
    rest = [i for i in range(len(theta)) if i not in chosen]
    factor = 1.0 + (expected.lawley(range(len(theta))) - expected.lawley(rest)) / (len(chosen) * sample.count)
    if not 0.0 < factor < 3.0:
        raise RegionError(
            f"Bartlett's factor is {factor:.4g} for {sample.count:g} observations, which is no small correction; take "
            "more observations, or the uncorrected region"
        )
    return factor


def _whole(model: StatisticalModel | ConditionalModel) -> StatisticalModel:
    """The family in which covariates are parameters too: the last ones."""
    return model.whole if isinstance(model, ConditionalModel) else model
