"""A report in headless Chromium, as tests/browser_test.py sees it."""
import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    from selenium import webdriver
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait
except ImportError:
    webdriver = None

ILK, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2])
SCREENSHOTS = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None


def chromium(*more):
    """Headless Chromium, with more arguments."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--window-size=1280,900", "--enable-unsafe-swiftshader",
                     "--disable-dev-shm-usage", "--hide-scrollbars", *more):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=webdriver.chrome.service.Service(shutil.which("chromedriver")), options=options)


class Page:
    """A report that is open in a browser."""

    def __init__(self, driver, screenshots=None):
        self.driver, self.screenshots = driver, screenshots

    def open(self, address):
        self.driver.get(address)
        self.until(lambda: self.run("return document.documentElement.classList.contains('ready')"))

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def until(self, condition, seconds=20):
        return WebDriverWait(self.driver, seconds, poll_frequency=0.05).until(lambda _: condition())

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def click(self, selector):
        element = self.find(selector) if isinstance(selector, str) else selector
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def text(self, selector):
        return self.find(selector).text

    def keys(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def place_of(self, row):
        """Where a point of the map is, in pixels from the middle of the plot."""
        self.run("document.querySelector('#plot').scrollIntoView({block: 'center'})")
        return self.run("""return [(index.map[2 * arguments[0]] / 65535 - map.view.x) * map.view.pixels,
                                   (index.map[2 * arguments[0] + 1] / 65535 - map.view.y) * map.view.pixels]""", row)

    def hover(self, row):
        x, y = self.place_of(row)
        ActionChains(self.driver).move_to_element_with_offset(self.find("#plot"), round(x), round(y)).perform()

    def errors(self):
        """What the browser complained of, but that there is no inspection."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] == "SEVERE" and "inspect/inspect.js" not in entry["message"]]

    def photograph(self, name):
        if self.screenshots:
            self.driver.save_screenshot(str(self.screenshots / (name + ".png")))


class BrowserTest(unittest.TestCase):
    arguments = ()

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="ilk-browser-"))
        cls.environment = dict(os.environ, XDG_CACHE_HOME=str(cls.folder / "cache"))
        cls.driver = chromium(*cls.arguments)
        cls.page = Page(cls.driver, SCREENSHOTS)

    @classmethod
    def tearDownClass(cls):
        cls.driver.quit()
        shutil.rmtree(cls.folder)

    @classmethod
    def ilk(cls, *arguments):
        return subprocess.run([ILK, *map(str, arguments)], check=True, env=cls.environment, cwd=cls.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    @staticmethod
    def table(run):
        with open(run / "assignments.csv", newline="") as file:
            return list(csv.DictReader(file))

    def names(self, run):
        return [cluster["name"] for cluster in json.loads((run / "clusters.json").read_text())]

    def listed(self):
        """The names in the list of images, page by page."""
        names = []
        while True:
            self.page.until(lambda: self.page.run("return listed.shown === listed.page"))
            names += self.page.run("return [...document.querySelectorAll('#browser-list .path')].map(e => e.textContent)")
            following = self.page.find("#next-page")
            if not following.is_displayed() or not following.is_enabled():
                return names
            page = self.page.run("return listed.page")
            following.click()
            self.page.until(lambda: self.page.run("return listed.page === arguments[0] && listed.shown === listed.page", page + 1))
