"""Models without a regular Fisher geometry: too many parameters, curved families, no families at all."""

from __future__ import annotations

import pytest
import sympy as sp

from symgeo.errors import NotExponentialFamilyError, SingularMetricError
from symgeo.models.statistical_model import StatisticalModel

x, y, a, b, c = sp.symbols("x y a b c", real=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
w, k, r, s, m = sp.symbols("w k r s m", positive=True)
UNIT = sp.Interval.open(0, 1)


def gauss(variable, mean, sd):
    return sp.exp(-((variable - mean) ** 2) / (2 * sd**2)) / (sd * sp.sqrt(2 * sp.pi))


OVERPARAMETRISED = {
    "sum of means": (gauss(x, a + b, 1), x, (a, b), {}, 1),
    "sum of three means": (gauss(x, a + b + c, s), x, (a, b, c, s), {}, 2),
    "product of mean and scale": (gauss(x, m * r, k), x, (m, r, k), {}, 2),
    "product of rates": (r * s * sp.exp(-r * s * w), w, (r, s), {}, 1),
    "gamma with a split rate": ((r * s) ** k * w ** (k - 1) * sp.exp(-r * s * w) / sp.gamma(k), w, (k, r, s), {}, 2),
    "Bernoulli of a product": (
        (k * m) ** n * (1 - k * m) ** (1 - n),
        n,
        (k, m),
        {"support": sp.FiniteSet(0, 1), "domain": {k: UNIT, m: UNIT}},
        1,
    ),
    "Poisson of a quotient": (sp.exp(-m / r) * (m / r) ** n / sp.factorial(n), n, (m, r), {}, 1),
    "softmax without a reference": (
        sp.Piecewise((sp.exp(a), sp.Eq(n, 0)), (sp.exp(b), sp.Eq(n, 1)), (sp.exp(c), True))
        / (sp.exp(a) + sp.exp(b) + sp.exp(c)),
        n,
        (a, b, c),
        {"support": sp.FiniteSet(0, 1, 2)},
        2,
    ),
    "five parameters for a normal pair of known scale": (
        gauss(x, a + b * c, 1) * gauss(y, a - b * c, 1),
        (x, y),
        (a, b, c),
        {},
        2,
    ),
    "scale twice": (gauss(x, a, r * sp.exp(b)), x, (a, r, b), {}, 2),
}


@pytest.fixture(params=OVERPARAMETRISED, ids=str)
def overparametrised(request):
    density, variables, parameters, options, rank = OVERPARAMETRISED[request.param]
    return StatisticalModel(density, variables, parameters, **options), rank


def test_singular_metric_is_refused_with_its_rank_and_a_null_direction(overparametrised):
    model, rank = overparametrised
    manifold = model.manifold
    assert manifold.metric.to_matrix().rank(simplify=True) == rank
    with pytest.raises(SingularMetricError, match=f"rank {rank} of {len(model.parameters)}.*drop or fix") as caught:
        _ = manifold.inverse_metric
    assert caught.value.rank == rank
    direction = caught.value.null_direction
    assert len(direction) == len(model.parameters) and any(v != 0 for v in direction)
    along = sum(v * sp.diff(model.log_density, p) for v, p in zip(direction, model.parameters, strict=True))
    assert sp.simplify(along) == 0


@pytest.mark.parametrize(
    "use",
    [
        lambda manifold: manifold.inverse_metric,
        lambda manifold: manifold.jeffreys_prior,
        lambda manifold: manifold.determinant,
        lambda manifold: manifold.connection(0).christoffel,
        lambda manifold: manifold.connection(0).riemann_lowered,
        lambda manifold: manifold.connection(0).ricci,
        lambda manifold: manifold.connection(0).scalar_curvature,
        lambda manifold: manifold.connection(0).geodesic_equations(sp.Symbol("t")),
    ],
    ids=["inverse", "prior", "determinant", "christoffel", "riemann", "ricci", "scalar", "geodesics"],
)
@pytest.mark.parametrize("name", ["sum of means", "sum of three means", "softmax without a reference"])
def test_everything_that_needs_the_inverse_says_so(name, use):
    density, variables, parameters, options, _ = OVERPARAMETRISED[name]
    manifold = StatisticalModel(density, variables, parameters, **options, check=False).manifold
    with pytest.raises(SingularMetricError):
        use(manifold)


genetic = [(2 + k) / 4, (1 - k) / 4, (1 - k) / 4, k / 4]
correlated = sp.exp(-(x**2 - 2 * a * x * y + y**2) / (2 * (1 - a**2))) / (2 * sp.pi * sp.sqrt(1 - a**2))
CURVED = {
    "normal with equal mean and deviation": (gauss(x, m, m), x, m, {}, 2),
    "normal with variance equal to the fourth power": (gauss(x, a, sp.sqrt(1 + a**2)), x, a, {}, 2),
    "normal circle": (gauss(x, sp.cos(a), 1) * gauss(y, sp.sin(a), 1), (x, y), a, {}, 2),
    "normal pair of unknown correlation": (
        correlated,
        (x, y),
        a,
        {"domain": {a: sp.Interval.open(-1, 1)}},
        2,
    ),
    "regression of random covariates": (
        gauss(x, 0, 1) * gauss(y, b * x, s),
        (x, y),
        (b, s),
        {},
        3,
    ),
    "genetic linkage": (
        sp.Piecewise(*((p, sp.Eq(n, i)) for i, p in enumerate(genetic))),
        n,
        k,
        {"support": sp.FiniteSet(0, 1, 2, 3), "domain": {k: UNIT}},
        2,
    ),
    "gamma with rate equal to its shape": (k**k * w ** (k - 1) * sp.exp(-k * w) / sp.gamma(k), w, k, {}, 1),
    "gamma with rate equal to the square of its shape": (
        k ** (2 * k) * w ** (k - 1) * sp.exp(-(k**2) * w) / sp.gamma(k),
        w,
        k,
        {},
        2,
    ),
}


@pytest.mark.parametrize("name", CURVED)
def test_curved_families_are_told_from_full_ones(name):
    density, variables, parameters, options, count = CURVED[name]
    model = StatisticalModel(density, variables, parameters, **options)
    family = model.exponential_family
    assert len(family.sufficient_statistics) == count
    assert family.is_curved == (count > len(model.parameters))
    if family.is_curved and model.support.points() is not None:
        # On finitely many points expectations are sums: only what needs the full family is refused.
        assert model.manifold.metric.to_matrix().rank() == len(model.parameters)
        with pytest.raises(NotExponentialFamilyError, match=r"curved.*submanifold"):
            model.require_exponential_family()
    elif family.is_curved:
        refusals = [model.require_exponential_family]
        if model.substitution is not None or family.has_expectations:
            # A normal law's moments, or Gamma and Beta integrals: neither needs the full family.
            assert model.manifold.metric.to_matrix().rank() == len(model.parameters)
        else:
            refusals.append(lambda: model.manifold)
        if not family.has_expectations:
            refusals.append(lambda: family.expectation_parameters)
        for refused in refusals:
            with pytest.raises(NotExponentialFamilyError, match=r"curved.*submanifold"):
                refused()
    else:
        assert model.manifold.dim == count


cauchy = s / (sp.pi * (s**2 + (x - a) ** 2))
student = sp.gamma((k + 1) / 2) / (sp.sqrt(k * sp.pi) * sp.gamma(k / 2)) * (1 + x**2 / k) ** (-(k + 1) / 2)
NO_FAMILY = {
    "Cauchy": (cauchy, x, (a, s), {}),
    "Laplace location": (sp.exp(-sp.Abs(x - a)) / 2, x, a, {}),
    "Laplace location and scale": (sp.exp(-sp.Abs(x - a) / s) / (2 * s), x, (a, s), {}),
    "two-component mixture": (k * gauss(x, 0, 1) + (1 - k) * gauss(x, 1, 1), x, k, {"domain": {k: UNIT}}),
    "Student": (student, x, k, {}),
    "logistic location": (sp.exp(a - x) / (1 + sp.exp(a - x)) ** 2, x, a, {}),
    "linear tilt": ((1 + k * w) / (1 + k / 2), w, k, {"support": sp.Interval(0, 1)}),
    "Weibull shape": (k * w ** (k - 1) * sp.exp(-(w**k)), w, k, {}),
    "negative binomial with unknown number": (
        sp.gamma(n + k) / (sp.gamma(k) * sp.factorial(n)) * m**n * (1 - m) ** k,
        n,
        (k, m),
        {"domain": {m: UNIT}},
    ),
    "Gumbel with location and scale": (sp.exp(-(x - a) / s - sp.exp(-(x - a) / s)) / s, x, (a, s), {}),
    "cosine tilt": (
        (1 + k * sp.cos(x)) / (2 * sp.pi),
        x,
        k,
        {"support": sp.Interval(0, 2 * sp.pi), "domain": {k: UNIT}},
    ),
    "Lomax exponent and scale": (k / s * (1 + w / s) ** (-k - 1), w, (k, s), {}),
}


NO_CLOSED_FORM = ("two-component mixture", "negative binomial with unknown number")


@pytest.mark.parametrize("name", NO_FAMILY)
def test_other_models_are_not_taken_for_exponential_families(name):
    density, variables, parameters, options = NO_FAMILY[name]
    model = StatisticalModel(density, variables, parameters, **options, check=False)
    assert model.exponential_family is None
    assert (model.rung in ("pivot", "quadrature")) == (name in NO_CLOSED_FORM)
    with pytest.raises(NotExponentialFamilyError, match="does not separate"):
        model.require_exponential_family()
