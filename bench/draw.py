# bench/draw.py: real digits, traced as pen paths and drawn on the page in a browser, where and however large: how many
# does it read right? Run by bench/draw.sh.
#   draw.py PAGE TRAIN.csv SPLIT.csv COUNT     SPLIT.csv: the rows that a run held out, as its folder has it
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/e2e/browser"))
import pen
import tracing
from webdriver import Browser

page, train, split, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])

with open(split) as lines:
    next(lines)
    held_out = [int(line.split(",")[0]) for line in lines]
with open(train) as lines:
    rows = lines.read().split("\n")[1:]
rng = random.Random(1)
rng.shuffle(held_out)

wrong, unsure, by_height = [], 0, {}
with Browser() as browser:
    browser.open("file://" + os.path.abspath(page))
    browser.wait("document.querySelector('#engine').dataset.kind", "the page")
    for number, row in enumerate(held_out[:count]):
        label, *pixels = map(int, rows[row].split(","))
        height = rng.choice([50, 80, 120, 180, 240, 270])  # of a paper of 400 x 300
        room = height / 2 + 12
        centre = rng.uniform(min(room, 200), max(400 - room, 200)), rng.uniform(min(room, 150), max(300 - room, 150))
        strokes = tracing.place(tracing.trace(pixels), height, centre, slant=rng.uniform(-0.25, 0.25),
                                turn=rng.uniform(-0.12, 0.12), shake=rng.choice([0, 0.5]), seed=number)
        seen = pen.write(browser, strokes)
        right = seen.rstrip("?") == str(label)
        unsure += seen.endswith("?")
        tally = by_height.setdefault(height, [0, 0])
        tally[0] += right
        tally[1] += 1
        if not right:
            wrong.append(f"row {row}: a {label} read as {seen or 'nothing'}")
    engine = browser.run("return document.querySelector('#engine').textContent")
drawn = sum(total for _, total in by_height.values())
print(f"draw: {drawn - len(wrong)} of {drawn} traced digits read right, {100 * (drawn - len(wrong)) / drawn:.2f} %; {unsure} not sure")
print("by height: " + ", ".join(f"{height}: {right}/{total}" for height, (right, total) in sorted(by_height.items())))
print("\n".join(wrong))
print(engine)
