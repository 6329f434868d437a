#!/usr/bin/env python3
"""How often clusters' names mean what their images show, by `ilk eval`: no opinion, the same measure for any way of naming.

usage: names.py NAME=IMAGES,LABELS,K … [--seeds 5] [--ilk build/ilk] [--flags=…]

For each collection: mean and sample deviation over the seeds of what `ilk eval` says of names (right; right with kinds at most two
steps down; images in clusters without a name; cosine of name and label as sentences) and of the best that these clusters allow
(the share of images that have their cluster's most frequent class). LABELS is a CSV of path and label.
"""
import argparse
import collections
import csv
import json
import statistics
import subprocess
import tempfile
from pathlib import Path


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def purity(folder, labels):
    label_of = {Path(row["path"]).name: row["label"] for row in csv.DictReader(open(labels, encoding="utf-8"))}
    counts = collections.defaultdict(collections.Counter)
    for row in csv.DictReader(open(Path(folder) / "assignments.csv", encoding="utf-8")):
        label = label_of.get(Path(row["path"]).name)
        if label:
            counts[row["cluster"]][label] += 1
    return sum(max(counter.values()) for counter in counts.values()) / sum(sum(counter.values()) for counter in counts.values())


def scores(arguments, images, labels, k, seed):
    with tempfile.TemporaryDirectory() as folder:
        run([arguments.ilk, "cluster", images, "-k", k, "-o", folder, "--seed", str(seed), "--exemplars", "0", "--quiet", *arguments.flags])
        found = json.loads(run([arguments.ilk, "eval", folder, "--labels", labels, "--text-encoder", "ilk-lite", "--json"]))
        names = found["names"]
        return (100 * names["right"], 100 * names["within_two_steps"], 100 * names["unnamed"], 100 * purity(folder, labels),
                100 * found["name_cosine"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("collections", nargs="+")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--ilk", default="build/ilk")
    parser.add_argument("--flags", type=str.split, default=[], help="more flags for every run, in one string")
    arguments = parser.parse_args()
    print("| collection | right | kinds within two steps | no name | best possible | cosine × 100 |\n|---|---|---|---|---|---|")
    for collection in arguments.collections:
        name, _, rest = collection.partition("=")
        images, labels, k = rest.rsplit(",", 2)
        columns = zip(*(scores(arguments, images, labels, k, seed) for seed in range(arguments.seeds)))
        cells = [f"{statistics.mean(column):.1f} ± {statistics.stdev(column) if arguments.seeds > 1 else 0:.1f}" for column in columns]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
