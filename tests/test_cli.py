"""The command line: what it prints, what it writes, and how it refuses."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from symgeo import catalogue
from symgeo.cli import main
from symgeo.codegen import lambdify
from symgeo.codegen.source import LANGUAGES

GAMMA = [
    *("--density", "r**k*x**(k-1)*exp(-r*x)/gamma(k)"),
    *("--variable", "x > 0", "--parameter", "k > 0", "--parameter", "r > 0"),
]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def module(text: str) -> dict:
    """The names of a generated module, run as a program of its own would."""
    names: dict = {}
    exec(compile(text, "generated", "exec"), names)
    return names


def test_derive_prints_the_derivation(capsys) -> None:
    code, out, err = run(capsys, "derive", "gamma")
    assert (code, err) == (0, "")
    assert out.startswith("Information geometry of the gamma family\n")
    assert "14. Geodesics" in out and max(map(len, out.split("\n"))) <= 100


def test_a_density_of_ones_own_is_derived_like_the_named_one(capsys) -> None:
    code, out, _ = run(capsys, "derive", *GAMMA, "--name", "gamma")
    assert code == 0
    assert out == run(capsys, "derive", "gamma")[1]


def test_a_log_density_and_negative_values_are_read(capsys) -> None:
    code, out, err = run(
        capsys,
        "derive",
        *("--log-density", "-(x-m)**2/(2*s**2) - log(s) - log(2*pi)/2"),
        *("--variable", "x real", "--parameter", "m real", "--parameter", "s > 0", "--alpha", "-1/3"),
    )
    assert (code, err) == (0, "")
    assert "    R^{(-1/3)} = -8/9\n" in out


def test_supports_and_constraints_are_read(capsys) -> None:
    code, out, err = run(
        capsys,
        *("derive", "--density", "p*q*exp(-p*x-q*y)", "--variable", "x > 0", "--variable", "y > 0"),
        *("--parameter", "0 < p < 1", "--parameter", "q > 0", "--constraint", "p < q"),
    )
    assert (code, err) == (0, "")
    for line in ("x, y ∈ (0, ∞)", "p ∈ (0, 1)", "q ∈ (0, ∞)", "0 < q - p"):
        assert f"    {line}\n" in out


def test_options_name_known_values_in_both_ways(capsys) -> None:
    assert run(capsys, "derive", "binomial(5)")[1] == run(capsys, "derive", "binomial", "--option", "n=5")[1]
    assert "multinomial(4, 2)" in run(capsys, "derive", "multinomial", "--option", "n=4", "--option", "k=2")[1]


def test_latex_and_markdown_are_written_and_only_their_paths_printed(capsys, tmp_path: Path) -> None:
    tex, md = tmp_path / "n.tex", tmp_path / "n.md"
    code, out, _ = run(capsys, "derive", "normal", "--latex", str(tex), "--markdown", str(md))
    assert code == 0 and out == f"{tex}\n{md}\n"
    assert tex.read_text(encoding="utf-8").endswith("\\end{document}\n")
    assert md.read_text(encoding="utf-8").startswith("# Information geometry of the normal family\n")
    assert run(capsys, "derive", "normal", "--latex", "-")[1].rstrip() == tex.read_text(encoding="utf-8").rstrip()


def test_the_module_of_derive_runs_alone_and_agrees_with_lambdify(capsys) -> None:
    code, out, err = run(capsys, "derive", "gamma", "--source", "numpy")
    assert (code, err) == (0, "")
    assert "symgeo" not in out and "sympy" not in out
    names = module(out)
    manifold = catalogue.get("gamma").manifold
    theta = np.array([[1.5, 2.0], [3.0, 0.5]])
    alpha = sp.Symbol("alpha", real=True)
    expected = {
        "metric": lambdify(manifold.metric)(theta),
        "inverse_metric": lambdify(manifold.inverse_metric)(theta),
        "cubic": lambdify(manifold.cubic)(theta),
        "jeffreys_prior": lambdify(manifold.jeffreys_prior, manifold.coordinates)(theta),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(names[name](theta), values, rtol=1e-12)
    christoffel = lambdify(manifold.connection(alpha).christoffel)(theta, alpha=0.3)
    np.testing.assert_allclose(names["christoffel"](theta, alpha=0.3), christoffel, rtol=1e-12)
    assert names["scalar_curvature"](theta, alpha=0.0).shape == (2,)
    assert names["expectation_parameters"](theta).shape == names["score"](theta, x=2.0).shape == (2, 2)
    log_density = 1.5 * np.log(2) + 0.5 * np.log(0.7) - 1.4 - np.log(np.sqrt(np.pi) / 2)
    np.testing.assert_allclose(names["log_density"](theta[0], x=0.7), log_density, rtol=1e-12)


def test_source_prints_one_object(capsys) -> None:
    code, out, _ = run(capsys, "source", "gamma", "metric", "--language", "numpy")
    assert code == 0
    assert out.count("\ndef metric(") == 1 and "def cubic(" not in out
    assert out == run(capsys, "source", "metric", *GAMMA, "--name", "gamma")[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_source_in_every_language(capsys, language) -> None:
    code, out, err = run(capsys, "source", "normal", "metric", "--language", language)
    assert (code, err) == (0, "")
    assert "normal family in the parameters (mu, sigma)" in out
    assert ("void metric(" if language.startswith("c") else "def metric(") in out
    code, _, err = run(capsys, "source", "skew_normal", "metric", "--language", language)
    assert code == 2 and "no closed form" in err


def test_a_number_for_alpha_leaves_no_keyword(capsys) -> None:
    flat = module(run(capsys, "source", "normal", "christoffel", "--alpha", "-1")[1])["christoffel"]
    free = module(run(capsys, "source", "normal", "christoffel")[1])["christoffel"]
    np.testing.assert_allclose(flat([0.2, 1.7]), free([0.2, 1.7], alpha=-1.0))


def test_a_parameter_called_alpha_keeps_its_name(capsys) -> None:
    names = module(run(capsys, "source", "beta", "scalar-curvature")[1])
    assert np.isfinite(names["scalar_curvature"]([1.5, 2.5], a=0.0))


def test_the_catalogue_has_a_line_for_each_family(capsys) -> None:
    code, out, _ = run(capsys, "catalogue")
    lines = out.rstrip().split("\n")
    assert code == 0 and len(lines) == 1 + len(catalogue.names())
    assert "r^k*x^(k - 1)*exp(-r*x)/Γ(k)" in out


def test_an_encoding_without_mathematics_gets_ascii(monkeypatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    assert main(["derive", "gamma"]) == 0
    stream.seek(0)
    assert "g_{kk} = psi'(k)" in stream.read()


REFUSED = [
    (["derive"], "name a family"),
    (["derive", "gama"], "did you mean gamma"),
    (["derive", "gamma", *GAMMA], "give one of them"),
    (["derive", "gamma", "--option", "n"], "no KEY=VALUE"),
    (["derive", "binomial(5)", "--option", "n=4"], "not both"),
    (["derive", "gamma", "--option", "q=4"], "does not fit"),
    (["derive", *GAMMA, "--option", "n=4"], "--option belongs to"),
    (["derive", *GAMMA, "--log-density", "x"], "both --density and --log-density"),
    (["derive", "--density", "exp(-x)"], "no variable is declared"),
    (["derive", "--density", "exp(-x)", "--variable", "x > 0"], "no parameter is declared"),
    (["derive", *GAMMA, "--parameter", "x > 0"], "declared both as"),
    (["derive", *GAMMA, "--parameter", "r > 1"], "declared already"),
    (["derive", "gamma", "--alpha", "1/0"], "symgeo: error: "),
    (["derive", "gamma", "--alpha", "sqrt(-1)"], "symgeo: error: "),
    (["source", "gamma", "tensor"], "no object tensor"),
    (["source", "gamma", "metric", "cubic"], "more than a family and an object"),
    (["source", "metric"], "name a family"),
    (["derive", "gamma", "--latex", "/nowhere/at/all.tex"], "cannot write"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_refusals_name_the_cause_and_end_with_code_2(capsys, arguments: list[str], message: str) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("symgeo: error: ") and message in err and "Traceback" not in err


def test_a_mistake_in_a_density_is_pointed_at(capsys) -> None:
    code, _, err = run(capsys, "derive", "--density", "k*exp(-k*y)", "--variable", "x > 0", "--parameter", "k > 0")
    first, text, pointer = err.rstrip("\n").split("\n")
    assert code == 2 and "unknown name 'y'" in first
    assert text[pointer.index("^")] == "y"


def test_a_density_that_is_none_is_refused(capsys) -> None:
    code, _, err = run(capsys, "derive", "--density", "2*k*exp(-k*x)", "--variable", "x > 0", "--parameter", "k > 0")
    assert code == 2 and err.startswith("symgeo: error: ")


def test_a_family_without_closed_form_has_a_derivation_but_no_source(capsys) -> None:
    parts = "(p*exp(-x**2/2) + (1-p)*exp(-(x-1)**2/2))/sqrt(2*pi)"
    mixture = ["--density", parts, "--variable", "x real", "--parameter", "0 < p < 1"]
    code, out, _ = run(capsys, "derive", *mixture)
    assert code == 0 and "quadrature" in out
    code, out, err = run(capsys, "source", "metric", *mixture)
    assert (code, out) == (2, "") and "has no closed form" in err and "lambdify" in err


@pytest.mark.parametrize("arguments", [["--help"], ["derive", "--help"], ["source", "--help"], ["catalogue", "--help"]])
def test_help_has_examples(capsys, arguments: list[str]) -> None:
    code, out, _ = run(capsys, *arguments)
    assert code == 0 and out.startswith("usage: symgeo")
    assert "examples:" in out or "catalogue" in arguments


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["derive", "gamma", "--source", "cobol"]])
def test_wrong_usage_ends_with_code_2(capsys, arguments: list[str]) -> None:
    assert run(capsys, *arguments)[0] == 2


def test_text_is_never_run_as_a_program(capsys, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    for text in (f"__import__('os').mkdir('{trap}')", f"exec(open('{trap}','w'))", "x.__class__"):
        code, _, err = run(capsys, "derive", "--density", text, "--variable", "x > 0", "--parameter", "k > 0")
        assert code == 2 and err.startswith("symgeo: error: ")
    assert not trap.exists()


def test_python_dash_m_runs_it_and_a_closed_pipe_is_no_error() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "symgeo", "derive", "poisson"]
    whole = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    assert whole.returncode == 0 and "13. Geodesics" in whole.stdout and whole.stderr == ""
    reading = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert reading.stdout is not None and reading.stderr is not None
    reading.stdout.close()
    assert b"Traceback" not in reading.stderr.read()
    reading.wait(60)
