"""JAX's spelling of the functions of the table (special_functions.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sympy as sp


def _polygamma(order: sp.Basic | None, x: sp.Basic | None) -> str:
    return "_digamma({1})" if order == 0 else "_polygamma({0}, {1})"


def _lambertw(x: sp.Basic | None, branch: sp.Basic | None = sp.S.Zero) -> str | None:
    """Only a literal branch: 0 and -1 have real values, the others are nan everywhere."""
    if not isinstance(branch, sp.Integer):
        return None
    return {0: "_lambertw({0})", -1: "_lambertw({0}, {1})"}.get(int(branch), "jnp.full_like({0}, jnp.nan)")


def _whole_order(name: str) -> Callable[..., str | None]:
    """A function whose first argument must be a literal whole number."""
    return lambda order, *rest: (
        f"{name}({', '.join(f'{{{i}}}' for i in range(1 + len(rest)))})" if isinstance(order, sp.Integer) else None
    )


FUNCTIONS: Mapping[str, str | Callable[..., str | None]] = {
    **{name: f"jnp.{name}({{0}})" for name in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{f"a{name}": f"jnp.arc{name}({{0}})" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{name: f"jnp.{name}({{0}})" for name in ("log1p", "expm1", "log2", "log10", "exp2")},
    "atan2": "jnp.arctan2({0}, {1})",
    "hypot": "jnp.hypot({0}, {1})",
    "log_one_plus": "jnp.log1p({0})",
    "exp_minus_one": "jnp.expm1({0})",
    "Abs": "jnp.abs({0})",
    "sign": "jnp.sign({0})",
    "floor": "jnp.floor({0})",
    "ceiling": "jnp.ceil({0})",
    "Mod": "jnp.mod({0}, {1})",
    "Min": "jnp.minimum({0}, {1})",
    "Max": "jnp.maximum({0}, {1})",
    "largest_of": "jnp.maximum({0}, {1})",
    "log_add_exp": "jnp.logaddexp({0}, {1})",
    "log_one_minus_exp": "_log_one_minus_exp({0})",
    "Heaviside": "_heaviside({0}, {1})",
    # Gamma, beta and zeta functions.
    "gamma": "_gamma({0})",
    "loggamma": "_loggamma({0})",
    "log_gamma": "_log_gamma({0})",
    "polygamma": _polygamma,
    "binomial": "_binomial({0}, {1})",
    "log_binomial": "_log_binomial({0}, {1})",
    "RisingFactorial": "_rising_factorial({0}, {1})",
    "beta": "_beta({0}, {1})",
    "log_gamma_ratio": "_log_gamma_ratio({0}, {1})",
    "log_beta": "_log_beta({0}, {1})",
    "regularized_beta": "_regularized_beta({0}, {1}, {2})",
    "uppergamma": "_upper_gamma({0}, {1})",
    "regularized_lower_gamma": "special.gammainc({0}, {1})",
    "regularized_upper_gamma": "special.gammaincc({0}, {1})",
    "zeta": lambda *s: "_zeta({0})" if len(s) == 1 else "_hurwitz_zeta({0}, {1})",
    "lerchphi": "_lerch_phi({0}, {1}, {2})",
    "zeta_derivative": _whole_order("_zeta_derivative"),
    "polygamma_tail": "_polygamma_tail({0}, {1}, {2})",
    # Integrals.
    "erf": "special.erf({0})",
    "erfc": "special.erfc({0})",
    "complementary_erf": "special.erfc({0})",
    "erfi": "_erfi({0})",
    "erfinv": "special.erfinv({0})",
    "erfcinv": "_erfcinv({0})",
    "log_normal_cdf": "_log_normal_cdf({0})",
    "scaled_erfc": "_scaled_erfc({0})",
    "expint": "_expn({0}, {1})",
    "scaled_expint": "_scaled_expint({0}, {1})",
    "Ei": "special.expi({0})",
    "Si": "_si({0})",
    "Ci": "_ci({0})",
    "Shi": "_shi({0})",
    "Chi": "_chi({0})",
    "fresnels": "_fresnel_s({0})",
    "fresnelc": "_fresnel_c({0})",
    "polylog": _whole_order("_polylog"),
    "polylog_tail": "_polylog_tail({0}, {1}, {2})",
    "scaled_integro_exponential": _whole_order("_scaled_integro_exponential"),
    # Solutions of differential equations.
    "besselj": "_bessel_j({0}, {1})",
    "bessely": "_bessel_y({0}, {1})",
    "besseli": "_bessel_i({0}, {1})",
    "besselk": "_bessel_k({0}, {1})",
    "scaled_besseli": "_scaled_bessel_i({0}, {1})",
    "scaled_besselk": "_scaled_bessel_k({0}, {1})",
    "airyai": "_airy_ai({0})",
    "airyaiprime": "_airy_ai_prime({0})",
    "airybi": "_airy_bi({0})",
    "airybiprime": "_airy_bi_prime({0})",
    "LambertW": _lambertw,
    "hyp0f1": "_hyp0f1({0}, {1})",
    "hyp1f1": "_hyp1f1({0}, {1}, {2})",
    "hyp2f1": "_hyp2f1({0}, {1}, {2}, {3})",
    "elliptic_k": "_elliptic_k({0})",
    "elliptic_f": "_elliptic_f({0}, {1})",
    "elliptic_e": lambda *a: "_elliptic_e({0})" if len(a) == 1 else "_elliptic_e_incomplete({0}, {1})",
}

CONSTANTS: Mapping[str, str] = {
    "pi": "jnp.pi",
    "e": "jnp.e",
    "euler": "jnp.euler_gamma",
    "inf": "jnp.inf",
    "nan": "jnp.nan",
}
