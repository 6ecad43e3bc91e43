"""Elliptical laws in two and more dimensions: published Fisher information, quadrature, and changes of parameters."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import combinations_with_replacement

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import symgeo as sg
from symgeo.errors import NormalisationError
from symgeo.expectation.node import Expectation

X = sp.symbols("x1:5", real=True)
M = sp.symbols("m1:5", real=True)
s, s1, s2, nu, b = sp.symbols("s s1 s2 nu b", positive=True)
rho, c = sp.symbols("rho c", real=True)
A = sp.symbols("a1:4", positive=True)
B = sp.symbols("o1:4", real=True)
INSIDE = {rho: sp.Interval.open(-1, 1)}
CORRELATED = sp.Matrix([[s1**2, rho * s1 * s2], [rho * s1 * s2, s2**2]])


def form(covariance: sp.Matrix, centre: tuple = M) -> sp.Expr:
    d = covariance.rows
    u = sp.Matrix([X[i] - centre[i] for i in range(d)])
    return (u.T * covariance.adjugate() * u)[0] / covariance.det()


def student(covariance: sp.Matrix, df: sp.Expr, centre: tuple = M) -> sp.Expr:
    d, n = sp.Integer(covariance.rows), sp.sympify(df)
    constant = sp.gamma((n + d) / 2) / (sp.gamma(n / 2) * (n * sp.pi) ** (d / 2) * sp.sqrt(covariance.det()))
    return constant * (1 + form(covariance, centre) / n) ** (-(n + d) / 2)


FACTOR = sp.Matrix([[A[0], 0, 0], [B[0], A[1], 0], [B[1], B[2], A[2]]])  # of the precision
WHOLE = sp.Matrix([[A[0], B[0], B[1]], [B[0], A[1], B[2]], [B[1], B[2], A[2]]])
ROUND = sum(((X[i] - M[i]) / s) ** 2 for i in range(3))
POWER = 2 * b / (2 * sp.pi * 2 ** (1 / b) * sp.gamma(1 / b) * sp.sqrt(CORRELATED.det()))
BOLD = form(sp.diag(s1**2, s2**2))
SOFT = sum(((X[i] - M[i]) / s) ** 2 for i in range(2))


def precision_student() -> sp.Expr:
    u = FACTOR.T * sp.Matrix([X[i] - M[i] for i in range(3)])
    return (
        sp.gamma(4)
        / (sp.gamma(sp.Rational(5, 2)) * (5 * sp.pi) ** sp.Rational(3, 2))
        * A[0]
        * A[1]
        * A[2]
        * (1 + u.dot(u) / 5) ** -4
    )


# name: density, parameters, options, whether the metric is closed
LAWS: dict[str, tuple[Callable[[], sp.Expr], tuple, dict, bool]] = {
    "Student": (lambda: student(CORRELATED, 5), (M[0], M[1], s1, s2, rho), {"domain": INSIDE}, True),
    "Student, free df": (lambda: student(CORRELATED, nu), (M[0], M[1], s1, s2, rho, nu), {"domain": INSIDE}, True),
    "Cauchy on a curve": (lambda: student(sp.eye(2) * s**2, 1, (c, c**2)), (c, s), {}, True),
    "power exponential": (
        lambda: POWER * sp.exp(-(form(CORRELATED) ** b) / 2),
        (M[0], M[1], s1, s2, rho, b),
        {"domain": INSIDE},
        True,
    ),
    "Kotz": (lambda: BOLD * sp.exp(-BOLD) / (sp.pi * s1 * s2), (M[0], M[1], s1, s2), {}, True),
    "Laplace": (lambda: sp.exp(-sp.sqrt(ROUND)) / (8 * sp.pi * s**3), (*M[:3], s), {}, True),
    "Student by a factor": (precision_student, (*M[:3], *A, *B), {}, True),
    "logistic": (
        lambda: sp.exp(-BOLD) / (1 + sp.exp(-BOLD)) / (sp.pi * sp.log(2) * s1 * s2),
        (M[0], M[1], s1, s2),
        {},
        True,
    ),
    "normal and Student": (
        lambda: (sp.exp(-BOLD / 2) / 2 + (1 + BOLD) ** -2) / (2 * sp.pi * s1 * s2),
        (M[0], M[1], s1, s2),
        {},
        False,
    ),
    "hyperbolic": (
        lambda: sp.exp(b - b * sp.sqrt(1 + SOFT)) * b**2 / (2 * sp.pi * s**2 * (1 + b)),
        (M[0], M[1], s, b),
        {},
        False,
    ),
}
SPOTS = {M[0]: 0.3, M[1]: -0.5, M[2]: 0.2, s1: 1.4, s2: 0.7, rho: 0.4, nu: 5.5, b: 1.3, s: 1.2, c: 0.6}
SPOTS |= {A[0]: 1.3, A[1]: 0.8, A[2]: 1.1, B[0]: 0.3, B[1]: -0.2, B[2]: 0.4}


@cache
def model_of(name: str) -> sg.StatisticalModel:
    density, parameters, options, _ = LAWS[name]
    variables = X[:3] if X[2] in density().free_symbols else X[:2]
    return sg.StatisticalModel(density(), variables, parameters, check=False, **options)


@cache
def _means(name: str) -> tuple[np.ndarray, np.ndarray]:
    """The scores (n, N) at nodes and the weights of these: polar coordinates around the centre, trapezoidal in angles
    and, after r = exp(pi/2 sinh w), in w."""
    model = model_of(name)
    d = len(model.variables)
    point = [SPOTS[p] for p in model.parameters]
    centre = [SPOTS[c], SPOTS[c] ** 2] if c in model.parameters else [SPOTS[m] for m in M[:d]]
    # Nearer to the centre than 1e-7 nothing counts, and doubles have no digits of x - mu.
    w = np.arange(-2.9, 4.4, 1 / 24)
    r = np.exp(np.pi / 2 * np.sinh(w))
    radial = r**d * np.pi / 2 * np.cosh(w) / 24
    # Skewed ellipses need more angles than round ones.
    angle = 2 * np.pi * (np.arange(160) + 0.5) / 160
    if d == 2:
        unit, area = np.stack([np.cos(angle), np.sin(angle)]), np.full(160, 2 * np.pi / 160)
    else:
        height, weight = np.polynomial.legendre.leggauss(40)
        ring = np.sqrt(1 - height**2)[:, None]
        unit = np.stack([ring * np.cos(angle[::2]), ring * np.sin(angle[::2]), np.repeat(height[:, None], 80, axis=1)])
        unit, area = unit.reshape(3, -1), np.repeat(weight, 80) * 2 * np.pi / 80
    y = np.asarray(centre)[:, None, None] + unit[:, :, None] * r
    functions = [model.log_density, *(sp.diff(model.log_density, p) for p in model.parameters)]
    with np.errstate(all="ignore"):
        found = sp.lambdify([*model.variables, *model.parameters], functions, ["scipy", "numpy"])(*y, *point)
        logarithm, *scores = (np.broadcast_to(f, y.shape[1:]).ravel() for f in found)
        mass = np.exp(logarithm) * (area[:, None] * radial).ravel()
        seen = np.isfinite(mass) & (mass > 1e-40)
    return np.stack(scores)[:, seen], mass[seen]


@pytest.mark.parametrize("name", LAWS)
def test_metric_and_cubic_tensor_are_those_of_quadrature(name: str) -> None:
    model = model_of(name)
    assert model.rung == "elliptical symmetry"
    closed = not any(v.has(Expectation) for v in model.manifold.metric.flat())
    assert closed == LAWS[name][3]
    scores, mass = _means(name)
    assert np.sum(mass) == pytest.approx(1, abs=1e-9)
    point = [SPOTS[p] for p in model.parameters]
    for tensor, rank in ((model.manifold.metric, 2), (model.manifold.cubic, 3)):
        derived = sg.lambdify(tensor)(point)
        for index in combinations_with_replacement(range(len(point)), rank):
            wanted = np.sum(mass * np.prod(scores[list(index)], axis=0))
            assert abs(derived[index] - wanted) < 1e-8 * np.max(np.abs(derived)), (index, derived[index], wanted)


@pytest.mark.parametrize("d", [2, 3])
def test_information_of_the_student_law(d: int) -> None:
    """Lange, Little and Taylor, J. Amer. Statist. Assoc. 84 (1989) 881-896, section 4, any scale matrix."""
    covariance = CORRELATED if d == 2 else WHOLE
    shape = (s1, s2, rho) if d == 2 else (*A, *B)
    options = {"domain": INSIDE} if d == 2 else {"constraints": [WHOLE[:2, :2].det() > 0, WHOLE.det() > 0]}
    parameters = (*M[:d], *shape, nu)
    model = sg.StatisticalModel(student(covariance, nu), X[:d], parameters, check=False, **options)
    inverse = covariance.adjugate() / covariance.det()
    turns = {p: inverse * covariance.diff(p) for p in shape}
    total = (nu + d + 2) * 2
    found = model.manifold.metric

    def agrees(i: int, j: int, wanted: sp.Expr) -> None:
        field = model.field
        assert field(found[i, j]) == field(wanted), (i, j)

    for i in range(d):
        for j in range(d):
            agrees(i, j, (nu + d) / (nu + d + 2) * inverse[i, j])
        for j in range(d, len(parameters)):
            assert found[i, j] == 0
    for i, p in enumerate(shape, d):
        for j, q in enumerate(shape, d):
            product = (turns[p] * turns[q]).trace()
            agrees(i, j, (nu + d) * product / total - turns[p].trace() * turns[q].trace() / total)
        agrees(i, len(parameters) - 1, -turns[p].trace() / ((nu + d) * (nu + d + 2)))
    trigamma = (sp.polygamma(1, (nu + d) / 2) - sp.polygamma(1, nu / 2)) / 2
    rest = d / (nu * (nu + d)) - 1 / (nu + d) + (nu + 2) / (nu * (nu + d + 2))
    agrees(len(parameters) - 1, len(parameters) - 1, -(trigamma + rest) / 2)


def test_four_dimensions() -> None:
    # Mitchell, Math. Scand. 64 (1989) 132-142: location and one scale, of constant curvature.
    density = student(sp.eye(4) * s**2, 7)
    model = sg.StatisticalModel(density, X, (*M, s), check=False)
    assert model.rung == "elliptical symmetry"
    metric = model.manifold.metric
    assert sp.cancel(metric[0, 0] - sp.Rational(11, 13) / s**2) == 0
    # E[(d + r F_r)^2] = 2 d df/(df + d + 2) for the scale.
    assert sp.cancel(metric[4, 4] - sp.Rational(56, 13) / s**2) == 0
    assert model.manifold.connection(0).scalar_curvature == -5 * 4 / sp.Rational(56, 13)


@settings(max_examples=8, deadline=None)
@given(st.floats(0.4, 3), st.floats(0.4, 3), st.floats(-0.8, 0.8))
def test_covariances_instead_of_correlations(a: float, d: float, r: float) -> None:
    v = sp.symbols("v11 v22", positive=True)
    w = sp.Symbol("v12", real=True)
    covariance = sp.Matrix([[v[0], w], [w, v[1]]])
    other = sg.StatisticalModel(
        student(covariance, 5), X[:2], (M[0], M[1], *v, w), constraints=[covariance.det() > 0], check=False
    )
    here = sg.lambdify(model_of("Student").manifold.metric)([0.3, -0.2, a, d, r])
    there = sg.lambdify(other.manifold.metric)([0.3, -0.2, a**2, d**2, r * a * d])
    jacobian = np.eye(5)
    jacobian[2:, 2:] = [[2 * a, 0, 0], [0, 2 * d, 0], [r * d, r * a, a * d]]
    assert here == pytest.approx(jacobian.T @ there @ jacobian, rel=1e-9, abs=1e-12)


def test_constants_without_closed_form_are_free_of_location_and_scales() -> None:
    metric = model_of("normal and Student").manifold.metric
    nodes = {n for value in metric.flat() for n in value.atoms(Expectation)}
    assert len(nodes) == 2 and not set().union(*(n.free_symbols for n in nodes))


@pytest.mark.parametrize(
    "density",
    [
        sp.exp(-((X[0] - M[0]) ** 2) - (X[1] - M[1]) ** 4),
        sp.exp(-sp.cosh(X[0] - M[0]) - (X[1] - M[1]) ** 2),
        sp.exp(-(X[0] ** 2) - (X[1] - M[0]) ** 2 - ((X[0] - M[1]) ** 2 + X[1] ** 2) ** 2),
        (1 + (X[0] - M[0]) ** 2) ** -2 * (1 + (X[1] - M[1]) ** 2) ** -2,
    ],
)
def test_what_is_not_elliptical(density: sp.Expr) -> None:
    assert sg.StatisticalModel(density, X[:2], M[:2], check=False).pivot is None


def test_a_wrong_constant_is_refused() -> None:
    model = sg.StatisticalModel(2 * student(CORRELATED, 5), X[:2], (*M[:2], s1, s2, rho), domain=INSIDE, check=False)
    with pytest.raises(NormalisationError, match="integrates to 2"):
        _ = model.manifold


def test_the_derivation_shows_the_quadratic_form() -> None:
    text = sg.derivation(model_of("normal and Student")).text(use_unicode=False)
    for piece in ("Expectations by elliptical symmetry", "r^2 = ((x1, x2) -", "log q(y) = log(", "E[h1^2]"):
        assert piece in text, piece
