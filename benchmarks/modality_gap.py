#!/usr/bin/env python3
"""What CAE makes of a gap between modalities: prints NMI in % (mean ± deviation) with and without centring.

usage: modality_gap.py [--seeds 5] [--gaps 0 1 2 4] [--ilk build/ilk]

Features are made up: 6,000 images and 12,000 nouns and captions in 512 dimensions; 20 groups, 40 styles of images that words
know nothing of, noise, and for each modality one common direction `gap` times as long as a group's. A fifth of the words
lie near a group. Each seed makes other features.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from python_with import with_packages

K, D, IMAGES, WORDS = 20, 512, 6000, 12000
VARIANTS = [("kmeans", ["--method", "kmeans"]), ("tac", ["--method", "tac"]), ("cae", []),
            ("cae, centred", ["--centre"]), ("cae, plain concatenation", ["--fusion", "plain"]),
            ("cae, plain, centred", ["--fusion", "plain", "--centre"])]


def make(folder, gap, seed):
    import numpy as np
    random = np.random.default_rng(seed)

    def directions(count):
        rows = random.standard_normal((count, D))
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def save(name, rows):
        np.save(folder / f"{name}.npy", (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32))

    groups, styles, truth = directions(K), directions(40), random.integers(0, K, IMAGES)
    save("images", groups[truth] + 1.2 * styles[random.integers(0, 40, IMAGES)] + 3 * directions(IMAGES) + gap * directions(1))
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in truth))
    for word in ("noun", "caption"):
        near = groups[random.integers(0, K, WORDS)] * (random.random((WORDS, 1)) < 0.2)
        save(word + "s", near + 1.5 * directions(WORDS) + gap * directions(1))
        (folder / f"{word}s.txt").write_text("".join(f"{word} {i}\n" for i in range(WORDS)))


def score(ilk, folder, seed, flags):
    command = [ilk, "cluster", "--features", "images.npy", "--nouns", "nouns.txt", "--noun-features", "nouns.npy", "--captions-corpus",
               "captions.txt", "--caption-features", "captions.npy", "--labels", "labels.txt", "-k", str(K), "--seed", str(seed),
               "--exemplars", "0", "--json", "--quiet", "-o", "run", *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return 100 * json.loads(done.stdout)["scores"]["normalised_mutual_information"]


def main():
    with_packages("numpy")
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--gaps", type=float, nargs="+", default=[0, 1, 2, 4])
    parser.add_argument("--ilk", default="build/ilk")
    arguments = parser.parse_args()
    ilk = os.path.abspath(arguments.ilk)
    gaps = arguments.gaps
    found = {(name, gap): [] for name, _ in VARIANTS for gap in gaps}
    for gap in gaps:
        for seed in range(arguments.seeds):
            with tempfile.TemporaryDirectory() as folder:
                make(pathlib.Path(folder), gap, seed)
                for name, flags in VARIANTS:
                    found[name, gap].append(score(ilk, folder, seed, flags))
    print("| variant |" + "".join(f" gap {gap:g} |" for gap in gaps) + "\n" + "|---" * (len(gaps) + 1) + "|")
    for name, _ in VARIANTS:
        cells = [f"{statistics.mean(found[name, gap]):.1f} ± {statistics.stdev(found[name, gap]) if arguments.seeds > 1 else 0:.1f}"
                 for gap in gaps]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
