"""ilk groups images by meaning and says in words what each group is.

    import ilk

    run = ilk.cluster("PHOTOS/", k=12)   # what `ilk cluster PHOTOS/ -k 12 -o run/` does
    run.clusters                         # a row a cluster: its name, size, words
    run.images                           # a row an image: its cluster, score, runner-up
    run.assign("NEW/")                   # where new pictures belong

Functions take NumPy arrays, DLPack tensors or Arrow columns and give NumPy arrays; estimators (`KMeans`, `CAE`,
`TAC`, `TrainedTAC`, `SAC`) follow scikit-learn's conventions. Bad input raises `ilk.Error`, a ValueError.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import estimators as estimators
    from . import metrics as metrics
    from ._clustering import KMeansResult as KMeansResult
    from ._clustering import kmeans as kmeans
    from ._core import Error as Error
    from ._core import set_threads as set_threads
    from ._core import version as __version__
    from ._count import ClusterCount as ClusterCount
    from ._count import choose_k as choose_k
    from ._embedded import EmbeddedImages as EmbeddedImages
    from ._embedding import embed_images as embed_images
    from ._embedding import embed_texts as embed_texts
    from ._naming import ClusterName as ClusterName
    from ._naming import name_clusters as name_clusters
    from ._neighbours import nearest_neighbours as nearest_neighbours
    from ._options_help import options as options
    from ._progress import Notice as Notice
    from ._run import Run as Run
    from ._run import cluster as cluster
    from ._run import load_run as load_run
    from ._transport import Transport as Transport
    from ._transport import transport as transport
    from ._vocabulary import Vocabulary as Vocabulary
    from ._vocabulary import vocabulary as vocabulary
    from .estimators import CAE as CAE
    from .estimators import SAC as SAC
    from .estimators import TAC as TAC
    from .estimators import KMeans as KMeans
    from .estimators import TrainedTAC as TrainedTAC

# Where each name lives. It is imported when it is first asked for, so that `import ilk` costs milliseconds.
_HOMES = {
    "CAE": "estimators",
    "ClusterCount": "_count",
    "ClusterName": "_naming",
    "EmbeddedImages": "_embedding",
    "Error": "_core",
    "KMeans": "estimators",
    "KMeansResult": "_clustering",
    "Notice": "_progress",
    "Run": "_run",
    "SAC": "estimators",
    "TAC": "estimators",
    "TrainedTAC": "estimators",
    "Transport": "_transport",
    "Vocabulary": "_vocabulary",
    "choose_k": "_count",
    "cluster": "_run",
    "embed_images": "_embedding",
    "embed_texts": "_embedding",
    "kmeans": "_clustering",
    "load_run": "_run",
    "name_clusters": "_naming",
    "nearest_neighbours": "_neighbours",
    "options": "_options_help",
    "set_threads": "_core",
    "transport": "_transport",
    "vocabulary": "_vocabulary",
}
_MODULES = {"estimators", "metrics", "ray"}

__all__ = [name for name in _HOMES if not name.startswith("_")]  # pyright: ignore[reportUnsupportedDunderAll]
__all__ += ["metrics"]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module("." + name, __name__)
    if name == "__version__":
        return importlib.import_module("._core", __name__).version
    if name not in _HOMES:
        raise AttributeError(f"module 'ilk' has no attribute '{name}'")
    value = getattr(importlib.import_module("." + _HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_MODULES})
