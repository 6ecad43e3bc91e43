"""The Fisher-Rao distance and the geodesic between two normal laws, in closed form, and a picture of them.

The laws are N(0, 1) and N(5, 4^2): means 0 and 5, standard deviations 1 and 4. Nothing about the normal family is
typed in but its density: `symgeo` derives the metric, recognises the space from it and gives distance and geodesic.
Run it from anywhere: python examples/fisher_rao_distance.py [picture.png]     (the picture needs matplotlib)
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import sympy as sp

try:
    import symgeo as sg
except ModuleNotFoundError:  # a checkout that is not installed
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import symgeo as sg

x, mu = sp.symbols("x mu", real=True)
sigma = sp.Symbol("sigma", positive=True)
t = sp.Symbol("t", real=True)
START, END = (0, 1), (5, 4)  # mean and standard deviation


def normal() -> sg.StatisticalModel:
    """The normal family by its density."""
    density = sp.exp(-((x - mu) ** 2) / (2 * sigma**2)) / (sigma * sp.sqrt(2 * sp.pi))
    return sg.StatisticalModel(density, x, (mu, sigma), name="normal")


def straight_line(model: sg.StatisticalModel) -> sp.Expr:
    """The length of the straight line in (mu, sigma): it is a family of one parameter, hence a line itself."""
    line = {s: a + (b - a) * t for s, a, b in zip((mu, sigma), START, END, strict=True)}
    return sg.distance(model.manifold.submanifold(line, (t,)), (0,), (1,))


def draw(model: sg.StatisticalModel, path: Path) -> None:
    """The two curves in the half-plane of means and standard deviations, and the laws that they pass."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    space = sg.isometry(model)
    curve = sp.lambdify(t, space.geodesic(START, END, t), "numpy")
    times, few = np.linspace(0, 1, 401), np.linspace(0, 1, 6)
    straight = [np.array([a + (b - a) * few, a + (b - a) * few]) for a, b in zip(START, END, strict=True)]
    style = {"font.family": "DejaVu Sans", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False}
    with pyplot.rc_context(style):
        figure, (plane, laws) = pyplot.subplots(1, 2, figsize=(10.5, 4.6), width_ratios=(1.15, 1), layout="constrained")
        half_plane(plane, model, curve(times), curve(few), [line[0] for line in straight])
        colours = pyplot.get_cmap("viridis")(np.linspace(0.08, 0.82, len(few)))
        densities(laws, np.stack(np.broadcast_arrays(*curve(few))), np.array([line[0] for line in straight]), colours)
        plane.scatter(*curve(few), s=34, color=colours, zorder=5, edgecolor="white", linewidth=0.8)
        figure.savefig(path, dpi=160)
        pyplot.close(figure)


def half_plane(axes: Any, model: sg.StatisticalModel, whole: Any, few: Any, line: Any) -> None:
    """Both curves, over circles of one radius in the Fisher metric."""
    metric = sg.lambdify(model.manifold.metric)
    angle = np.linspace(0, 2 * np.pi, 73)
    for k, s in enumerate(0.3 * 1.38 ** np.arange(9)):
        for m in np.arange(-40, 41) * 0.62 * s + (0.31 * s if k % 2 else 0.0) + 2.5:
            if not -2 < m < 7.5:
                continue
            rows = np.linalg.cholesky(np.linalg.inv(metric([m, s])))
            axes.fill(*(np.array([[m], [s]]) + 0.11 * rows @ [np.cos(angle), np.sin(angle)]), color="0.945", lw=0)
    axes.plot(*line, color="#c44e52", lw=1.8, ls=(0, (5, 3)), label="straight line in $(\\mu, \\sigma)$")
    axes.plot(*whole, color="#2a788e", lw=2.6, label="geodesic")
    axes.set(xlim=(-1.4, 6.6), ylim=(0, 5.1), xlabel="mean $\\mu$", ylabel="standard deviation $\\sigma$")
    axes.set_aspect("equal")
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0.0, 1.02))
    axes.text(START[0] - 0.12, START[1] - 0.08, "$N(0, 1)$", ha="right", va="top")
    axes.text(END[0] + 0.12, END[1] + 0.08, "$N(5, 4^2)$", ha="left", va="bottom")


def densities(axes: Any, geodesic: np.ndarray, line: np.ndarray, colours: Any) -> None:
    """The densities at equal steps along the geodesic, filled, and along the straight line, dashed."""
    points = np.linspace(-8, 17, 600)
    for k, colour in enumerate(colours):
        for (m, s), look in ((geodesic[:, k], "-"), (line[:, k], "--")):
            law = np.exp(-0.5 * ((points - m) / s) ** 2) / (s * np.sqrt(2 * np.pi))
            if look == "-":
                axes.fill_between(points, law, color=colour, alpha=0.13, lw=0)
                axes.plot(points, law, color=colour, lw=1.8)
            elif 0 < k < len(colours) - 1:
                axes.plot(points, law, color="#c44e52", lw=0.9, ls=(0, (5, 3)))
    axes.plot([], [], color=colours[2], lw=1.8, label="along the geodesic, in equal steps")
    axes.plot([], [], color="#c44e52", lw=0.9, ls=(0, (5, 3)), label="along the straight line")
    axes.legend(frameon=False, loc="upper right")
    axes.set(xlim=(-8, 17), ylim=(0, None), xlabel="$x$", ylabel="density", yticks=[0, 0.1, 0.2, 0.3, 0.4])


def main() -> None:
    """Print the closed forms and their values, and draw where a path is given."""
    model = normal()
    space = sg.isometry(model)
    print(f"the normal family is the {space}\n")
    m1, m2 = sp.symbols("mu1 mu2", real=True)
    s1, s2 = sp.symbols("sigma1 sigma2", positive=True)
    print(f"distance of N(mu1, sigma1^2) and N(mu2, sigma2^2)\n  {sg.distance(model, (m1, s1), (m2, s2))}\n")
    distance, length = sg.distance(model, START, END), straight_line(model)
    print("between N(0, 1) and N(5, 4^2), means 0 and 5, standard deviations 1 and 4")
    print(f"  geodesic distance            {distance} = {sp.N(distance, 12)}")
    print(f"  straight line in (mu, sigma) {length} = {sp.N(length, 12)}\n")
    print("the geodesic, t from 0 to 1")
    for symbol, value in zip((mu, sigma), space.geodesic(START, END, t), strict=True):
        print(f"  {symbol}(t) = {value}")
    if len(sys.argv) > 1:
        draw(model, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
