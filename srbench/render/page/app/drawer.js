// What lies behind one row: verdict, processes, layers, figures with their sources, machine and settings.
import { byId, el, factsOf, tableOf } from "./dom.js";
import { details, metrics, page } from "./model.js";
import { stripsOf } from "./strips.js";

const drawer = byId("drawer");
const number = d3.format(",");
const mega = (value) => d3.format(",.2f")(value / 1e6);
/** So many layers are shown at once; the rest on request. */
const LAYERS = 400;

export function openDrawer(row) {
  const all = details();
  const found = all.rows[row.index];
  const title = el("h2", { id: "drawer-title", tabindex: "-1" }, el("span", { class: `swatch c${row.color}`, "aria-hidden": "true" }), row.label);
  drawer.firstElementChild.replaceChildren(
    el("header", {}, title, el("button", { type: "button", class: "quiet", click: () => drawer.close(), "aria-label": "Close" }, "Close")),
    el("p", { class: "soft" }, about(row, found)),
    verdict(row),
    costs(row),
    ...(found ? behind(row, found, all) : []),
    figures(row),
    ...(found ? environment(found, all) : []),
  );
  if (!drawer.open) drawer.showModal();
  drawer.scrollTop = 0;
  title.focus();
}

function about(row, found) {
  const parts = [`${row.model} x${row.scale}`, row.form && `${row.form} form`, row.load, row.place, row.note, found && `measured ${found.finished} by srbench ${found.version}`];
  return parts.filter(Boolean).join(" · ");
}

function verdict(row) {
  if (row.only) return el("p", {}, el("span", { class: "badge PUBLISHED" }, "PUBLISHED"), ` ${row.reason}`);
  const texts = [row.reason, row.advice].filter(Boolean).join("; ");
  return el("p", { class: "verdict" }, el("span", { class: `badge ${row.state}` }, row.state), texts ? ` ${texts}` : " none of the verdicts speaks against this runtime.");
}

function part(title, ...children) {
  return el("section", {}, el("h3", {}, title), ...children);
}

function costs(row) {
  const known = page.costs.filter((column) => row.costs[column.key]);
  if (!known.length) return part("Costs", el("p", {}, "None are known."));
  return part("Costs", factsOf(known.map((column) => [metrics.get(column.key).label, row.costs[column.key].text])));
}

function behind(row, found, all) {
  const parts = [];
  if (found.visits.length) parts.push(part("Runtime, process by process", factsOf(found.runtime), stripsOf(found.visits, row)));
  if (found.memory.length) parts.push(part("Memory of a pass", factsOf(found.memory)));
  if (found.traceback) parts.push(part("What went wrong", el("pre", {}, found.traceback)));
  if (found.layers !== null) parts.push(layersOf(all.layers[found.layers], found.counters));
  return parts;
}

function layersOf(list, counters) {
  const total = list.reduce((sum, layer) => sum + layer[5], 0) || 1;
  const most = d3.max(list, (layer) => layer[5]) || 1;
  const bar = (layer) => {
    const node = el("span", { class: "share" }, `${((100 * layer[5]) / total).toFixed(2)} %`);
    node.style.setProperty("--part", `${(100 * layer[5]) / most}%`);
    return node;
  };
  const cells = list.slice(0, LAYERS).map((layer) => [layer[0] || "(itself)", layer[1], layer[2], layer[3], number(layer[4]), mega(layer[5]), bar(layer), mega(layer[6])]);
  const heads = ["Layer", "Operator", "Input", "Output", "Params", "Multi-Adds [M]", "Share", "Acts [M]"];
  const more = list.length > LAYERS ? el("p", { class: "soft" }, `The first ${LAYERS} of ${list.length}.`) : null;
  const said = counters.length ? el("ul", {}, ...counters.map((line) => el("li", {}, line.trim()))) : null;
  return part(
    `Layers: ${list.length} convolutions and matrix products`,
    el("div", { class: "wide tall", tabindex: "0", role: "region", "aria-label": "Layers" }, tableOf(heads, cells, [0, 1, 2, 3])),
    more,
    said && el("h4", {}, "Other counters"),
    said,
  );
}

function figures(row) {
  const lines = page.quality.flatMap((column) =>
    [
      ["measured", row.measured[column.key]],
      ["published", row.published[column.key]],
    ].flatMap(([kind, found]) => (found ? [[column.title, kind === "measured" ? kind : found.kind, found.text, origin(found)]] : [])),
  );
  if (!lines.length) return part("PSNR and SSIM", el("p", {}, "Neither measured nor published."));
  const heads = ["Figure", "Kind", "Value", "Source"];
  return part("PSNR and SSIM with their sources", el("div", { class: "wide" }, tableOf(heads, lines, [0, 1, 3])));
}

function origin(found) {
  const whose = found.sibling ? `belongs to ${found.sibling}, not to this network` : "";
  return [whose, found.source, found.protocol, found.how].filter(Boolean).join("; ");
}

function environment(found, all) {
  return [
    part("Machine and software", factsOf(all.machines[found.machine])),
    part("Settings", factsOf(all.settings[found.settings])),
    el("p", { class: "soft small" }, `Record: runs/${found.file}`),
  ];
}

export function startDrawer() {
  // A click beside it closes it, as Escape does.
  drawer.addEventListener("click", (event) => event.target === drawer && drawer.close());
}
