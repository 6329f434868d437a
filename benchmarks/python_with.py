"""The Python that has what a script needs: the environment of ./dev bench (benchmarks/requirements.txt), or Debian's own."""
import importlib.util
import os
import pathlib
import sys

PEERS = pathlib.Path(__file__).resolve().parent.parent / "build/peers/bin/python3"


def with_packages(*names):
    """Starts the script over with another Python where this one lacks one of the packages."""
    if all(map(importlib.util.find_spec, names)):
        return
    tried = [*filter(None, os.environ.get("ILK_PYTHONS_TRIED", "").split(":")), sys.executable]
    for python in (str(PEERS), "/usr/bin/python3"):
        if os.path.exists(python) and python not in tried:
            os.environ["ILK_PYTHONS_TRIED"] = ":".join([*tried, python])
            os.execv(python, [python, *sys.argv])


def peers_environment(**more):
    """What a peer's process sees: settings that choose an old processor for its products are taken away."""
    kept = {name: value for name, value in os.environ.items() if name not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}
    return {**kept, **more}
