"""Embedding as a stage of a Ray dataset."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _core


class _Encoder:
    """An actor that holds the model."""

    def __init__(self, model: str, precision: str, column: str, options: dict[str, Any]) -> None:
        self._model, self._precision, self._column, self._options = model, precision, column, options

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        from .. import _library
        from .._embedded import loaded_encoder

        _library.prepare_images()
        encoder = loaded_encoder(self._model, self._precision)
        paths = [str(path) for path in batch[self._column]]
        try:
            found = encoder.embed_paths([], paths, self._options, "", None, 1)
        except _core.Error as error:
            if "usable image" not in str(error):
                raise
            found = {"paths": [], "embeddings": np.zeros((0, encoder.width), dtype=np.float32)}
        row_of = {path: row for row, path in enumerate(found["paths"])}
        kept = [i for i, path in enumerate(paths) if path in row_of]
        rows = [row_of[paths[i]] for i in kept]
        return {**{name: values[kept] for name, values in batch.items()}, "embedding": found["embeddings"][rows]}


def embed_images(
    dataset: Any,
    column: str = "path",
    *,
    model: str = "ilk-lite",
    precision: str = "auto",
    concurrency: int = 1,
    batch_size: int = 64,
    **options: Any,
) -> Any:
    """
    Adds the column `embedding` to a dataset of paths; rows whose image cannot be used are left out.

    Parameters
    ----------
    dataset : ray.data.Dataset
        With a path of an image in each row.
    column : str
    model, precision : str
        As `ilk.embed_images`; the model must be on every machine.
    concurrency : int
        Actors, each of one thread.
    batch_size : int
    **options
        pixel_limit, shrink_on_load, jpeg_xl.

    Returns
    -------
    ray.data.Dataset
    """
    from ray.data import ActorPoolStrategy

    return dataset.map_batches(
        _Encoder,
        fn_constructor_args=(model, precision, column, options),
        compute=ActorPoolStrategy(size=concurrency),
        batch_size=batch_size,
        batch_format="numpy",
    )
