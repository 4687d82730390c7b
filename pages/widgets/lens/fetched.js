import { decode } from "../base64.js";

/**
 * Where a lens gets what it shows.
 * @typedef {object} Source
 * @property {boolean} computes  Whether an overlay may take a moment.
 * @property {string[] | null} tiles  The names of all that there are; null if there is each.
 * @property {() => Promise<ArrayBuffer>} points
 * @property {(name: string) => Promise<ArrayBuffer>} tile  By "level/column/row".
 * @property {(name: string, view: number[] | null) => Promise<Values>} overlay  Over a view; null is all of the plane.
 *
 * @typedef {{ side: number, values: Float32Array, view?: number[] }} Values  Over another view than that, if it says so.
 */

/** Gets it from the server, at the address of its plane. @implements {Source} */
export class Fetched {
  computes = true;
  tiles = null;

  /** @param {string} link */
  constructor(link) {
    this.link = link;
  }

  async points() {
    return (await ask(`${this.link}/points`)).arrayBuffer();
  }

  /** @param {string} name */
  async tile(name) {
    return (await ask(`${this.link}/tile/${name}`)).arrayBuffer();
  }

  /** @param {string} name  @param {number[] | null} view */
  async overlay(name, view) {
    return opened(await (await ask(`${this.link}/overlay/${name}${view ? `?view=${view}` : ""}`)).json());
  }
}

/**
 * An overlay as it is sent.
 * @param {{ side: number, values: string }} sent
 */
export const opened = ({ side, values }) => ({ side, values: new Float32Array(decode(values).buffer) });

/**
 * What the server has at an address.
 * @param {string} url
 * @returns {Promise<Response>}
 */
async function ask(url) {
  // Again, a second later and later still, while no server answers: another one may take its place.
  for (let wait = 1; ; wait *= 2) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return answer;
    if (answer && answer.status < 500) throw new Error(await answer.text());
    if (wait > 8) throw new Error("the server does not answer");
    await new Promise((resolve) => setTimeout(resolve, 1000 * wait));
  }
}
