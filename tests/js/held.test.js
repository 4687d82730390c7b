import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { Held } from "../../pages/widgets/lens/held.js";

const packed = (...bytes) => gzipSync(Uint8Array.from(bytes)).toString("base64");

test("what a file holds is what a server would send", async () => {
  const values = Buffer.from(Float32Array.of(0, 1, 2, 0.5).buffer).toString("base64");
  const content = {
    points: packed(1, 2, 3),
    tiles: { "1/0/1": packed(4, 5) },
    overlays: { ground: { side: 2, values } },
  };
  const held = new Held(content, [1, -1, 2]);
  assert.deepEqual(held.tiles, ["1/0/1"]);
  assert.deepEqual([...new Uint8Array(await held.points())], [1, 2, 3]);
  assert.deepEqual([...new Uint8Array(await held.tile("1/0/1"))], [4, 5]);
  const { side, values: found, view } = await held.overlay("ground");
  assert.deepEqual([side, [...found], view], [2, [0, 1, 2, 0.5], [1, -1, 2]]);
});
