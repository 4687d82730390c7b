import assert from "node:assert/strict";
import { test } from "node:test";
import { component } from "../../pages/widgets/component.js";

class Seen {
  given = [];
  closed = 0;

  constructor(root) {
    root.instances.push(this);
  }

  update({ data }) {
    this.given.push(data);
  }

  close() {
    this.closed++;
  }
}

test("a rerun that the next one overtakes leaves the instance, with all that it knows, to that one", () => {
  const run = component(Seen);
  const root = { isConnected: true, instances: [] };
  const overtaken = run({ parentElement: root, data: 1 });
  overtaken();
  const last = run({ parentElement: root, data: 2 });
  const [seen] = root.instances;
  assert.deepEqual([root.instances.length, seen.given, seen.closed], [1, [1, 2], 0]);
  root.isConnected = false; // as when its page is left
  last();
  assert.equal(seen.closed, 1);
  run({ parentElement: root, data: 3 });
  assert.equal(root.instances.length, 2);
});
