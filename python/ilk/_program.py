"""The command `ilk`: the program that the package holds."""

import os
import sys
from typing import NoReturn

from . import _library


def main() -> NoReturn:
    _library.prepare_images()
    program = _library.program()
    os.execv(program, ["ilk", *sys.argv[1:]])
