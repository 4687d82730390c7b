// Pictures of test images, in sheets that are fetched when one of theirs is first wanted.
class Sprites {
  constructor({ links, size, columns }, [h, w], arrived) {
    Object.assign(this, { links, size, columns, h, w, arrived });
    this.sheets = new Map();
  }

  // Draws image n into a rectangle of a canvas; false while its sheet is on the way.
  draw(context, n, x, y, width, height) {
    const number = Math.floor(n / this.size);
    const sheet = this.sheets.get(number);
    if (sheet === undefined) this.fetch(number);
    if (!sheet) return false;
    const within = n % this.size;
    const left = (within % this.columns) * this.w;
    const top = Math.floor(within / this.columns) * this.h;
    context.imageSmoothingEnabled = false;
    context.drawImage(sheet, left, top, this.w, this.h, x, y, width, height);
    return true;
  }

  async fetch(number) {
    this.sheets.set(number, null);
    const image = new Image();
    image.src = this.links[number];
    try {
      await image.decode();
      this.sheets.set(number, image);
      this.arrived();
    } catch {
      this.sheets.delete(number);
    }
  }
}
