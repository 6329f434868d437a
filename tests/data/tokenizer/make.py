#!/usr/bin/env python3
"""Writes reference.json: what transformers' CLIPTokenizerFast makes of awkward texts, with the vocabulary of ../tiny_clip.

Made with transformers 4.30.2 and tokenizers 0.13.3. The texts come from a generator that tests/tokenizer_test.cpp
repeats: a linear congruential generator (multiplier 6364136223846793005, increment 1442695040888963407, modulo 2^64,
first state 1; draw(n) is the new state's upper 31 bits modulo n) strings pieces together:

    count = draw(12)
    count times: kind = draw(16)
        kind 0: the character U+0000 + draw(0x3000)
        kind 1: a piece, 1 + draw(40) times
        else:   a piece
    where a piece is pieces[draw(len(pieces))]

A digest is the SHA-256 over the texts of: the number of ids, then the ids, each as four bytes, little endian.
With `--check FOLDER` nothing is written; FOLDER's texts.bin and expected.bin serve to compare another vocabulary by hand.
"""
import hashlib
import json
import pathlib
import struct
import sys
import tempfile

from tokenizers import Tokenizer
from transformers import CLIPTokenizerFast

here = pathlib.Path(__file__).parent
model = here.parent / "tiny_clip"

pieces = [
    # words, case, contractions
    "dog", "Dog", "DOG", " a photo of ", "itap of a ", "hot-dog", "don't", "DON'T", "'s", "'S", "'re", "'ve", "'m", "'ll", "'d",
    "''s", "!'t", "o'clock", "'", "’s", "x's's", "supercalifragilisticexpialidocious", "the", " ", "  ", "a", "I",
    # white space of every kind, and what only looks like it
    "\t", "\n", "\r\n", "\v", "\f", "\x85", "\xa0", "\u1680", "\u2002", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000",
    "\x1c", "\x1f", "\u180e", "\u200b", "\ufeff",
    # accents: composed, decomposed, in a wrong order, without a base
    "é", "e\u0301", "É", "E\u0301", "a\u0323\u0302", "a\u0302\u0323", "ậ", "\u0301", "o\u0308\u0304", "ǖ", "s\u0323\u0307", "ﬁ", "Å", "Å",
    "K", "Ω", "\u0958", "\u0915\u093c", "\ufb1d", "ÿ", "Ÿ", "naïve", "Señor", "Škoda", "q\u0307\u0323", "\u0344",
    # letters whose case is not one to one
    "İ", "ı", "İstanbul", "ß", "ẞ", "STRASSE", "Σ", "ΟΔΟΣ", "ς", "Ǆ", "ǅ", "ǆ", "Ⅷ", "ⅷ", "Ⓐ", "ŉ", "\u1E9E", "Ꭰ", "ꭰ", "Ა", "ა", "𐐀", "𐐨",
    # other scripts
    "犬", "犬の写真", "ひらがな", "カタカナ", "한국어", "\u1112\u1161\u11ab", "\u1100\u1161", "가\u11a8", "Привет", "ПРИВЕТ", "й", "и\u0306",
    "שלום", "مرحبا", "हिन्दी", "ไทย", "ქართული", "Ελληνικά", "άλφα", "𝔘𝔫𝔦", "𠀀", "㍿", "豈",
    # numbers
    "0", "42", "3.14", "2024", "x²", "½", "٣", "५", "①", "〇", "𝟘", "1st",
    # symbols and emoji
    "!", "...", "!?", "--", "—", "…", "@#$%", "(", ")", "\"", "<", ">", "<|", "|>", "</w>", "&amp;", "a/b", "_", "snake_case", "€", "™", "°C",
    "😀", "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "❤️", "☃", "\u20e3", "1️⃣", "\u200d", "\ufe0f",
    # control and odd characters
    "\0", "\x01", "\x7f", "\x80", "\x9f", "\xad", "\u200e", "\u202e", "\ue000", "\ufffd", "\uffff", "\U0010ffff", "\U000e0041",
    # the special tokens
    "<|startoftext|>", "<|endoftext|>", "<|ENDOFTEXT|>", "<|StartOfText|>", "<|endoftext", "endoftext|>", "<|endoftext|>s",
]

