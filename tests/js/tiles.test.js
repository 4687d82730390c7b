import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { cubic, Tiles, whole } from "../../pages/widgets/lens/tiles.js";
import { View } from "../../pages/widgets/lens/view.js";

const PLANE = { home: [1, -1, 2], tile: 8, level: 2, detail: 4, form: { shape: [1, 1] } };

/** What the server sends: each value without the one left of it and the one above; `one` values belong together. */
function differences(values, side, one) {
  const at = (row, column, p) => (row < 0 || column < 0 ? 0 : values[(row * side + column) * one + p]);
  return values.map((value, k) => {
    const [row, column, p] = [Math.floor(k / one / side), Math.floor(k / one) % side, k % one];
    return value - at(row, column - 1, p) - at(row - 1, column, p) + at(row - 1, column - 1, p);
  });
}

/** Tiles of one-pixel images whose grey value is that function of the place, and a promise of all that was wanted. */
function tilesOf(grey) {
  const arrived = new EventTarget();
  const load = async (name) => {
    const [level, column, row] = name.split("/").map(Number);
    const size = tiles.size / 2 ** level;
    const step = size / (PLANE.tile - 1);
    const across = PLANE.tile + 2; // one image more beyond each rim
    const values = Uint8Array.from({ length: across ** 2 }, (_, i) => {
      const x = tiles.left + column * size + ((i % across) - 1) * step;
      const y = tiles.top - row * size - (Math.floor(i / across) - 1) * step;
      return grey(x, y);
    });
    return differences(values, across, 1).buffer;
  };
  const tiles = new Tiles(PLANE, load, () => arrived.dispatchEvent(new Event("tile")), assert.fail);
  const sharp = async () => {
    while (!tiles.sharp) await once(arrived, "tile");
  };
  return { tiles, sharp };
}

test("of a file, all tiles are loaded at once, whatever is looked at, and none twice", async () => {
  const asked = [];
  const load = async (name) => {
    asked.push(name);
    return new Uint8Array((PLANE.tile + 2) ** 2).buffer;
  };
  const all = ["2/1/1", "2/2/2", "5/17/12"];
  const arrived = new EventTarget();
  const tiles = new Tiles(PLANE, load, () => arrived.dispatchEvent(new Event("tile")), assert.fail, all);
  tiles.want(new View(PLANE.home), 1, -1);
  while (!tiles.sharp) await once(arrived, "tile");
  const near = new View(PLANE.home);
  near.zoom(100, 1.3, -0.4);
  tiles.want(near, 1.3, -0.4);
  assert.deepEqual(asked, all);
  assert.equal(tiles.sharp, true);
});

test("cubic weights sum to 1, and are those of one value at each end", () => {
  for (const t of [0, 0.1, 0.5, 0.77, 1]) assert.ok(Math.abs(cubic(t).reduce((a, b) => a + b) - 1) < 1e-12);
  assert.deepEqual(cubic(0).map(Math.abs), [0, 1, 0, 0]);
  assert.deepEqual(cubic(1).map(Math.abs), [0, 0, 1, 0]);
});

test("the tiles of a view are those that hold its places, the nearest to the pointer first", () => {
  const { tiles } = tilesOf(() => 0);
  for (const look of [
    [1, -1, 2],
    [1.3, -0.4, 0.2],
    [-3, 3, 0.01],
    [1, -1, 4],
  ]) {
    const view = new View(PLANE.home, look);
    const [x, y] = view.place(0.3, 0.9);
    const names = tiles.cover(view, x, y);
    const level = Number(names[0].split("/")[0]);
    const name = (across, down) => `${level}/${tiles.cell(...view.place(across, down), level).join("/")}`;
    const shares = Array.from({ length: 16 }, (_, i) => (i + 0.5) / 16);
    const needed = shares.flatMap((across) => shares.map((down) => name(across, down)));
    assert.deepEqual(new Set(names), new Set(needed));
    assert.equal(names[0], name(0.3, 0.9));
  }
});

