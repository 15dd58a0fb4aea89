// web/layers.js: what the layers see, as tiles of grey pictures in the page's colours.

const KINDS = { conv2d: "convolution", linear: "linear layer", add: "sum of two ways" };

// Two colours of the page, as [red, green, blue]; a canvas knows every way to write one.
function rgbOf(name) {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  context.fillStyle = colourOf(name);
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

// Tiles across: as many as make the picture about as wide as a page.
function tilesAcross(channels, width) {
  if (width === 1) return channels <= 64 ? channels : Math.ceil(Math.sqrt(channels * 4));
  return Math.min(channels, channels >= 32 ? 16 : 8);
}

function paintLayer(canvas, { shape, maps }) {
  const [channels, height, width] = shape, across = tilesAcross(channels, width), between = width === 1 ? 0 : 1;
  const low = rgbOf("--ground"), high = rgbOf("--accent");
  canvas.width = across * (width + between) - between;
  canvas.height = Math.ceil(channels / across) * (height + between) - between;
  const context = canvas.getContext("2d"), data = context.createImageData(canvas.width, canvas.height);
  for (let c = 0; c < channels; c++) {
    const left = (c % across) * (width + between), top = Math.floor(c / across) * (height + between);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const share = Math.sqrt(maps[(c * height + y) * width + x] / 255);
        const at = 4 * ((top + y) * canvas.width + left + x);
        for (let k = 0; k < 3; k++) data.data[at + k] = low[k] + (high[k] - low[k]) * share;
        data.data[at + 3] = 255;
      }
    }
  }
  context.putImageData(data, 0, 0);
  canvas.style.width = `${Math.min(1100, canvas.width * (width === 1 ? 14 : height >= 14 ? 4 : 6))}px`;
}

function showLayers(layers) {
  const body = by("layers-body");
  if (!layers || layers.length === 0) {
    body.textContent = layers ? "This network has no layers to look into." : "Draw something to see it.";
    return;
  }
  if (body.querySelectorAll("figure").length !== layers.length) {
    body.replaceChildren(...layers.map(({ kind, shape }, i) => {
      const figure = document.createElement("figure"), head = document.createElement("h3");
      const canvas = document.createElement("canvas"), facts = document.createElement("span");
      const size = shape[2] > 1 ? `${shape[0]} maps of ${shape[1]} \u00d7 ${shape[2]}` : `${shape[0]} numbers`;
      figure.style.margin = "0";
      head.textContent = `${i + 1}. ${KINDS[kind] ?? kind} `;
      facts.textContent = size;
      head.append(facts);
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `Layer ${i + 1}: ${size}`);
      figure.append(head, canvas);
      return figure;
    }));
  }
  body.querySelectorAll("canvas").forEach((canvas, i) => paintLayer(canvas, layers[i]));
}
