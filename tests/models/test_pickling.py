"""Models and what is made of them survive pickling and copying, by their declaration."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import sympy as sp

import symgeo as sg

x = sp.Symbol("x", positive=True)
y, b0, b1, d = sp.symbols("y b0 b1 d", real=True)
k, r = sp.symbols("k r", positive=True)
n, i = sp.symbols("n i", integer=True, nonnegative=True)
u, w = sp.symbols("u w", positive=True)
e1, e2 = sp.symbols("e1 e2", real=True)

WEIBULL = sg.StatisticalModel(k / r * (x / r) ** (k - 1) * sp.exp(-((x / r) ** k)), x, (k, r), name="Weibull")
MODELS: dict[str, Any] = {
    "plain": WEIBULL,
    "normaliser": sg.StatisticalModel(
        r**n / sp.factorial(n) ** k / sp.Sum(r**i / sp.factorial(i) ** k, (i, 0, sp.oo)), n, (r, k)
    ),
    "constrained": sg.StatisticalModel(
        sp.Piecewise((u, sp.Eq(n, 0)), (w, sp.Eq(n, 1)), (1 - u - w, True)),
        n,
        (u, w),
        support=sp.Range(0, 3),
        domain={u: sp.Interval.open(0, 1), w: sp.Interval.open(0, 1 - u)},
    ),
    "covariate": sg.StatisticalModel(
        sp.exp(-((y - b0 - b1 * d) ** 2) / 2) / sp.sqrt(2 * sp.pi), y, (b0, b1), covariates=d, domain={d: (0, 9)}
    ),
    "composed": sg.independent_observations(WEIBULL, 2),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_declared_again(name: str) -> None:
    model = MODELS[name]
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert other is not model and type(other) is type(model)
        assert (other.density, other.parameters, other.support) == (model.density, model.parameters, model.support)
        assert (other.chart, other.name, repr(other)) == (model.chart, model.name, repr(model))
        assert other.score == model.score


def test_families_are_found_again() -> None:
    gamma = sg.catalogue.gamma().exponential_family
    other = pickle.loads(pickle.dumps(gamma))
    assert other.sufficient_statistics == gamma.sufficient_statistics and other.log_partition == gamma.log_partition
    written = sg.ExponentialFamily((y, y**2), -(e1**2) / (4 * e2) + sp.log(-sp.pi / e2) / 2, (e1, e2), y,
                                   domain={e1: sp.S.Reals, e2: sp.Interval.open(-sp.oo, 0)})  # fmt: skip
    again = pickle.loads(pickle.dumps(written))
    assert again.sufficient_statistics == (y, y**2) and again.natural_parameters == (e1, e2)
    assert again.log_partition == written.log_partition
    simplex = sg.catalogue.get("categorical(3)").mixture_family
    assert pickle.loads(pickle.dumps(simplex)).components == simplex.components


def test_a_manifold_says_what_to_pickle() -> None:
    with pytest.raises(TypeError, match="pickle the model"):
        pickle.dumps(WEIBULL.manifold)
    assert copy.deepcopy(WEIBULL.manifold).metric[0, 0] == WEIBULL.manifold.metric[0, 0]


PAIRS = [[1.0, 2], [2, np.nan], [3, 1], [np.nan, 4], [0, 1], [1, 0], [2, 3], [4, 3], [np.nan, 2]]
DATA = np.array([0.4, 1.1, 0.7, 2.3, 1.6, 0.9, 1.3, 3.1])


@pytest.mark.parametrize(
    "fitted",
    [
        lambda: sg.fit(WEIBULL, DATA, weights=[1, 2, 0, 1, 1, 1, 3, 1]),
        lambda: sg.fit(sg.catalogue.gamma(), DATA),
        lambda: sg.fit(MODELS["covariate"], {y: DATA, d: np.arange(8.0)}),
        lambda: sg.em(sg.mixture([sg.catalogue.exponential()] * 2), np.concatenate([DATA, 9 * DATA, 80 * DATA])),
        lambda: sg.em(sg.catalogue.bivariate_normal(), PAIRS, missing=True),
    ],
    ids=["weighted", "family", "covariate", "mixture", "missing"],
)
def test_a_fit_keeps_its_sample(fitted: Any) -> None:
    fit = fitted()
    other = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(fit))))
    assert str(other) == str(fit)
    np.testing.assert_allclose(other.observed_information, fit.observed_information, rtol=1e-12)
    np.testing.assert_allclose(other.sandwich_covariance, fit.sandwich_covariance, rtol=1e-9)


def test_fits_and_posteriors() -> None:
    fits = sg.fit_many(WEIBULL, [DATA, 2 * DATA])
    other = pickle.loads(pickle.dumps(fits))
    assert str(other) == str(fits)
    np.testing.assert_allclose(other[1].observed_information, fits[1].observed_information, rtol=1e-12)
    for prior in ("jeffreys", {k: sp.exp(-k), r: sp.exp(-r)}):
        posterior = sg.laplace(WEIBULL, DATA, prior=prior, chart="unbounded")
        again = pickle.loads(pickle.dumps(posterior))
        assert str(again) == str(posterior)
        assert again.second_order_mean(k) == pytest.approx(posterior.second_order_mean(k), rel=1e-12)


def test_another_process_reads_it(tmp_path: Any) -> None:
    path = tmp_path / "fit.pickle"
    fit = sg.fit(WEIBULL, DATA)
    path.write_bytes(pickle.dumps((WEIBULL, fit)))
    script = (
        "import pickle, sys, symgeo as sg; model, fit = pickle.load(open(sys.argv[1], 'rb')); "
        "print(sg.confidence_interval(fit, model.parameters[0]))"
    )
    told = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == str(sg.confidence_interval(fit, k))
