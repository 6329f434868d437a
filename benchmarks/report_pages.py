#!/usr/bin/env python3
"""Sizes and times of a run's report in headless Chromium.

usage: report_pages.py make COUNT FOLDER PICTURES     features of COUNT images in 30 groups, and their names: links to PICTURES
       report_pages.py measure RUN…                   a row of a table for each

`make` writes x.npy and names.txt, for `ilk cluster --features x.npy --names names.txt --method kmeans -k 30 -o RUN`, and needs
numpy. `measure` needs chromium, chromium-driver and python3-selenium: time from the start of loading to the first picture that
is decoded and to a map that is drawn, and frames a second while the map is zoomed by 60 turns of the wheel, one each frame.
"""
import os
import pathlib
import shutil
import sys
import time


def make(count, folder, pictures):
    import numpy
    folder, random = pathlib.Path(folder), numpy.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    groups, parts, width = 30, 8, 16
    centres = random.normal(size=(groups, width))
    centres = centres[:, None] + 0.5 * random.normal(size=(groups, parts, width))
    of, part = random.integers(groups, size=count), random.integers(parts, size=count)
    numpy.save(folder / "x.npy", (centres[of, part] + 0.25 * random.normal(size=(count, width))).astype(numpy.float32))
    originals = sorted(pathlib.Path(pictures).resolve().iterdir())
    with open(folder / "names.txt", "w") as names:
        for i in range(count):
            link = folder.resolve() / "pictures" / f"{i // 1000:04}" / f"IMG_{i:07}.jpg"
            if i % 1000 == 0:
                link.parent.mkdir(parents=True, exist_ok=True)
            if not link.is_symlink():
                os.symlink(originals[i % len(originals)], link)
            names.write(f"{link}\n")


FIRST_PICTURE = """
    const done = arguments[0], image = document.querySelector('article img');
    image ? image.decode().then(() => done(performance.now())) : done(null)"""
ZOOM = """
    const done = arguments[0], frame = plot.getBoundingClientRect(), times = [];
    let turns = 0;
    const step = now => {
      times.push(now);
      map.points.finish();
      if (++turns > 60) return done(times);
      plot.dispatchEvent(new WheelEvent('wheel', { deltaY: turns <= 30 ? -60 : 60, bubbles: true, cancelable: true,
        clientX: frame.left + frame.width / 3, clientY: frame.top + frame.height / 2 }));
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);"""


def measure(runs):
    from selenium import webdriver
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--window-size=1280,900", "--enable-unsafe-swiftshader",
                     "--disable-dev-shm-usage"):
        options.add_argument(argument)
    driver = webdriver.Chrome(service=webdriver.chrome.service.Service(shutil.which("chromedriver")), options=options)
    driver.set_script_timeout(120)
    print("| run | images | page | beside it | first picture | map drawn | frames a second | a search of all names |")
    print("|---|---|---|---|---|---|---|---|")
    for run in map(pathlib.Path, runs):
        page = (run / "report.html").stat().st_size
        beside = sum(file.stat().st_size for file in (run / "report").rglob("*.js"))
        driver.get((run / "report.html").resolve().as_uri())
        first = driver.execute_async_script(FIRST_PICTURE)
        while not driver.execute_script("return document.documentElement.classList.contains('ready')"):
            time.sleep(0.02)
        drawn = driver.execute_async_script("""
            const done = arguments[0];
            const wait = () => document.querySelector('#map-canvas')?.dataset.frames ? (map.points.finish(), done(performance.now()))
              : index.map ? requestAnimationFrame(wait) : done(null);
            wait();""")
        images = driver.execute_script("return index.images")
        frames = "–"
        if drawn:
            driver.execute_script("plot.scrollIntoView({block: 'center'})")
            times = driver.execute_async_script(ZOOM)
            frames = f"{1000 * (len(times) - 1) / (times[-1] - times[0]):.0f}"
            driver.save_screenshot(str(run / "map.png"))
        search = driver.execute_async_script("""
            const done = arguments[0], begin = performance.now();
            search_images(['0000099'], () => {}, search_turn).then(rows => done([performance.now() - begin, rows.length]))""")
        def seconds(value):
            return "–" if value is None else f"{value / 1000:.2f} s"
        print(f"| {run.name} | {images} | {page / 1e6:.1f} MB | {beside / 1e6:.1f} MB | {seconds(first)} | {seconds(drawn)} | "
              f"{frames} | {seconds(search[0])}, {search[1]} found |", flush=True)
    driver.quit()


if __name__ == "__main__":
    if len(sys.argv) == 5 and sys.argv[1] == "make":
        make(int(sys.argv[2]), *sys.argv[3:])
    elif len(sys.argv) > 2 and sys.argv[1] == "measure":
        measure(sys.argv[2:])
    else:
        sys.exit(__doc__)
