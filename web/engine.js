// web/engine.js: who reads: libinkling as WebAssembly in this page, or the server that the page came from. It knows no
// drawing. Both kinds offer
//   read({grey, width, height})   one digit, 0 paper .. 255 ink: {p: ten probabilities, seen: the 28 x 28 bytes,
//                                 sure}, or null when there is no ink
//   readAll(picture)              a picture of pictures.js, as `inkling read` reads it: [{p, seen, sure, box, lead}] in
//                                 reading order; box in pixels of the picture, lead: what stands before it, a blank or
//                                 a line's end or nothing
//   look(seen)                    what the layers see: [{kind, shape: [channels, height, width], maps: bytes}]

const SURE = 0.6; // below it a digit is not sure

const served = location.protocol === "http:" || location.protocol === "https:";

function bytesOfBase64(text) {
  return Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0));
}

// The gzipped data block of that id; null when the page was built without it.
async function unpack(id) {
  const text = document.getElementById(id)?.textContent;
  if (!text) return null;
  const packed = new Blob([bytesOfBase64(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

// The smallest module that needs 128-bit vectors: a function of type () -> v128 that makes one.
const VECTORS = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0,
  253, 15, 253, 98, 11]);

// What stands before each digit of a text in lines.
function leadsOf(text) {
  return [...text.trim().matchAll(/(\s?)\S/g)].map(([, lead]) => lead);
}

const answerOf = (p, seen) => ({ p, seen, sure: Math.max(...p) >= SURE });

function wasmEngine(instance, name) {
  const door = instance.exports, image = door.memory_new(784);
  let picture = 0, room = 0;
  const bytes = () => new Uint8Array(door.memory.buffer);
  const text = (at) => {
    const all = bytes();
    return new TextDecoder().decode(all.subarray(at, all.indexOf(0, at)));
  };
  const put = (pixels) => {
    if (pixels.length > room) {
      door.memory_free(picture);
      picture = door.memory_new(pixels.length);
      room = picture ? pixels.length : 0;
      if (!picture) throw new Error("no memory left for a picture");
    }
    bytes().set(pixels, picture);
  };
  const floats = (at) => Float32Array.from(new Float32Array(door.memory.buffer, at, 10));
  const seenAt = (at) => bytes().slice(at, at + 784);
  return {
    name,
    kind: "wasm",
    open(model) {
      const at = door.memory_new(model.length);
      bytes().set(model, at);
      if (door.open(at, model.length) !== 0) throw new Error(text(door.why()));
    },
    read({ grey, width, height }) {
      put(grey);
      if (!door.prepare(picture, width, height, width, image)) return null;
      const at = door.predict(image);
      if (!at) throw new Error(text(door.why()));
      return answerOf(floats(at), seenAt(image));
    },
    readAll({ luma, width, height }) {
      put(luma);
      const n = door.read_page(picture, width, height);
      if (n < 0) throw new Error(text(door.why()));
      return leadsOf(text(door.text())).map((lead, i) => {
        const [left, top, across, down] = new Uint32Array(door.memory.buffer, door.digit_box(i), 4);
        return { p: floats(door.digit_p(i)), seen: seenAt(door.digit_image(i)), sure: door.digit_sure(i) !== 0, lead,
          box: { left, top, right: left + across, bottom: top + down } };
      });
    },
    look(seen) {
      bytes().set(seen, image);
      const at = door.look(image);
      if (!at) throw new Error(text(door.why()));
      return Array.from({ length: door.layers() }, (_, i) => {
        const shape = [0, 1, 2].map((axis) => door.layer_shape(i, axis)), from = at + door.layer_at(i);
        const maps = bytes().slice(from, from + shape[0] * shape[1] * shape[2]);
        return { kind: text(door.layer_kind(i)), shape, maps };
      });
    },
  };
}

async function openWasm() {
  if (typeof WebAssembly !== "object") return null;
  const vectors = WebAssembly.validate(VECTORS);
  const module = await unpack(vectors ? "wasm-simd" : "wasm-scalar"), model = await unpack("model");
  if (!module || !model) return null;
  const { instance } = await WebAssembly.instantiate(module, {});
  const engine = wasmEngine(instance, document.getElementById("model").dataset.name);
  engine.open(model);
  engine.vectors = vectors;
  engine.sha256 = document.getElementById("model").dataset.sha256;
  return engine;
}

// ---- the server ----

// Grey bytes as a PNG file, dark ink on white paper.
function pngOf({ grey, width, height }) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d"), data = context.createImageData(width, height);
  for (let i = 0; i < grey.length; i++) {
    data.data.fill(255 - grey[i], 4 * i, 4 * i + 3);
    data.data[4 * i + 3] = 255;
  }
  context.putImageData(data, 0, 0);
  return bytesOfBase64(canvas.toDataURL("image/png").split(",")[1]); // toBlob waits until the browser is idle
}

async function ask(path, options) {
  const response = await fetch(path, options);
  const json = await response.json().catch(() => ({}));
  if (response.ok) return json;
  if (json.error?.code === "no_digit") return null;
  throw new Error(json.error?.message ?? `the server answered ${response.status}`);
}

function post(query, type, body) {
  return ask(`v1/predict${query}`, { method: "POST", headers: { "Content-Type": type }, body });
}

function serverEngine(about) {
  const answer = ({ probabilities, image, sure }) => ({ p: Float32Array.from(probabilities),
    seen: bytesOfBase64(image), sure });
  return {
    name: about.name ?? about.model ?? "",
    kind: "server",
    async read(picture) {
      const json = await post("", "image/png", pngOf(picture));
      return json && answer(json);
    },
    async readAll(picture) {
      const { body, width } = await uploadOf(picture), grown = picture.width / width;
      const json = await post("?segment=1", body.type, body);
      const leads = json ? leadsOf(json.text) : [];
      return leads.map((lead, i) => {
        const [left, top, across, down] = json.digits[i].box.map((value) => value * grown);
        return { ...answer(json.digits[i]), lead, box: { left, top, right: left + across, bottom: top + down } };
      });
    },
    async look(seen) {
      const json = await post("?layers=1", "application/octet-stream", seen);
      return (json?.layers ?? []).map(({ kind, shape, maps }) => ({ kind, shape, maps: bytesOfBase64(maps) }));
    },
  };
}

async function aboutServer() {
  if (!served) return null;
  try {
    const response = await fetch("v1/model");
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

// {engine, about}: WebAssembly when the page has it and the server, if any, has the same model; else the server.
async function openEngine() {
  const about = await aboutServer();
  let wasm = null;
  try {
    wasm = await openWasm();
  } catch (error) {
    console.error(error);
  }
  if (wasm && (!about || about.sha256 === wasm.sha256)) return { engine: wasm, about };
  return { engine: about ? serverEngine(about) : null, about };
}
