// The canvases of a lens above its ground: dots, and the cursor over them; all of it as a file.
import { contextOf, download, themed } from "../elements.js";
import { clamp } from "./view.js";

/** @typedef {import("./plane.js").Plane} Plane */

const MOST_THUMBNAILS = 60;
// Light classes stand out from light ground, dark ones from dark ground, by their outline; a speck has no room for one.
const SMALLEST_OUTLINED = 1.2;
const GREY = "#808080"; // of classes that stand back

/**
 * Makes a canvas as fine as the screen, and says how many of its pixels one of the page's is.
 * @param {HTMLCanvasElement} canvas
 */
export function fit(canvas) {
  const ratio = devicePixelRatio || 1;
  const side = Math.round(canvas.clientWidth * ratio);
  if (canvas.width !== side || canvas.height !== side) Object.assign(canvas, { width: side, height: side });
  return ratio;
}

/** @param {Element} element */
export const ink = (element) => themed(element, "text-color") || "#888";

/** @param {Plane} plane */
export function drawDots({ parts, data, view, points, sprites, alone, selected, names, tints }) {
  const canvas = parts.dots;
  const ratio = fit(canvas);
  const side = canvas.width;
  const context = contextOf(canvas);
  const broughtOut = names.indexOf(alone ?? "");
  const few = points.count > 20000 ? 1 : points.count > 3000 ? 2 : 2.6;
  const radius = Math.min(few * Math.sqrt(view.home[2] / view.reach), 5);
  /** @param {number} k */
  const dimmed = (k) => (broughtOut >= 0 && tints[k] !== broughtOut) || (selected !== null && !selected.has(k));
  const { pixels, seen } = points.draw(side, view, {
    colours: data.colours,
    edges: data.edges,
    labels: tints,
    dimmed,
    radius: radius * ratio,
    line: clamp(radius - SMALLEST_OUTLINED, 0, 1) * ratio,
  });
  context.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), side), 0, 0);
  if (seen.length > MOST_THUMBNAILS) return;
  // Near enough, a dot has room to be the image itself.
  const size = 36 * ratio;
  for (const k of seen) {
    const [across, down] = view.screen(...points.place(k));
    const [x, y] = [across * side - size / 2, down * side - size / 2];
    context.globalAlpha = points.strength[k] * (dimmed(k) ? 0.3 : 1);
    if (!sprites.draw(context, k, x, y, size, size)) continue;
    /** @param {string[]} colours  @param {number} width */
    const frame = (colours, width) => {
      context.strokeStyle = dimmed(k) ? GREY : colours[tints[k]];
      context.lineWidth = width * ratio;
      context.strokeRect(x, y, size, size);
    };
    frame(data.edges, 4);
    frame(data.colours, 2.5);
  }
  context.globalAlpha = 1;
}

/**
 * A direction on the plane, with where it could as well have ended as a fan.
 * @param {CanvasRenderingContext2D} context  @param {import("./lens.js").Arrow} arrow
 * @param {(x: number, y: number) => number[]} onCanvas  @param {number} ratio  @param {string} colour
 */
function drawArrow(context, { start, end, fan }, onCanvas, ratio, colour) {
  const [fromX, fromY] = onCanvas(start[0], start[1]);
  const [toX, toY] = onCanvas(end[0], end[1]);
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = ratio;
  context.globalAlpha = 0.25;
  context.beginPath();
  for (const [x, y] of fan) {
    context.moveTo(fromX, fromY);
    context.lineTo(.../** @type {[number, number]} */ (onCanvas(x, y)));
  }
  context.stroke();
  context.globalAlpha = 1;
  context.lineWidth = 4 * ratio;
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
  const angle = Math.atan2(toY - fromY, toX - fromX);
  context.beginPath();
  for (const [turn, far] of [
    [0, 12],
    [2.5, 12],
    [-2.5, 12],
  ]) {
    context.lineTo(toX + far * ratio * Math.cos(angle + turn), toY + far * ratio * Math.sin(angle + turn));
  }
  context.fill();
}

/**
 * The place that is decoded, tied to the nearest image's, the current image's, and the pin.
 * @param {Plane} plane
 */
