"""PyTorch's spelling of the functions of the table (special_functions.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import sympy as sp


def _by_order(zero: str, one: str, general: str) -> Callable[..., str]:
    """Orders 0 and 1 of I have routines of their own; those that PyTorch has for J and Y give nine digits only."""
    return lambda order, z: zero if order == 0 else one if order == 1 else general


def _lambertw(x: sp.Basic | None, branch: sp.Basic | None = sp.S.Zero) -> str | None:
    """Only a literal branch: 0 and -1 have real values, the others are nan everywhere."""
    if not isinstance(branch, sp.Integer):
        return None
    if branch not in (0, -1):
        return "_nan({0})"
    return "_lambertw({0})" if branch == 0 else "_lambertw({0}, {1})"


FUNCTIONS: Mapping[str, str | Callable[..., str | None]] = {
    **{name: f"torch.{name}({{0}})" for name in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{f"a{name}": f"torch.a{name}({{0}})" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{name: f"torch.{name}({{0}})" for name in ("log1p", "expm1", "log2", "log10", "exp2")},
    "atan2": "torch.atan2({0}, {1})",
    "hypot": "torch.hypot({0}, {1})",
    "Abs": "torch.abs({0})",
    "sign": "torch.sign({0})",
    "floor": "torch.floor({0})",
    "ceiling": "torch.ceil({0})",
    "Mod": "torch.remainder({0}, {1})",
    "Min": "torch.minimum({0}, {1})",
    "Max": "torch.maximum({0}, {1})",
    "Heaviside": "_heaviside({0}, {1})",
    "gamma": "_gamma({0})",
    "loggamma": "_loggamma({0})",
    "log_gamma": "_log_gamma({0})",
    "polygamma": "_polygamma({0}, {1})",
    "binomial": "_binomial({0}, {1})",
    "log_binomial": "_log_binomial({0}, {1})",
    "RisingFactorial": "_rising_factorial({0}, {1})",
    "beta": "_beta({0}, {1})",
    "log_gamma_ratio": "_log_gamma_ratio({0}, {1})",
    "log_beta": "_log_beta({0}, {1})",
    "regularized_beta": "_regularized_beta({0}, {1}, {2})",
    "uppergamma": "_full_upper_gamma({0}, {1})",
    "regularized_lower_gamma": "_lower_gamma({0}, {1})",
    "regularized_upper_gamma": "_upper_gamma({0}, {1})",
    "zeta": lambda *s: "_zeta({0})" if len(s) == 1 else "_zeta({0}, {1})",
    "lerchphi": "_lerch_phi({0}, {1}, {2})",
    "zeta_derivative": "_zeta_derivative({0}, {1})",
    "erf": "torch.erf({0})",
    "erfc": "torch.erfc({0})",
    "erfi": "_erfi({0})",
    "erfinv": "torch.erfinv({0})",
    "erfcinv": "_erfcinv({0})",
    "expint": "_expint({0}, {1})",
    "Ei": "_ei({0})",
    "Si": "_si({0})",
    "Ci": "_ci({0})",
    "Shi": "_shi({0})",
    "Chi": "_chi({0})",
    "fresnels": "_fresnel_s({0})",
    "fresnelc": "_fresnel_c({0})",
    "polylog": "_polylog({0}, {1})",
    "besselj": "_bessel_j({0}, {1})",
    "bessely": "_bessel_y({0}, {1})",
    "besseli": _by_order("_i0({1})", "_i1({1})", "_bessel_i({0}, {1})"),
    "besselk": "_bessel_k({0}, {1})",
    "scaled_besseli": _by_order("_i0({1}, True)", "_i1({1}, True)", "_bessel_i({0}, {1}, True)"),
    "scaled_besselk": "_bessel_k({0}, {1}, True)",
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
    "elliptic_e": lambda *a: "_elliptic_e({0})" if len(a) == 1 else "_elliptic_e({0}, {1})",
    "log_add_exp": "torch.logaddexp({0}, {1})",
    "largest_of": "torch.maximum({0}, {1})",
    "log_one_plus": "torch.log1p({0})",
    "log_one_minus_exp": "_log_one_minus_exp({0})",
    "exp_minus_one": "torch.expm1({0})",
    "complementary_erf": "torch.erfc({0})",
    "log_normal_cdf": "_log_normal_cdf({0})",
    "polylog_tail": "_polylog_tail({0}, {1}, {2})",
    "polygamma_tail": "_polygamma_tail({0}, {1}, {2})",
    "scaled_expint": "_scaled_expint({0}, {1})",
    "scaled_integro_exponential": "_scaled_integro_exponential({0}, {1})",
    "scaled_erfc": "_scaled_erfc({0})",
}

# math.e and torch.e are the same Python floats; PyTorch has no Euler constant.
CONSTANTS: Mapping[str, str] = {
    "pi": "torch.pi",
    "e": "torch.e",
    "euler": "0.5772156649015329",
    "inf": "torch.inf",
    "nan": "torch.nan",
}
