// Strokes of a round pen, pixel by pixel: some browsers blur what is read back from a canvas.

const KEPT = 30; // changes that can be undone
const STEP = 4; // pixels, of the lines that a curve is made of

/**
 * @typedef {{ x: number, y: number }} Place  In pixels, from the upper left.
 * @typedef {{ width: number, colour: [red: number, green: number, blue: number] }} Pen
 */

/** Square paper in colour, black at first, which remembers what was on it: red, green and blue of each pixel. */
export class Paper {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  history = [];

  /** @param {number} side  In pixels. */
  constructor(side) {
    this.side = side;
    this.pixels = new Uint8Array(3 * side * side);
    this.cover = new Float32Array(side * side); // of each pixel by the present stroke, in [0, 1]
    /** @type {Pen} */
    this.pen = { width: 0, colour: [0, 0, 0] };
    this.last = this.middle = { x: 0, y: 0 };
  }

  /**
   * Makes an image what is on it, which can be undone.
   * @param {Uint8Array} colours  Square, of a side that goes into the paper's; each pixel becomes a square.
   */
  put(colours) {
    this.history.push(this.pixels);
    if (this.history.length > KEPT) this.history.shift();
    const side = Math.sqrt(colours.length / 3);
    const factor = this.side / side;
    this.pixels = this.pixels.map((_, i) => {
      const pixel = Math.floor(i / 3);
      const [row, column] = [Math.floor(pixel / this.side / factor), Math.floor((pixel % this.side) / factor)];
      return colours[3 * (row * side + column) + (i % 3)];
    });
  }

  undo() {
    this.pixels = this.history.pop() ?? this.pixels;
  }

  /**
   * Each pixel of a smaller image is the mean of those that it covers.
   * @param {number} side  One that goes into the paper's.
   */
  reduced(side) {
    const factor = this.side / side;
    const sums = new Uint32Array(3 * side * side);
    this.pixels.forEach((value, i) => {
      const pixel = Math.floor(i / 3);
      const [row, column] = [Math.floor(pixel / this.side / factor), Math.floor((pixel % this.side) / factor)];
      sums[3 * (row * side + column) + (i % 3)] += value;
    });
    return Uint8Array.from(sums, (sum) => Math.round(sum / factor ** 2));
  }

  /**
   * Sets the pen down: a tap is a dot.
   * @param {Place} place  @param {Pen} pen
   */
  begin(place, pen) {
    this.put(this.pixels);
    this.cover.fill(0);
    this.pen = pen;
    this.last = this.middle = place;
    this.line(place, place);
  }

  /**
   * Draws through the middles between the places where the pen was seen, so that a stroke is round.
   * @param {Place} place
   */
  go(place) {
    const [from, by, to] = [this.middle, this.last, { x: (this.last.x + place.x) / 2, y: (this.last.y + place.y) / 2 }];
    const length = Math.hypot(by.x - from.x, by.y - from.y) + Math.hypot(to.x - by.x, to.y - by.y); // or a little less
    const count = Math.ceil(length / STEP);
    let before = from;
    for (let i = 1; i <= count; i++) {
      const t = i / count;
      /** @param {number} a @param {number} b @param {number} c */
      const bend = (a, b, c) => (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t ** 2 * c;
      const next = { x: bend(from.x, by.x, to.x), y: bend(from.y, by.y, to.y) };
      this.line(before, next);
      before = next;
    }
    [this.middle, this.last] = [to, place];
  }

  end() {
    this.line(this.middle, this.last);
  }

  /**
   * All pixels within half the pen's width of a line, those on the rim in part.
   * @param {Place} from  @param {Place} to
   */
  line(from, to) {
    const { side, cover, pixels, pen } = this;
    const before = this.history[this.history.length - 1];
    const reach = pen.width / 2 + 0.5;
    const [across, down] = [to.x - from.x, to.y - from.y];
    const squared = across ** 2 + down ** 2 || 1;
    /** @param {number} value */
    const within = (value) => Math.min(Math.max(Math.floor(value), 0), side);
    const [left, right] = [within(Math.min(from.x, to.x) - reach), within(Math.max(from.x, to.x) + reach + 1)];
    const [top, bottom] = [within(Math.min(from.y, to.y) - reach), within(Math.max(from.y, to.y) + reach + 1)];
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const dx = x + 0.5 - from.x;
        const dy = y + 0.5 - from.y;
        const t = Math.min(Math.max((dx * across + dy * down) / squared, 0), 1);
        const share = Math.min(reach - Math.sqrt((dx - t * across) ** 2 + (dy - t * down) ** 2), 1);
        const i = y * side + x;
        if (share <= cover[i]) continue;
        cover[i] = share;
        for (let c = 0; c < 3; c++) {
          const under = before[3 * i + c];
          pixels[3 * i + c] = Math.round(under + share * (pen.colour[c] - under));
        }
      }
    }
  }
}
