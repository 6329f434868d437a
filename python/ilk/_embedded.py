"""What embedding gives, and what it needs: shared by the models that ilk loads and those of the user's own."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _arrays, _core

# A model of the user's: what ilk._own_encoders takes.
Encoder = Any
Path = str | os.PathLike[str]


@dataclass(frozen=True)
class Skipped:
    """A file that could not be used."""

    path: str
    kind: str  #: one of a few words, for counting: "damaged", "not an image", …
    reason: str


@dataclass(frozen=True, eq=False)
class EmbeddedImages:
    """Embeddings and what they are of; NumPy takes it as the embeddings."""

    embeddings: _arrays.Floats  #: (N, D), rows of unit length
    paths: list[str]  #: of the N usable images; numbers where images came without a path
    rows: npt.NDArray[np.int64]  #: the place of each among the images that were found
    skipped: list[Skipped]
    encoded: int  #: images that the model saw now
    from_cache: int  #: images whose embedding was kept from before

    def __len__(self) -> int:
        return len(self.paths)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.array(self.embeddings, dtype=dtype, copy=bool(copy) or None) if copy is not False else self.embeddings

    def __repr__(self) -> str:
        return f"EmbeddedImages({len(self.paths)} images, {self.embeddings.shape[1]} dimensions, {len(self.skipped)} skipped)"


@functools.lru_cache(maxsize=2)
def loaded_encoder(model: str, precision: str = "auto") -> _core.ImageTextEncoder:
    """The model, loaded once."""
    return _core.load_encoder(model, precision)


def cache_folder(cache: Path | bool | None) -> str:
    """The folder for what is kept between calls; empty: nothing is."""
    if cache is False or cache == "none":
        return ""
    return _core.default_cache() if cache is None or cache is True else os.fspath(cache)
