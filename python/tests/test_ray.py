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
from conftest import blobs


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield
    ray.shutdown()


def one_process(x: np.ndarray, k: int, sample: int) -> ilk.KMeansResult:
    start = ilk.kmeans(x[ilk.ray.sampled_rows(len(x), sample)], k, n_init=3).centroids
    return ilk.kmeans(x, centroids=start)


def same(model: Any, wanted: ilk.KMeansResult) -> None:
    assert model.centroids.tobytes() == wanted.centroids.tobytes()
    assert (model.sizes == np.bincount(wanted.labels)).all()
    assert model.iterations == wanted.iterations and model.converged == wanted.converged
    assert model.objective == wanted.objective


@pytest.mark.parametrize("blocks", [1, 3, 8])
def test_kmeans_as_one_process(blocks: int) -> None:
    x, _, _ = blobs(n=3001, d=24, k=9, spread=1.6)
    dataset = ray.data.from_numpy(x)
    dataset = dataset.repartition(blocks).materialize()
    wanted = one_process(x, 7, sample=1000)
    model = ilk.ray.kmeans(dataset, 7, "data", sample=1000, n_init=3)
    assert wanted.iterations > 3
    same(model, wanted)
    labelled = model.labels(dataset, "data").to_pandas()
    assert (np.stack(labelled["data"]) == x).all()
    assert labelled["cluster"].to_numpy().tobytes() == wanted.labels.tobytes()


def test_rows_of_any_length_are_scaled_as_one_process_does() -> None:
    x, _, _ = blobs(n=500, spread=1.6)
    x = x.copy()
    x[400:] *= 3  # in some blocks only
    dataset = ray.data.from_numpy(x).repartition(5)
    same(ilk.ray.kmeans(dataset, 4, "data", n_init=3), one_process(ilk._arrays.unit_rows(x), 4, 65_536))  # type: ignore[attr-defined]


def test_a_killed_worker_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x, _, _ = blobs(n=2000, spread=1.6)
    folder = str(tmp_path)

    def deadly(*arguments: Any) -> Any:
        from ilk.ray import _assign as whole

        calls = len(os.listdir(folder))
        with open(os.path.join(folder, f"{os.getpid()}-{calls}"), "w"):
            pass
        if calls >= 10:
            try:
                os.close(os.open(os.path.join(folder, "killed"), os.O_CREAT | os.O_EXCL))
                os.kill(os.getpid(), signal.SIGKILL)
            except FileExistsError:
                pass
        return whole(*arguments)

    monkeypatch.setattr(ilk.ray, "_assign", deadly)
    dataset = ray.data.from_numpy(x).repartition(4)
    model = ilk.ray.kmeans(dataset, 6, "data", sample=300, n_init=3)
    assert os.path.exists(os.path.join(folder, "killed"))
    same(model, one_process(x, 6, sample=300))


def test_images(photos: Path) -> None:
    paths = [str(path) for path in sorted(photos.iterdir())[:12]]
    dataset = ilk.ray.embed_images(ray.data.from_items([{"path": path} for path in [*paths, "absent.jpg"]]), batch_size=5)
    found = dataset.to_pandas().sort_values("path")
    assert list(found["path"]) == paths
    assert (np.stack(found["embedding"]) == ilk.embed_images(paths, cache=False, progress=False).embeddings).all()


def test_parquet_in_and_out(tmp_path: Path) -> None:
    x, _, _ = blobs(n=300)
    ray.data.from_numpy(x).write_parquet(str(tmp_path / "in"))
    dataset = ray.data.read_parquet(str(tmp_path / "in"))
    ilk.ray.kmeans(dataset, 6, "data", n_init=3).labels(dataset, "data").write_parquet(str(tmp_path / "out"))
    assert len(set(ray.data.read_parquet(str(tmp_path / "out")).to_pandas()["cluster"])) == 6


def test_mistakes() -> None:
    x, _, _ = blobs(n=20)
    dataset = ray.data.from_numpy(x)
    with pytest.raises(ilk.Error, match="at most the number of rows"):
        ilk.ray.kmeans(dataset, 21, "data")
