"""The natural gradient as a transformation for JAX: the steps of `descend`, on arrays and trees, under jit and scan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
import sympy as sp

import symgeo as sg
from symgeo.errors import ArgumentError, ParameterListError, ShapeError

jax = pytest.importorskip("jax")
jnp = jax.numpy

mu, x = sp.symbols("mu x", real=True)
s = sp.Symbol("s", positive=True)
NORMAL = sg.StatisticalModel(sp.exp(-(((x - mu) / s) ** 2) / 2) / (s * sp.sqrt(2 * sp.pi)), x, (mu, s), check=False)
LOSS = (mu - 3) ** 2 / 8 + s**2 / 8 - sp.log(s) + mu * s / 20


@pytest.fixture(autouse=True)
def doubles() -> Iterator[None]:
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def loss(m: Any, d: Any) -> Any:
    return ((m - 3) ** 2 / 8 + d**2 / 8 - jnp.log(d) + m * d / 20).sum()


class Pair(NamedTuple):
    s: Any
    mu: Any


def test_scanned_steps_are_those_of_descend() -> None:
    starts = np.array([[0.0, 1.0], [5.0, 0.5], [2.0, 3.0]])
    options = {"rate": 0.2, "damping": 0.1, "momentum": 0.4}
    expected = sg.descend(NORMAL, LOSS, starts, steps=4, **options).end
    transformation = sg.scale_by_fisher(NORMAL, **options)

    def step(carry: Any, _: Any) -> tuple[Any, None]:
        params, state = carry
        gradient = jax.grad(lambda p: loss(p[..., 0], p[..., 1]))(params)
        updates, state = transformation.update(gradient, state, params)
        return (params + updates, state), None

    params = jnp.asarray(starts)
    run = jax.jit(lambda p: jax.lax.scan(step, (p, transformation.init(p)), length=4)[0][0])
    np.testing.assert_allclose(run(params), expected, rtol=1e-12)
    # Mappings and named tuples go by names, whatever their order; lists by the order of the coordinates.
    init, update = transformation
    for tree, value in (
        ({"s": params[:, 1], "mu": params[:, 0]}, lambda p: loss(p["mu"], p["s"])),
        (Pair(params[:, 1], params[:, 0]), lambda p: loss(p.mu, p.s)),
        ([params[:, 0], params[:, 1]], lambda p: loss(*p)),
    ):
        state, moved = init(tree), tree
        for _ in range(4):
            updates, state = update(jax.grad(value)(moved), state, moved)
            moved = jax.tree.map(jnp.add, moved, updates)
        found = (moved["mu"], moved["s"]) if isinstance(moved, dict) else (moved[0], moved[1])
        found = found[::-1] if isinstance(moved, Pair) else found
        np.testing.assert_allclose(jnp.stack(found, axis=-1), expected, rtol=1e-12)


def test_without_a_rate_the_sign_is_kept() -> None:
    init, update = sg.scale_by_fisher(NORMAL)
    theta = jnp.array([1.0, 2.0])
    updates, _ = update(jnp.array([1.0, 1.0]), init(theta), theta)
    np.testing.assert_allclose(updates, [4.0, 2.0])
    assert np.isnan(np.asarray(update(theta, init(theta), jnp.array([1.0, -2.0]))[0])).all()


def test_in_a_chain_of_optax() -> None:
    optax = pytest.importorskip("optax")
    chain = optax.chain(optax.clip(10.0), sg.scale_by_fisher(NORMAL), optax.scale(-0.5))
    params = {"mu": jnp.array(0.0), "s": jnp.array(1.0)}
    state = chain.init(params)

    def step(_: Any, carry: Any) -> Any:
        params, state = carry
        gradient = jax.grad(lambda p: loss(p["mu"], p["s"]))(params)
        updates, state = chain.update(gradient, state, params)
        return optax.apply_updates(params, updates), state

    params, _ = jax.lax.fori_loop(0, 80, step, (params, state))
    slope = jax.grad(lambda p: loss(p["mu"], p["s"]))(params)
    assert max(abs(float(v)) for v in slope.values()) < 1e-6


def test_refusals() -> None:
    init, update = sg.scale_by_fisher(NORMAL)
    theta = jnp.array([1.0, 2.0])
    with pytest.raises(ArgumentError, match="the Fisher metric is one at the parameters"):
        update(theta, init(theta))
    with pytest.raises(ArgumentError, match="damping must not be negative"):
        sg.scale_by_fisher(NORMAL, damping=-1.0)
    with pytest.raises(ShapeError, match=r"have shape \(\.\.\., 2\)"):
        init(jnp.array([1.0, 2.0, 3.0]))
    with pytest.raises(ShapeError, match="no tree like that"):
        update([1.0, 2.0], init(theta), theta)
    with pytest.raises(ParameterListError, match="name each of mu, s once"):
        init({"mu": 1.0, "sigma": 2.0})
    with pytest.raises(ParameterListError, match="3 parameters are given"):
        init([1.0, 2.0, 3.0])
    with pytest.raises(ShapeError, match="give them one"):
        init([jnp.zeros(2), jnp.zeros(3)])
