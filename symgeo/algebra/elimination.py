"""Closed-form inversion of a smooth map by bounded elimination: no statistics, no general-purpose solver.

f(u) = y is solved in rounds. A round names the transcendental pieces as *atoms*, so that every equation is a
polynomial; passes to the monomials through which the equations see the atoms (sigma only as sigma^2, rho only
as rho sigma tau), which settles most radicals and signs; eliminates, keeping of a reducible polynomial the
factor that vanishes at the sample; and goes back to the atoms and undoes their heads.
"""

from __future__ import annotations

import contextlib
import functools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import flint
import mpmath
import sympy as sp

from symgeo.errors import NoClosedFormError

_DIGITS = 50  # of the numbers that choose branches and factors
_TERMS = 800  # a pivot that makes a polynomial longer than this is refused
_PIVOTS = 4  # linear pivots tried before elimination gives up
Row = Sequence[sp.Expr]
Sample = Sequence[Mapping[sp.Symbol, Any]]
Equation = tuple[sp.Expr, sp.Expr]  # the left side holds unknowns, the right side targets
Fraction = tuple[Any, Any]  # numerator and denominator in one FLINT context
Point = dict[sp.Expr, Any]  # the values of all expressions met so far


def invert_map(functions: Row, unknowns: Row, targets: Row, sample: Sample) -> tuple[sp.Expr, ...] | None:
    """The n unknowns as expressions in the n targets, such that functions(unknowns) = targets, or None.

    ``sample`` holds interior points {unknown: rational}. They choose the branches, so they should reach all
    the domain; an answer is returned only if right at each. Other symbols are constants, to which a sample
    point may give values. Raises ValueError where the lengths differ or the sample is empty.
    """
    if not len(functions) == len(unknowns) == len(targets) or not sample:
        raise ValueError("invert_map needs one function and one target for each unknown, and a sample point.")
    answers: dict[sp.Symbol, sp.Expr] = {}
    with mpmath.workdps(_DIGITS), contextlib.suppress(NoClosedFormError, ZeroDivisionError):
        exact = [f.xreplace({x: sp.Rational(str(x)) for x in f.atoms(sp.Float)}) for f in functions]
        points = [_completed(given, exact, targets) for given in sample]
        equations = [_exponentiated(*e) for e in _decoupled(exact, list(targets))]
        while open_ := set(unknowns) - answers.keys():
            solved = [_exponentiated(*e) for e in _Round(equations, open_, answers, points).solve()]
            new = [e for e in solved if e[0] in open_ or e[0] not in dict(equations)]
            if not new:
                return None
            answers |= {left: right for left, right in new if left in open_}
            equations = [e for e in equations + new if e[0].free_symbols & open_ - answers.keys()]
        if all(_agree(_values(answers[u], points), _values(u, points)) for u in unknowns):
            return tuple(answers[u] for u in unknowns)
    return None


def _completed(given: Mapping[sp.Symbol, Any], functions: Row, targets: Row) -> Point:
    """A sample point with values of the constants and of the targets."""
    symbols = set().union(*(f.free_symbols for f in functions))
    exact = {s: 7 + k for k, s in enumerate(sorted(symbols, key=str))} | dict(given)
    point: Point = {s: mpmath.mpf(sp.Rational(v).evalf(_DIGITS)) for s, v in exact.items()}
    return point | {y: _value(f, point) for y, f in zip(targets, functions, strict=True)}


def _value(e: sp.Expr, point: Point) -> Any:
    """The real value of an expression at a point, which remembers it."""
    if e not in point:
        if e.is_Add or e.is_Mul:
            point[e] = (mpmath.fsum if e.is_Add else mpmath.fprod)([_value(a, point) for a in e.args])
        elif e.is_Pow and e.exp.is_Integer:
            point[e] = _value(e.base, point) ** int(e.exp)
        else:
            values = {s: sp.Float(point[s], _DIGITS) for s in e.free_symbols}
            number = e.evalf(_DIGITS, subs=values) if e.is_Function or e.is_Pow or e.is_number else sp.nan
            if not (number.is_Float or number.is_Rational):
                raise NoClosedFormError(f"{e} has no value, or none that is real, at a sample point")
            point[e] = mpmath.mpf(number)
    return point[e]


