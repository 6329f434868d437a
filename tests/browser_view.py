"""What one does with the report of a few images that `ilk view` serves: edits too."""
import shutil
import signal
import subprocess

from browser_page import ILK, webdriver
from browser_photos import PhotosTest

if webdriver:
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import Select


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
        # The files of the run are replaced one after another.
        self.page.until(lambda: sum(row["name"] == "apart" for row in self.table(self.run_folder)) == 3)
        self.assertIn("apart", self.names(self.run_folder))
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
