"""What a derivation consists of: steps, each with formulas, why they hold, and where to read about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sympy import Expr


@dataclass(frozen=True)
class Formula:
    """``left relation right``; ``left`` is LaTeX, ``right`` a SymPy expression or, for a rule, LaTeX."""

    left: str
    right: Expr | str
    relation: str = "="

    @property
    def expression(self) -> Expr | None:
        """The right side when it is a SymPy expression."""
        return None if isinstance(self.right, str) else self.right


@dataclass(frozen=True)
class Step:
    """One step of a derivation.

    ``statement``, ``remark`` and ``reason`` are sentences; mathematics in them is LaTeX between dollar signs
    (a dollar sign of the text itself has a backslash before it). ``remark`` says what the formulas leave out.
    """

    title: str
    statement: str
    formulas: tuple[Formula, ...] = field(default=())
    remark: str = ""
    reason: str = ""
    citation: str = ""


# What citations refer to, in full: the key is how a citation begins.
REFERENCES = {
    "Amari 1985": "S. Amari, Differential-Geometrical Methods in Statistics, Lecture Notes in Statistics 28, "
    "Springer, 1985.",
    "Amari and Nagaoka 2000": "S. Amari and H. Nagaoka, Methods of Information Geometry, Translations of "
    "Mathematical "
    "Monographs 191, American Mathematical Society and Oxford University Press, 2000.",
    "Barndorff-Nielsen 1978": "O. Barndorff-Nielsen, Information and Exponential Families in Statistical "
    "Theory, "
    "Wiley, 1978.",
    "Barndorff-Nielsen and Cox 1994": "O. E. Barndorff-Nielsen and D. R. Cox, Inference and Asymptotics, Chapman and "
    "Hall, 1994.",
    "Bartlett 1953": "M. S. Bartlett, Approximate confidence intervals, Biometrika 40 (1953) 12-19.",
    "Consul 1989": "P. C. Consul, Generalized Poisson Distributions: Properties and Applications, Marcel Dekker, 1989.",
    "DLMF": "F. W. J. Olver and others (editors), NIST Digital Library of Mathematical Functions, dlmf.nist.gov.",
    "Fang, Kotz and Ng 1990": "K.-T. Fang, S. Kotz and K.-W. Ng, Symmetric Multivariate and Related Distributions, "
    "Chapman and Hall, 1990.",
    "Jeffreys 1946": "H. Jeffreys, An invariant form for the prior probability in estimation problems, "
    "Proceedings of "
    "the Royal Society of London A 186 (1946) 453-461.",
    "Lange, Little and Taylor 1989": "K. L. Lange, R. J. A. Little and J. M. G. Taylor, Robust statistical modeling "
    "using the t distribution, Journal of the American Statistical Association 84 (1989) 881-896.",
    "Johnson, Kemp and Kotz 2005": "N. L. Johnson, A. W. Kemp and S. Kotz, Univariate Discrete Distributions, third "
    "edition, Wiley, 2005.",
    "Lauritzen 1987": "S. L. Lauritzen, Statistical manifolds, in: Differential Geometry in Statistical "
    "Inference, "
    "IMS Lecture Notes 10, 1987, 163-216.",
    "Lee 2013": "J. M. Lee, Introduction to Smooth Manifolds, second edition, Springer, 2013.",
    "Lee 2018": "J. M. Lee, Introduction to Riemannian Manifolds, second edition, Springer, 2018.",
    "Flanders 1973": "H. Flanders, Differentiation under the integral sign, American Mathematical Monthly 80 (1973), "
    "615-627.",
    "Piessens and others 1983": "R. Piessens, E. de Doncker-Kapenga, C. W. Überhuber and D. K. Kahaner, QUADPACK: A "
    "Subroutine Package for Automatic Integration, Springer, 1983.",
    "Rao 1945": "C. R. Rao, Information and the accuracy attainable in the estimation of statistical "
    "parameters, "
    "Bulletin of the Calcutta Mathematical Society 37 (1945) 81-91.",
    "Riordan 1968": "J. Riordan, Combinatorial Identities, Wiley, 1968.",
}


def references(steps: tuple[Step, ...]) -> list[str]:
    """The full references of all works that the steps cite, in alphabetical order."""
    cited = " ".join(step.citation for step in steps)
    return [text for key, text in sorted(REFERENCES.items()) if key in cited]
