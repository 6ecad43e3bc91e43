"""Observations as users hand them in: read, checked against the support, brought to one array (N, d)."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sympy import Reals, Set, Symbol

from symgeo.errors import DataError
from symgeo.models.conditional_model import ConditionalModel
from symgeo.models.statistical_model import StatisticalModel

if TYPE_CHECKING:
    import numpy as np

    from symgeo.models.support import Support

# A value of a discrete variable this close to a whole number is that number.
_WHOLE = 1e-9
# Members of a support that observations are compared with one by one.
_VERY_FEW = 4


def observations(support: Support, data: Any) -> np.ndarray:
    """The data as float64, shape (N, d), columns in the order of the support's variables.

    ``data``: (N,) or (N, 1) for one variable; (N, d) for several; or {variable or its name: (N,)}; a pandas Series
    or DataFrame is read the same way, by column names where these are the variables'. Raises :class:`DataError` for
    data that are empty, of another shape, not numbers, not finite, or outside the support.
    """
    import numpy as np

    variables = support.variables
    columns = _named_columns(variables, data)
    if columns is None:
        array = _numbers(data, "the data")
        if len(variables) == 1 and array.ndim == 1:
            array = array[:, None]
        if array.ndim != 2 or array.shape[1] != len(variables):
            raise DataError(f"data of shape {array.shape} do not fit the model: {_wanted(variables)}")
    else:
        named = [(v, _numbers(columns[v], f"the column of {v.name}")) for v in variables]
        for variable, column in named:
            if column.ndim != 1:
                raise DataError(
                    f"the column of {variable} has shape {column.shape}; give a one-dimensional array of its values"
                )
        lengths = {len(column) for _, column in named}
        if len(lengths) > 1:
            told = ", ".join(f"{variable} has {len(column)}" for variable, column in named)
            raise DataError(f"the columns have different lengths: {told}; give one value of each for every observation")
        array = np.array([column for _, column in named]).T  # columns stay contiguous
    if not len(array):
        raise DataError("there are no observations; give at least one")
    _require_finite(variables, array)
    for axis, variable in enumerate(variables):
        if support.is_discrete(variable):
            column = array[:, axis]
            whole = np.rint(column)
            apart = column != whole
            if apart.any():
                near = apart & (np.abs(column - whole) <= _WHOLE)
                column[near] = whole[near]
    _require_support(support, array)
    return array


def _wanted(variables: tuple[Symbol, ...]) -> str:
    if len(variables) == 1:
        return f"give a one-dimensional array of values of {variables[0]}"
    names = ", ".join(map(str, variables))
    return (
        f"give an array of shape (N, {len(variables)}) with the columns {names} in this order, "
        f"or {{variable: values}} with one-dimensional arrays"
    )


def _named_columns(variables: tuple[Symbol, ...], data: Any) -> dict[Symbol, Any] | None:
    """{variable: column} where the data are named; None where they are an array."""
    if isinstance(data, Mapping):
        keys = list(data)
    elif hasattr(data, "columns") and hasattr(data, "__getitem__"):
        keys = list(data.columns)
        names = {v.name for v in variables}
        if len(keys) == len(variables) and not names & {str(k) for k in keys}:
            return None  # columns under other names: by their order, like a plain array
    else:
        return None
    by_name: dict[str, Any] = {}
    for key in keys:
        name = key.name if isinstance(key, Symbol) else str(key)
        if name in by_name:
            raise DataError(f"two columns are called {key}; give each variable once")
        by_name[name] = key
    missing = [v.name for v in variables if v.name not in by_name]
    if missing:
        raise DataError(
            f"the data have no column for {', '.join(missing)} (they have {', '.join(by_name) or 'none'}); "
            f"name the columns {', '.join(map(str, variables))}"
        )
    known = {v.name for v in variables}
    unknown = [name for name in by_name if name not in known]
    if unknown and isinstance(data, Mapping):  # a table may well hold further columns
        raise DataError(
            f"{', '.join(unknown)} is no variable of the model, which has {', '.join(map(str, variables))}; drop it"
        )
    return {v: data[by_name[v.name]] for v in variables}


def _numbers(values: Any, what: str) -> np.ndarray:
    """A new float64 array; refuses text, dates, complex numbers and ragged lists."""
    import numpy as np

    remedy = "give real numbers"
    if isinstance(values, (set, frozenset)) or (hasattr(values, "__next__") and not hasattr(values, "__len__")):
        raise DataError(f"{what} are a {type(values).__name__}, no array; give a list or an array")
    try:
        array = (
            np.ma.filled(values.astype(float), np.nan) if isinstance(values, np.ma.MaskedArray) else np.asarray(values)
        )
    except (TypeError, ValueError) as error:
        raise DataError(f"{what} are no array of numbers ({error}); {remedy}, every row of the same length") from None
    if array.dtype.kind in "biuf":
        return array.astype(np.float64)
    if array.dtype.kind == "O":
        wrong = next((v for v in array.ravel() if isinstance(v, (str, bytes, complex))), None)
        if wrong is None:
            try:
                return array.astype(np.float64)
            except (TypeError, ValueError) as error:
                raise DataError(f"{what} are no real numbers ({error}); {remedy}") from None
        raise DataError(f"{what} hold {wrong!r}, which is no real number; {remedy}")
    raise DataError(f"{what} are of type {array.dtype}, not real numbers; {remedy}")


def _require_finite(variables: tuple[Symbol, ...], array: np.ndarray) -> None:
    import numpy as np

    finite = np.isfinite(array)
    if not finite.all():
        bad = ~finite
        row, axis = np.argwhere(bad)[0]
        rows = int(bad.any(axis=1).sum())
        raise DataError(
            f"{rows} of {len(array)} observations are not finite; the first is observation {row} "
            f"({variables[axis]} = {array[row, axis]}); leave them out or correct them"
        )


def _require_support(support: Support, array: np.ndarray) -> None:
    """Raise :class:`DataError` for observations, finite ones, outside the support."""
    import numpy as np

    if support.is_whole_space or _all_among(array, _few_members(support)):
        return
    inside = support.contains(array)
    if not inside.all():
        outside = np.flatnonzero(~inside)
        first = array[outside[0]]
        told = ", ".join(f"{v} = {value:.12g}" for v, value in zip(support.variables, first, strict=True))
        raise DataError(
            f"{outside.size} of {len(array)} observations lie outside the support {support}; the first is "
            f"observation {outside[0]} ({told}); leave them out, or declare the support that the data have"
        )


def covariate_values(covariates: tuple[Symbol, ...], domain: Mapping[Symbol, Any], data: Any) -> np.ndarray:
    """The columns of the covariates as float64, (N, c). Raises :class:`DataError` for what is no number or outside."""
    import numpy as np

    columns = []
    for symbol in covariates:
        column = _numbers(data[symbol], f"the column of {symbol.name}")
        if column.ndim != 1:
            raise DataError(f"the column of {symbol} has shape {column.shape}; give one value for each observation")
        columns.append(column)
    if len({len(c) for c in columns}) > 1:
        raise DataError(f"the columns of {', '.join(map(str, covariates))} have different lengths; give one value each")
    array = np.array(columns).T  # columns stay contiguous
    _require_finite(covariates, array)
    for axis, symbol in enumerate(covariates):
        inside = domain[symbol]
        if inside is Reals:
            continue
        low, high = _ends(inside)
        column = array[:, axis]
        if np.min(column) < low or np.max(column) > high:
            bad = np.flatnonzero((column < low) | (column > high))
            raise DataError(
                f"{bad.size} values of {symbol} lie outside {inside}; the first is observation {bad[0]} "
                f"({symbol} = {array[bad[0], axis]:.12g}); correct them, or declare the covariate's domain"
            )
    return array


@functools.lru_cache(maxsize=256)
def _few_members(support: Support) -> tuple[float, ...]:
    """The members of a support of one variable that has very few; none of any other."""
    points = support.points() if len(support.variables) == 1 else None
    if points is None or len(points) > _VERY_FEW:
        return ()
    return tuple(float(v) for p in points for v in p.values())


def _all_among(array: np.ndarray, members: tuple[float, ...]) -> bool:
    """Whether all observations (N, 1) are some of the members, to the last digit."""
    import numpy as np

    return bool(members) and bool(np.all(functools.reduce(np.logical_or, (array == v for v in members))))


@functools.lru_cache(maxsize=256)
def _ends(inside: Set) -> tuple[float, float]:
    return float(inside.inf), float(inside.sup)


def split_columns(
    variables: tuple[Symbol, ...], covariates: tuple[Symbol, ...], data: Any
) -> tuple[dict[Symbol, Any], dict[Symbol, Any]]:
    """The columns of responses and of covariates, of data that name them. Raises :class:`DataError`."""
    names = [*variables, *covariates]
    if not (isinstance(data, Mapping) or (hasattr(data, "columns") and hasattr(data, "__getitem__"))):
        told = ", ".join(f"{s}: values" for s in names)
        raise DataError(f"the model has covariates, so the data must name their columns: {{{told}}}")
    columns = _named_columns(tuple(names), data)
    if columns is None:
        raise DataError(f"the data must name their columns {', '.join(map(str, names))}")
    return {v: columns[v] for v in variables}, {c: columns[c] for c in covariates}


def read(model: StatisticalModel | ConditionalModel, data: Any) -> tuple[np.ndarray, np.ndarray]:
    """Responses (N, d) and covariates (N, c) of what `fit` takes. Raises :class:`DataError`."""
    import numpy as np

    if isinstance(model, StatisticalModel):
        sample = observations(model.support, data)
        return sample, np.zeros((len(sample), 0))
    responses, columns = split_columns(model.variables, model.covariates, data)
    sample = observations(model.support, responses)
    given = covariate_values(model.covariates, model.whole.domain, columns)
    if len(given) != len(sample):
        raise DataError(
            f"{len(sample)} responses and {len(given)} values of the covariates; give one for each response"
        )
    return sample, given


def checked_weights(weights: Any, count: int) -> np.ndarray:
    """How often each observation counts, (N,): not negative, not all zero. Raises :class:`DataError`."""
    import numpy as np

    array = _numbers(weights, "the weights")
    if array.shape != (count,):
        raise DataError(f"weights of shape {array.shape} do not fit {count} observations; give one for each")
    bad = np.flatnonzero(~(np.isfinite(array) & (array >= 0)))
    if bad.size:
        raise DataError(f"the weight of observation {bad[0]} is {array[bad[0]]}; weights are finite and not negative")
    if not array.any():
        raise DataError("all weights are zero; at least one observation must count")
    return array


def incomplete_observations(variables: tuple[Symbol, ...], data: Any, missing: bool) -> np.ndarray:
    """Values of several variables as float64, (N, d), nan where one is missing.

    Entries that a NumPy mask hides are missing, and with ``missing`` those that are nan, too; the forms are those of
    :func:`observations`, and so are the refusals, but supports are not looked at. Raises :class:`DataError`.
    """
    import numpy as np

    columns = _named_columns(variables, data)
    masks = data if columns is None else [columns[v] for v in variables]
    if columns is None:
        array = _numbers(data, "the data")
        hidden = np.ma.getmaskarray(masks) if isinstance(masks, np.ma.MaskedArray) else np.zeros(array.shape, bool)
        if len(variables) == 1 and array.ndim == 1:
            array, hidden = array[:, None], hidden[:, None]
        if array.ndim != 2 or array.shape[1] != len(variables):
            raise DataError(f"data of shape {array.shape} do not fit what is observed: {_wanted(variables)}")
    else:
        named = [_numbers(columns[v], f"the column of {v.name}") for v in variables]
        shapes = {c.shape for c in named}
        if len(shapes) > 1 or named[0].ndim != 1:
            told = ", ".join(f"{v} has shape {c.shape}" for v, c in zip(variables, named, strict=True))
            raise DataError(f"the columns are no one-dimensional arrays of one length: {told}; give one value of each")
        array = np.stack(named, axis=1)
        hidden = np.stack(
            [np.ma.getmaskarray(c) if isinstance(c, np.ma.MaskedArray) else np.zeros(len(array), bool) for c in masks],
            axis=1,
        )
    if not len(array):
        raise DataError("there are no observations; give at least one")
    if missing:
        hidden = hidden | np.isnan(array)
    elif (np.isnan(array) & ~hidden).any():
        row, axis = np.argwhere(np.isnan(array) & ~hidden)[0]
        raise DataError(
            f"{variables[axis]} is nan in observation {row}; if that means that it was not observed, say missing=True "
            "or give a masked array, else correct it"
        )
    _require_finite(variables, np.where(hidden, 0.0, array))
    empty = np.flatnonzero(hidden.all(axis=1))
    if empty.size:
        raise DataError(f"observation {empty[0]} holds no value at all and says nothing; leave it out")
    return np.where(hidden, np.nan, array)
