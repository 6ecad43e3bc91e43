"""Progress is shown where it is wanted, and an interruption keeps what is done."""

from __future__ import annotations

import os
import re
import signal
import struct
import subprocess
import sys
from contextlib import suppress

import pytest

from symgeo.solve import progress
from symgeo.solve.progress import interruptible


@pytest.mark.parametrize("library", ["tqdm", "rich"])
def test_a_bar_is_drawn_when_asked_for(library: str, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    pytest.importorskip(library)
    monkeypatch.setattr(progress, "_PATIENCE", -1.0)
    monkeypatch.setattr(progress, "_BARS", {library: progress._BARS[library]})
    with interruptible(4, "geodesics", shown=True) as work:
        for _ in range(4):
            work.advance(1)
    shown = capsys.readouterr()
    assert work.complete and work.done == 4
    assert "geodesics" in shown.err and shown.out == ""


@pytest.mark.parametrize("shown", [False, None])
def test_nothing_is_drawn_off_a_terminal(shown: bool | None, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", -1.0)
    with interruptible(2, "geodesics", shown) as work:
        work.advance(2)
    assert capsys.readouterr() == ("", "")


def test_an_interruption_leaves_the_block() -> None:
    found = []
    with interruptible(3, "work") as work:
        for k in range(3):
            if k == 2:
                raise KeyboardInterrupt
            found.append(k)
            work.advance(1)
    assert found == [0, 1] and not work.complete


def test_other_errors_are_not_held_back() -> None:
    with pytest.raises(ZeroDivisionError), interruptible(1, "work"):
        raise ZeroDivisionError


IN_A_TERMINAL = """
import numpy as np
import symgeo as sg
from symgeo.solve import progress

progress._PATIENCE = 0.0
p, q = np.exp(np.random.default_rng(0).normal(size=(2, 20_000, 2)))
found = sg.geodesic_between(sg.catalogue.get("beta"), p, q)
print(found.complete, np.sum(found.converged), np.sum(np.isfinite(found.distance)), flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="terminals of this kind are POSIX's")
def test_ctrl_c_in_a_terminal_stops_a_batch_and_keeps_what_is_done() -> None:
    import fcntl
    import pty
    import termios

    if progress._installed() is None:
        pytest.skip("neither tqdm nor rich is installed")
    mine, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-c", IN_A_TERMINAL]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=its, text=True) as child:
        os.close(its)
        seen = b""
        while not re.search(rb"geodesics.*[1-9]\d*%", seen, re.DOTALL):
            seen += os.read(mine, 4096)
        child.send_signal(signal.SIGINT)
        with suppress(OSError):  # that the other end is closed
            while os.read(mine, 4096):
                pass
        assert child.stdout is not None
        complete, converged, finite = child.stdout.read().split()
    os.close(mine)
    assert child.returncode == 0
    assert complete == "False" and 0 < int(converged) < 20_000 and converged == finite
