import assert from "node:assert/strict";
import { test } from "node:test";
import { View } from "../../pages/widgets/lens/view.js";

const HOME = [3, -2, 5];
const near = (a, b) =>
  assert.ok(
    a.every((value, i) => Math.abs(value - b[i]) < 1e-9),
    `${a} is not ${b}`,
  );

test("place and screen are inverse, and the corners are where they are drawn", () => {
  const view = new View(HOME, [2, 1, 0.5]);
  near(view.place(0, 0), [1.5, 1.5]);
  near(view.place(1, 1), [2.5, 0.5]);
  for (const [x, y] of [
    [1.7, 0.9],
    [4, -3],
  ])
    near(view.place(...view.screen(x, y)), [x, y]);
});

test("zooming keeps a place where it is on the screen", () => {
  const view = new View(HOME);
  const before = view.screen(4, -1);
  view.zoom(3, 4, -1);
  near([view.reach], [5 / 3]);
  near(view.screen(4, -1), before);
});

test("no view leaves the world, which is twice the home view", () => {
  const view = new View(HOME, [100, -100, 4]);
  near(view.numbers, [3 + 10 - 4, -2 - 10 + 4, 4]);
  view.set(0, 0, 1e9);
  near(view.numbers, [3, -2, 10]);
  view.set(3, -2, 0);
  near([view.reach], [5 / 1000]);
  assert.ok(!view.atHome);
  view.reset();
  assert.ok(view.atHome);
});

test("no view leaves the home view where nothing is known beyond it", () => {
  const view = new View([1, -1, 2], [1, -1, 2], 1);
  view.zoom(0.5, 2.5, 0);
  assert.equal(view.atHome, true);
  view.set(100, -100, 0.5);
  assert.deepEqual(view.numbers, [2.5, -2.5, 0.5]);
});

test("a place off the screen is brought to its edge", () => {
  near(new View(HOME).clamp(100, -3), [8, -3]);
});
