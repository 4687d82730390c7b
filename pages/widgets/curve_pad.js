// A pad to draw a signal on, or a row of a table: the pointer sets a value wherever it passes.
import { decode, encode } from "./base64.js";
import { component } from "./component.js";
import { Curve } from "./curve.js";
import { ARROWS, contextOf, download, find, make } from "./elements.js";
import { COLOURS } from "./picture.js";

/**
 * @typedef {object} Data
 * @property {string} key  Of the data set that it is for.
 * @property {string} drawing  Numbers from 0 to 1 in base64, step after step; "" while nothing is drawn.
 * @property {number} version  Changes when Python puts something else on the pad.
 * @property {string} rest  What the pad shows while nothing is drawn, likewise.
 * @property {import("./picture.js").Form} form
 * @property {string[]} names  Of channels, or of a table's columns.
 * @property {number[]} low  What 0 stands for, of each of them.
 * @property {number[]} high  What 1 stands for.
 * @property {string} file  Name of the file that it is saved as.
 */

const ROOM = 6; // pixels above 1 and below 0
const STEP = 0.02; // by which a key changes a value

/** What a pad was when its page was left, by key. @type {Map<string, Pick<CurvePad, "version" | "curve" | "drawing">>} */
const left = new Map();

/** @param {string} text */
const numbers = (text) => new Float32Array(decode(text).buffer);

/** A number of three digits, with a real minus. @param {number} value */
const short = (value) => Number(value.toPrecision(3)).toString().replace("-", "−");

class CurvePad {
  curve = new Curve(new Float32Array(1), 1);
  drawing = "";
  channel = 0;
  at = 0; // the place of the keyboard
  /** @type {number | undefined} */
  pointer;
  /** @type {number | undefined} */
  version;
  /** @type {Data | undefined} */
  data;
  isChanged = false; // by keys, and not sent yet
  closing = new AbortController();
  /** @type {(sent: { version: number | undefined, drawing: string }) => void} */
  tell = () => {};

  /** @param {HTMLElement} root */
  constructor(root) {
    this.canvas = find(root, "paper", HTMLCanvasElement);
    this.words = find(root, "words");
    this.invitation = find(root, "invitation");
    this.top = find(root, "top");
    this.bottom = find(root, "bottom");
    this.channels = find(root, "channels");
    /** @param {string} name */
    const button = (name) => find(root, name, HTMLButtonElement);
    this.undoing = button("undo");
    this.clearing = button("clear");
    this.saving = button("save");

    const listening = { signal: this.closing.signal };
    this.canvas.addEventListener("pointerdown", (event) => this.press(event), listening);
    this.canvas.addEventListener("pointermove", (event) => this.move(event), listening);
    this.canvas.addEventListener("pointerup", (event) => this.release(event), listening);
    this.canvas.addEventListener("pointercancel", (event) => this.release(event), listening);
    this.canvas.addEventListener("contextmenu", (event) => event.preventDefault(), listening);
    this.canvas.addEventListener("keydown", (event) => this.type(event), listening);
    this.canvas.addEventListener("keyup", () => this.flush(), listening);
    this.canvas.addEventListener("focus", () => this.draw(), listening);
    this.canvas.addEventListener("blur", () => this.leave(), listening);
    find(root, "curve-pad").addEventListener("keydown", (event) => this.shortcut(event), listening);
    this.undoing.addEventListener("click", () => this.undo(), listening);
    this.clearing.addEventListener("click", () => this.clear(), listening);
    this.saving.addEventListener("click", () => this.save(), listening);
    this.resizing = new ResizeObserver(() => this.draw());
    this.resizing.observe(this.canvas);
  }

  close() {
    this.closing.abort();
    this.resizing.disconnect();
    const { version, curve, drawing } = this;
    if (this.data) left.set(this.data.key, { version, curve, drawing });
  }