def _values(e: sp.Expr, points: list[Point]) -> list[Any]:
    return [_value(e, point) for point in points]


def _agree(values: list[Any], truths: list[Any]) -> bool:
    return all(abs(v - t) <= mpmath.mpf("1e-25") * (1 + abs(t)) for v, t in zip(values, truths, strict=True))


def _decoupled(functions: list[sp.Expr], targets: list[sp.Expr]) -> list[Equation]:
    """Rational linear combinations of the equations that hold fewer terms, if row reduction finds them."""
    split = [sp.expand_log(f, force=True) if f.has(sp.log) else f for f in functions]
    terms = [dict(t.as_coeff_Mul()[::-1] for t in sp.Add.make_args(f)) for f in split]
    columns, n = list(dict.fromkeys(rest for t in terms for rest in t)), len(functions)
    table = [[t.get(c, sp.S.Zero) for c in columns] + list(sp.eye(n)[i, :]) for i, t in enumerate(terms)]
    rows = sp.Matrix(table).rref(pivots=False).tolist()
    reduced = sp.Matrix([[x * sp.ilcm(1, *(y.q for y in row[-n:])) for x in row] for row in rows])
    lefts, rights = reduced[:, :-n], reduced[:, -n:] * sp.Matrix(targets)
    if sum(x != 0 for x in lefts) >= sum(map(len, terms)) or sp.Matrix(columns).has(sp.I):
        return list(zip(functions, targets, strict=True))
    return list(zip(lefts * sp.Matrix(columns), rights, strict=True))


def _exponentiated(left: sp.Expr, right: sp.Expr) -> Equation:
    """Hyperbolic functions as exponentials, a rational combination of logarithms as a product of powers."""
    left = left.xreplace({e: e.rewrite(sp.exp) for e in left.atoms(sp.sinh, sp.cosh, sp.coth)})
    constant, rest = left.as_independent(*left.free_symbols, as_Add=True)
    pairs = [term.as_coeff_Mul() for term in sp.Add.make_args(rest)]
    if not all(isinstance(f, sp.log) for _, f in pairs):
        return left, right
    scale = sp.Rational(math.lcm(*(int(c.q) for c, _ in pairs)), math.gcd(*(int(c.p) for c, _ in pairs)))
    return sp.Mul(*(f.args[0] ** (c * scale) for c, f in pairs)), sp.exp(scale * (right - constant))


