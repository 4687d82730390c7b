// A drawing pad. Strokes stay in the browser; the drawing is sent when a stroke has ended.
import { decode, encode } from "./base64.js";
import { component } from "./component.js";
import { ARROWS, contextOf, download, find, make } from "./elements.js";
import { Paper } from "./strokes.js";

/**
 * @typedef {object} Data
 * @property {string} key  Of this pad in the app; Streamlit's own is another one at each visit.
 * @property {string} drawing  Grey values or colours in base64, square; "" while the pad is empty.
 * @property {boolean} colour  Whether colours can be chosen.
 * @property {number} version  Changes when Python puts something else on the pad.
 * @property {number} side  Of the drawing.
 * @typedef {import("./strokes.js").Place} Place
 */

const SIDE = 448; // pixels of the paper, as in pad.html
const GRID = 28; // of the models' images: the keyboard moves by one of their pixels
const BLANK = Uint8Array.of(0, 0, 0);
/** @type {Record<string, string>} */
const COLOURS = {
  White: "#ffffff",
  Silver: "#b4b4b4",
  Grey: "#6e6e6e",
  Brown: "#8a5a2b",
  Red: "#e23b2e",
  Orange: "#f39021",
  Yellow: "#fcd53f",
  Green: "#3fa648",
  Teal: "#2bb3a8",
  Blue: "#2f6fde",
  Purple: "#8b53c6",
  Pink: "#f58fb0",
};

// What a pad was when its page was left, by key: finer than the drawing that Python keeps, and with its history.
/** @type {Map<string, Pick<Pad, "version" | "drawing" | "paper" | "erasing"> & Record<"size" | "grey" | "tint", string>>} */
const left = new Map();

class Pad {
  paper = new Paper(SIDE);
  image = new ImageData(SIDE, SIDE); // of the paper
  key = "";
  drawing = "";
  side = 0;
  /** @type {number | undefined} */
  version;
  erasing = false;
  inColour = false;
  isDown = false; // the pen
  /** @type {number | undefined} */
  pointer; // the one that draws
  at = { x: SIDE / 2, y: SIDE / 2 }; // the pen
  closing = new AbortController();
  /** @type {(sent: { version: number | undefined, drawing: string }) => void} */
  tell = () => {};

  /** @param {HTMLElement} root */
  constructor(root) {
    this.canvas = find(root, "paper", HTMLCanvasElement);
    this.nib = find(root, "nib");
    this.invitation = find(root, "invitation");
    this.words = find(root, "words");
    /** @param {string} name */
    const button = (name) => find(root, name, HTMLButtonElement);
    this.pen = button("pen");
    this.rubber = button("rubber");
    this.undoing = button("undo");
    this.clearing = button("clear");
    this.saving = button("save");
    this.size = find(root, "size", HTMLInputElement);
    this.grey = find(root, "grey", HTMLInputElement);
    this.tint = find(root, "tint", HTMLInputElement);
    this.tools = find(root, "tools");
    this.swatches = Object.entries(COLOURS).map(([name, colour]) => {
      const swatch = make("button", "swatch");
      Object.assign(swatch, { type: "button", title: name, ariaLabel: name });
      swatch.style.setProperty("--tint", colour);
      swatch.addEventListener("click", () => this.take(colour), { signal: this.closing.signal });
      find(root, "other").before(swatch);
      return swatch;
    });

    const listening = { signal: this.closing.signal };
    this.canvas.addEventListener("pointerdown", (event) => this.press(event), listening);
    this.canvas.addEventListener("pointermove", (event) => this.move(event), listening);
    this.canvas.addEventListener("pointerup", (event) => this.release(event), listening);
    this.canvas.addEventListener("pointercancel", (event) => this.release(event), listening);
    this.canvas.addEventListener("pointerleave", () => this.pointer === undefined && this.hide(), listening);
    this.canvas.addEventListener("contextmenu", (event) => event.preventDefault(), listening);
    this.canvas.addEventListener("keydown", (event) => this.type(event), listening);
    this.canvas.addEventListener("blur", () => this.leave(), listening);
    find(root, "pad").addEventListener("keydown", (event) => this.shortcut(event), listening);
    this.pen.addEventListener("click", () => this.choose(false), listening);
    this.rubber.addEventListener("click", () => this.choose(true), listening);
    this.tint.addEventListener("input", () => this.take(this.tint.value), listening);
    this.undoing.addEventListener("click", () => this.undo(), listening);
    this.clearing.addEventListener("click", () => this.clear(), listening);
    this.saving.addEventListener("click", () => this.canvas.toBlob((file) => download(file, "drawing.png")), listening);
  }

