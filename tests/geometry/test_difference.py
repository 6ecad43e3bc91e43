"""Differences of connections, conjugate symmetry, statistical curvature, flatness and its reason, transport."""

from __future__ import annotations

import re
from functools import cache
from itertools import product

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp

import symgeo as sg
from symgeo import errors
from symgeo.algebra import Tensor, differential_field

alpha, beta, t = sp.symbols("alpha beta t", real=True)
x, y = sp.symbols("x y", real=True)
FAMILIES = ["normal", "gamma", "student", "bivariate_normal", "categorical(4)"]


@cache
def family(name: str) -> sg.StatisticalModel:
    """A family of the catalogue, declared once."""
    return sg.catalogue.get(name)


def equal(found: sp.Expr, expected: sp.Expr) -> bool:
    return not differential_field()(found - expected)


def uneven() -> sg.StatisticalManifold:
    """The Euclidean plane with T_111 = y: nabla T is not symmetric, so dual connections curve differently."""
    field = differential_field()
    metric = Tensor.build(field, (x, y), (-1, -1), lambda i, j: field(int(i == j)), symmetric=((0, 1),), name="metric")
    cubic = Tensor(field, (x, y), (-1,) * 3, {(0, 0, 0): field(y)}, symmetric=((0, 1, 2),), name="cubic tensor")
    return sg.StatisticalManifold(metric, cubic)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_difference_of_two_connections(name: str) -> None:
    """-(alpha - beta)/2 T^k_ij: Amari and Nagaoka 2000, section 2.3; no torsion, since it is symmetric."""
    manifold = family(name).manifold
    first, second = manifold.connection(alpha), manifold.connection(beta)
    found = sg.difference_tensor(first, second)
    n = manifold.dim
    for k, i, j in product(range(n), repeat=3):
        assert equal(found[k, i, j], first.christoffel[k, i, j] - second.christoffel[k, i, j])
        assert first.christoffel[k, i, j] == first.christoffel[k, j, i]
    assert sg.difference_tensor(first, first).is_zero


def test_connections_of_two_manifolds_have_no_difference() -> None:
    with pytest.raises(errors.TensorError, match="different manifolds"):
        sg.difference_tensor(sg.catalogue.normal().manifold.connection(1), sg.catalogue.normal().manifold.connection(0))


CONJUGATE = {"normal": True, "gamma": True, "poisson": True, "student": True, "logistic": False, "gumbel": False}


@pytest.mark.parametrize("name", CONJUGATE)
def test_conjugate_symmetry_is_symmetry_of_the_derivative_of_the_cubic_tensor(name: str) -> None:
    """Curvatures of dual connections agree exactly where nabla^(0) T is symmetric: Lauritzen 1987, section 4."""
    manifold = family(name).manifold
    gamma, cubic, z, n = manifold.connection(0).christoffel, manifold.cubic, manifold.coordinates, manifold.dim

    def slope(i: int, j: int, k: int, m: int) -> sp.Expr:
        terms = [gamma[p, i, j] * cubic[p, k, m] + gamma[p, i, k] * cubic[j, p, m] for p in range(n)]
        terms += [gamma[p, i, m] * cubic[j, k, p] for p in range(n)]
        return cubic[j, k, m].diff(z[i]) - sum(terms)

    symmetric = all(equal(slope(i, j, k, m), slope(j, i, k, m)) for i, j, k, m in product(range(n), repeat=4))
    decision = sg.conjugate_symmetry(manifold)
    assert bool(decision) == symmetric == CONJUGATE[name]
    assert (decision.index is None) == symmetric


def test_a_manifold_that_is_not_conjugate_symmetric() -> None:
    manifold = uneven()
    decision = sg.conjugate_symmetry(manifold)
    assert not decision and "component" in repr(decision)
    gap = manifold.connection(1).riemann_lowered - manifold.connection(-1).riemann_lowered
    assert gap[decision.index] == decision.component != 0
    assert repr(sg.flatness(manifold.connection(1))).startswith("no")
    assert sg.flatness(manifold.connection(0))


