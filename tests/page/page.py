"""The page in a real browser, and the small web server that it comes from."""

import functools
import http.server
import json
import threading
import urllib.parse

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

DEADLINE_S = 20
POLL_S = 0.05

# Runs before the page's own scripts: counts what must never happen, and what must balance.
WATCH = """
  window.watch = { alerts: 0, violations: [], errors: [], live: new Set(), made: 0, liveMost: 0 };
  window.alert = () => { watch.alerts += 1; };
  document.addEventListener('securitypolicyviolation', (event) =>
    watch.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
  addEventListener('error', (event) => watch.errors.push(String(event.message)));
  addEventListener('unhandledrejection', (event) => watch.errors.push(String(event.reason)));
  const { createObjectURL, revokeObjectURL } = URL;
  URL.createObjectURL = (blob) => {
    const url = createObjectURL.call(URL, blob);
    watch.live.add(url);
    watch.made += 1;
    watch.liveMost = Math.max(watch.liveMost, watch.live.size);
    return url;
  };
  URL.revokeObjectURL = (url) => {
    watch.live.delete(url);
    revokeObjectURL.call(URL, url);
  };
"""

# The colour in the middle of a tile's picture; null before there is one.
COLOR = """
  const image = document.querySelector(`[data-id="${arguments[0]}"] img`);
  if (!image) { return null; }
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d');
  context.drawImage(image, image.naturalWidth / 2, image.naturalHeight / 2, 1, 1, 0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
"""

TEXT = "return document.querySelector(arguments[0])?.innerText ?? null"


def start_browser(directory):
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for argument in (
        "--headless=new",
        "--no-sandbox",  # tests may run as root
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        f"--user-data-dir={directory}",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
    return driver


class PageServer:
    """Serves the built page with a config.json of the test's choice; each one is an origin, and so
    a local storage, of its own."""

    def __init__(self, directory, config=None):
        handler = functools.partial(_Handler, directory=str(directory))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.config = config or {}
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class _Handler(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if urllib.parse.urlsplit(self.path).path == "/config.json":
            body = json.dumps(self.server.config).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        else:
            super().do_GET()

    def log_message(self, *_):
        pass


class Page:
    """What somebody at the screen sees and does."""

    def __init__(self, driver, url, **params):
        self.driver = driver
        query = urllib.parse.urlencode(params)
        driver.get(f"{url}?{query}" if query else url)

    def until(self, condition, what):
        """Waits, with a deadline, until `condition` gives something true; returns that."""
        wait = WebDriverWait(
            self.driver,
            DEADLINE_S,
            poll_frequency=POLL_S,
            ignored_exceptions=[StaleElementReferenceException],
        )
        try:
            return wait.until(lambda _: condition())
        except TimeoutException:
            raise AssertionError(f"not seen: {what}; the page says:\n{self.text('body')}") from None

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def text(self, selector):
        return self.run(TEXT, selector)

    def tile(self, id, part=""):
        return self.text(f'[data-id="{id}"] {part}')

    def data(self, id, key):
        return self.run(
            "return document.querySelector(`[data-id='${arguments[0]}']`)?.dataset[arguments[1]]",
            id,
            key,
        )

    def color(self, id):
        return self.run(COLOR, id)

    def shows(self, id, color):
        seen = self.color(id)
        return seen is not None and all(abs(a - b) <= 6 for a, b in zip(seen, color))

    def until_shows(self, id, color):
        self.until(lambda: self.shows(id, color), f"{id} shows {color}")

    def until_text(self, selector, part):
        return self.until(lambda: part in (self.text(selector) or ""), f"{selector} says {part!r}")

    def until_connected(self):
        self.until(lambda: self.link() == "connected", "the page is connected")

    def link(self):
        return self.run("return document.getElementById('link').dataset.state")

    def click(self, selector):
        self.driver.find_element("css selector", selector).click()

    def watch(self):
        return self.run("return { ...watch, live: watch.live.size }")

    def console_errors(self):
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] == "SEVERE"]
