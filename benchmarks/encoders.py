#!/usr/bin/env python3
"""The encoders beside onnxruntime and OpenVINO, in turn, with a model of the shape of CLIP ViT-B/32 and random weights, which
the others get as ONNX graphs (clip_onnx.py): images from JPEG files of 500 × 400, and WordNet's nouns in seven prompts. Beside
them what the processor can do at all: the rate of matrix products. Needs numpy and Pillow; a runtime that is not installed is
left out and named. --quick: fewer images and words, one round."""
import argparse
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from clip_onnx import RUNTIMES, export
from python_with import peers_environment, with_packages

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
TINY = ROOT / "tests/data/tiny_clip"
VISION = dict(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, image_size=224,
              patch_size=32, hidden_act="quick_gelu")
TEXT = dict(hidden_size=512, intermediate_size=2048, num_hidden_layers=12, num_attention_heads=8,
            max_position_embeddings=77, vocab_size=49408, hidden_act="quick_gelu", eos_token_id=8705)
D = 512


def make_model(folder):
    """A Hugging Face directory; the tokenizer is that of the tests' model."""
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
        (folder / name).symlink_to(TINY / name)


def make_images(folder, count):
    from PIL import Image
    folder.mkdir()
    sources = sorted((ROOT / "examples/clipart/images").iterdir())
    for i in range(count):
        picture = Image.open(sources[i % len(sources)]).convert("RGB").resize((500, 400), Image.BICUBIC)
        picture.save(folder / f"{i:05}.jpg", quality=80 + i // len(sources))


def decode(name):
    """(3, 224, 224) float32, as CLIP's processor does it."""
    import numpy as np
    from PIL import Image
    mean, deviation = np.array([0.48145466, 0.4578275, 0.40821073]), np.array([0.26862954, 0.26130258, 0.27577711])
    picture = Image.open(name).convert("RGB")
    scale = 224 / min(picture.size)
    picture = picture.resize([round(scale * edge) for edge in picture.size], Image.BICUBIC)
    left, top = (picture.width - 224) // 2, (picture.height - 224) // 2
    picture = np.asarray(picture.crop((left, top, left + 224, top + 224)), np.float32) / 255
    return ((picture - mean) / deviation).astype(np.float32).transpose(2, 0, 1)


def reference(name, what, folder, count):
    """Seconds that another runtime takes, without those of loading: run in a process of its own. Of images also the least
    cosine of its embeddings with those of ilk in fp32."""
    import concurrent.futures
    import numpy as np
    from clip_onnx import runtime
    from peers import safetensors_matrix
    folder, step = pathlib.Path(folder), 32
    run = runtime(name, folder / ("vision.onnx" if what == "images" else "text.onnx"))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        if what == "images":
            files = sorted((folder / "images").iterdir())[:count]
            batch = lambda begin: np.stack(list(pool.map(decode, files[begin:begin + step])))  # noqa: E731
        else:
            ids = np.random.default_rng(0).integers(0, 8000, (count, TEXT["max_position_embeddings"]))
            ids[:, 12] = TEXT["eos_token_id"]
            batch = lambda begin: ids[begin:begin + step]  # noqa: E731
        run(batch(0))
        wall, cpu, inside, rows = time.time(), time.process_time(), 0.0, []
        for begin in range(0, count, step):
            given = batch(begin)
            start = time.time()
            rows.append(np.array(run(given)))
            inside += time.time() - start
        facts = {"count": count, "seconds": [time.time() - wall, time.process_time() - cpu], "encoding": inside}
    if what == "images":
        rows = np.concatenate(rows)
        wanted = safetensors_matrix(folder / "embeddings.safetensors")[:count]
        facts["cosine"] = float((rows / np.linalg.norm(rows, axis=1, keepdims=True) * wanted).sum(1).min())
    print(json.dumps(facts))


def lines(*command):
    output = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, env=peers_environment()).stdout.decode()
    return [json.loads(line) for line in output.splitlines()]


class Others:
    """The other runtimes; one that fails once is left out."""

    def __init__(self, folder):
        self.folder, self.names = folder, list(RUNTIMES)

    def seconds(self, what, count):
        """name: facts."""
        found = {}
        for name in list(self.names):
            done = subprocess.run([sys.executable, __file__, "--reference", name, what, str(self.folder), str(count)],
                                  capture_output=True, text=True, check=False, env=peers_environment())
            if done.returncode:
                self.names.remove(name)
                print(f"{name} is left out: {(done.stderr.strip().splitlines() or ['failed'])[-1]}\n", flush=True)
            else:
                found[name] = json.loads(done.stdout.splitlines()[-1])
        return found


