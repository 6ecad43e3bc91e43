"""The steps from the Fisher metric to the alpha-connections."""

from __future__ import annotations

from collections.abc import Callable

from symgeo.algebra.tensor import Tensor
from symgeo.derivation.components import Selection, select
from symgeo.derivation.setting import Setting
from symgeo.derivation.steps import Formula, Step
from symgeo.errors import SingularMetricError


def tensor_formulas(
    tensor: Tensor, label: Callable[[tuple[int, ...]], str], access: str, selection: Selection | None = None
) -> tuple[tuple[Formula, ...], str]:
    """The components worth a line, and a remark on those that are not listed."""
    selection = select(tensor) if selection is None else selection
    formulas = tuple(Formula(label(i), e) for i, e in selection.components.items())
    return formulas, remark_on(tensor, selection, access)


def remark_on(tensor: Tensor, selection: Selection, access: str) -> str:
    """What the list of components leaves out, and why."""
    independent = sum(1 for _ in tensor.independent())
    if selection.left_out:
        shown = len(selection.components)
        which = f"the {shown} shortest are listed" if shown else "none is short enough to be listed"
        return (
            f"Of the {selection.total} independent components that are not zero {which}; {access} gives "
            f"all of them. "
            "Components equal to these by symmetry are not repeated."
        )
    if selection.total == 0:
        return "All components vanish."
    if tensor.dim == 1:
        return ""
    same = "Components equal to these by symmetry are not repeated" if independent < tensor.dim**tensor.rank else ""
    rest = "all others vanish" if selection.total < independent else ""
    text = "; ".join(t for t in (same, rest) if t)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def metric_step(s: Setting) -> Step:
    """The Fisher information metric."""
    i, j, m = s.notation.indices(3)
    formulas, remark = tensor_formulas(
        s.manifold.metric,
        lambda at: f"{s.metric}_{{{s.index(at)}}}",
        "manifold.metric",
    )
    g, score = rf"{s.metric}_{{{i}{j}}}", rf"\partial_{{{i}}} {s.loglikelihood}"
    other, second = (
        rf"\partial_{{{j}}} {s.loglikelihood}",
        rf"\partial_{{{i}}} \partial_{{{j}}} {s.loglikelihood}",
    )
    statement = rf"The Fisher metric is ${g} = \mathrm{{E}}[{score}\, {other}] = -\mathrm{{E}}[{second}]$"
    reason = (
        rf"Differentiating $\mathrm{{E}}[{score}] = 0$ once more gives $\mathrm{{E}}[{second}] + "
        rf"\mathrm{{E}}[{score}\, {other}] = 0$."
    )
    if s.rung == "substitution" or (s.rung == "quadrature" and s.model.law is not None and s.model.law.kinks):
        # At a kink of the log-density the second derivative misses what the square of the score has.
        statement = rf"The Fisher metric is ${g} = \mathrm{{E}}[{score}\, {other}]$"
        reason = rf"It is the covariance of the score, which has mean zero: $\mathrm{{E}}[{score}] = 0$."
    if s.regular is not None:
        eta, mu, t = (rf"{stem}_{{{m}}}" for stem in (s.natural, s.expectation, s.statistic))
        total = rf"\sum_{{{m}}} "
        if len(s.regular.natural_parameters) == 1:
            eta, mu, t, total = s.natural, s.expectation, s.statistic, ""
        statement += rf", which here is ${total}\partial_{{{i}}} {eta}\, \partial_{{{j}}} {mu}$"
        reason += (
            rf" In an exponential family ${score} = {total}\partial_{{{i}}} {eta}\, ({t} - {mu})$, so "
            rf"$-\mathrm{{E}}[{second}] = {total}\partial_{{{i}}} {eta}\, \partial_{{{j}}} {mu}$: the "
            rf"terms with second "
            rf"derivatives of ${eta}$ have expectation zero."
        )
    return Step(
        "Fisher metric",
        statement + ".",
        formulas,
        remark,
        reason,
        "Amari and Nagaoka 2000, section 2.2; Rao 1945",
    )


def inverse_step(s: Setting) -> Step:
    """The inverse metric and the determinant; raises SingularMetricError."""
    i, j, m = s.notation.indices(3)
    inverse = s.manifold.inverse_metric
    formulas, remark = tensor_formulas(
        inverse,
        lambda at: f"{s.metric}^{{{s.index(at)}}}",
        "manifold.inverse_metric",
    )
    determinant = s.manifold.determinant
    if s.manifold.dim > 1 and determinant.count_ops() <= 300:
        formulas += (Formula(rf"\det {s.metric}", determinant),)
    return Step(
        "Inverse metric",
        rf"The inverse ${s.metric}^{{{i}{j}}}$ of the Fisher metric, $\sum_{{{m}}} {s.metric}^{{{i}{m}}} "
        rf"{s.metric}_{{{m}{j}}} = \delta^{{{i}}}_{{{j}}}$; it bounds the covariance of unbiased "
        rf"estimators from below "
        "and raises indices.",
        formulas,
        remark,
        rf"The determinant of ${s.metric}$ is not identically zero: the parameters are identifiable. The "
        rf"bound is the "
        "inequality of Cramér and Rao.",
        "Rao 1945; Amari and Nagaoka 2000, section 2.2",
    )


