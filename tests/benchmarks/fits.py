"""Seconds of maximum likelihood fits beside those of SciPy and statsmodels, all in one run, as quotients.

Run: PYTHONPATH=. python tests/benchmarks/fits.py [--sizes 1000 1000000] [--batch 2000 100] [--repeats 5] [row ...]

"cold" is a model's first fit in the process, with the derivation of its metric and the generation of its functions;
"warm" is the median of the repeats that follow, ten at a time by turns with the peers'. "generic" is
`rv_continuous.fit`, which every law of SciPy has; some laws override it with formulas of their own, shown as "own".
Seconds are of processor time on one core. Rows named on the command line are the only ones; rows whose peer takes
minutes at a million observations are marked and left out there, unless they are named. What peers return is held
against ours: the loss is how much likelihood theirs lacks.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from time import process_time
from typing import Any

os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})

import numpy as np
import sympy as sp
from scipy import stats

import symgeo as sg

x, m, a0, b1, b2, b3 = sp.symbols("x m a0 b1 b2 b3", real=True)
d1, d2, d3 = sp.symbols("d1 d2 d3", real=True)
t, u, k, s, c, a, b, r, p = sp.symbols("t u k s c a b r p", positive=True)
y = sp.Symbol("y")
n = sp.Symbol("n", integer=True, nonnegative=True)
LINEAR = a0 + b1 * d1 + b2 * d2 + b3 * d3
TURN = 10  # repeats at a time: the first after another program's is slower, as is the processor's cache
TRUTH = np.array([-0.5, 0.4, -0.3, 0.2])


@dataclass(frozen=True)
class Law:
    """A density, a sample from it, and SciPy's law with the keywords that leave the same parameters free."""

    declare: Callable[[], Any]
    draw: Callable[[int, np.random.Generator], np.ndarray]
    law: Any
    fixed: dict[str, float] = field(default_factory=dict)
    slow: bool = False


LAWS = {
    "gamma": Law(
        lambda: sg.StatisticalModel(t ** (k - 1) * sp.exp(-t / s) / (sp.gamma(k) * s**k), t, (k, s)),
        lambda size, g: g.gamma(2.5, 3.0, size),
        stats.gamma,
        {"floc": 0},
    ),
    "weibull": Law(
        lambda: sg.StatisticalModel(c / s * (t / s) ** (c - 1) * sp.exp(-((t / s) ** c)), t, (c, s)),
        lambda size, g: 3.0 * g.weibull(1.7, size),
        stats.weibull_min,
        {"floc": 0},
    ),
    "beta": Law(
        lambda: sg.StatisticalModel(
            u ** (a - 1) * (1 - u) ** (b - 1) * sp.gamma(a + b) / sp.gamma(a) / sp.gamma(b),
            u,
            (a, b),
            support=sp.Interval.open(0, 1),
        ),
        lambda size, g: g.beta(2.0, 3.0, size),
        stats.beta,
        {"floc": 0, "fscale": 1},
    ),
    "student": Law(
        lambda: sg.StatisticalModel(
            sp.gamma((k + 1) / 2)
            / (sp.gamma(k / 2) * sp.sqrt(k * sp.pi) * s)
            * (1 + ((x - m) / s) ** 2 / k) ** (-(k + 1) / 2),
            x,
            (k, m, s),
        ),
        lambda size, g: 2.0 + 3.0 * g.standard_t(4.0, size),
        stats.t,
        slow=True,
    ),
    "inverse gaussian": Law(
        lambda: sg.StatisticalModel(
            sp.sqrt(s / (2 * sp.pi * t**3)) * sp.exp(-s * (t - a) ** 2 / (2 * a**2 * t)), t, (a, s)
        ),
        lambda size, g: g.wald(2.0, 3.0, size),
        stats.invgauss,
        {"floc": 0},
    ),
    "nakagami": Law(
        lambda: sg.StatisticalModel(
            2 * k**k / (sp.gamma(k) * s**k) * t ** (2 * k - 1) * sp.exp(-k * t**2 / s), t, (k, s)
        ),
        lambda size, g: np.sqrt(g.gamma(1.7, 4.0 / 1.7, size)),
        stats.nakagami,
        {"floc": 0},
    ),
    "lognormal": Law(
        lambda: sg.StatisticalModel(
            sp.exp(-((sp.log(t) - m) ** 2) / (2 * s**2)) / (t * s * sp.sqrt(2 * sp.pi)), t, (m, s)
        ),
        lambda size, g: g.lognormal(0.5, 0.7, size),
        stats.lognorm,
        {"floc": 0},
    ),
    "gumbel": Law(
        lambda: sg.StatisticalModel(sp.exp(-(x - m) / s - sp.exp(-(x - m) / s)) / s, x, (m, s)),
        lambda size, g: g.gumbel(1.0, 2.0, size),
        stats.gumbel_r,
    ),
    "logistic": Law(
        lambda: sg.StatisticalModel(sp.exp(-(x - m) / s) / (s * (1 + sp.exp(-(x - m) / s)) ** 2), x, (m, s)),
        lambda size, g: g.logistic(1.0, 2.0, size),
        stats.logistic,
    ),
    "negative binomial": Law(
        lambda: sg.StatisticalModel(
            sp.gamma(n + r) / (sp.gamma(r) * sp.factorial(n)) * p**r * (1 - p) ** n,
            n,
            (r, p),
            domain={p: sp.Interval.open(0, 1)},
        ),
        lambda size, g: g.negative_binomial(3.0, 0.4, size).astype(float),
        stats.nbinom,
        slow=True,
    ),
}


