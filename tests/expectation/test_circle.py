"""Laws on the circle that residues or Beta integrals close, against equal weights on the circle in 30 digits.

For an analytic periodic function the equally weighted mean converges geometrically (Trefethen and Weideman, SIAM
Review 56 (2014) 385-458), so that 240 points give 30 digits here. The oracle shares nothing with the package.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement

import mpmath as mp
import pytest
import sympy as sp

import symgeo as sg
from symgeo.algebra import differential_field
from symgeo.errors import DivergentExpectationError
from symgeo.expectation.node import Expectation

x, m, a, b, skew, angle = sp.symbols("x m a b lambda phi", real=True)
r, s, k, w = sp.symbols("r s k w", positive=True)
HALF = sp.Rational(1, 2)
UNIT, SMALL, BOTH = sp.Interval.open(0, 1), sp.Interval.open(0, HALF), sp.Interval.open(-1, 1)
PERIOD, FROM_ZERO = sp.Interval.Ropen(-sp.pi, sp.pi), sp.Interval.Ropen(0, 2 * sp.pi)
PLACES = 240


@pytest.fixture(autouse=True)
def _fifty_digits() -> Iterator[None]:
    with mp.workdps(50):
        yield


def poisson_kernel(rho: sp.Expr, u: sp.Expr) -> sp.Expr:
    return (1 - rho**2) / (2 * sp.pi * (1 + rho**2 - 2 * rho * sp.cos(u)))


@dataclass(frozen=True)
class Circular:
    density: sp.Expr
    at: tuple[tuple[sp.Symbol, str], ...]
    domain: tuple[tuple[sp.Symbol, sp.Set], ...] = ()
    constraints: tuple = ()
    support: sp.Set = PERIOD

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        return tuple(p for p, _ in self.at)

    @property
    def model(self) -> sg.StatisticalModel:
        return sg.StatisticalModel(
            self.density, x, self.parameters, support=self.support, domain=dict(self.domain),
            constraints=self.constraints, check=False,
        )  # fmt: skip


WRAPPED = poisson_kernel(r, x - m)
CARDIOID = (1 + 2 * r * sp.cos(x - m)) / (2 * sp.pi)
AT = ((m, "0.4"), (r, "0.35"))
LAWS = {
    "wrapped Cauchy from zero": Circular(WRAPPED, AT, ((r, UNIT),), (), FROM_ZERO),
    "wrapped Cauchy by scale": Circular(poisson_kernel(sp.exp(-s), x - m), ((m, "0.4"), (s, "0.8"))),
    "wrapped Cauchy by its centre": Circular(
        (1 - a**2 - b**2) / (2 * sp.pi * (1 + a**2 + b**2 - 2 * a * sp.cos(x) - 2 * b * sp.sin(x))),
        ((a, "0.3"), (b, "-0.45")), ((a, BOTH), (b, BOTH)), (a**2 + b**2 < 1,),
    ),
    "wrapped Cauchy by hyperbolic functions": Circular(
        sp.sinh(s) / (2 * sp.pi * (sp.cosh(s) - sp.cos(x - m))), ((m, "0.4"), (s, "0.8"))
    ),
    "cardioid by its mean": Circular(
        (1 + a * sp.cos(x) + b * sp.sin(x)) / (2 * sp.pi),
        ((a, "0.3"), (b, "-0.45")), ((a, BOTH), (b, BOTH)), (a**2 + b**2 < 1,),
    ),
    "cardioid with two modes": Circular(CARDIOID.subs(x - m, 2 * x - 2 * m), AT, ((r, SMALL),)),
    "cardioid of period one": Circular(
        1 + 2 * r * sp.cos(2 * sp.pi * (x - m)), AT, ((r, SMALL),), (), sp.Interval(0, 1)
    ),
    "cardioid by an angle": Circular(
        (1 + sp.sin(angle) * sp.cos(x - m)) / (2 * sp.pi),
        ((m, "0.4"), (angle, "0.7")), ((angle, sp.Interval.open(0, sp.pi / 2)),),
    ),
    "two waves": Circular(
        (1 + a * sp.cos(x - m) + b * sp.cos(2 * x - 2 * m)) / (2 * sp.pi),
        ((m, "0.4"), (a, "0.35"), (b, "0.2")), ((a, SMALL), (b, SMALL)),
    ),
    "squared cosine": Circular((1 + sp.cos(x - m)) ** 2 / (3 * sp.pi), ((m, "0.4"),)),
    "mixture of two wrapped Cauchy laws": Circular(
        w * poisson_kernel(HALF, x - m) + (1 - w) * poisson_kernel(HALF / 2, x - m),
        ((m, "0.4"), (w, "0.35")), ((w, UNIT),),
    ),
    "wrapped Cauchy and uniform": Circular(
        w * WRAPPED + (1 - w) / (2 * sp.pi), ((m, "0.4"), (r, "0.5"), (w, "0.35")), ((w, UNIT), (r, UNIT))
    ),
    "sine-skewed wrapped Cauchy": Circular(
        WRAPPED * (1 + skew * sp.sin(x - m)), (*AT, (skew, "0.3")), ((r, UNIT), (skew, BOTH))
    ),
    "sine-skewed cardioid": Circular(
        CARDIOID * (1 + skew * sp.sin(x - m)), (*AT, (skew, "0.3")), ((r, SMALL), (skew, BOTH))
    ),
    "Jones-Pewsey of order -1/2": Circular(
        (sp.cosh(k) - sp.sinh(k) * sp.cos(x - m)) ** -2 / (2 * sp.pi * sp.cosh(k)), ((m, "0.4"), (k, "0.8"))
    ),
    "product of two kernels": Circular(
        (1 - r**2) * (1 - s**2) * (1 - r * s) / (2 * sp.pi * (1 + r * s))
        / ((1 + r**2 - 2 * r * sp.cos(x - m)) * (1 + s**2 - 2 * s * sp.cos(x - m))),
        (*AT, (s, "0.6")), ((r, UNIT), (s, UNIT)),
    ),
}  # fmt: skip


def moments(law: Circular, orders: Sequence[int], point: dict[sp.Symbol, str]) -> dict[tuple[int, ...], mp.mpf]:
    """``E[s_i s_j ...]`` by equal weights, {ascending indices: value}."""
    log_density = sp.log(law.density)
    functions = sp.lambdify(
        (x, *law.parameters), [law.density, *(sp.diff(log_density, p) for p in law.parameters)], "mpmath", cse=True
    )
    low, high = (mp.mpf(sp.N(end, 55)) for end in (law.support.start, law.support.end))
    step = (high - low) / PLACES
    theta = [mp.mpf(point[p]) for p in law.parameters]
    rows = [functions(low + (n + mp.mpf("0.37")) * step, *theta) for n in range(PLACES)]
    assert abs(mp.fsum(p for p, *_ in rows) * step - 1) < mp.mpf(10) ** -28
    return {
        index: mp.fsum(p * mp.fprod(scores[i] for i in index) for p, *scores in rows) * step
        for order in orders
        for index in combinations_with_replacement(range(len(theta)), order)
    }


@cache
def manifold(name: str) -> sg.StatisticalManifold:
    return LAWS[name].model.manifold


def number(e: sp.Expr, point: dict[sp.Symbol, str]) -> mp.mpf:
    return mp.mpf(sp.N(e.subs({p: sp.Rational(v) for p, v in point.items()}), 50))


@pytest.mark.parametrize("name", LAWS)
def test_closed_forms_to_thirty_digits(name: str) -> None:
    law, point = LAWS[name], dict(LAWS[name].at)
    assert law.model.rung == "residues"
    metric, cubic = manifold(name).metric, manifold(name).cubic
    for index, expected in moments(law, (2, 3), point).items():
        found = (metric if len(index) == 2 else cubic)[index]
        assert not found.has(Expectation)
        assert abs(number(found, point) - expected) < mp.mpf(10) ** -27, (name, index)


def equal(found: sp.Expr, expected: sp.Expr) -> bool:
    return not differential_field()(found - expected)


@pytest.mark.parametrize("name", [n for n in LAWS if n.startswith("wrapped Cauchy ") and "uniform" not in n])
def test_wrapped_cauchy_laws_are_a_hyperbolic_plane(name: str) -> None:
    """An orbit of the Möbius group on which the metric is invariant: McCullagh, Ann. Statist. 24 (1996) 787-808."""
    assert manifold(name).connection(0).scalar_curvature == -4
    assert all(e == 0 for e in manifold(name).cubic.flat())


def test_information_of_the_cardioid() -> None:
    """Both entries by the integral of 1/(1 + 2 rho cos x): Gradshteyn and Ryzhik, 3.613.1."""
    g = LAWS["cardioid by its mean"].model.manifold.reparametrize({a: 2 * r * sp.cos(m), b: 2 * r * sp.sin(m)}, (m, r))
    root = sp.sqrt(1 - 4 * r**2)
    assert equal(g.metric[0, 0], 1 - root)
    assert equal(g.metric[1, 1], (1 - root) / (r**2 * root))
    assert g.metric[0, 1] == 0


@pytest.mark.parametrize("law", [Circular(WRAPPED, AT, ((r, UNIT),)), Circular(CARDIOID, AT, ((r, SMALL),))])
def test_charts_agree(law: Circular) -> None:
    """The family declared in its Cartesian chart and moved there."""
    own = law.model.manifold
    wrapped = law.density == WRAPPED
    other = manifold("wrapped Cauchy by its centre" if wrapped else "cardioid by its mean")
    scale = 1 if wrapped else 2
    moved = other.reparametrize({a: scale * r * sp.cos(m), b: scale * r * sp.sin(m)}, (m, r))
    point = dict(law.at)
    for tensor, same in ((own.metric, moved.metric), (own.cubic, moved.cubic)):
        for e, f in zip(tensor.flat(), same.flat(), strict=True):
            assert abs(number(e, point) - number(f, point)) < mp.mpf(10) ** -27


def test_free_powers_are_beta_integrals() -> None:
    """Cartwright's law, of powers of the cosine of half the angle, with a free power (MJ, section 3.5.5)."""
    constant = sp.gamma(k + 1) / (2 * sp.sqrt(sp.pi) * sp.gamma(k + HALF))
    law = Circular(
        constant * (sp.cos((x - m) / 2) ** 2) ** k, ((m, "0.4"), (k, "12")), ((k, sp.Interval.open(2, sp.oo)),)
    )
    written = Circular(constant * ((1 + sp.cos(x - m)) / 2) ** k, law.at, law.domain)
    expected = moments(written, (2, 3), dict(law.at))
    for version in (law, written):
        found = version.model.manifold
        for index, value in expected.items():
            e = (found.metric if len(index) == 2 else found.cubic)[index]
            assert abs(number(e, dict(law.at)) - value) < mp.mpf(10) ** -27


