#!/usr/bin/env python3
"""What a command takes from its start to its end: the short ones, `ilk cluster` of images that are known, with a report, and of the
same images read anew. Prints the least wall time, CPU time and peak memory of some rounds.

--images: a folder (default: the example photographs); --ilk: another program, to compare two."""
import argparse
import os
import pathlib
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def measured(command, environment):
    """Wall seconds, CPU seconds, peak MiB."""
    begin = time.perf_counter()
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, _, usage = os.wait4(process.pid, 0)
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ilk", type=pathlib.Path, default=ROOT / "build/ilk")
    parser.add_argument("--images", type=pathlib.Path, default=ROOT / "examples/photos/images")
    parser.add_argument("-k", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    count = sum(1 for _ in arguments.images.iterdir())
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "XDG_CONFIG_HOME": str(folder / "config")}
        cluster = [arguments.ilk, "cluster", arguments.images, "-k", arguments.k, "-q", "-o"]
        first = measured([*cluster, folder / "run"], environment)
        if not (folder / "run/report/index.html").exists() and not list((folder / "run").glob("*.html")):
            raise SystemExit(f"{arguments.ilk} did not cluster {arguments.images}")
        one = sorted(arguments.images.iterdir())[0]
        commands = {
            "models list": [arguments.ilk, "models", "list"],
            "a mistyped command": [arguments.ilk, "clutser"],
            "assign of one known image": [arguments.ilk, "assign", folder / "run", one],
            "eval of a run": [arguments.ilk, "eval", folder / "run"],
            f"cluster of {count} known images, with report": [*cluster, folder / "again"],
            f"cluster of {count} images, --cache none": [*cluster, folder / "anew", "--cache", "none"],
        }
        print(f"{arguments.ilk}; {arguments.rounds} rounds; the first run, which fills the caches: "
              f"{first[0]:.2f} s, {first[1]:.2f} s of CPU time, {first[2]:.0f} MiB\n")
        print("| command | wall s, least | CPU s, least | peak MiB |\n|---|---|---|---|")
        for name, command in commands.items():
            rounds = [measured(command, environment) for _ in range(1 if "none" in name else arguments.rounds)]
            print(f"| {name} | {min(r[0] for r in rounds):.3f} | {min(r[1] for r in rounds):.3f} | {max(r[2] for r in rounds):.0f} |", flush=True)


if __name__ == "__main__":
    main()
