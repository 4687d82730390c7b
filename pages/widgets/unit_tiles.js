// Units side by side: what each adds to a picture, and the test images that drive it most. A click opens one.
import { component } from "./component.js";
import { ARROWS, find, make } from "./elements.js";
import { piece, tile } from "./sprites.js";

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
  shown = ""; // what is drawn: what is drawn anew loses the focus
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
    this.shown = shown;
    const buttons = data.units.map((_, i) => this.button(data, i));
    this.units.replaceChildren(...buttons);
    for (const [i, button] of buttons.entries()) button.tabIndex = i ? -1 : 0;
  }

  /** @param {Data} data  @param {number} i  Place of the unit among those that are shown. */
  button({ units, added, image, sprites, noun }, i) {
    const { number, note, examples } = units[i];
    const adds = piece("adds", added, image, [units.length, 1], [i, 0]);
    const pictures = make("div", "pictures", adds);
    pictures.append(make("div", "examples", ...examples.map((n) => tile(sprites, image, n))));
    pictures.ariaHidden = "true"; // the button is named
    const named = examples.length ? ` Driven most by test ${noun}s ${examples.join(", ")}.` : "";
    const button = make(
      "button",
      examples.length ? "" : "silent",
      pictures,
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
