// A row for each run: what it makes of an image. Rows stay where they are; only what they show changes.
import { component } from "./component.js";
import { contextOf, find, loadImage, make, makeCanvas, themed } from "./elements.js";

/**
 * @typedef {object} Row
 * @property {string} name  Of the run.
 * @property {string} title
 * @property {string} words
 * @property {boolean} unseen  Whether the model has seen nothing like it.
 * @property {string} units  How many its code has.
 * @property {string} mse
 * @property {[across: number, down: number]} place  On the map, in [0, 1] or beyond.
 * @property {string[]} classes  Of the nearest training images.
 * @property {[height: number, width: number]} size
 * @property {string} greys  The reconstruction and the nearest training images, side by side.
 * @property {string} error
 * @property {string} map  Where the test codes are: the denser, the more opaque.
 * @typedef {{ rows: Row[], summary: string, noun: string, page: string }} Data
 * @typedef {{ greys: HTMLImageElement, error: HTMLImageElement, map: HTMLImageElement }} Pictures
 */

class Answers {
  /** @type {(name: string) => void} */
  open = () => {};
  /** @type {Map<string, ReturnType<Answers["build"]>>} */
  rows = new Map();
  /** @type {Map<string, HTMLImageElement>} */
  maps = new Map();
  /** @type {Pictures[]} */
  pictures = [];
  closing = new AbortController();

  /** @param {HTMLElement} root */
  constructor(root) {
    this.list = find(root, "rows");
    this.summary = find(root, "summary");
    this.noun = find(root, "noun");
    const theme = matchMedia("(prefers-color-scheme: dark)");
    theme.addEventListener("change", () => this.draw(), { signal: this.closing.signal });
  }

  close() {
    this.closing.abort();
    this.list.replaceChildren(); // whoever comes next builds its own
  }

  /** @param {import("./component.js").Update<Data>} update */
  async update({ data, setTriggerValue }) {
    this.open = (name) => setTriggerValue("opened", name);
    this.latest = data;
    const pictures = await Promise.all(
      data.rows.map(async ({ greys, error, map }) => {
        const known = this.maps.get(map) ?? (await loadImage(map)); // the same for every image
        this.maps.set(map, known);
        return { greys: await loadImage(greys), error: await loadImage(error), map: known };
      }),
    );
    if (this.latest !== data || this.closing.signal.aborted) return; // a later stroke was faster
    this.data = data;
    this.pictures = pictures;
    this.draw();
  }

  draw() {
    if (!this.data) return;
    const items = this.data.rows.map((row, i) => {
      const parts = this.rows.get(row.name) ?? this.build(row);
      this.rows.set(row.name, parts);
      this.show(parts, row, this.pictures[i]);
      return parts.item;
    });
    this.summary.textContent = this.data.summary;
    this.noun.textContent = this.data.noun;
    if (items.some((item, i) => this.list.children[i] !== item) || items.length !== this.list.children.length)
      this.list.replaceChildren(...items);
  }

  /** @param {Row} row */
  build({ name, title, size: [h, w], classes }) {
    const link = make("a", "", title);
    link.href = `${this.data?.page}?run=${encodeURIComponent(name)}`;
    link.title = "See how it reconstructs the test data";
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a tab of its own
      event.preventDefault();
      this.open(name); // without a reload, so that the drawing stays
    });
    const mse = make("span", "mse");
    const words = make("p");
    const captions = classes.map(() => make("figcaption"));
    const canvases = ["grey back", "error", "map", ...classes.map(() => "grey near")].map((kind) =>
      makeCanvas(kind, w, h),
    );
    const figures = canvases.map((canvas, i) => make("figure", "", canvas, captions[i - 3] ?? ""));
    const item = make("li", "row", make("div", "said", link, mse, words), make("div", "tiles", ...figures));
    return { item, mse, words, canvases, captions };
  }

  /** @param {ReturnType<Answers["build"]>} parts  @param {Row} row  @param {Pictures} pictures */
  show({ item, mse, words, canvases, captions }, row, pictures) {
    item.classList.toggle("unseen", row.unseen);
    mse.textContent = `${row.units} · MSE ${row.mse}`;
    words.textContent = row.words;
    const where = row.place.every((share) => share >= 0 && share <= 1)
      ? `${Math.round(row.place[0] * 100)} % from the left, ${Math.round(row.place[1] * 100)} % from the top`
      : "outside the map";
    const labels = [
      "reconstruction",
      "signed error",
      `place of the code among those of the test ${this.data?.noun}s, ${where}`,
      ...row.classes.map((name, i) => `nearest training ${this.data?.noun} ${i + 1}, ${name}`),
    ];
    canvases.forEach((canvas, i) => {
      canvas.ariaLabel = `${row.title}: ${labels[i]}`;
    });
    captions.forEach((caption, i) => {
      caption.textContent = caption.title = row.classes[i];
    });
    const [h, w] = row.size;
    const [back, error, place, ...near] = canvases;
    contextOf(error).clearRect(0, 0, w, h); // it is not opaque
    contextOf(error).drawImage(pictures.error, 0, 0);
    for (const [i, canvas] of [back, ...near].entries())
      contextOf(canvas).drawImage(pictures.greys, i * w, 0, w, h, 0, 0, w, h);
    drawMap(place, pictures.map, row.place);
  }
}

/**
 * The map in the colour of text, and a place on it as a ring.
 * @param {HTMLCanvasElement} canvas  @param {HTMLImageElement} map  @param {[across: number, down: number]} place
 */
function drawMap(canvas, map, [across, down]) {
  const side = 2 * map.width;
  canvas.width = canvas.height = side;
  const context = contextOf(canvas);
  context.globalAlpha = 0.6;
  context.drawImage(map, 0, 0, side, side);
  context.globalAlpha = 1;
  context.globalCompositeOperation = "source-in";
  context.fillStyle = themed(canvas, "text-color") || "#888";
  context.fillRect(0, 0, side, side);
  context.globalCompositeOperation = "source-over";
  const radius = 9;
  /** @param {number} share */
  const within = (share) => Math.min(Math.max(share * side, radius + 3), side - radius - 3);
  const outside = [across, down].some((share) => share < 0 || share > 1);
  /** @param {number} width @param {string} colour @param {number[]} dash */
  const ring = (width, colour, dash) => {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.setLineDash(dash);
    context.beginPath();
    context.arc(within(across), within(down), radius, 0, 2 * Math.PI);
    context.stroke();
  };
  ring(9, themed(canvas, "background-color") || "#fff", []);
  ring(4, themed(canvas, "primary-color") || "#36c", outside ? [5, 5] : []);
}

export default component(Answers);
