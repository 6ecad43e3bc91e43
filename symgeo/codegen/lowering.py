"""Rules that write one function by means of others, the same for every target language.

Some rules need functions SymPy does not have; they are defined here and never leave this package.
"""

from __future__ import annotations

import sympy as sp

from symgeo.errors import UnsupportedFunctionError


class _Made(sp.Function):
    """A function of expressions, made at once: SymPy's own constructor looks for values and remembers every call."""

    def __new__(cls, *args: sp.Expr) -> sp.Expr:
        return sp.Expr.__new__(cls, *args)


class log_gamma(sp.Function):
    """log(gamma(x)): real wherever gamma(x) > 0, unlike SymPy's loggamma, which is real for x > 0 only."""


class log_beta(sp.Function):
    """log(beta(a, b))."""


class log_gamma_ratio(sp.Function):
    """log(gamma(x + d)/gamma(x)) for positive arguments: log_gamma_ratio(x, d)."""


class log_binomial(sp.Function):
    """log(binomial(n, k))."""


class zeta_derivative(sp.Function):
    """The derivative of order n of Riemann's zeta function: zeta_derivative(n, s)."""


class scaled_besseli(sp.Function):
    """exp(-|z|) besseli(nu, z)."""


class scaled_besselk(sp.Function):
    """exp(z) besselk(nu, z)."""


class log_add_exp(sp.Function):
    """log(exp(a) + exp(b))."""


class largest_of(_Made):
    """Max of its arguments, without the comparisons SymPy makes to simplify it."""


class log_one_plus(sp.Function):
    """log(1 + x)."""


class exponential(_Made):
    """exp(x) for real x, without the questions about signs that SymPy asks to simplify it."""

    is_positive = True


class scaled_sum(_Made):
    """The sum of c*exp(e - m), whole numbers c and real e: scaled_sum(m, c1, e1, c2, e2, ...)."""

    is_real = True

    def _eval_is_positive(self) -> bool | None:
        return True if all(c > 0 for c in self.args[1::2]) else None


class exp_minus_one(sp.Function):
    """exp(x) - 1."""


class log_one_minus_exp(sp.Function):
    """log(1 - exp(x)) for x < 0."""


class complementary_erf(sp.Function):
    """erfc(x); SymPy would write erfc(-x) as 2 - erfc(x) and lose its digits."""


class log_normal_cdf(sp.Function):
    """log(erfc(-x/sqrt(2))/2)."""


class scaled_erfc(sp.Function):
    """exp(max(x, 0)**2) erfc(x)."""


class regularized_lower_gamma(sp.Function):
    """lowergamma(a, x)/gamma(a)."""


class regularized_upper_gamma(sp.Function):
    """uppergamma(a, x)/gamma(a)."""


class regularized_beta(sp.Function):
    """The incomplete beta function of (a, b) from 0 to x, divided by beta(a, b)."""


class polylog_tail(sp.Function):
    """The polylogarithm without its first terms: polylog_tail(s, n, z), the sum of z^k/(k + n)^s over k >= 0."""


class polygamma_tail(sp.Function):
    """c^(2 k + n) times |polygamma(n, c)| without the terms before B_2k of its series: polygamma_tail(n, k, c)."""


class scaled_expint(sp.Function):
    """exp(z) E_n(z) for z > 0: scaled_expint(n, z)."""


class scaled_integro_exponential(sp.Function):
    """exp(z) E_1^j(z) for z > 0: scaled_integro_exponential(j, z)."""


class hyp0f1(sp.Function):
    """Confluent limit function 0F1(; b; z)."""


class hyp1f1(sp.Function):
    """Kummer's function 1F1(a; b; z)."""


class hyp2f1(sp.Function):
    """Gauss' function 2F1(a, b; c; z)."""


def unsupported(what: str, target: str, remedy: str | None = None) -> UnsupportedFunctionError:
    """The refusal: names the function, the target, and what to do."""
    remedy = remedy or "rewrite the expression with the functions of symgeo.codegen.special_functions.TABLE"
    return UnsupportedFunctionError(f"{what} has no spelling in {target}: {remedy}")


