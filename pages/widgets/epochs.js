// Where examples lay after each epoch: dots that follow one slider. No message goes to the server.
import { component } from "./component.js";
import { contextOf, find, make } from "./elements.js";
import { Transport } from "./transport.js";

/**
 * @typedef {object} Header
 * @property {number} examples
 * @property {number[]} epochs  The number of each frame's; 0 is the untrained network.
 * @property {[width: number, height: number]} extent  Of the plane that all frames lie on.
 * @property {string[]} classes  None if they are not told apart.
 * @property {string[]} colours  Of each class, and of what has none.
 * @property {string[]} edges  Of their outlines.
 * @property {boolean} legend  Whether classes are named.
 * @property {boolean} follow  Whether it stays at the newest epoch until someone moves the slider.
 * @property {string} alt
 *
 * @typedef {Header & { labels: Uint16Array, places: Uint16Array }} Data  Places of all frames from 0 to `LARGEST`.
 */

const LARGEST = 65535;
const MARGIN = 8; // pixels around the outermost dots
const RADIUS = 3.2; // of a dot
const FRAME = 200; // milliseconds of a frame, where there are few
const [SHORTEST, LONGEST] = [1500, 9000]; // milliseconds that it plays
const decoder = new TextDecoder();

/**
 * A line about the frames, then the class of each example, then its places in all frames.
 * @param {Uint8Array} bytes
 * @returns {Data}
 */
export function parse(bytes) {
  const end = bytes.indexOf(10);
  /** @type {Header} */
  const header = JSON.parse(decoder.decode(bytes.subarray(0, end)));
  const numbers = new Uint16Array(bytes.slice(end + 1).buffer);
  return { ...header, labels: numbers.subarray(0, header.examples), places: numbers.subarray(header.examples) };
}

/**
 * Where all examples lie in a frame or between two, from 0 to `LARGEST`.
 * @param {Data} data
 * @param {number} at  The frame.
 */
export function placesAt({ examples, epochs, places }, at) {
  const frame = Math.min(Math.floor(at), Math.max(epochs.length - 2, 0));
  const share = at - frame;
  const size = 2 * examples;
  const from = places.subarray(frame * size, (frame + 1) * size);
  if (!share) return Float32Array.from(from);
  const to = places.subarray((frame + 1) * size, (frame + 2) * size);
  return Float32Array.from(from, (value, i) => value + share * (to[i] - value));
}

/**
 * The frame to show once others have come: the newest, or the one of the epoch that was shown, or the nearest to it.
 * @param {Data} data
 * @param {number | undefined} epoch  The one that was shown.
 * @param {boolean} following
 */
export function keepPlace({ epochs }, epoch, following) {
  if (following) return epochs.length - 1;
  if (epoch === undefined) return 0;
  const away = epochs.map((number) => Math.abs(number - epoch));
  return away.indexOf(Math.min(...away));
}

class Epochs {
  /** @type {Data | undefined} */
  data;
  /** @type {HTMLCanvasElement[]} */
  stamps = []; // a dot of each class
  ratio = 0; // for which they were made
  at = 0; // the frame that is shown, or a place between two
  following = true;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.canvas = find(root, "dots", HTMLCanvasElement);
    this.where = find(root, "where");
    this.legend = find(root, "legend");
    this.transport = new Transport(root, this);
    this.resizing = new ResizeObserver(() => this.draw());
    this.resizing.observe(this.canvas);
  }

  close() {
    this.transport.close();
    this.resizing.disconnect();
  }

  /** @param {import("./component.js").Update<Uint8Array>} update */
  update({ data: bytes }) {
    const data = parse(bytes);
    const epoch = this.data?.epochs[Math.round(this.at)];
    this.following = this.data ? this.following && data.follow : data.follow;
    this.data = data;
    this.ratio = 0;
    const [width, height] = data.extent;
    this.canvas.style.aspectRatio = String(Math.min(Math.max(width / height, 1), 2));
    this.transport.slider.max = String(data.epochs.length - 1);
    this.transport.slider.disabled = this.transport.button.disabled = data.epochs.length < 2;
    const named = data.legend ? data.classes : [];
    this.legend.replaceChildren(...named.map((name, k) => this.entry(name, data.colours[k], data.edges[k])));
    this.canvas.ariaLabel = data.alt;
    const at = keepPlace(data, epoch, this.following && !this.transport.playing);
    this.show(this.transport.playing ? Math.min(this.at, data.epochs.length - 1) : at);
  }

  /** @param {string} name  @param {string} colour  @param {string} edge */
  entry(name, colour, edge) {
    const dot = make("i");
    dot.style.background = colour;
    dot.style.borderColor = edge;
    return make("li", "", dot, name);
  }

  /**
   * Stops playing: someone has taken over. At the newest epoch it follows again.
   * @param {number} at
   */
  take(at) {
    this.transport.pause();
    this.following = Boolean(this.data?.follow) && at === (this.data?.epochs.length ?? 0) - 1;
    this.show(at);
  }

  /** @param {number} at */
  show(at) {
    if (!this.data) return;
    this.at = at;
    const near = Math.round(at);
    const epoch = this.data.epochs[near];
    const words = epoch ? `after epoch ${epoch}` : "untrained";
    this.transport.slider.value = String(near);
    this.transport.slider.setAttribute("aria-valuetext", words);
    this.where.textContent = words;
    this.draw();
  }

  draw() {
    const { data, canvas } = this;
    if (!data || !canvas.clientWidth) return;
    const ratio = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) => Math.round(side * ratio));
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    if (this.ratio !== ratio) this.stamps = data.colours.map((colour, k) => stamp(colour, data.edges[k], ratio));
    this.ratio = ratio;
    const context = contextOf(canvas);
    context.clearRect(0, 0, width, height);
    const places = placesAt(data, this.at);
    // A unit is as long across as up.
    const [across, up] = data.extent;
    const scale = Math.min((width - 2 * MARGIN * ratio) / across, (height - 2 * MARGIN * ratio) / up) / LARGEST;
    const [left, bottom] = [(width - scale * across * LARGEST) / 2, (height + scale * up * LARGEST) / 2];
    for (let i = 0; i < data.examples; i++) {
      const dot = this.stamps[Math.min(data.labels[i], this.stamps.length - 1)];
      const x = left + scale * across * places[2 * i];
      const y = bottom - scale * up * places[2 * i + 1];
      context.drawImage(dot, x - dot.width / 2, y - dot.height / 2);
    }
  }

  // Once, to the newest epoch; where motion is to be reduced, from epoch to epoch without a blend.
  play() {
    if (!this.data) return;
    const end = () => (this.data?.epochs.length ?? 1) - 1;
    const from = this.at < end() ? this.at : 0;
    this.transport.run((elapsed, still) => {
      const last = end();
      const pace = Math.min(Math.max(FRAME * last, SHORTEST), LONGEST) / last;
      const at = Math.min(from + elapsed / pace, last);
      this.following = Boolean(this.data?.follow) && at === last;
      this.show(still ? Math.floor(at) : at);
      return at < last;
    });
  }
}

/**
 * The picture of a dot.
 * @param {string} colour  @param {string} edge
 * @param {number} ratio  Pixels of the screen for one of the page.
 */
function stamp(colour, edge, ratio) {
  const side = Math.ceil(2 * (RADIUS + 1) * ratio);
  const canvas = Object.assign(make("canvas"), { width: side, height: side });
  const context = contextOf(canvas);
  context.arc(side / 2, side / 2, RADIUS * ratio, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
  context.strokeStyle = edge;
  context.lineWidth = ratio;
  context.stroke();
  return canvas;
}

export default component(Epochs);
