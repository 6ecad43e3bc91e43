"""What EM asks of a problem: starts, and one E-step and M-step at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from symgeo.errors import MonotonicityError

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.sample_likelihood import SampleLikelihood
    from symgeo.models.statistical_model import StatisticalModel

# The log-likelihood may fall by rounding, relatively.
_ROUNDING = 1e-11


@dataclass
class EMState:
    """A point theta (n,) with the log-likelihood there, after an E-step; ``expected`` is what that step found."""

    theta: np.ndarray
    value: float
    expected: object


class Steps(Protocol):
    """E- and M-steps on one sample."""

    @property
    def model(self) -> StatisticalModel:
        """The model that is reported."""

    @property
    def likelihood(self) -> SampleLikelihood:
        """The likelihood of what is seen."""

    def started(self, random: np.random.Generator, index: int) -> EMState | None:
        """The state of the start of this number; None where it leads nowhere."""

    def at(self, theta: np.ndarray) -> EMState | None:
        """The E-step at a point; None outside the domain, or where there is no likelihood."""

    def maximised(self, state: EMState) -> np.ndarray | None:
        """The M-step: the point that it leads to; None where there is no maximum."""

    def remark(self, state: EMState) -> str:
        """What is wrong with a point to which EM came, in words; empty where nothing is known to be."""


def em_step(steps: Steps, state: EMState) -> EMState | None:
    """One M-step and the E-step after it; None where there is no maximum.

    Raises :class:`MonotonicityError` where the log-likelihood falls by more than rounding.
    """
    theta = steps.maximised(state)
    found = None if theta is None else steps.at(theta)
    if found is not None and found.value < state.value - _ROUNDING * (1.0 + abs(state.value)):
        raise MonotonicityError(
            f"a step of EM lowered the log-likelihood from {state.value!r} to {found.value!r}, at {found.theta}: an "
            "integral or a maximum was found too inaccurately; rescale the data, or declare the model in other "
            "parameters"
        )
    return found
