// web/samples.js: ten digits that the page draws itself, for whoever has no pen; and to see the bars move.

// Pen paths in a box of 100 x 140.
const SAMPLES = [
  ["M52 5C16 5 8 45 8 72C8 112 26 136 50 136C80 136 93 104 92 68C91 30 78 6 46 6"],
  ["M60 5L45 136"],
  ["M12 36C15 11 40 3 58 5C86 8 95 36 80 60C65 85 30 110 10 132C30 128 60 130 93 132"],
  ["M14 18C36 0 86 0 82 35C79 58 56 65 36 66C70 64 95 76 90 106C85 140 34 142 9 120"],
  ["M58 5C46 40 26 66 8 90L96 88", "M72 48L68 138"],
  ["M27 9L20 62C50 46 92 60 88 96C85 136 34 145 7 122", "M27 9L86 7"],
  ["M76 6C40 20 9 60 11 98C13 126 34 137 52 136C80 134 93 112 86 92C78 70 40 66 15 98"],
  ["M9 11C36 9 64 9 91 7C72 48 52 92 41 137"],
  ["M80 26C66 0 22 2 22 32C22 66 88 70 86 104C84 141 14 142 14 106C14 74 84 66 80 26"],
  ["M84 34C76 4 30 0 19 32C12 62 40 78 60 68C76 60 84 46 85 28C86 62 82 100 70 137"],
];

const calm = matchMedia("(prefers-reduced-motion: reduce)");

// Draws a digit in the middle of an empty paper, by the steps of a pen; at once for whoever wants calm.
async function drawSample(digit, begin, move) {
  const scale = 1.6, left = WIDTH / 2 - 50 * scale, top = HEIGHT / 2 - 70 * scale;
  for (const text of SAMPLES[digit]) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", text);
    const length = path.getTotalLength(), steps = Math.ceil(length / 5);
    for (let i = 0; i <= steps; i++) {
      const { x, y } = path.getPointAtLength((length * i) / steps), at = [left + x * scale, top + y * scale];
      if (i === 0) begin(...at);
      else move(...at);
      if (i % 2 === 0 && !calm.matches) await new Promise(requestAnimationFrame);
    }
  }
}
