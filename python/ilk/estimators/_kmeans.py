"""K-means."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .. import _arrays, _core
from .._progress import Notice
from ._base import Clusterer, NClusters, unconverged

if TYPE_CHECKING:
    from typing_extensions import Self


def _with_zero_rows(labels: npt.NDArray[np.int64], zero: npt.NDArray[np.bool_] | None) -> npt.NDArray[np.int64]:
    """Labels of all rows from those of the rows that are not zero."""
    if zero is None:
        return labels
    everyone = np.zeros(len(zero), dtype=np.int64)
    everyone[~zero] = labels
    return everyone


class KMeans(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Clusterer):  # type: ignore[misc]
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
        Restarts; the best by objective is kept. Where there are more than 16,384 rows and 32 for each cluster, they look at a
        sample of so many rows, and the best goes on with all.
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

    metric: str
    init: Any
    n_init: int
    max_iter: int
    tol: float

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
        self._set(locals())

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
            unconverged("KMeans", found["iterations"])
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
