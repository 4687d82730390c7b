// The square piece of the plane that is on screen.
class View {
  constructor([x, y, reach]) {
    this.home = [x, y, reach];
    this.set(x, y, reach);
  }

  set(x, y, reach) {
    const [middle, height, home] = this.home;
    this.reach = Math.min(Math.max(reach, home / 1000), home * 2);
    // The world is twice the home view: nothing is known beyond it.
    const most = 2 * home - this.reach;
    this.x = Math.min(Math.max(x, middle - most), middle + most);
    this.y = Math.min(Math.max(y, height - most), height + most);
  }

  reset() {
    this.set(...this.home);
  }

  get numbers() {
    return [this.x, this.y, this.reach];
  }

  get at_home() {
    return this.numbers.every((value, i) => value === this.home[i]);
  }

  // Nearer by `factor`, with one place staying where it is on the screen.
  zoom(factor, x, y) {
    const before = this.reach;
    this.set(this.x, this.y, this.reach / factor);
    const kept = this.reach / before;
    this.set(x + (this.x - x) * kept, y + (this.y - y) * kept, this.reach);
  }

  clamp(x, y) {
    const within = (value, middle) => Math.min(Math.max(value, middle - this.reach), middle + this.reach);
    return [within(x, this.x), within(y, this.y)];
  }

  // Shares of the screen's side, from the upper left, ↔ places.
  place(across, down) {
    return [this.x + (2 * across - 1) * this.reach, this.y + (1 - 2 * down) * this.reach];
  }

  screen(x, y) {
    return [((x - this.x) / this.reach + 1) / 2, (1 - (y - this.y) / this.reach) / 2];
  }
}
