"""The notebook in examples/ runs from top to bottom."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import EXAMPLES


def test_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    book = nbformat.read(EXAMPLES / "notebooks" / "photos.ipynb", as_version=4)
    shutil.copytree(EXAMPLES / "photos", tmp_path / "photos")
    (tmp_path / "notebooks").mkdir()
    client.NotebookClient(book, timeout=300, resources={"metadata": {"path": str(tmp_path / "notebooks")}}).execute()
    shown = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs if output.output_type == "execute_result"]
    assert len(shown) == 5
    assert shown[0].data["text/html"].count("<img") > 30  # the clusters' pictures
    assert "image/png" in shown[-1].data
    scores = dict(eval(shown[2].data["text/plain"]))
    assert scores["accuracy"] > 0.5
