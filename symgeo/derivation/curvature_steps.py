"""The steps that follow from the connections: curvature, dual coordinates, Jeffreys' prior, geodesics."""

from __future__ import annotations

import sympy as sp
from sympy import Expr

from symgeo.algebra.element import Element
from symgeo.derivation.components import LONGEST, effort, operations, select, size
from symgeo.derivation.metric_steps import tensor_formulas
from symgeo.derivation.setting import Setting
from symgeo.derivation.steps import Formula, Step
from symgeo.geometry import curvature
from symgeo.geometry.duality import Duality

# Curvature in full is shown up to this dimension, and only in a few short components.
_MOST_DIMENSIONS = 3
# With expectations that stay, up to this one.
_MOST_OPEN = 2
_MOST_RIEMANN = 12
# Four nested sums over terms as long as the inverse metric's: beyond this the contraction takes minutes.
_MOST_WORK = 200_000
_MOST_TERMS = 150


def riemann_step(s: Setting) -> Step | None:
    """The curvature tensor and its trace, where they are small enough to be read; None where not."""
    if not 1 < s.manifold.dim <= (_MOST_OPEN if s.is_open else _MOST_DIMENSIONS):
        return None
    connection = s.connection
    lowered = connection.riemann_lowered
    chosen = select(lowered, _MOST_RIEMANN, 2 * LONGEST)
    if chosen.left_out:
        return None
    i, j, k, m = s.notation.indices(4)
    r = f"{s.curvature}^{{{s.order}}}"

    def label(at: tuple[int, ...]) -> str:
        return f"{r}_{{{s.index(at)}}}"

    formulas, remark = tensor_formulas(lowered, label, "manifold.connection(...).riemann_lowered", chosen)
    traces = select(connection.ricci, operations=2 * LONGEST)
    ricci = ""
    if not traces.left_out:
        formulas += tuple(Formula(label(at), e) for at, e in traces.components.items())
        ricci = (
            rf"; those with two are the Ricci curvature ${r}_{{{i}{j}}}$, the trace of $X \mapsto "
            rf"{s.curvature}(X, \partial_{{{i}}}) \partial_{{{j}}}$"
        )
    d = [rf"\partial_{{{letter}}}" for letter in (i, j, k, m)]
    return Step(
        "Curvature tensor",
        rf"The components with four indices are ${r}_{{{i}{j}{k}{m}}} = {s.metric}({s.curvature}({d[0]}, "
        rf"{d[1]}) "
        rf"{d[2]}, {d[3]})${ricci}.",
        formulas,
        remark,
        rf"${s.curvature}(X, Y) Z = \nabla_X \nabla_Y Z - \nabla_Y \nabla_X Z - \nabla_{{[X, Y]}} Z$; with "
        rf"this sign a "
        "round sphere has positive curvature.",
        "Lee 2018, chapter 7; Amari and Nagaoka 2000, section 1.8",
    )


