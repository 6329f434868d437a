#!/usr/bin/env python3
"""Prints the tables of docs/results: the methods on the example pictures, then the kernels beside their peers."""
import argparse
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer seeds and rounds, smaller inputs, no Google Benchmark")
    quick = ["--quick"] if parser.parse_args().quick else []
    seeds = "2" if quick else "5"
    images, labels = ROOT / "examples/clipart/images", ROOT / "examples/clipart/labels.csv"
    out = ROOT / "run/bench"
    shutil.rmtree(out, ignore_errors=True)  # a bench goes on with what an earlier one left
    print("## The methods side by side\n", flush=True)
    subprocess.run([ROOT / "build/ilk", "bench", images, "--labels", labels, "--methods", "kmeans,tac,tac-trained,cae,sac", "--seeds",
                    seeds, "-o", out], check=True)
    print("\n## From command to labels\n", flush=True)
    subprocess.run([HERE / "end_to_end.py", *quick], check=True)
    print("\n## Encoders\n", flush=True)
    subprocess.run([HERE / "encoders.py", *quick], check=True)
    run = ROOT / "run/features"
    subprocess.run([ROOT / "build/ilk", "cluster", images, "-k", "11", "-o", run, "--quiet"], check=True)
    subprocess.run([HERE / "peers.py", "--embeddings", run / "features.safetensors", *quick], check=True)
    if quick:
        return
    for program in sorted((ROOT / "build/benchmarks").glob("*_benchmark")):
        print(f"\n## {program.name}\n", flush=True)
        subprocess.run([program], check=True)


if __name__ == "__main__":
    main()