  close() {
    this.closing.abort();
    const { version, drawing, paper, erasing, size, grey, tint } = this;
    left.set(this.key, { version, drawing, paper, erasing, size: size.value, grey: grey.value, tint: tint.value });
  }

  /**
   * Shows what Python has when the pad is new, and when Python put something else on it.
   * @param {import("./component.js").Update<Data>} update
   */
  update({ data: { key, drawing, version, side, colour }, setStateValue }) {
    this.key = key;
    this.tools.classList.toggle("in-colour", colour);
    this.inColour = colour;
    this.tell = (sent) => setStateValue("sent", sent);
    this.side = side;
    if (this.version === version) return;
    const first = this.version === undefined;
    const before = left.get(this.key);
    this.version = version;
    this.drawing = drawing;
    if (first && before?.version === version && before.drawing === drawing) {
      this.paper = before.paper;
      this.size.value = before.size;
      this.grey.value = before.grey;
      this.tint.value = before.tint;
      this.choose(before.erasing);
    } else {
      this.paper.put(drawing ? coloured(decode(drawing), side) : BLANK);
      if (first) this.paper.history = [];
    }
    this.draw();
    this.refresh();
  }

  draw() {
    const rgba = new Uint32Array(this.image.data.buffer);
    const { pixels } = this.paper;
    for (let i = 0, k = 0; i < rgba.length; i++, k += 3)
      rgba[i] = 0xff000000 | (pixels[k + 2] << 16) | (pixels[k + 1] << 8) | pixels[k];
    contextOf(this.canvas).putImageData(this.image, 0, 0);
  }

  send() {
    const colours = this.paper.reduced(this.side);
    this.drawing = colours.some(Boolean) ? encode(plain(colours)) : "";
    this.tell({ version: this.version, drawing: this.drawing });
    this.draw();
    this.refresh();
  }

  refresh() {
    this.invitation.style.display = this.drawing || this.isDown ? "none" : "";
    this.undoing.disabled = !this.paper.history.length;
    this.clearing.disabled = this.saving.disabled = !this.drawing;
  }

  // --- strokes

  /** @param {Place} place */
  begin(place) {
    this.isDown = true;
    this.paper.begin(place, { width: this.size.valueAsNumber, colour: this.ink() });
    this.draw();
    this.refresh();
  }

  /** @returns {[number, number, number]}  What the pen draws with. */
  ink() {
    if (this.erasing) return [0, 0, 0];
    const grey = (this.grey.valueAsNumber * 255) / 100;
    if (!this.inColour) return [grey, grey, grey];
    const value = Number.parseInt(this.tint.value.slice(1), 16);
    return [value >> 16, (value >> 8) & 255, value & 255];
  }

  end() {
    this.isDown = false;
    this.paper.end();
    this.send();
  }