test("a place is decoded from the finest tile, exactly where the images are a plane", async () => {
  const { tiles, sharp } = tilesOf((x, y) => 128 + 10 * x + 5 * y);
  assert.equal(tiles.decode(0, 0), null);
  const view = new View(PLANE.home);
  tiles.want(view, view.x, view.y);
  await sharp();
  assert.equal(tiles.find(1.2, 0.3).level, 2);
  assert.equal(tiles.find(4.9, 2.9).level, 0);
  for (const [x, y] of [
    [1.2, 0.3],
    [-0.9, -2.9],
    [4.9, 2.9],
    [1, -1],
  ]) {
    const [decoded] = tiles.decode(x, y);
    const value = 128 + 10 * x + 5 * y;
    assert.ok(Math.abs(decoded - value) <= 1.5, `${decoded} is not ${value}`);
  }
});

test("where one stays, the finer tile is fetched, once, and not where the view's are as fine", async () => {
  const asked = [];
  const { tiles, sharp } = tilesOf((x, y) => 128 + 10 * x + 5 * y);
  const { load } = tiles;
  tiles.load = (name) => {
    asked.push(name);
    return load(name);
  };
  const view = new View(PLANE.home);
  tiles.want(view, view.x, view.y);
  await sharp();
  asked.length = 0;
  for (let again = 0; again < 2; again++) {
    tiles.refine(1.2, 0.3);
    await sharp();
  }
  assert.deepEqual(asked, [`4/${tiles.cell(1.2, 0.3, 4).join("/")}`]);
  assert.equal(tiles.find(1.2, 0.3).level, 4);
  const near = new View(PLANE.home, [1.2, 0.3, 0.05]);
  tiles.want(near, near.x, near.y);
  await sharp();
  asked.length = 0;
  tiles.refine(1.2, 0.3);
  assert.deepEqual(asked, []);
  const file = new Tiles(PLANE, load, () => {}, assert.fail, ["0/0/0"]);
  file.refine(1.2, 0.3);
  assert.equal(file.sharp, true);
});

test("a tile that was sent as differences becomes whole again, of three channels as well", () => {
  const values = Uint8Array.from({ length: 5 * 5 * 3 }, (_, i) => (i * 97) % 256);
  assert.deepEqual(whole(differences(values, 5, 3), 5), values);
});

test("two tiles are fetched at a time, the coarse one first, and none after closing", async () => {
  const asked = [];
  const waiting = [];
  const load = (name) => {
    asked.push(name);
    return new Promise((resolve) => waiting.push(resolve));
  };
  const tiles = new Tiles(PLANE, load, () => {}, assert.fail);
  const view = new View(PLANE.home);
  tiles.want(view, view.x, view.y);
  assert.equal(asked.length, 2);
  assert.equal(asked[0], "0/0/0");
  waiting[0](new ArrayBuffer(100));
  await new Promise(setImmediate);
  assert.equal(asked.length, 3);
  tiles.close();
  waiting[1](new ArrayBuffer(100));
  await new Promise(setImmediate);
  assert.equal(asked.length, 3);
});

test("a view with a tile that could not be loaded is not sharp, and asks for it again when it moves", async () => {
  let fails = true;
  const load = async () => (fails ? Promise.reject(new Error("gone")) : new ArrayBuffer(100));
  const errors = [];
  const tiles = new Tiles(
    PLANE,
    load,
    () => {},
    (error) => errors.push(error.message),
  );
  const view = new View(PLANE.home);
  const settle = async () => {
    tiles.want(view, view.x, view.y);
    for (let i = 0; i < 99; i++) await new Promise(setImmediate);
  };
  await settle();
  assert.equal(errors[0], "gone");
  assert.equal(tiles.sharp, false);
  fails = false;
  await settle();
  assert.equal(tiles.sharp, true);
});

test("what was looked at longest ago is let go, the coarse tile never", async () => {
  const { tiles, sharp } = tilesOf(() => 0);
  tiles.most = 48;
  for (let i = 0; i < 16; i++) {
    const view = new View(PLANE.home, [-2 + 0.4 * i, -1, 0.2]);
    tiles.want(view, view.x, view.y);
    await sharp();
  }
  assert.equal(tiles.kept.size, 48);
  assert.ok(tiles.kept.has("0/0/0"));
});
