"""Seconds from a declared density to its geometry, one row for every exponential family of the catalogue.

Run: python tests/benchmarks/derive_catalogue.py [name ...]

Each entry is derived ``REPEATS`` times, every time from its declaration; the median of the whole is printed, with the
parts it is made of. ``check`` is the numerical check of the density, which the other columns leave out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter

import sympy as sp

import symgeo as sg

REPEATS = 3
STEPS = ("declare", "metric", "inverse", "cubic", "christoffel", "curvature")
SIZES = ("categorical(12)", "dirichlet(8)", "multivariate_normal(3)")


def timed(step: Callable[[], object]) -> tuple[float, object]:
    start = perf_counter()
    result = step()
    return perf_counter() - start, result


def once(name: str) -> list[float]:
    """Seconds of each step for one fresh declaration."""
    sp.core.cache.clear_cache()
    alpha = sp.Symbol("alpha", real=True)
    declare, model = timed(lambda: sg.catalogue.get(name))
    metric, manifold = timed(lambda: model.manifold)
    inverse, _ = timed(lambda: manifold.inverse_metric)
    cubic, _ = timed(lambda: manifold.cubic.nonzero())
    christoffel, _ = timed(lambda: manifold.connection(alpha).christoffel)
    curvature, _ = timed(lambda: manifold.connection(0).scalar_curvature)
    return [declare, metric, inverse, cubic, christoffel, curvature]


def check_seconds(name: str) -> float:
    model = sg.catalogue.get(name)
    again = dict(support=model.support.sets, domain=model.domain, constraints=model.constraints)
    sg.StatisticalModel(model.density, model.variables, model.parameters, **again)
    spent, _ = timed(lambda: sg.StatisticalModel(model.density, model.variables, model.parameters, **again))
    return spent


def main(names: list[str]) -> None:
    print(f"{'family':26}{'total':>9}" + "".join(f"{s:>12}" for s in STEPS) + f"{'check':>12}")
    exponential = [name for name in sg.catalogue.names() if sg.catalogue.get(name).exponential_family is not None]
    for name in names or [*exponential, *SIZES]:
        rows = [once(name) for _ in range(REPEATS)]
        parts = [median(column) for column in zip(*rows, strict=True)]
        total = median(sum(row) for row in rows)
        cells = "".join(f"{s:12.4f}" for s in [*parts, check_seconds(name)])
        print(f"{name:26}{total:9.4f}{cells}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
