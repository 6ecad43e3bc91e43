"""Safe Python identifiers for symbols whose names may be any text."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

import sympy as sp

# Names the generated text uses itself; a symbol of the same name must not hide them.
RESERVED = frozenset({"np", "special", "out", "leading", "float", "str", "ValueError", "__debug__"})


def identifier(name: str) -> str:
    r"""Turn any text into an identifier: ``x_1`` stays, ``\sigma`` -> ``sigma``, ``lambda`` -> ``lambda_``.

    Python reads identifiers in Unicode normal form NFKC, so the name is put into that form first.
    """
    text = unicodedata.normalize("NFKC", name)
    if not text.isidentifier():
        text = "".join(c if ("_" + c).isidentifier() else " " for c in text)
        text = re.sub(r" +", "_", text.strip()) or "v"
        if not text.isidentifier():
            text = "v" + text
    return text + "_" if keyword.iskeyword(text) else text


class Names:
    """Hands out distinct identifiers; never one of the reserved ones, never the same one twice.

    ``spell`` makes an identifier of the target language from any text.
    """

    def __init__(self, reserved: Iterable[str] = (), spell: Callable[[str], str] = identifier):
        self._spell = spell
        self.taken = set(RESERVED) | set(reserved)
        self._counters: dict[str, int] = {}

    def fresh(self, name: str) -> str:
        """The identifier of ``name``, with a number after it when that one is taken."""
        base = candidate = self._spell(name)
        if candidate in self.taken:
            candidate = base = base.rstrip("_") + "_"
        count = 1
        while candidate in self.taken:
            candidate = f"{base}{count}"
            count += 1
        self.taken.add(candidate)
        return candidate

    def temporary(self) -> str:
        """The next free name among t0, t1, t2, ..."""
        count = self._counters.get("t", 0)
        while f"t{count}" in self.taken:
            count += 1
        self._counters["t"] = count + 1
        self.taken.add(f"t{count}")
        return f"t{count}"

    def assign(self, symbols: Sequence[sp.Basic]) -> dict[sp.Basic, str]:
        """One identifier for each symbol; those that can keep their own name are served first."""
        result: dict[sp.Basic, str] = {}
        for keep in (True, False):
            for symbol in symbols:
                name = str(getattr(symbol, "name", symbol))
                free = self._spell(name) == name and name not in self.taken
                if symbol not in result and (free or not keep):
                    result[symbol] = self.fresh(name)
        return {symbol: result[symbol] for symbol in symbols}
