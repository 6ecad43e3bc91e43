"""Expressions and points for every row of the function table, and points outside the functions' domains."""

from __future__ import annotations

import sympy as sp
from sympy.codegen.cfunctions import Cbrt, Sqrt, exp2, expm1, fma, hypot, log1p, log2, log10
from sympy.functions.elementary.trigonometric import sinc

from symgeo.algebra.integral_functions import integro_exponential

x, y, z = sp.symbols("x y z", real=True)
p = sp.Symbol("p", positive=True)

REAL = [-7.25, -1.5, -0.3, 0.2, 1.0, 2.75, 9.5]
POSITIVE = [1e-3, 0.2, 1.0, 2.75, 9.5, 40.25]
UNIT = [-0.95, -0.4, 0.05, 0.3, 0.99]
OPEN_UNIT = [0.01, 0.3, 0.5, 0.97]
ABOVE_ONE = [1.01, 1.5, 3.0, 20.0]
BELOW_ONE = [-1e6, -3.0, -1.001, -1.0, -0.8, -0.51, -0.3, -1e-9, 1e-5, 0.2, 0.499, 0.6, 0.9, 1 - 1e-9, 1.0]

# expression, points of x, points of y, points of z, relative tolerance where SciPy does not reach 1e-12
CASES = {
    "exp": [(sp.exp(x), REAL)],
    "log": [(sp.log(x), POSITIVE), (sp.log(x, y, evaluate=False), POSITIVE, ABOVE_ONE)],
    **{name: [(getattr(sp, name)(x), REAL)] for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "atan", "asinh")},
    "asin": [(sp.asin(x), UNIT)],
    "acos": [(sp.acos(x), UNIT)],
    "acosh": [(sp.acosh(x), ABOVE_ONE)],
    "atanh": [(sp.atanh(x), UNIT)],
    "atan2": [(sp.atan2(x, y), REAL, REAL)],
    **{name: [(getattr(sp, name)(x), REAL)] for name in ("sec", "csc", "cot", "sech", "csch", "coth", "acot", "acsch")},
    "asec": [(sp.asec(x), [*ABOVE_ONE, -2.5])],
    "acsc": [(sp.acsc(x), [*ABOVE_ONE, -2.5])],
    "asech": [(sp.asech(x), OPEN_UNIT)],
    "acoth": [(sp.acoth(x), [*ABOVE_ONE, -2.5])],
    "sinc": [(sinc(x), [*REAL, 0.0])],
    "log1p": [(log1p(x), [*POSITIVE, -0.5, 1e-12])],
    "expm1": [(expm1(x), [*REAL, 1e-12])],
    "log2": [(log2(x), POSITIVE)],
    "log10": [(log10(x), POSITIVE)],
    "exp2": [(exp2(x), REAL)],
    "hypot": [(hypot(x, y), REAL, REAL)],
    "fma": [(fma(x, y, z), REAL, UNIT, POSITIVE)],
    "Sqrt": [(Sqrt(x), POSITIVE)],
    "Cbrt": [(Cbrt(x), POSITIVE)],
    "Abs": [(sp.Abs(x), REAL)],
    "sign": [(sp.sign(x), [*REAL, 0.0])],
    "floor": [(sp.floor(x), REAL)],
    "ceiling": [(sp.ceiling(x), REAL)],
    "frac": [(sp.frac(x), REAL)],
    "Mod": [(sp.Mod(x, y), REAL, [-1.5, 0.75, 4.0]), (sp.Mod(x, 3), REAL)],
    "Min": [(sp.Min(x, y), REAL, UNIT), (sp.Min(x, y, z, 1), REAL, UNIT, POSITIVE)],
    "Max": [(sp.Max(x, y), REAL, UNIT), (sp.Max(x, y, z, 0), REAL, UNIT, UNIT)],
    "Heaviside": [
        (sp.Heaviside(x), [*REAL, 0.0]),
        (sp.Heaviside(x, 1), [0.0, 2.0]),
        (sp.Heaviside(x, y), [0.0], UNIT),
    ],
    "KroneckerDelta": [(sp.KroneckerDelta(x, y), [0.0, 1.0, 2.0], [1.0, 2.5])],
    "re": [(sp.re(sp.Symbol("w")) + x, REAL)],
    "im": [(sp.im(sp.Symbol("w")) + x, REAL)],
    "conjugate": [(sp.conjugate(sp.Symbol("w")) + x, REAL)],
    "arg": [(sp.arg(sp.Symbol("w")) + x, REAL)],
    "gamma": [(sp.gamma(x), [*POSITIVE, 0.5, 100.3, 170.5, -0.5, -3.3])],
    "loggamma": [(sp.loggamma(x), [*POSITIVE, 1.4, 1e5])],
    "log_gamma": [(sp.log(sp.gamma(x)), [*POSITIVE, 1.4, 500.5, -1.5, -3.25])],
    "polygamma": [
        (sp.digamma(x), [*POSITIVE, -0.7, 1e4]),
        (sp.trigamma(x), [*POSITIVE, -0.7, 1e4]),
        (sp.polygamma(2, x), [*POSITIVE, -0.7]),
        (sp.polygamma(5, x), POSITIVE),
        (sp.polygamma(x, y), [0.0, 1.0, 2.0, 4.0], POSITIVE),
    ],
    "factorial": [(sp.factorial(x), [0.0, 1.0, 5.0, 2.5, 60.0])],
    "factorial2": [(sp.factorial2(x), [0.0, 1.0, 5.0, 8.0, 31.0])],
    "binomial": [
        (sp.binomial(x, y), [10.0, 30.0, 7.5, 200.0], [0.0, 1.0, 3.0, 2.25]),
        (sp.binomial(x, y), [-2.0, -5.0, -0.5], [0.0, 1.0, 3.0, 4.0]),
    ],
    "log_binomial": [
        (sp.log(sp.binomial(x, y)), [30.0, 200.0], [1.0, 3.0, 2.25]),
        (sp.log(sp.binomial(x, y)), [5e3], [2e3]),
    ],
    "RisingFactorial": [(sp.RisingFactorial(x, y), POSITIVE, [0.5, 1.0, 2.7, 5.0])],
    "FallingFactorial": [(sp.FallingFactorial(x, y), [6.5, 20.25], [0.5, 1.0, 2.7, 5.0])],
    "beta": [(sp.beta(x, y), POSITIVE, POSITIVE)],
    "log_beta": [(sp.log(sp.beta(x, y)), [0.3, 2.5, 500.0], [0.2, 3.5, 800.0])],
    "betainc": [
        (sp.betainc(x, y, 0, z), [0.3, 2.5, 9.0], [0.4, 3.5], OPEN_UNIT),
        (sp.betainc(x, y, 0.25, z), [2.5], [3.5], [0.9]),
    ],
    "betainc_regularized": [(sp.betainc_regularized(x, y, 0, z), [0.3, 2.5, 9.0], [0.4, 3.5], OPEN_UNIT)],
    "lowergamma": [(sp.lowergamma(x, y), [0.3, 1.0, 4.5], POSITIVE)],
    "uppergamma": [
        (sp.uppergamma(x, y), [0.3, 1.0, 4.5, 0.0, -1.0, -3.0], POSITIVE),
        (sp.uppergamma(sp.Rational(1, 3), y), [0.0], POSITIVE),
        (sp.uppergamma(-2, y), [0.0], POSITIVE),
    ],
    "harmonic": [(sp.harmonic(x), POSITIVE), (sp.harmonic(x, 2), POSITIVE)],
    "zeta_derivative": [(sp.Derivative(sp.zeta(x), (x, order)), [0.5, *ABOVE_ONE]) for order in (1, 2, 3)],
    "zeta": [(sp.zeta(x), [*ABOVE_ONE, 0.5, -1.5]), (sp.zeta(x, y), ABOVE_ONE, [0.3, 1.5, 8.0])],
    "erf": [(sp.erf(x), REAL)],
    "erfc": [(sp.erfc(x), [*REAL, 20.0])],
    "erfi": [(sp.erfi(x), REAL)],
    "erfinv": [(sp.erfinv(x), UNIT)],
    "erfcinv": [(sp.erfcinv(x), [1e-8, 0.3, 1.0, 1.7])],
    "erf2": [(sp.erf2(x, y), UNIT, [2.0])],
    "expint": [
        (sp.expint(1, x), POSITIVE),
        (sp.expint(3, x), POSITIVE),
        (sp.expint(y, x), POSITIVE, [-1.5, 0.0, 1.0, 4.0]),
        (sp.expint(sp.Rational(-1, 3), x), POSITIVE),
    ],
    "Ei": [(sp.Ei(x), [-2.5, -0.1, 0.3, 1.7, 8.0])],
    "li": [(sp.li(x), [0.3, 2.0, 8.0])],
    "Li": [(sp.Li(x), [0.3, 3.0, 8.0])],
    "Si": [(sp.Si(x), REAL)],
    "Ci": [(sp.Ci(x), POSITIVE)],
    "Shi": [(sp.Shi(x), REAL)],
    "Chi": [(sp.Chi(x), POSITIVE)],
    "fresnels": [(sp.fresnels(x), REAL)],
    "fresnelc": [(sp.fresnelc(x), REAL)],
    "polylog": [
        *((sp.polylog(s, x), BELOW_ONE) for s in (2, 3, 4, 5)),
        (sp.polylog(1, x), UNIT),
        (sp.polylog(-2, x), UNIT),
        (sp.polylog(sp.Rational(3, 2), x), [0.05, 0.4]),
    ],
    "integro_exponential": [(integro_exponential(j, x), [1e-8, *POSITIVE]) for j in (0, 1, 2, 3)],
    "lerchphi": [(sp.lerchphi(x, 1, y), UNIT, [1e-3, 0.4, 2.0, 30.0]), (sp.lerchphi(-x, 3, 2), UNIT)],
    "besselj": [
        (sp.besselj(y, x), POSITIVE, [0.0, 1.0, 2.0, 0.3]),
        (sp.besselj(0, x), POSITIVE),
        (sp.besselj(1, x), REAL),
    ],
    "bessely": [
        (sp.bessely(y, x), POSITIVE, [0.0, 2.0, 0.3]),
        (sp.bessely(0, x), POSITIVE),
        (sp.bessely(1, x), POSITIVE),
    ],
    "besseli": [
        (sp.besseli(y, x), POSITIVE, [0.0, 1.0, 2.0, 0.3]),
        (sp.besseli(0, x), REAL),
        (sp.besseli(1, x), REAL),
    ],
    "besselk": [
        (sp.besselk(y, x), [0.2, 9.5], [0.0, 2.0, 0.3]),
        (sp.besselk(0, x), POSITIVE),
        (sp.besselk(1, x), POSITIVE),
    ],
    "airyai": [(sp.airyai(x), REAL)],
    "airyaiprime": [(sp.airyaiprime(x), REAL)],
    "airybi": [(sp.airybi(x), REAL)],
    "airybiprime": [(sp.airybiprime(x), REAL)],
    "LambertW": [(sp.LambertW(x), [*POSITIVE, -0.3]), (sp.LambertW(x, -1), [-0.3, -0.01])],
    "hyper": [
        (sp.hyper((), (y,), x), UNIT, [0.5, 2.5]),
        (sp.hyper((y,), (2.5,), x), REAL, [0.5, 2.25]),
        (sp.hyper((y, z), (2.5,), x), [*UNIT, -3.0], [0.5, 2.25], [1.5]),
        (sp.hyper((y,), (), x), UNIT, [0.5, 2.25]),
        (sp.hyper((), (), x), UNIT),
    ],
    "elliptic_k": [(sp.elliptic_k(x), [-2.0, 0.3, 0.9])],
    "elliptic_f": [(sp.elliptic_f(x, y), [0.3, 1.2], [-2.0, 0.3, 0.9])],
    "elliptic_e": [(sp.elliptic_e(x), [-2.0, 0.3, 0.9]), (sp.elliptic_e(x, y), [0.3, 1.2], [-2.0, 0.3, 0.9])],
}