  /**
   * Shows what Python has when the pad is new, and when Python put something else on it.
   * @param {import("./component.js").Update<Data>} update
   */
  update({ data, setStateValue }) {
    this.tell = (sent) => setStateValue("sent", sent);
    const { key, drawing, version, rest, form } = data;
    const isOther = this.data?.key !== key;
    if (isOther) this.label(data);
    this.data = data;
    if (!isOther && this.version === version) return;
    const before = left.get(key);
    if (isOther && before?.version === version && before.drawing === drawing) this.curve = before.curve;
    else if (isOther) {
      this.curve = new Curve(numbers(rest), form.medium === "signal" ? form.shape[1] : 1);
      if (drawing) this.curve.begin(numbers(drawing));
      this.curve.history = [];
    } else this.curve.put(drawing ? numbers(drawing) : null);
    this.version = version;
    this.drawing = drawing;
    this.refresh();
  }

  /** @param {Data} data */
  label({ form, names }) {
    this.channel = this.at = 0;
    const isSeveral = form.medium === "signal" && names.length > 1;
    const buttons = names.slice(0, isSeveral ? names.length : 0).map((name, i) => {
      const button = make("button", "", name);
      button.type = "button";
      button.ariaPressed = String(i === 0);
      button.style.setProperty("--tint", COLOURS[i % COLOURS.length]);
      button.addEventListener("click", () => {
        this.channel = i;
        for (const [k, each] of buttons.entries()) each.ariaPressed = String(k === i);
        this.refresh();
      });
      return button;
    });
    this.channels.replaceChildren(...buttons);
  }

  get isTable() {
    return this.data?.form.medium === "table";
  }

  /** What 0 and 1 stand for, and the name, at a step. @param {number} step */
  scale(step) {
    const i = this.isTable ? step : this.channel;
    const { low, high, names } = /** @type {Data} */ (this.data);
    return { low: low[i], high: high[i], name: names[i] };
  }

  /** What stands at a step, in words. @param {number} step */
  say(step) {
    const { low, high, name } = this.scale(step);
    const value = short(low + this.curve.at(step, this.channel) * (high - low));
    this.words.textContent = this.isTable ? `${name}: ${value}` : `Step ${step + 1}: ${value} ${name}`;
  }

  refresh() {
    const { isDrawn } = this.curve;
    this.invitation.style.display = isDrawn ? "none" : "";
    this.undoing.disabled = !this.curve.history.length;
    this.clearing.disabled = this.saving.disabled = !isDrawn;
    const { low, high, name } = this.scale(0);
    this.top.textContent = this.isTable ? "" : `${short(high)} ${name}`;
    this.bottom.textContent = this.isTable ? "" : short(low);
    this.draw();
  }

  draw() {
    if (!this.data) return;
    const { canvas, curve } = this;
    const ratio = devicePixelRatio;
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(canvas.clientHeight * ratio);
    const context = contextOf(canvas);
    context.scale(ratio, ratio);
    context.globalAlpha = curve.isDrawn ? 1 : 0.45;
    for (let i = 0; i < curve.channels; i++) {
      const channel = (this.channel + 1 + i) % curve.channels; // the one that is drawn lies on top
      context.strokeStyle = context.fillStyle = curve.channels > 1 ? COLOURS[channel % COLOURS.length] : "#fff";
      context.lineWidth = channel === this.channel ? 2 : 1;
      context.beginPath();
      for (let t = 0; t < curve.steps; t++) {
        const y = this.down(curve.at(t, channel));
        if (this.isTable)
          context.fillRect(this.across(t - 0.42), y, this.across(0.42) - this.across(-0.42), this.down(0) - y + 1);
        else context.lineTo(this.across(t), y);
      }
      context.stroke();
    }
    context.globalAlpha = 1;
    if (document.activeElement && this.canvas.matches(":focus-visible")) {
      context.strokeStyle = "#ffa90e";
      context.strokeRect(this.across(this.at) - 4, this.down(curve.at(this.at, this.channel)) - 4, 8, 8);
    }
  }

  /** @param {number} step */
  across(step) {
    const { clientWidth: width } = this.canvas;
    const { steps } = this.curve;
    return this.isTable ? ((step + 0.5) / steps) * width : ROOM + (step / Math.max(steps - 1, 1)) * (width - 2 * ROOM);
  }

