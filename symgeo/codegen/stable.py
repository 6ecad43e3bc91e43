"""Rewritings that keep intermediate values in range and digits in place; exact as algebra.

log(gamma(k)) overflows inside for k > 171 although its value is about 700; exp(x)/(1 + exp(x))**2 is inf/inf
for x > 355 although its value is small; 1 + erf(x) has lost all digits at x = -6. Densities and their
derivatives are full of such terms, so the graph is built from the forms found here.

The method: a factor f of wide range is split into f = s*exp(e) with s of moderate size (`_split`). In a
quotient the exponents e are added up before one exponential is taken; in a logarithm none is left.
"""

from __future__ import annotations

import sympy as sp

from symgeo.algebra.integral_functions import integro_exponential
from symgeo.algebra.writing import with_term
from symgeo.codegen.cancelling_sums import EXPONENTIALS, base_power, exponential_minus_one, log_of_share, stable_sum
from symgeo.codegen.gamma_quotients import gamma_ratio
from symgeo.codegen.lowering import (
    complementary_erf,
    exp_minus_one,
    exponential,
    largest_of,
    log_add_exp,
    log_beta,
    log_binomial,
    log_gamma,
    log_normal_cdf,
    log_one_minus_exp,
    log_one_plus,
    scaled_besseli,
    scaled_besselk,
    scaled_erfc,
    scaled_expint,
    scaled_integro_exponential,
    scaled_sum,
)

# A sum of exponentials is scaled by its largest term when it has at most this many different exponents.
MOST_EXPONENTS = 6

# The functions a sum is looked through for.
_WIDE = (*EXPONENTIALS, sp.besseli, sp.besselk, sp.erfc, complementary_erf, sp.factorial, sp.binomial, sp.cosh)

_Split = tuple[sp.Expr, sp.Expr]