export function drawCursor({ parts, data, view, points, x, y, found, pin, lasso }) {
  const canvas = parts.cursor;
  const ratio = fit(canvas);
  const side = canvas.width;
  const context = contextOf(canvas);
  /** @param {number} x  @param {number} y */
  const onCanvas = (x, y) => view.screen(x, y).map((share) => share * side);
  const [hereX, hereY] = onCanvas(x, y);
  const [thereX, thereY] = onCanvas(...points.place(found.index));
  context.clearRect(0, 0, side, side);
  const accent = themed(canvas, "primary-color") || "#c33";
  if (data.arrow) drawArrow(context, data.arrow, onCanvas, ratio, accent);
  context.strokeStyle = ink(canvas);
  if (lasso.length) {
    context.lineWidth = 2 * ratio;
    context.beginPath();
    for (const [x, y] of lasso) context.lineTo(.../** @type {[number, number]} */ (onCanvas(x, y)));
    context.closePath();
    context.stroke();
  }
  context.lineWidth = 1.5 * ratio;
  const covariance = points.covariance(found.index);
  if (covariance) drawPosterior(context, covariance, thereX, thereY, side / (2 * view.reach));
  context.beginPath();
  context.moveTo(hereX, hereY);
  context.lineTo(thereX, thereY);
  context.stroke();
  /** @param {number} x  @param {number} y  @param {number} radius */
  const circle = (x, y, radius) => {
    context.beginPath();
    context.arc(x, y, radius * ratio, 0, 2 * Math.PI);
    context.stroke();
  };
  circle(thereX, thereY, 6);
  context.lineWidth = 2.5 * ratio;
  circle(hereX, hereY, 11);
  if (data.mark) {
    const [markX, markY] = onCanvas(data.mark[0], data.mark[1]);
    const half = 6 * ratio;
    for (const [colour, width] of /** @type {const} */ ([
      [themed(canvas, "background-color") || "#fff", 5],
      [accent, 2.5],
    ])) {
      context.strokeStyle = colour;
      context.lineWidth = width * ratio;
      context.strokeRect(markX - half, markY - half, 2 * half, 2 * half);
    }
    context.strokeStyle = ink(canvas);
  }
  if (!pin) return;
  const [across, down] = onCanvas(pin[0], pin[1]);
  context.fillStyle = accent;
  context.beginPath();
  context.moveTo(across, down);
  context.arc(across, down - 14 * ratio, 7 * ratio, 0.75 * Math.PI, 0.25 * Math.PI);
  context.closePath();
  context.fill();
  context.lineWidth = ratio;
  context.stroke();
}

/**
 * The image's whole code is a distribution: its ellipses at one and two standard deviations.
 * @param {CanvasRenderingContext2D} context  @param {Float32Array} covariance  @param {number} x  @param {number} y
 * @param {number} scale
 */
function drawPosterior(context, [xx, xy, yy], x, y, scale) {
  const middle = (xx + yy) / 2;
  const half = Math.hypot((xx - yy) / 2, xy);
  const [long, short] = [middle + half, Math.max(middle - half, 0)].map((variance) => Math.sqrt(variance) * scale);
  for (const deviations of [1, 2]) {
    context.beginPath();
    context.ellipse(x, y, deviations * long, deviations * short, -0.5 * Math.atan2(2 * xy, xx - yy), 0, 2 * Math.PI);
    context.stroke();
  }
}

/**
 * The plane with the decoded and the nearest image beside it, as a file.
 * @param {import("./plane.js").Parts} parts
 */
export async function savePng({ plane, ground, dots, cursor, decoded, nearest }) {
  const side = dots.width;
  const sheet = new OffscreenCanvas(1.5 * side, side);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (sheet.getContext("2d"));
  context.fillStyle = getComputedStyle(plane).backgroundColor;
  context.fillRect(0, 0, sheet.width, side);
  for (const canvas of [ground, dots, cursor]) context.drawImage(canvas, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(decoded, side * 1.02, side * 0.02, side * 0.46, side * 0.46);
  context.drawImage(nearest, side * 1.02, side * 0.51, side * 0.46, side * 0.46);
  download(await sheet.convertToBlob(), "lens.png");
}
