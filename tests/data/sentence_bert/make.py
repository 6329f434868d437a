#!/usr/bin/env python3
"""Writes reference.json: sentence embeddings by transformers' BertModel and MPNetModel. Made with transformers 4.30.2.

The models are made of numbers as in ../clip/make.py (r is its r): for element i of the tensor `name`

    1 + 0.2 r    for the weights of norms (the name contains "LayerNorm" and ends with ".weight")
    0.1 r        for other tensors of one dimension
    0.5 r        for embeddings (the name contains "embeddings.") and MPNet's distances ("relative_attention_bias")
    r sqrt(3 / (number of elements / length of the first dimension))   for the rest

The vocabulary is ../wordpiece/vocab.txt. Pooled, then brought to unit length.
"""
import importlib.util
import json
import pathlib
import tempfile

import numpy as np
import torch
from transformers import BertConfig, BertModel, BertTokenizerFast, MPNetConfig, MPNetModel

here = pathlib.Path(__file__).parent
spec = importlib.util.spec_from_file_location("clip_make", here.parent / "clip" / "make.py")
clip = importlib.util.module_from_spec(spec)
spec.loader.exec_module(clip)
texts = ["a picture of a dog", "Tree.", "", "Señor 犬! [MASK]", "red apple, fruit " * 9, "lemon " * 120, "a dog on grass"]
small = {"vocab_size": 4000, "hidden_size": 48, "intermediate_size": 96, "num_attention_heads": 4, "num_hidden_layers": 3,
         "max_position_embeddings": 200}


def weight(name, shape):
    count = int(np.prod(shape))
    r = clip.numbers(name, count)
    if "LayerNorm" in name and name.endswith(".weight"):
        values = 1 + 0.2 * r
    elif len(shape) <= 1:
        values = 0.1 * r
    elif "embeddings." in name or "relative_attention_bias" in name:
        values = 0.5 * r
    else:
        values = r * np.sqrt(3 / (count // shape[0]))
    return torch.from_numpy(values.astype(np.float32)).reshape(shape)


def embed(model, pooling, longest):
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "vocab.txt").write_text((here.parent / "wordpiece" / "vocab.txt").read_text())
        tokenizer = BertTokenizerFast.from_pretrained(folder)
    rows = []
    for text in texts:
        ids = tokenizer(text, truncation=True, max_length=longest, return_tensors="pt")["input_ids"]
        with torch.no_grad():
            tokens = model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state[0].double()
        rows.append({"mean": tokens.mean(0), "first": tokens[0], "maximum": tokens.max(0).values}[pooling])
    rows = torch.stack(rows)
    return rows / rows.norm(dim=1, keepdim=True)


def main():
    models = []
    for kind, config, type, pooling, longest in [
            ("bert", small, "F32", "mean", 200), ("bert", small, "F32", "first", 24), ("bert", small, "F16", "maximum", 200),
            ("mpnet", {**small, "layer_norm_eps": 1e-5}, "F32", "mean", 198), ("mpnet", small, "BF16", "mean", 16)]:
        model = MPNetModel(MPNetConfig(**config)) if kind == "mpnet" else BertModel(BertConfig(**config))
        model = model.eval()
        state = {name: weight(name, list(value.shape)).to(clip.types[type]) for name, value in model.state_dict().items()
                 if not name.endswith("position_ids") and "pooler" not in name}
        missing, unexpected = model.load_state_dict({k: v.float() for k, v in state.items()}, strict=False)
        assert not unexpected and all("position_ids" in n or "pooler" in n for n in missing), (missing, unexpected)
        models.append({"config": {"model_type": kind, **config}, "type": type, "pooling": pooling, "longest": longest,
                       "shapes": {name: list(v.shape) for name, v in state.items()},
                       "embeddings": clip.rounded(embed(model, pooling, longest))})
    # Distances up to 300, each with the bucket that the reference puts it in.
    buckets = model.encoder.relative_position_bucket(torch.arange(-300, 301), num_buckets=32, max_distance=128).tolist()
    reference = {"texts": texts, "buckets": buckets, "models": models}
    text = json.dumps(reference, separators=(",", ":")).replace("],[", "],\n[").replace('},{"config"', '},\n{"config"')
    (here / "reference.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
