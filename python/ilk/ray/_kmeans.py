"""
N points, D dimensions, K clusters, R starts: `ilk.kmeans` over blocks.

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

    start: int
    number: int
    row: _arrays.Floats
    from_: int
    to: int
    copies: bool = False


@dataclass(frozen=True)
class _Step:
    """An assignment: the centroids of some starts (a reference, in a list so that it is not fetched unasked)."""

    number: int
    centroids: list[Any]
    gifts: list[_Gift] = field(default_factory=list)
    before: _Step | None = None


class KMeansWorker:
    """Holds a share of the points. Each method is told the step that it is about, and the one before."""

    def __init__(self, share: tuple[list[Share], str, bool, int, int, int]) -> None:
        self._shares, self._column, self._scale, *sizes = share
        self._sizes = sizes  # N, K and the number of starts
        self._parts: list[_core.KMeansPart] = []
        self._rows: list[_arrays.Floats] = []
        self._at, self._given = -1, 0
        self._found: dict[int, tuple[int, int]] = {}

    def assign(self, step: _Step) -> dict[int, tuple[Doubles, Whole, int, int]]:
        """Of each start the sums, sizes, and how many points moved and are tied."""
        self._reach(step)
        return {
            start: (
                reduce(np.add, (part.sums(start) for part in self._parts)),
                reduce(np.add, (part.sizes(start) for part in self._parts)),
                *found,
            )
            for start, found in self._found.items()
        }

    def worst(self, step: _Step, start: int, sizes: Whole, exact: bool) -> tuple[float, int, int, _arrays.Floats] | None:
        """The worst-served point: its cosine, number, label and row."""
        self._reach(step)
        found = []
        for part, rows, share in zip(self._parts, self._rows, self._shares, strict=True):
            point, cosine = part.worst(start, sizes, exact)
            if point >= 0:
                found.append((cosine, share.number + point, int(part.labels(start)[point]), rows[point]))
        return min(found, key=lambda one: one[:2], default=None)

    def first_members(self, step: _Step, start: int) -> Whole:
        """Of each cluster the number of its first point, N where it has none here."""
        self._reach(step)
        n, k, _ = self._sizes
        first = np.full(k, n, dtype=np.int64)
        for part, share in zip(self._parts, self._shares, strict=True):
            labels = part.labels(start)
            np.minimum.at(first, labels, share.number + np.arange(len(labels)))
        return first

    def as_remembered(self, step: _Step, start: int) -> bool:
        """Whether labels are what they were after the gifts of the step before."""
        self._reach(step)
        return all(part.as_remembered(start) for part in self._parts)

    def _reach(self, step: _Step) -> None:
        if self._at != step.number:
            if self._at != step.number - 1 or self._at < 0:
                self._begin()
                if step.before is not None:
                    self._take(step.before)
            if step.before is not None:
                self._give(step.before)
                self._remember(step.before)
            self._take(step)
        self._give(step)

    def _begin(self) -> None:
        n, k, n_starts = self._sizes
        self._rows = [rows_of(ray.get(one.ref), self._column, self._scale)[one.begin : one.end] for one in self._shares]
        self._parts = [_core.KMeansPart(rows, n, k, n_starts, _MEMORY // len(self._rows)) for rows in self._rows]

    def _take(self, step: _Step) -> None:
        centroids = ray.get(step.centroids[0])
        self._found = {}
        for start, one in centroids.items():
            changes = [part.assign(start, one) for part in self._parts]
            self._found[start] = sum(moved for moved, _ in changes), sum(tied for _, tied in changes)
        self._at, self._given = step.number, 0

    def _give(self, step: _Step) -> None:
        for gift in step.gifts[self._given :]:
            for part, share in zip(self._parts, self._shares, strict=True):
                if gift.copies:
                    part.move_copies(gift.start, gift.row, gift.from_, gift.to)
                    continue
                point = gift.number - share.number
                here = 0 <= point < share.end - share.begin
                part.repair(gift.start, point if here else -1, gift.to, gift.row)
        self._given = len(step.gifts)

    def _remember(self, step: _Step) -> None:
        given = {gift.start for gift in step.gifts}
        for start in self._found:
            for part in self._parts:
                part.remember(start, start in given)


@dataclass
class _Start:
    """What the driver knows of a start, and of its last assignment."""

    centroids: _arrays.Floats
    sums: Doubles
    sizes: Whole
    moved: int = 0
    tied: int = 0
    objective: float = 0
    reached: float = 0  # the objective with gifts counted
    given: int = 0  # to empty clusters by the last assignment
    objectives: list[float] = field(default_factory=list)
    repaired: int = 0
    converged: bool = False
    first: Whole = field(default_factory=lambda: np.zeros(0, dtype=np.int64))


class _Driver:
    """The starts of k-means that run side by side."""

    def __init__(self, blocks: Blocks, k: int, n_starts: int) -> None:
        self.n, self.k = blocks.n, k
        count = workers_for(self.n)
        ends = [i * self.n // count for i in range(count + 1)]
        self.workers = Workers(
            KMeansWorker,
            [
                (blocks.shares(begin, end), blocks.column, blocks.scale, self.n, k, n_starts)
                for begin, end in zip(ends, ends[1:], strict=False)
            ],
        )
        self.step: _Step | None = None
        self.starts: dict[int, _Start] = {}

    def ask(self, method: str, *arguments: Any) -> list[Any]:
        return self.workers.ask(method, self.step, *arguments)

    def assign(self, active: list[int]) -> None:
        before = self.step
        centroids = [ray.put({start: self.starts[start].centroids for start in active})]
        if before is not None:  # only what is needed to find a lost worker's state again
            before = _Step(before.number, before.centroids, before.gifts)
        self.step = _Step(0 if before is None else before.number + 1, centroids, [], before)
        found = self.ask("assign")
        for start in active:
            one = self.starts[start]
            one.sums = reduce(np.add, (part[start][0] for part in found))
            one.sizes = reduce(np.add, (part[start][1] for part in found))
            one.moved, one.tied = (sum(part[start][i] for part in found) for i in (2, 3))
            one.objective = _core.objective_of(one.sums, one.centroids, self.n)

    def repair(self, start: int, exact: bool = False) -> None:
        """Gives each empty cluster the worst-served point of the others."""
        one, gained = self.starts[start], 0.0
        one.given = 0
        assert self.step is not None
        for to in np.flatnonzero(one.sizes == 0):
            answers = [answer for answer in self.ask("worst", start, one.sizes, exact) if answer is not None]
            cosine, number, from_, row = min(answers, key=lambda answer: answer[:2])
            row = np.array(row)
            self.step.gifts.append(_Gift(start, number, row, from_, int(to)))
            if exact:
                self.step.gifts.append(_Gift(start, number, row, from_, int(to), copies=True))
            one.sizes[from_] -= 1
            one.sizes[to] += 1
            one.sums[from_] = _core.sum_with(one.sums[from_], row, self.n, True)
            one.sums[to] = _core.sum_with(one.sums[to], row, self.n, False)
            one.centroids = one.centroids.copy()
            one.centroids[to] = row
            gained += 1 - cosine
            one.given += 1
        one.reached = one.objective + gained / self.n

    def first_members(self, start: int) -> Whole:
        return np.min(self.ask("first_members", start), axis=0)  # type: ignore[no-any-return]

    def iterate(self, max_iterations: int, tolerance: float) -> None:
        active = list(self.starts)
        self.assign(active)
        for start in active:
            self.repair(start)
            self.starts[start].repaired += self.starts[start].given
        for _ in range(max_iterations):
            if not active:
                break
            for start in active:
                one = self.starts[start]
                one.centroids = _core.centroids_of(one.sums, one.centroids)
            self.assign(active)
            for start in list(active):
                one = self.starts[start]
                before, given_before = one.reached, one.given
                self.repair(start)
                one.repaired += one.given
                same = given_before > 0 and all(self.ask("as_remembered", start))
                one.objectives.append(one.objective)
                one.converged = one.moved == 0 or same or one.reached - before <= tolerance * abs(before)
                if one.converged:
                    active.remove(start)
                    one.first = self.first_members(start)
        for start in active:
            self.starts[start].first = self.first_members(start)

    def conclude(self, best: _Start) -> KMeansModel:
        """Numbers the clusters by size, and assigns the points anew where that could make a difference."""
        one = best
        settled = best.tied == 0 and best.given == 0
        objective = best.objectives[-1]
        for attempt in range(_ATTEMPTS):
            order = np.lexsort((one.first, -one.sizes))
            if attempt > 0 and (order == np.arange(self.k)).all():
                break
            one.centroids, one.sizes = np.ascontiguousarray(one.centroids[order]), one.sizes[order]
            if settled or attempt + 1 == _ATTEMPTS:
                break
            self.starts = {0: one}
            self.assign([0])
            self.repair(0, exact=True)
            objective, one.first = one.reached, self.first_members(0)
            if attempt == 0:
                one.repaired += one.given
        objectives = np.array([*best.objectives[:-1], objective])
        return KMeansModel(
            one.centroids, one.sizes, objective, len(objectives), best.converged, objectives, best.repaired
        )


def _first_centres(
    n: int, options: dict[str, Any], first: int, count: int, n_sample_parts: int, *parts: _arrays.Floats
) -> list[_arrays.Floats]:
    """The first centroids of some starts, from the rows that k-means++ looks at."""
    sample = np.concatenate(parts[:n_sample_parts])
    around = np.concatenate(parts[n_sample_parts:])
    return [sample[rows] for rows in _core.first_centres(sample, around, n, options, first, count)]


def clustered(blocks: Blocks, options: dict[str, Any], start: _arrays.Floats | None = None) -> KMeansModel:
    """K-means with these keywords, from given centroids where there are some."""
    n, k = blocks.n, options["n_clusters"] if start is None else len(start)
    if k > n:
        raise _core.Error(f"[ray.kmeans] n_clusters must be at most the number of rows ({n}), got {k}.")
    if start is None and options.get("init", "k-means++") != "k-means++":
        raise _core.Error("[ray.kmeans] init must be k-means++.")
    n_init = 1 if start is not None else int(options.get("n_init", 20))
    together = 1 if start is not None else _core.starts_side_by_side(n, options)
    drawn: list[Any] = []
    if start is None:
        sample = blocks.take(_core.kmeans_sample(n, options))
        drawn = [len(sample), *sample, *blocks.take(_core.kmeans_origin_sample(n))]
    driver = _Driver(blocks, k, min(together, n_init))
    best: _Start | None = None
    with driver.workers:
        for first in range(0, n_init, together):
            count = min(together, n_init - first)
            centres = [start] if start is not None else ray.get(task(_first_centres, n, options, first, count, *drawn))
            nothing = np.zeros((k, blocks.width)), np.zeros(k, dtype=np.int64)
            driver.starts = {i: _Start(one, *nothing) for i, one in enumerate(centres)}
            driver.iterate(int(options.get("max_iterations", 300)), float(options.get("tolerance", 1e-6)))
            for one in driver.starts.values():
                if best is None or one.objectives[-1] > best.objectives[-1]:
                    best = one
        assert best is not None
        return driver.conclude(best)


def kmeans(dataset: Any, n_clusters: int, column: str = "embedding", *, seed: int = 0, **options: Any) -> KMeansModel:
    """
    Spherical k-means over the blocks of a dataset: `ilk.kmeans` of all its rows, byte for byte.

    Parameters
    ----------
    dataset : ray.data.Dataset
        With a vector in each row. More than n_clusters rows must be distinct.
    n_clusters : int
    column : str
        Where the vectors are. Where any is not of unit length, all are scaled.
    seed : int
    **options
        n_init, max_iterations, tolerance, as `ilk.kmeans`. Each of the n_init restarts goes through all rows.

    Returns
    -------
    KMeansModel
        Its `labels(dataset)` labels a dataset. An iteration of a start sends K × D float32 to each worker, and K × D
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
