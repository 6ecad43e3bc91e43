"""Expectations without closed form as expressions: identities among them, derivatives, printing, equality."""

from __future__ import annotations

import copy
import pickle
from functools import cache
from itertools import combinations_with_replacement, product

import numpy as np
import pytest
import sympy as sp

import symgeo as sg
from symgeo.expectation.node import Expectation

x, m, e = sp.symbols("x m e", real=True)
z, s, k, v, a = sp.symbols("z s k v a", positive=True)
w, p, q = sp.symbols("w p q", positive=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
alpha = sp.Symbol("alpha", real=True)
UNIT = sp.Interval.open(0, 1)


def normal(x: sp.Expr, mean: sp.Expr = sp.S.Zero, sd: sp.Expr = sp.S.One) -> sp.Expr:
    return sp.exp(-((x - mean) ** 2) / (2 * sd**2)) / (sp.sqrt(2 * sp.pi) * sd)


def rice_model() -> sg.StatisticalModel:
    density = z / s**2 * sp.exp(-(z**2 + v**2) / (2 * s**2)) * sp.besseli(0, z * v / s**2)
    return sg.StatisticalModel(density, z, (v, s))


@cache
def rice() -> sg.StatisticalModel:
    return rice_model()


@cache
def negative_binomial() -> sg.StatisticalModel:
    density = sp.gamma(n + k) / (sp.gamma(k) * sp.factorial(n)) * p**k * (1 - p) ** n
    return sg.StatisticalModel(density, n, (k, p), domain={p: UNIT})


@cache
def skew_normal() -> sg.StatisticalModel:
    return sg.StatisticalModel(
        normal(x, m, s) * (1 + sp.erf(e * (x - m) / (sp.sqrt(2) * s))), x, (m, s, e), name="skew normal"
    )


MODELS = {"Rice": (rice, (1.3, 0.8)), "negative binomial": (negative_binomial, (1.7, 0.4))}
SKEW = {"skew normal": (skew_normal, (0.3, 0.8, 1.7))}
EVERY = pytest.mark.parametrize("name", {**MODELS, **SKEW})


def drawn(name: str) -> tuple[sg.StatisticalModel, np.ndarray]:
    model, point = {**MODELS, **SKEW}[name]
    return model(), np.array(point)


# -- identities ---------------------------------------------------------------------------------------------------


@EVERY
def test_reductions_agree_with_integration(name: str) -> None:
    """E of every product of derivatives of log p up to third order, as reduced and as it stands."""
    model, point = drawn(name)
    law, d = model.law, len(point)
    letters = [i for order in (1, 2, 3) for i in combinations_with_replacement(range(d), order)]
    products = [(i,) for i in letters] + [(i, j) for i in letters[:d] for j in letters if len(j) < 3]
    products += [(i, i, j) for i in letters[:d] for j in letters[:d]]
    reduced = sg.lambdify([law.moment(sp.S.One, i) for i in products], model.parameters)(point)
    plain = sg.lambdify([Expectation(law, sp.S.One, i) for i in products], model.parameters)(point)
    scale = max(1.0, np.abs(plain).max())
    assert np.abs(reduced - plain).max() < 1e-10 * scale


def test_what_the_identities_close_is_closed() -> None:
    """Of the negative binomial law only the size with itself stays: Johnson, Kemp and Kotz 2005, section 5.8."""
    g, t = negative_binomial().manifold.metric, negative_binomial().manifold.cubic
    assert sp.simplify(g[1, 1] - k / (p**2 * (1 - p))) == 0 and g[0, 1] == -1 / p
    assert g[0, 0].has(Expectation)
    assert not t[1, 1, 1].has(Expectation) and not t[0, 1, 1].has(Expectation)
    assert sp.simplify(t[1, 1, 1] + k * (2 - p) / (p**3 * (1 - p) ** 2)) == 0


@EVERY
def test_scores_have_mean_zero(name: str) -> None:
    law = drawn(name)[0].law
    assert all(law.moment(sp.S.One, ((i,),)) == 0 for i in range(len(law.parameters)))


@EVERY
def test_duality(name: str) -> None:
    """d_k g_ij = Gamma^(a)_ki,j + Gamma^(-a)_kj,i: Amari and Nagaoka 2000, equation (3.2)."""
    model, point = drawn(name)
    manifold, d = model.manifold, len(point)
    slopes = [manifold.metric[i, j].diff(t) for t, i, j in product(model.parameters, range(d), range(d))]
    slope = sg.lambdify(slopes, model.parameters)(point).reshape(d, d, d)
    for order in (1, sp.Rational(1, 3)):
        here, there = (sg.lambdify(manifold.connection(o).christoffel_first_kind)(point) for o in (order, -order))
        assert here + there.transpose(0, 2, 1) == pytest.approx(slope, abs=1e-9 * np.abs(slope).max())


EQUAL = (normal(x, -sp.S.One), normal(x, sp.Integer(2)), normal(x))
COMPONENTS = {
    "normal laws of one spread": (EQUAL, x),
    "normal laws of two spreads": ((*EQUAL[:2], normal(x, sp.S.Zero, sp.Integer(2))), x),
    "exponential laws": (tuple(c * sp.exp(-c * z) for c in (1, 2, 5)), z),
    "Poisson laws": (tuple(sp.Integer(c) ** n * sp.exp(-c) / sp.factorial(n) for c in (1, 2, 5)), n),
    "polynomials": ((2 * z, sp.S.One, 6 * z * (1 - z)), z),
}
WEIGHTS = sp.symbols("p1 p2", positive=True)


def known_mixture(name: str, weights: tuple[sp.Symbol, ...]) -> sg.StatisticalManifold:
    (first, second, third), variable = COMPONENTS[name]
    options = {"support": UNIT} if name == "polynomials" else {}
    a, b = weights
    density = a * first + b * second + (1 - a - b) * third
    return sg.StatisticalModel(density, variable, weights, constraints=[a + b < 1], **options).manifold


def flat_in_the_m_connection(manifold: sg.StatisticalManifold) -> bool:
    mixture = manifold.connection(-1)
    return mixture.is_flat and all(value == 0 for value in mixture.christoffel_first_kind.flat())


@pytest.mark.parametrize("name", COMPONENTS)
def test_mixtures_of_known_laws_are_flat_in_the_m_connection(name: str) -> None:
    """The weights are affine: Amari and Nagaoka 2000, section 2.3. So they are dually flat, and R^(a) = (1 - a^2) R."""
    manifold = known_mixture(name, WEIGHTS)
    assert flat_in_the_m_connection(manifold)
    assert manifold.connection(1).is_flat and not manifold.connection(0).is_flat
    bent, straight = manifold.connection(alpha).scalar_curvature, manifold.connection(0).scalar_curvature
    assert sp.simplify(bent - (1 - alpha**2) * straight) == 0


def test_what_is_known_of_a_mixture_does_not_depend_on_names() -> None:
    assert flat_in_the_m_connection(known_mixture("normal laws of one spread", (w, q)))


# -- derivatives and changes of coordinates -----------------------------------------------------------------------


@EVERY
def test_derivatives_are_those_of_the_numbers(name: str) -> None:
    """d_k E[m] = E[d_k m + m l_k], also for functions of the variable and of the parameters."""
    model, point = drawn(name)
    law, d = model.law, len(point)
    f = sp.exp(-law.variables[0] * model.parameters[1] / 3) if name == "Rice" else 1 / (1 + law.variables[0] ** 2)
    letters = [(i,) for i in range(d)]
    nodes = [law.moment(f, ()), *(law.moment(sp.S.One, (i, j, j)) for i in letters for j in letters)]
    values = sg.lambdify(nodes, model.parameters)
    for i, parameter in enumerate(model.parameters):
        slopes = sg.lambdify([node.diff(parameter) for node in nodes], model.parameters)(point)
        step = np.eye(d)[i] * 1e-3
        # Fourth order.
        at = [values(point + t * step) for t in (1, -1, 2, -2)]
        expected = (8 * (at[0] - at[1]) - (at[2] - at[3])) / 12e-3
        assert slopes == pytest.approx(expected, rel=1e-7, abs=1e-7 * np.abs(expected).max())


def test_components_transform_as_tensors() -> None:
    """v = a s and s = exp(e): Amari and Nagaoka 2000, sections 1.4 and 1.5."""
    manifold = rice().manifold
    moved = manifold.reparametrize({v: a * sp.exp(e), s: sp.exp(e)}, (a, e))
    new = np.array([1.6, -0.2])
    spread = np.exp(-0.2)
    old = np.array([1.6 * spread, spread])
    jacobian = np.array([[spread, 1.6 * spread], [0, spread]])  # [old, new]
    bend = np.zeros((2, 2, 2))  # [old, new, new]
    bend[0, 0, 1] = bend[0, 1, 0] = spread
    bend[0, 1, 1], bend[1, 1, 1] = old
    g, t, gamma = (sg.lambdify(o)(old) for o in (manifold.metric, manifold.cubic, gamma_of(manifold)))
    j = jacobian
    assert sg.lambdify(moved.metric)(new) == pytest.approx(j.T @ g @ j, rel=1e-10)
    assert sg.lambdify(moved.cubic)(new) == pytest.approx(np.einsum("abc,ai,bj,ck", t, j, j, j), rel=1e-10)
    expected = np.einsum("abc,ai,bj,ck", gamma, j, j, j) + np.einsum("ab,aij,bk", g, bend, j)
    assert sg.lambdify(gamma_of(moved))(new) == pytest.approx(expected, rel=1e-9)
    curvatures = [
        sg.lambdify([o.connection(0).scalar_curvature], o.coordinates)(at).item()
        for o, at in ((manifold, old), (moved, new))
    ]
    assert curvatures[0] == pytest.approx(curvatures[1], rel=1e-9)


def gamma_of(manifold: sg.StatisticalManifold) -> sg.Tensor:
    return manifold.connection(0).christoffel_first_kind


def test_a_new_coordinate_may_bear_the_name_of_the_variable() -> None:
    moved = rice().manifold.reparametrize({v: z * s}, (z, s))
    other = rice().manifold.reparametrize({v: a * s}, (a, s))
    for tensor, expected in ((moved.metric, other.metric), (gamma_of(moved), gamma_of(other))):
        assert sg.lambdify(tensor)([1.2, 0.7]) == pytest.approx(sg.lambdify(expected)([1.2, 0.7]), rel=1e-13)


# -- expressions --------------------------------------------------------------------------------------------------


def test_free_symbols_are_the_parameters() -> None:
    node = rice().manifold.metric[0, 1]
    assert isinstance(node, Expectation) and node.free_symbols == {v, s} and node.args == (v, s)
    assert node.func(*node.args) == node and node.doit() == node
    assert node.diff(z) == 0 and node.diff(a) == 0


def test_substitution_leaves_the_bound_variable_alone() -> None:
    node = rice().manifold.metric[0, 1]
    assert node.subs(z, 5) == node and node.xreplace({z: sp.Integer(5)}) == node
    assert node.subs(v, 2).free_symbols == {s} and node.subs(v, a * s).free_symbols == {a, s}
    (plain,) = sg.lambdify([node], (v, s))([1.2, 0.7])
    swapped = node.subs({v: s, s: v}, simultaneous=True)
    captured = node.subs(v, z)
    for e, order, point in (
        (swapped, (v, s), [0.7, 1.2]),
        (captured, (z, s), [1.2, 0.7]),
        (node.subs(v, a * s), (a, s), [1.2 / 0.7, 0.7]),
        (node.xreplace({v: a}), (a, s), [1.2, 0.7]),
        (node.subs(s, sp.Rational(7, 10)), (v,), [1.2]),
    ):
        assert sg.lambdify([e], order)(point) == pytest.approx([plain], rel=1e-13)
    slopes = [sg.lambdify([f], o)([1.2, 0.7]).item() for f, o in ((node.diff(v), (v, s)), (captured.diff(z), (z, s)))]
    assert slopes[0] == pytest.approx(slopes[1], rel=1e-13)


def test_second_derivatives_commute() -> None:
    node = rice().manifold.metric[0, 1]
    assert sp.simplify(node.diff(v, s) - node.diff(s, v)) == 0


def test_equality_and_hash_go_by_the_law() -> None:
    one, other = rice().manifold.metric, rice_model().manifold.metric
    assert one[0, 1] == other[0, 1] and hash(one[0, 1]) == hash(other[0, 1]) and one[0, 1] - other[0, 1] == 0
    nodes = {one[i, j] for i in range(2) for j in range(2)} | {other[i, j] for i in range(2) for j in range(2)}
    assert len(nodes) == 3
    assert skew_normal().manifold.metric[1, 1] != one[1, 1]
    assert one[0, 0] != one[0, 0].subs(v, 2) and one[0, 0].subs(v, 2) == other[0, 0].subs(v, 2)


def test_printing() -> None:
    node, cubic = rice().manifold.metric[0, 1], rice().manifold.cubic[0, 0, 1]
    assert str(node) == "E[l_v*l_s]" and str(cubic) == "E[l_v**2*l_s]"
    assert str(node.subs(v, 2)) == "E[l_v*l_s](v=2)"
    assert sp.latex(node) == r"\operatorname{E}\left[(\partial_{v}\ell) (\partial_{s}\ell)\right]"
    assert sp.latex(node.subs(v, 2)).endswith(r"\right|_{v = 2}")
    assert sp.pretty(node) == "E[l_v*l_s]" and sp.pretty(1 / node).count("E[l_v*l_s]") == 1
    assert str(rice().law.moment(1 + z, ((0,),))) == "E[z*l_v]"
    assert "E[l_v**2]" in str(rice().manifold.metric)


def test_pickles_are_equal_and_compute() -> None:
    metric = rice().manifold.metric
    node = metric[0, 1]
    for again in (pickle.loads(pickle.dumps(node)), copy.deepcopy(node)):
        assert again == node and hash(again) == hash(node) and again.free_symbols == {v, s}
    read = pickle.loads(pickle.dumps(metric))
    assert np.array_equal(sg.lambdify(read)([1.2, 0.7]), sg.lambdify(metric)([1.2, 0.7]))
