// What lies under the dots: an overlay in shades, and hatching where no image or no code can be.
function draw_ground(canvas, view, overlays, overlay) {
  const ratio = fit(canvas);
  const context = canvas.getContext("2d");
  const side = canvas.width;
  context.clearRect(0, 0, side, side);
  const over = overlays[overlay];
  if (over) lay(context, side, view, over, shades(over.values));
  if (!overlays.ground) return;
  for (const kind of [UNSEEN, IMPOSSIBLE]) hatch(context, side, view, overlays.ground, kind, ink(canvas), ratio);
}

const UNSEEN = 1;
const IMPOSSIBLE = 2;

// Values over a view as one picture, stretched to where that view is now.
function lay(context, side, view, { side: n, view: [x, y, reach] }, pixels) {
  const small = new OffscreenCanvas(n, n);
  small.getContext("2d").putImageData(new ImageData(pixels, n, n), 0, 0);
  const [left, top] = view.screen(x - reach, y + reach);
  const width = (reach / view.reach) * side;
  // The outermost values stand on the edge of the view, not half a cell within.
  const cell = width / (n - 1);
  context.imageSmoothingEnabled = true;
  context.drawImage(small, left * side - cell / 2, top * side - cell / 2, width + cell, width + cell);
}

function hatch(context, side, view, layer, kind, colour, ratio) {
  const pixels = new Uint8ClampedArray(4 * layer.values.length);
  let any = false;
  layer.values.forEach((value, i) => {
    if (value === kind) any = pixels[4 * i + 3] = 255;
  });
  if (!any) return;
  const sheet = new OffscreenCanvas(side, side);
  const onto = sheet.getContext("2d");
  lay(onto, side, view, layer, pixels);
  onto.globalCompositeOperation = "source-in";
  onto.fillStyle = onto.createPattern(hatching(kind, colour, ratio), "repeat");
  onto.fillRect(0, 0, side, side);
  context.drawImage(sheet, 0, 0);
}

// One tile of it: lines in one way, or in both.
function hatching(kind, colour, ratio) {
  const tile = new OffscreenCanvas(8 * ratio, 8 * ratio);
  const line = tile.getContext("2d");
  line.strokeStyle = colour;
  line.globalAlpha = kind === IMPOSSIBLE ? 0.3 : 0.2;
  line.lineWidth = ratio;
  line.beginPath();
  for (const shift of [-8, 0, 8]) {
    line.moveTo((shift - 1) * ratio, 9 * ratio);
    line.lineTo((shift + 9) * ratio, -1 * ratio);
    if (kind === IMPOSSIBLE) {
      line.moveTo((shift - 1) * ratio, -1 * ratio);
      line.lineTo((shift + 9) * ratio, 9 * ratio);
    }
  }
  line.stroke();
  return tile;
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
