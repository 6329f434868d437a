"""
Clusters of the demo's embeddings beside evoc: NMI and ARI with the demo's labels, and seconds.

    python benchmarks/evoc_demo.py [--rounds 3]

The labels score and do nothing else. K is given to ilk where the table says so; evoc finds its own number of clusters and leaves
points out, which are scored as a cluster of their own, and, in the last row, not scored.
"""

from __future__ import annotations

import argparse
import csv
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import evoc
import ilk
import numpy as np
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def labelled(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    with open(folder / "labels.csv", newline="") as file:
        rows = list(csv.reader(file))[1:]
    found = ilk.embed_images([folder / "images" / Path(path).name for path, _ in rows], progress=False)
    of = {Path(path).name: label for path, label in rows}
    return found.embeddings, np.unique([of[Path(path).name] for path in found.paths], return_inverse=True)[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore")
    print(f"evoc {evoc.__version__}\n" if hasattr(evoc, "__version__") else "")
    print("| pictures | clusters by | clusters | left out | NMI | ARI | seconds |\n|---|---|---|---|---|---|---|")
    for name in ("photos", "clipart"):
        x, y = labelled(EXAMPLES / name)
        k = int(y.max()) + 1
        works: dict[str, Callable[[], np.ndarray]] = {
            f"ilk.KMeans({k})": lambda: ilk.KMeans(k).fit_predict(x),
            'ilk.KMeans("auto")': lambda: ilk.KMeans("auto").fit_predict(x),
            f"ilk.CAE({k})": lambda: ilk.CAE(k).fit_predict(x),
            'ilk.CAE("auto")': lambda: ilk.CAE("auto").fit_predict(x),
            "evoc.EVoC()": lambda: evoc.EVoC(random_state=0).fit_predict(x),
        }
        evoc.EVoC(random_state=0).fit_predict(x)  # compiled
        seconds: dict[str, list[float]] = {one: [] for one in works}
        labels = {}
        for _ in range(rounds):
            for one, work in works.items():
                begin = time.perf_counter()
                labels[one] = work()
                seconds[one].append(time.perf_counter() - begin)
        for one, found in labels.items():
            out = found < 0
            for kept, what in [(slice(None), one), (~out, one + ", without those left out")][: 1 + bool(out.any())]:
                nmi, ari = normalized_mutual_info_score(y[kept], found[kept]), adjusted_rand_score(y[kept], found[kept])
                number = len(set(found[~out].tolist()))
                print(f"| {len(x)} {name}, {k} kinds | {what} | {number} | {out.sum()} | {nmi:.3f} | {ari:.3f} | {statistics.median(seconds[one]):.2f} |")


if __name__ == "__main__":
    main()
