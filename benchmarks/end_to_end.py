#!/usr/bin/env python3
"""From command to labels: `ilk cluster --features` against a plain script of NumPy, scikit-learn and POT that does the
same work on the same files, and against EVoC, which clusters the features alone and chooses the number of clusters by
itself; each in a process of its own, in turn. Prints wall time, CPU time and peak memory.

The features are made up: a mixture of as many directions on the sphere as there are clusters, with a nuisance that words do
not know, and words a fifth of which lie near a group. Needs numpy; the other side needs scikit-learn too, and POT where it is
installed (else the transport is done in NumPy in the log domain). --quick: a tenth of the size. ACC of EVoC: under the best
matching of its clusters to the classes, its noise counted as wrong."""
import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

from python_with import peers_environment, with_packages

HERE = pathlib.Path(__file__).resolve().parent
K, D = 10, 512


def make(folder, n, words):
    import numpy as np

    def unit(rows):
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    random = np.random.default_rng(0)
    groups, styles = unit(random.standard_normal((K, D))), unit(random.standard_normal((40, D)))
    truth = random.integers(0, K, n)
    noise = unit(random.standard_normal((n, D)))
    features = groups[truth] + 1.2 * styles[random.integers(0, len(styles), n)] + 3.0 * noise
    np.save(folder / "X.npy", unit(features).astype(np.float32))
    (folder / "labels.txt").write_text("\n".join(map(str, truth)) + "\n")
    for number, (file, what) in enumerate([("U", "noun"), ("V", "caption")]):
        near = groups[random.integers(0, K, words)] * (random.random((words, 1)) < 0.2)
        gap = 0.5 * unit(np.random.default_rng(number + 1).standard_normal((1, D)))
        rows = near + 1.5 * unit(random.standard_normal((words, D))) + gap
        np.save(folder / f"{file}.npy", unit(rows).astype(np.float32))
        (folder / f"{what}s.txt").write_text("\n".join(f"{what} {i}" for i in range(words)) + "\n")


