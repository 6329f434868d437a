#!/usr/bin/env python3
"""Makes tiny/ (a WordNet of our own, in WordNet's format) and sample.json (what NLTK reads in WordNet 3.0).

    make.py tiny
    make.py sample DIRECTORY   # of NLTK's data: DIRECTORY/corpora/wordnet holds WordNet 3.0's files and lexnames

sample.json holds 200 nouns drawn with a fixed seed: for each its senses' offsets, and of the first sense the words,
definition, examples, hypernyms and all synsets above with the least steps. NLTK 3.10's reader made it. Where NLTK reads a gloss otherwise than
gloss.h says (110 of 82,115: quotations inside definitions, sources of quotations), the noun is not drawn; wordnet_test.cpp
holds those cases by hand. The glosses are WordNet's: see LICENCE.
"""
import json
import pathlib
import random
import re
import sys

HERE = pathlib.Path(__file__).parent

# key: words, hypernyms, gloss
TINY = {
    "entity": (["entity"], [], "whatever there is"),
    "physical": (["physical_entity"], ["entity"], "an entity that takes up room"),
    "abstract": (["abstraction"], ["entity"], "an entity that does not; \"truth is an abstraction\""),
    "animal": (["animal", "beast"], ["physical"], "a living thing that moves"),
    "domestic": (["domestic_animal"], ["animal"], "an animal that lives with people"),
    "canine": (["canine"], ["animal"], "an animal like a wolf"),
    "dog": (["dog", "hound"], ["canine", "domestic"], "a friend that barks; \"the dog barked\"; \"a dog's life\""),
    "poodle": (["poodle"], ["dog"], "a dog with curls"),
    "terrier": (["terrier"], ["dog"], "a dog that digs"),
    "Fido": (["Fido"], ["@i dog"], "a dog of renown"),
    "cat": (["cat"], ["domestic"], "a friend that purrs (\"mew\" to some)"),
    "vehicle": (["vehicle"], ["physical"], "what carries people or loads"),
    "car": (["car", "auto", "automobile"], ["vehicle"], "a vehicle with four wheels"),
    "truck": (["truck", "lorry"], ["vehicle"], "a vehicle for loads"),
    "lamp": (["lamp"], ["physical"], "what gives light"),
    "city": (["city"], ["physical"], "a large town"),
    "york": (["New_York", "Greater_New_York"], ["@i city"], "a city on the Hudson"),
    "turkey": (["turkey"], ["animal"], "a large bird"),
    "Turkey": (["Turkey"], ["@i physical"], "a country on two continents"),
    "truth": (["truth"], ["abstract"], "what is so; \"the truth will out\"--a saying"),
}
NOTICE = "  1 A small WordNet made up for tests; every word of it is ours.  \n"


def tiny():
    folder = HERE / "tiny"
    folder.mkdir(exist_ok=True)

    def line(key, offsets):
        words, hypernyms, gloss = TINY[key]
        pointers = []
        for target in hypernyms:
            symbol, _, name = target.rpartition(" ")
            pointers.append(f"{symbol or '@'} {offsets[name]:08d} n 0000")
        for other, (_, above, _) in TINY.items():
            pointers += [f"~ {offsets[other]:08d} n 0000" for target in above if target.split()[-1] == key]
        words = " ".join(f"{word} 0" for word in words)
        return f"{offsets[key]:08d} 03 n {len(TINY[key][0]):02x} {words} {len(pointers):03d} {' '.join(pointers + ['|'])} {gloss}  \n"

    offsets, place = {}, len(NOTICE)
    zero = dict.fromkeys(TINY, 0)
    for key in TINY:
        offsets[key] = place
        place += len(line(key, zero))
    (folder / "data.noun").write_text(NOTICE + "".join(line(key, offsets) for key in TINY))
    senses = {}
    for key, (words, _, _) in TINY.items():
        for word in words:
            senses.setdefault(word.lower(), []).append(offsets[key])
    lines = [f"{word} n {len(at)} 1 @ {len(at)} 0 {' '.join(f'{offset:08d}' for offset in at)}  \n"
             for word, at in sorted(senses.items())]
    (folder / "index.noun").write_text(NOTICE + "".join(lines))


def sample(directory):
    import nltk
    from nltk.corpus.reader.wordnet import WordNetCorpusReader

    nltk.data.path.insert(0, directory)
    WordNetCorpusReader.map_wn = lambda *_: None
    reader = WordNetCorpusReader(nltk.data.find("corpora/wordnet"), None)
    senses = {}
    for line in open(f"{directory}/corpora/wordnet/index.noun"):
        if not line.startswith("  "):
            fields = line.split()
            senses[fields[0]] = [int(offset) for offset in fields[-int(fields[2]):]]
    nouns, picked, rng = list(senses), {}, random.Random(11)
    while len(picked) < 200:
        noun = rng.choice(nouns)
        synset = reader.synset_from_pos_and_offset("n", senses[noun][0])
        if re.search(r'"|[;:,]\s*(-|or$|$)', synset.definition()):
            continue
        above = {}
        for other, steps in synset.hypernym_distances():
            if steps:
                above[str(other.offset())] = min(steps, above.get(str(other.offset()), steps))
        picked[noun] = {"senses": senses[noun], "lemmas": [name.replace("_", " ") for name in synset.lemma_names()],
                        "definition": synset.definition(), "examples": synset.examples(),
                        "hypernyms": sorted(h.offset() for h in synset.hypernyms() + synset.instance_hypernyms()),
                        "above": above}
    (HERE / "sample.json").write_text(json.dumps(picked, separators=(",", ":")).replace("},\"", "},\n\"") + "\n")


if __name__ == "__main__":
    tiny() if sys.argv[1] == "tiny" else sample(sys.argv[2])
