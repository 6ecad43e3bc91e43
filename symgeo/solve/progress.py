"""Long work shows how far it is, and an interruption keeps what is finished.

A bar is drawn on standard error by tqdm or rich, whichever is installed, and only on a terminal.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Work that is done sooner draws no bar.
_PATIENCE = 1.0


class Progress:
    """How much of ``total`` is done. ``complete`` is False once the work was interrupted."""

    def __init__(self, total: float, label: str, shown: bool | None = None):
        wanted = sys.stderr is not None and sys.stderr.isatty() if shown is None else shown
        self.total, self.label, self.done, self.complete = total, label, 0.0, True
        self._began, self._bar = time.monotonic(), None
        self._library = _installed() if wanted else None

    def advance(self, amount: float) -> None:
        """So much more is done."""
        self.done += amount
        if self._bar is None and self._library and time.monotonic() - self._began > _PATIENCE:
            self._bar = _BARS[self._library](self.total, self.label)
        if self._bar is not None:
            self._bar.to(self.done)

    def close(self) -> None:
        """Take the bar off the screen."""
        if self._bar is not None:
            self._bar.close()


@contextmanager
def interruptible(total: float, label: str, shown: bool | None = None) -> Iterator[Progress]:
    """Work that Ctrl-C ends early without losing what is done: the block is left and ``.complete`` is False.

    ``shown``: whether a bar is drawn; None draws one where standard error is a terminal. The caller looks at
    ``.complete`` afterwards and says in its answer that it is not whole.
    """
    progress = Progress(total, label, shown)
    try:
        yield progress
    except KeyboardInterrupt:
        progress.complete = False
    finally:
        progress.close()


def _installed() -> str | None:
    return next((name for name in _BARS if importlib.util.find_spec(name) is not None), None)


class _Tqdm:
    def __init__(self, total: float, label: str):
        from tqdm import tqdm

        self._bar: Any = tqdm(total=total, desc=label, leave=False, bar_format="{desc}: {percentage:3.0f}%|{bar}|")

    def to(self, done: float) -> None:
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        self._bar.close()


class _Rich:
    def __init__(self, total: float, label: str):
        from rich.console import Console
        from rich.progress import Progress as Bars

        self._bars: Any = Bars(console=Console(stderr=True, force_terminal=True), transient=True)
        self._task = self._bars.add_task(label, total=total)
        self._bars.start()

    def to(self, done: float) -> None:
        self._bars.update(self._task, completed=done)

    def close(self) -> None:
        self._bars.stop()


_BARS: dict[str, Any] = {"tqdm": _Tqdm, "rich": _Rich}
