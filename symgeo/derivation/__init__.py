"""Written derivations: from a declared density to its geometry, step by step, with reasons and citations.

- `derivation(model)`: the :class:`Derivation`, with ``.steps``, ``.latex()``, ``.markdown()``, ``.text()``.

How: derive.py lists the steps; family_steps.py, substitution_step.py, quadrature_step.py, metric_steps.py and
curvature_steps.py write them in the letters of setting.py. tidy.py and abbreviations.py prepare the formulas for
reading; latex.py, markdown.py and text.py write the document, with the printers latex_printer.py and text_printer.py,
expectations.py for what has no closed form, and the line breaking of layout.py. objects.py names what source code is
printed of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sympy import Expr

    from symgeo.derivation.document import Derivation
    from symgeo.models.statistical_model import StatisticalModel

__all__ = ["derivation"]


def derivation(model: StatisticalModel, alpha: Expr | int | None = None) -> Derivation:
    """The geometry of a model as steps with reasons; the writers are imported when first needed.

    ``alpha``: the order of the connection, a symbol by default. See :func:`symgeo.derivation.derive.derivation`.
    """
    from symgeo.derivation import derive

    return derive.derivation(model, alpha)
