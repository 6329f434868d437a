"""Parquet on any file system that fsspec knows."""

from __future__ import annotations

from typing import Any


def _resolved(path: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs  # type: ignore[import-untyped]
    from pyarrow.fs import FSSpecHandler, PyFileSystem

    system, rest = url_to_fs(path)
    return PyFileSystem(FSSpecHandler(system)), rest


def read_parquet(path: str, **options: Any) -> Any:
    """
    The Parquet files at a path as a dataset.

    Parameters
    ----------
    path : str
        Such as "s3://bucket/folder", "gs://…", "file:///…": what fsspec resolves on every machine of the cluster.
    **options
        As `ray.data.read_parquet`.
    """
    import ray.data

    system, rest = _resolved(path)
    return ray.data.read_parquet(rest, filesystem=system, **options)


def write_parquet(dataset: Any, path: str, **options: Any) -> None:
    """Writes a dataset as Parquet files into a folder that fsspec resolves."""
    system, rest = _resolved(path)
    dataset.write_parquet(rest, filesystem=system, **options)
