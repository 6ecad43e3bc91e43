"""A Boltzmann machine with hidden units learned by Amari's em algorithm: two projections in turn, both exact.

Three visible units tend to be all on or all off, in a way that couplings of pairs do not quite give; two hidden units,
coupled with the visible ones, do. The machine is declared by its density, and `symgeo` derives statistics and natural
coordinates. The e-step projects the machine's law p onto the laws q that agree with what was seen, the m-step projects
q back onto the machine by matching the means of its statistics; both minimise D(q || p), which falls to zero.
Run it from anywhere: python examples/boltzmann_em.py [picture.png]     (the picture needs matplotlib)
"""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import sympy as sp

try:
    import symgeo as sg
except ModuleNotFoundError:  # a checkout that is not installed
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import symgeo as sg

VISIBLE = sp.symbols("v1:4", integer=True)
HIDDEN = sp.symbols("h1:3", integer=True)
STATES = np.array(list(product((0, 1), repeat=3)))
SEEN = np.array([0.30, 0.06, 0.06, 0.08, 0.06, 0.08, 0.08, 0.28])  # of 000, 001, 010, 011, ...
STEPS, SEEDS = 100, (1, 2, 3)


def machine(hidden: tuple[sp.Symbol, ...]) -> sg.StatisticalModel:
    """Units 0 or 1 with biases; hidden units are coupled with visible ones, and without any, visible ones in pairs."""
    units = (*VISIBLE, *hidden)
    pairs = list(product(VISIBLE, hidden)) or [(a, b) for i, a in enumerate(VISIBLE) for b in VISIBLE[i + 1 :]]
    biases = [sp.Symbol(f"b_{u}", real=True) for u in units]
    couplings = [sp.Symbol(f"w_{a}{b}", real=True) for a, b in pairs]
    energy = sum(b * u for b, u in zip(biases, units, strict=True))
    energy += sum(w * a * b for w, (a, b) in zip(couplings, pairs, strict=True))
    total = sum(sp.exp(energy.subs(dict(zip(units, s, strict=True)))) for s in product((0, 1), repeat=len(units)))
    support = dict.fromkeys(units, sp.FiniteSet(0, 1))
    return sg.StatisticalModel(
        sp.exp(energy) / total, units, (*biases, *couplings), support=support, name=f"{len(units)} units"
    )


def without_hidden_units() -> float:
    """The divergence of what was seen from the nearest machine of three visible units."""
    fit = sg.fit(machine(()), STATES, weights=SEEN)
    return float(SEEN @ np.log(SEEN)) - fit.log_likelihood


def learned(model: sg.StatisticalModel, seed: int) -> Any:
    """The em algorithm from random couplings."""
    start = np.random.default_rng(seed).normal(size=len(model.parameters))
    return sg.alternating_projections(model, STATES, HIDDEN, weights=SEEN, start=start, steps=STEPS)


def draw(runs: dict, floor: float, path: Path) -> None:
    """The two divergences along the way, and a few steps of one of them as a staircase."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    style = {"font.family": "DejaVu Sans", "font.size": 10, "axes.spines.top": False, "axes.spines.right": False}
    with pyplot.rc_context(style):
        figure, (whole, first) = pyplot.subplots(1, 2, figsize=(10.5, 4.2), layout="constrained")
        colours = pyplot.get_cmap("viridis")(np.linspace(0.1, 0.75, len(runs)))
        steps = np.arange(1, STEPS + 1)
        for (seed, run), colour in zip(runs.items(), colours, strict=True):
            whole.plot(steps, run.after_e, color=colour, lw=2.0, label=f"start {seed}")
        whole.axhline(floor, color="0.55", lw=1.2, ls=(0, (5, 3)), label="best without hidden units")
        whole.set(yscale="log", ylim=(1e-13, 10), xlabel="step", ylabel="$D(q\\,\\|\\,p)$ after the e-step")
        whole.legend(frameon=False, loc="lower left")
        run = next(iter(runs.values()))
        few = np.arange(1, 13)
        first.plot(few, run.after_e[few - 1], "o", ms=4, color="#2a788e", label="after the e-step")
        first.plot(few + 0.5, run.after_m[few - 1], "o", ms=4, color="#c44e52", label="after the m-step")
        between = np.column_stack([run.after_e, run.after_m]).ravel()[: 2 * len(few)]
        first.plot(1 + 0.5 * np.arange(len(between)), between, color="0.75", lw=1.0, zorder=0)
        first.set(yscale="log", xlabel="step", ylabel="$D(q\\,\\|\\,p)$")
        first.legend(frameon=False)
        figure.savefig(path, dpi=150)
        pyplot.close(figure)


def main() -> None:
    """Learn from several starts, print the divergences and the best machine's law, and draw where a path is given."""
    floor = without_hidden_units()
    print(f"nearest machine without hidden units: D = {floor:.10f}\n")
    model = machine(HIDDEN)
    runs = {seed: learned(model, seed) for seed in SEEDS}
    print(f"start {SEEDS[0]}: {runs[SEEDS[0]]}\n")
    for seed in SEEDS[1:]:
        print(f"start {seed}: D from {runs[seed].after_e[0]:.6f} to {runs[seed].after_m[-1]:.1e}")
    best = min(runs.values(), key=lambda run: run.after_m[-1])
    law = sg.lambdify(sg.marginal(model, VISIBLE).density, model.parameters)
    print("\n  state      seen   the machine")
    for state, share in zip(STATES, SEEN, strict=True):
        given = {v.name: float(s) for v, s in zip(VISIBLE, state, strict=True)}
        print(f"  {''.join(map(str, state))}     {share:>8.4f}   {law(best.parameters[-1], **given):>8.4f}")
    if len(sys.argv) > 1:
        draw(runs, floor, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
