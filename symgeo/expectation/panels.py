"""Adaptive Gauss-Kronrod quadrature of many vector-valued integrals at once, all panels of a generation in one call.

Source of the rule and of its error heuristic: Piessens et al., QUADPACK (1983), routine qk21.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# (owners (N,), t (N,)) -> values (functions, N)
PanelFunction = Callable[["np.ndarray", "np.ndarray"], "np.ndarray"]

_MOST_NODES = 400_000  # for one integral
_PATIENCE = 5  # generations in which the error has to fall by half
_ABSCISSAE = (
    0.995657163025808080735527280689003,
    0.973906528517171720077964012084452,
    0.930157491355708226001207180059508,
    0.865063366688984510732096688423493,
    0.780817726586416897063717578345042,
    0.679409568299024406234327365114874,
    0.562757134668604683339000099272694,
    0.433395394129247190799265943165784,
    0.294392862701460198131126603103866,
    0.148874338981631210884826001129720,
    0.0,
)
_KRONROD = (
    0.011694638867371874278064396062192,
    0.032558162307964727478818972459390,
    0.054755896574351996031381300244580,
    0.075039674810919952767043140916190,
    0.093125454583697605535065465083366,
    0.109387158802297641899210590325805,
    0.123491976262065851077958109585166,
    0.134709217311473325928054001771707,
    0.142775938577060080797094273138717,
    0.147739104901338491374841515972068,
    0.149445554002916905664936468389821,
)
_GAUSS = (
    0.066671344308688137593568809893332,
    0.149451349150580593145863396957657,
    0.219086362515982043995534934228163,
    0.269266719309996355091226921569469,
    0.295524224714752870173815619188769,
)


@dataclass
class Integrals:
    """Values, error estimates and integrals of the absolute value, each (functions, rows)."""

    value: np.ndarray
    error: np.ndarray
    size: np.ndarray

    def __add__(self, other: Integrals) -> Integrals:
        return Integrals(self.value + other.value, self.error + other.error, self.size + other.size)

    @classmethod
    def zeros(cls, functions: int, rows: int) -> Integrals:
        import numpy as np

        return cls(*(np.zeros((functions, rows)) for _ in range(3)))


def integrate_panels(
    function: PanelFunction,
    owners: np.ndarray,
    rows: np.ndarray,
    ends: tuple[np.ndarray, np.ndarray],
    count: int,
    tolerance: float,
    floor: float = 0.0,
) -> Integrals:
    """Sums over panels, halved until the error of every function is below ``tolerance`` of its absolute integral, or of
    ``floor`` times that of the first function.

    Panel p lies on the arm ``owners[p]``, runs from ``ends[0][p]`` to ``ends[1][p]`` and counts for the row
    ``rows[p]`` of ``count``. ``function(owners (N,), t (N,))`` gives the values (functions, N).
    """
    import numpy as np

    spent = np.zeros(count)
    history: list[np.ndarray] = []
    fresh = [owners, rows, *ends]
    kept: list[np.ndarray] = []  # value, error, size (functions, panels); owner, row, start, end (panels,)
    while True:
        found = [*_one_generation(function, fresh), *fresh]
        kept = [np.concatenate(pair, axis=-1) for pair in zip(kept, found, strict=True)] if kept else found
        value, error, size, owner, row, start, end = kept
        total = Integrals(*(_by_row(v, row, count) for v in (value, error, size)))
        spent += np.bincount(fresh[1], minlength=count) * len(_nodes()[0])
        scale = np.maximum(total.size, np.maximum(floor * total.size[0], 1e-300))
        relative = np.max(total.error / scale, axis=0, initial=0.0)
        history.append(relative)
        unfinished = (relative > tolerance) & (spent < _MOST_NODES)
        if len(history) > _PATIENCE:
            # Halving helps no more: rounding in the functions themselves, not the rule, makes the error.
            unfinished &= relative < 0.5 * history[-1 - _PATIENCE]
        share = tolerance * scale / (2.0 * np.maximum(np.bincount(row, minlength=count), 1))
        split = unfinished[row] & np.any(error > share[:, row], axis=0)
        # A panel so short that doubles hardly tell its nodes apart cannot be improved.
        split &= end - start > 1e-13 * (1.0 + np.abs(start))
        if not np.any(split):
            return total
        middle = 0.5 * (start + end)[split]
        fresh = [
            np.tile(owner[split], 2),
            np.tile(row[split], 2),
            np.concatenate([start[split], middle]),
            np.concatenate([middle, end[split]]),
        ]
        kept = [v[..., ~split] for v in kept]


def _one_generation(function: PanelFunction, panels: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value, error and absolute integral of every function on every panel."""
    import numpy as np

    nodes, kronrod, gauss = _nodes()
    owner, _, start, end = panels
    half = 0.5 * (end - start)
    t = 0.5 * (start + end)[:, None] + half[:, None] * nodes
    values = function(np.repeat(owner, nodes.size), t.ravel())
    values = values.reshape(len(values), *t.shape)
    value, size = (values @ kronrod) * half, (np.abs(values) @ kronrod) * half
    difference = np.abs(values @ (kronrod - gauss)) * half
    spread = (np.abs(values - (0.5 * (values @ kronrod))[..., None]) @ kronrod) * half
    scaled = spread * np.minimum(1.0, (200.0 * difference / np.maximum(spread, 1e-300)) ** 1.5)
    return value, np.maximum(scaled, 2e-16 * size), size


def _nodes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Abscissae on (-1, 1), Kronrod weights, and Gauss weights at the same abscissae."""
    import numpy as np

    gauss = np.zeros(21)
    gauss[1::2] = np.concatenate([_GAUSS, _GAUSS[::-1]])
    abscissae = np.concatenate([-np.array(_ABSCISSAE), np.array(_ABSCISSAE[-2::-1])])
    return abscissae, np.concatenate([_KRONROD, _KRONROD[-2::-1]]), gauss


def _by_row(values: np.ndarray, row: np.ndarray, count: int) -> np.ndarray:
    import numpy as np

    return np.stack([np.bincount(row, weights=v, minlength=count) for v in values])
