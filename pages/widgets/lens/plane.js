// A latent plane that is loaded: what is shown of it, and where one looks.
import { decode } from "../base64.js";
import { contextOf, make } from "../elements.js";
import { Picture } from "../picture.js";
import { Sprites } from "../sprites.js";
import { drawCursor, drawDots } from "./draw.js";
import { drawGround } from "./ground.js";
import { PointerInput } from "./pointer_input.js";

/**
 * @typedef {import("./lens.js").Data} Data
 * @typedef {import("./lens.js").Parts} Parts
 * @typedef {{ tell: (name: string, value: unknown) => void, select: (numbers: number[]) => void, fail: (error: Error, sentence: string) => void }} Owner
 */

const REST = 150; // milliseconds without a change, after which finer tiles are fetched

/** @type {Set<Plane>} */
const together = new Set(); // all that are on the page: those of one group move as one

export class Plane {
  x = 0; // the place that is decoded
  y = 0;
  closing = new AbortController();
  /** @type {Record<string, import("./ground.js").Overlay>} */
  overlays = {};
  asked = 0; // how often overlays were
  /** @type {string | null} */
  alone = null; // the one class in colour
  /** @type {number[] | null} */
  pin = null;
  /** @type {Set<number> | null} */
  selected = null;
  tints = new Uint8Array(); // the number of each dot's colour
  lassoes = false; // whether a drag draws around dots
  /** @type {number[][]} */
  lasso = []; // places of the line that is being drawn
  // Requests of animation frames, and timers.
  frame = 0;
  redrawing = 0;
  tour = 0;
  settling = 0;
  staying = 0;
  // For the counter, in milliseconds.
  spent = 0; // since the last frame
  took = 0;
  dotsTook = 0;
  /** @type {number[]} */
  times = [];

  /**
   * @param {Parts} parts  @param {Data} data  @param {import("./view.js").View} view
   * @param {import("./tiles.js").Tiles} tiles  @param {import("./points.js").Points} points
   * @param {import("./fetched.js").Source} source  @param {Owner} owner
   */
  constructor(parts, data, view, tiles, points, source, owner) {
    this.parts = parts;
    this.data = data;
    this.view = view;
    this.tiles = tiles;
    this.points = points;
    this.source = source;
    this.owner = owner;
    this.sprites = new Sprites(data.sprites, data.image, () => this.redraw());
    const [height, width] = data.image;
    Object.assign(parts.nearest, { width, height });
    parts.nearest.style.imageRendering = data.form.medium === "image" ? "" : "auto";
    this.picture = new Picture(parts.decoded, data.form);
    parts.lens.dataset.posteriors = String(data.posteriors);
    const { signal } = this.closing; // the elements may outlive this plane
    this.input = new PointerInput(this, signal);
    parts.cursor.ariaDescription = data.pins ? "Enter pins the place." : null;
    parts.nearer.addEventListener("click", () => this.zoom(2), { signal });
    parts.farther.addEventListener("click", () => this.zoom(0.5), { signal });
    parts.reset.addEventListener("click", () => this.goHome(), { signal });
    parts.lasso.addEventListener("click", () => this.takeLasso(!this.lassoes), { signal });
    this.takeLasso(false);
    // Follows the system's theme at once; a switch inside the app shows with the next move.
    const theme = matchMedia("(prefers-color-scheme: dark)");
    theme.addEventListener("change", () => this.draw(), { signal });
    this.acceptPin();
    this.showAlone(data.alone);
    together.add(this);
    const [x, y] = data.pin ?? data.home;
    this.found = points.nearest(x, y);
    this.look(x, y);
    this.resizing = new ResizeObserver(() => this.draw());
    this.resizing.observe(parts.cursor); // draws at once
    this.fetchOverlay();
    if (data.tour) this.startTour();
  }

  close() {
    this.closing.abort();
    this.resizing.disconnect();
    for (const request of [this.frame, this.redrawing, this.tour]) cancelAnimationFrame(request);
    clearTimeout(this.settling);
    clearTimeout(this.staying);
    this.tiles.close();
    together.delete(this);
  }

  /** @param {Data} data  Of the same plane. */
  update(data) {
    const before = this.data;
    this.data = data;
    if (before.groups?.labels !== data.groups?.labels) this.alone = null;
    if (before.overlay !== data.overlay) this.fetchOverlay();
    this.acceptPin();
    this.redraw();
  }

