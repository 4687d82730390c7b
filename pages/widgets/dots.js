// What can be done with the dots of a scatter: select some, bring one class out, come near and see their images.
import * as base64 from "./base64.js";
import { ARROWS, contextOf, make, themed } from "./elements.js";
import * as plotly from "./plotly.js";
import { Sprites } from "./sprites.js";

/**
 * @typedef {object} Selection
 * @property {string} mask  A bit for each test image, in base64: whether it is selected.
 * @property {number[]} marked  Numbers of those with a ring around them.
 * @property {import("./sprites.js").Sheets} sprites
 * @property {[height: number, width: number]} image  Height and width.
 * @property {string} view  What the axes are.
 *
 * @typedef {{ x: ArrayLike<number>, y: ArrayLike<number>, n: ArrayLike<number>, name: string, colour: string }} Trace
 * Dots of one class; `n` are numbers of test images.
 * @typedef {{ n: number, x: number, y: number, colour: string, dimmed: boolean }} Dot  In pixels of the element.
 */

const FEW = 80; // dots in view, from which on they become images
const LARGE = 9;
const NARROW = 520; // pixels
const MARGIN = 24; // pixels around the view whose dots count as in it
const GREY = "rgba(128, 128, 128, 1)";
const HINT = "Arrow keys move, plus and minus zoom, 0 shows all, Escape clears the selection.";
/** @type {Record<string, number>} */
const ZOOMS = { "+": 0.7, "=": 0.7, "-": 1 / 0.7 };

const ARRAYS = { i1: Int8Array, u1: Uint8Array, i2: Int16Array, u2: Uint16Array, i4: Int32Array, f4: Float32Array };

/**
 * Numbers of a figure: Plotly's JSON holds most of them as bytes.
 * @param {number[] | { bdata: string, dtype: keyof typeof ARRAYS } | undefined} values
 * @returns {ArrayLike<number>}
 */
function numbers(values) {
  if (!values || Array.isArray(values)) return values ?? [];
  return new ARRAYS[values.dtype](base64.decode(values.bdata).buffer);
}

/**
 * What Plotly shows of a name whose &, < and > were escaped for it.
 * @param {string} name
 */
const letters = (name) => name.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

export class Dots {
  /** @type {Trace[]} */
  traces = [];
  /** @type {string | null} */
  emphasis = null; // the name of the class that was clicked in the legend
  /** @type {string | null} */
  refocus = null; // the name of the class whose button in the legend is to have the focus
  revision = 0;
  selected = new Uint8Array(); // a bit for each test image
  some = false; // whether any is selected
  /** @type {Map<string, { name: string, counted: string }>} */
  named = new Map(); // the classes, and how many of each are selected, by what the legend shows
  /** @type {Set<number>} */
  marked = new Set();
  adds = false; // whether what is chosen now comes to what is selected, or goes from it
  takes = false;
  dragged = false;
  letGo = -Infinity; // when a double click did
  side = 0; // of a dot's image, in pixels
  canvas = make("canvas", "dots-above");
  /** @type {(numbers: number[]) => void} */
  tell = () => {};

  /**
   * @param {import("./plotly.js").Figure} element
   * @param {AbortSignal} signal  When it ends.
   * @param {() => void} redraw
   */
  constructor(element, signal, redraw) {
    this.element = element;
    this.redraw = redraw;
    this.canvas.ariaHidden = "true"; // the table says the same in words
    this.canvas.style.cssText = "position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none";
    element.tabIndex = 0;
    element.setAttribute("aria-description", HINT);
    element.addEventListener("keydown", (event) => this.key(event), { signal });
    // A finger that scrolls presses no mouse: only one that taps does.
    element.addEventListener("mousedown", (event) => this.press(event), { signal, capture: true });
  }

  /** @param {MouseEvent} event */
  press(event) {
    this.adds = event.shiftKey;
    this.takes = event.altKey;
    // Plotly keeps the browser from doing so; what is within it and takes the focus itself keeps it.
    const taker = /** @type {Element} */ (event.target).closest?.("[tabindex]");
    if (taker === this.element) this.element.focus({ preventScroll: true });
  }

  /** @param {number} n */
  has(n) {
    return Boolean(((this.selected[n >> 3] ?? 0) >> (7 - (n & 7))) & 1);
  }

