"""
ilk.ray beside one process: seconds of k-means and of CAE's transport, and the bytes that an iteration sends.

    python benchmarks/ray_scale.py [--rows 100000 300000 1000000] [--dimensions 128] [--clusters 100] [--rounds 3]
    python benchmarks/ray_scale.py --images FOLDER [--rounds 3]     (embedding a quarter, a half and all of it)

Both take the same rows from the same start through the same iterations, in turns; one process with as many threads as Ray
has workers. Centroids and potentials are compared to the byte. Ray's processes wait for work for a while; "cold" are calls for
which they must start first, as the first of a program. An iteration of k-means by itself is what --iterations take longer than two.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ilk
import ilk.ray
import numpy as np

os.environ.setdefault("RAY_worker_niceness", "0")  # else the driver comes first, which is no comparison on a busy machine

import ray
from ilk.ray import _kmeans, _transport, _workers
from ilk.ray._blocks import Blocks


def rows(n: int, d: int, k: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    centres = random.standard_normal((k, d), dtype=np.float32)
    x = np.empty((n, d), dtype=np.float32)
    for begin in range(0, n, 10_000):
        some = x[begin : begin + 10_000]
        some[:] = random.standard_normal(some.shape, dtype=np.float32) + 0.7 * centres[random.integers(0, k, len(some))]
        some /= np.linalg.norm(some, axis=1, keepdims=True)
    return x


def dataset_of(x: np.ndarray, rows_in_block: int) -> Any:
    return ray.data.from_numpy([x[begin : begin + rows_in_block] for begin in range(0, len(x), rows_in_block)]).materialize()


class Sent:
    """Counts the numbers that k-means and transport send: arrays to each worker, and arrays back."""

    def __init__(self) -> None:
        self.calls = self.bytes = 0
        self._wrap(_kmeans._Driver, "assign", lambda driver, _: self._kmeans(driver))
        self._wrap(_transport._Passes, "sums", self._pass)

    def _wrap(self, kind: type, name: str, count: Callable[[Any, Any], int]) -> None:
        plain = getattr(kind, name)

        def counted(one: Any, *arguments: Any) -> Any:
            found = plain(one, *arguments)
            self.calls += 1
            self.bytes += count(one, found)
            return found

        setattr(kind, name, counted)

    @staticmethod
    def _kmeans(driver: Any) -> int:
        return len(driver.workers) * (driver.centroids.nbytes + driver.sums.nbytes + driver.sizes.nbytes)

    @staticmethod
    def _pass(passes: Any, found: np.ndarray) -> int:
        return int(found.nbytes + len(passes.workers) * found[0].nbytes)

    def each(self) -> float:
        mean = self.bytes / max(1, self.calls)
        self.calls = self.bytes = 0
        return mean


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    found = work()
    return time.perf_counter() - begin, found


def embed_images(folder: str, workers: int, rounds: int) -> None:
    """Seconds of one process and of as many actors as it has threads, which start anew for each data set."""
    paths = sorted(str(path) for path in Path(folder).rglob("*") if path.suffix in (".jpg", ".png"))
    print("| images | one process, s | Ray, s | Ray's share of the speed |")
    print("|---|---|---|---|")
    for n in (len(paths) // 4, len(paths) // 2, len(paths)):
        some = paths[:: len(paths) // n][:n]
        dataset = ray.data.from_items([{"path": path} for path in some], override_num_blocks=2 * workers)
        seconds: tuple[list[float], list[float]] = ([], [])
        for _ in range(rounds):
            one, whole = timed(lambda: ilk.embed_images(some, cache=False, progress=False))
            two, rows = timed(lambda: ilk.ray.embed_images(dataset, concurrency=workers, batch_size=16).take_all())
            found = {row["path"]: row["embedding"] for row in rows}
            assert len(found) == len(whole.paths)
            assert all((found[path] == row).all() for path, row in zip(whole.paths, whole.embeddings, strict=True))
            seconds[0].append(one)
            seconds[1].append(two)
        one, two = map(statistics.median, seconds)
        print(f"| {n} | {one:.2f} | {two:.2f} | {100 * one / two:.0f} % |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 300_000, 1_000_000])
    parser.add_argument("--dimensions", type=int, default=128)
    parser.add_argument("--clusters", type=int, default=100)
    parser.add_argument("--words", type=int, default=500)
    parser.add_argument("--iterations", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--rows-in-block", type=int, default=50_000)
    parser.add_argument("--images")
    given = parser.parse_args()
    ilk.set_threads(given.workers)
    ray.init(num_cpus=given.workers, include_dashboard=False, log_to_driver=False, configure_logging=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    if given.images:
        return embed_images(given.images, given.workers, given.rounds)
    sent = Sent()
    print(f"D = {given.dimensions}, K = {given.clusters}, M = {given.words}, {given.workers} workers or threads, {time.strftime('%Y-%m-%d')}\n")
    print("| work | rows | one process, s | Ray, s | Ray's share of the speed | iterations | bytes an iteration sends |")
    print("|---|---|---|---|---|---|---|")
    for n in given.rows:
        x = rows(n, given.dimensions, given.clusters)
        words = rows(given.words, given.dimensions, given.clusters, 1)
        blocks = Blocks.of_dataset(dataset_of(x, given.rows_in_block), "data")
        start = x[:: n // given.clusters][: given.clusters].copy()
        search = {"max_iterations": given.iterations, "tolerance": 0.0}
        few = {**search, "max_iterations": 2}

        def cold() -> Any:
            return _kmeans.clustered(blocks, search, start)

        works: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
            "k-means, cold": (lambda: ilk.kmeans(x, centroids=start, **search), cold),
            "two iterations of k-means": (lambda: ilk.kmeans(x, centroids=start, **few), lambda: _kmeans.clustered(blocks, few, start)),
            "k-means": (lambda: ilk.kmeans(x, centroids=start, **search), lambda: _kmeans.clustered(blocks, search, start)),
            "transport": (lambda: ilk.transport(x, words, epsilon=0.03), lambda: _transport.solved(blocks, words, {"epsilon": 0.03})),
        }
        shortest: tuple[float, float] = (0.0, 0.0)
        for name, (alone, spread) in works.items():
            seconds: tuple[list[float], list[float]] = ([], [])
            for _ in range(given.rounds):
                if spread is cold:
                    _workers.end_idle()
                (one, whole), (two, parts) = timed(alone), timed(spread)
                seconds[0].append(one)
                seconds[1].append(two)
                if "k-means" in name:
                    assert whole.centroids.tobytes() == parts.centroids.tobytes() and whole.iterations == parts.iterations
                else:
                    assert whole.column_potentials.tobytes() == parts["column_potentials"].tobytes()
            iterations = whole.iterations
            one, two = map(statistics.median, seconds)
            share = statistics.median(a / b for a, b in zip(*seconds, strict=True))
            print(f"| {name} | {n:,} | {one:.2f} | {two:.2f} | {100 * share:.0f} % | {iterations} | {sent.each():,.0f} |", flush=True)
            if name == "k-means":
                each = [(long - short) / (iterations - 2) for long, short in zip((one, two), shortest, strict=True)]
                print(f"| an iteration of it | {n:,} | {each[0]:.3f} | {each[1]:.3f} | {100 * each[0] / each[1]:.0f} % | | |", flush=True)
            shortest = one, two


if __name__ == "__main__":
    main()
