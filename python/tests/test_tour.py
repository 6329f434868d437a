"""The code of docs/python.md is run from top to bottom. (`./dev wheel` runs that of the README, with nothing but the wheel.)"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import EXAMPLES

TOUR = EXAMPLES.parent / "docs" / "python.md"


def code_of(page: Path) -> str:
    return "\n".join(re.findall(r"```python\n(.*?)```", page.read_text(), flags=re.DOTALL))


@pytest.mark.skipif(not TOUR.exists(), reason="the checkout is not here")
def test_tour(photos: Path, tmp_path: Path) -> None:
    for module in ("sklearn", "PIL", "pyarrow"):
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
