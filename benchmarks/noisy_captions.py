#!/usr/bin/env python3
"""SAC on texts of which a share belongs to other images: with its adaptive weights and with even ones.

usage: noisy_captions.py IMAGES LABELS K [--captions CSV] [--wrong 0,20,40,60] [--seeds 5] [--ilk build/ilk] [--flags=...]

Without --captions an image's text is what its file's name says ("christmas_tree_02.png": christmas tree). A wrong text is that of
an image drawn at random, the same draw for a seed whatever the weights. Prints mean ± deviation of ACC, NMI and ARI in %.
"""
import argparse
import csv
import pathlib
import random
import re
import statistics
import tempfile

import ablation


def texts_of(arguments):
    if arguments.captions:
        return {row["path"]: row["caption"] for row in csv.DictReader(open(arguments.captions))}
    images = sorted(path for path in pathlib.Path(arguments.images).rglob("*") if path.is_file())
    words = {str(path): " ".join(re.sub(r"[_\-.\d]+", " ", path.stem).split()) for path in images}
    return {path: text or "picture" for path, text in words.items()}


def scores(arguments, texts, wrong, scale, seed):
    draw = random.Random(seed)
    given = dict(texts)
    for path in draw.sample(sorted(texts), round(len(texts) * wrong / 100)):
        given[path] = texts[draw.choice(sorted(texts))]
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/captions.csv", "w", newline="") as file:
            csv.writer(file).writerows([("path", "caption"), *given.items()])
        variant = ["--method", "sac", "--captions", folder + "/captions.csv", "--agreement-scale", str(scale)]
        return ablation.scores(arguments, variant, seed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("images")
    parser.add_argument("labels")
    parser.add_argument("k", type=int)
    parser.add_argument("--captions")
    parser.add_argument("--wrong", default="0,20,40,60")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--ilk", default="build/ilk")
    parser.add_argument("--flags", type=str.split, default=[], help="more flags for every run, in one string")
    arguments = parser.parse_args()
    texts = texts_of(arguments)
    print("| wrong | weights | ACC | NMI | ARI |\n|---|---|---|---|---|", flush=True)
    for wrong in map(int, arguments.wrong.split(",")):
        for weights, scale in (("adaptive", 1), ("even", 0)):
            columns = zip(*(scores(arguments, texts, wrong, scale, seed) for seed in range(arguments.seeds)))
            cells = [f"{statistics.mean(column):.1f} ± {statistics.stdev(column):.1f}" for column in columns]
            print(f"| {wrong} % | {weights} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
