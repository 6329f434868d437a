"""Points on the sphere in six well-separated groups, clustered by scikit-learn (which knows Euclidean k-means only:
on separated groups it finds the same partition) and by spherical Lloyd iterations in float64 with NumPy.
Needs numpy and scikit-learn (1.2.1 was used)."""
import pathlib

import numpy as np
from sklearn.cluster import KMeans

here = pathlib.Path(__file__).parent
random = np.random.default_rng(5)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def save(name, array):
    np.save(here / f"{name}.npy", array)


sizes = [110, 90, 70, 50, 40, 20]
centres = unit(random.standard_normal((6, 16)))
points = np.concatenate([unit(c + 0.12 * random.standard_normal((n, 16))) for c, n in zip(centres, sizes)])
points = points[random.permutation(len(points))].astype(np.float32)
save("separated", points)
found = KMeans(6, n_init=20, random_state=0).fit(points)
save("separated_labels", found.labels_.astype(np.int64))
sums = np.stack([points[found.labels_ == k].astype(np.float64).sum(0) for k in range(6)])
save("separated_objective", np.array([np.linalg.norm(sums, axis=1).sum() / len(points)]))

# Overlapping groups, where the path of the iterations matters: ten iterations from given centres.
points = unit(random.standard_normal((5, 12))[random.integers(0, 5, 300)] + 1.1 * random.standard_normal((300, 12)))
points = points.astype(np.float32)
centres = points[random.choice(300, 7, replace=False)]
save("overlapping", points)
save("overlapping_start", centres)
x, c = points.astype(np.float64), centres.astype(np.float64)
labels = (x @ c.T).argmax(1)
objectives = []
for _ in range(10):
    c = unit(np.stack([x[labels == k].sum(0) for k in range(7)]))
    labels = (x @ c.T).argmax(1)
    objectives.append((x @ c.T).max(1).mean())
save("overlapping_centroids", c)
save("overlapping_labels", labels.astype(np.int64))
save("overlapping_objectives", np.array(objectives))