def singular_step(s: Setting, error: SingularMetricError) -> Step:
    """Why the derivation of an over-parametrised family ends at its metric."""
    along = [(n, v) for n, v in enumerate(error.null_direction) if v != 0]
    formulas = tuple(Formula(f"v^{{{s.index((n,))}}}", v) for n, v in along)
    names = s.names([s.parameters[n] for n, _ in along])
    return Step(
        "The metric is singular",
        rf"The rank of ${s.metric}$ is ${error.rank}$ and not ${s.manifold.dim}$: the direction $v$ with "
        rf"the components "
        rf"below is null, ${s.metric}(v, v) = 0$, and the density does not change along it.",
        formulas,
        "The derivation ends here: there is no inverse metric, hence no connection and no curvature. To go "
        "on, fix or "
        f"eliminate one of the parameters ${names}$, or declare a parametrisation that identifies the "
        f"densities.",
        rf"${s.metric}(v, v) = \mathrm{{E}}[(\sum v^{{i}} \partial_{{i}} {s.loglikelihood})^{{2}}] = 0$ "
        rf"only if the "
        "score vanishes along $v$.",
        "Amari and Nagaoka 2000, section 2.2",
    )


def cubic_step(s: Setting) -> Step:
    """The cubic tensor, which carries the family's third moments."""
    i, j, k, m = s.notation.indices(4)
    formulas, remark = tensor_formulas(
        s.manifold.cubic,
        lambda at: f"{s.cubic}_{{{s.index(at)}}}",
        "manifold.cubic",
    )
    ell = s.loglikelihood
    reason = (
        rf"It is the difference of two dual connections, ${s.cubic}_{{{i}{j}{k}}} = "
        rf"\Gamma^{{(-1)}}_{{{i}{j},{k}}} - "
        rf"\Gamma^{{(1)}}_{{{i}{j},{k}}}$."
    )
    if s.regular is not None:
        one = len(s.regular.natural_parameters) == 1
        eta, mu = (stem if one else rf"{stem}_{{{m}}}" for stem in (s.natural, s.expectation))
        total = "" if one else rf"\sum_{{{m}}} "
        reason = (
            rf"With $\Gamma^{{(1)}}_{{{i}{j},{k}}} = \mathrm{{E}}[\partial_{{{i}}} \partial_{{{j}}} {ell}\, "
            rf"\partial_{{{k}}} {ell}] = {total}\partial_{{{i}}} \partial_{{{j}}} {eta}\, \partial_{{{k}}} "
            rf"{mu}$, the "
            rf"derivative of the metric gives ${s.cubic}_{{{i}{j}{k}}} = \partial_{{{k}}} "
            rf"{s.metric}_{{{i}{j}}} - "
            rf"\Gamma^{{(1)}}_{{{k}{i},{j}}} - \Gamma^{{(1)}}_{{{k}{j},{i}}}$."
        )
    return Step(
        "Cubic tensor",
        rf"The totally symmetric tensor ${s.cubic}_{{{i}{j}{k}}} = \mathrm{{E}}[\partial_{{{i}}} {ell}\, "
        rf"\partial_{{{j}}} {ell}\, \partial_{{{k}}} {ell}]$ measures the skewness of the score.",
        formulas,
        remark,
        reason,
        "Amari 1985, chapter 2; Lauritzen 1987, section 4",
    )


def first_kind_step(s: Setting) -> Step:
    """Christoffel symbols of the first kind."""
    i, j, k = s.notation.indices(3)
    formulas, remark = tensor_formulas(
        s.connection.christoffel_first_kind,
        lambda at: rf"\Gamma^{{{s.order}}}_{{{s.index(at[:2])},\,{s.index(at[2:])}}}",
        "manifold.connection(...).christoffel_first_kind",
    )
    alpha = s.alpha_latex
    weight = rf"\frac{{{alpha}}}{{2}}" if s.alpha.is_Symbol else rf"\frac{{1}}{{2}}({alpha})"
    cubic = "" if s.alpha == 0 else rf" - {weight}\, {s.cubic}_{{{i}{j}{k}}}"
    general = (
        rf"$\Gamma^{{{s.order}}}_{{{i}{j},{k}}} = \frac{{1}}{{2}}(\partial_{{{i}}} {s.metric}_{{{j}{k}}} + "
        rf"\partial_{{{j}}} {s.metric}_{{{i}{k}}} - \partial_{{{k}}} {s.metric}_{{{i}{j}}})"
        rf"{cubic}$"
    )
    return Step(
        "Connection, first kind",
        f"The connection of order ${alpha}$ has the Christoffel symbols {general}.",
        formulas,
        remark,
        "The first part is the Levi-Civita connection of the metric; subtracting a multiple of the cubic "
        "tensor keeps "
        rf"it free of torsion, and the connections of order ${alpha}$ and ${s.latex(-s.alpha)}$ are dual "
        rf"to each other "
        "with respect to the metric. Order 1 is the exponential, order $-1$ the mixture connection.",
        "Amari and Nagaoka 2000, sections 2.3 and 3.1; Amari 1985, chapter 2",
    )


def second_kind_step(s: Setting) -> Step:
    """Christoffel symbols of the second kind."""
    i, j, k, m = s.notation.indices(4)
    formulas, remark = tensor_formulas(
        s.connection.christoffel,
        lambda at: rf"\Gamma^{{{s.order}\,{s.index(at[:1])}}}_{{{s.index(at[1:])}}}",
        "manifold.connection(...).christoffel",
        s.christoffel,
    )
    order = s.order
    return Step(
        "Connection, second kind",
        rf"Raising the last index, $\Gamma^{{{order}\,{k}}}_{{{i}{j}}} = \sum_{{{m}}} {s.metric}^{{{k}{m}}} "
        rf"\Gamma^{{{order}}}_{{{i}{j},{m}}}$.",
        formulas,
        remark,
        rf"These are the coefficients of the covariant derivative, $\nabla_{{\partial_{{{i}}}}} "
        rf"\partial_{{{j}}} = "
        rf"\sum_{{{k}}} \Gamma^{{{order}\,{k}}}_{{{i}{j}}} \partial_{{{k}}}$.",
        "Lee 2018, chapter 4; Amari and Nagaoka 2000, section 2.3",
    )
