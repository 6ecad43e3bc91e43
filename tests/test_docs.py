"""The page of objects shows what its calls give."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_of_objects_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, str(DOCS / "build_objects.py"), "--check"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
