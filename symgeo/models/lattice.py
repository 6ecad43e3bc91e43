"""Rank-1 lattices in the unit cube: points for integrals in several dimensions.

Source: Sloan and Joe, Lattice Methods for Multiple Integration (1994), chapters 3 and 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

# multipliers of Korobov lattices (1, a, a^2, ...) found by search: the least worst P_2 over dimensions 2 to 8
_MULTIPLIERS = {256: 75, 1024: 185, 4096: 1589, 16384: 3533, 65536: 28547}


def lattice(size: int, dimension: int, shift: np.ndarray) -> np.ndarray:
    """The ``size`` (256, 1024, 4096, 16384 or 65536) points of a lattice shifted by ``shift`` (dimension,), inside the
    open unit cube: (size, dimension)."""
    import numpy as np

    generator = np.array([pow(_MULTIPLIERS[size], power, size) for power in range(dimension)])
    multiples = np.arange(size)[:, None] * generator % size
    return np.clip((multiples / size + shift) % 1.0, 1e-16, 1.0 - 1e-16)


def shifts(dimension: int, count: int) -> np.ndarray:
    """The same ``count`` random shifts every time, (count, dimension)."""
    import numpy as np

    return np.random.default_rng(1_000_003).random((count, dimension))
