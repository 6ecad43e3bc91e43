"""The one table of functions: how each SymPy function is spelled in every target language.

A row is found by the name of the SymPy class. It holds

- ``mpmath``: an attribute of mpmath, or a callable ``(mp, *arguments)``, for the high-precision reference;
- ``lower``: a rule that writes the function by means of other rows before any target sees it; where it
  returns None, the spelling counts;
- ``spelling``: for each target a call with ``{0}``, ``{1}``, ... for the arguments. The text must be a single
  call, so that no operator around it can tear it apart. A callable gets the arguments that are literal
  numbers (None for the others) and chooses the text. Names that begin with ``_`` are helpers written beside
  the target.

A new target adds its key to the spellings; a function that a target does not spell is refused by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef

from symgeo.algebra.integral_functions import integro_exponential_value
from symgeo.codegen import lowering, spelling_c, spelling_jax, spelling_torch
from symgeo.codegen.lowering import reciprocal, unsupported

Spelling = str | Callable[..., str | None]
_FACTORIALS = 20  # orders of polygammas whose factor is written out


@dataclass(frozen=True, eq=False)
class Row:
    """One function: its name, its high-precision value, its lowering, its spellings."""

    name: str
    mpmath: str | Callable[..., Any] | None = None
    lower: Callable[..., sp.Basic | None] | None = None
    spelling: Mapping[str, Spelling] = field(default_factory=dict)
    binary: bool = False  # any number of arguments in SymPy, two in every target: folded from the left

    def spell(self, target: str, literals: tuple[sp.Basic | None, ...]) -> str:
        """The text for ``target``. Raises UnsupportedFunctionError where there is none."""
        text = self.spelling.get(target)
        if callable(text):
            text = text(*literals)
        if text is None:
            shown = ", ".join("..." if a is None else str(a) for a in literals)
            raise unsupported(f"{self.name}({shown})", target)
        return text


def row_of(expr: sp.Basic) -> Row | None:
    """The row of a function application, or None. A user's own function of the same name is not meant."""
    kind = type(expr)
    if isinstance(expr, AppliedUndef) or not kind.__module__.startswith(("sympy.", "symgeo.")):
        return None
    return TABLE.get(kind.__name__)


def _call(name: str, mpmath: Any, numpy: Spelling, *, lower: Any = None, binary: bool = False) -> Row:
    return Row(name, mpmath, lower, {"numpy": numpy}, binary)


def _lowered(name: str, mpmath: Any, rule: Callable[..., sp.Basic | None]) -> Row:
    return Row(name, mpmath, rule)


def _ball(x: Any) -> Any:
    """An mpmath number as a ball without radius."""
    from flint import arb

    sign, mantissa, exponent, _ = x._mpf_
    return arb((-int(mantissa) if sign else int(mantissa), int(exponent)))


def _lerch_phi(mp: Any, z: Any, s: Any, a: Any) -> Any:
    """By FLINT, which proves its digits; mpmath's own takes seconds for each value."""
    from flint import acb, ctx

    if z == 1:
        return mp.zeta(s, a)
    before = ctx.prec
    try:
        ctx.prec = mp.prec
        while ctx.prec < 16 * mp.prec:
            ctx.prec *= 2
            value = acb.lerch_phi(*(acb(_ball(x)) for x in (z, s, a)))
            if not value.imag.contains(0):
                return mp.nan
            if value.real.rel_accuracy_bits() >= mp.prec:
                return mp.mpf(value.real.str(mp.dps + 5, radius=False))
        return mp.nan
    finally:
        ctx.prec = before


def _extreme(choose: Callable) -> Callable:
    """min or max that passes nan on, as NumPy's do."""
    return lambda mp, *args: mp.nan if any(mp.isnan(a) for a in args) else choose(args)


def _heaviside(mp: Any, x: Any, at_zero: Any) -> Any:
    return at_zero if x == 0 else mp.mpf(int(x > 0))


