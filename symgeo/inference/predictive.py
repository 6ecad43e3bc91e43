"""The law of a new observation when its parameters are estimated: intervals that allow for the error of the estimate.

With F the distribution function at the estimate, V its covariance, b its bias, l the log-density and indices for
derivatives in the parameters, a new observation lies below the estimated quantile q of level p with probability
``p - b^a F_a - V^ab F_ab/2 + V^ab l_a(q) F_b``, to second order and in any chart, and the level is moved by what this
differs from p. On the scale of the normal law the part of V that spreads the quantile is put in as for a normal mean,
``z (1 + v)^(1/2)`` with ``v = V^ab F_a F_b/phi(z)^2``, so that it may be large. Counts have no such quantiles: for them
the law is the one averaged over the estimate's normal law about the estimate less its bias.
Sources: Barndorff-Nielsen and Cox, Bernoulli 2 (1996) 319-340; Vidoni, Biometrika 85 (1998) 255-261.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from symgeo.algebra.sets import Progression, Segment
from symgeo.codegen import numpy_function
from symgeo.errors import RegionError
from symgeo.expectation.axis import integrate_axis
from symgeo.expectation.lattice_sum import sum_integers
from symgeo.inference.bartlett import ExpectedDerivatives

if TYPE_CHECKING:
    import numpy as np

    from symgeo.inference.result import Fit

_TOLERANCE = 1e-10
_DOUBLINGS, _BISECTIONS, _CUTS, _FOUND = 60, 6, 80, 1e-9
# What is left of the correction when spread is taken out may be this part of a spread standard deviation.
_SMALL = 0.75
_DEEP = -1e5  # in the place of the logarithm of nothing


class Predictive:
    """Intervals for one new observation in each of many rows of covariates (N, c).

    Raises :class:`RegionError` for supports of several pieces, and what :class:`ExpectedDerivatives` raises.
    """

    def __init__(self, fit: Fit, rows: np.ndarray):
        import numpy as np

        model, sample = fit.model, fit.require_sample()
        sample.require_smooth()
        (variable,) = model.variables
        (pieces,) = model.support.pieces
        piece = pieces[0]
        self.counts = isinstance(piece, Progression) and piece.step == 1
        if len(pieces) != 1 or not (self.counts or isinstance(piece, Segment)):
            raise RegionError(
                f"a prediction interval is made for an interval or a range of whole numbers, not {model.support}"
            )
        self.lower, self.upper = (float(end) for end in piece.ends)
        self.rows, self.theta, self.covariance = rows, fit.estimate, fit.covariance
        self.bias = first_order_bias(ExpectedDerivatives(sample, fit.estimate, fourth=False)) / sample.count
        x, element = model.parameters, model.log_element
        slopes = [element.diff(s) for s in x]
        bends = [slopes[i].diff(s).to_sympy() for i in range(len(x)) for s in x]
        places = (variable, *sample.places)
        self._density = numpy_function([model.log_density], places)
        self._all = numpy_function([*(e.to_sympy() for e in slopes), *bends], places)
        middle = np.sort(sample.sample[:, 0])
        self.center = float(middle[len(middle) // 2])
        self.scale = float(middle[-1] - middle[0]) or 1.0

    def ends(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """The lower and upper limits of the interval with equal tails, (N,) each.

        Raises :class:`RegionError` where the correction is no small one.
        """
        import numpy as np
        from scipy.special import ndtri

        with np.errstate(all="ignore"):
            low, high = (self._end(z) for z in (ndtri(0.5 * (1.0 - level)), ndtri(0.5 * (1.0 + level))))
        if not (np.isfinite(low) & np.isfinite(high) & (low <= high)).all():
            raise RegionError("a quantile of the law at the estimate was not found; choose another level")
        return low, high

    def _end(self, z: float) -> np.ndarray:
        """The limit (N,) on the side of the normal quantile z: that of the estimate, then that of the moved level."""
        import numpy as np

        owner, up = np.arange(len(self.rows)), z > 0.0
        places = np.full(len(owner), z)
        first = self._quantile(owner, places, up)
        change, share = self._correction(owner, first, z)
        moved = (change + 0.5 * share * z) / np.sqrt(1.0 + share)
        if not (np.abs(moved) <= _SMALL).all():
            row = "" if not self.rows.size else f" at {self.rows[int(np.argmax(~(np.abs(moved) <= _SMALL)))].tolist()}"
            raise RegionError(
                f"the estimate is too uncertain for a prediction interval of second order{row}: it would move by "
                f"{np.nanmax(np.abs(moved)):.3g} standard deviations; take more observations, or another chart"
            )
        return self._quantile(owner, np.sqrt(1.0 + share) * (places - moved), up)

    def _correction(self, owner: np.ndarray, limit: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray]:
        """The probability gained at the estimated quantile over the normal density at z, and v."""
        import numpy as np
        from scipy.special import ndtr

        if not self.counts:
            mass, change, slopes = self._moved(owner, limit)
        else:
            # Between the two counts about the level, so that the mass is the level.
            mass, change, slopes = self._moved(owner, limit)
            before, less, flat = (0.0 * mass, 0.0 * change, 0.0 * slopes)
            inner = limit > self.lower
            if inner.any():
                before[inner], less[inner], flat[:, inner] = self._moved(owner[inner], limit[inner] - 1.0)
            share = (ndtr(z) - before) / (mass - before)
            change, slopes = less + share * (change - less), flat + share * (slopes - flat)
        height = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
        return change / height, np.einsum("ab,am,bm->m", self.covariance, slopes, slopes) / height**2

    def _moved(self, owner: np.ndarray, limit: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """F, its change to second order, and F_a (n, M)."""
        import numpy as np

        n = len(self.theta)
        mass, moved, spread, *slopes = self._integrals(owner, limit, False, 3 + n)
        f = np.array(slopes)
        if self.counts:
            return mass, spread - moved, f
        _, (_, _, _, *scores) = self.values(owner, limit)
        return mass, np.einsum("ab,am,bm->m", self.covariance, np.array(scores), f) - spread - moved, f

    # -- the law at the estimate -----------------------------------------------------------------------------------

    def _columns(self, owner: np.ndarray) -> list[np.ndarray]:
        import numpy as np

        return [*self.rows[owner].T, *(np.full(len(owner), value) for value in self.theta)]

    def log_density(self, owner: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The log-density (M,)."""
        return self._density(y, *self._columns(owner))[0]

    def values(self, owner: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The log-density (M,), and 1, b^a l_a, V^ab (l_ab + l_a l_b)/2 and l_a as (3 + n, M)."""
        import numpy as np

        n = len(self.theta)
        derivatives = self._all(y, *self._columns(owner))
        slopes, bends = np.array(derivatives[:n]), np.array(derivatives[n:]).reshape(n, n, -1)
        square = np.einsum("ab,abm->m", self.covariance, bends + slopes[:, None] * slopes[None])
        functions = np.concatenate([[np.ones_like(y), self.bias @ slopes, 0.5 * square], slopes])
        return self.log_density(owner, y), functions

    def _integrals(self, owner: np.ndarray, limit: np.ndarray, up: bool, count: int) -> np.ndarray:
        """Integrals of the first ``count`` functions over what is above the limits (M,), or up to them; (count, M)."""
        import numpy as np

        end, sign = (self.upper, -1.0) if up else (self.lower, 1.0)
        if self.counts:
            side = _Side(self, owner, np.zeros(len(owner)), 1.0, count)
            first, last = (limit + 1.0, np.full(len(owner), end)) if up else (np.full(len(owner), end), limit)
            found = sum_integers(side, count, first, last, np.full((len(owner), 1), self.center), _TOLERANCE)
        elif np.isfinite(end):
            side, reach = _Side(self, owner, np.full(len(owner), end), sign, count), sign * (limit - end)
            found = integrate_axis(side, count, reach, np.full((len(owner), 1), sign * (self.center - end)), _TOLERANCE)
        else:
            side, reach = _Side(self, owner, limit, -sign, count), np.full(len(owner), np.inf)
            found = integrate_axis(side, count, reach, sign * (limit - self.center)[:, None], _TOLERANCE)
        return np.exp(found.log_scale) * found.integrals.value

    def _log_mass(self, owner: np.ndarray, limit: np.ndarray, up: bool) -> np.ndarray:
        import numpy as np

        return np.maximum(np.log(self._integrals(owner, limit, up, 1)[0]), _DEEP)

    def _quantile(self, owner: np.ndarray, z: np.ndarray, up: bool) -> np.ndarray:
        """The places with the mass of the normal law beyond z, (M,): above them if ``up``, else below."""
        from scipy.special import log_ndtr

        wanted = log_ndtr(-z if up else z)
        return self._count(owner, wanted, up) if self.counts else self._limit(owner, wanted, up)

    def _place(self, z: np.ndarray) -> np.ndarray:
        """The support from the line, the center of the sample from 0."""
        import numpy as np

        if np.isfinite(self.lower) and np.isfinite(self.upper):
            odds = np.log((self.center - self.lower) / (self.upper - self.center))
            return self.lower + (self.upper - self.lower) / (1.0 + np.exp(-(z + odds)))
        if np.isfinite(self.lower):
            return self.lower + (self.center - self.lower) * np.exp(z)
        if np.isfinite(self.upper):
            return self.upper - (self.upper - self.center) * np.exp(-z)
        return self.center + self.scale * z

    def _limit(self, owner: np.ndarray, wanted: np.ndarray, up: bool) -> np.ndarray:
        """Where the logarithm of the mass has the wanted values: by doubling and false position, all rows at once."""
        import numpy as np

        way = -1.0 if up else 1.0

        def excess(which: np.ndarray, z: np.ndarray) -> np.ndarray:
            return way * (self._log_mass(owner[which], self._place(z), up) - wanted[which])

        everything = np.arange(len(owner))
        low, high = np.full(len(owner), -1.0), np.ones(len(owner))
        under, over = np.empty(len(owner)), np.empty(len(owner))
        for end, value, sign in ((low, under, -1.0), (high, over, 1.0)):
            left = everything
            for _ in range(_DOUBLINGS):
                value[left] = excess(left, end[left])
                left = left[~(sign * value[left] > 0.0)]
                if not len(left):
                    break
                end[left] *= 2.0
            end[left] = np.nan
        before = np.zeros(len(owner))
        for turn in range(_CUTS):
            # Bisection, then false position, in which an end that stays counts half (the Illinois rule).
            share = 0.5 if turn < _BISECTIONS else under / (under - over)
            middle = low + share * (high - low)
            here = excess(everything, middle)
            less = here < 0.0
            over, under = (
                np.where(less, np.where(before < 0.0, 0.5 * over, over), here),
                np.where(less, here, np.where(before > 0.0, 0.5 * under, under)),
            )
            low, high, before = np.where(less, middle, low), np.where(less, high, middle), np.sign(here)
            if (np.abs(here) < _FOUND).all():
                return self._place(middle)
        return np.full(len(owner), np.nan)

    def _count(self, owner: np.ndarray, wanted: np.ndarray, up: bool) -> np.ndarray:
        """The first count with more mass up to it than wanted, or with no more above it; (M,)."""
        import numpy as np

        if not np.isfinite(self.lower):
            raise RegionError("a prediction interval of counts needs a smallest count; declare the support with one")

        def short(which: np.ndarray, count: np.ndarray) -> np.ndarray:
            mass = self._log_mass(owner[which], count, up)
            return (mass > wanted[which] if up else mass <= wanted[which]) & (count < self.upper)

        low, high, step = np.full(len(owner), self.lower - 1.0), np.full(len(owner), self.lower), 1.0
        left = np.arange(len(owner))
        for _ in range(_DOUBLINGS):
            left = left[short(left, high[left])]
            if not len(left):
                break
            low[left], step = high[left], 2.0 * step
            high[left] = np.minimum(high[left] + step, self.upper)
        while len(left := np.flatnonzero(high - low > 1.5)):
            middle = np.floor(0.5 * (low[left] + high[left]))
            less = short(left, middle)
            low[left], high[left] = np.where(less, middle, low[left]), np.where(less, high[left], middle)
        return high


@dataclass
class _Side:
    """The density and what is integrated with it, at ``start + sign x`` in the rows ``owner``."""

    law: Predictive
    owner: np.ndarray
    start: np.ndarray
    sign: float
    count: int
    unseen: float = float("inf")
    strict: bool = False

    def weight(self, rows: np.ndarray, x: np.ndarray) -> np.ndarray:
        """The log-density (M,)."""
        return self.law.log_density(self.owner[rows], self.start[rows] + self.sign * x)

    def __call__(self, rows: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        owner, y = self.owner[rows], self.start[rows] + self.sign * x
        if self.count == 1:
            return self.law.log_density(owner, y), np.ones((1, len(y)))
        return self.law.values(owner, y)


def first_order_bias(expected: ExpectedDerivatives) -> np.ndarray:
    """``b^a = g^ab g^cd (d_d E[l_bc] - E[l_bcd]/2)``, (n,): the bias of one observation's estimate is b/N.

    Source: Cox and Snell, J. R. Statist. Soc. B 30 (1968) 248-275, equation (20).
    """
    import numpy as np

    inverse = np.linalg.inv(-expected.second)
    return inverse @ np.einsum("bcd,cd->b", expected.second_slope - 0.5 * expected.third, inverse)
