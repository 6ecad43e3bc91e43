"""A derivation as a document: its steps, and the same in LaTeX, in Markdown and for a terminal."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from symgeo.derivation.abbreviations import Abbreviations, ShortStep
from symgeo.derivation.setting import Setting
from symgeo.derivation.steps import Step, references
from symgeo.errors import SymgeoError

if TYPE_CHECKING:
    from symgeo.models.statistical_model import StatisticalModel


class Derivation:
    """The derivation of one model's geometry, step by step; immutable.

    ``steps`` hold the exact SymPy expressions. The written forms name sums that recur and break long lines.
    """

    def __init__(self, setting: Setting, steps: tuple[Step, ...]):
        self.setting = setting
        self.steps = steps

    @property
    def model(self) -> StatisticalModel:
        """The model that the derivation is about."""
        return self.setting.model

    @property
    def title(self) -> str:
        """A heading that names the family, as a sentence with mathematics between dollar signs."""
        name = self.model.name
        if name:
            return f"Information geometry of the {name.replace('_', ' ')} family".replace("$", r"\$")
        return "Information geometry of a family of distributions"

    @cached_property
    def rung(self) -> str | None:
        """How the expectations in the metric were found, as ``StatisticalModel.rung``; None where they were not."""
        try:
            return self.setting.rung
        except SymgeoError:
            return None

    @property
    def subtitle(self) -> str:
        """A line that says how the expectations were found and whether they are closed; empty where they were not."""
        if self.rung is None:
            return ""
        if not self.setting.is_open:
            return f"Expectations in closed form, by {self.setting.way}"
        also = "" if self.rung == "quadrature" else f"{self.setting.way}, and by "
        return f"Expectations by {also}quadrature where they have no closed form"

    @cached_property
    def short_steps(self) -> list[ShortStep]:
        """The steps as they are written down."""
        return Abbreviations(self.setting.printer, self.setting.tidy).shorten(self.steps)

    @cached_property
    def references(self) -> list[str]:
        """The works cited, in full."""
        return references(self.steps)

    def latex(self) -> str:
        """A complete LaTeX document for pdflatex and the packages of a basic TeX installation."""
        from symgeo.derivation.latex import latex_document

        return latex_document(self)

    def markdown(self) -> str:
        """Markdown with the mathematics between dollar signs, as GitHub and Jupyter render it."""
        from symgeo.derivation.markdown import markdown_document

        return markdown_document(self)

    def text(self, width: int = 100, use_unicode: bool = True) -> str:
        """For a terminal of ``width`` columns; without ``use_unicode`` in ASCII alone."""
        from symgeo.derivation.text import text_document

        return text_document(self, width, use_unicode)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"Derivation of {self.model!r}, {len(self.steps)} steps"

    def _repr_markdown_(self) -> str:
        return self.markdown()
