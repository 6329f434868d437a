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
    from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
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
    driver = webdriver.Chrome(service=webdriver.chrome.service.Service(shutil.which("chromedriver")), options=options)
    driver.execute_cdp_cmd("Emulation.setCPUThrottlingRate", {"rate": float(os.environ.get("ILK_BROWSER_SLOWER", 1))})
    return driver


class Page:
    """A report that is open in a browser."""

    def __init__(self, driver, screenshots=None):
        self.driver, self.screenshots = driver, screenshots

    def open(self, address):
        self.driver.get(address)
        self.until(lambda: self.run("return document.documentElement.classList.contains('ready')"))

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def until(self, condition, seconds=60):
        """Waits for the condition. Elements that are not there yet, or not any more, are waited for too."""
        return WebDriverWait(self.driver, seconds, poll_frequency=0.05, ignored_exceptions=(
            NoSuchElementException, StaleElementReferenceException)).until(lambda _: condition())

    def find(self, selector):
        """The first element; the page may make it a moment after what it answers to."""
        return self.until(lambda: self.driver.find_element(By.CSS_SELECTOR, selector))

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def click(self, target):
        """Clicks an element (or what a selector finds) once it stays where it is: pictures that load move the page."""
        def element():
            return self.find(target) if isinstance(target, str) else target

        self.until(lambda: self.driver.execute_async_script("""
            const [element, done] = arguments, place = () => JSON.stringify(element.getBoundingClientRect());
            element.scrollIntoView({block: 'center', behavior: 'instant'});
            const before = place();
            setTimeout(() => {
              const {left, top, width, height} = element.getBoundingClientRect();
              const hit = document.elementFromPoint(left + width / 2, top + height / 2);
              done(place() === before && !element.disabled && (element.contains(hit) || hit?.contains(element)));
            }, 60)""", element()))
        element().click()

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
            self.page.click(following)
            self.page.until(lambda: self.page.run("return listed.page === arguments[0] && listed.shown === listed.page", page + 1))
