"""Orthogonal parameters: what is found is orthogonal; Cox and Reid's examples."""

from __future__ import annotations

import pytest
import sympy as sp

import symgeo as sg
from symgeo.errors import NoClosedFormError, ParameterListError, UnknownSymbolError

FAMILIES = (
    *("gamma", "weibull_free", "inverse_gaussian", "normal", "beta", "lomax", "bivariate_normal", "dirichlet"),
    *("multinomial", "gumbel", "logistic", "normal_natural", "categorical", "negative_multinomial"),
)


@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_found_is_orthogonal_and_independent(name: str) -> None:
    m = sg.catalogue.get(name).manifold
    x = m.coordinates
    for interest in x:
        found = sg.orthogonal_parameters(m, interest)
        assert len(found) == m.dim - 1
        slope = m.inverse_metric.to_matrix()[:, x.index(interest)]
        for chi in found:
            product = sum(chi.diff(s) * v for s, v in zip(x, slope, strict=True))
            assert not m.field(product), (interest, chi)
        point = {s: m.field.knowledge.value(s, 0) for s in x}
        jacobian = sp.Matrix([interest, *found]).jacobian(list(x)).subs(point).evalf(30)
        assert abs(jacobian.det()) > 1e-12


def test_examples_of_cox_and_reid() -> None:
    """Cox and Reid 1987, section 2: gamma, where the mean is orthogonal to the shape; Weibull, exp(1/k - ...)."""
    m = sg.catalogue.get("gamma").manifold
    k, r = m.coordinates
    assert sg.orthogonal_parameters(m, k) == (sp.log(r) - sp.log(k),)
    assert sg.orthogonal_parameters(m, k / r) == (k,)
    m = sg.catalogue.get("weibull_free").manifold
    k, scale = m.coordinates
    (chi,) = sg.orthogonal_parameters(m, k)
    assert sp.expand((chi - 1 / k) * (1 - sp.EulerGamma) - sp.log(scale)) == 0


def test_refusals() -> None:
    m = sg.catalogue.get("gamma").manifold
    k, r = m.coordinates
    with pytest.raises(UnknownSymbolError):
        sg.orthogonal_parameters(m, sp.Symbol("other"))
    with pytest.raises(ParameterListError, match="constant"):
        sg.orthogonal_parameters(m, sp.Integer(3))
    with pytest.raises(NoClosedFormError, match="partial differential equation"):
        sg.orthogonal_parameters(m, k**3 + sp.sin(r))
