import assert from "node:assert/strict";
import { test } from "node:test";
import { Points } from "../../pages/widgets/lens/points.js";
import { View } from "../../pages/widgets/lens/view.js";

const HOME = [0, 0, 1];
const LOOK = {
  colours: ["#ff0000", "#0000ff"],
  edges: ["#800000", "#000080"],
  labels: Uint8Array.of(0, 1, 1),
  dimmed: () => false,
  radius: 2.6,
  line: 1,
};

function pointsOf(places, offsets, labels = places.map(() => 0)) {
  const numbers = Float32Array.from([...places.flat(), ...offsets]);
  const buffer = new Uint8Array([...new Uint8Array(numbers.buffer), ...labels]).buffer;
  return new Points(buffer, places.length, false);
}

test("nearest is the least distance in the full space", () => {
  // A generator of our own, so that a failure can be repeated.
  let state = 1;
  const random = () => {
    state = (48271 * state) % 2147483647;
    return (2 * state) / 2147483647 - 1;
  };
  const places = Array.from({ length: 500 }, () => [random(), random()]);
  const points = pointsOf(
    places,
    places.map(() => Math.abs(random())),
  );
  for (let i = 0; i < 50; i++) {
    const [x, y] = [random(), random()];
    const distances = places.map((_, k) => points.distance(k, x, y));
    const { index, distance } = points.nearest(x, y);
    assert.equal(index, distances.indexOf(Math.min(...distances)));
    assert.ok(Math.abs(distance - distances[index]) < 1e-6);
  }
});

test("a code off the plane is farther than one on it, fainter, and drawn first", () => {
  const points = pointsOf(
    [
      [0, 0],
      [0.1, 0],
      [1, 1],
    ],
    [0, 3, 6],
  );
  assert.equal(points.nearest(0.1, 0).index, 0);
  assert.equal(points.distance(1, 0.1, 4), 5);
  assert.deepEqual([...points.order], [2, 1, 0]);
  assert.equal(points.strength[0], 1);
  assert.ok(points.strength[1] > points.strength[2]);
});

test("dots are drawn where the view shows them, in the colour of their class", () => {
  const points = pointsOf(
    [
      [0, 0],
      [0.5, 0.5],
      [5, 5],
    ],
    [0, 0, 0],
    [0, 1, 1],
  );
  const { pixels, seen } = points.draw(40, new View(HOME), LOOK);
  assert.deepEqual(seen, [0, 1]);
  assert.equal(pixels[20 * 40 + 20], 0xff0000ff); // alpha, blue, green, red
  assert.equal(pixels[10 * 40 + 30], 0xffff0000);
  assert.equal(pixels[0], 0);
});

test("what is dimmed is grey, lies under what is not, and does not leave the canvas", () => {
  const points = pointsOf(
    [
      [0, 0],
      [0, 0],
      [-1, 1],
    ],
    [0, 0, 0],
    [0, 1, 1],
  );
  const { pixels, seen } = points.draw(40, new View(HOME), { ...LOOK, dimmed: (k) => k !== 0 });
  assert.deepEqual(seen, [1, 2, 0]);
  assert.equal(pixels[20 * 40 + 20], 0xff0000ff);
  assert.equal(pixels[0], 0x40808080);
  assert.equal(pixels[39], 0);
});

test("a line goes around the dots within it, however it bends", () => {
  const points = pointsOf(
    [
      [0, 0],
      [2, 2],
      [0.5, 3],
      [-5, 0],
    ],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  );
  const square = [
    [-1, -1],
    [3, -1],
    [3, 4],
    [-1, 4],
  ];
  assert.deepEqual(points.within(square), [0, 1, 2]);
  assert.deepEqual(points.within([...square].reverse()), [0, 1, 2]);
  const bent = [
    [-1, -1],
    [3, -1],
    [3, 4],
    [1.5, 1],
    [-1, 4],
  ]; // a notch from above
  assert.deepEqual(points.within(bent), [0, 1]);
  assert.deepEqual(points.within([]), []);
});
