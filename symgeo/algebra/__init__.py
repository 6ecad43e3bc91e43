"""Exact arithmetic: a differential field over FLINT polynomials, tensors and linear algebra over it. No statistics."""

from symgeo.algebra.convert import as_expression, differential_field
from symgeo.algebra.element import Element
from symgeo.algebra.field import Field
from symgeo.algebra.tensor import Tensor

__all__ = ["Element", "Field", "Tensor", "as_expression", "differential_field"]
