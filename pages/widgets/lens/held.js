import { decode } from "../base64.js";
import { opened } from "./fetched.js";

/**
 * What a file holds: the bytes that a server would send, in base64.
 * @typedef {object} Content
 * @property {string} points
 * @property {Record<string, string>} tiles
 * @property {Record<string, { side: number, values: string }>} overlays  Over all of the plane.
 */

/** Gives a lens what the file that it is in holds. @implements {Source} @typedef {import("./fetched.js").Source} Source */
export class Held {
  computes = false;

  /**
   * @param {Content} content
   * @param {number[]} home  x, y and reach of the view that shows all of the plane.
   */
  constructor(content, home) {
    this.content = content;
    this.home = home;
    this.tiles = Object.keys(content.tiles);
  }

  points() {
    return unpack(this.content.points);
  }

  /** @param {string} name */
  tile(name) {
    return unpack(this.content.tiles[name]);
  }

  /** @param {string} name */
  async overlay(name) {
    return { ...opened(this.content.overlays[name]), view: this.home };
  }
}

/**
 * What is left of gzip in base64.
 * @param {string} text
 */
function unpack(text) {
  const packed = new Blob([decode(text)]).stream();
  return new Response(packed.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}
