// web/answer.js: what was read, for eyes and ears: the number, how sure, ten bars, the 28 x 28. It asks nobody.

const by = (id) => document.getElementById(id);
const percent = (p) => (p >= 0.9995 ? "100\u00a0%" : p < 0.0005 ? "0\u00a0%" : `${(100 * p).toFixed(1)}\u00a0%`);

// Indices of p from the most to the least probable.
function ranking(p) {
  return [...p.keys()].sort((a, b) => p[b] - p[a]);
}

function digitOf(p) {
  return ranking(p)[0];
}

const rows = [];
function makeBars() {
  for (let digit = 0; digit < 10; digit++) {
    const row = by("bars").tBodies[0].insertRow();
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = digit;
    row.append(head);
    const track = document.createElement("span"), fill = document.createElement("span");
    track.className = "track";
    fill.className = "fill";
    track.append(fill);
    row.insertCell().append(track);
    const text = row.insertCell();
    text.className = "percent";
    rows.push({ row, fill, text });
  }
  showBars(null);
}

function showBars(p) {
  const first = p ? digitOf(p) : -1;
  rows.forEach(({ row, fill, text }, digit) => {
    row.className = digit === first ? "first" : "";
    fill.style.transform = `translateX(${p ? 100 * p[digit] - 100 : -100}%)`;
    text.textContent = p ? percent(p[digit]) : "";
  });
}

// 28 x 28 bytes, white ink on black as the network has it.
function paintSeen(canvas, seen) {
  const context = canvas.getContext("2d"), data = context.createImageData(28, 28);
  for (let i = 0; i < 784; i++) {
    const value = seen ? seen[i] : 0;
    data.data.set([value, value, value, 255], 4 * i);
  }
  context.putImageData(data, 0, 0);
}

// One digit in words: "99.8 % sure", or what it may be.
function words({ p, sure }) {
  const [a, b] = ranking(p);
  return sure ? `${percent(p[a])} sure` : `Not sure: perhaps ${a}, perhaps ${b}`;
}

function guess(p) {
  const span = document.createElement("span");
  span.className = "doubt";
  span.textContent = digitOf(p);
  return span;
}

function showNumber(digits) {
  const number = by("number"), sure = by("sure");
  const doubtful = digits.filter((digit) => !digit.sure);
  number.replaceChildren(...digits.flatMap(({ p, lead, sure }) => [lead ?? "", sure ? String(digitOf(p)) : guess(p)]));
  if (digits.length === 0) number.textContent = "\u00a0";
  if (doubtful.length > 0 && digits.length === 1) number.lastChild.append("?");
  for (const [size, from] of [["long", 4], ["longer", 7], ["longest", 25]]) {
    number.classList.toggle(size, number.textContent.length >= from);
  }
  sure.classList.toggle("doubt", doubtful.length > 0);
  if (digits.length === 0) {
    sure.textContent = paper.items.length > 0 ? "No digit in it" : "Nothing drawn yet";
  } else if (digits.length === 1) {
    sure.textContent = words(digits[0]);
  } else if (doubtful.length > 0) {
    sure.textContent = `Not sure of ${doubtful.length} of ${digits.length} digits`;
  } else {
    const least = Math.min(...digits.map(({ p }) => Math.max(...p)));
    sure.textContent = `${digits.length} digits, each ${least < 0.9995 ? "at least " : ""}${percent(least)}`;
  }
}

// A button for each of several digits; choose(i) is called for the one that is pressed.
function showParts(digits, chosen, choose) {
  const parts = by("parts"), several = digits.length > 1;
  parts.hidden = !several;
  while (parts.children.length > (several ? digits.length : 0)) parts.lastChild.remove();
  if (!several) return;
  digits.forEach((digit, i) => {
    const { p, seen, sure } = digit;
    let button = parts.children[i];
    if (!button) {
      button = document.createElement("button");
      button.type = "button";
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = 28;
      button.append(canvas, document.createElement("span"));
      button.addEventListener("click", () => choose(i));
      parts.append(button);
    }
    paintSeen(button.firstChild, seen);
    button.lastChild.textContent = digitOf(p) + (sure ? "" : "?");
    button.setAttribute("aria-pressed", String(i === chosen));
    button.setAttribute("aria-label", `Digit ${i + 1}: ${digitOf(p)}, ${words(digit)}`);
  });
}

// What a screen reader hears, once the pen has rested for half a second.
let resting = 0;
function announce(digits) {
  clearTimeout(resting);
  resting = setTimeout(() => {
    const text = digits.length === 0
      ? "No digit"
      : `Read as ${digits.map(({ p }) => digitOf(p)).join(" ")}. ${by("sure").textContent}`;
    if (by("live").textContent !== text) by("live").textContent = text;
    by("canvas").setAttribute("aria-label", digits.length === 0 ? "Drawing area, empty" : `Drawing. ${text}`);
  }, 500);
}

// Everything at once.
function showAnswer(digits, chosen, choose) {
  const shown = digits[chosen];
  showNumber(digits);
  showBars(shown?.p ?? null);
  paintSeen(by("seen"), shown?.seen);
  const what = shown ? `a ${digitOf(shown.p)}, perhaps` : "nothing";
  by("seen").setAttribute("aria-label", `What the network sees: ${what}`);
  showParts(digits, chosen, choose);
  announce(digits);
}

function tell(text) {
  by("message").textContent = text;
}
