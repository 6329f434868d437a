#!/usr/bin/env python3
"""How well ilk's map keeps neighbours, beside UMAP and the principal plane.

usage: map_quality.py FEATURES.npy RUN [--sample 2000] [--without-umap]

FEATURES.npy (N, D) is what RUN was made of (`ilk cluster --features FEATURES.npy --method kmeans -k 10 -o RUN`), whose map.npy
is measured. Rows are scaled to unit length. For a sample of points all distances are computed: `kept` is the share of a point's
10 nearest by cosine that are among its 10 nearest on the map; `trustworthiness` is that of Venna and Kaski (2001) with k = 10,
which counts how far off by cosine those are that only the map calls near. UMAP is umap-learn with its defaults but metric=cosine
and a random state, which makes it use one thread. Needs numpy, scikit-learn and umap-learn.
"""
import argparse
import json
import pathlib
import time

import numpy


def ranks_of(points, row, distance):
    order = numpy.argsort(distance(points, row), kind="stable")
    return order[order != row]


def quality(points, plane, sample, k=10):
    """Returns kept and trustworthiness over the sampled rows."""
    n = len(points)
    kept, penalty = 0, 0
    for row in sample:
        there = ranks_of(points, row, lambda x, i: -(x @ x[i]))
        here = ranks_of(plane, row, lambda x, i: ((x - x[i]) ** 2).sum(axis=1))[:k]
        rank = numpy.empty(n, dtype=int)
        rank[there] = numpy.arange(1, n)
        kept += (rank[here] <= k).sum()
        penalty += numpy.maximum(rank[here] - k, 0).sum()
    whole = len(sample)
    return kept / (whole * k), 1 - 2 / (whole * k * (2 * n - 3 * k - 1)) * penalty


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("features")
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--sample", type=int, default=2000)
    parser.add_argument("--without-umap", action="store_true")
    arguments = parser.parse_args()
    points = numpy.load(arguments.features).astype(numpy.float32)
    points /= numpy.linalg.norm(points, axis=1, keepdims=True)
    sample = numpy.random.default_rng(0).permutation(len(points))[:arguments.sample]

    def say(name, plane, seconds):
        kept, trust = quality(points, plane, sample)
        print(f"| {name} | {seconds:.1f} s | {100 * kept:.1f} % | {trust:.3f} |", flush=True)

    print("| map | time | 10 nearest kept | trustworthiness |\n|---|---|---|---|")
    manifest = json.loads((arguments.run / "manifest.json").read_text())
    say("ilk", numpy.load(arguments.run / "map.npy"), manifest["summary"]["seconds"]["lay out map"])
    begin = time.perf_counter()
    centred = points - points.mean(axis=0)
    axes = numpy.linalg.eigh(centred.T @ centred)[1][:, :-3:-1]
    plane = centred @ axes
    say("principal plane", plane, time.perf_counter() - begin)
    if arguments.without_umap:
        return
    import umap
    begin = time.perf_counter()
    plane = umap.UMAP(metric="cosine", random_state=0).fit_transform(points)
    say(f"umap-learn {umap.__version__}", plane, time.perf_counter() - begin)


if __name__ == "__main__":
    main()
