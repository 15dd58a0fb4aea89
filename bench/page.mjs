/* bench/page.mjs: times the page's two WebAssembly modules in node, without a browser, on one thread: a digit, a photo.
 *   node bench/page.mjs [BUILD] [PHOTO.pgm]    build/release; PHOTO: grey as a binary PGM; without it digits alone
 * A digit: best of ten times 50 of door.predict; a photo: best of four door.read_page. */
import { readFileSync } from "node:fs";

const build = process.argv[2] ?? "build/release";
const photo = process.argv[3] !== undefined ? readFileSync(process.argv[3]) : null;
const model = readFileSync("models/digits.safetensors");

// Width, height and pixels of a binary PGM without comments.
function unpack(pgm) {
  const head = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(pgm.toString("latin1", 0, 64));
  if (head === null) throw new Error(`${process.argv[3]}: no binary PGM of 255 greys`);
  return { width: Number(head[1]), height: Number(head[2]), pixels: pgm.subarray(head[0].length) };
}

function best(times, work) {
  let least = Infinity;
  for (let i = 0; i < times; i++) {
    const begun = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(begun);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

for (const name of ["simd", "scalar"]) {
  const module = await WebAssembly.compile(readFileSync(`${build}/web/${name}.wasm`));
  const door = (await WebAssembly.instantiate(module, {})).exports;
  const put = (data) => {
    const at = door.memory_new(data.length);
    new Uint8Array(door.memory.buffer).set(data, at);
    return at;
  };
  if (door.open(put(model), model.length) !== 0) throw new Error(`${name}: the model does not open`);
  const digit = new Uint8Array(784);
  for (let y = 4; y < 24; y++) digit.fill(255, 28 * y + 13, 28 * y + 16);
  const at = put(digit);
  const predict = () => {
    for (let i = 0; i < 50; i++) door.predict(at);
  };
  predict(); // compiled by now
  let line = `${name}: ${(best(10, predict) / 50).toFixed(2)} ms a digit`;
  if (photo !== null) {
    const { width, height, pixels } = unpack(photo);
    const grey = put(pixels);
    let digits = 0;
    const took = best(4, () => { digits = door.read_page(grey, width, height); });
    line += `, ${took.toFixed(0)} ms a photo of ${width} x ${height} with ${digits} digits`;
  }
  console.log(`${line}, of processor time`);
}
