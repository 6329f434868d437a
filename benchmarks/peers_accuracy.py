#!/usr/bin/env python3
"""ACC of `kmeans` and `tac` beside plain NumPy and scikit-learn on the same features, seed by seed.

usage: peers_accuracy.py RUN LABELS K [--seeds 10] [--ilk build/ilk] [--only ROW]

RUN is a folder that `ilk cluster … --method kmeans --top 100000` left: its embeddings are X, and since so many nouns
are kept for each centre, its noun features are all of the vocabulary. LABELS is a label a line, in the order of the
rows. Both are written as .npy and go into `ilk cluster --features` and into the functions below, which follow the
papers' formulas and share no code with ilk. Needs NumPy, SciPy and scikit-learn.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile

from python_with import with_packages

with_packages("numpy", "scipy", "sklearn")
import numpy as np  # noqa: E402
from scipy.optimize import linear_sum_assignment  # noqa: E402
from sklearn.cluster import KMeans, kmeans_plusplus  # noqa: E402
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score  # noqa: E402


def read_safetensors(path, name):
    data = pathlib.Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    facts = json.loads(data[8:8 + length])[name]
    assert facts["dtype"] == "F32", facts
    begin, end = facts["data_offsets"]
    return np.frombuffer(data[8 + length + begin:8 + length + end], np.float32).reshape(facts["shape"]).copy()


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def spherical_kmeans(rows, k, random, restarts=20, iterations=300):
    """Dhillon and Modha 2001, from k-means++ starts; the best restart by the sum of cosines."""
    best = (-np.inf, None, None)
    for _ in range(restarts):
        centres, _ = kmeans_plusplus(rows, k, random_state=random.integers(1 << 31))
        labels = None
        for _ in range(iterations):
            cosines = rows @ centres.T
            found = cosines.argmax(1)
            if labels is not None and (found == labels).all():
                break
            labels = found
            centres = np.stack([rows[labels == c].sum(0) if (labels == c).any() else centres[c] for c in range(k)])
            centres = unit(centres)
        objective = cosines.max(1).sum()
        if objective > best[0]:
            best = (objective, labels, centres)
    return best[1], best[2]


def tac(images, nouns, k, random):
    """TAC without training (Li et al., ICML 2024)."""
    centres = spherical_kmeans(images, min(len(images), max(len(images) // 300, 3 * k)), random, restarts=1)[1]
    logits = nouns @ centres.T / 0.005
    odds = np.exp(logits - logits.max(1, keepdims=True), dtype=np.float64)
    owner, others = odds.argmax(1), np.sort(odds, axis=1)[:, :-1].sum(1)
    chosen = []
    for centre in range(len(centres)):
        own = np.flatnonzero(owner == centre)
        chosen.extend(own[np.argsort(others[own], kind="stable")[:5]])
    chosen = nouns[np.sort(chosen)]
    logits = images @ chosen.T / 0.005
    weights = np.exp(logits - logits.max(1, keepdims=True))
    texts = unit(weights / weights.sum(1, keepdims=True) @ chosen)
    return spherical_kmeans(unit(np.concatenate([images, texts], axis=1)), k, random)[0]


def scores(labels, clusters):
    table = np.zeros((labels.max() + 1, clusters.max() + 1), int)
    np.add.at(table, (labels, clusters), 1)
    matched = table[linear_sum_assignment(-table)].sum()
    return [100 * matched / len(labels), 100 * normalized_mutual_info_score(labels, clusters),
            100 * adjusted_rand_score(labels, clusters)]


def by_ilk(arguments, folder, method, seed):
    command = [arguments.ilk, "cluster", "--features", f"{folder}/X.npy", "--noun-features", f"{folder}/U.npy", "--method", method,
               "-k", str(arguments.k), "--seed", str(seed), "-o", f"{folder}/run", "--quiet"]
    subprocess.run(command, check=True)
    rows = pathlib.Path(folder, "run/assignments.csv").read_text().splitlines()[1:]
    return np.array([int(row.split(",")[1]) for row in rows])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("run")
    parser.add_argument("labels")
    parser.add_argument("k", type=int)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--ilk", default="build/ilk")
    parser.add_argument("--only", default="", help="rows to make, such as 'tac NumPy' (default: all)")
    arguments = parser.parse_args()
    stored = f"{arguments.run}/features.safetensors"
    images, nouns = read_safetensors(stored, "embeddings"), read_safetensors(stored, "noun_features")
    labels = np.unique(pathlib.Path(arguments.labels).read_text().split("\n")[:len(images)], return_inverse=True)[1]
    print(f"{len(images)} × {images.shape[1]} images, {len(nouns)} nouns, K = {arguments.k}, {arguments.seeds} seeds\n")
    print("| method | by | ACC | NMI | ARI | ACC, lowest to highest |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/X.npy", images)
        np.save(f"{folder}/U.npy", nouns)
        ways = [("kmeans", "ilk", lambda seed: by_ilk(arguments, folder, "kmeans", seed)),
                ("kmeans", "NumPy", lambda seed: spherical_kmeans(images, arguments.k, np.random.default_rng(seed))[0]),
                ("kmeans", "scikit-learn, Euclidean",
                 lambda seed: KMeans(arguments.k, n_init=20, max_iter=300, random_state=seed).fit(images).labels_),
                ("tac", "ilk", lambda seed: by_ilk(arguments, folder, "tac", seed)),
                ("tac", "NumPy", lambda seed: tac(images, nouns, arguments.k, np.random.default_rng(seed)))]
        for method, by, cluster in ways:
            if arguments.only not in f"{method} {by}":
                continue
            found = np.array([scores(labels, cluster(seed)) for seed in range(arguments.seeds)])
            cells = [f"{mean:.1f} ± {deviation:.1f}" for mean, deviation in zip(found.mean(0), found.std(0, ddof=1))]
            print(f"| {method} | {by} | {' | '.join(cells)} | {found[:, 0].min():.1f} to {found[:, 0].max():.1f} |", flush=True)


if __name__ == "__main__":
    main()