def lower_derivative(expr: sp.Derivative | sp.Subs) -> sp.Expr | None:
    """A derivative that a target has a function for, taken at any argument; None for all others."""
    bound = isinstance(expr, sp.Subs)
    inner = expr.expr if bound else expr
    if not isinstance(inner, sp.Derivative) or not isinstance(inner.expr, sp.zeta) or len(inner.variable_count) > 1:
        return None
    variable, order = inner.variable_count[0]
    if inner.expr.args != (variable,) or not order.is_Integer:
        return None
    place = dict(zip(expr.variables, expr.point, strict=True)) if bound else {}
    return zeta_derivative(order, place.get(variable, variable))


def reciprocal(x: sp.Expr) -> sp.Expr:
    return sp.Pow(x, -1)


def lower_lowergamma(a: sp.Expr, x: sp.Expr) -> sp.Expr:
    return sp.gamma(a) * regularized_lower_gamma(a, x)


def lower_uppergamma(a: sp.Expr, x: sp.Expr) -> sp.Expr | None:
    """By SciPy's regularised function where a > 0 is known; at integers a <= 0 by DLMF 8.19.1.

    None leaves the general case to the target.
    """
    if a.is_positive:
        return sp.gamma(a) * regularized_upper_gamma(a, x)
    if a.is_Integer:
        return x**a * sp.expint(1 - a, x) if a else sp.expint(1, x)
    if a.is_number:
        raise unsupported(
            f"uppergamma({a}, ...)",
            "numeric code",
            "a negative order that is no integer is not known; raise it with "
            "uppergamma(a, x) = (uppergamma(a + 1, x) - x**a*exp(-x))/a",
        )
    return None


def lower_expint(order: sp.Expr, x: sp.Expr) -> sp.Expr | None:
    if order.is_Integer and order >= 0:
        return None
    return x ** (order - 1) * sp.uppergamma(1 - order, x)


def lower_betainc(a: sp.Expr, b: sp.Expr, start: sp.Expr, end: sp.Expr) -> sp.Expr:
    return sp.beta(a, b) * lower_betainc_regularized(a, b, start, end)


def lower_betainc_regularized(a: sp.Expr, b: sp.Expr, start: sp.Expr, end: sp.Expr) -> sp.Expr:
    return regularized_beta(a, b, end) - (regularized_beta(a, b, start) if start != 0 else 0)


def lower_hyper(upper: sp.Tuple, lower: sp.Tuple, z: sp.Expr) -> sp.Expr:
    shape = (len(upper), len(lower))
    if shape == (0, 0):
        return sp.exp(z)
    if shape == (1, 0):
        return (1 - z) ** (-upper[0])
    known = {(0, 1): hyp0f1, (1, 1): hyp1f1, (2, 1): hyp2f1}
    if shape not in known:
        raise unsupported(
            f"hyper with {shape[0]} upper and {shape[1]} lower parameters",
            "numeric code",
            "only 0F0, 1F0, 0F1, 1F1 and 2F1 are known; sympy.hyperexpand may reduce it to these",
        )
    return known[shape](*upper, *lower, z)


def lower_harmonic(n: sp.Expr, order: sp.Expr = sp.S.One) -> sp.Expr:
    if order == 1:
        return sp.digamma(n + 1) + sp.EulerGamma
    return sp.zeta(order) - sp.zeta(order, n + 1)


def lower_integro_exponential(j: sp.Expr, z: sp.Expr) -> sp.Expr:
    return sp.exp(-z) * scaled_integro_exponential(j, z)


def lower_polylog(s: sp.Expr, z: sp.Expr) -> sp.Expr | None:
    if s.is_Integer and s > 1:
        return None
    if s == 1:
        return -sp.log(1 - z)
    if s.is_Integer and s <= 0:
        return sp.expand_func(sp.polylog(s, z))
    return z * sp.lerchphi(z, s, 1)


def lower_factorial2(n: sp.Expr) -> sp.Expr:
    return sp.factorial2(n).rewrite(sp.gamma)


def lower_kronecker(i: sp.Expr, j: sp.Expr, *_range: sp.Expr) -> sp.Basic:
    return sp.Piecewise((1, sp.Eq(i, j)), (0, True))


def lower_sinc(x: sp.Expr) -> sp.Basic:
    return sp.Piecewise((sp.sin(x) / x, sp.Ne(x, 0)), (1, True))


def lower_ite(condition: sp.Basic, yes: sp.Basic, no: sp.Basic) -> sp.Basic:
    return sp.Or(sp.And(condition, yes), sp.And(sp.Not(condition), no))


def lower_contains(x: sp.Expr, where: sp.Set) -> sp.Basic:
    return where.as_relational(x)
