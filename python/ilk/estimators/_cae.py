"""CAE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .. import _arrays, _core
from .._progress import listening
from .._vocabulary import AnyVocabulary, Vocabulary, as_vocabulary
from ._base import REST, WORDS, ByWords, NClusters

if TYPE_CHECKING:
    from typing_extensions import Self


class CAE(ClassNamePrefixFeaturesOutMixin, TransformerMixin, ByWords):  # type: ignore[misc]
    __doc__ = f"""
    Clusters images by themselves and by the words that they are transported to (Zhu et al., AAAI 2026).

    Parameters
    ----------
    n_clusters : int or "auto", default=8{WORDS}
    epsilon : float, default=None
        Regularisation of the transport; None: 0.65 of how much the cosines differ.
    captions : (texts, features), optional
        Sentences that describe pictures, in the same space: a second kind of words.
    gamma : float, default=0.1
        Temperature of the fusion's weights.
    fusion : {{"concat", "sum", "plain"}}, default="concat"
    centre : bool, default=False
        Take each modality's mean off before cosines are taken.
    n_init : int, default=20{REST}

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,)
    cluster_names_ : ndarray of str, of length n_clusters
    clusters_ : list of ClusterName
    cluster_centers_ : ndarray of shape (n_clusters, fused width)
    objective_, n_clusters_, n_iter_
    """

    captions: Any
    epsilon: float | None
    gamma: float
    fusion: str
    centre: bool

    def __init__(
        self,
        n_clusters: NClusters = 8,
        *,
        vocabulary: AnyVocabulary = "ilk-lite",
        captions: Any = None,
        top: int = 5,
        images_per_centre: int = 300,
        epsilon: float | None = None,
        gamma: float = 0.1,
        fusion: str = "concat",
        centre: bool = False,
        n_init: int = 20,
        max_iter: int = 300,
        tol: float = 1e-6,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self._set(locals())

    def _transport(self) -> dict[str, Any]:
        return {} if self.epsilon is None else {"epsilon": self.epsilon}

    def _align(self, x: _arrays.Floats, words: Vocabulary, keywords: dict[str, Any]) -> tuple[dict[str, Any], _arrays.Floats]:
        with listening(False) as listener:
            return _core.align_words(x, words.features, keywords, listener, _arrays.jobs(self.n_jobs))

    def _fusion(self) -> dict[str, Any]:
        return {"gamma": self.gamma, "fusion": self.fusion, "centre": self.centre}

    def fit(self, X: Any, y: Any = None) -> Self:
        """Clusters X (n_samples, n_features), embeddings of the vocabulary's model; y is ignored."""
        x = self._unit(X, reset=True)
        nouns = self._vocabulary(x.shape[1])
        seed = _arrays.seed(self.random_state)
        keywords = {**self._keywords(self._choose(x, seed), seed), **self._transport(), **self._fusion()}
        space, counterparts = self._align(x, nouns, keywords)
        self.spaces_, parts = [space], [counterparts]
        if self.captions is not None:
            space, counterparts = self._align(x, as_vocabulary(self.captions, x.shape[1]), keywords)
            self.spaces_.append(space)
            parts.append(counterparts)
        with listening(False) as listener:
            found = _core.cae(x, parts, keywords, listener, _arrays.jobs(self.n_jobs))
        self.means_: list[npt.NDArray[np.float32]] = found["means"]
        self._keep(found)
        self._name(x, nouns)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    @property
    def _n_features_out(self) -> int:
        return int(self.cluster_centers_.shape[1])

    def transform(self, X: Any) -> _arrays.Floats:
        """X fused with its counterparts, what is clustered: (n_samples, fused width), rows of unit length."""
        check_is_fitted(self)
        x = self._unit(X, reset=False)
        parts = [x, *(self._counterparts(x, space) for space in self.spaces_)]
        return _core.fuse_new(parts, self._fusion(), self.means_, _arrays.jobs(self.n_jobs))

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """The cluster of each row: by its counterparts, fusion and centres."""
        return self._nearest(self.transform(X))
