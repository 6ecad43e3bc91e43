"""Seconds from a declared density to its exact geometry, beside EinsteinPy, with the growth of the cost.

Run: python tests/benchmarks/exact_geometry.py [--peer] [--growth docs/images/growth.png] [case ...]

Each case runs in a process of its own, on one core: first a normal family as a warm-up, then ``REPEATS`` times from
the declared density to the metric, its inverse, the cubic tensor, the Christoffel symbols of the second kind
(alpha = 0) and the scalar curvature, each time with SymPy's cache emptied. The median is printed, with the process's
peak memory.
``--peer`` installs EinsteinPy from the package index into a virtual environment of its own and times its Christoffel
symbols and Ricci scalar, from the metric on, beside the same steps here and beside the whole way here.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter

import sympy as sp

REPEATS = 5
STEPS = ("declare", "metric", "inverse", "cubic", "christoffel", "scalar")
CASES = {
    "normal": 0.02,
    "gamma": 0.03,
    "beta": 0.05,
    "dirichlet(3)": 0.1,
    "bivariate_normal": 0.1,
    "multivariate_normal(3)": 0.3,
    "zero_mean_normal(4)": 0.7,
    "multivariate_normal(4)": 1.0,
    "multivariate_normal(5)": 20.0,
    "dirichlet(8)": 1.0,
    "categorical(12)": 1.0,
}
PEER = ("normal", "gamma", "beta")
GROWTH = {
    "multivariate_normal": range(1, 6),
    "dirichlet": range(2, 13),
    "categorical": range(2, 21),
}
ONE_CORE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def declared(name: str) -> dict:
    """The arguments of a declaration, the density already written."""
    import symgeo as sg

    if name.startswith("zero_mean_normal"):
        d = int(name[17:-1])
        model = sg.catalogue.multivariate_normal(d)
        means = dict.fromkeys(model.parameters[:d], 0)
        density, parameters = model.density.subs(means), model.parameters[d:]
        return {"args": (density, model.variables, parameters), "constraints": model.constraints}
    model = sg.catalogue.get(name)
    return {
        "args": (model.density, model.variables, model.parameters),
        "support": dict(model.support.sets),
        "domain": model.domain,
        "constraints": model.constraints,
    }


def derive(declaration: dict) -> tuple[list[float], sp.Expr]:
    """Seconds of each step, and the scalar curvature."""
    import symgeo as sg

    sp.core.cache.clear_cache()
    times = [perf_counter()]
    given = {k: v for k, v in declaration.items() if k != "args"}
    model = sg.StatisticalModel(*declaration["args"], **given, check=False)
    times.append(perf_counter())
    manifold = model.manifold
    times.append(perf_counter())
    manifold.inverse_metric  # noqa: B018
    times.append(perf_counter())
    manifold.cubic  # noqa: B018
    times.append(perf_counter())
    connection = manifold.connection(0)
    connection.christoffel  # noqa: B018
    times.append(perf_counter())
    scalar = connection.scalar_curvature
    times.append(perf_counter())
    return [b - a for a, b in pairwise(times)], scalar


def run_case(name: str) -> dict:
    """In a process of its own: the steps' seconds, the total, the peak memory."""
    import resource

    derive(declared("normal"))
    declaration = declared(name)
    rows, scalar = [], None
    for _ in range(REPEATS):
        steps, scalar = derive(declaration)
        rows.append(steps)
        if sum(steps) > 2:
            break
    text = str(scalar)
    return {
        "steps": [median(column) for column in zip(*rows, strict=True)],
        "total": median(sum(row) for row in rows),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "scalar": text if len(text) < 12 else f"{len(text)} characters",
    }


def in_own_process(name: str, python: str = sys.executable, flag: str = "--one") -> dict:
    command = [python, __file__, flag, name]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **ONE_CORE})
    return json.loads(done.stdout.splitlines()[-1])


def peer_metric(name: str) -> tuple[list[list[sp.Expr]], list[sp.Symbol]]:
    """The Fisher metric as EinsteinPy's user has to type it."""
    a, b = sp.symbols("a b", positive=True)
    one = sp.polygamma
    return {
        "normal": [[1 / b**2, 0], [0, 2 / b**2]],
        "gamma": [[one(1, a), 1 / b], [1 / b, a / b**2]],
        "beta": [[one(1, a) - one(1, a + b), -one(1, a + b)], [-one(1, a + b), one(1, b) - one(1, a + b)]],
    }[name], [a, b]