def scalar_step(s: Setting) -> Step:
    """The scalar curvature of the Levi-Civita and of the alpha-connection."""
    i, j = s.notation.indices(2)
    name = s.curvature
    statement = (
        rf"The scalar curvature ${name} = \sum_{{{i},{j}}} {s.metric}^{{{i}{j}}} {name}_{{{i}{j}}}$ of the "
        rf"Levi-Civita "
        rf"connection, order 0"
    )
    citation = "Lee 2018, chapter 7; Amari 1985, chapter 2"
    if s.manifold.dim == 1:
        return Step(
            "Scalar curvature",
            f"The scalar curvature vanishes for every order ${s.alpha_latex}$.",
            (Formula(f"{name}^{{{s.order}}}", sp.S.Zero),),
            reason=rf"${name}(X, Y)$ changes its sign when $X$ and $Y$ are exchanged, and on a manifold of "
            rf"dimension 1 any "
            "two vectors are parallel: every one-parameter family is flat.",
            citation=citation,
        )
    wanted = [s.manifold.connection(0)] if s.alpha != 0 else []
    wanted.append(s.connection)
    reason = "It is the full contraction of the curvature tensor with the inverse metric."
    if s.manifold.dually_flat:
        reason += (
            " The exponential and the mixture connection of an exponential family are flat, "
            rf"so that ${name}^{{(1)}} = {name}^{{(-1)}} = 0$."
        )
    open_ended = s.is_open and s.manifold.dim > _MOST_OPEN
    if open_ended or s.manifold.dim**4 * _longest(s) > _MOST_WORK:
        what = "It holds too many expectations" if open_ended else (
            "The dimension and the components of the inverse metric are too large"
        )  # fmt: skip
        return Step(
            "Scalar curvature",
            statement + ".",
            remark=f"{what} for a formula to be read; manifold.connection(...).scalar_curvature computes it"
            f"{_to_integrate(s)}.",
            reason=reason,
            citation=citation,
        )
    if s.alpha != 0:
        statement += f", and of the connection of order ${s.alpha_latex}$"
    formulas: list[Formula] = []
    long: list[Element] = []
    for connection in wanted:
        order = s.latex(connection.alpha)
        value = curvature.scalar(connection)
        if size(value) > _MOST_TERMS or (s.is_open and effort(connection.scalar_curvature) > LONGEST):
            long.append(value)
        else:
            formulas.append(Formula(f"{name}^{{({order})}}", connection.scalar_curvature))
    if s.manifold.dim == 2 and formulas and not long:
        reason += rf" In dimension 2 the Gauss curvature is half of ${name}^{{(0)}}$."
    remark = ""
    if long:
        remark = (
            f"The numerator has {size(long[0])} terms and is not listed; "
            f"manifold.connection(...).scalar_curvature "
            f"gives it{_to_integrate(s)}."
        )
    return Step("Scalar curvature", statement + ".", tuple(formulas), remark, reason, citation)


def _to_integrate(s: Setting) -> str:
    return ", and symgeo.lambdify its values" if s.is_open else ""


def _longest(s: Setting) -> int:
    inverse = s.manifold.inverse_metric
    return max(size(inverse.element(*at)) for at in inverse.independent())


def duality_step(s: Setting, duality: Duality) -> Step:
    """Natural and expectation coordinates, the two potentials, the Legendre transform between them."""
    n = len(duality.natural)
    s.coordinates(s.natural, duality.natural_symbols)
    s.coordinates(s.expectation, duality.expectation_symbols)
    i = s.notation.indices(1)[0]
    natural, expectation = (stem if n == 1 else f"{stem}_{{{i}}}" for stem in (s.natural, s.expectation))
    total = "" if n == 1 else rf"\sum_{{{i}}} "
    theta = s.point_of(s.parameters)
    formulas: list[Formula] = []
    remarks: list[str] = []
    in_natural, in_expectation = duality.potential_in_natural, duality.dual_potential_in_expectation
    for inverse, letter in (
        (duality.coordinates_from_natural, s.natural),
        (duality.coordinates_from_expectation, s.expectation),
    ):
        trivial = inverse is not None and all(e.is_Symbol for e in inverse)
        if inverse is not None and not trivial and operations(inverse) <= LONGEST:
            formulas += [
                Formula(f"{s.notation.latex(p)}({letter})", e) for p, e in zip(s.parameters, inverse, strict=True)
            ]
    for value, own, stem, letter in (
        (in_natural, duality.potential, s.natural, s.potential),
        (in_expectation, duality.dual_potential, s.expectation, s.dual_potential),
    ):
        shown, argument = (own, theta) if value is None else (value, stem)
        if value is None:
            remarks.append(
                f"No closed form of the parameters as functions of ${stem}$ was found, so ${letter}$ stays "
                f"a function of "
                "the declared parameters."
            )
        if shown.count_ops() <= 2 * LONGEST:
            formulas.append(Formula(f"{letter}({argument})", shown))
        else:
            remarks.append(f"${letter}$ is too long to be listed.")
    psi, phi = s.potential, s.dual_potential
    return Step(
        "Dual coordinates",
        rf"The natural parameters ${s.natural}$ are affine coordinates of the exponential, the expectations "
        rf"${s.expectation}$ of the mixture connection. Their potentials ${psi}$ and ${phi} = "
        rf"{total}{natural} "
        rf"{expectation} - {psi}$ are Legendre transforms of each other.",
        tuple(formulas),
        " ".join(remarks),
        rf"${expectation} = \partial {psi}/\partial {natural}$ and ${natural} = \partial {phi}/\partial "
        rf"{expectation}$, so "
        rf"the metric is the Hessian of ${psi}$ in ${s.natural}$ and of ${phi}$ in ${s.expectation}$. The "
        rf"canonical "
        rf"divergence ${psi}({s.natural}') + {phi}({s.expectation}) - {total}{natural}' {expectation}$ "
        rf"from the point with "
        rf"the expectations ${s.expectation}$ to the one with the natural parameters ${s.natural}'$ is the "
        "Kullback-Leibler divergence.",
        "Amari and Nagaoka 2000, sections 3.3 to 3.5; Barndorff-Nielsen 1978, chapter 9",
    )


