// web/pictures.js: pictures that are opened, dropped, pasted or photographed: from a file to grey bytes, and to what of
// it is shown and sent. It finds no digits.

const LONGEST = 4096;   // pixels of a side; the program reads none that is larger, and the page makes it smaller
const SHOWN = 1600;     // of the longer side of what is shown on the paper; the reader looks no closer either
const UPLOAD = 1 << 20; // bytes of a request that a server takes unless told otherwise

function canvasOf(bitmap, longest) {
  const shrink = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * shrink));
  canvas.height = Math.max(1, Math.round(bitmap.height * shrink));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#fff"; // what is transparent is paper
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}

// 0 black .. 255 white, as src/files/bitmap.h has it; some rows at a time, as a photo is large.
function lumaOf(canvas) {
  const { width, height } = canvas, luma = new Uint8Array(width * height), context = canvas.getContext("2d");
  for (let y = 0, at = 0; y < height; y += 256) {
    const { data } = context.getImageData(0, y, width, Math.min(256, height - y));
    for (let i = 0; i < data.length; i += 4) {
      luma[at++] = (77 * data[i] + 150 * data[i + 1] + 29 * data[i + 2] + 128) >> 8;
    }
  }
  return luma;
}

// A file as a picture {luma, width, height, shown, ...} that lies on the paper, as large as fits. Throws when the
// browser cannot read it.
async function pictureOfFile(file) {
  const bitmap = await createImageBitmap(file, { imageOrientation: "from-image", colorSpaceConversion: "none" });
  const whole = canvasOf(bitmap, LONGEST), { width, height } = whole;
  const scale = Math.min((WIDTH - 24) / width, (HEIGHT - 24) / height);
  const picture = { luma: lumaOf(whole), width, height, scale, file, shown: canvasOf(bitmap, SHOWN),
    small: bitmap.width <= LONGEST && bitmap.height <= LONGEST,
    left: (WIDTH - width * scale) / 2, top: (HEIGHT - height * scale) / 2 };
  bitmap.close();
  return picture;
}

// What a server is sent: {body, width}: the file, or, when that is too large or of a kind that it does not know, what
// is shown of it.
async function uploadOf({ file, width, shown, small }) {
  if (small && file.size <= UPLOAD && /^image\/(png|jpeg)$/.test(file.type)) return { body: file, width };
  const body = await new Promise((done) => shown.toBlob(done, "image/jpeg", 0.92));
  return { body, width: shown.width };
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
