import assert from "node:assert/strict";
import { test } from "node:test";
import { Paper } from "../../pages/widgets/strokes.js";

const SIDE = 64;
const PEN = { width: 9, colour: [200, 120, 40] };

/** What a straight stroke leaves of black paper, by the distance of each pixel from its line. */
function capsule(from, to, { width, colour }) {
  return Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, k) => {
    const i = Math.floor(k / 3);
    const [x, y] = [(i % SIDE) + 0.5 - from.x, Math.floor(i / SIDE) + 0.5 - from.y];
    const [across, down] = [to.x - from.x, to.y - from.y];
    const t = Math.min(Math.max((x * across + y * down) / (across ** 2 + down ** 2 || 1), 0), 1);
    const share = width / 2 + 0.5 - Math.hypot(x - t * across, y - t * down);
    return Math.round(colour[k % 3] * Math.min(Math.max(share, 0), 1));
  });
}

const red = (pixels) => pixels.filter((_, k) => k % 3 === 0);

function drawn(paper, pen, ...places) {
  paper.begin(places[0], pen);
  for (const place of places.slice(1)) paper.go(place);
  paper.end();
  return paper;
}

test("a tap is a dot as wide as the pen", () => {
  const { pixels } = drawn(new Paper(SIDE), PEN, { x: 30, y: 20 });
  assert.deepEqual(pixels, capsule({ x: 30, y: 20 }, { x: 30, y: 20 }, PEN));
  const area = red(pixels).reduce((sum, value) => sum + value / PEN.colour[0], 0);
  assert.ok(Math.abs(area - Math.PI * (PEN.width / 2) ** 2) < 1);
});

test("a straight stroke covers what is within half a pen of its line, beyond the rim too", () => {
  const [from, to] = [
    { x: 10, y: 50 },
    { x: 70, y: -6 },
  ];
  const { pixels } = drawn(new Paper(SIDE), PEN, from, to);
  const expected = capsule(from, to, PEN);
  assert.ok(pixels.every((value, i) => Math.abs(value - expected[i]) <= 1));
});

test("a stroke that crosses itself is no stronger there, and a black one erases", () => {
  const paper = drawn(new Paper(SIDE), PEN, { x: 10, y: 10 }, { x: 50, y: 50 }, { x: 50, y: 10 }, { x: 10, y: 50 });
  assert.equal(Math.max(...paper.pixels), PEN.colour[0]);
  drawn(paper, { width: 4 * SIDE, colour: [0, 0, 0] }, { x: 32, y: 32 });
  assert.ok(paper.pixels.every((value) => value === 0));
});

test("a stroke that turns back bends there", () => {
  const { pixels } = drawn(new Paper(SIDE), PEN, { x: 10, y: 32 }, { x: 50, y: 32 }, { x: 10, y: 32 });
  assert.equal(red(pixels)[32 * SIDE + 43], PEN.colour[0]); // 40, halfway to the place, and most of half a pen
  assert.equal(red(pixels)[32 * SIDE + 46], 0);
});

test("undo takes strokes and images back, the latest first, thirty at most", () => {
  const paper = new Paper(SIDE);
  const seen = [];
  for (let i = 0; i < 32; i++) {
    seen.push(paper.pixels.slice());
    if (i % 2) paper.put(Uint8Array.of(7 * i));
    else drawn(paper, PEN, { x: i, y: i }, { x: 2 * i, y: i });
  }
  for (const before of seen.slice(2).reverse()) {
    paper.undo();
    assert.deepEqual(paper.pixels, before);
  }
  paper.undo();
  assert.deepEqual(paper.pixels, seen[2]);
});

test("an image that is put on the paper comes back when it is reduced", () => {
  const paper = new Paper(SIDE);
  const image = Uint8Array.from({ length: 3 * 16 * 16 }, (_, i) => (37 * i) % 256);
  paper.put(image);
  assert.deepEqual(paper.reduced(16), image);
});
