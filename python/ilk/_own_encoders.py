"""
Models of the user's: a callable, or what open_clip, transformers or sentence-transformers give.

A model is known by its answers to a few fixed texts; under that fingerprint the embeddings of nouns are kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import _arrays, _core
from ._embedded import EmbeddedImages, Skipped, cache_folder
from ._progress import Listener, Progress, listening

AT_A_TIME = 32
_PROBES = ["a photo of a dog", "a mountain lake at dawn", "text", "two red bicycles", "Straße 42", "owl"]


@dataclass
class _Model:
    """A model as two functions, from lists of PIL images and of texts to arrays (N, D)."""

    images: Callable[[list[Any]], Any]
    texts: Callable[[list[str]], Any]


def _model(encoder: Any) -> _Model:
    """What the object is, by what it can do; throws Error saying what is understood."""
    if isinstance(encoder, (tuple, list)) and len(encoder) == 3:
        return _open_clip(*encoder)
    if isinstance(encoder, (tuple, list)) and len(encoder) == 2 and hasattr(encoder[0], "get_image_features"):
        return _transformers(*encoder)
    if hasattr(encoder, "encode_images") and hasattr(encoder, "encode_texts"):
        return _Model(encoder.encode_images, encoder.encode_texts)
    if hasattr(encoder, "get_image_features") or hasattr(encoder, "encode_image"):
        raise _core.Error(
            "encoder needs what goes before its model: (model, processor) of transformers, or (model, preprocess, tokenizer) "
            "of open_clip."
        )
    if hasattr(encoder, "encode"):  # sentence-transformers take both
        return _Model(encoder.encode, encoder.encode)
    if callable(encoder):
        return _Model(encoder, encoder)
    raise _core.Error(
        "encoder must be a callable, a sentence-transformers model, (model, processor) of transformers, or "
        f"(model, preprocess, tokenizer) of open_clip, got {type(encoder).__name__}."
    )


@contextlib.contextmanager
def _without_gradients() -> Iterator[Any]:
    import torch

    with torch.inference_mode():
        yield torch


def _device(model: Any) -> Any:
    return next(iter(model.parameters())).device


def _open_clip(model: Any, preprocess: Any, tokenizer: Any) -> _Model:
    def images(pictures: list[Any]) -> Any:
        with _without_gradients() as torch:
            return model.encode_image(torch.stack([preprocess(picture) for picture in pictures]).to(_device(model)))

    def texts(some: list[str]) -> Any:
        with _without_gradients():
            return model.encode_text(tokenizer(some).to(_device(model)))

    return _Model(images, texts)


def _transformers(model: Any, processor: Any) -> _Model:
    def pooled(found: Any) -> Any:  # newer versions return the tower's whole output
        return getattr(found, "pooler_output", found)

    def images(pictures: list[Any]) -> Any:
        with _without_gradients():
            inputs = processor(images=pictures, return_tensors="pt").to(_device(model))
            return pooled(model.get_image_features(**inputs))

    def texts(some: list[str]) -> Any:
        with _without_gradients():
            inputs = processor(text=some, padding=True, truncation=True, return_tensors="pt").to(_device(model))
            return pooled(model.get_text_features(**inputs))

    return _Model(images, texts)


def _answers(found: Any, count: int, what: str) -> _arrays.Floats:
    """A model's answer, checked and of unit length."""
    if isinstance(found, (list, tuple)):
        found = np.stack([np.asarray(one) for one in found])
    matrix = _arrays.rows(found, f"what encoder made of {what}", "encoder")
    if len(matrix) != count:
        raise _core.Error(f"encoder must give a row for each of {count} {what}, got {len(matrix)}.")
    return _arrays.unit_rows(matrix, f"what encoder made of {what}", "encoder")


def _told(encode: Callable[[list[Any]], Any], items: Sequence[Any], what: str, stage: str, listener: Listener) -> _arrays.Floats:
    parts = []
    for begin in range(0, len(items), AT_A_TIME):
        listener.update(stage, begin, len(items), what)
        some = list(items[begin : begin + AT_A_TIME])
        parts.append(_answers(encode(some), len(some), what))
    listener.update(stage, len(items), len(items), what)
    return np.concatenate(parts)


