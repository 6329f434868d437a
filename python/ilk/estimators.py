"""
Estimators with scikit-learn's conventions: KMeans, CAE, TAC and SAC.

`fit` takes embeddings of images, a row each. Where a method clusters by words, `cluster_names_` has the clusters'
names. The same data, parameters and random_state give the same bytes, for any n_jobs; random_state=None is 0.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from . import _arrays, _core
from ._count import ClusterCount, choose_k
from ._naming import ClusterName, names_of
from ._progress import Notice, listening
from ._vocabulary import AnyVocabulary, Vocabulary, as_vocabulary

try:
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(f"ilk's estimators need scikit-learn 1.6 or newer: pip install 'ilk[sklearn]' ({error})") from None

if TYPE_CHECKING:
    from typing_extensions import Self

NClusters = int | Literal["auto"]


class _Clusterer(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """What the estimators share: how X is read, and how K is chosen."""

    n_clusters: NClusters
    random_state: Any
    n_jobs: int | None
    labels_: npt.NDArray[np.int64]
    n_clusters_: int
    n_features_in_: int

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


def _unconverged(what: str, iterations: int) -> None:
    warnings.warn(f"{what} did not converge in {iterations} iterations; raise max_iter.", ConvergenceWarning, stacklevel=3)


def _with_zero_rows(labels: npt.NDArray[np.int64], zero: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.int64]:
    """Labels of all rows from those of the rows that are not zero."""
    if zero is None:
        return labels
    everyone = np.zeros(len(zero), dtype=np.int64)
    everyone[~zero] = labels
    return everyone


class KMeans(ClassNamePrefixFeaturesOutMixin, TransformerMixin, _Clusterer):  # type: ignore[misc]
    """
    K-means, spherical by default: maximises the sum of cosines of points with their cluster's mean.

    Parameters
    ----------
    n_clusters : int or "auto", default=8
        "auto" takes the number that `ilk.choose_k` finds; its evidence is `count_`.
    metric : {"cosine", "euclidean"}, default="cosine"
        With cosine, rows that are not of unit length are scaled. A row of zeros has no direction: it is left out of
        the fit with a warning, and as far from all centres, so that it goes to cluster 0.
    init : {"k-means++", "random"} or array of shape (n_clusters, n_features), default="k-means++"
    n_init : int, default=20
        Restarts; the best by objective is kept.
    max_iter : int, default=300
    tol : float, default=1e-6
        A restart ends when the objective rises by less than this share of itself.
    random_state : int, RandomState or None, default=None
        None is 0: the result is the same each time.
    n_jobs : int, default=None
        Threads; -1: all. It changes no bit of the result.

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,)
        Clusters are numbered by size, largest first.
    cluster_centers_ : ndarray of shape (n_clusters, n_features), float32
        Of unit length where metric is cosine.
    objective_ : float
        Mean cosine of a point with its centre, or minus the mean squared distance.
    inertia_ : float
        Sum over the points of 1 − cosine, or of the squared distance.
    n_clusters_ : int
    n_iter_ : int
    count_ : ClusterCount
        Where n_clusters is "auto".

    Examples
    --------
    >>> import numpy as np, ilk
    >>> X = np.random.default_rng(0).normal(size=(300, 16)).astype(np.float32)
    >>> ilk.KMeans(n_clusters=3).fit(X).cluster_centers_.shape
    (3, 16)
    """

    def __init__(
        self,
        n_clusters: NClusters = 8,
        *,
        metric: str = "cosine",
        init: Any = "k-means++",
        n_init: int = 20,
        max_iter: int = 300,
        tol: float = 1e-6,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.metric = metric
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> Self:
        """Clusters X (n_samples, n_features); y is ignored."""
        everything, pointless = self._points(X, reset=True)
        x = everything if pointless is None else everything[~pointless]
        seed = _arrays.seed(self.random_state)
        options: dict[str, Any] = {"n_clusters": self._choose(x, seed), "seed": seed, "n_init": self.n_init}
        options.update(max_iterations=self.max_iter, tolerance=self.tol)
        start = None
        if isinstance(self.init, str):
            options["init"] = self.init
        else:
            read = _arrays.unit_rows if self._spherical else _arrays.rows
            start = read(self.init, "init", "KMeans")
        found = _core.kmeans(x, start, self._spherical, options, None, _arrays.jobs(self.n_jobs))
        if not found["converged"]:
            _unconverged("KMeans", found["iterations"])
        self.labels_ = _with_zero_rows(found["labels"], pointless)
        self.cluster_centers_: _arrays.Floats = found["centroids"]
        self.n_clusters_ = len(self.cluster_centers_)
        self.objective_: float = found["objective"]
        self.inertia_: float = len(x) * ((1 if self._spherical else 0) - self.objective_)
        self.n_iter_: int = max(1, found["iterations"])
        return self

    @property
    def _spherical(self) -> bool:
        if self.metric not in ("cosine", "euclidean"):
            raise _core.Error(f"metric must be cosine or euclidean, got '{self.metric}'.")
        return self.metric == "cosine"

    def _points(self, X: Any, reset: bool) -> tuple[_arrays.Floats, npt.NDArray[np.bool_] | None]:
        """X as it is clustered, and which rows are zero where some are and that matters."""
        x = self._read(X, reset)
        if not self._spherical:
            return x, None
        try:
            return _arrays.unit_rows(x, "X", "KMeans"), None
        except _core.Error:
            zero: npt.NDArray[np.bool_] = np.logical_not(x.any(axis=1))
            if not zero.any() or zero.all():
                raise
        warnings.warn(f"{zero.sum()} rows of zeros have no direction; they are put in cluster 0.", Notice, stacklevel=3)
        unit = np.zeros_like(x)
        unit[~zero] = _arrays.unit_rows(x[~zero], "X", "KMeans")
        return unit, zero

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """The nearest centre of each row, ties to the lower number."""
        check_is_fitted(self)
        x, zero = self._points(X, reset=False)
        if not self._spherical:
            return np.concatenate([block.argmin(axis=1) for block in self._distances(x)])
        some = x if zero is None else x[~zero]
        found = _core.assign_to_nearest(some, self.cluster_centers_, _arrays.jobs(self.n_jobs))["labels"]
        return _with_zero_rows(found, zero)

    def transform(self, X: Any) -> npt.NDArray[np.float64]:
        """Distances to the centres, (n_samples, n_clusters): 1 − cosine, or Euclidean."""
        check_is_fitted(self)
        return np.concatenate(list(self._distances(self._points(X, reset=False)[0])))

    def _distances(self, x: _arrays.Floats, at_a_time: int = 4096) -> Any:
        """In float64, some rows at a time."""
        centres = self.cluster_centers_.astype(np.float64)
        squares = (centres**2).sum(axis=1)
        for begin in range(0, len(x), at_a_time):
            rows = x[begin : begin + at_a_time].astype(np.float64)
            products = np.stack([(rows * centre).sum(axis=1) for centre in centres], axis=1)
            if self._spherical:
                yield 1 - products
            else:
                squared = (rows**2).sum(axis=1, keepdims=True) - 2 * products + squares
                yield np.sqrt(np.maximum(squared, 0))

    @property
    def _n_features_out(self) -> int:
        return self.n_clusters_

    def score(self, X: Any, y: Any = None) -> float:
        """Minus the inertia of X with these centres; higher is better."""
        distances = self.transform(X).min(axis=1)
        return -float(distances.sum() if self._spherical else (distances**2).sum())


class _ByWords(_Clusterer):
    """What the methods share that use words: where these come from, and how clusters get names."""

    vocabulary: AnyVocabulary
    top: int
    images_per_centre: int
    epsilon: float | None
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

    def _transport(self) -> dict[str, Any]:
        return {} if self.epsilon is None else {"epsilon": self.epsilon}

    def _align(self, x: _arrays.Floats, words: Vocabulary, keywords: dict[str, Any]) -> tuple[dict[str, Any], _arrays.Floats]:
        with listening(False) as listener:
            return _core.align_words(x, words.features, keywords, listener, _arrays.jobs(self.n_jobs))

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
            _unconverged(type(self).__name__, clusters["iterations"])
        self.labels_ = clusters["labels"]
        self.cluster_centers_: _arrays.Floats = clusters["centroids"]
        self.n_clusters_ = len(self.cluster_centers_)
        self.objective_: float = clusters["objective"]
        self.n_iter_: int = max(1, clusters["iterations"])

    def _nearest(self, features: _arrays.Floats) -> npt.NDArray[np.int64]:
        return _core.assign_to_nearest(features, self.cluster_centers_, _arrays.jobs(self.n_jobs))["labels"]  # type: ignore[no-any-return]


_WORDS = """
    vocabulary : str, Vocabulary or (nouns, features), default="ilk-lite"
        The nouns, from the model that made X; a name is a model's.
    top : int, default=5
        Words kept for each semantic centre.
    images_per_centre : int, default=300
    epsilon : float, default=None
        Regularisation of the transport; None: 0.65 of how much the cosines differ."""
_REST = """
    n_init : int, default=20
    max_iter : int, default=300
    tol : float, default=1e-6
    random_state : int, RandomState or None, default=None
    n_jobs : int, default=None"""


class CAE(ClassNamePrefixFeaturesOutMixin, TransformerMixin, _ByWords):  # type: ignore[misc]
    __doc__ = f"""
    Clusters images by themselves and by the words that they are transported to (Zhu et al., AAAI 2026).

    Parameters
    ----------
    n_clusters : int or "auto", default=8{_WORDS}
    captions : (texts, features), optional
        Sentences that describe pictures, in the same space: a second kind of words.
    gamma : float, default=0.1
        Temperature of the fusion's weights.
    fusion : {{"concat", "sum", "plain"}}, default="concat"
    centre : bool, default=False
        Take each modality's mean off before cosines are taken.{_REST}

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,)
    cluster_names_ : ndarray of str, of length n_clusters
    clusters_ : list of ClusterName
    cluster_centers_ : ndarray of shape (n_clusters, fused width)
    objective_, n_clusters_, n_iter_
    """

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
        self.n_clusters = n_clusters
        self.vocabulary = vocabulary
        self.captions = captions
        self.top = top
        self.images_per_centre = images_per_centre
        self.epsilon = epsilon
        self.gamma = gamma
        self.fusion = fusion
        self.centre = centre
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.n_jobs = n_jobs

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


class TAC(_ByWords):
    __doc__ = f"""
    Clusters images beside the nouns that are retrieved for them (Li et al., ICML 2024).

    Parameters
    ----------
    n_clusters : int or "auto", default=8{_WORDS}
    temperature : float, default=0.005
        Of the retrieval.
    trained : bool, default=False
        Train two heads that agree about clusters; takes minutes for tens of thousands of images.
    epochs, batch_size : int, default=0
        Of a training; 0: the method's own numbers.{_REST}

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
        epsilon: float | None = None,
        temperature: float = 0.005,
        trained: bool = False,
        epochs: int = 0,
        batch_size: int = 0,
        n_init: int = 20,
        max_iter: int = 300,
        tol: float = 1e-6,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.vocabulary = vocabulary
        self.top = top
        self.images_per_centre = images_per_centre
        self.epsilon = epsilon
        self.temperature = temperature
        self.trained = trained
        self.epochs = epochs
        self.batch_size = batch_size
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any = None) -> Self:
        """Clusters X (n_samples, n_features), embeddings of the vocabulary's model; y is ignored."""
        x = self._unit(X, reset=True)
        nouns = self._vocabulary(x.shape[1])
        seed = _arrays.seed(self.random_state)
        keywords = self._keywords(self._choose(x, seed), seed)
        retrieval = {**keywords, "temperature": self.temperature}
        jobs = _arrays.jobs(self.n_jobs)
        with listening(False) as listener:
            self.space_, counterparts = _core.retrieve_words(x, nouns.features, retrieval, listener, jobs)
            if self.trained:
                self._train(_core.train_tac(x, counterparts, _training(self, keywords), listener, jobs))
            else:
                self._keep(_core.tac(x, counterparts, retrieval, listener, jobs))
        self._name(x, nouns)
        return self

    def _train(self, found: dict[str, Any]) -> None:
        _keep_head(self, found)

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """The cluster of each row: by its counterpart and the centres, or by the trained head."""
        check_is_fitted(self)
        x = self._unit(X, reset=False)
        if self.trained:
            return _by_head(self, x)["labels"]  # type: ignore[no-any-return]
        plain = {"fusion": "plain", "centre": False}
        parts = [x, self._counterparts(x, self.space_)]
        return self._nearest(_core.fuse_new(parts, plain, [], _arrays.jobs(self.n_jobs)))


