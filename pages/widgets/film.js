// Rows of frames that follow one slider: no message goes to the server.
// The module is shared by all films of a page and called again at each rerun, so state hangs on the element.
const films = new WeakMap();

export default function ({ data, parentElement }) {
  let film = films.get(parentElement);
  if (!film) {
    film = new Film(parentElement);
    films.set(parentElement, film);
  }
  film.load(data);
  return () => {
    film.close();
    films.delete(parentElement);
  };
}

const PLAY = "M8 5v14l11-7z";
const PAUSE = "M6 5h4v14H6zm8 0h4v14h-4z";
const GAP = 2; // pixels between two frames of a strip

function element(tag, name, text) {
  const made = document.createElement(tag);
  made.className = name;
  if (text) made.textContent = text;
  return made;
}

class Film {
  constructor(root) {
    const find = (name) => root.querySelector("." + name);
    this.film = find("film");
    this.button = find("play");
    this.where = find("where");
    this.slider = find("slider");
    this.list = find("rows");
    // The elements may outlive this film: what listens to them ends with it.
    this.closing = new AbortController();
    const listening = { signal: this.closing.signal };
    this.button.addEventListener("click", () => (this.playing ? this.pause() : this.play()), listening);
    this.slider.addEventListener("input", () => this.take(+this.slider.value), listening);
    this.slider.addEventListener("keydown", (e) => this.key(e), listening);
    this.pause();
  }

  close() {
    this.closing.abort();
    this.pause();
  }

  async load(data) {
    if (this.version === data.version) return;
    this.version = data.version;
    const image = new Image();
    image.src = data.sheet;
    await image.decode();
    const sheet = await createImageBitmap(image);
    if (this.version !== data.version || this.closing.signal.aborted) return;
    const last = data.frames - 1;
    let at = Math.round(data.start * last);
    // The same way in other runs or frames keeps its place.
    const before = this.data;
    if (before?.start === data.start) {
      at = before.frames === data.frames ? this.at : Math.round((this.at / (before.frames - 1)) * last);
    }
    this.data = data;
    this.sheet = sheet;
    this.film.style.setProperty("--frames", data.frames);
    this.slider.max = last;
    this.rows = data.rows.map((row, number) => this.build(row, number));
    this.list.replaceChildren(...this.rows.map((row) => row.section));
    this.show(at);
  }

  build(row, number) {
    const [h, w] = this.data.image;
    const n = this.data.frames;
    const section = element("section", "row");
    section.setAttribute("role", "group");
    section.setAttribute("aria-label", row.title);
    const big = element("canvas", "big");
    [big.width, big.height] = [w, h];
    big.setAttribute("role", "img");
    big.setAttribute("aria-label", `${row.title}: the image at the slider's place`);
    const strip = element("div", "strip");
    const canvas = element("canvas", "frames");
    [canvas.width, canvas.height] = [n * (w + GAP), h];
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${row.title}: ${n} frames side by side`);
    const context = canvas.getContext("2d");
    for (let i = 0; i < n; i++) this.put(context, number, i, 1, i * (w + GAP) + GAP / 2);
    const mark = element("i", "mark");
    strip.append(canvas, mark);
    if (row.stops.length) {
      const stops = element("div", "stops");
      for (const stop of row.stops) {
        const dot = document.createElement("i");
        dot.style.left = `${((stop + 0.5) / n) * 100}%`;
        stops.append(dot);
      }
      strip.append(stops);
      mark.style.bottom = "0.6rem";
    }
    const scrub = (event) => {
      const box = strip.getBoundingClientRect();
      this.take(((event.clientX - box.left) / box.width) * n - 0.5);
    };
    strip.addEventListener("pointermove", scrub);
    strip.addEventListener("pointerdown", (event) => {
      strip.setPointerCapture(event.pointerId);
      scrub(event);
    });
    section.append(big, element("p", "title", row.title), strip, element("p", "note", row.note));
    return { section, mark, context: big.getContext("2d") };
  }

  put(context, row, frame, opacity, x) {
    const [h, w] = this.data.image;
    context.globalAlpha = opacity;
    context.drawImage(this.sheet, frame * w, row * h, w, h, x, 0, w, h);
  }

  // Someone has taken over.
  take(at) {
    this.pause();
    this.show(at);
  }

  // From frame to frame; Home, End and the page keys stay the browser's own.
  key(event) {
    const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (!way || !this.data) return;
    event.preventDefault();
    this.take(way > 0 ? Math.floor(this.at + 1.001) : Math.ceil(this.at - 1.001));
  }

  show(at) {
    if (!this.data) return;
    const last = this.data.frames - 1;
    this.at = Math.min(Math.max(at, 0), last);
    const i = Math.min(Math.floor(this.at), last - 1);
    this.rows.forEach(({ context, mark }, number) => {
      this.put(context, number, i, 1, 0);
      this.put(context, number, i + 1, this.at - i, 0);
      mark.style.left = `${(this.at / (last + 1)) * 100}%`;
    });
    this.slider.value = this.at;
    this.tell();
  }

  tell() {
    const { frames, values } = this.data;
    const near = Math.round(this.at);
    const frame = `${near + 1} of ${frames}`;
    let spoken = Math.abs(this.at - near) < 0.01 ? `frame ${frame}` : `near frame ${frame}`;
    if (values) {
      const i = Math.min(Math.floor(this.at), frames - 2);
      const value = (values[i] + (this.at - i) * (values[i + 1] - values[i])).toFixed(2);
      this.where.textContent = value;
      spoken = `${value}, ${spoken}`;
    } else {
      this.where.textContent = frame;
    }
    this.slider.setAttribute("aria-valuetext", spoken);
  }

  label(name, path) {
    this.button.setAttribute("aria-label", name);
    this.button.querySelector("path").setAttribute("d", path);
  }

  pause() {
    cancelAnimationFrame(this.request);
    this.playing = false;
    this.label("Play", PLAY);
  }

  // Forth and back for ever; where motion is to be reduced, from frame to frame without a blend.
  play() {
    if (!this.data) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const last = this.data.frames - 1;
    const pass = this.data.seconds * 1000;
    let began;
    const from = this.at < last ? this.at : 0;
    const step = (now) => {
      began ??= now - (from / last) * pass;
      const passes = ((now - began) / pass) % 2;
      const at = (passes < 1 ? passes : 2 - passes) * last;
      this.show(still ? Math.round(at) : at);
      this.request = requestAnimationFrame(step);
    };
    this.playing = true;
    this.label("Pause", PAUSE);
    this.request = requestAnimationFrame(step);
  }
}
