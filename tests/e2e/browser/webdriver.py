# tests/e2e/browser/webdriver.py: as much of W3C WebDriver as the tests of the page need, with Python's own library.
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def find_browser():
    """(browser, driver), or None when this machine lacks one of them."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


class Failure(Exception):
    """What the driver refused, in its own words."""


class Browser:
    """A headless browser, of its own profile, in a `with` block."""

    def __init__(self, width=1280, height=800, dark=False, touch=False, arguments=()):
        binary, driver = find_browser()
        self.folder = tempfile.mkdtemp(prefix="inkling-browser-")
        self.start(driver)
        options = [
            "--headless=new", "--no-first-run", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage",
            f"--user-data-dir={self.folder}", f"--window-size={width},{height}", *arguments,
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            options.append("--no-sandbox")  # as Chromium wants it for root
        capabilities = {"alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"binary": binary, "args": options},
        }}
        self.session = self.base + "/session/" + self.call("POST", self.base + "/session", {"capabilities": capabilities})["sessionId"]
        media = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                 {"name": "prefers-reduced-motion", "value": "reduce"}]
        self.cdp("Emulation.setEmulatedMedia", features=media)
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if touch else 1, mobile=touch)
        if touch:
            self.cdp("Emulation.setTouchEmulationEnabled", enabled=True)

    def start(self, driver):
        for _ in range(3):  # it may choose a port that another program takes before it
            self.process = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            for line in self.process.stdout:
                if "started successfully on port" in line:
                    self.base = f"http://127.0.0.1:{line.strip().rstrip('.').split()[-1]}"
                    return
            self.process.wait()
        raise Failure("chromedriver did not start")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("DELETE", self.session)
        except (Failure, OSError):
            pass
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def call(self, method, url, body=None):
        data = None if method in ("GET", "DELETE") else json.dumps(body or {}).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            value = json.loads(error.read().decode() or "{}").get("value", {})
            raise Failure(f"{value.get('error')}: {value.get('message', '').splitlines()[0]}") from None

    def command(self, path, **body):
        return self.call("POST", f"{self.session}/{path}", body)

    def cdp(self, name, **parameters):
        return self.command("goog/cdp/execute", cmd=name, params=parameters)

    # ---- pages ----

    def open(self, url):
        self.command("url", url=url)

    def run(self, script, *arguments):
        """What a function body returns in the page."""
        return self.command("execute/sync", script=script, args=list(arguments))

    def run_async(self, script, *arguments):
        """The same for a function body that calls its last argument with the result."""
        return self.command("execute/async", script=script, args=list(arguments))

    def wait(self, condition, what, seconds=30):
        """Until the expression is true in the page."""
        end = time.monotonic() + seconds
        while not self.run(f"return Boolean({condition})"):
            if time.monotonic() > end:
                raise Failure(f"waited {seconds} s for {what}; console: {self.console()}")
            time.sleep(0.05)

    def console(self):
        """Errors of the page so far."""
        entries = self.call("POST", f"{self.session}/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def picture(self, path):
        with open(path, "wb") as out:
            out.write(base64.b64decode(self.call("GET", f"{self.session}/screenshot")))

    # ---- elements and input ----

    def find(self, selector):
        return self.command("element", using="css selector", value=selector)[ELEMENT]

    def click(self, selector):
        self.command(f"element/{self.find(selector)}/click")

    def send(self, selector, text):
        """Keys to an element; a path, for one that takes files."""
        self.command(f"element/{self.find(selector)}/value", text=text)

    def keys(self, *keys):
        """Presses all at once and lets go."""
        actions = [{"type": "keyDown", "value": key} for key in keys] + [{"type": "keyUp", "value": key} for key in reversed(keys)]
        self.command("actions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def stroke(self, points, kind="mouse", step_ms=8):
        """A pen path through points in pixels of the window."""
        (x, y), rest = points[0], points[1:]
        actions = [{"type": "pointerMove", "x": round(x), "y": round(y), "duration": 0}, {"type": "pointerDown", "button": 0}]
        actions += [{"type": "pointerMove", "x": round(a), "y": round(b), "duration": step_ms} for a, b in rest]
        actions.append({"type": "pointerUp", "button": 0})
        self.command("actions", actions=[{"type": "pointer", "id": kind, "parameters": {"pointerType": kind}, "actions": actions}])
