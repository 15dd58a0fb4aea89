// web/page.js: the page itself: from pen, keys and files to the paper, from there to the engine, from its answers to
// the eye. The parts stand in the files that join.sh puts before this one.

const canvas = by("canvas");
const state = { engine: null, about: null, digits: [], chosen: 0, picked: false, ms: 0 };

// ---- the paper changes ----

let strokes = 0;

function change(items) {
  paper.past.push(paper.items);
  paper.future = [];
  paper.items = items;
  changed();
}

function travel(from, to) {
  if (from.length === 0) return;
  to.push(paper.items);
  paper.items = from.pop();
  changed();
}

function clear() {
  if (paper.items.length === 0) return;
  tell("");
  change([]);
  fillGrid(null);
}

function begin(x, y) {
  const stroke = newStroke(x, y, paper.brush);
  stroke.number = strokes++;
  state.picked = false;
  tell("");
  const kept = paper.items.filter((item) => !item.picture?.single);
  change([...kept, stroke]);
  return stroke;
}

// ---- reading: at most once a frame, and never two at a time ----

let frame = 0, stale = false, busy = false;

function changed() {
  stale = true;
  by("undo").disabled = paper.past.length === 0;
  by("clear").disabled = paper.items.length === 0;
  by("hint").hidden = paper.items.length > 0;
  if (frame === 0) frame = requestAnimationFrame(step);
}

const known = new Map(); // answers by the strokes that they are of
let reads = 0;

async function readGroup(group) {
  const key = `${state.engine.kind} ${group.strokes.map((s) => `${s.number}:${s.points.length}`).join(" ")}`;
  let answer = known.get(key);
  if (answer === undefined) {
    const picture = pictureOf(group), start = performance.now();
    answer = await state.engine.read(picture);
    const took = performance.now() - start;
    if (reads++ > 0) state.ms = state.ms === 0 ? took : 0.9 * state.ms + 0.1 * took; // the first one warms up
    if (known.size > 500) known.clear();
    known.set(key, answer);
  }
  const latest = group.strokes.some((s) => s.number === strokes - 1);
  return answer && { ...answer, box: group.box, pen: group.strokes[0].width, latest };
}

async function readPicture(picture) {
  if (picture.digits === undefined) {
    if (!picture.single) {
      by("sure").textContent = "Reading the picture…";
      await new Promise((done) => setTimeout(done, 30)); // so that it is seen
    }
    const found = picture.single
      ? [await state.engine.read(picture)].filter(Boolean)
      : await state.engine.readAll(picture);
    const { scale } = picture;
    picture.digits = found.map((digit) => ({ ...digit, box: digit.box && {
      left: picture.left + digit.box.left * scale, right: picture.left + digit.box.right * scale,
      top: picture.top + digit.box.top * scale, bottom: picture.top + digit.box.bottom * scale,
    } }));
  }
  return picture.digits;
}

async function readPaper() {
  const found = [];
  for (const { picture } of paper.items) if (picture) found.push(...(await readPicture(picture)));
  const pen = paper.items.filter((item) => item.points);
  if (pen.length > 0) {
    for (const group of groupStrokes(pen)) {
      const digit = await readGroup(group), last = found[found.length - 1];
      if (digit) found.push({ ...digit, lead: last && !besides(last.box, digit.box) ? "\n" : "" });
    }
  }
  return found;
}

async function step() {
  frame = 0;
  frames();
  if (busy || !state.engine) return;
  busy = true;
  stale = false;
  try {
    state.digits = await readPaper();
    if (!state.picked) state.chosen = Math.max(0, state.digits.findIndex(({ latest }) => latest));
    state.chosen = Math.min(state.chosen, Math.max(0, state.digits.length - 1));
    await show();
  } catch (error) {
    tell(`This could not be read: ${error.message}`);
  }
  busy = false;
  if (stale) changed();
}

function frames() {
  const framed = state.digits.filter(({ box }) => box);
  drawPaper(canvas, framed.map((digit) => ({ box: digit.box, pen: digit.pen ?? 0, text: String(digitOf(digit.p)),
    chosen: digit === state.digits[state.chosen] })));
}

async function show() {
  showAnswer(state.digits, state.chosen, (i) => {
    state.chosen = i;
    state.picked = true;
    changed();
  });
  frames();
  const shown = state.digits[state.chosen];
  by("correct").hidden = !(state.about?.corrections && shown);
  if (shown?.seen !== state.corrected) by("correct-said").textContent = "";
  if (by("layers").open) showLayers(shown ? await state.engine.look(shown.seen) : null);
  const drawn = !paper.items.some((item) => item.picture?.single);
  if (by("others").open && drawn) fillGrid(shown?.seen);
  sayEngine();
}

