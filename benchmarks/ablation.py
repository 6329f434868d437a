#!/usr/bin/env python3
"""Runs `ilk cluster` over variants and seeds and prints one Markdown table: mean ± deviation of ACC, NMI and ARI in %.

usage: ablation.py IMAGES LABELS K [--seeds 5] [--variants ablation|sweep|all] [--ilk build/ilk] [--flags=...]

Embeddings of images and words are made once and kept in the cache; the labels are used for scoring alone.
"""
import argparse
import json
import statistics
import subprocess
import tempfile

VARIANTS = {
    "ablation": [
        ("kmeans", ["--method", "kmeans"]),
        ("cae", []),
        ("weighted sum", ["--fusion", "sum"]),
        ("plain concatenation", ["--fusion", "plain"]),
        ("centred", ["--centre"]),
        ("plain, centred", ["--fusion", "plain", "--centre"]),
        ("softmax for transport", ["--alignment", "softmax"]),
        ("without captions", ["--levels", "nouns"]),
        ("without nouns", ["--levels", "captions"]),
        ("exclusive selection", ["--selection", "exclusive"]),
    ],
    "sweep": [(f"{name} {value}", [f"--{name}", str(value)])
              for name, values in (("epsilon", (0.01, 0.02, 0.03, 0.05, 0.1, 0.2)), ("gamma", (0.01, 0.03, 0.1, 0.3, 1)),
                                   ("top", (1, 3, 5, 10, 20)), ("images-per-centre", (10, 30, 100, 300)))
              for value in values],
}
VARIANTS["all"] = VARIANTS["ablation"] + VARIANTS["sweep"]


def scores(arguments, variant, seed):
    with tempfile.TemporaryDirectory() as folder:
        command = [arguments.ilk, "cluster", arguments.images, "-k", str(arguments.k), "-o", folder + "/run", "--labels",
                   arguments.labels, "--seed", str(seed), "--exemplars", "0", "--json", "--quiet", *arguments.flags, *variant]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
        found = json.loads(done.stdout)["scores"]
        return [100 * found[name] for name in ("accuracy", "normalised_mutual_information", "adjusted_rand_index")]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("images")
    parser.add_argument("labels")
    parser.add_argument("k", type=int)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--variants", choices=VARIANTS, default="all")
    parser.add_argument("--ilk", default="build/ilk")
    parser.add_argument("--flags", type=str.split, default=[], help="more flags for every run, in one string")
    arguments = parser.parse_args()
    print("| variant | ACC | NMI | ARI |\n|---|---|---|---|", flush=True)
    for name, variant in VARIANTS[arguments.variants]:
        columns = zip(*(scores(arguments, variant, seed) for seed in range(arguments.seeds)))
        cells = [f"{statistics.mean(column):.1f} ± {statistics.stdev(column) if arguments.seeds > 1 else 0:.1f}" for column in columns]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