class Stabilizer:
    """Finds stable forms; one for each graph, for it remembers what it has looked at."""

    def __init__(self) -> None:
        self._sums: dict[tuple[sp.Expr, bool], _Split | None] = {}
        self._final: set[sp.Expr] = set()

    def form(self, expr: sp.Basic) -> sp.Expr | None:
        """An equal expression with a safer evaluation, or None when there is nothing to gain."""
        if expr in self._final:
            return None
        if isinstance(expr, sp.Mul):
            return self._product(expr)
        if isinstance(expr, sp.Add):
            return stable_sum(expr)
        if isinstance(expr, sp.log) and len(expr.args) == 1:
            return self._log(expr.args[0])
        if isinstance(expr, sp.erfc):
            return complementary_erf(expr.args[0])
        return None

    def _product(self, expr: sp.Mul) -> sp.Expr | None:
        """One exponential for all factors of wide range when some of them cancel."""
        ratio = gamma_ratio(expr)
        if ratio is not None:
            return ratio
        wide: list[tuple[sp.Expr, sp.Expr, _Split]] = []
        rest: list[sp.Expr] = []
        cancelling = False
        factors = [(factor, *base_power(factor)) for factor in expr.args]
        shorter = _hyperbolic(factors) or self._distributed(factors)
        if shorter is not None:
            return shorter
        may_cancel = any(isinstance(base, EXPONENTIALS) or _decays(base) for _, base, _ in factors)
        for factor, base, power in sorted(factors, key=lambda f: not _is_negative(f[2])):
            if not (cancelling or may_cancel or _is_negative(power)):
                return None  # nothing below the line is of wide range
            split = self._split(base) if power.is_Rational else None
            if split is None:
                rest.append(factor)
                continue
            wide.append((base, power, split))
            cancelling |= _is_negative(power) or _decays(base)
        kinds = {sp.exp if type(base) is exponential else type(base) for base, _, _ in wide}
        cancelling |= {sp.exp, sp.Add} <= kinds
        if len(wide) < 2 or not cancelling or kinds == {sp.exp}:
            return None
        exponent = _total([e if power is sp.S.One else power * e for _, power, (_, e) in wide])
        result = sp.Mul(*rest, *(_raised(s, power) for _, power, (s, _) in wide), _exp(exponent))
        self._final.add(result)
        return result

    def _distributed(self, factors: list[tuple[sp.Expr, sp.Expr, sp.Expr]]) -> sp.Expr | None:
        """A sum times an exponential that is the inverse of one of its terms': the exponent goes into all of them."""
        sums = [base for _, base, power in factors if base.is_Add and power is sp.S.One and base.has(*EXPONENTIALS)]
        exponents = [power * base.args[0] for _, base, power in factors if isinstance(base, EXPONENTIALS)]
        rest = [f for f, base, _ in factors if not (base in sums or isinstance(base, EXPONENTIALS))]
        if len(sums) != 1 or not exponents or any(self._split(base_power(f)[0]) is not None for f in rest):
            return None
        parts: list[_Split] = []
        for term in sums[0].args:
            pairs = [(factor, *base_power(factor)) for factor in sp.Mul.make_args(term)]
            own = [power * base.args[0] for _, base, power in pairs if isinstance(base, EXPONENTIALS)]
            others = [factor for factor, base, _ in pairs if not isinstance(base, EXPONENTIALS)]
            if any(self._split(base_power(f)[0]) is not None for f in others):
                return None
            parts.append((sp.Mul(*others), _total([*own, *exponents])))
        if not any(e == 0 for _, e in parts):
            return None
        return sp.Mul(*rest, sp.Add(*(_multiple(c, _exp(e)) for c, e in parts)))

    def _log(self, arg: sp.Expr) -> sp.Expr | None:
        for direct in (_log_of_function(arg), log_of_share(arg)):
            if direct is not None:
                return direct
        terms: list[sp.Expr] = []
        rest: list[sp.Expr] = []
        for factor in sp.Mul.make_args(arg):
            base, power = base_power(factor)
            logarithm = _log_of_function(base) if isinstance(base, sp.Function) else None
            if isinstance(base, EXPONENTIALS):
                terms.append(power * base.args[0])
            elif logarithm is not None and base.is_positive:
                terms.append(power * logarithm)
            elif not power.is_Rational and base.is_positive:
                terms.append(power * sp.log(base))
            elif power.is_Rational and (argument := _normal_cdf(base)) is not None:
                rest.append((2 * argument[0]) ** power)
                terms.append(power * log_normal_cdf(argument[1]))
            elif power.is_Rational and (split := self._split(base)) is not None:
                pair = self._log_of_two(base) if arg == base else None
                if pair is not None:
                    return pair
                rest.append(split[0] ** power)
                terms.append(power * split[1])
            else:
                rest.append(factor)
        if not terms:
            return _log_one_plus(arg)
        inside = sp.Mul(*rest)
        if inside == 1:
            return sp.Add(*terms)
        logarithm = sp.log(inside, evaluate=False)
        self._final.add(logarithm)
        return sp.Add(logarithm, *terms)

    def _log_of_two(self, arg: sp.Expr) -> sp.Expr | None:
        """log(exp(u) + exp(v)) and log(1 - exp(u)) have functions of their own."""
        difference = exponential_minus_one(arg)
        if difference is not None:
            sign, u = difference
            return log_one_minus_exp(u) if sign < 0 else u + log_one_minus_exp(-u)
        if not isinstance(arg, sp.Add) or len(arg.args) != 2:
            return None
        parts = [self._term(a, False) for a in arg.args]
        if any(not (s.is_Number and s > 0) for s, _ in parts):
            return None
        return log_add_exp(*(e if s == 1 else e + sp.log(s) for s, e in parts))

    def _split(self, base: sp.Expr, nested: bool = True) -> _Split | None:
        """(s, e) with base = s*exp(e), or None for what has no wide range.

        Sums in the terms of a sum are looked into once, not further.
        """
        if not isinstance(base, sp.Add):
            return _split_function(base)
        if (base, nested) not in self._sums:
            self._sums[base, nested] = self._split_sum(base, nested)
        return self._sums[base, nested]

    def _split_sum(self, total: sp.Add, nested: bool) -> _Split | None:
        """A sum of terms c*exp(e) is exp(m) times the sum of c*exp(e - m), m the largest of the e."""
        difference = exponential_minus_one(total)
        if difference is not None:
            sign, u = difference
            scaled = sp.sign(u, evaluate=False) * exp_minus_one(-sp.Abs(u, evaluate=False))
            return -sign * scaled, largest_of(u, sp.S.Zero)
        total = stable_sum(total) or total
        if not isinstance(total, sp.Add):
            return self._term(total, nested)
        factors = (base_power(f) for term in total.args for f in sp.Mul.make_args(term))
        if not any(
            isinstance(f, _WIDE)
            or _is_free_power(f, power)
            or (nested and isinstance(f, sp.Add) and self._split(f, False))
            for f, power in factors
        ):
            return None
        parts: list[_Split] = []
        distinct: dict[sp.Expr, None] = {}
        for term in total.args:
            parts.append(self._term(term, nested))
            distinct[parts[-1][1]] = None
            if len(distinct) > MOST_EXPONENTS:
                return None
        exponents = list(distinct)
        if exponents == [0]:
            return None
        if len(exponents) > 1 and _are_one(exponents):
            exponents = exponents[:1]  # one exponent in different forms
        largest = exponents[0] if len(exponents) == 1 else largest_of(*exponents)
        if isinstance(largest, largest_of) and _is_plain(parts):
            return scaled_sum(largest, *(x for part in parts for x in part)), largest
        scaled = sp.Add(*(_multiple(s, _exp(_difference(e, largest))) for s, e in parts))
        self._sums[scaled, True] = self._sums[scaled, False] = None  # done: not to be scaled again
        return scaled, largest

    def _term(self, term: sp.Expr, nested: bool) -> _Split:
        """A term of a sum as (s, e), term = s*exp(e)."""
        rest: list[sp.Expr] = []
        exponents: list[sp.Expr] = []
        for factor in sp.Mul.make_args(term):
            base, power = base_power(factor)
            if _is_free_power(base, power):
                exponents.append(power * sp.log(base))
                continue
            looked = power.is_Rational and (isinstance(base, _WIDE) or (nested and isinstance(base, sp.Add)))
            split = self._split(base, False) if looked else None
            if split is None:
                rest.append(factor)
            else:
                rest.append(_raised(split[0], power))
                exponents.append(split[1] if power is sp.S.One else power * split[1])
        return sp.Mul(*rest), _total(exponents)


