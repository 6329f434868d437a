#!/usr/bin/env python3
"""Writes vocab.txt and reference.json: what transformers' BertTokenizerFast makes of awkward texts.

Made with transformers 4.30.2 and tokenizers 0.13.3. The vocabulary is trained on ../captions.txt and the texts
themselves, so that they meet pieces of every kind. The texts are those of ../tokenizer/make.py, with some pieces more
and without the characters in "newer": those that the reference, whose Unicode tables are of 2015, takes for something
else than Unicode 14 does. A digest is the SHA-256 over the texts of: the number of ids, then the ids, each as four
bytes, little endian.
"""
import importlib.util
import json
import pathlib
import random
import tempfile
import unicodedata

from tokenizers import BertWordPieceTokenizer, normalizers, pre_tokenizers
from transformers import BertTokenizerFast

here = pathlib.Path(__file__).parent
spec = importlib.util.spec_from_file_location("clip_tokenizer_make", here.parent / "tokenizer" / "make.py")
clip = importlib.util.module_from_spec(spec)
spec.loader.exec_module(clip)
clip.pieces += [
    "[CLS]", "[SEP]", "[MASK]", "[UNK]", "[PAD]", "[mask]", "[MASK", "[", "]", "##", "##ing", "un##able", "playing",
    "embeddings", "a" * 99, "a" * 100, "a" * 101, "é" * 60, "漢字", "東京タワー", "ＡＢＣ", "１２３", "㐀", "豈x", "\U00020000b",
    "\U0002b820", "\U0002b920", "\U0002ceb0", "`", "^", "$", "+", "~", "|", "«quoted»", "¿qué?", "、", "。", "৳", "₿",
    "Ā̈", "ﷺ", "ſ", "ΐ", "ᾳ", "Ⓜ", "ﬃ", "e\u0301\u0301", "\u0903", "\u302e", "\u20dd", "\u0488",
]
cases = [
    {},
    {"do_lower_case": False},
    {"do_lower_case": True, "strip_accents": False},
    {"do_lower_case": False, "strip_accents": True},
    {"tokenize_chinese_chars": False},
    {"cls_token": "[MASK]", "sep_token": "[PAD]"},
]


def newer(characters):
    clean = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    strip = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
    split = pre_tokenizers.BertPreTokenizer()
    found = []
    for c in characters:
        category = unicodedata.category(c)
        dropped = category in ("Cc", "Cf", "Co") and c not in "\t\n\r" or c == "\ufffd"
        stripped = "".join(x for x in unicodedata.normalize("NFD", c) if unicodedata.category(x) != "Mn")
        is_mark = category[0] == "P" or c in "$+<=>^`|~"
        differs = ((clean.normalize_str(f"a{c}b") == "ab") != dropped or strip.normalize_str(f"a{c}b") != f"a{stripped}b"
                   or (len(split.pre_tokenize_str(f"a{c}b")) == 3) != is_mark)
        if differs:
            found.append(c)
    return found


def texts_without(characters):
    table = {ord(c): None for c in characters}
    return [text.translate(table) for text in clip.generate(10000)]


def train(texts):
    random.seed(1)
    captions = (here.parent / "captions.txt").read_text().splitlines()
    trainer = BertWordPieceTokenizer(lowercase=False, strip_accents=False)
    trainer.train_from_iterator(random.sample(captions, 2000) + texts[:6000] + [t.lower() for t in texts[:6000]],
                                vocab_size=4000, min_frequency=2, limit_alphabet=1500, show_progress=False)
    vocabulary = trainer.get_vocab()
    (here / "vocab.txt").write_text("".join(token + "\n" for token in sorted(vocabulary, key=vocabulary.get)))


def main():
    too_new = newer([chr(c) for c in range(0x3000)] + [c for piece in clip.pieces for c in piece])
    texts = texts_without(too_new)
    train(texts)
    reference = {"pieces": clip.pieces, "newer": [ord(c) for c in sorted(set(too_new))],
                 "texts_digest": clip.digest([list(text.encode()) for text in texts]), "cases": []}
    for config in cases:
        with tempfile.TemporaryDirectory() as folder:
            for name, contents in [("vocab.txt", (here / "vocab.txt").read_text()),
                                   ("tokenizer_config.json", json.dumps(config))]:
                (pathlib.Path(folder) / name).write_text(contents)
            tokenizer = BertTokenizerFast.from_pretrained(folder)
            ids = clip.encode(tokenizer, texts)
            known = sum(i != tokenizer.unk_token_id for row in ids for i in row) / sum(map(len, ids))
            print(config, f"{known:.3f} of the tokens are known")
            reference["cases"].append({
                "config": config,
                "ids_digest": clip.digest(ids),
                "cut_digest": clip.digest(clip.encode(tokenizer, texts, 16)),
                "first": [[text, i] for text, i in zip(texts[:150], ids[:150])],
            })
    text = json.dumps(reference, ensure_ascii=True, separators=(",", ":"))
    (here / "reference.json").write_text(text.replace('],["', '],\n["') + "\n")


if __name__ == "__main__":
    main()
