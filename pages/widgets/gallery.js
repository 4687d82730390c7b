// Images side by side, one of which is chosen: test images by class and page by page, or a visitor's own pictures.
import { decode } from "./base64.js";
import { component } from "./component.js";
import { ARROWS, contextOf, download, find, make, makeCanvas } from "./elements.js";
import { Sprites, tile } from "./sprites.js";

/**
 * @typedef {object} TestImages
 * @property {import("./sprites.js").Sheets} sprites
 * @property {[height: number, width: number]} image
 * @property {string} labels  A byte for each image, or each of those that are shown, in base64.
 * @property {string[]} classes
 * @property {string} noun  What a test image is called, if it is no image.
 * @property {number[]} [among]  Those that are shown, if not all.
 * @property {boolean} [savable]  Whether those can be saved as one picture.
 * @typedef {{ pictures: { name: string, link: string }[] }} Pictures
 * @typedef {(TestImages | Pictures) & { chosen: number | null }} Data
 */

const PAGE = 60; // whole rows of ten and of six
const SCALE = 4; // of what is saved
const GAP = 1; // between two of its images

class Gallery {
  /** @type {Data | undefined} */
  data;
  shown = ""; // what is shown, where it is not all test images
  labels = new Uint8Array();
  /** @type {number[]} */
  numbers = []; // of the images of the class
  first = 0; // place among them of the first one shown
  /** @type {(number: number) => void} */
  choose = () => {};
  closing = new AbortController();

  /** @param {HTMLElement} root */
  constructor(root) {
    this.tools = find(root, "tools");
    this.images = find(root, "images");
    this.count = find(root, "count");
    this.class = find(root, "class", HTMLSelectElement);
    this.back = find(root, "back", HTMLButtonElement);
    this.on = find(root, "on", HTMLButtonElement);
    const listening = { signal: this.closing.signal };
    this.class.addEventListener("change", () => this.list(), listening);
    this.back.addEventListener("click", () => this.turn(-1), listening);
    this.on.addEventListener("click", () => this.turn(1), listening);
    const chance = () => this.choose(this.numbers[Math.floor(Math.random() * this.numbers.length)]);
    this.random = find(root, "random");
    this.random.addEventListener("click", chance, listening);
    this.saving = find(root, "save");
    this.saving.addEventListener("click", () => this.save(), listening);
    this.images.addEventListener("keydown", (event) => this.type(event), listening);
  }

  close() {
    this.closing.abort();
  }

  /** @param {import("./component.js").Update<Data>} update */
  update({ data, setTriggerValue }) {
    this.choose = (number) => setTriggerValue("chosen", number);
    const opened = !this.data;
    this.data = data;
    if ("pictures" in data) {
      this.tools.hidden = true;
      this.images.ariaLabel = "Your pictures";
      this.numbers = data.pictures.map((_, i) => i);
      return this.show(JSON.stringify(data.pictures));
    }
    if (opened) {
      this.images.ariaLabel = "Test images";
      this.class.replaceChildren(...["All classes", ...data.classes].map((name, i) => new Option(name, String(i - 1))));
      for (const tool of [this.class, this.back, this.count, this.on, this.random]) tool.hidden = !!data.among;
      if (!data.classes.length) this.class.hidden = true;
      this.saving.hidden = !data.savable;
      this.tools.hidden = !!data.among && !data.savable;
    }
    if (opened || data.among) this.labels = decode(data.labels);
    if (data.among) {
      this.numbers = data.among;
      this.show(String(data.among));
    } else if (opened) this.list();
    else this.mark();
  }

  /** @param {string} shown  What: it is drawn only where it is new, since what is drawn anew loses the focus. */
  show(shown) {
    if (shown === this.shown) return this.mark();
    this.shown = shown;
    this.draw();
  }

  /** All images of the class, from the page of the one that is chosen. */
  list() {
    const wanted = Number(this.class.value);
    this.numbers = [...this.labels.keys()].filter((n) => wanted < 0 || this.labels[n] === wanted);
    const place = this.numbers.indexOf(this.data?.chosen ?? -1);
    this.first = Math.floor(Math.max(place, 0) / PAGE) * PAGE;
    this.draw();
  }