def test_trigonometric_moments() -> None:
    """rho^n cos(n mu) and rho^n sin(n mu): Mardia and Jupp 2000, section 3.5.7."""
    model = Circular(WRAPPED, AT, ((r, UNIT),)).model
    for n in (1, 2, 3):
        assert equal(model.expectation(sp.cos(n * x)), r**n * sp.expand_trig(sp.cos(n * m)))
        assert equal(model.expectation(sp.sin(n * x)), r**n * sp.expand_trig(sp.sin(n * m)))
    assert equal(model.expectation(1 / (2 + sp.cos(x - m))), model.expectation(1 / (2 + sp.cos(m - x))))


def test_entropy_of_the_wrapped_cauchy() -> None:
    """log(2 pi (1 - rho^2)): Mardia and Jupp 2000, section 3.5.7, by Poisson's integral."""
    model = Circular(WRAPPED, AT, ((r, UNIT),)).model
    assert not sp.expand(
        sp.expand_log(model.expectation(-model.log_density) - sp.log(2 * sp.pi * (1 - r) * (1 + r)), force=True)
    )


@pytest.mark.parametrize("name", ["cardioid by its mean", "wrapped Cauchy and uniform", "product of two kernels"])
def test_means_of_logarithms(name: str) -> None:
    law = LAWS[name]
    model, point = law.model, dict(law.at)
    for f in (-model.log_density, sp.cos(x) * model.log_density, sp.log(3 + sp.cos(x))):
        found = model.expectation(f, seconds=0)
        integrand = sp.lambdify((x, *law.parameters), law.density * f, "mpmath", cse=True)
        theta = [mp.mpf(v) for v in point.values()]
        step = 2 * mp.pi / PLACES
        expected = mp.fsum(integrand(-mp.pi + n * step, *theta) for n in range(PLACES)) * step
        if found.has(Expectation):
            # Their centres differ: the angle is counted from the location, the logarithm's from zero.
            assert f == sp.log(3 + sp.cos(x)) and name != "cardioid by its mean"
        else:
            assert abs(number(found, point) - expected) < mp.mpf(10) ** -27, f


