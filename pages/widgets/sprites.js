// Pictures of test images, in sheets that are fetched when one of theirs is first wanted.
import { loadImage, make, SMALL } from "./elements.js";

/**
 * @typedef {object} Sheets
 * @property {string[]} links
 * @property {number} size  Images on each but the last.
 * @property {number} columns
 * @property {number} count  Images on all together.
 * @typedef {[height: number, width: number]} Shape  Of an image.
 */

/** @type {Map<string, HTMLImageElement>} */
const come = new Map(); // sheets by their links, for all that a page draws

/**
 * Where image n is: on which sheet, in which column and row, and how many rows that sheet has.
 * @param {Sheets} sheets  @param {number} n
 */
function place({ links, size, columns, count }, n) {
  const sheet = Math.floor(n / size);
  const rows = Math.ceil(Math.min(size, count - sheet * size) / columns);
  return { link: links[sheet], column: (n % size) % columns, row: Math.floor((n % size) / columns), rows };
}

/**
 * An element that is one image of a picture with so many columns and rows of them. The browser fetches and scales it;
 * a canvas for each would take longer, since browsers lay each of them over the page by itself.
 * @param {string} name  Its class.
 * @param {string} link  @param {Shape} shape
 * @param {[columns: number, rows: number]} many
 * @param {[column: number, row: number]} at
 */
export function piece(name, link, [h, w], many, at) {
  const element = make("span", name);
  const percent = at.map((which, i) => `${(which / Math.max(many[i] - 1, 1)) * 100}%`);
  Object.assign(element.style, {
    display: "block",
    width: "100%",
    aspectRatio: `${w} / ${h}`,
    backgroundImage: `url("${link}")`,
    backgroundSize: many.map((all) => `${all * 100}%`).join(" "),
    backgroundPosition: percent.join(" "),
    imageRendering: w > SMALL ? "auto" : "pixelated",
  });
  return element;
}

/**
 * An element that is test image n.
 * @param {Sheets} sheets  @param {Shape} shape  @param {number} n
 */
export function tile(sheets, shape, n) {
  const { link, column, row, rows } = place(sheets, n);
  return piece("tile", link, shape, [sheets.columns, rows], [column, row]);
}

/** Draws test images on a canvas. */
export class Sprites {
  /**
   * @param {Sheets} sheets
   * @param {Shape} shape
   * @param {() => void} [arrived]  Called when a sheet has come.
   */
  constructor(sheets, [h, w], arrived) {
    this.sheets = sheets;
    this.h = h;
    this.w = w;
    this.arrived = arrived;
    /** @type {Set<string>} */
    this.awaited = new Set();
  }

  /**
   * Draws image n into a rectangle; false while its sheet is on the way.
   * @param {CanvasRenderingContext2D} context  @param {number} n  @param {number} x  @param {number} y
   * @param {number} width  @param {number} height
   */
  draw(context, n, x, y, width, height) {
    const { link, column, row } = place(this.sheets, n);
    const sheet = come.get(link);
    if (!sheet) {
      this.fetch(n);
      return false;
    }
    context.imageSmoothingEnabled = false;
    context.drawImage(sheet, column * this.w, row * this.h, this.w, this.h, x, y, width, height);
    return true;
  }

  /**
   * Fetches the sheet of image n.
   * @param {number} n
   */
  async fetch(n) {
    const { link } = place(this.sheets, n);
    if (come.has(link) || this.awaited.has(link)) return;
    this.awaited.add(link);
    try {
      come.set(link, await loadImage(link));
      this.arrived?.();
    } catch {
      // asked for again when next wanted
    } finally {
      this.awaited.delete(link);
    }
  }
}
