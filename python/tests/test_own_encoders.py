"""Models of the user's in the place of ilk's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ilk
import numpy as np
import pytest

pytest.importorskip("PIL")

WORDS = ["red", "green", "blue"]


class Colours:
    """Sees which colour a picture has most of, and reads that colour's name."""

    calls = 0

    def __call__(self, items: list[Any]) -> np.ndarray:
        return np.stack([self._text(item) if isinstance(item, str) else self._image(item) for item in items])

    def _image(self, picture: Any) -> np.ndarray:
        return np.asarray(picture, dtype=np.float64).mean(axis=(0, 1)) + 1

    def _text(self, text: str) -> np.ndarray:
        Colours.calls += 1
        return np.array([10.0 * (word in text) for word in WORDS]) + 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    from PIL import Image

    random = np.random.default_rng(0)
    made = tmp_path / "pictures"
    made.mkdir()
    for i in range(45):
        pixels = random.integers(0, 60, (8, 8, 3), dtype=np.uint8)
        pixels[:, :, i % 3] += 180
        Image.fromarray(pixels).save(made / f"{i:02}.png")
    (made / "notes.txt").write_text("no picture")
    return made


def test_images_and_texts(folder: Path) -> None:
    found = ilk.embed_images(folder, encoder=Colours(), progress=False)
    assert found.embeddings.shape == (45, 3) and [Path(one.path).name for one in found.skipped] == ["notes.txt"]
    assert (found.embeddings.argmax(axis=1) == np.arange(45) % 3).all()
    texts = ilk.embed_texts(["a red car", "blue"], encoder=Colours(), progress=False)
    assert (texts.argmax(axis=1) == [0, 2]).all() and np.allclose(np.linalg.norm(texts, axis=1), 1)


def test_a_run(folder: Path, tmp_path: Path) -> None:
    run = ilk.cluster(
        folder, k=3, encoder=Colours(), nouns=[*WORDS, "yellow"], output=tmp_path / "run", cache=tmp_path / "cache", progress=False
    )
    assert sorted(run.cluster_names) == sorted(WORDS)
    assert [run.cluster_names[c] for c in run.labels] == [WORDS[i % 3] for i in range(45)]
    assert [Path(path).name for path in run.paths] == [f"{i:02}.png" for i in range(45)]
    assert "data:image" in Path(run.report()).read_text()


def test_nouns_are_encoded_once(tmp_path: Path) -> None:
    Colours.calls = 0
    first = ilk.vocabulary(nouns=WORDS, encoder=Colours(), cache=tmp_path, progress=False)
    cost = Colours.calls
    again = ilk.vocabulary(nouns=WORDS, encoder=Colours(), cache=tmp_path, progress=False)
    assert (first.features == again.features).all()
    assert Colours.calls - cost < cost  # the fingerprint alone

    class Others(Colours):
        def _text(self, text: str) -> np.ndarray:
            return super()._text(text)[::-1] + 0.01

    other = ilk.vocabulary(nouns=WORDS, encoder=Others(), cache=tmp_path, progress=False)
    assert not np.allclose(other.features, first.features)
    kept = sorted((tmp_path / "own-encoders").iterdir())
    assert len(kept) == 2
    kept[0].write_bytes(b"\x93NUMPY damaged")
    kept[1].write_bytes(kept[1].read_bytes()[:100])
    assert (ilk.vocabulary(nouns=WORDS, encoder=Colours(), cache=tmp_path, progress=False).features == first.features).all()


def test_model_objects() -> None:
    class Sentences:
        def encode(self, items: list[str]) -> np.ndarray:
            return Colours()(items)

    class Both:
        encode_images = encode_texts = Colours().__call__

    for model in (Sentences(), Both()):
        assert ilk.embed_texts(["green"], encoder=model, progress=False).argmax() == 1


def test_torch_models(folder: Path) -> None:
    """As open_clip and transformers call theirs, by small models of the same form."""
    torch = pytest.importorskip("torch")

    class Tower(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.scale = torch.nn.Parameter(torch.ones(1))

        def encode_image(self, pixels: Any) -> Any:
            return pixels.mean(dim=(2, 3)) * self.scale

        def encode_text(self, tokens: Any) -> Any:
            return tokens * self.scale

        def get_image_features(self, pixel_values: Any) -> Any:
            return self.encode_image(pixel_values)

        def get_text_features(self, input_ids: Any) -> Any:
            return self.encode_text(input_ids)

    def preprocess(picture: Any) -> Any:
        return torch.from_numpy(np.asarray(picture).transpose(2, 0, 1).astype(np.float32))

    def tokenizer(texts: list[str]) -> Any:
        return torch.tensor([[10.0 * (word in text) + 1 for word in WORDS] for text in texts])

    class Inputs(dict[str, Any]):
        def to(self, device: Any) -> Inputs:
            return Inputs({name: value.to(device) for name, value in self.items()})

    def processor(images: Any = None, text: Any = None, return_tensors: str = "pt", **more: Any) -> Inputs:
        return Inputs(pixel_values=torch.stack([preprocess(one) for one in images])) if images else Inputs(input_ids=tokenizer(text))

    for encoder in ((Tower(), preprocess, tokenizer), (Tower(), processor)):
        found = ilk.embed_images(folder, encoder=encoder, progress=False)
        assert (found.embeddings.argmax(axis=1) == np.arange(45) % 3).all()
        assert ilk.embed_texts(["blue"], encoder=encoder, progress=False).argmax() == 2
    with pytest.raises(ilk.Error, match="needs what goes before"):
        ilk.embed_texts(["blue"], encoder=Tower())


def test_mistakes(folder: Path) -> None:
    with pytest.raises(ilk.Error, match="must be a callable"):
        ilk.embed_texts(["x"], encoder=5)
    with pytest.raises(ilk.Error, match="a row for each of 2 texts, got 1"):
        ilk.embed_texts(["x", "y"], encoder=lambda items: np.ones((1, 3)))
    with pytest.raises(ilk.Error, match="zero row"):
        ilk.embed_texts(["x"], encoder=lambda items: np.zeros((1, 3)))
    with pytest.raises(ilk.Error, match="together with encoder"):
        ilk.cluster(folder, k=2, encoder=Colours(), model="ilk-lite")
