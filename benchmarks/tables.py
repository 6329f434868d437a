#!/usr/bin/env python3
"""Prints the tables of docs/results: the methods on the example pictures, then the kernels beside their peers. --quick: fewer seeds and rounds, smaller inputs, no Google Benchmark."""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent


def main():
    seeds = "2" if "--quick" in sys.argv[1:] else "5"
    labels = ROOT / "examples/clipart/labels.csv"
    k = len({line.rsplit(",", 1)[1] for line in labels.read_text().splitlines()[1:]})
    print(f"## Example pictures, K = {k}, {seeds} seeds\n", flush=True)
    subprocess.run([HERE / "ablation.py", ROOT / "examples/clipart/images", labels, str(k), "--seeds", seeds, "--variants", "methods",
                    "--ilk", ROOT / "build/ilk"], check=True)
    print("\n## From command to labels\n", flush=True)
    subprocess.run([HERE / "end_to_end.py", *(["--quick"] if seeds == "2" else [])], check=True)
    print("\n## Encoders\n", flush=True)
    subprocess.run([HERE / "encoders.py", *(["--quick"] if seeds == "2" else [])], check=True)
    run = ROOT / "run/bench"
    subprocess.run([ROOT / "build/ilk", "cluster", ROOT / "examples/clipart/images", "-k", str(k), "-o", run, "--quiet"], check=True)
    pot = ROOT / "build/pot/bin/python3"
    subprocess.run([sys.executable, HERE / "peers.py", "--embeddings", run / "features.safetensors",
                    *(["--pot", pot] if pot.exists() else []), *(["--quick"] if seeds == "2" else [])], check=True)
    if seeds == "2":
        return
    for program in sorted((ROOT / "build/benchmarks").glob("*_benchmark")):
        print(f"\n## {program.name}\n", flush=True)
        subprocess.run([program], check=True)


if __name__ == "__main__":
    main()
