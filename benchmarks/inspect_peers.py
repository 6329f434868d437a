#!/usr/bin/env python3
"""Near-duplicates and bad pictures that ilk and its peers find, on a folder of made ones.

usage: inspect_peers.py IMAGES [--ilk build/ilk] [--each 20] [--seed 0] [--tools ilk,imagededup,fastdup,cleanvision]

From each of a few images of IMAGES one copy is made: a crop of 80 or 60 %, a half size, JPEG of quality 30 or 10, a quarter
turn, a mirror image, a turn by 5 degrees, more light. All other images stay as they are. A pair of images is right if both come
from one image; precision is over the pairs that a tool puts into one group, recall over all right pairs, and over those of each
kind. Of bad pictures (dark, bright, blurred, of odd shape) as many are made, and precision and recall are over images.

A tool is run in a process of its own and timed from outside, so its start and its model's loading count. What is not installed
is left out, and said so: pip install imagededup fastdup cleanvision, in an environment whose Python runs this script.
"""
import argparse
import csv
import itertools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy
from PIL import Image, ImageEnhance, ImageFilter, ImageOps


def crop(share):
    def make(image, random):
        width, height = int(image.width * share), int(image.height * share)
        left, top = random.integers(image.width - width + 1), random.integers(image.height - height + 1)
        return image.crop((left, top, left + width, top + height)), 92
    return make


