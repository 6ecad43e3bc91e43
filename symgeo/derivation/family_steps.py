"""The steps before geometry: density, exponential form, score, expectations of the sufficient statistics."""

from __future__ import annotations

import sympy as sp
from sympy import Expr

from symgeo.derivation.components import LONGEST, operations, size
from symgeo.derivation.layout import LINE
from symgeo.derivation.set_notation import memberships
from symgeo.derivation.setting import Setting
from symgeo.derivation.steps import Formula, Step
from symgeo.derivation.tidy import joined_branches
from symgeo.derivation.width import width
from symgeo.models.exponential_family import ExponentialFamily

# An explicit linear system longer than this says less than its solution.
_LONGEST_SYSTEM = 300
_MOST_TERMS = 150
# A log-density longer than this is seen better in the density itself.
_LONGEST_LOGARITHM = 500


def density_step(s: Setting) -> Step:
    """The density, the support of the variables and the domain of the parameters."""
    model = s.model
    kinds = {model.support.is_discrete(v) for v in model.variables}
    kind, measure = (
        ("probabilities", "counting measure on the support")
        if kinds == {True}
        else ("densities", "Lebesgue measure on the support")
        if kinds == {False}
        else (
            "densities",
            "counting measure in the discrete and Lebesgue measure in the continuous variables",
        )
    )
    formulas = [Formula(f"{s.density}({s.arguments})", model.density)]
    if s.point_of(s.parameters) == s.point:
        formulas += _list(s, s.point, s.names(s.parameters))
    if s.point_of(model.variables) == s.observation:
        formulas += _list(s, s.observation, s.names(model.variables))
    sets = memberships(s, model.variables, model.support.pieces)
    sets += memberships(s, s.parameters, model.chart.pieces)
    formulas += [
        Formula(names, text, r"\in") if width(names) < 9 else Formula("", rf"{names} \in {text}", "")
        for names, text in sets
    ]
    formulas += [Formula("0", _slack(c), "<" if not isinstance(c, sp.Ne) else r"\neq") for c in model.constraints]
    return Step(
        "Density",
        f"The family consists of the {kind} ${s.density}$ below with respect to {measure}; the parameters "
        f"are the coordinates of the statistical manifold.",
        tuple(formulas),
        _numbering(s),
        reason=f"The support does not move with the parameters and the parameters lie in an open set. The "
        f"family is "
        f"taken to be regular: derivatives with respect to the parameters pass under the "
        f"{'sum' if kinds == {True} else 'integral'} sign.",
        citation="Amari and Nagaoka 2000, section 2.1",
    )


def _numbering(s: Setting) -> str:
    """What the indices of components mean, where the names of the parameters are too long for indices."""
    if not s.numbered:
        return ""
    names = ", ".join(f"{n} is ${s.notation.latex(p)}$" for n, p in enumerate(s.parameters, 1))
    return f"Indices of components number the parameters: {names}."


def _slack(constraint: sp.core.relational.Relational) -> Expr:
    """What a constraint declares positive (or not zero)."""
    return (
        constraint.lhs - constraint.rhs if isinstance(constraint, sp.Ne) else constraint.gts - constraint.lts  # type: ignore[attr-defined]
    )


def _list(s: Setting, letter: str, names: str) -> list[Formula]:
    """``theta = (mu_1, ..., rho)`` in as many lines as the names take."""
    rows: list[list[str]] = [[]]
    for name in names.split(", "):
        if rows[-1] and width(", ".join([*rows[-1], name])) > 25:
            rows.append([])
        rows[-1].append(name)
    texts = [", ".join(row) for row in rows]
    if len(rows) == len(rows[0]) == 1:
        return [Formula(letter, names)]
    return [
        Formula(
            letter if n == 0 else "",
            ("(" if n == 0 else r"\quad ") + text + (")" if n == len(texts) - 1 else ","),
            "=" if n == 0 else "",
        )
        for n, text in enumerate(texts)
    ]


