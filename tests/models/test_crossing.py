"""Divergences between laws whose kinks move with a parameter: closed forms and integrals, against quadrature."""

from __future__ import annotations

from functools import cache

import mpmath
import pytest
import sympy as sp

import symgeo as sg

R = sp.Rational
x, m, n, c, k = sp.symbols("x m n c k", real=True)
z, a, b, s, t = sp.symbols("z a b s t", positive=True)

MODELS = {
    "Laplace": lambda: sg.catalogue.laplace_free(),
    "asymmetric Laplace": lambda: sg.catalogue.asymmetric_laplace(),
    "two-piece normal": lambda: sg.catalogue.two_piece_normal(),
    "log-Laplace": lambda: sg.catalogue.log_laplace(),
    "generalised normal": lambda: sg.catalogue.generalised_normal(),
    "median in two parameters": lambda: sg.StatisticalModel(
        sp.exp(-sp.Abs(x - 3 * k - s) / s) / (2 * s), x, (k, s), name="median"
    ),
    "median of the logarithm": lambda: sg.StatisticalModel(sp.exp(-sp.Abs(sp.log(z) - c) / s) / (2 * s * z), z, (c, s)),
    "Max": lambda: sg.StatisticalModel(s * sp.exp(-s * sp.Max(x - c, c - x)) / 2, x, (c, s)),
    "mode on the unit interval": lambda: sg.catalogue.triangular(),
}
CLOSED = {"Laplace", "asymmetric Laplace", "two-piece normal", "log-Laplace", "median in two parameters"}
CLOSED |= {"median of the logarithm"}


@cache
def model_of(name: str) -> sg.StatisticalModel:
    return MODELS[name]()


def members(name: str) -> tuple[list[sp.Rational], list[sp.Rational]]:
    if name == "mode on the unit interval":
        return [R(1, 3)], [R(3, 5)]
    first = 4 if name == "generalised normal" else 1
    count = len(model_of(name).parameters)
    return [R(first + i, 3) for i in range(count)], [R(first + 1 + i, 3) for i in range(count)]


def quadrature(name: str, p: list, q: list, integrand: str) -> mpmath.mpf:
    """The integral of ``p log(p/q)`` or of ``sqrt(p q)``, cut at the kinks and at a few more places."""
    model = model_of(name)
    (variable,) = model.variables
    logs = [
        sp.lambdify(variable, model.log_density.subs(dict(zip(model.parameters, v, strict=True))), "mpmath")
        for v in (p, q)
    ]
    low, high = (mpmath.mpf(float(e)) for e in model.support.pieces[0][0].ends)
    centres = [v[0] * 3 + v[1] if name == "median in two parameters" else v[0] for v in (p, q)]
    if name == "median of the logarithm":
        centres = [sp.exp(v) for v in centres]
    kinks = [mpmath.mpf(str(sp.N(v, 30))) for v in centres]
    cuts = [low, *sorted({v for v in [*kinks, -20, -5, 6, 20, 200, 4000] if low < v < high}), high]

    def f(u: mpmath.mpf) -> mpmath.mpf:
        first, second = (log(u) for log in logs)
        if integrand == "affinity":
            return mpmath.exp((first + second) / 2)
        return mpmath.exp(first) * (first - second)

    with mpmath.workdps(25):
        return mpmath.quad(f, cuts)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("turned", [False, True])
def test_against_quadrature(name: str, turned: bool) -> None:
    model, (p, q) = model_of(name), members(name)
    if turned:
        p, q = q, p
    got = sg.kl_divergence(model, p, q)
    assert got.has(sg.Expectation) == (name not in CLOSED)
    assert float(sp.N(got)) == pytest.approx(float(quadrature(name, p, q, "entropy")), abs=1e-10)
    affinity = float(quadrature(name, p, q, "affinity"))
    assert float(sp.N(sg.hellinger(model, p, q) ** 2)) == pytest.approx(1 - affinity, abs=1e-10)


def test_laplace_in_symbols() -> None:
    model = sg.StatisticalModel(sp.exp(-sp.Abs(x - m) / s) / (2 * s), x, (m, s))
    got = sg.kl_divergence(model, (m, s), (n, t))
    gap = sp.Abs(m - n)
    assert sp.expand(sp.expand_log(got - (sp.log(t / s) - 1 + gap / t + s / t * sp.exp(-gap / s)), force=True)) == 0
    assert sp.simplify(sg.jeffreys_divergence(model, (m, s), (n, s)) - 2 * got.subs(t, s)) == 0


@pytest.mark.parametrize("name", sorted(CLOSED))
def test_symbols_and_numbers_agree_on_both_sides_and_where_the_kinks_meet(name: str) -> None:
    model, (p, q) = model_of(name), members(name)
    other = [sp.Symbol(f"{v.name}q", **v.assumptions0) for v in model.parameters]
    found = sg.kl_divergence(model, model.parameters, other)
    assert found.has(sp.Piecewise) == (name not in ("Laplace", "median in two parameters", "median of the logarithm"))
    for here, there in ((p, q), (q, p), (p, [p[0], *q[1:]])):
        at = dict(zip((*model.parameters, *other), (*here, *there), strict=True))
        assert abs(sp.N(found.subs(at) - sg.kl_divergence(model, here, there), 25)) < 1e-20
    # The branches meet: from both sides the divergence tends to its value at equal places.
    if isinstance(found, sp.Piecewise) and name != "log-Laplace":
        at = dict(zip((*model.parameters, *other), (*p, p[0], *q[1:]), strict=True))
        values = [sp.N(branch.subs(at), 25) for branch, _ in found.args]
        assert abs(values[0] - values[1]) < 1e-20


def test_closed_parts_and_the_rest() -> None:
    model = model_of("Laplace")
    (p, q) = members("Laplace")
    cross = sg.cross_entropy(model, p, q)
    assert not cross.has(sg.Expectation)
    assert abs(sp.N(cross - sg.entropy(model, p) - sg.kl_divergence(model, p, q), 25)) < 1e-20


def test_the_integral_in_symbols_is_a_function() -> None:
    model, (p, q) = model_of("generalised normal"), members("generalised normal")
    other = [sp.Symbol(f"{v.name}q", **v.assumptions0) for v in model.parameters]
    for of in (sg.kl_divergence, sg.hellinger):
        value = sg.lambdify(of(model, model.parameters, other), (*model.parameters, *other))([*map(float, (*p, *q))])
        assert value == pytest.approx(float(sp.N(of(model, p, q))), rel=1e-10)
