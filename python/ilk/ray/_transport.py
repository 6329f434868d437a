"""
N images, M words, D dimensions: `ilk.transport` over blocks.

The solve runs in the driver on vectors of M numbers; workers hold the images in the order of the library's chunks and go
through them. A chunk's sums have one order, as have the sums of chunks, whoever works on which.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import ray

from .. import _arrays, _core
from ._blocks import Blocks, Share, rows_of, task
from ._workers import Workers, workers_for

Doubles = npt.NDArray[np.float64]


class TransportWorker:
    """Holds some chunks. What is kept of them between passes is made again where it is lost."""

    def __init__(self, share: tuple[dict[int, list[Share]], str, bool, int, list[Any], float, int, int]) -> None:
        self._shares, self._column, self._scale, self._n, words, self._epsilon, self._kept_chunks, self._entries = share
        features = ray.get(words[0])
        self._shape, self._packed = features.shape, _core.TransportWords(features)
        self._parts: dict[int, _core.TransportPart] = {}
        self._entries_at: Doubles | None = None

    def sums(self, n_chunks: int, potentials: Doubles, in_16_bits: bool, take_entries: bool) -> tuple[list[int], Doubles]:
        """The chunks, and the sums of each, (chunks, M)."""
        numbers = [chunk for chunk in self._shares if chunk < n_chunks]
        found = [self._part(chunk).sums(potentials, in_16_bits, take_entries) for chunk in numbers]
        if take_entries:
            self._entries_at = potentials
        return numbers, np.stack(found) if found else np.zeros((0, len(potentials)))

    def log_sums(self, n_chunks: int, columns: list[int], potentials: Doubles, in_16_bits: bool) -> tuple[list[int], Doubles]:
        numbers = [chunk for chunk in self._shares if chunk < n_chunks]
        found = [self._part(chunk).log_sums(columns, potentials, in_16_bits) for chunk in numbers]
        return numbers, np.array(found).reshape(len(numbers), 2, len(columns))

    def entry_sums(
        self, taken_at: Doubles, in_16_bits: bool, changes: _arrays.Floats, factor: float
    ) -> tuple[list[int], Doubles, list[float]]:
        """Sums of the entries that were taken at these potentials, in 16 bits or not, and what the other entries have of each chunk."""
        if self._entries_at is None:
            self.sums(max(self._shares) + 1, taken_at, in_16_bits, True)
        found = [self._part(chunk).entry_sums(changes, factor) for chunk in self._shares]
        return list(self._shares), np.stack([sums for sums, _ in found]), [rest for _, rest in found]

    def _part(self, chunk: int) -> _core.TransportPart:
        if chunk not in self._parts:
            self._parts[chunk] = _core.TransportPart(
                self._images(chunk), self._packed, self._n, self._epsilon, chunk < self._kept_chunks, self._entries
            )
        return self._parts[chunk]

    def _images(self, chunk: int) -> _arrays.Floats:
        m, d = self._shape
        wanted = _core.chunk_images(self._n, m, d, chunk)
        rows = np.empty((len(wanted), d), dtype=np.float32)
        for share in self._shares[chunk]:
            low, high = np.searchsorted(wanted, [share.number, share.number + share.end - share.begin])
            block = rows_of(ray.get(share.ref), self._column, self._scale)
            np.take(block, wanted[low:high] - share.number + share.begin, axis=0, out=rows[low:high])
        return rows


class _Passes:
    """What `_core.transport_by_passes` asks for."""

    def __init__(self, blocks: Blocks, words: _arrays.Floats, epsilon: float) -> None:
        n, (m, d) = blocks.n, words.shape
        chunks = _core.transport_chunks(n, m, d)
        self._m, self._ends, sampled = m, chunks["ends"], chunks["sample_chunks"]
        bounds = _core.chunk_bounds(n, m, d)
        count = workers_for(n)
        shares: list[dict[int, list[Share]]] = [{} for _ in range(count)]
        for group in (range(sampled), range(sampled, len(self._ends))):
            for number, some in enumerate(np.array_split(np.asarray(group), count)):
                for chunk in some.tolist():
                    shares[number][chunk] = blocks.shares(*bounds[chunk])
        kept = int(np.searchsorted(self._ends, chunks["kept"], side="right"))
        reference = [ray.put(words)]
        self.workers = Workers(
            TransportWorker,
            [(one, blocks.column, blocks.scale, n, reference, epsilon, kept, chunks["entries"]) for one in shares if one],
        )
        self._taken: tuple[Any, bool] = None, False

    def sums(self, n_chunks: int, potentials: Doubles, in_16_bits: bool, take_entries: bool) -> Doubles:
        shared = ray.put(potentials)
        found = np.zeros((n_chunks, self._m))
        for numbers, sums in self.workers.ask("sums", n_chunks, shared, in_16_bits, take_entries):
            found[numbers] = sums
        if take_entries:
            self._taken = shared, in_16_bits
        return found

    def log_sums(self, n_chunks: int, columns: list[int], potentials: Doubles, in_16_bits: bool) -> tuple[Doubles, Doubles]:
        found = np.zeros((n_chunks, 2, len(columns)))
        for numbers, sums in self.workers.ask("log_sums", n_chunks, columns, potentials, in_16_bits):
            found[numbers] = sums
        return np.ascontiguousarray(found[:, 0]), np.ascontiguousarray(found[:, 1])

    def entry_sums(self, changes: _arrays.Floats, factor: float) -> tuple[Doubles, Doubles]:
        found, rests = np.zeros((len(self._ends), self._m)), np.zeros(len(self._ends))
        for numbers, sums, some in self.workers.ask("entry_sums", *self._taken, ray.put(changes), factor):
            found[numbers], rests[numbers] = sums, some
        return found, rests


def _epsilon(words: _arrays.Floats, *images: _arrays.Floats) -> float:
    return _core.automatic_epsilon(np.concatenate(images), words)


def solved(blocks: Blocks, words: _arrays.Floats, options: dict[str, Any]) -> dict[str, Any]:
    """The transport of all images onto words: column potentials, epsilon, and how the solve went."""
    epsilon = options.get("epsilon")
    if epsilon is None:
        sample = blocks.take(_core.similarity_sample(blocks.n))
        epsilon = ray.get(task(_epsilon, words, *sample))
    passes = _Passes(blocks, words, epsilon)
    with passes.workers:
        keywords = {**options, "epsilon": epsilon}
        return _core.transport_by_passes(passes, blocks.n, len(words), words.shape[1], keywords)  # type: ignore[no-any-return]


def transport(dataset: Any, words: _arrays.Rows, column: str = "embedding", **options: Any) -> Any:
    """
    Optimal transport of a dataset's images onto words: `ilk.transport` of all its rows, byte for byte.

    Parameters
    ----------
    dataset : ray.data.Dataset
        With an embedding in each row.
    words : array_like of shape (M, D)
    column : str
    **options
        epsilon, max_iterations, tolerance, as `ilk.transport`.

    Returns
    -------
    ilk.Transport
        Without row potentials, which are as many as images. A pass sends M numbers to each worker, and M back for each
        chunk of images; there are 192 chunks at most, and so many workers are of use.
    """
    from .._transport import Transport

    u = _arrays.unit_rows(words, "words", "ray.transport")
    found = solved(Blocks.of_dataset(dataset, column), u, options)
    return Transport(row_potentials=np.zeros(0), **found)
