#!/usr/bin/env python3
"""Sizes and times of a run's report in headless Chromium.

usage: report_pages.py make COUNT FOLDER PICTURES     features of COUNT images in 30 groups, and their names: links to PICTURES
       report_pages.py repeat RUN TIMES FOLDER        the page of RUN with all of its images so many times, a little shifted
       report_pages.py measure RUN…                   a row of a table for each

`make` writes x.npy and names.txt, for `ilk cluster --features x.npy --names names.txt --method kmeans -k 30 -o RUN`, and needs
numpy. `repeat` shows what a page of very many images is like without the run that would make it: the index, the map and the names
are those of all of them, the files of pictures are those of RUN. `measure` needs chromium, chromium-driver and python3-selenium: time from the start of loading to the first picture that
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


def repeat(run, times, folder):
    import base64
    import json
    import random
    import struct
    run, folder, chance = pathlib.Path(run), pathlib.Path(folder), random.Random(0)
    (folder / "report" / "names").mkdir(parents=True)
    (folder / "report" / "pictures").symlink_to((run / "report" / "pictures").resolve())
    begin, end = 'ilk_take("index",0,', ");\n"
    index = json.loads((run / "report" / "index.js").read_text()[len(begin):-len(end)])
    count = index["images"]
    for name in ("cluster_of", "score_of", "place_of"):
        index[name] = base64.b64encode(base64.b64decode(index[name]) * times).decode()
    at = struct.unpack(f"<{2 * count}H", base64.b64decode(index["map"]))
    shifted = (min(max(value + chance.randint(-150, 150), 0), 65535) for _ in range(times) for value in at)
    index.update(images=count * times, map=base64.b64encode(struct.pack(f"<{2 * count * times}H", *shifted)).decode())
    (folder / "report" / "index.js").write_text(begin + json.dumps(index) + end)
    each = index["names_per_file"]
    for number in range(-(-count * times // each)):
        rows = range(number * each, min((number + 1) * each, count * times))
        names = "\n".join(f"/photos/{row // 1000:04}/IMG_{row:07}.jpg\tmountain; valley; canyon" for row in rows)
        (folder / "report" / "names" / f"{number:06}.js").write_text(f'ilk_take("names",{number},{json.dumps(names)});\n')
    shutil.copy(run / "report.html", folder)


FIRST_PICTURE = """
    addEventListener('DOMContentLoaded', () => document.querySelector('main img')?.decode().then(
      () => requestAnimationFrame(() => { window.first_picture = performance.now(); })))"""
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
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": FIRST_PICTURE})
    print("| run | images | page | beside it | first picture | map drawn | frames a second | a search of all names |")
    print("|---|---|---|---|---|---|---|---|")
    for run in map(pathlib.Path, runs):
        page = (run / "report.html").stat().st_size
        beside = sum(file.stat().st_size for file in (run / "report").rglob("*.js"))
        driver.get((run / "report.html").resolve().as_uri())
        while not driver.execute_script("return document.documentElement.classList.contains('ready')"):
            time.sleep(0.02)
        drawn = driver.execute_async_script("""
            const done = arguments[0];
            const wait = () => document.querySelector('#map-canvas')?.dataset.frames ? (map.points.finish(), done(performance.now()))
              : index.map ? requestAnimationFrame(wait) : done(null);
            wait();""")
        images, first = driver.execute_script("return [index.images, window.first_picture ?? null]")
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
    elif len(sys.argv) == 5 and sys.argv[1] == "repeat":
        repeat(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    elif len(sys.argv) > 2 and sys.argv[1] == "measure":
        measure(sys.argv[2:])
    else:
        sys.exit(__doc__)