# Rows that only the rewritings of lowering.py and stable.py bring in; the expressions that lead to them.
INTERNAL = {
    "log_add_exp": [(sp.log(sp.exp(x) + sp.exp(y)), REAL, [-800.0, 0.5, 900.0])],
    "exponential": [(sp.exp(x + y) / (1 + sp.exp(x + y)) ** 2, REAL, [-300.0, 0.5, 300.0])],
    "largest_of": [(sp.exp(x) / (1 + sp.exp(x)) ** 2, [-300.0, 0.5, 300.0])],
    "log_one_plus": [(sp.log(1 + x), [*POSITIVE, 1e-14, -0.5])],
    "log_one_minus_exp": [(sp.log(1 - sp.exp(-x)), [*POSITIVE, 1e-10, 700.0])],
    "exp_minus_one": [(sp.exp(x) - 1, [*REAL, 1e-10])],
    "complementary_erf": [(sp.erf(x) + 1, [*REAL, -20.0]), (sp.erfc(-x), [*REAL, -20.0])],
    "log_normal_cdf": [(sp.log(sp.erfc(x)), [*REAL, -20.0, 50.0])],
    "scaled_erfc": [(sp.exp(x**2 + x) * sp.erfc(x), [*REAL, -20.0, 50.0])],
    "scaled_besseli": [(sp.log(sp.besseli(y, x)), [0.5, 3.0, 900.0], [0.0, 0.3, 2.0])],
    "scaled_besselk": [(sp.log(sp.besselk(y, x)), [0.5, 3.0, 900.0], [0.0, 0.3, 2.0])],
    "log_gamma_ratio": [
        (sp.loggamma(x + y) - sp.loggamma(x), [*POSITIVE, 29.9, 30.1, 1e6, 1e12], [0.3, 1.5, 7.0, 40.0]),
        (sp.loggamma(x) - sp.loggamma(x + y), [40.25, 1e3, 1e12], [-9.5, -0.3, 1e-6, 25.0]),
        (sp.log(sp.gamma(x + y)) - sp.loggamma(x + z), [40.25, 1e12], [0.3, 7.0], [1.25, -2.5]),
    ],
    "regularized_lower_gamma": CASES["lowergamma"],
    "regularized_upper_gamma": [CASES["uppergamma"][1]],
    "regularized_beta": CASES["betainc"],
    "polylog_tail": [
        ((sp.polylog(2, x) - sp.polylog(2, -x) - 2 * x) / x**3, [1e-8, -1e-4, 0.3, 0.499, 0.501, -0.9]),
        ((sp.log(x) - x + 1) / (x - 1) ** 2, [1 - 1e-8, 1.0001, 0.6, 1.49, 1.51, 7.0]),
        ((sp.polylog(3, 1 - x) - 1 + x) / (1 - x) / sp.log(x), [1 - 1e-8, 1.0001, 0.6, 1.49, 1.51, 7.0]),
    ],
    "polygamma_tail": [
        (sp.polygamma(1, 1 / p) - p - p**2 / 2, [1e-4, 0.1, 0.16, 0.2, 3.0]),
        (sp.polygamma(2, 1 / p) + p**2 + p**3, [1e-4, 0.1, 0.16, 0.2, 3.0]),
    ],
    "scaled_expint": [
        (sp.exp(p) * sp.expint(1, p), [1e-8, *POSITIVE, 900.0, 1e9]),
        (1 / p - (1 - p * sp.exp(p) * sp.expint(1, p)), [0.2, 3.9, 4.1, 40.25, 1e6]),
        (
            p * sp.exp(p**2) * sp.expint(1, p**2) - sp.sqrt(sp.pi) * sp.exp(p**2) * sp.erfc(p) + p**-3 / 2,
            [0.2, 1.9, 2.1, 30.0, 1e3],
        ),
    ],
    "scaled_integro_exponential": [
        (sp.exp(p) * integro_exponential(j, p), [1e-8, *POSITIVE, 900.0]) for j in (1, 2, 3)
    ],
    "hyp0f1": [CASES["hyper"][0]],
    "hyp1f1": [CASES["hyper"][1]],
    "hyp2f1": [CASES["hyper"][2]],
}

