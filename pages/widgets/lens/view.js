/** The square piece of the plane that is on screen: its middle and half its side. */
export class View {
  x = 0;
  y = 0;
  reach = 0;

  /**
   * @param {number[]} home  x, y and reach of what shows all of the plane.
   * @param {number[]} [start]  Where it begins, if not there.
   * @param {number} [world]  How many times as wide as that the plane is known.
   */
  constructor(home, start = home, world = 2) {
    this.home = home;
    this.world = world;
    this.set(start[0], start[1], start[2]);
  }

  /** @param {number} x  @param {number} y  @param {number} reach */
  set(x, y, reach) {
    const [middle, height, home] = this.home;
    this.reach = clamp(reach, home / 1000, home * this.world);
    const most = this.world * home - this.reach; // nothing is known beyond it
    this.x = clamp(x, middle - most, middle + most);
    this.y = clamp(y, height - most, height + most);
  }

  reset() {
    this.set(this.home[0], this.home[1], this.home[2]);
  }

  get numbers() {
    return [this.x, this.y, this.reach];
  }

  get atHome() {
    return this.numbers.every((value, i) => value === this.home[i]);
  }

  /**
   * Nearer by a factor, with one place staying where it is on the screen.
   * @param {number} factor  @param {number} x  @param {number} y
   */
  zoom(factor, x, y) {
    const before = this.reach;
    this.set(this.x, this.y, this.reach / factor);
    const kept = this.reach / before;
    this.set(x + (this.x - x) * kept, y + (this.y - y) * kept, this.reach);
  }

  /**
   * The nearest place on screen.
   * @param {number} x  @param {number} y
   * @returns {[x: number, y: number]}
   */
  clamp(x, y) {
    const { reach } = this;
    return [clamp(x, this.x - reach, this.x + reach), clamp(y, this.y - reach, this.y + reach)];
  }

  /**
   * The place at shares of the screen's side, from the upper left.
   * @param {number} across  @param {number} down
   * @returns {[x: number, y: number]}
   */
  place(across, down) {
    return [this.x + (2 * across - 1) * this.reach, this.y + (1 - 2 * down) * this.reach];
  }

  /**
   * The inverse of `place`.
   * @param {number} x  @param {number} y
   * @returns {[across: number, down: number]}
   */
  screen(x, y) {
    return [((x - this.x) / this.reach + 1) / 2, (1 - (y - this.y) / this.reach) / 2];
  }
}

/** @param {number} value  @param {number} least  @param {number} most */
export const clamp = (value, least, most) => Math.min(Math.max(value, least), most);
