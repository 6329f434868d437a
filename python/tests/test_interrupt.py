"""Ctrl-C, progress, and work that is stopped by either."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import warnings

import ilk
import numpy as np
import pytest
from conftest import blobs

LONG = """
import signal, time, numpy as np, ilk
seen = []
def on_interrupt(*_):
    seen.append(time.process_time())
    raise KeyboardInterrupt
signal.signal(signal.SIGINT, on_interrupt)
X = np.random.default_rng(0).standard_normal((300_000, 64), dtype=np.float32)
X /= np.linalg.norm(X, axis=1, keepdims=True)
U = np.random.default_rng(1).standard_normal((20_000, 64), dtype=np.float32)
print("begin", flush=True)
try:
    {call}
except KeyboardInterrupt:
    print("stopped", time.time(), time.process_time() - seen[0], flush=True)
small = ilk.kmeans(X[:2000], 5)  # nothing is left locked
print("again", small.labels.shape[0])
"""


@pytest.mark.parametrize(
    "call",
    [
        "ilk.kmeans(X, 400, n_init=500, tolerance=0)",
        "ilk.transport(X, U, tolerance=1e-12, max_iterations=100000)",
        "ilk.nearest_neighbours(X, k=50, search='exact')",
        "ilk.choose_k(X, sample=300000, largest=200, candidates=150)",
    ],
)
def test_ctrl_c_ends_within_a_second(call: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", LONG.format(call=call)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begin\n"
    time.sleep(2)
    asked = time.time()
    process.send_signal(signal.SIGINT)
    word, when, worked = process.stdout.readline().split()
    assert word == "stopped"
    # On a busy machine what was worked since counts, not what was waited.
    assert float(when) - asked < 1 or float(worked) < 1
    assert process.stdout.read().strip() == "again 2000"
    assert process.wait() == 0


def test_progress_is_told() -> None:
    x, _, _ = blobs(n=4000, spread=2.0)
    told: list[tuple[str, int, int | None, str]] = []
    ilk.kmeans(x, 6, n_init=30, progress=lambda *what: told.append(what))
    assert told and told[-1][1] == told[-1][2] == 30


def test_what_progress_raises_stops_the_work() -> None:
    x, _, _ = blobs(n=20000, d=128, spread=3.0)

    def refuse(*_: object) -> None:
        raise RuntimeError("enough")

    begin = time.monotonic()
    with pytest.raises(RuntimeError, match="enough"):
        ilk.kmeans(x, 300, n_init=500, tolerance=0, progress=refuse)
    assert time.monotonic() - begin < 5
    assert len(ilk.kmeans(x[:100], 2).labels) == 100


def test_notices_are_warnings() -> None:
    x, _, centres = blobs(n=300)
    random = np.random.default_rng(0)
    clumped = np.concatenate([centres, random.normal(size=(50, 32)).astype(np.float32)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = ilk.transport(x, clumped, epsilon=0.001, max_iterations=1, tolerance=1e-9)
    assert not found.converged  # told by the result


def test_python_goes_on_meanwhile() -> None:
    """The GIL is released: another thread counts while k-means runs."""
    import threading

    x, _, _ = blobs(n=20000, d=64, spread=3.0)
    counted, done = 0, threading.Event()

    def count() -> None:
        nonlocal counted
        while not done.is_set():
            counted += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    begin = time.monotonic()
    ilk.kmeans(x, 100, n_init=3)
    took = time.monotonic() - begin
    done.set()
    thread.join()
    assert counted > took * 1000 * 0.02


def test_bars_by_tqdm(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm")
    from ilk._progress import listening

    with listening(True) as listener:
        listener.update("Encoding images", 1, 10, "images")
        time.sleep(1.05)
        listener.update("Encoding images", 7, 10, "images")
        listener.update("Encoding nouns", 0, None, "nouns")
    assert "Encoding images:  70%" in capfd.readouterr().err
