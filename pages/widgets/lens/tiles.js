// Decoded images in tiles as those of a map: all of the plane is one at level 0, and each level halves their side.
import { clamp } from "./view.js";

const KEPT_BYTES = 96 << 20; // of all tiles
const FEWEST_KEPT = 8;
const AT_ONCE = 2;
const DEEPEST = 12;
const WHOLE = "0/0/0"; // the coarse tile that is never let go

export class Tiles {
  closed = false;
  /** @type {Map<string, Uint8Array>} */
  kept = new Map(); // the latest used last
  /** @type {string[]} */
  wanted = [];
  /** @type {Set<string>} */
  underWay = new Set();
  failed = false; // to load one since a view was last asked for

  /**
   * @param {object} plane
   * @param {number[]} plane.home  x, y and reach of what shows all of it.
   * @param {number} plane.tile  Images along each side of a tile, without those beyond its rim.
   * @param {number} plane.level  The coarsest that is fine enough for a view.
   * @param {number} plane.detail  That of the tile in which one rests.
   * @param {{ shape: number[] }} plane.form  Of an example.
   * @param {(name: string) => Promise<ArrayBuffer>} load  Gets a tile by "level/column/row".
   * @param {() => void} arrived  @param {(error: Error) => void} tell
   * @param {string[] | null} [all]  The names of all that there are, which are then loaded at once; null if there is each.
   */
  constructor({ home: [x, y, reach], tile, level, detail, form: { shape } }, load, arrived, tell, all = null) {
    this.side = tile;
    this.level = level;
    this.detail = detail;
    this.load = load;
    this.arrived = arrived;
    this.tell = tell;
    this.all = all;
    // The world is twice the home view.
    this.left = x - 2 * reach;
    this.top = y + 2 * reach;
    this.size = 4 * reach;
    this.sum = new Float32Array(shape.reduce((size, length) => size * length, 1));
    this.most = Math.max(all?.length ?? FEWEST_KEPT, Math.floor(KEPT_BYTES / ((tile + 2) ** 2 * this.sum.length)));
  }

  close() {
    this.closed = true;
    this.wanted = [];
  }

  get sharp() {
    return !this.wanted.length && !this.underWay.size && !this.failed;
  }

  /**
   * Fetches all that a view needs, the nearest to a place first; one coarse tile before any other.
   * @param {import("./view.js").View} view  @param {number} x  @param {number} y
   */
  want(view, x, y) {
    const names = this.all ?? [WHOLE, ...this.cover(view, x, y)];
    this.failed = false;
    this.wanted = names.filter((name) => !this.kept.has(name) && !this.underWay.has(name));
    this.fetch();
  }

  /**
   * Fetches the finer tile in which a place lies, where those of the view are not fine enough.
   * @param {number} x  @param {number} y
   */
  refine(x, y) {
    const name = [this.detail, ...this.cell(x, y, this.detail)].join("/");
    const there = this.find(x, y)?.level ?? 0;
    if (this.all || this.detail <= Math.max(there, this.level) || this.underWay.has(name)) return;
    this.wanted.unshift(name);
    this.fetch();
  }

  /**
   * The names of the tiles that cover a view, the nearest to a place first.
   * @param {import("./view.js").View} view  @param {number} x  @param {number} y
   */
  cover(view, x, y) {
    const zoomed = 1 + Math.floor(Math.log2(this.size / 2 / view.reach) + 1e-6);
    const level = clamp(zoomed, this.level, DEEPEST);
    const size = this.size / 2 ** level;
    const reach = view.reach * (1 - 1e-6); // a tile that only touches it is none of it
    const [first, upper] = this.cell(view.x - reach, view.y + reach, level);
    const [last, lower] = this.cell(view.x + reach, view.y - reach, level);
    /** @type {{ name: string, distance: number }[]} */
    const found = [];
    for (let row = upper; row <= lower; row++) {
      for (let column = first; column <= last; column++) {
        const distance = Math.hypot(this.left + (column + 0.5) * size - x, this.top - (row + 0.5) * size - y);
        found.push({ name: `${level}/${column}/${row}`, distance });
      }
    }
    return found.sort((a, b) => a.distance - b.distance).map(({ name }) => name);
  }

  /**
   * Column and row of the tile that holds a place.
   * @param {number} x  @param {number} y  @param {number} level
   */
  cell(x, y, level) {
    const count = 2 ** level;
    return [x - this.left, this.top - y].map((way) => clamp(Math.floor((way / this.size) * count), 0, count - 1));
  }

  fetch() {
    for (const name of this.wanted.splice(0, AT_ONCE - this.underWay.size)) this.fetchOne(name);
  }

  /** @param {string} name */
  async fetchOne(name) {
    this.underWay.add(name);
    try {
      this.kept.set(name, whole(new Uint8Array(await this.load(name)), this.side + 2));
      if (this.kept.size > this.most) this.kept.delete([...this.kept.keys()].find((key) => key !== WHOLE) ?? WHOLE);
    } catch (error) {
      this.wanted = [];
      this.failed = true;
      if (!this.closed) this.tell(/** @type {Error} */ (error));
    }
    this.underWay.delete(name);
    if (this.closed) return;
    this.arrived();
    this.fetch();
  }

  /**
   * The finest tile that holds a place.
   * @param {number} x  @param {number} y
   */
  find(x, y) {
    for (let level = DEEPEST; level >= 0; level--) {
      const [column, row] = this.cell(x, y, level);
      const name = `${level}/${column}/${row}`;
      const values = this.kept.get(name);
      if (!values) continue;
      this.kept.delete(name);
      this.kept.set(name, values);
      return { values, level, column, row };
    }
    return null;
  }

  /**
   * The values of a place, by cubic convolution between sixteen; the same array each time, null while none is here.
   * @param {number} x  @param {number} y
   */
  decode(x, y) {
    const tile = this.find(x, y);
    if (!tile) return null;
    const { sum, side } = this;
    const { values, level, column, row } = tile;
    const size = this.size / 2 ** level;
    const step = size / (side - 1);
    const u = (x - this.left - column * size) / step + 1; // the first image lies beyond the rim
    const v = (this.top - row * size - y) / step + 1;
    const i = clamp(Math.floor(u), 1, side - 1);
    const j = clamp(Math.floor(v), 1, side - 1);
    const across = cubic(u - i);
    const down = cubic(v - j);
    sum.fill(0);
    for (let n = 0; n < 16; n++) {
      const weight = down[n >> 2] * across[n & 3];
      const start = ((j - 1 + (n >> 2)) * (side + 2) + i - 1 + (n & 3)) * sum.length;
      for (let p = 0; p < sum.length; p++) sum[p] += weight * values[start + p];
    }
    return sum;
  }
}

/**
 * Undoes the differences that a tile is sent as: to the example left of each one, and to the one above.
 * @param {Uint8Array} values  Changed in place.
 * @param {number} side  Examples along each side.
 */
export function whole(values, side) {
  const row = values.length / side;
  const one = row / side;
  for (let k = row; k < values.length; k++) values[k] += values[k - row];
  for (let start = 0; start < values.length; start += row)
    for (let k = start + one; k < start + row; k++) values[k] += values[k - one];
  return values;
}

/**
 * Weights of four values in a row at a share t of the way from the second to the third (Keys 1981, a = −1/2).
 * @param {number} t
 */
export function cubic(t) {
  return [
    (((-t + 2) * t - 1) * t) / 2,
    ((3 * t - 5) * t * t) / 2 + 1,
    (((-3 * t + 4) * t + 1) * t) / 2,
    ((t - 1) * t * t) / 2,
  ];
}
