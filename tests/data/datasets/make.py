#!/usr/bin/env python3
"""Makes small data sets in the formats' own containers, with Python's pickle, tarfile, gzip, struct and Pillow.

Image i of a data set (counted over train, then test, then unlabeled) has the value (37 i + 5 x + 11 y + 71 c) mod 251 at column x,
row y of channel c, and the label 7 i mod the number of classes; tests/dataset_test.cpp knows the same rule.
"""
import gzip
import io
import pathlib
import pickle
import shutil
import struct
import tarfile

import numpy as np
from PIL import Image

here = pathlib.Path(__file__).parent
colours = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


def pixels(i, height, width, channels):
    y, x, c = np.mgrid[0:height, 0:width, 0:channels]
    return ((37 * i + 5 * x + 11 * y + 71 * c) % 251).astype(np.uint8)


def planes(i):
    return pixels(i, 32, 32, 3).transpose(2, 0, 1).tobytes()


def folder(name):
    shutil.rmtree(here / name, ignore_errors=True)
    (here / name).mkdir()
    return here / name


class Python2Pickler(pickle._Pickler):
    """Writes bytes as Python 2's str, the way the published files have them."""
    dispatch = dict(pickle._Pickler.dispatch)

    def save_bytes(self, text):
        if len(text) < 256:
            self.write(pickle.SHORT_BINSTRING + bytes([len(text)]) + text)
        else:
            self.write(pickle.BINSTRING + struct.pack("<i", len(text)) + text)
        self.memoize(text)

    dispatch[bytes] = save_bytes


def dump(path, value, python2=True):
    with open(path, "wb") as out:
        if python2:
            Python2Pickler(out, protocol=2).dump(value)
        else:
            pickle.dump(value, out, protocol=3)


def data(first, count):
    return np.frombuffer(b"".join(planes(i) for i in range(first, first + count)), dtype=np.uint8).reshape(count, 3072).copy()


parts = [("data_batch_1", 0, 3), ("data_batch_2", 3, 2), ("test_batch", 5, 2)]
binary, python = folder("cifar10-binary"), folder("cifar10-python")
for name, first, count in parts:
    labels = [7 * i % 10 for i in range(first, first + count)]
    (binary / f"{name}.bin").write_bytes(b"".join(bytes([label]) + planes(first + j) for j, label in enumerate(labels)))
    dump(python / name, {b"batch_label": name.encode(), b"labels": labels, b"data": data(first, count),
                         b"filenames": [f"image_{first + j}.png".encode() for j in range(count)]}, python2=name != "data_batch_2")
(binary / "batches.meta.txt").write_text("\n".join(colours) + "\n\n")
dump(python / "batches.meta", {b"num_cases_per_batch": 3, b"label_names": [c.encode() for c in colours], b"num_vis": 3072})

binary, python = folder("cifar100-binary"), folder("cifar100-python")
for name, first, count in [("train", 0, 3), ("test", 3, 2)]:
    fine, coarse = [7 * i % 100 for i in range(first, first + count)], [7 * i % 20 for i in range(first, first + count)]
    (binary / f"{name}.bin").write_bytes(b"".join(bytes([c, f]) + planes(first + j) for j, (c, f) in enumerate(zip(coarse, fine))))
    dump(python / name, {b"fine_labels": fine, b"coarse_labels": coarse, b"data": data(first, count), b"batch_label": b"batch 1 of 1"})
names = {"fine": [f"fine {i}" for i in range(100)], "coarse": [f"coarse {i}" for i in range(20)]}
for kind in names:
    (binary / f"{kind}_label_names.txt").write_text("\n".join(names[kind]) + "\n")
dump(python / "meta", {f"{kind}_label_names".encode(): [n.encode() for n in names[kind]] for kind in names})

stl = folder("stl10")
for name, first, count in [("train", 0, 2), ("test", 2, 1), ("unlabeled", 3, 1)]:
    # (channel, column, row): each plane column by column.
    (stl / f"{name}_X.bin").write_bytes(b"".join(pixels(i, 96, 96, 3).transpose(2, 1, 0).tobytes() for i in range(first, first + count)))
    if name != "unlabeled":
        (stl / f"{name}_y.bin").write_bytes(bytes(7 * i % 10 + 1 for i in range(first, first + count)))
(stl / "class_names.txt").write_text("\n".join(colours) + "\n")

idx = folder("idx")
for name, first, count, pack in [("train", 0, 5, False), ("t10k", 5, 3, True)]:
    images = struct.pack(">BBBBIII", 0, 0, 8, 3, count, 6, 4) + b"".join(pixels(i, 6, 4, 1).tobytes() for i in range(first, first + count))
    labels = struct.pack(">BBBBI", 0, 0, 8, 1, count) + bytes(7 * i % 10 for i in range(first, first + count))
    for kind, contents in [("images-idx3", images), ("labels-idx1", labels)]:
        path = idx / f"{name}-{kind}-ubyte"
        if pack:
            (idx / f"{path.name}.gz").write_bytes(gzip.compress(contents, mtime=0))
        else:
            path.write_bytes(contents)


def png(i):
    out = io.BytesIO()
    Image.fromarray(pixels(i, 8, 6, 3)).save(out, "PNG")
    return out.getvalue()


def add(tar, name, contents):
    info = tarfile.TarInfo(name)
    info.size = len(contents)
    tar.addfile(info, io.BytesIO(contents))


web = folder("webdataset")
for shard, format in enumerate([tarfile.PAX_FORMAT, tarfile.GNU_FORMAT]):
    with tarfile.open(web / f"shard-{shard:06d}.tar", "w", format=format) as tar:
        tar.addfile(tarfile.TarInfo("./"))
        for i in range(3 * shard, 3 * shard + 3):
            # One name is longer than a header has room for.
            key = f"set/{'long' * 60 if i % 3 == 1 else 'a'}/{i:04d}"
            add(tar, f"{key}.png", png(i))
            if i % 2:
                add(tar, f"{key}.json", b'{"label": %d}' % (7 * i % 10))
            else:
                add(tar, f"{key}.cls", b"%d\n" % (7 * i % 10))
            add(tar, f"{key}.txt", f"picture {i}".encode())
        add(tar, "set/no_picture.txt", b"alone")

with tarfile.open(here / "packed.tar.gz", "w:gz") as tar:
    tar.add(here / "cifar10-binary", "cifar-10-batches-bin", filter=lambda info: setattr(info, "mtime", 0) or info)
with tarfile.open(here / "leads_out.tar", "w") as tar:
    add(tar, "../outside.txt", b"no")
