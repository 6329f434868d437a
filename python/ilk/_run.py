"""Runs: what `ilk cluster` does, and what it left."""

from __future__ import annotations

import csv
import functools
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _arrays, _core, _library, _notebook, _tables
from ._progress import Notice, Progress, listening

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._embedded import Encoder
    from ._options import AssignOptions, ClusterOptions

Path = str | os.PathLike[str]


class Run:
    """
    A finished run directory.

    Everything is read when it is first asked for. Rows of `embeddings` and `features` are those of `images`.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = os.path.abspath(os.fspath(directory))
        manifest = os.path.join(self.directory, "manifest.json")
        try:
            with open(manifest, encoding="utf-8", errors="replace") as file:
                self.manifest: dict[str, Any] = json.load(file)
        except (OSError, ValueError) as error:
            raise _core.Error(f"[load_run] '{directory}' must be a finished run: {error}.") from None
        if self.manifest.get("status") != "complete":
            raise _core.Error(
                f"[load_run] '{directory}' must be a finished run; its manifest says '{self.manifest.get('status')}'. "
                "The same command again goes on with it."
            )

    @property
    def summary(self) -> dict[str, Any]:
        """Counts, the clusters' names, timings, notices: what `ilk cluster --json` prints."""
        return dict(self.manifest["summary"])

    @functools.cached_property
    def _rows(self) -> dict[str, Any]:
        columns: dict[str, list[str]] = {}
        with open(self._file("assignments.csv"), encoding="utf-8", errors="surrogateescape", newline="") as file:
            for row in csv.DictReader(file):
                for name, value in row.items():
                    columns.setdefault(name, []).append(value)
        return _typed(columns)

    @functools.cached_property
    def _clusters(self) -> list[dict[str, Any]]:
        with open(self._file("clusters.json"), encoding="utf-8", errors="replace") as file:
            return list(json.load(file))

    @functools.cached_property
    def levels(self) -> list[list[dict[str, Any]]]:
        """
        Where k was a list: the clusters of each level above `clusters`, fewest first, as dicts with cluster, name,
        size, parent (the cluster one level up, or None) and more. Else empty. `images` has columns for each level.
        """
        if not os.path.exists(self._file("levels.json")):
            return []
        with open(self._file("levels.json"), encoding="utf-8", errors="replace") as file:
            return [level["clusters"] for level in json.load(file)["levels"]]

    def by(self, criterion: str) -> Run:
        """The clusters of the same images by a criterion that `cluster(by=...)` named, a run of its own."""
        return Run(os.path.join(self.directory, "by", criterion))

    def _file(self, name: str) -> str:
        return os.path.join(self.directory, name)

    @property
    def paths(self) -> list[str]:
        """The images, as the run names them; row numbers where features came from a file without names."""
        return list(self._rows["path"])

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Each image's cluster, (N)."""
        return np.array(self._rows["cluster"])

    @property
    def cluster_names(self) -> list[str]:
        """Of the K clusters, by number."""
        return [cluster["name"] for cluster in self._clusters]

    @property
    def images(self) -> Any:
        """A row an image: path, cluster, name, score, second_cluster, margin, top_nouns. A pandas DataFrame."""
        return _tables.table(self._rows)

    @property
    def clusters(self) -> Any:
        """A row a cluster: cluster, name, size, density, score, runner_up, nouns, captions, exemplars."""
        return _tables.table(self._cluster_columns())

    def _cluster_columns(self) -> dict[str, Any]:
        plain = ("cluster", "name", "size", "density", "score", "runner_up")
        columns: dict[str, Any] = {name: [one[name] for one in self._clusters] for name in plain}
        columns["nouns"] = [[noun["noun"] for noun in one["nouns"]] for one in self._clusters]
        columns["captions"] = [[caption["caption"] for caption in one["captions"]] for one in self._clusters]
        columns["exemplars"] = [[image["path"] for image in one["exemplars"]] for one in self._clusters]
        return columns

    @functools.cached_property
    def embeddings(self) -> _arrays.Floats:
        """X (N, D), rows of unit length."""
        return self._array("embeddings")

    @functools.cached_property
    def features(self) -> _arrays.Floats:
        """What was clustered (N, W), rows of unit length: X, or X fused with words."""
        return self._array("features")

    @functools.cached_property
    def centroids(self) -> _arrays.Floats:
        """(K, W), rows of unit length; for methods that have them."""
        return self._array("centroids")

    def _array(self, name: str) -> _arrays.Floats:
        return _core.read_safetensors(self._file("features.safetensors"), name)  # type: ignore[return-value]

    def assign(
        self,
        new: Path | Sequence[Path] | _arrays.Rows,
        *,
        progress: Progress = None,
        **options: Unpack[AssignOptions],
    ) -> Any:
        """
        Places new images in the run's clusters, as the run's method would have, without clustering again.

        Parameters
        ----------
        new : path, list of paths, or array_like of shape (n, D)
            Images, or embeddings of them from the run's model.
        progress : bool or callable, optional
        **options
            model (where the run's model is now), threads, cache.

        Returns
        -------
        DataFrame or Arrow table
            path, cluster, name, score, second_cluster, margin: a row for each usable image; where the run's clusters are
            nested, cluster and name of each level too.

        Raises
        ------
        Error
            For another model than the run's, features of another width; where no image is usable.
        """
        _library.prepare_images()
        inputs: list[str] = []
        keywords: dict[str, Any] = dict(options)
        with tempfile.TemporaryDirectory() as scratch:
            if isinstance(new, (str, os.PathLike)):
                inputs = [os.fspath(new)]
            elif isinstance(new, (list, tuple)) and new and isinstance(new[0], (str, os.PathLike)):
                inputs = [os.fspath(path) for path in new]
            else:
                keywords["features"] = os.path.join(scratch, "features.npy")
                np.save(keywords["features"], _arrays.rows(new, "new", "assign"))
            with listening(progress) as listener:
                found = _core.assign(self.directory, inputs, [], keywords, listener)
        placed, names = found["assignment"], found["cluster_names"]
        margins = placed["scores"] - placed["second_scores"]
        above: dict[str, Any] = {}
        for clusters, level in zip(found["levels"], found["level_names"], strict=True):
            above[f"cluster_{len(level)}"] = clusters
            above[f"name_{len(level)}"] = [level[cluster] for cluster in clusters]
        return _tables.table(
            {
                "path": found["paths"],
                "cluster": placed["labels"],
                "name": [names[cluster] for cluster in placed["labels"]],
                "score": placed["scores"],
                "second_cluster": placed["second_labels"],
                "margin": np.where(placed["second_labels"] < 0, np.float32("nan"), margins),
                **above,
            }
        )

    def report(self) -> str:
        """The page with the clusters' pictures: the path of report.html, for a browser."""
        return self._file("report.html")

    def to_parquet(self, path: Path, *, embeddings: bool = True) -> None:
        """Writes `images`, and the embeddings as a FixedSizeList column, as Parquet (needs pyarrow)."""
        columns = dict(self._rows)
        columns["path"] = [_tables.printable(path) for path in columns["path"]]
        if embeddings:
            columns["embedding"] = self.embeddings
        table = _tables.arrow_table(columns)
        import pyarrow.parquet as pq

        pq.write_table(table, os.fspath(path))

    def to_fiftyone(self, name: str | None = None) -> Any:
        """A FiftyOne dataset of the images with cluster, score and embedding (needs fiftyone)."""
        import fiftyone as fo

        dataset = fo.Dataset(name)
        rows = self._rows
        dataset.add_samples(
            [
                fo.Sample(
                    filepath=os.path.abspath(path),
                    cluster=fo.Classification(label=rows["name"][i], confidence=float(rows["score"][i])),
                    cluster_number=int(rows["cluster"][i]),
                    embedding=self.embeddings[i],
                )
                for i, path in enumerate(self.paths)
            ]
        )
        return dataset

    def to_embedding_atlas(self) -> Any:
        """Embedding Atlas's widget over the images, laid out by their embeddings (needs embedding-atlas and anywidget)."""
        from concurrent.futures import ThreadPoolExecutor

        from embedding_atlas.projection import compute_projection
        from embedding_atlas.widget import EmbeddingAtlasWidget

        frame = self.images
        frame["embedding"] = list(self.embeddings)
        places = {"x": "x", "y": "y", "neighbors": "neighbours"}
        # It has an event loop of its own, which a notebook's thread may not have beside its own.
        with ThreadPoolExecutor(1) as elsewhere:
            frame = elsewhere.submit(compute_projection, frame, inputs="embedding", modality="vector", **places).result()
        return EmbeddingAtlasWidget(frame.drop(columns="embedding"), text="name", x="x", y="y", neighbors="neighbours")

    def __len__(self) -> int:
        return len(self._rows["path"])

    def __repr__(self) -> str:
        return f"Run('{self.directory}': {len(self)} images, {len(self._clusters)} clusters)"

    def _repr_html_(self) -> str:
        """The clusters with some of their pictures, for a notebook."""
        return _notebook.clusters_page(self.directory, len(self), self._clusters)


