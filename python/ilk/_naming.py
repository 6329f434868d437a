"""Names for clusters of any origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _arrays, _core
from ._progress import Progress, listening
from ._vocabulary import AnyVocabulary, as_vocabulary, chosen


@dataclass(frozen=True)
class ScoredWord:
    """A noun of a cluster."""

    word: str
    score: float  #: 0 … 1; for ranking
    share: float  #: share of the cluster's mass that went to the word and its synonyms


@dataclass(frozen=True)
class ClusterName:
    """A cluster's name and what else could have been it."""

    name: str  #: unique among the clusters
    score: float
    runner_up: str  #: empty where there is none
    runner_up_score: float
    words: tuple[ScoredWord, ...]  #: best first, at most ten

    def __str__(self) -> str:
        return self.name


def name_mass(mass: npt.NDArray[np.float64], nouns: list[str]) -> list[ClusterName]:
    """Names from the mass (K, M) that clusters send to nouns; WordNet's hypernyms help where it is installed."""
    names = []
    for one in _core.name_clusters(np.ascontiguousarray(mass, dtype=np.float64), nouns, _core.find_wordnet()):
        words = tuple(ScoredWord(*word) for word in one.pop("words"))
        names.append(ClusterName(words=words, **one))
    return names


def name_clusters(
    X: _arrays.Rows,
    labels: Any,
    vocabulary: AnyVocabulary = "ilk-lite",
    *,
    n_jobs: int | None = None,
    progress: Progress = False,
    **options: Any,
) -> dict[Any, ClusterName]:
    """
    Names clusters, whoever made them, by the nouns that take more of their mass than of others'.

    Parameters
    ----------
    X : array_like of shape (N, D), Arrow column or path
        Embeddings of the images.
    labels : array_like of shape (N,)
        Each image's cluster; negative numbers are no cluster.
    vocabulary : str, Vocabulary or (nouns, features)
        The nouns, from the model of the embeddings.
    n_jobs : int, optional
    progress : bool or callable
    **options
        As of CAE: top, images_per_centre, epsilon, temperature, …

    Returns
    -------
    dict
        From each label to its ClusterName. No two share a name.

    Raises
    ------
    Error
        For differing lengths and widths.

    Notes
    -----
    Where WordNet is installed ($WNSEARCHDIR, /usr/share/wordnet), synonyms count as one and a cluster may get the
    name of what its words have in common; without it only the spelling joins nouns.
    """
    x = _arrays.unit_rows(X, "X", "name_clusters")
    given = np.asarray(labels)
    if given.shape != (len(x),):
        raise _core.Error(f"[name_clusters] labels must be one for each of the {len(x)} rows, got shape {given.shape}.")
    kept = given >= 0 if given.dtype.kind in "if" else np.ones(len(x), dtype=bool)
    if not kept.any():
        return {}
    values, of = np.unique(given[kept], return_inverse=True)
    of = np.ascontiguousarray(of, dtype=np.int64)
    x = x if kept.all() else x[kept]
    words = as_vocabulary(vocabulary, x.shape[1])
    keywords = {**options, "n_clusters": len(values)}
    with listening(progress) as listener:
        space, _ = _core.align_words(x, words.features, keywords, listener, _arrays.jobs(n_jobs))
    names = name_mass(mass_of(x, space, of, len(values), n_jobs), chosen(words, space["selected"]))
    return {value.item(): name for value, name in zip(values, names, strict=True)}


def mass_of(
    x: _arrays.Floats, space: dict[str, Any], labels: _arrays.Whole, n_clusters: int, n_jobs: int | None
) -> npt.NDArray[np.float64]:
    """Mass that each cluster sends to each selected word, (K, M)."""
    return _core.group_mass(
        x, space["features"], space["potentials"], space["epsilon"], space["times_cosine"], labels, n_clusters, _arrays.jobs(n_jobs)
    )
