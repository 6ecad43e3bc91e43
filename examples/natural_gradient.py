"""Natural gradients against plain ones in changing charts, after Amari, Neural Computation 10 (1998) 251-276.

First the shape and rate of a gamma law are learned from a sample by its mean negative log-likelihood, in five charts.
Each method keeps its rate in all of them. The natural gradient cares little about charts, and along geodesics it takes
the same way in all. Then a saddle: the mean of a normal law in coordinates in which the Fisher metric has the condition
number kappa. Run it from anywhere:
python examples/natural_gradient.py [picture.png]     (the picture needs matplotlib)
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sympy as sp

try:
    import symgeo as sg
except ModuleNotFoundError:  # a checkout that is not installed
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import symgeo as sg

x, k, r = sp.symbols("x k r", positive=True)
d1, d2, c1, c2, e1, e2 = sp.symbols("d1 d2 c1 c2 e1 e2", positive=True)
a, b = sp.symbols("a b", real=True)
SAMPLE = np.random.default_rng(1).gamma(3.0, 1 / 2.0, size=200)
START = np.array([1.2, 3.5])  # shape and rate
MOST, CLOSE = 1000, 1e-6
# The kind of step, its rate (of 0.1, 0.2, 0.5, 1, 2 the best in the first chart for the first two), how many at most.
METHODS = {"plain": ("plain", 1.0, MOST), "natural": ("straight", 0.5, 60), "geodesic": ("geodesic", 0.5, 14)}
KAPPAS = (1, 3, 10, 30, 100)


@dataclass
class Chart:
    """Coordinates by the old ones in them: a manifold, the loss on it, the start, and the way back (..., 2)."""

    name: str
    manifold: sg.StatisticalManifold
    loss: sp.Expr
    start: np.ndarray
    back: Any


def gamma() -> sg.StatisticalModel:
    """The gamma law by its density."""
    return sg.StatisticalModel(r**k * x ** (k - 1) * sp.exp(-r * x) / sp.gamma(k), x, (k, r), name="gamma")


def loss_of(sample: np.ndarray) -> sp.Expr:
    """The mean negative log-likelihood, up to a constant."""
    return sp.loggamma(k) - k * sp.log(r) - k * float(np.mean(np.log(sample))) + r * float(np.mean(sample))


def charts(model: sg.StatisticalModel) -> list[Chart]:
    """The charts: as declared, doubled, cubed, exponential, and mixed by a matrix with condition number 20."""
    mix = sp.Matrix([[21, 19], [19, 21]]) / 2  # eigenvalues 20 and 1
    made = [
        ("theta", (k, r), (k, r), START),
        ("2 theta", (d1 / 2, d2 / 2), (d1, d2), 2 * START),
        ("theta^3", (c1 ** sp.Rational(1, 3), c2 ** sp.Rational(1, 3)), (c1, c2), START**3),
        ("exp theta", (sp.log(e1), sp.log(e2)), (e1, e2), np.exp(START)),
        ("A theta, cond A = 20", tuple(mix.inv() * sp.Matrix([a, b])), (a, b), np.array(mix, dtype=float) @ START),
    ]
    found, loss = [], loss_of(SAMPLE)
    for name, old, new, start in made:
        image = dict(zip((k, r), old, strict=True))
        manifold = model.manifold if new == (k, r) else model.manifold.reparametrize(image, new)
        there = loss.subs(image, simultaneous=True)
        found.append(Chart(name, manifold, there, start, sg.lambdify(list(old), new)))
    return found


def descend(chart: Chart, method: str) -> tuple[np.ndarray, np.ndarray]:
    """The way in shape and rate (T + 1, 2), and the losses (T + 1,)."""
    step, rate, steps = METHODS[method]
    found = sg.descend(chart.manifold, chart.loss, chart.start, rate=rate, steps=steps, step=step)
    return np.asarray(chart.back(found.points)), found.losses


def experiment(model: sg.StatisticalModel) -> dict[str, dict[str, tuple[np.ndarray, str, float]]]:
    """By chart and method: the way, the steps until the loss is close to its minimum, and the farthest from the first
    chart's way, in shape or rate."""
    best = -sg.fit(model, SAMPLE).log_likelihood / len(SAMPLE) - float(np.mean(np.log(SAMPLE)))
    found: dict[str, dict[str, tuple[np.ndarray, str, float]]] = {}
    for chart in charts(model):
        found[chart.name] = {}
        for method in METHODS:
            way, losses = descend(chart, method)
            near = np.flatnonzero(losses < best + CLOSE)
            first = found["theta"].get(method, (way,))[0]
            apart = float(np.max(np.abs(way - first)))
            found[chart.name][method] = (way, str(near[0]) if len(near) else f"> {MOST}", apart)
    return found


