// The table with modes or sizes across: one network a row, one number a table.
import { byId, el } from "./dom.js";
import { facets, metrics, rows } from "./model.js";
import { change, on, state } from "./state.js";

const sizeOf = (row) => [row.size, row.lr, row.batch].join(" ");
const pixels = (row) => row.lr.split("x").reduce((product, side) => product * side, row.batch);

/** What can stand across: the value of a row, its title, its place among the others, and which metrics it moves. */
const AXES = {
  mode: {
    value: (row) => row.mode,
    title: (row) => row.mode || "float32",
    place: (row) => row.mode.length,
    moves: (metric) => metric.of === "machine" || metric.kind === "measured",
  },
  size: {
    value: sizeOf,
    title: (row, several) => row.lr + (several ? ` b${row.batch}` : ""),
    place: pixels,
    moves: (metric) => !metric.quality && metric.of !== "network",
  },
};

/** Rows that differ in the axis alone, by what they share; where one value of the axis stands alone there is none. */
function groupsOf(some, axis) {
  const groups = new Map();
  for (const row of some) {
    if (row.only || !row.place) continue;
    const key = JSON.stringify([row.scale, axis === AXES.size ? "" : sizeOf(row), row.place]);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(row);
  }
  return [...groups.values()].filter((group) => new Set(group.map(axis.value)).size > 1);
}

/** The axes in which rows differ. */
function possibleAxes() {
  return Object.keys(AXES).filter((id) => groupsOf(rows, AXES[id]).length);
}

/** The metrics that an axis moves. */
function movedBy(id) {
  const there = groupsOf(rows, AXES[id]).flat();
  return [...metrics.values()].filter((metric) => AXES[id].moves(metric) && there.some((row) => metric.read(row)));
}

/** The rows that the facets and the search leave; a facet that stands across leaves all. */
function rowsLeft(axis) {
  const words = state.search.toLowerCase().split(/\s+/).filter(Boolean);
  const sizes = new Set(rows.filter((row) => row.input === facets.load).map(sizeOf));
  return rows.filter(
    (row) =>
      (!facets.scale || String(row.scale) === facets.scale) &&
      (!facets.place || row.place === facets.place) &&
      (axis === AXES.size || !facets.load || sizes.has(sizeOf(row))) &&
      words.every((word) => row.words.includes(word)),
  );
}

/** What disturbed a runtime marks it. */
const isDisturbed = (row, metric) => metric.timed && !["VALID", "NOISY"].includes(row.state);

/** Of a column those that no other one surely beats; none where most of them are, as in the leaderboard's ranks. */
function bestOf(column, metric) {
  const fit = column.filter((row) => !row.failed && !row.luma && !isDisturbed(row, metric) && metric.read(row)?.value !== undefined);
  if (!metric.good || fit.length < 2) return new Set();
  const [low, high] = metric.good === "low" ? ["low", "high"] : ["high", "low"];
  const bound = (row, side) => (metric.good === "low" ? 1 : -1) * (metric.read(row)[side] ?? metric.read(row).value);
  const best = fit.filter((row) => !fit.some((other) => bound(other, high) < bound(row, low)));
  return new Set(metric.timed && best.length > Math.max(1, fit.length / 2) ? [] : best);
}

function cellOf(row, metric, best, open) {
  if (!row) return el("td", { class: "number" }, "\u2013");
  const text = metric.read(row)?.text;
  const shown = row.failed ? row.state : text ? `${isDisturbed(row, metric) ? "~" : ""}${text}` : "\u2013";
  const why = [row.state, row.reason].filter(Boolean).join(": ");
  return el("td", { class: "number" }, el("button", { type: "button", class: best ? "name best" : "name", title: why, click: () => open(row) }, shown));
}

function tableFor(group, axis, metric, open) {
  const several = new Set(group.map((row) => row.batch)).size > 1;
  const ordered = [...group].sort((a, b) => axis.place(a) - axis.place(b) || (axis.title(a) < axis.title(b) ? -1 : 1));
  const values = new Map(ordered.map((row) => [axis.value(row), axis.title(row, several)]));
  const networks = new Map();
  for (const row of group) {
    const key = axis === AXES.mode ? row.network : `${row.network} ${row.mode}`;
    if (!networks.has(key)) networks.set(key, new Map());
    networks.get(key).set(axis.value(row), row);
  }
  const best = new Map([...values.keys()].map((value) => [value, bestOf([...networks.values()].flatMap((cells) => cells.get(value) ?? []), metric)]));
  const lines = [...networks.values()].map((cells) => {
    const [first] = cells.values();
    const name = axis === AXES.mode ? first.bare : first.label;
    const numbers = [...values.keys()].map((value) => cellOf(cells.get(value), metric, best.get(value).has(cells.get(value)), open));
    return el("tr", {}, el("th", { scope: "row" }, el("span", { class: "cell" }, el("span", { class: `swatch c${first.color}`, "aria-hidden": "true" }), name)), ...numbers);
  });
  const [row] = group;
  const beside = [`x${row.scale}`, axis === AXES.size ? "" : `GT ${row.size}, LR ${row.lr}, batch ${row.batch}`, row.place];
  const disturbed = group.some((each) => isDisturbed(each, metric) && !each.failed);
  return el(
    "div",
    { class: "group" },
    el("p", { class: "soft" }, `${metric.label} · ${beside.filter(Boolean).join(" · ")}`),
    el(
      "div",
      { class: "wide", tabindex: "0", role: "region", "aria-label": metric.label },
      el(
        "table",
        { class: "plain across" },
        el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Model"), ...[...values.values()].map((title) => el("th", { scope: "col", class: "number" }, title)))),
        el("tbody", {}, ...lines),
      ),
    ),
    disturbed ? el("p", { class: "soft small" }, "~: something disturbed it; it is not ranked.") : null,
  );
}

function drawPivot(open) {
  const axis = AXES[state.across];
  byId("pivot").hidden = !axis;
  for (const id of ["scroller", "chooser"]) byId(id).hidden = Boolean(axis);
  if (!axis) return;
  const groups = groupsOf(rowsLeft(axis), axis);
  const tables = groups.map((group) => tableFor(group, axis, metrics.get(state.acrossMetric), open));
  byId("pivot").replaceChildren(...(tables.length ? tables : [el("p", { class: "notice" }, "Of these rows no two differ in it alone.")]));
}

/** Start; `open` shows what lies behind a row. */
export function startPivot(open) {
  const axes = possibleAxes();
  if (!axes.length) return;
  const TITLES = { mode: "modes across", size: "sizes across" };
  const option = (value, text) => el("option", { value }, text);
  const number = el("select", { id: "across-metric", "aria-label": "What the table shows", change: (event) => change({ acrossMetric: event.target.value }) });
  number.hidden = true;
  const across = (event) => {
    const id = event.target.value;
    number.hidden = !id;
    const moved = id ? movedBy(id) : [];
    number.replaceChildren(...moved.map((metric) => option(metric.id, metric.label)));
    const stays = moved.find((metric) => metric.id === state.acrossMetric) ?? moved.find((metric) => metric.id === "runtime_ms") ?? moved[0];
    number.value = stays?.id ?? "";
    change({ across: id, acrossMetric: number.value });
  };
  const choice = el("select", { id: "across", change: across }, option("", "one row each"), ...axes.map((id) => option(id, TITLES[id])));
  byId("layout").append(el("label", {}, "Layout ", choice), number);
  on(["across", "acrossMetric", "shown"], () => drawPivot(open));
}
