"""The README's code runs and prints what the README says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_example_prints_what_stands_beside_it() -> None:
    pairs = re.findall(r"```python\n(.*?)```\n+```text\n(.*?)```", README, re.DOTALL)
    assert pairs
    for code, expected in pairs:
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == expected.split()


def test_every_code_block_is_followed_by_its_output() -> None:
    assert README.count("```python") == README.count("```text") == 1


def test_what_it_is_fits_one_screen() -> None:
    before = README.split("\n## ")[0]
    assert len(before.splitlines()) <= 60


def test_the_files_it_names_exist() -> None:
    root = Path(__file__).parents[1]
    for name in re.findall(r"`((?:docs|examples)/[\w./]+|CONTRIBUTING\.md)`", README):
        assert (root / name).exists(), name
