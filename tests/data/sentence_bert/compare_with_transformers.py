#!/usr/bin/env python3
"""Compares a real sentence encoder with transformers, by hand: compare_with_transformers.py MODEL build/tests/embed_texts

MODEL is a sentence-transformers directory that pools by the mean. Ids are compared on the 10,000 awkward texts of
../wordpiece/make.py and on every character of Unicode between two letters, embeddings on 500 sentences (../captions.txt
and some of the awkward texts) and times on 5,000 of the captions. docs/results/parity.md has a result.
"""
import importlib.util
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
import unicodedata

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

here = pathlib.Path(__file__).parent
spec = importlib.util.spec_from_file_location("wordpiece_make", here.parent / "wordpiece" / "make.py")
wordpiece = importlib.util.module_from_spec(spec)
spec.loader.exec_module(wordpiece)


def run_ilk(program, model, texts, embed):
    with tempfile.TemporaryDirectory() as folder:
        names = [str(pathlib.Path(folder) / name) for name in ("texts", "ids", "rows")]
        with open(names[0], "wb") as out:
            for text in texts:
                data = text.encode()
                out.write(struct.pack("<i", len(data)) + data)
        said = subprocess.run([program, model, *names[:2], names[2] if embed else "-"], check=True, capture_output=True,
                              text=True).stdout.strip()
        numbers, lists, at = np.fromfile(names[1], dtype="<i4"), [], 0
        while at < len(numbers):
            lists.append(numbers[at + 1:at + 1 + numbers[at]].tolist())
            at += 1 + numbers[at]
        return lists, np.fromfile(names[2], dtype="<f4").reshape(len(texts), -1) if embed else None, said


def embed(model, tokenizer, texts, longest, batch):
    rows = []
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    for begin in range(0, len(order), batch):
        some = [texts[i] for i in order[begin:begin + batch]]
        inputs = tokenizer(some, padding=True, truncation=True, max_length=longest, return_tensors="pt")
        with torch.no_grad():
            tokens = model(**inputs).last_hidden_state
        mask = inputs["attention_mask"].unsqueeze(-1)
        rows.append(torch.nn.functional.normalize((tokens * mask).sum(1) / mask.sum(1)))
    result = torch.empty(len(texts), rows[0].shape[1])
    result[torch.tensor(order)] = torch.cat(rows)
    return result.numpy()


def main():
    directory, program = sys.argv[1:3]
    longest = json.loads((pathlib.Path(directory) / "sentence_bert_config.json").read_text())["max_seq_length"]
    tokenizer, model = AutoTokenizer.from_pretrained(directory), AutoModel.from_pretrained(directory).eval()
    reference = json.loads((here.parent / "wordpiece" / "reference.json").read_text())
    awkward = wordpiece.texts_without([chr(c) for c in reference["newer"]])

    ids, _, _ = run_ilk(program, directory, awkward, False)
    expected = wordpiece.clip.encode(tokenizer, awkward, longest)
    print(f"awkward texts: {sum(a == b for a, b in zip(ids, expected))} of {len(awkward)} have the same ids")

    characters = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    ids, _, _ = run_ilk(program, directory, [f"a{c}b" for c in characters], False)
    expected = wordpiece.clip.encode(tokenizer, [f"a{c}b" for c in characters], longest)
    others = [c for c, a, b in zip(characters, ids, expected) if a != b]
    old = [c for c in others if unicodedata.ucd_3_2_0.category(c) != "Cn"]
    print(f"characters: {len(others)} of {len(characters)} have other ids, {len(old)} of them older than 2003:",
          " ".join(f"U+{ord(c):04X}" for c in old))

    captions = (here.parent / "captions.txt").read_text().splitlines()
    sentences = captions[::12][:390] + [text for text in awkward if len(text) < 4000][:110]
    _, rows, _ = run_ilk(program, directory, sentences, True)
    wanted = embed(model, tokenizer, sentences, longest, 1)
    cosines = (rows * wanted).sum(1)
    print(f"{len(sentences)} sentences: smallest cosine {cosines.min():.8f}, largest difference {abs(rows - wanted).max():.2e}")

    many = (captions * 2)[:5000]
    _, rows, said = run_ilk(program, directory, many, True)
    begin = time.perf_counter()
    wanted = embed(model, tokenizer, many, longest, 64)
    print(f"ilk: {said}; transformers, sorted by length, 64 at a time: {time.perf_counter() - begin:.2f} s; smallest "
          f"cosine {(rows * wanted).sum(1).min():.8f}")


if __name__ == "__main__":
    main()
