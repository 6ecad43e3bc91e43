"""A walk through a grid learned by trust regions, against the plain gradient on the same budget of policy gradients.

The policy in each of the 25 cells is a law over four moves, declared by its density; `symgeo` derives its Fisher metric
and divergence. A step of `TrustRegion` follows the natural gradient until the mean Kullback-Leibler divergence to the
old policy is 0.2. The plain gradient gets five rates to choose from. Run it from anywhere:
python examples/policy_trust_region.py [picture.png]     (the picture needs matplotlib)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import sympy as sp

try:
    import symgeo as sg
except ModuleNotFoundError:  # a checkout that is not installed
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import symgeo as sg

SIDE, DISCOUNT, SLIP = 5, 0.95, 0.1
MOVES = ((1, 0), (0, 1), (-1, 0), (0, -1))
WALLS = {(1, 1), (2, 1), (3, 1), (3, 3), (2, 3), (1, 3)}
GOAL = (4, 4)
RADIUS, BUDGET = 0.2, 60
RATES = (0.1, 1.0, 10.0, 100.0, 1000.0)


def declare() -> sg.StatisticalModel:
    """One of four moves: exp(theta_move) over the sum, the first of them with theta = 0."""
    move = sp.Symbol("move", integer=True)
    theta = sp.symbols("theta_1:4", real=True)
    pieces = [(sp.exp(t), sp.Eq(move, i)) for i, t in enumerate(theta, 1)]
    density = sp.Piecewise(*pieces, (1, True)) / (1 + sp.Add(*map(sp.exp, theta)))
    return sg.StatisticalModel(density, move, theta, support=sp.FiniteSet(0, 1, 2, 3), name="move")


def probabilities(theta: np.ndarray) -> np.ndarray:
    """The moves' probabilities in every cell, (25, 3) -> (25, 4)."""
    full = np.concatenate([np.zeros((len(theta), 1)), theta], axis=1)
    full = np.exp(full - full.max(axis=1, keepdims=True))
    return full / full.sum(axis=1, keepdims=True)


def transitions() -> np.ndarray:
    """P[cell, move, next cell]; with probability SLIP the move is another one. The goal is left for the start."""
    steps = np.zeros((SIDE * SIDE, 4, SIDE * SIDE))
    for row in range(SIDE):
        for column in range(SIDE):
            for m, (down, right) in enumerate(MOVES):
                to = (min(max(row + down, 0), SIDE - 1), min(max(column + right, 0), SIDE - 1))
                to = (row, column) if to in WALLS else to
                to = (0, 0) if (row, column) == GOAL else to
                steps[row * SIDE + column, m, to[0] * SIDE + to[1]] = 1.0
    return (1.0 - SLIP) * steps + SLIP * steps.mean(axis=1, keepdims=True)


STEPS = transitions()
REWARD = np.zeros(SIDE * SIDE)
REWARD[GOAL[0] * SIDE + GOAL[1]] = 1.0


def evaluate(theta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """The discounted return from the first cell, its slope (25, 3), and the cells' share of the visits (25,)."""
    law = probabilities(theta)
    chain = np.einsum("sa,sat->st", law, STEPS)
    system = np.eye(len(theta)) - DISCOUNT * chain
    value = np.linalg.solve(system, REWARD)
    visits = np.linalg.solve(system.T, np.eye(len(theta))[0])
    action = REWARD[:, None] + DISCOUNT * STEPS @ value
    # The policy gradient theorem: d J = sum of visits * law * advantage.
    slope = visits[:, None] * law * (action - value[:, None])
    return float(value[0]), slope[:, 1:], (1.0 - DISCOUNT) * visits


def plain(rate: float) -> Iterator[float]:
    """Returns along gradient ascent."""
    theta = np.zeros((SIDE * SIDE, 3))
    for _ in range(BUDGET):
        value, slope, _ = evaluate(theta)
        yield value
        theta = theta + rate * slope
    yield evaluate(theta)[0]


def trust_region(model: sg.StatisticalModel) -> Iterator[float]:
    """Returns along steps of given divergence, with a line search."""
    region = sg.TrustRegion(model)
    theta, gain = np.zeros((SIDE * SIDE, 3)), np.inf
    for _ in range(BUDGET):
        value, slope, visits = evaluate(theta)
        yield value
        if gain > 1e-4 * value:  # else the policy has settled
            step = region.step(
                theta, slope, RADIUS, weights=visits, damping=1e-3, objective=lambda point: evaluate(point)[0]
            )
            theta, gain = step.theta, step.gain
    yield evaluate(theta)[0]


def draw(curves: dict[str, list[float]], path: Path) -> None:
    """The returns, as a picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 4.0), layout="constrained")
    for name, curve in curves.items():
        axes.plot(curve, label=name, linewidth=2.5 if name == "trust region" else 1.2)
    axes.set(xlabel="policy gradients", ylabel="discounted return", title="A walk through a grid")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Learn and print."""
    curves = {"trust region": list(trust_region(declare()))}
    curves |= {f"plain, rate {rate:g}": list(plain(rate)) for rate in RATES}
    print(f"{'policy gradients':<18}" + "".join(f"{n:>9}" for n in (0, 5, 10, 20, 40, BUDGET)))
    for name, curve in curves.items():
        print(f"{name:<18}" + "".join(f"{curve[n]:>9.4f}" for n in (0, 5, 10, 20, 40, BUDGET)))
    if len(sys.argv) > 1:
        draw(curves, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
