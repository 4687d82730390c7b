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
    Object.assign(dots, {
      selected: Uint8Array.of(0x80, 0x41),
      traces: [{ name: "Bag" }],
      emphasis: null,
      tell: (numbers) => (told = numbers),
    });
    dots[key] = true;
    dots.choose([{ customdata: key === "adds" ? 3 : 9, curveNumber: 0 }]);
    assert.deepEqual(told, expected);
  });
}

test("of a class that stands back nothing is chosen", () => {
  const dots = Object.create(Dots.prototype);
  let told;
  Object.assign(dots, {
    traces: [{ name: "Bag" }, { name: "Coat" }],
    emphasis: "Coat",
    tell: (numbers) => (told = numbers),
  });
  const around = [0, 1, 0, 1].map((curveNumber, customdata) => ({ customdata, curveNumber }));
  dots.choose(around);
  assert.deepEqual(told, [1, 3]);
});

for (const [name, shown] of [
  ["cluster 1", "cluster 1"],
  ["R&amp;D &lt;b&gt; &amp;lt;", "R&D <b> &lt;"],
]) {
  test(`the legend counts ${shown} and brings it out by keyboard`, () => {
    const dots = Object.create(Dots.prototype);
    const text = { textContent: "" };
    const toggle = { parentElement: { querySelector: () => text }, setAttribute() {} };
    Object.assign(dots, {
      selected: Uint8Array.of(0xc0),
      traces: [{ name, n: [...Array(1200).keys()] }],
      named: new Map(),
      emphasis: null,
      element: { querySelectorAll: () => [toggle] },
      redraw() {},
    });
    const drawn = [{ name }];
    dots.countIn(drawn, true);
    assert.equal(drawn[0].name, `${name}: 2 / 1,200`);
    text.textContent = `${shown}: 2 / 1,200`; // as Plotly shows it
    dots.legend();
    assert.equal(toggle.ariaLabel, `${shown}: grey the others out: 2 / 1,200`);
    toggle.onkeydown({ key: "Enter", preventDefault() {} });
    assert.equal(dots.emphasis, name);
  });
}
