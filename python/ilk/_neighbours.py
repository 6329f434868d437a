"""Nearest neighbours by cosine."""

from __future__ import annotations

from typing import Literal

from . import _arrays, _core
from ._progress import Progress, listening


def nearest_neighbours(
    queries: _arrays.Rows,
    base: _arrays.Rows | None = None,
    k: int = 10,
    *,
    search: Literal["auto", "exact", "approximate"] = "auto",
    n_jobs: int | None = None,
    progress: Progress = False,
) -> tuple[_arrays.Whole, _arrays.Floats]:
    """
    The k rows of `base` with the highest cosine for each query.

    Parameters
    ----------
    queries : array_like of shape (Q, D), Arrow column or path
    base : array_like of shape (B, D), optional
        Where to search; None: among the queries, each of which is then its own first neighbour.
    k : int
        1 … B.
    search : {"auto", "exact", "approximate"}
        Approximate: by HNSW graphs (Malkov and Yashunin 2018), deterministic; auto: above 200,000 rows.
    n_jobs : int, optional
        Threads; -1: all.
    progress : bool or callable

    Returns
    -------
    indices : ndarray of shape (Q, k)
        Rows of the base, nearest first, ties to the lower row.
    cosines : ndarray of shape (Q, k)

    Raises
    ------
    Error
        For k out of range, differing widths, and rows that are zero or not finite.
    """
    if search not in ("auto", "exact", "approximate"):
        raise _core.Error(f"[nearest_neighbours] search must be auto, exact or approximate, got '{search}'.")
    q = _arrays.unit_rows(queries, "queries", "nearest_neighbours")
    b = q if base is None else _arrays.unit_rows(base, "base", "nearest_neighbours")
    many = len(b) > _core.most_for_exact_neighbours and bool(_core.approximate_neighbours_built_in)
    approximate = search == "approximate" or (search == "auto" and many)
    with listening(progress) as listener:
        return _core.nearest_neighbours(q, b, k, approximate, listener, _arrays.jobs(n_jobs))