@pytest.mark.parametrize("make", [*(lambda n=n: family(n).manifold for n in FAMILIES), uneven])
def test_statistical_curvature_tensor(make) -> None:
    """(R^(alpha) + R^(-alpha))/2 = R^(0) + alpha^2 [K, K], with the symmetries of a metric's curvature: Opozda 2016."""
    manifold = make()
    found, inner = sg.statistical_curvature_tensor(manifold, alpha), sg.commutator_curvature(manifold)
    plain = manifold.connection(0).riemann_lowered
    up, down = manifold.connection(alpha).riemann_lowered, manifold.connection(-alpha).riemann_lowered
    for i in list(found.independent())[:20]:
        assert equal(found[i], plain[i] + alpha**2 * inner[i])
        assert equal(found[i], (up[i] + down[i]) / 2)
        j = (i[2], i[3], i[0], i[1])
        assert equal(found[i], found[j]) and equal(inner[i], inner[j])


def test_statistical_sectional_curvature() -> None:
    manifold = family("normal").manifold
    assert equal(sg.statistical_sectional_curvature(manifold, (1, 0), (1, 1), alpha), -(1 - alpha**2) / 2)
    assert sg.statistical_sectional_curvature(manifold, (1, 0), (1, 1)) == 0
    assert sg.k_sectional_curvature(manifold, (1, 0), (0, 1)) == sp.Rational(1, 2)
    with pytest.raises(errors.TensorError, match="parallel"):
        sg.k_sectional_curvature(manifold, (1, 0), (2, 0))


@pytest.mark.parametrize(
    ("name", "order", "flat", "reason"),
    [
        ("normal", 1, True, "natural coordinates"),
        ("normal", -1, True, "expectation coordinates"),
        ("normal", 0, False, "component"),
        ("normal", alpha, False, "1 - alpha\\*\\*2"),
        ("poisson", alpha, True, "one dimension"),
        ("independent_poissons", 0, True, "vanishes identically"),
        ("student", 1, False, "component"),
    ],
)
def test_flatness_says_why(name: str, order: object, flat: bool, reason: str) -> None:
    connection = family(name).manifold.connection(order)
    decision = sg.flatness(connection)
    assert bool(decision) == flat == connection.is_flat
    assert re.search(reason, decision.reason)
    if not flat:
        assert connection.riemann_lowered[decision.index] == decision.component


def test_parallel_transport_of_the_velocity_of_a_geodesic() -> None:
    """A geodesic carries its own velocity: the equations hold for it, for e-geodesics as well (affine in eta)."""
    manifold = family("normal").manifold
    u = sp.Symbol("u", real=True)
    curve = sg.isometry(manifold).geodesic((0, 1), (5, 4), u)
    equations = manifold.connection(0).parallel_transport_equations(curve, u)
    speeds = {
        sp.Function(f"v_{s.name}", real=True)(u): c.diff(u) for s, c in zip(manifold.coordinates, curve, strict=True)
    }
    for equation in equations:
        value = sp.lambdify(u, equation.lhs.subs(speeds).doit(), "mpmath")
        assert abs(value(0.3)) < 1e-12
    with pytest.raises(errors.TensorError, match="2 coordinates"):
        manifold.connection(0).parallel_transport_equations((u,), u)


@pytest.mark.parametrize("order", [0, sp.Rational(1, 3), 1])
def test_dual_transports_keep_the_inner_product(order: sp.Expr) -> None:
    """g(v, w) is constant when v goes by alpha and w by -alpha: Amari and Nagaoka 2000, theorem 3.1."""
    manifold = family("gamma").manifold
    curve = (2 + sp.sin(t), 1 + t**2)

    def transported(at: sp.Expr, start: list[float]) -> np.ndarray:
        equations = manifold.connection(at).parallel_transport_equations(curve, t)
        v = [sp.Function(f"v_{s.name}", real=True)(t) for s in manifold.coordinates]
        names = sp.symbols("p q")
        slopes = [
            (sp.Derivative(f, t) - e.lhs).subs(dict(zip(v, names, strict=True))).doit()
            for f, e in zip(v, equations, strict=True)
        ]
        right = sp.lambdify((t, names), slopes, ["scipy", "numpy"])
        return solve_ivp(lambda s, z: right(s, z), (0, 1), start, rtol=1e-11, atol=1e-12).y[:, -1]

    metric = sg.lambdify(manifold.metric)
    first, second = [1.0, 0.5], [-0.3, 1.0]
    before = np.array(first) @ metric([2.0, 1.0]) @ np.array(second)
    v, w = transported(order, first), transported(-order, second)
    assert v @ metric([2 + np.sin(1.0), 2.0]) @ w == pytest.approx(before, rel=1e-8)
