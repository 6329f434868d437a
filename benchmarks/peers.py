#!/usr/bin/env python3
"""Times ilk's kernels beside faiss, scikit-learn, superkmeans and POT on the same input, in turn, and prints Markdown tables.

usage: peers.py [kmeans|neighbours|transport …] [--quick] [--rounds 5] [--time-kernel build/benchmarks/time_kernel]
                [--embeddings run/features.safetensors …] [--only TEXT]

Every measurement is a process of its own and times the computation alone, not the reading of the input. Times are
medians of the rounds; ratios are medians of the rounds' ratios. What is not installed is left out and named
(./dev bench installs what benchmarks/requirements.txt lists).
"""
import argparse
import json
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time

from python_with import peers_environment, with_packages

with_packages("numpy")
import numpy as np  # noqa: E402

HERE = pathlib.Path(__file__).resolve()


def unit(rows):
    return np.ascontiguousarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def random_rows(n, d, seed, groups=0, spread=0.5):
    """Evenly over the sphere, or around random directions."""
    random = np.random.default_rng(seed)
    rows = random.standard_normal((n, d), dtype=np.float32)
    if groups:
        centres = random.standard_normal((groups, d), dtype=np.float32)
        rows = centres[random.integers(groups, size=n)] + np.float32(spread) * rows
    return unit(rows)


def safetensors_matrix(path, name="embeddings"):
    with open(path, "rb") as file:
        size, = struct.unpack("<Q", file.read(8))
        entry = json.loads(file.read(size))[name]
        file.seek(8 + size + entry["data_offsets"][0])
        return unit(np.frombuffer(file.read(entry["data_offsets"][1] - entry["data_offsets"][0]), "<f4").reshape(entry["shape"]))


# What runs in the peers' processes. Each returns what is compared; `done` is called when the clock stops.

def faiss_kmeans(points, centres, iterations, spherical):
    import faiss
    faiss.omp_set_num_threads(os.cpu_count())
    n, k = len(points), len(centres)
    clustering = faiss.Clustering(points.shape[1], k)
    clustering.niter = iterations
    clustering.spherical = spherical
    clustering.max_points_per_centroid = n
    clustering.min_points_per_centroid = 1
    faiss.copy_array_to_vector(centres.ravel(), clustering.centroids)
    index = faiss.IndexFlatIP(points.shape[1]) if spherical else faiss.IndexFlatL2(points.shape[1])
    clustering.train(points, index)
    found = faiss.vector_to_array(clustering.centroids).reshape(k, -1)
    return lambda: float(objective_of(points, found, spherical))


def objective_of(points, centres, spherical):
    total = 0.0
    for begin in range(0, len(points), 8192):
        block = points[begin:begin + 8192].astype(np.float64)
        products = block @ centres.astype(np.float64).T
        if not spherical:
            products = 2 * products - (centres.astype(np.float64) ** 2).sum(1) - (block ** 2).sum(1, keepdims=True)
        total += products.max(1).sum()
    return total / len(points)


def sklearn_kmeans(points, centres, iterations, algorithm):
    import sklearn.cluster
    model = sklearn.cluster.KMeans(len(centres), init=centres, n_init=1, max_iter=iterations, tol=0, algorithm=algorithm)
    model.fit(points)
    return lambda: -model.inertia_ / len(points)


def superkmeans_kmeans(points, centres, iterations, spherical):
    """It takes no first centres: it draws its own."""
    import superkmeans
    n, d = points.shape
    model = superkmeans.SuperKMeans(len(centres), d, hierarchical=False, iters=iterations, sampling_fraction=1.0,
                                    max_points_per_cluster=n, early_termination=False, angular=spherical)
    found = model.train(points)
    return lambda: float(objective_of(points, found, spherical))


def faiss_neighbours(queries, base, k):
    import faiss
    faiss.omp_set_num_threads(os.cpu_count())
    index = faiss.IndexFlatIP(base.shape[1])
    index.add(base)
    cosines, _ = index.search(queries, k)
    return lambda: float(cosines.mean(dtype=np.float64))


def pot_transport(images, words, epsilon, iterations, tolerance):
    import ot
    cost = 1 - images.astype(np.float64) @ words.astype(np.float64).T
    n, m = cost.shape
    _, log = ot.sinkhorn(np.full(n, 1 / n), np.full(m, 1 / m), cost, epsilon, method="sinkhorn_log", numItermax=iterations,
                         stopThr=tolerance, log=True, warn=False)
    return lambda: float(log["niter"])


