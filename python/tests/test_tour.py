"""The code of docs/python.md and of the README is run from top to bottom."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import EXAMPLES

README = EXAMPLES.parent / "README.md"
TOUR = EXAMPLES.parent / "docs" / "python.md"


def code_of(page: Path) -> str:
    return "\n".join(re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL))


@pytest.mark.skipif(not README.exists(), reason="the checkout is not here")
def test_readme(photos: Path, tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    pictures = sorted(photos.iterdir())
    for folder, some in (("PHOTOS", pictures[::4]), ("NEW", pictures[1:8])):
        (tmp_path / folder).mkdir()
        for path in some:
            (tmp_path / folder / path.name).write_bytes(path.read_bytes())
    code = code_of(README)
    assert "ilk.cluster(" in code
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "name" in ran.stdout and (tmp_path / "run" / "report.html").exists()


@pytest.mark.skipif(not TOUR.exists(), reason="the checkout is not here")
def test_tour(photos: Path, tmp_path: Path) -> None:
    for module in ("pandas", "sklearn", "PIL", "pyarrow"):
        pytest.importorskip(module)
    code = code_of(TOUR)
    assert code.count("ilk.") > 10
    pictures = sorted(photos.iterdir())
    for folder, some in (("photos", pictures[::3]), ("more", pictures[1:8])):
        (tmp_path / folder).mkdir()
        for path in some:
            (tmp_path / folder / path.name).write_bytes(path.read_bytes())
    (tmp_path / "tour.py").write_text(code + "\nassert len(new) == 7 and len(cae.cluster_names_) == 8 and run.labels.shape == (len(images),)\n")
    ran = subprocess.run([sys.executable, "tour.py"], cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "n_clusters must be at most the number of images" in ran.stdout