def rate_table(timer):
    print("| product (rows, inner, columns), all cores | ilk fp32, GFLOP/s | ilk int16 |\n|---|---|---|")
    for line in lines(timer, "rate"):
        print("| {} × {} × {} |".format(*line["product"]), f"{line['fp32']} | {line['int16']} |")


def image_table(arguments, folder, others, n_images, rounds):
    # Multiplications and additions of the tower: 50 tokens, of which the last layer asks for one.
    width, mlp, tokens = 768, 3072, 50
    layer = 2 * (4 * width * width + 2 * width * mlp) * tokens + 4 * tokens * tokens * width
    last = 2 * (2 * width * width * tokens + 2 * width * width + 2 * width * mlp) + 4 * tokens * width
    work = 11 * layer + last + 2 * 49 * 3 * 32 * 32 * width
    subprocess.run([arguments.ilk, "embed", folder / "images", "--model", folder / "model", "--precision", "fp32", "--cache", "none",
                    "-o", folder / "embeddings.safetensors", "-q"], check=True, stdout=subprocess.DEVNULL)
    agreement = lines(arguments.timer, "agreement", folder / "model", folder / "images")[0]
    print(f"\n{n_images} images, {work / 1e9:.2f} GFLOP each; ilk's embeddings in int16 have cosines with those in fp32 of at least "
          f"{agreement['worst']:.7f}\n")
    print("| round | program | from JPEG, images/s (CPU s/image) | ilk int16 is faster by (wall / CPU) | encoding alone, images/s | GFLOP/s | "
          "least cosine with ilk's fp32 |\n|---|---|---|---|---|---|---|")
    for i in range(rounds):
        theirs = others.seconds("images", n_images)
        ours = {precision: lines(arguments.timer, "images", folder / "model", folder / "images", precision)[0] for precision in ("fp32", "int16")}
        own = ours["int16"]["files"]
        facts = {f"ilk {name}": (one["files"], one["encode"][0], "") for name, one in ours.items()}
        facts |= {name: (one["seconds"], one["encoding"], f"{one['cosine']:.6f}") for name, one in theirs.items()}
        for name, (files, encoding, cosine) in facts.items():
            print(f"| {i + 1} | {name} | {n_images / files[0]:.1f} ({files[1] / n_images:.3f}) | {files[0] / own[0]:.2f} / {files[1] / own[1]:.2f} | "
                  f"{n_images / encoding:.1f} | {work * n_images / encoding / 1e9:.0f} | {cosine} |", flush=True)


def text_table(arguments, folder, others, n_words):
    print("\n| way | precision | words | prompts | tokens | wall s | CPU s | all nouns, minutes | largest difference from the last |\n"
          "|---|---|---|---|---|---|---|---|---|")
    theirs = others.seconds("texts", 128)
    ways = [("filled", 64, "fp32"), ("cut", n_words // 8, "fp32"), ("templates", n_words // 8, "fp32"),
            ("tree", n_words // 8, "fp32"), ("final", n_words, "fp32"), ("final", n_words, "int16")]
    measured = [(precision, line) for way, words, precision in ways
                for line in lines(arguments.timer, "texts", folder / "model", words, precision, way)]
    for name, one in theirs.items():
        wall, cpu = one["seconds"]
        print(f"| {name}, 77 tokens a prompt | | – | 128 | {128 * 77} | {wall:.1f} | {cpu:.1f} | {wall / 128 * 7 * measured[0][1]['of'] / 60:.0f} | |")
    for precision, line in measured:
        print(f"| {line['way']} | {precision} | {line['words']} | {line['prompts']} | {line['tokens'] or ''} | {line['seconds'][0]:.1f} | "
              f"{line['seconds'][1]:.1f} | {line['all_minutes']:.1f} | {line['difference']:.0e} |", flush=True)


def main():
    with_packages("numpy", "PIL")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--reference", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--timer", default=ROOT / "build/benchmarks/time_encoder")
    parser.add_argument("--ilk", default=ROOT / "build/ilk")
    parser.add_argument("--parts", default="rate,images,texts", help="which of rate, images, texts")
    arguments = parser.parse_args()
    if arguments.reference:
        name, what, folder, count = arguments.reference
        return reference(name, what, folder, int(count))
    n_images, n_words, rounds = (32, 256, 1) if arguments.quick else (256, 2048, 3)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        make_model(folder / "model")
        make_images(folder / "images", n_images)
        others = Others(folder)
        try:
            export(folder / "model", folder)
        except ImportError as error:
            others.names = []
            print(f"The other runtimes are left out: {error}\n", flush=True)
        if "rate" in arguments.parts:
            rate_table(arguments.timer)
        if "images" in arguments.parts:
            image_table(arguments, folder, others, n_images, rounds)
        if "texts" in arguments.parts:
            text_table(arguments, folder, others, n_words)


if __name__ == "__main__":
    main()
