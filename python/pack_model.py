"""
Copies the file of a model's weights in the packed form of src/io/byte_planes.h, which compresses better in a wheel.

    pack_model.py NAME.safetensors NAME.safetensors.planes
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path


def packed(file: bytes) -> bytes:
    """The low bytes of its 16-bit numbers before their high bytes; they must lie side by side."""
    data_begin = 8 + struct.unpack_from("<Q", file)[0]
    entries = [entry for name, entry in json.loads(file[8:data_begin]).items() if name != "__metadata__"]
    places = sorted(tuple(entry["data_offsets"]) for entry in entries if entry["dtype"] in ("F16", "BF16"))
    if not places or any(one[1] != next_one[0] for one, next_one in zip(places, places[1:])):
        raise SystemExit("numbers of 16 bits must lie side by side")
    begin, end = data_begin + places[0][0], data_begin + places[-1][1]
    numbers = file[begin:end]
    return b"ilkplane" + struct.pack("<QQ", begin, end) + file[:begin] + numbers[::2] + numbers[1::2] + file[end:]


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(packed(Path(sys.argv[1]).read_bytes()))
