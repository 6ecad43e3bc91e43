"""Expectations without closed form at interior points of a domain: found together, and refused where they diverge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import sympy as sp

from symgeo.errors import DivergentExpectationError, NoClosedFormError
from symgeo.expectation.law import Law
from symgeo.expectation.node import Expectation

if TYPE_CHECKING:
    import numpy as np
    from sympy import Expr

    from symgeo.models.statistical_model import StatisticalModel

_POINTS = (6, 1, 1)  # interior points looked at, by the number of variables
_MANY = 40  # where one diverges, in one variable


def nodes_in(expressions: Iterable[Expr]) -> list[Expectation]:
    """The expectations that some expressions hold."""
    return sorted({n for e in expressions for n in e.atoms(Expectation)}, key=sp.default_sort_key)


def require_finite(model: StatisticalModel, law: Law, expressions: Iterable[Expr]) -> None:
    """Raise what :meth:`InteriorMeans.require_finite` raises for the expectations that some expressions hold."""
    nodes = nodes_in(expressions)
    InteriorMeans(model, law, nodes).require_finite(nodes)


class InteriorMeans:
    """The values of expectations at ``points`` (P, n) inside a model's domain, all integrated together."""

    def __init__(self, model: StatisticalModel, law: Law, nodes: Sequence[Expectation]):
        import numpy as np

        self._model = model
        self.points = interior_points(model)
        self._place = {node: i for i, node in enumerate(dict.fromkeys(nodes))}
        self._values = self._errors = self._rough = np.zeros((len(self.points), 0))
        if nodes:
            self._values, self._errors = self._estimates(law, [*self._place], self.points)
            self._rough, _ = self._estimates(law, [*self._place], self.points, rough=True)

    def _estimates(
        self, law: Law, nodes: list[Expectation], points: np.ndarray, rough: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values and errors at points of the model; a law may have fewer parameters, and points that differ in the
        others alone are one."""
        import numpy as np

        if not law.parameters:
            found = law.estimates(nodes, np.zeros((1, 0)), rough)
            return tuple(np.repeat(a, len(points), axis=0) for a in found)  # type: ignore[return-value]
        own = points[:, [self._model.parameters.index(s) for s in law.parameters]]
        distinct, places = np.unique(own, axis=0, return_inverse=True)
        values, errors = law.estimates(nodes, distinct, rough)
        return values[places.ravel()], errors[places.ravel()]

    def __getitem__(self, node: Expectation) -> np.ndarray:
        """The values of one expectation, (P,); nan where they are not known well."""
        return self._values[:, self._place[node]]

    def rough(self, node: Expectation) -> tuple[np.ndarray, np.ndarray]:
        """Its values whatever their errors, and the errors, (P,) each."""
        return self._rough[:, self._place[node]], self._errors[:, self._place[node]]

    def require_finite(self, nodes: Sequence[Expectation]) -> None:
        """Raise :class:`DivergentExpectationError` where one of some expectations is infinite, saying at which points,
        and :class:`NoClosedFormError` where one could not be integrated."""
        import numpy as np

        for node in nodes:
            endless = np.isinf(self._errors[:, self._place[node]])
            if np.any(endless):
                what = "for a square of the score that means infinite Fisher information; " if node.letters else ""
                raise DivergentExpectationError(
                    f"the expectation {node} is infinite {self._where(node)}: its integral diverges in a tail, at "
                    f"an end of the support or at a pole; {what}declare a domain on which it is finite, or fix the "
                    "parameter"
                )
        for node in nodes:
            failed = ~np.isfinite(self[node])
            if np.any(failed):
                raise NoClosedFormError(
                    f"the expectation {node} has no closed form that was found and could not be integrated "
                    f"numerically at {self.shown(int(np.argmax(failed)))}: {_reason(node)}; check it, or declare the "
                    "model in variables in which it is smoother"
                )

    def _where(self, node: Expectation) -> str:
        """At which points it is infinite, of many; by one parameter alone, where that alone tells them apart."""
        import numpy as np

        points = interior_points(self._model, _MANY) if len(self._model.variables) == 1 else self.points
        errors = self._estimates(node.law, [node], points)[1][:, 0]
        endless, finite = np.isinf(errors), np.isfinite(errors)
        if not np.any(finite) or not np.any(endless):
            return "at every point looked at"
        found = []
        for name, column in zip(self._model.parameters, points.T, strict=True):
            there, elsewhere = column[endless], column[finite]
            if np.max(there) < np.min(elsewhere):
                found.append(f"{name} <= {np.max(there):.6g} and finite where {name} >= {np.min(elsewhere):.6g}")
            elif np.min(there) > np.max(elsewhere):
                found.append(f"{name} >= {np.min(there):.6g} and finite where {name} <= {np.max(elsewhere):.6g}")
        if len(found) == 1:
            return f"where {found[0]}, at the {len(points)} points looked at"
        return f"at {self._text(points[np.argmax(endless)])}, and finite at {self._text(points[np.argmax(finite)])}"

    def _text(self, point: np.ndarray) -> str:
        return ", ".join(f"{s} = {v:.6g}" for s, v in zip(self._model.parameters, point, strict=True))

    def shown(self, row: int) -> str:
        """A point as text."""
        return self._text(self.points[row])


def _reason(node: Expectation) -> str:
    if node.f.has(sp.sin, sp.cos, sp.tan):
        return "the function oscillates where a tail is still heavy, or has poles inside the support"
    return "it is not real inside the support, or too rough: a kink may be hidden in a function"


def interior_points(model: StatisticalModel, count: int | None = None) -> np.ndarray:
    """Points (P, n) inside the domain: sorted, as generated functions ask for them."""
    import numpy as np

    count = count or _POINTS[min(len(model.variables), len(_POINTS)) - 1]
    found = model.chart.interior_points(count)
    return np.unique(np.array([[float(p[s]) for s in model.parameters] for p in found]), axis=0)
