"""Progress is shown where it is wanted, and an interruption keeps what is done."""

from __future__ import annotations

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
