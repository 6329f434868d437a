"""
Unit rows that lie in blocks on any machine.

The driver knows how many rows each block has. Rows are numbered through in the order of the blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import ray

from .. import _arrays, _core
from . import _workers

Whole = npt.NDArray[np.int64]


def stacked(vectors: Any) -> npt.NDArray[Any]:
    """A column of vectors as a matrix, whether Ray knows it as a tensor or as lists."""
    return np.stack(vectors) if getattr(vectors, "dtype", None) == object or not hasattr(vectors, "ndim") else np.asarray(vectors)


def rows_of(block: Any, column: str, scale: bool | None) -> _arrays.Floats:
    """A block's matrix: scaled to unit length, as it is, or (None) not looked at."""
    if isinstance(block, np.ndarray):
        return block
    from ray.data.block import BlockAccessor

    vectors = stacked(BlockAccessor.for_block(block).to_numpy([column])[column])
    x = _arrays.rows(vectors.reshape(len(vectors), -1) if not len(vectors) else vectors, column, "ilk.ray")
    return _arrays.unit_rows(x, column, "ilk.ray") if scale and len(x) else x


def _facts(block: Any, column: str) -> tuple[int, int, bool]:
    x = rows_of(block, column, None)
    return len(x), x.shape[1], not len(x) or _core.unit_rows(x, "ilk.ray", column) is None


def _taken(block: Any, column: str, scale: bool, rows: Whole) -> _arrays.Floats:
    return np.ascontiguousarray(rows_of(block, column, scale)[rows])


_remote: dict[Callable[..., Any], Any] = {}


def task(function: Callable[..., Any], *arguments: Any) -> Any:
    """Runs it somewhere; one that is lost with its worker is done again, as often as it takes."""
    if function not in _remote:
        _remote[function] = ray.remote(max_retries=-1)(function)
    return _remote[function].remote(*arguments)


@dataclass(frozen=True)
class Share:
    """Rows begin … end − 1 of one block, whose first row is number `number` of all."""

    ref: Any
    number: int
    begin: int
    end: int


@dataclass(frozen=True)
class Blocks:
    """Where rows are."""

    refs: list[Any]
    counts: list[int]
    width: int
    column: str = ""
    scale: bool = False

    @staticmethod
    def of_dataset(dataset: Any, column: str) -> Blocks:
        """As one process does: where any row is not of unit length, all are scaled."""
        materialized = dataset.materialize()
        refs = [ref for bundle in materialized.iter_internal_ref_bundles() for ref in bundle.block_refs]
        found = [task(_facts, ref, column) for ref in refs]
        _workers.begin()
        facts = ray.get(found)
        widths = {width for rows, width, _ in facts if rows}
        if len(widths) != 1:
            raise _core.Error(f"[ilk.ray] {column} must be vectors of one length, got {sorted(widths)}.")
        kept = [i for i, (rows, _, _) in enumerate(facts) if rows]
        return Blocks(
            [refs[i] for i in kept], [facts[i][0] for i in kept], widths.pop(), column, not all(unit for _, _, unit in facts)
        )

    @property
    def n(self) -> int:
        return sum(self.counts)

    def shares(self, begin: int, end: int) -> list[Share]:
        """Where rows begin … end − 1 are."""
        found, first = [], 0
        for ref, count in zip(self.refs, self.counts, strict=True):
            low, high = max(begin, first), min(end, first + count)
            if low < high:
                found.append(Share(ref, low, low - first, high - first))
            first += count
        return found

    def take(self, wanted: Whole) -> list[Any]:
        """References to these rows, which ascend, block by block."""
        parts, first = [], 0
        for ref, count in zip(self.refs, self.counts, strict=True):
            low, high = np.searchsorted(wanted, [first, first + count])
            if low < high:
                parts.append(task(_taken, ref, self.column, self.scale, wanted[low:high] - first))
            first += count
        return parts

    def each(self, function: Callable[..., Any], *arguments: Any) -> list[Any]:
        """References to function(block, column, scale, …) of each block."""
        return [task(function, ref, self.column, self.scale, *arguments) for ref in self.refs]