def peer(arguments):
    """The process of one peer: its name and numbers, the two matrices."""
    name, rest, first, second = arguments[0], arguments[1:-2], np.load(arguments[-2]), np.load(arguments[-1])
    numbers = [float(one) if "." in one or "e" in one else int(one) for one in rest if not one.isalpha()]
    run = {
        "faiss-spherical": lambda: faiss_kmeans(first, second, numbers[0], True),
        "faiss-euclidean": lambda: faiss_kmeans(first, second, numbers[0], False),
        "sklearn-lloyd": lambda: sklearn_kmeans(first, second, numbers[0], "lloyd"),
        "sklearn-elkan": lambda: sklearn_kmeans(first, second, numbers[0], "elkan"),
        "superkmeans-spherical": lambda: superkmeans_kmeans(first, second, numbers[0], True),
        "superkmeans-euclidean": lambda: superkmeans_kmeans(first, second, numbers[0], False),
        "faiss-neighbours": lambda: faiss_neighbours(first, second, numbers[0]),
        "pot-transport": lambda: pot_transport(first, second, *numbers),
    }[name]
    __import__({"faiss": "faiss", "sklearn": "sklearn.cluster", "superkmeans": "superkmeans", "pot": "ot"}[name.split("-")[0]])
    wall, cpu = time.perf_counter(), time.process_time()
    facts = run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps({"wall": wall, "cpu": cpu, "objective": facts()}))


def processor():
    """What /proc/cpuinfo calls it, and which of the instructions that matter it has."""
    facts = dict(map(str.strip, line.split(":", 1)) for line in open("/proc/cpuinfo") if ":" in line)
    flags = facts.get("flags", "").split()
    return facts.get("model name", "this machine") + "".join(f", {flag}" for flag in ("avx2", "avx512_vnni", "avx512_bf16") if flag in flags)


