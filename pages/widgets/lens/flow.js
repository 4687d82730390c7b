// The way of an image through the network: a bar for each layer, as high and as wide as what it gives.
import { make } from "../elements.js";

/**
 * @typedef {[kind: string, shape: number[]]} Step  What a layer is, and the shape that it gives.
 * @typedef {{ encoder: Step[], decoder: Step[] }} Steps
 */

/** @type {Record<string, string>} */
const NAMES = {
  Conv2D: "convolution",
  Conv2DTranspose: "transposed convolution",
  MaxPooling2D: "pooling",
  UpSampling2D: "upsampling",
  Conv1D: "convolution",
  Conv1DTranspose: "transposed convolution",
  MaxPooling1D: "pooling",
  UpSampling1D: "upsampling",
  Dense: "dense",
  TiedDense: "dense, the encoder's weights",
  Code: "the code",
};

/** @param {HTMLElement} list  @param {Step[]} steps  @param {number} side  Of the image. */
function fill(list, steps, side) {
  // A dense layer is as high as the square that its numbers would fill.
  const items = steps.map(([kind, shape]) => {
    const [high, wide, channels] =
      shape.length === 3 ? shape : shape.length === 2 ? [shape[0], 1, shape[1]] : [Math.sqrt(shape[0]), 0, 1];
    const bar = make("i");
    bar.style.setProperty("--high", String(Math.min(high / side, 1)));
    bar.style.setProperty("--wide", String(4 + 2 * Math.log2(channels)));
    const words = wide ? [`${high}×${wide}`, make("br"), `×${channels}`] : [shape[0].toLocaleString("en")];
    const item = make("li", kind === "Code" ? "code" : "", bar, make("span", "", ...words));
    item.title = `${NAMES[kind] ?? kind}: ${shape.join(" × ")}`;
    return item;
  });
  list.replaceChildren(...items);
}

/** @param {import("./lens.js").Parts} parts  @param {Steps | null} steps  @param {number[]} shape  Of an example. */
export function showFlow({ flow, encoder, decoder }, steps, shape) {
  flow.hidden = !steps;
  if (!steps) return;
  fill(encoder, steps.encoder, shape[0]);
  fill(decoder, steps.decoder, shape[0]);
}
