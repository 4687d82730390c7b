// Units side by side: what each adds to a picture, and the test images that drive it most. A click opens one.
import { component } from "./component.js";
import { ARROWS, contextOf, find, loadImage, make, makeCanvas } from "./elements.js";
import { Sprites } from "./sprites.js";

/**
 * @typedef {object} Unit
 * @property {number} number  From 1.
 * @property {string} note
 * @property {number[]} examples  Numbers of test images; none of a unit that is active for none.
 *
 * @typedef {object} Data
 * @property {Unit[]} units
 * @property {string} added  What each adds, beside one another in one picture.
 * @property {[height: number, width: number]} image
 * @property {import("./sprites.js").Sheets} sprites
 * @property {string} noun  What a test image is called.
 */

class UnitTiles {
  /** @type {Data | undefined} */
  data;
  shown = ""; // what is drawn: what is drawn anew loses the focus
  /** @type {Sprites | undefined} */
  sprites;
  /** @type {{ canvas: HTMLCanvasElement, example: number }[]} */
  canvases = [];
  /** @type {(number: number) => void} */
  choose = () => {};
  closing = new AbortController();

  /** @param {HTMLElement} root */
  constructor(root) {
    this.units = find(root, "units");
    this.units.addEventListener("keydown", (event) => this.type(event), { signal: this.closing.signal });
  }

  close() {
    this.closing.abort();
  }

  /** @param {import("./component.js").Update<Data>} update */
  update({ data, setTriggerValue }) {
    this.choose = (number) => setTriggerValue("chosen", number);
    const shown = JSON.stringify(data);
    if (shown === this.shown) return;
    if (JSON.stringify(this.data?.sprites) !== JSON.stringify(data.sprites)) {
      this.sprites = new Sprites(data.sprites, data.image, () => this.fill());
    }
    this.shown = shown;
    this.data = data;
    this.draw(data);
  }

  /** @param {Data} data */
  async draw(data) {
    this.canvases = [];
    const added = data.units.map(() => makeCanvas("adds", data.image[1], data.image[0]));
    const buttons = data.units.map((unit, i) => this.button(unit, data, added[i]));
    this.units.replaceChildren(...buttons);
    for (const [i, button] of buttons.entries()) button.tabIndex = i ? -1 : 0;
    this.fill();
    const sheet = await loadImage(data.added);
    const [h, w] = data.image;
    added.forEach((canvas, i) => {
      contextOf(canvas).drawImage(sheet, i * w, 0, w, h, 0, 0, w, h);
    });
  }

  /** @param {Unit} unit  @param {Data} data  @param {HTMLCanvasElement} added */
  button({ number, note, examples }, { image: [h, w], noun }, added) {
    const four = make("div", "examples");
    for (const example of examples) {
      const canvas = makeCanvas("", w, h);
      canvas.ariaHidden = "true";
      this.canvases.push({ canvas, example });
      four.append(canvas);
    }
    added.ariaHidden = "true"; // the button is named
    const named = examples.length ? ` Driven most by test ${noun}s ${examples.join(", ")}.` : "";
    const button = make(
      "button",
      examples.length ? "" : "silent",
      make("div", "pictures", added, four),
      make("span", "name", `Unit ${number}`),
      make("span", "note", note),
    );
    button.type = "button";
    button.role = "option";
    button.title = note;
    button.ariaLabel = `Unit ${number}: ${note}.${named}`;
    button.addEventListener("click", () => this.choose(number));
    return button;
  }

  /** The images that have come. */
  fill() {
    for (const { canvas, example } of this.canvases) {
      this.sprites?.draw(contextOf(canvas), example, 0, 0, canvas.width, canvas.height);
    }
  }

  /** @param {KeyboardEvent} event */
  type(event) {
    const buttons = /** @type {HTMLButtonElement[]} */ ([...this.units.children]);
    const way = ARROWS[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    const columns = getComputedStyle(this.units).gridTemplateColumns.split(" ").length;
    const there = buttons[buttons.findIndex((button) => button.tabIndex === 0) + way[0] - way[1] * columns];
    event.preventDefault();
    event.stopPropagation();
    if (!there) return;
    for (const button of buttons) button.tabIndex = button === there ? 0 : -1;
    there.focus();
  }
}

export default component(UnitTiles);