def test_logarithms_of_higher_power_stay() -> None:
    model = Circular(WRAPPED, AT, ((r, UNIT),)).model
    assert model.expectation(model.log_density**2, seconds=0).has(Expectation)


def test_the_derivation_names_its_integrals() -> None:
    text = sg.derivation(sg.catalogue.cardioid()).text()
    assert "Expectations in closed form, by residues" in text and "here from μ" in text
    assert "Expectations by residues" in text
    power = sp.gamma(k + 1) / (2 * sp.sqrt(sp.pi) * sp.gamma(k + HALF)) * ((1 + sp.cos(x - m)) / 2) ** k
    law = Circular(power, ((m, "0.4"), (k, "12")), ((k, sp.Interval.open(2, sp.oo)),))
    assert "Expectations by substitution on the circle" in sg.derivation(law.model).markdown()


def test_unbounded_functions_diverge() -> None:
    model = Circular(WRAPPED, AT, ((r, UNIT),)).model
    with pytest.raises(DivergentExpectationError, match="infinite"):
        model.expectation(1 / (1 - sp.cos(x - m)))


def test_no_closed_form_is_forced() -> None:
    """A wave of double frequency out of phase has denominators of degree four without symmetry."""
    law = Circular(
        poisson_kernel(r, x) * (1 + skew * sp.sin(2 * x)), ((r, "0.35"), (skew, "0.3")), ((r, UNIT), (skew, BOTH))
    )
    assert law.model.rung == "quadrature"