def _typed(columns: dict[str, list[str]]) -> dict[str, Any]:
    typed: dict[str, Any] = dict(columns)
    numbers = {"cluster": np.int64, "second_cluster": np.int64, "score": np.float64, "margin": np.float64}
    numbers.update({name: np.int64 for name in columns if name.startswith("cluster_")})
    for name, dtype in numbers.items():
        if name in columns:
            empty = "-1" if dtype is np.int64 else "nan"
            typed[name] = np.array([value if value else empty for value in columns[name]]).astype(dtype)
    return typed


def load_run(directory: Path) -> Run:
    """
    A finished run directory, of the program or of `cluster`.

    Parameters
    ----------
    directory : path

    Returns
    -------
    Run

    Raises
    ------
    Error
        For a folder that is no run, or a run that is not finished.
    """
    return Run(directory)


def cluster(
    images: Path | Sequence[Path] = (),
    k: int | str | Sequence[int] | None = None,
    *,
    encoder: Encoder | None = None,
    progress: Progress = None,
    **options: Unpack[ClusterOptions],
) -> Run:
    """
    Groups images by meaning and names the groups: what `ilk cluster` does, with the same labels.

    Parameters
    ----------
    images : path or list of paths
        Folders (searched through), files, patterns, or one data set; nothing where `features` are given.
    k : int, str or list of int
        How many clusters to make: a number, "auto", or a range such as "5..40"; several numbers, such as [5, 20, 80],
        for nested clusters.
    encoder : callable or model object, optional
        A model of yours in the place of `model`; see `embed_images` and `embed_texts`. `nouns` are encoded with it
        once and kept.
    progress : bool or callable, optional
        A bar by tqdm where it is installed; a callable gets (stage, done, total, unit); False: nothing.
    **options
        Those of the program, with underscores: output, method, model, nouns, seed, epsilon, labels, memory, …
        `ilk.options("cluster")` lists them with defaults.

    Returns
    -------
    Run
        The run directory `output` ("run" where it is not named).

    Raises
    ------
    Error
        For bad input, and for an output folder that holds something else.
    KeyboardInterrupt
        On Ctrl-C; the same call goes on where it stopped.
    """
    _library.prepare_images()
    inputs = [images] if isinstance(images, (str, os.PathLike)) else list(images)
    paths = [os.fspath(path) for path in inputs]
    keywords: dict[str, Any] = dict(options)
    if k is not None:
        keywords.update(_cluster_count(k))
    elif "n_clusters" not in keywords:
        raise _core.Error("[cluster] Say how many clusters to make: k=12, or k='auto'.")
    if not paths and "features" not in keywords:
        raise _core.Error("[cluster] at least one folder or file of images must be given, or features, got none.")
    command = "ilk.cluster(" + ", ".join([repr(paths), f"k={k!r}", *(f"{n}={v!r}" for n, v in options.items())]) + ")"
    scratch = None
    try:
        if encoder is not None:
            from ._run_features import features_for_run

            scratch = tempfile.mkdtemp(prefix="ilk-")
            keywords, paths = features_for_run(encoder, paths, keywords, scratch, progress), []
        with listening(progress, warn=False) as listener:
            summary = json.loads(_core.run(paths, [], keywords, command, listener))
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)
    for notice in summary.get("notices", []):
        warnings.warn(notice, Notice, stacklevel=2)
    return Run(keywords.get("output", "run"))


def _cluster_count(k: int | str | Sequence[int]) -> dict[str, Any]:
    """`k` as the program's options name it."""
    if isinstance(k, Sequence) and not isinstance(k, str):
        return {"n_clusters": ",".join(str(one) for one in k)}
    return {"n_clusters": k}