def regressions() -> dict[str, tuple[Callable[[], Any], Callable[[Any, Any], Any], Callable[[Any, Any], Any]]]:
    """Declaration, responses given the linear predictor, and statsmodels' fit of responses and design."""
    import statsmodels.api as sm

    binary = sp.FiniteSet(0, 1)
    given = (d1, d2, d3)
    cdf = (1 + sp.erf(LINEAR / sp.sqrt(2))) / 2
    beta = (a0, b1, b2, b3)
    rate = sp.exp(LINEAR)
    return {
        "logit": (
            lambda: sg.StatisticalModel(
                sp.exp(y * LINEAR) / (1 + sp.exp(LINEAR)), y, beta, covariates=given, support=binary
            ),
            lambda g, eta: (g.random(len(eta)) < 1 / (1 + np.exp(-eta))).astype(float),
            lambda v, design: sm.Logit(v, design).fit(disp=0),
        ),
        "probit": (
            lambda: sg.StatisticalModel(cdf**y * (1 - cdf) ** (1 - y), y, beta, covariates=given, support=binary),
            lambda g, eta: (g.normal(size=len(eta)) < eta).astype(float),
            lambda v, design: sm.Probit(v, design).fit(disp=0),
        ),
        "poisson": (
            lambda: sg.StatisticalModel(rate**n * sp.exp(-rate) / sp.factorial(n), n, beta, covariates=given),
            lambda g, eta: g.poisson(np.exp(eta)).astype(float),
            lambda v, design: sm.GLM(v, design, family=sm.families.Poisson()).fit(),
        ),
        "gamma, log link": (
            lambda: sg.StatisticalModel(
                (k / rate) ** k * t ** (k - 1) * sp.exp(-k * t / rate) / sp.gamma(k), t, (*beta, k), covariates=given
            ),
            lambda g, eta: g.gamma(2.0, np.exp(eta) / 2.0),
            lambda v, design: sm.GLM(v, design, family=sm.families.Gamma(sm.families.links.Log())).fit(),
        ),
    }