  /** @param {number} pages */
  turn(pages) {
    const first = this.first + pages * PAGE;
    if (first < 0 || first >= this.numbers.length) return;
    this.first = first;
    this.draw();
  }

  /** @param {number} n */
  called(n) {
    const { data } = this;
    if (!data) return "";
    if ("pictures" in data) return data.pictures[n].name;
    const label = this.labels[data.among ? data.among.indexOf(n) : n];
    const of = data.classes[label];
    return `${of ? `${of}, test` : "Test"} ${data.noun} ${n.toLocaleString("en")}`;
  }

  draw() {
    const { data } = this;
    if (!data) return;
    const shown = this.numbers.slice(this.first, this.first + PAGE);
    const buttons = shown.map((n) => {
      const picture = "pictures" in data ? this.own(data.pictures[n].link) : tile(data.sprites, data.image, n);
      picture.ariaHidden = "true"; // the button is named
      const button = make("button", "", picture);
      button.type = "button";
      button.role = "option";
      button.ariaLabel = button.title = this.called(n);
      button.dataset.number = String(n);
      button.addEventListener("click", () => this.choose(n));
      return button;
    });
    this.images.replaceChildren(...buttons);
    const end = this.first + shown.length;
    const all = this.numbers.length;
    this.count.textContent = `${this.first + 1}–${end} of ${all.toLocaleString("en")}`;
    this.back.disabled = !this.first;
    this.on.disabled = end >= all;
    this.mark();
  }

  /** @param {string} link  Of a visitor's picture. */
  own(link) {
    return Object.assign(make("img"), { src: link, alt: "" });
  }

  /** All that are shown, as a picture. */
  async save() {
    const { data, numbers } = this;
    if (!data || "pictures" in data) return;
    const sprites = new Sprites(data.sprites, data.image);
    await Promise.all(numbers.map((n) => sprites.fetch(n)));
    const columns = Math.min(this.columns(), numbers.length);
    const [h, w] = data.image.map((side) => side * SCALE + GAP);
    const picture = makeCanvas("", columns * w - GAP, Math.ceil(numbers.length / columns) * h - GAP);
    const context = contextOf(picture);
    numbers.forEach((n, i) => {
      sprites.draw(context, n, (i % columns) * w, Math.floor(i / columns) * h, w - GAP, h - GAP);
    });
    picture.toBlob((file) => download(file, "images.png"));
  }

  /** Says which one is chosen; the Tab key leads to it, or to the first. */
  mark() {
    const buttons = this.buttons();
    const chosen = buttons.find((button) => Number(button.dataset.number) === this.data?.chosen);
    for (const button of buttons) {
      button.ariaSelected = String(button === chosen);
      button.tabIndex = button === (chosen ?? buttons[0]) ? 0 : -1;
    }
  }

  columns() {
    return getComputedStyle(this.images).gridTemplateColumns.split(" ").length;
  }

  buttons() {
    return /** @type {HTMLButtonElement[]} */ ([...this.images.children]);
  }

  /** @param {KeyboardEvent} event */
  type(event) {
    const buttons = this.buttons();
    const at = buttons.findIndex((button) => button.tabIndex === 0);
    const columns = this.columns();
    const way = ARROWS[event.key];
    let to = at;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (way) to = at + way[0] - way[1] * columns;
    else if (event.key === "Home") to = 0;
    else if (event.key === "End") to = buttons.length - 1;
    else if (event.key === "PageDown" || event.key === "PageUp") {
      this.turn(event.key === "PageDown" ? 1 : -1);
      to = Math.min(at, this.images.children.length - 1);
    } else return;
    event.preventDefault();
    event.stopPropagation();
    const there = this.buttons()[to];
    if (!there) return;
    for (const button of this.buttons()) button.tabIndex = button === there ? 0 : -1;
    there.focus();
  }
}

export default component(Gallery);
