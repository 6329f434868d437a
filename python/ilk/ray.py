"""
Embedding, k-means and labels over the blocks of a Ray dataset (`pip install 'ilk[ray]'`).

A block is worked on by itself, and what it gives is K × D numbers, added up exactly: sums of points are multiples of one power
of two that float64 holds without rounding (as in the library's own k-means). So centroids and labels are the same bytes as
of one process on the same rows, for any division into blocks, any number of workers, and with workers lost on the way: what
they held is computed again. Nothing of the size of the data set is in the driver.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _arrays, _core

try:
    import ray
except ImportError as error:
    raise ImportError(f"ilk.ray needs Ray: pip install 'ilk[ray]' ({error})") from None

Doubles = npt.NDArray[np.float64]
_LONGEST = 1.001  # no row of unit length is longer


class _Encoder:
    """An actor that holds the model."""

    def __init__(self, model: str, precision: str, column: str, options: dict[str, Any]) -> None:
        self._model, self._precision, self._column, self._options = model, precision, column, options

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        from . import _library
        from ._embedding import loaded_encoder

        _library.prepare_images()
        encoder = loaded_encoder(self._model, self._precision)
        paths = [str(path) for path in batch[self._column]]
        try:
            found = encoder.embed_paths([], paths, self._options, "", None, 1)
        except _core.Error as error:
            if "usable image" not in str(error):
                raise
            found = {"paths": [], "embeddings": np.zeros((0, encoder.width), dtype=np.float32)}
        row_of = {path: row for row, path in enumerate(found["paths"])}
        kept = [i for i, path in enumerate(paths) if path in row_of]
        rows = [row_of[paths[i]] for i in kept]
        return {**{name: values[kept] for name, values in batch.items()}, "embedding": found["embeddings"][rows]}


def embed_images(
    dataset: Any,
    column: str = "path",
    *,
    model: str = "ilk-lite",
    precision: str = "auto",
    concurrency: int = 1,
    batch_size: int = 64,
    **options: Any,
) -> Any:
    """
    Adds the column `embedding` to a dataset of paths; rows whose image cannot be used are left out.

    Parameters
    ----------
    dataset : ray.data.Dataset
        With a path of an image in each row.
    column : str
    model, precision : str
        As `ilk.embed_images`; the model must be on every machine.
    concurrency : int
        Actors, each of one thread.
    batch_size : int
    **options
        pixel_limit, shrink_on_load, jpeg_xl.

    Returns
    -------
    ray.data.Dataset
    """
    return dataset.map_batches(
        _Encoder,
        fn_constructor_args=(model, precision, column, options),
        concurrency=concurrency,
        batch_size=batch_size,
        batch_format="numpy",
    )


@dataclass(frozen=True, eq=False)
class KMeansModel:
    """What k-means over blocks found."""

    centroids: _arrays.Floats  #: (K, D), rows of unit length; by size, largest first
    sizes: npt.NDArray[np.int64]  #: (K)
    objective: float  #: mean cosine of a row with its centroid
    iterations: int
    converged: bool

    def labels(self, dataset: Any, column: str = "embedding") -> Any:
        """The dataset with the column `cluster`: the nearest centroid of each row."""
        centroids = ray.put(self.centroids)

        def label(batch: dict[str, Any]) -> dict[str, Any]:
            x = _arrays.unit_rows(_stacked(batch[column]), column, "ray.labels")
            return {**batch, "cluster": _core.assign_to_nearest(x, ray.get(centroids), 1)["labels"]}

        return dataset.map_batches(label, batch_format="numpy")


def _stacked(vectors: Any) -> npt.NDArray[Any]:
    """A column of vectors as a matrix, whether Ray knows it as a tensor or as lists."""
    return np.stack(vectors) if getattr(vectors, "dtype", None) == object or not hasattr(vectors, "ndim") else np.asarray(vectors)


# What is done on a block, wherever it is. None of it depends on other blocks.


def _rows_of(block: Any, column: str, scale: bool | None) -> _arrays.Floats:
    from ray.data.block import BlockAccessor

    vectors = _stacked(BlockAccessor.for_block(block).to_numpy([column])[column])
    if scale is None or not len(vectors):
        return _arrays.rows(vectors.reshape(len(vectors), -1), column, "ray.kmeans")
    x = _arrays.rows(vectors, column, "ray.kmeans")
    return _arrays.unit_rows(x, column, "ray.kmeans") if scale else x


@dataclass
class _Facts:
    rows: int
    width: int
    unit: bool


def _facts(block: Any, column: str) -> _Facts:
    x = _rows_of(block, column, None)
    return _Facts(len(x), x.shape[1], not len(x) or _core.unit_rows(x, "ray.kmeans", column) is None)


@dataclass
class _Partial:
    """K × D numbers and three times K: all that a block sends."""

    sums: Doubles
    sizes: npt.NDArray[np.int64]
    moved: int


def _assign(
    block: Any, column: str, scale: bool, centroids: _arrays.Floats, before: npt.NDArray[np.int64] | None, rounding: float
) -> tuple[npt.NDArray[np.int64], _Partial]:
    x = _rows_of(block, column, scale)
    k = len(centroids)
    if not len(x):
        return np.zeros(0, dtype=np.int64), _Partial(np.zeros(centroids.shape), np.zeros(k, dtype=np.int64), 0)
    labels = _core.assign_to_nearest(x, centroids, 1)["labels"]
    moved = len(x) if before is None else int((labels != before).sum())
    return labels, _Partial(_exact_sums(x, labels, k, rounding), np.bincount(labels, minlength=k), moved)


def _exact_sums(x: _arrays.Floats, labels: npt.NDArray[np.int64], k: int, rounding: float) -> Doubles:
    """Sums of the rows of each cluster, every coordinate rounded to a multiple of the quantum: exact in any order."""
    sums = np.zeros((k, x.shape[1]))
    for begin in range(0, len(x), 4096):
        rounded = (x[begin : begin + 4096].astype(np.float64) + rounding) - rounding
        np.add.at(sums, labels[begin : begin + 4096], rounded)
    return sums


def _firsts(labels: npt.NDArray[np.int64], k: int) -> npt.NDArray[np.int64]:
    """The first member of each cluster, the block's length where it has none."""
    found = np.full(k, len(labels), dtype=np.int64)
    np.minimum.at(found, labels, np.arange(len(labels)))
    return found


