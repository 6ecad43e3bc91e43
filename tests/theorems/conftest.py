"""Arithmetic of the theorem tests: forty digits throughout."""

from __future__ import annotations

import mpmath
import pytest

from theorems.oracle import DIGITS


@pytest.fixture(autouse=True)
def forty_digits():
    with mpmath.workdps(DIGITS):
        yield