  /**
   * Before a figure is drawn: how its traces look with this selection and emphasis.
   * @param {any[]} traces  @param {any} layout  @param {Selection} selection
   * @param {(numbers: number[]) => void} tell  What someone selects.
   */
  prepare(traces, layout, { mask, marked, sprites, image, view }, tell) {
    this.tell = tell;
    this.selected = base64.decode(mask);
    this.some = this.selected.some(Boolean);
    this.marked = new Set(marked);
    if (this.sprites?.sheets.links[0] !== sprites.links[0])
      this.sprites = new Sprites(sprites, image, () => this.overlay());
    this.traces = traces.map(({ x, y, customdata, name, marker }) => {
      return { x: numbers(x), y: numbers(y), n: numbers(customdata), name, colour: marker.color };
    });
    if (!this.traces.some((trace) => trace.name === this.emphasis)) this.emphasis = null;
    const narrow = this.element.clientWidth < NARROW; // where counts would take the map's room
    if (narrow) delete layout.legend?.entrywidth;
    this.countIn(traces, this.some && !narrow);
    const chosen = this.traces.map(({ n }) => [...Array(n.length).keys()].filter((k) => this.has(n[k])));
    const few = chosen.flat().length <= FEW;
    traces.forEach((trace, i) => {
      const back = this.back(this.traces[i].name);
      if (this.some) {
        trace.selectedpoints = chosen[i];
        if (few) trace.selected.marker.size = LARGE; // a few would be lost among thousands
        if (this.emphasis !== null) trace.unselected.marker.opacity = back ? 0.06 : 0.35;
      }
      if (back) {
        trace.marker = { ...trace.marker, color: GREY, opacity: 0.13, line: { ...trace.marker.line, color: GREY } };
        delete trace.hovertemplate; // which Plotly heeds first
        trace.hoverinfo = "skip"; // nor can it be clicked
        trace.unselected.marker.color = GREY;
        trace.selected.marker.color = GREY;
        trace.selected.marker.opacity = trace.unselected.marker.opacity; // nothing grey looks chosen
      }
    });
    layout.uirevision = view; // another plane begins whole
    layout.selectionrevision = ++this.revision; // what is selected comes from the server
  }

  /**
   * Says in the legend how many of each class are selected.
   * @param {any[]} traces  @param {boolean} wanted
   */
  countIn(traces, wanted) {
    this.named.clear();
    /** @type {Map<string, [selected: number, all: number]>} */
    const counts = new Map(); // a class may come in several traces
    for (const { name, n } of this.traces) {
      const [some, all] = counts.get(name) ?? [0, 0];
      const chosen = Array.from(n).filter((number) => this.has(number)).length;
      counts.set(name, [some + chosen, all + n.length]);
    }
    for (const trace of traces) {
      const { name } = trace;
      const [some, all] = counts.get(name) ?? [0, 0];
      const counted = wanted ? `: ${some.toLocaleString("en")} / ${all.toLocaleString("en")}` : "";
      trace.name = name + counted;
      this.named.set(letters(trace.name), { name, counted });
    }
  }

  /** After it was drawn: once, what listens to it; each time, what lies above it. */
  drawn() {
    const element = this.element;
    if (!this.canvas.isConnected) {
      element.querySelectorAll(".main-svg")[1].before(this.canvas);
      // Plotly says what is selected at each redraw: only the end of a drag is someone's wish.
      element.on("plotly_selecting", () => {
        this.dragged = true;
      });
      element.on("plotly_selected", (event) => {
        if (this.dragged && event) this.choose(event.points);
        this.dragged = false;
      });
      // A double click lets go, and is then called a click as well.
      element.on("plotly_deselect", () => {
        this.letGo = performance.now();
        this.tell([]);
      });
      element.on("plotly_click", (event) => performance.now() - this.letGo > 50 && this.choose(event.points));
      element.on("plotly_legendclick", (event) => this.bring(this.traces[event.curveNumber].name));
      element.on("plotly_legenddoubleclick", () => false);
      element.on("plotly_relayouting", () => this.clear());
      element.on("plotly_afterplot", () => this.overlay());
      element.on("plotly_relayout", () => this.overlay());
    }
    this.overlay();
  }

  /**
   * Points of a lasso, a box or a click, but for greyed ones: instead of what was selected, or with Shift beside it, with Alt out of it.
   * @param {{ customdata: number, curveNumber: number }[]} points
   */
  choose(points) {
    const seen = points.filter(({ curveNumber }) => !this.back(this.traces[curveNumber].name));
    const chosen = seen.map((point) => point.customdata);
    if (!this.adds && !this.takes) return this.tell(chosen);
    const before = [...Array(8 * this.selected.length).keys()].filter((n) => this.has(n)); // drawn or not
    const out = new Set(chosen);
    this.tell([...before.filter((n) => !this.takes || !out.has(n)), ...(this.takes ? [] : chosen)]);
  }

  /**
   * Whether a class is grey, since another one is brought out.
   * @param {string} name
   */
  back(name) {
    return this.emphasis !== null && name !== this.emphasis;
  }

