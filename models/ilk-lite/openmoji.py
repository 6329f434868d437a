#!/usr/bin/env python3
"""Makes a labelled set of drawings from the npm package openmoji (CC BY-SA 4.0), which the model has not learnt from.

usage: openmoji.py OUT PACKAGE; PACKAGE is the unpacked `npm pack openmoji@17.0.0`. Leaves OUT/images/*.png (256 pixels),
OUT/labels.csv (a drawing's subgroup) and OUT/captions.csv (its annotation). Flags, people and extras are left out, and so are
subgroups of fewer than 12. Needs rsvg-convert.
"""
import collections, csv, os, subprocess, sys
from multiprocessing.pool import ThreadPool

LEFT_OUT = {"flags", "people-body", "component"}
LEAST = 12


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    out, package = sys.argv[1:]
    with open(f"{package}/data/openmoji.csv", encoding="utf-8") as table:
        rows = [row for row in csv.DictReader(table) if not row["skintone"] and row["group"] not in LEFT_OUT]
    rows = [row for row in rows if not row["group"].startswith("extras")]
    count = collections.Counter(row["subgroups"] for row in rows)
    rows = [row for row in rows if count[row["subgroups"]] >= LEAST]
    os.makedirs(f"{out}/images", exist_ok=True)

    def draw(row):
        source, made = f"{package}/color/svg/{row['hexcode']}.svg", f"{out}/images/{row['hexcode']}.png"
        subprocess.run(["rsvg-convert", "-w", "256", "-h", "256", "-o", made, source], check=True)

    with ThreadPool() as pool:
        pool.map(draw, rows)
    for name, field in (("label", "subgroups"), ("caption", "annotation")):
        with open(f"{out}/{name}s.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["path", name])
            writer.writerows([f"images/{row['hexcode']}.png", row[field]] for row in rows)
    print(len(rows), "drawings,", len({row["subgroups"] for row in rows}), "subgroups")


if __name__ == "__main__":
    main()
