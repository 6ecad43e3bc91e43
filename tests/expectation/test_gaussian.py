"""Curved families of normal laws in one and several variables."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import symgeo as sg
from symgeo.errors import NotExponentialFamilyError

x, y, z, r, t = sp.symbols("x y z r t", real=True)
a, b, s = sp.symbols("a b s", positive=True)


def normal(deviations: list[sp.Expr], deviation: sp.Expr) -> sp.Expr:
    n = len(deviations)
    exponent = -sum(d**2 for d in deviations) / (2 * deviation**2)
    return sp.exp(exponent) / (sp.sqrt(2 * sp.pi) * deviation) ** n


MODELS = {
    "mean on a circle": (normal([x - sp.cos(t), y - sp.sin(t)], sp.S.One), (x, y), (t,)),
    "coefficient of variation one": (normal([x - a], a), (x,), (a,)),
    "variance a function of the mean": (normal([x - a], 1 + a**2), (x,), (a,)),
    "Michaelis and Menten at 1, 2, 5": (
        normal([v - a * d / (b + d) for v, d in zip((x, y, z), (1, 2, 5), strict=True)], s),
        (x, y, z),
        (a, b, s),
    ),
    "autoregression, stationary": (
        sp.sqrt(1 - r**2) * normal([x * sp.sqrt(1 - r**2), y - r * x, z - r * y], sp.S.One),
        (x, y, z),
        (r,),
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_metric_and_cubic_tensor_agree_with_the_trapezoidal_rule(name: str) -> None:
    density, variables, parameters = MODELS[name]
    domain = {r: sp.Interval.open(-1, 1)} if r in parameters else None
    model = sg.StatisticalModel(density, variables, parameters, domain=domain)
    assert model.exponential_family is not None and model.exponential_family.is_curved
    log_density = sp.expand_log(sp.log(density), force=True)
    scores = [sp.diff(log_density, p) for p in parameters]
    point = {p: sp.Rational(2 * i + 3, 7) for i, p in enumerate(parameters)}
    # The trapezoidal rule over a wide grid has no error to speak of for normal laws (Trefethen and Weideman 2014).
    step = 0.25
    nodes = np.arange(-14, 14, step)
    grid = np.meshgrid(*[nodes] * len(variables), indexing="ij")
    functions = sp.lambdify(variables, [density.subs(point), *(e.subs(point) for e in scores)], "numpy")
    values = [np.broadcast_to(v, grid[0].shape) for v in functions(*grid)]
    mass = values[0] * step ** len(variables)
    assert mass.sum() == pytest.approx(1, abs=1e-9)
    n = len(parameters)
    for tensor, order in ((model.manifold.metric, 2), (model.manifold.cubic, 3)):
        for index in np.ndindex(*(n,) * order):
            expected = float((mass * np.prod([values[1 + i] for i in index], axis=0)).sum())
            assert float(tensor[index].subs(point).evalf()) == pytest.approx(expected, rel=1e-8, abs=1e-8)


def test_two_ways_to_a_curved_family_agree() -> None:
    model = sg.StatisticalModel(normal([x - a], a), x, a)
    by_integrals = model.substitution
    assert by_integrals is not None
    score = by_integrals.score(a)
    assert by_integrals.of_products([score] * 2).to_sympy() == model.manifold.metric[0, 0] == 3 / a**2
    assert by_integrals.of_products([score] * 3).to_sympy() == model.manifold.cubic[0, 0, 0] == 14 / a**3


def test_it_is_the_submanifold_of_the_full_family() -> None:
    full = sg.catalogue.multivariate_normal(2).manifold
    m1, m2, s11, s12, s22 = full.coordinates
    circle = full.submanifold({m1: sp.cos(t), m2: sp.sin(t), s11: 1, s12: 0, s22: 1}, (t,))
    own = sg.StatisticalModel(*MODELS["mean on a circle"][:2], t).manifold
    assert own.metric[0, 0] == sp.simplify(circle.metric[0, 0]) == 1
    assert own.cubic.is_zero and circle.cubic.is_zero


def test_other_curved_families_are_integrated_variable_by_variable() -> None:
    """A gamma and an exponential variable with tied rates: neither normal nor of one variable, but independent."""
    p, q = sp.symbols("p q", positive=True)
    density = a ** (2 * a) * p ** (a - 1) * sp.exp(-(a**2) * p) / sp.gamma(a) * a * sp.exp(-a * q)
    model = sg.StatisticalModel(density, (p, q), a, check=False)
    with pytest.raises(NotExponentialFamilyError, match="curved"):
        model.require_exponential_family()
    assert model.rung == "substitution"
    # Gamma(k, r) has the metric ((psi'(k), -1/r), (-1/r, k/r^2)), pulled back along k = a, r = a^2; and 1/a^2 of q.
    expected = sp.polygamma(1, a) - 4 / a + 4 / a + 1 / a**2
    assert sp.simplify(model.manifold.metric[0, 0] - expected) == 0
