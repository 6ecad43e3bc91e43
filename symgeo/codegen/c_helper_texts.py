"""The helpers of generated C, whose texts lie in c_helpers/."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from pathlib import Path

GSL_HEADERS = "#include <gsl/gsl_errno.h>\n#include <gsl/gsl_mode.h>\n#include <gsl/gsl_sf.h>\n"


@functools.cache
def helper_texts() -> dict[str, str]:
    """The text of every function in c_helpers/ by its name, the comment before it included."""
    found: dict[str, str] = {}
    for path in sorted(Path(__file__).with_name("c_helpers").glob("*.c")):
        for block in path.read_text(encoding="utf-8").split("\n\n"):
            name = re.search(r"^static \w+ (sg_\w+)\(", block, re.MULTILINE)
            if name:
                found[name[1]] = block.strip("\n")
    return found


def needs_gsl(lines: Iterable[str]) -> bool:
    return any("gsl_" in text for text in helpers_of("\n".join(lines)))


def helpers_of(text: str) -> list[str]:
    """The texts of the helpers that ``text`` calls, and before each of them those that it calls."""
    helpers = helper_texts()
    ordered: dict[str, str] = {}

    def visit(caller: str, inside: tuple[str, ...]) -> None:
        for name in dict.fromkeys(re.findall(r"\bsg_\w+(?=\()", caller)):
            if name not in ordered and name not in inside:
                visit(helpers[name], (*inside, name))
                ordered[name] = helpers[name]

    visit(text, ())
    return list(ordered.values())
