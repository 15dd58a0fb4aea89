# bench/draw.py: real digits, traced as pen paths and drawn on the page in a browser, where and however large: how many
# does it read right? And numbers of three: cut by their strokes, as the page does, beside `inkling read` of the same
# drawings as pictures. Run by bench/draw.sh.
#   draw.py INKLING PAGE TRAIN.csv SPLIT.csv COUNT     SPLIT.csv: the rows that a run held out, as its folder has it
import base64
import json
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/e2e/browser"))
import pen
import tracing
from webdriver import Browser

inkling, page, train, split, count = *sys.argv[1:5], int(sys.argv[5])

with open(split) as lines:
    next(lines)
    held_out = [int(line.split(",")[0]) for line in lines]
with open(train) as lines:
    rows = lines.read().split("\n")[1:]
rng = random.Random(1)
rng.shuffle(held_out)

# Strokes as a PNG of 800 x 600, dark on white, by a pen as wide as the page has at first.
PICTURE = """
const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
[canvas.width, canvas.height] = [800, 600];
context.fillStyle = "#fff";
context.fillRect(0, 0, 800, 600);
context.scale(2, 2);
context.lineWidth = 20;
context.lineCap = context.lineJoin = "round";
for (const stroke of arguments[0]) {
  context.beginPath();
  for (const [x, y] of stroke) context.lineTo(x, y);
  context.stroke();
}
return canvas.toDataURL("image/png").split(",")[1];
"""


def hand(pixels, height, centre, number):
    """The strokes of a digit by some hand."""
    return tracing.place(tracing.trace(pixels), height, centre, slant=rng.uniform(-0.25, 0.25),
                         turn=rng.uniform(-0.12, 0.12), shake=rng.choice([0, 0.5]), seed=number)


def digits(browser):
    wrong, unsure, by_height = [], 0, {}
    for number, row in enumerate(held_out[:count]):
        label, *pixels = map(int, rows[row].split(","))
        height = rng.choice([50, 80, 120, 180, 240, 270])  # of a paper of 400 x 300
        room = height / 2 + 12
        centre = rng.uniform(min(room, 200), max(400 - room, 200)), rng.uniform(min(room, 150), max(300 - room, 150))
        seen = pen.write(browser, hand(pixels, height, centre, number))
        right = seen.rstrip("?") == str(label)
        unsure += seen.endswith("?")
        tally = by_height.setdefault(height, [0, 0])
        tally[0] += right
        tally[1] += 1
        if not right:
            wrong.append(f"row {row}: a {label} read as {' '.join(seen.split()) or 'nothing'}")
    drawn = sum(total for _, total in by_height.values())
    print(f"draw: {drawn - len(wrong)} of {drawn} traced digits read right, {100 * (drawn - len(wrong)) / drawn:.2f} %; "
          f"{unsure} not sure")
    print("by height: " + ", ".join(f"{height}: {right}/{total}" for height, (right, total) in sorted(by_height.items())))
    print("\n".join(wrong))


def numbers(browser, folder):
    """Three digits side by side, each of its own height, some close to each other."""
    wanted, seen, files = [], [], []
    for number in range(count // 6):
        strokes, text, left = [], "", 24
        for row in held_out[3 * number:3 * number + 3]:
            label, *pixels = map(int, rows[row].split(","))
            own = hand(pixels, rng.uniform(90, 130), (0, rng.uniform(130, 170)), row)
            xs = [x for stroke in own for x, _ in stroke]
            strokes += [[(x - min(xs) + left, y) for x, y in stroke] for stroke in own]
            left += max(xs) - min(xs) + rng.uniform(24, 44)  # the pen is 20 wide
            text += str(label)
        seen.append(pen.write(browser, strokes))
        wanted.append(text)
        files.append(os.path.join(folder, f"{number}.png"))
        with open(files[-1], "wb") as out:
            out.write(base64.b64decode(browser.run(PICTURE, strokes)))
    done = subprocess.run([inkling, "read", "--json", "--quiet", "--sure", "0.000001", *files], stdout=subprocess.PIPE, check=True)
    read = ["".join(page["lines"]).replace(" ", "") for page in json.loads(done.stdout)["pages"]]
    by_strokes = sum(a == b for a, b in zip(wanted, seen))
    by_ink = sum(a == b for a, b in zip(wanted, read))
    print(f"numbers of three: by strokes {by_strokes} of {len(wanted)} right, as pictures by inkling read {by_ink}")


with Browser() as browser, tempfile.TemporaryDirectory() as folder:
    browser.open("file://" + os.path.abspath(page))
    browser.wait("document.querySelector('#engine').dataset.kind", "the page")
    digits(browser)
    numbers(browser, folder)
    print(browser.run("return document.querySelector('#engine').textContent"))
