// A drawing pad. Strokes stay in the browser; the drawing is sent when a stroke has ended.
// The module is shared by all pads of a page and called again at each rerun, so state hangs on the element.
const pads = new WeakMap();
// What a pad was when its page was left, by key: finer than the drawing that Python keeps, and with its history.
const left = new Map();

const SIDE = 448; // pixels of the paper, as in pad.html
const GRID = 28; // of the models' images: the keyboard moves by one of their pixels
const HISTORY = 30; // strokes that can be taken back

export default function ({ key, data, parentElement, setStateValue }) {
  let pad = pads.get(parentElement);
  if (!pad) {
    pad = new Pad(parentElement, key);
    pads.set(parentElement, pad);
  }
  pad.tell = (sent) => setStateValue("sent", sent);
  pad.take(data);
  return () => {
    pad.close();
    pads.delete(parentElement);
  };
}

class Pad {
  constructor(root, key) {
    this.key = key;
    const find = (name) => root.querySelector("." + name);
    this.paper = find("paper");
    this.nib = find("nib");
    this.invitation = find("invitation");
    this.words = find("words");
    const names = ["pen", "rubber", "undo", "clear", "save"];
    this.buttons = Object.fromEntries(names.map((name) => [name, find(name)]));
    this.size = find("size");
    this.grey = find("grey");
    this.context = this.paper.getContext("2d", { willReadFrequently: true });
    this.context.lineCap = this.context.lineJoin = "round";
    this.erasing = false;
    this.history = [];
    this.at = { x: SIDE / 2, y: SIDE / 2 }; // where the keyboard holds the pen
    this.wipe();

    this.closing = new AbortController();
    const on = (element, name, handle) =>
      element.addEventListener(name, handle.bind(this), { signal: this.closing.signal });
    on(this.paper, "pointerdown", this.press);
    on(this.paper, "pointermove", this.move);
    on(this.paper, "pointerup", this.release);
    on(this.paper, "pointercancel", this.release);
    on(this.paper, "pointerleave", () => this.pointer === undefined && this.hide());
    on(this.paper, "contextmenu", (event) => event.preventDefault());
    on(this.paper, "keydown", this.type);
    on(this.paper, "blur", this.leave);
    on(root.querySelector(".pad"), "keydown", this.shortcut);
    on(this.buttons.pen, "click", () => this.choose(false));
    on(this.buttons.rubber, "click", () => this.choose(true));
    on(this.buttons.undo, "click", this.undo);
    on(this.buttons.clear, "click", this.clear);
    on(this.buttons.save, "click", this.save);
  }

  close() {
    this.closing.abort();
    left.set(this.key, {
      version: this.version,
      drawing: this.drawing,
      picture: this.picture(),
      history: this.history,
      erasing: this.erasing,
      size: this.size.value,
      grey: this.grey.value,
    });
  }

  // What Python has: shown when the pad is new, and when Python put something else on it.
  take({ drawing, version, side }) {
    this.side = side;
    if (this.version === version) return;
    const first = this.version === undefined;
    this.version = version;
    const before = left.get(this.key);
    if (first && before?.version === version && before.drawing === drawing) {
      this.history = before.history;
      this.size.value = before.size;
      this.grey.value = before.grey;
      this.choose(before.erasing);
      this.draw(before.picture, SIDE);
    } else {
      if (!first) this.remember();
      this.wipe();
      if (drawing) this.draw(Uint8Array.from(atob(drawing), (c) => c.charCodeAt(0)), side);
    }
    this.drawing = drawing;
    this.refresh();
  }

  // --- the paper

  wipe() {
    this.context.fillStyle = "#000";
    this.context.fillRect(0, 0, SIDE, SIDE);
  }

  draw(grey, side) {
    const image = new ImageData(side, side);
    for (let i = 0; i < grey.length; i++) {
      image.data[4 * i] = image.data[4 * i + 1] = image.data[4 * i + 2] = grey[i];
      image.data[4 * i + 3] = 255;
    }
    const sheet = new OffscreenCanvas(side, side);
    sheet.getContext("2d").putImageData(image, 0, 0);
    this.context.imageSmoothingEnabled = false; // a test image stays what it is, pixel for pixel
    this.context.drawImage(sheet, 0, 0, SIDE, SIDE);
  }

  picture() {
    const rgba = this.context.getImageData(0, 0, SIDE, SIDE).data;
    const grey = new Uint8Array(SIDE * SIDE);
    for (let i = 0; i < grey.length; i++) grey[i] = rgba[4 * i];
    return grey;
  }

  // Each pixel of the drawing is the mean of those of the paper that it covers.
  reduced() {
    const paper = this.picture();
    const factor = SIDE / this.side;
    const sums = new Uint32Array(this.side * this.side);
    for (let y = 0; y < SIDE; y++) {
      const row = Math.floor(y / factor) * this.side;
      for (let x = 0; x < SIDE; x++) sums[row + Math.floor(x / factor)] += paper[y * SIDE + x];
    }
    return Uint8Array.from(sums, (sum) => Math.round(sum / factor ** 2));
  }

  remember() {
    this.history.push(this.picture());
    if (this.history.length > HISTORY) this.history.shift();
  }

