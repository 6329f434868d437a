"""Blocks of a Ray dataset give what one process gives, byte for byte."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ray = pytest.importorskip("ray")
pytest.importorskip("pyarrow")
pytest.importorskip("ray.data")

import ilk
import ilk.ray
import ilk.ray._cae
import ilk.ray._kmeans
import ilk.ray._transport
import ilk.ray._workers
from conftest import blobs


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    # Where Ray is installed it must start: tests that are not run must not look like tests that pass.
    for attempt in range(3):
        try:
            ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
            break
        except Exception:  # it waits for its own programs for 30 s, which a busy machine may not reach
            ray.shutdown()
            if attempt == 2:
                raise
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield
    ray.shutdown()


def same(model: ilk.ray.KMeansModel, wanted: ilk.KMeansResult) -> None:
    assert model.centroids.tobytes() == wanted.centroids.tobytes()
    assert (model.sizes == np.bincount(wanted.labels, minlength=len(model.sizes))).all()
    assert model.iterations == wanted.iterations and model.converged == wanted.converged
    assert model.empty_repaired == wanted.empty_repaired
    assert model.objectives[:-1].tobytes() == wanted.objectives[:-1].tobytes()
    assert model.objective == pytest.approx(wanted.objective, rel=1e-12)


def dataset_of(x: np.ndarray, blocks: int) -> Any:
    return ray.data.from_numpy(x).repartition(blocks).materialize()


@pytest.mark.parametrize("blocks", [1, 3, 8])
def test_kmeans_as_one_process(blocks: int) -> None:
    x, _, _ = blobs(n=17_001, d=24, k=9, spread=1.6)  # more than the starts look at
    dataset = dataset_of(x, blocks)
    wanted = ilk.kmeans(x, 7, n_init=3)
    model = ilk.ray.kmeans(dataset, 7, "data", n_init=3)
    assert wanted.iterations > 2 and model.objective == wanted.objective
    same(model, wanted)
    labelled = model.labels(dataset, "data").to_pandas()
    assert (np.stack(labelled["data"]) == x).all()
    assert labelled["cluster"].to_numpy().tobytes() == wanted.labels.tobytes()


@pytest.mark.parametrize(("n", "k"), [(40_001, 5), (40_001, 90), (1500, 200)])
def test_kmeans_of_more_rows_than_its_starts_look_at_and_of_fewer(n: int, k: int) -> None:
    x, _, _ = blobs(n=n, d=8, k=9, spread=1.6)
    same(ilk.ray.kmeans(dataset_of(x, 5), k, "data", n_init=2, seed=3), ilk.kmeans(x, k, n_init=2, seed=3))


def test_random_starts() -> None:
    x, _, _ = blobs(n=17_000, d=8, k=9, spread=1.6)
    same(ilk.ray.kmeans(dataset_of(x, 2), 6, "data", init="random"), ilk.kmeans(x, 6, init="random"))


@pytest.mark.parametrize("iterations", [1, 2, 300])
def test_clusters_that_become_empty_get_the_same_points(iterations: int) -> None:
    x, _, _ = blobs(n=400, d=6, k=3, spread=0.2)
    x = np.concatenate([x, x[:150]])  # copies go along
    start = np.concatenate([x[:4], -x[:3]])
    wanted = ilk.kmeans(x, centroids=start, max_iterations=iterations)
    assert wanted.empty_repaired > 0
    blocks = ilk.ray._blocks.Blocks.of_dataset(dataset_of(x, 3), "data")
    same(ilk.ray._kmeans.clustered(blocks, {"max_iterations": iterations}, start), wanted)


def test_rows_of_any_length_are_scaled_as_one_process_does() -> None:
    x, _, _ = blobs(n=17_000, spread=1.6)
    x = x.copy()
    x[14_000:] *= 3  # in some blocks only
    same(ilk.ray.kmeans(dataset_of(x, 5), 4, "data", n_init=3), ilk.kmeans(x, 4, n_init=3))


def deadly(kind: type, method: str, folder: Path, calls: int) -> type:
    """A worker that kills its process once, at the end of so many calls of a method by all such workers."""
    at = str(folder)

    def first(name: str) -> bool:
        """Whether no other process made this file before."""
        try:
            os.close(os.open(os.path.join(at, name), os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return False
        return True

    class Deadly(kind):  # type: ignore[misc, valid-type]
        pass

    def dies(self: Any, *arguments: Any) -> Any:
        found = getattr(kind, method)(self, *arguments)
        number = 0
        while not first(f"call-{number}"):
            number += 1
        if number >= calls and first("killed"):
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    setattr(Deadly, method, dies)
    return Deadly


@pytest.mark.parametrize(("method", "calls"), [("assign", 0), ("assign", 4), ("first_members", 1)])
def test_a_killed_worker_changes_nothing(method: str, calls: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x, _, _ = blobs(n=17_000, spread=1.6)
    worker = deadly(ilk.ray._kmeans.KMeansWorker, method, tmp_path, calls)
    monkeypatch.setattr(ilk.ray._kmeans, "KMeansWorker", worker)
    model = ilk.ray.kmeans(dataset_of(x, 4), 6, "data", n_init=2)
    assert (tmp_path / "killed").exists()
    same(model, ilk.kmeans(x, 6, n_init=2))


def test_a_worker_killed_while_an_empty_cluster_is_repaired_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x, _, _ = blobs(n=400, d=6, k=3, spread=0.2)
    start = np.concatenate([x[:4], -x[:3]])
    worker = deadly(ilk.ray._kmeans.KMeansWorker, "worst", tmp_path, 3)
    monkeypatch.setattr(ilk.ray._kmeans, "KMeansWorker", worker)
    blocks = ilk.ray._blocks.Blocks.of_dataset(dataset_of(x, 3), "data")
    model = ilk.ray._kmeans.clustered(blocks, {}, start)
    assert (tmp_path / "killed").exists()
    same(model, ilk.kmeans(x, centroids=start))


def test_processes_do_one_piece_of_work_after_another() -> None:
    x, _, _ = blobs(n=500)
    waiting = []
    for k in (3, 4):
        same(ilk.ray.kmeans(dataset_of(x, 3), k, "data", n_init=2), ilk.kmeans(x, k, n_init=2))
        waiting.append({one._actor_id for one in ilk.ray._workers._idle._processes})
    assert waiting[0] == waiting[1] and len(waiting[0]) == 2
    ilk.ray._workers.end_idle()
    same(ilk.ray.kmeans(dataset_of(x, 3), 5, "data", n_init=2), ilk.kmeans(x, 5, n_init=2))
    assert not waiting[0] & {one._actor_id for one in ilk.ray._workers._idle._processes}


def test_a_process_whose_work_failed_does_no_other() -> None:
    class Fails:
        def __init__(self, share: tuple[int]) -> None:
            self.number = share[0]

        def answer(self) -> int:
            if self.number:
                raise ValueError("wrong")
            return self.number

    with pytest.raises(ValueError, match="wrong"), ilk.ray._workers.Workers(Fails, [(0,), (1,)]) as workers:
        used = {one._actor_id for one in workers._processes}
        workers.ask("answer")
    assert not used & {one._actor_id for one in ilk.ray._workers._idle._processes}


# Few words, of which all cosines are kept; more than 1024 for 256 MiB cannot be tried here.
def test_transport_as_one_process(words: Any) -> None:
    x, _, _ = blobs(n=3001, spread=1.0)
    for options in ({}, {"epsilon": 0.003, "tolerance": 1e-6}):
        wanted = ilk.transport(x, words[1], **options)
        found = ilk.ray.transport(dataset_of(x, 4), words[1], "data", **options)
        assert found.column_potentials.tobytes() == wanted.column_potentials.tobytes()
        assert (found.epsilon, found.iterations, found.marginal_error) == (wanted.epsilon, wanted.iterations, wanted.marginal_error)


CAE_OPTIONS: list[dict[str, Any]] = [
    {},
    {"captions": True, "centre": True},
    {"fusion": "sum", "epsilon": 0.05, "gamma": 0.3},
]


@pytest.mark.parametrize("options", CAE_OPTIONS, ids=["plain", "captions", "sum"])
@pytest.mark.parametrize("blocks", [1, 5])
def test_cae_as_one_process(options: dict[str, Any], blocks: int, words: Any) -> None:
    x, _, _ = blobs(n=17_000, spread=1.0)  # more than the starts of k-means look at
    options = dict(options)
    if options.get("captions"):
        options["captions"] = (words[0], -words[1])
    wanted = ilk.CAE(6, vocabulary=words, n_init=3, **options).fit(x)
    dataset = dataset_of(x, blocks)
    model = ilk.ray.cae(dataset, 6, "data", vocabulary=words, n_init=3, **options)
    assert model.kmeans.centroids.tobytes() == wanted.cluster_centers_.tobytes()
    for ours, theirs in zip(model.spaces, wanted.spaces_, strict=True):
        assert (ours["selected"] == theirs["selected"]).all()
        assert ours["potentials"].tobytes() == theirs["potentials"].tobytes()
    labels = model.labels(dataset, "data").to_pandas()["cluster"].to_numpy()
    assert labels.tobytes() == wanted.labels_.tobytes()


def test_cae_with_killed_workers(words: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x, _, _ = blobs(n=17_000, spread=1.0)
    for folder in ("kmeans", "transport"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(
        ilk.ray._kmeans, "KMeansWorker", deadly(ilk.ray._kmeans.KMeansWorker, "assign", tmp_path / "kmeans", 9)
    )
    monkeypatch.setattr(
        ilk.ray._transport, "TransportWorker", deadly(ilk.ray._transport.TransportWorker, "sums", tmp_path / "transport", 5)
    )
    dataset = dataset_of(x, 4)
    model = ilk.ray.cae(dataset, 6, "data", vocabulary=words, n_init=3)
    assert (tmp_path / "kmeans" / "killed").exists() and (tmp_path / "transport" / "killed").exists()
    labels = model.labels(dataset, "data").to_pandas()["cluster"].to_numpy()
    assert labels.tobytes() == ilk.CAE(6, vocabulary=words, n_init=3).fit(x).labels_.tobytes()


def test_images(photos: Path) -> None:
    paths = [str(path) for path in sorted(photos.iterdir())[:12]]
    dataset = ilk.ray.embed_images(ray.data.from_items([{"path": path} for path in [*paths, "absent.jpg"]]), batch_size=5)
    found = dataset.to_pandas().sort_values("path")
    assert list(found["path"]) == paths
    assert (np.stack(found["embedding"]) == ilk.embed_images(paths, cache=False, progress=False).embeddings).all()


def test_parquet_in_and_out(tmp_path: Path) -> None:
    x, _, _ = blobs(n=300)
    for scheme in ("", "file://"):
        at = f"{scheme}{tmp_path}/{len(scheme)}"
        ilk.ray.write_parquet(ray.data.from_numpy(x), at + "/in")
        dataset = ilk.ray.read_parquet(at + "/in")
        ilk.ray.write_parquet(ilk.ray.kmeans(dataset, 6, "data", n_init=3).labels(dataset, "data"), at + "/out")
        found = ilk.ray.read_parquet(at + "/out").to_pandas()
        order = np.lexsort(np.stack(found["data"]).T)
        wanted = ilk.kmeans(np.stack(dataset.to_pandas()["data"]), 6, n_init=3)
        assert (found["cluster"].to_numpy()[order] == wanted.labels[np.lexsort(np.stack(dataset.to_pandas()["data"]).T)]).all()


def test_mistakes() -> None:
    x, _, _ = blobs(n=20)
    dataset = ray.data.from_numpy(x)
    with pytest.raises(ilk.Error, match="at most the number of rows"):
        ilk.ray.kmeans(dataset, 21, "data")
    with pytest.raises(ilk.Error, match="at most the number of rows"):
        ilk.ray.cae(dataset, 21, "data", vocabulary=(["a"], x[:1]))
    with pytest.raises(TypeError, match="no option 'sample'"):
        ilk.ray.kmeans(dataset, 2, "data", sample=3)
