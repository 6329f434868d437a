"""The same five rows of three numbers in every format, type and order that ilk reads, and a few that it refuses.
Needs numpy (1.24 was used)."""
import io
import pathlib
import zipfile

import numpy as np

here = pathlib.Path(__file__).parent
a = np.arange(15).reshape(5, 3) / 4 - 1
whole = np.arange(15).reshape(5, 3)

for name in ["f2", "f4", "f8"]:
    np.save(here / f"{name}.npy", a.astype(name))
for name in ["i1", "i2", "i4", "i8", "u1", "?"]:
    np.save(here / f"{name.replace('?', 'b1')}.npy", whole.astype(name))
np.save(here / "fortran.npy", np.asfortranarray(a.astype("f4")))
for version in [(2, 0), (3, 0)]:
    with open(here / f"version{version[0]}.npy", "wb") as file:
        np.lib.format.write_array(file, a.astype("f4"), version=version)
np.savez(here / "stored.npz", a=a.astype("f4"), b=whole)
np.savez_compressed(here / "deflated.npz", a=a.astype("f4"), b=whole)
np.savez_compressed(here / "one.npz", a.astype("f2"))
np.savez_compressed(here / "fortran.npz", np.asfortranarray(a.astype("f4")))
# Written to a stream that cannot seek, sizes stand behind the data, not before it.
class Stream(io.RawIOBase):
    def __init__(self, file):
        self.file = file
    def writable(self):
        return True
    def write(self, data):
        return self.file.write(data)
array = io.BytesIO()
np.save(array, a.astype("f4"))
with open(here / "streamed.npz", "wb") as file, zipfile.ZipFile(Stream(file), "w", zipfile.ZIP_DEFLATED) as archive:
    archive.comment = b"a comment"
    archive.writestr("a.npy", array.getvalue())
    archive.writestr("notes.txt", "no array")

np.save(here / "big_endian.npy", a.astype(">f4"))
np.save(here / "objects.npy", np.array([["a", 1]], dtype=object), allow_pickle=True)
np.save(here / "records.npy", np.zeros(2, dtype=[("x", "f4"), ("y", "i4")]))
np.save(here / "text.npy", np.array(["a", "bc"]))
with zipfile.ZipFile(here / "bzip2.npz", "w", zipfile.ZIP_BZIP2) as archive:
    archive.writestr("a.npy", array.getvalue())
with zipfile.ZipFile(here / "no_array.npz", "w") as archive:
    archive.writestr("notes.txt", "no array")

# Labels: numbers of all widths, and texts; the longest one is as long as the type, others are filled up.
for name in ["u2", "u4", "u8"]:
    np.save(here / f"labels_{name}.npy", np.array([10, 2, 2, 10], dtype=name))
texts = np.array(["Kätzchen 🐈", "Hund", "", "Hund"])
np.save(here / "labels_text.npy", texts)
np.savez(here / "labels_texts.npz", words=texts, numbers=np.arange(4))
np.savez_compressed(here / "labels_packed.npz", words=texts.reshape(4, 1), numbers=np.arange(4))
np.save(here / "labels_bytes.npy", np.array([b"b", b"a", b"", b"a"]))
np.save(here / "labels_objects.npy", texts.astype(object), allow_pickle=True)
# What torch.save writes is a ZIP archive of these names.
with zipfile.ZipFile(here / "torch.pt", "w") as archive:
    for name in ["data.pkl", "byteorder", "data/0", "version"]:
        archive.writestr(f"archive/{name}", "x")
