// A latent plane that decodes under the pointer: no message goes to the server.
import { component } from "../component.js";
import { find } from "../elements.js";
import { savePng } from "./draw.js";
import { Fetched } from "./fetched.js";
import { showFlow } from "./flow.js";
import { Plane } from "./plane.js";
import { Points } from "./points.js";
import { Tiles } from "./tiles.js";
import { View } from "./view.js";

/**
 * @typedef {object} Data
 * @property {string} link  The address of the plane.
 * @property {number[]} home  x, y and reach of the view that shows all of it.
 * @property {number} tile  Images along each side of a tile.
 * @property {number} level  Of the tiles that are fine enough for all of it.
 * @property {number} detail  Of the one in which the pointer rests.
 * @property {number} world  How many times as wide as that view the plane is known.
 * @property {number[] | null} view  Where the view begins, if not there.
 * @property {string | null} alone  The one class in colour.
 * @property {number[] | null} pin
 * @property {boolean} pins  Whether it takes pins.
 * @property {boolean} tour  Whether the pointer wanders until someone takes over.
 * @property {number} count  Of test images that are dots.
 * @property {number} every  Which of them are: all, or each second, third …
 * @property {boolean} posteriors  Whether their codes are distributions.
 * @property {number} neighbour_distance  The usual gap between neighbouring codes.
 * @property {import("../picture.js").Form} form  Of an example.
 * @property {[height: number, width: number]} image  Height and width of a test example's picture.
 * @property {string} noun  What an example is called.
 * @property {string[]} classes
 * @property {string[]} colours  Of the classes.
 * @property {string[]} edges  Of their dots.
 * @property {import("../sprites.js").Sheets} sprites
 * @property {number[]} selected  Numbers of the test images that stay in colour; none is all.
 * @property {string | null} overlay
 * @property {{ labels: string, names: string[] } | null} groups  What dots are coloured by if not by class: a byte for
 *   each, in base64.
 * @property {number[] | null} mark  Where the current image lies.
 * @property {string | null} group  Lenses of one group follow one pointer.
 * @property {"full" | "left" | "right" | "flow"} layout
 * @property {import("./flow.js").Steps | null} steps  Of the network, where they are to be shown.
 * @property {Arrow | null} arrow  A direction on the plane.
 * @property {boolean} selects  Whether one may draw around dots.
 * @property {boolean} debug  Whether to show how long a move takes.
 *
 * @typedef {{ start: number[], end: number[], fan: number[][] }} Arrow  With where it could as well have ended.
 *
 * @typedef {ReturnType<typeof findParts>} Parts
 */

/** @param {HTMLElement} root */
function findParts(root) {
  /** @param {string} name */
  const canvas = (name) => find(root, name, HTMLCanvasElement);
  /** @param {string} name */
  const button = (name) => find(root, name, HTMLButtonElement);
  return {
    lens: find(root, "lens"),
    plane: find(root, "plane"),
    ground: canvas("ground"),
    dots: canvas("dots"),
    cursor: canvas("cursor"),
    decoded: canvas("decoded"),
    nearest: canvas("nearest"),
    place: find(root, "place"),
    flow: find(root, "flow"),
    encoder: find(root, "encoder"),
    decoder: find(root, "decoder"),
    own: find(root, "own"),
    here: find(root, "here"),
    name: find(root, "name"),
    off: find(root, "off"),
    legend: find(root, "legend"),
    status: find(root, "status"),
    counter: find(root, "counter"),
    nearer: button("nearer"),
    farther: button("farther"),
    save: button("save"),
    reset: button("reset"),
    lasso: button("lasso"),
  };
}

export class Lens {
  link = "";
  closing = new AbortController();
  /** @type {Data | undefined} */
  latest;
  /** @type {Plane | undefined} */
  plane;
  /** @type {Tiles | undefined} */
  tiles;
  /** @type {(name: string, value: unknown) => void} */
  tell = () => {};
  /** @type {(numbers: number[]) => void} */
  select = () => {};

  /**
   * @param {HTMLElement} root
   * @param {(data: Data) => import("./fetched.js").Source} sourceOf  Where it gets what it shows.
   */
  constructor(root, sourceOf = ({ link }) => new Fetched(link)) {
    this.sourceOf = sourceOf;
    this.parts = findParts(root);
    const saves = () => this.plane && savePng(this.parts);
    this.parts.save.addEventListener("click", saves, { signal: this.closing.signal });
  }

  close() {
    this.closing.abort();
    this.plane?.close();
    this.tiles?.close();
  }

  /** @param {import("../component.js").Update<Data>} update */
  async update({ data, setStateValue, setTriggerValue }) {
    this.tell = setStateValue;
    this.select = (numbers) => setTriggerValue("selected", numbers);
    this.parts.lasso.hidden = !data.selects;
    this.latest = data;
    this.parts.lens.dataset.layout = data.layout;
    for (const word of this.parts.lens.querySelectorAll(".noun")) word.textContent = data.noun;
    if (this.link !== data.link) await this.open(data);
    else this.plane?.update(data); // or it is still on the way, and will take `latest`
  }

  /** @param {Data} data */
  async open(data) {
    this.link = data.link;
    this.plane?.close();
    this.plane = undefined;
    this.tiles?.close();
    this.parts.lens.dataset.sharp = "false";
    showFlow(this.parts, data.steps, data.form.shape);
    const view = new View(data.home, data.view ?? data.home, data.world);
    const source = this.sourceOf(data);
    const tiles = new Tiles(
      data,
      (name) => source.tile(name),
      () => this.plane?.askFrame(),
      (error) => this.fail(error, "A finer image could not be loaded", "Move the pointer to try again"),
      source.tiles,
    );
    this.tiles = tiles;
    tiles.want(view, view.x, view.y);
    let buffer;
    try {
      buffer = await source.points();
    } catch (error) {
      if (this.link === data.link) this.fail(/** @type {Error} */ (error), "This plane could not be loaded");
      return;
    }
    if (this.link !== data.link || this.closing.signal.aborted) return;
    this.parts.status.textContent = "";
    const points = new Points(buffer, data.count, data.posteriors);
    this.plane = new Plane(this.parts, this.latest ?? data, view, tiles, points, source, this);
  }

  /**
   * @param {Error} error
   * @param {string} sentence  What could not be done.
   * @param {string} [remedy]  What the visitor can do.
   */
  fail(error, sentence, remedy = "Reload the page") {
    if (!this.closing.signal.aborted) this.parts.status.textContent = `${sentence} (${error.message}). ${remedy}.`;
  }
}

export default component(Lens);
