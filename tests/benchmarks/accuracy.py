"""Digits of generated functions: worst relative errors over the catalogue, against proven values to many digits.

Run: python tests/benchmarks/accuracy.py [--families gamma,beta] [--objects metric,christoffel] [--points 40] [--seed 0]
     [--backend numpy]

Parameters are drawn from 1e-4 to 1e8 above a finite end, of either sign on the line, and as near as 1e-4 to the ends of
a bounded interval. ``own`` is the worst error of a component relative to itself, ``natural`` the worst relative to the
size a component may have, sqrt(g_ii g_jj / g_kk) for a Christoffel symbol Gamma^k_ij, 1 for the scalar curvature.
Components that are zero, or beyond the normal range of a float, are left out. What has no closed form is integrated
when called and listed as such.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import mpmath
import numpy as np
import sympy as sp
from flint import arb, ctx

import symgeo as sg
from symgeo.codegen.backends import BACKENDS
from symgeo.codegen.balls import Program
from symgeo.codegen.numeric_node import nodes_in

# Bits; the first two where a function has to be evaluated by mpmath.
PRECISIONS = (256, 512, 1024, 2048, 4096)
DIGITS = 30
LARGEST, SMALLEST = sys.float_info.max, sys.float_info.min

OBJECTS: dict[str, Callable[[Any], Any]] = {
    "metric": lambda manifold: manifold.metric,
    "christoffel": lambda manifold: manifold.connection(0).christoffel,
    "christoffel(1)": lambda manifold: manifold.connection(1).christoffel,
    "curvature": lambda manifold: manifold.connection(0).scalar_curvature,
    "riemann": lambda manifold: manifold.connection(0).riemann,
}


@dataclass
class Worst:
    """The largest error met so far, and where."""

    error: float = 0.0
    place: str = ""

    def meet(self, error: float, place: str) -> None:
        if not error <= self.error:  # nan is worst
            self.error, self.place = error, place


def points(model: Any, count: int, rng: np.random.Generator) -> np.ndarray:
    """Points of the domain, (count, n); fewer where the constraints leave little room."""
    box = [(_end(model.domain[p].inf), _end(model.domain[p].sup)) for p in model.parameters]
    found: list[list[float]] = []
    for attempt in range(200 * count):
        if len(found) == count:
            break
        # Off-diagonal entries and the like must be small next to others.
        shrink = 10.0 ** -rng.uniform(0, 12) if model.constraints and attempt % 2 else 1.0
        point = [_drawn(low, high, shrink, rng) for low, high in box]
        at = dict(zip(model.parameters, map(_exact, point), strict=True))
        if all(c.subs(at) is sp.true for c in model.constraints):
            found.append(point)
    return np.array(found).reshape(-1, len(box))


def _exact(value: float) -> sp.Rational:
    return sp.Rational(*value.as_integer_ratio())


def _end(value: sp.Expr) -> float:
    return float(value)


def _drawn(low: float, high: float, shrink: float, rng: np.random.Generator) -> float:
    size = 10.0 ** rng.uniform(-4, 8)
    if np.isfinite(low) and np.isfinite(high):
        part = (high - low) * 0.5 * 10.0 ** rng.uniform(-4, 0)
        return low + part if rng.random() < 0.5 else high - part
    if np.isfinite(low):
        return low + size
    if np.isfinite(high):
        return high - size
    return float(rng.choice([-1.0, 1.0])) * size * shrink


def exact_values(expressions: Sequence[sp.Expr], symbols: Sequence[sp.Symbol], points: np.ndarray) -> list[list[Any]]:
    """Values to ``DIGITS`` digits, one row a point: balls whose radius proves it; zero where none is proven."""
    program = Program(expressions, symbols)
    rows: list[list[Any]] = [[None] * len(expressions) for _ in points]
    before = ctx.prec
    precisions = PRECISIONS if program.native else PRECISIONS[:2]
    for precision in precisions:
        ctx.prec = precision
        function = program.bind()
        for row, point in zip(rows, points, strict=True):
            if all(value is not None for value in row):
                continue
            for i, ball in enumerate(function([arb(float(c)) for c in point])):
                if row[i] is None and ball.is_finite() and ball.rel_accuracy_bits() > 3.33 * DIGITS:
                    row[i] = _number(ball)
                elif row[i] is None and precision == precisions[-1]:
                    row[i] = mpmath.mpf(0)  # zero, or not known
    ctx.prec = before
    return rows


def _number(ball: arb) -> Any:
    mantissa, exponent = ball.mid().man_exp()
    return mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))


def _scale(index: tuple[int, ...], kind: str, lengths: Sequence[Any]) -> Any:
    """What a component would be of an object of size one in an orthonormal frame."""
    if not index:
        return mpmath.mpf(1)
    upper, lower = ((), index) if kind == "metric" else (index[:1], index[1:])
    return mpmath.fprod(lengths[i] for i in lower) / mpmath.fprod(lengths[i] for i in upper)


def errors(tensor: Any, kind: str, metric: Any, at: np.ndarray, backend: str) -> tuple[Worst, Worst]:
    """The worst errors relative to the component itself and to its natural size."""
    shape = tuple(getattr(tensor, "shape", ()))
    flat = list(tensor.flat()) if shape else [tensor]
    computed = sg.lambdify(tensor, metric.coordinates, backend)(at).reshape(len(at), -1)
    distinct = list(dict.fromkeys(e for e in flat if e != 0))
    n = len(metric.coordinates)
    exact = exact_values([*distinct, *(metric[i, i] for i in range(n))], metric.coordinates, at)
    own, natural = Worst(), Worst()
    with mpmath.workdps(DIGITS):
        for point, values, row in zip(at, computed, exact, strict=True):
            true = dict(zip(distinct, row, strict=False))
            lengths = [mpmath.sqrt(abs(g)) for g in row[len(distinct) :]]
            for index, expr, value in zip(product(*map(range, shape)), flat, values, strict=True):
                expected = true.get(expr, 0)
                if not SMALLEST < abs(expected) < LARGEST:
                    continue
                place = f"{list(index)} at {', '.join(f'{c:.4g}' for c in point)}"
                difference = abs(mpmath.mpf(float(value)) - expected)
                own.meet(float(difference / abs(expected)), place)
                size = max(abs(expected), _scale(index, kind, lengths)) if all(lengths) else abs(expected)
                natural.meet(float(difference / size), place)
    return own, natural


def rows(name: str, objects: Sequence[str], count: int, seed: int, backend: str) -> Iterator[tuple[str, str]]:
    """(object, its row) of a family."""
    model = sg.catalogue.get(name)
    manifold = model.manifold
    at = points(model, count, np.random.default_rng(seed))
    for kind in objects:
        if manifold.dim == 1 and kind in ("curvature", "riemann"):
            continue
        tensor = OBJECTS[kind](manifold)
        flat = list(tensor.flat()) if hasattr(tensor, "flat") else [tensor]
        if nodes_in([*flat, *manifold.metric.flat()]):
            yield kind, "integrated"
        elif any(flat):
            own, natural = errors(tensor, kind.partition("(")[0], manifold.metric, at, backend)
            yield kind, f"{own.error:9.1e} {natural.error:9.1e}   {own.place}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--families", default="", help="comma-separated names; all of the catalogue if left out")
    parser.add_argument("--objects", default="metric,christoffel,curvature", help=f"of {', '.join(OBJECTS)}")
    parser.add_argument("--points", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--backend", default="numpy", choices=BACKENDS)
    given = parser.parse_args()
    if given.backend == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
    print(f"{'family':28}{'object':15}{'own':>9} {'natural':>9}   worst component")
    for name in given.families.split(",") if given.families else sg.catalogue.names():
        for kind, row in rows(name, given.objects.split(","), given.points, given.seed, given.backend):
            print(f"{name:28}{kind:15}{row}", flush=True)


if __name__ == "__main__":
    main()
