#!/usr/bin/env python3
"""Makes separation.txt: scikit-learn's scores without labels (scikit-learn 1.2.1) on points drawn by the generator of make.py.

For the cases 0 to 199 a line of silhouette (cosine), Davies-Bouldin and Calinski-Harabasz, or "undefined" where scikit-learn refuses
(one cluster, or a cluster for each point). tests/separation_test.cpp draws the same points: coordinates are whole numbers below 21
minus 10, the first raised by 11 so that no row is zero; every third case repeats a few rows. Rows are scaled to unit length and rounded
to float32 there and here.
"""
import pathlib

import numpy as np
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score

from make_generator import Generator


def drawn(seed):
    g = Generator(seed)
    n, d, k = 1 + g.below(40), 1 + g.below(6), 1 + g.below(7)
    distinct = max(1, n // 3) if seed % 3 == 0 else n
    rows = np.array([[g.below(21) - 10 for _ in range(d)] for _ in range(distinct)], dtype=np.float64)
    rows[:, 0] += 11
    rows = rows[[i % distinct for i in range(n)]]
    labels = list(range(n)) if seed % 25 == 24 else [g.below(k) for _ in range(n)]
    lengths = np.sqrt((rows**2).sum(1, keepdims=True))
    return (rows / lengths).astype(np.float32).astype(np.float64), labels


with open(pathlib.Path(__file__).parent / "separation.txt", "w") as out:
    for seed in range(200):
        x, labels = drawn(seed)
        if len(set(labels)) in (1, len(labels)):
            print("undefined", file=out)
        else:
            scores = silhouette_score(x, labels, metric="cosine"), davies_bouldin_score(x, labels), calinski_harabasz_score(x, labels)
            print(*(f"{value:.9g}" for value in scores), file=out)