def _harmonic(mp: Any, n: Any, order: Any = 1) -> Any:
    return mp.harmonic(n) if order == 1 else mp.zeta(order) - mp.zeta(order, n + 1)


def _polygamma_tail(mp: Any, n: Any, k: Any, c: Any) -> Any:
    n, k = int(n), int(k)
    terms = [mp.factorial(n - 1) / c**n, mp.factorial(n) / (2 * c ** (n + 1))]
    terms += [mp.bernoulli(2 * j) * mp.rf(2 * j + 1, n - 1) / c ** (2 * j + n) for j in range(1, k)]
    return c ** (2 * k + n) * ((-1) ** (n + 1) * mp.psi(n, c) - mp.fsum(terms))


def _log_add_exp(a: Any, b: Any) -> str:
    if a == 0 or b == 0:  # half the time
        return f"_log_one_plus_exp({{{int(a == 0)}}})"
    return "np.logaddexp({0}, {1})"


def _by_order(zero: str, one: str, general: str) -> Callable[..., str]:
    """Bessel functions: orders 0 and 1 have routines of their own, several times faster."""
    return lambda order, z: zero if order == 0 else one if order == 1 else general


def _polygamma(order: sp.Basic | None, x: sp.Basic | None) -> str:
    if order == 0:
        return "special.digamma({1})"
    if isinstance(order, sp.Integer) and 2 <= order <= _FACTORIALS:
        factor = (-1) ** (int(order) + 1) * math.factorial(int(order))
        return f"np.multiply({float(factor)!r}, {_hurwitz_zeta(order + 1, None).replace('{0}', str(order + 1))})"
    return "_trigamma({1})" if order == 1 else "_polygamma({0}, {1})"


def _hurwitz_zeta(s: sp.Basic | None, a: sp.Basic | None) -> str:
    """Several times faster than SciPy's function for the small whole orders."""
    return "_hurwitz_zeta({0}, {1})" if s in (2, 3, 4, 5) else "special.zeta({0}, {1})"


def _lambertw(x: sp.Basic | None, branch: sp.Basic | None = sp.S.Zero) -> str | None:
    """Only a literal branch: 0 and -1 have real values, the others are nan everywhere."""
    if not isinstance(branch, sp.Integer):
        return None
    return "_lambertw({0})" if branch == 0 else "_lambertw({0}, {1})"


