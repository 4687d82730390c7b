// The canvases of a lens above its ground: dots, and the cursor over them; all of it as a file.
const MOST_THUMBNAILS = 60;
// Light classes stand out from light ground, dark ones from dark ground, by their outline; a speck has no room for one.
const SMALLEST_OUTLINED = 1.2;

// Makes a canvas as fine as the screen, and says how many of its pixels one of the page's is.
function fit(canvas) {
  const ratio = devicePixelRatio || 1;
  const side = Math.round(canvas.clientWidth * ratio);
  if (canvas.width !== side || canvas.height !== side) Object.assign(canvas, { width: side, height: side });
  return ratio;
}

function ink(element) {
  return getComputedStyle(element).getPropertyValue("--st-text-color") || "#888";
}

function draw_dots(canvas, { data, view, points, sprites, alone, selected }) {
  const ratio = fit(canvas);
  const context = canvas.getContext("2d");
  const brought_out = data.classes.indexOf(alone);
  const few = points.count > 20000 ? 1 : points.count > 3000 ? 2 : 2.6;
  const radius = Math.min(few * Math.sqrt(view.home[2] / view.reach), 5);
  const seen = points.draw(context, view, {
    colours: data.colours.map(packed),
    edges: data.edges.map(packed),
    dimmed: (k) => (brought_out >= 0 && points.labels[k] !== brought_out) || (selected !== null && !selected.has(k)),
    radius: radius * ratio,
    line: Math.min(Math.max(radius - SMALLEST_OUTLINED, 0), 1) * ratio,
    most: MOST_THUMBNAILS,
  });
  if (seen.length > MOST_THUMBNAILS) return;
  // Near enough, a dot has room to be the image itself.
  const side = canvas.width;
  const size = 36 * ratio;
  for (const k of seen) {
    const [x, y] = view.screen(...points.place(k));
    context.globalAlpha = points.strength[k] / 255;
    const corner = [x * side - size / 2, y * side - size / 2];
    if (!sprites.draw(context, k, ...corner, size, size)) continue;
    for (const [colours, width] of [[data.edges, 4], [data.colours, 2.5]]) {
      context.strokeStyle = colours[points.labels[k]];
      context.lineWidth = width * ratio;
      context.strokeRect(...corner, size, size);
    }
  }
  context.globalAlpha = 1;
}

// The place that is decoded, tied to the nearest image's, and the pin.
function draw_cursor(canvas, { view, points, x, y, found, pin }) {
  const ratio = fit(canvas);
  const context = canvas.getContext("2d");
  const side = canvas.width;
  const on_screen = (place) => view.screen(...place).map((share) => share * side);
  const circle = (place, radius) => {
    context.beginPath();
    context.arc(...place, radius * ratio, 0, 2 * Math.PI);
    context.stroke();
  };
  const here = on_screen([x, y]);
  const there = on_screen(points.place(found.index));
  context.clearRect(0, 0, side, side);
  context.strokeStyle = ink(canvas);
  context.lineWidth = 1.5 * ratio;
  if (points.covariances) draw_posterior(context, points.covariance(found.index), there, side / (2 * view.reach));
  context.beginPath();
  context.moveTo(...here);
  context.lineTo(...there);
  context.stroke();
  circle(there, 6);
  context.lineWidth = 2.5 * ratio;
  circle(here, 11);
  if (!pin) return;
  const [across, down] = on_screen(pin);
  context.fillStyle = getComputedStyle(canvas).getPropertyValue("--st-primary-color") || "#c33";
  context.beginPath();
  context.moveTo(across, down);
  context.arc(across, down - 14 * ratio, 7 * ratio, 0.75 * Math.PI, 0.25 * Math.PI);
  context.closePath();
  context.fill();
  context.lineWidth = 1 * ratio;
  context.stroke();
}

// The image's whole code is a distribution: its ellipses at one and two standard deviations.
function draw_posterior(context, [xx, xy, yy], [x, y], scale) {
  const middle = (xx + yy) / 2;
  const half = Math.hypot((xx - yy) / 2, xy);
  for (const deviations of [1, 2]) {
    context.beginPath();
    const radii = [middle + half, Math.max(middle - half, 0)].map((v) => deviations * Math.sqrt(v) * scale);
    context.ellipse(x, y, ...radii, -0.5 * Math.atan2(2 * xy, xx - yy), 0, 2 * Math.PI);
    context.stroke();
  }
}

// The plane with the decoded and the nearest image beside it, as a file.
async function save_png({ plane, ground, dots, cursor, decoded, nearest }) {
  const side = dots.width;
  const sheet = new OffscreenCanvas(1.5 * side, side);
  const context = sheet.getContext("2d");
  context.fillStyle = getComputedStyle(plane).backgroundColor;
  context.fillRect(0, 0, sheet.width, side);
  for (const canvas of [ground, dots, cursor]) context.drawImage(canvas, 0, 0);
  context.imageSmoothingEnabled = false;
  [decoded, nearest].forEach((canvas, i) =>
    context.drawImage(canvas, side * 1.02, side * (0.02 + 0.49 * i), side * 0.46, side * 0.46),
  );
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await sheet.convertToBlob());
  link.download = "lens.png";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
