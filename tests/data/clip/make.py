#!/usr/bin/env python3
"""Writes reference.json: embeddings by transformers' CLIPModel, for tests/clip_test.cpp. Made with transformers 5.24.0.

The models are made of numbers that both languages can make. For element i (row-major) of the tensor `name`:

    h = splitmix64(fnv1a64(name) + i)        (both modulo 2^64; splitmix64 adds its constant first)
    r = (h >> 40) / 2^23 - 1                 in [-1, 1)
    value = 1 + 0.2 r     for the weights of norms (the name contains "norm" and ends with ".weight")
            0.1 r         for other tensors of one dimension
            0.5 r         for embeddings of tokens and positions (the name contains "_embedding.", not "patch_")
            r sqrt(3 / (number of elements / length of the first dimension))   for the rest

computed in double, rounded to float32 and then to the type of the file. Image n is 2 r with the name "image n".
../tiny_clip gets its weights and config.json of the same numbers; its vocabulary of 8,706 byte pairs is kept as it is.
`--full FOLDER` writes a whole ViT-B/32 (weights, tokenizer, expected.safetensors) to be compared by hand.
"""
import json
import pathlib
import shutil
import sys

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPModel, CLIPTokenizerFast

here = pathlib.Path(__file__).parent
tiny = here.parent / "tiny_clip"
texts = ["a picture of a dog", "tree", "", "Señor 犬!", "a tree <|endoftext|> and more", "red apple, fruit " * 9]
types = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def numbers(name, count):
    state = 14695981039346656037
    for byte in name.encode():
        state = (state ^ byte) * 1099511628211 % 2**64
    with np.errstate(over="ignore"):
        z = np.arange(count, dtype=np.uint64) + np.uint64(state) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(40)).astype(np.float64) / 2**23 - 1


def weight(name, shape):
    count = int(np.prod(shape))
    r = numbers(name, count)
    if "norm" in name and name.endswith(".weight"):
        values = 1 + 0.2 * r
    elif len(shape) <= 1:
        values = 0.1 * r
    elif "_embedding." in name and "patch_" not in name:
        values = 0.5 * r
    else:
        values = r * np.sqrt(3 / (count // shape[0]))
    return torch.from_numpy(values.astype(np.float32)).reshape(shape)


def image(n, size):
    return torch.from_numpy((2 * numbers(f"image {n}", 3 * size * size)).astype(np.float32)).reshape(1, 3, size, size)


def build(config, type):
    model = CLIPModel(CLIPConfig(**config)).eval()
    state = {name: weight(name, list(value.shape)).to(types[type])
             for name, value in model.state_dict().items() if not name.endswith("position_ids")}
    missing, unexpected = model.load_state_dict({k: v.float() for k, v in state.items()}, strict=False)
    assert not unexpected and all(name.endswith("position_ids") for name in missing), (missing, unexpected)
    return model, state


def embed(model, tokenizer, images):
    context = model.config.text_config.max_position_embeddings
    with torch.no_grad():
        rows = [model.get_image_features(pixel_values=pixels).pooler_output for pixels in images]
        rows += [model.get_text_features(**tokenizer(text, truncation=True, max_length=context, return_tensors="pt")).pooler_output
                 for text in texts]
    rows = torch.cat(rows).double()
    return rows / rows.norm(dim=1, keepdim=True)


def rounded(rows):
    return [[round(float(x), 7) for x in row] for row in rows]


def small(activation, **text):
    return {
        "projection_dim": 24,
        "text_config": {"hidden_size": 48, "intermediate_size": 96, "num_attention_heads": 4, "num_hidden_layers": 2,
                        "max_position_embeddings": 16, "vocab_size": 8706, "hidden_act": activation, **text},
        "vision_config": {"hidden_size": 64, "intermediate_size": 128, "num_attention_heads": 4,
                          "num_hidden_layers": 3, "image_size": 30, "patch_size": 8, "hidden_act": activation},
    }


# What the towers leave out are the defaults: ViT-B/32's widths.
wide = {"projection_dim": 512, "text_config": {"num_hidden_layers": 2, "vocab_size": 8706, "eos_token_id": 2},
        "vision_config": {"num_hidden_layers": 2}}


# The directory that tests take for a CLIP: as small as its vocabulary, which is a real one, allows.
tiny_config = {
    "model_type": "clip", "architectures": ["CLIPModel"], "projection_dim": 32, "torch_dtype": "float16",
    "text_config": {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 4, "num_hidden_layers": 2,
                    "max_position_embeddings": 20, "vocab_size": 8706, "hidden_act": "gelu", "bos_token_id": 8704,
                    "eos_token_id": 8705, "pad_token_id": 8705},
    "vision_config": {"hidden_size": 48, "intermediate_size": 96, "num_attention_heads": 4, "num_hidden_layers": 2,
                      "image_size": 64, "patch_size": 16, "hidden_act": "gelu"},
}


def make_tiny():
    model, state = build({k: v for k, v in tiny_config.items() if k not in ("architectures", "torch_dtype")}, "F16")
    save_file({name: value.contiguous() for name, value in state.items()}, tiny / "model.safetensors", metadata={"format": "pt"})
    (tiny / "config.json").write_text(json.dumps(tiny_config, indent=1) + "\n")
    return model


def main():
    tokenizer = CLIPTokenizerFast.from_pretrained(tiny)
    models = []
    for config, type in [(small("quick_gelu", eos_token_id=2), "F32"), (small("gelu", eos_token_id=8705), "F32"),
                         (small("quick_gelu", eos_token_id=8705), "F16"), (small("gelu", eos_token_id=2), "BF16"), (wide, "F16")]:
        model, state = build(config, type)
        size = model.config.vision_config.image_size
        models.append({"config": config, "type": type, "shapes": {name: list(v.shape) for name, v in state.items()},
                       "embeddings": rounded(embed(model, tokenizer, [image(n, size) for n in range(3)]))})
    model = make_tiny()
    reference = {"texts": texts, "models": models,
                 "tiny_clip": rounded(embed(model, tokenizer, [image(n, 64) for n in range(3)]))}
    text = json.dumps(reference, separators=(",", ":")).replace("],[", "],\n[").replace('},{"config"', '},\n{"config"')
    (here / "reference.json").write_text(text + "\n")


def full(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name in ["vocab.json", "merges.txt"]:
        shutil.copy(tiny / name, folder)
    config = {"projection_dim": 512, "text_config": {"eos_token_id": 2}, "vision_config": {}}
    model, state = build(config, "F32")
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps({"model_type": "clip", **config}))
    (folder / "preprocessor_config.json").write_text(json.dumps({"size": 224, "crop_size": 224, "resample": 3}))
    images = [image(n, 224) for n in range(3)]
    rows = embed(model, CLIPTokenizerFast.from_pretrained(tiny), images).float()
    save_file({"images": torch.cat(images), "embeddings": rows}, folder / "expected.safetensors")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--full"]:
        full(pathlib.Path(sys.argv[2]))
    else:
        main()