def plain_script(folder, threads):
    """CAE as its formulas read, with the usual libraries. Prints seconds by stage."""
    import numpy as np
    from sklearn.cluster import KMeans

    folder, seconds, last = pathlib.Path(folder), {}, time.time()

    def done(stage):
        nonlocal last
        seconds[stage] = seconds.get(stage, 0) + time.time() - last
        last = time.time()

    def unit(rows):
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def transport(cosines, epsilon=0.1, tolerance=1e-4):
        n, m = cosines.shape
        a, b = np.full(n, 1 / n, cosines.dtype), np.full(m, 1 / m, cosines.dtype)
        try:
            import ot
            return ot.sinkhorn(a, b, 1 - cosines, epsilon, stopThr=tolerance, numItermax=1000, warn=False)
        except ImportError:
            g = np.zeros(m, cosines.dtype)
            for _ in range(1000):
                logits = (cosines + g) / epsilon
                logits -= logits.max(1, keepdims=True)
                plan = np.exp(logits)
                plan /= plan.sum(1, keepdims=True) * n
                sums = plan.sum(0)
                if np.abs(sums - b).sum() < tolerance:
                    break
                g += epsilon * (np.log(b) - np.log(sums))
            return plan

    x = unit(np.load(folder / "X.npy"))
    words = [unit(np.load(folder / "U.npy")), unit(np.load(folder / "V.npy"))]
    n = len(x)
    done("read")
    centres = unit(KMeans(max(n // 300, 3 * K), n_init=1, random_state=0).fit(x).cluster_centers_)
    done("semantic centres")
    parts, plans = [x], []
    for u in words:
        chosen = np.unique(np.argpartition(-(centres @ u.T), 5, axis=1)[:, :5])
        u = u[chosen]
        done("choose words")
        cosines = x @ u.T
        plan = transport(cosines)
        done("transport")
        parts.append(unit((plan * cosines) @ u))
        plans.append(plan)
        done("counterparts")
    prototype = unit(sum(parts) / len(parts))
    weights = np.stack([(part * prototype).sum(1) for part in parts], 1) / 0.1
    weights = np.exp(weights - weights.max(1, keepdims=True))
    weights /= weights.sum(1, keepdims=True)
    fused = unit(np.concatenate([part * weight[:, None] for part, weight in zip(parts, weights.T)], 1))
    done("fuse")
    labels = KMeans(K, n_init=20, max_iter=300, random_state=0).fit(fused).labels_
    done("cluster")
    mass = [np.stack([plan[labels == k].sum(0) for k in range(K)]) for plan in plans]
    top = np.argpartition(-plans[0], 3, axis=1)[:, :3]
    done("name")
    (folder / "plain.csv").write_text("\n".join(f"{i},{k},{m[k].argmax()},{t[0]}" for m in mass[:1]
                                                for i, (k, t) in enumerate(zip(labels, top))) + "\n")
    np.savez(folder / "plain.npz", x=x, fused=fused, labels=labels)
    done("write")
    print(json.dumps({"accuracy": accuracy(folder, labels), "seconds": seconds}))


def accuracy(folder, labels):
    """Under the best matching of clusters to classes; labels below 0 are wrong."""
    import numpy as np
    from scipy.optimize import linear_sum_assignment
    truth = np.loadtxt(folder / "labels.txt", dtype=int)
    counts = np.zeros((K, max(K, labels.max() + 1)), int)
    np.add.at(counts, (truth[labels >= 0], labels[labels >= 0]), 1)
    return counts[linear_sum_assignment(-counts)].sum() / len(truth)


def evoc_script(folder):
    import evoc
    import numpy as np
    folder = pathlib.Path(folder)
    x = np.load(folder / "X.npy")
    begin = time.time()
    labels = evoc.EVoC().fit_predict(x)
    print(json.dumps({"accuracy": accuracy(folder, labels), "seconds": {f"cluster into {labels.max() + 1}": time.time() - begin}}))


def measured(command, environment):
    """Runs the command; wall seconds, CPU seconds, peak MiB, output."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.time() - begin
    if status:
        return None, ""
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss / 1024}, output


def main():
    global K
    with_packages("numpy", "sklearn")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--ilk", default=HERE.parent / "build/ilk")
    parser.add_argument("--python", default=sys.executable, help="the Python of the other side")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--folder", help="where the files are made, or are from before (default: a temporary one)")
    parser.add_argument("--images", type=int, help="rows of features (default: 60,000, --quick: 6,000)")
    parser.add_argument("--words", type=int, help="nouns, and as many captions (default: 118,000, --quick: 11,800)")
    parser.add_argument("--clusters", type=int, default=K)
    parser.add_argument("--no-captions", action="store_true", help="nouns alone, for ilk")
    parser.add_argument("--only", choices=["ilk", "plain", "evoc"])
    parser.add_argument("--make", help=argparse.SUPPRESS)
    parser.add_argument("--plain-script", help=argparse.SUPPRESS)
    parser.add_argument("--evoc-script", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.plain_script:
        return plain_script(arguments.plain_script, arguments.threads)
    if arguments.evoc_script:
        return evoc_script(arguments.evoc_script)
    K = arguments.clusters
    n, words = (6000, 11800) if arguments.quick else (60000, 118000)
    n, words = arguments.images or n, arguments.words or words
    if arguments.make:
        return make(pathlib.Path(arguments.make), n, words)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(arguments.folder or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "V.npy").exists():
            # In a process of its own: a child's peak memory begins with what its parent had held.
            subprocess.run([sys.executable, __file__, "--make", folder, "--images", str(n), "--words", str(words), "--clusters", str(K)],
                           check=True)
        threads = {f"{name}_NUM_THREADS": str(arguments.threads) for name in ["OMP", "OPENBLAS", "MKL"]}
        environment = peers_environment(**threads)
        commands = {
            "ilk": [arguments.ilk, "cluster", "--method", "cae", "--features", folder / "X.npy", "--nouns", folder / "nouns.txt",
                    "--noun-features", folder / "U.npy", "-k", str(K), "-o", folder / "run", "--labels", folder / "labels.txt",
                    "--threads", str(arguments.threads), "--json", "-q",
                    *([] if arguments.no_captions else ["--captions-corpus", folder / "captions.txt", "--caption-features", folder / "V.npy"])],
            "plain": [arguments.python, __file__, "--plain-script", folder],
            "evoc": [arguments.python, __file__, "--evoc-script", folder]}
        print(f"{n} × {D} features, {words} nouns{'' if arguments.no_captions else ' and as many captions'}, K = {K}, {arguments.threads} threads\n")
        print("| what | wall s | CPU s | peak MiB | ACC % | seconds by stage |\n|---|---|---|---|---|---|", flush=True)
        best = {}
        for _ in range(arguments.repeat):
            for name, command in commands.items():
                if arguments.only not in (None, name):
                    continue
                facts, output = measured(list(map(str, command)), environment)
                if facts is None:
                    print(f"\n{name} failed and is left out\n", flush=True)
                    continue
                found = json.loads(output)
                accuracy = found["scores"]["accuracy"] if "scores" in found else found["accuracy"]
                stages = ", ".join(f"{stage} {value:.1f}" for stage, value in found["seconds"].items())
                print(f"| {name} | {facts['wall']:.1f} | {facts['cpu']:.1f} | {facts['memory']:.0f} | {100 * accuracy:.1f} | "
                      f"{stages} |", flush=True)
                if name not in best or facts["wall"] < best[name]["wall"]:
                    best[name] = facts
        if "plain" in best and "ilk" in best:
            print(f"\nilk is {best['plain']['wall'] / best['ilk']['wall']:.1f} times as fast by wall time, "
                  f"{best['plain']['cpu'] / best['ilk']['cpu']:.1f} by CPU time, with "
                  f"{best['ilk']['memory'] / best['plain']['memory']:.2f} of the memory.")


if __name__ == "__main__":
    main()
