"""Scores of clusters: against labels (accuracy, nmi, ari, confusion), and without (separation, silhouette)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _arrays, _core


def _pair(labels_true: Any, labels_pred: Any) -> tuple[_arrays.Whole, _arrays.Whole]:
    return _arrays.labels(labels_true, "labels_true", "metrics"), _arrays.labels(labels_pred, "labels_pred", "metrics")


def accuracy(labels_true: Any, labels_pred: Any) -> float:
    """ACC: the share of samples in the right cluster under the best one-to-one matching of clusters to classes."""
    return float(_core.agreement(*_pair(labels_true, labels_pred))["accuracy"])


def nmi(labels_true: Any, labels_pred: Any) -> float:
    """Normalised mutual information (arithmetic mean of the entropies), as scikit-learn's."""
    return float(_core.agreement(*_pair(labels_true, labels_pred))["normalised_mutual_information"])


def ari(labels_true: Any, labels_pred: Any) -> float:
    """Adjusted Rand index (Hubert and Arabie 1985), as scikit-learn's."""
    return float(_core.agreement(*_pair(labels_true, labels_pred))["adjusted_rand_index"])


@dataclass(frozen=True, eq=False)
class Confusion:
    """Samples by class and cluster, clusters in the order of the matching that ACC counts."""

    classes: npt.NDArray[np.int64]
    clusters: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]  #: (classes, clusters)
    column_of_class: npt.NDArray[np.int64]  #: −1 where a class got no cluster
    recall: npt.NDArray[np.float64]  #: of each class: the share of its samples in its cluster


def confusion(labels_true: Any, labels_pred: Any) -> Confusion:
    """The table of classes by matched clusters; labels that are names are numbered in their order."""
    return Confusion(**_core.matched_confusion(*_pair(labels_true, labels_pred)))


@dataclass(frozen=True)
class Separation:
    """Scores that need no labels; None where they are not defined (one cluster, or as many as points)."""

    n_clusters: int
    silhouette: float | None  #: mean over all points, by cosine distance (Rousseeuw 1987)
    davies_bouldin: float | None  #: Euclidean; lower is better
    calinski_harabasz: float | None  #: higher is better
    objective: float  #: mean cosine of a point with its cluster's unit-length mean
    on_the_fence: float  #: share of points whose best two clusters are within `fence` of each other


def separation(X: _arrays.Rows, labels: Any, *, fence: float = 0.05, n_jobs: int | None = None) -> Separation:
    """
    How well clusters are separated; exact, in N × K products.

    Parameters
    ----------
    X : array_like of shape (N, D)
        Rows are scaled to unit length where they are not.
    labels : array_like of shape (N,)
    fence : float
        A point is on the fence where its second cosine is behind the first by this share at most.
    n_jobs : int, optional

    Returns
    -------
    Separation
    """
    x = _arrays.unit_rows(X, "X", "separation")
    return Separation(**_core.separation(x, _arrays.labels(labels), {"fence": fence}, _arrays.jobs(n_jobs)))


def silhouette(X: _arrays.Rows, labels: Any, *, n_jobs: int | None = None) -> float:
    """Mean silhouette by cosine distance, of all points; NaN for one cluster."""
    found = separation(X, labels, n_jobs=n_jobs).silhouette
    return float("nan") if found is None else found
