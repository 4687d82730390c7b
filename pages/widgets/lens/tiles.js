// Decoded images in tiles as those of a map: all of the plane is one at level 0, and each level halves their side.
const MOST_TILES = 48; // kept; one takes two megabytes
const AT_ONCE = 2;

class Tiles {
  constructor({ link, home: [x, y, reach], tile, level, image: [h, w] }, arrived, failed) {
    Object.assign(this, { link, side: tile, least: level, pixels: h * w, arrived, failed });
    // The world is twice the home view.
    Object.assign(this, { left: x - 2 * reach, top: y + 2 * reach, size: 4 * reach });
    this.kept = new Map(); // the latest used last
    this.wanted = [];
    this.under_way = new Set();
    this.sum = new Float32Array(this.pixels);
  }

  close() {
    this.closed = true;
    this.wanted = [];
  }

  get sharp() {
    return !this.wanted.length && !this.under_way.size;
  }

  // All that the view needs, the nearest to a place first; one coarse tile before any other.
  want(view, x, y) {
    const zoomed = 1 + Math.floor(Math.log2(this.size / 2 / view.reach) + 1e-6);
    const level = Math.min(Math.max(this.least, zoomed), 12);
    const count = 2 ** level;
    const size = this.size / count;
    const cell = (value) => Math.min(Math.max(Math.floor(value), 0), count - 1);
    const tiny = 1e-6 * view.reach;
    const [first, last] = [view.x - view.reach + tiny, view.x + view.reach - tiny].map((v) => cell((v - this.left) / size));
    const [upper, lower] = [view.y + view.reach - tiny, view.y - view.reach + tiny].map((v) => cell((this.top - v) / size));
    const found = [];
    for (let row = upper; row <= lower; row++) {
      for (let column = first; column <= last; column++) {
        const far = Math.hypot((column + 0.5) * size + this.left - x, this.top - (row + 0.5) * size - y);
        found.push([far, `${level}/${column}/${row}`]);
      }
    }
    this.wanted = ["0/0/0", ...found.sort((a, b) => a[0] - b[0]).map(([, name]) => name)].filter(
      (name) => !this.kept.has(name) && !this.under_way.has(name),
    );
    this.fetch();
  }

  fetch() {
    while (this.under_way.size < AT_ONCE && this.wanted.length) this.fetch_one(this.wanted.shift());
  }

  async fetch_one(name) {
    this.under_way.add(name);
    try {
      const values = new Uint8Array(await fetched(`${this.link}/tile/${name}`));
      if (this.closed) return;
      this.kept.set(name, values);
      if (this.kept.size > MOST_TILES) {
        const oldest = [...this.kept.keys()].find((key) => key !== "0/0/0");
        this.kept.delete(oldest);
      }
    } catch (error) {
      this.wanted = [];
      this.failed(error);
    } finally {
      this.under_way.delete(name);
    }
    if (this.closed) return;
    this.arrived();
    this.fetch();
  }

  // The finest tile that holds a place.
  find(x, y) {
    for (let level = 12; level >= 0; level--) {
      const count = 2 ** level;
      const cell = (value) => Math.min(Math.max(Math.floor((value / this.size) * count), 0), count - 1);
      const [column, row] = [cell(x - this.left), cell(this.top - y)];
      const name = `${level}/${column}/${row}`;
      const values = this.kept.get(name);
      if (!values) continue;
      this.kept.delete(name);
      this.kept.set(name, values);
      return { values, level, column, row };
    }
    return null;
  }

  // By cubic convolution between sixteen images (Keys 1981, a = −1/2); false while none is here.
  decode(x, y, rgba) {
    const tile = this.find(x, y);
    if (!tile) return false;
    const { values, level, column, row } = tile;
    const size = this.size / 2 ** level;
    const step = size / (this.side - 1);
    const u = (x - this.left - column * size) / step + 1; // the first image lies beyond the rim
    const v = (this.top - row * size - y) / step + 1;
    const i = Math.min(Math.max(Math.floor(u), 1), this.side - 1);
    const j = Math.min(Math.max(Math.floor(v), 1), this.side - 1);
    const across = cubic(u - i);
    const down = cubic(v - j);
    const { sum, pixels } = this;
    sum.fill(0);
    for (let n = 0; n < 16; n++) {
      const weight = down[n >> 2] * across[n & 3];
      const start = ((j - 1 + (n >> 2)) * (this.side + 2) + i - 1 + (n & 3)) * pixels;
      for (let p = 0; p < pixels; p++) sum[p] += weight * values[start + p];
    }
    // A canvas keeps bytes clamped and rounded by itself.
    for (let p = 0, k = 0; p < pixels; p++, k += 4) {
      rgba[k] = rgba[k + 1] = rgba[k + 2] = sum[p];
      rgba[k + 3] = 255;
    }
    return true;
  }
}

function cubic(t) {
  return [
    (((-t + 2) * t - 1) * t) / 2,
    ((3 * t - 5) * t * t) / 2 + 1,
    (((-3 * t + 4) * t + 1) * t) / 2,
    ((t - 1) * t * t) / 2,
  ];
}
