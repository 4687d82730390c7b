// Draws a Plotly figure and redraws it in place: the element stays, only what changed moves.
import { component } from "./component.js";
import { Dots } from "./dots.js";
import { find, loadImage, make, themed } from "./elements.js";
import * as plotly from "./plotly.js";
import { offerToSave, save } from "./save.js";
import { keepScrolling } from "./scrolling.js";

/**
 * @typedef {object} Data
 * @property {string} name  Of the figure, on its page.
 * @property {string} alt
 * @property {string} library  The address of Plotly's script.
 * @property {boolean | null} narrow  Whether it was drawn for little room; null if that makes no difference.
 * @property {boolean} tools  Whether one zooms and selects.
 * @property {import("./dots.js").Selection} [dots]
 * @property {string} figure  Plotly's JSON.
 */

const TURNING = 300; // milliseconds

const decoder = new TextDecoder();

/**
 * A line about the figure, then the figure.
 * @param {Uint8Array} bytes
 * @returns {Data}
 */
function parse(bytes) {
  const text = decoder.decode(bytes);
  const end = text.indexOf("\n");
  return { ...JSON.parse(text.slice(0, end)), figure: text.slice(end + 1) };
}

/** @type {boolean | undefined} */
let webgl;

// Where there is no WebGL, dots are drawn one by one: slower, but there.
function hasWebgl() {
  webgl ??= Boolean(document.createElement("canvas").getContext("webgl"));
  return webgl;
}

/**
 * Resolves when a figure may be drawn: at once where one sees it, else when the browser has shown what changed there.
 * @param {Element} element
 */
async function inTurn(element) {
  const { top, bottom } = element.getBoundingClientRect();
  if (bottom > 0 && top < window.innerHeight) return;
  await new Promise((resolve) => setTimeout(resolve)); // what else changes in this turn comes first
  await new Promise((resolve) => requestAnimationFrame(resolve)); // and is drawn
  await new Promise((resolve) => setTimeout(resolve));
}

class Plot {
  /** @type {Data | undefined} */
  data;
  /** @type {Dots | undefined} */
  dots;
  /** @type {HTMLButtonElement | undefined} */
  button; // that saves
  wasNarrow = false;
  printable = false; // whether plot.css knows its size
  draws = 0; // that were begun
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  turning; // due once its width has been another one for a moment
  closing = new AbortController();
  /** @type {(name: string, value: unknown) => void} */
  setState = () => {};
  /** @type {(name: string, value: unknown) => void} */
  trigger = () => {};

  /** @param {HTMLElement} root */
  constructor(root) {
    this.element = /** @type {import("./plotly.js").Figure} */ (find(root, "plot"));
    this.saving = find(root, "save");
    this.how = find(root, "how");
    keepScrolling(this.element, this.closing.signal);
    // A phone that is turned may call for another figure. Not at once: where the page is becoming another one, this
    // figure may go, and what it told the server now would carry what its neighbours were before.
    this.resizing = new ResizeObserver(() => {
      clearTimeout(this.turning);
      if (this.isNarrow() !== this.wasNarrow) this.turning = setTimeout(() => this.redraw(), TURNING);
    });
  }

  close() {
    this.closing.abort();
    this.resizing.disconnect();
    clearTimeout(this.turning);
    this.saving.replaceChildren();
    plotly.loaded()?.purge(this.element);
  }

  /** @param {import("./component.js").Update<Uint8Array>} update */
  update({ data, setStateValue, setTriggerValue }) {
    this.data = parse(data);
    this.setState = setStateValue;
    this.trigger = setTriggerValue;
    if (this.data.dots) this.dots ??= new Dots(this.element, this.closing.signal, () => this.redraw());
    this.how.hidden = !this.data.dots;
    this.redraw();
    this.resizing.observe(this.element);
  }

  // A little room more leads back than led here: a scrollbar that comes and goes must not turn the figure to and fro.
  isNarrow() {
    return this.element.clientWidth < (this.wasNarrow ? 560 : 520);
  }

  redraw() {
    const { data, element } = this;
    if (!data) return;
    const narrow = this.isNarrow();
    if (data.narrow !== null && element.clientWidth > 0 && data.narrow !== narrow) this.setState("narrow", narrow);
    this.wasNarrow = narrow;
    const draw = ++this.draws;
    element.ariaBusy = "true";
    // Plotly fails where the figure is taken off the page while it is drawn.
    inTurn(element)
      .then(() => (draw === this.draws ? this.draw(data) : undefined))
      .catch((error) => this.closing.signal.aborted || this.refuse(error))
      .finally(() => {
        if (draw === this.draws) element.ariaBusy = "false";
      });
  }

