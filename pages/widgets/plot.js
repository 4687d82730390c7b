// Draws a Plotly figure and redraws it in place: the element stays, only what changed moves.
let loading;

function load(url) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      loading = undefined; // the next figure tries again
      reject(new Error(`${url} could not be loaded`));
    };
    document.head.append(script);
  });
  return loading;
}

const latest = new WeakMap();
const redraw = new WeakMap();

const dots = new WeakMap();

const decoder = new TextDecoder();

// A line of what there is to say about the figure, then the figure.
function parse(bytes) {
  const text = decoder.decode(bytes);
  const end = text.indexOf("\n");
  return { ...JSON.parse(text.slice(0, end)), figure: text.slice(end + 1) };
}

export default function ({ data: bytes, parentElement, setStateValue, setTriggerValue }) {
  const data = parse(bytes);
  const element = parentElement.querySelector(".plot");
  latest.set(element, data);
  redraw.set(element, () => {
    if (askForTheOther(element, data)) setStateValue("narrow", isNarrow(element));
    draw(element, data, setTriggerValue).catch((error) => refuse(element, error));
  });
  if (data.dots && !dots.has(element)) dots.set(element, new Dots(element, () => redraw.get(element)()));
  redraw.get(element)();
  turning.observe(element);
  return () => {
    turning.unobserve(element);
    window.Plotly?.purge(element);
  };
}

// In place of a figure that cannot be drawn.
function refuse(element, error) {
  console.error(error);
  if (element.querySelector(".main-svg, img")) return; // an older one, or its plain picture, still stands
  const sentence = document.createElement("p");
  sentence.setAttribute("role", "alert");
  sentence.textContent = "This figure could not be drawn: the server did not answer. Reload the page.";
  element.replaceChildren(sentence);
  element.setAttribute("role", "group");
}

// Some figures are drawn otherwise where there is little room; a phone that is turned may call for the other one.
const drawnNarrow = new WeakMap();
// A little room more leads back than led here: a scrollbar that comes and goes must not turn the figure to and fro.
const isNarrow = (element) => element.clientWidth < (drawnNarrow.get(element) ? 560 : 520);
const turning = new ResizeObserver((entries) => {
  for (const { target } of entries) if (isNarrow(target) !== drawnNarrow.get(target)) redraw.get(target)();
});

const askForTheOther = (element, data) =>
  data.narrow !== null && element.clientWidth > 0 && data.narrow !== isNarrow(element);

// Where there is no WebGL, dots are drawn one by one: slower, but there.
const has_webgl = () => (has_webgl.found ??= Boolean(document.createElement("canvas").getContext("webgl")));

// A picture on a narrow page needs less height than its layout asks for: the rest would be empty.
async function fit(element, traces, layout) {
  const picture = traces.find((trace) => trace.type === "image");
  if (picture) {
    const image = new Image();
    image.src = picture.source;
    await image.decode();
    exchange(element, image);
    const lines = (layout.yaxis.ticktext ?? []).flatMap((text) => text.split("<br>"));
    const letters = Math.max(0, ...lines.map((line) => line.replaceAll(/<[^>]*>/g, "").length));
    const labels = layout.yaxis.visible === false ? 0 : 30 + 6 * letters;
    const room = Math.max(element.clientWidth - labels, 100);
    layout.height = Math.min(layout.height, Math.round((room * image.height) / image.width) + 64);
  }
  element.style.height = `${layout.height}px`;
}

// Of a picture with the same proportions the new one stands there at once; its axes and texts follow.
function exchange(element, image) {
  const [shown, other] = element.querySelectorAll(".imagelayer image");
  if (!shown || other) return;
  const proportions = shown.width.baseVal.value / shown.height.baseVal.value;
  if (Math.abs((image.width / image.height) / proportions - 1) < 0.02) shown.setAttribute("href", image.src);
}

// Until the library has come, a figure that is one picture shows it plain.
function preview(element, traces) {
  const picture = traces.find((trace) => trace.type === "image");
  if (!picture) return;
  const image = document.createElement("img");
  image.src = picture.source;
  image.alt = "";
  image.style = "width: 100%; height: 100%; object-fit: contain; image-rendering: pixelated";
  element.replaceChildren(image);
}

async function draw(element, data, setTriggerValue) {
  drawnNarrow.set(element, isNarrow(element));
  const { data: traces, layout } = JSON.parse(data.figure);
  for (const trace of traces) if (trace.type === "scattergl" && !has_webgl()) trace.type = "scatter";
  if (data.dots) layout.height = Math.min(layout.height, element.clientWidth + 140); // a map on a phone is square
  await fit(element, traces, layout);
  element.setAttribute("aria-label", data.alt);
  element.setAttribute("role", data.tools ? "group" : "img"); // an image holds no buttons
  if (!window.Plotly) preview(element, traces);
  const Plotly = await load(data.library);
  if (latest.get(element) !== data || !element.isConnected) return;
  const style = getComputedStyle(element);
  const ink = style.getPropertyValue("--st-text-color");
  layout.autosize = true;
  layout.uirevision = "kept"; // a zoom or a selection outlives new data
  layout.font = { family: style.getPropertyValue("--st-font"), color: ink, size: 12 };
  if (data.tools) layout.margin = { ...layout.margin, r: 40 }; // the buttons stand beside the picture
  layout.modebar = { ...layout.modebar, color: ink, activecolor: style.getPropertyValue("--st-primary-color") };
  layout.hoverlabel = {
    ...layout.hoverlabel,
    bgcolor: style.getPropertyValue("--st-secondary-background-color"),
    bordercolor: style.getPropertyValue("--st-border-color"),
    font: { family: layout.font.family, color: ink },
  };
  const config = {
    responsive: true,
    displaylogo: false,
    showTips: false,
    displayModeBar: data.tools,
    scrollZoom: data.tools,
    modeBarButtonsToRemove: ["autoScale2d", "zoomIn2d", "zoomOut2d", "toImage"],
  };
  const above = data.dots && dots.get(element);
  above?.prepare(traces, layout, data.dots, (numbers) => setTriggerValue("selected", numbers));
  element.querySelector(":scope > :is(img, p)")?.remove();
  await Plotly.react(element, traces, layout, config);
  offerToSave(element);
  above?.drawn();
}
