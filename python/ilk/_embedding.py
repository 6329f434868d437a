"""Images and texts as vectors of one space."""

from __future__ import annotations

import functools
import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _arrays, _core, _library
from ._embedded import EmbeddedImages, Encoder, Path, Skipped, cache_folder, loaded_encoder
from ._own_encoders import embed_images_with, encode_texts_with
from ._progress import Progress, listening


@functools.lru_cache(maxsize=2)
def _loaded_text_encoder(model: str, precision: str) -> _core.TextEncoder:
    return _core.load_text_encoder(model, precision)


def embed_images(
    images: Path | Iterable[Any],
    *,
    model: str = "ilk-lite",
    encoder: Encoder | None = None,
    precision: str = "auto",
    cache: Path | bool | None = None,
    n_jobs: int | None = None,
    progress: Progress = None,
    **options: Any,
) -> EmbeddedImages:
    """
    Encodes images. An embedding does not depend on its companions, the threads or the processor.

    Parameters
    ----------
    images : path, list of paths, arrays or PIL images
        Folders are searched through; patterns such as "2024/**/*.jpg" work. Arrays are (H, W), (H, W, 3) or
        (H, W, 4) uint8, or one of (N, H, W, 3).
    model : str
        ilk-lite, another name from `ilk models list`, or a CLIP's Hugging Face directory.
    encoder : callable or model object, optional
        A model of yours in the place of `model`: a callable from a list of PIL images to an array (N, D), or what
        open_clip, transformers or sentence-transformers give.
    precision : {"auto", "fp32", "int16"}
        What the model multiplies in.
    cache : path or bool, optional
        Folder for the embeddings of files, kept between calls (~/.cache/ilk); False: keep nothing.
    n_jobs : int, optional
        Threads; -1: all.
    progress : bool or callable, optional
        A bar by tqdm where it is installed; a callable gets (stage, done, total, unit); False: nothing.
    **options
        pixel_limit, shrink_on_load, jpeg_xl.

    Returns
    -------
    EmbeddedImages

    Raises
    ------
    Error
        Where no image is usable. Single files that cannot be used are in `skipped`.
    """
    _library.prepare_images()
    if isinstance(images, (str, os.PathLike)) or hasattr(images, "convert"):  # a PIL image
        images = [images]
    if not isinstance(images, (Sequence, np.ndarray)):
        images = list(images)
    paths = [image for image in images if isinstance(image, (str, os.PathLike))]
    if paths and len(paths) != len(images):
        raise _core.Error("[embed_images] images must be all paths or all arrays, got both.")
    if encoder is not None:

        return embed_images_with(encoder, [os.fspath(p) for p in paths], images, progress)
    own = loaded_encoder(model, precision)
    jobs = _arrays.jobs(n_jobs)
    with listening(progress) as listener:
        if paths:
            folder = cache_folder(cache)
            file = os.path.join(folder, "embeddings.sqlite") if folder else ""
            found = own.embed_paths([os.fspath(p) for p in paths], [], options, file, listener, jobs)
            return _embedded([found])
        parts = []
        for begin, files in _files(images):
            names = [str(begin + i) for i in range(len(files))]
            part = own.embed_files(names, files, options, listener, jobs)
            part["rows"] += begin
            parts.append(part)
        if not parts:
            raise _core.Error("[embed_images] there must be at least one image, got an empty list.")
        return _embedded(parts)


def _embedded(parts: list[dict[str, Any]]) -> EmbeddedImages:
    def joined(name: str) -> Any:
        return parts[0][name] if len(parts) == 1 else np.concatenate([part[name] for part in parts])

    return EmbeddedImages(
        embeddings=joined("embeddings"),
        paths=[path for part in parts for path in part["paths"]],
        rows=joined("rows"),
        skipped=[Skipped(*file) for part in parts for file in part["skipped"]],
        encoded=sum(part["encoded"] for part in parts),
        from_cache=sum(part["from_cache"] for part in parts),
    )


