"""The examples run from anywhere and print the published numbers."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import symgeo as sg

EXAMPLES = Path(__file__).parents[1] / "examples"

# Maximum likelihood estimates for the 23 bearings.
BEARINGS = {
    "weibull": {"shape": "2.1021", "scale": "81.878"},
    "gamma": {"shape": "4.0254", "scale": "17.942"},
    "lognormal": {"mu": "4.15045", "sigma": "0.521649"},
    "inverse Gaussian": {"mean": "72.2243", "shape": "231.674"},
}


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "ball_bearings.py")],
        cwd=tmp_path_factory.mktemp("elsewhere"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def bearings() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ball_bearings", EXAMPLES / "ball_bearings.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("family", BEARINGS)
def test_the_printed_estimates_are_the_known_ones(printed: str, family: str) -> None:
    section = printed.split(f"Maximum likelihood, {family},")[1].split("Maximum likelihood")[0]
    for name, value in BEARINGS[family].items():
        row = re.search(rf"^ +{name} +(\S+) +(\S+) .*\[", section, re.MULTILINE)
        assert row is not None
        decimals = len(value.split(".")[1])
        assert float(row[1]) == pytest.approx(float(value), abs=0.51 * 10**-decimals)
    assert re.search(r"^converged in \d+ iterations?; ", section, re.MULTILINE)
    for line in ("metric", "inverse metric", "scalar curvature"):
        assert re.search(rf"^  {line} ", section, re.MULTILINE)
    assert section.count("Gamma^") == 2


def test_the_models_are_compared_by_aic(printed: str) -> None:
    rows = re.findall(r"^(weibull|gamma|lognormal|inverse Gaussian) +(-\d+\.\d+) +(\d+\.\d+)$", printed, re.MULTILINE)
    assert [name for name, _, _ in rows] == ["gamma", "lognormal", "inverse Gaussian", "weibull"]
    for _, log_likelihood, aic in rows:
        assert float(aic) == pytest.approx(4.0 - 2.0 * float(log_likelihood), abs=1e-3)
    assert float(rows[0][1]) == pytest.approx(-113.0293, abs=1e-4)


def test_the_output_is_a_screen_and_a_half_at_most(printed: str) -> None:
    lines = printed.splitlines()
    assert len(lines) <= 80 and max(map(len, lines)) <= 120


def test_the_data_are_those_of_lieblein_and_zelen(bearings: ModuleType) -> None:
    revolutions = bearings.read_data()
    assert revolutions.shape == (23,)
    assert (revolutions[0], revolutions[-1]) == (17.88, 173.4)
    assert revolutions.sum() == pytest.approx(1661.16)
    assert "Lieblein and Zelen" in bearings.DATA.read_text(encoding="utf-8")


def test_the_same_numbers_come_through_the_functions(bearings: ModuleType) -> None:
    revolutions = bearings.read_data()
    for family, model in bearings.declare().items():
        fit = sg.fit(model, revolutions)
        assert fit.converged
        for name, value in BEARINGS[family].items():
            decimals = len(value.split(".")[1])
            assert fit.parameters[name] == pytest.approx(float(value), abs=0.51 * 10**-decimals)
        found = bearings.geometry(model, fit.estimate)
        np.testing.assert_allclose(found["metric"] @ found["inverse metric"], np.eye(2), atol=1e-11)
        np.testing.assert_allclose(fit.covariance * 23, found["inverse metric"], rtol=1e-10)
        if family not in ("gamma", "weibull"):  # half-planes of curvature -1/2
            assert found["scalar curvature"] == pytest.approx(-1.0)


def test_the_fisher_rao_distance_of_two_normal_laws() -> None:
    """sqrt 2 arcosh(59/16), from (5^2 + 2 1^2 + 2 4^2)/(4 1 4): Atkinson and Mitchell, Sankhya A 43 (1981) 345-365."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "fisher_rao_distance.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = dict(re.findall(r"^  (geodesic distance|straight line).*= (\d\.\d+)$", done.stdout, re.MULTILINE))
    assert float(found["geodesic distance"]) == pytest.approx(np.sqrt(2) * np.arccosh(59 / 16), rel=1e-11)
    assert float(found["straight line"]) == pytest.approx(np.sqrt(43) * np.log(4) / 3, rel=1e-11)
    assert float(found["straight line"]) > float(found["geodesic distance"])


