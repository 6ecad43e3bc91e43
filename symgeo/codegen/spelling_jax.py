"""JAX's spelling of the functions of the table (special_functions.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

FUNCTIONS: Mapping[str, str | Callable[..., str | None]] = {
    **{name: f"jnp.{name}({{0}})" for name in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{f"a{name}": f"jnp.arc{name}({{0}})" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{name: f"jnp.{name}({{0}})" for name in ("log1p", "expm1", "log2", "log10", "exp2")},
    "atan2": "jnp.arctan2({0}, {1})",
    "hypot": "jnp.hypot({0}, {1})",
    "log_one_plus": "jnp.log1p({0})",
    "exp_minus_one": "jnp.expm1({0})",
    "Abs": "jnp.abs({0})",
    "sign": "jnp.sign({0})",
    "floor": "jnp.floor({0})",
    "ceiling": "jnp.ceil({0})",
    "Mod": "jnp.mod({0}, {1})",
    "Min": "jnp.minimum({0}, {1})",
    "Max": "jnp.maximum({0}, {1})",
    "largest_of": "jnp.maximum({0}, {1})",
    "log_add_exp": "jnp.logaddexp({0}, {1})",
}

CONSTANTS: Mapping[str, str] = {
    "pi": "jnp.pi",
    "e": "jnp.e",
    "euler": "jnp.euler_gamma",
    "inf": "jnp.inf",
    "nan": "jnp.nan",
}
