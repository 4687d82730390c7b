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
    for (let k = 0; k < count; k++) this.strength[k] = far > 1e-3 ? 235 - 195 * Math.min(this.offsets[k] / far, 1) : 215;
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
  draw(context, view, { colours, dimmed, radius, most }) {
    const side = context.canvas.width;
    if (this.image?.width !== side) this.image = context.createImageData(side, side);
    const pixels = new Uint32Array(this.image.data.buffer);
    pixels.fill(0);
    const stamp = disc(radius);
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
        const colour = faint ? GREY : colours[this.labels[k]];
        const strength = faint ? this.strength[k] * 0.3 : this.strength[k];
        const inside = cx >= margin && cy >= margin && cx < side - margin && cy < side - margin;
        for (let s = 0; s < stamp.length; s += 3) {
          const px = cx + stamp[s];
          const py = cy + stamp[s + 1];
          if (!inside && (px < 0 || py < 0 || px >= side || py >= side)) continue;
          const at = py * side + px;
          const alpha = (strength * stamp[s + 2]) | 0;
          // What is stronger stays on top, so that no dot leaves a pale rim on another.
          if (alpha >= (pixels[at] >>> 24) || stamp[s + 2] > 0.95) pixels[at] = ((alpha << 24) | colour) >>> 0;
        }
      }
    }
    context.putImageData(this.image, 0, 0);
    return seen;
  }
}

const GREY = 0x808080;

// Offsets and coverage of the pixels of a round dot: x, y, share, …
function disc(radius) {
  const out = [];
  const most = Math.ceil(radius);
  for (let y = -most; y <= most; y++) {
    for (let x = -most; x <= most; x++) {
      const share = Math.min(Math.max(radius + 0.5 - Math.hypot(x, y), 0), 1);
      if (share > 0.05) out.push(x, y, share);
    }
  }
  return out;
}

// "#rrggbb" as the lower three bytes of a pixel: red first.
function packed(hex) {
  const value = parseInt(hex.slice(1), 16);
  return ((value & 255) << 16) | (value & 0xff00) | (value >> 16);
}
