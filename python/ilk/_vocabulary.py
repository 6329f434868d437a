"""Nouns with their embeddings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import _arrays, _core
from ._embedded import Encoder, cache_folder, loaded_encoder
from ._own_encoders import embed_nouns
from ._progress import Progress, listening


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Nouns and their features, from the model that saw the images."""

    nouns: list[str]
    features: _arrays.Floats  #: (P, D), rows of unit length
    #: WordNet's definition of the sense that is meant, for each noun, or none at all
    definitions: list[str] = field(default_factory=list)
    with_hypernyms: bool = False  #: whether what the nouns are kinds of may be a name too

    def __len__(self) -> int:
        return len(self.nouns)

    def __repr__(self) -> str:
        return f"Vocabulary({len(self.nouns)} nouns, {self.features.shape[1]} dimensions)"


# What functions take as a vocabulary: a model's name, nouns with features, or a Vocabulary.
AnyVocabulary = Any


def vocabulary(
    model: str = "ilk-lite",
    *,
    nouns: str | os.PathLike[str] | Sequence[str] | None = None,
    templates: Sequence[str] | None = None,
    encoder: Encoder | None = None,
    precision: str = "auto",
    cache: str | os.PathLike[str] | bool | None = None,
    n_jobs: int | None = None,
    progress: Progress = None,
) -> Vocabulary:
    """
    The nouns that clusters are named with, and their embeddings; what was encoded before is kept.

    Parameters
    ----------
    model : str
        A model's name or directory.
    nouns : path or list of str, optional
        A file of nouns, one a line, a file of `ilk vocab build`, or the nouns. Without: the model's own list, else
        WordNet's, where it is installed.
    templates : list of str, optional
        Prompts with {} for the noun. Without: the model's own, else the usual seven.
    encoder : callable or model object, optional
        A model of yours in the place of `model`, see `embed_texts`.
    precision : {"auto", "fp32", "int16"}
    cache : path or bool, optional
        Folder for what is kept between calls; False: keep nothing.
    n_jobs : int, optional
    progress : bool or callable

    Returns
    -------
    Vocabulary

    Raises
    ------
    Error
        Where there are no nouns: no list, none with the model, and no WordNet.
    """
    if isinstance(nouns, (str, os.PathLike)) and os.fspath(nouns).endswith(".safetensors"):
        texts, features, _ = _core.read_vocabulary_file(os.fspath(nouns))
        return Vocabulary(texts, features)
    if encoder is not None:
        return Vocabulary(*embed_nouns(encoder, _texts(nouns, None), templates, cache, progress))
    own = loaded_encoder(model, precision)
    made = os.path.join(own.directory, "nouns.safetensors")
    if nouns is None and templates is None and os.path.exists(made):
        texts, features, fingerprint = _core.read_vocabulary_file(made)
        if fingerprint == own.fingerprint:
            return Vocabulary(texts, features, _definitions(own.directory, texts), with_hypernyms=True)
    texts, _ = _core.make_corpus("the list of nouns", _texts(nouns, own.directory))
    prompts = list(templates) if templates is not None else _templates(own.directory)
    with listening(progress) as listener:
        features = _core.embed_corpus(own, texts, prompts, cache_folder(cache), listener, _arrays.jobs(n_jobs))
    if nouns is not None:
        return Vocabulary(texts, features)
    return Vocabulary(texts, features, _definitions(own.directory, texts), with_hypernyms=True)


def _definitions(directory: str, nouns: list[str]) -> list[str]:
    """What follows the tab in the model's own list."""
    path = os.path.join(directory, "nouns.txt")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as lines:
        listed = dict(line.rstrip("\n").partition("\t")[::2] for line in lines)
    return [listed.get(noun, "") for noun in nouns]


def _texts(nouns: str | os.PathLike[str] | Sequence[str] | None, directory: str | None) -> list[str]:
    if isinstance(nouns, (str, os.PathLike)):
        return list(_core.read_nouns(os.fspath(nouns)))
    if nouns is not None:
        return list(nouns)
    own = None if directory is None else os.path.join(directory, "nouns.txt")
    if own is not None and os.path.exists(own):
        return list(_core.read_nouns(own))
    wordnet = _core.find_wordnet()
    if wordnet is None:
        raise _core.Error(
            "Nouns default to WordNet's, which was not found. Install it (Debian: wordnet-base), or give a list: nouns=[...]."
        )
    return list(_core.wordnet_nouns(wordnet))


def _templates(directory: str) -> list[str]:
    own = os.path.join(directory, "templates.txt")
    return list(_core.read_templates(own) if os.path.exists(own) else _core.default_templates())


def as_vocabulary(given: AnyVocabulary, width: int) -> Vocabulary:
    """A vocabulary of this width from what a function was given."""
    if isinstance(given, str):
        given = vocabulary(given, progress=False)
    if isinstance(given, Vocabulary):
        found = given
    else:
        try:
            nouns, features = given
        except (TypeError, ValueError):
            raise _core.Error(
                "vocabulary must be a model's name, a Vocabulary, or nouns with their features, got "
                f"{type(given).__name__}."
            ) from None
        found = Vocabulary(list(nouns), _arrays.unit_rows(features, "features of nouns", "vocabulary"))
    if len(found.nouns) != found.features.shape[0]:
        raise _core.Error(
            f"features of nouns must have a row for each of the {len(found.nouns)} nouns, got {found.features.shape[0]}."
        )
    if found.features.shape[1] != width:
        raise _core.Error(
            f"X must be as wide as the nouns' features ({found.features.shape[1]}), got {width}: both must be from one model."
        )
    return found

