// Rows of frames that follow one slider: no message goes to the server.
import { component } from "./component.js";
import { contextOf, find, loadImage, make, makeCanvas, SMALL } from "./elements.js";
import { Transport } from "./transport.js";

/**
 * @typedef {{ title: string, note: string, stops: number[] }} Row  Its stops are frames to mark with a dot.
 * @typedef {object} Data
 * @property {string} version  Changes with anything else.
 * @property {[height: number, width: number]} image
 * @property {number} frames  Of each row, at least 2.
 * @property {number} seconds  That a pass takes.
 * @property {number} start  Where the slider stands at first, in [0, 1].
 * @property {number[] | null} values  A number for each frame, shown in place of its own.
 * @property {string} sheet  All frames: a row for each strip.
 * @property {Row[]} rows
 */

const GAP = 2; // pixels between two frames of a strip
const CURVE = 48; // pixels of a curve in a strip

class Film {
  /** @type {ReturnType<Film["build"]>[]} */
  rows = [];
  version = "";
  at = 0; // the frame that is shown, or a place between two

  /** @param {HTMLElement} root */
  constructor(root) {
    this.film = find(root, "film");
    this.where = find(root, "where");
    this.list = find(root, "rows");
    this.transport = new Transport(root, this);
    this.transport.slider.addEventListener("keydown", (event) => this.key(event), this.transport.listening);
  }

  close() {
    this.transport.close();
  }

  /** @param {import("./component.js").Update<Data>} update */
  async update({ data }) {
    if (this.version === data.version) return;
    this.version = data.version;
    const sheet = await createImageBitmap(await loadImage(data.sheet));
    if (this.version !== data.version || this.transport.closing.signal.aborted) return;
    const last = data.frames - 1;
    const before = this.data;
    let at = Math.round(data.start * last);
    // The same way in other runs or frames keeps its place.
    if (before?.start === data.start)
      at = before.frames === data.frames ? this.at : Math.round((this.at / (before.frames - 1)) * last);
    this.data = data;
    this.film.style.setProperty("--frames", String(data.frames));
    this.transport.slider.max = String(last);
    this.sheet = sheet;
    this.rows = data.rows.map((row, number) => this.build(data, row, number));
    this.list.replaceChildren(...this.rows.map((row) => row.section));
    this.show(at);
  }

  /** @param {Data} data  @param {Row} row  @param {number} number */
  build({ image: [h, w], frames: n }, { title, note, stops }, number) {
    const big = makeCanvas("big", w, h, `${title}: the image at the slider's place`);
    const wide = w > SMALL ? CURVE : w; // curves are finer than a strip has room for
    const canvas = makeCanvas("frames", n * (wide + GAP), (h * wide) / w, `${title}: ${n} frames side by side`);
    canvas.style.imageRendering = w > SMALL ? "auto" : ""; // it is wide, but its frames may be small images
    contextOf(canvas).imageSmoothingQuality = "high";
    for (let i = 0; i < n; i++) this.put(canvas, number, i, 1, i * (wide + GAP) + GAP / 2, wide);
    const mark = make("i", "mark");
    const strip = make("div", "strip", canvas, mark);
    if (stops.length) {
      const dots = stops.map(() => make("i"));
      for (const [i, dot] of dots.entries()) dot.style.left = `${((stops[i] + 0.5) / n) * 100}%`;
      strip.append(make("div", "stops", ...dots));
      mark.style.bottom = "0.6rem";
    }
    /** @param {PointerEvent} event */
    const scrub = (event) => {
      const box = strip.getBoundingClientRect();
      this.take(((event.clientX - box.left) / box.width) * n - 0.5);
    };
    strip.addEventListener("pointermove", scrub);
    strip.addEventListener("pointerdown", (event) => {
      strip.setPointerCapture(event.pointerId);
      scrub(event);
    });
    const section = make("section", "row", big, make("p", "title", title), strip, make("p", "note", note));
    section.role = "group";
    section.ariaLabel = title;
    return { section, mark, big };
  }

  /**
   * @param {HTMLCanvasElement} canvas  @param {number} row  @param {number} frame  @param {number} opacity
   * @param {number} x  Where on the canvas.
   * @param {number} [wide]  Pixels that the frame takes there; by default as many as it has.
   */
  put(canvas, row, frame, opacity, x, wide) {
    if (!this.data || !this.sheet) return;
    const [h, w] = this.data.image;
    const context = contextOf(canvas);
    context.globalAlpha = opacity;
    context.drawImage(this.sheet, frame * w, row * h, w, h, x, 0, wide ?? w, (h * (wide ?? w)) / w);
  }

  /**
   * Stops playing: someone has taken over.
   * @param {number} at
   */
  take(at) {
    this.transport.pause();
    this.show(at);
  }

  /**
   * From frame to frame; Home, End and the page keys stay the browser's own.
   * @param {KeyboardEvent} event
   */
  key(event) {
    const forward = ["ArrowRight", "ArrowUp"].includes(event.key);
    if (!forward && !["ArrowLeft", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    this.take(forward ? Math.floor(this.at + 1.001) : Math.ceil(this.at - 1.001));
  }

  /** @param {number} at */
  show(at) {
    if (!this.data) return;
    const { frames, values } = this.data;
    this.at = Math.min(Math.max(at, 0), frames - 1);
    const i = Math.min(Math.floor(this.at), frames - 2);
    const share = this.at - i;
    this.rows.forEach(({ big, mark }, number) => {
      this.put(big, number, i, 1, 0);
      this.put(big, number, i + 1, share, 0);
      mark.style.left = `${(this.at / frames) * 100}%`;
    });
    this.transport.slider.value = String(this.at);
    const near = Math.round(this.at);
    const frame = `${near + 1} of ${frames}`;
    const decimals = values?.every(Number.isInteger) ? 0 : 2;
    const value = values && (values[i] + share * (values[i + 1] - values[i])).toFixed(decimals);
    this.where.textContent = value ?? frame;
    const spoken = Math.abs(this.at - near) < 0.01 ? `frame ${frame}` : `near frame ${frame}`;
    this.transport.slider.setAttribute("aria-valuetext", value ? `${value}, ${spoken}` : spoken);
  }

  // Forth and back for ever; where motion is to be reduced, from frame to frame without a blend.
  play() {
    if (!this.data) return;
    const last = this.data.frames - 1;
    const pass = this.data.seconds * 1000;
    const from = this.at < last ? (this.at / last) * pass : 0;
    this.transport.run((elapsed, still) => {
      const passes = ((from + elapsed) / pass) % 2;
      const at = (passes < 1 ? passes : 2 - passes) * last;
      this.show(still ? Math.round(at) : at);
      return true;
    });
  }
}

export default component(Film);
