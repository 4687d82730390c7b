// Finding, making and filling elements.

/**
 * Where an arrow key leads.
 * @type {Record<string, [right: number, up: number]>}
 */
export const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * The first element with a class.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root  @param {string} name  @param {new () => T} [Type]
 * @returns {T}
 */
export function find(root, name, Type = /** @type {any} */ (HTMLElement)) {
  const found = root.querySelector(`.${name}`);
  if (found instanceof Type) return found;
  throw new Error(`This component's HTML has no ${Type.name} of the class ${name}.`);
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} [name]  Its class.
 * @param {...(Node | string)} content
 */
export function make(tag, name = "", ...content) {
  const element = document.createElement(tag);
  element.className = name;
  element.append(...content);
  return element;
}

/** Pixels of an image that is shown as they are. */
export const SMALL = 64;

/**
 * A canvas of an image, which is named for those who cannot see it. CSS shows the pixels of small images as they are;
 * curves, which are finer, would lose parts of their lines.
 * @param {string} name  Its class.
 * @param {number} width  @param {number} height  @param {string} [label]
 */
export function makeCanvas(name, width, height, label = "") {
  const canvas = Object.assign(make("canvas", name), { width, height });
  if (width > SMALL) canvas.style.imageRendering = "auto";
  canvas.role = "img";
  canvas.ariaLabel = label;
  return canvas;
}

/** @param {HTMLCanvasElement} canvas */
export const contextOf = (canvas) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));

/** @param {string} url */
export async function loadImage(url) {
  const image = new Image();
  image.src = url;
  await image.decode();
  return image;
}

/**
 * A variable of the app's theme, which Streamlit gives its components.
 * @param {Element} element  @param {string} name
 */
export const themed = (element, name) => getComputedStyle(element).getPropertyValue(`--st-${name}`).trim();

/**
 * Saves a file where the browser keeps its downloads.
 * @param {Blob | null} file  @param {string} name
 */
export function download(file, name) {
  if (!file) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // a browser may ask first where to
}
