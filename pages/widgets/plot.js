// Draws a Plotly figure and redraws it in place: the element stays, only what changed moves.
let loading;

function load(url) {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error(`${url} could not be loaded`));
    document.head.append(script);
  });
  return loading;
}

const latest = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  const element = parentElement.querySelector(".plot");
  latest.set(element, data);
  draw(element, data, setStateValue);
  return () => window.Plotly?.purge(element);
}

// A picture on a narrow page needs less height than its layout asks for: the rest would be empty.
async function fit(element, traces, layout) {
  const picture = traces.find((trace) => trace.type === "image");
  if (picture) {
    const image = new Image();
    image.src = picture.source;
    await image.decode();
    const labels = layout.yaxis.visible === false ? 0 : 90;
    const room = Math.max(element.clientWidth - labels, 100);
    layout.height = Math.min(layout.height, Math.round((room * image.height) / image.width) + 64);
  }
  element.style.height = `${layout.height}px`;
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

async function draw(element, data, setStateValue) {
  const { data: traces, layout } = JSON.parse(data.figure);
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
    modeBarButtonsToRemove: ["autoScale2d", "zoomIn2d", "zoomOut2d"],
  };
  element.querySelector(":scope > img")?.remove();
  await Plotly.react(element, traces, layout, config);
  if (!data.tools || element.dataset.listening) return;
  element.dataset.listening = "yes";
  const tell = (points) => setStateValue("selected", points.map((p) => p.customdata));
  element.on("plotly_selected", (event) => event && tell(event.points));
  element.on("plotly_click", (event) => tell(event.points));
  element.on("plotly_deselect", () => tell([]));
}
