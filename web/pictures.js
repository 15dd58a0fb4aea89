// web/pictures.js: pictures that are opened, dropped, pasted or photographed: from a file to ink on the paper.

const LONGEST = 1000; // pixels of a picture's longer side that are kept

async function decode(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  const shrink = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * shrink));
  const height = Math.max(1, Math.round(bitmap.height * shrink));
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#fff"; // what is transparent is paper
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  const data = context.getImageData(0, 0, width, height).data, luma = new Float32Array(width * height);
  for (let i = 0; i < luma.length; i++) {
    luma[i] = 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
  }
  return { luma, width, height, shrink };
}

// How light the paper is around each pixel: the mean of what is lighter than the mean, in squares, between which it
// runs evenly. So a shadow over a photo is paper too.
function paperLight({ luma, width, height }) {
  const side = Math.max(16, Math.ceil(Math.max(width, height) / 12));
  const across = Math.ceil(width / side) + 1, down = Math.ceil(height / side) + 1;
  const light = new Float32Array(across * down);
  for (let v = 0; v < down; v++) {
    for (let u = 0; u < across; u++) {
      const x0 = Math.max(0, (u - 1) * side), x1 = Math.min(width, (u + 1) * side);
      const y0 = Math.max(0, (v - 1) * side), y1 = Math.min(height, (v + 1) * side);
      let sum = 0, n = 0, most = 0;
      for (let y = y0; y < y1; y += 2) for (let x = x0; x < x1; x += 2) { sum += luma[y * width + x]; n++; }
      const mean = n ? sum / n : 255;
      sum = n = 0;
      for (let y = y0; y < y1; y += 2) {
        for (let x = x0; x < x1; x += 2) {
          if (luma[y * width + x] >= mean) { sum += luma[y * width + x]; n++; }
          most = Math.max(most, luma[y * width + x]);
        }
      }
      light[v * across + u] = n ? sum / n : most || 255;
    }
  }
  return (x, y) => {
    const u = Math.min(across - 2, Math.floor(x / side)), v = Math.min(down - 2, Math.floor(y / side));
    const a = x / side - u, b = y / side - v, at = v * across + u;
    return (1 - b) * ((1 - a) * light[at] + a * light[at + 1])
      + b * ((1 - a) * light[at + across] + a * light[at + across + 1]);
  };
}

// Ink 0 .. 255 of a decoded picture, whichever of light and dark it is written in.
function inkOf(picture) {
  const { luma, width, height } = picture, edge = [];
  for (let x = 0; x < width; x++) edge.push(luma[x], luma[(height - 1) * width + x]);
  for (let y = 0; y < height; y++) edge.push(luma[y * width], luma[y * width + width - 1]);
  edge.sort((a, b) => a - b);
  if (edge[edge.length >> 1] < 110) for (let i = 0; i < luma.length; i++) luma[i] = 255 - luma[i];
  const light = paperLight(picture), grey = new Uint8Array(width * height), dark = new Float32Array(width * height);
  let darkest = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      dark[i] = Math.max(0, 1 - luma[i] / light(x, y));
      darkest = Math.max(darkest, dark[i]);
    }
  }
  if (darkest < 0.15) return grey; // blank paper: its grain is no ink
  const low = 0.25 * darkest, high = 0.7 * darkest;
  for (let i = 0; i < grey.length; i++) {
    grey[i] = 255 * Math.min(1, Math.max(0, (dark[i] - low) / (high - low)));
  }
  return grey;
}

// A file as a picture that lies on the paper, as large as fits. Throws when the browser cannot read it.
async function pictureOfFile(file) {
  const decoded = await decode(file), { width, height, shrink } = decoded;
  const scale = Math.min((WIDTH - 24) / width, (HEIGHT - 24) / height);
  return { grey: inkOf(decoded), width, height, shrink, scale, file,
    left: (WIDTH - width * scale) / 2, top: (HEIGHT - height * scale) / 2 };
}

// put(file) is called for each picture that arrives in any way.
function listenForPictures(put) {
  for (const name of ["open", "camera"]) {
    const input = by(`${name}-file`);
    by(name).addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      if (input.files[0]) put(input.files[0]);
      input.value = "";
    });
  }
  document.addEventListener("paste", (event) => {
    const file = [...event.clipboardData.files].find(({ type }) => type.startsWith("image/"));
    if (file) put(file);
  });
  let depth = 0;
  const carries = (event) => [...event.dataTransfer.types].includes("Files");
  document.addEventListener("dragenter", (event) => {
    if (!carries(event)) return;
    depth++;
    by("drop").hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (carries(event) && --depth <= 0) by("drop").hidden = true;
  });
  document.addEventListener("dragover", (event) => { if (carries(event)) event.preventDefault(); });
  document.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    depth = 0;
    by("drop").hidden = true;
    if (event.dataTransfer.files[0]) put(event.dataTransfer.files[0]);
  });
}
