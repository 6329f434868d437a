"""What goes in: any layout, any library, and no copy where none is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import ilk
import numpy as np
import pytest
from conftest import blobs
from ilk import _arrays


def test_float32_rows_are_not_copied() -> None:
    x, _, _ = blobs()
    for view in (x, x[10:200], x[::3], x[:, :16], x[5:6]):
        assert np.shares_memory(_arrays.rows(view), view)
        assert _arrays.rows(view).__array_interface__["data"][0] == view.__array_interface__["data"][0]
    assert np.shares_memory(_arrays.unit_rows(x), x)
    assert not np.shares_memory(_arrays.unit_rows(2 * x), x)


@pytest.mark.parametrize("name", ["columns first", "backwards", "every other column", "float64", "big-endian", "list", "float16", "unaligned"])
def test_any_layout_gives_the_same(name: str) -> None:
    x, _, _ = blobs()
    double = np.repeat(x, 2, axis=1)
    unaligned = np.frombuffer(b"\0" + x.tobytes(), dtype=np.uint8)[1:].view(np.float32).reshape(x.shape)
    other = {
        "columns first": np.asfortranarray(x),
        "backwards": x[::-1].copy()[::-1],
        "every other column": double[:, ::2],
        "float64": x.astype(np.float64),
        "big-endian": x.astype(">f4"),
        "list": x.tolist(),
        "float16": x.astype(np.float16),
        "unaligned": unaligned,
    }[name]
    wanted = ilk.kmeans(x.astype(np.float16) if name == "float16" else x, 6)
    found = ilk.kmeans(other, 6)
    assert (found.labels == wanted.labels).all()
    assert (found.centroids == wanted.centroids).all()


def test_results_own_their_memory() -> None:
    x, _, _ = blobs()
    found = ilk.kmeans(x, 6)
    labels, centroids = found.labels, found.centroids
    kept = labels.copy(), centroids.copy()
    del found
    for _ in range(20):
        ilk.kmeans(x, 6, seed=1)
    assert (labels == kept[0]).all() and (centroids == kept[1]).all()
    labels[0] = 5  # they are the caller's
    assert labels.dtype == np.int64 and centroids.dtype == np.float32


def test_memory_map_and_files(tmp_path: Path) -> None:
    x, _, _ = blobs()
    wanted = ilk.kmeans(x, 6).labels
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "x.npz", points=x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert np.shares_memory(_arrays.rows(mapped), mapped)
    for place in (mapped, tmp_path / "x.npy", str(tmp_path / "x.npz") + ":points"):
        assert (ilk.kmeans(place, 6).labels == wanted).all()


def test_arrow_and_parquet(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    x, _, _ = blobs()
    column = pa.FixedSizeListArray.from_arrays(pa.array(x.reshape(-1)), x.shape[1])
    rows = _arrays.rows(column)
    assert (rows == x).all() and not rows.flags.owndata
    assert (_arrays.rows(column.slice(100, 50)) == x[100:150]).all()
    assert (_arrays.rows(pa.chunked_array([column.slice(0, 100), column.slice(100)])) == x).all()
    table = pa.table({"path": [str(i) for i in range(len(x))], "embedding": column})
    assert (_arrays.rows(table) == x).all()
    pq.write_table(table, tmp_path / "x.parquet")
    assert (_arrays.rows(tmp_path / "x.parquet") == x).all()
    with pytest.raises(ilk.Error, match="FixedSizeList"):
        _arrays.rows(pa.array([[1.0], [2.0, 3.0]]))
    with pytest.raises(ilk.Error, match="nulls"):
        _arrays.rows(pa.array([[1.0], None], type=pa.list_(pa.float32(), 1)))


def test_data_frames() -> None:
    pd = pytest.importorskip("pandas")
    x, _, _ = blobs()
    assert (_arrays.rows(pd.DataFrame(x)) == x).all()
    for vectors in (list(x), x.tolist()):
        assert (_arrays.rows(pd.DataFrame({"embedding": vectors})["embedding"]) == x).all()
    for wrong in ([[1.0], [1.0, 2.0]], ["a", "b"], [1.0, None]):
        with pytest.raises(ilk.Error, match="vectors of one length"):
            _arrays.rows(pd.Series(wrong, dtype=object))


def test_dlpack() -> None:
    x, _, _ = blobs()

    class Foreign:
        """An array of another library: DLPack and nothing else."""

        def __dlpack__(self, **keywords: object) -> object:
            return x.__dlpack__(**keywords)

        def __dlpack_device__(self) -> tuple[int, int]:
            return x.__dlpack_device__()

    assert np.shares_memory(_arrays.rows(Foreign()), x)
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(x)
    assert np.shares_memory(_arrays.rows(tensor), x)
    assert (ilk.kmeans(tensor.requires_grad_(), 6).labels == ilk.kmeans(x, 6).labels).all()


def test_no_copy_of_x_is_held() -> None:
    """Peak memory: what k-means adds to X is its own quantised copy (half of X), not X again."""
    code = (
        "import resource, numpy as np, ilk, ilk._core\n"
        "X = np.random.default_rng(0).standard_normal((200_000, 256), dtype=np.float32)\n"
        "for i in range(0, len(X), 10_000):\n"
        "    X[i:i + 10_000] /= np.linalg.norm(X[i:i + 10_000], axis=1, keepdims=True)\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\n"
        "before = peak()\n"
        "ilk.kmeans(X, 4, n_init=1, max_iterations=2)\n"
        "print((peak() - before) / X.nbytes)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert float(said) < 0.9


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.zeros(5, dtype=np.float32), "1 dimensions"),
        (np.array([["a", "b"]]), "numbers"),
        (np.array([[1, np.nan]], dtype=np.float32), "row 0"),
        (np.array([[1, 0], [0, 0]], dtype=np.float32), "row 1"),
    ],
)
def test_bad_input(given: object, words: str) -> None:
    with pytest.raises(ilk.Error, match=words):
        ilk.kmeans(given, 1)
    assert issubclass(ilk.Error, ValueError)
