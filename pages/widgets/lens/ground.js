// What lies under the dots: an overlay in shades, and hatching where no image or no code can be.
import { contextOf } from "../elements.js";
import { fit, ink } from "./draw.js";

/**
 * @typedef {{ side: number, values: Float32Array, view: number[] }} Overlay  Square values over a view, top row first.
 * @typedef {import("./view.js").View} View
 */

const UNSEEN = 1;
const IMPOSSIBLE = 2;

/**
 * @param {HTMLCanvasElement} canvas  @param {View} view
 * @param {Overlay | undefined} ground  Kinds of ground.
 * @param {Overlay | undefined} overlay
 */
export function drawGround(canvas, view, ground, overlay) {
  const ratio = fit(canvas);
  const context = contextOf(canvas);
  context.clearRect(0, 0, canvas.width, canvas.width);
  if (overlay) lay(context, view, overlay, shades(overlay.values));
  if (ground) for (const kind of [UNSEEN, IMPOSSIBLE]) hatch(context, view, ground, kind, ink(canvas), ratio);
}

/** @param {number} side */
function makeSheet(side) {
  const canvas = new OffscreenCanvas(side, side);
  return { canvas, context: /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d")) };
}

/**
 * Values over a view as one picture, stretched to where that view is now.
 * @param {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} context  @param {View} view
 * @param {Overlay} overlay  @param {Uint8ClampedArray<ArrayBuffer>} pixels
 */
function lay(context, view, { side: n, view: [x, y, reach] }, pixels) {
  const small = makeSheet(n);
  small.context.putImageData(new ImageData(pixels, n, n), 0, 0);
  const side = context.canvas.width;
  const [left, top] = view.screen(x - reach, y + reach);
  const width = (reach / view.reach) * side;
  // The outermost values stand on the edge of the view, not half a cell within.
  const cell = width / (n - 1);
  context.imageSmoothingEnabled = true;
  context.drawImage(small.canvas, left * side - cell / 2, top * side - cell / 2, width + cell, width + cell);
}

/**
 * @param {CanvasRenderingContext2D} context  @param {View} view  @param {Overlay} ground  @param {number} kind
 * @param {string} colour  @param {number} ratio
 */
function hatch(context, view, ground, kind, colour, ratio) {
  if (!ground.values.includes(kind)) return;
  const pixels = new Uint8ClampedArray(4 * ground.values.length);
  ground.values.forEach((value, i) => {
    if (value === kind) pixels[4 * i + 3] = 255;
  });
  const sheet = makeSheet(context.canvas.width);
  lay(sheet.context, view, ground, pixels);
  sheet.context.globalCompositeOperation = "source-in";
  sheet.context.fillStyle = sheet.context.createPattern(hatching(kind, colour, ratio), "repeat") ?? colour;
  sheet.context.fillRect(0, 0, sheet.canvas.width, sheet.canvas.width);
  context.drawImage(sheet.canvas, 0, 0);
}

/**
 * One tile of it: lines in one way, or in both.
 * @param {number} kind  @param {string} colour  @param {number} ratio
 */
function hatching(kind, colour, ratio) {
  const { canvas, context } = makeSheet(8 * ratio);
  context.scale(ratio, ratio);
  context.strokeStyle = colour;
  context.globalAlpha = kind === IMPOSSIBLE ? 0.3 : 0.2;
  for (const shift of [-9, -1, 7]) {
    context.moveTo(shift, 9);
    context.lineTo(shift + 10, -1);
    if (kind !== IMPOSSIBLE) continue;
    context.moveTo(shift, -1);
    context.lineTo(shift + 10, 9);
  }
  context.stroke();
  return canvas;
}

/**
 * Low to high as nothing to strong blue: the dots stay readable on it, and it needs no second colour scale.
 * @param {Float32Array} values
 */
function shades(values) {
  const sorted = values.slice().sort();
  const low = sorted[0];
  const high = sorted[Math.floor(0.99 * (sorted.length - 1))];
  const pixels = new Uint8ClampedArray(4 * values.length);
  values.forEach((value, i) => {
    const share = high > low ? Math.min((value - low) / (high - low), 1) : 0;
    pixels.set([31, 105, 190, 210 * share], 4 * i);
  });
  return pixels;
}
