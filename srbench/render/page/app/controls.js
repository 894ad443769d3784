// Everything that is chosen above plot and table.
import { byId, el } from "./dom.js";
import { FACETS, caption, facets, fits, mainFacets, metrics, page, rows, valuesOf } from "./model.js";
import { change, on, state, togglePin } from "./state.js";
import { columns, isShown, show } from "./columns.js";
import { clearFilters, layOut, refacet, refresh } from "./grid.js";
import { spansWide } from "./scene.js";
import { shortened } from "./names.js";
import { zoomButtons } from "./zoom.js";

function facetControls() {
  for (const facet of FACETS) {
    const values = valuesOf(facet, rows);
    if (values.length < 2) continue;
    const select = el(
      "select",
      { id: `facet-${facet.id}`, change: (event) => choose(facet, event.target.value) },
      el("option", { value: "" }, `all ${values.length}`),
      ...values.map((value) => el("option", { value }, facet.text(value))),
    );
    select.value = facets[facet.id];
    byId("facets").append(el("label", {}, `${facet.title} `, select));
  }
  publishedControl();
  byId("facets").addEventListener("submit", (event) => event.preventDefault());
}

/** Networks that only papers know stand aside until they are asked for. */
function publishedControl() {
  const count = rows.filter((row) => row.only).length;
  if (!count || facets.published) return; // none, or nothing else
  const box = el("input", { type: "checkbox", id: "published", change: (event) => showPublished(event.target.checked) });
  byId("facets").append(el("label", { class: "tick" }, box, ` Published networks (${count.toLocaleString("en")})`));
}

function showPublished(yes) {
  facets.published = yes;
  const box = byId("published");
  if (box) box.checked = yes;
  refacet();
}

function choose(facet, value) {
  facets[facet.id] = value;
  if (!rows.some((row) => !row.only && fits(row))) {
    // Nothing has all three: what was chosen last stands.
    for (const other of FACETS) if (other !== facet) facets[other.id] = "";
    for (const other of FACETS) {
      const select = byId(`facet-${other.id}`);
      if (select) select.value = facets[other.id];
    }
  }
  refacet();
  choosers();
}

function metricSelect(id, title, none) {
  const groups = Map.groupBy ? Map.groupBy(metrics.values(), (metric) => metric.group) : grouped();
  const options = [...groups].map(([group, list]) => el("optgroup", { label: group }, ...list.map((metric) => el("option", { value: metric.id }, metric.label))));
  const select = el("select", { id: `axis-${id}`, change: (event) => pickAxis(id, event.target.value) }, none ? el("option", { value: "" }, none) : null, ...options);
  select.value = state[id];
  return el("label", {}, `${title} `, select);
}

function grouped() {
  const groups = new Map();
  for (const metric of metrics.values()) groups.set(metric.group, [...(groups.get(metric.group) ?? []), metric]);
  return groups;
}

function pickAxis(id, value) {
  const log = id === "x" ? "logX" : id === "y" ? "logY" : null;
  const wide = log ? spansWide(metrics.get(value)) : false;
  if (log) byId(log).checked = wide;
  change({ [id]: value, ...(log ? { [log]: wide } : {}) });
}

function tick(id, title) {
  const box = el("input", { type: "checkbox", id, change: (event) => change({ [id]: event.target.checked }) });
  box.checked = state[id];
  return el("label", { class: "tick" }, box, ` ${title}`);
}

/** PSNR on the first set over parameters, area by Multi-Adds, as papers draw it; of what is not there, the next. */
function firstAxes() {
  const costs = page.costs.map((column) => column.key);
  const plotted = [...metrics.values()].filter((metric) => metric.quality && !metric.kind).map((metric) => metric.id);
  const y = [...(metrics.has("psnr_y_set5") ? ["psnr_y_set5"] : []), ...plotted, "runtime_ms", "multi_adds", costs[0]].find((id) => metrics.has(id));
  return { x: costs[0] ?? y, y, size: costs.includes("multi_adds") && y !== "multi_adds" ? "multi_adds" : "" };
}

