"""Functions against slow, obvious ones and scikit-learn."""

from __future__ import annotations

import ilk
import numpy as np
import pytest
from conftest import blobs
from ilk import metrics


def lloyd(x: np.ndarray, centres: np.ndarray, spherical: bool) -> np.ndarray:
    x = x.astype(np.float64)
    for _ in range(300):
        far = -x @ centres.T if spherical else ((x[:, None] - centres[None]) ** 2).sum(axis=2)
        labels = far.argmin(axis=1)
        moved = np.stack([x[labels == c].mean(axis=0) for c in range(len(centres))])
        if spherical:
            moved /= np.linalg.norm(moved, axis=1, keepdims=True)
        if np.allclose(moved, centres, atol=1e-12):
            break
        centres = moved
    return labels


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_kmeans_as_lloyd(metric: str) -> None:
    x, _, _ = blobs(spread=1.5)
    start = x[:6]
    found = ilk.kmeans(x, metric=metric, centroids=start, tolerance=0)  # type: ignore[arg-type]
    wanted = lloyd(x, start.astype(np.float64), metric == "cosine")
    assert found.converged
    assert metrics.ari(wanted, found.labels) == 1
    assert (np.diff(np.bincount(found.labels)) <= 0).all()  # by size


@pytest.mark.parametrize("n_jobs", [1, 2, 5, -1])
def test_threads_change_no_bit(n_jobs: int) -> None:
    x, _, _ = blobs(n=5000, spread=1.5)
    one, many = ilk.kmeans(x, 9, n_jobs=1), ilk.kmeans(x, 9, n_jobs=n_jobs)
    assert one.labels.tobytes() == many.labels.tobytes() and one.centroids.tobytes() == many.centroids.tobytes()


def test_kmeans_options() -> None:
    x, _, _ = blobs()
    assert ilk.kmeans(x, 6, n_init=1, init="random", max_iterations=1).iterations == 1
    with pytest.raises(ilk.Error, match=r"n_clusters must be at most the number of images \(600\), got 601"):
        ilk.kmeans(x, 601)
    with pytest.raises(ilk.Error, match="n_init must be at least 1, got 0"):
        ilk.kmeans(x, 3, n_init=0)
    with pytest.raises(TypeError, match="no option 'n_inits'. Did you mean 'n_init'"):
        ilk.kmeans(x, 3, n_inits=3)
    with pytest.raises(TypeError, match="n_init must be a whole number, got 2.5"):
        ilk.kmeans(x, 3, n_init=2.5)
    with pytest.raises(ilk.Error, match=r"must be k-means\+\+ or random, got 'best'"):
        ilk.kmeans(x, 3, init="best")
    assert ilk.kmeans(x, np.int64(3), seed=np.uint8(4)).centroids.shape[0] == 3


def test_transport_as_sinkhorn() -> None:
    x, _, centres = blobs(n=300)
    words = np.concatenate([centres, blobs(n=14, seed=5)[0]])
    found = ilk.transport(x, words, epsilon=0.1, tolerance=1e-7)
    assert found.converged and found.epsilon == 0.1
    kernel = np.exp((x.astype(np.float64) @ words.astype(np.float64).T) / 0.1)
    v = np.ones(len(words))
    for _ in range(5000):
        u = 1 / len(x) / (kernel @ v)
        v = 1 / len(words) / (kernel.T @ u)
    plan = u[:, None] * kernel * v
    assert np.abs(found.rows(x, words) / len(x) - plan).max() < 1e-7
    top, shares = found.top_words(x, words, 2)
    assert (top[:, 0] == plan.argmax(axis=1)).all()
    assert np.allclose(shares[:, 0], plan.max(axis=1) * len(x), atol=1e-4)
    weighted = (plan * (x @ words.T)) @ words
    weighted /= np.linalg.norm(weighted, axis=1, keepdims=True)
    assert np.abs(found.counterparts(x, words) - weighted).max() < 1e-3
    mass = found.cluster_mass(x, words, np.arange(300) % 3)
    assert np.allclose(mass.sum(axis=1), 100) and np.allclose(mass.sum(axis=0), 300 / len(words), atol=1e-3)