OUTSIDE = [
    (sp.log(x), -1.0),
    (sp.sqrt(x), -1.0),
    (x ** sp.Rational(1, 3), -8.0),
    (x ** sp.Rational(3, 2), -1.0),
    (x**y, -2.0),
    (sp.asin(x), 1.5),
    (sp.acos(x), -1.5),
    (sp.acosh(x), 0.5),
    (sp.atanh(x), 2.0),
    (sp.loggamma(x), -1.5),
    (sp.log(sp.gamma(x)), -0.5),
    (sp.loggamma(x + y) - sp.loggamma(x), -1.5),
    (sp.log(sp.beta(x, 2)), -0.5),
    (sp.log(sp.binomial(5, x)), 6.5),
    (sp.Ci(x), -1.0),
    (sp.Chi(x), -1.0),
    (sp.li(x), -1.0),
    (sp.expint(1, x), -1.0),
    (sp.expint(2, x), -1.0),
    (sp.erfinv(x), 1.5),
    (sp.besselk(0, x), -1.0),
    (sp.besseli(sp.Rational(1, 2), x), -1.0),
    (sp.bessely(0, x), -1.0),
    (sp.LambertW(x), -1.0),
    (sp.LambertW(x, -1), 0.5),
    (sp.polylog(2, x), 2.0),
    (sp.lerchphi(x, 1, 2), 1.5),
    (sp.log(1 - sp.exp(x)), 1.0),
    (sp.log(x - 3), 1.0),
    (sp.Piecewise((1, x > 0)), -1.0),
    (sp.Integer(-8) ** sp.Rational(1, 3) + x, 1.0),
    (sp.Pow(-sp.pi, sp.pi) + x, 1.0),
    (sp.polygamma(y, x), 2.0),
]
