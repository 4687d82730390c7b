// A curve of one or several channels that is drawn, and remembers what it was.

const KEPT = 30; // changes that can be undone

/** @typedef {Float32Array | null} Drawing  Null while nothing is drawn. */

export class Curve {
  /** @type {Drawing[]} */
  history = [];
  /** @type {Drawing} */
  drawn = null;
  /** @type {[step: number, value: number] | null} */
  last = null;

  /** @param {Float32Array} rest  What there is before anything is drawn: step after step.  @param {number} channels */
  constructor(rest, channels) {
    this.rest = rest;
    this.channels = channels;
    this.steps = rest.length / channels;
  }

  get isDrawn() {
    return this.drawn !== null;
  }

  get values() {
    return this.drawn ?? this.rest;
  }

  /** @param {number} step  @param {number} channel */
  at(step, channel) {
    return this.values[step * this.channels + channel];
  }

  /** Replaces all of it, which can be undone. @param {Drawing} drawn */
  put(drawn) {
    this.history.push(this.drawn);
    if (this.history.length > KEPT) this.history.shift();
    this.drawn = drawn;
    this.last = null;
  }

  /** Begins a stroke on what is there, or on other values. @param {Float32Array} [values] */
  begin(values = this.values) {
    this.put(values.slice());
  }

  undo() {
    this.drawn = this.history.pop() ?? null;
    this.last = null;
  }

  /**
   * Leads the stroke to a place: the steps that were passed lie on a straight line.
   * @param {number} step  @param {number} value  @param {number} channel
   */
  go(step, value, channel) {
    const drawn = /** @type {Float32Array} */ (this.drawn);
    const [from, before] = this.last ?? [step, value];
    const count = Math.abs(step - from);
    for (let i = 0; i <= count; i++) {
      const share = count ? i / count : 1;
      drawn[(from + Math.sign(step - from) * i) * this.channels + channel] = before + share * (value - before);
    }
    this.last = [step, value];
  }
}
