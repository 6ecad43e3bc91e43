"""Many samples as users hand them in, read into one long array."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from symgeo.errors import DataError
from symgeo.inference.data import checked_weights, read
from symgeo.models.conditional_model import ConditionalModel

if TYPE_CHECKING:
    import numpy as np

    from symgeo.models.statistical_model import StatisticalModel


@dataclass(frozen=True, eq=False)
class Batch:
    """Observations (T, v), covariates (T, c) and weights (T,); sample i has rows ``ends[i]`` to ``ends[i + 1]``."""

    sample: np.ndarray
    covariates: np.ndarray
    weights: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        return len(self.ends) - 1

    def rows(self, index: int) -> slice:
        """The rows of one sample."""
        return slice(int(self.ends[index]), int(self.ends[index + 1]))

    def one(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Observations, covariates and weights of one sample."""
        rows = self.rows(index)
        return self.sample[rows], self.covariates[rows], self.weights[rows]

    def of(self, indices: np.ndarray) -> Batch:
        """Some of the samples, in this order."""
        import numpy as np

        lengths = np.diff(self.ends)[indices]
        ends = np.concatenate([[0], np.cumsum(lengths)])
        rows = np.arange(ends[-1]) + np.repeat(self.ends[:-1][indices] - ends[:-1], lengths)
        return Batch(self.sample[rows], self.covariates[rows], self.weights[rows], ends)

    def blocks(self, most: int) -> Iterator[np.ndarray]:
        """Indices of consecutive samples with about so many observations together."""
        import numpy as np

        start = 0
        while start < len(self):
            stop = int(np.searchsorted(self.ends, self.ends[start] + most, side="right")) - 1
            stop = max(start + 1, stop)
            yield np.arange(start, stop)
            start = stop


def read_batch(model: StatisticalModel | ConditionalModel, samples: Any, weights: Any) -> Batch:
    """The batch of what `fit_many` takes. Raises :class:`DataError` that names the sample and the observation."""
    import numpy as np

    each = _each(model, samples)
    if not len(each):
        raise DataError("there are no samples; give at least one")
    given = None if weights is None else _weights_of_each(weights, len(each))
    together = _joined(each) if given is None else None
    if together is not None:
        joined, lengths = together
        try:
            sample, covariates = read(model, joined)
        except DataError:
            together = None  # read one by one, to say in which sample
    if together is None:
        parts, counts = [], []
        for index, data in enumerate(each):
            try:
                sample, covariates = read(model, data)
                count = np.ones(len(sample)) if given is None else checked_weights(given[index], len(sample))
            except DataError as error:
                raise DataError(f"sample {index}: {error}") from None
            parts.append((sample[count > 0], covariates[count > 0]))
            counts.append(count[count > 0])
        sample, covariates = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
        lengths, total = [len(c) for c in counts], np.concatenate(counts)
    else:
        total = np.ones(len(sample))
    return Batch(sample, covariates, total, np.concatenate([[0], np.cumsum(lengths)]))


def _each(model: StatisticalModel | ConditionalModel, samples: Any) -> Sequence[Any]:
    """One element for each sample, of the kind that `fit` takes."""
    import numpy as np

    if isinstance(samples, Mapping):
        return _of_columns(samples)
    if isinstance(samples, np.ndarray):
        if isinstance(model, ConditionalModel):
            raise DataError("the model has covariates, so give {name: (B, N)}, or a list of samples that name columns")
        count = len(model.variables)
        wanted = "(B, N)" if count == 1 else f"(B, N, {count})"
        if samples.dtype != object and samples.ndim != (2 if count == 1 else 3):
            raise DataError(f"samples of shape {samples.shape} are no batch; give an array {wanted}, or a list")
        return list(samples)
    if isinstance(samples, (str, bytes)) or not hasattr(samples, "__len__") or hasattr(samples, "columns"):
        raise DataError(f"samples are a {type(samples).__name__}; give an array (B, N) or a list of samples")
    return samples


def _of_columns(samples: Mapping[Any, Any]) -> list[dict[Any, Any]]:
    """``{name: (B, N)}``, where a column (N,) is the same for all samples, as one mapping for each."""
    import numpy as np

    columns = {name: np.asarray(values) for name, values in samples.items()}
    batches = {len(c) for c in columns.values() if c.ndim == 2}
    wrong = next((name for name, c in columns.items() if c.ndim not in (1, 2)), None)
    if wrong is not None or len(batches) != 1:
        told = ", ".join(f"{name} {c.shape}" for name, c in columns.items())
        raise DataError(
            f"columns of shapes {told} are no batch; give (B, N) with one B, or (N,) for what all samples share"
        )
    (size,) = batches
    return [{name: c[index] if c.ndim == 2 else c for name, c in columns.items()} for index in range(size)]


def _weights_of_each(weights: Any, count: int) -> Sequence[Any]:
    if not hasattr(weights, "__len__") or len(weights) != count:
        size = len(weights) if hasattr(weights, "__len__") else 1
        raise DataError(f"weights for {size} samples do not fit {count}; give one array of weights for each sample")
    return weights


def _joined(each: Sequence[Any]) -> tuple[Any, list[int]] | None:
    """All samples in one, with their lengths; None where they do not simply go together."""
    import numpy as np

    try:
        if all(isinstance(s, Mapping) for s in each):
            names = list(each[0])
            if any(list(s) != names for s in each):
                return None
            lengths = [len(s[names[0]]) for s in each]
            if any(len(s[name]) != size for s, size in zip(each, lengths, strict=True) for name in names):
                return None
            joined: Any = {name: np.concatenate([np.asarray(s[name]) for s in each]) for name in names}
        else:
            arrays = [np.asarray(s) for s in each]
            if any(a.dtype.kind not in "biuf" for a in arrays):
                return None
            lengths, joined = [len(a) for a in arrays], np.concatenate(arrays)
    except (TypeError, ValueError):
        return None
    return (joined, lengths) if all(lengths) else None
