"""Entropic transport plans by POT in float64, to a stopping threshold far below what the tests ask for.
Needs numpy and POT (0.9.7 was used)."""
import pathlib

import numpy as np
import ot

here = pathlib.Path(__file__).parent
random = np.random.default_rng(3)


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def save(name, array):
    np.save(here / f"{name}.npy", array)


for n, m, d in [(60, 25, 16), (200, 40, 24)]:
    groups = random.standard_normal((5, d))
    images = unit(groups[random.integers(0, 5, n)] + 0.8 * random.standard_normal((n, d)))
    words = unit(groups[random.integers(0, 4, m)] + 1.0 * random.standard_normal((m, d)))
    save(f"images_{n}", images)
    save(f"words_{n}", words)
    cost = 1 - images.astype(np.float64) @ words.astype(np.float64).T
    for epsilon in [0.1, 0.03, 0.01]:
        plan = ot.sinkhorn(np.full(n, 1 / n), np.full(m, 1 / m), cost, epsilon, method="sinkhorn_log",
                           numItermax=200000, stopThr=1e-11)
        save(f"shares_{n}_{epsilon}", (plan * n).astype(np.float32))
        print(n, epsilon, np.abs(plan.sum(0) - 1 / m).sum(), np.abs(plan.sum(1) - 1 / n).sum())
