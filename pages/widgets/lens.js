// A latent plane that decodes under the pointer: no message goes to the server.
// The module is shared by all lenses of a page and called again at each rerun, so state hangs on the element.
const lenses = new WeakMap();

export default function ({ data, parentElement }) {
  let lens = lenses.get(parentElement);
  if (!lens) {
    lens = new Lens(parentElement);
    lenses.set(parentElement, lens);
  }
  lens.load(data);
  return () => {
    lens.close();
    lenses.delete(parentElement);
  };
}

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

async function pixels(uri) {
  const image = new Image();
  image.src = uri;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const rgba = context.getImageData(0, 0, image.width, image.height).data;
  const grey = new Uint8Array(rgba.length / 4);
  for (let i = 0; i < grey.length; i++) grey[i] = rgba[4 * i];
  return { grey, width: image.width };
}

class Lens {
  constructor(root) {
    this.root = root;
    const find = (name) => root.querySelector("." + name);
    this.dots = find("dots");
    this.cursor = find("cursor");
    this.decoded = find("decoded");
    this.nearest = find("nearest");
    this.place = find("place");
    this.name = find("name");
    this.legend = find("legend");
    // The elements may outlive this lens: what listens to them ends with it.
    this.closing = new AbortController();
    const listening = { signal: this.closing.signal };
    this.cursor.addEventListener("pointermove", (e) => this.point(e), listening);
    this.cursor.addEventListener(
      "pointerdown",
      (e) => {
        this.cursor.setPointerCapture(e.pointerId);
        this.point(e);
      },
      listening,
    );
    this.cursor.addEventListener("keydown", (e) => this.key(e), listening);
    this.resizing = new ResizeObserver(() => this.draw());
    this.resizing.observe(this.cursor);
    // Follows the system's theme at once; a switch inside the app shows with the next move.
    this.theme = matchMedia("(prefers-color-scheme: dark)");
    this.theme.addEventListener("change", () => this.draw(), listening);
  }

  close() {
    this.closing.abort();
    this.resizing.disconnect();
    cancelAnimationFrame(this.tour);
  }

  async load(data) {
    if (this.version === data.version) {
      this.draw();
      return;
    }
    this.version = data.version;
    const [lattice, sprites] = await Promise.all([pixels(data.lattice), pixels(data.sprites)]);
    if (this.version !== data.version || this.closing.signal.aborted) return;
    this.data = data;
    this.lattice = lattice;
    this.sprites = sprites;
    this.points = new Float32Array(bytes(data.points).buffer);
    this.labels = bytes(data.labels);
    const [h, w] = data.image;
    for (const canvas of [this.decoded, this.nearest]) {
      canvas.width = w;
      canvas.height = h;
    }
    this.legend.replaceChildren(
      ...data.classes.map((name, i) => {
        const item = document.createElement("li");
        const dot = document.createElement("i");
        dot.style.background = data.colours[i];
        item.append(dot, name);
        return item;
      }),
    );
    this.draw();
    const [left, right, bottom, top] = data.box;
    this.look((left + right) / 2, (bottom + top) / 2);
    this.start_tour();
  }

  // Until someone takes over, the pointer wanders, so that the picture explains itself.
  start_tour() {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const [left, right, bottom, top] = this.data.box;
    const began = performance.now();
    const step = (now) => {
      const t = (now - began) / 4000;
      if (t > 8) return;
      this.look(
        (left + right) / 2 + (right - left) * 0.3 * Math.sin(t),
        (bottom + top) / 2 + (top - bottom) * 0.3 * Math.sin(1.4 * t + 0.5),
      );
      this.tour = requestAnimationFrame(step);
    };
    this.tour = requestAnimationFrame(step);
  }

  point(event) {
    if (!this.data) return;
    cancelAnimationFrame(this.tour);
    const [left, right, bottom, top] = this.data.box;
    const rect = this.cursor.getBoundingClientRect();
    this.look(
      left + ((event.clientX - rect.left) / rect.width) * (right - left),
      top - ((event.clientY - rect.top) / rect.height) * (top - bottom),
    );
  }

