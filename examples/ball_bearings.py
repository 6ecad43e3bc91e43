"""Four lifetime distributions fitted to the endurance of 23 ball bearings, with their Fisher-Rao geometry.

Each family is declared by its density alone; `symgeo` derives the metric and the curvature, and fits by Fisher
scoring with that metric. Run it from anywhere: python examples/ball_bearings.py
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import sympy as sp

try:
    import symgeo as sg
except ModuleNotFoundError:  # a checkout that is not installed
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import symgeo as sg

DATA = Path(__file__).resolve().parent / "data" / "ball_bearings.csv"


def read_data(path: Path = DATA) -> np.ndarray:
    """Millions of revolutions before failure, (23,); lines with # and the header are left out."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return np.array([float(line) for line in lines[1:]])


def declare() -> dict[str, sg.StatisticalModel]:
    """The four families, by name."""
    x, shape, scale = sp.symbols("x shape scale", positive=True)
    mean, sigma = sp.symbols("mean sigma", positive=True)
    mu = sp.Symbol("mu", real=True)
    return {
        "weibull": sg.StatisticalModel(
            shape / scale * (x / scale) ** (shape - 1) * sp.exp(-((x / scale) ** shape)),
            x,
            (shape, scale),
            name="weibull",
        ),
        "gamma": sg.StatisticalModel(
            x ** (shape - 1) * sp.exp(-x / scale) / (sp.gamma(shape) * scale**shape), x, (shape, scale), name="gamma"
        ),
        "lognormal": sg.StatisticalModel(
            sp.exp(-((sp.log(x) - mu) ** 2) / (2 * sigma**2)) / (x * sigma * sp.sqrt(2 * sp.pi)),
            x,
            (mu, sigma),
            name="lognormal",
        ),
        "inverse Gaussian": sg.StatisticalModel(
            sp.sqrt(shape / (2 * sp.pi * x**3)) * sp.exp(-shape * (x - mean) ** 2 / (2 * mean**2 * x)),
            x,
            (mean, shape),
            name="inverse Gaussian",
        ),
    }


def geometry(model: sg.StatisticalModel, point: np.ndarray) -> dict[str, np.ndarray]:
    """Metric, inverse metric, Christoffel symbols [k, i, j] and scalar curvature at a point, as numbers."""
    manifold = model.manifold
    levi_civita = manifold.connection(0)
    return {
        "metric": sg.lambdify(manifold.metric)(point),
        "inverse metric": sg.lambdify(manifold.inverse_metric)(point),
        "Christoffel symbols": sg.lambdify(levi_civita.christoffel)(point),
        "scalar curvature": sg.lambdify(levi_civita.scalar_curvature, manifold.coordinates)(point),
    }


def show_geometry(model: sg.StatisticalModel, point: np.ndarray) -> None:
    """Print the geometry at a point."""
    found = geometry(model, point)
    names = [s.name for s in model.parameters]
    print("Fisher-Rao geometry there")
    for what in ("metric", "inverse metric"):
        rows = ";  ".join("  ".join(f"{v:.6g}" for v in row) for row in found[what])
        print(f"  {what:<16} [{rows}]")
    for k, upper in enumerate(names):
        gamma = found["Christoffel symbols"][k]
        pairs = ((i, j) for i in range(len(names)) for j in range(i, len(names)))
        values = "  ".join(f"({names[i]}, {names[j]}) {gamma[i, j]:.6g}" for i, j in pairs)
        print(f"  {f'Gamma^{upper}':<16} {values}")
    print(f"  {'scalar curvature':<16} {found['scalar curvature']:.6g}")


def main() -> None:
    """Fit and print."""
    revolutions = read_data()
    print(f"{len(revolutions)} ball bearings, millions of revolutions before failure\n")
    fits = {name: sg.fit(model, revolutions) for name, model in declare().items()}
    for fit in fits.values():
        print(fit)
        print(sg.confidence_region(fit))
        show_geometry(fit.model, fit.estimate)
        print()
    print(f"{'model':<17} {'log-likelihood':>14} {'AIC':>9}")
    for name, fit in sorted(fits.items(), key=lambda item: item[1].aic):
        print(f"{name:<17} {fit.log_likelihood:>14.4f} {fit.aic:>9.3f}")


if __name__ == "__main__":
    main()
