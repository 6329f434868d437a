"""K-means as a function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from . import _arrays, _core
from ._progress import Progress, listening


@dataclass(frozen=True, eq=False)
class KMeansResult:
    """What k-means found."""

    labels: npt.NDArray[np.int64]  #: (N), 0 … K − 1; clusters are numbered by size, largest first
    centroids: npt.NDArray[np.float32]  #: (K, D), of unit length where metric is cosine
    objective: float  #: mean cosine of a point with its centroid, or minus the mean squared distance
    iterations: int  #: of the restart that was kept
    converged: bool  #: False where max_iterations ran out
    objectives: npt.NDArray[np.float64]  #: after each iteration of that restart
    empty_repaired: int  #: how often an empty cluster was given the worst-served point
    duplicates: int  #: points equal, bit for bit, to an earlier one


def kmeans(
    X: _arrays.Rows,
    n_clusters: int = 8,
    *,
    metric: Literal["cosine", "euclidean"] = "cosine",
    centroids: _arrays.Rows | None = None,
    seed: int = 0,
    n_jobs: int | None = None,
    progress: Progress = False,
    **options: Any,
) -> KMeansResult:
    """
    Clusters points by k-means (Lloyd's iterations from n_init starts of k-means++; the best is kept). Where there are more
    than 16,384 points and 32 for each cluster, the starts look at a sample of so many, and the best goes on with all.

    The same points, options and seed give the same bytes for any number of threads and on any processor.

    Parameters
    ----------
    X : array_like of shape (N, D), Arrow column or path
        float32 is read where it is. With cosine, rows that are not of unit length are scaled (one copy).
    n_clusters : int
        How many clusters to make.
    metric : {"cosine", "euclidean"}
        Spherical k-means (Dhillon and Modha 2001), or the sum of squared distances as in scikit-learn.
    centroids : array_like of shape (K, D), optional
        Where to start; then there is one start, and n_clusters is their number.
    seed : int
        Where all random choices start from.
    n_jobs : int, optional
        Threads; -1: all.
    progress : bool or callable
        True: a bar by tqdm; a callable gets (stage, done, total, unit).
    **options
        n_init, max_iterations, tolerance, init: see `ilk.options("kmeans")`.

    Returns
    -------
    KMeansResult

    Raises
    ------
    Error
        For fewer points than clusters, rows that hold NaN or infinity, with cosine rows of zeros, and options
        out of their range.
    """
    spherical = _spherical(metric)
    points = _arrays.unit_rows(X, "X", "kmeans") if spherical else _arrays.rows(X, "X", "kmeans")
    start = None
    if centroids is not None:
        start = _arrays.unit_rows(centroids, "centroids", "kmeans") if spherical else _arrays.rows(centroids, "centroids")
        n_clusters = start.shape[0]
    keywords = {"n_clusters": n_clusters, "seed": seed, **options}
    with listening(progress) as listener:
        return KMeansResult(**_core.kmeans(points, start, spherical, keywords, listener, _arrays.jobs(n_jobs)))


def _spherical(metric: str) -> bool:
    if metric not in ("cosine", "euclidean"):
        raise _core.Error(f"[kmeans] metric must be cosine or euclidean, got '{metric}'.")
    return metric == "cosine"
