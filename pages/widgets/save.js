// Offers a figure to keep: as a picture, as a drawing, or as a page of its own that needs no network.
import { download, make, themed } from "./elements.js";
import * as plotly from "./plotly.js";

/** @typedef {"png" | "svg" | "html"} Format */

/** @type {[Format, string][]} */
const FORMATS = [
  ["png", "PNG picture"],
  ["svg", "SVG drawing"],
  ["html", "Web page (HTML)"],
];
// A saved page makes no request. Plotly's WebGL makes functions of texts, which is eval.
const POLICY =
  "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:";
const ARROW = '<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M10 3v9M6 9l4 4 4-4M4 16.5h12"/></svg>';

/**
 * Puts a button and its menu at a place.
 * @param {HTMLElement} place  @param {(format: Format) => void} choose
 * @returns {HTMLButtonElement}  Still to be labelled.
 */
export function offerToSave(place, choose) {
  const button = Object.assign(make("button"), {
    type: /** @type {const} */ ("button"),
    innerHTML: ARROW,
    title: "Save",
  });
  button.ariaHasPopup = "menu";
  button.ariaExpanded = "false";
  const items = FORMATS.map(([format, name]) => {
    const item = make("button", "", name);
    item.type = "button";
    item.tabIndex = -1;
    item.role = "menuitem";
    item.addEventListener("click", () => {
      close(true);
      choose(format);
    });
    return item;
  });
  const menu = make("div", "", ...items);
  menu.role = "menu";
  menu.ariaLabel = "Save as";
  menu.hidden = true;
  place.replaceChildren(button, menu);

  /** @param {Event} event */
  const outside = (event) => place.contains(/** @type {Node} */ (event.target)) || close(false);
  /** @param {HTMLElement | undefined} item  The one that gets the focus. */
  const open = (item) => {
    menu.hidden = false;
    button.ariaExpanded = "true";
    document.addEventListener("pointerdown", outside);
    item?.focus();
  };
  /** @param {boolean} back  Whether the button gets the focus. */
  const close = (back) => {
    menu.hidden = true;
    button.ariaExpanded = "false";
    document.removeEventListener("pointerdown", outside);
    if (back) button.focus();
  };
  button.addEventListener("click", () => (menu.hidden ? open(items[0]) : close(true)));
  /** @param {FocusEvent} event */
  const leave = (event) => {
    if (!menu.hidden && !place.contains(/** @type {Node?} */ (event.relatedTarget))) close(false);
  };
  button.addEventListener("focusout", leave);
  menu.addEventListener("focusout", leave);
  for (const part of [button, menu]) {
    part.onkeydown = (event) => {
      const at = items.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
      /** @type {Record<string, number>} */
      const ways = { ArrowDown: at + 1, ArrowUp: Math.max(at, 0) - 1, Home: 0, End: -1 };
      if (event.key in ways) open(items.at(ways[event.key] % items.length));
      else if (event.key === "Escape" && !menu.hidden) close(true);
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
  }
  return button;
}

/** @param {import("./plotly.js").Figure} element  @param {import("./plot.js").Data} data  @param {Format} format */
export async function save(element, data, format) {
  const page = location.pathname.split("/").filter(Boolean).pop() ?? "home";
  const name = `${page}-${data.name}`.replace(/[^\w-]+/g, "-");
  const ground = themed(element, "background-color"); // that the ink was chosen for
  const layout = { ...element.layout, paper_bgcolor: ground };
  if (format === "html") return download(await asPage(element, data, layout), `${name}.html`);
  const { clientWidth: width, clientHeight: height } = element;
  const scale = format === "png" ? 2 : 1;
  const uri = await plotly.loaded().toImage({ data: element.data, layout }, { format, width, height, scale });
  download(await (await fetch(uri)).blob(), `${name}.${format}`);
}

/** @param {import("./plotly.js").Figure} element  @param {import("./plot.js").Data} data  @param {any} layout */
async function asPage(element, data, layout) {
  const library = await (await fetch(data.library)).text(); // from the browser's cache
  // The traces as they were sent, with what was switched off or chosen since.
  const traces = JSON.parse(data.figure).data.map((/** @type {any} */ trace, /** @type {number} */ i) => {
    const { visible, selectedpoints } = element.data[i];
    return { ...trace, visible, selectedpoints };
  });
  const figure = { data: traces, layout: { ...layout, width: undefined } };
  /** @param {unknown} value */
  const json = (value) =>
    JSON.stringify(value, (_, part) =>
      ArrayBuffer.isView(part) ? Array.from(/** @type {any} */ (part)) : part,
    ).replaceAll("<", "\\u003c"); // may not end the script
  /** @param {string} value */
  const text = (value) => value.replace(/[&<"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width">
<title>${text(data.alt)} · Latent Explorer</title>
<style>body { margin: 1rem; background: ${layout.paper_bgcolor} } #figure { height: ${layout.height}px }</style>
</head>
<body>
<div id="figure" role="${data.tools ? "group" : "img"}" aria-label="${text(data.alt)}"></div>
<script>${library}</script>
<script>
const figure = ${json(figure)};
Plotly.newPlot("figure", figure.data, figure.layout, ${json(plotly.configuration(data.tools))});
</script>
</body>
</html>
`;
  return new Blob([html], { type: "text/html" });
}
