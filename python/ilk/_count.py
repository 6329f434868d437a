"""How many clusters there are, told without labels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from . import _arrays, _core
from ._progress import Progress, listening


@dataclass(frozen=True)
class Evidence:
    """What speaks for a number of clusters; means over the resamples."""

    n_clusters: int
    silhouette: float
    agreement: float  #: mean ARI between clusterings of different halves
    objective: float  #: mean cosine with the own centroid
    bend: float  #: by what share the objective's gain per cluster falls here
    score: float  #: mean of silhouette, agreement and bend, each scaled to 0 … 1
    votes: float  #: share of the resamples whose own score is highest here


@dataclass(frozen=True)
class ClusterCount:
    """How many clusters there seem to be, and how sure that is."""

    n_clusters: int
    runner_up: int | None
    finer: int | None  #: what to try for more detail: its clusters are nearly as separate
    clear: bool
    confidence: float  #: share of the resamples that voted for n_clusters or a number within 10 % of it
    verdict: str  #: "12 clusters", or "no clear answer: 8 or 21"
    evidence: tuple[Evidence, ...] = field(repr=False)
    n_points: int
    sampled: int  #: points that were looked at

    def __int__(self) -> int:
        return self.n_clusters


def choose_k(
    X: _arrays.Rows, *, n_jobs: int | None = None, progress: Progress = False, **options: Any
) -> ClusterCount:
    """
    Judges numbers of clusters by separation, by agreement of halves, and by the bend of the objective.

    Parameters
    ----------
    X : array_like of shape (N, D), Arrow column or path
        N ≥ 4.
    n_jobs : int, optional
        Threads; -1: all.
    progress : bool or callable
    **options
        smallest, largest (2 … 40), candidates, resamples, sample, seed.

    Returns
    -------
    ClusterCount
        int() of it is the number.

    Raises
    ------
    Error
        Where the range holds fewer than two numbers, and for rows that are zero or not finite.
    """
    x = _arrays.unit_rows(X, "X", "choose_k")
    with listening(progress) as listener:
        found = _core.choose_k(x, options, listener, _arrays.jobs(n_jobs))
    evidence = tuple(Evidence(**one) for one in found.pop("evidence"))
    return ClusterCount(evidence=evidence, **found)
