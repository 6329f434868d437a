"""Where the libraries and the program that come with the package are."""

from __future__ import annotations

import glob
import importlib.util
import os


def prepare_images() -> None:
    """Names libvips of the package pyvips-binary to the library, which loads it with the first image."""
    if os.environ.get("ILK_LIBVIPS"):
        return
    spec = importlib.util.find_spec("_libvips")
    if spec is None or not spec.origin:
        return  # a libvips of the system's, then
    found = glob.glob(os.path.join(glob.escape(os.path.dirname(spec.origin)), "pyvips_binary.libs", "libvips*.so*"))
    if found:
        os.environ["ILK_LIBVIPS"] = found[0]


def program() -> str:
    """The program `ilk` of this package."""
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin", "ilk")
