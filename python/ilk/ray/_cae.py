"""CAE over blocks: semantic centres, selection, transport, fusion and k-means, each with the bytes of one process."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import ray

from .. import _arrays, _core
from .._progress import Notice
from .._vocabulary import AnyVocabulary, as_vocabulary
from ._blocks import Blocks, rows_of, stacked
from ._kmeans import KMeansModel, clustered
from ._transport import solved


@dataclass(frozen=True, eq=False)
class CAEModel:
    """What CAE over blocks found."""

    kmeans: KMeansModel  #: of the fused features
    spaces: list[dict[str, Any]]  #: of nouns and captions: selected words, their features, the plan onto them
    means: list[npt.NDArray[np.float32]]  #: that the fusion subtracts
    fusion: dict[str, Any]  #: its options

    def labels(self, dataset: Any, column: str = "embedding") -> Any:
        """The dataset with the column `cluster`; also one that was not clustered."""
        shared = ray.put((self.kmeans.centroids, self.spaces, self.fusion, self.means))

        def label(batch: dict[str, Any]) -> dict[str, Any]:
            centroids, spaces, fusion, means = ray.get(shared)
            x = _arrays.unit_rows(stacked(batch[column]), column, "ray.labels")
            return {**batch, "cluster": _core.assign_to_nearest(_fused(x, spaces, fusion, means), centroids, 1)["labels"]}

        return dataset.map_batches(label, batch_format="numpy")


def _parts(x: _arrays.Floats, spaces: list[dict[str, Any]]) -> list[_arrays.Floats]:
    """The images, and their counterparts in each space."""
    plans = [(one["features"], one["potentials"], one["epsilon"], one["times_cosine"]) for one in spaces]
    return [x, *(_core.counterparts(x, *plan, 1) for plan in plans)]


def _fused(
    x: _arrays.Floats, spaces: list[dict[str, Any]], fusion: dict[str, Any], means: list[npt.NDArray[np.float32]]
) -> _arrays.Floats:
    return _core.fuse_new(_parts(x, spaces), fusion, means, 1)


def _fused_block(block: Any, column: str, scale: bool, spaces: Any, fusion: Any, means: Any) -> _arrays.Floats:
    return _fused(rows_of(block, column, scale), spaces, fusion, means)


def _sums_of_parts(block: Any, column: str, scale: bool, spaces: Any, n: int) -> list[npt.NDArray[np.float64]]:
    return [_core.sum_of_rows(part, n) for part in _parts(rows_of(block, column, scale), spaces)]


def _semantic_centres(blocks: Blocks, options: dict[str, Any]) -> _arrays.Floats:
    return clustered(blocks, _core.semantic_centres_options(blocks.n, options)).centroids


def _aligned(blocks: Blocks, centres: _arrays.Floats, words: _arrays.Floats, options: dict[str, Any]) -> dict[str, Any]:
    """The words that matter and the plan onto them."""
    selected = _core.select_words(centres, words, options)
    space: dict[str, Any] = {"selected": selected, "features": np.ascontiguousarray(words[selected]), "times_cosine": True}
    if options.get("alignment") == "softmax":
        return {**space, "potentials": np.zeros(len(selected)), "epsilon": options.get("temperature", 0.005)}
    names = {"epsilon": "epsilon", "transport_max_iterations": "max_iterations", "transport_tolerance": "tolerance"}
    found = solved(blocks, space["features"], {names[name]: value for name, value in options.items() if name in names})
    if not found["converged"]:
        warnings.warn(
            f"The transport onto {len(selected)} words had not converged after {found['iterations']} iterations "
            f"(error {found['marginal_error']:.2g}); a larger epsilon or more iterations would help.",
            Notice,
            stacklevel=3,
        )
    return {**space, "potentials": found["column_potentials"], "epsilon": found["epsilon"]}


def cae(
    dataset: Any,
    n_clusters: int,
    column: str = "embedding",
    *,
    vocabulary: AnyVocabulary = "ilk-lite",
    captions: Any = None,
    **options: Any,
) -> CAEModel:
    """
    Clusters a dataset's images by themselves and by words: `ilk.CAE` on all its rows, byte for byte.

    Parameters
    ----------
    dataset : ray.data.Dataset
        With an embedding in each row, from the vocabulary's model.
    n_clusters : int
    column : str
    vocabulary : str, Vocabulary or (nouns, features), default="ilk-lite"
    captions : (texts, features), optional
        A second kind of words.
    **options
        Those of CAE: seed, n_init, top, images_per_centre, epsilon, gamma, fusion, centre, … There are
        N / images_per_centre semantic centres, of which the driver holds all.

    Returns
    -------
    CAEModel
        Its `labels(dataset)` labels a dataset.
    """
    keywords = {"n_clusters": n_clusters, **options}
    blocks = Blocks.of_dataset(dataset, column)
    if n_clusters > blocks.n:
        raise _core.Error(f"[ray.cae] n_clusters must be at most the number of rows ({blocks.n}), got {n_clusters}.")
    vocabularies = [as_vocabulary(one, blocks.width) for one in (vocabulary, captions) if one is not None]
    centres = _semantic_centres(blocks, keywords)
    spaces = [_aligned(blocks, centres, words.features, keywords) for words in vocabularies]
    shared = ray.put(spaces)
    fusion: dict[str, Any] = {name: options[name] for name in ("fusion", "gamma", "centre") if name in options}
    means: list[npt.NDArray[np.float32]] = []
    if fusion.get("centre"):
        sums = [np.zeros(blocks.width) for _ in range(1 + len(spaces))]
        for reference in blocks.each(_sums_of_parts, shared, blocks.n):
            for total, part in zip(sums, ray.get(reference), strict=True):
                total += part
        means = [(total / blocks.n).astype(np.float32) for total in sums]
    references = blocks.each(_fused_block, shared, fusion, means)
    width = blocks.width * (1 if fusion.get("fusion") == "sum" else 1 + len(spaces))
    search: dict[str, Any] = {name: keywords[name] for name in ("n_clusters", "seed", "n_init", "init") if name in keywords}
    search.update({name: options[f"kmeans_{name}"] for name in ("max_iterations", "tolerance") if f"kmeans_{name}" in options})
    return CAEModel(clustered(Blocks(references, blocks.counts, width), search), spaces, means, fusion)
