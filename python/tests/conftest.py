"""What the tests share. They use the installed package alone; pictures are the checkout's examples."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

EXAMPLES = Path(os.environ.get("ILK_EXAMPLES", Path(__file__).resolve().parents[2] / "examples"))


def blobs(n: int = 600, d: int = 32, k: int = 6, spread: float = 0.25, seed: int = 0) -> tuple[Any, Any, Any]:
    """Unit rows around k random directions: (points float32, labels, directions)."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(k, d))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    labels = random.integers(0, k, n)
    points = centres[labels] + spread * random.normal(size=(n, d)) / np.sqrt(d)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points.astype(np.float32), labels, centres.astype(np.float32)


@pytest.fixture(scope="session")
def photos() -> Path:
    return EXAMPLES / "photos" / "images"


@pytest.fixture(scope="session")
def words() -> Any:
    """Nouns whose features are the blobs' own directions and some that are none."""
    _, _, centres = blobs()
    random = np.random.default_rng(1)
    others = random.normal(size=(30, centres.shape[1]))
    nouns = [f"thing {i}" for i in range(len(centres))] + [f"other {i}" for i in range(len(others))]
    return nouns, np.concatenate([centres, others]).astype(np.float32)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept in the user's folders."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