def jeffreys_step(s: Setting) -> Step:
    """The invariant volume element."""
    prior = s.manifold.jeffreys_prior
    short = prior.count_ops() <= 2 * LONGEST
    return Step(
        "Jeffreys' prior",
        rf"The volume element of the Fisher metric, not normalised: the prior density is proportional to "
        rf"$\sqrt{{\det {s.metric}}}$.",
        (Formula(rf"\sqrt{{\det {s.metric}}}", prior),) if short else (),
        "" if short else "The determinant is too long to be listed; manifold.jeffreys_prior gives it.",
        "Under a change of parameters the determinant takes the square of the Jacobian determinant as a "
        "factor, so the "
        "prior is the same in all parametrisations.",
        "Jeffreys 1946",
    )


def geodesic_step(s: Setting) -> Step:
    """The equations of the geodesics of the alpha-connection."""
    i, j, k = s.notation.indices(3)
    chosen = s.christoffel
    n = s.manifold.dim
    symbols = chosen.components
    formulas: tuple[Formula, ...] = ()
    if not chosen.left_out:
        formulas = tuple(
            Formula(_dotted(s, a), _acceleration(s, {at[1:]: e for at, e in symbols.items() if at[0] == a}))
            for a in range(n)
        )
    flat = ""
    if s.manifold.dually_flat:
        flat = (
            rf" Those of order 1 are the straight lines in ${s.natural}$, those of order $-1$ the straight "
            rf"lines in "
            rf"${s.expectation}$."
        )
    theta = s.point
    return Step(
        "Geodesics",
        rf"The geodesics of order ${s.alpha_latex}$, with dots for derivatives along the curve: "
        rf"$\ddot{{{theta}}}^{{{k}}} = -\sum_{{{i},{j}}} \Gamma^{{{s.order}\,{k}}}_{{{i}{j}}} "
        rf"\dot{{{theta}}}^{{{i}}} "
        rf"\dot{{{theta}}}^{{{j}}}$.",
        formulas,
        ""
        if formulas
        else "With the Christoffel symbols above they are too long to be listed; "
        "manifold.connection(...).geodesic_equations(t) gives them.",
        "The velocity of a geodesic is parallel along it." + flat + " Those of order 0 are locally shortest.",
        "Lee 2018, chapters 4 and 6; Amari and Nagaoka 2000, section 1.6",
    )


def _dotted(s: Setting, a: int) -> str:
    if s.numbered:
        return rf"\ddot{{{s.point}}}^{{{a + 1}}}"
    return s.notation.name(s.parameters[a]).accented("ddot", "''").latex


def _acceleration(s: Setting, symbols: dict[tuple[int, ...], Expr]) -> Expr:
    """Minus the sum of Christoffel symbols times velocities."""
    terms = []
    for (i, j), e in symbols.items():
        terms.append(-(1 if i == j else 2) * e * s.dots[i] * s.dots[j])
    return sp.Add(*terms)
