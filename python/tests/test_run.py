"""Whole runs: the program's own results, and what Python sees of them."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import ilk
import numpy as np
import pytest
from ilk import _library


def program(*arguments: object) -> str:
    """The program that comes with the package."""
    _library.prepare_images()
    command = [_library.program(), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def folder(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few photographs and a file that is none."""
    made = tmp_path_factory.mktemp("photos")
    for path in sorted(photos.iterdir())[:40]:
        (made / path.name).write_bytes(path.read_bytes())
    (made / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    return made


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> ilk.Run:
    return ilk.cluster(folder, k=5, output=tmp_path_factory.mktemp("run") / "run", cache="none", progress=False)


@pytest.mark.parametrize("method", ["auto", "cae", "kmeans"])
def test_labels_are_the_programs(method: str, folder: Path, tmp_path: Path) -> None:
    ours = ilk.cluster(str(folder), k=5, method=method, seed=3, output=tmp_path / "a", progress=False)
    program("cluster", folder, "-k", 5, "--method", method, "--seed", 3, "-o", tmp_path / "b", "-q")
    for name in ("assignments.csv", "clusters.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert ours.summary["clusters"] == ilk.load_run(tmp_path / "b").summary["clusters"]


def test_tables(run: ilk.Run, folder: Path) -> None:
    pd = pytest.importorskip("pandas")
    images, clusters = run.images, run.clusters
    assert isinstance(images, pd.DataFrame) and len(images) == len(run) == 40
    with open(Path(run.directory) / "assignments.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(images["path"]) == [row["path"] for row in rows] == run.paths
    assert list(images["cluster"]) == [int(row["cluster"]) for row in rows] == list(run.labels)
    assert np.allclose(images["score"], [float(row["score"]) for row in rows])
    assert list(clusters["size"]) == list(np.bincount(run.labels, minlength=5))
    assert list(clusters["name"]) == run.cluster_names == [run.summary["clusters"][c]["name"] for c in range(5)]
    assert list(run.images["name"]) == [run.cluster_names[c] for c in run.labels]
    assert clusters["exemplars"][0][0].startswith(str(folder))
    images.loc[0, "cluster"] = 77  # a copy
    assert run.images["cluster"][0] != 77


def test_arrays_are_aligned(run: ilk.Run) -> None:
    assert run.embeddings.shape == (40, 512) and len(run.features) == 40
    again = ilk.embed_images(run.paths, cache=False, progress=False)
    assert (again.embeddings == run.embeddings).all()
    nearest = ilk._core.assign_to_nearest(run.features, run.centroids, 0)["labels"]  # type: ignore[attr-defined]
    assert (nearest == run.labels).all()


def test_assign(run: ilk.Run, folder: Path, photos: Path) -> None:
    placed = run.assign(folder, progress=False)
    assert list(placed["cluster"]) == list(run.labels) and list(placed["path"]) == run.paths
    new = sorted(photos.iterdir())[40:45]
    some = run.assign([str(path) for path in new], progress=False)
    assert list(some["path"]) == [str(path) for path in new]
    by_features = run.assign(ilk.embed_images(new, cache=False, progress=False).embeddings, progress=False)
    assert list(by_features["cluster"]) == list(some["cluster"])
    assert np.allclose(by_features["margin"], some["margin"])
    with pytest.raises(ilk.Error, match="as wide as the run's"):
        run.assign(np.ones((2, 3), dtype=np.float32))
    with pytest.raises(TypeError, match="no option 'thread'. Did you mean 'threads'"):
        run.assign(folder, thread=2)  # type: ignore[call-arg]


def test_levels_and_criteria(folder: Path, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "grounds.txt").write_text("sky\nwater\nmeadow\nwall\n")
    nested = ilk.cluster(
        folder, k=[6, 2], method="kmeans", by=str(tmp_path / "grounds.txt") + "=3", output=tmp_path / "run", progress=False
    )
    (level,) = nested.levels
    assert [cluster["parent"] for cluster in level] == [None, None] and len(nested.clusters) == 6
    assert list(nested.images["name_2"]) == [level[c]["name"] for c in nested.images["cluster_2"]]
    placed = nested.assign(folder, progress=False)
    assert list(placed["cluster_2"]) == list(nested.images["cluster_2"])
    assert list(placed["name_2"]) == list(nested.images["name_2"])
    by_ground = nested.by("grounds")
    assert by_ground.paths == nested.paths and len(by_ground.clusters) == 3


def test_skipped_and_report(run: ilk.Run) -> None:
    assert [Path(one["path"]).name for one in run.manifest["skipped"]] == ["broken.jpg"]
    assert Path(run.report()).read_text().startswith("<!")
    assert run.manifest["command"].startswith("ilk.cluster([")
    assert "40 images, 5 clusters" in repr(run)


def test_in_a_notebook(run: ilk.Run) -> None:
    shown = run._repr_html_()
    assert shown.count("<tr>") == 6 and all(name in shown for name in run.cluster_names)
    pytest.importorskip("PIL")
    assert shown.count('src="data:image/jpeg') >= 10


def test_parquet(run: ilk.Run, tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    run.to_parquet(tmp_path / "images.parquet")
    table = pq.read_table(tmp_path / "images.parquet")
    assert table["path"].to_pylist() == run.paths
    from ilk import _arrays

    assert (_arrays.rows(table.select(["embedding"])) == run.embeddings).all()
    assert (_arrays.rows(tmp_path / "images.parquet") == run.embeddings).all()


def test_without_pandas(run: ilk.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    pa = pytest.importorskip("pyarrow")
    import sys

    monkeypatch.setitem(sys.modules, "pandas", None)
    assert isinstance(run.images, pa.Table) and isinstance(run.clusters, pa.Table)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        _ = run.images


def test_what_others_show(run: ilk.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """FiftyOne's dataset, by a stand-in that takes what the real one takes."""
    import sys
    import types

    class Sample(dict[str, Any]):
        def __init__(self, filepath: str, **fields: Any) -> None:
            assert os.path.isabs(filepath)
            super().__init__(filepath=filepath, **fields)

    class Dataset(list[Sample]):
        def __init__(self, name: str | None = None) -> None:
            self.name = name

        def add_samples(self, samples: list[Sample]) -> None:
            self.extend(samples)

    class Classification:
        def __init__(self, label: str, confidence: float) -> None:
            self.label, self.confidence = label, confidence

    module = types.ModuleType("fiftyone")
    module.Dataset, module.Sample, module.Classification = Dataset, Sample, Classification  # type: ignore[attr-defined]
    if "fiftyone" not in sys.modules:
        monkeypatch.setitem(sys.modules, "fiftyone", module)
    dataset = run.to_fiftyone("photos")
    assert len(dataset) == 40
    assert [sample["cluster"].label for sample in dataset] == [run.cluster_names[c] for c in run.labels]


def test_choice_of_k(folder: Path, tmp_path: Path) -> None:
    run = ilk.cluster(folder, k="3..6", output=tmp_path / "run", progress=False)
    assert 3 <= len(run.cluster_names) <= 6
    with pytest.raises(ilk.Error, match="k=12"):
        ilk.cluster(folder)
    with pytest.raises(ilk.Error):
        ilk.cluster(folder, k="some")
    with pytest.raises(TypeError, match="no option 'modle'. Did you mean 'model'"):
        ilk.cluster(folder, k=3, modle="x")  # type: ignore[call-arg]
    with pytest.raises(ilk.Error, match="absent"):
        ilk.cluster("absent", k=3, output=tmp_path / "other")
    with pytest.raises(ilk.Error, match="finished run"):
        ilk.load_run(folder)
    assert not (tmp_path / "other").exists()


def test_features_from_a_file(run: ilk.Run, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", run.embeddings)
    (tmp_path / "names.txt").write_text("\n".join(run.paths))
    again = ilk.cluster(
        features=tmp_path / "x.npy", names=tmp_path / "names.txt", k=5, method="kmeans", output=tmp_path / "run", progress=False
    )
    alone = ilk.kmeans(run.embeddings, 5)
    assert (again.labels == alone.labels).all() and again.paths == run.paths


def test_progress_and_summary(folder: Path, tmp_path: Path) -> None:
    told: list[str] = []
    run = ilk.cluster(folder, k=3, output=tmp_path / "run", progress=lambda stage, *_: told.append(stage))
    assert "Encoding images" in told
    assert json.dumps(run.summary)
    assert run.summary["images"] == 40


def test_folder_of_something_else(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(ilk.Error):
        ilk.cluster(folder, k=3, output=tmp_path, progress=False)
    assert sorted(os.listdir(tmp_path)) == ["note.txt"]
