"""Long lines of Python broken between the pieces of what they say, as ruff would."""

from __future__ import annotations

from collections.abc import Sequence

from symgeo.codegen.printer import ATOM, Text

LINE_LENGTH = 110
_INDENT = "    "


def layout(target: str, value: Text, indent: str = _INDENT) -> list[str]:
    """The lines of ``target = value``: one where it fits, else broken between the pieces as ruff would."""
    return _broken(f"{indent}{target} = ", value, indent)


def layout_call(
    prefix: str, function: str, arguments: Sequence[str], indent: str = _INDENT, end: str = ""
) -> list[str]:
    """The lines of ``prefix function(arguments) end``, broken between the arguments where it is too long."""
    text = f"{function}({', '.join(arguments)})"
    return _broken(indent + prefix, Text(text, ATOM, (function + "(", *arguments)), indent, end)


def _broken(start: str, value: Text, indent: str, end: str = "") -> list[str]:
    line = start + value.text + end
    if len(line) <= LINE_LENGTH or not value.pieces:
        return [line]
    inner = indent + _INDENT
    if value.precedence == ATOM:
        opening, arguments = value.pieces[0], value.pieces[1:]
        one = inner + ", ".join(arguments)
        body = [one] if len(one) <= LINE_LENGTH else [f"{inner}{a}," for a in arguments]
    else:
        opening = "("
        one = inner + value.text
        body = [one] if len(one) <= LINE_LENGTH else [inner + piece for piece in value.pieces]
    return [start + opening, *body, f"{indent}){end}"]
