#!/usr/bin/env python3
"""Compares ilk's preprocessing with Pillow's on real images.

    compare_with_pillow.py PREPROCESS_IMAGES FOLDER [--count 300] [--edge 224] [--model DIRECTORY]

PREPROCESS_IMAGES is the program of that name in the build folder's tests/. Takes every n-th image below FOLDER and, made
of them, JPEG, WebP and TIFF files of several sizes and qualities, with EXIF orientations, grey, CMYK, 16-bit. Prints the
mean absolute difference of the pixels (0..1), without and with shrink-on-load; with --model also the cosine of the
embeddings that a Hugging Face CLIP model makes of both (needs transformers). Exits 1 where a bound is missed:
1/255 exact, cosine 0.999 fast.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image

import pillow_reference


def derived(paths, folder):
    """Files of other formats made of some of the images."""
    made = []
    for number, path in enumerate(paths):
        image = pillow_reference.load(path)
        size = [90, 300, 700, 1500, 2600][number % 5]
        scale = size / max(image.size)
        image = image.resize([max(1, round(side * scale)) for side in image.size], Image.Resampling.LANCZOS)
        kind = number % 8
        name = pathlib.Path(folder) / f"{number:04}"
        if kind <= 3:
            exif = Image.Exif()
            if kind == 1:
                exif[0x0112] = 1 + number // 8 % 8
            if kind == 2:
                image = image.convert(["L", "CMYK"][number // 8 % 2])
            image.save(f"{name}.jpg", quality=[60, 75, 85, 95][number // 5 % 4], progressive=number % 3 == 0,
                       exif=exif.tobytes())
            made.append(f"{name}.jpg")
        elif kind <= 5:
            image.save(f"{name}.webp", quality=80, lossless=kind == 5)
            made.append(f"{name}.webp")
        elif kind == 6:
            image.save(f"{name}.tif", compression=["raw", "tiff_deflate", "jpeg"][number // 8 % 3])
            made.append(f"{name}.tif")
        else:
            image.quantize(64).save(f"{name}.gif")
            made.append(f"{name}.gif")
    return made


def run(program, paths, edge, mode):
    config = {"size": {"shortest_edge": edge}, "crop_size": edge, "resample": 3, "do_normalize": False}
    with tempfile.TemporaryDirectory() as folder:
        config_path, output = os.path.join(folder, "preprocessor_config.json"), os.path.join(folder, "output")
        pathlib.Path(config_path).write_text(json.dumps(config))
        result = subprocess.run([program, config_path, output, mode], input="\n".join(paths), text=True,
                                capture_output=True, check=True)
        print(mode, result.stdout.strip(), result.stderr.strip())
        return np.fromfile(output, np.float32).reshape(len(paths), 3, edge, edge)


def embed(directory, images):
    import torch
    from transformers import CLIPModel

    config = json.loads((pathlib.Path(directory) / "preprocessor_config.json").read_text())
    mean, deviation = (np.float32(config[key]).reshape(3, 1, 1) for key in ("image_mean", "image_std"))
    model = CLIPModel.from_pretrained(directory).eval()
    with torch.no_grad():
        embeddings = model.get_image_features(pixel_values=torch.from_numpy((images - mean) / deviation))
    return torch.nn.functional.normalize(embeddings, dim=1).numpy()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--edge", type=int, default=224)
    parser.add_argument("--megapixels", type=float, default=6, help="leave out larger ones, for time")
    parser.add_argument("--model")
    options = parser.parse_args()

    found = sorted(str(path) for path in pathlib.Path(options.folder).rglob("*")
                   if path.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp", ".gif", ".tif"))
    small = []
    for path in found[:: max(1, len(found) // options.count)]:
        with Image.open(path) as image:
            if image.size[0] * image.size[1] <= options.megapixels * 1e6:
                small.append(path)
    with tempfile.TemporaryDirectory() as folder:
        paths = small + derived(small[::2], folder)
        wanted = np.stack([pillow_reference.preprocess(path, options.edge) for path in paths]).astype(np.float32) / 255
        results = {mode: run(options.program, paths, options.edge, mode) for mode in ("exact", "fast")}
    failed = False
    for mode, got in results.items():
        difference = np.abs(got - wanted).mean(axis=(1, 2, 3)) * 255
        order = np.argsort(-difference)
        print(f"{mode}: {len(paths)} images, mean absolute difference {difference.mean():.4f}/255, "
              f"worst {difference.max():.4f}/255")
        for index in order[:8]:
            print(f"    {difference[index]:.4f}/255 {paths[index]}")
        if mode == "exact":
            failed |= not difference.max() <= 1
        if options.model:
            cosines = (embed(options.model, got) * embed(options.model, wanted)).sum(axis=1)
            print(f"{mode}: cosine of embeddings: mean {cosines.mean():.6f}, worst {cosines.min():.6f} "
                  f"({paths[cosines.argmin()]})")
            failed |= not cosines.min() >= 0.999
    sys.exit(failed)


if __name__ == "__main__":
    main()