broken = [
    "ff", "80", "c3", "c328", "c3a9", "e282", "e28228", "e2828a", "eda080", "edb080", "f0908080", "f09f98", "f09f9880", "f0808080",
    "f4908080", "c080", "e08080", "646f67ff646f67", "646f67e2", "c3c3a9", "f09f98f09f9880", "fefeffff", "61e0a061",
]

templates = [
    "itap of a {}.", "a bad photo of the {}.", "a origami {}.", "a photo of the large {}.", "a {} in a video game.",
    "art of the {}.", "a photo of the small {}.",
]


def generate(count):
    state = 1

    def draw(n):
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (state >> 33) % n

    def text():
        parts = []
        for _ in range(draw(12)):
            kind = draw(16)
            if kind == 0:
                parts.append(chr(draw(0x3000)))
            elif kind == 1:
                piece = pieces[draw(len(pieces))]
                parts.append(piece * (1 + draw(40)))
            else:
                parts.append(pieces[draw(len(pieces))])
        return "".join(parts)

    return [text() for _ in range(count)]


def wordnet_prompts(path="/usr/share/wordnet/index.noun"):
    with open(path, encoding="ascii") as file:
        nouns = [line.split(" ", 1)[0].replace("_", " ") for line in file if not line.startswith(" ")]
    return [template.replace("{}", noun) for noun in nouns for template in templates]


def digest(lists):
    sha = hashlib.sha256()
    for ids in lists:
        sha.update(struct.pack(f"<{len(ids) + 1}i", len(ids), *ids))
    return sha.hexdigest()


def encode(tokenizer, texts, context_length=None):
    return tokenizer(texts, truncation=context_length is not None, max_length=context_length)["input_ids"]


def check(folder):
    tokenizer = CLIPTokenizerFast.from_pretrained(folder)
    characters = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    texts = generate(10000) + wordnet_prompts() + characters + [f"a{c}b" for c in characters]
    with open(folder / "texts.bin", "wb") as out, open(folder / "expected.bin", "wb") as ids_out:
        for text in texts:
            data = text.encode()
            out.write(struct.pack("<i", len(data)) + data)
        for begin in range(0, len(texts), 100000):
            for ids in encode(tokenizer, texts[begin:begin + 100000]):
                ids_out.write(struct.pack(f"<{len(ids) + 1}i", len(ids), *ids))


def main():
    tokenizer = CLIPTokenizerFast.from_pretrained(model)
    texts = generate(10000)
    ids = encode(tokenizer, texts)
    prompts = wordnet_prompts()
    with tempfile.TemporaryDirectory() as folder:  # as tokenizer.json, the end token is found in its own case only
        tokenizer.backend_tokenizer.save(folder + "/tokenizer.json")
        from_json = Tokenizer.from_file(folder + "/tokenizer.json")
    reference = {
        "pieces": pieces,
        "templates": templates,
        "first": [[text, i] for text, i in zip(texts[:1200], ids[:1200])],
        "texts_digest": digest([list(text.encode()) for text in texts]),
        "ids_digest": digest(ids),
        "json_digest": digest([encoding.ids for encoding in from_json.encode_batch(texts)]),
        "wordnet_prompts": len(prompts),
        "wordnet_digest": digest(encode(tokenizer, prompts, 20)),
        "broken": [[b, encode(tokenizer, [bytes.fromhex(b).decode(errors="replace")])[0]] for b in broken],
    }
    text = json.dumps(reference, ensure_ascii=True, separators=(",", ":"))
    (here / "reference.json").write_text(text.replace('],["', '],\n["') + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--check"]:
        check(pathlib.Path(sys.argv[2]))
    else:
        main()