  key(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!way || !this.data) return;
    event.preventDefault();
    cancelAnimationFrame(this.tour);
    const [left, right, bottom, top] = this.data.box;
    const size = event.shiftKey ? 0.08 : 0.015;
    this.look(this.x + way[0] * size * (right - left), this.y + way[1] * size * (top - bottom));
  }

  look(x, y) {
    const [left, right, bottom, top] = this.data.box;
    this.x = Math.min(Math.max(x, left), right);
    this.y = Math.min(Math.max(y, bottom), top);
    this.decode();
    const n = this.nearest_point();
    this.show_sprite(n);
    this.place.textContent = `(${this.x.toFixed(2)}, ${this.y.toFixed(2)})`;
    const name = this.data.classes[this.labels[n]];
    if (this.name.textContent !== name) this.name.textContent = name;
    this.draw_cursor(n);
  }

  // Bilinear between the four decoded images around the place; row 0 of the lattice is the top.
  decode() {
    const { box, side, image } = this.data;
    const [left, right, bottom, top] = box;
    const [h, w] = image;
    const u = ((this.x - left) / (right - left)) * (side - 1);
    const v = ((top - this.y) / (top - bottom)) * (side - 1);
    const i = Math.min(Math.floor(u), side - 2);
    const j = Math.min(Math.floor(v), side - 2);
    const a = u - i;
    const b = v - j;
    const { grey, width } = this.lattice;
    const context = this.decoded.getContext("2d");
    const out = context.createImageData(w, h);
    for (let row = 0; row < h; row++) {
      for (let column = 0; column < w; column++) {
        const at = (j * h + row) * width + i * w + column;
        const upper = grey[at] * (1 - a) + grey[at + w] * a;
        const lower = grey[at + h * width] * (1 - a) + grey[at + h * width + w] * a;
        const k = 4 * (row * w + column);
        out.data[k] = out.data[k + 1] = out.data[k + 2] = upper * (1 - b) + lower * b;
        out.data[k + 3] = 255;
      }
    }
    context.putImageData(out, 0, 0);
  }

  // Nearest as the eye sees it: both axes by their length on the screen.
  nearest_point() {
    const [left, right, bottom, top] = this.data.box;
    const scale = ((right - left) / this.cursor.clientWidth) * (this.cursor.clientHeight / (top - bottom));
    let best = 0;
    let least = Infinity;
    for (let k = 0; k < this.labels.length; k++) {
      const dx = this.points[2 * k] - this.x;
      const dy = (this.points[2 * k + 1] - this.y) * scale;
      const d = dx * dx + dy * dy;
      if (d < least) {
        least = d;
        best = k;
      }
    }
    return best;
  }

  show_sprite(n) {
    const [h, w] = this.data.image;
    const { grey, width } = this.sprites;
    const x = (n % this.data.sprite_columns) * w;
    const y = Math.floor(n / this.data.sprite_columns) * h;
    const context = this.nearest.getContext("2d");
    const out = context.createImageData(w, h);
    for (let row = 0; row < h; row++) {
      for (let column = 0; column < w; column++) {
        const k = 4 * (row * w + column);
        out.data[k] = out.data[k + 1] = out.data[k + 2] = grey[(y + row) * width + x + column];
        out.data[k + 3] = 255;
      }
    }
    context.putImageData(out, 0, 0);
  }

  screen(x, y, canvas) {
    const [left, right, bottom, top] = this.data.box;
    return [((x - left) / (right - left)) * canvas.width, ((top - y) / (top - bottom)) * canvas.height];
  }

  fit(canvas) {
    const ratio = devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    return ratio;
  }

  draw() {
    if (!this.data || !this.dots.clientWidth) return;
    const ratio = this.fit(this.dots);
    const context = this.dots.getContext("2d");
    context.clearRect(0, 0, this.dots.width, this.dots.height);
    context.globalAlpha = 0.8;
    for (let k = 0; k < this.labels.length; k++) {
      const [x, y] = this.screen(this.points[2 * k], this.points[2 * k + 1], this.dots);
      context.fillStyle = this.data.colours[this.labels[k]];
      context.beginPath();
      context.arc(x, y, 3 * ratio, 0, 2 * Math.PI);
      context.fill();
    }
    if (this.x !== undefined) this.draw_cursor(this.nearest_point());
  }

  draw_cursor(n) {
    const ratio = this.fit(this.cursor);
    const context = this.cursor.getContext("2d");
    const ink = getComputedStyle(this.cursor).getPropertyValue("--st-text-color") || "#888";
    context.clearRect(0, 0, this.cursor.width, this.cursor.height);
    const [x, y] = this.screen(this.x, this.y, this.cursor);
    const [nx, ny] = this.screen(this.points[2 * n], this.points[2 * n + 1], this.cursor);
    context.strokeStyle = ink;
    context.lineWidth = 1.5 * ratio;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(nx, ny);
    context.stroke();
    context.beginPath();
    context.arc(nx, ny, 6 * ratio, 0, 2 * Math.PI);
    context.stroke();
    context.lineWidth = 2.5 * ratio;
    context.beginPath();
    context.arc(x, y, 11 * ratio, 0, 2 * Math.PI);
    context.stroke();
  }
}
