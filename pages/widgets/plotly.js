// Plotly's own script, which is loaded once, when the first figure is drawn.

/**
 * @typedef {HTMLElement & { data: any[], layout: any, _fullLayout: any, on(name: string, act: (event: any) => unknown): void }} Figure
 * An element with a figure in it.
 */

/** @type {Promise<any> | undefined} */
let loading;

/**
 * What Plotly may do with a figure, on a page and in one that is saved: nothing leaves it.
 * @param {boolean} tools  Whether one zooms and selects.
 */
export const configuration = (tools) => ({
  responsive: true,
  displaylogo: false,
  showTips: false,
  displayModeBar: tools,
  scrollZoom: tools,
  plotGlPixelRatio: Math.max(1, window.devicePixelRatio), // else 2: four times the pixels of most screens
  modeBarButtons: [
    ["zoom2d", "pan2d", "select2d", "lasso2d"],
    ["zoomIn2d", "zoomOut2d", "resetScale2d"],
  ],
  // Else it offers to upload the figure to Plotly's cloud.
  showSendToCloud: false,
  plotlyServerURL: "",
});

/** Plotly, once it is loaded. */
export const loaded = () => /** @type {any} */ (window).Plotly;

/** @param {string} url */
export function load(url) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(loaded());
    script.onerror = () => {
      loading = undefined; // the next figure tries again
      reject(new Error(`${url} could not be loaded`));
    };
    document.head.append(script);
  });
  return loading;
}