def _taken(block: Any, column: str, scale: bool, rows: npt.NDArray[np.int64]) -> _arrays.Floats:
    return np.ascontiguousarray(_rows_of(block, column, scale)[rows])


class _Blocks:
    """The blocks of a dataset and what is known of them; tasks go to where they are."""

    def __init__(self, dataset: Any, column: str) -> None:
        # A task that is lost with its worker is done again, as often as it takes.
        self._remote: dict[Callable[..., Any], Any] = {}
        self.column = column
        self.dataset = dataset.materialize()
        self.refs = [ref for bundle in self.dataset.iter_internal_ref_bundles() for ref in bundle.block_refs]
        facts = [one for one in ray.get(self._each(_facts, column)) if one.rows]
        self.counts = [one.rows for one in ray.get(self._each(_facts, column))]
        self.n = sum(self.counts)
        if len({one.width for one in facts}) != 1:
            raise _core.Error(f"[ray.kmeans] {column} must be vectors of one length, got {sorted({one.width for one in facts})}.")
        # As one process does: all rows are scaled, or none.
        self.scale = not all(one.unit for one in facts)
        self.rounding = math.ldexp(1.5, math.frexp(_LONGEST * self.n)[1])
        self.labels: list[Any] = [None] * len(self.refs)

    def _task(self, function: Callable[..., Any], returns: int = 1) -> Any:
        if function not in self._remote:
            self._remote[function] = ray.remote(max_retries=-1, num_returns=returns)(function)
        return self._remote[function]

    def _each(self, function: Callable[..., Any], *arguments: Any) -> list[Any]:
        return [self._task(function).remote(ref, *arguments) for ref in self.refs]

    def rows(self, wanted: npt.NDArray[np.int64]) -> _arrays.Floats:
        """These rows of the whole, in ascending order."""
        parts, begin = [], 0
        for ref, count in zip(self.refs, self.counts, strict=True):
            some = wanted[(wanted >= begin) & (wanted < begin + count)] - begin
            if len(some):
                parts.append(self._task(_taken).remote(ref, self.column, self.scale, some))
            begin += count
        return np.concatenate(ray.get(parts))

    def assign(self, centroids: _arrays.Floats) -> _Partial:
        shared = ray.put(centroids)
        total = _Partial(np.zeros(centroids.shape), np.zeros(len(centroids), dtype=np.int64), 0)
        partials = []
        for i, ref in enumerate(self.refs):
            task = self._task(_assign, returns=2)
            self.labels[i], partial = task.remote(ref, self.column, self.scale, shared, self.labels[i], self.rounding)
            partials.append(partial)
        for partial_ref in partials:  # in the order of blocks
            partial = ray.get(partial_ref)
            total.sums += partial.sums
            total.sizes += partial.sizes
            total.moved += partial.moved
        return total

    def first_members(self, k: int) -> npt.NDArray[np.int64]:
        found = np.full(k, self.n, dtype=np.int64)
        begin = 0
        for first, count in zip(ray.get([self._task(_firsts).remote(one, k) for one in self.labels]), self.counts, strict=True):
            found = np.minimum(found, np.where(first < count, first + begin, self.n))
            begin += count
        return found


