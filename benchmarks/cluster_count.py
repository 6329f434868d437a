#!/usr/bin/env python3
"""How far off `-k auto` is on mixtures whose number of groups is known.

usage: cluster_count.py [--points 1200] [--dimensions 64] [--seeds 3] [--clusters 3 8 20] [--noise 0.5 …]
                        [--ilk build/ilk] [--keep FOLDER]

A mixture has K random unit vectors as centres and normal noise of length `noise` around each (a vector of
noise/sqrt(D) standard normals), rows scaled to unit length; sizes are even, or fall from 4 to 1. The last column says
what there is to find: ACC of k-means that is told K. Prints one Markdown table.
"""
import argparse
import itertools
import json
import pathlib
import subprocess
import tempfile

from python_with import with_packages

with_packages("numpy")
import numpy as np  # noqa: E402

CLUSTERS, NOISE = (3, 8, 20), (0.5, 1.0, 1.5, 2.5)


def mixture(k, noise, uneven, points, dimensions, seed):
    random = np.random.default_rng([seed, k, int(100 * noise), uneven])
    centres = random.standard_normal((k, dimensions))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    shares = np.geomspace(4, 1, k) if uneven else np.ones(k)
    labels = np.repeat(np.arange(k), np.round(points * shares / shares.sum()).astype(int))
    rows = centres[labels] + noise / np.sqrt(dimensions) * random.standard_normal((len(labels), dimensions))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), labels


def cluster(arguments, folder, k):
    command = [arguments.ilk, "cluster", "--features", f"{folder}/X.npy", "--method", "kmeans", "-k", str(k), "-o", f"{folder}/run",
               "--labels", f"{folder}/y.npy", "--json", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=1200)
    parser.add_argument("--dimensions", type=int, default=64)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--clusters", type=int, nargs="+", default=CLUSTERS)
    parser.add_argument("--noise", type=float, nargs="+", default=NOISE)
    parser.add_argument("--ilk", default="build/ilk")
    parser.add_argument("--keep", help="folder for each answer as JSON")
    arguments = parser.parse_args()
    print("| K | sizes | noise | answers | named as second | clear | seconds | ACC with K told |\n|---|---|---|---|---|---|---|---|")
    for k, noise, uneven in itertools.product(arguments.clusters, arguments.noise, (False, True)):
        answers, seconds, accuracies = [], [], []
        for seed in range(arguments.seeds):
            with tempfile.TemporaryDirectory() as folder:
                rows, labels = mixture(k, noise, uneven, arguments.points, arguments.dimensions, seed)
                np.save(f"{folder}/X.npy", rows)
                np.save(f"{folder}/y.npy", labels)
                found = cluster(arguments, folder, "auto")
                if arguments.keep:
                    pathlib.Path(arguments.keep).mkdir(parents=True, exist_ok=True)
                    pathlib.Path(arguments.keep, f"{k}-{noise}-{'uneven' if uneven else 'even'}-{seed}.json").write_text(json.dumps(found))
                answers.append(found["cluster_count"])
                seconds.append(found["seconds"]["count clusters"])
                accuracies.append(cluster(arguments, folder, k)["scores"]["accuracy"])
        print(f"| {k} | {'4 to 1' if uneven else 'even'} | {noise} | {', '.join(str(one['n_clusters']) for one in answers)} "
              f"| {', '.join(str(one['runner_up'] or '–') for one in answers)} | {sum(one['clear'] for one in answers)} of {len(answers)} "
              f"| {np.mean(seconds):.1f} | {100 * np.mean(accuracies):.1f} |", flush=True)


if __name__ == "__main__":
    main()
