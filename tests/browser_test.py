"""The report in headless Chromium, by real clicks: from disk, and served by `ilk view`.

usage: browser_test.py ILK SOURCE [SCREENSHOTS [TEST…]]

Needs Debian's chromium, chromium-driver and python3-selenium (./dev browser installs them); exits with 77 where they are
not there. With a third argument screenshots are left in that folder. ILK_BROWSER_SLOWER=8 slows the page down eight times: a
test that waits for too little fails then.
"""
import csv
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import unittest

from browser_page import ILK, SCREENSHOTS, SOURCE, BrowserTest, webdriver

if webdriver:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select


class PhotosTest(BrowserTest):
    """A run of a few images: all in one file."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.images = cls.folder / "it's here"
        shutil.copytree(SOURCE / "examples/photos/images", cls.images)
        cls.made = cls.folder / "run"
        cls.ilk("cluster", cls.images, "-k", 3, "-o", cls.made, "--exemplars", 6,
                "--labels", SOURCE / "examples/photos/labels.csv")

    def setUp(self):
        self.run_folder = self.folder / "again"
        shutil.copytree(self.made, self.run_folder)
        self.page.open((self.run_folder / "report.html").as_uri())

    def tearDown(self):
        self.assertEqual(self.page.errors(), [])
        shutil.rmtree(self.run_folder)

    def largest(self):
        return int(self.page.run("return cards[0].index"))

    def test_every_image_is_reached(self):
        rows = self.table(self.run_folder)
        seen = []
        for number in self.page.run("return cards.map(card => String(card.index))"):
            card = self.page.find("#cluster-" + number)
            own = [pathlib.Path(row["path"]).name for row in rows if row["cluster"] == number]
            buttons = card.find_elements(By.CSS_SELECTOR, ".all")
            if not buttons:
                seen += self.page.run("return [...arguments[0].querySelectorAll('.gallery a')].map(a => a.title)", card)
                continue
            self.page.click(buttons[0])
            self.assertIn(str(len(own)), self.page.text("#browser-title"))
            names = self.listed()
            self.assertEqual(sorted(names), sorted(own))
            seen += names
            self.page.click("#browser-close")
        self.assertEqual(len(seen), len(rows))
        self.assertFalse((self.run_folder / "report").exists(), "one file")

    def test_lightbox_shows_the_file_itself_and_goes_on_to_the_last(self):
        self.page.click("article .gallery a")
        own = self.page.run("return members_of(cards[0].index).length")
        self.page.until(lambda: self.page.run("return document.querySelector('.stage img').src.startsWith('file:')"))
        self.assertIn("1 of", self.page.text(".about .of"))
        self.assertTrue(self.page.text(".about .own-words"))
        self.page.keys(Keys.END)
        self.page.until(lambda: f"{own} of {own}" in self.page.text(".about .of"))
        self.page.photograph("lightbox")
        self.page.keys(Keys.ESCAPE)
        self.page.until(lambda: not self.page.find("#lightbox").is_displayed())
        self.assertEqual(self.page.run("return document.activeElement.tagName"), "A")

    def test_search_by_file_name_word_and_cluster(self):
        rows = self.table(self.run_folder)
        self.page.find("#filter").send_keys("007.jpg")
        self.page.until(lambda: self.page.text("#found") == "1 image")
        self.page.click("#found")
        self.page.until(lambda: self.page.all("#browser-list .path"))
        self.assertEqual(self.listed(), ["007.jpg"])
        self.page.click("#browser-close")
        word = rows[0]["top_nouns"].split(";")[0].strip()
        expected = sum(word in row["top_nouns"] or word in row["path"] or word in row["name"] for row in rows)
        self.page.find("#filter").clear()
        self.page.find("#filter").send_keys(word)
        self.page.until(lambda: re.match(rf"{expected} images?$", self.page.text("#found")))
        self.page.keys(Keys.ESCAPE)
        self.page.until(lambda: not self.page.find("#found").is_displayed())

    def test_map_hover_zoom_and_keyboard(self):
        for row in (0, 17, 40):
            self.page.run("map.view = {...map.whole}; redraw(); hide_card()")
            path = self.table(self.run_folder)[row]["path"]
            self.page.hover(row)
            self.page.until(lambda: self.page.find("#map-card").is_displayed())
            shown = self.page.run("return map.hover")
            # Another point may lie on top; it is as near.
            x, y = self.page.place_of(row)
            other = self.page.place_of(shown)
            self.assertLess(abs(other[0] - x) + abs(other[1] - y), 3)
            if shown == row:
                self.assertIn(pathlib.Path(path).name, self.page.text("#map-card"))
        self.page.photograph("map-hover")
        ActionChains(self.driver).scroll_from_origin(
            webdriver.common.actions.wheel_input.ScrollOrigin.from_element(self.page.find("#plot")), 0, -800).perform()
        self.page.until(lambda: "Zoom" in self.page.text("#map-state"))
        self.page.click("#map-whole")
        self.page.until(lambda: "Zoom" not in self.page.text("#map-state"))
        self.page.run("document.querySelector('#map-canvas').focus()")
        self.page.keys("+", "+")
        self.page.until(lambda: "Zoom" in self.page.text("#map-state"))
        self.page.until(lambda: self.page.run("return document.querySelector('#map-said').textContent"))
        self.page.keys(Keys.ENTER)
        self.page.until(lambda: self.page.find("#lightbox").is_displayed())
        self.page.keys(Keys.ESCAPE)

    def test_map_shows_points_in_the_colours_of_clusters_and_labels(self):
        def colours():
            return self.page.run("""
                map.points.draw({...map.view, pixels: map.view.pixels * (devicePixelRatio || 1)}, 9, 1);
                const canvas = document.querySelector('#map-canvas'), copy = document.createElement('canvas');
                copy.width = canvas.width; copy.height = canvas.height;
                const context = copy.getContext('2d');
                context.drawImage(canvas, 0, 0);
                const data = context.getImageData(0, 0, copy.width, copy.height).data, seen = {};
                for (let i = 0; i < data.length; i += 4)
                  if (data[i + 3] === 255) seen[[data[i], data[i + 1], data[i + 2]]] = (seen[[data[i], data[i + 1], data[i + 2]]] || 0) + 1;
                return Object.values(seen).filter(count => count > 40).length""")
        self.assertEqual(colours(), 3)
        Select(self.page.find("#map-colour")).select_by_value("label")
        with open(SOURCE / "examples/photos/labels.csv", newline="") as file:
            classes = {row["label"] for row in csv.DictReader(file)}
        self.assertEqual(len(self.page.all("#map-legend button")), len(classes))
        self.page.click("#map-legend button")
        self.assertEqual(self.page.find("#map-legend button").get_attribute("aria-pressed"), "true")

    def test_lasso_gives_a_command_that_does_it(self):
        self.page.click("#map-lasso")
        self.page.run("document.querySelector('#plot').scrollIntoView({block: 'center'})")
        width, height = self.page.run("const p = document.querySelector('#plot'); return [p.clientWidth, p.clientHeight]")
        actions = ActionChains(self.driver)
        plot = self.page.find("#plot")
        corners = [(-.49, -.49), (.49, -.49), (.49, .49), (-.49, .49)]
        actions.move_to_element_with_offset(plot, int(corners[0][0] * width), int(corners[0][1] * height)).click_and_hold()
        for x, y in corners[1:]:
            actions.move_to_element_with_offset(plot, int(x * width), int(y * height))
        actions.release().perform()
        self.page.until(lambda: self.page.find("#browser").is_displayed())
        rows = self.table(self.run_folder)
        self.assertIn(f"{len(rows)} images selected", self.page.text("#browser-tools"))
        self.page.click("#browser-tools .choosing button:nth-child(2)")  # none
        self.page.until(lambda: "0 images selected" in self.page.text("#browser-tools"))
        boxes = self.page.all("#browser-list input")
        for box in boxes[:2]:
            self.page.click(box)
        self.page.find("#browser-tools input").send_keys("It's new")
        self.page.until(lambda: "new" in self.page.text("#browser-tools code") and "It" in self.page.text("#browser-tools code"))
        self.page.photograph("selection")
        command = self.page.text("#browser-tools code")
        self.page.click("#browser-close")
        words = shlex.split(command)
        self.assertEqual(words[:2], ["ilk", "edit"])
        self.ilk(*words[1:2], self.run_folder, *words[3:])
        self.assertIn("It's new", self.names(self.run_folder))

    def test_card_edits_are_commands(self):
        cluster = self.largest()
        card = f"#cluster-{cluster} "
        self.page.click(card + ".edit summary")
        self.page.find(card + ".edit input").clear()
        self.page.find(card + ".edit input").send_keys("Aunt Uta")
        command = self.page.text(card + ".edit code")
        self.assertRegex(command, rf"^ilk edit \S+ rename {cluster} 'Aunt Uta'$")
        Select(self.page.find(card + ".edit select")).select_by_value("split")
        self.assertRegex(self.page.text(card + ".edit code"), rf"split {cluster} --into 2$")
        self.page.photograph("edit")

    def test_light_dark_and_phone(self):
        for theme in ("light", "dark"):
            self.page.run("scrollTo(0, 0)")
            self.page.click("#theme")
            self.assertEqual(self.page.text("#theme span"), theme)
            self.page.photograph("page-" + theme)
            self.page.run("document.querySelector('#map-section').scrollIntoView()")
            self.page.photograph("map-" + theme)
            self.page.run("document.querySelector('#clusters').scrollIntoView()")
            self.page.photograph("clusters-" + theme)
        self.page.click("#theme")
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride",
                                    {"width": 400, "height": 800, "deviceScaleFactor": 2, "mobile": True})
        try:
            self.page.open((self.run_folder / "report.html").as_uri())
            self.assertLessEqual(self.page.run("return document.documentElement.scrollWidth"), 400)
            for name, target in (("top", "header"), ("map", "#map-section"), ("clusters", "#clusters")):
                self.page.run("document.querySelector(arguments[0]).scrollIntoView()", target)
                self.page.photograph("phone-" + name)
            self.page.click("article .all")
            self.page.until(lambda: self.page.all("#browser-list .path"))
            self.page.photograph("phone-list")
            self.page.click("#browser-close")
        finally:
            self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def test_inspection_is_reached(self):
        self.ilk("inspect", self.run_folder)
        self.page.open((self.run_folder / "report.html").as_uri())
        self.page.until(lambda: self.page.find("#inspection-section").is_displayed())
        with open(self.run_folder / "inspect/outliers.csv", newline="") as file:
            outliers = [pathlib.Path(row["path"]).name for row in csv.DictReader(file) if row["outlier"] == "yes"]
        entries = {item.text.split("\n")[0].split(" ")[0]: item for item in self.page.all("#findings li")}
        self.assertEqual("Outliers" in entries, bool(outliers))
        self.page.photograph("inspection")
        first = self.page.find("#findings button")
        self.page.click(first)
        self.page.until(lambda: self.page.all("#browser-list .path"))
        self.page.click("#browser-close")

    def test_everything_has_a_name_and_keyboard_reaches_it(self):
        unnamed = self.page.run("""
            return [...document.querySelectorAll('button, input, select, a')].filter(e => e.checkVisibility && e.checkVisibility())
              .filter(e => !(e.textContent.trim() || e.ariaLabel || e.labels?.length || e.querySelector('img[alt]')))
              .map(e => e.outerHTML.slice(0, 100))""")
        self.assertEqual(unnamed, [])
        self.assertTrue(self.page.find("#map-canvas").get_attribute("aria-label").startswith("Map of 202 images"))
        self.page.run("scrollTo(0, 0); document.activeElement.blur()")
        reached = set()
        for _ in range(60):
            self.page.keys(Keys.TAB)
            reached.add(self.page.run("return document.activeElement.id || document.activeElement.className"))
        self.assertLessEqual({"theme", "map-canvas", "map-lasso", "map-in", "filter", "sort"}, reached)


class ViewTest(PhotosTest):
    """The same, served."""

    def setUp(self):
        self.run_folder = self.folder / "again"
        shutil.copytree(self.made, self.run_folder)
        self.server = subprocess.Popen([ILK, "view", self.run_folder, "--no-browser"], stdout=subprocess.PIPE, text=True,
                                       env=self.environment, cwd=self.folder)
        self.address = self.server.stdout.readline().strip()
        self.page.open(self.address)

    def tearDown(self):
        errors = [error for error in self.page.errors() if "inspect" not in error]
        # Pictures that are still on their way would be errors once the server is gone.
        self.driver.get("about:blank")
        self.server.send_signal(signal.SIGINT)
        self.assertEqual(self.server.wait(60), 0)
        self.server.stdout.close()
        self.page.errors()
        self.assertEqual(errors, [])
        shutil.rmtree(self.run_folder)

    def apply(self, within):
        self.page.click(within + ".command .main")
        self.page.until(lambda: self.page.run("return document.querySelector(arguments[0]).textContent", within + ".said")
                        not in ("", "Working …"))

    def test_edits_by_one_click(self):
        cluster = self.largest()
        card = f"#cluster-{cluster} "
        self.page.click(card + ".edit summary")
        self.page.find(card + ".edit input").clear()
        self.page.find(card + ".edit input").send_keys("Aunt Uta")
        self.apply(card + ".edit ")
        self.page.until(lambda: self.page.text(card + "h3") == "Aunt Uta")
        self.assertEqual(self.names(self.run_folder)[cluster], "Aunt Uta")
        size = len([row for row in self.table(self.run_folder) if row["cluster"] == str(cluster)])
        Select(self.page.find(card + ".edit select")).select_by_value("split")
        self.apply(card + ".edit ")
        self.page.until(lambda: len(self.page.all("article")) == 4)
        self.page.until(lambda: self.page.all("#cluster-3 .gallery img"))
        sizes = [sum(row["cluster"] == str(each) for row in self.table(self.run_folder)) for each in (cluster, 3)]
        self.assertEqual(sum(sizes), size)
        self.assertIn(str(sizes[1]), self.page.text("#cluster-3 .size"))
        self.page.photograph("view-edited")
        Select(self.page.find(card + ".edit select")).select_by_value("lock")
        self.apply(card + ".edit ")
        self.page.until(lambda: "unlock" in self.page.text(card + ".edit code"))
        self.page.open(self.address)
        self.page.until(lambda: self.page.text(card + "h3") == "Aunt Uta")
        self.assertEqual(len((self.run_folder / "edits.jsonl").read_text().splitlines()), 3)

    def test_lightbox_shows_the_file_itself_and_goes_on_to_the_last(self):
        self.page.click("article .gallery a")
        self.page.until(lambda: "/original/" in self.page.run("return document.querySelector('.stage img').src"))
        self.page.until(lambda: self.page.run("return document.querySelector('.stage img').naturalWidth") > 192)
        self.page.keys(Keys.ESCAPE)

    def test_lasso_gives_a_command_that_does_it(self):
        self.page.click("article .all")
        self.page.until(lambda: self.page.all("#browser-list input"))
        for box in self.page.all("#browser-list input")[:3]:
            self.page.click(box)
        self.page.find("#browser-tools input").send_keys("apart")
        self.page.until(lambda: "apart" in self.page.text("#browser-tools code"))
        self.page.click("#browser-tools .command .main")
        self.page.until(lambda: "apart" in self.names(self.run_folder))
        moved = [row for row in self.table(self.run_folder) if row["name"] == "apart"]
        self.assertEqual(len(moved), 3)
        self.page.click("#browser-close")
        self.page.until(lambda: self.page.all("#cluster-3 .gallery img"))

    def test_card_edits_are_commands(self):
        """Apply takes their place."""
    def test_light_dark_and_phone(self):
        """The page is the same."""

    def test_inspection_is_reached(self):
        self.ilk("inspect", self.run_folder)
        self.page.open(self.address)
        self.page.until(lambda: self.page.find("#inspection-section").is_displayed())


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
        import struct
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
