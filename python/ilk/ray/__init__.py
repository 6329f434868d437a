"""
ilk over the blocks of a Ray dataset, on as many machines as there are (`pip install 'ilk[ray]'`).

Centroids, plans and labels are the same bytes as of one process on the same rows, for any division into blocks, any number
of workers, and with workers lost on the way. Nothing of the size of the data set is in the driver. docs/scale.md says what
is sent, and what it costs.
"""

from __future__ import annotations

try:
    import ray as _ray  # noqa: F401
except ImportError as error:
    raise ImportError(f"ilk.ray needs Ray: pip install 'ilk[ray]' ({error})") from None

from ._cae import CAEModel, cae
from ._embedding import embed_images
from ._files import read_parquet, write_parquet
from ._kmeans import KMeansModel, kmeans
from ._transport import transport

__all__ = ["CAEModel", "KMeansModel", "cae", "embed_images", "kmeans", "read_parquet", "transport", "write_parquet"]