def seconds(run: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """The median of processor time, and the last value."""
    return side_by_side([(run, repeats)])[0]


def side_by_side(runs: list[tuple[Callable[[], Any], int]]) -> list[tuple[float, Any]]:
    """The same of several, so many times each, a few of them by turns: a machine may be slower for a while."""
    times: list[list[float]] = [[] for _ in runs]
    values: list[Any] = [None] * len(runs)
    for first in range(0, max(repeats for _, repeats in runs), TURN):
        for place, (run, repeats) in enumerate(runs):
            for _ in range(first, min(first + TURN, repeats)):
                began = process_time()
                values[place] = run()
                times[place].append(process_time() - began)
    return [(median(t), value) for t, value in zip(times, values, strict=True)]


def scipy_rows(sizes: list[int], repeats: int, only: list[str]) -> None:
    for size in sizes:
        print(f"\n{size} observations, processor seconds; quotients are SciPy's over ours")
        print(f"{'law':20}{'cold':>9}{'warm':>9}{'generic':>9}{'own':>9}{'/cold':>8}{'/warm':>8}{'own/warm':>9}  loss")
        for name, row in LAWS.items():
            if (only and name not in only) or (row.slow and size > 100_000 and name not in only):
                continue
            data = row.draw(size, np.random.default_rng(7))
            model = row.declare()
            cold, fit = seconds(lambda m=model, d=data: sg.fit(m, d), 1)
            ours = (lambda m=model, d=data: sg.fit(m, d), repeats)
            count, own = repeats if size < 100_000 else 1, None
            if name == "negative binomial":  # SciPy's discrete laws have a function instead of a method
                theirs = (lambda d=data: stats.fit(stats.nbinom, d, [(0.1, 30), (0, 1)]), 1)
                (warm, fit), (generic, found) = side_by_side([ours, theirs])
                reached = -found.nllf()
            else:
                runs = [ours, (lambda r=row, d=data: stats.rv_continuous.fit(r.law, d, **r.fixed), count)]
                if type(row.law).fit is not stats.rv_continuous.fit:
                    runs.append((lambda r=row, d=data: r.law.fit(d, **r.fixed), count))
                (warm, fit), (generic, values), *rest = side_by_side(runs)
                reached = row.law.logpdf(data, *values).sum()
                own = rest[0][0] if rest else None
            shown = f"{own:9.4f}" if own is not None else f"{'-':>9}"
            beside = f"{own / warm:9.2f}" if own is not None else f"{'-':>9}"
            loss = fit.log_likelihood - reached
            print(
                f"{name:20}{cold:9.4f}{warm:9.4f}{generic:9.4f}{shown}{generic / cold:8.1f}{generic / warm:8.1f}"
                f"{beside}  {loss:.1e}{'' if fit.converged else '  NOT CONVERGED'}",
                flush=True,
            )


def statsmodels_rows(sizes: list[int], repeats: int, only: list[str]) -> None:
    for size in sizes:
        print(f"\n{size} rows, three covariates and a constant; quotients are statsmodels' over ours")
        print(f"{'model':20}{'cold':>9}{'warm':>9}{'theirs':>9}{'/cold':>8}{'/warm':>8}  difference")
        for name, (declare, respond, theirs) in regressions().items():
            if only and name not in only:
                continue
            random = np.random.default_rng(7)
            given = random.normal(size=(size, 3))
            design = np.column_stack([np.ones(size), given])
            response = respond(random, design @ TRUTH)
            model = declare()
            data = {model.variables[0]: response, **dict(zip((d1, d2, d3), given.T, strict=True))}
            cold, fit = seconds(lambda m=model, d=data: sg.fit(m, d), 1)
            count = repeats if size < 100_000 else 3
            ours = (lambda m=model, d=data: sg.fit(m, d), count)
            peers = (lambda f=theirs, v=response, x=design: _with_errors(f(v, x)), count)
            (warm, fit), (peer, found) = side_by_side([ours, peers])
            apart = np.max(np.abs(fit.estimate[:4] - found.params) / fit.standard_errors[:4])
            print(
                f"{name:20}{cold:9.4f}{warm:9.4f}{peer:9.4f}{peer / cold:8.2f}{peer / warm:8.2f}"
                f"  {apart:.1e} standard errors{'' if fit.converged else '  NOT CONVERGED'}",
                flush=True,
            )


def _with_errors(found: Any) -> Any:
    found.bse  # noqa: B018  (computed when asked for)
    return found


def batch_rows(count: int, size: int, only: list[str]) -> None:
    print(f"\n{count} samples of {size}, processor milliseconds for each; SciPy one by one, over 30 of them")
    print(f"{'law':20}{'together':>10}{'alone':>9}{'generic':>9}{'alone/':>9}{'generic/':>9}  with an estimate")
    for name, row in LAWS.items():
        if (only and name not in only) or name == "negative binomial":
            continue
        samples = row.draw(count * size, np.random.default_rng(8)).reshape(count, size)
        model = row.declare()
        sg.fit(model, samples[0])
        sg.fit_many(model, samples[:2])
        many, fits = seconds(lambda m=model, d=samples: sg.fit_many(m, d), 1)
        some = samples[:30]
        alone, _ = seconds(lambda m=model, d=some: [sg.fit(m, v) for v in d], 1)
        generic, _ = seconds(lambda r=row, d=some: [stats.rv_continuous.fit(r.law, v, **r.fixed) for v in d], 1)
        many, alone, generic = 1e3 * many / count, 1e3 * alone / len(some), 1e3 * generic / len(some)
        print(
            f"{name:20}{many:10.4f}{alone:9.3f}{generic:9.3f}{alone / many:9.1f}{generic / many:9.1f}"
            f"  {int(fits.converged.sum())}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 1_000_000])
    parser.add_argument("--batch", type=int, nargs=2, default=[2000, 100], metavar=("SAMPLES", "OBSERVATIONS"))
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    scipy_rows(given.sizes, given.repeats, given.rows)
    statsmodels_rows(given.sizes, given.repeats, given.rows)
    if not given.rows or set(given.rows) & set(LAWS):
        batch_rows(*given.batch, given.rows)


if __name__ == "__main__":
    main()
