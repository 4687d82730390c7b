// A latent plane that decodes under the pointer: no message goes to the server.
// The module is shared by all lenses of a page and called again at each rerun, so state hangs on the element.
const lenses = new WeakMap();
const together = new Set(); // all that are on the page: those of one group move as one

export default function ({ data, parentElement, setStateValue }) {
  let lens = lenses.get(parentElement);
  if (!lens) {
    lens = new Lens(parentElement);
    lenses.set(parentElement, lens);
  }
  lens.tell = setStateValue;
  lens.load(data);
  return () => {
    lens.close();
    lenses.delete(parentElement);
  };
}

class Lens {
  constructor(root) {
    const find = (name) => root.querySelector("." + name);
    this.element = find("lens");
    for (const name of ["plane", "ground", "dots", "cursor", "decoded", "nearest"]) this[name] = find(name);
    for (const name of ["place", "name", "off", "legend", "status", "counter", "reset"]) this[name] = find(name);
    // The elements may outlive this lens: what listens to them ends with it.
    this.closing = new AbortController();
    const on = (target, event, act, options = {}) =>
      target.addEventListener(event, act, { signal: this.closing.signal, ...options });
    this.input = new PointerInput(this, on);
    on(find("nearer"), "click", () => this.zoom(2));
    on(find("farther"), "click", () => this.zoom(0.5));
    on(this.reset, "click", () => this.go_home());
    on(find("save"), "click", () => this.data && save_png(this));
    this.spent = 0; // milliseconds since the last frame
    this.times = [];
    this.overlays = {};
    this.resizing = new ResizeObserver(() => this.data && this.draw());
    this.resizing.observe(this.cursor);
    // Follows the system's theme at once; a switch inside the app shows with the next move.
    on(matchMedia("(prefers-color-scheme: dark)"), "change", () => this.data && this.draw());
    together.add(this);
  }