  /** The ground (what no image has, what no code can be) and the overlay that was asked for, over the present view. */
  async fetchOverlay() {
    const { view, parts, overlays, source } = this;
    const { overlay } = this.data;
    const numbers = view.numbers.map(short);
    const over = view.atHome ? null : numbers;
    const wanted = ["ground", ...(overlay ? [overlay] : [])].filter(
      (name) => `${overlays[name]?.view}` !== `${numbers}`,
    );
    const number = ++this.asked;
    const stale = () => this.closing.signal.aborted || this.asked !== number;
    this.drawGround();
    if (wanted.length && source.computes)
      parts.status.textContent = `Computing ${overlay ? `the overlay ${overlay}` : "where no image lies"} …`;
    /** @param {string} name */
    const fetchOne = async (name) => {
      const found = await source.overlay(name, over);
      if (stale()) return;
      overlays[name] = { view: numbers, ...found };
      this.drawGround();
    };
    try {
      await Promise.all(wanted.map(fetchOne));
      if (!stale()) parts.status.textContent = "";
    } catch (error) {
      if (!stale()) this.owner.fail(/** @type {Error} */ (error), "The overlay could not be loaded");
    }
  }

  /** What dots are coloured by, by number. */
  get names() {
    return this.data.groups?.names ?? this.data.classes;
  }

  showLegend() {
    const { colours, edges } = this.data;
    const all = new Array(this.names.length).fill(0);
    const some = [...all];
    for (const [k, label] of this.tints.entries()) {
      all[label]++;
      if (this.selected?.has(k)) some[label]++;
    }
    const items = this.names.map((name, i) => {
      const dot = make("i");
      Object.assign(dot.style, { background: colours[i], borderColor: edges[i] });
      const counted = this.selected ? ` ${some[i].toLocaleString("en")} / ${all[i].toLocaleString("en")}` : "";
      const button = make("button", "", dot, name, make("small", "", counted));
      button.type = "button";
      button.addEventListener("click", () => {
        const chosen = this.alone === name ? null : name;
        for (const plane of this.group()) plane.bringOut(chosen);
      });
      return make("li", "", button);
    });
    this.parts.legend.replaceChildren(...items);
  }

  /**
   * One class in colour, the others grey; null is all.
   * @param {string | null} name
   */
  bringOut(name) {
    this.showAlone(name);
    this.draw();
    if (this.data.pins && !this.data.groups) this.owner.tell("alone", this.alone);
  }

  /** @param {string | null} name */
  showAlone(name) {
    const { names } = this;
    this.alone = name !== null && names.includes(name) ? name : null;
    for (const [i, button] of this.parts.legend.querySelectorAll("button").entries())
      button.ariaPressed = String(names[i] === this.alone);
  }

  acceptPin() {
    const { pin, selected, mark } = this.data;
    this.parts.lens.dataset.marked = String(mark !== null);
    this.pin = pin;
    this.selected = selected.length ? new Set(selected) : null;
    const { groups } = this.data;
    this.tints = groups ? decode(groups.labels) : this.points.labels;
    this.showLegend();
    this.showAlone(this.alone);
  }

  // ---- where one looks

  group() {
    const { group } = this.data;
    return group ? [...together].filter((plane) => plane.data.group === group) : [this];
  }

  /**
   * All planes of the group take the same step from the same image.
   * @param {number} x  @param {number} y
   */
  look(x, y) {
    [this.x, this.y] = this.view.clamp(x, y);
    this.found = this.points.nearest(this.x, this.y);
    const { index } = this.found;
    // The way from the image's place to here, as a share of what the whole plane shows.
    const [fromX, fromY] = this.points.place(index);
    const reach = this.view.home[2];
    for (const other of this.group())
      if (other !== this && index < other.points.count)
        other.follow(index, (this.x - fromX) / reach, (this.y - fromY) / reach);
    if (!this.tour) this.stay();
    this.askFrame();
  }

  /** The place has changed: where it stays for a moment, what is decoded becomes exact. */
  stay() {
    clearTimeout(this.staying);
    this.staying = setTimeout(() => {
      this.tiles.refine(this.x, this.y);
      this.parts.lens.dataset.sharp = String(this.tiles.sharp);
    }, REST);
  }

  /** @param {number} index  @param {number} across  @param {number} up */
  follow(index, across, up) {
    this.stopTour();
    const reach = this.view.home[2];
    const [x, y] = this.points.place(index);
    [this.x, this.y] = this.view.clamp(x + across * reach, y + up * reach);
    this.found = { index, distance: this.points.distance(index, this.x, this.y) };
    this.stay();
    this.askFrame();
  }

