#!/usr/bin/env python3
"""Makes a folder of many JPEG files from the photographs and cut-outs at hand, for timing whole runs.

usage: many_photographs.py OUT COUNT FOLDER…

Each file is a random crop (60 to 100 % of each side) of one picture below the folders, mirrored at random, its longer side
320, 640 or 1280 pixels, JPEG quality 60 to 95: what differs is what decoding and encoding cost. File i depends on i alone, so that a
second call with a larger COUNT only adds files. A thousand files a folder.
"""
import multiprocessing, os, random, sys
from PIL import Image

KINDS = (".jpg", ".jpeg", ".png", ".webp")


def make(job):
    i, out, pictures = job
    path = f"{out}/{i // 1000:03d}/{i:06d}.jpg"
    if os.path.exists(path):
        return
    chance = random.Random(i)
    picture = Image.open(chance.choice(pictures)).convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    picture = Image.alpha_composite(white, picture).convert("RGB")
    width, height = (max(8, round(side * chance.uniform(0.6, 1))) for side in picture.size)
    left, top = (chance.randint(0, whole - part) for whole, part in zip(picture.size, (width, height)))
    picture = picture.crop((left, top, left + width, top + height))
    if chance.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    scale = chance.choice((320, 640, 1280)) / max(picture.size)
    picture = picture.resize([max(1, round(side * scale)) for side in picture.size], Image.Resampling.BICUBIC)
    picture.save(path, quality=chance.randint(60, 95))


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    out, count, folders = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    pictures = sorted(
        os.path.join(place, name)
        for folder in folders
        for place, _, names in os.walk(folder)
        for name in names
        if name.lower().endswith(KINDS)
    )
    for start in range(0, count, 1000):
        os.makedirs(f"{out}/{start // 1000:03d}", exist_ok=True)
    with multiprocessing.Pool() as pool:
        for _ in pool.imap_unordered(make, ((i, out, pictures) for i in range(count)), chunksize=50):
            pass
    print(f"{count} files of {len(pictures)} pictures in {out}")


if __name__ == "__main__":
    main()
