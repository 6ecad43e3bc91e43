"""Settings of all tests: hypothesis draws the same examples each time, and no example is timed."""

from __future__ import annotations

import os
from importlib.metadata import version
from importlib.util import find_spec

import pytest
from hypothesis import HealthCheck, Phase, settings

# Functions are compiled to be called once: XLA's optimisations would cost minutes.
FLAGS = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
if find_spec("jaxlib") and version("jaxlib").startswith(
    "0.10."
):  # XLA ends the process at a flag that it does not know
    FLAGS += " --xla_cpu_use_fusion_emitters=false"
os.environ.setdefault("XLA_FLAGS", FLAGS)

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
