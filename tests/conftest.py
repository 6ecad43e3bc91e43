"""Settings of all tests: hypothesis draws the same examples each time, and no example is timed."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

# Functions are compiled to be called once: XLA's optimisations would cost minutes.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true --xla_disable_hlo_passes=fusion",
)

settings.register_profile(
    "symgeo",
    deadline=None,
    derandomize=True,
    max_examples=4,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
settings.load_profile("symgeo")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--refresh-golden", action="store_true", help="write the generated sources in tests/golden/ anew")
