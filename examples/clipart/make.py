#!/usr/bin/env python3
"""Makes the demo's pictures: images/, labels.csv and sources.csv.

    make.py HELD_OUT [OPENCLIPART]

HELD_OUT is models/ilk-lite/held_out.txt: paths below OPENCLIPART (by default where Debian's package
openclipart-png puts them, /usr/share/openclipart/png) of pictures that the model has not seen. A picture's category is the
folder it comes from, as CATEGORIES names it; blank pictures and repetitions are left out, and at most --most of a category are
kept, evenly spread over the sorted paths (so that no one set of icons takes all places). Each is flattened on white and made
to fit 128 x 128 pixels. The same input gives the same pictures.
"""

import argparse
import collections
import csv
import pathlib

import numpy as np
from PIL import Image

EDGE = 128
Image.MAX_IMAGE_PIXELS = None

# The folders with at least fifteen pictures that hold one kind of thing, as deep as that goes: "signs_and_symbols" has flags and
# clocks, which nobody would look for in one group.
CATEGORIES = {
    "animals": ["animals"],
    "clothing": ["people/clothing"],
    "computer icons": ["computer/icons"],
    "flags": ["signs_and_symbols/flags"],
    "food": ["food"],
    "map symbols": ["signs_and_symbols/map_symbols"],
    "music": ["recreation/music"],
    "playing cards": ["recreation/games/cards"],
    "road and travel signs": ["transportation/aiga-symbols", "transportation/roadsigns"],
    "sports": ["recreation/sports"],
    "vehicles": ["transportation/vehicles", "transportation/boating"],
}

# Drawings that show nothing but "Linked Image Not Found", and companies' marks, which are not ours to show around.
LEFT_OUT = {
    "animals/birds/duck_yellow_ii_kurt_cagl_.png",
    "animals/birds/penguin/tux_didier_fabert_01.png",
    "recreation/religion/creation_day_7_number_ge_04.png",
    "recreation/sports/stylized_yoga_person_ger_01.png",
    "recreation/sports/stylized_yoga_person_ger_06.png",
    "computer/icons/etiquette-theme/stock/windows.png",
    "computer/icons/lemon-theme/apps/blender.png",
    "computer/icons/lemon-theme/mimetypes/real_doc.png",
}


def picture(path):
    image = Image.open(path).convert("RGBA")
    # In premultiplied form, so that the colour of what is transparent does not seep in.
    image = image.convert("RGBa")
    scale = EDGE / max(image.size)
    if scale < 1:
        image = image.resize([max(1, round(side * scale)) for side in image.size], Image.Resampling.BICUBIC)
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image).convert("RGB")


def save(image, path):
    """As a palette where that hardly shows, which takes half the bytes."""
    small = image.quantize(256, dither=Image.Dither.NONE)
    difference = np.abs(np.asarray(small.convert("RGB"), np.int16) - np.asarray(image, np.int16))
    faithful = difference.mean() <= 1 and difference.max() <= 48
    (small if faithful else image).save(path, optimize=True)


def signature(image):
    """The picture at 12 x 12, for telling repetitions."""
    square = Image.new("RGB", (EDGE, EDGE), (255, 255, 255))
    square.paste(image, ((EDGE - image.width) // 2, (EDGE - image.height) // 2))
    return np.asarray(square.resize((12, 12), Image.Resampling.BOX), np.float32).ravel()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("held_out", type=pathlib.Path)
    parser.add_argument("openclipart", type=pathlib.Path, nargs="?", default="/usr/share/openclipart/png")
    parser.add_argument("--most", type=int, default=120, help="pictures per category")
    options = parser.parse_args()

    categories = collections.defaultdict(list)
    for line in sorted(options.held_out.read_text().splitlines()):
        for category, folders in CATEGORIES.items():
            if line not in LEFT_OUT and any(line.startswith(folder + "/") for folder in folders):
                categories[category].append(line)

    here = pathlib.Path(__file__).parent
    folder = here / "images"
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    seen = np.empty((0, 432), np.float32)
    names, rows, sources = set(), [], []
    for category in CATEGORIES:
        kept = []
        for source in categories[category]:
            image = picture(options.openclipart / source)
            if np.asarray(image).std() < 8:
                continue  # blank, or nearly
            mine = signature(image)
            if len(seen) and np.abs(seen - mine).mean(axis=1).min() < 4:
                continue  # a repetition
            seen = np.vstack([seen, mine])
            kept.append((source, image))
        count = min(options.most, len(kept))
        for source, image in (kept[index * len(kept) // count] for index in range(count)):
            stem = name = pathlib.PurePath(source).stem.strip("_.")
            number = 2
            while name in names:
                name, number = f"{stem}_{number}", number + 1
            names.add(name)
            save(image, folder / f"{name}.png")
            rows.append((f"images/{name}.png", category))
            sources.append((f"images/{name}.png", source))
        print(f"{category}: {count} of {len(categories[category])}")
    for file, header, lines in (("labels.csv", ("path", "label"), rows), ("sources.csv", ("path", "source"), sources)):
        with open(here / file, "w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(sorted(lines))


if __name__ == "__main__":
    main()
