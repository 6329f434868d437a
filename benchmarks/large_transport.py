#!/usr/bin/env python3
"""Transport of a collection whose plan no machine holds: made-up unit vectors around 1000 directions, by default as many
as ImageNet has, with 15,000 words, automatic epsilon. Prints what time_kernel says (wall and CPU seconds, passes over
the images, error of the column sums, growth of memory during the solve) and the size of the plan.

--images 128117 is a tenth; --iterations 1 stops after one pass. The file of vectors is made first (2.6 GB as a whole)."""
import argparse
import pathlib
import subprocess
import tempfile

from python_with import with_packages

with_packages("numpy")
import numpy as np  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
D = 512


def write(path, n, spread, seed, directions):
    random = np.random.default_rng(seed)
    with open(path, "wb") as file:
        for begin in range(0, n, 16384):
            count = min(16384, n - begin)
            rows = directions[random.integers(len(directions), size=count)]
            rows = rows + np.float32(spread / D ** 0.5) * random.standard_normal((count, D), dtype=np.float32)
            (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32).tofile(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1281167)
    parser.add_argument("--words", type=int, default=15000)
    parser.add_argument("--iterations", type=int, default=1000)
    parser.add_argument("--epsilon", type=float, default=0)
    parser.add_argument("--time-kernel", default=HERE.parent / "build/benchmarks/time_kernel")
    options = parser.parse_args()
    directions = np.random.default_rng(0).standard_normal((1000, D), dtype=np.float32) / np.float32(D ** 0.5)
    with tempfile.TemporaryDirectory() as folder:
        files = [pathlib.Path(folder) / name for name in ("images", "words")]
        write(files[0], options.images, 1.5, 1, directions)
        write(files[1], options.words, 1.5, 2, directions)
        print(f"{options.images} × {D} images ({options.images * D * 4 / 2 ** 20:.0f} MiB), {options.words} words; "
              f"the plan as float64: {options.images * options.words * 8 / 2 ** 30:.1f} GiB", flush=True)
        command = [options.time_kernel, "transport", options.images, D, options.words, options.iterations, *files,
                   options.epsilon, 1e-4]
        subprocess.run(list(map(str, command)), check=True)


if __name__ == "__main__":
    main()
