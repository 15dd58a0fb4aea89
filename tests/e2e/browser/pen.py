# tests/e2e/browser/pen.py: strokes on the page to draw on, faster than a hand, and what the page makes of them.

# Sends strokes to the empty canvas as pointer events and gives the answer after four frames.
SEND = """
const [strokes, done] = arguments, canvas = document.querySelector("#canvas"), box = canvas.getBoundingClientRect();
document.querySelector("#clear").click();
const send = (type, [x, y]) => canvas.dispatchEvent(new PointerEvent(type, { bubbles: true, cancelable: true, pointerId: 1,
  pointerType: "pen", button: 0, clientX: box.left + x * box.width / 400, clientY: box.top + y * box.height / 300 }));
for (const stroke of strokes) {
  send("pointerdown", stroke[0]);
  for (const point of stroke.slice(1)) send("pointermove", point);
  send("pointerup", stroke[stroke.length - 1]);
}
let frames = 0;
const look = () => ++frames < 4 ? requestAnimationFrame(look) : done(document.querySelector("#number").textContent.trim());
requestAnimationFrame(look);
"""


def write(browser, strokes):
    """Clears the paper, draws strokes [[(x, y), ...], ...] on its 400 x 300, and returns what is read: "407", "7?", ""."""
    return browser.run_async(SEND, strokes)
