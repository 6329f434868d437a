"""What can be chosen."""

from __future__ import annotations

from typing import Any

from . import _core, _tables

_STRUCTS = {
    "assign": _core.assign_options,
    "cae": _core.cae_options,
    "choose_k": _core.choose_k_options,
    "cluster": _core.run_options,
    "embed_images": _core.embed_images_options,
    "kmeans": _core.kmeans_options,
    "sac": _core.sac_options,
    "tac": _core.tac_options,
    "tac_trained": _core.tac_trained_options,
    "transport": _core.transport_options,
}


def options(function: str) -> Any:
    """
    The options of a function or method, from the library's own list.

    Parameters
    ----------
    function : str
        "cluster", "assign", "kmeans", "transport", "choose_k", "cae", "tac", "tac_trained", "sac" or "embed_images".

    Returns
    -------
    DataFrame or Arrow table
        option, type, default, help.
    """
    if function not in _STRUCTS:
        raise _core.Error(f"[options] there are options of {', '.join(_STRUCTS)}, got '{function}'.")
    fields = _STRUCTS[function]()
    return _tables.table(
        {
            "option": [field[0] for field in fields],
            "type": [field[1] for field in fields],
            "default": [repr(field[2]) for field in fields],
            "help": [field[3] for field in fields],
        }
    )