_ELEMENTARY = [
    _call("exp", "exp", "np.exp({0})"),
    _call("log", "log", "np.log({0})", lower=lambda x, *base: sp.log(x) / sp.log(*base) if base else None),
    *(_call(name, name, f"np.{name}({{0}})") for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")),
    *(_call(f"a{name}", f"a{name}", f"np.arc{name}({{0}})") for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")),
    _call("atan2", "atan2", "np.arctan2({0}, {1})"),
    _lowered("sec", "sec", lambda x: reciprocal(sp.cos(x))),
    _lowered("csc", "csc", lambda x: reciprocal(sp.sin(x))),
    _lowered("cot", "cot", lambda x: reciprocal(sp.tan(x))),
    _lowered("sech", "sech", lambda x: reciprocal(sp.cosh(x))),
    _lowered("csch", "csch", lambda x: reciprocal(sp.sinh(x))),
    _lowered("coth", "coth", lambda x: reciprocal(sp.tanh(x))),
    _lowered("asec", "asec", lambda x: sp.acos(reciprocal(x))),
    _lowered("acsc", "acsc", lambda x: sp.asin(reciprocal(x))),
    _lowered("acot", "acot", lambda x: sp.atan(reciprocal(x))),
    _lowered("asech", "asech", lambda x: sp.acosh(reciprocal(x))),
    _lowered("acsch", "acsch", lambda x: sp.asinh(reciprocal(x))),
    _lowered("acoth", "acoth", lambda x: sp.atanh(reciprocal(x))),
    _lowered("sinc", lambda mp, x: mp.sin(x) / x if x else mp.mpf(1), lowering.lower_sinc),
    _call("log1p", "log1p", "np.log1p({0})"),
    _call("expm1", "expm1", "np.expm1({0})"),
    _call("log2", lambda mp, x: mp.log(x, 2), "np.log2({0})"),
    _call("log10", "log10", "np.log10({0})"),
    _call("exp2", lambda mp, x: mp.mpf(2) ** x, "np.exp2({0})"),
    _call("hypot", "hypot", "np.hypot({0}, {1})"),
    _lowered("fma", lambda mp, a, b, c: a * b + c, lambda a, b, c: a * b + c),
    _lowered("Sqrt", "sqrt", lambda x: sp.Pow(x, sp.Rational(1, 2))),
    _lowered("Cbrt", lambda mp, x: x ** (mp.mpf(1) / 3), lambda x: sp.Pow(x, sp.Rational(1, 3))),
]

# Every symbol stands for a real number here, whatever its assumptions say: re(x) is x.
_PIECES = [
    _call("Abs", "fabs", "np.abs({0})"),
    _call("sign", "sign", "np.sign({0})"),
    _call("floor", "floor", "np.floor({0})"),
    _call("ceiling", "ceil", "np.ceil({0})"),
    _lowered("frac", lambda mp, x: x - mp.floor(x), lambda x: x - sp.floor(x)),
    _call("Mod", lambda mp, a, b: a - b * mp.floor(a / b), "np.mod({0}, {1})"),
    _call("Min", _extreme(min), "np.minimum({0}, {1})", binary=True),
    _call("Max", _extreme(max), "np.maximum({0}, {1})", binary=True),
    _call("Heaviside", _heaviside, "np.heaviside({0}, {1})"),
    _lowered("KroneckerDelta", lambda mp, i, j, *rest: mp.mpf(int(i == j)), lowering.lower_kronecker),
    _lowered("re", "re", lambda x: x),
    _lowered("im", lambda mp, x: 0 * x, lambda x: 0 * x),
    _lowered("conjugate", "re", lambda x: x),
    _lowered("arg", "arg", lambda x: sp.Piecewise((sp.pi, x < 0), (0, True))),
]

_GAMMA = [
    _call("gamma", "gamma", "special.gamma({0})"),
    _call("loggamma", "loggamma", "special.loggamma({0})"),
    _call("log_gamma", lambda mp, x: mp.log(mp.gamma(x)), "_log_gamma({0})"),
    _call("polygamma", "psi", _polygamma),
    _lowered("factorial", "factorial", lambda n: sp.gamma(n + 1)),
    _lowered("factorial2", "fac2", lowering.lower_factorial2),
    _call("binomial", "binomial", "_binomial({0}, {1})"),
    _call("log_binomial", lambda mp, n, k: mp.log(mp.binomial(n, k)), "_log_binomial({0}, {1})"),
    _call("RisingFactorial", "rf", "special.poch({0}, {1})"),
    _lowered("FallingFactorial", "ff", lambda x, k: sp.RisingFactorial(x - k + 1, k, evaluate=False)),
    _call("beta", "beta", "special.beta({0}, {1})"),
    _call("log_gamma_ratio", lambda mp, x, d: mp.loggamma(x + d) - mp.loggamma(x), "_log_gamma_ratio({0}, {1})"),
    _call("log_beta", lambda mp, a, b: mp.log(mp.beta(a, b)), "_log_beta({0}, {1})"),
    _call("regularized_beta", lambda mp, a, b, x: mp.betainc(a, b, 0, x, True), "special.betainc({0}, {1}, {2})"),
    _lowered("betainc", "betainc", lowering.lower_betainc),
    _lowered(
        "betainc_regularized",
        lambda mp, a, b, x1, x2: mp.betainc(a, b, x1, x2, True),
        lowering.lower_betainc_regularized,
    ),
    _lowered("lowergamma", lambda mp, a, x: mp.gammainc(a, 0, x), lowering.lower_lowergamma),
    _call("uppergamma", "gammainc", "_upper_gamma({0}, {1})", lower=lowering.lower_uppergamma),
    _call("regularized_lower_gamma", lambda mp, a, x: mp.gammainc(a, 0, x, True), "special.gammainc({0}, {1})"),
    _call(
        "regularized_upper_gamma",
        lambda mp, a, x: mp.gammainc(a, x, mp.inf, True),
        "special.gammaincc({0}, {1})",
    ),
    _lowered("harmonic", _harmonic, lowering.lower_harmonic),
    _call("zeta", "zeta", lambda *s: "special.zeta({0})" if len(s) == 1 else _hurwitz_zeta(*s)),
    _call("lerchphi", _lerch_phi, "_lerch_phi({0}, {1}, {2})"),
    _call("zeta_derivative", lambda mp, n, s: mp.zeta(s, 1, int(n)), "_zeta_derivative({0}, {1})"),
]

_INTEGRALS = [
    _call("erf", "erf", "special.erf({0})"),
    _call("erfc", "erfc", "special.erfc({0})"),
    _call("erfi", "erfi", "special.erfi({0})"),
    _call("erfinv", "erfinv", "special.erfinv({0})"),
    _call("erfcinv", lambda mp, x: mp.erfinv(1 - x), "special.erfcinv({0})"),
    _lowered("erf2", lambda mp, x, y: mp.erf(y) - mp.erf(x), lambda x, y: sp.erf(y) - sp.erf(x)),
    _call(
        "expint",
        "expint",
        lambda order, x: "special.exp1({1})" if order == 1 else "special.expn({0}, {1})",
        lower=lowering.lower_expint,
    ),
    _call("Ei", "ei", "special.expi({0})"),
    _lowered("li", "li", lambda x: sp.Ei(sp.log(x))),
    _lowered("Li", lambda mp, x: mp.li(x, offset=True), lambda x: sp.Ei(sp.log(x)) - sp.Ei(sp.log(2))),
    _call("Si", "si", "special.sici({0})[0]"),
    _call("Ci", "ci", "_ci({0})"),
    _call("Shi", "shi", "special.shichi({0})[0]"),
    _call("Chi", "chi", "_chi({0})"),
    _call("fresnels", "fresnels", "special.fresnel({0})[0]"),
    _call("fresnelc", "fresnelc", "special.fresnel({0})[1]"),
    _lowered("integro_exponential", integro_exponential_value, lowering.lower_integro_exponential),
    _call("polylog", "polylog", "_polylog({0}, {1})", lower=lowering.lower_polylog),
]

_DIFFERENTIAL_EQUATIONS = [
    _call("besselj", "besselj", _by_order("special.j0({1})", "special.j1({1})", "special.jv({0}, {1})")),
    _call("bessely", "bessely", _by_order("special.y0({1})", "special.y1({1})", "special.yv({0}, {1})")),
    _call("besseli", "besseli", _by_order("special.i0({1})", "special.i1({1})", "special.iv({0}, {1})")),
    _call("besselk", "besselk", _by_order("special.k0({1})", "special.k1({1})", "special.kv({0}, {1})")),
    _call(
        "scaled_besseli",
        lambda mp, order, z: mp.exp(-abs(z)) * mp.besseli(order, z),
        _by_order("special.i0e({1})", "special.i1e({1})", "special.ive({0}, {1})"),
    ),
    _call(
        "scaled_besselk",
        lambda mp, order, z: mp.exp(z) * mp.besselk(order, z),
        _by_order("special.k0e({1})", "special.k1e({1})", "special.kve({0}, {1})"),
    ),
    _call("airyai", "airyai", "special.airy({0})[0]"),
    _call("airyaiprime", lambda mp, x: mp.airyai(x, derivative=1), "special.airy({0})[1]"),
    _call("airybi", "airybi", "special.airy({0})[2]"),
    _call("airybiprime", lambda mp, x: mp.airybi(x, derivative=1), "special.airy({0})[3]"),
    _call("LambertW", "lambertw", _lambertw),
    _lowered("hyper", lambda mp, a, b, z: mp.hyper(list(a), list(b), z), lowering.lower_hyper),
    _call("hyp0f1", "hyp0f1", "special.hyp0f1({0}, {1})"),
    _call("hyp1f1", "hyp1f1", "special.hyp1f1({0}, {1}, {2})"),
    _call("hyp2f1", "hyp2f1", "special.hyp2f1({0}, {1}, {2}, {3})"),
    _call("elliptic_k", "ellipk", "special.ellipk({0})"),
    _call("elliptic_f", "ellipf", "special.ellipkinc({0}, {1})"),
    _call(
        "elliptic_e",
        "ellipe",
        lambda *a: "special.ellipe({0})" if len(a) == 1 else "special.ellipeinc({0}, {1})",
    ),
]

# What the rewriting for range and accuracy (stable.py) brings in.
_STABLE = [
    _call("log_add_exp", lambda mp, a, b: mp.log(mp.exp(a) + mp.exp(b)), _log_add_exp),
    _call("largest_of", _extreme(max), "np.maximum({0}, {1})", binary=True),
    _call("log_one_plus", "log1p", "np.log1p({0})"),
    _call("log_one_minus_exp", lambda mp, x: mp.log(-mp.expm1(x)), "_log_one_minus_exp({0})"),
    _call("exp_minus_one", "expm1", "np.expm1({0})"),
    _call("complementary_erf", "erfc", "special.erfc({0})"),
    _call("log_normal_cdf", lambda mp, x: mp.log(mp.ncdf(x)), "special.log_ndtr({0})"),
    _call("polylog_tail", lambda mp, s, n, z: _lerch_phi(mp, z, s, n), "_polylog_tail({0}, {1}, {2})"),
    _call("polygamma_tail", _polygamma_tail, "_polygamma_tail({0}, {1}, {2})"),
    _call("scaled_expint", lambda mp, n, z: mp.exp(z) * mp.expint(n, z), "_scaled_expint({0}, {1})"),
    _call(
        "scaled_integro_exponential",
        lambda mp, j, z: mp.exp(z) * integro_exponential_value(mp, j, z),
        "_scaled_integro_exponential({0}, {1})",
    ),
    _call("scaled_erfc", lambda mp, x: mp.exp(max(x, 0) ** 2) * mp.erfc(x), "_scaled_erfc({0})"),
]

# The columns of further targets; each is a file of its own.
_COLUMNS: Mapping[str, Mapping[str, Spelling]] = {
    "jax": spelling_jax.FUNCTIONS,
    "torch": spelling_torch.FUNCTIONS,
    "c": spelling_c.FUNCTIONS,
}


def _with_columns(row: Row) -> Row:
    """The row with its spellings in the targets that have their own files."""
    spelling = {target: column[row.name] for target, column in _COLUMNS.items() if row.name in column}
    return replace(row, spelling={**row.spelling, **spelling})


TABLE: dict[str, Row] = {
    row.name: _with_columns(row)
    for rows in (_ELEMENTARY, _PIECES, _GAMMA, _INTEGRALS, _DIFFERENTIAL_EQUATIONS, _STABLE)
    for row in rows
}
TABLE["exponential"] = TABLE["exp"]

# Numbers with a name, by target. Those NumPy does not name are written as literals.
CONSTANTS: Mapping[str, Mapping[str, str]] = {
    "numpy": {"pi": "np.pi", "e": "np.e", "euler": "np.euler_gamma", "inf": "np.inf", "nan": "np.nan"},
    "jax": spelling_jax.CONSTANTS,
    "torch": spelling_torch.CONSTANTS,
    "c": spelling_c.CONSTANTS,
}
