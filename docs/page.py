#!/usr/bin/env python3
# docs/page.py: draws the pictures of docs/page.md anew: the page with 407 on it, and with a photo that it read.
#   docs/page.py [INKLING DRAW.html]     build/release's; needs Chromium and its driver (script/bootstrap browser)
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path.insert(0, os.path.join(ROOT, "tests/e2e/browser"))
import pen
from webdriver import Browser

build = os.path.join(ROOT, "build/release")
inkling, page = sys.argv[1:3] if len(sys.argv) > 2 else (os.path.join(build, "inkling"), os.path.join(build, "inkling-draw.html"))

STROKES = [
    [(86, 90), (78, 118), (62, 144), (35, 171), (80, 170), (125, 168)], [(99, 131), (97, 175), (95, 216)],
    [(202, 82), (176, 94), (162, 128), (162, 168), (176, 204), (202, 216), (230, 202), (244, 168), (243, 126), (230, 94), (198, 83)],
    [(289, 99), (330, 96), (369, 94), (350, 140), (331, 190), (319, 222)],
]

with Browser(1280, 760) as browser, tempfile.TemporaryDirectory() as photos:
    browser.open("file://" + os.path.abspath(page))
    browser.wait("document.querySelector('#engine').dataset.kind", "the page")
    seen = pen.write(browser, STROKES)
    if seen != "407":
        sys.exit(f"docs/page.py: 407 was read as {seen!r}")
    browser.picture(os.path.join(HERE, "pictures/draw.png"))
    subprocess.run([inkling, "data", "pages", photos, "--count", "1", "--severity", "0", "--seed", "20", "--quiet", "--force"],
                   check=True, stdout=subprocess.DEVNULL)
    browser.send("#open-file", os.path.join(photos, "page-0001.png"))
    browser.wait("document.querySelectorAll('#parts button').length > 3", "digits of the photo")
    browser.picture(os.path.join(HERE, "pictures/draw-photo.png"))