class _Atoms:
    """Expressions as rational functions of dummies for ``atoms``; ``steps`` is right once all were read."""

    def __init__(self, unknowns: set[sp.Symbol], steps: Counter[sp.Expr]):
        self.unknowns, self.steps = unknowns, steps  # the common denominator of each base's exponents
        self.atoms: dict[sp.Expr, sp.Dummy] = {}
        self.relations: list[sp.Expr] = []
        self.rewrite = functools.cache(self._rewrite)

    def _rewrite(self, e: sp.Expr) -> sp.Expr:
        base, exponent = e.as_base_exp()
        rooted = exponent.is_Rational and (self.steps[base] > 1 or exponent.q > 1)
        if e.is_Rational:
            return e
        if e.is_Add or e.is_Mul or (e.is_Pow and exponent.is_Integer and not rooted):
            return e.func(*map(self.rewrite, e.args))
        if isinstance(e, sp.exp):
            parts: dict[sp.Expr, sp.Expr] = {}
            for term in sp.Add.make_args(sp.expand(e.exp)):
                known, unknown = term.as_independent(*self.unknowns, as_Add=False)
                parts[unknown] = parts.get(unknown, sp.S.Zero) + known
            pairs = [(*c.as_coeff_Mul(), unknown) for unknown, c in parts.items()]
            return sp.Mul(*(self._power(sp.exp(known * unknown), c) for c, known, unknown in pairs))
        if isinstance(e, sp.sin | sp.cos) and not self.atoms.keys() & {sp.sin(e.args[0]), sp.cos(e.args[0])}:
            self.relations.append(self.atom(sp.sin(e.args[0])) ** 2 + self.atom(sp.cos(e.args[0])) ** 2 - 1)
        return self._power(base, exponent) if rooted else self.atom(e)

    def _power(self, base: sp.Expr, exponent: sp.Rational) -> sp.Expr:
        step = self.steps[base] = math.lcm(self.steps[base] or 1, int(exponent.q))
        root = base ** sp.Rational(1, step)
        plain = base.is_Symbol or base.is_NumberSymbol or isinstance(base, sp.exp)
        if step > 1 and root not in self.atoms and not plain:
            inner = self.atom(base) if base.is_Function else self.rewrite(base)
            self.relations.append(self.atom(root) ** step - inner)
        return self.atom(root) ** (exponent * step)

    def atom(self, e: sp.Expr) -> sp.Dummy:
        return self.atoms.setdefault(e, sp.Dummy())


