# tests/e2e/browser/page.py: the page to draw on, in a real browser: drawn on, typed at, given pictures; on the file from
# the disk, and as inkling serve sends it. Run by tests/e2e/browser.sh.
#   page.py INKLING DRAW.html SOURCE
import base64
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request
import zlib

import pen
import tracing
from webdriver import Browser, Failure

INKLING, DRAW, SOURCE = sys.argv[1:4]
WORK = tempfile.mkdtemp(prefix="inkling-page-")

# Strokes in the canvas's 400 x 300, as a hand would draw them.
SEVEN = [[(60, 60), (110, 58), (160, 56), (140, 110), (120, 170), (105, 230)]]
FOUR = [[(70, 40), (55, 90), (45, 130), (85, 130), (125, 126)], [(100, 70), (98, 130), (95, 210)]]
ZERO = [[(200, 60), (170, 75), (160, 130), (170, 185), (200, 205), (228, 185), (238, 130), (228, 78), (198, 58)]]
ONE = [[(300, 60), (298, 130), (296, 210)]]


def check(condition, *what):
    if not condition:
        raise AssertionError(" ".join(str(w) for w in what))


def equal(seen, wanted, what=""):
    check(seen == wanted, f"{what}: {seen!r}, expected {wanted!r}")


def text(browser, selector):
    return browser.run("return document.querySelector(arguments[0]).textContent.trim()", selector)


def number(browser, wanted):
    """Waits until the page reads this."""
    try:
        browser.wait(f"document.querySelector('#number').textContent.trim() === '{wanted}'", f"the number {wanted}", 15)
    except Failure:
        check(False, f"reads {text(browser, '#number')!r} ({text(browser, '#sure')}), expected {wanted!r};",
              text(browser, "#message"), browser.console())


def ready(browser, url, kind):
    browser.open(url)
    browser.wait(f"document.querySelector('#engine').dataset.kind === '{kind}'", f"the engine {kind}")


def draw(browser, strokes, kind="mouse"):
    """As a person does: through the browser's own input."""
    box = browser.run("const b = document.querySelector('#canvas').getBoundingClientRect(); return [b.left, b.top, b.width, b.height]")
    for stroke in strokes:
        browser.stroke([(box[0] + x * box[2] / 400, box[1] + y * box[3] / 300) for x, y in stroke], kind)


def png(path, width, height, dark, paper=255, ink=0, grown=1, packed=9):
    """A PNG: paper, ink where dark(x, y), each a grey or a colour (r, g, b, alpha); each pixel `grown` pixels wide and high."""
    bytes_of = lambda colour: bytes(colour if isinstance(colour, tuple) else (colour,)) * grown
    rows = b"".join((b"\0" + b"".join(bytes_of(ink if dark(x, y) else paper) for x in range(width))) * grown for y in range(height))
    chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    head = struct.pack(">IIBBBBB", width * grown, height * grown, 8, 6 if isinstance(ink, tuple) else 0, 0, 0, 0)
    with open(path, "wb") as out:
        out.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, packed)) + chunk(b"IEND", b""))
    return path


def near(strokes, radius):
    """Whether a point lies under a pen that went along strokes, in a picture half the canvas's size."""
    half = [[(x / 2, y / 2) for x, y in stroke] for stroke in strokes]
    lines = [(a, b) for stroke in half for a, b in zip(stroke, stroke[1:])]

    def inside(x, y):
        for (ax, ay), (bx, by) in lines:
            length = (bx - ax) ** 2 + (by - ay) ** 2
            t = max(0, min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length)) if length else 0
            if (x - ax - t * (bx - ax)) ** 2 + (y - ay - t * (by - ay)) ** 2 < radius ** 2:
                return True
        return False
    return inside


class Served:
    """inkling serve with these words, in a `with` block: its address."""

    def __init__(self, *words):
        self.words = words

    def __enter__(self):
        self.process = subprocess.Popen([INKLING, "serve", "--port", "0", "--quiet", *self.words], stdout=subprocess.PIPE, text=True)
        return self.process.stdout.readline().strip()

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)


def synthetic(rows, seed):
    """Labels and images of digits that inkling drew, never seen in training."""
    folder = os.path.join(WORK, f"digits-{seed}")
    subprocess.run([INKLING, "data", "make", folder, "--count", str(rows), "--seed", str(seed), "--quiet"],
                   check=True, stdout=subprocess.DEVNULL)
    with open(os.path.join(folder, "train.csv")) as lines:
        next(lines)
        table = [list(map(int, line.split(","))) for line in lines]
    return [(row[0], row[1:]) for row in table]


# ---- the tests: each gets a browser whose page is open and empty ----

