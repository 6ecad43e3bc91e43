"""Generated sources kept as files: what changes in them is seen; and what they compute, run as they are.

``pytest tests/codegen/test_golden_sources.py --refresh-golden`` writes them anew.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from c_library import STRICT, pointer

import symgeo as sg
from symgeo.codegen import evaluate
from symgeo.codegen.c import shared_library
from symgeo.errors import MissingDependencyError

FOLDER = Path(__file__).parents[1] / "golden" / "sources"
SUFFIXES = {"numpy": "numpy.py", "jax": "jax.py", "torch": "torch.py", "c": "c"}
OBJECTS = {
    "gamma_metric": (lambda: sg.catalogue.gamma().manifold.metric, [2.25, 1.5]),
    "bivariate_normal_christoffel": (
        lambda: sg.catalogue.bivariate_normal().manifold.connection(0).christoffel,
        [0.5, -1.0, 1.25, 0.75, 0.375],
    ),
    "von_mises_cubic": (lambda: sg.catalogue.von_mises().manifold.cubic, [0.25, 3.5]),
}
over_all = pytest.mark.parametrize(("name", "language"), [(n, t) for n in OBJECTS for t in SUFFIXES])


def path(name, language):
    return FOLDER / f"{name}.{SUFFIXES[language]}"


@over_all
def test_the_text_is_the_one_kept(name, language, request):
    text = sg.source(OBJECTS[name][0](), language=language, name=name)
    if request.config.getoption("--refresh-golden"):
        path(name, language).parent.mkdir(parents=True, exist_ok=True)
        path(name, language).write_text(text, encoding="utf-8")
    kept = path(name, language).read_text(encoding="utf-8")
    assert text == kept, "after a change that is meant: pytest tests/codegen/test_golden_sources.py --refresh-golden"


@over_all
def test_the_text_computes_the_tensor(name, language):
    tensor, theta = OBJECTS[name][0](), np.array(OBJECTS[name][1])
    text = path(name, language).read_text(encoding="utf-8")
    values = run_c(text, name, theta, tensor.shape) if language == "c" else run_python(text, name, theta, language)
    at = dict(zip(tensor.coordinates, OBJECTS[name][1], strict=True))
    expected = {e: float(evaluate(e, at, 50)) for e in dict.fromkeys(tensor.flat())}
    np.testing.assert_allclose(values.ravel(), [expected[e] for e in tensor.flat()], rtol=1e-13)


def run_python(text, name, theta, language):
    namespace: dict = {}
    if language == "numpy":
        exec(text, namespace)
        return namespace[name](theta)
    library = pytest.importorskip(language)
    exec(text, namespace)
    if language == "torch":
        return namespace[name](library.tensor(theta)).numpy()
    before = library.config.jax_enable_x64
    library.config.update("jax_enable_x64", True)
    try:
        return np.asarray(namespace[name](theta))
    finally:
        library.config.update("jax_enable_x64", before)


def run_c(text, name, theta, shape):
    try:
        library = shared_library(text, STRICT)
    except MissingDependencyError as error:
        pytest.skip(str(error))
    values = np.empty(shape)
    getattr(library, name)(pointer(theta), pointer(values))
    return values