class Table:
    """One input; ours and the peers' runs of it, in turn."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.missing = set()

    def write(self, name, rows):
        path = self.folder / name
        rows.tofile(path)
        np.save(path, rows)
        return str(path)

    def call(self, command):
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, env=peers_environment())
        if done.returncode:
            return None, done.stderr.strip().splitlines()[-1:] or ["failed"]
        return json.loads(done.stdout.strip().splitlines()[-1]), None

    def ours(self, *arguments):
        found, error = self.call([self.options.time_kernel, *arguments])
        if found is None:
            raise SystemExit(f"{arguments}: {error}")
        return found

    def peer(self, name, *arguments):
        if name in self.missing:
            return None
        found, error = self.call([sys.executable, HERE, "--peer", name, *arguments])
        if found is None:
            self.missing.add(name)
            print(f"{name} is left out: {' '.join(error)}\n", flush=True)
        return found

    def rows(self, title, work, ours, peers, compared="objective", rounds=None):
        """`work`: floating-point operations that a plain computation takes; ours and peers: calls."""
        if self.options.only not in title:
            return
        seen = {name: [] for name in ["ilk", *peers]}
        rates = []
        for _ in range(rounds or self.options.rounds):
            rates.append(self.ours("machine")["gflops"])
            seen["ilk"].append(ours())
            for name, call in peers.items():
                if (found := call()) is not None:
                    seen[name].append(found)
        rate = statistics.median(rates)
        for name, runs in seen.items():
            if not runs:
                continue
            middle = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
            ratio = {key: statistics.median(run[key] / own[key] for run, own in zip(runs, seen["ilk"])) for key in ("wall", "cpu")}
            times = "" if name == "ilk" else f"{ratio['wall']:.1f} / {ratio['cpu']:.1f}"
            print(f"| {title} | {name} | {middle['wall']:.2f} | {middle['cpu']:.2f} | {times} | {work / middle['wall'] / 1e9:.0f} ({rate:.0f}) | "
                  f"{middle.get(compared, middle.get('objective', 0)):.7g} |", flush=True)


HEAD = "| input | program | wall, s | CPU, s | × ilk's time, wall / CPU | GFLOP/s of plain products (a matrix product here) | {} |\n|---|---|---|---|---|---|---|"


def kmeans(table, quick):
    print("\n## k-means, same input and first centres\n\n" + HEAD.format("objective"), flush=True)
    n = 10000 if quick else 60000
    cases = [("even", n, 512, 10, 50), ("even", n, 512, 200, 20), ("40 groups", n, 512, 200, 20)]
    cases += [("40 groups", 20000, 512, 1000, 10)] if quick else [("even", 200000, 512, 1000, 10), ("40 groups", 200000, 512, 1000, 10)]
    for path in table.options.embeddings:
        cases += [(path, 0, 0, k, 50) for k in (11, 100)]
    for kind, n, d, k, iterations in cases:
        groups = int(kind.split()[0]) if "groups" in kind else 0
        points = safetensors_matrix(kind) if n == 0 else random_rows(n, d, 1, groups, 1.0)
        n, d = points.shape
        if k >= n:
            continue
        centres = points[np.random.default_rng(2).choice(n, k, replace=False)]
        files = {name: table.write(name, rows) for name, rows in (("points", points), ("centres", centres))}
        pair = [files["points"] + ".npy", files["centres"] + ".npy"]
        title = f"{kind}, {n} × {d}, K = {k}, {iterations} iterations"
        work = 2.0 * n * d * k * iterations
        table.rows(title + ", spherical", work, lambda: table.ours("kmeans", n, d, k, iterations, files["points"], files["centres"]),
                   {name: (lambda name=name: table.peer(name, iterations, *pair)) for name in ("faiss-spherical", "superkmeans-spherical")})
        peers = ["faiss-euclidean", "superkmeans-euclidean", "sklearn-lloyd"] + (["sklearn-elkan"] if n * k < 3e7 and groups or "." in kind else [])
        table.rows(title + ", Euclidean", work, lambda: table.ours("euclidean", n, d, k, iterations, files["points"], files["centres"]),
                   {name: (lambda name=name: table.peer(name, iterations, *pair)) for name in peers})
    for n, d, k in [] if table.options.only else [(n, 512, 200)] + ([] if quick else [(200000, 512, 1000)]):
        points = table.write("points", random_rows(n, d, 1))
        runs = [table.ours("start", n, d, k, 0, points) for _ in range(table.options.rounds)]
        print(f"| k-means++ and one iteration, {n} × {d}, K = {k} | ilk | {statistics.median(run['wall'] for run in runs):.2f} | "
              f"{statistics.median(run['cpu'] for run in runs):.2f} | | | |", flush=True)


def neighbours(table, quick):
    print("\n## Exact neighbours by cosine\n\n" + HEAD.format("mean cosine"), flush=True)
    for q, b, d, k in [(2000, 20000, 512, 50)] if quick else [(10000, 60000, 512, 50), (20000, 200000, 512, 50)]:
        base = random_rows(b, d, 3)
        queries = base[:q]
        files = [table.write("queries", queries), table.write("base", base)]
        table.rows(f"{q} queries, {b} × {d}, k = {k}", 2.0 * q * b * d,
                   lambda: table.ours("neighbours", q, d, b, k, *files),
                   {"faiss-neighbours": lambda: table.peer("faiss-neighbours", k, *(file + ".npy" for file in files))}, "mean_cosine")


def transport(table, quick):
    print("\n## Transport, ε = 0.01, log domain, until the column sums are right to 1e-4 (L1)\n\n" + HEAD.format("iterations"), flush=True)
    for n, m, d in [(5000, 400, 512)] if quick else [(20000, 2000, 512), (60000, 800, 512)]:
        images, words = random_rows(n, d, 5, 40, 1.0), random_rows(m, d, 6, 0)
        files = [table.write("images", images), table.write("words", words)]
        # POT measures the L2 norm; of M similar errors it is this share of the L1 norm.
        tolerance = 1e-4 / (0.8 * m ** 0.5)
        table.rows(f"{n} images, {m} words, D = {d}", 2.0 * n * m * d,
                   lambda: table.ours("transport", n, d, m, 1000, *files, 0.01, 1e-4),
                   {"pot-transport": lambda: table.peer("pot-transport", 0.01, 1000, f"{tolerance:.3e}", *(file + ".npy" for file in files))},
                   "iterations", rounds=min(3, table.options.rounds))


def main():
    if sys.argv[1:2] == ["--peer"]:
        return peer(sys.argv[2:])
    parser = argparse.ArgumentParser()
    parser.add_argument("tables", nargs="*", help="kmeans, neighbours or transport; all where none is named")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--time-kernel", default=HERE.parent.parent / "build/benchmarks/time_kernel")
    parser.add_argument("--embeddings", nargs="*", default=[])
    parser.add_argument("--only", default="", help="only inputs whose title has this text")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 5)
    with tempfile.TemporaryDirectory() as folder:
        table = Table(options, pathlib.Path(folder))
        found = table.ours("machine")
        print(f"{processor()}: a plain matrix product {found['gflops']:.0f} GFLOP/s, a plain copy {found['gbytes']:.0f} GB/s "
              f"(read and write), {os.cpu_count()} threads.")
        for name in options.tables or ["kmeans", "neighbours", "transport"]:
            {"kmeans": kmeans, "neighbours": neighbours, "transport": transport}[name](table, options.quick)


if __name__ == "__main__":
    main()
