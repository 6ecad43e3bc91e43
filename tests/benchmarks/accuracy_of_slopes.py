"""Digits of the first derivatives of PyTorch's functions: worst relative errors over the catalogue, as in accuracy.py.

Run: PYTHONPATH=tests/benchmarks python tests/benchmarks/accuracy_of_slopes.py [--families gamma,beta]
     [--objects metric,christoffel] [--points 12] [--seed 7]

Each derivative of a component by a parameter is held against its proven value; "by PyTorch" marks those that the
checked derivatives of `codegen/derivatives.py` do not give.
"""

from __future__ import annotations

import argparse
from typing import Any

import mpmath
import numpy as np
import torch
from accuracy import DIGITS, LARGEST, OBJECTS, SMALLEST, Worst, exact_values, points

import symgeo as sg
from symgeo.codegen import Kernel
from symgeo.codegen.derivatives import derivative
from symgeo.codegen.numeric_node import nodes_in


def row(tensor: Any, kernel: Kernel, at: np.ndarray) -> str:
    """The worst error of a derivative and where it is."""
    slopes = derivative(kernel, 0)
    if slopes is None:
        return "by PyTorch"
    function = sg.lambdify(tensor, kernel.coordinates, backend="torch")
    computed = torch.func.vmap(torch.func.jacrev(function))(torch.tensor(at)).reshape(len(at), -1)
    distinct = list(dict.fromkeys(e for e in slopes.expressions if e != 0))
    exact = exact_values(distinct, kernel.coordinates, at)
    worst = Worst()
    with mpmath.workdps(DIGITS):
        for point, values, true in zip(at, computed.tolist(), exact, strict=True):
            known = dict(zip(distinct, true, strict=True))
            for number, (expr, value) in enumerate(zip(slopes.expressions, values, strict=True)):
                expected = known.get(expr, 0)
                if SMALLEST < abs(expected) < LARGEST:
                    index = list(map(int, np.unravel_index(number, slopes.shape)))
                    place = f"{index} at {', '.join(f'{c:.4g}' for c in point)}"
                    worst.meet(float(abs(mpmath.mpf(value) - expected) / abs(expected)), place)
    return f"{worst.error:9.1e}   {worst.place}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--families", default="", help="comma-separated names; all of the catalogue if left out")
    parser.add_argument("--objects", default="metric,christoffel", help=f"of {', '.join(OBJECTS)}")
    parser.add_argument("--points", type=int, default=12)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    for name in given.families.split(",") if given.families else sg.catalogue.names():
        model = sg.catalogue.get(name)
        at = points(model, given.points, np.random.default_rng(given.seed))
        for kind in given.objects.split(","):
            tensor = OBJECTS[kind](model.manifold)
            kernel = Kernel.of(tensor, model.manifold.coordinates)
            if any(kernel.expressions) and not nodes_in(kernel.expressions):
                print(f"{name:28}{kind:15}{row(tensor, kernel, at)}", flush=True)


if __name__ == "__main__":
    main()
