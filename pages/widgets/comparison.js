// A row for each run: what it makes of an image. Rows stay where they are; only what they show changes.
// The module is shared and called again at each rerun, so state hangs on the element.
const shown = new WeakMap();

const KINDS = ["back", "error", "map", "near", "near", "near"];

export default function ({ data, parentElement, setTriggerValue }) {
  let answers = shown.get(parentElement);
  if (!answers) {
    answers = new Answers(parentElement);
    shown.set(parentElement, answers);
  }
  answers.open = (name) => setTriggerValue("opened", name);
  answers.load(data);
  return () => {
    answers.close();
    shown.delete(parentElement);
  };
}

async function picture(uri) {
  const image = new Image();
  image.src = uri;
  await image.decode();
  return image;
}

class Answers {
  constructor(root) {
    this.list = root.querySelector(".rows");
    this.summary = root.querySelector(".summary");
    this.rows = new Map();
    this.maps = new Map();
    this.theme = matchMedia("(prefers-color-scheme: dark)");
    this.closing = new AbortController();
    this.theme.addEventListener("change", () => this.draw(), { signal: this.closing.signal });
  }

  close() {
    this.closing.abort();
    this.list.replaceChildren(); // whoever comes next builds its own
  }

  async load(data) {
    this.latest = data;
    const pictures = await Promise.all(
      data.rows.map(async ({ greys, error, map }) => {
        if (!this.maps.has(map)) this.maps.set(map, await picture(map)); // the same for every image
        return { greys: await picture(greys), error: await picture(error), map: this.maps.get(map) };
      }),
    );
    if (this.latest !== data || this.closing.signal.aborted) return; // a later stroke was faster
    this.data = data;
    this.pictures = pictures;
    this.draw();
  }

  draw() {
    if (!this.data) return;
    this.data.rows.forEach((row, i) => {
      if (!this.rows.has(row.name)) this.rows.set(row.name, this.build(row));
      const parts = this.rows.get(row.name);
      this.write(parts, row);
      this.paint(parts, row, this.pictures[i]);
    });
    this.summary.textContent = this.data.summary;
    const items = this.data.rows.map((row) => this.rows.get(row.name).item);
    if (items.some((item, i) => this.list.children[i] !== item) || items.length !== this.list.children.length)
      this.list.replaceChildren(...items);
  }

  build(row) {
    const make = (name, parent, className = "") => {
      const element = document.createElement(name);
      element.className = className;
      parent?.append(element);
      return element;
    };
    const item = make("li", null, "row");
    const said = make("div", item, "said");
    const link = make("a", said);
    link.textContent = row.title;
    link.href = `${this.data.page}?run=${encodeURIComponent(row.name)}`;
    link.title = "See what it makes of the test images";
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a tab of its own
      event.preventDefault();
      this.open(row.name); // without a reload, so that the drawing stays
    });
    const mse = make("span", said, "mse");
    const words = make("p", said);
    const tiles = make("div", item, "tiles");
    const figures = KINDS.map((kind) => {
      const figure = make("figure", tiles);
      const canvas = make("canvas", figure, kind === "back" || kind === "near" ? `grey ${kind}` : kind);
      canvas.setAttribute("role", "img");
      return { canvas, caption: kind === "near" ? make("figcaption", figure) : null };
    });
    return { item, mse, words, figures };
  }

  write({ item, mse, words, figures }, row) {
    item.classList.toggle("unseen", row.unseen);
    mse.textContent = `MSE ${row.mse}`;
    words.textContent = row.words;
    const where = row.place.every((share) => share >= 0 && share <= 1)
      ? `${Math.round(row.place[0] * 100)} % from the left, ${Math.round(row.place[1] * 100)} % from the top`
      : "outside of the map";
    const labels = [
      `${row.title}: reconstruction`,
      `${row.title}: signed error`,
      `${row.title}: place of the code among those of the test images, ${where}`,
      ...row.classes.map((name, i) => `${row.title}: nearest training image ${i + 1}, ${name}`),
    ];
    figures.forEach(({ canvas, caption }, i) => {
      canvas.setAttribute("aria-label", labels[i]);
      if (caption) caption.textContent = caption.title = row.classes[i - 3];
    });
  }

  paint({ figures }, row, { greys, error, map }) {
    const [h, w] = row.size;
    const canvases = figures.map(({ canvas }) => canvas);
    const put = (canvas, image, from) => {
      canvas.width = w;
      canvas.height = h;
      canvas.getContext("2d").drawImage(image, from * w, 0, w, h, 0, 0, w, h);
    };
    const [back, wrong, place, ...near] = canvases;
    put(back, greys, 0);
    put(wrong, error, 0);
    near.forEach((canvas, i) => put(canvas, greys, i + 1));
    this.paint_map(place, map, row.place);
  }

  // Where the test codes are in the colour of text, the denser the stronger; the place as a ring.
  paint_map(canvas, map, [across, down]) {
    const side = 2 * map.width;
    canvas.width = canvas.height = side;
    const context = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    const ink = style.getPropertyValue("--st-text-color") || "#888";
    context.drawImage(map, 0, 0, side, side);
    const pixels = context.getImageData(0, 0, side, side);
    for (let i = 0; i < pixels.data.length; i += 4) pixels.data[i + 3] = 0.6 * pixels.data[i];
    context.putImageData(pixels, 0, 0);
    context.globalCompositeOperation = "source-in";
    context.fillStyle = ink;
    context.fillRect(0, 0, side, side);
    context.globalCompositeOperation = "source-over";
    const radius = 9;
    const within = (share) => Math.min(Math.max(share * side, radius + 3), side - radius - 3);
    const outside = [across, down].some((share) => share < 0 || share > 1);
    for (const [width, colour] of [
      [9, style.getPropertyValue("--st-background-color") || "#fff"],
      [4, style.getPropertyValue("--st-primary-color") || "#36c"],
    ]) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.setLineDash(outside && width === 4 ? [5, 5] : []);
      context.beginPath();
      context.arc(within(across), within(down), radius, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}
