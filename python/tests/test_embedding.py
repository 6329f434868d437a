"""Images and texts by the model that comes along."""

from __future__ import annotations

from pathlib import Path

import ilk
import numpy as np
import pytest


@pytest.fixture(scope="module")
def embedded(photos: Path) -> ilk.EmbeddedImages:
    return ilk.embed_images(sorted(photos.iterdir())[:8], cache=False, progress=False)


def test_paths(embedded: ilk.EmbeddedImages) -> None:
    assert embedded.embeddings.shape == (8, 512) and embedded.encoded == 8 and not embedded.skipped
    assert np.allclose(np.linalg.norm(embedded.embeddings, axis=1), 1, atol=1e-5)
    assert (np.asarray(embedded) == embedded.embeddings).all() and len(embedded) == 8


def test_arrays_and_pil_are_as_their_files(embedded: ilk.EmbeddedImages) -> None:
    image = pytest.importorskip("PIL.Image")
    pictures = [image.open(path) for path in embedded.paths]
    by_pil = ilk.embed_images(pictures, progress=False)
    assert (ilk.embed_images(pictures[0], progress=False).embeddings == by_pil.embeddings[:1]).all()
    by_array = ilk.embed_images([np.asarray(picture.convert("RGB")) for picture in pictures], progress=False)
    assert (by_pil.embeddings == by_array.embeddings).all()
    cosines = (by_array.embeddings * embedded.embeddings).sum(axis=1)
    assert cosines.min() > 0.99  # another decoder, which does not shrink on load
    assert list(by_array.rows) == list(range(8)) and by_array.paths == [str(i) for i in range(8)]


def test_kinds_of_arrays() -> None:
    random = np.random.default_rng(0)
    grey = random.integers(0, 255, (30, 40), dtype=np.uint8)
    rgb = np.repeat(grey[:, :, None], 3, axis=2)
    opaque = np.concatenate([rgb, np.full((30, 40, 1), 255, dtype=np.uint8)], axis=2)
    found = ilk.embed_images([grey, rgb, opaque, grey[:, :, None]], progress=False).embeddings
    assert (found == found[0]).all()
    assert (ilk.embed_images(np.stack([rgb] * 300), progress=False).embeddings == found[0]).all()
    for bad, words in [(rgb / 255.0, "uint8"), (rgb[:, :, :2], "shape"), (np.zeros((0, 4), np.uint8), "shape")]:
        with pytest.raises(ilk.Error, match=words):
            ilk.embed_images([bad])
    with pytest.raises(ilk.Error, match="give a single image"):
        ilk.embed_images(rgb)
    with pytest.raises(ilk.Error, match="empty list"):
        ilk.embed_images([])
    with pytest.raises(ilk.Error, match="all paths or all arrays"):
        ilk.embed_images([rgb, "x.png"])


def test_skipped_and_cache(embedded: ilk.EmbeddedImages, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for path in embedded.paths:
        (folder / Path(path).name).write_bytes(Path(path).read_bytes())
    (folder / "notes.txt").write_text("no picture")
    first = ilk.embed_images(folder, cache=tmp_path / "cache", progress=False)
    second = ilk.embed_images(folder, cache=tmp_path / "cache", progress=False)
    assert first.encoded == 8 and second.from_cache == 8
    assert (first.embeddings == second.embeddings).all()
    assert [(Path(one.path).name, one.kind) for one in first.skipped] == [("notes.txt", "not an image")]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ilk.Error, match="at least one"):
        ilk.embed_images(tmp_path / "empty")
    with pytest.raises(ilk.Error, match="absent"):
        ilk.embed_images("absent")


def test_texts() -> None:
    found = ilk.embed_texts(["dog", "cat", "dog"], progress=False)
    assert found.shape == (3, 512) and (found[0] == found[2]).all()
    mean = ilk.embed_texts(["dog"], templates=["a photo of a {}", "a drawing of a {}"], progress=False)
    both = ilk.embed_texts(["a photo of a dog", "a drawing of a dog"], progress=False).astype(np.float64).sum(axis=0)
    assert np.allclose(mean[0], both / np.linalg.norm(both), atol=1e-6)
    with pytest.raises(ilk.Error, match="once"):
        ilk.embed_texts(["dog"], templates=["a photo"])
    with pytest.raises(ilk.Error, match="did you mean|no directory"):
        ilk.embed_texts(["dog"], model="ilk-light")


def test_vocabulary(tmp_path: Path) -> None:
    own = ilk.vocabulary(progress=False)
    assert len(own) == 3930 and own.features.shape == (3930, 512)
    some = ilk.vocabulary(nouns=["dog", "cat", " dog "], progress=False)
    assert some.nouns == ["dog", "cat"]
    assert (some.features @ own.features[own.nouns.index("dog")])[0] > 0.999
    (tmp_path / "nouns.txt").write_text("# mine\ndog\tan animal\ncat\n")
    assert ilk.vocabulary(nouns=tmp_path / "nouns.txt", progress=False).nouns == ["dog", "cat"]


def test_images_are_near_their_words(photos: Path) -> None:
    """What a picture shows is nearer to it than what it does not, for most of the examples."""
    import csv

    with open(photos.parent / "labels.csv", newline="") as file:
        labelled = list(csv.DictReader(file))[::5]
    classes = sorted({row["label"] for row in labelled})
    paths = [photos / Path(row["path"]).name for row in labelled]
    images = ilk.embed_images(paths, cache=False, progress=False)
    guesses = (images.embeddings @ ilk.embed_texts(classes, progress=False).T).argmax(axis=1)
    of = {Path(row["path"]).name: row["label"] for row in labelled}
    right = [classes[guess] == of[Path(path).name] for guess, path in zip(guesses, images.paths)]
    assert np.mean(right) > 0.5
