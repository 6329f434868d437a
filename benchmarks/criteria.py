#!/usr/bin/env python3
"""ACC for two independent labels of the same pictures, with and without `--by`.

usage: criteria.py ILK SETS   (SETS: what criteria_sets.py made)

A row a criterion: of 5 seeds, mean and deviation of ACC against either label, with as many clusters as the label that the
criterion is about has classes; how many of the runs compared images within the run's own clusters, and `alignment`.
"""
import json
import os
import statistics
import subprocess
import sys
import tempfile

SEEDS = range(5)
SHAPES = "circle\nsquare\ntriangle\nstar\ncross\nheart\n"
COLOURS = "red\ngreen\nblue\nyellow\npurple\norange\n"
OBJECTS = "bird\nfish\nmammal\nflower\nfruit\nvegetable\n"
GROUNDS = "landscape\nouter space\nbuilding\ntool\n"
ROWS = {
    "shapes": [
        (6, "colour", None),
        (6, "colours.txt", COLOURS),
        (6, "shape.n.2", None),
        (6, "shapes.txt", SHAPES),
    ],
    "objects": [
        (4, "place", None),
        (4, "grounds.txt", GROUNDS),
        (6, "animal", None),
        (6, "objects.txt", OBJECTS),
        (4, "objects.txt=6", OBJECTS),
    ],
}
LABELS = {"shapes": ("shape", "colour"), "objects": ("object", "background")}


def output(*arguments):
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


def accuracy(ilk, run, labels):
    return 100 * json.loads(output(ilk, "eval", run, "--labels", labels, "--json"))["accuracy"]


def measure(ilk, folder, name, k, criterion, words, scratch):
    first, second = LABELS[name]
    by = criterion
    if words:
        file = os.path.join(scratch, criterion.split("=")[0])
        with open(file, "w", encoding="utf-8") as out:
            out.write(words)
        by = os.path.join(scratch, criterion)
    found = {"plain": ([], []), "by": ([], [])}
    alignments, within = [], 0
    for seed in SEEDS:
        run = os.path.join(scratch, f"{name}-{k}-{seed}-{criterion}")
        output(ilk, "cluster", os.path.join(folder, "images"), "-k", str(k), "--seed", str(seed), "--by", by, "-o", run, "-q")
        of_criterion = os.path.join(run, "by", criterion.split("=")[0].removesuffix(".txt"))
        with open(os.path.join(of_criterion, "manifest.json"), encoding="utf-8") as file:
            facts = json.load(file)["by"]
        alignments.append(facts["alignment"])
        within += facts["within_clusters"]
        for which, place in (("plain", run), ("by", of_criterion)):
            for column, label in enumerate((first, second)):
                found[which][column].append(accuracy(ilk, place, os.path.join(folder, label + ".csv")))
    cells = [
        f"{statistics.mean(values):.1f} ± {statistics.stdev(values):.1f}" for which in ("plain", "by") for values in found[which]
    ]
    print(f"| {criterion} | {k} | " + " | ".join(cells) + f" | {statistics.mean(alignments):.2f} | {within} of 5 |", flush=True)


if __name__ == "__main__":
    program, sets = sys.argv[1:3]
    for collection, rows in ROWS.items():
        a, b = LABELS[collection]
        print(f"\n{collection}: {a}, {b}\n\n| --by | -k | plain: {a} | plain: {b} | by: {a} | by: {b} | alignment | within |")
        print("|---|---|---|---|---|---|---|---|")
        with tempfile.TemporaryDirectory() as folder_of_runs:
            for row in rows:
                measure(program, os.path.join(sets, collection), collection, *row, folder_of_runs)
