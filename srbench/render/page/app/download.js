// Files out of the page: the leaderboard's CSV, and the figure.
import { byId, el } from "./dom.js";
import { csvLines, rows } from "./model.js";
import { state } from "./state.js";
import { crowdAsElements, draw } from "./scatter.js";
import { useTheme } from "./theme.js";

/** Header and the lines of these rows, in the leaderboard's own order. */
export function csvOf(chosen) {
  const [header, ...lines] = csvLines();
  const indices = chosen.map((row) => row.index).sort((a, b) => a - b);
  return [header, ...indices.map((index) => lines[index]), ""].join("\n");
}

function save(blob, name) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const STYLES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "opacity", "font-family", "font-size", "font-weight"];

/** The plot as a file of its own, in the light theme: figures go into papers. */
export function figureText() {
  const dark = state.dark;
  useTheme(false);
  crowdAsElements();
  const plot = byId("plot");
  const copy = plot.cloneNode(true);
  const originals = plot.querySelectorAll("*");
  copy.querySelectorAll("*").forEach((node, i) => {
    const style = getComputedStyle(originals[i]);
    for (const name of STYLES) node.setAttribute(name, style.getPropertyValue(name));
    for (const name of ["class", "data-index"]) node.removeAttribute(name);
  });
  for (const name of ["tabindex", "role", "aria-roledescription", "aria-describedby", "id", "class"]) copy.removeAttribute(name);
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({ width: "100%", height: "100%", fill: "#ffffff" })) ground.setAttribute(name, value);
  copy.prepend(ground);
  useTheme(dark);
  draw();
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(copy)}\n`;
}

async function savePng(name) {
  const url = URL.createObjectURL(new Blob([figureText()], { type: "image/svg+xml" }));
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = el("canvas");
  const sharp = 3;
  [canvas.width, canvas.height] = [image.width * sharp, image.height * sharp];
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(url);
  canvas.toBlob((blob) => save(blob, name), "image/png");
}

export function startDownloads() {
  const stem = () => `srbench_${state.y}_over_${state.x}`.replaceAll(":", "_");
  const csv = (chosen, name) => save(new Blob([csvOf(chosen)], { type: "text/csv" }), name);
  byId("save-svg").addEventListener("click", () => save(new Blob([figureText()], { type: "image/svg+xml" }), `${stem()}.svg`));
  byId("save-png").addEventListener("click", () => savePng(`${stem()}.png`));
  byId("save-shown").addEventListener("click", () => csv(state.shown, "leaderboard_shown.csv"));
  byId("save-all").addEventListener("click", () => csv(rows, "leaderboard.csv"));
}
