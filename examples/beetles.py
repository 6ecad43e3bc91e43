"""Bliss's beetles: three dose-response curves, the dose that kills half of them, and the exact likelihood region.

A beetle dies (y = 1) or not at a dose d; each link is one line. `symgeo` derives the Fisher information, fits by
scoring with it, and traces the boundary of the likelihood-ratio region beside Wald's ellipse.
Run it from anywhere: python examples/beetles.py [picture.png]     (the picture needs matplotlib)
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

DATA = Path(__file__).resolve().parent / "data" / "beetles.csv"
a, b, d = sp.symbols("a b d", real=True)
y = sp.Symbol("y", integer=True)
LINKS = {
    "logistic": 1 / (1 + sp.exp(-(a + b * d))),
    "probit": (1 + sp.erf((a + b * d) / sp.sqrt(2))) / 2,
    "complementary log-log": 1 - sp.exp(-sp.exp(a + b * d)),
}
# The dose at which half of them die: where the probability is 1/2.
MEDIAN = {"logistic": -a / b, "probit": -a / b, "complementary log-log": (sp.log(sp.log(2)) - a) / b}


def read_data(path: Path = DATA) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Dose (log10 of mg/l), beetles exposed and killed, (8,) each."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    dose, exposed, killed = np.array([line.split(",") for line in lines[1:]], dtype=float).T
    return dose, exposed, killed


def fit(link: str) -> Any:
    """The fit of one link."""
    p = LINKS[link]
    model = sg.StatisticalModel(p**y * (1 - p) ** (1 - y), y, (a, b), covariates=d, support={0, 1}, name=link)
    dose, exposed, killed = read_data()
    data = {y: np.repeat([1, 0], len(dose)), d: np.tile(dose, 2)}
    return sg.fit(model, data, weights=np.concatenate([killed, exposed - killed]))


def draw(fits: dict[str, Any], path: Path) -> None:
    """The curves with the data, and the two regions of the logistic fit."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    dose, exposed, killed = read_data()
    grid = np.linspace(1.66, 1.91, 200)
    style = {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}
    with pyplot.rc_context(style):
        figure, (curves, regions) = pyplot.subplots(1, 2, figsize=(10.5, 4.4), layout="constrained")
        for colour, (link, found) in zip(("#2a788e", "#c44e52", "#8172b2"), fits.items(), strict=True):
            band = sg.predict(found, {d: grid}, LINKS[link])
            curves.plot(grid, band.values, color=colour, lw=2, label=link)
            curves.fill_between(grid, band.low, band.high, color=colour, alpha=0.12, lw=0)
        curves.scatter(dose, killed / exposed, s=exposed, color="0.25", zorder=5, label="observed share")
        curves.set(xlabel="dose, $\\log_{10}$ mg/l", ylabel="share killed", ylim=(-0.03, 1.05))
        curves.legend(frameon=False)
        found = fits["logistic"]
        for level, width in ((0.5, 1.2), (0.95, 2.0)):
            # In the median dose -a/b, for a and b are almost collinear.
            for kind, colour, dash in (("likelihood", "#2a788e", "-"), ("wald", "#c44e52", (0, (5, 3)))):
                intercept, slope = sg.confidence_region(found, level=level, kind=kind).boundary.T
                regions.plot(-intercept / slope, slope, color=colour, lw=width, ls=dash)
        regions.plot([], [], color="#2a788e", label="likelihood ratio, 50% and 95%")
        regions.plot([], [], color="#c44e52", ls=(0, (5, 3)), label="Wald")
        regions.plot(-found.estimate[0] / found.estimate[1], found.estimate[1], "o", color="0.25", ms=4)
        regions.set(xlabel="median lethal dose $-a/b$", ylabel="slope $b$", ylim=(26, 46.5))
        regions.locator_params(axis="x", nbins=5)
        regions.legend(frameon=False, loc="upper left")
        figure.savefig(path, dpi=160)
        pyplot.close(figure)


def main() -> None:
    """Fit and print."""
    fits = {link: fit(link) for link in LINKS}
    for link, found in fits.items():
        print(found)
        low, high = sg.confidence_interval(found, MEDIAN[link])
        half = sg.predict(found, function=MEDIAN[link]).values[0]
        print(f"median lethal dose {half:.5f}, 95% likelihood interval [{low:.5f}, {high:.5f}]")
        print(sg.confidence_region(found), sg.confidence_region(found, kind="wald"), sep="\n", end="\n\n")
    print(f"{'link':<22} {'AIC':>9}")
    for link, found in sorted(fits.items(), key=lambda item: item[1].aic):
        print(f"{link:<22} {found.aic:>9.3f}")
    if len(sys.argv) > 1:
        draw(fits, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
