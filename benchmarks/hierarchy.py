#!/usr/bin/env python3
"""Nested clusters by merging, beside each level clustered by itself and splitting from the top: NMI with labels.

usage: hierarchy.py ILK NAME=IMAGES:LABELS.csv:K1,K2,K3 …

The embeddings are ilk's (`ilk embed`), and so are the clusters at the finest level and each level's own (`ilk cluster
--features --method kmeans`, 5 seeds). Splitting from the top, other ways to merge and NMI are done here. Labels with
slashes are judged twice: whole, and by what is before the first slash. Needs numpy and scipy.
"""
import csv
import os
import subprocess
import sys
import tempfile

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

SEEDS = range(5)


def run(*arguments):
    subprocess.run(arguments, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def nmi(a, b):
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a, b), 1)
    p = table / table.sum()
    rows, columns = p.sum(1, keepdims=True), p.sum(0, keepdims=True)

    def entropy(q):
        return -np.sum(q[q > 0] * np.log(q[q > 0]))

    mutual = entropy(rows) + entropy(columns) - entropy(p)
    return 2 * mutual / (entropy(rows) + entropy(columns))


def of_ilk(ilk, x, k, seed, folder):
    """Labels of the finest level, and of each level above by name."""
    out = os.path.join(folder, f"run-{k}-{seed}")
    run(ilk, "cluster", "--features", x, "-k", k, "--seed", str(seed), "--method", "kmeans", "-o", out)
    with open(os.path.join(out, "assignments.csv"), encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = ["cluster"] + [name for name in rows[0] if name.startswith("cluster_")]
    return {
name: np.array([int(row[name]) for row in rows]) for name in columns
}

def two_means(x, random):
    best = None
    for _ in range(10):
        centres = x[random.choice(len(x), 2, replace=False)]
        for _ in range(50):
            labels = np.argmax(x @ centres.T, 1)
            if labels.min() == labels.max():
                break
            sums = np.stack([x[labels == c].sum(0) for c in (0, 1)])
            centres = sums / np.linalg.norm(sums, axis=1, keepdims=True)
        score = np.linalg.norm(x[labels == 0].sum(0)) + np.linalg.norm(x[labels == 1].sum(0))
        if best is None or score > best[0]:
            best = (score, labels)
    return best[1]


def split_from_top(x, counts, seed):
    """Bisecting k-means: the cluster with most scatter is cut in two, until there are enough."""
    random = np.random.default_rng(seed)
    labels, levels = np.zeros(len(x), int), {}
    for count in range(2, max(counts) + 1):
        scatter = [
            (labels == c).sum() - np.linalg.norm(x[labels == c].sum(0)) ** 2 / (labels == c).sum()
            for c in range(count - 1)
        ]
        cut = int(np.argmax(scatter))
        members = np.flatnonzero(labels == cut)
        labels[members[two_means(x[members], random) == 1]] = count - 1
        if count in counts:
            levels[count] = labels.copy()
    return levels


def merged(x, fine, counts, how):
    """Other linkages of the finest clusters' unit centroids, sizes not counted."""
    sums = np.stack([x[fine == c].sum(0) for c in range(fine.max() + 1)])
    centroids = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    tree = linkage(centroids, how, "cosine" if how == "average" else "euclidean")
    return {
      count: fcluster(tree, count, "maxclust")[fine] - 1 for count in counts
      }

def judge(ilk, name, images, labels_file, k):
    with tempfile.TemporaryDirectory() as folder:
        x_file = os.path.join(folder, "x.npy")
        run(ilk, "embed", images, "-o", x_file)
        x = np.load(x_file).astype(float)
        with open(x_file + ".names.txt", encoding="utf-8") as file:
            names = [os.path.basename(line.strip()) for line in file]
        with open(labels_file, encoding="utf-8") as file:
            of_name = {os.path.basename(row["path"]): row["label"] for row in csv.DictReader(file)}
        whole = [of_name[one] for one in names]
        truths = {"labels": whole}
        if any("/" in label for label in whole):
            truths = {"whole labels": whole, "first part": [label.split("/")[0] for label in whole]}
        counts = [int(count) for count in k.split(",")]
        results = {}

        def add(way, count, labels):
            results.setdefault((way, count), []).append(labels)

        for seed in SEEDS:
            nested = of_ilk(ilk, x_file, k, seed, folder)
            for count in counts[:-1]:
                add("merged (ilk: Ward, by size)", count, nested[f"cluster_{count}"])
                add("each level by itself", count, of_ilk(ilk, x_file, str(count), seed, folder)["cluster"])
            for way in ("merged (ilk: Ward, by size)", "each level by itself"):
                add(way, counts[-1], nested["cluster"])
            for how in ("ward", "average"):
                for count, labels in merged(x, nested["cluster"], counts, how).items():
                    add(f"merged ({how}, without sizes)", count, labels)
            for count, labels in split_from_top(x, counts, seed).items():
                add("split from the top", count, labels)
        for truth, classes in truths.items():
            numbers = np.unique(classes, return_inverse=True)[1]
            print(f"\n{name}, {len(x)} images, {numbers.max() + 1} {truth}\n")
            print("| | " + " | ".join(f"K = {count}" for count in counts) + " |")
            print("|---|" + "---|" * len(counts))
            for way in dict.fromkeys(way for way, _ in results):
                cells = []
                for count in counts:
                    values = [100 * nmi(numbers, labels) for labels in results[way, count]]
                    cells.append(f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f}")
                print(f"| {way} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    for argument in sys.argv[2:]:
        collection, rest = argument.split("=", 1)
        judge(sys.argv[1], collection, *rest.rsplit(":", 2))
