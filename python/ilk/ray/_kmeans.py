"""
N points, D dimensions, K clusters: `ilk.kmeans` over blocks. Its starts look at a sample of the points, in one process; the
best of them goes on with all.

Sums of points are multiples of one power of two that float64 holds without rounding, so that their order is of no account.
A worker keeps labels and bounds of its points from one iteration to the next. Lost ones are found again: labels depend on
the centroids alone, and on what was given to empty clusters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import ray

from .. import _arrays, _core
from ._blocks import Blocks, Share, Whole, rows_of, stacked, task
from ._workers import Workers, workers_for

Doubles = npt.NDArray[np.float64]
_MEMORY = 200 << 20  # of a worker, for what lets it compare points with centres quickly
_ATTEMPTS = 4  # at numbering the clusters, where points lie exactly between two


@dataclass(frozen=True, eq=False)
class KMeansModel:
    """What k-means over blocks found."""

    centroids: _arrays.Floats  #: (K, D), rows of unit length; by size, largest first
    sizes: Whole  #: (K)
    objective: float  #: mean cosine of a row with its centroid
    iterations: int  #: of the restart that was kept
    converged: bool
    objectives: Doubles  #: after each iteration of that restart
    empty_repaired: int  #: how often an empty cluster was given the worst-served point

    def labels(self, dataset: Any, column: str = "embedding") -> Any:
        """The dataset with the column `cluster`: the nearest centroid of each row."""
        centroids = ray.put(self.centroids)

        def label(batch: dict[str, Any]) -> dict[str, Any]:
            x = _arrays.unit_rows(stacked(batch[column]), column, "ray.labels")
            return {**batch, "cluster": _core.assign_to_nearest(x, ray.get(centroids), 1)["labels"]}

        return dataset.map_batches(label, batch_format="numpy")


@dataclass(frozen=True)
class _Gift:
    """A point that was given to an empty cluster; `copies`: all that equal it in its cluster were."""

    number: int
    row: _arrays.Floats
    from_: int
    to: int
    copies: bool = False


@dataclass(frozen=True)
class _Step:
    """An assignment to centroids (a reference, in a list so that it is not fetched unasked)."""

    number: int
    centroids: list[Any]
    gifts: list[_Gift] = field(default_factory=list)
    before: _Step | None = None


class KMeansWorker:
    """Holds a share of the points. Each method is told the step that it is about, and the one before."""

    def __init__(self, share: tuple[list[Share], str, bool, int, int]) -> None:
        self._shares, self._column, self._scale, self._n, self._k = share
        self._parts: list[_core.KMeansPart] = []
        self._rows: list[_arrays.Floats] = []
        self._at, self._given = -1, 0
        self._changes: tuple[int, int] = 0, 0

    def assign(self, step: _Step) -> tuple[Doubles, Whole, int, int]:
        """The sums, the sizes, and how many points moved and are tied."""
        self._reach(step)
        return (
            reduce(np.add, (part.sums() for part in self._parts)),
            reduce(np.add, (part.sizes() for part in self._parts)),
            *self._changes,
        )

    def worst(self, step: _Step, sizes: Whole, exact: bool) -> tuple[float, int, int, _arrays.Floats] | None:
        """The worst-served point: its cosine, number, label and row."""
        self._reach(step)
        found = []
        for part, rows, share in zip(self._parts, self._rows, self._shares, strict=True):
            point, cosine = part.worst(sizes, exact)
            if point >= 0:
                found.append((cosine, share.number + point, int(part.labels()[point]), rows[point]))
        return min(found, key=lambda one: one[:2], default=None)

    def first_members(self, step: _Step) -> Whole:
        """Of each cluster the number of its first point, N where it has none here."""
        self._reach(step)
        first = np.full(self._k, self._n, dtype=np.int64)
        for part, share in zip(self._parts, self._shares, strict=True):
            labels = part.labels()
            np.minimum.at(first, labels, share.number + np.arange(len(labels)))
        return first

    def as_remembered(self, step: _Step) -> bool:
        """Whether labels are what they were after the gifts of the step before."""
        self._reach(step)
        return all(part.as_remembered() for part in self._parts)

    def _reach(self, step: _Step) -> None:
        if self._at != step.number:
            if self._at != step.number - 1 or self._at < 0:
                self._begin()
                if step.before is not None:
                    self._take(step.before)
            if step.before is not None:
                self._give(step.before)
                for part in self._parts:
                    part.remember(bool(step.before.gifts))
            self._take(step)
        self._give(step)

    def _begin(self) -> None:
        self._rows = [rows_of(ray.get(one.ref), self._column, self._scale)[one.begin : one.end] for one in self._shares]
        memory = _MEMORY // len(self._rows)
        self._parts = [_core.KMeansPart(rows, self._n, self._k, memory) for rows in self._rows]

    def _take(self, step: _Step) -> None:
        centroids = ray.get(step.centroids[0])
        changes = [part.assign(centroids) for part in self._parts]
        self._changes = sum(moved for moved, _ in changes), sum(tied for _, tied in changes)
        self._at, self._given = step.number, 0

    def _give(self, step: _Step) -> None:
        for gift in step.gifts[self._given :]:
            for part, share in zip(self._parts, self._shares, strict=True):
                if gift.copies:
                    part.move_copies(gift.row, gift.from_, gift.to)
                    continue
                point = gift.number - share.number
                here = 0 <= point < share.end - share.begin
                part.repair(point if here else -1, gift.to, gift.row)
        self._given = len(step.gifts)


class _Driver:
    """Lloyd's iterations from given centroids, and what is known of the last assignment."""

    def __init__(self, blocks: Blocks, centroids: _arrays.Floats) -> None:
        self.n, self.k = blocks.n, len(centroids)
        count = workers_for(self.n)
        ends = [i * self.n // count for i in range(count + 1)]
        self.workers = Workers(
            KMeansWorker,
            [
                (blocks.shares(begin, end), blocks.column, blocks.scale, self.n, self.k)
                for begin, end in zip(ends, ends[1:], strict=False)
            ],
        )
        self.step: _Step | None = None
        self.centroids = centroids
        self.sums, self.sizes = np.zeros(centroids.shape), np.zeros(self.k, dtype=np.int64)
        self.moved = self.tied = 0
        self.objective = self.reached = 0.0  # the second with gifts counted
        self.given = 0  # to empty clusters by the last assignment
        self.repaired = 0

    def ask(self, method: str, *arguments: Any) -> list[Any]:
        return self.workers.ask(method, self.step, *arguments)

    def assign(self) -> None:
        before = self.step
        if before is not None:  # only what is needed to find a lost worker's state again
            before = _Step(before.number, before.centroids, before.gifts)
        self.step = _Step(0 if before is None else before.number + 1, [ray.put(self.centroids)], [], before)
        found = self.ask("assign")
        self.sums = reduce(np.add, (part[0] for part in found))
        self.sizes = reduce(np.add, (part[1] for part in found))
        self.moved, self.tied = (sum(part[i] for part in found) for i in (2, 3))
        self.objective = _core.objective_of(self.sums, self.centroids, self.n)

    def repair(self, exact: bool = False) -> None:
        """Gives each empty cluster the worst-served point of the others."""
        gained = 0.0
        self.given = 0
        assert self.step is not None
        for to in np.flatnonzero(self.sizes == 0):
            answers = [answer for answer in self.ask("worst", self.sizes, exact) if answer is not None]
            cosine, number, from_, row = min(answers, key=lambda answer: answer[:2])
            row = np.array(row)
            self.step.gifts.append(_Gift(number, row, from_, int(to)))
            if exact:
                self.step.gifts.append(_Gift(number, row, from_, int(to), copies=True))
            self.sizes[from_] -= 1
            self.sizes[to] += 1
            self.sums[from_] = _core.sum_with(self.sums[from_], row, self.n, True)
            self.sums[to] = _core.sum_with(self.sums[to], row, self.n, False)
            self.centroids = self.centroids.copy()
            self.centroids[to] = row
            gained += 1 - cosine
            self.given += 1
        self.reached = self.objective + gained / self.n

    def run(self, max_iterations: int, tolerance: float) -> KMeansModel:
        self.assign()
        self.repair()
        self.repaired = self.given
        objectives: list[float] = []
        converged = False
        while not converged and len(objectives) < max_iterations:
            before, given_before = self.reached, self.given
            self.centroids = _core.centroids_of(self.sums, self.centroids)
            self.assign()
            self.repair()
            self.repaired += self.given
            same = given_before > 0 and all(self.ask("as_remembered"))
            objectives.append(self.objective)
            converged = self.moved == 0 or same or self.reached - before <= tolerance * abs(before)
        objectives[-1] = self._conclude(objectives[-1])
        return KMeansModel(
            self.centroids, self.sizes, objectives[-1], len(objectives), converged, np.array(objectives), self.repaired
        )

    def _conclude(self, objective: float) -> float:
        """Numbers the clusters by size, and assigns the points anew where that could make a difference."""
        settled = self.tied == 0 and self.given == 0
        for attempt in range(_ATTEMPTS):
            first = np.min(self.ask("first_members"), axis=0)
            order = np.lexsort((first, -self.sizes))
            if attempt > 0 and (order == np.arange(self.k)).all():
                break
            self.centroids, self.sizes = np.ascontiguousarray(self.centroids[order]), self.sizes[order]
            if settled or attempt + 1 == _ATTEMPTS:
                break
            self.assign()
            self.repair(exact=True)
            objective = self.reached
            if attempt == 0:
                self.repaired += self.given
        return objective


def _of_sample(options: dict[str, Any], *rows: _arrays.Floats) -> dict[str, Any]:
    return _core.kmeans(np.concatenate(rows), None, True, options, None, 0)  # type: ignore[no-any-return]


def clustered(blocks: Blocks, options: dict[str, Any], start: _arrays.Floats | None = None) -> KMeansModel:
    """K-means with these keywords, from given centroids where there are some."""
    n, k = blocks.n, options["n_clusters"] if start is None else len(start)
    if k > n:
        raise _core.Error(f"[ray.kmeans] n_clusters must be at most the number of rows ({n}), got {k}.")
    if start is None:
        sample = _core.kmeans_sample(n, options)
        found = ray.get(task(_of_sample, options, *blocks.take(sample)))
        if len(sample) == n:
            sizes = np.bincount(found["labels"], minlength=k).astype(np.int64)
            names = ("objective", "iterations", "converged", "objectives", "empty_repaired")
            return KMeansModel(found["centroids"], sizes, *(found[name] for name in names))
        start = np.array(found["centroids"])
    driver = _Driver(blocks, start)
    with driver.workers:
        return driver.run(int(options.get("max_iterations", 300)), float(options.get("tolerance", 1e-6)))


def kmeans(dataset: Any, n_clusters: int, column: str = "embedding", *, seed: int = 0, **options: Any) -> KMeansModel:
    """
    Spherical k-means over the blocks of a dataset: `ilk.kmeans` of all its rows, byte for byte.

    Parameters
    ----------
    dataset : ray.data.Dataset
        With a vector in each row.
    n_clusters : int
    column : str
        Where the vectors are. Where any is not of unit length, all are scaled.
    seed : int
    **options
        n_init, max_iterations, tolerance, init, as `ilk.kmeans`. The restarts look at a sample: of all rows, where there
        are at most 16,384 or 32 K of them.

    Returns
    -------
    KMeansModel
        Its `labels(dataset)` labels a dataset. An iteration sends K × D float32 to each worker, and K × D
        float64 back.

    Raises
    ------
    Error
        For fewer rows than clusters, and rows that are zero or not finite.
    """
    keywords = {"n_clusters": n_clusters, "seed": seed, **options}
    known = {name for name, *_ in _core.kmeans_options()}
    for name in keywords:
        if name not in known:
            raise TypeError(f"kmeans() has no option '{name}'.")
    return clustered(Blocks.of_dataset(dataset, column), keywords)
