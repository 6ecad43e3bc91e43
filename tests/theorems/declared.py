"""The models that every theorem is tested on: the catalogue, and densities as users write them.

A `Case` holds a declaration and a box of parameter values in which the numerical references are accurate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sympy as sp

from symgeo import catalogue
from symgeo.models.statistical_model import StatisticalModel

Box = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Case:
    """A declaration: ``options`` are those of StatisticalModel, ``box`` bounds parameters by name."""

    name: str
    density: sp.Expr
    variables: tuple[sp.Symbol, ...]
    parameters: tuple[sp.Symbol, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    box: Box = field(default_factory=dict)
    breaks: tuple[float, ...] = ()

    @cached_property
    def model(self) -> StatisticalModel:
        return self.declare(check=False)

    def declare(self, **more: Any) -> StatisticalModel:
        return StatisticalModel(
            self.density, self.variables, self.parameters, **{**self.options, **more}, name=self.name
        )

    def bounds(self, parameter: sp.Symbol) -> tuple[float, float]:
        """Where a parameter is drawn from, unless the case says otherwise: moderate values of its domain."""
        if parameter.name in self.box:
            return self.box[parameter.name]
        domain = self.model.domain[parameter]
        if domain.inf.is_finite and domain.sup.is_finite:
            low, high = float(domain.inf), float(domain.sup)
            return low + 0.1 * (high - low), high - 0.1 * (high - low)
        if domain.inf.is_finite:
            return float(domain.inf) + 0.6, float(domain.inf) + 2.5
        if domain.sup.is_finite:
            return float(domain.sup) - 2.5, float(domain.sup) - 0.6
        return -1.25, 1.25

    def __repr__(self) -> str:
        return self.name


def from_catalogue(name: str, box: Box, breaks: tuple[float, ...] = ()) -> Case:
    """A family of the catalogue by name, looked at in a box."""
    model = catalogue.get(name)
    options = {"support": dict(model.support.sets), "domain": model.domain, "constraints": model.constraints}
    return Case(name, model.density, model.variables, model.parameters, options, box, breaks)


_SIMPLEX = {f"p{i}": (0.05, 0.19) for i in range(1, 6)}
_MATRIX = {"sigma11": (0.8, 2.0), "sigma22": (0.8, 2.0), "sigma33": (0.8, 2.0)} | {
    f"sigma{i}{j}": (-0.35, 0.35) for i, j in ((1, 2), (1, 3), (2, 3))
}
_BOXES: dict[str, Box] = {
    "bernoulli": {},
    "bivariate_normal": {"rho": (-0.6, 0.6), "sigma1": (0.7, 1.5), "sigma2": (0.7, 1.5)},
    "categorical": _SIMPLEX,
    "borel": {"lambda": (0.1, 0.7)},
    "chi_squared": {"k": (2.2, 7.0)},
    "dirichlet": {"alpha1": (1.2, 3.0), "alpha2": (1.2, 3.0), "alpha3": (1.2, 3.0)},
    "beta": {"alpha": (1.1, 3.0), "beta": (1.1, 3.0)},
    "log_gamma_pareto": {"k": (1.2, 3.0), "r": (1.2, 3.0)},
    "logistic_type_4": {"p": (0.8, 2.5), "q": (0.8, 2.5)},
    "mckay_bivariate_gamma": {"p": (1.2, 2.5), "q": (1.2, 2.5)},
    "multinomial": _SIMPLEX,
    "multivariate_normal": _MATRIX,
    "normal_expectation": {"m1": (-0.5, 0.5), "m2": (1.0, 2.5)},
    "normal_natural": {"eta2": (-2.0, -0.4)},
    "pareto": {"alpha": (1.5, 4.0)},
    "topp_leone": {"a": (0.8, 3.0)},
    "unit_gamma": {"k": (1.2, 3.0), "r": (1.2, 3.0)},
    "von_mises": {"mu": (-1.0, 1.0)},
}


# Regular exponential families whose theorems are checked; tests/expectation checks the moments of all the others.
FAMILIES = (
    *("bernoulli", "beta", "binomial", "bivariate_normal", "categorical", "chi_squared", "dirichlet", "exponential"),
    *("gamma", "gamma_scale", "geometric", "half_normal", "inverse_gamma", "inverse_gaussian", "laplace"),
    *("logarithmic_series", "lognormal", "maxwell", "multinomial", "multivariate_normal", "negative_binomial"),
    *("normal", "normal_natural", "normal_precision", "normal_variance", "pareto", "poisson", "rayleigh"),
    *("von_mises", "weibull"),
    *("power_function", "borel", "geometric_mean", "ising_pair", "logit_normal", "lindley", "log_gamma_pareto"),
    *("logistic_type_4", "mckay_bivariate_gamma", "nakagami", "normal_expectation", "softmax", "topp_leone"),
    *("truncated_poisson", "unit_gamma", "zero_inflated_poisson"),
)


def catalogue_cases() -> list[Case]:
    """The families above with their default known values, and some with others."""
    listed = [from_catalogue(name, _BOXES.get(name, {}), (0.0,) if name == "laplace" else ()) for name in FAMILIES]
    more = ["categorical(2)", "categorical(5)", "multinomial(2, 4)", "dirichlet(2)", "multivariate_normal(1)"]
    more += ["weibull(3/2)", "pareto(5/2)", "negative_binomial(1/2)", "binomial(1)"]
    listed += [from_catalogue(name, _BOXES.get(name.split("(")[0], {})) for name in more]
    return [*listed, from_catalogue("laplace(-1/2)", {}, (-0.5,))]


_x, _y = sp.symbols("x y", real=True)
_w, _v = sp.symbols("w v", positive=True)
_n, _m = sp.symbols("n m", integer=True, nonnegative=True)
_UNIT = sp.Interval.open(0, 1)


def _gauss(x: sp.Expr, mean: sp.Expr, sd: sp.Expr) -> sp.Expr:
    return sp.exp(-((x - mean) ** 2) / (2 * sd**2)) / (sd * sp.sqrt(2 * sp.pi))


def _real(names: str) -> Any:
    return sp.symbols(names, real=True)


def _positive(names: str) -> Any:
    return sp.symbols(names, positive=True)


def _case(
    name: str, density: sp.Expr, variables: Any, parameters: Any, box: Box | None = None, breaks=(), **options: Any
) -> Case:
    as_tuple = [(s,) if isinstance(s, sp.Symbol) else tuple(s) for s in (variables, parameters)]
    return Case(name, density, *as_tuple, options, box or {}, breaks)


def user_cases() -> list[Case]:
    """Exponential families declared the way a user may happen to write them."""
    t, u, a, b = _real("t u a b")
    r, s, k, m, c = _positive("r s k m c")
    S, imaginary, euler = sp.Symbol("S", real=True), sp.Symbol("I", real=True), sp.Symbol("E", positive=True)
    x0, k0, r0, m0, s0, p0, q0, n0 = sp.symbols("x k r m s p q n")
    named = [sp.Symbol(name, positive=True) for name in ("beta", "gamma", "lambda")]
    i0 = sp.Symbol("i")
    squared_cv = sp.log(1 + c**2)
    z = sp.Symbol("z", real=True)
    rho = sp.tanh(z)
    cross = (_x / r) ** 2 - 2 * rho * _x * _y / (r * s) + (_y / s) ** 2
    logistic = 1 / (1 + sp.exp(-t))
    total = 1 + sp.exp(a) + sp.exp(b)
    return [
        _case("normal, log-scale chart", _gauss(_x, t, sp.exp(u)), _x, (t, u), {"u": (-0.7, 0.7)}),
        _case("normal, parameters named S and E", _gauss(_x, S, euler), _x, (S, euler)),
        _case(
            "normal with decimals",
            0.5 * sp.sqrt(2 / sp.pi) * sp.exp(-0.5 * ((_x - a) / s) ** 2) / s,
            _x,
            (a, s),
        ),
        _case(
            "normal without assumptions",
            sp.exp(-((x0 - m0) ** 2) / (2 * s0**2)) / sp.sqrt(2 * sp.pi * s0**2),
            x0,
            (m0, s0),
            domain={s0: sp.Interval.open(0, sp.oo)},
        ),
        _case("normal, mean and coefficient of variation", _gauss(_x, m, m * c), _x, (m, c), {"c": (0.3, 1.5)}),
        _case("normal with variance equal to its mean", _gauss(_x, m, sp.sqrt(m)), _x, m),
        _case(
            "two normal means in polar coordinates",
            _gauss(_x, r * sp.cos(t), 1) * _gauss(_y, r * sp.sin(t), 1),
            (_x, _y),
            (r, t),
        ),
        _case(
            "line through three points with noise",
            sp.Mul(*(_gauss(v, a + b * j, s) for j, v in enumerate(sp.symbols("y1:4", real=True)))),
            sp.symbols("y1:4", real=True),
            (a, b, s),
            {"s": (0.7, 1.3), "a": (-0.5, 0.5), "b": (-0.5, 0.5)},
        ),
        _case(
            "centred normal pair, Fisher's z",
            sp.exp(-cross / (2 * (1 - rho**2))) / (2 * sp.pi * r * s * sp.sqrt(1 - rho**2)),
            (_x, _y),
            (r, s, z),
            {"z": (-0.7, 0.7), "r": (0.7, 1.5), "s": (0.7, 1.5)},
        ),
        _case(
            "lognormal, median and coefficient of variation",
            _gauss(sp.log(_w), sp.log(m), sp.sqrt(squared_cv)) / _w,
            _w,
            (m, c),
            {"c": (0.4, 1.4)},
        ),
        _case(
            "gamma, both parameters on the log scale",
            sp.exp(b * sp.exp(a)) * _w ** (sp.exp(a) - 1) * sp.exp(-sp.exp(b) * _w) / sp.gamma(sp.exp(a)),
            _w,
            (a, b),
            {"a": (-0.3, 0.9), "b": (-0.7, 0.7)},
        ),
        _case(
            "gamma without assumptions",
            r0**k0 * x0 ** (k0 - 1) * sp.exp(-r0 * x0) / sp.gamma(k0),
            x0,
            (k0, r0),
            support=sp.Interval.open(0, sp.oo),
            domain={k0: sp.Interval.open(0, sp.oo), r0: sp.Interval.open(0, sp.oo)},
        ),
        _case(
            "gamma, mean and shape named gamma and beta",
            (named[0] / named[1]) ** named[0]
            * _w ** (named[0] - 1)
            * sp.exp(-named[0] * _w / named[1])
            / sp.gamma(named[0]),
            _w,
            named[:2],
        ),
        _case(
            "logarithm of a gamma variable",
            r**k * sp.exp(k * _x - r * sp.exp(_x)) / sp.gamma(k),
            _x,
            (k, r),
        ),
        _case(
            "Nakagami",
            2 * k**k / (sp.gamma(k) * m**k) * _w ** (2 * k - 1) * sp.exp(-k * _w**2 / m),
            _w,
            (k, m),
        ),
        _case(
            "beta, mean and precision",
            _v ** (m0 * s - 1) * (1 - _v) ** ((1 - m0) * s - 1) / sp.beta(m0 * s, (1 - m0) * s),
            _v,
            (m0, s),
            {"m": (0.35, 0.65), "s": (3.5, 6.0)},
            support=_UNIT,
            domain={m0: _UNIT},
        ),
        _case(
            "beta prime",
            _w ** (k - 1) * (1 + _w) ** (-k - m) * sp.gamma(k + m) / (sp.gamma(k) * sp.gamma(m)),
            _w,
            (k, m),
            {"k": (0.8, 2.5), "m": (0.8, 2.5)},
        ),
        _case(
            "beta with the first exponent fixed",
            2 * k * _v * (1 - _v**2) ** (k - 1),
            _v,
            k,
            {"k": (1.1, 3.0)},
            support=_UNIT,
        ),
        _case("exponential, log-mean chart", sp.exp(-_w * sp.exp(-t) - t), _w, t),
        _case(
            "exponential of rate lambda, truncated to the unit interval",
            named[2] * sp.exp(-named[2] * _v) / (1 - sp.exp(-named[2])),
            _v,
            named[2],
            support=sp.Interval(0, 1),
        ),
        _case(
            "exponential steps, ordered pair",
            r * s * sp.exp(-r * _w - s * (_v - _w)),
            (_w, _v),
            (r, s),
            {"r": (0.7, 1.5), "s": (0.7, 1.5)},
            support={_w: sp.Interval.open(0, sp.oo), _v: sp.Interval.open(_w, sp.oo)},
        ),
        _case(
            "inverse Gaussian, mean and dispersion",
            sp.sqrt(1 / (2 * sp.pi * s * _w**3)) * sp.exp(-((_w - m) ** 2) / (2 * s * m**2 * _w)),
            _w,
            (m, s),
        ),
        _case(
            "generalised inverse Gaussian of known order",
            (r / s) ** sp.Rational(1, 2) / (2 * sp.besselk(1, sp.sqrt(r * s))) * sp.exp(-(r * _w + s / _w) / 2),
            _w,
            (r, s),
        ),
        _case("Gumbel with known scale", sp.exp(t - _x - sp.exp(t - _x)), _x, t),
        _case("logistic tail of known location", s * sp.exp(-_x) / (1 + sp.exp(-_x)) ** (s + 1), _x, s),
        _case(
            "cubic in the exponent",
            3 * sp.exp(-(sp.Abs(_x) ** 3) / s**3) / (2 * s * sp.gamma(sp.Rational(1, 3))),
            _x,
            s,
            breaks=(0.0,),
        ),
        _case(
            "von Mises, Cartesian chart",
            sp.exp(a * sp.cos(_x) + b * sp.sin(_x)) / (2 * sp.pi * sp.besseli(0, sp.sqrt(a**2 + b**2))),
            _x,
            (a, b),
            {"a": (0.3, 1.2), "b": (0.2, 1.2)},
            support=sp.Interval(0, 2 * sp.pi),
        ),
        _case("Bernoulli, logit chart", logistic**_n * (1 - logistic) ** (1 - _n), _n, t, support=sp.FiniteSet(0, 1)),
        _case(
            "Bernoulli without assumptions, signs as values",
            ((1 + p0) / 2) ** ((1 + n0) / 2) * ((1 - p0) / 2) ** ((1 - n0) / 2),
            n0,
            p0,
            support=sp.FiniteSet(-1, 1),
            domain={p0: sp.Interval.open(-1, 1)},
        ),
        _case("powers on three points", c**_n / (1 + c + c**2), _n, c, support=sp.FiniteSet(0, 1, 2)),
        _case(
            "Hardy-Weinberg by cases",
            sp.Piecewise((p0**2, sp.Eq(i0, 0)), (2 * p0 * (1 - p0), sp.Eq(i0, 1)), ((1 - p0) ** 2, sp.Eq(i0, 2))),
            i0,
            p0,
            support=sp.FiniteSet(0, 1, 2),
            domain={p0: _UNIT},
        ),
        _case(
            "three outcomes by cases",
            sp.Piecewise((p0, sp.Eq(i0, 1)), (q0, sp.Eq(i0, 2)), (1 - p0 - q0, True)),
            i0,
            (p0, q0),
            {"p": (0.1, 0.45), "q": (0.1, 0.45)},
            support=sp.FiniteSet(1, 2, 3),
            domain={p0: _UNIT, q0: _UNIT},
            constraints=[p0 + q0 < 1],
        ),
        _case(
            "three outcomes, softmax chart",
            sp.Piecewise((1, sp.Eq(_n, 0)), (sp.exp(a), sp.Eq(_n, 1)), (sp.exp(b), True)) / total,
            _n,
            (a, b),
            support=sp.FiniteSet(0, 1, 2),
        ),
        _case(
            "three outcomes, sphere chart",
            sp.Piecewise(
                (sp.sin(k) ** 2 * sp.cos(m) ** 2, sp.Eq(_n, 0)),
                (sp.sin(k) ** 2 * sp.sin(m) ** 2, sp.Eq(_n, 1)),
                (sp.cos(k) ** 2, True),
            ),
            _n,
            (k, m),
            support=sp.FiniteSet(0, 1, 2),
            domain={k: sp.Interval.open(0, sp.pi / 2), m: sp.Interval.open(0, sp.pi / 2)},
        ),
        _case(
            "Poisson, log-rate named I", sp.exp(imaginary * _n - sp.exp(imaginary)) / sp.factorial(_n), _n, imaginary
        ),
        _case(
            "negative binomial of mean m",
            sp.binomial(_n + 3, _n) * (4 / (4 + m)) ** 4 * (m / (4 + m)) ** _n,
            _n,
            m,
        ),
        _case(
            "Borel",
            sp.exp(-p0 * (_n + 1)) * (p0 * (_n + 1)) ** _n / sp.factorial(_n + 1),
            _n,
            p0,
            {"p": (0.1, 0.7)},
            domain={p0: _UNIT},
        ),
        _case(
            "count inflated at zero",
            sp.Piecewise(
                (m0 + (1 - m0) * sp.exp(-r), sp.Eq(_n, 0)),
                ((1 - m0) * sp.exp(-r) * r**_n / sp.factorial(_n), True),
            ),
            _n,
            (m0, r),
            domain={m0: _UNIT},
        ),
        _case(
            "independent count and waiting time",
            sp.exp(-m) * m**_n / sp.factorial(_n) * s * sp.exp(-s * _w),
            (_n, _w),
            (m, s),
        ),
        _case(
            "dependent count given a waiting time",
            sp.exp(-m * _w) * (m * _w) ** _n / sp.factorial(_n) * s * sp.exp(-s * _w),
            (_w, _n),
            (m, s),
            {"m": (0.5, 1.5), "s": (1.0, 2.5)},
        ),
        _wishart(),
    ]


def _wishart() -> Case:
    """Wishart matrices of order two with five degrees of freedom; the parameters are the precision matrix.

    The variables are x11, x22 and x12, where the last is bounded by the others.
    """
    x11, x22 = sp.symbols("x11 x22", positive=True)
    x12, h = sp.symbols("x12 h", real=True)
    f, g = sp.symbols("f g", positive=True)
    kernel = (x11 * x22 - x12**2) * sp.exp(-(f * x11 + g * x22 + 2 * h * x12) / 2)
    bound = sp.sqrt(x11 * x22)
    return _case(
        "Wishart of order two",
        kernel * (f * g - h**2) ** sp.Rational(5, 2) / (24 * sp.pi),
        (x11, x22, x12),
        (f, g, h),
        {"f": (1.0, 1.6), "g": (1.0, 1.6), "h": (-0.3, 0.3)},
        support={
            x11: sp.Interval.open(0, sp.oo),
            x22: sp.Interval.open(0, sp.oo),
            x12: sp.Interval.open(-bound, bound),
        },
        constraints=[f * g > h**2],
    )
