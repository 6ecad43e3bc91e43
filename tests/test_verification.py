"""verify: derived tensors against quadrature of the declared density."""

from __future__ import annotations

import pytest
import sympy as sp

import symgeo as sg
from symgeo.errors import ArgumentError
from symgeo.models.ladder import Derived

x = sp.Symbol("x", positive=True)
k, r = sp.symbols("k r", positive=True)
GAMMA = r**k * x ** (k - 1) * sp.exp(-r * x) / sp.gamma(k)
FAMILIES = ("gamma", "laplace_free", "student_free", "negative_binomial_free", "conway_maxwell_poisson", "triangular")


@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_derived_agrees_with_quadrature(name: str) -> None:
    found = sg.verify(sg.catalogue.get(name))
    assert found
    assert all(check.agrees and check.difference < 1e-11 for check in found.checks)


def test_a_kink_that_moves_leaves_out_what_does_not_hold_there() -> None:
    found = sg.verify(sg.catalogue.get("laplace_free"))
    assert found
    assert {check.name for check in found.checks} == {
        "total mass one",
        "E[s] = 0",
        "g = E[s s]",
        "T = E[s s s]",
        "E[dd log p] = -g - jumps",
    }


def test_a_wrong_geometry_is_found_out() -> None:
    model = sg.StatisticalModel(GAMMA, x, (k, r))
    other = sg.StatisticalModel(GAMMA.subs(r, 2 * r), x, (k, r)).manifold
    wrong = sg.StatisticalManifold(other.metric * 2, other.cubic)
    model.__dict__["_derived"] = Derived(wrong, "by mistake")
    found = sg.verify(model)
    assert not found
    assert {c.name for c in found.checks if not c.agrees} >= {"g = E[s s]", "g = -E[dd log p]"}
    assert "DIFFERS" in repr(found)


def test_a_density_that_is_not_normalised_is_found_out() -> None:
    model = sg.StatisticalModel(GAMMA * (1 + k / 100), x, (k, r), check=False)
    assert not sg.verify(model) or any(check.agrees is None for check in sg.verify(model).checks)


def test_points_may_be_given() -> None:
    found = sg.verify(sg.catalogue.gamma(), points=[[2.0, 3.0], [40.0, 0.01]])
    assert found.points == ((2.0, 3.0), (40.0, 0.01)) and found


def test_only_models_are_verified() -> None:
    with pytest.raises(ArgumentError, match="StatisticalModel"):
        sg.verify(GAMMA)  # type: ignore[arg-type]