def exponential_step(s: Setting, family: ExponentialFamily) -> Step:
    """Sufficient statistics, natural parameters, log-partition function and carrier."""
    m = len(family.sufficient_statistics)
    x = s.point_of(s.model.variables)
    theta = s.point_of(s.parameters)
    whole = _exponential_form(s, m, f"({x})", f"({theta})")
    left = f"{s.density}({s.arguments})"
    if width(left) + width(whole) > 0.9 * LINE:
        left, whole = s.density, _exponential_form(s, m, "", "")
    formulas = [Formula(left, whole)]
    formulas += [Formula(f"{s.indexed(s.statistic, n, m)}({x})", t) for n, t in enumerate(family.sufficient_statistics)]
    formulas += [Formula(f"{s.indexed(s.natural, n, m)}({theta})", e) for n, e in enumerate(family.natural_parameters)]
    formulas += [
        Formula(f"{s.potential}({theta})", family.log_partition),
        Formula(f"{s.carrier}({x})", family.carrier),
    ]
    plural = "s" if m > 1 else ""
    return Step(
        "Exponential family",
        f"The densities form an exponential family with the sufficient statistic{plural} ${s.statistic}$, "
        f"the natural "
        f"parameter{plural} ${s.natural}$, the log-partition function ${s.potential}$ and the carrier "
        f"${s.carrier}$.",
        tuple(formulas),
        reason=rf"The logarithm ${s.loglikelihood} = \log {s.density}$ is a finite sum of products of a "
        "function of the parameters and a function of the variables. Together with the constant 1 the "
        "statistics are "
        "linearly independent, so there are as few of them as possible.",
        citation="Barndorff-Nielsen 1978, chapter 8; Amari and Nagaoka 2000, section 2.3",
    )


def _exponential_form(s: Setting, m: int, x: str, theta: str) -> str:
    """``h exp(sum eta t - psi)``, the functions with these arguments."""
    i = s.notation.indices(1)[0]
    tail = "" if m == 1 else f"_{{{i}}}"
    total = "" if m == 1 else rf"\sum_{{{i}}} "
    pairing = rf"{total}{s.natural}{tail}{theta}\, {s.statistic}{tail}{x}"
    return rf"{s.carrier}{x} \exp\Bigl({pairing} - {s.potential}{theta}\Bigr)"


def score_step(s: Setting) -> Step:
    """The derivatives of the log-density, whose expectation is zero."""
    log_density = s.model.log_density
    formulas = [Formula(f"{s.loglikelihood}({s.arguments})", log_density)]
    if log_density.count_ops() > _LONGEST_LOGARITHM:
        formulas = []
    else:
        formulas += [
            Formula(rf"\partial_{{{s.index((n,))}}} {s.loglikelihood}", e)
            for n, e in enumerate(_score(s))
            if e.count_ops() <= LONGEST
        ]
    i = s.notation.indices(1)[0]
    sign = r"\sum" if all(map(s.model.support.is_discrete, s.model.variables)) else r"\int"
    of = s.density
    return Step(
        "Score",
        rf"The score is the gradient of ${s.loglikelihood} = \log {of}$ with respect to the parameters; "
        rf"its expectation is zero: $\mathrm{{E}}[\partial_{{{i}}} {s.loglikelihood}] = 0$.",
        tuple(formulas),
        ""
        if len(formulas) == 1 + len(s.parameters)
        else "Some derivatives are too long to be listed; model.score gives them.",
        rf"$\mathrm{{E}}[\partial_{{{i}}} {s.loglikelihood}] = {sign} \partial_{{{i}}} {of} = "
        rf"\partial_{{{i}}} {sign} {of} = \partial_{{{i}}} 1 = 0$.",
        "Amari and Nagaoka 2000, section 2.2; Rao 1945",
    )


def _score(s: Setting) -> list[Expr]:
    """Each derivative as the sum it comes from, where that is not longer than the field's factored form."""
    direct = [joined_branches(sp.diff(s.model.log_density, p)) for p in s.parameters]
    out = []
    for n, e in enumerate(direct):
        odd = e.has(sp.Derivative, sp.Subs, sp.sign, sp.DiracDelta, sp.Heaviside)
        if isinstance(e, sp.Piecewise) or (not odd and e.count_ops() > LONGEST):
            out.append(e)
            continue
        factored = s.model.score[n]
        odd = odd or e.has(sp.Piecewise)
        out.append(factored if odd or e.count_ops() > factored.count_ops() + 3 else e)
    return out


