"""What the field writes without SymPy's constructors is what they would have written."""

import pytest
import sympy as sp

from symgeo.algebra.writing import joined_exponentials, polynomial, product, with_term

a, b, x, y = sp.symbols("a b x y", positive=True)
u, v = sp.symbols("u v", real=True)
GENERATORS = [
    x,
    y,
    u,
    sp.exp(u),
    sp.exp(v / 2),
    sp.exp(-u - v / 2),
    sp.exp(u + 2 * v + x),
    sp.exp(-((u - v) ** 2) / 2),
    sp.exp(sp.exp(u)),
    sp.sqrt(x),
    sp.sqrt(2),
    sp.sqrt(3),
    sp.pi,
    sp.sqrt(sp.pi),
    sp.Abs(u),
    sp.polygamma(1, x),
    sp.log(x + y),
    sp.sqrt(x + y),
]


def by_sympy(coefficient: int | sp.Rational, powers: list) -> sp.Expr:
    return joined_exponentials(sp.Mul(sp.sympify(coefficient), *(base**e for base, e in powers)))


@pytest.mark.parametrize("coefficient", [1, -1, 3, sp.Rational(-2, 3)])
@pytest.mark.parametrize(("first", "second"), [(1, 1), (2, 1), (1, -1), (3, -2)])
def test_products_are_the_ones_of_sympy(coefficient: int, first: int, second: int) -> None:
    bases = [*GENERATORS, x + y, 1 - x**2, 2 * u - sp.exp(u)]
    for i, p in enumerate(bases):
        assert product(sp.sympify(coefficient), [(p, first)]) == by_sympy(coefficient, [(p, first)]), p
        for q in bases[i + 1 :]:
            powers = [(p, first), (q, second), (b, 1)]
            assert product(sp.sympify(coefficient), powers) == by_sympy(coefficient, powers), (p, q)


def test_sums_are_the_ones_of_sympy() -> None:
    for i in range(len(GENERATORS) - 1):
        terms = {(): -2, ((i, 1),): 1, ((i + 1, 1),): -3, ((i, 1), (i + 1, 2)): 5, ((0, 3),): -1}
        expected = sum(c * by_sympy(1, [(GENERATORS[k], e) for k, e in key]) for key, c in terms.items())
        assert polynomial(GENERATORS, terms, {}) == expected, GENERATORS[i : i + 2]
    assert polynomial(GENERATORS, {((0, 2),): 1}, {}) == x**2
    assert polynomial(GENERATORS, {(): 7}, {}) == 7


def test_a_term_is_added_where_sympy_puts_it() -> None:
    function = -sp.Function("largest")(x, u)
    for total in (sp.S.Zero, sp.S(2), x, -x, x + y, 3 + 2 * x - y, u * v + x**2 - 1, sp.exp(u) - x):
        assert with_term(total, function).args == (total + function).args


def test_exponentials_in_an_exponent_stay_whole() -> None:
    base = sp.exp(sp.exp(u - v))
    assert product(sp.S.One, [(base, 1), (sp.exp(u), 6)]) == sp.exp(6 * u + sp.exp(u - v), evaluate=False)
