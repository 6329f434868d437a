"""Arguments as the arrays that ilk._core reads: nothing is copied that need not be."""

from __future__ import annotations

import os
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from . import _core

Floats = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]
Rows = Any  # what `rows` takes: an array of any kind, or a path


def _from_arrow(column: Any, what: str) -> npt.NDArray[Any] | None:
    """Arrow's FixedSizeList (an array, or a table's or batch's one such column) as a matrix; else None."""
    module = type(column).__module__
    if not module.startswith("pyarrow"):
        return None
    import pyarrow as pa

    if isinstance(column, (pa.Table, pa.RecordBatch)):
        lists = [name for name in column.schema.names if pa.types.is_fixed_size_list(column.schema.field(name).type)]
        if len(lists) != 1:
            raise _core.Error(f"{what} must be a table with one column of FixedSizeList, got {len(lists)} of them.")
        column = column.column(lists[0])
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):  # what combine_chunks gives for none
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if not pa.types.is_fixed_size_list(column.type):
        raise _core.Error(f"{what} must be of Arrow's type FixedSizeList, got {column.type}.")
    if column.null_count:
        raise _core.Error(f"{what} must have a vector in each row, got {column.null_count} nulls.")
    width = column.type.list_size
    numbers = column.flatten()
    return cast("npt.NDArray[Any]", numbers.to_numpy(zero_copy_only=numbers.null_count == 0)).reshape(-1, width)


def _from_file(path: str, what: str) -> npt.NDArray[Any]:
    """Parquet; or .npy as a memory map; or what else the library reads (X.npz:name, X.safetensors:name)."""
    if path.endswith((".parquet", ".pq")):
        import pyarrow.parquet as pq

        table = pq.read_table(path, memory_map=True)
        found = _from_arrow(_fixed_size(table, what), what)
        assert found is not None
        return found
    if path.endswith(".npy"):
        return cast("npt.NDArray[Any]", np.load(path, mmap_mode="r"))
    return cast("npt.NDArray[Any]", _core.read_array(path))


def _fixed_size(table: Any, what: str) -> Any:
    """A table whose one column of lists is of FixedSizeList: not every writer of Parquet keeps that type."""
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if not (pa.types.is_list(field.type) or pa.types.is_large_list(field.type)):
            continue
        column = table.column(place)
        width = len(column[0]) if table.num_rows else 0
        flat = column.combine_chunks().flatten() if column.num_chunks != 1 else column.chunk(0).flatten()
        if len(flat) != width * table.num_rows:
            raise _core.Error(f"{what} must have vectors of one length in column '{field.name}'.")
        return pa.table({field.name: pa.FixedSizeListArray.from_arrays(flat, width)})
    return table


def _foreign(array: Any) -> npt.NDArray[Any]:
    """NumPy's view of an array of any library: by DLPack where that can be, from a GPU with one copy."""
    if isinstance(array, np.ndarray):
        return array
    if type(array).__module__.split(".")[0] == "torch":
        array = array.detach().cpu()
        if not array.dtype.is_floating_point or array.element_size() >= 4:
            return np.from_dlpack(array)
        return cast("npt.NDArray[Any]", array.float().numpy())
    if hasattr(array, "__dlpack__") and hasattr(array, "__dlpack_device__"):
        if array.__dlpack_device__()[0] == 1:
            return np.from_dlpack(array)
        if hasattr(array, "get"):  # CuPy
            return cast("npt.NDArray[Any]", array.get())
    return np.asarray(array)


def _stacked(vectors: npt.NDArray[Any], what: str, function: str) -> npt.NDArray[Any]:
    lengths = sorted({np.shape(vector)[0] if np.ndim(vector) == 1 else -1 for vector in vectors})
    if len(lengths) != 1 or lengths[0] < 0:
        raise _core.Error(f"[{function}] {what} must be a matrix, or a column of vectors of one length.")
    return np.stack(vectors.tolist())


def rows(array: Rows, what: str = "X", function: str = "ilk") -> Floats:
    """
    A matrix as the library reads it.

    Parameters
    ----------
    array : array_like, Arrow column or path
        (N, D) numbers: a NumPy array of any layout and type, a DLPack tensor, Arrow's FixedSizeList, a DataFrame or its
        column of vectors, a memory map, or the path of a Parquet, .npy, .npz:name or .safetensors:name file.
    what, function : str
        What messages call it, and where.

    Returns
    -------
    ndarray of shape (N, D), float32
        The same memory where it is float32 and the numbers of a row follow each other; else one copy.
    """
    if isinstance(array, (str, os.PathLike)):
        found = _from_file(os.fspath(array), what)
    else:
        from_arrow = _from_arrow(array, what)
        found = _foreign(array) if from_arrow is None else from_arrow
    if found.ndim == 1 and found.dtype == object and len(found):  # a DataFrame's column of vectors
        found = _stacked(found, what, function)
    if found.ndim != 2:
        raise _core.Error(f"[{function}] {what} must be a matrix, one row each, got an array of {found.ndim} dimensions.")
    if found.dtype.kind not in "fiub":
        try:
            found = found.astype(np.float32)
        except (TypeError, ValueError):
            raise _core.Error(f"[{function}] {what} must hold numbers, got {found.dtype}.") from None
    if found.dtype == np.float32 and (found.shape[1] <= 1 or found.strides[1] == 4) and _steps(found):
        return found
    with np.errstate(over="ignore"):  # what is too large becomes infinity, which the library refuses
        return np.ascontiguousarray(found, dtype=np.float32)


def _steps(matrix: npt.NDArray[Any]) -> bool:
    """Whether rows begin a whole number of float32 apart, forwards, at an address that is aligned."""
    return bool(matrix.strides[0] % 4 == 0 and matrix.strides[0] >= 0 and matrix.flags.aligned and matrix.dtype.isnative)


def unit_rows(array: Rows, what: str = "X", function: str = "ilk") -> Floats:
    """`rows`, each scaled to unit length; the same memory where they all are of unit length already."""
    matrix = rows(array, what, function)
    scaled = _core.unit_rows(matrix, function, what)
    return matrix if scaled is None else scaled


def labels(array: Any, what: str = "labels", function: str = "ilk") -> Whole:
    """Labels of any type as whole numbers: numbers as they are, names by their order."""
    found = np.asarray(array)
    if found.ndim != 1:
        raise _core.Error(f"[{function}] {what} must be a list, one label each, got {found.ndim} dimensions.")
    if found.dtype.kind in "iub" and found.dtype != np.uint64:
        return np.ascontiguousarray(found, dtype=np.int64)
    return np.ascontiguousarray(np.unique(found, return_inverse=True)[1], dtype=np.int64)


def jobs(n_jobs: int | None) -> int:
    """scikit-learn's n_jobs as a number of threads: None as ilk is set, −1 all, −2 all but one; 0 is refused."""
    if n_jobs is None:
        return 0
    if n_jobs == 0:
        raise _core.Error("n_jobs must not be 0; None uses as many threads as ilk is set to, -1 all.")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return n_jobs if n_jobs > 0 else max(1, cores + 1 + n_jobs)


def seed(random_state: Any) -> int:
    """scikit-learn's random_state as the library's seed; a generator gives its next number."""
    if random_state is None:
        return 0
    if hasattr(random_state, "randint"):
        return int(random_state.randint(0, 2**31 - 1))
    if hasattr(random_state, "integers"):
        return int(random_state.integers(0, 2**31 - 1))
    return int(random_state)