  /**
   * A class before all others, or no longer; false keeps Plotly from hiding it.
   * @param {string} name
   */
  bring(name) {
    this.emphasis = this.emphasis === name ? null : name;
    this.redraw();
    return false;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.target !== this.element || event.ctrlKey || event.metaKey) return;
    const { xaxis, yaxis } = this.element._fullLayout;
    const [right, up] = ARROWS[event.key] ?? [0, 0];
    const zoom = ZOOMS[event.key] ?? 1;
    if (event.key === "Escape") {
      if (this.some) this.tell([]);
      else if (this.emphasis !== null) this.bring(this.emphasis);
    } else if (right || up || zoom !== 1) {
      /** @param {[number, number]} range  @param {number} steps */
      const moved = ([low, high], steps) => {
        const middle = (low + high) / 2 + steps * 0.15 * (high - low);
        const half = ((high - low) / 2) * zoom;
        return [middle - half, middle + half];
      };
      const ranges = { "xaxis.range": moved(xaxis.range, right), "yaxis.range": moved(yaxis.range, up) };
      plotly.loaded().relayout(this.element, ranges);
    } else if (event.key === "0") {
      plotly.loaded().relayout(this.element, { "xaxis.autorange": true, "yaxis.autorange": true });
    } else return;
    event.preventDefault();
  }

  /** The legend by keyboard and by name, which Plotly leaves to the mouse. */
  legend() {
    /** @type {NodeListOf<SVGElement>} */
    const toggles = this.element.querySelectorAll(".legend .legendtoggle");
    for (const toggle of toggles) {
      const said = toggle.parentElement?.querySelector(".legendtext")?.textContent ?? "";
      const { name, counted } = this.named.get(said) ?? { name: said, counted: "" };
      toggle.setAttribute("tabindex", "0");
      toggle.role = "button";
      toggle.ariaLabel = `${letters(name)}: grey the others out${counted}`;
      toggle.ariaPressed = String(this.emphasis === name);
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
    contextOf(this.canvas).clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /**
   * The dots in a box, or nearly so.
   * @param {number} left  @param {number} top  @param {number} width  @param {number} height
   */
  within(left, top, width, height) {
    const { xaxis, yaxis } = this.element._fullLayout;
    /** @type {Dot[]} */
    const found = [];
    for (const { x: xs, y: ys, n, name, colour: own } of this.traces) {
      const back = this.back(name);
      const colour = back ? GREY : own;
      for (let k = 0; k < n.length; k++) {
        const x = left + xaxis.l2p(xs[k]);
        const y = top + yaxis.l2p(ys[k]);
        if (x < left - MARGIN || x > left + width + MARGIN || y < top - MARGIN || y > top + height + MARGIN) continue;
        found.push({ n: n[k], x, y, colour, dimmed: back || (this.some && !this.has(n[k])) });
      }
    }
    return found;
  }

  overlay() {
    const { element, canvas } = this;
    const { xaxis, yaxis } = element._fullLayout ?? {};
    if (!canvas.isConnected || !xaxis) return;
    this.legend();
    const ratio = devicePixelRatio || 1;
    canvas.width = Math.round(element.clientWidth * ratio);
    canvas.height = Math.round(element.clientHeight * ratio);
    const context = contextOf(canvas);
    context.scale(ratio, ratio);
    const [left, top, width, height] = [xaxis._offset, yaxis._offset, xaxis._length, yaxis._length];
    const found = this.within(left, top, width, height);
    const near = found.length < FEW;
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    element.dataset.images = String(near ? found.length : 0);
    if (near) {
      const room = Math.sqrt((width * height) / Math.max(found.length, 1)) * 0.4;
      const { h = 0, w = 0 } = this.sprites ?? {};
      this.side = Math.max(28, Math.min(room, 2 * Math.max(w, h), 64));
      // Those that stand back first.
      found.sort((a, b) => Number(b.dimmed) - Number(a.dimmed) || a.n - b.n);
      for (const dot of found) this.image(context, dot);
    }
    context.strokeStyle = themed(element, "text-color");
    for (const dot of found) if (this.marked.has(dot.n)) this.ring(context, dot, near);
  }

  /** @param {CanvasRenderingContext2D} context  @param {Dot} dot */
  image(context, { n, x, y, colour, dimmed }) {
    const half = this.side / 2;
    context.globalAlpha = dimmed ? 0.3 : 1;
    context.fillStyle = colour;
    context.fillRect(x - half - 2, y - half - 2, this.side + 4, this.side + 4);
    if (!this.sprites?.draw(context, n, x - half, y - half, this.side, this.side)) {
      context.fillStyle = "#000"; // the ground of what is on its way
      context.fillRect(x - half, y - half, this.side, this.side);
    }
    context.globalAlpha = 1;
  }

  /**
   * @param {CanvasRenderingContext2D} context  @param {Dot} dot
   * @param {boolean} framed  Whether it is an image.
   */
  ring(context, { x, y }, framed) {
    context.lineWidth = 2.5;
    context.beginPath();
    if (framed) context.rect(x - this.side / 2 - 5, y - this.side / 2 - 5, this.side + 10, this.side + 10);
    else context.arc(x, y, 9, 0, 2 * Math.PI);
    context.stroke();
  }
}