  close() {
    this.closing.abort();
    this.resizing.disconnect();
    this.stop_tour();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.settling);
    this.tiles?.close();
    together.delete(this);
  }

  // ---- what is shown

  async load(data) {
    const before = this.data;
    const fresh = this.link !== data.link;
    this.link = data.link;
    this.latest = data;
    if (!fresh) {
      if (!before) return; // still on the way: it will take `latest`
      this.data = data;
      if (before.overlay !== data.overlay) this.fetch_overlay();
      this.accept_pin();
      this.redraw_all();
      return;
    }
    this.data = null;
    this.stop_tour();
    const view = new View(data.home);
    if (data.view) view.set(...data.view);
    this.tiles?.close();
    const tiles = new Tiles(
      data,
      () => this.data && this.ask_frame(),
      (error) => this.failed(error, "A finer image could not be loaded"),
    );
    this.tiles = tiles;
    tiles.want(view, view.x, view.y);
    let points;
    try {
      points = await fetched(data.link + "/points");
    } catch (error) {
      if (this.link === data.link) this.failed(error, "This plane could not be loaded");
      return;
    }
    if (this.link !== data.link || this.closing.signal.aborted) return;
    this.status.textContent = "";
    data = this.latest;
    this.view = view;
    this.points = new Points(points, data.count, data.posteriors);
    this.sprites = new Sprites(data.sprites, data.image, () => this.redraw_all());
    const [h, w] = data.image;
    for (const canvas of [this.decoded, this.nearest]) Object.assign(canvas, { width: w, height: h });
    this.picture = this.decoded.getContext("2d").createImageData(w, h);
    this.overlays = {};
    this.data = data;
    this.element.dataset.posteriors = data.posteriors;
    this.show_legend();
    this.show_alone(data.alone ?? null);
    this.accept_pin();
    const [x, y] = data.pin ?? data.home;
    this.look(x, y);
    this.draw();
    this.fetch_overlay();
    if (data.tour) this.start_tour();
  }

  failed(error, sentence) {
    if (this.closing.signal.aborted) return;
    this.status.textContent = `${sentence} (${error.message}). Reload the page.`;
  }

  // The ground (what no image has, what no code can be) and the overlay that was asked for, over the present view.
  async fetch_overlay() {
    const { link, overlay } = this.data;
    const numbers = this.view.numbers.map(short);
    const known = (name) => this.overlays[name]?.view.join() === numbers.join();
    const query = this.view.at_home ? "" : `?view=${numbers}`;
    const wanted = ["ground", ...(overlay ? [overlay] : [])].filter((name) => !known(name));
    const asked = (this.asked = {});
    const stale = () => this.link !== link || this.closing.signal.aborted || this.asked !== asked;
    this.draw_ground();
    if (wanted.length) this.status.textContent = `Computing: ${overlay ?? "where no image is"} …`;
    const fetch_one = async (name) => {
      const { side, values } = await fetched(`${link}/overlay/${name}${query}`, "json");
      if (stale()) return;
      this.overlays[name] = { side, values: new Float32Array(bytes(values).buffer), view: numbers };
      this.draw_ground();
    };
    try {
      await Promise.all(wanted.map(fetch_one));
      if (!stale()) this.status.textContent = "";
    } catch (error) {
      if (!stale()) this.failed(error, "What is true here could not be loaded");
    }
  }

  show_legend() {
    const { classes, colours, edges } = this.data;
    this.legend.replaceChildren(
      ...classes.map((name, i) => {
        const button = document.createElement("button");
        const dot = document.createElement("i");
        Object.assign(dot.style, { background: colours[i], borderColor: edges[i] });
        button.append(dot, name);
        button.type = "button";
        button.ariaPressed = "false";
        button.addEventListener("click", () => {
          const chosen = this.alone === name ? null : name;
          for (const lens of this.group()) lens.bring_out(chosen);
        });
        const item = document.createElement("li");
        item.append(button);
        return item;
      }),
    );
  }

  // One class in colour, the others grey; null is all.
  bring_out(name) {
    this.show_alone(name);
    this.draw();
    if (this.data.pins) this.tell("alone", this.alone);
  }

  show_alone(name) {
    const { classes } = this.data;
    this.alone = classes.includes(name) ? name : null;
    [...this.legend.querySelectorAll("button")].forEach((b, i) => (b.ariaPressed = String(classes[i] === this.alone)));
  }

  accept_pin() {
    const { pin, selected } = this.data;
    this.pin = pin ?? null;
    this.selected = selected?.length ? new Set(selected) : null;
  }

  // ---- where one looks

  group() {
    return this.data?.group ? [...together].filter((l) => l.data?.group === this.data.group) : [this];
  }

  // All lenses of the group take the same step from the same image.
  look(x, y) {
    [this.x, this.y] = this.view.clamp(x, y);
    this.found = this.points.nearest(this.x, this.y);
    const { index } = this.found;
    for (const other of this.group()) {
      if (other !== this && index < other.points.count) other.follow(index, this.step_from(index));
    }
    this.ask_frame();
  }

  // The way from an image's place to here, as a share of what the whole plane shows.
  step_from(index) {
    const reach = this.view.home[2];
    const [x, y] = this.points.place(index);
    return [(this.x - x) / reach, (this.y - y) / reach];
  }

  follow(index, [across, up]) {
    this.stop_tour();
    const reach = this.view.home[2];
    const [x, y] = this.points.place(index);
    [this.x, this.y] = this.view.clamp(x + across * reach, y + up * reach);
    this.found = { index, distance: Math.hypot(x - this.x, y - this.y, this.points.offsets[index]) };
    this.ask_frame();
  }

  ask_frame() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      const began = performance.now();
      this.show_place();
      this.took = performance.now() - began + this.spent;
      this.spent = 0;
      this.times.push(this.took);
      if (this.times.length > 400) this.times.shift();
      this.count();
    });
  }

  show_place() {
    const { x, y, found, data } = this;
    if (this.tiles.decode(x, y, this.picture.data)) this.decoded.getContext("2d").putImageData(this.picture, 0, 0);
    const { index, distance } = found;
    const [h, w] = data.image;
    this.sprites.draw(this.nearest.getContext("2d"), index, 0, 0, w, h);
    this.element.dataset.place = `${x},${y}`;
    this.element.dataset.sharp = this.tiles.sharp;
    this.place.textContent = `(${x.toFixed(2)}, ${y.toFixed(2)})`;
    const name = `${data.classes[this.points.labels[index]]}, test image ${index}`;
    if (this.name.textContent !== name) this.name.textContent = name;
    this.off.textContent = `${distance.toFixed(2)} away, ${(distance / data.neighbour_distance).toFixed(1)} times a usual gap`;
    this.draw_cursor();
  }

  count() {
    if (!this.data.debug || this.took === undefined) return;
    const sorted = [...this.times].sort((a, b) => a - b);
    const median = sorted[sorted.length >> 1];
    this.counter.hidden = false;
    this.counter.textContent = `move ${this.took.toFixed(1)} ms, median ${median.toFixed(1)} ms · ${this.points.count.toLocaleString("en")} dots ${this.dots_took?.toFixed(1)} ms · ${this.tiles.kept.size} tiles${this.tiles.sharp ? "" : " …"}`;
  }

  // Until someone takes over, the pointer wanders, so that the picture explains itself.
  start_tour() {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const [x, y, reach] = this.view.home;
    const began = performance.now();
    const step = (now) => {
      const t = (now - began) / 4000;
      if (t > 8) return;
      this.look(x + reach * 0.6 * Math.sin(t), y + reach * 0.6 * Math.sin(1.4 * t + 0.5));
      this.tour = requestAnimationFrame(step);
    };
    this.tour = requestAnimationFrame(step);
  }

  stop_tour() {
    cancelAnimationFrame(this.tour);
  }

  // ---- what the pointer and keys do

  pin_here() {
    for (const lens of this.group()) {
      if (!lens.data.pins) continue;
      lens.pin = [lens.x, lens.y];
      lens.draw_cursor();
      lens.tell("pin", lens.pin.map(short));
    }
  }

  zoom(factor) {
    if (!this.data) return;
    this.stop_tour();
    this.view.zoom(factor, this.x, this.y);
    this.moved();
  }

  go_home() {
    if (!this.data) return;
    this.view.reset();
    this.moved();
  }

  // After the view has changed: draw at once what is known, and fetch finer tiles when it rests.
  moved() {
    [this.x, this.y] = this.view.clamp(this.x, this.y);
    this.found = this.points.nearest(this.x, this.y);
    this.redraw ||= requestAnimationFrame(() => {
      this.redraw = 0;
      this.draw();
    });
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.settled(), 150);
  }

  settled() {
    const { data, view } = this;
    if (data.pins) this.tell("view", view.at_home ? null : view.numbers.map(short));
    this.tiles.want(view, this.x, this.y);
    this.element.dataset.sharp = this.tiles.sharp;
    this.fetch_overlay();
  }

  // ---- drawing

  redraw_all() {
    this.draw();
    this.ask_frame();
  }

  draw() {
    if (!this.data || !this.dots.clientWidth) return;
    this.draw_ground();
    this.draw_dots();
    this.reset.disabled = this.view.at_home;
    if (this.found) this.draw_cursor();
  }

  draw_ground() {
    if (this.data && this.ground.clientWidth) draw_ground(this.ground, this.view, this.overlays, this.data.overlay);
  }

  draw_dots() {
    const began = performance.now();
    draw_dots(this.dots, this);
    this.dots_took = performance.now() - began;
    this.count();
  }

  draw_cursor() {
    draw_cursor(this.cursor, this);
  }
}

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
// As many digits as a link needs: a millionth of what is on screen is less than a pixel.
const short = (value) => Number(value.toPrecision(7));

// Asks again, a second later and later still, while no server answers: another one may take its place.
async function fetched(link, as = "arrayBuffer") {
  for (let wait = 1; ; wait *= 2) {
    const answer = await fetch(link).catch(() => null);
    if (answer?.ok) return answer[as]();
    if (answer?.status < 500) throw new Error(await answer.text());
    if (wait > 8) throw new Error("the server does not answer");
    await new Promise((resolve) => setTimeout(resolve, 1000 * wait));
  }
}
