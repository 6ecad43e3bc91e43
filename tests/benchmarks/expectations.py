"""Seconds to metric and cubic tensor, beside SymPy's own integration of the same metric; one line a catalogue entry.

Run: python tests/benchmarks/expectations.py [--families gamma,beta] [--limit 60]; with --limit 0 ours alone, over the
whole catalogue.

Ours is timed on a fresh declaration, density check left out. SymPy gets the score products E[s_i s_j], one call of
integrate or summation each, in a process that is killed after the limit; its numbers are held against ours. All
seconds are of processor time, so that the load of the machine does not count.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import signal
from multiprocessing.connection import Connection
from statistics import median
from time import process_time

import numpy as np
import sympy as sp

import symgeo as sg

MOST_PARAMETERS = 4
OPEN = (sp.Integral, sp.Sum, sp.nan, sp.zoo, sp.oo, -sp.oo, sp.AccumBounds, sp.Order)


def ours(name: str) -> tuple[float, bool, sg.StatisticalModel]:
    """Seconds, whether everything is closed, and the model."""
    sp.core.cache.clear_cache()
    model = sg.catalogue.get(name)
    start = process_time()
    entries = [*model.manifold.metric.flat(), *model.manifold.cubic.flat()]
    seconds = process_time() - start
    nodes = (node for entry in entries for node in sp.preorder_traversal(sp.sympify(entry, strict=True)))
    return seconds, not any(type(node).__name__ == "Expectation" for node in nodes), model


def expectation(model: sg.StatisticalModel, f: sp.Expr) -> sp.Expr:
    """SymPy's integral or sum of f against the density, the last variable first."""
    value = f * model.density
    for variable in reversed(model.variables):
        if isinstance(model.support.sets[variable], sp.FiniteSet):
            value = sp.Add(*(value.subs(variable, v) for v in model.support.sets[variable]))
            continue
        operation = sp.summation if model.support.is_discrete(variable) else sp.integrate
        pieces = model.support.pieces[model.variables.index(variable)]
        value = sp.Add(*(operation(value, (variable, *piece.ends)) for piece in pieces))
    return value


def integrated(name: str, point: dict[sp.Symbol, sp.Rational], pipe: Connection, limit: float) -> None:
    """Child: the metric at the point by SymPy, None for an entry on which it gives up; ended after the limit."""
    spent = int(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))
    resource.setrlimit(resource.RLIMIT_CPU, (spent + int(limit), spent + int(limit) + 1))
    begin = process_time()
    model = sg.catalogue.get(name)
    score = [sp.diff(sp.log(model.density), t) for t in model.parameters]
    found: list[list[complex | None]] = []
    for i, left in enumerate(score):
        found.append([])
        for right in score[: i + 1]:
            try:
                value = expectation(model, left * right).subs(point)
                found[-1].append(None if value.has(*OPEN) else complex(sp.N(value, 20)))
            except Exception:  # SymPy may raise anything: it gives up
                found[-1].append(None)
    pipe.send((found, process_time() - begin))


def sympys(name: str, model: sg.StatisticalModel, limit: float) -> tuple[str, float]:
    """right, wrong, gives up or timeout, and the seconds spent."""
    (point,) = model.chart.interior_points(1)
    expected = sg.lambdify(model.manifold.metric)([float(point[t]) for t in model.parameters])
    ours_end, theirs_end = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.Process(target=integrated, args=(name, point, theirs_end, limit), daemon=True)
    child.start()
    theirs_end.close()
    try:
        found, seconds = ours_end.recv()
    except EOFError:  # the child has ended without an answer
        child.join()
        ended = child.exitcode in (-signal.SIGXCPU, -signal.SIGKILL)
        return ("timeout" if ended else "gives up"), limit
    child.join()
    entries = [(expected[i, j], value) for i, row in enumerate(found) for j, value in enumerate(row)]
    known = [(e, value) for e, value in entries if value is not None]
    scale = float(np.max(np.abs(expected)))
    if any(not abs(value - e) <= 1e-8 * scale for e, value in known):
        return "wrong", seconds
    return ("right" if len(known) == len(entries) else "gives up"), seconds


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--families", help="names with commas between; all small ones by default")
    options.add_argument("--limit", type=float, default=60, help="processor seconds that SymPy has for one family")
    given = options.parse_args()
    names = given.families.split(",") if given.families else sg.catalogue.names()
    print(f"{'family':26}{'ours':>9}  {'closed':8}{'SymPy':>9}  outcome")
    times: list[float] = []
    closed_times: list[tuple[float, str]] = []
    outcomes: list[str] = []
    for name in names:
        if given.limit > 0 and not given.families and len(sg.catalogue.get(name).parameters) > MOST_PARAMETERS:
            continue
        seconds, closed, model = ours(name)
        outcome, spent = sympys(name, model, given.limit) if given.limit > 0 else ("-", 0.0)
        times.append(seconds)
        outcomes.append(outcome)
        if closed:
            closed_times.append((seconds, name))
        print(f"{name:26}{seconds:9.4f}  {'yes' if closed else 'no':8}{spent:9.2f}  {outcome}", flush=True)
    slowest = max(closed_times, default=(0.0, "none"))
    print(f"ours: median {median(times):.4f} s, slowest closed {slowest[0]:.4f} s ({slowest[1]})")
    print(f"closed: {len(closed_times)} of {len(times)}; SymPy right: {outcomes.count('right')} of {len(times)}")


if __name__ == "__main__":
    main()
