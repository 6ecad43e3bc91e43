"""C's column of the function table: the standard library, and helpers whose text is copied into the source.

Helpers begin with ``sg_`` and lie in c_helpers/; those of gsl.c call the GNU Scientific Library. Sources: DLMF,
and the papers named beside the functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sympy as sp


def _polygamma(order: sp.Basic | None, x: sp.Basic | None) -> str:
    if order == 0:
        return "sg_digamma({1})"
    return "sg_trigamma({1})" if order == 1 else "sg_polygamma({0}, {1})"


def _by_order(name: str) -> Callable[..., str]:
    """Bessel functions: orders 0 and 1 have routines of their own."""
    return lambda order, z: f"{name}{order}({{1}})" if order in (0, 1) else f"{name}({{0}}, {{1}})"


def _lambert_w(x: sp.Basic | None, branch: sp.Basic | None = sp.S.Zero) -> str | None:
    """Only the literal branches 0 and -1, which have real values."""
    if not isinstance(branch, sp.Integer) or branch not in (0, -1):
        return None
    return f"sg_lambert_w({{0}}, {float(branch)})"


FUNCTIONS: Mapping[str, str | Callable[..., str | None]] = {
    **{name: f"{name}({{0}})" for name in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "erfc")},
    **{name: f"{name}({{0}})" for name in ("asin", "acos", "atan", "asinh", "acosh", "atanh", "floor")},
    **{name: f"{name}({{0}})" for name in ("log1p", "expm1", "log2", "log10", "exp2")},
    "atan2": "atan2({0}, {1})",
    "hypot": "hypot({0}, {1})",
    "Abs": "fabs({0})",
    "sign": "sg_sign({0})",
    "ceiling": "ceil({0})",
    "Mod": "sg_mod({0}, {1})",
    "Min": "sg_min({0}, {1})",
    "Max": "sg_max({0}, {1})",
    "Heaviside": "sg_heaviside({0}, {1})",
    "gamma": "tgamma({0})",
    "loggamma": "sg_loggamma({0})",
    "log_gamma": "sg_log_gamma({0})",
    "polygamma": _polygamma,
    "binomial": "sg_binomial({0}, {1})",
    "log_binomial": "sg_log_binomial({0}, {1})",
    "RisingFactorial": "sg_rising_factorial({0}, {1})",
    "beta": "sg_beta({0}, {1})",
    "log_gamma_ratio": "sg_log_gamma_ratio({0}, {1})",
    "log_beta": "sg_log_beta({0}, {1})",
    "regularized_beta": "sg_beta_inc({0}, {1}, {2})",
    "regularized_lower_gamma": "sg_gamma_p({0}, {1})",
    "regularized_upper_gamma": "sg_gamma_q({0}, {1})",
    "uppergamma": "sg_upper_gamma({0}, {1})",
    "zeta": lambda *s: "sg_zeta({0})" if len(s) == 1 else "sg_zeta2({0}, {1})",
    "lerchphi": "sg_lerch_phi({0}, {1}, {2})",
    "zeta_derivative": "sg_zeta_derivative({0}, {1})",
    "erfi": "sg_erfi({0})",
    "erfinv": "sg_erfinv({0})",
    "erfcinv": "sg_erfcinv({0})",
    "expint": "sg_expint({0}, {1})",
    "Ei": "sg_ei({0})",
    "Si": "sg_si({0})",
    "Ci": "sg_ci({0})",
    "Shi": "sg_shi({0})",
    "Chi": "sg_chi({0})",
    "fresnels": "sg_fresnel_s({0})",
    "fresnelc": "sg_fresnel_c({0})",
    "polylog": "sg_polylog({0}, {1})",
    **{f"bessel{kind}": _by_order(f"sg_bessel_{kind}") for kind in "jyik"},
    **{f"scaled_bessel{kind}": _by_order(f"sg_scaled_bessel_{kind}") for kind in "ik"},
    "airyai": "sg_airy_ai({0})",
    "airyaiprime": "sg_airy_ai_prime({0})",
    "airybi": "sg_airy_bi({0})",
    "airybiprime": "sg_airy_bi_prime({0})",
    "LambertW": _lambert_w,
    "hyp0f1": "sg_hyp0f1({0}, {1})",
    "hyp1f1": "sg_hyp1f1({0}, {1}, {2})",
    "hyp2f1": "sg_hyp2f1({0}, {1}, {2}, {3})",
    "elliptic_k": "sg_elliptic_k({0})",
    "elliptic_f": "sg_elliptic_f({0}, {1})",
    "elliptic_e": lambda *a: "sg_elliptic_e({0})" if len(a) == 1 else "sg_elliptic_e2({0}, {1})",
    "log_add_exp": "sg_log_add_exp({0}, {1})",
    "largest_of": "sg_max({0}, {1})",
    "log_one_plus": "log1p({0})",
    "log_one_minus_exp": "sg_log_one_minus_exp({0})",
    "exp_minus_one": "expm1({0})",
    "complementary_erf": "erfc({0})",
    "log_normal_cdf": "sg_log_normal_cdf({0})",
    "polylog_tail": "sg_polylog_tail({0}, {1}, {2})",
    "polygamma_tail": "sg_polygamma_tail({0}, {1}, {2})",
    "scaled_expint": "sg_scaled_expint({0}, {1})",
    "scaled_integro_exponential": "sg_scaled_integro_exponential({0}, {1})",
    "scaled_erfc": "sg_scaled_erfc({0})",
}

CONSTANTS: Mapping[str, str] = {
    "pi": "3.1415926535897932",
    "e": "2.7182818284590452",
    "euler": "0.57721566490153286",
    "inf": "INFINITY",
    "nan": "NAN",
}
