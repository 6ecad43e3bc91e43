"""The functions of programs in ball arithmetic, by the name of their row in the table of functions.

Each takes and returns ``arb`` balls; what is not real, or not known, is nan. `balls.py` has those of SymPy's own; here
are the others, and the forms that rewritings for range and accuracy bring in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp
from flint import acb, arb

from symgeo.algebra.ball_values import polygamma
from symgeo.codegen import balls


def _log_gamma(x: arb) -> arb:
    return x.lgamma() if x > 0 else x.gamma().log()


def _log_beta(a: arb, b: arb) -> arb:
    return a.lgamma() + b.lgamma() - (a + b).lgamma() if a > 0 and b > 0 else balls.FUNCTIONS[sp.beta](a, b).log()


def _rising(x: arb, d: arb) -> arb:
    return (x + d).gamma() * x.rgamma()


def _binomial(n: arb, k: arb) -> arb:
    return (n + 1).gamma() * (k + 1).rgamma() * (n - k + 1).rgamma()


def _log_binomial(n: arb, k: arb) -> arb:
    return (n + 1).lgamma() - (k + 1).lgamma() - (n - k + 1).lgamma()


def _scaled_erfc(x: arb) -> arb:
    return (x.max(arb(0)) ** 2).exp() * x.erfc()


def _log_normal_cdf(x: arb) -> arb:
    return ((-x / arb(2).sqrt()).erfc() / 2).log()


def _polygamma_tail(order: arb, terms: arb, c: arb) -> arb:
    n, k = _whole(order), _whole(terms)
    total = arb.fac_ui(n - 1) / c**n + arb.fac_ui(n) / (2 * c ** (n + 1))
    for j in range(1, k):
        total += arb.bernoulli(2 * j) * arb(2 * j + 1).rising(arb(n - 1)) / c ** (2 * j + n)
    return c ** (2 * k + n) * ((-1) ** (n + 1) * polygamma(order, c) - total)


def _whole(literal: arb) -> int:
    value = literal.unique_fmpz()
    assert value is not None, "a literal of the table of functions"
    return int(value)


def _heaviside(x: arb, at_zero: arb) -> arb:
    if x.is_zero():
        return at_zero
    return arb(1) if x > 0 else arb(0) if x < 0 else arb(0).union(arb(1))


def _modulo(a: arb, b: arb) -> arb:
    return a - b * (a / b).floor()


def _real(value: acb) -> arb:
    """nan where the value is not real."""
    return value.real if value.imag.contains(0) else arb.nan()


def _lerch_phi(z: arb, s: arb, a: arb) -> arb:
    return _real(acb(z).lerch_phi(s, a))


def _lambertw(x: arb, branch: arb | None = None) -> arb:
    return x.lambertw(0 if branch is None else _whole(branch))


# Those that cost little at any precision.
ELEMENTARY = {
    *("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan", "atan2", "asinh", "acosh"),
    *("atanh", "log1p", "expm1", "log2", "log10", "exp2", "hypot", "Abs", "sign", "floor", "ceiling", "Mod", "Min"),
    *("Max", "largest_of", "Heaviside", "log_add_exp", "log_one_plus", "log_one_minus_exp", "exp_minus_one", "erf"),
    *("erfc", "complementary_erf", "scaled_erfc", "log_normal_cdf"),
}

FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **{kind.__name__: operation for kind, operation in balls.FUNCTIONS.items()},
    "asinh": lambda x: x.asinh(),
    "acosh": lambda x: x.acosh(),
    "atanh": lambda x: x.atanh(),
    "log1p": lambda x: x.log1p(),
    "expm1": lambda x: x.expm1(),
    "log2": lambda x: x.log() / arb.const_log2(),
    "log10": lambda x: x.log() / arb.const_log10(),
    "exp2": lambda x: arb(2) ** x,
    "hypot": lambda x, y: (x * x + y * y).sqrt(),
    "sign": lambda x: x.sgn(),
    "floor": lambda x: x.floor(),
    "ceiling": lambda x: x.ceil(),
    "Mod": _modulo,
    "Min": lambda a, b: a.min(b),
    "Max": lambda a, b: a.max(b),
    "largest_of": lambda a, b: a.max(b),
    "Heaviside": _heaviside,
    "log_gamma": _log_gamma,
    "binomial": _binomial,
    "log_binomial": _log_binomial,
    "RisingFactorial": _rising,
    "log_gamma_ratio": lambda x, d: (x + d).lgamma() - x.lgamma(),
    "log_beta": _log_beta,
    "regularized_beta": lambda a, b, x: x.beta_lower(a, b, regularized=True),
    "regularized_lower_gamma": lambda a, x: x.gamma_lower(a, regularized=1),
    "regularized_upper_gamma": lambda a, x: x.gamma_upper(a, regularized=1),
    "uppergamma": lambda a, x: x.gamma_upper(a),
    "lerchphi": _lerch_phi,
    "polylog_tail": lambda s, n, z: _lerch_phi(z, s, n),
    "erfi": lambda x: x.erfi(),
    "erfinv": lambda x: x.erfinv(),
    "erfcinv": lambda x: x.erfcinv(),
    "expint": lambda order, x: x.expint(order),
    "Ei": lambda x: x.ei(),
    "Si": lambda x: x.si(),
    "Ci": lambda x: x.ci(),
    "Shi": lambda x: x.shi(),
    "Chi": lambda x: x.chi(),
    "fresnels": lambda x: x.fresnel_s(),
    "fresnelc": lambda x: x.fresnel_c(),
    "besselj": lambda order, x: x.bessel_j(order),
    "bessely": lambda order, x: x.bessel_y(order),
    "scaled_besseli": lambda order, x: (-abs(x)).exp() * x.bessel_i(order),
    "scaled_besselk": lambda order, x: x.exp() * x.bessel_k(order),
    "airyai": lambda x: x.airy_ai(),
    "airyaiprime": lambda x: x.airy_ai(derivative=1),
    "airybi": lambda x: x.airy_bi(),
    "airybiprime": lambda x: x.airy_bi(derivative=1),
    "LambertW": _lambertw,
    "hyp0f1": lambda b, z: z.hypgeom_0f1(b),
    "hyp1f1": lambda a, b, z: z.hypgeom_1f1(a, b),
    "hyp2f1": lambda a, b, c, z: z.hypgeom_2f1(a, b, c),
    "elliptic_k": lambda m: _real(acb(m).elliptic_k()),
    "log_add_exp": lambda a, b: (a.exp() + b.exp()).log(),
    "log_one_plus": lambda x: x.log1p(),
    "log_one_minus_exp": lambda x: (-x.expm1()).log(),
    "exp_minus_one": lambda x: x.expm1(),
    "complementary_erf": lambda x: x.erfc(),
    "log_normal_cdf": _log_normal_cdf,
    "polygamma_tail": _polygamma_tail,
    "scaled_expint": lambda order, x: x.exp() * x.expint(order),
    "scaled_erfc": _scaled_erfc,
}