@pytest.mark.parametrize("search", ["exact", "approximate"])
def test_nearest_neighbours(search: str) -> None:
    x, _, _ = blobs(spread=1.5)
    q, _, _ = blobs(n=40, spread=1.5, seed=3)
    rows, cosines = ilk.nearest_neighbours(q, x, 7, search=search)  # type: ignore[arg-type]
    wanted = np.argsort(-(q.astype(np.float64) @ x.T), axis=1, kind="stable")[:, :7]
    agreeing = np.mean([len(set(a) & set(b)) / 7 for a, b in zip(rows, wanted)])
    assert agreeing == 1 if search == "exact" else agreeing > 0.95
    assert np.allclose(cosines[:, 0], (q @ x.T).max(axis=1), atol=1e-6)
    assert (ilk.nearest_neighbours(x, k=1)[0][:, 0] == np.arange(len(x))).all()
    with pytest.raises(ilk.Error, match="k must be"):
        ilk.nearest_neighbours(x, k=len(x) + 1)


def test_metrics_as_scikit_learn() -> None:
    scores = pytest.importorskip("sklearn.metrics")
    x, y, _ = blobs(spread=2.0)
    labels = ilk.kmeans(x, 7).labels
    assert metrics.nmi(y, labels) == pytest.approx(scores.normalized_mutual_info_score(y, labels))
    assert metrics.ari(y, labels) == pytest.approx(scores.adjusted_rand_score(y, labels))
    found = metrics.separation(x, labels)
    assert found.silhouette == pytest.approx(scores.silhouette_score(x, labels, metric="cosine"), abs=1e-5)
    assert found.davies_bouldin == pytest.approx(scores.davies_bouldin_score(x, labels), rel=1e-4)
    assert found.calinski_harabasz == pytest.approx(scores.calinski_harabasz_score(x, labels), rel=1e-4)
    assert metrics.silhouette(x, labels) == found.silhouette
    assert np.isnan(metrics.silhouette(x, np.zeros(len(x), dtype=int)))


def test_accuracy_and_confusion() -> None:
    classes = ["cat", "cat", "dog", "dog", "dog", "owl"]
    clusters = [5, 5, 2, 2, 5, 7]
    assert metrics.accuracy(classes, clusters) == pytest.approx(5 / 6)
    table = metrics.confusion(classes, clusters)
    assert table.counts.tolist() == [[2, 0, 0], [1, 2, 0], [0, 0, 1]] and table.clusters.tolist() == [5, 2, 7]
    assert np.allclose(table.recall, [1, 2 / 3, 1])
    with pytest.raises(ilk.Error):
        metrics.ari([0, 1], [0])


def test_choose_k() -> None:
    x, _, _ = blobs(n=800, k=6)
    count = ilk.choose_k(x, largest=12)
    assert int(count) == 6 and count.clear and "6" in count.verdict
    assert [one.n_clusters for one in count.evidence] == list(range(2, 13))
    with pytest.raises(ilk.Error, match="smallest"):
        ilk.choose_k(x, smallest=1)


def test_name_clusters(words: tuple[list[str], np.ndarray]) -> None:
    x, y, _ = blobs()
    names = ilk.name_clusters(x, y, words)
    assert {k: str(name) for k, name in names.items()} == {k: f"thing {k}" for k in range(6)}
    labels = np.where(y == 3, -1, y)  # no cluster
    assert sorted(ilk.name_clusters(x, labels, words)) == [0, 1, 2, 4, 5]
    by_text = ilk.name_clusters(x, np.array(list("abcdef"))[y], words)
    assert str(by_text["c"]) == "thing 2" and by_text["c"].words[0].word == "thing 2"
    with pytest.raises(ilk.Error, match="one model"):
        ilk.name_clusters(x[:, :8], y, words)
    with pytest.raises(ilk.Error, match="one for each of the 600 rows"):
        ilk.name_clusters(x, y[:10], words)


def test_options_are_listed() -> None:
    table = ilk.options("kmeans")
    assert {"n_init", "tolerance"} <= set(table["option"])
    assert "epsilon" in set(ilk.options("cluster")["option"])
    with pytest.raises(ilk.Error):
        ilk.options("cook")