def _training(estimator: Any, keywords: dict[str, Any]) -> dict[str, Any]:
    """Keywords of the methods that train; 0 is the method's own number."""
    training = {name: getattr(estimator, name) for name in ("epochs", "batch_size") if getattr(estimator, name)}
    return {"n_clusters": keywords["n_clusters"], "seed": keywords["seed"], **training}


def _keep_head(estimator: Any, found: dict[str, Any]) -> None:
    estimator.head_ = found["head"]
    estimator.labels_ = found["assignment"]["labels"]
    estimator.n_clusters_ = len(found["head"]["bias2"])
    estimator.n_iter_ = len(found["epochs"])
    estimator.epochs_ = found["epochs"]


def _by_head(estimator: Any, x: _arrays.Floats) -> dict[str, Any]:
    return dict(_core.predict_by_head(estimator.head_, x, _arrays.jobs(estimator.n_jobs)))


class SAC(_ByWords):
    __doc__ = f"""
    Trains an image and a text head to agree about clusters (Zhang et al., AAAI 2026).

    Parameters
    ----------
    n_clusters : int or "auto", default=8{_WORDS}
    temperature : float, default=0.005
        Of the retrieval of a text for each image, where `fit` gets none.
    epochs, batch_size : int, default=0
        0: the method's own numbers.{_REST}

    Attributes
    ----------
    labels_ : ndarray of shape (n_samples,)
        Some clusters may be empty.
    cluster_names_ : ndarray of str, of length n_clusters
    clusters_ : list of ClusterName
    n_clusters_, n_iter_ : int
    epochs_ : list of dict
        What each epoch found out.
    """

    def __init__(
        self,
        n_clusters: NClusters = 8,
        *,
        vocabulary: AnyVocabulary = "ilk-lite",
        top: int = 5,
        images_per_centre: int = 300,
        epsilon: float | None = None,
        temperature: float = 0.005,
        epochs: int = 0,
        batch_size: int = 0,
        n_init: int = 20,
        max_iter: int = 300,
        tol: float = 1e-6,
        random_state: Any = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.vocabulary = vocabulary
        self.top = top
        self.images_per_centre = images_per_centre
        self.epsilon = epsilon
        self.temperature = temperature
        self.epochs = epochs
        self.batch_size = batch_size
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.n_jobs = n_jobs

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
        x = self._unit(X, reset=True)
        nouns = self._vocabulary(x.shape[1])
        seed = _arrays.seed(self.random_state)
        keywords = self._keywords(self._choose(x, seed), seed)
        jobs = _arrays.jobs(self.n_jobs)
        with listening(False) as listener:
            if texts is None:
                retrieval = {**keywords, "temperature": self.temperature}
                _, counterparts = _core.retrieve_words(x, nouns.features, retrieval, listener, jobs)
            else:
                counterparts = _arrays.unit_rows(texts, "texts", "SAC")
            _keep_head(self, _core.train_sac(x, counterparts, _training(self, keywords), listener, jobs))
        self._name(x, nouns)
        return self

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """The most probable cluster of each row by the image head."""
        check_is_fitted(self)
        return _by_head(self, self._unit(X, reset=False))["labels"]  # type: ignore[no-any-return]
