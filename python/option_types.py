"""Writes the keywords of each options struct as a TypedDict: option_types.py FOLDER_OF_CORE OUTPUT."""

import sys
import textwrap

sys.path.insert(0, sys.argv[1])
import _core

STRUCTS = {
    "ClusterOptions": _core.run_options,
    "AssignOptions": _core.assign_options,
    "KMeansOptions": _core.kmeans_options,
    "TransportOptions": _core.transport_options,
    "ChooseKOptions": _core.choose_k_options,
    "DecodeOptions": _core.embed_images_options,
}

lines = [
    '"""Keywords of the library\'s options, made from its own lists of fields when ilk is built."""',
    "",
    "from os import PathLike",
    "from typing import Literal, TypedDict",
    "",
]
for name, fields_of in STRUCTS.items():
    lines += ["", f"class {name}(TypedDict, total=False):"]
    for keyword, type_, default, help_ in fields_of():
        lines.append(f"    {keyword}: {type_}")
        text = f"{help_} (default: {default!r})."
        lines += [f"    # {line}" for line in textwrap.wrap(text, 110)]
    lines.append("")
with open(sys.argv[2], "w", encoding="utf-8") as file:
    file.write("\n".join(lines))
