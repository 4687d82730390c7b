// Draws one example into a canvas: an image pixel by pixel, a signal or a row of a table as a curve on black.
import { contextOf } from "./elements.js";

/** @typedef {{ medium: "image" | "signal" | "table", shape: number[] }} Form */

const SIDE = 224; // pixels of a curve's canvas
const ROOM = 3.5 / 72; // of that, above the largest value and below the smallest one, as thumbnails have
// Of channels; of a single one white. As in ae_core/thumbnails.py.
export const COLOURS = ["#3f90da", "#e76300", "#8a48d2", "#717581", "#c93115", "#a96b59", "#ffa90e", "#92dadd"];

export class Picture {
  /** @param {HTMLCanvasElement} canvas  @param {Form} form */
  constructor(canvas, { medium, shape }) {
    this.context = contextOf(canvas);
    this.isImage = medium === "image";
    const [first, second] = shape;
    /** @type {[width: number, height: number]} */
    const size = this.isImage ? [second, first] : [SIDE, SIDE];
    [canvas.width, canvas.height] = size;
    canvas.style.imageRendering = this.isImage ? "" : "auto";
    this.channels = this.isImage ? (shape[2] ?? 1) : (second ?? 1);
    this.steps = first;
    this.hasOrder = medium !== "table";
    this.pixels = this.isImage ? this.context.createImageData(...size) : null;
  }

  /** @param {Float32Array} values  From 0 to 255, or a little beyond. */
  paint(values) {
    if (this.pixels) this.paintPixels(this.pixels, values);
    else this.paintCurves(values);
  }

  /** @param {ImageData} pixels  @param {Float32Array} values */
  paintPixels(pixels, values) {
    const { data } = pixels;
    // Clamped and rounded by the array itself.
    if (this.channels === 1)
      for (let p = 0, k = 0; p < values.length; p++, k += 4) {
        data[k] = data[k + 1] = data[k + 2] = values[p];
        data[k + 3] = 255;
      }
    else
      for (let p = 0, k = 0; p < values.length; p += 3, k += 4) {
        data[k] = values[p];
        data[k + 1] = values[p + 1];
        data[k + 2] = values[p + 2];
        data[k + 3] = 255;
      }
    this.context.putImageData(pixels, 0, 0);
  }

  /** How far down a value is drawn. @param {number} value  From 0 to 255. */
  down(value) {
    const share = Math.min(Math.max(value / 255, 0), 1);
    return (ROOM + (1 - share) * (1 - 2 * ROOM)) * SIDE;
  }

  /** Curves, or bars where neighbours are not alike. @param {Float32Array} values */
  paintCurves(values) {
    const { context, channels, steps } = this;
    context.fillStyle = "#000";
    context.fillRect(0, 0, SIDE, SIDE);
    if (!this.hasOrder) {
      context.fillStyle = "#fff";
      for (let t = 0; t < steps; t++) {
        const y = this.down(values[t]);
        context.fillRect((t / steps) * SIDE, y, SIDE / steps, (1 - ROOM) * SIDE - y);
      }
      return;
    }
    context.lineWidth = 3;
    context.lineJoin = "round";
    const across = SIDE / Math.max(steps - 1, 1);
    for (let channel = 0; channel < channels; channel++) {
      context.strokeStyle = channels === 1 ? "#fff" : COLOURS[channel % COLOURS.length];
      context.beginPath();
      for (let t = 0; t < steps; t++) {
        context.lineTo(t * across, this.down(values[t * channels + channel]));
      }
      context.stroke();
    }
  }
}
