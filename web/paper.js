// web/paper.js: what is on the paper: strokes of a pen, or a picture; and how it looks. It reads nothing.

// The paper is 400 x 300 units, whatever its size on the screen.
const WIDTH = 400, HEIGHT = 300;

// A stroke is {points: [{x, y}, ...], width, box}; a picture {picture: {width, height, left, top, scale}}
// with a canvas as `shown`, or ink as `grey`.
const paper = { items: [], past: [], future: [], brush: 20 }; // past, future: items to go back and forth to

function newStroke(x, y, width) {
  return { points: [{ x, y }], width, box: { left: x, top: y, right: x, bottom: y } };
}

// Adds a point unless it says nothing new.
function extend(stroke, x, y) {
  const last = stroke.points[stroke.points.length - 1];
  if (Math.hypot(x - last.x, y - last.y) < 0.4) return false;
  stroke.points.push({ x, y });
  const box = stroke.box;
  box.left = Math.min(box.left, x);
  box.right = Math.max(box.right, x);
  box.top = Math.min(box.top, y);
  box.bottom = Math.max(box.bottom, y);
  return true;
}

// The stroke as a path: curves from middle to middle of the points, so that corners of the sampling vanish.
function trace(context, stroke) {
  const p = stroke.points;
  context.beginPath();
  context.moveTo(p[0].x, p[0].y);
  if (p.length === 1) context.lineTo(p[0].x + 0.01, p[0].y);
  for (let i = 1; i < p.length - 1; i++) {
    context.quadraticCurveTo(p[i].x, p[i].y, (p[i].x + p[i + 1].x) / 2, (p[i].y + p[i + 1].y) / 2);
  }
  if (p.length > 1) context.lineTo(p[p.length - 1].x, p[p.length - 1].y);
}

function strokeAll(context, strokes, width, colour) {
  context.lineCap = context.lineJoin = "round";
  context.strokeStyle = colour;
  for (const stroke of strokes) {
    context.lineWidth = width ?? stroke.width;
    trace(context, stroke);
    context.stroke();
  }
}

// A canvas whose alpha is the picture's ink, in one colour; kept until the colour changes.
function tinted(picture, colour) {
  if (picture.tint?.colour === colour) return picture.tint.canvas;
  const canvas = document.createElement("canvas");
  canvas.width = picture.width;
  canvas.height = picture.height;
  const context = canvas.getContext("2d"), data = context.createImageData(picture.width, picture.height);
  for (let i = 0; i < picture.grey.length; i++) data.data[4 * i + 3] = picture.grey[i];
  context.putImageData(data, 0, 0);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = colour;
  context.fillRect(0, 0, canvas.width, canvas.height);
  picture.tint = { colour, canvas };
  return canvas;
}

function colourOf(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// Draws everything; digits: [{box, pen, text, chosen}] to be framed, pen wide ink included, when there are several.
function drawPaper(canvas, digits) {
  const ratio = window.devicePixelRatio || 1, size = canvas.getBoundingClientRect();
  const width = Math.max(1, Math.round(size.width * ratio)), height = Math.max(1, Math.round(size.height * ratio));
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d"), ink = colourOf("--ink");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  context.setTransform(width / WIDTH, 0, 0, height / HEIGHT, 0, 0);
  for (const { picture } of paper.items) {
    if (!picture) continue;
    context.drawImage(picture.shown ?? tinted(picture, ink), picture.left, picture.top, picture.width * picture.scale,
      picture.height * picture.scale);
  }
  strokeAll(context, paper.items.filter((item) => item.points), null, ink);
  if (digits.length > 1) drawFrames(context, digits);
}

// Frames lie on paper of their own, so that they are seen on a photo too; those of small digits are close and fine.
function drawFrames(context, digits) {
  const [edge, soft, accent, ground] = ["--edge", "--soft", "--accent", "--paper"].map(colourOf);
  context.textAlign = "center";
  context.lineJoin = "round";
  for (const { box, pen, text, chosen } of digits) {
    const size = Math.min(13, Math.max(7, 0.45 * (box.bottom - box.top))), away = pen / 2 + 0.3 * size;
    const left = Math.max(2, box.left - away), right = Math.min(WIDTH - 2, box.right + away);
    const top = Math.max(2, box.top - away), bottom = Math.min(HEIGHT - 2, box.bottom + away);
    const wide = (chosen ? 0.12 : 0.08) * size;
    const at = [(left + right) / 2, top > 1.2 * size ? top - 0.3 * size : bottom + size];
    context.beginPath();
    context.roundRect(left, top, right - left, bottom - top, 0.45 * size);
    for (const [width, colour] of [[wide + 0.15 * size, ground], [wide, chosen ? accent : edge]]) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.stroke();
    }
    context.font = `600 ${size}px system-ui, sans-serif`;
    context.fillStyle = chosen ? accent : soft;
    context.lineWidth = 0.3 * size;
    context.strokeStyle = ground;
    context.strokeText(text, ...at);
    context.fillText(text, ...at);
  }
}
