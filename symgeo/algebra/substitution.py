"""Carrying elements over to other symbols: a homomorphism given by its values on symbols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from symgeo.algebra.element import Element

if TYPE_CHECKING:
    from flint import fmpz_mpoly
    from sympy import Expr, Symbol

    from symgeo.algebra.field import Field


def substitution(field: Field, images: Mapping[Symbol, Expr]) -> Callable[[Element], Element]:
    """The map ``a -> a`` with every symbol replaced by its image, all at once, inside every generator too."""
    generator_images: dict[int, Element] = {}
    factor_images: dict[int, Element] = {}

    def generator_image(index: int) -> Element:
        found = generator_images.get(index)
        if found is None:
            generator = field.generators[index]
            expr = generator.expr
            if generator.symbols & images.keys():
                expr = images[expr] if generator.is_symbol else expr.subs(dict(images), simultaneous=True)
            found = generator_images[index] = field(expr)
        return found

    def polynomial_image(p: fmpz_mpoly) -> Element:
        # The generators met first are entered before terms are formed: entering one changes the context.
        used = [i for i, d in enumerate(p.degrees()) if d > 0]  # the zero polynomial has degrees -1
        powers: dict[tuple[int, int], Element] = {}
        for i in used:
            generator_image(i)
        terms = []
        for exponents, c in p.to_dict().items():
            term = field.rational(int(c))
            for i in used:
                e = int(exponents[i])
                if e:
                    if (i, e) not in powers:
                        powers[i, e] = generator_image(i) ** e
                    term = term * powers[i, e]
            terms.append(term)
        return field.sum(terms)

    def carry(a: Element) -> Element:
        result = polynomial_image(a.numerator) / a.denominator
        for i, e in a.powers:
            if i not in factor_images:
                factor_images[i] = polynomial_image(field.factor_polynomial(i)).inverse()
            result = result * factor_images[i] ** e
        return result

    return carry
