#!/usr/bin/env python3
"""How often clusters' names mean what their pictures show, by WordNet: no opinion, the same measure for any way of naming.

usage: names.py IMAGES LABELS HEADS K [--seeds 5] [--ilk build/ilk] [--wordnet FOLDER] [--flags=...]

HEADS is a CSV of label and heads: the nouns, parted by |, that say what a label's pictures are ("vehicles,vehicle|craft"). A
cluster's label is the one most of its pictures have. A name is right if one of its first two senses is a head's first sense or
below it. Printed are the share of right names and of right ones among the first five nouns, over the clusters whose label has
heads, each cluster counted by its number of pictures of that label.
"""
import argparse
import collections
import csv
import json
import statistics
import subprocess
import tempfile
from pathlib import Path


class WordNet:
    def __init__(self, folder):
        self.above, self.senses = {}, {}
        for line in open(folder / "data.noun", encoding="latin-1"):
            if line.startswith("  "):
                continue
            fields = line.split(" | ")[0].split()
            pointers = 5 + 2 * int(fields[3], 16)
            self.above[fields[0]] = [fields[pointers + 4 * i + 1] for i in range(int(fields[pointers - 1]))
                                     if fields[pointers + 4 * i] in ("@", "@i")]
        for line in open(folder / "index.noun", encoding="latin-1"):
            if not line.startswith("  "):
                fields = line.split()
                self.senses[fields[0].replace("_", " ")] = fields[-int(fields[2]):]

    def closure(self, noun):
        found, open_ = set(), self.senses.get(noun.lower(), [])[:2]
        while open_:
            found.update(open_)
            open_ = [above for synset in open_ for above in self.above[synset] if above not in found]
        return found


def scores(arguments, wordnet, heads, seed):
    labels = {row["path"]: row["label"] for row in csv.DictReader(open(arguments.labels))}
    with tempfile.TemporaryDirectory() as folder:
        command = [arguments.ilk, "cluster", arguments.images, "-k", str(arguments.k), "-o", folder, "--seed", str(seed),
                   "--exemplars", "0", "--quiet", *arguments.flags]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
        shown = collections.defaultdict(collections.Counter)
        for row in csv.DictReader(open(folder + "/assignments.csv")):
            path = row["path"]
            while path and path not in labels:
                path = path.partition("/")[2]
            shown[int(row["cluster"])][labels.get(path)] += 1
        clusters = json.load(open(folder + "/clusters.json"))
    right = first_five = total = 0
    for cluster in clusters:
        label, count = shown[cluster["cluster"]].most_common(1)[0]
        if label not in heads:
            continue
        meant = {sense for head in heads[label] for sense in wordnet.senses[head][:1]}
        hits = [bool(wordnet.closure(noun) & meant) for noun in [entry["noun"] for entry in cluster["nouns"][:5]]]
        right += count * bool(wordnet.closure(cluster["name"]) & meant)
        first_five += count * sum(hits) / 5
        total += count
    return 100 * right / total, 100 * first_five / total


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("images")
    parser.add_argument("labels")
    parser.add_argument("heads")
    parser.add_argument("k", type=int)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--ilk", default="build/ilk")
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"))
    parser.add_argument("--flags", type=str.split, default=[], help="more flags for every run, in one string")
    arguments = parser.parse_args()
    wordnet = WordNet(arguments.wordnet)
    heads = {row["label"]: row["heads"].split("|") for row in csv.DictReader(open(arguments.heads))}
    columns = zip(*(scores(arguments, wordnet, heads, seed) for seed in range(arguments.seeds)))
    cells = [f"{statistics.mean(column):.0f} ± {statistics.stdev(column) if arguments.seeds > 1 else 0:.0f}" for column in columns]
    print("| name right | of the first five nouns |\n|---|---|\n| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
