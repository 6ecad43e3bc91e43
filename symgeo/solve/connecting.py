"""The ways to geodesics between points: closed forms, affine coordinates, collocation; and which one is taken."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from symgeo.errors import NoClosedFormError, NotDuallyFlatError
from symgeo.solve.affine_lines import AffineLines
from symgeo.solve.affine_paths import AFFINE, AffinePaths, MendedPaths
from symgeo.solve.boundary_value import BoundaryValueSolver, Found
from symgeo.solve.closed_form import ClosedForm, closed_form
from symgeo.solve.lowered_equation import LoweredEquation
from symgeo.solve.measured import measured_residual
from symgeo.solve.open_chart import OpenChart, open_chart
from symgeo.solve.path_between import GeodesicBetween, Source, nowhere
from symgeo.solve.progress import interruptible
from symgeo.solve.spray import domain_of

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr

    from symgeo.geometry.manifold import StatisticalManifold
    from symgeo.solve.progress import Progress

AUTOMATIC, CLOSED, COLLOCATION = "automatic", "closed form", "collocation"
METHODS = (AUTOMATIC, CLOSED, AFFINE, COLLOCATION)
_BLOCK = 256  # pairs that are solved together: their matrices stay in the processor's cache
_MISSED = 1e-8  # of a path's ends, relative to their distance from each other


class Connecting:
    """Finds geodesics of one alpha-connection of one manifold; what is generated for it is kept."""

    def __init__(self, manifold: StatisticalManifold, alpha: Expr):
        self.manifold, self.alpha = manifold, alpha

    @cached_property
    def equation(self) -> LoweredEquation:
        """The geodesic equation in the manifold's own chart."""
        return LoweredEquation(self.manifold, self.alpha)

    @cached_property
    def open_chart(self) -> OpenChart | None:
        """Where conditions tie coordinates together, a chart in which they do not, if there is one."""
        if OpenChart not in self.manifold.kept:
            self.manifold.kept[OpenChart] = open_chart(self.manifold, domain_of(self.manifold))
        return self.manifold.kept[OpenChart]

    @cached_property
    def solver(self) -> BoundaryValueSolver:
        """Collocation, in the open chart where there is one."""
        chart = self.open_chart
        if chart is None:
            return BoundaryValueSolver(self.manifold, self.alpha)
        return BoundaryValueSolver(chart.manifold, self.alpha, chart.conditions)

    @cached_property
    def _closed(self) -> ClosedForm | NoClosedFormError:
        if self.alpha != 0:
            return NoClosedFormError("closed forms are known for alpha = 0 only; take another method")
        try:
            return closed_form(self.manifold._space)
        except NoClosedFormError as error:
            return error

    @cached_property
    def _affine(self) -> AffineLines | NotDuallyFlatError:
        if self.alpha in (1, -1) and self.manifold.duality is not None:
            return AffineLines(self.manifold, int(self.alpha))
        return NotDuallyFlatError(
            f"affine coordinates are known for alpha = 1 and -1 on dually flat manifolds, not for alpha = {self.alpha} "
            f"on {self.manifold!r}; take another method"
        )

    def answer(
        self,
        p: np.ndarray,
        q: np.ndarray,
        leading: tuple[int, ...],
        method: str,
        tolerance: float,
        progress: bool | None = False,
    ) -> GeodesicBetween:
        """The geodesics from p to q (n, P), by the first method that can."""
        source, complete = self._source(p, q, method, tolerance), True
        if method == AUTOMATIC and isinstance(source, AffinePaths):
            rows = source.unsure()
            if len(rows):
                source = MendedPaths(source, rows, CollocatedPaths(self, p[:, rows], q[:, rows], tolerance))
        solved = source.mending if isinstance(source, MendedPaths) else source
        if isinstance(solved, CollocatedPaths):
            with interruptible(solved.count, "geodesics", progress) as work:
                solved.solve(work)
            complete = work.complete
        return GeodesicBetween(self.manifold, self.alpha, p, q, leading, source, complete)

    def _source(self, p: np.ndarray, q: np.ndarray, method: str, tolerance: float) -> Source:
        if method in (AUTOMATIC, CLOSED):
            if isinstance(self._closed, ClosedForm):
                return ClosedPaths(self, self._closed, p, q)
            if method == CLOSED:
                raise self._closed
        if method in (AUTOMATIC, AFFINE):
            if isinstance(self._affine, AffineLines):
                return AffinePaths(self.equation, self._affine, p, q)
            if method == AFFINE:
                raise self._affine
        return CollocatedPaths(self, p, q, tolerance)


