"""
Estimators with scikit-learn's conventions: KMeans, CAE, TAC, TrainedTAC and SAC.

`fit` takes embeddings of images, a row each. Where a method clusters by words, `cluster_names_` has the clusters'
names. The same data, parameters and random_state give the same bytes, for any n_jobs; random_state=None is 0.
"""

from . import _base  # noqa: F401, I001 (first, since it says what is missing where scikit-learn is)
from ._cae import CAE
from ._kmeans import KMeans
from ._retrieval import SAC, TAC, TrainedTAC

__all__ = ["CAE", "SAC", "TAC", "KMeans", "TrainedTAC"]
