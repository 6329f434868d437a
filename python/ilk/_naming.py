"""Names for clusters of any origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _arrays, _core
from ._vocabulary import AnyVocabulary, Vocabulary, as_vocabulary


@dataclass(frozen=True)
class ScoredWord:
    """A noun of a cluster."""

    word: str
    score: float  #: probability that an image of the cluster fits it better than one of another; 0.5 is chance
    share: float  #: mean probability, over the cluster's images, of the word and of all kinds of it


@dataclass(frozen=True)
class ClusterName:
    """A cluster's name and what else could have been it."""

    name: str  #: unique among the clusters; "unnamed N" where no noun is good enough
    is_named: bool  #: False: `words` are guesses
    score: float
    runner_up: str  #: empty where there is none
    runner_up_score: float
    words: tuple[ScoredWord, ...]  #: best first, at most ten

    def __str__(self) -> str:
        return self.name


def names_of(
    x: _arrays.Floats, labels: _arrays.Whole, n_clusters: int, words: Vocabulary, n_jobs: int | None
) -> list[ClusterName]:
    """Names of clusters 0 to n_clusters − 1."""
    names = []
    for one in _core.name_clusters(
        x, labels, n_clusters, words.nouns, words.features, words.definitions, _core.find_wordnet(), words.with_hypernyms, _arrays.jobs(n_jobs)
    ):
        scored = tuple(ScoredWord(*word) for word in one.pop("words"))
        names.append(ClusterName(words=scored, **one))
    return names


def name_clusters(
    X: _arrays.Rows,
    labels: Any,
    vocabulary: AnyVocabulary = "ilk-lite",
    *,
    n_jobs: int | None = None,
) -> dict[Any, ClusterName]:
    """
    Names clusters, whoever made them, by the nouns that their images are kinds of.

    Parameters
    ----------
    X : array_like of shape (N, D), Arrow column or path
        Embeddings of the images.
    labels : array_like of shape (N,)
        Each image's cluster; negative numbers are no cluster.
    vocabulary : str, Vocabulary or (nouns, features)
        The nouns, from the model of the embeddings.
    n_jobs : int, optional

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
    names = names_of(x, of, len(values), words, n_jobs)
    return {value.item(): name for value, name in zip(values, names, strict=True)}
