// A latent plane that decodes under the pointer: no message goes to the server.
// The module is shared by all lenses of a page and called again at each rerun, so state hangs on the element.
const lenses = new WeakMap();
const together = new Set(); // all that are on the page: those of one group move as one
const MOST_THUMBNAILS = 60;

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
    on(this.cursor, "pointermove", (e) => this.pointer_moved(e));
    on(this.cursor, "pointerdown", (e) => this.pointer_down(e));
    on(this.cursor, "pointerup", (e) => this.pointer_up(e));
    on(this.cursor, "pointercancel", (e) => this.fingers.delete(e.pointerId));
    on(this.cursor, "wheel", (e) => this.wheel(e), { passive: false });
    on(this.cursor, "keydown", (e) => this.key(e));
    on(find("nearer"), "click", () => this.zoom(2));
    on(find("farther"), "click", () => this.zoom(0.5));
    on(this.reset, "click", () => this.go_home());
    on(find("save"), "click", () => this.save());
    this.fingers = new Map();
    this.resizing = new ResizeObserver(() => this.data && this.draw());
    this.resizing.observe(this.cursor);
    // Follows the system's theme at once; a switch inside the app shows with the next move.
    on(matchMedia("(prefers-color-scheme: dark)"), "change", () => this.data && this.draw());
    together.add(this);
  }

  close() {
    this.closing.abort();
    this.resizing.disconnect();
    cancelAnimationFrame(this.tour);
    cancelAnimationFrame(this.frame);
    clearTimeout(this.settling);
    this.tiles?.close();
    together.delete(this);
  }

  // ---- what is shown

  async load(data) {
    const before = this.data;
    const fresh = this.token !== data.token;
    this.token = data.token;
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
    cancelAnimationFrame(this.tour);
    const view = new View(data.home);
    if (data.view) view.set(...data.view);
    this.tiles?.close();
    const tiles = new Tiles(
      data,
      () => this.data && this.ask_frame(),
      (error) => (this.status.textContent = `A finer image could not be loaded (${error.message}).`),
    );
    this.tiles = tiles;
    tiles.want(view, view.x, view.y);
    let points;
    try {
      points = await fetched(data.link + "/points");
    } catch (error) {
      if (this.token === data.token) this.status.textContent = `This plane could not be loaded (${error.message}). Reload the page.`;
      return;
    }
    if (this.token !== data.token || this.closing.signal.aborted) return;
    this.status.textContent = "";
    data = this.latest;
    this.view = view;
    this.points = new Points(points, data.count, data.posteriors);
    this.sprites = new Sprites(data.sprites, data.image, () => this.redraw_all());
    const [h, w] = data.image;
    for (const canvas of [this.decoded, this.nearest]) Object.assign(canvas, { width: w, height: h });
    this.picture = this.decoded.getContext("2d").createImageData(w, h);
    this.overlays = {};
    this.alone = null;
    this.data = data;
    this.show_legend();
    this.accept_pin();
    const [x, y] = data.pin ?? data.home;
    this.look(x, y);
    this.draw();
    this.fetch_overlay();
    if (data.tour) this.start_tour();
  }

  // The ground (what no image has, what no code can be) and the overlay that was asked for, over the present view.
  async fetch_overlay() {
    const { link, token, overlay } = this.data;
    const numbers = this.view.numbers.map(short);
    const wanted = ["ground", ...(overlay ? [overlay] : [])];
    try {
      const answers = await Promise.all(wanted.map((name) => fetched(`${link}/overlay/${name}?view=${numbers}`, "json")));
      if (this.token !== token || this.closing.signal.aborted || this.data.overlay !== overlay) return;
      this.overlays = {};
      wanted.forEach((name, i) => {
        const { side, values } = answers[i];
        this.overlays[name] = { side, values: new Float32Array(bytes(values).buffer), view: numbers };
      });
      this.draw_ground();
    } catch {
      this.status.textContent = "What is true here could not be loaded.";
    }
  }

  show_legend() {
    const { classes, colours } = this.data;
    this.legend.replaceChildren(
      ...classes.map((name, i) => {
        const button = document.createElement("button");
        const dot = document.createElement("i");
        dot.style.background = colours[i];
        button.append(dot, name);
        button.type = "button";
        button.ariaPressed = "false";
        button.addEventListener("click", () => {
          for (const lens of this.group()) lens.show_alone(lens.alone === i ? null : i);
        });
        const item = document.createElement("li");
        item.append(button);
        return item;
      }),
    );
  }

  // One class in colour, the others grey.
  show_alone(number) {
    this.alone = number;
    [...this.legend.querySelectorAll("button")].forEach((button, i) => (button.ariaPressed = String(i === number)));
    this.draw();
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
    return [(this.x - this.points.places[2 * index]) / reach, (this.y - this.points.places[2 * index + 1]) / reach];
  }

  follow(index, [across, up]) {
    cancelAnimationFrame(this.tour);
    const reach = this.view.home[2];
    const { places, offsets } = this.points;
    [this.x, this.y] = this.view.clamp(places[2 * index] + across * reach, places[2 * index + 1] + up * reach);
    const away = Math.hypot(places[2 * index] - this.x, places[2 * index + 1] - this.y);
    this.found = { index, distance: Math.hypot(away, offsets[index]) };
    this.ask_frame();
  }

  ask_frame() {
    this.asked ??= performance.now();
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      const began = performance.now();
      this.show_place();
      this.took = performance.now() - began + (this.spent ?? 0);
      this.spent = 0;
      (this.times ??= []).push(this.took);
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
    this.off.textContent = `${distance.toFixed(2)} away, ${(distance / data.spacing).toFixed(1)} times a usual gap`;
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

  // ---- pointer, fingers, wheel and keys

  at(event) {
    const rect = this.cursor.getBoundingClientRect();
    return this.view.place((event.clientX - rect.left) / rect.width, (event.clientY - rect.top) / rect.height);
  }

  pointer_moved(event) {
    if (!this.data) return;
    const began = performance.now();
    cancelAnimationFrame(this.tour);
    const before = this.fingers.get(event.pointerId);
    if (before) {
      this.fingers.set(event.pointerId, { ...before, x: event.clientX, y: event.clientY });
      if (this.fingers.size === 2) return this.pinch(event.pointerId, before);
      const far = Math.hypot(event.clientX - before.from[0], event.clientY - before.from[1]) > 5;
      if (far) this.fingers.get(event.pointerId).dragged = true;
      if (event.pointerType === "mouse" && (far || before.dragged)) return this.drag(event, before);
    }
    this.look(...this.at(event));
    this.spent = (this.spent ?? 0) + performance.now() - began;
  }

  pointer_down(event) {
    if (!this.data) return;
    cancelAnimationFrame(this.tour);
    this.cursor.setPointerCapture(event.pointerId);
    const { clientX: x, clientY: y } = event;
    this.fingers.set(event.pointerId, { x, y, from: [x, y], dragged: this.fingers.size > 0 });
    this.look(...this.at(event));
  }

  // What did not move was a click: it pins the place.
  pointer_up(event) {
    const finger = this.fingers.get(event.pointerId);
    this.fingers.delete(event.pointerId);
    if (!finger || !this.data) return;
    if (!finger.dragged) this.pin_here();
  }

  pin_here() {
    for (const lens of this.group()) {
      if (!lens.data.pins) continue;
      lens.pin = [lens.x, lens.y];
      lens.draw_cursor();
      lens.tell("pin", lens.pin.map(short));
    }
  }

  drag(event, before) {
    const side = this.cursor.clientWidth;
    const [x, y, reach] = this.view.numbers;
    const across = ((before.x - event.clientX) / side) * 2 * reach;
    this.view.set(x + across, y + ((event.clientY - before.y) / side) * 2 * reach, reach);
    this.moved();
  }

  pinch(moved, before) {
    const [a, b] = [...this.fingers.values()];
    const other = this.fingers.get(moved) === a ? b : a;
    const apart = Math.hypot(a.x - b.x, a.y - b.y);
    const rect = this.cursor.getBoundingClientRect();
    const middle = [(a.x + b.x) / 2 - rect.left, (a.y + b.y) / 2 - rect.top];
    const was = Math.hypot(before.x - other.x, before.y - other.y);
    this.view.zoom(apart / Math.max(was, 1), ...this.view.place(middle[0] / rect.width, middle[1] / rect.height));
    this.moved();
  }

  // A page must stay scrollable: the wheel zooms once the plane has the focus, or with Ctrl.
  wheel(event) {
    if (!this.data) return;
    if (!event.ctrlKey && this.cursor.getRootNode().activeElement !== this.cursor) return;
    event.preventDefault();
    this.view.zoom(Math.exp(-event.deltaY / 400), ...this.at(event));
    this.moved();
  }

  key(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    const acts = {
      "+": () => this.zoom(1.5),
      "=": () => this.zoom(1.5),
      "-": () => this.zoom(1 / 1.5),
      0: () => this.go_home(),
      Enter: () => this.pin_here(),
      " ": () => this.pin_here(),
    };
    if (!this.data || (!way && !acts[event.key]) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    cancelAnimationFrame(this.tour);
    if (!way) return acts[event.key]();
    const step = (event.shiftKey ? 0.16 : 0.03) * this.view.reach;
    this.look(this.x + way[0] * step, this.y + way[1] * step);
  }

  zoom(factor) {
    if (!this.data) return;
    cancelAnimationFrame(this.tour);
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
    this.status.textContent = "";
    this.tiles.want(view, this.x, this.y);
    this.element.dataset.sharp = this.tiles.sharp;
    this.fetch_overlay();
  }

  // ---- drawing

  redraw_all() {
    this.draw();
    this.ask_frame();
  }

  fit(canvas) {
    const ratio = devicePixelRatio || 1;
    const side = Math.round(canvas.clientWidth * ratio);
    if (canvas.width !== side || canvas.height !== side) Object.assign(canvas, { width: side, height: side });
    return ratio;
  }

  draw() {
    if (!this.data || !this.dots.clientWidth) return;
    this.draw_ground();
    this.draw_dots();
    this.reset.disabled = this.view.at_home;
    if (this.found) this.draw_cursor();
  }

  draw_dots() {
    const began = performance.now();
    const ratio = this.fit(this.dots);
    const context = this.dots.getContext("2d");
    const side = this.dots.width;
    if (this.dot_pixels?.width !== side) this.dot_pixels = context.createImageData(side, side);
    const { alone, selected, points } = this;
    const few = points.count > 20000 ? 1 : points.count > 3000 ? 1.7 : 2.6;
    const seen = points.draw(this.dot_pixels, this.view, {
      colours: this.data.colours.map(packed),
      dimmed: (k) => (alone !== null && points.labels[k] !== alone) || (selected !== null && !selected.has(k)),
      radius: Math.min(few * Math.sqrt(this.view.home[2] / this.view.reach), 5) * ratio,
      most: MOST_THUMBNAILS,
    });
    context.putImageData(this.dot_pixels, 0, 0);
    if (seen.length <= MOST_THUMBNAILS) this.draw_thumbnails(context, seen, ratio);
    this.dots_took = performance.now() - began;
    this.count();
  }

  // Near enough, a dot has room to be the image itself.
  draw_thumbnails(context, seen, ratio) {
    const side = this.dots.width;
    const size = 36 * ratio;
    for (const k of seen) {
      const [x, y] = this.view.screen(this.points.places[2 * k], this.points.places[2 * k + 1]);
      context.globalAlpha = this.points.strength[k] / 255;
      const corner = [x * side - size / 2, y * side - size / 2];
      if (!this.sprites.draw(context, k, ...corner, size, size)) continue;
      context.strokeStyle = this.data.colours[this.points.labels[k]];
      context.lineWidth = 2.5 * ratio;
      context.strokeRect(...corner, size, size);
    }
    context.globalAlpha = 1;
  }

  draw_ground() {
    if (!this.data || !this.ground.clientWidth) return;
    const ratio = this.fit(this.ground);
    const context = this.ground.getContext("2d");
    const side = this.ground.width;
    context.clearRect(0, 0, side, side);
    const over = this.overlays?.[this.data.overlay];
    if (over) this.lay(context, side, over, shades(over.values));
    const ground = this.overlays?.ground;
    if (!ground) return;
    const ink = this.ink();
    this.hatch(context, side, ground, ink, (value) => value === 1, ratio, 1);
    this.hatch(context, side, ground, ink, (value) => value === 2, ratio, 2);
  }

  // Values over a view as one picture, stretched to where that view is now.
  lay(context, side, { side: n, view: [x, y, reach] }, pixels) {
    const small = new OffscreenCanvas(n, n);
    small.getContext("2d").putImageData(new ImageData(pixels, n, n), 0, 0);
    const [left, top] = this.view.screen(x - reach, y + reach);
    const width = (reach / this.view.reach) * side;
    // The outermost values stand on the edge of the view, not half a cell within.
    const cell = width / (n - 1);
    context.imageSmoothingEnabled = true;
    context.drawImage(small, left * side - cell / 2, top * side - cell / 2, width + cell, width + cell);
  }

  hatch(context, side, layer, ink, chosen, ratio, kind) {
    const pixels = new Uint8ClampedArray(4 * layer.values.length);
    let any = false;
    layer.values.forEach((value, i) => {
      if (chosen(value)) any = pixels[4 * i + 3] = 255;
    });
    if (!any) return;
    const sheet = new OffscreenCanvas(side, side);
    const onto = sheet.getContext("2d");
    this.lay(onto, side, layer, pixels);
    onto.globalCompositeOperation = "source-in";
    const tile = new OffscreenCanvas(8 * ratio, 8 * ratio);
    const line = tile.getContext("2d");
    line.strokeStyle = ink;
    line.globalAlpha = kind === 2 ? 0.3 : 0.2;
    line.lineWidth = ratio;
    line.beginPath();
    for (const shift of [-8, 0, 8]) {
      line.moveTo((shift - 1) * ratio, 9 * ratio);
      line.lineTo((shift + 9) * ratio, -1 * ratio);
      if (kind === 2) {
        line.moveTo((shift - 1) * ratio, -1 * ratio);
        line.lineTo((shift + 9) * ratio, 9 * ratio);
      }
    }
    line.stroke();
    onto.fillStyle = onto.createPattern(tile, "repeat");
    onto.fillRect(0, 0, side, side);
    context.drawImage(sheet, 0, 0);
  }

  // The plane with the decoded and the nearest image beside it, as a file.
  save() {
    if (!this.data) return;
    const side = this.dots.width;
    const sheet = new OffscreenCanvas(1.5 * side, side);
    const context = sheet.getContext("2d");
    context.fillStyle = getComputedStyle(this.plane).backgroundColor;
    context.fillRect(0, 0, sheet.width, side);
    for (const canvas of [this.ground, this.dots, this.cursor]) context.drawImage(canvas, 0, 0);
    context.imageSmoothingEnabled = false;
    [this.decoded, this.nearest].forEach((canvas, i) =>
      context.drawImage(canvas, side * 1.02, side * (0.02 + 0.49 * i), side * 0.46, side * 0.46),
    );
    sheet.convertToBlob().then((blob) => {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = "lens.png";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }

  ink() {
    return getComputedStyle(this.cursor).getPropertyValue("--st-text-color") || "#888";
  }

  draw_cursor() {
    const ratio = this.fit(this.cursor);
    const context = this.cursor.getContext("2d");
    const side = this.cursor.width;
    const on_screen = (x, y) => this.view.screen(x, y).map((share) => share * side);
    const circle = ([x, y], radius) => {
      context.beginPath();
      context.arc(x, y, radius * ratio, 0, 2 * Math.PI);
      context.stroke();
    };
    const { index } = this.found;
    const here = on_screen(this.x, this.y);
    const there = on_screen(this.points.places[2 * index], this.points.places[2 * index + 1]);
    context.clearRect(0, 0, side, side);
    context.strokeStyle = this.ink();
    context.lineWidth = 1.5 * ratio;
    if (this.points.covariances) this.draw_posterior(context, index, there);
    context.beginPath();
    context.moveTo(...here);
    context.lineTo(...there);
    context.stroke();
    circle(there, 6);
    context.lineWidth = 2.5 * ratio;
    circle(here, 11);
    if (!this.pin) return;
    const pin = on_screen(...this.pin);
    context.fillStyle = getComputedStyle(this.cursor).getPropertyValue("--st-primary-color") || "#c33";
    context.beginPath();
    context.moveTo(pin[0], pin[1]);
    context.arc(pin[0], pin[1] - 14 * ratio, 7 * ratio, 0.75 * Math.PI, 0.25 * Math.PI);
    context.closePath();
    context.fill();
    context.lineWidth = 1 * ratio;
    context.stroke();
  }

  // The image's whole code is a distribution: its ellipses at one and two standard deviations.
  draw_posterior(context, index, [x, y]) {
    const [xx, xy, yy] = this.points.covariances.subarray(3 * index, 3 * index + 3);
    const middle = (xx + yy) / 2;
    const half = Math.hypot((xx - yy) / 2, xy);
    const scale = this.cursor.width / (2 * this.view.reach);
    for (const deviations of [1, 2]) {
      context.beginPath();
      const radii = [middle + half, Math.max(middle - half, 0)].map((v) => deviations * Math.sqrt(v) * scale);
      context.ellipse(x, y, ...radii, -0.5 * Math.atan2(2 * xy, xx - yy), 0, 2 * Math.PI);
      context.stroke();
    }
  }
}

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
// As many digits as a link needs: a millionth of what is on screen is less than a pixel.
const short = (value) => Number(value.toPrecision(7));

async function fetched(link, as = "arrayBuffer") {
  const answer = await fetch(link, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(await answer.text());
  return answer[as]();
}

// Low to high as nothing to strong blue: the dots stay readable on it, and it needs no second colour scale.
function shades(values) {
  const sorted = Float32Array.from(values).sort();
  const low = sorted[0];
  const high = sorted[Math.floor(0.99 * (sorted.length - 1))];
  const pixels = new Uint8ClampedArray(4 * values.length);
  values.forEach((value, i) => {
    const share = high > low ? Math.min((value - low) / (high - low), 1) : 0;
    pixels.set([31, 105, 190, 210 * share], 4 * i);
  });
  return pixels;
}