def test_the_picture_of_the_geodesic_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "geodesic.png"
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "fisher_rao_distance.py"), str(picture)], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_policy_learned_by_trust_regions_beats_the_plain_gradient() -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "policy_trust_region.py")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^(trust region|plain, rate [\d.]+) +(.*)$", done.stdout, re.MULTILINE)
    returns = {name: [float(v) for v in values.split()] for name, values in rows}
    assert len(returns) == 6 and len(set(map(len, returns.values()))) == 1
    for column in range(1, 6):  # after 5, 10, 20, 40 and 60 policy gradients
        assert max(returns, key=lambda name, c=column: returns[name][c]) == "trust region"


def test_natural_gradients_do_not_care_about_charts(tmp_path: Path) -> None:
    """The geodesic way is one; near a saddle the plain gradient takes steps in proportion to kappa, the natural not."""
    pytest.importorskip("matplotlib")
    picture = tmp_path / "natural.png"
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "natural_gradient.py"), str(picture)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    charts, saddle = done.stdout.split("\n\n")
    rows = re.findall(r"^(\S.*?)  +(> 1000|\d+) +(\S+) +(\d+) +(\S+) +(\d+) +(\S+)$", charts, re.MULTILINE)
    assert len(rows) == 5
    assert {row[5] for row in rows} == {rows[0][5]} and max(float(row[6]) for row in rows) < 1e-7
    assert max(int(row[3]) for row in rows) < 25 and sum(row[1] == "> 1000" for row in rows) == 3
    counts = {line.split()[0]: np.array(line.split()[1:], dtype=int) for line in saddle.strip().splitlines()[1:]}
    assert set(counts["natural"]) == {13}
    np.testing.assert_allclose(counts["plain"] / counts["kappa"], 12, rtol=0.1)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_beetles(tmp_path: Path) -> None:
    """Logistic: -60.7175 (5.1807), 34.2703 (2.9121), Bliss's data as in Dobson's book."""
    pytest.importorskip("matplotlib")
    picture = tmp_path / "beetles.png"
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "beetles.py"), str(picture)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    logistic = done.stdout.split("Maximum likelihood, logistic,")[1].split("Maximum likelihood")[0]
    rows = dict(re.findall(r"^ +(a|b) +(-?[\d.]+ +[\d.]+)", logistic, re.MULTILINE))
    assert [float(v) for v in rows["a"].split()] == pytest.approx([-60.7175, 5.1807], abs=6e-4)
    assert [float(v) for v in rows["b"].split()] == pytest.approx([34.2703, 2.9121], abs=6e-4)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_boltzmann_machine_learns_by_two_projections(tmp_path: Path) -> None:
    """Both divergences fall to zero, below what any machine without hidden units has."""
    pytest.importorskip("matplotlib")
    picture = tmp_path / "boltzmann.png"
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "boltzmann_em.py"), str(picture)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    floor = float(re.search(r"without hidden units: D = (\S+)", done.stdout)[1])
    rows = re.findall(r"^ +\d+ +(\d\.\d+e[+-]\d+) +(\d\.\d+e[+-]\d+)$", done.stdout, re.MULTILINE)
    way = [float(value) for row in rows for value in row]
    assert len(way) == 18 and (np.diff(way) < 0).all() and way[-1] < 1e-12 < floor
    shares = re.findall(r"^  [01]{3} +(\d\.\d{4}) +(\d\.\d{4})$", done.stdout, re.MULTILINE)
    assert len(shares) == 8 and all(a == b for a, b in shares)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_the_laplace_posterior_comes_close_to_quadrature(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    picture = tmp_path / "posterior.png"
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "laplace_posterior.py"), str(picture)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^  mean \w+ +([\d.]+) +([\d.]+) +([\d.]+)$", done.stdout, re.MULTILINE)
    assert len(rows) == 4
    for first, second, exact in (map(float, row) for row in rows):
        assert abs(second - exact) < min(2e-3 * exact, 0.5 * abs(first - exact))
    assert picture.read_bytes().startswith(b"\x89PNG")