def expectation_step(s: Setting, family: ExponentialFamily) -> Step:
    """The score equations, linear in the expectations of the statistics, and their solution."""
    m = len(family.sufficient_statistics)
    i, a = s.notation.indices(2)
    s.coordinates(s.expectation, family.expectation_symbols)
    equations = _score_equations(s, family)
    spelled = bool(equations)
    formulas = [Formula("0", e) for e in equations]
    for n, (t, value) in enumerate(zip(family.sufficient_statistics, family.expectation_parameters, strict=True)):
        mean = rf"\mathrm{{E}}[{s.printer.inline(t)}]"
        name = s.indexed(s.expectation, n, m)
        formulas.append(Formula(f"{name} = {mean}" if width(mean) < 9 else name, value))
    mean = s.expectation if m == 1 else rf"{s.expectation}_{{{i}}}"
    statistic = s.statistic if m == 1 else rf"{s.statistic}_{{{i}}}"
    natural = s.natural if m == 1 else rf"{s.natural}_{{{i}}}"
    total = "" if m == 1 else rf"\sum_{{{i}}} "
    shown = (
        "The first lines are these equations, one for each parameter; the others are their solution."
        if spelled
        else "The equations themselves are long; below is their solution."
    )
    return Step(
        "Expectations of the sufficient statistics",
        rf"The expectations ${mean} = \mathrm{{E}}[{statistic}]$ follow without integration from the "
        rf"linear equations "
        rf"${total}\partial_{{{a}}} {natural}\, {mean} = \partial_{{{a}}} {s.potential}$. {shown}",
        tuple(formulas),
        reason=rf"They are the score equations $\mathrm{{E}}[\partial_{{{a}}} {s.loglikelihood}] = 0$, "
        rf"because "
        rf"$\partial_{{{a}}} {s.loglikelihood} = {total}\partial_{{{a}}} {natural}\, {statistic} - "
        rf"\partial_{{{a}}} {s.potential}$; the matrix of the derivatives $\partial_{{{a}}} {natural}$ has "
        rf"rank ${m}$, "
        "so the solution is unique.",
        citation="Barndorff-Nielsen 1978, chapter 8; Amari and Nagaoka 2000, section 3.5",
    )


def moments_step(s: Setting, family: ExponentialFamily) -> Step:
    """The expectations of the statistics of a curved family, which its score equations do not determine."""
    m = len(family.sufficient_statistics)
    formulas = []
    for n, (t, value) in enumerate(zip(family.sufficient_statistics, family.expectation_parameters, strict=True)):
        mean = rf"\mathrm{{E}}[{s.printer.inline(t)}]"
        name = s.indexed(s.expectation, n, m)
        formulas.append(Formula(f"{name} = {mean}" if width(mean) < 9 else name, value))
    finite = s.model.support.points() is not None
    way = "sums over the finite support" if finite else "those of the normal law that the density is in the variables"
    return Step(
        "Expectations of the sufficient statistics",
        f"The family is curved: it has more sufficient statistics than parameters. Their expectations are {way}.",
        tuple(formulas),
        reason="The score equations are fewer than the statistics and leave their expectations open.",
        citation="Barndorff-Nielsen 1978, chapter 8",
    )


def _score_equations(s: Setting, family: ExponentialFamily) -> list[Expr]:
    """``sum_i d_a eta_i mu_i - d_a psi`` for each parameter a; none when they are too long to be read."""
    field = s.model.field
    potential = field(family.log_partition)
    rows = [[e.diff(p) for e in family.natural_elements] for p in s.parameters]
    slopes = [potential.diff(p) for p in s.parameters]
    if sum(size(e) for row in rows for e in row) + sum(map(size, slopes)) > _MOST_TERMS:
        return []
    equations: list[Expr] = [
        sp.Add(
            *(e.to_sympy() * mu for e, mu in zip(row, family.expectation_symbols, strict=True)),
            -slope.to_sympy(),
        )
        for row, slope in zip(rows, slopes, strict=True)
    ]
    return equations if operations(equations) <= _LONGEST_SYSTEM else []
