// Pictures of test images, in sheets that are fetched when one of theirs is first wanted.
import { loadImage } from "./elements.js";

/** @typedef {{ links: string[], size: number, columns: number }} Sheets  `size` images each, in so many columns. */

export class Sprites {
  /**
   * @param {Sheets} sheets
   * @param {number[]} shape  Height and width of an image.
   * @param {() => void} arrived  Called when a sheet has come.
   */
  constructor(sheets, [h, w], arrived) {
    this.sheets = sheets;
    this.h = h;
    this.w = w;
    this.arrived = arrived;
    /** @type {Map<number, HTMLImageElement | null>} */
    this.images = new Map();
  }

  /**
   * Draws image n into a rectangle; false while its sheet is on the way.
   * @param {CanvasRenderingContext2D} context  @param {number} n  @param {number} x  @param {number} y
   * @param {number} width  @param {number} height
   */
  draw(context, n, x, y, width, height) {
    const { size, columns } = this.sheets;
    const number = Math.floor(n / size);
    const sheet = this.images.get(number);
    if (sheet === undefined) this.fetch(number);
    if (!sheet) return false;
    const left = ((n % size) % columns) * this.w;
    const top = Math.floor((n % size) / columns) * this.h;
    context.imageSmoothingEnabled = false;
    context.drawImage(sheet, left, top, this.w, this.h, x, y, width, height);
    return true;
  }

  /** @param {number} number */
  async fetch(number) {
    this.images.set(number, null);
    try {
      this.images.set(number, await loadImage(this.sheets.links[number]));
      this.arrived();
    } catch {
      this.images.delete(number); // asked for again when next wanted
    }
  }
}
