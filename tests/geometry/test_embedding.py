"""Submanifolds in their ambient manifold: Gauss, Codazzi, autoparallel and curved examples."""

from __future__ import annotations

from itertools import product

import mpmath
import pytest
import sympy as sp

import symgeo as sg
from symgeo.errors import SingularMetricError, TensorError

alpha = sp.Symbol("alpha", real=True)
mu, t, u = sp.symbols("mu t u", real=True)
s, a, b = sp.symbols("s a b", positive=True)
x = sp.Symbol("x", real=True)
NORMAL = sg.catalogue.get("normal").manifold
M, S = NORMAL.coordinates
_ETA = sp.symbols("e1:4", real=True)
SIMPLEX = sg.StatisticalManifold.from_potential(sp.log(1 + sum(map(sp.exp, _ETA))), _ETA)
BIVARIATE = sg.catalogue.get("bivariate_normal").manifold
SURFACES = (
    (SIMPLEX, {"e1": sp.log(a), "e2": sp.log(b), "e3": sp.log(1 + a * b)}, (a, b)),
    (BIVARIATE, {"mu1": t, "mu2": t**2, "sigma1": a, "sigma2": 2 * a, "rho": sp.Rational(1, 3)}, (t, a)),
    (BIVARIATE, {"mu1": t, "mu2": 0, "sigma1": a, "sigma2": 1 + a, "rho": t / (1 + t**2)}, (t, a)),
)


def embedded(case) -> sg.Embedding:
    manifold, images, new = case
    names = {c.name: c for c in manifold.coordinates}
    return sg.Embedding(manifold, {names[k]: sp.S(v) for k, v in images.items()}, new)


@pytest.mark.parametrize("case", SURFACES, ids=range(len(SURFACES)))
def test_the_equation_of_gauss_for_every_alpha(case) -> None:
    """R_abcd = R^ambient_abcd + g(H_bc, H*_ad) - g(H_ac, H*_bd)."""
    e, value = embedded(case), sp.Rational(2, 7)
    inner = e.manifold.connection(value).riemann_lowered
    outer = e.ambient.connection(value).riemann_lowered
    forms = e.curvature_product(value, -value)
    at = {c: sp.Rational(3 + k, 5) for k, c in enumerate(e.coordinates)}
    images = [f.to_sympy() for f in e._images]
    slope = [[f.diff(c).subs(at) for c in e.coordinates] for f in images]
    where = dict(zip(e.ambient.coordinates, (f.subs(at) for f in images), strict=True))
    n = range(e.ambient.dim)
    with mpmath.workdps(40):
        ambient = {i: sp.N(outer[i].subs(where), 40) for i in product(n, repeat=4) if outer[i] != 0}
        for p, q, k, j in ((0, 1, 0, 1), (0, 1, 1, 0)):
            pulled = sum(
                v * slope[i[0]][p] * slope[i[1]][q] * slope[i[2]][k] * slope[i[3]][j] for i, v in ambient.items()
            )
            bent = sp.N((forms[q, k, p, j] - forms[p, k, q, j]).subs(at), 40)
            assert abs(sp.N(inner[p, q, k, j].subs(at), 40) - pulled - bent) < 1e-30


def _quartic() -> sg.StatisticalManifold:
    e1, e2, e3 = sp.symbols("e1 e2 e3", real=True)
    return sg.StatisticalManifold.from_potential(sp.exp(e1) + e2**2 + e1 * e2 / 5 + e3**4 / 12 + e3**2, (e1, e2, e3))


FLAT = {
    "quartic potential": (_quartic, (t, u + t * u, t**2 + u**3)),
    "simplex": (lambda: SIMPLEX, (t, u, t * u + t**2)),
}


@pytest.mark.parametrize("name", FLAT)
def test_the_equation_of_codazzi_in_a_flat_ambient(name: str) -> None:
    """In natural coordinates the normal parts of d_a H^(1)_bc are symmetric: (D_a D_b d_c f) is, for a flat D."""
    make, images = FLAT[name]
    m = make()
    places = dict(zip(m.coordinates, images, strict=True))
    surface = sg.Embedding(m, places, (t, u))
    form, normal = surface.second_fundamental_form(1), surface.normal_directions[0]
    g = m.metric.to_matrix().subs(places, simultaneous=True)
    covector = (g * sp.Matrix(normal)).T
    gamma = surface.manifold.connection(1).christoffel
    at = {t: sp.Rational(2, 7), u: sp.Rational(3, 5)}

    def derivative(a: int, b: int, c: int) -> sp.Expr:
        """The normal component of (nabla_a H)_bc."""
        x = surface.coordinates
        vector = sp.Matrix([form[k, b, c].diff(x[a]) for k in range(3)])
        for d in range(2):
            vector -= gamma[d, a, b] * sp.Matrix([form[k, d, c] for k in range(3)])
            vector -= gamma[d, a, c] * sp.Matrix([form[k, b, d] for k in range(3)])
        return sp.N((covector * vector)[0].subs(at), 40)

    for c in range(2):
        assert abs(derivative(0, 1, c) - derivative(1, 0, c)) < 1e-30
    assert max(abs(derivative(0, 1, c)) for c in range(2)) > 1e-3


def test_normals_are_orthogonal_and_the_form_is_normal() -> None:
    e = embedded(SURFACES[1])
    form = e.second_fundamental_form(alpha)
    at = {t: sp.Rational(2, 3), a: sp.Rational(5, 4), alpha: sp.Rational(1, 3)}
    tangents = [[f.to_sympy().diff(c) for f in e._images] for c in e.coordinates]
    for normal in e.normal_directions:
        for j, tangent in enumerate(tangents):
            low = e._lowered_tangents[j]
            assert sum(p.to_sympy() * q for p, q in zip(low, normal, strict=True)).subs(at).equals(0), tangent
    for i, j in product(range(2), repeat=2):
        for low in e._lowered_tangents:
            value = sum(low[k].to_sympy() * form[k, i, j] for k in range(5))
            assert abs(sp.N(value.subs(at), 30)) < 1e-25


def test_affine_subfamilies_are_autoparallel() -> None:
    assert sg.Embedding(NORMAL, {M: 0, S: a}, (a,)).is_autoparallel(1)
    assert sg.Embedding(NORMAL, {M: t, S: 1}, (t,)).is_autoparallel(1)
    # Vertical lines of the half-plane are geodesics, horizontal ones are not (they are horocycles).
    assert sg.Embedding(NORMAL, {M: 0, S: a}, (a,)).is_autoparallel(0)
    assert not sg.Embedding(NORMAL, {M: t, S: 1}, (t,)).is_autoparallel(0)


def test_a_horocycle_of_the_normal_half_plane() -> None:
    """Fixed standard deviation: geodesic curvature 1 in the plane of curvature -1, so sqrt(1/2) in that of -1/2."""
    e = sg.Embedding(NORMAL, {M: t, S: 1}, (t,))
    assert e.squared_curvature(0)[0, 0] / e.manifold.metric[0, 0] ** 1 == sp.Rational(1, 2)
    assert e.mixture_curvature == 2
    assert e.mean_curvature(0) == (0, sp.Rational(1, 2))
    normal = e.normal_directions[0]
    assert e.normal_component(0, normal)[0, 0] != 0
    with pytest.raises(TensorError, match="2 components"):
        e.normal_component(0, (1,))


def test_a_map_that_is_no_immersion_is_refused() -> None:
    with pytest.raises(SingularMetricError):
        sg.Embedding(BIVARIATE, dict.fromkeys(BIVARIATE.coordinates, (a + b) / 8), (a, b)).efron_curvature  # noqa: B018
