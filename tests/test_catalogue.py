"""Every declaration of the catalogue is a density, is recognised, and is found by name."""

from __future__ import annotations

import pytest

import symgeo as sg
from symgeo.errors import UnknownFamilyError


def test_there_are_twenty_and_more() -> None:
    assert len(sg.catalogue.names()) >= 20


@pytest.mark.parametrize("name", sg.catalogue.names())
def test_declaration_passes_its_own_checks(name: str) -> None:
    model = sg.catalogue.get(name)
    again = sg.StatisticalModel(
        model.density,
        model.variables,
        model.parameters,
        support=dict(model.support.sets),
        domain=model.domain,
        constraints=model.constraints,
    )
    assert not again.exponential_family.is_curved


@pytest.mark.parametrize(("name", "dim"), [("categorical(5)", 4), ("dirichlet(4)", 4), ("binomial(3)", 1)])
def test_sizes_by_name(name: str, dim: int) -> None:
    assert sg.catalogue.get(name).manifold.dim == dim


def test_an_unknown_name_suggests_others() -> None:
    with pytest.raises(UnknownFamilyError, match="did you mean gamma"):
        sg.catalogue.get("gama")