def _files(images: Sequence[Any] | npt.NDArray[Any], at_a_time: int = 256) -> Iterator[tuple[int, list[bytes]]]:
    """Images as bytes of image files, some at a time."""
    if isinstance(images, np.ndarray) and images.ndim not in (4,) and images.dtype != object:
        raise _core.Error(
            f"[embed_images] one array of images must be (N, H, W, 3), got shape {images.shape}; give a single image as [image]."
        )
    for begin in range(0, len(images), at_a_time):
        yield begin, [_png(_pixels(images[i], i)) for i in range(begin, min(len(images), begin + at_a_time))]


def _pixels(image: Any, place: int) -> npt.NDArray[np.uint8]:
    if type(image).__module__.startswith("PIL.") or hasattr(image, "getexif"):
        from PIL import ImageOps

        image = ImageOps.exif_transpose(image)
        if image.mode not in ("L", "RGB", "RGBA"):
            image = image.convert("RGBA" if "transparency" in image.info or "A" in image.getbands() else "RGB")
    pixels = np.asarray(image)
    if pixels.dtype != np.uint8:
        raise _core.Error(f"[embed_images] image {place} must be of type uint8 (0 … 255), got {pixels.dtype}.")
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (3, 4)) or 0 in pixels.shape:
        raise _core.Error(f"[embed_images] image {place} must be (H, W), (H, W, 3) or (H, W, 4), got shape {pixels.shape}.")
    return pixels


def _png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """An uncompressed PNG."""
    height, width = pixels.shape[:2]
    kind = 0 if pixels.ndim == 2 else {3: 2, 4: 6}[pixels.shape[2]]
    lines = np.zeros((height, 1 + pixels.size // height), dtype=np.uint8)  # each begins with its filter: none
    lines[:, 1:] = pixels.reshape(height, -1)

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines.tobytes(), 0)) + chunk(b"IEND", b"")


def embed_texts(
    texts: Sequence[str],
    *,
    model: str = "ilk-lite",
    encoder: Encoder | None = None,
    templates: Sequence[str] | None = None,
    precision: str = "auto",
    n_jobs: int | None = None,
    progress: Progress = None,
) -> _arrays.Floats:
    """
    Encodes texts.

    Parameters
    ----------
    texts : list of str
        Longer ones are cut at the model's longest.
    model : str
        A model of images and texts, or a sentence encoder, by name or directory.
    encoder : callable or model object, optional
        A model of yours in the place of `model`: a callable from a list of texts to an array (N, D), or what
        open_clip, transformers or sentence-transformers give.
    templates : list of str, optional
        Prompts with {} for the text; the embeddings are averaged.
    precision : {"auto", "fp32", "int16"}
    n_jobs : int, optional
    progress : bool or callable, optional

    Returns
    -------
    ndarray of shape (N, D)
        Rows of unit length; a row for each text, in order.
    """
    texts = [texts] if isinstance(texts, str) else list(texts)
    if encoder is not None:

        def encode(some: list[str]) -> _arrays.Floats:
            return encode_texts_with(encoder, some, progress)
    else:
        try:
            own: _core.TextEncoder = loaded_encoder(model, precision)
        except _core.Error as error:
            try:
                own = _loaded_text_encoder(model, precision)
            except _core.Error:
                raise error from None

        def encode(some: list[str]) -> _arrays.Floats:
            with listening(progress) as listener:
                return own.encode_texts(some, listener, _arrays.jobs(n_jobs))

    if not texts:
        raise _core.Error("[embed_texts] there must be at least one text, got an empty list.")
    if templates is None:
        return encode(texts)
    for template in templates:
        if template.count("{}") != 1:
            raise _core.Error(f"[embed_texts] a template must hold {{}} once, got '{template}'.")
    total = np.sum([encode([t.replace("{}", text) for text in texts]).astype(np.float64) for t in templates], axis=0)
    return _arrays.unit_rows(total, "the mean over templates", "embed_texts")