function sayEngine() {
  const { engine, ms } = state, time = ms > 0 ? `, ${ms.toFixed(1)} ms a digit` : "";
  by("engine").dataset.ms = ms;
  by("engine").dataset.kind = engine?.kind ?? "";
  if (!engine) return;
  by("engine").textContent = engine.kind === "wasm"
    ? `Read in this page by WebAssembly${engine.vectors ? "" : " without vectors"}${time}. Model: ${engine.name}. `
      + "Nothing you draw leaves the page."
    : `Read by inkling serve at ${location.host}${time}. Model: ${engine.name}. `
      + "Drawings go to that program and no further.";
}

// ---- pen, mouse, finger ----

let pen = null, penSeen = 0;

function place(event) {
  const box = canvas.getBoundingClientRect();
  return [((event.clientX - box.left) * WIDTH) / box.width, ((event.clientY - box.top) * HEIGHT) / box.height];
}

canvas.addEventListener("pointerdown", (event) => {
  if (event.pointerType === "pen") penSeen = event.timeStamp;
  // A second finger draws nothing, and nor does the palm beside a pen.
  const palm = event.pointerType === "touch" && penSeen > 0 && event.timeStamp - penSeen < 3000;
  if (pen || palm || event.button !== 0) return;
  event.preventDefault();
  try {
    canvas.setPointerCapture(event.pointerId);
  } catch {
    // the pointer is gone already
  }
  pen = { id: event.pointerId, stroke: begin(...place(event)) };
});

canvas.addEventListener("pointermove", (event) => {
  if (event.pointerId !== pen?.id) return;
  const all = event.getCoalescedEvents?.() ?? [];
  let news = false;
  for (const each of all.length > 0 ? all : [event]) news = extend(pen.stroke, ...place(each)) || news;
  if (news) changed();
});

canvas.addEventListener("pointerup", (event) => {
  if (event.pointerId === pen?.id) pen = null;
});

canvas.addEventListener("pointercancel", (event) => {
  if (event.pointerId !== pen?.id) return;
  const { stroke } = pen;
  pen = null;
  if (!paper.items.includes(stroke)) return; // undone or cleared meanwhile
  paper.items = paper.past.pop();
  changed();
});

// ---- buttons and keys ----

by("undo").addEventListener("click", () => travel(paper.past, paper.future));
by("clear").addEventListener("click", clear);
by("brush").addEventListener("input", () => { paper.brush = Number(by("brush").value); });

document.addEventListener("keydown", (event) => {
  const command = event.ctrlKey || event.metaKey, key = event.key.toLowerCase();
  if (command && key === "z" && !event.shiftKey) travel(paper.past, paper.future);
  else if (command && (key === "y" || key === "z")) travel(paper.future, paper.past);
  else if (!command && (key === "escape" || key === "delete")) clear();
  else return;
  event.preventDefault();
});

function makeDigits(place, label, press) {
  for (let digit = 0; digit < 10; digit++) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = digit;
    button.setAttribute("aria-label", `${label} ${digit}`);
    button.addEventListener("click", () => press(digit));
    place.append(button);
  }
}

makeDigits(by("samples"), "Draw a", async (digit) => {
  let stroke = null;
  clear();
  await drawSample(digit, (x, y) => { stroke = begin(x, y); }, (x, y) => {
    if (paper.items.includes(stroke) && extend(stroke, x, y)) changed();
  });
});

makeDigits(by("correct-digits"), "It was a", async (label) => {
  const { seen } = state.digits[state.chosen], image = btoa(String.fromCharCode(...seen));
  state.corrected = seen;
  try {
    await ask("v1/correction", { method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ image, label }) });
    by("correct-said").textContent = `Kept as a ${label}. Thank you.`;
  } catch (error) {
    by("correct-said").textContent = `The correction was not kept: ${error.message}`;
  }
});

by("layers").addEventListener("toggle", changed);
by("others").addEventListener("toggle", () => {
  if (!by("others").open) return;
  makeGrid((pixels) => {
    const scale = (HEIGHT - 20) / 28, grey = Uint8Array.from(pixels);
    const picture = { single: true, grey, width: 28, height: 28, scale, left: (WIDTH - 28 * scale) / 2, top: 10 };
    change(grey.some((value) => value > 0) ? [{ picture }] : []);
  });
  changed();
});

listenForPictures(async (file) => {
  tell("");
  try {
    change([{ picture: await pictureOfFile(file) }]);
  } catch {
    tell(`${file.name || "This file"} is damaged, or no picture that this browser knows.`);
  }
});

// ---- begin ----

makeBars();
paintSeen(by("seen"), null);
showLayers(null);
new ResizeObserver(changed).observe(canvas);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
openEngine().then((found) => {
  Object.assign(state, found);
  if (!state.engine) {
    by("engine").textContent = "Nothing here can read: this page has no WebAssembly, and no server answers.";
  }
  changed();
});
