// The test images' codes: where they lie on the plane, how far off it, and which is nearest.
class Points {
  constructor(buffer, count, posteriors) {
    this.count = count;
    this.places = new Float32Array(buffer, 0, 2 * count);
    this.offsets = new Float32Array(buffer, 8 * count, count);
    this.covariances = posteriors ? new Float32Array(buffer, 12 * count, 3 * count) : null;
    this.labels = new Uint8Array(buffer, (posteriors ? 24 : 12) * count, count);
    // Strong dots are drawn over faint ones: the farthest off the plane come first.
    this.order = Uint32Array.from({ length: count }, (_, k) => k);
    const far = this.offsets.reduce((most, value) => Math.max(most, value), 0);
    if (far > 1e-3) this.order.sort((a, b) => this.offsets[b] - this.offsets[a]);
    this.strength = new Uint8Array(count);
    for (let k = 0; k < count; k++) this.strength[k] = far > 1e-3 ? 255 - 215 * Math.min(this.offsets[k] / far, 1) : 255;
  }

  place(k) {
    return [this.places[2 * k], this.places[2 * k + 1]];
  }

  covariance(k) {
    return this.covariances.subarray(3 * k, 3 * k + 3);
  }

  // In the full space: the way on the plane and the way off it, by Pythagoras.
  nearest(x, y) {
    const { places, offsets } = this;
    let best = 0;
    let least = Infinity;
    for (let k = 0; k < this.count; k++) {
      const dx = places[2 * k] - x;
      const dy = places[2 * k + 1] - y;
      const d = dx * dx + dy * dy + offsets[k] * offsets[k];
      if (d < least) {
        least = d;
        best = k;
      }
    }
    return { index: best, distance: Math.sqrt(least) };
  }

  // Writes dots straight into the pixels of a square canvas; gives the numbers of those in view, up to `most`.
  draw(context, view, { colours, edges, dimmed, radius, line, most }) {
    const side = context.canvas.width;
    if (this.image?.width !== side) this.image = context.createImageData(side, side);
    const pixels = new Uint32Array(this.image.data.buffer);
    pixels.fill(0);
    const { across, down, shares, rims } = disc(radius, line);
    const steps = across.map((x, s) => down[s] * side + x);
    const tints = colours.map((colour, i) => Int32Array.from(rims, (rim) => mixed(colour, edges[i], rim)));
    const grey = Int32Array.from(rims, () => GREY);
    const margin = Math.ceil(radius);
    const scale = side / (2 * view.reach);
    const left = view.x - view.reach;
    const top = view.y + view.reach;
    const seen = [];
    for (const faint of [true, false]) {
      for (const k of this.order) {
        if (dimmed(k) !== faint) continue;
        const cx = Math.round((this.places[2 * k] - left) * scale);
        const cy = Math.round((top - this.places[2 * k + 1]) * scale);
        if (cx < 0 || cy < 0 || cx >= side || cy >= side) continue;
        if (seen.length <= most) seen.push(k);
        const tint = faint ? grey : tints[this.labels[k]];
        const strength = faint ? this.strength[k] * 0.25 : this.strength[k];
        const inside = cx >= margin && cy >= margin && cx < side - margin && cy < side - margin;
        const middle = cy * side + cx;
        for (let s = 0; s < shares.length; s++) {
          if (!inside && !on_canvas(cx + across[s], cy + down[s], side)) continue;
          const at = middle + steps[s];
          const alpha = (strength * shares[s]) | 0;
          // What is stronger stays on top, so that no dot leaves a pale rim on another.
          if (alpha >= pixels[at] >>> 24 || shares[s] > 0.95) pixels[at] = (alpha << 24) | tint[s];
        }
      }
    }
    context.putImageData(this.image, 0, 0);
    return seen;
  }
}

const GREY = 0x808080;

function on_canvas(x, y, side) {
  return x >= 0 && y >= 0 && x < side && y < side;
}

// The pixels of a round dot: where they are, how much of each is within it, and how much of that is its line.
function disc(radius, line) {
  const [across, down, shares, rims] = [[], [], [], []];
  const most = Math.ceil(radius);
  for (let y = -most; y <= most; y++) {
    for (let x = -most; x <= most; x++) {
      const within = (r) => Math.min(Math.max(r + 0.5 - Math.hypot(x, y), 0), 1);
      const share = within(radius);
      if (share <= 0.05) continue;
      across.push(x);
      down.push(y);
      shares.push(share);
      rims.push(1 - within(radius - line) / share);
    }
  }
  return { across: Int32Array.from(across), down: Int32Array.from(down), shares: Float32Array.from(shares), rims };
}

// "#rrggbb" as the lower three bytes of a pixel: red first.
function packed(hex) {
  const value = parseInt(hex.slice(1), 16);
  return ((value & 255) << 16) | (value & 0xff00) | (value >> 16);
}

// So much of the way from one packed colour to another.
function mixed(from, to, share) {
  let out = 0;
  for (const shift of [0, 8, 16]) {
    const [a, b] = [(from >> shift) & 255, (to >> shift) & 255];
    out |= Math.round(a + (b - a) * share) << shift;
  }
  return out;
}