def _in_order(numbers: Doubles) -> Doubles:
    """Sums of rows from left to right, as the library adds them."""
    return np.asarray(np.add.accumulate(numbers, axis=-1)[..., -1])


def _moved(centroids: _arrays.Floats, sums: Doubles) -> _arrays.Floats:
    lengths = np.sqrt(_in_order(sums * sums))[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(lengths > 1e-9, (sums / lengths).astype(np.float32), centroids)


def sampled_rows(n: int, sample: int = 65_536) -> npt.NDArray[np.int64]:
    """The rows that `kmeans` starts from: as many as `sample`, spread evenly over n."""
    return np.arange(n) if n <= sample else np.arange(sample, dtype=np.int64) * n // sample


def kmeans(
    dataset: Any,
    n_clusters: int,
    column: str = "embedding",
    *,
    seed: int = 0,
    sample: int = 65_536,
    n_init: int = 20,
    max_iterations: int = 300,
    tolerance: float = 1e-6,
) -> KMeansModel:
    """
    Spherical k-means over the blocks of a dataset, begun from k-means of a sample.

    In one process the same centroids, byte for byte, come of

        start = ilk.kmeans(X[ilk.ray.sampled_rows(len(X))], K, seed=seed).centroids
        ilk.kmeans(X, centroids=start)

    Parameters
    ----------
    dataset : ray.data.Dataset
        With a vector in each row.
    n_clusters : int
    column : str
        Where the vectors are. Where any is not of unit length, all are scaled.
    seed, n_init : int
        Of the sample's k-means.
    sample : int
        Rows that the driver clusters for a start, at most.
    max_iterations, tolerance
        Of the iterations over all rows.

    Returns
    -------
    KMeansModel
        Its `labels(dataset)` labels a dataset. An iteration sends the centroids to each block and K × D numbers back.

    Raises
    ------
    Error
        For fewer rows than clusters, rows that are zero or not finite, and where a cluster becomes empty.
    """
    blocks = _Blocks(dataset, column)
    if n_clusters > blocks.n:
        raise _core.Error(f"[ray.kmeans] n_clusters must be at most the number of rows ({blocks.n}), got {n_clusters}.")
    start = {"n_clusters": n_clusters, "seed": seed, "n_init": n_init}
    drawn = blocks.rows(sampled_rows(blocks.n, sample))
    centroids: _arrays.Floats = _core.kmeans(drawn, None, True, start, None, 0)["centroids"]
    del drawn

    def assigned() -> tuple[_Partial, float]:
        partial = blocks.assign(centroids)
        if not partial.sizes.all():
            raise _core.Error("[ray.kmeans] a cluster became empty; fewer rows are distinct, or n_clusters is too large.")
        return partial, float(_in_order(_in_order(centroids.astype(np.float64) * partial.sums))) / blocks.n

    partial, objective = assigned()
    iterations, converged = 0, False
    while iterations < max_iterations and not converged:
        centroids = _moved(centroids, partial.sums)
        before = objective
        partial, objective = assigned()
        iterations += 1
        converged = partial.moved == 0 or objective - before <= tolerance * abs(before)
    order = np.lexsort((blocks.first_members(n_clusters), -partial.sizes))
    return KMeansModel(np.ascontiguousarray(centroids[order]), partial.sizes[order], objective, iterations, converged)
