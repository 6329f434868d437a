"""Methods that retrieve nouns for each image: TAC, and those that train two heads on images and texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from .. import _arrays, _core
from .._progress import listening
from .._vocabulary import AnyVocabulary, Vocabulary
from ._base import REST, WORDS, ByWords, NClusters

if TYPE_CHECKING:
    from typing_extensions import Self


class _Retrieving(ByWords):
    """How nouns are retrieved for X."""

    temperature: float

    def _retrieval(self, x: _arrays.Floats) -> dict[str, Any]:
        """Keywords of the retrieval, once K is known."""
        seed = _arrays.seed(self.random_state)
        return {**self._keywords(self._choose(x, seed), seed), "temperature": self.temperature}

    def _retrieve(self, x: _arrays.Floats, nouns: Vocabulary, retrieval: dict[str, Any]) -> tuple[dict[str, Any], _arrays.Floats]:
        with listening(False) as listener:
            return _core.retrieve_words(x, nouns.features, retrieval, listener, _arrays.jobs(self.n_jobs))


class TAC(_Retrieving):
    __doc__ = f"""
    Clusters images beside the nouns that are retrieved for them (Li et al., ICML 2024).

    Parameters
    ----------
    n_clusters : int or "auto", default=8{WORDS}
    temperature : float, default=0.005
        Of the retrieval.
    n_init : int, default=20{REST}

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,)
    cluster_names_ : ndarray of str, of length n_clusters
    clusters_ : list of ClusterName
    n_clusters_ : int
    """

    def __init__(
        self,
        n_clusters: NClusters = 8,
        *,
        vocabulary: AnyVocabulary = "ilk-lite",
        top: int = 5,
        images_per_centre: int = 300,
        temperature: float = 0.005,
        n_init: int = 20,
        max_iter: int = 300,
        tol: float = 1e-6,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self._set(locals())

    def fit(self, X: Any, y: Any = None) -> Self:
        """Clusters X (n_samples, n_features), embeddings of the vocabulary's model; y is ignored."""
        x = self._unit(X, reset=True)
        nouns = self._vocabulary(x.shape[1])
        retrieval = self._retrieval(x)
        self.space_, counterparts = self._retrieve(x, nouns, retrieval)
        with listening(False) as listener:
            self._keep(_core.tac(x, counterparts, retrieval, listener, _arrays.jobs(self.n_jobs)))
        self._name(x, nouns)
        return self

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """The cluster of each row, by its counterpart and the centres."""
        check_is_fitted(self)
        x = self._unit(X, reset=False)
        parts = [x, self._counterparts(x, self.space_)]
        return self._nearest(_core.fuse_new(parts, {"fusion": "plain", "centre": False}, [], _arrays.jobs(self.n_jobs)))


_TRAINING = f"""
    n_clusters : int or "auto", default=8{WORDS}
    temperature : float, default=0.005
        Of the retrieval of a text for each image.
    epochs, batch_size : int, default=0
        0: the method's own numbers.{REST}

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,)
        Some clusters may be empty.
    cluster_names_ : ndarray of str, of length n_clusters
    clusters_ : list of ClusterName
    n_clusters_, n_iter_ : int
    epochs_ : list of dict
        What each epoch found out."""


class _Trained(_Retrieving):
    """What the methods share that train an image and a text head."""

    epochs: int
    batch_size: int
    n_init = 1  # the semantic centres have one start

    def __init__(
        self,
        n_clusters: NClusters = 8,
        *,
        vocabulary: AnyVocabulary = "ilk-lite",
        top: int = 5,
        images_per_centre: int = 300,
        temperature: float = 0.005,
        epochs: int = 0,
        batch_size: int = 0,
        max_iter: int = 300,
        tol: float = 1e-6,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self._set(locals())

    def _train(self, method: Any, X: Any, texts: Any) -> None:
        x = self._unit(X, reset=True)
        nouns = self._vocabulary(x.shape[1])
        retrieval = self._retrieval(x)
        counterparts = self._retrieve(x, nouns, retrieval)[1] if texts is None else _arrays.unit_rows(texts, "texts", type(self).__name__)
        training = {name: getattr(self, name) for name in ("epochs", "batch_size") if getattr(self, name)}
        keywords = {"n_clusters": retrieval["n_clusters"], "seed": retrieval["seed"], **training}
        with listening(False) as listener:
            found = method(x, counterparts, keywords, listener, _arrays.jobs(self.n_jobs))
        self.head_: dict[str, Any] = found["head"]
        self.labels_ = found["assignment"]["labels"]
        self.n_clusters_ = len(self.head_["bias2"])
        self.epochs_: list[dict[str, Any]] = found["epochs"]
        self.n_iter_ = len(self.epochs_)
        self._name(x, nouns)

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """The most probable cluster of each row by the image head."""
        check_is_fitted(self)
        x = self._unit(X, reset=False)
        return _core.predict_by_head(self.head_, x, _arrays.jobs(self.n_jobs))["labels"]  # type: ignore[no-any-return]


class TrainedTAC(_Trained):
    __doc__ = f"""
    Trains an image and a text head to agree about clusters by TAC's losses (Li et al., ICML 2024).

    Takes minutes for tens of thousands of images.

    Parameters
    ----------{_TRAINING}
    """

    def fit(self, X: Any, y: Any = None) -> Self:
        """Trains on X (n_samples, n_features), embeddings of the vocabulary's model; y is ignored."""
        self._train(_core.train_tac, X, None)
        return self


class SAC(_Trained):
    __doc__ = f"""
    Trains an image and a text head to agree about clusters (Zhang et al., AAAI 2026).

    Parameters
    ----------{_TRAINING}
    """

    def fit(self, X: Any, y: Any = None, *, texts: Any = None) -> Self:
        """
        Trains on X (n_samples, n_features), embeddings of the vocabulary's model.

        Parameters
        ----------
        X : array_like of shape (n_samples, n_features)
        y : ignored
        texts : array_like of shape (n_samples, any width), optional
            Embeddings of a text for each image; None: nouns are retrieved.
        """
        self._train(_core.train_sac, X, texts)
        return self