  askFrame() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      const began = performance.now();
      this.showPlace();
      this.took = performance.now() - began + this.spent;
      this.spent = 0;
      this.times.push(this.took);
      if (this.times.length > 400) this.times.shift();
      this.count();
    });
  }

  showPlace() {
    const { x, y, data, parts } = this;
    const { index, distance } = this.found;
    const values = this.tiles.decode(x, y);
    if (values) this.picture.paint(values);
    const [h, w] = data.image;
    this.sprites.draw(contextOf(parts.nearest), index, 0, 0, w, h);
    parts.lens.dataset.place = `${x},${y}`;
    parts.lens.dataset.sharp = String(this.tiles.sharp);
    parts.place.textContent = parts.here.textContent = written(x, y);
    parts.own.textContent = written(...this.points.place(index));
    const of = data.classes[this.points.labels[index]];
    const name = `${of ? `${of}, test` : "Test"} ${data.noun} ${index * data.every}`;
    if (parts.name.textContent !== name) parts.name.textContent = name; // it is read aloud
    const gaps = (distance / data.neighbour_distance).toFixed(1);
    parts.off.textContent = `${distance.toFixed(2)} away (${gaps} gaps)`;
    drawCursor(this);
  }

  count() {
    const { parts, points, tiles } = this;
    if (!this.data.debug || !this.took) return;
    const median = [...this.times].sort((a, b) => a - b)[this.times.length >> 1];
    parts.counter.hidden = false;
    parts.counter.textContent = [
      `move ${this.took.toFixed(1)} ms, median ${median.toFixed(1)} ms`,
      `${points.count.toLocaleString("en")} dots ${this.dotsTook.toFixed(1)} ms`,
      `${tiles.kept.size} tiles${tiles.sharp ? "" : " …"}`,
    ].join(" · ");
  }

  /** Until someone takes over, the pointer wanders, so that the picture explains itself. */
  startTour() {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const [x, y, reach] = this.view.home;
    const began = performance.now();
    /** @param {number} now */
    const step = (now) => {
      const t = (now - began) / 4000;
      if (t > 8) return;
      this.look(x + reach * 0.6 * Math.sin(t), y + reach * 0.6 * Math.sin(1.4 * t + 0.5));
      this.tour = requestAnimationFrame(step);
    };
    this.tour = requestAnimationFrame(step);
  }

  stopTour() {
    cancelAnimationFrame(this.tour);
  }

  // ---- what the pointer and keys do

  /** @param {boolean} wanted  Whether a drag draws around dots instead of pulling the plane. */
  takeLasso(wanted) {
    this.lassoes = wanted;
    this.lasso = [];
    this.parts.lasso.ariaPressed = String(wanted);
  }

  /**
   * Selects the dots that the line goes around, instead of what was selected, beside it or out of it.
   * @param {{ shiftKey: boolean, altKey: boolean }} event
   */
  endLasso({ shiftKey, altKey }) {
    const inside = this.points.within(this.lasso);
    this.lasso = [];
    drawCursor(this);
    const before = this.selected ?? new Set();
    const found = new Set(inside);
    if (altKey) this.owner.select([...before].filter((n) => !found.has(n)));
    else this.owner.select(shiftKey ? [...new Set([...before, ...inside])] : inside);
  }

  pinHere() {
    for (const plane of this.group()) {
      if (!plane.data.pins) continue;
      plane.pin = [plane.x, plane.y];
      drawCursor(plane);
      plane.owner.tell("pin", plane.pin.map(short));
    }
  }

  /** @param {number} factor */
  zoom(factor) {
    this.stopTour();
    this.view.zoom(factor, this.x, this.y);
    this.moved();
  }

  goHome() {
    this.view.reset();
    this.moved();
  }

  /** After the view has changed: draw at once what is known, and fetch finer tiles when it rests. */
  moved() {
    [this.x, this.y] = this.view.clamp(this.x, this.y);
    this.found = this.points.nearest(this.x, this.y);
    this.redrawing ||= requestAnimationFrame(() => {
      this.redrawing = 0;
      this.draw();
    });
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.settled(), REST);
  }

  settled() {
    const { data, view } = this;
    if (data.pins) this.owner.tell("view", view.atHome ? null : view.numbers.map(short));
    this.tiles.want(view, this.x, this.y);
    this.parts.lens.dataset.sharp = String(this.tiles.sharp);
    this.fetchOverlay();
  }

  // ---- drawing

  redraw() {
    this.draw();
    this.askFrame();
  }

  draw() {
    if (!this.parts.dots.clientWidth) return;
    this.drawGround();
    const began = performance.now();
    drawDots(this);
    this.dotsTook = performance.now() - began;
    this.count();
    this.parts.reset.disabled = this.view.atHome;
    drawCursor(this);
  }

  drawGround() {
    const { parts, view, overlays, data } = this;
    if (parts.ground.clientWidth) drawGround(parts.ground, view, overlays.ground, overlays[data.overlay ?? ""]);
  }
}

/** @param {number} x  @param {number} y */
const written = (x, y) => `(${[x, y].map((at) => at.toFixed(2).replace("-0.00", "0.00")).join(", ")})`;

/**
 * As many digits as a link needs: a millionth of what is on screen is less than a pixel.
 * @param {number} value
 */
const short = (value) => Number(value.toPrecision(7));
