import { ARROWS } from "../elements.js";

/** @typedef {{ x: number, y: number, from: [x: number, y: number], dragged: boolean }} Finger  In the page's pixels. */

/** What a visitor does to a plane: pointer, fingers, wheel and keys. */
export class PointerInput {
  /** @type {Map<number, Finger>} */
  fingers = new Map(); // those that are down: where they are, where they came down, whether they moved on

  /**
   * @param {import("./plane.js").Plane} plane
   * @param {AbortSignal} signal  When it ends.
   */
  constructor(plane, signal) {
    const { cursor } = plane.parts;
    this.plane = plane;
    this.cursor = cursor;
    cursor.addEventListener("pointermove", (event) => this.moved(event), { signal });
    cursor.addEventListener("pointerdown", (event) => this.down(event), { signal });
    cursor.addEventListener("pointerup", (event) => this.up(event), { signal });
    cursor.addEventListener("pointercancel", (event) => this.fingers.delete(event.pointerId), { signal });
    cursor.addEventListener("wheel", (event) => this.wheel(event), { signal, passive: false });
    cursor.addEventListener("keydown", (event) => this.key(event), { signal });
  }

  /**
   * The place under the pointer.
   * @param {{ clientX: number, clientY: number }} event
   */
  at({ clientX, clientY }) {
    const box = this.cursor.getBoundingClientRect();
    return this.plane.view.place((clientX - box.left) / box.width, (clientY - box.top) / box.height);
  }

  /** @param {PointerEvent} event */
  moved(event) {
    const { plane, fingers } = this;
    const began = performance.now();
    const { clientX: x, clientY: y, pointerId } = event;
    plane.stopTour();
    const before = fingers.get(pointerId);
    if (before) {
      const far = Math.hypot(x - before.from[0], y - before.from[1]) > 5;
      const finger = { x, y, from: before.from, dragged: before.dragged || far };
      fingers.set(pointerId, finger);
      if (fingers.size === 2) return this.pinch(pointerId, before, finger);
      if (plane.lassoes && finger.dragged) {
        plane.lasso.push(this.at(event));
        plane.look(...this.at(event));
        return;
      }
      if (event.pointerType === "mouse" && finger.dragged) {
        this.slide(x - before.x, y - before.y);
        return plane.moved();
      }
    }
    plane.look(...this.at(event));
    plane.spent += performance.now() - began;
  }

  /** @param {PointerEvent} event */
  down(event) {
    const { plane, fingers } = this;
    plane.stopTour();
    this.cursor.setPointerCapture(event.pointerId);
    const { clientX: x, clientY: y } = event;
    for (const other of fingers.values()) other.dragged = true; // two fingers pinch, and pin nothing
    fingers.set(event.pointerId, { x, y, from: [x, y], dragged: fingers.size > 0 });
    plane.look(...this.at(event));
  }

  /**
   * What did not move was a click: it pins the place.
   * @param {PointerEvent} event
   */
  up(event) {
    const finger = this.fingers.get(event.pointerId);
    this.fingers.delete(event.pointerId);
    if (this.plane.lasso.length > 2) this.plane.endLasso(event);
    else if (finger && !finger.dragged) this.plane.pinHere();
  }

  /**
   * What lay under the fingers' middle stays under it.
   * @param {number} pointerId  Of the finger that moved.
   * @param {Finger} before  @param {Finger} now
   */
  pinch(pointerId, before, now) {
    const other = [...this.fingers].find(([id]) => id !== pointerId)?.[1] ?? now;
    const apart = Math.hypot(now.x - other.x, now.y - other.y);
    const was = Math.hypot(before.x - other.x, before.y - other.y);
    const middle = { clientX: (now.x + other.x) / 2, clientY: (now.y + other.y) / 2 };
    this.slide((now.x - before.x) / 2, (now.y - before.y) / 2);
    this.plane.view.zoom(apart / Math.max(was, 1), ...this.at(middle));
    this.plane.moved();
  }

  /**
   * Pulls the plane by so many of the page's pixels.
   * @param {number} right  @param {number} down
   */
  slide(right, down) {
    const { view } = this.plane;
    const scale = (2 * view.reach) / this.cursor.clientWidth;
    view.set(view.x - right * scale, view.y + down * scale, view.reach);
  }

  /**
   * A page must stay scrollable: the wheel zooms once the plane has the focus, or with Ctrl.
   * @param {WheelEvent} event
   */
  wheel(event) {
    const root = /** @type {Document | ShadowRoot} */ (this.cursor.getRootNode());
    if (!event.ctrlKey && root.activeElement !== this.cursor) return;
    event.preventDefault();
    this.plane.view.zoom(Math.exp(-event.deltaY / 400), ...this.at(event));
    this.plane.moved();
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { plane } = this;
    const way = ARROWS[event.key];
    /** @type {Record<string, () => void>} */
    const acts = {
      "+": () => plane.zoom(1.5),
      "=": () => plane.zoom(1.5),
      "-": () => plane.zoom(1 / 1.5),
      0: () => plane.goHome(),
      Enter: () => plane.pinHere(),
      " ": () => plane.pinHere(),
    };
    if ((!way && !acts[event.key]) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    plane.stopTour();
    if (!way) return acts[event.key]();
    const step = (event.shiftKey ? 0.16 : 0.03) * plane.view.reach;
    plane.look(plane.x + way[0] * step, plane.y + way[1] * step);
  }
}
