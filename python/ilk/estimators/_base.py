"""What the estimators share: how X is read, how K is chosen, and what the methods do that cluster by words."""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .. import _arrays, _core
from .._count import ClusterCount, choose_k
from .._naming import ClusterName, names_of
from .._vocabulary import AnyVocabulary, Vocabulary, as_vocabulary

try:
    from sklearn.base import BaseEstimator, ClusterMixin
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.utils.validation import validate_data
except ImportError as error:
    raise ImportError(f"ilk's estimators need scikit-learn 1.6 or newer: pip install 'ilk[sklearn]' ({error})") from None

NClusters = int | Literal["auto"]


class Clusterer(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """How X is read, and how K is chosen."""

    n_clusters: NClusters
    random_state: Any
    n_jobs: int | None
    labels_: npt.NDArray[np.int64]
    n_clusters_: int
    n_features_in_: int

    def _set(self, parameters: dict[str, Any]) -> None:
        """Takes over the parameters of a constructor, as scikit-learn wants them: under their names, unchanged."""
        for name, value in parameters.items():
            if name != "self":
                setattr(self, name, value)

    def _read(self, X: Any, reset: bool) -> _arrays.Floats:
        """X checked as scikit-learn does, as float32; the same memory where it can be."""
        if isinstance(X, (str, bytes)) or type(X).__module__.split(".")[0] in ("pyarrow", "torch", "cupy"):
            X = _arrays.rows(X, "X", type(self).__name__)
        return validate_data(self, X, reset=reset, dtype=np.float32, order="C", ensure_all_finite=True)  # type: ignore[no-any-return]

    def _unit(self, X: Any, reset: bool) -> _arrays.Floats:
        return _arrays.unit_rows(self._read(X, reset), "X", type(self).__name__)

    def _choose(self, x: _arrays.Floats, seed: int) -> int:
        """K: the number that was given, or the one that the points speak for, with the evidence in `count_`."""
        if not isinstance(self.n_clusters, str):
            return self.n_clusters
        if self.n_clusters != "auto":
            raise _core.Error(f"n_clusters must be a number or 'auto', got '{self.n_clusters}'.")
        unit = _arrays.unit_rows(x, "X", type(self).__name__)
        self.count_: ClusterCount = choose_k(unit, seed=seed, largest=max(3, min(40, len(unit) // 2 - 1)), n_jobs=self.n_jobs)
        return self.count_.n_clusters

    def fit_predict(self, X: Any, y: Any = None, **params: Any) -> npt.NDArray[np.int64]:
        """Clusters X and returns `labels_`."""
        return self.fit(X, y, **params).labels_  # type: ignore[no-any-return]


def unconverged(what: str, iterations: int) -> None:
    warnings.warn(f"{what} did not converge in {iterations} iterations; raise max_iter.", ConvergenceWarning, stacklevel=3)


class ByWords(Clusterer):
    """What the methods share that use words: where these come from, and how clusters get names."""

    vocabulary: AnyVocabulary
    top: int
    images_per_centre: int
    n_init: int
    max_iter: int
    tol: float

    def _vocabulary(self, width: int) -> Vocabulary:
        return as_vocabulary(self.vocabulary, width)

    def _keywords(self, n_clusters: int, seed: int) -> dict[str, Any]:
        """What the library calls these parameters."""
        return {
            "n_clusters": n_clusters,
            "seed": seed,
            "n_init": self.n_init,
            "kmeans_max_iterations": self.max_iter,
            "kmeans_tolerance": self.tol,
            "top": self.top,
            "images_per_centre": self.images_per_centre,
        }

    def _name(self, x: _arrays.Floats, words: Vocabulary) -> None:
        """Names the clusters by the words that their images are kinds of."""
        self.clusters_: list[ClusterName] = names_of(x, self.labels_, self.n_clusters_, words, self.n_jobs)
        self.cluster_names_ = np.array([name.name for name in self.clusters_], dtype=object)

    def _counterparts(self, x: _arrays.Floats, space: dict[str, Any]) -> _arrays.Floats:
        return _core.counterparts(
            x, space["features"], space["potentials"], space["epsilon"], space["times_cosine"], _arrays.jobs(self.n_jobs)
        )

    def _keep(self, found: dict[str, Any]) -> None:
        clusters = found["kmeans"]
        if not clusters["converged"]:
            unconverged(type(self).__name__, clusters["iterations"])
        self.labels_ = clusters["labels"]
        self.cluster_centers_: _arrays.Floats = clusters["centroids"]
        self.n_clusters_ = len(self.cluster_centers_)
        self.objective_: float = clusters["objective"]
        self.n_iter_: int = max(1, clusters["iterations"])

    def _nearest(self, features: _arrays.Floats) -> npt.NDArray[np.int64]:
        return _core.assign_to_nearest(features, self.cluster_centers_, _arrays.jobs(self.n_jobs))["labels"]  # type: ignore[no-any-return]


# Of the docstrings.
WORDS = """
    vocabulary : str, Vocabulary or (nouns, features), default="ilk-lite"
        The nouns, from the model that made X; a name is a model's.
    top : int, default=5
        Words kept for each semantic centre.
    images_per_centre : int, default=300"""
REST = """
    max_iter : int, default=300
    tol : float, default=1e-6
    random_state : int, RandomState or None, default=None
    n_jobs : int, default=None"""
