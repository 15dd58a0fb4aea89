// web/groups.js: which strokes make one digit, and each digit as a grey picture. It knows no network.

const SIDE = 200; // longer side of a digit's ink in the picture that the network's picture is made from

function overlap(a0, a1, b0, b1) {
  return Math.max(0, Math.min(a1, b1) - Math.max(a0, b0));
}

function gap(a0, a1, b0, b1) {
  return Math.max(0, b0 - a1, a0 - b1);
}

// The least distance of two pen paths, from points that lie at most `step` apart.
function distance(a, b, step) {
  let least = Infinity;
  const sparse = (points) => {
    const kept = [points[0]];
    for (const p of points) {
      const last = kept[kept.length - 1];
      const parts = Math.floor(Math.hypot(p.x - last.x, p.y - last.y) / step);
      for (let k = 1; k <= parts; k++) {
        kept.push({ x: last.x + ((p.x - last.x) * k) / parts, y: last.y + ((p.y - last.y) * k) / parts });
      }
    }
    return kept;
  };
  const others = sparse(b.points);
  for (const p of sparse(a.points)) {
    for (const q of others) least = Math.min(least, Math.hypot(p.x - q.x, p.y - q.y));
  }
  return least;
}

// Strokes of one digit touch, or nearly, or lie above each other: the bar of a 5, the two parts of a 4. A small one
// belongs to a large one that is not far.
function belong(a, b) {
  const p = a.box, q = b.box, reach = (a.width + b.width) / 2;
  const taller = Math.max(p.bottom - p.top, q.bottom - q.top), near = Math.max(1.05 * reach, 0.12 * taller);
  const away = Math.hypot(gap(p.left, p.right, q.left, q.right), gap(p.top, p.bottom, q.top, q.bottom));
  if (away < near && distance(a, b, 3) < near) return true;
  const sides = [p, q].map((box) => Math.max(box.right - box.left, box.bottom - box.top));
  const small = Math.min(...sides), large = Math.max(...sides);
  if (3 * small < large && away < 0.25 * large) return true;
  const narrower = Math.min(p.right - p.left, q.right - q.left) + reach;
  const beside = overlap(p.left - reach / 2, p.right + reach / 2, q.left - reach / 2, q.right + reach / 2);
  return beside > 0.4 * narrower && gap(p.top, p.bottom, q.top, q.bottom) < 0.3 * (taller + reach);
}

function join(boxes) {
  return {
    left: Math.min(...boxes.map((box) => box.left)), right: Math.max(...boxes.map((box) => box.right)),
    top: Math.min(...boxes.map((box) => box.top)), bottom: Math.max(...boxes.map((box) => box.bottom)),
  };
}

// Whether two boxes are in one row: half of the lower one lies beside the other.
function besides(p, q) {
  return 2 * overlap(p.top, p.bottom, q.top, q.bottom) >= Math.min(p.bottom - p.top, q.bottom - q.top);
}

// Reading order: rows from top to bottom, each from left to right.
function before({ box: p }, { box: q }) {
  return besides(p, q) ? p.left - q.left : p.top - q.top;
}

// Strokes to digits [{strokes, box}], in reading order. A dot beside larger ink is a slip of the pen.
function groupStrokes(strokes) {
  const owner = strokes.map((_, i) => i);
  for (let i = 0; i < strokes.length; i++) {
    for (let k = 0; k < i; k++) {
      if (owner[i] === owner[k] || !belong(strokes[i], strokes[k])) continue;
      const from = owner[i];
      for (let m = 0; m < owner.length; m++) if (owner[m] === from) owner[m] = owner[k];
    }
  }
  let groups = [...new Set(owner)].map((number) => {
    const members = strokes.filter((_, i) => owner[i] === number);
    return { strokes: members, box: join(members.map((stroke) => stroke.box)) };
  });
  const side = (group) => Math.max(group.box.right - group.box.left, group.box.bottom - group.box.top);
  const tallest = Math.max(...groups.map(side));
  groups = groups.filter((group) => side(group) >= Math.max(tallest / 8, 0.6 * paper.brush));
  return groups.sort(before);
}

const sheet = document.createElement("canvas");
const sheetContext = sheet.getContext("2d", { willReadFrequently: true });

// One digit's strokes as {grey, width, height}, 0 paper .. 255 ink, always about SIDE large and with a pen as wide as
// the network's own digits have it: so a digit reads the same however large it was drawn, and with whatever brush.
function pictureOf(group) {
  const { box, strokes } = group;
  const side = Math.max(box.right - box.left, box.bottom - box.top, 1), scale = SIDE / side;
  const drawn = (strokes[0].width * scale * 20) / SIDE; // in pixels of the network
  const width = (Math.min(3, Math.max(2.2, drawn)) * SIDE) / 20, margin = Math.ceil(width / 2) + 1;
  sheet.width = Math.ceil((box.right - box.left) * scale) + 2 * margin;
  sheet.height = Math.ceil((box.bottom - box.top) * scale) + 2 * margin;
  sheetContext.setTransform(scale, 0, 0, scale, margin - box.left * scale, margin - box.top * scale);
  strokeAll(sheetContext, strokes, width / scale, "#000");
  const data = sheetContext.getImageData(0, 0, sheet.width, sheet.height).data;
  const grey = new Uint8Array(sheet.width * sheet.height);
  for (let i = 0; i < grey.length; i++) grey[i] = data[4 * i + 3];
  return { grey, width: sheet.width, height: sheet.height };
}
