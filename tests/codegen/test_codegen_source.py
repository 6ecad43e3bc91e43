"""Source text: stands alone, computes what lambdify computes, reads well."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import sympy as sp

from symgeo.codegen import lambdify, module_source, source
from symgeo.errors import UnknownBackendError

k, r = sp.symbols("k r", positive=True)
x1, x2, x3 = sp.symbols("x1:4", real=True)
alpha = sp.Symbol("\\alpha_0", real=True)
METRIC = sp.Matrix([[sp.polygamma(1, k), -1 / r], [-1 / r, k / r**2]])

OBJECTS = {
    "metric": METRIC,
    "cubic": sp.Array([[[sp.polygamma(2, k) * alpha, 0], [0, k**3 / (3 * r**4)]]] * 2),
    "helpers": [
        sp.log(sp.binomial(k + 4, r)) + sp.uppergamma(k, r),
        sp.log(sp.beta(k, r)) + sp.binomial(k, 2) + sp.LambertW(r) + sp.Ci(k) + sp.Chi(r),
        sp.log(sp.gamma(k - 1)) + sp.polygamma(3, r) + sp.log(1 - sp.exp(-k)) + sp.log(sp.erfc(r)),
    ],
    "pieces": sp.Piecewise((sp.exp(k), k < r), (sp.sqrt(k) / 3, sp.Eq(k, 2)), (sp.zeta(k + 1), True)),
    "long sum": sp.Add(*(sp.sin(i * k + r) ** 2 / (i + r) for i in range(1, 40))),
}


def run(text, call):
    """The printed result of ``call`` after ``text``, in a Python that sees nothing of this project."""
    script = f"import sys\nexec(compile(sys.stdin.read(), 'module', 'exec'))\nprint({call})"
    result = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", script],
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_a_module_alone_gives_the_numbers_of_lambdify():
    text = module_source(OBJECTS, (k, r))
    theta = np.array([[[2.25, 1.5], [1.25, 3.0]]])
    calls = "[metric, lambda t: cubic(t, alpha_0=[1.5, -2]), helpers, pieces, long_sum]"
    printed = run(text, f"[f({theta.tolist()}).tolist() for f in {calls}]")
    expected = [
        lambdify(obj, (k, r))(theta, **({"alpha_0": [1.5, -2]} if name == "cubic" else {})).tolist()
        for name, obj in OBJECTS.items()
    ]
    assert printed.strip() == str(expected)


def test_source_is_that_of_lambdify():
    assert lambdify(METRIC, (k, r)).source == source(METRIC, (k, r))
    called = lambdify(METRIC, (k, r))
    called([[2.0, 3.0], [1e-300, 1e300]])
    assert called.source == source(METRIC, (k, r)) and called.source is called.source
    assert repr(called) == "<function function(theta, /)>"
    namespace: dict = {}
    exec(source(METRIC, (k, r), name="g"), namespace)
    np.testing.assert_array_equal(namespace["g"]([[2, 3]]), lambdify(METRIC, (k, r))([[2, 3]]))


def test_source_imports_only_what_it_uses():
    plain = source(k**2 + sp.exp(r), (k, r))
    assert "scipy" not in plain.lower()
    assert "import numpy as np" in plain
    assert "from scipy import special" in source(sp.gamma(k), (k,))
    assert "symgeo." not in module_source(OBJECTS, (k, r))


def test_helpers_appear_once_and_only_where_needed():
    text = module_source({"a": sp.polygamma(1, k), "b": sp.polygamma(1, k) + sp.log(sp.binomial(k, 3))}, (k,))
    assert text.count("def _trigamma") == text.count("def _binomial") == text.count("def _log_binomial") == 1
    assert text.count("def _hurwitz_zeta") == 1
    assert text.count("def ") == 6


def test_stand_alone_functions_check_their_argument():
    namespace: dict = {}
    exec(source(METRIC, (k, r), name="metric"), namespace)
    with pytest.raises(ValueError, match=r"theta must have shape \(\.\.\., 2\) for \(k, r\), not \(3,\)"):
        namespace["metric"]([1, 2, 3])
    with pytest.raises(TypeError, match="alpha_0"):
        exec(source(alpha * k, (k,), name="f") + "\nf([1])", {})


def test_layout():
    text = module_source(OBJECTS, (k, r))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 110
    assert all(line == line.rstrip() for line in lines)
    assert "    Returns a float64 array of shape (..., 2, 2); nan outside the real domain." in lines
    assert (
        "    alpha_0: the symbol \\\\alpha_0, a number or an array that broadcasts with the leading axes "
        "of theta." in lines
    )
    assert "        out[..., 0, 1] = out[..., 1, 0] = -1 / r" in lines


def test_ruff_finds_nothing_to_change(tmp_path):
    ruff = pytest.importorskip("ruff.__main__").find_ruff_bin()
    matrix = sp.Matrix(
        3, 3, lambda i, j: [x1, x2, x3][min(i, j)] ** (1 + abs(i - j)) + (3 if i == j else sp.sin(x1 * x2))
    )
    file = tmp_path / "generated.py"
    file.write_text(
        module_source({**OBJECTS, "inverse": matrix.inv(method="ADJ"), "lambda": METRIC}, (k, r)),
        encoding="utf-8",
    )
    for command in (["format", "--diff"], ["check", "--select", "E,F,W,I,B,UP"]):
        done = subprocess.run(
            [ruff, *command, "--isolated", "--line-length", "110", str(file)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["lambda", "np", "1st metric", '"""', "import os\nos.abort()", "_trigamma", "", "ϕ"])
def test_names_and_documentation_cannot_break_the_text(name):
    class Named:
        coordinates = (sp.Symbol(name or "v"),)
        shape = ()
        doc = name + '\\ """ \'\'\' \n end"'

        def flat(self):
            return [sp.polygamma(1, self.coordinates[0]) + sp.Symbol(name + "'")]

    Named.name = name
    f = lambdify(Named())
    keyword = name + "'"
    assert f([1.0], **{keyword: 1}) == pytest.approx(np.pi**2 / 6 + 1)
    assert f.__name__.isidentifier()
    text = module_source({name: Named()}, doc=name + '"')
    compile(text, "text", "exec")


def test_zero_components_are_not_written():
    text = source(sp.diag(k, r), (k, r))
    assert "np.zeros((*theta.shape[:-1], 2, 2))" in text
    assert text.count("out[") == 2


def test_unknown_language():
    with pytest.raises(UnknownBackendError, match="'cobol'; choose one of numpy"):
        source(k, (k,), language="cobol")
    with pytest.raises(UnknownBackendError):
        module_source({"f": k}, (k,), language="cobol")
