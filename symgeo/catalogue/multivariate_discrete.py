"""Discrete families in several variables. Each function declares a probability and derives nothing.

JKB 97 is Johnson, Kotz and Balakrishnan, Discrete Multivariate Distributions, 1997.
"""

from __future__ import annotations

from itertools import combinations, product

import sympy as sp

from symgeo.catalogue.fixed import count, positive
from symgeo.catalogue.notation import UNIT, declare, positives, reals
from symgeo.models.statistical_model import StatisticalModel


def _counts(k: int) -> tuple[sp.Symbol, ...]:
    return sp.symbols(f"x1:{k + 1}", integer=True, nonnegative=True, seq=True)


def multinomial(n: int = 5, k: int = 3) -> StatisticalModel:
    """The counts of k outcomes in a known number n of trials with probabilities p1, ..., p(k-1) and the rest.

    The variables are the first k - 1 counts. JKB 97, chapter 35.
    """
    n, k = count("n", n), count("k", k, least=2)
    p = positives(f"p1:{k}")
    x = _counts(k - 1)
    probabilities, counts = [*p, 1 - sum(p)], [*x, n - sum(x)]
    density = sp.factorial(n) * sp.Mul(*(q**c / sp.factorial(c) for q, c in zip(probabilities, counts, strict=True)))
    support = {v: sp.Range(0, n + 1 - sum(x[:i])) for i, v in enumerate(x)}
    return declare(
        density,
        x,
        p,
        support=support,
        domain=dict.fromkeys(p, UNIT),
        constraints=[sum(p) < 1] if k > 2 else [],
        name=f"multinomial({n}, {k})",
    )


def negative_multinomial(r: float | sp.Expr = 3, k: int = 2) -> StatisticalModel:
    """The counts of k kinds of failure, of probabilities p1, ..., pk, before the r-th success. JKB 97, chapter 36."""
    r, k = positive("r", r), count("k", k)
    p = positives(f"p1:{k + 1}")
    x = _counts(k)
    total = sum(x)
    density = sp.gamma(total + r) / sp.gamma(r) * (1 - sum(p)) ** r
    density *= sp.Mul(*(q**v / sp.factorial(v) for q, v in zip(p, x, strict=True)))
    return declare(
        density,
        x,
        p,
        domain=dict.fromkeys(p, UNIT),
        constraints=[sum(p) < 1] if k > 1 else [],
        name=f"negative_multinomial({r}, {k})",
    )


def independent_poissons(k: int = 2) -> StatisticalModel:
    """k independent Poisson counts of means lambda1, ..., lambdak. JKB 97, chapter 37."""
    k = count("k", k)
    mean, x = positives(f"lambda1:{k + 1}"), _counts(k)
    density = sp.Mul(*(m**v * sp.exp(-m) / sp.factorial(v) for m, v in zip(mean, x, strict=True)))
    return declare(density, x, mean, name=f"independent_poissons({k})")


def ising_pair() -> StatisticalModel:
    """Two spins x1, x2 = -1 or 1 in a field h with coupling J.

    Amari, Information Geometry and Its Applications, 2016, chapter 2.
    """
    x = sp.symbols("x1 x2", integer=True)
    h, coupling = reals("h J")
    spins = sp.FiniteSet(-1, 1)

    def weight(a: sp.Expr, b: sp.Expr) -> sp.Expr:
        return sp.exp(h * (a + b) + coupling * a * b)

    density = weight(*x) / sum(weight(a, b) for a, b in product((-1, 1), repeat=2))
    return declare(density, x, (h, coupling), support=dict.fromkeys(x, spins), name="ising_pair")


def boltzmann_machine(n: int = 3) -> StatisticalModel:
    """n spins 0 or 1 with biases h1, ..., hn and couplings w12, w13, ... of all pairs.

    Amari, Information Geometry and Its Applications, 2016, chapter 11.
    """
    n = count("n", n, least=2)
    x = _counts(n)
    bias = reals(f"h1:{n + 1}")
    pairs = list(combinations(range(n), 2))
    coupling = [sp.Symbol(f"w{i + 1}{j + 1}", real=True) for i, j in pairs]

    def weight(state: tuple) -> sp.Expr:
        single = sum(h * s for h, s in zip(bias, state, strict=True))
        return sp.exp(single + sum(w * state[i] * state[j] for w, (i, j) in zip(coupling, pairs, strict=True)))

    density = weight(x) / sum(weight(state) for state in product((0, 1), repeat=n))
    support = dict.fromkeys(x, sp.FiniteSet(0, 1))
    return declare(density, x, (*bias, *coupling), support=support, name=f"boltzmann_machine({n})")


def markov_chain(n: int = 3) -> StatisticalModel:
    """n steps of a chain on 0 and 1 that starts in 0: probabilities a from 0 to 1 and b from 1 to 0.

    Amari and Nagaoka, Methods of Information Geometry, 2000, chapter 5.
    """
    n = count("n", n, least=2)
    x = _counts(n)
    a, b = positives("a b")
    density = sp.S.One
    for before, now in zip((sp.S.Zero, *x), x, strict=False):
        density *= ((1 - a) ** (1 - now) * a**now) ** (1 - before) * (b ** (1 - now) * (1 - b) ** now) ** before
    support = dict.fromkeys(x, sp.FiniteSet(0, 1))
    return declare(density, x, (a, b), support=support, domain={a: UNIT, b: UNIT}, name=f"markov_chain({n})")


def contingency_table() -> StatisticalModel:
    """Two answers 0 or 1 of a person: probability p of x1 = 1, and q or r of x2 = 1 after x1 = 0 or 1.

    Agresti, Categorical Data Analysis, second edition, 2002, chapter 2.
    """
    x1, x2 = _counts(2)
    p, q, r = positives("p q r")
    second = (q**x2 * (1 - q) ** (1 - x2)) ** (1 - x1) * (r**x2 * (1 - r) ** (1 - x2)) ** x1
    density = p**x1 * (1 - p) ** (1 - x1) * second
    support = dict.fromkeys((x1, x2), sp.FiniteSet(0, 1))
    return declare(
        density, (x1, x2), (p, q, r), support=support, domain=dict.fromkeys((p, q, r), UNIT), name="contingency_table"
    )
