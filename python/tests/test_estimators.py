"""Estimators by scikit-learn's own checks, and by what they are for."""

from __future__ import annotations

import io
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")

import ilk
from conftest import blobs
from ilk._vocabulary import Vocabulary
from ilk.estimators import CAE, SAC, TAC, KMeans, TrainedTAC
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_clustering, check_estimator


class AnyWidth:
    """Nouns of any width: scikit-learn's checks bring data of their own."""

    def _vocabulary(self, width: int) -> Vocabulary:
        features = np.random.default_rng(0).normal(size=(40, width)).astype(np.float32)
        features /= np.linalg.norm(features, axis=1, keepdims=True)
        return Vocabulary([f"noun {i}" for i in range(40)], features)


class AnyCAE(AnyWidth, CAE):
    pass


class AnyTAC(AnyWidth, TAC):
    pass


class AnyTrainedTAC(AnyWidth, TrainedTAC):
    pass


class AnySAC(AnyWidth, SAC):
    pass


# What the methods that cluster by words do not do, and why.
NO_ZERO_ROWS = {"check_estimators_dtypes": "its data has a row of zeros; an image's embedding has a direction, and 0 is refused by its row"}
TRAINED = {
    **NO_ZERO_ROWS,
    "check_fit2d_1sample": "one image is refused in the library's words: images must be at least 2, got 1",
    "check_clustering": "two epochs do not learn; test_trained_methods_find_clusters lets them learn",
}


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (KMeans(n_init=2), {}),
        (KMeans(metric="euclidean", n_init=2), {}),
        (AnyCAE(n_init=2), NO_ZERO_ROWS),
        (AnyTAC(n_init=2), NO_ZERO_ROWS),
        (AnyTrainedTAC(epochs=2), TRAINED),
        (AnySAC(epochs=2), TRAINED),
    ],
    ids=["kmeans", "euclidean", "cae", "tac", "trained tac", "sac"],
)
def test_scikit_learns_checks(estimator: BaseEstimator, expected: dict[str, str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(estimator, expected_failed_checks=expected, on_fail=None, on_skip=None)
    failed = {one["check_name"]: one["exception"] for one in results if one["status"] == "failed"}
    assert not failed
    assert sum(one["status"] == "passed" for one in results) > 30
    assert {one["check_name"] for one in results if one["status"] == "xfail"} == set(expected)


@pytest.mark.parametrize("estimator", [AnyTrainedTAC(), AnySAC()], ids=["trained tac", "sac"])
def test_trained_methods_find_clusters(estimator: BaseEstimator) -> None:
    check_clustering(type(estimator).__name__, estimator)


def estimators(words: Any) -> list[Any]:
    return [
        KMeans(6, n_init=3),
        KMeans(6, metric="euclidean", n_init=3),
        CAE(6, vocabulary=words, n_init=3),
        CAE(6, vocabulary=words, captions=words, fusion="sum", centre=True, n_init=3),
        TAC(6, vocabulary=words, n_init=3),
        TrainedTAC(6, vocabulary=words, random_state=1),
        SAC(6, vocabulary=words, random_state=1),
    ]


@pytest.mark.parametrize("which", range(7))
def test_finds_clusters_and_predicts_them(which: int, words: Any) -> None:
    x, y, _ = blobs()
    estimator = estimators(words)[which]
    labels = estimator.fit_predict(x)
    assert (labels == estimator.labels_).all() and labels.dtype == np.int64
    assert ilk.metrics.accuracy(y, labels) > 0.95
    assert (estimator.predict(x) == labels).mean() > 0.999
    assert ilk.metrics.accuracy(blobs(n=200, seed=0)[1], estimator.predict(blobs(n=200, seed=0)[0])) > 0.9
    if hasattr(estimator, "cluster_names_"):
        of = {int(np.bincount(y[labels == c]).argmax()): name for c, name in enumerate(estimator.cluster_names_)}
        assert of == {k: f"thing {k}" for k in range(6)}


@pytest.mark.parametrize("which", range(7))
def test_same_bytes_for_any_jobs_and_after_pickling(which: int, words: Any) -> None:
    import joblib

    x, _, _ = blobs(spread=1.0)
    one = estimators(words)[which].set_params(n_jobs=1).fit(x)
    two = clone(one).set_params(n_jobs=2).fit(x)
    assert one.labels_.tobytes() == two.labels_.tobytes()
    again = pickle.loads(pickle.dumps(two))
    file = io.BytesIO()
    joblib.dump(two, file)
    for back in (again, joblib.load(io.BytesIO(file.getvalue()))):
        assert (back.predict(x) == two.predict(x)).all()


def test_pipelines_and_transform() -> None:
    x, y, _ = blobs()
    pipeline = make_pipeline(StandardScaler(), KMeans(6, metric="euclidean", random_state=0))
    assert ilk.metrics.accuracy(y, pipeline.fit_predict(x)) > 0.95
    distances = KMeans(6).fit(x).transform(x)
    assert distances.shape == (600, 6) and (distances.argmin(axis=1) == KMeans(6).fit(x).labels_).all()
    assert list(KMeans(2).fit(x).get_feature_names_out()) == ["kmeans0", "kmeans1"]


def test_as_scikit_learns_kmeans() -> None:
    from sklearn.cluster import KMeans as Theirs

    x, _, _ = blobs(spread=2.0)
    start = x[:6]
    ours = KMeans(6, metric="euclidean", init=start, tol=0).fit(x)
    theirs = Theirs(6, init=start, n_init=1, tol=0, max_iter=300).fit(x)
    assert ilk.metrics.ari(ours.labels_, theirs.labels_) > 0.999
    assert ours.inertia_ == pytest.approx(theirs.inertia_, rel=1e-5)
    assert ours.score(x) == pytest.approx(theirs.score(x), rel=1e-5)


def test_auto_random_state_and_parallel() -> None:
    from joblib import Parallel, delayed

    x, _, _ = blobs(n=800)
    auto = KMeans("auto").fit(x)
    assert auto.n_clusters_ == 6 and auto.count_.clear
    a = KMeans(4, random_state=np.random.RandomState(5), n_init=1).fit(x).labels_
    assert (a == KMeans(4, random_state=np.random.RandomState(5), n_init=1).fit(x).labels_).all()
    fitted = Parallel(n_jobs=2)(delayed(KMeans(6, random_state=seed).fit)(x) for seed in range(3))
    assert all((one.labels_ == KMeans(6, random_state=seed).fit(x).labels_).all() for seed, one in enumerate(fitted))


def test_mistakes() -> None:
    x, _, _ = blobs()
    with pytest.raises(ilk.Error, match="n_clusters must be a number or 'auto'"):
        KMeans("many").fit(x)  # type: ignore[arg-type]
    with pytest.raises(ilk.Error, match="n_jobs must not be 0"):
        KMeans(2, n_jobs=0).fit(x)
    with pytest.raises(ilk.Error, match="vocabulary must be"):
        CAE(2, vocabulary=7).fit(x)
    with pytest.raises(ilk.Error, match="one model"):
        CAE(2).fit(x)
    with pytest.warns(ConvergenceWarning, match="raise max_iter"):
        KMeans(6, n_init=1, max_iter=1, tol=0).fit(blobs(spread=2.0)[0])
