"""ACC, NMI and ARI of a thousand small partitions, by scikit-learn and SciPy; the degenerate ones first.
labels.npy holds both labellings of all partitions one after another, lengths.npy the N of each.
Needs numpy, scipy and scikit-learn (1.2.1 was used)."""
import pathlib

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.metrics.cluster import contingency_matrix

here = pathlib.Path(__file__).parent
random = np.random.default_rng(9)
pairs = [
    ([0], [3]),
    ([0, 0], [1, 2]),
    ([0, 1], [2, 2]),
    ([4, 4, 4, 4], [1, 1, 1, 1]),
    ([4, 4, 4, 4], [0, 1, 2, 3]),
    ([0, 1, 2, 3], [5, 5, 5, 5]),
    ([0, 1, 2, 3], [3, 2, 1, 0]),
    ([0, 0, 1, 1], [0, 1, 0, 1]),
    ([-3, -3, 9, 9, 9], [100, 100, -7, -7, -7]),
]
while len(pairs) < 1000:
    n = int(random.integers(1, 60))
    y = random.integers(0, random.integers(1, 12), n)
    c = np.where(random.random(n) < random.random(), y, random.integers(0, random.integers(1, 15), n))
    pairs.append((y, c))

expected = []
for y, c in pairs:
    table = contingency_matrix(y, c)
    rows, columns = linear_sum_assignment(table, maximize=True)
    expected.append([table[rows, columns].sum() / len(y), normalized_mutual_info_score(y, c), adjusted_rand_score(y, c)])
np.save(here / "labels.npy", np.concatenate([np.concatenate([y, c]) for y, c in pairs]).astype(np.int8))
np.save(here / "lengths.npy", np.array([len(y) for y, _ in pairs], dtype=np.int8))
np.save(here / "expected.npy", np.array(expected))

# The best sums of random rectangular score matrices, negative ones and ties among them.
shapes, scores, sums = [], [], []
for _ in range(60):
    shape = random.integers(1, 9, 2)
    matrix = random.integers(-9, 10, shape) / random.choice([1, 7])
    rows, columns = linear_sum_assignment(matrix, maximize=True)
    shapes.append(shape), scores.append(matrix.ravel()), sums.append(matrix[rows, columns].sum())
np.save(here / "assignment_shapes.npy", np.array(shapes, dtype=np.int64))
np.save(here / "assignment_scores.npy", np.concatenate(scores))
np.save(here / "assignment_sums.npy", np.array(sums))
