"""Recognised spaces: closed distances against the literature and against numerics, geodesics, charts, refusals.

Miyamoto, Meneghetti, Pinele and Costa, On closed-form expressions for the Fisher-Rao distance, Information Geometry 7
(2024) 311-354, collect the closed forms that are tested here; older sources are named where they are known.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import symgeo as sg
from symgeo import errors
from symgeo.algebra import Tensor, differential_field
from symgeo.geometry.isometry import constant_curvature
from symgeo.geometry.space_forms import SpaceForm
from theorems.curves import defect, numerical_distance, slopes, t

R = sp.Rational
x, y, a, b = sp.symbols("x y a b", real=True)
u, v, w = sp.symbols("u v w", positive=True)


@cache
def family(name: str) -> sg.StatisticalModel:
    """A family of the catalogue, declared once."""
    return sg.catalogue.get(name)


def close(found: sp.Expr, expected: sp.Expr, digits: int = 25) -> bool:
    """Equal to so many digits, by mpmath: SymPy would search long for the digits of a hidden zero."""
    with mpmath.workdps(digits + 15):
        return abs(sp.lambdify((), sp.S(found) - expected, "mpmath", cse=True)()) < mpmath.mpf(10) ** -digits


def location_scale(m_part: sp.Expr, s_part: sp.Expr) -> Callable[..., sp.Expr]:
    """The distance for ``(A dm^2 + C ds^2)/s^2``: ``sqrt C arcosh(1 + (A dm^2 + C (s - s')^2)/(2 C s s'))``."""
    return lambda m, s, n, r: (
        sp.sqrt(s_part) * sp.acosh(1 + (m_part * (m - n) ** 2 + s_part * (s - r) ** 2) / (2 * s_part * s * r))
    )


# name: the distance as the literature has it, and two points
GOLDEN = {
    # Atkinson and Mitchell, Sankhya A 43 (1981) 345-365
    "poisson": (lambda r, s: 2 * abs(sp.sqrt(r) - sp.sqrt(s)), (2,), (R(7, 2),)),
    "binomial(5)": (
        lambda p, q: 2 * sp.sqrt(5) * abs(sp.asin(sp.sqrt(p)) - sp.asin(sp.sqrt(q))), (R(1, 7),), (R(3, 5),),
    ),
    "bernoulli": (lambda p, q: 2 * abs(sp.asin(sp.sqrt(p)) - sp.asin(sp.sqrt(q))), (R(1, 7),), (R(3, 5),)),
    "negative_binomial(4)": (
        lambda p, q: 4 * abs(sp.atanh(sp.sqrt(1 - p)) - sp.atanh(sp.sqrt(1 - q))), (R(1, 7),), (R(3, 5),),
    ),
    "geometric": (
        lambda p, q: 2 * abs(sp.atanh(sp.sqrt(1 - p)) - sp.atanh(sp.sqrt(1 - q))), (R(1, 7),), (R(3, 5),),
    ),
    "exponential": (lambda r, s: abs(sp.log(r / s)), (2,), (R(7, 2),)),
    "rayleigh": (lambda r, s: 2 * abs(sp.log(r / s)), (2,), (R(7, 2),)),
    "laplace": (lambda r, s: abs(sp.log(r / s)), (2,), (R(7, 2),)),
    "pareto": (lambda r, s: abs(sp.log(r / s)), (2,), (R(7, 2),)),
    # Burbea, Expo. Math. 4 (1986) 347-378; Mitchell, J. Appl. Probab. 25 (1988) for elliptical laws
    "normal": (location_scale(1, 2), (R(1, 2), 1), (3, R(5, 2))),
    "lognormal": (location_scale(1, 2), (R(1, 2), 1), (3, R(5, 2))),
    "cauchy": (location_scale(R(1, 2), R(1, 2)), (R(1, 2), 1), (3, R(5, 2))),
    "laplace_free": (location_scale(1, 1), (R(1, 2), 1), (3, R(5, 2))),
    "logistic": (location_scale(R(1, 3), (sp.pi**2 + 3) / 9), (R(1, 2), 1), (3, R(5, 2))),
    "student(4)": (location_scale(R(5, 7), R(8, 7)), (R(1, 2), 1), (3, R(5, 2))),
    # Rao, Bull. Calcutta Math. Soc. 37 (1945); Bhattacharyya 1946
    "categorical(4)": (
        lambda p, q, r, i, j, k: 2 * sp.acos(
            sp.sqrt(p * i) + sp.sqrt(q * j) + sp.sqrt(r * k) + sp.sqrt((1 - p - q - r) * (1 - i - j - k))
        ),
        (R(1, 7), R(1, 3), R(1, 5)), (R(1, 2), R(1, 6), R(1, 4)),
    ),
    "multinomial(6, 3)": (
        lambda p, q, i, j: 2 * sp.sqrt(6) * sp.acos(
            sp.sqrt(p * i) + sp.sqrt(q * j) + sp.sqrt((1 - p - q) * (1 - i - j))
        ),
        (R(1, 7), R(1, 3)), (R(1, 2), R(1, 6)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_distances_of_the_literature(name: str) -> None:
    expected, p, q = GOLDEN[name]
    found = sg.distance(family(name), p, q)
    assert close(found, expected(*p, *q))
    assert close(found, sg.distance(family(name), q, p))
    assert close(sg.distance(family(name), p, p), sp.S.Zero, 15)


def test_the_distance_of_normal_laws_in_symbols() -> None:
    m, n = sp.symbols("m n", real=True)
    found = sg.distance(family("normal"), (m, u), (n, v))
    expected = (m**2 - 2 * m * n + n**2 + 2 * u**2 + 2 * v**2) / (4 * u * v)
    assert not differential_field()(found / sp.sqrt(2)).free_symbols - {m, n, u, v}
    assert isinstance(found / sp.sqrt(2), sp.acosh)
    assert not differential_field()((found / sp.sqrt(2)).args[0] - expected)


def test_points_by_coordinate_and_points_that_are_none() -> None:
    model = family("normal")
    mu, sigma = model.parameters
    assert sg.distance(model, {mu: 0, sigma: 1}, {sigma: 4, mu: 5}) == sg.distance(model, (0, 1), (5, 4))
    assert sg.distance(model.manifold, (0, 1), (5, 4)) == sp.sqrt(2) * sp.acosh(R(59, 16))
    with pytest.raises(errors.DomainError, match="outside the domain"):
        sg.distance(model, (0, -1), (5, 4))
    with pytest.raises(errors.ParameterListError, match="2 are needed"):
        sg.distance(model, (0, 1, 2), (5, 4))
    with pytest.raises(errors.ParameterListError, match="each of"):
        sg.distance(model, {mu: 0}, (5, 4))
    with pytest.raises(errors.ParameterListError, match="2 are needed"):
        sg.isometry(model).exponential((0, 1), (1,))


def test_points_beyond_a_singularity_have_no_distance() -> None:
    """A metric 1/a^2 on both sides of zero: two lines, and no way from one to the other; so for half-planes."""
    line = sg.StatisticalManifold.from_potential(-sp.log(a), (a,))
    assert sg.distance(line, (1,), (sp.E,)) == sg.distance(line, (-1,), (-sp.E,)) == 1
    with pytest.raises(errors.DomainError, match="no curve"):
        sg.distance(line, (1,), (-2,))
    field = differential_field()
    entries = {(0, 0): field(1 / b**2), (1, 1): field(2 / b**2)}
    metric = Tensor(field, (a, b), (-1, -1), entries, symmetric=((0, 1),), name="metric")
    planes = sg.StatisticalManifold(metric, Tensor(field, (a, b), (-1,) * 3, {}, symmetric=((0, 1, 2),)))
    assert close(sg.distance(planes, (0, -1), (5, -4)), sg.distance(family("normal"), (0, 1), (5, 4)))
    with pytest.raises(errors.DomainError, match="no curve"):
        sg.distance(planes, (0, 1), (0, -1))


# -- numerics ------------------------------------------------------------------------------------------------------

NUMERIC = {
    "normal": ((0, 1), (1.5, 2)),
    "inverse_gaussian": ((1, 2), (1.5, 1)),
    "gumbel": ((0.5, 1), (1, 2)),
    "weibull_free": ((2, 1), (1.25, 1.5)),
    "categorical": ((0.25, 0.25), (0.5, 0.125)),
    "negative_multinomial": ((0.25, 0.25), (0.5, 0.125)),
    "isotropic_normal(2)": ((0, 1, 1), (1, 0.5, 2)),
    "normal_expectation": ((0, 1), (0.5, 2.5)),
}


@pytest.mark.parametrize("name", NUMERIC)
def test_closed_distances_against_the_boundary_value_problem(name: str) -> None:
    manifold, (p, q) = family(name).manifold, NUMERIC[name]
    closed = float(sp.N(sg.distance(manifold, p, q)))
    assert closed == pytest.approx(numerical_distance(manifold, p, q), rel=1e-8)


GEODESIC = {
    "normal": ((0, 1), (5, 4)),
    "normal_natural": ((1, R(-1, 2)), (2, -3)),
    "inverse_gaussian": ((1, 2), (3, R(1, 2))),
    "gumbel": ((1, 2), (3, 4)),
    "categorical": ((R(1, 3), R(1, 5)), (R(1, 6), R(2, 3))),
    "softmax": ((sp.log(2), 0), (0, sp.log(4))),
    "independent_poissons": ((1, 3), (4, 5)),
    "linear_regression": ((1, 2, 3), (3, 2, 7)),
    "bernoulli": ((R(1, 3),), (R(6, 7),)),
    "negative_multinomial": ((R(1, 3), R(1, 5)), (R(1, 6), R(2, 3))),
}


@pytest.mark.parametrize("name", GEODESIC)
def test_geodesics_satisfy_their_equations_and_their_ends(name: str) -> None:
    manifold, (p, q) = family(name).manifold, GEODESIC[name]
    space = sg.isometry(manifold)
    curve = space.geodesic(p, q, t)
    assert defect(manifold, curve) < 1e-25
    for time, point in ((0, p), (1, q)):
        assert all(close(value.subs(t, time), sp.S(given)) for value, given in zip(curve, point, strict=True))
    speed = np.array(slopes(curve), float)
    metric = sg.lambdify(manifold.metric)([float(e) for e in p])
    assert np.sqrt(speed @ metric @ speed) == pytest.approx(float(space.distance(p, q)), rel=1e-12)
    velocity = [R(i + 1, 5) for i in range(manifold.dim)]
    ray = space.exponential(p, velocity, t)
    assert defect(manifold, ray) < 1e-25
    assert np.array(slopes(ray), float) == pytest.approx(np.array(velocity, float), rel=1e-12)
    assert all(close(e.subs(t, 0), sp.S(given)) for e, given in zip(ray, p, strict=True))


def test_geodesics_that_do_not_move() -> None:
    space = sg.isometry(family("normal"))
    assert space.geodesic((1, 2), (1, 2), t) == (1, 2)
    assert space.exponential((1, 2), (0, 0), t) == (1, 2)


def test_geodesics_of_normal_laws_of_one_mean_are_vertical() -> None:
    curve = sg.isometry(family("normal")).geodesic((3, 1), (3, 4), t)
    for time in (R(1, 4), R(1, 2), R(4, 5)):
        assert close(curve[0].subs(t, time), sp.S(3)) and close(curve[1].subs(t, time), 4**time)


# -- names and maps ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "curvature", "told"),
    [
        ("normal", R(-1, 2), "hyperbolic plane of curvature -1/2: x = sqrt(2)*mu/2, y = sigma"),
        ("cauchy", sp.S(-2), "hyperbolic plane of curvature -2: x = mu, y = sigma"),
        ("isotropic_normal(2)", R(-1, 4), "hyperbolic space of dimension 3"),
        ("categorical", R(1, 4), "sphere of curvature 1/4, radius 2"),
        ("categorical(4)", R(1, 4), "sphere of dimension 3 of curvature 1/4, radius 2"),
        ("independent_poissons", sp.S.Zero, "Euclidean plane: x_1 = 2*sqrt(lambda1), x_2 = 2*sqrt(lambda2)"),
        ("poisson", sp.S.Zero, "Euclidean line: s = 2*sqrt(lambda)"),
        ("gumbel", -6 / sp.pi**2, "hyperbolic plane"),
    ],
)
def test_names_and_curvature(name: str, curvature: sp.Expr, told: str) -> None:
    manifold = family(name).manifold
    space = sg.isometry(manifold)
    assert repr(space).startswith(told)
    assert space.curvature == curvature
    if manifold.dim > 1:
        assert constant_curvature(manifold) == curvature
    assert space._repr_latex_().startswith("$")


@pytest.mark.parametrize("name", ["normal", "inverse_gaussian", "gumbel", "weibull_free", "isotropic_normal(2)"])
def test_the_map_pulls_the_half_space_back(name: str) -> None:
    manifold = family(name).manifold
    space = sg.isometry(manifold)
    *_, height = space.map.values()
    for i, p in enumerate(manifold.coordinates):
        for j, q in enumerate(manifold.coordinates):
            pulled = sum(e.diff(p) * e.diff(q) for e in space.map.values()) / (-space.curvature * height**2)
            assert not differential_field()(pulled - manifold.metric[i, j])


@pytest.mark.parametrize("rows", [((1, 2, 0), (1, -1, 1), (2, 0, 3)), ((1, 0, 1), (0, 1, 0), (-1, 0, 1))])
def test_the_half_space_from_any_basis_of_linear_functions(rows: tuple) -> None:
    """None of the functions need be on the light cone; distances do not depend on the basis."""
    manifold = family("normal").manifold
    space = sg.isometry(manifold)
    field, basis = space.field, [space.field(f) for f in space.functions]
    functions = [field.sum([f * c for f, c in zip(basis, row, strict=True)]) for row in rows]
    inverse_rows = sp.Matrix(rows).inv()
    form = inverse_rows.T * space.form * inverse_rows
    other = SpaceForm(
        manifold.coordinates, functions, field(space.curvature), [[field(e) for e in form.row(i)] for i in range(3)]
    )
    assert close(other.distance((0, 1), (5, 4)), space.distance((0, 1), (5, 4)))
    *_, height = other.map.values()
    point = dict(zip(manifold.coordinates, (R(1, 3), R(7, 5)), strict=True))
    for i, p in enumerate(manifold.coordinates):
        for j, q in enumerate(manifold.coordinates):
            pulled = sum(e.diff(p) * e.diff(q) for e in other.map.values()) / (-other.curvature * height**2)
            assert close(pulled.subs(point), manifold.metric[i, j].subs(point))


@pytest.mark.parametrize("name", ["categorical(4)", "softmax", "independent_poissons", "multinomial"])
def test_the_map_pulls_the_sphere_or_the_plane_back(name: str) -> None:
    manifold = family(name).manifold
    space = sg.isometry(manifold)
    point = dict(zip(manifold.coordinates, (R(1, 7), R(1, 3), R(1, 5)), strict=False))
    for i, p in enumerate(manifold.coordinates):
        for j, q in enumerate(manifold.coordinates):
            pulled = sum(e.diff(p) * e.diff(q) for e in space.map.values())
            assert close(pulled.subs(point), manifold.metric[i, j].subs(point))
    if space.curvature:
        assert close(sum(e.subs(point) ** 2 for e in space.map.values()), 1 / space.curvature)


# -- invariance ----------------------------------------------------------------------------------------------------

CHARTS = {
    "normal, log sigma": ("normal", (a, sp.exp(b)), (a, b)),
    "normal, a quantile": ("normal", (a + 3 * u, u), (a, u)),
    "normal, coefficient of variation": ("normal", (u, u * v), (u, v)),
    "normal, powers": ("normal", (u**3, v**5), (u, v)),
    "normal, softplus": ("normal", (a, sp.log(1 + sp.exp(b))), (a, b)),
    "normal, hyperbolic sine": ("normal", (sp.sinh(a), v), (a, v)),
    "normal, sums": ("normal", (a + b, sp.exp(a - b)), (a, b)),
    "cauchy, polar coordinates of the disc": (
        "cauchy",
        (2 * u * sp.sin(v) / (1 - 2 * u * sp.cos(v) + u**2), (1 - u**2) / (1 - 2 * u * sp.cos(v) + u**2)),
        (u, v),
    ),
    "categorical, broken stick": ("categorical", (u, (1 - u) * v), (u, v)),
    "categorical, roots": ("categorical", (u**2, v**2), (u, v)),
    "poissons, total and share": ("independent_poissons", (u * v, u * (1 - v)), (u, v)),
    "inverse gaussian, precision": ("inverse_gaussian", (1 / u, u * v), (u, v)),
}


@pytest.mark.parametrize("chart", CHARTS)
def test_distance_does_not_depend_on_the_chart(chart: str) -> None:
    name, images, new = CHARTS[chart]
    manifold = family(name).manifold
    moved = manifold.reparametrize(dict(zip(manifold.coordinates, images, strict=True)), new)
    space = sg.isometry(moved)
    assert space.curvature == sg.isometry(manifold).curvature
    p, q = (R(2, 7), R(3, 8)), (R(5, 9), R(1, 5))
    there = [[e.subs(dict(zip(new, point, strict=True)), simultaneous=True) for e in images] for point in (p, q)]
    assert close(space.distance(p, q), sg.distance(manifold, *there))


def test_distance_does_not_depend_on_the_observation() -> None:
    """Kullback and Leibler 1951: a sufficient statistic keeps the metric. exp, log and a power of the variable."""
    m, s = sp.Symbol("m", real=True), sp.Symbol("s", positive=True)
    law = sp.exp(-((sp.log(u) - m) ** 2) / (2 * s**2)) / (u * s * sp.sqrt(2 * sp.pi))
    assert sg.distance(sg.StatisticalModel(law, u, (m, s)), (0, 1), (5, 4)) == sp.sqrt(2) * sp.acosh(R(59, 16))
    k, c = sp.symbols("k c", positive=True)
    frechet = k / c * (u / c) ** (-k - 1) * sp.exp(-((u / c) ** -k))
    found = sg.distance(sg.StatisticalModel(frechet, u, (k, c)), (2, 3), (1, R(5, 2)))
    weibull = sg.distance(family("weibull_free"), (2, R(1, 3)), (1, R(2, 5)))
    assert close(found, weibull)


def test_a_location_and_an_end_of_an_interval_as_parameters() -> None:
    """The Cauchy family by its mode and its upper quartile, cut out by a constraint."""
    p, q = sp.symbols("p q", real=True)
    model = sg.StatisticalModel((q - p) / (sp.pi * ((q - p) ** 2 + (x - p) ** 2)), x, (p, q), constraints=(p < q,))
    assert close(sg.distance(model, (0, 1), (2, 5)), sg.distance(family("cauchy"), (0, 1), (2, 3)))
    with pytest.raises(errors.DomainError):
        sg.distance(model, (0, -1), (2, 5))


def test_products_add_squared_distances() -> None:
    m, n = sp.symbols("m n", real=True)
    both = sp.exp(-((x - m) ** 2) / (2 * u**2) - (y - n) ** 2 / (2 * v**2)) / (2 * sp.pi * u * v)
    space = sg.isometry(sg.StatisticalModel(both, (x, y), (m, n, u, v)))
    assert space.name == "(hyperbolic plane of curvature -1/2) x (hyperbolic plane of curvature -1/2)"
    assert space.curvature is None
    p, q = (0, 1, 1, 2), (5, 3, 4, 3)
    normal = family("normal")
    parts = sg.distance(normal, (0, 1), (5, 4)), sg.distance(normal, (1, 2), (3, 3))
    assert close(space.distance(p, q), sp.sqrt(parts[0] ** 2 + parts[1] ** 2))
    manifold = sg.StatisticalModel(both, (x, y), (m, n, u, v)).manifold
    assert defect(manifold, space.geodesic(p, q, t)) < 1e-25
    assert close(space.exponential(p, (0, 1, 0, 0), 0)[1], sp.S(1))


def test_known_covariances_and_polar_coordinates_are_flat() -> None:
    density = sp.exp(-((x - u * sp.cos(a)) ** 2 + (y - u * sp.sin(a)) ** 2) / 2) / (2 * sp.pi)
    space = sg.isometry(sg.StatisticalModel(density, (x, y), (u, a)))
    assert space.name == "Euclidean plane"
    assert close(space.distance((1, 0), (2, sp.pi / 3)), sp.sqrt(3))
    m, n = sp.symbols("m n", real=True)
    quadratic = (x - m) ** 2 - (x - m) * (y - n) + (y - n) ** 2
    model = sg.StatisticalModel(sp.exp(-quadratic / 2) * sp.sqrt(3) / (4 * sp.pi), (x, y), (m, n))
    assert close(sg.distance(model, (0, 0), (1, 2)), sp.sqrt(3))


cosine = sp.lambdify((a, u, b, v), (sg.distance(family("normal"), (a, u), (b, v)) / sp.sqrt(2)).args[0], "numpy")


def normal_distance(*points: float) -> float:
    """The closed form, its hyperbolic cosine kept from falling below one by rounding."""
    return float(np.sqrt(2) * np.arccosh(max(1.0, cosine(*points))))


positive = st.floats(0.2, 5)
real = st.floats(-4, 4)


@given(*[st.tuples(real, positive)] * 3)
@settings(max_examples=60, deadline=None)
def test_the_triangle_inequality(p: tuple, q: tuple, r: tuple) -> None:
    assert normal_distance(*p, *r) <= normal_distance(*p, *q) + normal_distance(*q, *r) + 1e-6


@given(real, positive, real, positive)
@settings(max_examples=40, deadline=None)
def test_small_steps_have_the_length_that_the_metric_gives(m: float, s: float, dm: float, ds: float) -> None:
    step = 1e-3 / (1 + abs(dm) + ds)
    found = normal_distance(m, s, m + step * dm, s + step * ds)
    assert found == pytest.approx(step * np.sqrt(dm**2 + 2 * ds**2) / s, rel=2e-2, abs=1e-7)


# -- what is no such space -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["gamma", "beta", "bivariate_normal", "multivariate_normal", "von_mises", "lomax", "dirichlet", "chi_squared"],
)
def test_other_spaces_are_refused(name: str) -> None:
    with pytest.raises(errors.NoClosedFormError, match="geodesic"):
        sg.isometry(family(name))
    with pytest.raises(errors.NoClosedFormError, match="geodesic"):
        sg.distance(family(name), *[family(name).parameters] * 2)


def test_a_plane_of_almost_constant_curvature_is_refused() -> None:
    manifold = sg.StatisticalManifold.from_potential(sp.exp(a) + sp.exp(b) + a**2 * sp.exp(b) / 1000, (a, b))
    with pytest.raises(errors.NoClosedFormError, match="recognised"):
        sg.isometry(manifold)


def test_recognition_leaves_the_field_of_the_model_alone() -> None:
    model = sg.catalogue.categorical(4)
    manifold = model.manifold
    manifold.connection(0).ricci.is_zero  # noqa: B018
    before = len(model.field.generators)
    sg.isometry(manifold)
    assert len(model.field.generators) == before
