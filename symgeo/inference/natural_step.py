"""A natural-gradient step on the likelihood of what is seen, to speed EM up.

Near a maximum a step of EM is a natural-gradient step in the metric of the complete data. That metric exceeds the one
of the observed data by the information that is missing, so that the steps are too short and convergence is linear; in
the metric of the observed data it is superlinear. Sources: Lange, J. R. Statist. Soc. B 57 (1995) 425-437; Amari,
Neural Computation 10 (1998) 251-276; Jamshidian and Jennrich, J. R. Statist. Soc. B 59 (1997) 569-587, for the
safeguard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.em_steps import EMState, Steps

# Parts of the step that are tried.
_PARTS = (1.0, 0.5, 0.1)
# Eigenvalues, in units of the diagonal, below which a matrix is no metric.
_SINGULAR = 1e-10


def natural_step(steps: Steps, state: EMState, least: float) -> EMState | None:
    """The state a natural-gradient step further, if its log-likelihood is higher by more than ``least``; else None.

    The metric is the observed information where that is positive definite, else the sum of the outer products of the
    scores, which estimates the Fisher information of the observed data.
    """
    import numpy as np

    likelihood = steps.likelihood
    with np.errstate(all="ignore"):
        scores = likelihood.scores(state.theta)
        weights = likelihood.weights / likelihood.count
        score = weights @ scores
        metrics = (
            lambda: likelihood.observed_information(state.theta),
            lambda: (scores * weights[:, None]).T @ scores,
        )
        for metric in metrics:
            step = _solved(metric(), score)
            if step is None:
                continue
            for part in _PARTS:
                found = steps.at(state.theta + part * step)
                if found is not None and found.value > state.value + least:
                    return found
    return None


def _solved(metric: np.ndarray, score: np.ndarray) -> np.ndarray | None:
    """``metric^-1 score``; None where the metric is not positive definite."""
    import numpy as np

    diagonal = np.diagonal(metric)
    if not (np.isfinite(metric).all() and np.isfinite(score).all() and (diagonal > 0).all()):
        return None
    scale = np.sqrt(diagonal)
    values, vectors = np.linalg.eigh(metric / np.outer(scale, scale))
    if values[0] <= _SINGULAR:
        return None
    return vectors @ ((vectors.T @ (score / scale)) / values) / scale
