#!/usr/bin/env python3
"""Halves a file of `ilk vocab build`: the same nouns, their features in float16, with the digest of these.

    ilk vocab build --model models/ilk-lite --precision fp32 --cache none -o nouns32.safetensors
    half_vocabulary.py nouns32.safetensors models/ilk-lite/nouns.safetensors
"""
import hashlib, json, struct, sys
import numpy as np


def main():
    data = open(sys.argv[1], "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    meta = header["__metadata__"]
    part = lambda name: data[8 + size + header[name]["data_offsets"][0]:8 + size + header[name]["data_offsets"][1]]
    features = np.frombuffer(part("features"), np.float32).reshape(header["features"]["shape"]).astype(np.float16)
    nouns = part("nouns")
    meta["features_sha256"] = hashlib.sha256(features.tobytes()).hexdigest()
    halved = {"__metadata__": dict(sorted(meta.items())),
              "features": {"dtype": "F16", "shape": list(features.shape), "data_offsets": [0, features.nbytes]},
              "nouns": {"dtype": "U8", "shape": [len(nouns)], "data_offsets": [features.nbytes, features.nbytes + len(nouns)]}}
    text = json.dumps(halved, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with open(sys.argv[2], "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + features.tobytes() + nouns)


if __name__ == "__main__":
    main()
