"""A run with a model of the user's own: its images and nouns become files of features."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np

from . import _core
from ._own_encoders import embed_images_with
from ._progress import Notice, Progress
from ._vocabulary import vocabulary


def features_for_run(
    encoder: Any, paths: list[str], options: dict[str, Any], folder: str, progress: Progress
) -> dict[str, Any]:
    """Encodes images and nouns into files of `folder`; returns the options of a run on these features."""
    for name in ("features", "names", "noun_features", "model", "captions_corpus"):
        if name in options:
            raise _core.Error(f"[cluster] {name} must not be given together with encoder.")
    options = dict(options)
    images = embed_images_with(encoder, paths, [], progress)
    if images.skipped:
        warnings.warn(
            f"{len(images.skipped)} files were skipped, the first of them {images.skipped[0].path}: {images.skipped[0].reason}.",
            Notice,
            stacklevel=3,
        )
    templates = _core.read_templates(os.fspath(options.pop("templates"))) if "templates" in options else None
    words = vocabulary(
        nouns=options.pop("nouns", None), templates=templates, encoder=encoder, cache=options.get("cache"), progress=progress
    )
    files = {name: os.path.join(folder, name) for name in ("images.npy", "names.txt", "nouns.npy", "nouns.txt")}
    np.save(files["images.npy"], images.embeddings)
    np.save(files["nouns.npy"], words.features)
    for name, lines in (("names.txt", images.paths), ("nouns.txt", words.nouns)):
        if any("\n" in line for line in lines):
            raise _core.Error("[cluster] a path with a line's end in it cannot be used with encoder.")
        with open(files[name], "w", encoding="utf-8", errors="surrogateescape") as file:
            file.writelines(line + "\n" for line in lines)
    options.update(
        features=files["images.npy"], names=files["names.txt"], nouns=files["nouns.txt"], noun_features=files["nouns.npy"]
    )
    return options
