import assert from "node:assert/strict";
import { test } from "node:test";
import { Dots } from "../../pages/widgets/dots.js";

for (const [key, expected] of [
  ["adds", [0, 9, 15, 3]],
  ["takes", [0, 15]],
]) {
  test(`what ${key} to the selection leaves the rest of it, drawn or not`, () => {
    const dots = Object.create(Dots.prototype);
    let told;
    Object.assign(dots, { selected: Uint8Array.of(0x80, 0x41), traces: [], tell: (numbers) => (told = numbers) });
    dots[key] = true;
    dots.choose([{ customdata: key === "adds" ? 3 : 9 }]);
    assert.deepEqual(told, expected);
  });
}
