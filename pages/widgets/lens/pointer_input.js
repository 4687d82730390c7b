// What a visitor does to the plane of a lens: pointer, fingers, wheel and keys.
class PointerInput {
  constructor(lens, on) {
    this.lens = lens;
    this.fingers = new Map(); // those that are down: where they are, where they came down, whether they moved on
    on(lens.cursor, "pointermove", (e) => this.moved(e));
    on(lens.cursor, "pointerdown", (e) => this.down(e));
    on(lens.cursor, "pointerup", (e) => this.up(e));
    on(lens.cursor, "pointercancel", (e) => this.fingers.delete(e.pointerId));
    on(lens.cursor, "wheel", (e) => this.wheel(e), { passive: false });
    on(lens.cursor, "keydown", (e) => this.key(e));
  }

  at(event) {
    const rect = this.lens.cursor.getBoundingClientRect();
    return this.lens.view.place((event.clientX - rect.left) / rect.width, (event.clientY - rect.top) / rect.height);
  }

  moved(event) {
    const { lens, fingers } = this;
    if (!lens.data) return;
    const began = performance.now();
    lens.stop_tour();
    const before = fingers.get(event.pointerId);
    if (before) {
      fingers.set(event.pointerId, { ...before, x: event.clientX, y: event.clientY });
      if (fingers.size === 2) return this.pinch(event.pointerId, before);
      const far = Math.hypot(event.clientX - before.from[0], event.clientY - before.from[1]) > 5;
      if (far) fingers.get(event.pointerId).dragged = true;
      if (event.pointerType === "mouse" && (far || before.dragged)) return this.drag(event, before);
    }
    lens.look(...this.at(event));
    lens.spent += performance.now() - began;
  }

  down(event) {
    const { lens, fingers } = this;
    if (!lens.data) return;
    lens.stop_tour();
    lens.cursor.setPointerCapture(event.pointerId);
    const { clientX: x, clientY: y } = event;
    for (const other of fingers.values()) other.dragged = true; // two fingers pinch, and pin nothing
    fingers.set(event.pointerId, { x, y, from: [x, y], dragged: fingers.size > 0 });
    lens.look(...this.at(event));
  }

  // What did not move was a click: it pins the place.
  up(event) {
    const finger = this.fingers.get(event.pointerId);
    this.fingers.delete(event.pointerId);
    if (!finger || !this.lens.data) return;
    if (!finger.dragged) this.lens.pin_here();
  }

  drag(event, before) {
    this.slide(event.clientX - before.x, event.clientY - before.y);
    this.lens.moved();
  }

  // What lay under the fingers' middle stays under it.
  pinch(moved, before) {
    const [a, b] = [...this.fingers.values()];
    const other = this.fingers.get(moved) === a ? b : a;
    const now = this.fingers.get(moved);
    const apart = Math.hypot(a.x - b.x, a.y - b.y);
    const was = Math.hypot(before.x - other.x, before.y - other.y);
    const middle = { clientX: (a.x + b.x) / 2, clientY: (a.y + b.y) / 2 };
    this.slide((now.x - before.x) / 2, (now.y - before.y) / 2);
    this.lens.view.zoom(apart / Math.max(was, 1), ...this.at(middle));
    this.lens.moved();
  }

  // Pulls the plane by so many of the page's pixels.
  slide(right, down) {
    const { view, cursor } = this.lens;
    const scale = (2 * view.reach) / cursor.clientWidth;
    view.set(view.x - right * scale, view.y + down * scale, view.reach);
  }

  // A page must stay scrollable: the wheel zooms once the plane has the focus, or with Ctrl.
  wheel(event) {
    const { lens } = this;
    if (!lens.data) return;
    if (!event.ctrlKey && lens.cursor.getRootNode().activeElement !== lens.cursor) return;
    event.preventDefault();
    lens.view.zoom(Math.exp(-event.deltaY / 400), ...this.at(event));
    lens.moved();
  }

  key(event) {
    const { lens } = this;
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    const acts = {
      "+": () => lens.zoom(1.5),
      "=": () => lens.zoom(1.5),
      "-": () => lens.zoom(1 / 1.5),
      0: () => lens.go_home(),
      Enter: () => lens.pin_here(),
      " ": () => lens.pin_here(),
    };
    if (!lens.data || (!way && !acts[event.key]) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    lens.stop_tour();
    if (!way) return acts[event.key]();
    const step = (event.shiftKey ? 0.16 : 0.03) * lens.view.reach;
    lens.look(lens.x + way[0] * step, lens.y + way[1] * step);
  }
}
