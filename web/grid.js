// web/grid.js: the 28 x 28 pixels as a grid that arrow keys and space fill.

const cells = [];
let pixels = new Uint8Array(784), cursor = 14 * 28 + 14;

function paintCell(i) {
  const value = pixels[i];
  cells[i].style.background = `rgb(${value} ${value} ${value})`;
  const what = value > 127 ? "ink" : "paper";
  cells[i].setAttribute("aria-label", `Row ${Math.floor(i / 28) + 1}, column ${(i % 28) + 1}: ${what}`);
}

function moveCursor(to) {
  cells[cursor].tabIndex = -1;
  cursor = to;
  cells[cursor].tabIndex = 0;
  cells[cursor].focus();
}

// Shows these 784 bytes; none: blank.
function fillGrid(seen) {
  pixels = seen ? Uint8Array.from(seen) : new Uint8Array(784);
  if (cells.length > 0) for (let i = 0; i < 784; i++) paintCell(i);
}

// edited(pixels) is called after each change.
function makeGrid(edited) {
  if (cells.length > 0) return;
  const set = (i, value) => {
    pixels[i] = value;
    paintCell(i);
    edited(pixels);
  };
  for (let y = 0; y < 28; y++) {
    const row = document.createElement("div");
    row.setAttribute("role", "row");
    for (let x = 0; x < 28; x++) {
      const cell = document.createElement("div"), i = cells.length;
      cell.setAttribute("role", "gridcell");
      cell.tabIndex = i === cursor ? 0 : -1;
      cell.addEventListener("pointerdown", () => {
        moveCursor(i);
        set(i, pixels[i] > 127 ? 0 : 255);
      });
      cells.push(cell);
      row.append(cell);
    }
    by("grid").append(row);
  }
  for (let i = 0; i < 784; i++) paintCell(i);
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  by("grid").addEventListener("keydown", (event) => {
    const step = steps[event.key];
    if (step) {
      const x = Math.min(27, Math.max(0, (cursor % 28) + step[0]));
      const y = Math.min(27, Math.max(0, Math.floor(cursor / 28) + step[1]));
      moveCursor(28 * y + x);
      if (event.shiftKey) set(cursor, 255);
    } else if (event.key === " ") {
      set(cursor, pixels[cursor] > 127 ? 0 : 255);
    } else {
      return;
    }
    event.preventDefault();
  });
}
