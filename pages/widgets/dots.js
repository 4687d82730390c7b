// What can be done with the dots of a scatter: select some, bring one class out, come near and see their images.
const FEW = 80; // dots in view, from which on they become images
const LARGE = 9;
const MARGIN = 24; // pixels around the view whose dots count as in it
const GREY = "rgba(128, 128, 128, 1)";
const HINT = "Arrow keys move, plus and minus zoom, 0 shows all, Escape lets go of the selection.";

const arrays = { i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array, i4: Int32Array, f4: Float32Array };
const raw = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const numbers = (values) => (values?.bdata ? new arrays[values.dtype](raw(values.bdata).buffer) : (values ?? []));

class Dots {
  constructor(element, redraw) {
    this.element = element;
    this.redraw = redraw;
    this.emphasis = null; // the name of the class that was clicked in the legend
    this.revision = 0;
    element.tabIndex = 0;
    element.setAttribute("aria-description", HINT);
    element.addEventListener("keydown", (event) => this.key(event));
    element.addEventListener(
      "pointerdown",
      (event) => {
        this.adds = event.shiftKey;
        this.takes = event.altKey;
        if (!event.target.closest?.("[tabindex]:not(.plot)")) element.focus({ preventScroll: true });
      },
      true,
    );
  }

  // Before a figure is drawn: how its traces look with this selection and emphasis.
  prepare(traces, layout, { mask, marked, sprites, image, view }, tell) {
    this.tell = tell;
    const bits = raw(mask);
    this.has = (n) => ((bits[n >> 3] ?? 0) >> (7 - (n & 7))) & 1;
    this.some = bits.some(Boolean);
    const many = bits.reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0) > FEW;
    this.marked = new Set(marked);
    if (this.links !== sprites.links[0]) {
      this.links = sprites.links[0];
      this.sprites = new Sprites(sprites, image, () => this.overlay());
    }
    this.dots = traces.map((trace) => {
      const [x, y, n] = [trace.x, trace.y, trace.customdata].map(numbers);
      return { x, y, n, name: trace.name, colour: trace.marker.color };
    });
    if (!this.dots.some((trace) => trace.name === this.emphasis)) this.emphasis = null;
    traces.forEach((trace, i) => {
      const back = this.emphasis !== null && trace.name !== this.emphasis;
      if (this.some) {
        trace.selectedpoints = [];
        this.dots[i].n.forEach((n, k) => this.has(n) && trace.selectedpoints.push(k));
        if (!many) trace.selected.marker.size = LARGE; // a few would be lost among thousands
        if (this.emphasis !== null) trace.unselected.marker.opacity = back ? 0.06 : 0.35;
      }
      if (back) {
        trace.marker = { ...trace.marker, color: GREY, opacity: 0.13 };
        trace.unselected.marker.color = GREY;
        trace.selected.marker.color = GREY;
        trace.selected.marker.opacity = 0.4;
      }
    });
    layout.uirevision = view; // another plane begins whole
    layout.selectionrevision = ++this.revision; // what is selected comes from the server
  }

  // After it was drawn: once, what listens to it; each time, what lies above it.
  drawn() {
    const element = this.element;
    if (!this.canvas?.isConnected) {
      this.canvas = document.createElement("canvas");
      this.canvas.className = "dots-above";
      this.canvas.style = "position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none";
      this.canvas.setAttribute("aria-hidden", "true"); // the table says the same in words
      element.querySelectorAll(".main-svg")[1].before(this.canvas);
      // Plotly says what is selected at each redraw: only the end of a drag is someone's wish.
      element.on("plotly_selecting", () => (this.dragged = true));
      element.on("plotly_selected", (event) => {
        if (this.dragged && event) this.choose(event.points);
        this.dragged = false;
      });
      // A double click lets go, and is then called a click as well.
      element.on("plotly_deselect", () => {
        this.letGo = performance.now();
        this.tell([]);
      });
      element.on("plotly_click", (event) => performance.now() - (this.letGo ?? 0) > 50 && this.choose(event.points));
      element.on("plotly_legendclick", (event) => this.bring(this.dots[event.curveNumber].name));
      element.on("plotly_legenddoubleclick", () => false);
      element.on("plotly_relayouting", () => this.clear());
      element.on("plotly_afterplot", () => this.overlay());
      element.on("plotly_relayout", () => this.overlay());
    }
    this.overlay();
  }

  // Points of a lasso, a box or a click: instead of what was selected, or with Shift beside it, with Alt out of it.
  choose(points) {
    const chosen = points.map((point) => point.customdata);
    const before = this.adds || this.takes ? this.dots.flatMap(({ n }) => Array.from(n).filter((k) => this.has(k))) : [];
    const out = this.takes ? new Set(chosen) : new Set();
    this.tell([...before.filter((n) => !out.has(n)), ...(this.takes ? [] : chosen)]);
  }

  // A class before all others, or no longer; false keeps Plotly from hiding it.
  bring(name) {
    this.emphasis = this.emphasis === name ? null : name;
    this.redraw();
    return false;
  }

  key(event) {
    const { xaxis, yaxis } = this.element._fullLayout;
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    const zoom = { "+": 0.7, "=": 0.7, "-": 1 / 0.7 }[event.key];
    if (event.target !== this.element || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape") {
      if (this.some) this.tell([]);
      else if (this.emphasis !== null) this.bring(this.emphasis);
    } else if (way || zoom) {
      const moved = ([low, high], steps) => {
        const [middle, half] = [(low + high) / 2, ((high - low) / 2) * (zoom ?? 1)];
        const shift = (way ? steps : 0) * 0.15 * (high - low);
        return [middle - half + shift, middle + half + shift];
      };
      const [across, up] = [moved(xaxis.range, way?.[0]), moved(yaxis.range, way?.[1])];
      window.Plotly.relayout(this.element, { "xaxis.range": across, "yaxis.range": up });
    } else if (event.key === "0") {
      window.Plotly.relayout(this.element, { "xaxis.autorange": true, "yaxis.autorange": true });
    } else return;
    event.preventDefault();
  }

  // The legend by keyboard and by name, which Plotly leaves to the mouse.
  legend() {
    for (const toggle of this.element.querySelectorAll(".legend .legendtoggle")) {
      const name = toggle.parentElement.querySelector(".legendtext")?.textContent;
      toggle.setAttribute("tabindex", "0");
      toggle.setAttribute("role", "button");
      toggle.setAttribute("aria-label", `${name}: grey the others out`);
      toggle.setAttribute("aria-pressed", String(this.emphasis === name));
      toggle.onkeydown = (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        this.refocus = name;
        this.bring(name);
      };
      if (this.refocus === name) {
        this.refocus = null;
        toggle.focus();
      }
    }
  }

  clear() {
    this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  // Dots in view as [number, x, y, colour, dimmed], in pixels of the element.
  inView() {
    const { xaxis, yaxis } = this.element._fullLayout;
    const [left, top, width, height] = [xaxis._offset, yaxis._offset, xaxis._length, yaxis._length];
    const found = [];
    for (const { x, y, n, name, colour } of this.dots) {
      const back = this.emphasis !== null && name !== this.emphasis;
      for (let k = 0; k < n.length; k++) {
        const [across, down] = [left + xaxis.l2p(x[k]), top + yaxis.l2p(y[k])];
        if (across < left - MARGIN || across > left + width + MARGIN) continue;
        if (down < top - MARGIN || down > top + height + MARGIN) continue;
        found.push({ n: n[k], x: across, y: down, colour, dimmed: this.some ? !this.has(n[k]) : back });
      }
    }
    return { found, box: [left, top, width, height] };
  }

  overlay() {
    const element = this.element;
    if (!this.canvas?.isConnected || !element._fullLayout?.xaxis) return;
    this.legend();
    const ratio = devicePixelRatio || 1;
    this.canvas.width = Math.round(element.clientWidth * ratio);
    this.canvas.height = Math.round(element.clientHeight * ratio);
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    const { found, box } = this.inView();
    context.beginPath();
    context.rect(...box);
    context.clip();
    element.dataset.images = found.length < FEW ? found.length : 0;
    if (found.length < FEW) this.images(context, found, box);
    const ink = getComputedStyle(element).getPropertyValue("--st-text-color");
    for (const dot of found) if (this.marked.has(dot.n)) this.ring(context, dot, ink, found.length < FEW);
  }

  images(context, found, [, , width, height]) {
    const { w, h } = this.sprites;
    const room = Math.sqrt((width * height) / Math.max(found.length, 1)) * 0.4;
    const side = Math.max(28, Math.min(room, 2 * Math.max(w, h), 64));
    this.side = side;
    // Those that stand back first.
    for (const { n, x, y, colour, dimmed } of found.sort((a, b) => b.dimmed - a.dimmed || a.n - b.n)) {
      context.globalAlpha = dimmed ? 0.3 : 1;
      context.fillStyle = colour;
      context.fillRect(x - side / 2 - 2, y - side / 2 - 2, side + 4, side + 4);
      if (!this.sprites.draw(context, n, x - side / 2, y - side / 2, side, side)) {
        context.fillStyle = "#000"; // the ground of what is on its way
        context.fillRect(x - side / 2, y - side / 2, side, side);
      }
    }
    context.globalAlpha = 1;
  }

  ring(context, { x, y }, ink, framed) {
    context.strokeStyle = ink;
    context.lineWidth = 2.5;
    context.beginPath();
    if (framed) context.rect(x - this.side / 2 - 5, y - this.side / 2 - 5, this.side + 10, this.side + 10);
    else context.arc(x, y, 9, 0, 2 * Math.PI);
    context.stroke();
  }
}
