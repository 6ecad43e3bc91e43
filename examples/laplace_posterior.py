"""The posterior of a Weibull law for 23 ball bearings: Laplace, Tierney and Kadane, and quadrature.

`symgeo` derives the information and the chart's Jacobian from the declared density. The prior is 1/(shape scale).
Run it from anywhere: python examples/laplace_posterior.py [picture.png]     (the picture needs matplotlib)
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

DATA = Path(__file__).resolve().parent / "data" / "ball_bearings.csv"
x, shape, scale = sp.symbols("x shape scale", positive=True)


def read_data(path: Path = DATA) -> np.ndarray:
    """Millions of revolutions before failure, (23,)."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return np.array([float(line) for line in lines[1:]])


def posterior(chart: Any) -> sg.Posterior:
    """Laplace's posterior in a chart."""
    density = shape / scale * (x / scale) ** (shape - 1) * sp.exp(-((x / scale) ** shape))
    model = sg.StatisticalModel(density, x, (shape, scale), name="weibull")
    return sg.laplace(model, read_data(), prior=1 / (shape * scale), chart=chart)


def exact(size: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Shapes, scales, the posterior density (size, size) on a grid of their logarithms, and its log-integral."""
    u, v = np.linspace(-0.2, 1.5, size), np.linspace(3.7, 5.1, size)
    logs = np.log(read_data())[:, None, None]
    ratio = np.exp(u)[:, None] * (logs - v)
    height = (u[:, None] - logs + ratio - np.exp(ratio)).sum(axis=0)
    cell = (u[1] - u[0]) * (v[1] - v[0])
    total = float(np.exp(height - height.max()).sum() * cell)
    return np.exp(u), np.exp(v), np.exp(height - height.max()) / total, np.log(total) + height.max()


def draw(charts: dict[str, Any], path: Path) -> None:
    """Contours that hold 50% and 95% of the normal law, and of the exact posterior."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    shapes, scales, density, _ = exact()
    turn = np.linspace(0.0, 2.0 * np.pi, 200)
    style = {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}
    with pyplot.rc_context(style):
        figure, panels = pyplot.subplots(1, 2, figsize=(10, 4.4), sharey=True, layout="constrained")
        for panel, (name, found) in zip(panels, charts.items(), strict=True):
            # A density in the panel's own chart.
            height = density / np.outer(shapes, scales) if name == "the parameters" else density
            order = np.argsort(-height, axis=None)
            masses = np.cumsum(density.ravel()[order]) / density.sum()
            levels = [height.ravel()[order[np.searchsorted(masses, level)]] for level in (0.95, 0.5)]
            panel.contour(shapes, scales, height.T, levels=levels, colors="#2a788e")
            panel.plot([], [], color="#2a788e", label="exact, 50% and 95%")
            for level in (0.5, 0.95):
                radius = np.sqrt(-2.0 * np.log(1.0 - level))
                circle = radius * np.stack([np.cos(turn), np.sin(turn)])
                phi = found.mode + (np.linalg.cholesky(found.covariance) @ circle).T
                curve = found.target.coordinates.theta(phi).T
                panel.plot(*curve, color="#c44e52", ls=(0, (5, 3)), label="Laplace" if level == 0.5 else None)
            panel.plot(*found.estimate, "o", color="0.25", ms=4)
            panel.set(xlabel="shape", title=f"in {name}", xlim=(1.1, 3.4), ylim=(55, 115))
        panels[0].set_ylabel("scale")
        panels[0].legend(frameon=False, loc="upper right")
        figure.savefig(path, dpi=160)
        pyplot.close(figure)


def main() -> None:
    """Compare and print."""
    charts = {"the parameters": posterior(None), "their logarithms": posterior("unbounded")}
    shapes, scales, density, log_integral = exact()
    masses = density / density.sum()
    means = {shape: float(masses.sum(axis=1) @ shapes), scale: float(masses.sum(axis=0) @ scales)}
    for name, found in charts.items():
        print(found)
        print(f"in {name:<18} {'mode':>10} {'2nd order':>10} {'quadrature':>10}")
        for symbol, mean in means.items():
            second = found.second_order_mean(symbol)
            print(f"  mean {symbol!s:<14} {found.mean(symbol):>10.5f} {second:>10.5f} {mean:>10.5f}")
        print(f"  log of the integral {found.log_integral:>10.5f} {'':>10} {log_integral:>10.5f}\n")
    if len(sys.argv) > 1:
        draw(charts, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