def nothing_drawn_is_nothing_read(browser):
    equal(text(browser, "#number"), "", "the number")
    equal(text(browser, "#sure"), "Nothing drawn yet")
    check(browser.run("return document.querySelector('#undo').disabled && document.querySelector('#clear').disabled"), "buttons")
    equal(browser.run("return [...document.querySelectorAll('#bars .percent')].map((e) => e.textContent).join('')"), "", "percents")


def strokes_are_read_while_they_are_drawn(browser):
    for strokes, digit, kind in ((FOUR, "4", "mouse"), (ZERO, "0", "touch"), (SEVEN, "7", "pen")):
        browser.click("#clear") if digit != "4" else None
        number(browser, "")
        draw(browser, strokes, kind)
        number(browser, digit)
    draw(browser, ONE, "touch")  # a palm beside the pen draws nothing
    time.sleep(0.2)
    number(browser, "7")
    equal(text(browser, "#bars .first th"), "7", "the first bar")
    check(text(browser, "#sure").endswith("% sure"), text(browser, "#sure"))
    browser.wait("document.querySelector('#live').textContent.startsWith('Read as 7.')", "the announcement")


def traced_digits_are_read_wherever_they_are(browser):
    right, wrong = 0, []
    digits = synthetic(24, 41)
    for i, (label, pixels) in enumerate(digits):
        height = (60, 110, 180, 260)[i % 4]
        centre = ((height / 2 + 20, 200, 380 - height / 2)[i % 3], (height / 2 + 12, 150, 288 - height / 2)[i // 3 % 3])
        strokes = tracing.place(tracing.trace(pixels), height, centre, slant=(-0.2, 0, 0.2)[i % 3], shake=0.3, seed=i)
        seen = pen.write(browser, strokes)
        right += seen == str(label)
        if seen != str(label):
            wrong.append((label, seen))
    check(right >= 0.85 * len(digits), f"{right} of {len(digits)} right; wrong: {wrong}")


def several_digits_are_one_number(browser):
    for strokes in (FOUR, ZERO, ONE):
        draw(browser, strokes)
    number(browser, "401")
    equal(browser.run("return document.querySelectorAll('#parts button').length"), 3, "parts")
    browser.click("#parts button:nth-child(2)")
    browser.wait("document.querySelector('#bars .first th').textContent === '0'", "the bars of the second digit")


def undo_and_clear(browser):
    control, shift, escape = "\ue009", "\ue008", "\ue00c"
    draw(browser, SEVEN)
    draw(browser, ONE)
    number(browser, "71")
    browser.click("#undo")
    number(browser, "7")
    browser.keys(control, shift, "z")
    number(browser, "71")
    browser.keys(control, "z")
    number(browser, "7")
    browser.keys(escape)
    number(browser, "")
    browser.keys(control, "z")
    number(browser, "7")


def pictures_are_read(browser):
    path = png(os.path.join(WORK, "seven.png"), 110, 130, near(SEVEN, 5))
    browser.send("#open-file", path)
    number(browser, "7")
    browser.click("#clear")
    number(browser, "")
    path = png(os.path.join(WORK, "number.png"), 200, 120, near(FOUR + ZERO + ONE, 4.5))
    browser.send("#open-file", path)
    number(browser, "401")
    # The same, pasted; and dropped.
    data = base64.b64encode(open(path, "rb").read()).decode()
    for event, field in (("paste", "clipboardData"), ("drop", "dataTransfer")):
        browser.click("#clear")
        number(browser, "")
        browser.run("""
            const bytes = Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0)), data = new DataTransfer();
            data.items.add(new File([bytes], "number.png", { type: "image/png" }));
            const kind = arguments[1] === "paste" ? ClipboardEvent : DragEvent;
            document.body.dispatchEvent(new kind(arguments[1], { bubbles: true, cancelable: true, [arguments[2]]: data }));
            """, data, event, field)
        number(browser, "401")
    browser.click("#clear")
    number(browser, "")
    open(os.path.join(WORK, "broken.png"), "wb").write(b"\x89PNG\r\n\x1a\nnot really")
    browser.send("#open-file", os.path.join(WORK, "broken.png"))
    browser.wait("document.querySelector('#message').textContent.includes('broken.png')", "a message about the broken picture")


def photos():
    """Pages of several digits as a camera takes them, one blank, one ruled; and a drawing in colours, light on dark."""
    folder = os.path.join(WORK, "photos")
    if not os.path.isdir(folder):
        for severity in (1, 3):
            made = os.path.join(folder, str(severity))
            os.makedirs(made)
            subprocess.run([INKLING, "data", "pages", made, "--count", "3", "--empty", "2", "--severity", str(severity),
                            "--seed", "71", "--quiet", "--force"], check=True, stdout=subprocess.DEVNULL)
        png(os.path.join(folder, "colours.png"), 200, 120, near(FOUR + ZERO + ONE, 4.5), (20, 30, 90, 255), (255, 210, 120, 255))
    return sorted(os.path.join(at, name) for at, _, names in os.walk(folder) for name in names if name.endswith(("png", "jpg")))


def photos_are_read_as_the_program_reads_them(browser, *words):
    """Each digit, in the same order, as sure or unsure; words: of inkling read."""
    paths, digits = photos(), 0
    done = subprocess.run([INKLING, "read", "--json", "--quiet", *words, *paths], check=True, stdout=subprocess.PIPE)
    for path, page in zip(paths, json.loads(done.stdout)["pages"]):
        best = [max(range(10), key=lambda d: digit["probabilities"][d]) for digit in page["digits"]]
        wanted = [f"{b}{'?' if digit['digit'] is None else ''}" for b, digit in zip(best, page["digits"])]
        left = iter(best)
        lines = "\n".join("".join(c if c == " " else str(next(left)) for c in line) for line in page["lines"])
        browser.run("document.querySelector('#clear').click()")
        browser.wait("document.querySelector('#sure').textContent === 'Nothing drawn yet'", "an empty paper")
        browser.send("#open-file", path)
        browser.wait("!/^(Nothing|Reading)/.test(document.querySelector('#sure').textContent)", f"an answer for {path}")
        seen = browser.run("return [...document.querySelectorAll('#parts button')].map((e) => e.textContent)")
        equal(seen, wanted if len(wanted) > 1 else [], path)
        equal(text(browser, "#number").rstrip("?"), lines, path)
        digits += len(wanted)
    check(digits > 50, f"{digits} digits on {len(paths)} pages")


def pictures_that_are_too_large_to_send_are_made_smaller(browser):
    path = png(os.path.join(WORK, "large.png"), 200, 120, near(FOUR + ZERO + ONE, 4.5), grown=8, packed=0)
    check(os.path.getsize(path) > 1 << 20, path, os.path.getsize(path))
    browser.send("#open-file", path)
    number(browser, "401")


def samples_and_the_grid_need_no_pen(browser):
    browser.run("document.querySelector('#others').open = true")
    for digit in range(10):
        browser.click(f"#samples button:nth-child({digit + 1})")
        number(browser, digit)
        browser.wait("!document.querySelector('#sure').classList.contains('doubt')", "a sure answer")
    browser.keys("\ue00c")
    browser.run("document.querySelector('#grid [tabindex=\"0\"]').focus()")
    left, up, down, shift = "\ue012", "\ue013", "\ue015", "\ue008"
    for _ in range(8):
        browser.keys(up)
    browser.keys(" ")
    for _ in range(16):
        browser.keys(shift, down)
    number(browser, "1")
    equal(browser.run("return document.activeElement.getAttribute('aria-label')"), "Row 23, column 15: ink", "the cell")
    for _ in range(3):
        browser.keys(left)
    equal(browser.run("return document.activeElement.getAttribute('aria-label')"), "Row 23, column 12: paper", "the cell")
    browser.run("document.querySelector('#others').open = false")


def the_layers_show_what_they_see(browser):
    browser.run("document.querySelector('#layers').open = true")
    draw(browser, FOUR)
    number(browser, "4")
    browser.wait("document.querySelectorAll('#layers-body canvas').length > 1", "pictures of layers")
    colours = browser.run("""return [...document.querySelectorAll("#layers-body canvas")].map((canvas) => new Set(new Uint32Array(
        canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size)""")
    check(min(colours) > 3, "a layer of one colour:", colours)
    browser.run("document.querySelector('#layers').open = false")


def the_keyboard_reaches_every_control(browser):
    draw(browser, FOUR)
    draw(browser, ONE)
    number(browser, "41")
    browser.run("document.activeElement.blur(); document.querySelector('#undo').focus()")
    seen = []
    for _ in range(8):
        focused = browser.run("""const e = document.activeElement, outline = getComputedStyle(e);
            return [e.id || e.tagName, outline.outlineStyle !== "none" && parseFloat(outline.outlineWidth) >= 2]""")
        check(focused[1] or not seen, f"{focused[0]} has no visible focus")  # the first was given it, not by a key
        seen.append(focused[0])
        browser.keys("\ue004")
    equal(seen, ["undo", "clear", "brush", "open", "BUTTON", "BUTTON", "SUMMARY", "SUMMARY"], "the order of the keyboard")


TESTS = [nothing_drawn_is_nothing_read, strokes_are_read_while_they_are_drawn, several_digits_are_one_number, undo_and_clear,
         pictures_are_read, pictures_that_are_too_large_to_send_are_made_smaller, the_layers_show_what_they_see]
ONCE = [the_keyboard_reaches_every_control, traced_digits_are_read_wherever_they_are, samples_and_the_grid_need_no_pen]


# ---- tests with pages of their own ----

def wasm_answers_as_the_program_does(browser):
    """Both modules, each probability within 1e-5 of the program's in f32; a picture; and neither asks the page for anything."""
    digits = synthetic(40, 42)
    images = bytes(value for _, pixels in digits for value in pixels)
    with Served("--precision", "f32") as address:
        request = urllib.request.Request(address + "v1/predict", images, {"Content-Type": "application/octet-stream"})
        with urllib.request.urlopen(request) as response:
            results = json.load(response)["results"]
    dark = near(FOUR + ZERO + ONE, 4.5)
    drawing = base64.b64encode(bytes(0 if dark(x, y) else 255 for y in range(120) for x in range(200))).decode()
    for module in ("wasm-simd", "wasm-scalar"):
        answer = browser.run_async("""
            const [id, images, drawing, done] = arguments;
            const bytes = (text) => Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0));
            const unpack = (id) => new Response(new Blob([bytes(document.getElementById(id).textContent)]).stream()
              .pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
            (async () => {
              const module = await WebAssembly.compile(await unpack(id)), model = new Uint8Array(await unpack("model"));
              if (WebAssembly.Module.imports(module).length > 0) return done(["imports"]);
              const door = (await WebAssembly.instantiate(module, {})).exports;
              const put = (data) => {
                const at = door.memory_new(data.length);
                new Uint8Array(door.memory.buffer).set(data, at);
                return at;
              };
              if (door.open(put(model), model.length) !== 0) return done(["open"]);
              const all = put(bytes(images)), rows = [];
              for (let i = 0; i < 40; i++) rows.push([...new Float32Array(door.memory.buffer, door.predict(all + 784 * i), 10)]);
              const n = door.read_page(put(bytes(drawing)), 200, 120), all_bytes = new Uint8Array(door.memory.buffer);
              done([rows, n < 0 ? "no page" : String.fromCharCode(...all_bytes.subarray(door.text(), door.text() + n + 1))]);
            })();
            """, module, base64.b64encode(images).decode(), drawing)
        check(len(answer) == 2, module, answer)
        rows, read = answer
        equal(read, "401\n", module)
        worst = max(abs(a - b) for row, result in zip(rows, results) for a, b in zip(row, result["probabilities"]))
        check(worst < 1e-5, f"{module}: probabilities differ by {worst}")


def contrast(a, b):
    """WCAG 2's ratio of two colours "#rrggbb"."""
    def light(colour):
        parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    high, low = sorted((light(a), light(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def fits_and_can_be_seen(browser, width, dark):
    colour = lambda name: browser.run("return getComputedStyle(document.documentElement).getPropertyValue(arguments[0]).trim()", name)
    check((sum(bytes.fromhex(colour("--ground")[1:])) < 384) == dark, "the wrong scheme")
    for front in ("--text", "--soft", "--doubt"):
        for back in ("--ground", "--paper"):
            ratio = contrast(colour(front), colour(back))
            check(ratio >= 4.5, f"{front} on {back} has contrast {ratio:.2f}")
    draw(browser, SEVEN, "touch")
    draw(browser, ONE, "touch")
    number(browser, "71")
    small = browser.run("""return [...document.querySelectorAll("button, summary, .brush")].filter((e) => e.offsetParent)
        .map((e) => [e.id || e.textContent.trim(), e.getBoundingClientRect()])
        .filter(([, box]) => box.width < 43.9 || box.height < 43.9).map(([name, box]) => `${name} ${box.width}x${box.height}`)""")
    equal(small, [], "targets below 44 pixels")
    wide = lambda: browser.run("return document.scrollingElement.scrollWidth") - width  # a phone's window grows with the page
    check(wide() <= 0, "wider than the window by", wide())
    browser.run("document.documentElement.style.fontSize = '200%'")
    check(wide() <= 0, "at 200 % wider than the window by", wide())
    browser.run("document.documentElement.style.fontSize = ''; document.querySelector('#clear').click()")


def both_in_the_window(browser):
    draw(browser, SEVEN, "touch")
    number(browser, "7")
    for name in ("#canvas", "#number", "#sure", "#seen"):
        box = browser.run("const b = document.querySelector(arguments[0]).getBoundingClientRect(); return [b.top, b.bottom]", name)
        check(box[0] >= 0 and box[1] <= 390, name, "from", box[0], "to", box[1])


def corrections_are_kept(browser, folder):
    draw(browser, SEVEN)
    number(browser, "7")
    browser.wait("!document.querySelector('#correct').hidden", "the question what it was")
    browser.click("#correct-digits button:nth-child(2)")
    browser.wait("document.querySelector('#correct-said').textContent.startsWith('Kept as a 1')", "thanks")
    browser.run("window.dispatchEvent(new Event('resize')); document.querySelector('#canvas').style.width = '99%'")
    time.sleep(0.3)
    check(text(browser, "#correct-said"), "the thanks went when the window changed")
    draw(browser, ONE)
    browser.wait("document.querySelector('#correct-said').textContent === ''", "a new question")
    browser.run("document.querySelector('#canvas').style.width = ''")
    equal(len(os.listdir(os.path.join(folder, "1"))), 1, "kept files")


def run(name, test, *arguments):
    start = time.monotonic()
    try:
        test(*arguments)
        print(f"ok {time.monotonic() - start:5.1f} s  {name}", flush=True)
        return True
    except (AssertionError, Failure, OSError, subprocess.CalledProcessError) as error:
        lines = [str(place.lineno) for place in traceback.extract_tb(error.__traceback__) if place.filename == __file__]
        print(f"FAILED  {name} (lines {', '.join(lines[1:])}): {error}", flush=True)
        return False


def clean(test):
    """The test on an empty page, and no error in the console after it."""
    def on(browser):
        browser.run("document.querySelector('#clear').click()")
        number(browser, "")
        test(browser)
        told = [line for line in browser.console() if "422 (Unprocessable Content)" not in line]  # no digit in it
        equal(told, [], "the console")
    return on


def main():
    passed = []
    disk = "file://" + os.path.abspath(DRAW)
    check(os.path.getsize(DRAW) < 600_000, f"{DRAW} has {os.path.getsize(DRAW)} bytes")
    with Browser() as browser:
        ready(browser, disk, "wasm")
        for test in TESTS + ONCE:
            passed.append(run(f"from disk: {test.__name__}", clean(test), browser))
        passed.append(run("from disk: photos_are_read_as_the_program_reads_them",
                          clean(lambda b: photos_are_read_as_the_program_reads_them(b, "--precision", "f32")), browser))
        passed.append(run("from disk: wasm_answers_as_the_program_does", wasm_answers_as_the_program_does, browser))
        with Served() as address:
            with urllib.request.urlopen(address + "v1/model") as response:
                sum_of_model = json.load(response)["sha256"]
            with urllib.request.urlopen(address) as response:
                inside = f'data-sha256="{sum_of_model}"' in response.read().decode()
            passed.append(run("served: a model that is in the page is read there", ready, browser, address,
                              "wasm" if inside else "server"))
        corrections = os.path.join(WORK, "corrections")
        tiny = os.path.join(SOURCE, "models/tiny.safetensors")
        with Served("--corrections", corrections, tiny) as address:
            passed.append(run("served: another model is asked for", ready, browser, address, "server"))
            for test in TESTS:
                passed.append(run(f"served: {test.__name__}", clean(test), browser))
            passed.append(run("served: photos_are_read_as_the_program_reads_them",
                              clean(lambda b: photos_are_read_as_the_program_reads_them(b, "--model", tiny)), browser))
            passed.append(run("served: corrections_are_kept", clean(lambda b: corrections_are_kept(b, corrections)), browser))
    for width, dark in ((390, False), (320, True)):
        with Browser(width, 844, dark=dark, touch=True) as browser:
            ready(browser, disk, "wasm")
            passed.append(run(f"{width} pixels wide, {'dark' if dark else 'light'}", fits_and_can_be_seen, browser, width, dark))
    with Browser(844, 390, touch=True) as browser:
        ready(browser, disk, "wasm")
        passed.append(run("a phone on its side shows paper and answer at once", both_in_the_window, browser))
    plain = os.path.join(WORK, "plain.html")
    subprocess.run(["sh", os.path.join(SOURCE, "web/join.sh"), os.path.join(SOURCE, "web"), plain], check=True)
    with Browser() as browser:
        browser.open("file://" + plain)
        passed.append(run("without WebAssembly and server the page says so", browser.wait,
                          "document.querySelector('#engine').textContent.startsWith('Nothing here can read')", "the line"))
    print(f"{sum(passed)} of {len(passed)} passed")
    shutil.rmtree(WORK)
    return 0 if all(passed) else 1


sys.exit(main())
