"""Families by name: declarations of densities, from which everything else is derived.

``catalogue.names()`` lists them, ``catalogue.gamma()`` or ``catalogue.get("gamma")`` declares one. A family
with a known value takes it as an argument: ``catalogue.binomial(n=5)``, ``catalogue.get("binomial(5)")``. The
declarations are not checked for normalisation each time; the tests do that once for all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from inspect import isfunction, signature
from types import MappingProxyType

from sympy import Rational

from symgeo.errors import UnknownFamilyError
from symgeo.models.statistical_model import StatisticalModel

_ROOMS = (
    *("real_line", "half_line", "lifetimes", "unit_interval", "kinked", "directional", "discrete", "counts"),
    *("multivariate", "multivariate_discrete", "mixtures", "curved", "regression"),
)
_CALL = re.compile(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*")
_ARGUMENT = re.compile(r"\s*(?:(\w+)\s*=)?\s*([+-]?\d+(?:\.\d+|/0*[1-9]\d*)?)\s*")

__all__ = ["get", "names"]  # and the families, by __getattr__


@cache
def _families() -> Mapping[str, Callable[..., StatisticalModel]]:
    """The declarations by name; read when first asked for, so that importing the package does not wait for them."""
    rooms = [import_module(f"{__name__}.{room}") for room in _ROOMS]
    return MappingProxyType(
        {
            name: value
            for room in rooms
            for name, value in vars(room).items()
            if isfunction(value) and value.__module__ == room.__name__ and not name.startswith("_")
        }
    )


def __getattr__(name: str) -> Callable[..., StatisticalModel]:
    """``catalogue.gamma``: the declaration of that name."""
    declare = None if name.startswith("_") else _families().get(name)
    if declare is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; names() lists the families")
    return declare


def __dir__() -> list[str]:
    return sorted({*__all__, *_families()})


def names() -> tuple[str, ...]:
    """The names of all families, sorted."""
    return tuple(sorted(_families()))


def get(name: str) -> StatisticalModel:
    """The family of that name, known values in brackets: "gamma", "categorical(4)", "multinomial(n=5, k=3)".

    Values are whole numbers, decimals or fractions such as 3/2. Raises `UnknownFamilyError` for a name or
    arguments that the catalogue does not have, `DeclarationError` for a value outside its range.
    """
    call = _CALL.fullmatch(name) if isinstance(name, str) else None
    if call is None:
        raise UnknownFamilyError(
            f"{name!r} is no family's name; catalogue.names() lists them, such as 'gamma' or 'binomial(5)'"
        )
    family, text = call.groups()
    declare = _families().get(family)
    if declare is None:
        close = get_close_matches(family.lower(), _families(), n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        raise UnknownFamilyError(
            f"there is no family {family!r} in the catalogue; {hint}catalogue.names() lists them all"
        )
    positional: list[Rational] = []
    keywords: dict[str, Rational] = {}
    for part in text.split(",") if text and text.strip() else ():
        argument = _ARGUMENT.fullmatch(part)
        if argument is None:
            raise UnknownFamilyError(
                f"{part.strip()!r} in {name!r} is no number such as 4, 0.5 or 3/2; write {_usage(family)}"
            )
        key, value = argument.groups()
        if key is None and not keywords:
            positional.append(Rational(value))
        elif key is None or key in keywords:
            raise UnknownFamilyError(f"{name!r} gives its values in a wrong order or twice; write {_usage(family)}")
        else:
            keywords[key] = Rational(value)
    try:
        bound = signature(declare).bind(*positional, **keywords)
    except TypeError:
        raise UnknownFamilyError(f"{name!r} does not fit the family {family}; write {_usage(family)}") from None
    return declare(*bound.args, **bound.kwargs)


def _usage(family: str) -> str:
    """``multinomial(n=5, k=3)``: the call with its defaults, ``gamma`` for a family without known values."""
    parameters = signature(_families()[family]).parameters.values()
    shown = ", ".join(f"{p.name}={p.default}" for p in parameters)
    return f"{family}({shown})" if shown else family