def encode_texts_with(encoder: Any, texts: list[str], progress: Progress) -> _arrays.Floats:
    """Texts by the user's model: (N, D), rows of unit length."""
    with listening(progress) as listener:
        return _told(_model(encoder).texts, texts, "texts", "Encoding texts", listener)


def embed_images_with(encoder: Any, paths: list[str], images: Any, progress: Progress) -> EmbeddedImages:
    """Images by the user's model; files that cannot be read are skipped."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    model = _model(encoder)
    names, skipped = paths, []
    if paths:
        names, left_out = _core.list_images(paths)
        skipped = [Skipped(*file) for file in left_out]
    else:
        names = [str(i) for i in range(len(images))]
    parts: list[_arrays.Floats] = []
    rows: list[int] = []
    pictures: list[Any] = []

    def flush() -> None:
        if pictures:
            parts.append(_answers(model.images(list(pictures)), len(pictures), "images"))
            pictures.clear()

    with listening(progress) as listener:
        for i, name in enumerate(names):
            listener.update("Encoding images", i, len(names), "images")
            try:
                source = Image.open(name) if paths else images[i]
                if not isinstance(source, Image.Image):
                    source = Image.fromarray(np.asarray(source))
                pictures.append(ImageOps.exif_transpose(source).convert("RGB"))
                rows.append(i)
            except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
                kind = "not an image" if isinstance(error, UnidentifiedImageError) else "damaged"
                skipped.append(Skipped(name, kind, str(error)))
            if len(pictures) == AT_A_TIME:
                flush()
        flush()
    if not parts:
        raise _core.Error(f"[embed_images] there must be at least one usable image, but all {len(skipped)} files were skipped.")
    embeddings = np.concatenate(parts)
    skipped.sort(key=lambda file: file.path)
    return EmbeddedImages(embeddings, [names[i] for i in rows], np.array(rows, dtype=np.int64), skipped, len(rows), 0)


def fingerprint(encoder: Any) -> str:
    """SHA-256 of the model's answers to a few fixed texts."""
    answers = _answers(_model(encoder).texts(list(_PROBES)), len(_PROBES), "texts")
    return hashlib.sha256(repr(answers.shape).encode() + answers.tobytes()).hexdigest()


def embed_nouns(
    encoder: Any, nouns: list[str], templates: Sequence[str] | None, cache: Any, progress: Progress
) -> tuple[list[str], _arrays.Floats]:
    """Nouns, each once, and their features: the mean over the templates, kept by the model's fingerprint."""
    texts, digest = _core.make_corpus("the list of nouns", nouns)
    prompts = list(_core.default_templates() if templates is None else templates)
    key = hashlib.sha256("\n".join([fingerprint(encoder), digest, *prompts]).encode()).hexdigest()
    folder = cache_folder(cache)
    path = os.path.join(folder, "own-encoders", key[:32] + ".npy") if folder else ""
    kept = _kept(path, len(texts))
    if kept is not None:
        return texts, kept
    total: Any = 0
    for prompt in prompts:
        filled = [prompt.replace("{}", text) for text in texts]
        total = total + encode_texts_with(encoder, filled, progress).astype(np.float64)
    features = _arrays.unit_rows(total, "features of nouns", "encoder")
    if path:
        _keep(path, features)
    return texts, features


def _kept(path: str, count: int) -> _arrays.Floats | None:
    """What was kept; None where nothing was, or what is there is damaged."""
    if not path or not os.path.exists(path):
        return None
    try:
        found = np.load(path)
        _arrays.unit_rows(found, "features of nouns")
    except (OSError, ValueError, EOFError):
        return None
    return found if found.dtype == np.float32 and found.ndim == 2 and len(found) == count else None


def _keep(path: str, features: _arrays.Floats) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    descriptor, scratch = tempfile.mkstemp(dir=os.path.dirname(path), suffix=".npy")
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.save(file, features)
        os.replace(scratch, path)
    except BaseException:
        os.unlink(scratch)
        raise
