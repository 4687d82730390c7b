import assert from "node:assert/strict";
import { test } from "node:test";
import { keepPlace, parse, placesAt } from "../../pages/widgets/epochs.js";

/** What the server sends of frames of two examples. */
function packed(about, labels, places) {
  const line = new TextEncoder().encode(`${JSON.stringify({ examples: 2, ...about })}\n`);
  const numbers = new Uint8Array(Uint16Array.from([...labels, ...places]).buffer);
  return Uint8Array.from([...line, ...numbers]);
}

for (const pad of ["", "x"]) {
  test(`bytes are read wherever their numbers begin${pad}`, () => {
    const data = parse(packed({ epochs: [0, 4], alt: pad }, [1, 300], [0, 1, 2, 3, 10, 11, 12, 65535]));
    assert.deepEqual(data.epochs, [0, 4]);
    assert.deepEqual([...data.labels], [1, 300]);
    assert.deepEqual([...data.places], [0, 1, 2, 3, 10, 11, 12, 65535]);
  });
}

test("between two frames dots are between their places", () => {
  const data = parse(packed({ epochs: [0, 4] }, [0, 0], [0, 100, 200, 300, 10, 100, 100, 400]));
  assert.deepEqual([...placesAt(data, 0)], [0, 100, 200, 300]);
  assert.deepEqual([...placesAt(data, 0.5)], [5, 100, 150, 350]);
  assert.deepEqual([...placesAt(data, 1)], [10, 100, 100, 400]);
});

test("a single frame has its places", () => {
  assert.deepEqual([...placesAt(parse(packed({ epochs: [0] }, [0, 0], [1, 2, 3, 4])), 0)], [1, 2, 3, 4]);
});

test("it follows the newest epoch, or keeps the epoch that someone chose, or the nearest that is left", () => {
  const data = { epochs: [0, 2, 4, 6, 7] };
  assert.equal(keepPlace(data, 4, true), 4);
  assert.equal(keepPlace(data, 4, false), 2);
  assert.equal(keepPlace(data, 7, false), 4);
  assert.equal(keepPlace(data, 1, false), 0);
  assert.equal(keepPlace(data, undefined, false), 0);
});
