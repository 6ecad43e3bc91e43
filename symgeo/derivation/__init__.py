"""Written derivations: from a declared density to its geometry, step by step, with reasons and citations.

- `derivation(model)`: the :class:`Derivation`, with ``.steps``, ``.latex()``, ``.markdown()``, ``.text()``.

How: derive.py lists the steps; family_steps.py, metric_steps.py and curvature_steps.py write them in the
letters of setting.py. tidy.py and abbreviations.py prepare the formulas for reading; latex.py, markdown.py
and text.py write the document, with the printers latex_printer.py and text_printer.py and the line breaking
of layout.py. objects.py names what source code is printed of.
"""

from symgeo.derivation.derive import derivation
from symgeo.derivation.document import Derivation
from symgeo.derivation.steps import Formula, Step

__all__ = ["Derivation", "Formula", "Step", "derivation"]
