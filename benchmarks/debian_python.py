"""Debian's own Python has the packages that ./dev installs; another that comes first in PATH may not."""
import importlib.util
import os
import sys


def with_packages(*names):
    """Starts the script over with Debian's Python where this one lacks one of the packages."""
    system = "/usr/bin/python3"
    if not all(map(importlib.util.find_spec, names)) and os.path.exists(system) and sys.executable != system:
        os.execv(system, [system, *sys.argv])