class _Round:
    """Equations as polynomials over monomials w of the atoms and over known generators, and what they give.

    The generators are m monomials, known quantities, m spares for radicals. What is solved is a *product* of
    powers of positive dummies, which stand for ``factors``; signs are settled at the sample points.
    """

    def __init__(self, equations: list[Equation], unknowns: set, answers: dict, points: list[Point]):
        self.points, self.unknowns, self.answers = points, unknowns, answers
        steps: Counter[sp.Expr] = Counter()
        for _ in range(2):
            atoms = _Atoms(unknowns, steps)
            pairs = [(atoms.rewrite(left), atoms.atom(right)) for left, right in equations]
        known = [a for a in atoms.atoms if not a.free_symbols & unknowns]
        sources = [a for a in atoms.atoms if a.free_symbols & unknowns]  # roots fall on the last, so positive last
        self.sources = sorted(sources, key=lambda a: min(_values(a, points)) > 0)
        self.m = len(self.sources)
        self.outputs = [sp.S.Zero] * self.m + [k.xreplace(answers) for k in known]
        self.values = [_values(e, points) for e in self.sources + known]
        self.factors: dict[sp.Expr, sp.Dummy] = {}
        self.solved: dict[int, Fraction] = {}
        self.ring = flint.fmpq_mpoly_ctx.get([f"g{k}" for k in range(len(self.outputs) + self.m)], "lex")
        self._gens = {atoms.atoms[e]: g for e, g in zip(self.sources + known, self.ring.gens(), strict=False)}
        self.fraction = functools.cache(self._fraction)
        fractions = [(*self.fraction(left), self._gens[right]) for left, right in pairs]
        self.polys = [n - y * d for n, d, y in fractions] + [self.fraction(r)[0] for r in atoms.relations]
        self._to_lattice()

    def _fraction(self, e: sp.Expr) -> Fraction:
        if e.is_Rational:
            return self.ring.constant(int(e.p)), self.ring.constant(int(e.q))
        if e.is_Symbol:
            return self._gens[e], self.ring.constant(1)
        if e.is_Pow:
            n, d = self.fraction(e.base)[:: 1 if e.exp > 0 else -1]
            return n ** abs(int(e.exp)), d ** abs(int(e.exp))
        n, d = self.fraction(e.args[0])
        for up, down in map(self.fraction, e.args[1:]):
            n, d = _cancel(n * up if e.is_Mul else n * down + up * d, d * down)
        return n, d

    def _to_lattice(self) -> None:
        """Pass from atoms a to monomials w_i = prod_j a_j^H_ij, H upper triangular, that generate all."""
        m, rows = self.m, set()
        for poly in self.polys:
            first, *others = ([int(k) for k in e[:m]] for e in poly.monoms())
            rows |= {tuple(a - b for a, b in zip(e, first, strict=True)) for e in others}
        lattice = flint.fmpz_mat([list(row) for row in rows] or [[0] * m]).hnf().tolist()[:m]
        if len(lattice) < m or not all(lattice[i][i] for i in range(m)):
            lattice = flint.fmpz_mat([[int(i == j) for j in range(m)] for i in range(m)]).tolist()
        self.lattice = [[int(h) for h in row] for row in lattice]
        self.polys = [self._in_lattice(p) for p in self.polys]
        self.values[:m] = [[mpmath.fprod(map(pow, at, row)) for at in zip(*self.values[:m], strict=True)]
                           for row in self.lattice]  # fmt: skip

    def _in_lattice(self, poly: Any) -> Any:
        monoms, m = [[int(k) for k in e] for e in poly.monoms()], self.m
        moved = flint.fmpq_mat([[x - y for x, y in zip(e[:m], monoms[0], strict=False)] for e in monoms])
        rows = [[int(x.p) for x in row] for row in (moved * flint.fmpq_mat(self.lattice).inv()).tolist()]
        low = [min(column) for column in zip(*rows, strict=True)]
        keys = [(*map(int.__sub__, row, low), *e[m:]) for row, e in zip(rows, monoms, strict=True)]
        return self.ring.from_dict(dict(zip(keys, poly.coeffs(), strict=True)))

    def at(self, poly: Any) -> list[Any]:
        """The values of a polynomial at the sample points; what rounding alone can explain is zero."""
        terms = [(c, [(k, int(e)) for k, e in enumerate(es) if e]) for es, c in poly.terms()]
        result: list[Any] = []
        for at in zip(*self.values, strict=True):
            parts = [int(c.p) * mpmath.fprod(at[k] ** e for k, e in es) / int(c.q) for c, es in terms]
            total, size = mpmath.fsum(parts), mpmath.fsum(parts, absolute=True)
            result.append(total if abs(total) > mpmath.mpf("1e-30") * size else 0)
        return result

    def _inside(self, poly: Any) -> list[int]:
        return [j for j, degree in enumerate(poly.degrees()[: self.m]) if degree]

    def _relevant(self, polys: list[Any]) -> list[Any]:
        """Of each polynomial that holds unknowns, the factor that vanishes at the sample points."""
        result = []
        for poly in polys:
            if poly and self._inside(poly):
                factors = [f for f, _ in poly.factor()[1] if self._inside(f)]
                factors = [f for f in factors if len(factors) == 1 or not any(self.at(f))]
                if not factors:
                    raise NoClosedFormError("the sample points lie on different branches")
                result.append(min(factors, key=len))
        return result

    def _step(self) -> bool:
        uses = [sum(int(p.degrees()[j]) * len(p) for p in self.polys) for j in range(self.m)]
        candidates = []
        for number, poly in enumerate(self.polys):
            inside = self._inside(poly)
            if len(inside) == 1 and (root := self._root(poly, inside[0])) is not None:
                return self._replace(inside[0], root)
            candidates += [(len(poly) * uses[j], number, j) for j in inside if poly.degrees()[j] == 1]
        for _, number, j in sorted(candidates)[:_PIVOTS]:
            c = _coefficients(self.polys[number], j)
            if all(self.at(c[1])) and self._replace(j, (-c.get(0, 0 * c[1]), c[1])):
                return True
        return False

    def _replace(self, j: int, root: Fraction) -> bool:
        """Put w_j = root everywhere, unless a polynomial grows beyond the limit."""
        changed = [_substitute(p, j, *root) for p in self.polys if p.degrees()[j]]
        if any(len(p) > _TERMS for p in changed):
            return False
        self.polys = [p for p in self.polys if not p.degrees()[j]] + self._relevant(changed)
        self.solved = {i: _composed(*f, j, *root) for i, f in self.solved.items()} | {j: root}
        return True

    def _root(self, poly: Any, j: int) -> Fraction | None:
        """The root of a polynomial in w_j alone that fits the sample: linear, power, quadratic in one."""
        c, truths, one = _coefficients(poly, j), self.values[j], self.ring.constant(1)
        step = math.gcd(*c)
        if max(c) == 1:
            return -c.get(0, 0 * one), c[1]
        if max(c) > 2 * step:
            return None
        if max(c) == step:
            power = self.product(-c[0], c[step])
        else:
            a, b, z = c[2 * step], c[step], c[0]
            slopes = [2 * u * t**step + v for u, v, t in zip(self.at(a), self.at(b), truths, strict=True)]
            radical = self.signed(sp.sqrt(self.product(b * b - 4 * a * z, one)), slopes)
            a_, b_, z_ = map(self.expression, (a, b, z))  # the second form holds where a is zero too
            power = self._factor((radical - b_) / (2 * a_) if a.is_constant() else -2 * z_ / (b_ + radical))
        self.outputs.append(self.signed(power ** sp.Rational(1, step), truths))
        self.values.append(truths)
        return self.ring.gens()[len(self.outputs) - 1], one

    def expression(self, poly: Any) -> sp.Expr:
        terms = [(sp.Rational(int(c.p), int(c.q)), map(int, es)) for es, c in poly.terms()]
        return sp.Add(*(c * sp.Mul(*map(pow, self.outputs, es)) for c, es in terms))

    def _factor(self, e: sp.Expr) -> sp.Dummy:
        return self.factors.setdefault(e, sp.Dummy(positive=True))

    def product(self, n: Any, d: Any) -> sp.Expr:
        """A fraction of known generators as a product, factors positive where they keep one sign."""
        result = sp.S.One
        for poly, way in ((n, 1), (d, -1)):
            content, factors = poly.factor()
            keys = [(self.expression(-f if max(self.at(f)) < 0 else f), int(e)) for f, e in factors]
            keys.append((sp.Rational(abs(int(content.p)), int(content.q)), 1))
            result *= sp.Mul(*(self._factor(key) ** (way * e) for key, e in keys))
        return result

    def _parts(self, product: sp.Expr) -> tuple[sp.Expr, list[tuple[sp.Expr, sp.Rational]], int]:
        """The exponent of its exponentials, its other factors with exponents, and the degree of its root."""
        meaning = {dummy: e for e, dummy in self.factors.items()}
        powers = [(meaning.get(d, d), e) for d, e in product.as_powers_dict().items()]
        linear = sp.Add(*(e * f.exp for f, e in powers if isinstance(f, sp.exp)))
        others = [(f, e) for f, e in powers if not isinstance(f, sp.exp)]
        return linear, others, math.lcm(*(int(e.q) for _, e in others))

    def written(self, product: sp.Expr) -> sp.Expr:
        """Whole powers and numbers outside, what is left of the exponents under one root."""
        linear, powers, degree = self._parts(product)
        triples = [(f, e, e if f.is_number else int(e)) for f, e in powers]
        inside = sp.Mul(*(f ** ((e - whole) * degree) for f, e, whole in triples))
        outside = sp.exp(linear) * sp.Mul(*(f**whole for f, _, whole in triples))
        return outside * inside ** sp.Rational(1, degree)

    def signed(self, product: sp.Expr, truths: list[Any]) -> sp.Expr:
        """The product, or minus it, whichever is right at all sample points."""
        for expression in (self.written(product), -self.written(product)):
            if _agree(_values(expression, self.points), truths):
                return expression
        raise NoClosedFormError("no branch is right at all sample points")

    def solve(self) -> list[Equation]:
        """Equations (unknown or inner expression, value) that follow from the atoms found."""
        atoms: dict[sp.Expr, sp.Expr] = {}
        self.polys = self._relevant(self.polys)
        while self._step():
            pass
        found = {j: f for j, f in self.solved.items() if not self._inside(f[0]) and not self._inside(f[1])}
        for i, (source, row) in reversed(list(enumerate(zip(self.sources, self.lattice, strict=True)))):
            later = {self.sources[j]: row[j] for j in range(i + 1, self.m) if row[j]}
            if i in found and all(a in atoms for a in later):
                others = sp.Mul(*(atoms[a] ** -h for a, h in later.items()))
                atoms[source] = (self.product(*found[i]) * others) ** sp.Rational(1, row[i])
        return [e for a, product in atoms.items() if (e := self._peeled(a, product, atoms)) is not None]

    def _peeled(self, atom: sp.Expr, product: sp.Expr, atoms: dict[sp.Expr, sp.Expr]) -> Equation | None:
        """The equation atom = product with the head of the atom undone."""
        inner = atom.args[0] if atom.args else atom
        if isinstance(atom, sp.exp):
            return inner, self._logarithm(product)
        if isinstance(atom, sp.sin | sp.cos):
            sides = [(side, atoms[side]) for side in (sp.sin(inner), sp.cos(inner)) if side in atoms]
            return (inner, self._angle(*sides)) if len(sides) == 2 else None
        if atom.is_Pow and atom.exp.is_Rational:
            return inner, self.signed(product ** (1 / atom.exp), _values(inner, self.points))
        value = self.signed(product, _values(atom, self.points))
        if atom.is_Symbol:
            return atom, value
        if atom.is_Pow and not atom.exp.free_symbols & self.unknowns:
            return inner, value ** (1 / atom.exp.xreplace(self.answers))
        if atom.is_Pow and not inner.free_symbols & self.unknowns:
            return atom.exp, sp.log(value) / sp.log(inner.xreplace(self.answers))
        return (inner, atom.inverse()(value)) if hasattr(atom, "inverse") else None

    def _logarithm(self, product: sp.Expr) -> sp.Expr:
        """The logarithm of a positive product: exponentials come out, the rest stays under one logarithm."""
        linear, powers, degree = self._parts(product)
        return linear + sp.log(sp.Mul(*(f ** (degree * e) for f, e in powers))) / degree

    def _angle(self, sine: Equation, cosine: Equation) -> sp.Expr:
        """atan2 of sine and cosine, both freed of their common factors."""
        powers = cosine[1].as_powers_dict()
        common = sp.Mul(*(f ** min(e, powers[f]) for f, e in sine[1].as_powers_dict().items() if f in powers))
        scale = self.written(common)
        sides = (self.signed(p / common, _values(side / scale, self.points)) for side, p in (sine, cosine))
        return sp.atan2(*sides)


def _cancel(n: Any, d: Any) -> Fraction:
    common = n.gcd(d)
    return n / common, d / common


def _coefficients(poly: Any, j: int) -> dict[int, Any]:  # by the power of generator j
    parts: dict[int, dict] = {}
    for exponents, c in poly.terms():
        parts.setdefault(int(exponents[j]), {})[(*exponents[:j], 0, *exponents[j + 1 :])] = c
    return {k: poly.context().from_dict(part) for k, part in parts.items()}


def _substitute(poly: Any, j: int, n: Any, d: Any) -> Any:
    """The numerator of poly with n/d for generator j: the sum of c_i n^i d^(degree - i), by Horner's rule."""
    c = _coefficients(poly, j)
    result, power = 0 * n, 0 * n + 1
    for i in range(max(c, default=0), -1, -1):
        result, power = result * n + c.get(i, 0) * power, power * d
    return result


def _composed(n: Any, d: Any, j: int, up: Any, down: Any) -> Fraction:
    extra = int(d.degrees()[j]) - int(n.degrees()[j])
    n, d = _substitute(n, j, up, down), _substitute(d, j, up, down)
    return _cancel(n * down ** max(extra, 0), d * down ** max(-extra, 0))
