"""Other programs that a run is handed to, and models of others, where they are installed: the real ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ilk
import numpy as np
import pytest
from ilk import _arrays


@pytest.fixture(scope="module")
def run(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> ilk.Run:
    paths = [str(path) for path in sorted(photos.iterdir())[:30]]
    return ilk.cluster(paths, k=4, output=tmp_path_factory.mktemp("run") / "run", cache="none", progress=False)


def test_torch_tensors_are_read_where_they_are() -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.nn.functional.normalize(torch.randn(300, 16), dim=1)
    read = _arrays.unit_rows(tensor)
    assert read.ctypes.data == tensor.data_ptr()
    assert (ilk.kmeans(tensor, 4).labels == ilk.kmeans(tensor.numpy(), 4).labels).all()
    assert ilk.kmeans(tensor.to(torch.bfloat16).requires_grad_(), 4).labels.shape == (300,)


def test_fiftyone(run: ilk.Run) -> None:
    fo = pytest.importorskip("fiftyone")
    try:
        dataset = run.to_fiftyone()
    except Exception as error:  # its database server is a program of its own, which may not start
        if type(error).__module__.split(".")[0] not in ("fiftyone", "pymongo", "mongoengine"):
            raise
        pytest.skip(f"FiftyOne's database does not start: {error}")
    assert len(dataset) == len(run)
    assert dataset.values("cluster.label") == [run.cluster_names[c] for c in run.labels]
    assert np.allclose(np.stack(dataset.values("embedding")), run.embeddings)
    assert dataset.count_values("cluster.label") == {
        name: int(size) for name, size in zip(run.cluster_names, np.bincount(run.labels), strict=True)
    }
    fo.delete_dataset(dataset.name)


def test_embedding_atlas(run: ilk.Run) -> None:
    pytest.importorskip("embedding_atlas")
    pytest.importorskip("anywidget")
    pytest.importorskip("pandas")
    import asyncio

    async def in_a_notebook() -> Any:
        return run.to_embedding_atlas()

    widget = asyncio.run(in_a_notebook())
    assert type(widget).__name__ == "EmbeddingAtlasWidget"


def clip(folder: Path) -> tuple[Any, Any]:
    """CLIP of transformers with few, random weights, and its processor."""
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    letters = [*"abcdefghijklmnopqrstuvwxyz"]
    tokens = ["<|startoftext|>", "<|endoftext|>", *letters, *(letter + "</w>" for letter in letters)]
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = transformers.CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = transformers.CLIPConfig(
        text_config={**sizes, "vocab_size": len(tokens), "max_position_embeddings": 77, "bos_token_id": 0, "eos_token_id": 1},
        vision_config={**sizes, "image_size": 32, "patch_size": 16},
        projection_dim=24,
    )
    pictures = transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    return transformers.CLIPModel(config).eval(), transformers.CLIPProcessor(pictures, tokenizer)


def a_run_with(encoder: Any, photos: Path, folder: Path) -> None:
    paths = [str(path) for path in sorted(photos.iterdir())[:20]]
    found = ilk.cluster(paths, k=3, encoder=encoder, nouns=["dog", "boat", "tree", "car"], output=folder / "run", cache="none", progress=False)
    assert len(found) == 20 and len(found.cluster_names) == 3
    images = ilk.embed_images(paths, encoder=encoder, progress=False).embeddings
    assert np.allclose(found.embeddings, images, atol=1e-5)
    texts = ilk.embed_texts(["a dog", "a boat"], encoder=encoder, progress=False)
    assert texts.shape == (2, images.shape[1]) and not np.allclose(texts[0], texts[1])


def test_transformers(photos: Path, tmp_path: Path) -> None:
    a_run_with(clip(tmp_path), photos, tmp_path)


def test_sentence_transformers(photos: Path, tmp_path: Path) -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers")
    modules = pytest.importorskip("sentence_transformers.sentence_transformer.modules")
    model, processor = clip(tmp_path)
    model.save_pretrained(tmp_path / "clip")
    processor.save_pretrained(tmp_path / "clip")
    module = modules.CLIPModel(str(tmp_path / "clip"))
    a_run_with(sentence_transformers.SentenceTransformer(modules=[module], device="cpu"), photos, tmp_path)


def test_open_clip(photos: Path, tmp_path: Path) -> None:
    open_clip = pytest.importorskip("open_clip")
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    model = open_clip.CLIP(
        embed_dim=24,
        vision_cfg={"image_size": 32, "layers": 2, "width": 64, "patch_size": 16},
        text_cfg={"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2},
    ).eval()
    preprocess = open_clip.image_transform(32, is_train=False)
    a_run_with((model, preprocess, open_clip.SimpleTokenizer()), photos, tmp_path)
