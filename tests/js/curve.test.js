import assert from "node:assert/strict";
import { test } from "node:test";
import { Curve } from "../../pages/widgets/curve.js";

const flat = () => new Curve(new Float32Array(10).fill(0.5), 1);

test("a stroke sets what it passes, on a straight line between the places where the pointer was seen", () => {
  const curve = flat();
  curve.begin();
  curve.go(2, 0, 0);
  curve.go(6, 1, 0);
  assert.deepEqual([...curve.values], [0.5, 0.5, 0, 0.25, 0.5, 0.75, 1, 0.5, 0.5, 0.5]);
  curve.go(4, 0, 0);
  assert.deepEqual([...curve.values], [0.5, 0.5, 0, 0.25, 0, 0.5, 1, 0.5, 0.5, 0.5]);
});

test("a stroke changes one channel", () => {
  const curve = new Curve(new Float32Array(6), 2);
  curve.begin();
  curve.go(0, 1, 1);
  curve.go(2, 1, 1);
  assert.deepEqual([...curve.values], [0, 1, 0, 1, 0, 1]);
  assert.equal(curve.at(1, 1), 1);
});

test("each stroke, and an emptied pad, can be undone, up to where nothing was drawn", () => {
  const curve = flat();
  for (const value of [0, 1]) {
    curve.begin();
    curve.go(0, value, 0);
  }
  curve.put(null);
  assert.equal(curve.isDrawn, false);
  curve.undo();
  assert.equal(curve.at(0, 0), 1);
  curve.undo();
  assert.equal(curve.at(0, 0), 0);
  curve.undo();
  assert.equal(curve.isDrawn, false);
  assert.equal(curve.at(0, 0), 0.5);
  assert.equal(curve.history.length, 0);
});

test("a new stroke begins where the pointer is set down", () => {
  const curve = flat();
  curve.begin();
  curve.go(0, 0, 0);
  curve.begin();
  curve.go(9, 1, 0);
  assert.deepEqual([...curve.values], [0, ...Array(8).fill(0.5), 1]);
});
