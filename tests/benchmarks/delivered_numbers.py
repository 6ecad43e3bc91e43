"""Seconds of delivered functions and geodesics beside other ways to the same numbers, all in one run.

Run: python tests/benchmarks/delivered_numbers.py [--repeats 5] [--wall] [row ...]

Every row times its contenders in turn, ``--repeats`` rounds after one that does not count, on one core; medians are
printed, with their ratios to ours. Seconds are of processor time, so that the load of the machine does not count,
unless ``--wall`` is given. What the contenders return is held against ours first.

geomstats asks for an older NumPy and diffrax for JAX: ``--geomstats`` and ``--diffrax`` (or the variables
SYMGEO_GEOMSTATS and SYMGEO_DIFFRAX) name interpreters of environments that have them, made for example by
``python3 -m venv peer && peer/bin/pip install geomstats "numpy<2"``. They answer from processes of their own, which
time themselves. What is not installed is said to be so.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import inspect
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, process_time
from typing import Any

import contenders
import numpy as np
from contenders import PEERS, Missing

ONE_CORE = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
    "NPROC": "1",
    "JAX_ENABLE_X64": "1",
    "JAX_PLATFORMS": "cpu",
    # glibc keeps what is freed. Pages fresh from the system cost more than the work of the large rows, and NumPy alone
    # asks for huge ones.
    "GLIBC_TUNABLES": ":".join(
        f"glibc.malloc.{name}" for name in ("mmap_max=0", "trim_threshold=17179869184", "arena_max=1", "hugetlb=1")
    ),
}
SLOWEST_SHOWN = 8

Run = Callable[[], Any]


@dataclass(frozen=True)
class Row:
    """Contenders by name, ours first: what makes each of them, or raises Missing.

    ``asked`` says of two contenders' seconds what their quotient should be: ``("geomstats", "numpy", ">=", 4)``.
    ``part`` multiplies the seconds of one that does a part of the work. All values agree with ours ``within``, but for
    those of the ``loose``, which are not as accurate. Where memory is a good part of the work, every run is done
    ``twice`` in a row, and the second counts, which writes to the memory that the first has given back.
    """

    title: str
    contenders: dict[str, Callable[[], Run]]
    asked: tuple[tuple[str, str, str, float], ...]
    part: dict[str, float] = field(default_factory=dict)
    within: float = 1e-10
    loose: tuple[str, ...] = ()
    twice: bool = False


def ours(name: str, theta: np.ndarray, backend: str = "numpy") -> Callable[[], Any]:
    """The Christoffel symbols of a catalogue entry at many points."""
    import symgeo as sg
    from symgeo.errors import UnknownBackendError, UnsupportedFunctionError

    christoffel = sg.catalogue.get(name).manifold.connection(0).christoffel
    try:
        function = sg.lambdify(christoffel, backend=backend)
    except (UnknownBackendError, UnsupportedFunctionError, ImportError) as error:
        raise Missing(str(error)) from None
    if backend != "jax":
        return lambda: function(theta)
    import jax

    compiled, there = jax.jit(function), jax.device_put(theta)
    return lambda: compiled(there).block_until_ready()


def our_function(name: str) -> Callable:
    import symgeo as sg

    function = getattr(sg, name, None)
    if function is None:
        raise Missing(f"this version has no sg.{name}")
    return function


def our_distances(pairs: tuple[np.ndarray, np.ndarray], together: bool) -> Callable[[], np.ndarray]:
    import symgeo as sg

    distance, manifold = our_function("distance"), sg.catalogue.beta().manifold
    p, q = pairs
    if together:
        return lambda: np.asarray(distance(manifold, p, q))
    return lambda: np.array([float(distance(manifold, a, b)) for a, b in zip(p, q, strict=True)])


def our_geodesics(backend: str) -> Callable[[], Any]:
    import symgeo as sg

    geodesic, manifold = our_function("geodesic"), sg.catalogue.get("multivariate_normal(3)").manifold
    start, velocity = contenders.normal_starts()
    times = np.array([0.0, 1.0])
    options: dict[str, str] = {}
    if backend != "numpy":
        if "backend" not in inspect.signature(geodesic).parameters:
            raise Missing("sg.geodesic takes no backend")
        options["backend"] = backend
    path = geodesic(manifold, start, velocity, times, **options)
    points = getattr(path, "points", path)
    assert np.isfinite(np.asarray(points)).all()

    def last() -> np.ndarray:
        path = geodesic(manifold, start, velocity, times, **options)
        points = np.asarray(getattr(path, "points", path))
        return points[:, -1] if points.shape[0] == contenders.STARTS else points[-1]

    return last


def serve(job: str) -> None:
    """Another interpreter: one run for every line read, answered by its seconds and values."""
    run = PEERS[job][1]()
    for line in sys.stdin:
        begin = perf_counter(), process_time()
        got = run()
        seconds = perf_counter() - begin[0], process_time() - begin[1]
        print(json.dumps({"seconds": seconds, "values": np.ravel(got).tolist() if line == "values\n" else None}))
        sys.stdout.flush()


class Peer:
    """A run of another interpreter, called like a function; it knows its own seconds."""

    def __init__(self, job: str, python: str | None):
        module = PEERS[job][0]
        if python is None:
            if importlib.util.find_spec(module) is None:
                raise Missing(f"{module} is not installed; see --{module}")
            python = sys.executable
        command = [python, __file__, "--serve", job]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.seconds = (0.0, 0.0)

    def ask(self, what: str) -> Any:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise Missing(f"{self.process.args[-1]} failed")  # type: ignore[index]
        found = json.loads(answer)
        self.seconds = found["seconds"]
        return found["values"]

    def __call__(self) -> Any:
        return self.ask("run")

    def values(self) -> np.ndarray:
        return np.array(self.ask("values"))

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def rows(options: argparse.Namespace, folder: str) -> dict[str, Callable[[], Row]]:
    """Rows by name, each declared when it is asked for."""

    def beta() -> Row:
        theta = contenders.beta_points(contenders.POINTS)
        return Row(
            f"beta: Christoffel symbols at {len(theta)} points",
            {
                "numpy": lambda: ours("beta", theta),
                "NumPy by hand": lambda: contenders.beta_by_hand(theta),
                "lambdify without cse": lambda: contenders.beta_naive(theta),
                "geomstats": lambda: Peer("geomstats-christoffel", options.geomstats),
                "c": lambda: ours("beta", theta, "c"),
                "jax": lambda: ours("beta", theta, "jax"),
            },
            (("numpy", "NumPy by hand", "<=", 1), ("geomstats", "numpy", ">=", 4)),
        )

    def bivariate() -> Row:
        theta = contenders.bivariate_points()
        return Row(
            f"bivariate normal: 125 symbols at {len(theta)} points",
            {
                "numpy": lambda: ours("bivariate_normal", theta),
                "C by hand": lambda: contenders.compiled_c(theta, folder),
                "c": lambda: ours("bivariate_normal", theta, "c"),
                "jax": lambda: ours("bivariate_normal", theta, "jax"),
            },
            tuple((name, "C by hand", "<=", bound) for name, bound in (("numpy", 4), ("c", 1.3), ("jax", 1.3))),
            twice=True,
        )

    def distance() -> Row:
        pairs = contenders.beta_pairs(contenders.PAIRS)
        return Row(
            f"beta: distances of {contenders.PAIRS} pairs, one by one",
            {
                "distance": lambda: our_distances(pairs, together=False),
                "distance, all at once": lambda: our_distances(pairs, together=True),
                "geomstats": lambda: Peer("geomstats-distances", options.geomstats),
                "shooting by SciPy": lambda: lambda: contenders.beta_distances_by_shooting(pairs),
            },
            (("geomstats", "distance", ">=", 50),),
            within=1e-8,
            loose=("geomstats",),
        )

    def batch() -> Row:
        pairs = contenders.beta_pairs(contenders.MANY_PAIRS)
        some = contenders.SINGLE_PAIRS
        return Row(
            f"beta: distances of {contenders.MANY_PAIRS} pairs",
            {
                "one call": lambda: our_distances(pairs, together=True),
                "one by one": lambda: our_distances((pairs[0][:some], pairs[1][:some]), together=False),
            },
            (("one by one", "one call", ">=", 10),),
            {"one by one": contenders.MANY_PAIRS / some},
            within=1e-8,
        )

    def geodesics() -> Row:
        return Row(
            f"normal in three dimensions: {contenders.STARTS} geodesics from 0 to 1",
            {
                "geodesic": lambda: our_geodesics("numpy"),
                "geodesic, jax": lambda: our_geodesics("jax"),
                "diffrax": lambda: Peer("diffrax-geodesics", options.diffrax),
            },
            (("geodesic", "diffrax", "<=", 1.2), ("geodesic, jax", "diffrax", "<=", 1.2)),
            within=1e-6,
            loose=("diffrax",),
        )

    return {"beta": beta, "bivariate": bivariate, "distance": distance, "batch": batch, "geodesics": geodesics}


def compare(row: Row, repeats: int, wall: bool) -> None:
    """Time all contenders of a row in turn, and print them."""
    print(f"\n{row.title}", flush=True)
    runs: dict[str, Run] = {}
    missing: dict[str, str] = {}
    expected = None
    for name, make in row.contenders.items():
        try:
            runs[name] = make()
            values = runs[name].values() if isinstance(runs[name], Peer) else np.asarray(runs[name]())
        except Missing as reason:
            runs.pop(name, None)
            missing[name] = str(reason)
            continue
        expected = values if expected is None else expected
        # A part of the work gives the first of the values.
        apart = np.abs(values.ravel() - expected.ravel()[: values.size])
        error = float(np.max(apart / (np.abs(values.ravel()) + np.max(np.abs(values)) * 1e-6)))
        verdict = "" if error <= row.within else ", its own error" if name in row.loose else ", TOO FAR"
        print(f"  {name:26}differs from the first by {error:.1e}{verdict}", flush=True)
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            if row.twice:
                run()
            begin = perf_counter(), process_time()
            run()
            spent = perf_counter() - begin[0], process_time() - begin[1]
            spent = run.seconds if isinstance(run, Peer) else spent
            seconds[name].append(spent[0 if wall else 1] * row.part.get(name, 1))
    for run in runs.values():
        if isinstance(run, Peer):
            run.close()
    middle = {name: median(s) for name, s in seconds.items()}
    for name in row.contenders:
        if name in missing:
            print(f"  {name:26}not timed: {missing[name]}")
        else:
            low, high = min(seconds[name]), max(seconds[name])
            print(f"  {name:26}{middle[name]:10.4f} s   ({low:.4f} to {high:.4f})")
    for a, b, sign, bound in row.asked:
        if a in middle and b in middle:
            ratio = middle[a] / middle[b]
            held = ratio >= bound if sign == ">=" else ratio <= bound
            print(f"  {a} / {b} = {ratio:.2f}, asked {sign} {bound}: {'yes' if held else 'NO'}")


def cold(limit: float = 0.05) -> None:
    """Seconds of the first lambdify of every metric in the catalogue, the metric once derived."""
    import symgeo as sg

    sg.lambdify(sg.catalogue.beta().manifold.metric)([1.0, 2.0])  # imports are not counted
    seconds: dict[str, float] = {}
    for name in sg.catalogue.names():
        metric = sg.catalogue.get(name).manifold.metric
        gc.collect()  # what the derivations of all entries left behind is not counted
        begin = process_time()
        sg.lambdify(metric)
        seconds[name] = process_time() - begin
    slowest = sorted(seconds, key=seconds.__getitem__, reverse=True)
    print(f"\nfirst lambdify of the metric, {len(seconds)} entries: median {median(seconds.values()):.4f} s")
    for name in slowest[:SLOWEST_SHOWN]:
        print(f"  {name:40}{seconds[name]:10.4f} s")
    print(f"  slowest, asked <= {limit} s: {'yes' if seconds[slowest[0]] <= limit else 'NO'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", help="beta, bivariate, distance, batch, geodesics, cold; all by default")
    parser.add_argument("--repeats", type=int, default=5, help="rounds of which the median is taken")
    parser.add_argument("--wall", action="store_true", help="seconds of the clock in place of processor time")
    parser.add_argument("--geomstats", metavar="PYTHON", default=os.environ.get("SYMGEO_GEOMSTATS"))
    parser.add_argument("--diffrax", metavar="PYTHON", default=os.environ.get("SYMGEO_DIFFRAX"))
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    if any(os.environ.get(name) != value for name, value in ONE_CORE.items()):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_CORE})
    with tempfile.TemporaryDirectory() as folder:
        known = rows(options, folder)
        for name in options.rows or [*known, "cold"]:
            if name != "cold" and name not in known:
                parser.error(f"no row {name}; choose of {', '.join(known)}, cold")
        for name in options.rows or [*known, "cold"]:
            if name == "cold":
                cold()
            else:
                compare(known[name](), options.repeats, options.wall)


if __name__ == "__main__":
    main()
