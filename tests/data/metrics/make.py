#!/usr/bin/env python3
"""Makes partitions.txt: pairs of partitions with scikit-learn's and scipy's scores (scikit-learn 1.2.1, scipy 1.10.1).

First the number of pairs that are given in full, each as: length, classes, clusters, ACC, NMI, ARI; then the three scores of
the random pairs 0 to 999.

The random partitions are not stored but drawn by the generator below, which tests/metrics_test.cpp repeats.
"""
import pathlib

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

from make_generator import Generator


def drawn(seed):
    generator = Generator(seed)
    n, classes, clusters, noise = 1 + generator.below(60), 1 + generator.below(8), 1 + generator.below(8), generator.below(101)
    y = [generator.below(classes) for _ in range(n)]
    # With some noise a cluster follows its class, otherwise it is drawn freely.
    return y, [label % clusters if generator.below(100) >= noise else generator.below(clusters) for label in y]


def scores(y, c):
    table = contingency_matrix(y, c)
    rows, columns = linear_sum_assignment(-table)
    return [float(table[rows, columns].sum() / len(y)), float(normalized_mutual_info_score(y, c)), float(adjusted_rand_score(y, c))]


degenerate = [([0], [0]), ([0, 0, 0], [5, 5, 5]), ([0, 1, 2, 3], [0, 0, 0, 0]), ([0, 0, 0, 0], [0, 1, 2, 3]),
              ([0, 1, 2, 3], [3, 2, 1, 0]), ([0, 1], [0, 0]), ([-4, 9, 9, -4], [7, 7, -1, -1]), ([0, 0, 1, 1], [0, 1, 0, 1])]
here = pathlib.Path(__file__).parent
with open(here / "partitions.txt", "w") as out:
    print(len(degenerate), file=out)
    for y, c in degenerate:
        print(len(y), *y, *c, *scores(y, c), file=out)
    for seed in range(1000):
        print(*(f"{value:.9f}" for value in scores(*drawn(seed))), file=out)