class CollocatedPaths:
    """Geodesics by collocation."""

    method = COLLOCATION

    def __init__(self, connecting: Connecting, p: np.ndarray, q: np.ndarray, tolerance: float):
        solver = connecting.solver
        self._solver, self._equation, self._tolerance = solver, solver.equation, tolerance
        self._open, d, self.count = connecting.open_chart, q - p, p.shape[1]
        if self._open is not None:
            p, q, d = self._open.map(p), self._open.map(q), self._open.map.difference(p, q)
        columns = [slice(k, k + _BLOCK) for k in range(0, p.shape[1], _BLOCK)]
        self._blocks: list[Found] = [solver.prepared(p[:, k], q[:, k], d[:, k]) for k in columns]

    def solve(self, work: Progress | None = None) -> CollocatedPaths:
        """Find the geodesics, block by block; an interruption leaves those that are done."""
        for found in self._blocks:
            self._solver.solve(found, self._tolerance, work)
        return self

    def _joined(self, name: str) -> np.ndarray:
        import numpy as np

        return np.concatenate([getattr(found, name) for found in self._blocks] or [np.zeros(0)])

    def velocity(self) -> np.ndarray:
        """See :class:`Source`."""
        import numpy as np

        parts = []
        for found in self._blocks:
            u, du = found.paths()
            x, slope, _, _ = self._equation.chart.with_slopes(u[:, :, 0])
            v = slope * du[:, :, 0]
            parts.append(v if self._open is None else self._open.velocities(x, v))
        return np.concatenate(parts, axis=1) if parts else np.zeros((self._equation.dim, 0))

    def distance(self) -> np.ndarray | None:
        """See :class:`Source`."""
        return self._joined("length") if self._equation.alpha == 0 else None

    def residual(self) -> np.ndarray:
        """See :class:`Source`."""
        return self._joined("residual")

    def iterations(self) -> np.ndarray:
        """See :class:`Source`."""
        return self._joined("iterations").astype(int)

    def converged(self) -> np.ndarray:
        """See :class:`Source`."""
        return self._joined("converged").astype(bool)

    def leaves(self) -> np.ndarray:
        """See :class:`Source`."""
        return nowhere(self.count)

    def reasons(self) -> np.ndarray:
        """See :class:`Source`."""
        out, first = nowhere(self.count), 0
        for found in self._blocks:
            for row, alpha in found.reached.items():
                out[first + row] = f"geodesics were found up to alpha = {alpha:.4g}"
            for row, point in found.furthest.items():
                there = point if self._open is None else self._open.points(point[:, None])[:, 0]
                shown = ", ".join(f"{c:.3g}" for c in there)
                out[first + row] = f"a path of least energy goes out to ({shown}), towards an end of the domain"
            for rows, words in (
                (found.lost, "float64 loses the digits of the metric between them"),
                (found.undefined, "at an end the metric has no finite value"),
            ):
                out[[first + row for row in rows]] = words
            first += len(found.residual)
        out[self.converged()] = ""
        return out

    def points(self, times: np.ndarray) -> np.ndarray:
        """See :class:`Source`."""
        import numpy as np

        parts = [found.paths(times)[0] for found in self._blocks]
        if not parts:
            return np.zeros((self._equation.dim, 0, len(times)))
        found = self._equation.chart.point(np.concatenate(parts, axis=1))
        found = found if self._open is None else self._open.points(found)
        found[:, ~self.converged()] = np.nan
        return found


class ClosedPaths:
    """Geodesics of a recognised space."""

    def __init__(self, connecting: Connecting, form: ClosedForm, p: np.ndarray, q: np.ndarray):
        self._connecting, self._form, self._p, self._q = connecting, form, p, q
        self.method = f"{CLOSED}: {form.name}"

    @cached_property
    def _distance(self) -> np.ndarray:
        return self._form.distance(self._p, self._q)

    def distance(self) -> np.ndarray | None:
        """See :class:`Source`."""
        return self._distance

    def velocity(self) -> np.ndarray:
        """See :class:`Source`."""
        return self._form.logarithm(self._p, self._q)

    def iterations(self) -> np.ndarray:
        """See :class:`Source`."""
        import numpy as np

        return np.zeros(self._p.shape[1], dtype=int)

    def converged(self) -> np.ndarray:
        """See :class:`Source`."""
        import numpy as np

        return np.isfinite(self._distance)

    def leaves(self) -> np.ndarray:
        """See :class:`Source`."""
        return nowhere(self._p.shape[1])

    def reasons(self) -> np.ndarray:
        """See :class:`Source`."""
        return nowhere(self._p.shape[1])

    def residual(self) -> np.ndarray:
        """See :class:`Source`."""
        return measured_residual(self._connecting.equation, self.points, self._distance)

    def points(self, times: np.ndarray) -> np.ndarray:
        """See :class:`Source`; by collocation where the way back from the space has no closed form."""
        return self._path(times) if self._comes_back else self._collocated.points(times)

    def _path(self, times: np.ndarray) -> np.ndarray:
        return self._form.path(self._p, self._q, times)

    @cached_property
    def _comes_back(self) -> bool:
        """Whether the path in closed form is known and leads from p to q: inverse functions have several branches."""
        import numpy as np

        try:
            ends = self._path(np.array([0.0, 1.0]))
        except NoClosedFormError:
            return False
        wanted = np.stack([self._p, self._q], axis=2)
        apart = np.abs(self._q - self._p)[:, :, None]
        return bool(np.all(np.abs(ends - wanted) <= _MISSED * np.maximum(np.abs(wanted), apart)))

    @cached_property
    def _collocated(self) -> CollocatedPaths:
        from symgeo.solve.boundary_value import PRECISE

        return CollocatedPaths(self._connecting, self._p, self._q, PRECISE).solve()
