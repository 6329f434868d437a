#!/usr/bin/env python3
"""Makes two sets of pictures that can be grouped in two ways each: shape x colour, and object x background.

usage: criteria_sets.py OUT [STAMPS=/usr/share/tuxpaint/stamps]

Leaves OUT/shapes and OUT/objects, each with images/*.png and a table of path and label for either way: shape.csv and
colour.csv; object.csv and background.csv. The same Pillow gives the same bytes. Needs Pillow, tuxpaint-stamps-default
(Debian) and examples/photos.
"""
import csv
import math
import os
import random
import sys

from PIL import Image, ImageDraw

EDGE = 192
SHAPES = ("circle", "square", "triangle", "star", "cross", "heart")
COLOURS = {
    "red": (214, 32, 36),
    "green": (40, 150, 60),
    "blue": (36, 80, 200),
    "yellow": (245, 210, 40),
    "purple": (130, 50, 160),
    "orange": (245, 130, 25),
}
EACH_SHAPE = 8  # pictures of each shape in each colour
OBJECTS = {
    "bird": ("animals/birds",),
    "fish": ("animals/fish",),
    "mammal": ("animals/mammals", "animals/mammals/bovines"),
    "flower": ("plants/flowers",),
    "fruit": ("food/fruit",),
    "vegetable": ("food/vegetables",),
}
BACKGROUNDS = ("landscapes", "space", "buildings", "tools")
EACH_OBJECT = 12  # pictures of each object before each background
PHOTOS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "examples", "photos")


def outline(shape, centre, radius, turn):
    """Corners of a shape, turned by so many degrees."""
    x, y = centre

    def at(distance, degrees):
        angle = math.radians(degrees + turn)
        return (x + distance * math.sin(angle), y - distance * math.cos(angle))

    if shape == "circle":
        return [at(radius, d) for d in range(0, 360, 3)]
    if shape == "square":
        return [at(radius, d) for d in (45, 135, 225, 315)]
    if shape == "triangle":
        return [at(radius, d) for d in (0, 120, 240)]
    if shape == "star":
        return [at(radius if i % 2 == 0 else 0.42 * radius, 36 * i) for i in range(10)]
    if shape == "cross":
        far, near = math.hypot(1, 0.33), math.hypot(0.33, 0.33)
        bend = math.degrees(math.atan(0.33))
        corners = []
        for quarter in range(4):
            corners += [at(radius * far * 0.95, 90 * quarter - bend), at(radius * far * 0.95, 90 * quarter + bend)]
            corners.append(at(radius * near, 90 * quarter + 45))
        return corners
    points = []
    for i in range(120):  # heart
        t = 2 * math.pi * i / 120
        hx = 16 * math.sin(t) ** 3
        hy = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
        points.append(at(radius * math.hypot(hx, hy) / 16, math.degrees(math.atan2(hx, hy))))
    return points


def draw_shapes(folder):
    rows = []
    for shape in SHAPES:
        for colour, value in COLOURS.items():
            for number in range(EACH_SHAPE):
                chance = random.Random(f"{shape} {colour} {number}")
                large = 4 * EDGE  # drawn large and made smaller, so that edges are smooth
                picture = Image.new("RGB", (large, large), (chance.randint(225, 255),) * 3)
                radius = chance.uniform(0.2, 0.4) * large
                centre = [chance.uniform(radius, large - radius) for _ in range(2)]
                shade = tuple(max(0, min(255, c + chance.randint(-18, 18))) for c in value)
                ImageDraw.Draw(picture).polygon(outline(shape, centre, radius, chance.uniform(-15, 15)), fill=shade)
                picture = picture.resize((EDGE, EDGE), Image.LANCZOS)
                rows.append((save(folder, picture, len(rows)), shape, colour))
    write_labels(folder, rows, "shape", "colour")


def stamps_of(folders, stamps):
    paths = []
    for folder in folders:
        below = os.path.join(stamps, folder)
        paths += [os.path.join(below, name) for name in sorted(os.listdir(below)) if name.endswith(".png")]
    return paths


def photos_of(label):
    with open(os.path.join(PHOTOS, "labels.csv"), encoding="utf-8") as file:
        return [os.path.join(PHOTOS, row["path"]) for row in csv.DictReader(file) if row["label"] == label]


def paste_objects(folder, stamps):
    rows = []
    for thing, folders in OBJECTS.items():
        cutouts = stamps_of(folders, stamps)
        for background in BACKGROUNDS:
            photos = photos_of(background)
            for number in range(EACH_OBJECT):
                chance = random.Random(f"{thing} {background} {number}")
                ground = Image.open(chance.choice(photos)).convert("RGB")
                side = chance.uniform(0.75, 1) * min(ground.size)
                left, top = (chance.uniform(0, length - side) for length in ground.size)
                ground = ground.resize((EDGE, EDGE), Image.LANCZOS, box=(left, top, left + side, top + side))
                cutout = Image.open(chance.choice(cutouts)).convert("RGBA")
                cutout = cutout.crop(cutout.getchannel("A").getbbox())
                scale = chance.uniform(0.45, 0.6) * EDGE / max(cutout.size)
                cutout = cutout.resize([max(1, round(length * scale)) for length in cutout.size], Image.LANCZOS)
                place = [chance.randint(0, EDGE - length) for length in cutout.size]
                ground.paste(cutout, place, cutout)
                rows.append((save(folder, ground, len(rows)), thing, background))
    write_labels(folder, rows, "object", "background")


def save(folder, picture, number):
    name = f"images/{number:03d}.png"
    os.makedirs(os.path.join(folder, "images"), exist_ok=True)
    picture.save(os.path.join(folder, name))
    return name


def write_labels(folder, rows, first, second):
    for column, name in ((1, first), (2, second)):
        with open(os.path.join(folder, name + ".csv"), "w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(["path", "label"])
            table.writerows([row[0], row[column]] for row in rows)
    print(folder, len(rows), "pictures")


if __name__ == "__main__":
    out = sys.argv[1]
    draw_shapes(os.path.join(out, "shapes"))
    paste_objects(os.path.join(out, "objects"), (sys.argv[2:] or ["/usr/share/tuxpaint/stamps"])[0])