function axisControls() {
  const found = firstAxes();
  change({ ...found, logX: metrics.has(found.x) && spansWide(metrics.get(found.x)), logY: metrics.has(found.y) && spansWide(metrics.get(found.y)) });
  byId("axes").append(
    el("span", { class: "pair" }, metricSelect("y", "Up"), tick("logY", "log")),
    el("span", { class: "pair" }, metricSelect("x", "Across"), tick("logX", "log")),
    metricSelect("size", "Area", "none"),
    tick("front", "Pareto front"),
  );
  byId("plot-title").after(zoomButtons);
  byId("axes").addEventListener("submit", (event) => event.preventDefault());
}

function choosers() {
  const kindText = (column) => (column.kind ? `${column.title}, ${column.kind}` : column.title);
  byId("chooser").lastElementChild.replaceChildren(
    ...columns.slice(1).map((column) => {
      const box = el("input", { type: "checkbox", change: (event) => {
        show(column, event.target.checked);
        layOut();
      } });
      box.checked = isShown(column);
      return el("label", { class: "tick" }, box, ` ${kindText(column)}`);
    }),
  );
}

function drawPins() {
  byId("pins").replaceChildren(
    ...[...state.pinned].map((index) => {
      const row = rows[index];
      const open = el("button", { type: "button", class: "name", title: row.label, click: () => openRow(row) }, shortened(row.label, 32));
      const off = el("button", { type: "button", class: "off", "aria-label": `Unpin ${row.label}`, click: () => togglePin(index) }, "×");
      return el("li", {}, el("span", { class: `swatch c${row.color}`, "aria-hidden": "true" }), open, off);
    }),
  );
}

function drawCount() {
  const { length } = state.shown;
  const all = rows.filter((row) => !row.only || facets.published).length;
  const of = all === length ? "" : ` of ${all.toLocaleString("en")}`;
  byId("count").textContent = `${length.toLocaleString("en")}${of} row${all === 1 ? "" : "s"} · ${caption()}`;
  const timed = state.shown.filter((row) => row.costs.runtime_ms);
  const circumstances = new Set(timed.map((row) => `${row.scale} ${row.load} ${row.place}`)).size;
  const mixed = new Set(state.shown.filter((row) => !row.only).map((row) => row.luma)).size > 1;
  const cautions = [
    ...(circumstances > 1 ? [`Rows of ${circumstances} combinations of scale, input and device are shown: their runtimes, and most of their costs, do not compare, and where they do not no front is drawn.`] : []),
    ...(mixed ? ["(Y): works on luma only; its costs leave out the chroma and do not compare with those of RGB networks."] : []),
  ];
  byId("caution").hidden = !cautions.length;
  byId("caution").textContent = cautions.join(" ");
}

/** What the rows say, on what they were measured, and when. */
function tellAbout() {
  byId("sentence").hidden = !page.sentence;
  byId("sentence").textContent = page.sentence;
  const newest = page.newest ? `newest record ${page.newest} UTC` : "no records";
  byId("about").replaceChildren(
    ...page.machines.map((line) => el("span", { class: "machine" }, line)),
    el("span", {}, `srbench ${page.version} · ${newest}`),
  );
}

let openRow = () => {};

/** Start; `open` shows what lies behind a row. */
export function startControls(open) {
  openRow = open;
  Object.assign(facets, mainFacets());
  tellAbout();
  facetControls();
  axisControls();
  choosers();
  byId("search").addEventListener("input", (event) => {
    change({ search: event.target.value });
    byId("scroller").scrollTop = 0;
    refresh();
  });
  byId("reset").addEventListener("click", () => {
    clearFilters();
    byId("search").value = "";
    change({ search: "" });
    showPublished(true);
  });
  on(["shown"], drawCount);
  on(["pinned"], drawPins);
}