  /** @param {PointerEvent} event */
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = SIDE / box.width;
    return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
  }

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button !== 0 || this.pointer !== undefined) return; // one finger draws
    if (this.isDown) this.end(); // the keyboard's
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.at = this.place(event);
    this.begin(this.at);
    this.show();
  }

  /** @param {PointerEvent} event */
  move(event) {
    if (this.pointer === undefined) {
      if (this.isDown || event.pointerType === "touch") return;
    } else {
      if (event.pointerId !== this.pointer) return;
      const passed = event.getCoalescedEvents?.() ?? [];
      for (const each of passed.length ? passed : [event]) this.paper.go(this.place(each));
      this.draw();
    }
    this.at = this.place(event);
    this.show();
  }

  /** @param {PointerEvent} event */
  release(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = undefined;
    this.end();
    this.show();
    if (event.pointerType === "touch") this.hide();
  }

  /** @param {KeyboardEvent} event */
  type(event) {
    const way = ARROWS[event.key];
    if (this.pointer !== undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    if (way) {
      const step = (SIDE / GRID) * (event.shiftKey ? 4 : 1);
      /** @param {number} value */
      const within = (value) => Math.min(Math.max(value, 0), SIDE);
      this.at = { x: within(this.at.x + way[0] * step), y: within(this.at.y - way[1] * step) };
      if (this.isDown) this.paper.go(this.at);
      this.draw();
      const [column, row] = [this.at.x, this.at.y].map((value) => Math.round((value / SIDE) * GRID));
      this.words.textContent = `${this.isDown ? "Drawing" : "Pen"} at ${column}, ${row} of ${GRID}`;
    } else if (this.isDown && (event.key === "Escape" || (event.key === " " && !event.repeat))) {
      this.end();
      this.words.textContent = "Pen up, drawing sent";
    } else if (event.key === " ") {
      if (!event.repeat) {
        this.begin(this.at);
        this.words.textContent = "Pen down";
      }
    } else return;
    event.preventDefault();
    event.stopPropagation();
    this.show();
  }

  leave() {
    if (this.isDown && this.pointer === undefined) this.end();
    this.hide();
  }

  // --- the tools

  /** @param {KeyboardEvent} event */
  shortcut(event) {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.undo();
  }

  /** @param {boolean} erasing */
  choose(erasing) {
    this.erasing = erasing;
    this.pen.ariaPressed = String(!erasing);
    this.rubber.ariaPressed = String(erasing);
  }

  /** @param {string} colour  "#rrggbb". */
  take(colour) {
    this.tint.value = colour;
    this.choose(false);
    for (const swatch of this.swatches) swatch.ariaPressed = String(swatch.style.getPropertyValue("--tint") === colour);
  }

  undo() {
    if (!this.paper.history.length || this.isDown) return;
    this.paper.undo();
    this.send();
    this.words.textContent = "The last stroke is undone";
  }

  clear() {
    this.paper.put(BLANK);
    this.send();
    this.words.textContent = "The pad is empty";
  }

  // --- the ring that shows where the pen is, and how wide

  show() {
    const scale = this.canvas.clientWidth / SIDE;
    const wide = this.size.valueAsNumber * scale;
    this.nib.style.width = this.nib.style.height = `${wide}px`;
    this.nib.style.transform = `translate(${this.at.x * scale - wide / 2}px, ${this.at.y * scale - wide / 2}px)`;
    this.nib.style.visibility = "visible";
    this.nib.classList.toggle("down", this.isDown);
  }

  hide() {
    this.nib.style.visibility = "hidden";
  }
}

/**
 * Red, green and blue of each pixel, where there may be one grey value.
 * @param {Uint8Array} values  @param {number} side
 */
function coloured(values, side) {
  return values.length > side * side
    ? values
    : Uint8Array.from({ length: 3 * side * side }, (_, i) => values[Math.floor(i / 3)]);
}

/**
 * One value for each pixel if all are grey: a third to send.
 * @param {Uint8Array<ArrayBuffer>} colours
 */
function plain(colours) {
  const isGrey = colours.every((value, i) => value === colours[i - (i % 3)]);
  return isGrey ? colours.filter((_, i) => i % 3 === 0) : colours;
}

export default component(Pad);