def _exp(x: sp.Expr) -> sp.Expr:
    """exp(x); not by SymPy's constructor, which asks at length whether x is zero, where that would keep x as it is."""
    if isinstance(x, sp.Number) or any(_is_number_of_logs(a) for a in sp.Add.make_args(x)):
        return sp.exp(x)
    return exponential(x)


def _is_number_of_logs(term: sp.Expr) -> bool:
    """Whether this is a number times a logarithm, of which the exponential is a power."""
    factors = sp.Mul.make_args(term)
    return any(isinstance(f, sp.log) for f in factors) and all(f.is_number or isinstance(f, sp.log) for f in factors)


def _is_plain(parts: list[_Split]) -> bool:
    """Whether these are whole multiples of exponentials that do not become anything else."""
    return all(
        s.is_Integer
        and not any(
            _is_number_of_logs(t) or any(isinstance(f, largest_of) for f in (t, *t.args)) for t in sp.Add.make_args(e)
        )
        for s, e in parts
    )


def _difference(e: sp.Expr, largest: sp.Expr) -> sp.Expr:
    """e - largest, as SymPy would write it."""
    terms = sp.Add.make_args(e)
    if not isinstance(largest, largest_of) or any(isinstance(f, largest_of) for t in terms for f in (t, *t.args)):
        return e - largest
    return with_term(e, sp.Mul(sp.S.NegativeOne, largest, evaluate=False))


def _raised(s: sp.Expr, power: sp.Expr) -> sp.Expr:
    return s if power is sp.S.One or s is sp.S.One else s**power


def _multiple(s: sp.Expr, factor: sp.Expr) -> sp.Expr:
    return factor if s is sp.S.One else s * factor


def _total(exponents: list[sp.Expr]) -> sp.Expr:
    """The sum, expanded only where terms cancel: (x - mu)/s has more digits than x/s - mu/s."""
    total = exponents[0] if len(exponents) == 1 else sp.Add(*exponents)
    if not _has_product_with_sum(total):
        return total
    expanded = sp.expand_mul(total)
    cancelled = expanded == 0 or len(sp.Add.make_args(expanded)) < len(sp.Add.make_args(total))
    return expanded if cancelled else total


def _are_one(exponents: list[sp.Expr]) -> bool:
    """Whether all are one exponent in different forms; written out, different sums of products are different."""
    if not any(map(_has_product_with_sum, exponents)):
        return False
    return not any(_total([e, -exponents[0]]) for e in exponents[1:])


def _has_product_with_sum(expr: sp.Basic) -> bool:
    if expr.is_Mul and any(f.is_Add for f in expr.args):
        return True
    return any(a.args and _has_product_with_sum(a) for a in expr.args)


