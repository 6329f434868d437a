"""Optimal transport of images onto words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _arrays, _core
from ._progress import Progress, listening


@dataclass(frozen=True, eq=False)
class Transport:
    """
    The plan T_ij = exp((f_i + g_j − (1 − x_i·u_j)) / ε), held as its potentials.

    Nothing of size N × M is held; `rows` computes some rows of the plan.
    """

    row_potentials: npt.NDArray[np.float64]  #: f, (N)
    column_potentials: npt.NDArray[np.float64]  #: g, (M), of mean 0
    epsilon: float
    iterations: int  #: passes over all images
    marginal_error: float  #: Σ_j |Σ_i T_ij − 1/M|; the rows are exact
    converged: bool  #: False where max_iterations ran out

    def rows(self, embeddings: _arrays.Rows, words: _arrays.Rows) -> npt.NDArray[np.float64]:
        """
        Rows of the plan of these images, each scaled to sum 1.

        Parameters
        ----------
        embeddings : array_like of shape (n, D)
            Images, also such as the transport was not solved for.
        words : array_like of shape (M, D)
            The words that it was solved for.

        Returns
        -------
        ndarray of shape (n, M)
        """
        x = _arrays.unit_rows(embeddings, "embeddings").astype(np.float64)
        u = _arrays.unit_rows(words, "words").astype(np.float64)
        scores = (x @ u.T + self.column_potentials) / self.epsilon
        scores -= scores.max(axis=1, keepdims=True)
        weights = np.exp(scores)
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))

    def counterparts(self, embeddings: _arrays.Rows, words: _arrays.Rows, *, n_jobs: int | None = None) -> _arrays.Floats:
        """Each image's counterpart among the words, normalise(Σ_j T_ij S_ij u_j): (n, D), rows of unit length."""
        x, u = _arrays.unit_rows(embeddings, "embeddings"), _arrays.unit_rows(words, "words")
        return _core.counterparts(x, u, self.column_potentials, self.epsilon, True, _arrays.jobs(n_jobs))

    def top_words(
        self, embeddings: _arrays.Rows, words: _arrays.Rows, top: int = 3, *, n_jobs: int | None = None
    ) -> tuple[_arrays.Whole, _arrays.Floats]:
        """The words that take most of each image's mass: (n, top) rows of `words`, heaviest first, and shares."""
        x, u = _arrays.unit_rows(embeddings, "embeddings"), _arrays.unit_rows(words, "words")
        return _core.top_words(x, u, self.column_potentials, self.epsilon, True, top, _arrays.jobs(n_jobs))

    def cluster_mass(
        self, embeddings: _arrays.Rows, words: _arrays.Rows, labels: Any, n_clusters: int | None = None, *, n_jobs: int | None = None
    ) -> npt.NDArray[np.float64]:
        """Mass that each cluster sends to each word, (K, M); a row sums to its cluster's size. For `name_clusters`."""
        x, u = _arrays.unit_rows(embeddings, "embeddings"), _arrays.unit_rows(words, "words")
        of = _arrays.labels(labels)
        k = int(of.max()) + 1 if n_clusters is None else n_clusters
        return _core.group_mass(x, u, self.column_potentials, self.epsilon, True, of, k, _arrays.jobs(n_jobs))


def transport(
    embeddings: _arrays.Rows,
    words: _arrays.Rows,
    *,
    n_jobs: int | None = None,
    progress: Progress = False,
    **options: Any,
) -> Transport:
    """
    Entropic optimal transport of images onto words with even marginals (Sinkhorn; Cuturi 2013), streamed.

    Each word gets as much mass as any other, so no generic word takes all. Memory is O(N + M).

    Parameters
    ----------
    embeddings : array_like of shape (N, D), Arrow column or path
    words : array_like of shape (M, D), Arrow column or path
        From the same model.
    n_jobs : int, optional
        Threads; -1: all.
    progress : bool or callable
        True: a bar by tqdm; a callable gets (stage, done, total, unit).
    **options
        epsilon (else 0.65 of how much the cosines differ), max_iterations, tolerance.

    Returns
    -------
    Transport

    Raises
    ------
    Error
        For differing widths, rows that are zero or not finite, and options out of their range.
    """
    x = _arrays.unit_rows(embeddings, "embeddings", "transport")
    u = _arrays.unit_rows(words, "words", "transport")
    with listening(progress) as listener:
        return Transport(**_core.transport(x, u, options, listener, _arrays.jobs(n_jobs)))