  /** @param {number} value */
  down(value) {
    return ROOM + (1 - value) * (this.canvas.clientHeight - 2 * ROOM);
  }

  /** @param {PointerEvent} event  @returns {[step: number, value: number]} */
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const { steps } = this.curve;
    const x = event.clientX - box.left;
    const step = this.isTable
      ? Math.floor((x / box.width) * steps)
      : Math.round(((x - ROOM) / (box.width - 2 * ROOM)) * (steps - 1));
    const value = 1 - (event.clientY - box.top - ROOM) / (box.height - 2 * ROOM);
    return [Math.min(Math.max(step, 0), steps - 1), Math.min(Math.max(value, 0), 1)];
  }

  send() {
    this.isChanged = false;
    const { values } = this.curve;
    this.drawing = this.curve.isDrawn
      ? encode(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
      : "";
    this.tell({ version: this.version, drawing: this.drawing });
    this.refresh();
  }

  // --- strokes

  /** @param {PointerEvent} event */
  press(event) {
    if (event.button !== 0 || this.pointer !== undefined) return; // one finger draws
    this.flush();
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    const [step, value] = this.place(event);
    this.curve.begin();
    this.curve.go(step, value, this.channel);
    this.at = step;
    this.say(step);
    this.refresh();
  }

  /** @param {PointerEvent} event */
  move(event) {
    const [step] = this.place(event);
    if (this.pointer === undefined) {
      if (event.pointerType !== "touch") this.say(step);
      return;
    }
    if (event.pointerId !== this.pointer) return;
    const passed = event.getCoalescedEvents?.() ?? [];
    for (const each of passed.length ? passed : [event]) this.curve.go(...this.place(each), this.channel);
    this.at = step;
    this.say(step);
    this.draw();
  }

  /** @param {PointerEvent} event */
  release(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = undefined;
    this.send();
  }

  /** @param {KeyboardEvent} event */
  type(event) {
    const way = ARROWS[event.key];
    if (!way || this.pointer !== undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const times = event.shiftKey ? 5 : 1;
    const { curve, channel } = this;
    this.at = Math.min(Math.max(this.at + way[0] * times, 0), curve.steps - 1);
    if (way[1]) {
      if (!this.isChanged) curve.begin();
      this.isChanged = true;
      curve.go(this.at, Math.min(Math.max(curve.at(this.at, channel) + way[1] * STEP * times, 0), 1), channel);
    }
    this.say(this.at);
    this.refresh();
  }

  /** Sends what keys have changed. */
  flush() {
    if (this.isChanged) this.send();
  }

  leave() {
    this.flush();
    this.draw();
  }

  // --- the tools

  /** @param {KeyboardEvent} event */
  shortcut(event) {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.undo();
  }

  undo() {
    if (!this.curve.history.length || this.pointer !== undefined) return;
    this.curve.undo();
    this.send();
    this.words.textContent = "The last change is undone";
  }

  clear() {
    this.curve.put(null);
    this.send();
    this.words.textContent = "The pad is empty";
  }

  /** A row of values, or a column for each channel, on the scale of the data set. */
  save() {
    const { curve } = this;
    const { names, low, high, file } = /** @type {Data} */ (this.data);
    /** @param {number} value @param {number} i */
    const given = (value, i) => (low[i] + value * (high[i] - low[i])).toPrecision(7);
    /** @param {string} name */
    const quoted = (name) => `"${name.replaceAll('"', '""')}"`;
    const rows = this.isTable
      ? [names.map(quoted).join(), Array.from(curve.values, given).join()]
      : [
          ...(curve.channels > 1 ? [names.map(quoted).join()] : []),
          ...Array.from({ length: curve.steps }, (_, t) =>
            Array.from({ length: curve.channels }, (_, c) => given(curve.at(t, c), c)).join(),
          ),
        ];
    download(new Blob([`${rows.join("\n")}\n`], { type: "text/csv" }), file);
  }
}

export default component(CurvePad);
