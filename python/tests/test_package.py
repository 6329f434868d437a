"""The package as it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import ilk
import pytest

PACKAGE = Path(ilk.__file__).parent


def python(code: str, **more: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={**os.environ, **more}
    ).stdout


def test_import_is_quick_and_lazy() -> None:
    code = (
        "import sys, time; begin = time.perf_counter(); import ilk; took = time.perf_counter() - begin\n"
        "print(took, 'numpy' in sys.modules, 'ilk._core' in sys.modules)"
    )
    said = [python(code).split() for _ in range(5)]
    assert min(float(took) for took, _, _ in said) < 0.1
    assert all(rest == ["False", "False"] for _, *rest in said)


def test_every_name_is_there() -> None:
    for name in ilk.__all__:
        assert getattr(ilk, name) is not None
    assert set(ilk.__all__) <= set(dir(ilk))
    with pytest.raises(AttributeError, match="no attribute 'kmean'"):
        _ = ilk.kmean


def test_public_functions_are_documented() -> None:
    for name in ilk.__all__:
        assert getattr(ilk, name).__doc__, name


@pytest.fixture(scope="module")
def mypy(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., subprocess.CompletedProcess[str]]:
    """mypy by strict rules; other packages than NumPy are not gone into."""
    pytest.importorskip("mypy")
    folder = tmp_path_factory.mktemp("mypy")
    (folder / "rules.ini").write_text(
        "[mypy]\nstrict = true\nwarn_unused_ignores = false\ndisallow_any_generics = false\n"
        "[mypy-ray.*,sklearn.*,pandas.*,pyarrow.*,torch.*,tqdm.*,PIL.*,fiftyone.*,embedding_atlas.*]\n"
        "ignore_missing_imports = true\nfollow_imports = skip\n"
    )

    def check(path: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "mypy", "--config-file", str(folder / "rules.ini"), "--cache-dir", str(folder / "cache"), path]
        return subprocess.run(command, capture_output=True, text=True, cwd=cwd)

    return check


def test_types(mypy: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    """A user's mistakes are found, and nothing else."""
    assert (PACKAGE / "py.typed").exists() and (PACKAGE / "_core.pyi").exists()
    (tmp_path / "use.py").write_text(
        "import ilk\n"
        "found: ilk.KMeansResult = ilk.kmeans([[1.0, 0.0], [0.0, 1.0]], 2)\n"
        "run: ilk.Run = ilk.cluster('photos', k=3, output='run', epsilon=0.1)\n"
        "ilk.cluster('photos', k=3, epsilom=0.1)\n"
        "number: str = ilk.metrics.ari([0], [0])\n"
    )
    checked = mypy("use.py", tmp_path)
    errors = [line for line in checked.stdout.splitlines() if ": error:" in line]
    assert len(errors) == 2 and "use.py:4" in errors[0] and "use.py:5" in errors[1], checked.stdout + checked.stderr


def test_types_within(mypy: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    """The package's own code against its stubs, which are made of the built module."""
    shutil.copytree(PACKAGE, tmp_path / "ilk", ignore=shutil.ignore_patterns("share", "lib", "bin", "*.so", "__pycache__"))
    checked = mypy("ilk", tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_program_comes_along() -> None:
    code = "import sys; sys.argv = ['ilk', '--version']; from ilk._program import main; main()"
    said = python(code)
    assert said.startswith("ilk " + ilk.__version__) and "libvips" in said and "JPEG" in said


def test_threads() -> None:
    before = ilk._core.threads()  # type: ignore[attr-defined]
    try:
        ilk.set_threads(3)
        assert ilk._core.threads() == 3  # type: ignore[attr-defined]
    finally:
        ilk.set_threads(before)


def test_fork() -> None:
    """A forked process has threads of its own, and the parent goes on."""
    code = (
        "import os, numpy as np, ilk\n"
        "X = np.random.default_rng(0).normal(size=(20000, 32)).astype('f')\n"
        "before = ilk.kmeans(X, 5).labels\n"
        "child = os.fork()\n"
        "if child == 0: os._exit(0 if (ilk.kmeans(X, 5).labels == before).all() else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "assert (ilk.kmeans(X, 5).labels == before).all()\n"
    )
    python(code)
