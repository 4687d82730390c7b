
// Offers a figure to keep: as a picture, as a drawing, or as a page of its own that needs no network.
const FORMATS = { png: "PNG picture", svg: "SVG drawing", html: "Web page (HTML)" };
const ARROW = '<svg viewBox="0 0 20 20" aria-hidden="true"><path d="M10 3v9M6 9l4 4 4-4M4 16.5h12"/></svg>';

// Once for each figure; `latest` knows what it shows by then.
function offerToSave(element) {
  const offer = element.parentElement.querySelector(".save");
  const { alt } = latest.get(element);
  if (offer.firstChild) {
    offer.firstChild.setAttribute("aria-label", `Save: ${alt}`);
    return;
  }
  const button = document.createElement("button");
  button.type = "button";
  button.innerHTML = ARROW;
  button.title = "Save";
  button.setAttribute("aria-label", `Save: ${alt}`);
  button.setAttribute("aria-haspopup", "menu");
  button.setAttribute("aria-expanded", "false");
  const menu = document.createElement("div");
  menu.setAttribute("role", "menu");
  menu.setAttribute("aria-label", "Save as");
  menu.hidden = true;
  const items = Object.entries(FORMATS).map(([format, name]) => {
    const item = document.createElement("button");
    item.type = "button";
    item.tabIndex = -1;
    item.setAttribute("role", "menuitem");
    item.textContent = name;
    item.addEventListener("click", () => {
      close(true);
      save(element, format);
    });
    return item;
  });
  menu.append(...items);
  offer.append(button, menu);

  const outside = (event) => offer.contains(event.target) || close(false);
  const open = (item) => {
    menu.hidden = false;
    button.setAttribute("aria-expanded", "true");
    document.addEventListener("pointerdown", outside);
    item.focus();
  };
  const close = (back) => {
    menu.hidden = true;
    button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside);
    if (back) button.focus();
  };
  button.addEventListener("click", () => (menu.hidden ? open(items[0]) : close(true)));
  offer.addEventListener("focusout", (event) => menu.hidden || offer.contains(event.relatedTarget) || close(false));
  offer.addEventListener("keydown", (event) => {
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: 0, End: -1 }[event.key];
    if (to !== undefined) open(items.at(to % items.length));
    else if (event.key === "Escape" && !menu.hidden) close(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}

async function save(element, format) {
  const data = latest.get(element);
  const page = location.pathname.split("/").filter(Boolean).pop() ?? "home";
  const name = `${page}-${data.name}`.replace(/[^\w-]+/g, "-");
  // On the ground that the ink was chosen for.
  const ground = getComputedStyle(element).getPropertyValue("--st-background-color").trim();
  const layout = { ...element.layout, paper_bgcolor: ground };
  let content;
  if (format === "html") {
    content = await asPage(element, data, layout, name, ground);
  } else {
    const { clientWidth: width, clientHeight: height } = element;
    const scale = format === "png" ? 2 : 1;
    const uri = await window.Plotly.toImage({ data: element.data, layout }, { format, width, height, scale });
    content = await (await fetch(uri)).blob();
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = `${name}.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function asPage(element, data, layout, name, ground) {
  const library = await (await fetch(data.library)).text(); // from the browser's cache
  // The traces as they were sent, with what was switched off or chosen since.
  const traces = JSON.parse(data.figure).data.map((trace, i) => {
    const { visible, selectedpoints } = element.data[i];
    return { ...trace, visible, selectedpoints };
  });
  const figure = { data: traces, layout: { ...layout, width: undefined } };
  const config = { responsive: true, displaylogo: false, displayModeBar: data.tools, scrollZoom: data.tools };
  const plain = (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value);
  const json = (value) => JSON.stringify(value, plain).replaceAll("<", "\\u003c"); // may not end the script
  const text = (value) => value.replace(/[&<"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${text(data.alt)} · Latent Explorer</title>
<style>body { margin: 1rem; background: ${ground} } #figure { height: ${layout.height}px }</style>
</head>
<body>
<div id="figure" role="${data.tools ? "group" : "img"}" aria-label="${text(data.alt)}"></div>
<script>${library}</script>
<script>
const figure = ${json(figure)};
Plotly.newPlot("figure", figure.data, figure.layout, ${json(config)});
</script>
</body>
</html>
`;
  return new Blob([html], { type: "text/html" });
}