COPIES = {
    "crop 80 %": crop(0.8),
    "crop 60 %": crop(0.6),
    "half size": lambda image, _: (image.resize((image.width // 2, image.height // 2), Image.LANCZOS), 92),
    "JPEG 30": lambda image, _: (image, 30),
    "JPEG 10": lambda image, _: (image, 10),
    "quarter turn": lambda image, _: (image.transpose(Image.Transpose.ROTATE_90), 92),
    "mirrored": lambda image, _: (ImageOps.mirror(image), 92),
    "turned 5°": lambda image, _: (image.rotate(5, Image.BICUBIC, fillcolor=(128, 128, 128)), 92),
    "brighter": lambda image, _: (ImageEnhance.Brightness(image).enhance(1.4), 92),
}
BAD = {
    "dark": lambda image: ImageEnhance.Brightness(image).enhance(0.12),
    "bright": lambda image: Image.blend(image, Image.new("RGB", image.size, "white"), 0.9),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(max(image.size) / 50)),
    "odd shape": lambda image: image.resize((image.width, max(image.width // 6, 8))),
}


def make(images, folder, each, seed):
    """Writes the folder; returns which original each file shows, what kind of copy it is, and what is bad about it."""
    random = numpy.random.default_rng(seed)
    paths = sorted(path for path in Path(images).iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    shows, kinds, bad = {}, {}, {}
    for path in paths:
        image = Image.open(path).convert("RGB")
        name = path.stem + ".jpg"
        image.save(folder / name, quality=92)
        shows[name] = path.stem
    for kind, copy in COPIES.items():
        for path in random.choice(paths, min(each, len(paths)), replace=False):
            made, quality = copy(Image.open(path).convert("RGB"), random)
            name = f"{path.stem}-{kind.replace(' ', '').replace('%', '').replace('°', '')}.jpg"
            made.save(folder / name, quality=quality)
            shows[name], kinds[name] = path.stem, kind
    for problem, spoil in BAD.items():
        for path in random.choice(paths, min(each, len(paths)), replace=False):
            name = f"bad-{path.stem}-{problem.replace(' ', '')}.jpg"
            spoil(Image.open(path).convert("RGB")).save(folder / name, quality=92)
            # Copies of a picture all the same: pairs with them count for nothing, right or wrong.
            shows[name], bad[name] = path.stem, problem
    return shows, kinds, bad


def pairs_of(groups):
    return {tuple(sorted(pair)) for group in groups for pair in itertools.combinations(set(group), 2)}


def run_ilk(folder, ilk):
    with tempfile.TemporaryDirectory() as run:
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([ilk, "cluster", folder, "-k", "8", "--method", "kmeans", "-o", run, "--cache", "none", "-q"], **quiet)
        began = time.monotonic()
        subprocess.run([ilk, "inspect", run, "-q"], **quiet)
        alone = time.monotonic() - began
        groups, problems = {}, {}
        for row in csv.DictReader(open(run + "/inspect/duplicates.csv")):
            groups.setdefault(row["group"], []).append(Path(row["path"]).name)
        for row in csv.DictReader(open(run + "/inspect/quality.csv")):
            for problem in filter(None, row["problems"].split("; ")):
                problems.setdefault(problem, []).append(Path(row["path"]).name)
    return {"pairs": sorted(pairs_of(groups.values())), "problems": problems, "note": f"of it {alone:.1f} s for inspect"}


def run_imagededup(folder, _):
    from imagededup.methods import PHash

    found = PHash().find_duplicates(image_dir=folder, max_distance_threshold=10)
    return {"pairs": sorted({tuple(sorted((a, b))) for a, others in found.items() for b in others if a != b})}


def run_fastdup(folder, _):
    import fastdup

    with tempfile.TemporaryDirectory() as work:
        index = fastdup.create(work_dir=work, input_dir=folder)
        index.run(ccthreshold=0.9, print_summary=False)
        components = index.connected_components()[0]
        groups = components.groupby("component_id")["filename"].apply(list)
    return {"pairs": sorted(pairs_of([Path(name).name for name in group] for group in groups if len(group) > 1))}


def run_cleanvision(folder, _):
    from cleanvision import Imagelab

    lab = Imagelab(data_path=folder)
    lab.find_issues(verbose=False)
    groups = [[Path(name).name for name in group]
              for kind in ("exact_duplicates", "near_duplicates") for group in lab.info[kind]["sets"]]
    names = {"dark": "is_dark_issue", "bright": "is_light_issue", "blurred": "is_blurry_issue",
             "odd shape": "is_odd_aspect_ratio_issue"}
    problems = {problem: [Path(name).name for name in lab.issues.index[lab.issues[column]]]
                for problem, column in names.items()}
    return {"pairs": sorted(pairs_of(groups)), "problems": problems}


TOOLS = {"ilk": run_ilk, "imagededup": run_imagededup, "fastdup": run_fastdup, "cleanvision": run_cleanvision}


def share(part, whole):
    return f"{100 * part / whole:.0f}" if whole else "–"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images")
    parser.add_argument("--ilk", default="build/ilk")
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tools", default=",".join(TOOLS))
    parser.add_argument("--one", help=argparse.SUPPRESS)  # a tool, in a process of its own
    arguments = parser.parse_args()
    if arguments.one:
        print("\n" + json.dumps(TOOLS[arguments.one](arguments.images, arguments.ilk)))
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        shows, kinds, bad = make(arguments.images, folder, arguments.each, arguments.seed)
        by_original = {}
        for name, original in shows.items():
            if name not in bad:
                by_original.setdefault(original, []).append(name)
        right = pairs_of(by_original.values())
        # Of an original with its copy.
        of_kind = {kind: {tuple(sorted((name, shows[name] + ".jpg"))) for name in kinds if kinds[name] == kind} for kind in COPIES}
        print(f"{len(shows)} images, {len(right)} right pairs, {arguments.each} of each kind\n")
        print("| tool | seconds | precision | recall | " + " | ".join(COPIES) + " |\n" + "|---" * (4 + len(COPIES)) + "|")
        quality = []
        for tool in arguments.tools.split(","):
            began = time.monotonic()
            done = subprocess.run([sys.executable, __file__, str(folder), "--ilk", arguments.ilk, "--one", tool],
                                  capture_output=True, text=True, check=False)
            seconds = time.monotonic() - began
            if done.returncode:
                print(f"| {tool} | left out: {done.stderr.strip().splitlines()[-1]} |")
                continue
            found = json.loads(done.stdout.strip().splitlines()[-1])
            pairs = {pair for pair in map(tuple, found["pairs"]) if not bad.keys() & set(pair)}
            note = f" ({found['note']})" if "note" in found else ""
            print(f"| {tool} | {seconds:.1f}{note} | {share(len(pairs & right), len(pairs))} | {share(len(pairs & right), len(right))} | "
                  + " | ".join(share(len(pairs & of_kind[kind]), len(of_kind[kind])) for kind in COPIES) + " |")
            if "problems" in found:
                cells = []
                for problem in BAD:
                    listed = set(found["problems"].get(problem, []))
                    truly = {name for name in bad if bad[name] == problem}
                    cells.append(f"{share(len(listed & truly), len(listed))} / {share(len(listed & truly), len(truly))}")
                quality.append(f"| {tool} | " + " | ".join(cells) + " |")
        print("\n| precision / recall | " + " | ".join(BAD) + " |\n" + "|---" * (1 + len(BAD)) + "|")
        print("\n".join(quality))


if __name__ == "__main__":
    main()