  send() {
    const grey = this.reduced();
    this.drawing = grey.some(Boolean) ? btoa(String.fromCharCode(...grey)) : "";
    this.tell({ version: this.version, drawing: this.drawing });
    this.refresh();
  }

  refresh() {
    this.invitation.hidden = Boolean(this.drawing) || this.stroke !== undefined;
    this.invitation.style.display = this.invitation.hidden ? "none" : "";
    this.buttons.undo.disabled = !this.history.length;
    this.buttons.clear.disabled = this.buttons.save.disabled = !this.drawing;
  }

  // --- strokes, through the middles between the places where the pointer was seen, so that they are round

  begin(place) {
    this.remember();
    this.stroke = { last: place, middle: place };
    const ink = this.erasing ? "#000" : `rgb(${Array(3).fill((this.grey.value * 255) / 100)})`;
    this.context.strokeStyle = this.context.fillStyle = ink;
    this.context.lineWidth = this.size.value;
    this.context.beginPath();
    this.context.arc(place.x, place.y, this.size.value / 2, 0, 2 * Math.PI); // a tap is a dot
    this.context.fill();
    this.refresh();
  }

  go(place) {
    const { last, middle } = this.stroke;
    const next = { x: (last.x + place.x) / 2, y: (last.y + place.y) / 2 };
    this.line(middle, last, next);
    this.stroke = { last: place, middle: next };
  }

  end() {
    this.line(this.stroke.middle, this.stroke.last, this.stroke.last);
    this.stroke = undefined;
    this.send();
  }

  line(from, by, to) {
    this.context.beginPath();
    this.context.moveTo(from.x, from.y);
    this.context.quadraticCurveTo(by.x, by.y, to.x, to.y);
    this.context.stroke();
  }

  // --- the pointer

  place(event) {
    const box = this.paper.getBoundingClientRect();
    const scale = SIDE / box.width;
    return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale };
  }

  press(event) {
    if (event.button !== 0 || this.pointer !== undefined) return; // one finger draws
    if (this.stroke) this.end(); // the keyboard's
    this.pointer = event.pointerId;
    this.paper.setPointerCapture(event.pointerId);
    this.at = this.place(event);
    this.begin(this.at);
    this.show();
  }

  move(event) {
    if (this.pointer === undefined) {
      if (this.stroke || event.pointerType === "touch") return;
      this.at = this.place(event);
      this.show();
    } else if (event.pointerId === this.pointer) {
      const passed = event.getCoalescedEvents?.() ?? [];
      for (const each of passed.length ? passed : [event]) this.go(this.place(each));
      this.at = this.stroke.last;
      this.show();
    }
  }

  release(event) {
    if (event.pointerId !== this.pointer) return;
    this.pointer = undefined;
    this.end();
    if (event.pointerType === "touch") this.hide();
  }

  // --- the keyboard

  type(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (this.pointer !== undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    if (way) {
      const step = (SIDE / GRID) * (event.shiftKey ? 4 : 1);
      const within = (value) => Math.min(Math.max(value, 0), SIDE);
      this.at = { x: within(this.at.x + way[0] * step), y: within(this.at.y + way[1] * step) };
      if (this.stroke) this.go(this.at);
      const [column, row] = [this.at.x, this.at.y].map((value) => Math.round((value / SIDE) * GRID));
      this.words.textContent = `${this.stroke ? "Drawing" : "Pen"} at ${column}, ${row} of ${GRID}`;
    } else if (event.key === " ") {
      if (event.repeat) return event.preventDefault();
      if (this.stroke) this.end();
      else this.begin(this.at);
      this.words.textContent = this.stroke ? "Pen down" : "Pen up, drawing sent";
    } else if (event.key === "Escape" && this.stroke) {
      this.end();
      this.words.textContent = "Pen up, drawing sent";
    } else return;
    event.preventDefault();
    event.stopPropagation();
    this.show();
  }

  leave() {
    if (this.stroke && this.pointer === undefined) this.end();
    this.hide();
  }

  shortcut(event) {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.undo();
  }

  // --- the tools

  choose(erasing) {
    this.erasing = erasing;
    this.buttons.pen.setAttribute("aria-pressed", !erasing);
    this.buttons.rubber.setAttribute("aria-pressed", erasing);
  }

  undo() {
    if (!this.history.length || this.stroke) return;
    this.draw(this.history.pop(), SIDE);
    this.send();
    this.words.textContent = "The last stroke is taken back";
  }

  clear() {
    this.remember();
    this.wipe();
    this.send();
    this.words.textContent = "The pad is empty";
  }

  save() {
    this.paper.toBlob((file) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(file);
      link.download = "drawing.png";
      link.click();
      URL.revokeObjectURL(link.href);
    });
  }

  // --- the ring that shows where the pen is, and how wide

  show() {
    const scale = this.paper.clientWidth / SIDE;
    const wide = this.size.value * scale;
    this.nib.style.width = this.nib.style.height = `${wide}px`;
    this.nib.style.transform = `translate(${this.at.x * scale - wide / 2}px, ${this.at.y * scale - wide / 2}px)`;
    this.nib.style.visibility = "visible";
    this.nib.classList.toggle("down", this.stroke !== undefined);
  }

  hide() {
    this.nib.style.visibility = "hidden";
  }
}