def saddle(kappa: float, step: str) -> int:
    """Steps from near the saddle m = 0 of (m1^2 - 1)^2/4 + m2^2/2, m the mean, to a loss below 0.001.

    Its first component is scaled by kappa^(-1/2), and the coordinates are turned: the Fisher metric has the eigenvalues
    1 and 1/kappa.
    """
    y1, y2 = sp.symbols("y1 y2", real=True)
    scale = 1 / sp.sqrt(kappa)
    cosine, sine = sp.Rational(4, 5), sp.Rational(3, 5)
    mean = (scale * (cosine * b - sine * a), cosine * a + sine * b)
    model = sg.normal(mean, sp.eye(2), (y1, y2), (a, b), check=False)
    loss = (mean[0] ** 2 - 1) ** 2 / 4 + mean[1] ** 2 / 2
    first = np.array([[-0.6 / np.sqrt(kappa), 0.8 / np.sqrt(kappa)], [0.8, 0.6]])
    start = np.linalg.solve(first, [0.01, 0.5])
    done = sg.descend(model, loss, start, rate=0.5, steps=int(14 * kappa + 20) if step == "plain" else 40, step=step)
    return int(np.flatnonzero(done.losses < 1e-3)[0])


def draw(ways: dict[str, dict[str, tuple[np.ndarray, str, float]]], counts: dict[str, list[int]], path: Path) -> None:
    """The ways of the plain gradient, one a chart, and of the natural one; the steps over kappa."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    style = {"font.family": "DejaVu Sans", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False}
    with pyplot.rc_context(style):
        figure, (plane, plot) = pyplot.subplots(1, 2, figsize=(10.5, 4.4), width_ratios=(1.25, 1), layout="constrained")
        shape, rate = np.meshgrid(np.linspace(0.6, 4.6, 200), np.linspace(0.3, 4.2, 200))
        height = sg.lambdify(loss_of(SAMPLE), (k, r))(np.stack([shape, rate], axis=-1))
        greys = [str(grey) for grey in np.linspace(0.72, 0.98, 13)]
        plane.contourf(shape, rate, np.log(height - height.min() + 3e-3), levels=12, colors=greys, extend="max")
        for (name, rows), colour in zip(
            ways.items(), pyplot.get_cmap("viridis")(np.linspace(0.0, 0.85, 5)), strict=True
        ):
            plane.plot(*rows["plain"][0].T, color=colour, lw=1.6, label=f"plain, {name}")
        natural = ways["theta"]["geodesic"][0]
        plane.plot(*natural.T, color="#c44e52", lw=2.2, marker="o", ms=4, label="natural along geodesics, every chart")
        plane.scatter(*START, s=40, color="black", zorder=5)
        plane.annotate("start", START, xytext=(8, 4), textcoords="offset points")
        plane.set(xlim=(0.6, 4.6), ylim=(0.3, 4.2), xlabel="shape", ylabel="rate")
        plane.set_title("a gamma law, the same rate in every chart", fontsize=10)
        plane.legend(frameon=True, framealpha=0.85, edgecolor="none", fontsize=8.5, loc="lower right")
        for (name, values), colour, mark in zip(counts.items(), ("#2a788e", "#c44e52"), "so", strict=True):
            plot.loglog(KAPPAS, values, color=colour, marker=mark, ms=5, lw=1.8, label=name)
        plot.set(xlabel="condition number $\\kappa$ of the Fisher metric", ylabel="steps")
        plot.set_title("away from a saddle", fontsize=10)
        plot.legend(frameon=False)
        figure.savefig(path, dpi=160)
        pyplot.close(figure)


def main() -> None:
    """Print both tables, and draw where a path is given."""
    ways = experiment(gamma())
    print(f"steps until the loss is within {CLOSE:g} of its minimum; apart: the most from the way in the first chart")
    print(f"{'chart':<22}" + "".join(f"{name:>12}{'apart':>10}" for name in METHODS))
    for name, rows in ways.items():
        print(f"{name:<22}" + "".join(f"{steps:>12}{apart:>10.1e}" for _, steps, apart in rows.values()))
    counts = {"plain": [saddle(c, "plain") for c in KAPPAS], "natural": [saddle(c, "straight") for c in KAPPAS]}
    print("\nsteps away from a saddle by the condition number of the Fisher metric")
    print(f"{'kappa':<10}" + "".join(f"{c:>8}" for c in KAPPAS))
    for method, values in counts.items():
        print(f"{method:<10}" + "".join(f"{c:>8}" for c in values))
    if len(sys.argv) > 1:
        draw(ways, counts, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
