"""The rooms of the house: imports run downward, files stay small, outside text is never evaluated."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "symgeo"
FLOORS = (
    {"errors"},
    {"grammar"},
    {"algebra"},
    {"codegen"},
    {"geometry"},
    {"solve"},
    {"expectation"},
    {"models"},
    {"verification"},
    {"catalogue"},
    {"derivation"},
    {"inference"},
    {"cli"},
    {"__main__"},
)
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
LONGEST = 400
FORBIDDEN = {"simplify", "sympify", "parse_expr", "eval"}
MODULES = sorted(ROOT.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported_rooms(tree: ast.AST) -> Iterator[str]:
    """Rooms of the package that a module imports; the package root itself counts as "__init__"."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [f"symgeo.{alias.name}" for alias in node.names] if node.module == "symgeo" else [node.module]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "symgeo":
                yield parts[1] if len(parts) > 1 else "__init__"


def offences(room: str, source: str) -> list[str]:
    """What a module of this room does against the rules."""
    tree = ast.parse(source)
    found = []
    for other in imported_rooms(tree):
        if room != "__init__" and other != room and LEVEL.get(other, len(FLOORS)) >= LEVEL[room]:
            found.append(f"{room} imports {other}")
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            found.append("relative import")
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            strict = called == "sympify" and any(k.arg == "strict" for k in node.keywords)  # refuses text
            if (called in FORBIDDEN and not strict) or (called == "exec" and room != "codegen"):
                found.append(f"calls {called}")
    if source.count("\n") > LONGEST:
        found.append(f"{source.count(chr(10))} lines")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_module_keeps_the_rules(path: Path) -> None:
    assert offences(room_of(path), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("algebra", "from symgeo.models.support import Support"),
        ("models", "import symgeo"),
        ("geometry", "from symgeo import derivation"),
        ("models", "import sympy as sp\nsp.simplify(1)"),
        ("models", "eval('1')"),
        ("models", "exec('1')"),
        ("models", "from . import support"),
        ("errors", "\n" * 500),
    ],
)
def test_the_rules_catch_an_offender(room: str, source: str) -> None:
    assert offences(room, source)


def test_every_room_has_its_floor() -> None:
    assert {room_of(p) for p in MODULES} - {"__init__"} == set(LEVEL)


def test_importing_symgeo_leaves_heavy_libraries_alone() -> None:
    code = (
        "import sys, symgeo; print([m for m in ('numpy', 'scipy', 'jax', 'torch', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
