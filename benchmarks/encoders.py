#!/usr/bin/env python3
"""The encoders beside plain PyTorch in fp32, in turn, with a model of the shape of CLIP ViT-B/32 and random weights: images
from JPEG files of 500 × 400, and WordNet's nouns in seven prompts. Beside them what the processor can do at all: the rate
of matrix products. Needs numpy, Pillow and, for the reference, torch (Debian: python3-pil, python3-torch).
--quick: fewer images and words, one round."""
import argparse
import itertools
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from debian_python import with_packages

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
MINI = ROOT / "models/ilk-mini"
VISION = dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, image_size=224,
              patch_size=32, hidden_act="quick_gelu")
TEXT = dict(hidden_size=512, intermediate_size=2048, num_hidden_layers=12, num_attention_heads=8,
            max_position_embeddings=77, vocab_size=49408, hidden_act="quick_gelu", eos_token_id=8705)
D = 512


def make_model(folder):
    """A Hugging Face directory; the tokenizer is ilk-mini's."""
    import numpy as np
    random = np.random.default_rng(0)
    weights = {}

    def matrix(name, *shape):
        weights[name] = random.standard_normal(shape, np.float32) / math.sqrt(math.prod(shape[1:]))

    def linear(name, to, size):
        matrix(name + ".weight", to, size)
        weights[name + ".bias"] = 0.1 * random.standard_normal(to, np.float32)

    def norm(name, width):
        weights[name + ".weight"] = np.ones(width, np.float32)
        weights[name + ".bias"] = np.zeros(width, np.float32)

    def tower(name, config):
        width = config["hidden_size"]
        for i in range(config["num_hidden_layers"]):
            layer = f"{name}.encoder.layers.{i}"
            for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
                linear(f"{layer}.self_attn.{part}", width, width)
            linear(layer + ".mlp.fc1", config["intermediate_size"], width)
            linear(layer + ".mlp.fc2", width, config["intermediate_size"])
            norm(layer + ".layer_norm1", width)
            norm(layer + ".layer_norm2", width)

    width, patch = VISION["hidden_size"], VISION["patch_size"]
    matrix("vision_model.embeddings.patch_embedding.weight", width, 3, patch, patch)
    weights["vision_model.embeddings.class_embedding"] = random.standard_normal(width, np.float32)
    matrix("vision_model.embeddings.position_embedding.weight", 1 + (VISION["image_size"] // patch) ** 2, width)
    for name in ("pre_layrnorm", "post_layernorm"):
        norm("vision_model." + name, width)
    tower("vision_model", VISION)
    matrix("visual_projection.weight", D, width)
    matrix("text_model.embeddings.token_embedding.weight", TEXT["vocab_size"], TEXT["hidden_size"])
    matrix("text_model.embeddings.position_embedding.weight", TEXT["max_position_embeddings"], TEXT["hidden_size"])
    tower("text_model", TEXT)
    norm("text_model.final_layer_norm", TEXT["hidden_size"])
    matrix("text_projection.weight", D, TEXT["hidden_size"])

    header, end = {}, 0
    for name, values in weights.items():
        header[name] = dict(dtype="F32", shape=values.shape, data_offsets=[end, end + values.nbytes])
        end += values.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    folder.mkdir()
    with open(folder / "model.safetensors", "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for values in weights.values():
            file.write(values.tobytes())
    (folder / "config.json").write_text(json.dumps(dict(model_type="clip", projection_dim=D, vision_config=VISION, text_config=TEXT)))
    (folder / "preprocessor_config.json").write_text(json.dumps(dict(size=224, crop_size=224, resample=3)))
    for name in ("vocab.json", "merges.txt"):
        (folder / name).symlink_to(MINI / name)


def make_images(folder, count):
    from PIL import Image
    folder.mkdir()
    sources = sorted((ROOT / "examples/clipart/images").iterdir())
    for i in range(count):
        picture = Image.open(sources[i % len(sources)]).convert("RGB").resize((500, 400), Image.BICUBIC)
        picture.save(folder / f"{i:05}.jpg", quality=80 + i // len(sources))


def reference(what, model, images, count):
    """Seconds that plain PyTorch takes, without those of loading: run in a process of its own."""
    import numpy as np
    import torch
    from torch.nn import functional as F
    torch.set_num_threads(os.cpu_count())
    path = pathlib.Path(model) / "model.safetensors"
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    data = np.memmap(path, np.float32, "r", offset=8 + size)
    w = {name: torch.from_numpy(np.array(data[e["data_offsets"][0] // 4:e["data_offsets"][1] // 4]).reshape(e["shape"]))
         for name, e in header.items()}

    def linear(x, name):
        return F.linear(x, w[name + ".weight"], w.get(name + ".bias"))

    def norm(x, name):
        return F.layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"])

    def tower(x, name, config, mask):
        heads = config["num_attention_heads"]
        for i in range(config["num_hidden_layers"]):
            layer = f"{name}.encoder.layers.{i}"
            h = norm(x, layer + ".layer_norm1")
            q, k, v = (linear(h, f"{layer}.self_attn.{part}_proj").unflatten(-1, (heads, -1)).transpose(1, 2) for part in "qkv")
            scores = q @ k.transpose(2, 3) / math.sqrt(q.shape[-1]) + mask
            x = x + linear((scores.softmax(-1) @ v).transpose(1, 2).flatten(2), layer + ".self_attn.out_proj")
            h = linear(norm(x, layer + ".layer_norm2"), layer + ".mlp.fc1")
            x = x + linear(h * torch.sigmoid(1.702 * h), layer + ".mlp.fc2")
        return x

    def see(files):
        from PIL import Image
        mean, deviation = np.array([0.48145466, 0.4578275, 0.40821073]), np.array([0.26862954, 0.26130258, 0.27577711])
        pixels = []
        for name in files:
            picture = Image.open(name).convert("RGB")
            scale = 224 / min(picture.size)
            picture = picture.resize([round(scale * edge) for edge in picture.size], Image.BICUBIC)
            left, top = (picture.width - 224) // 2, (picture.height - 224) // 2
            picture = np.asarray(picture.crop((left, top, left + 224, top + 224)), np.float32) / 255
            pixels.append(((picture - mean) / deviation).astype(np.float32).transpose(2, 0, 1))
        e = "vision_model.embeddings."
        x = F.conv2d(torch.from_numpy(np.stack(pixels)), w[e + "patch_embedding.weight"], stride=32).flatten(2).transpose(1, 2)
        x = torch.cat([w[e + "class_embedding"].expand(len(x), 1, -1), x], 1) + w[e + "position_embedding.weight"]
        x = tower(norm(x, "vision_model.pre_layrnorm"), "vision_model", VISION, 0)
        return F.normalize(linear(norm(x[:, 0], "vision_model.post_layernorm"), "visual_projection"), dim=1)

    def read(number):
        ids = torch.randint(0, 8000, (number, 77))
        ids[:, 12] = TEXT["eos_token_id"]
        e = "text_model.embeddings."
        mask = torch.full((77, 77), -math.inf).triu(1)
        x = tower(w[e + "token_embedding.weight"][ids] + w[e + "position_embedding.weight"], "text_model", TEXT, mask)
        return F.normalize(linear(norm(x, "text_model.final_layer_norm")[:, 12], "text_projection"), dim=1)

    with torch.inference_mode():
        files = sorted(pathlib.Path(images).iterdir())[:count]
        step = 32
        (see(files[:2]) if what == "images" else read(2))
        wall, cpu = time.time(), time.process_time()
        for begin in range(0, count, step):
            see(files[begin:begin + step]) if what == "images" else read(min(step, count - begin))
        print(json.dumps({"count": count, "seconds": [time.time() - wall, time.process_time() - cpu]}))


def lines(*command):
    output = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE).stdout.decode()
    return [json.loads(line) for line in output.splitlines()]


def main():
    with_packages("numpy")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--reference", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--timer", default=ROOT / "build/benchmarks/time_encoder")
    parser.add_argument("--parts", default="rate,images,texts", help="which of rate, images, texts")
    arguments = parser.parse_args()
    if arguments.reference:
        what, model, images, count = arguments.reference
        return reference(what, model, images, int(count))
    python = next((p for p in (sys.executable, "/usr/bin/python3")
                   if subprocess.run([p, "-c", "import torch, numpy, PIL"], stderr=subprocess.DEVNULL).returncode == 0), None)
    n_images, n_words, rounds = (64, 256, 1) if arguments.quick else (256, 2048, 3)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        make_model(folder / "model")
        make_images(folder / "images", n_images)

        def plain(what, count):
            return lines(python, __file__, "--reference", what, folder / "model", folder / "images", count)[0]["seconds"] if python else None

        if "rate" in arguments.parts:
            print("| product (rows, inner, columns), all cores | ilk fp32, GFLOP/s | ilk int16 |\n|---|---|---|")
            for line in lines(arguments.timer, "rate"):
                print("| {} × {} × {} |".format(*line["product"]), f"{line['fp32']} | {line['int16']} |")
        if "images" in arguments.parts:
            # Multiplications and additions of the tower: 50 tokens, of which the last layer asks for one.
            width, mlp, tokens = 768, 3072, 50
            layer = 2 * (4 * width * width + 2 * width * mlp) * tokens + 4 * tokens * tokens * width
            last = 2 * (2 * width * width * tokens + 2 * width * width + 2 * width * mlp) + 4 * tokens * width
            work = 11 * layer + last + 2 * 49 * 3 * 32 * 32 * width
            print(f"\n{n_images} images, {work / 1e9:.2f} GFLOP each\n")
            print("| round | PyTorch, images/s (CPU s/image) | precision | ilk | ratio | ilk, decoding alone | ilk, encoding alone | GFLOP/s |\n|---|---|---|---|---|---|---|---|")
            for i, precision in itertools.product(range(rounds), ("fp32", "int16")):
                theirs = plain("images", n_images // 2)
                ours = lines(arguments.timer, "images", folder / "model", folder / "images", precision)[0]
                rate = n_images / ours["files"][0]
                print(f"| {i + 1} | " + (f"{n_images // 2 / theirs[0]:.1f} ({2 * theirs[1] / n_images:.3f})" if theirs else "–") +
                      f" | {precision} | {rate:.1f} ({ours['files'][1] / n_images:.3f}) | " +
                      (f"{rate * theirs[0] / (n_images // 2):.2f}" if theirs else "–") +
                      f" | {n_images / ours['decode'][0]:.0f} | {n_images / ours['encode'][0]:.1f} | "
                      f"{work * n_images / ours['encode'][0] / 1e9:.0f} |", flush=True)
        if "texts" in arguments.parts:
            print("\n| way | precision | words | prompts | tokens | wall s | CPU s | all nouns, minutes | largest difference from the last |\n|---|---|---|---|---|---|---|---|---|")
            theirs = plain("texts", 128)
            ways = [("filled", 64, "fp32"), ("cut", n_words // 8, "fp32"), ("templates", n_words // 8, "fp32"),
                    ("tree", n_words // 8, "fp32"), ("final", n_words, "fp32"), ("final", n_words, "int16")]
            measured = [(precision, line) for way, words, precision in ways
                        for line in lines(arguments.timer, "texts", folder / "model", words, precision, way)]
            if theirs:
                print(f"| PyTorch, 77 tokens a prompt | fp32 | – | 128 | {128 * 77} | {theirs[0]:.1f} | {theirs[1]:.1f} | "
                      f"{theirs[0] / 128 * 7 * measured[0][1]['of'] / 60:.0f} | |")
            for precision, line in measured:
                print(f"| {line['way']} | {precision} | {line['words']} | {line['prompts']} | {line['tokens'] or ''} | {line['seconds'][0]:.1f} | "
                      f"{line['seconds'][1]:.1f} | {line['all_minutes']:.1f} | {line['difference']:.0e} |", flush=True)


if __name__ == "__main__":
    main()
