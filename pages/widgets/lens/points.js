// The test images' codes: where they lie on the plane, how far off it, and which is nearest.

const FAINTEST = 40 / 255; // the dot that is farthest off the plane
const GREY = 0x808080;

/**
 * How dots look.
 * @typedef {object} Look
 * @property {string[]} colours  "#rrggbb" of each class.
 * @property {string[]} edges  Of their outlines.
 * @property {Uint8Array} labels  The number of each dot's colour.
 * @property {(k: number) => boolean} dimmed
 * @property {number} radius  In pixels.
 * @property {number} line  Width of the outline.
 */

export class Points {
  /**
   * @param {ArrayBuffer} buffer  float32 places and offsets, perhaps covariances; then uint8 labels.
   * @param {number} count
   * @param {boolean} posteriors  Whether there are covariances.
   */
  constructor(buffer, count, posteriors) {
    this.count = count;
    this.places = new Float32Array(buffer, 0, 2 * count);
    this.offsets = new Float32Array(buffer, 8 * count, count);
    this.covariances = posteriors ? new Float32Array(buffer, 12 * count, 3 * count) : null;
    this.labels = new Uint8Array(buffer, (posteriors ? 24 : 12) * count, count);
    const far = this.offsets.reduce((most, value) => Math.max(most, value), 0);
    const flat = far <= 1e-3;
    this.strength = Float32Array.from(this.offsets, (offset) => (flat ? 1 : 1 - (1 - FAINTEST) * (offset / far)));
    // Strong dots are drawn over faint ones: the farthest off the plane come first.
    this.order = Uint32Array.from(this.offsets.keys());
    if (!flat) this.order.sort((a, b) => this.offsets[b] - this.offsets[a]);
    this.pixels = new Uint32Array();
  }

  /** @param {number} k  @returns {[x: number, y: number]} */
  place(k) {
    return [this.places[2 * k], this.places[2 * k + 1]];
  }

  /** @param {number} k */
  covariance(k) {
    return this.covariances?.subarray(3 * k, 3 * k + 3);
  }

  /**
   * How far a place is from a code in the full space: the way on the plane and the way off it, by Pythagoras.
   * @param {number} k  @param {number} x  @param {number} y
   */
  distance(k, x, y) {
    return Math.hypot(this.places[2 * k] - x, this.places[2 * k + 1] - y, this.offsets[k]);
  }

  /** @param {number} x  @param {number} y */
  nearest(x, y) {
    const { places, offsets } = this;
    let index = 0;
    let least = Infinity;
    for (let k = 0; k < this.count; k++) {
      const dx = places[2 * k] - x;
      const dy = places[2 * k + 1] - y;
      const squared = dx * dx + dy * dy + offsets[k] * offsets[k];
      if (squared < least) {
        least = squared;
        index = k;
      }
    }
    return { index, distance: Math.sqrt(least) };
  }

  /**
   * Numbers of the dots within a polygon, by how often a ray to the right crosses its sides.
   * @param {number[][]} polygon  Its corners.
   */
  within(polygon) {
    const { places } = this;
    /** @type {number[]} */
    const found = [];
    for (let k = 0; k < this.count; k++) {
      const [x, y] = [places[2 * k], places[2 * k + 1]];
      let inside = false;
      polygon.forEach(([x1, y1], i) => {
        const [x2, y2] = polygon[(i + 1) % polygon.length];
        if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
      });
      if (inside) found.push(k);
    }
    return found;
  }

  /**
   * Writes dots into square pixels; gives them, and the numbers of the dots in view.
   * @param {number} side  In pixels.
   * @param {import("./view.js").View} view  @param {Look} look
   */
  draw(side, view, { colours, edges, labels, dimmed, radius, line }) {
    if (this.pixels.length !== side * side) this.pixels = new Uint32Array(side * side);
    const { pixels } = this;
    pixels.fill(0);
    const { across, down, shares, rims } = disc(radius, line);
    const steps = across.map((x, s) => down[s] * side + x);
    const rimmed = edges.map(packed);
    const tints = colours.map((colour, i) => Int32Array.from(rims, (rim) => mixed(packed(colour), rimmed[i], rim)));
    const grey = new Int32Array(rims.length).fill(GREY);
    const margin = Math.ceil(radius);
    const scale = side / (2 * view.reach);
    const left = view.x - view.reach;
    const top = view.y + view.reach;
    /** @type {number[]} */
    const seen = [];
    for (const faint of [true, false]) {
      for (const k of this.order) {
        if (dimmed(k) !== faint) continue;
        const cx = Math.round((this.places[2 * k] - left) * scale);
        const cy = Math.round((top - this.places[2 * k + 1]) * scale);
        if (cx < 0 || cy < 0 || cx >= side || cy >= side) continue;
        seen.push(k);
        const tint = faint ? grey : tints[labels[k]];
        const strength = (faint ? 64 : 255) * this.strength[k];
        const inside = cx >= margin && cy >= margin && cx < side - margin && cy < side - margin;
        const middle = cy * side + cx;
        for (let s = 0; s < shares.length; s++) {
          const x = cx + across[s];
          const y = cy + down[s];
          if (!inside && (x < 0 || y < 0 || x >= side || y >= side)) continue;
          const at = middle + steps[s];
          const alpha = (strength * shares[s]) | 0;
          // What is stronger stays on top, so that no dot leaves a pale rim on another.
          if (alpha >= pixels[at] >>> 24 || shares[s] > 0.95) pixels[at] = (alpha << 24) | tint[s];
        }
      }
    }
    return { pixels, seen };
  }
}

/**
 * The pixels of a round dot: where they are, how much of each is within it, and how much of that is its line.
 * @param {number} radius  @param {number} line
 */
function disc(radius, line) {
  /** @type {number[][]} */
  const [across, down, shares, rims] = [[], [], [], []];
  const most = Math.ceil(radius);
  for (let y = -most; y <= most; y++) {
    for (let x = -most; x <= most; x++) {
      const [share, inner] = [radius, radius - line].map((r) => Math.min(Math.max(r + 0.5 - Math.hypot(x, y), 0), 1));
      if (share <= 0.05) continue;
      across.push(x);
      down.push(y);
      shares.push(share);
      rims.push(1 - inner / share);
    }
  }
  return { across: Int32Array.from(across), down: Int32Array.from(down), shares: Float32Array.from(shares), rims };
}

/**
 * "#rrggbb" as the lower three bytes of a pixel: red first.
 * @param {string} hex
 */
function packed(hex) {
  const value = Number.parseInt(hex.slice(1), 16);
  return ((value & 255) << 16) | (value & 0xff00) | (value >> 16);
}

/**
 * So much of the way from one packed colour to another.
 * @param {number} from  @param {number} to  @param {number} share
 */
function mixed(from, to, share) {
  return [0, 8, 16].reduce((out, shift) => {
    const [a, b] = [(from >> shift) & 255, (to >> shift) & 255];
    return out | (Math.round(a + (b - a) * share) << shift);
  }, 0);
}