def run_peer(name: str) -> dict:
    """EinsteinPy from the metric to the Christoffel symbols and the scalar curvature."""
    from einsteinpy.symbolic import ChristoffelSymbols, MetricTensor, RicciScalar, RicciTensor, RiemannCurvatureTensor

    seconds = []
    for _ in range(3):
        sp.core.cache.clear_cache()
        rows, symbols = peer_metric(name)
        start = perf_counter()
        symbols_of_metric = ChristoffelSymbols.from_metric(MetricTensor(rows, symbols))
        riemann = RiemannCurvatureTensor.from_christoffels(symbols_of_metric)
        RicciScalar.from_riccitensor(RicciTensor.from_riemann(riemann)).tensor()
        seconds.append(perf_counter() - start)
    return {"total": median(seconds)}


def peer_python(folder: str) -> str:
    """An interpreter with EinsteinPy, in a virtual environment made for this run."""
    venv.create(folder, with_pip=True)
    python = str(Path(folder, "bin", "python"))
    packages = ["einsteinpy==0.5.0", f"sympy=={sp.__version__}"]
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    return python


def compare_with_peer(results: dict[str, dict]) -> None:
    """Ratios: EinsteinPy's seconds over ours, from the metric on and from the density on."""
    with tempfile.TemporaryDirectory() as folder:
        python = peer_python(folder)
        print(f"\n{'EinsteinPy 0.5.0':26}{'EinsteinPy':>12}{'symgeo':>12}{'ratio':>9}{'whole way':>12}{'ratio':>9}")
        for name in PEER:
            here = results.get(name) or in_own_process(name)
            there = in_own_process(name, python, "--one-peer")["total"]
            part = sum(here["steps"][STEPS.index(s)] for s in ("inverse", "christoffel", "scalar"))
            ratios = there / part, there / here["total"]
            print(f"{name:26}{there:12.3f}{part:12.4f}{ratios[0]:9.0f}{here['total']:12.4f}{ratios[1]:9.0f}")


def growth(path: str) -> None:
    """The cost against the number of parameters, printed and drawn."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 4.2), layout="constrained")
    print(f"\n{'growth':26}{'parameters':>12}{'seconds':>12}{'MB':>8}")
    labels = {
        "multivariate_normal": "normal in d dimensions",
        "dirichlet": "Dirichlet(k)",
        "categorical": "categorical(k)",
    }
    for (family, sizes), marker in zip(GROWTH.items(), "os^", strict=True):
        counts, seconds = [], []
        for size in sizes:
            name = f"{family}({size})"
            result = in_own_process(name)
            counts.append({"multivariate_normal": size * (size + 3) // 2, "dirichlet": size}.get(family, size - 1))
            seconds.append(result["total"])
            print(f"{name:26}{counts[-1]:12}{seconds[-1]:12.4f}{result['megabytes']:8.0f}", flush=True)
        axes.plot(counts, seconds, marker=marker, markersize=4, label=labels[family])
    axes.set(xscale="log", yscale="log", xlabel="number of parameters", ylabel="seconds, density to scalar curvature")
    ticks = [1, 2, 5, 10, 20]
    axes.set_xticks(ticks, [str(t) for t in ticks])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=160)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", help="cases to time, all of them by default")
    parser.add_argument("--peer", action="store_true", help="time EinsteinPy beside normal, gamma and beta")
    parser.add_argument("--growth", metavar="PNG", help="time and draw how the cost grows with the dimension")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--one-peer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(run_case(options.one)))
        return
    if options.one_peer:
        print(json.dumps(run_peer(options.one_peer)))
        return
    print(f"{'case':26}{'total':>10}{'asked':>8}{'MB':>7}" + "".join(f"{s:>13}" for s in STEPS) + "  R")
    results = {}
    for name in options.cases or CASES:
        result = results[name] = in_own_process(name)
        head = f"{name:26}{result['total']:10.4f}{CASES.get(name, float('nan')):8.2f}{result['megabytes']:7.0f}"
        print(head + "".join(f"{s:13.4f}" for s in result["steps"]) + f"  {result['scalar']}", flush=True)
    if options.peer:
        compare_with_peer(results)
    if options.growth:
        growth(options.growth)


if __name__ == "__main__":
    main()