  /**
   * In place of a figure that cannot be drawn.
   * @param {unknown} error
   */
  refuse(error) {
    console.error(error);
    if (this.element.querySelector(".main-svg, img")) return; // an older one, or its plain picture, still stands
    const sentence = make("p", "", "This figure could not be drawn: the server did not answer. Reload the page.");
    sentence.role = "alert";
    this.element.replaceChildren(sentence);
    this.element.role = "group";
  }

  /** @param {Data} data */
  async draw(data) {
    const { element, dots } = this;
    const { data: traces, layout } = JSON.parse(data.figure);
    for (const trace of traces) if (trace.type === "scattergl" && !hasWebgl()) trace.type = "scatter";
    if (data.dots) layout.height = Math.min(layout.height, element.clientWidth + 140); // a map on a phone is square
    const picture = traces.find((/** @type {any} */ trace) => trace.type === "image")?.source;
    if (picture) this.exchange(await loadImage(picture));
    if (layout.yaxis?.scaleanchor && layout.yaxis.range && layout.xaxis.range) this.fit(layout);
    element.style.height = `${layout.height}px`;
    element.ariaLabel = data.alt;
    element.role = data.tools ? "group" : "img"; // an image holds no buttons
    if (picture && !plotly.loaded()) this.preview(picture);
    const Plotly = await plotly.load(data.library);
    if (this.data !== data || this.closing.signal.aborted || !element.isConnected) return;
    const [ink, family] = [themed(element, "text-color"), themed(element, "font")];
    layout.autosize = true;
    layout.uirevision = "kept"; // a zoom or a selection outlives new data
    layout.font = { family, color: ink, size: 12 };
    if (data.tools) layout.margin = { ...layout.margin, r: 40 }; // the buttons stand beside the picture
    layout.modebar = { ...layout.modebar, color: ink, activecolor: themed(element, "primary-color") };
    layout.hoverlabel = {
      ...layout.hoverlabel,
      bgcolor: themed(element, "secondary-background-color"),
      bordercolor: themed(element, "border-color"),
      font: { family, color: ink },
    };
    if (data.dots) dots?.prepare(traces, layout, data.dots, (numbers) => this.trigger("selected", numbers));
    element.querySelector(":scope > :is(img, p)")?.remove();
    await Plotly.react(element, traces, layout, plotly.configuration(data.tools));
    this.button ??= offerToSave(this.saving, (format) => this.data && save(element, this.data, format));
    this.button.ariaLabel = `Save: ${data.alt}`;
    if (data.dots) dots?.drawn();
    if (!this.printable) element.on("plotly_afterplot", () => this.tellSize());
    this.printable = true;
    this.tellSize();
  }

  /** Tells plot.css, which makes a figure smaller on paper: a page is printed too soon to draw it anew. */
  tellSize() {
    /** @type {NodeListOf<SVGSVGElement>} */
    const parts = this.element.querySelectorAll(".main-svg");
    for (const part of parts) {
      const [width, height] = [part.width, part.height].map((length) => length.baseVal.value);
      part.setAttribute("viewBox", `0 0 ${width} ${height}`);
      this.element.style.setProperty("--drawn-width", `${width}px`);
      this.element.style.setProperty("--drawn-shape", `${width} / ${height}`);
    }
  }

  /**
   * Pictures and curves in tiles need less height in little room than their layout asks for: the rest would be empty.
   * @param {any} layout
   */
  fit(layout) {
    const [across, down] = [layout.xaxis, layout.yaxis].map(({ range: [from, to] }) => Math.abs(to - from));
    /** @type {string[]} */
    const lines = (layout.yaxis.ticktext ?? []).flatMap((/** @type {string} */ text) => text.split("<br>"));
    const letters = Math.max(0, ...lines.map((line) => line.replaceAll(/<[^>]*>/g, "").length));
    const labels = layout.yaxis.visible === false ? 0 : 30 + 6 * letters;
    const room = Math.max(this.element.clientWidth - labels, 100);
    layout.height = Math.min(layout.height, Math.round((room * down) / across) + 64);
  }

  /**
   * Of a picture with the same proportions the new one stands there at once; its axes and texts follow.
   * @param {HTMLImageElement} image
   */
  exchange(image) {
    /** @type {NodeListOf<SVGImageElement>} */
    const [shown, other] = this.element.querySelectorAll(".imagelayer image");
    if (!shown || other) return;
    const proportions = shown.width.baseVal.value / shown.height.baseVal.value;
    if (Math.abs(image.width / image.height / proportions - 1) < 0.02) shown.setAttribute("href", image.src);
  }

  /**
   * Until the library has come, a figure that is one picture shows it plain.
   * @param {string} picture
   */
  preview(picture) {
    const image = Object.assign(make("img"), { src: picture, alt: "" });
    image.style.cssText = "width: 100%; height: 100%; object-fit: contain; image-rendering: pixelated";
    this.element.replaceChildren(image);
  }
}

export default component(Plot);
