"""The report in headless Chromium, by real clicks: from disk, and served by `ilk view`.

usage: browser_test.py ILK SOURCE [SCREENSHOTS [TEST…]]

Needs Debian's chromium, chromium-driver and python3-selenium (./dev browser installs them); exits with 77 where they are
not there. With a third argument screenshots are left in that folder. ILK_BROWSER_SLOWER=8 slows the page down eight times: a
test that waits for too little fails then.
"""
import pathlib
import shutil
import struct
import sys
import unittest

from browser_page import SCREENSHOTS, SOURCE, BrowserTest, webdriver
from browser_photos import PhotosTest
from browser_view import ViewTest

if webdriver:
    from selenium.webdriver.common.keys import Keys

__all__ = ["PhotosTest", "ViewTest", "WithoutWebGLTest", "ManyTest"]


class WithoutWebGLTest(BrowserTest):
    """A browser without WebGL draws the map plainly."""

    arguments = ("--disable-3d-apis",)

    def test_the_map_is_drawn(self):
        self.ilk("cluster", SOURCE / "examples/photos/images", "-k", 3, "-o", "run", "--method", "kmeans")
        self.page.open((self.folder / "run/report.html").as_uri())
        drawn = """
            const canvas = document.querySelector('#map-canvas');
            const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            let drawn = 0;
            for (let i = 3; i < data.length; i += 4) drawn += data[i] > 0;
            return drawn"""
        self.page.until(lambda: self.page.run(drawn) > 2000)
        self.page.hover(5)
        self.page.until(lambda: self.page.find("#map-card").is_displayed())
        self.page.photograph("without-webgl")


class ManyTest(BrowserTest):
    """A run of more images than one file holds."""

    count = 2500

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.folder / "pictures").mkdir()
        examples = sorted((SOURCE / "examples/photos/images").iterdir())
        names = [cls.folder / "pictures" / f"{i:05}.jpg" for i in range(cls.count)]
        for i, name in enumerate(names):
            name.symlink_to(examples[i % len(examples)])
        (cls.folder / "names.txt").write_text("".join(f"{name}\n" for name in names))
        values = [[((i * 7919 + j * 104729) % 1000) / 1000 + (j == i % 4) * 3 for j in range(8)] for i in range(cls.count)]
        header = str({"descr": "<f4", "fortran_order": False, "shape": (cls.count, 8)}).ljust(117) + "\n"
        (cls.folder / "x.npy").write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() +
                                           b"".join(struct.pack("<8f", *row) for row in values))
        cls.run_folder = cls.folder / "run"
        cls.ilk("cluster", "--features", "x.npy", "--names", "names.txt", "--method", "kmeans", "-k", 4, "-o", cls.run_folder)
        cls.page.open((cls.run_folder / "report.html").as_uri())

    def test_last_page_and_search_come_from_files_beside_the_page(self):
        rows = self.table(self.run_folder)
        self.page.click("article .all")
        self.page.until(lambda: self.page.all("#browser-list img"))
        names = self.listed()
        cluster = str(self.page.run("return cards[0].index"))
        own = [pathlib.Path(row["path"]).name for row in rows if row["cluster"] == cluster]
        self.assertEqual(sorted(names), sorted(own))
        self.page.photograph("many-last-page")
        self.page.click("#browser-close")
        self.page.find("#filter").send_keys("01234")
        self.page.until(lambda: self.page.text("#found") == "1 image")
        self.page.click("#found")
        self.page.until(lambda: self.page.all("#browser-list img"))
        self.assertEqual(self.page.text("#browser-list .path"), "01234.jpg")
        self.page.click("#browser-list a")
        self.page.until(lambda: self.page.run("return document.querySelector('.stage img').src.startsWith('file:')"))
        self.page.keys(Keys.ESCAPE)
        self.page.click("#browser-close")
        self.assertEqual(self.page.errors(), [])

    def test_many_selected_images_go_by_a_list(self):
        self.page.open((self.run_folder / "report.html").as_uri())
        self.page.click("article .all")
        self.page.until(lambda: self.page.all("#browser-list img"))
        self.page.click("#browser-tools .choosing button:nth-child(1)")
        self.page.until(lambda: "--images-from selection.txt" in self.page.text("#browser-tools code"))
        self.page.click("#browser-close")


if __name__ == "__main__":
    missing = [name for name in ("chromium", "chromedriver") if not shutil.which(name)]
    if webdriver is None or missing:
        print("skipped: no " + ", ".join(missing + ["python3-selenium"] * (webdriver is None)) + "; ./dev browser installs them")
        sys.exit(77)
    if SCREENSHOTS:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[4:]])