def _split_function(base: sp.Expr) -> _Split | None:
    if not isinstance(base, sp.Function):
        return None
    if isinstance(base, EXPONENTIALS):
        return sp.S.One, base.args[0]
    if isinstance(base, sp.cosh):
        size = sp.Abs(base.args[0], evaluate=False)
        return (1 + sp.exp(-2 * size)) / 2, size
    if isinstance(base, sp.besseli):
        z = base.args[1]
        return scaled_besseli(*base.args), z if z.is_nonnegative else sp.Abs(z, evaluate=False)
    if isinstance(base, sp.besselk):
        return scaled_besselk(*base.args), -base.args[1]
    if isinstance(base, sp.expint) and base.args[0].is_Integer and base.args[0] > 0:
        return scaled_expint(*base.args), -base.args[1]
    if isinstance(base, integro_exponential):
        return scaled_integro_exponential(*base.args), -base.args[1]
    if isinstance(base, (sp.erfc, complementary_erf)):
        return scaled_erfc(*base.args), -(largest_of(base.args[0], sp.S.Zero) ** 2)
    if isinstance(base, sp.factorial) and base.free_symbols:
        return sp.S.One, log_gamma(base.args[0] + 1)
    if isinstance(base, sp.binomial) and base.free_symbols:
        return sp.S.One, log_binomial(*base.args)
    if isinstance(base, sp.gamma) and base.args[0].is_positive and base.args[0].free_symbols:
        return sp.S.One, sp.loggamma(base.args[0])
    return None


def _normal_cdf(expr: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """(c, v) when ``expr`` is 2*c times the standard normal distribution function of v, else None."""
    if isinstance(expr, sp.Add):
        expr = stable_sum(expr) or expr
    coefficient, function = expr.as_coeff_Mul()
    if isinstance(function, (sp.erfc, complementary_erf)):
        return coefficient, -sp.sqrt(2) * function.args[0]
    return None


def _hyperbolic(factors: list[tuple[sp.Expr, sp.Expr, sp.Expr]]) -> sp.Expr | None:
    """(exp(u) - 1)/(exp(u) + 1) as the hyperbolic tangent of u/2."""
    for factor, base, power in factors:
        difference = exponential_minus_one(base) if base.is_Add and power is sp.S.One else None
        if difference is None:
            continue
        sign, u = difference
        for other, below, order in factors:
            one_more = below.is_Add and len(below.args) == 2 and below.args[0] == 1
            if not (one_more and order.is_Integer and order < 0) or not isinstance(below.args[1], EXPONENTIALS):
                continue
            if below.args[1].args[0] == u:
                rest = [f for f, _, _ in factors if f is not factor and f is not other]
                return sp.Mul(sign, *rest, sp.tanh(u / 2), below ** (order + 1))
    return None


def _log_of_function(arg: sp.Expr) -> sp.Expr | None:
    """log(f) by a function made for it."""
    if isinstance(arg, sp.gamma):
        # SymPy turns loggamma of an integer symbol back into log(gamma): then our own function serves.
        found = sp.loggamma(arg.args[0]) if arg.args[0].is_positive else None
        return found if isinstance(found, sp.loggamma) else log_gamma(arg.args[0])
    if isinstance(arg, sp.factorial):
        return log_gamma(arg.args[0] + 1)
    if isinstance(arg, sp.beta):
        return log_beta(*arg.args)
    if isinstance(arg, sp.binomial):
        return log_binomial(*arg.args)
    return None


def _log_one_plus(arg: sp.Expr) -> sp.Expr | None:
    if isinstance(arg, sp.Add) and arg.args[0] == 1:
        return log_one_plus(sp.Add(*arg.args[1:]))
    return None


def _is_negative(power: sp.Expr) -> bool:
    """Whether an exponent is known to be negative; SymPy is not asked about numbers."""
    return power.p < 0 if power.is_Rational else power.is_negative is True


def _is_free_power(base: sp.Expr, power: sp.Expr) -> bool:
    """Whether a power with a symbolic exponent can be written as an exponential."""
    return not power.is_number and base.is_positive is True


def _decays(base: sp.Expr) -> bool:
    """Whether the function vanishes exponentially, so that its product with an exponential may cancel."""
    return isinstance(base, (sp.besselk, sp.erfc, sp.expint, integro_exponential, complementary_erf))
