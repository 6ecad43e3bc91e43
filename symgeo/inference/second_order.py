"""Maximum likelihood beyond the first order: bias, its removal, variance, Bartlett's factor, from the same tensors.

Sources: Cox and Snell, J. R. Statist. Soc. B 30 (1968) 248-275; Amari, Differential-Geometrical Methods in Statistics,
1985, chapters 4 and 5; Firth, Biometrika 80 (1993) 27-38; Lawley, Biometrika 43 (1956) 295-303.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

from symgeo.algebra import Element, Tensor, as_expression
from symgeo.algebra.linear import inverse
from symgeo.errors import ArgumentError, ParameterListError
from symgeo.models.exponential_family import ExponentialFamily
from symgeo.models.likelihood_moments import LikelihoodMoments
from symgeo.models.statistical_model import StatisticalModel

if TYPE_CHECKING:
    from sympy import Expr

Vector = list[Element]
Rows = list[list[Element]]


def statistical_curvature(model: StatisticalModel | ExponentialFamily) -> Expr:
    """Efron's squared statistical curvature ``gamma^2``: how far the model is from an exponential family.

    ``gamma^2 = g^ab g^cd Cov(r_ac, r_bd)`` where ``r_ab`` is what the scores leave of ``d_a d_b log p`` by regression;
    it vanishes exactly for exponential families, and does not depend on the chart. With n observations it is divided
    by n. Raises :class:`RegularityError` for a log-density with moving kinks, and what the model's manifold raises.
    Source: Efron, Ann. Statist. 3 (1975) 1189-1242; Amari 1985, chapter 4, in several dimensions.
    """
    return SecondOrder(model).statistical_curvature


class SecondOrder:
    """The second-order asymptotics of maximum likelihood from n independent observations of a model.

    Parameter by parameter: ``E[estimate] = theta + bias/n + O(n^-2)`` and
    ``Cov[estimate] = g^-1/n + covariance/n^2 + O(n^-3)``. Raises :class:`ArgumentError` for anything but a model,
    :class:`RegularityError` where the log-density has a kink that moves, and what the model's manifold raises.
    """

    def __init__(self, model: StatisticalModel | ExponentialFamily):
        if isinstance(model, ExponentialFamily):
            model = model.model
        if not isinstance(model, StatisticalModel):
            raise ArgumentError(f"a StatisticalModel or an ExponentialFamily is wanted, not {type(model).__name__}")
        self.model = model
        self._moments = LikelihoodMoments(model)
        self._manifold = model.manifold

    @property
    def _range(self) -> range:
        return range(self._manifold.dim)

    @cached_property
    def _inverse(self) -> Rows:
        inverse = self._manifold.inverse_metric
        return [[inverse.element(a, b) for b in self._range] for a in self._range]

    @cached_property
    def _m_connection(self) -> Tensor:
        return self._manifold.connection(-1).christoffel

    @cached_property
    def _bias(self) -> Vector:
        field, pairs = self._manifold.field, list(product(self._range, repeat=2))
        gamma = self._m_connection
        return [field.dot((1, self._inverse[b][c], gamma.element(a, b, c)) for b, c in pairs) / -2 for a in self._range]

    @cached_property
    def bias(self) -> tuple[Expr, ...]:
        """``b^a = -1/2 g^bc Gamma^(-1)a_bc``, (n,): the estimate's bias is b/n to first order.

        Source: Cox and Snell 1968; in this form Amari 1985, chapter 4.
        """
        return tuple(b.to_sympy() for b in self._bias)

    @cached_property
    def firth_adjustment(self) -> tuple[Expr, ...]:
        """``A_a = 1/2 g^bc Gamma^(-1)_bc,a = -g_ab b^b``, (n,): the roots of score + A have no bias of order 1/n.

        The score is that of all observations. In natural coordinates A is the gradient of log sqrt(det g), Jeffreys'
        prior. Source: Firth 1993, section 3.
        """
        field, g = self._manifold.field, self._manifold.metric
        return tuple(
            (-field.dot((1, g.element(a, b), self._bias[b]) for b in self._range)).to_sympy() for a in self._range
        )

    @cached_property
    def _residuals(self) -> Tensor:
        """``[a, c, b, d] = Cov(r_ac, r_bd)``: second derivatives without their regression on the scores."""
        field, moments, n = self._manifold.field, self._moments, self._range

        def entry(a: int, c: int, b: int, d: int) -> Element:
            first, second = (a, c), (b, d)
            terms = [(1, moments(first, second), field.one), (-1, moments(first), moments(second))]
            for i, j in product(n, repeat=2):
                if self._inverse[i][j]:
                    terms.append((-1, moments(first, (i,)) * self._inverse[i][j], moments(second, (j,))))
            return field.dot(terms)

        return Tensor.build(
            field, self.model.parameters, (-1,) * 4, entry, symmetric=((0, 1), (2, 3)), name="residual covariance"
        )

    @cached_property
    def squared_curvature(self) -> Tensor:
        """``[a, b] = g^cd Cov(r_ac, r_bd)``, shape (n, n): the information that the estimate loses, for large samples.

        Source: Efron 1975, section 9; Amari 1985, chapter 4.
        """
        field = self._manifold.field

        def entry(a: int, b: int) -> Element:
            return field.dot(
                (1, self._residuals.element(a, c, b, d), self._inverse[c][d]) for c, d in product(self._range, repeat=2)
            )

        return Tensor.build(
            field, self.model.parameters, (-1, -1), entry, symmetric=((0, 1),), name="squared e-curvature"
        )

    @cached_property
    def statistical_curvature(self) -> Expr:
        """``gamma^2``, the trace of the squared e-curvature; see :func:`statistical_curvature`."""
        pairs = product(self._range, repeat=2)
        field = self._manifold.field
        return field.dot((1, self.squared_curvature.element(a, b), self._inverse[a][b]) for a, b in pairs).to_sympy()

    def _corrected(self) -> Rows:
        """The second-order covariance of the estimate after its bias is taken off."""
        field, n, h, gamma = self._manifold.field, self._range, self._inverse, self._m_connection
        quadruples = list(product(n, repeat=4))
        curvature = self.squared_curvature

        def entry(a: int, b: int) -> Element:
            naming = [
                (1, gamma.element(a, c, d) * gamma.element(b, e, f), h[c][e] * h[d][f]) for c, d, e, f in quadruples
            ]
            bent = [(1, h[a][c] * h[b][d], curvature.element(c, d)) for c, d in product(n, repeat=2)]
            return field.dot(naming) / 2 + field.dot(bent)

        return [[entry(a, b) for b in n] for a in n]

    @cached_property
    def corrected_covariance(self) -> Tensor:
        """``V* = 1/2 (Gamma^m)^2 + (H^e)^2``, indices up, (n, n), of the estimate without its bias b/n.

        The first part depends on the chart and vanishes where expectation coordinates are used; the second is the
        curvature of the model. Source: Amari 1985, chapter 4, with the ancillary family of maximum likelihood.
        """
        rows = self._corrected()
        return self._upper(lambda a, b: rows[a][b], "second-order covariance, bias removed")

    @cached_property
    def covariance(self) -> Tensor:
        """``V = V* + g^ac d_c b^b + g^bc d_c b^a``, indices up, (n, n): Cov = g^-1/n + V/n^2 + O(n^-3)."""
        rows, field, x = self._corrected(), self._manifold.field, self.model.parameters

        def drift(a: int, b: int) -> Element:
            return field.dot((1, self._inverse[a][c], self._bias[b].diff(x[c])) for c in self._range)

        return self._upper(lambda a, b: rows[a][b] + drift(a, b) + drift(b, a), "second-order covariance")

    def _upper(self, entry: Any, name: str) -> Tensor:
        field, x = self._manifold.field, self.model.parameters
        return Tensor.build(field, x, (1, 1), entry, symmetric=((0, 1),), name=name)

    @cached_property
    def bartlett_factor(self) -> Expr:
        """``c`` with ``E[W] = n (1 + c/k) + O(k^-2)`` for the likelihood ratio W of a simple hypothesis on all n
        parameters from k observations; W/(1 + c/k) is chi-squared to order 1/k^2.

        Source: Lawley 1956, for the hypothesis that fixes every parameter.
        """
        return (self._lawley(tuple(self._range)) / len(self._range)).to_sympy()

    def bartlett(self, parameters: Sequence[Any]) -> Expr:
        """``c`` with ``E[W] = q (1 + c/k) + O(k^-2)`` for the hypothesis that fixes these q parameters alone.

        parameters: symbols or names. Like the likelihood ratio it does not depend on the chart of the others. For
        continuous variables W/(1 + c/k) is chi-squared with q degrees of freedom to order 1/k^2. Raises
        :class:`ParameterListError` for what are no parameters.
        Source: Lawley 1956; Cordeiro and Cribari-Neto, An Introduction to Bartlett Correction and Bias Reduction, 2014.
        """
        names = [s.name for s in self.model.parameters]
        wanted = [str(s) for s in parameters]
        if not wanted or not set(wanted) <= set(names) or len(set(wanted)) < len(wanted):
            raise ParameterListError(f"{', '.join(wanted) or 'nothing'}: choose different ones of {', '.join(names)}")
        free = tuple(i for i in self._range if names[i] not in wanted)
        value = self._lawley(tuple(self._range))
        if free:
            value = value - self._lawley(free)
        return (value / len(wanted)).to_sympy()

    def _lawley(self, n: tuple[int, ...]) -> Element:
        """Lawley's sum over the parameters at positions n, the others known: k (E[W] - number) to first order."""
        field, m, x = self._manifold.field, self._moments, self.model.parameters
        if len(n) == len(self._range):
            rows = self._inverse
        else:
            rows = inverse([[self._manifold.metric.element(a, b) for b in n] for a in n]).matrix
        # of E[l_rs], which is negative definite
        back = {(a, b): -rows[i][j] for i, a in enumerate(n) for j, b in enumerate(n) if rows[i][j]}

        def slope(letter: tuple[int, ...], *along: int) -> Element:
            value = m(letter)
            for i in along:
                value = value.diff(x[i])
            return value

        terms = []
        for ((r, s), h), ((t, u), k) in product(back.items(), repeat=2):
            inner = m((r, s, t, u)) / 4 - slope((r, s, t), u) + slope((r, t), s, u)
            terms.append((1, h * k, inner))
        for ((r, s), h), ((t, u), k), ((v, w), e) in product(back.items(), repeat=3):
            inner = field.dot(
                (
                    (1, m((r, t, v)), m((s, u, w)) / 6 - slope((s, w), u)),
                    (1, m((r, t, u)), m((s, v, w)) / 4 - slope((s, w), v)),
                    (1, slope((r, t), v), slope((s, w), u)),
                    (1, slope((r, t), u), slope((s, w), v)),
                )
            )
            terms.append((-1, h * k * e, inner))
        return field.dot(terms)

    def bias_corrected(self, estimate: Any, observations: int) -> Any:
        """The estimate minus its bias of order 1/n at the estimate: arrays (..., n) -> (..., n).

        Raises :class:`ArgumentError` unless the number of observations is a positive integer.
        """
        import numpy as np

        from symgeo.codegen import lambdify

        if observations != int(observations) or observations < 1:
            raise ArgumentError(f"the number of observations is a positive integer, not {observations}")
        theta = np.asarray(estimate, dtype=float)
        bias = [lambdify(as_expression(b), self.model.parameters)(theta) for b in self.bias]
        return theta - np.stack(bias, axis=-1) / observations
