"""
The Python package beside others: how long `import ilk` takes, how large a wheel is, what the binding adds to the core's
time and memory, and KMeans beside scikit-learn, faiss, superkmeans and evoc, each where it is installed.

    python benchmarks/python_peers.py [--wheel wheels/ilk-….whl] [--rows 60000] [--quick] [-o table.md]

Run it on a quiet machine, in an environment with the wheel. Each measurement is a process of its own, so that peak memory
is its own. Every number is a median of --repeats.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

DATA = """
import json, resource, sys, time
import numpy as np
n, d, k, threads = map(int, sys.argv[1:5])
random = np.random.default_rng(0)
centres = random.standard_normal((k, d), dtype=np.float32)
X = random.standard_normal((n, d), dtype=np.float32)
labels = random.integers(0, k, n)
for i in range(0, n, 10_000):
    X[i:i + 10_000] += 0.7 * centres[labels[i:i + 10_000]]
    X[i:i + 10_000] /= np.linalg.norm(X[i:i + 10_000], axis=1, keepdims=True)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
{prepare}
before = peak()
begin = time.perf_counter()
{work}
seconds = time.perf_counter() - begin
objective = float(np.mean([(X[found == c] @ (s / np.linalg.norm(s))).sum() for c in range(k)
                           if (s := X[found == c].sum(axis=0)).any()]) * k / n)
print(json.dumps({{"seconds": seconds, "memory": (peak() - before) / X.nbytes, "objective": objective}}))
"""

# One restart and 25 iterations each, from k-means++ where the library has it.
KMEANS = {
    "ilk": ("import ilk; ilk.kmeans", "found = ilk.kmeans(X, k, n_init=1, max_iterations=25, tolerance=0, n_jobs=threads).labels"),
    "ilk.KMeans": (
        "import warnings; warnings.simplefilter('ignore'); from ilk import KMeans",
        "found = KMeans(k, n_init=1, max_iter=25, tol=0, n_jobs=threads).fit(X).labels_",
    ),
    "scikit-learn": (
        "from sklearn.cluster import KMeans; import threadpoolctl; threadpoolctl.threadpool_limits(threads)",
        "found = KMeans(k, n_init=1, max_iter=25, tol=0, random_state=0).fit(X).labels_",
    ),
    "faiss": (
        "import faiss; faiss.omp_set_num_threads(threads)",
        "km = faiss.Kmeans(d, k, niter=25, spherical=True, max_points_per_centroid=n); km.train(X); found = km.index.search(X, 1)[1][:, 0]",
    ),
    "superkmeans": (
        "import superkmeans",
        "km = superkmeans.SuperKMeans(k, d, n_threads=threads, iters=25); c = km.train(X); found = np.asarray(km.assign(X, c)).astype(int)",
    ),
    "evoc (its own number of clusters)": (
        "import evoc",
        "found = evoc.EVoC().fit_predict(X); k = int(found.max()) + 1",
    ),
}


def measured(code: str, arguments: list[int], threads: int) -> dict[str, float] | str:
    """What one process says, or why it could not."""
    env = {**os.environ, **{name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")}}
    ran = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, env=env)
    if ran.returncode != 0:
        return (ran.stderr.strip().splitlines() or ["no reason is given"])[-1]
    return dict(json.loads(ran.stdout.splitlines()[-1]))


def kmeans_table(n: int, d: int, k: int, threads: int, repeats: int) -> list[str]:
    lines = [
        f"K-means of {n} × {d}, K = {k}, one start, 25 iterations, {threads} threads", "",
        "| program | seconds | peak memory beyond X, in X | mean cosine |", "|---|---|---|---|",
    ]  # fmt: skip
    for name, (prepare, work) in KMEANS.items():
        runs = [measured(DATA.format(prepare=prepare, work=work), [n, d, k, threads], threads) for _ in range(repeats)]
        good = [run for run in runs if isinstance(run, dict)]
        if not good:
            lines.append(f"| {name} | not measured: {runs[0]} | | |")
            continue
        middle = {key: statistics.median(run[key] for run in good) for key in good[0]}
        lines.append(f"| {name} | {middle['seconds']:.2f} | {middle['memory']:.2f} | {middle['objective']:.4f} |")
    return lines


def import_line(repeats: int) -> str:
    code = "import time; b = time.perf_counter(); import ilk; print(time.perf_counter() - b)"
    seconds = [float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout) for _ in range(repeats)]
    return f"`import ilk`: {1000 * statistics.median(seconds):.0f} ms"


def overhead_line(n: int, d: int, k: int, threads: int, repeats: int) -> str:
    """ilk.KMeans.fit against the same call of the extension, in one process, in turns: the least CPU time of each, which other
    work disturbs least."""
    code = DATA.format(
        prepare="import warnings; warnings.simplefilter('ignore'); from ilk import KMeans, _core\n"
        "options = dict(n_clusters=k, n_init=1, max_iterations=25, tolerance=0.0)\n"
        "core, whole = [], []",
        work=f"for _ in range({max(5, repeats)}):\n"
        "    t = time.process_time(); found = _core.kmeans(X, None, True, options, None, threads)['labels']; core.append(time.process_time() - t)\n"
        "    t = time.process_time(); KMeans(k, n_init=1, max_iter=25, tol=0, n_jobs=threads).fit(X); whole.append(time.process_time() - t)",
    ).replace('"seconds": seconds', '"core": float(np.min(core)), "whole": float(np.min(whole)), "seconds": seconds')
    found = measured(code, [n, d, k, threads], threads)
    if isinstance(found, str):
        return f"overhead of the binding: not measured: {found}"
    return f"overhead of the binding: {100 * (found['whole'] / found['core'] - 1):.1f} % ({found['whole']:.3f} s of CPU time against {found['core']:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, once")
    parser.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args()
    n, repeats = (arguments.rows // 10, 1) if arguments.quick else (arguments.rows, arguments.repeats)
    d, k = 512, 200
    lines = [f"{platform.processor() or platform.machine()}, Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}", ""]
    lines.append("- " + import_line(max(5, repeats)))
    if arguments.wheel:
        lines.append(f"- wheel: {arguments.wheel.stat().st_size / 1e6:.1f} MB")
    lines += ["- " + overhead_line(n, d, k, arguments.threads, repeats), ""]
    lines += kmeans_table(n, d, k, arguments.threads, repeats)
    text = "\n".join(lines) + "\n"
    print(text, end="")
    if arguments.output:
        arguments.output.write_text(text)


if __name__ == "__main__":
    main()
