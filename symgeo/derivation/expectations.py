r"""How an expectation without closed form is written: ``\mathrm{E}[\ell_{w} \ell_{m}^{2}]``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from symgeo.derivation.plain import plain_math

if TYPE_CHECKING:
    from symgeo.derivation.notation import Notation
    from symgeo.expectation.node import Expectation


def in_latex(node: Expectation, notation: Notation, written: Callable[[Any], str]) -> str:
    """The expectation in LaTeX; ``written`` prints expressions."""
    parts = _derivatives(node, notation)
    if node.f != 1 or not parts:
        text = written(node.f)
        parts = [f"({text})" if node.f.is_Add and parts else text, *parts]
    mean = rf"\mathrm{{E}}[{' '.join(parts)}]"
    moved = [f"{notation.latex(p)} = {written(v)}" for p, v in _moved(node)]
    return rf"\left. {mean} \right|_{{{', '.join(moved)}}}" if moved else mean


def on_a_line(node: Expectation, notation: Notation, written: Callable[[Any], str], use_unicode: bool) -> str:
    """The expectation on one line of a terminal; ``written`` prints expressions on one line."""
    parts = [plain_math(text, use_unicode) for text in _derivatives(node, notation)]
    if node.f != 1 or not parts:
        text = written(node.f)
        parts = [f"({text})" if node.f.is_Add and parts else text, *parts]
    moved = [f"{written(p)} = {written(v)}" for p, v in _moved(node)]
    return f"E[{' '.join(parts)}]" + (f"({', '.join(moved)})" if moved else "")


def _derivatives(node: Expectation, notation: Notation) -> list[str]:
    """The LaTeX of the derivatives of the log-density in the mean, equal ones as a power."""
    out = []
    for letter in dict.fromkeys(node.letters):
        count = node.letters.count(letter)
        motion = node.law.motion_of(letter)
        if motion is None:
            text = notation.derivative([node.law.parameters[k] for k in letter])
        else:
            below = "".join(rf"\partial_{{{notation.index([node.law.parameters[k]])}}} " for k in letter[:-1])
            text = f"{below}{notation.motion}_{{{motion}}}"
            text = f"({text})" if below else text
        out.append(text if count == 1 else f"{text}^{{{count}}}")
    return out


def _moved(node: Expectation) -> list[tuple[Any, Any]]:
    """The parameters that have other values than themselves."""
    return [(p, v) for p, v in zip(node.law.parameters, node.args, strict=True) if p != v]
