// The table: sorted and filtered by TanStack Table; of many rows only those in sight are elements.
import { byId, el } from "./dom.js";
import { facets, fits, rows } from "./model.js";
import { change, on, state, togglePin } from "./state.js";
import { columns, isShown, test } from "./columns.js";

const ROW_PX = 36;
const AHEAD = 8;
/** So many rows are no trouble as elements. */
const ALL_UP_TO = 80;
const PRINTED = 400;

const scroller = byId("scroller");
const tableNode = byId("table");
const body = tableNode.tBodies[0];
const head = tableNode.tHead;
const heads = new Map();
const elements = new Map();
const above = el("tr", { "aria-hidden": "true", class: "space" });
const below = el("tr", { "aria-hidden": "true", class: "space" });
const tests = new Map();
let openDetails = () => {};
let printing = false;

const core = TableCore.createTable({
  data: rows,
  columns: columns.map((column) => ({
    id: column.id,
    accessorFn: column.value,
    sortUndefined: "last",
    sortDescFirst: column.good === "high",
    sortingFn: column.number ? "basic" : "text",
    filterFn: (row, id) => tests.get(id)?.(row.original) ?? true,
    enableGlobalFilter: column.id === "name", // asked once for each row, not for each cell
  })),
  state: { sorting: [], columnFilters: [], globalFilter: "", columnPinning: {}, columnVisibility: {} },
  globalFilterFn: (row, _, words) => words.every((word) => row.original.words.includes(word)),
  onStateChange: () => {},
  renderFallbackValue: null,
  getRowId: (row) => String(row.index),
  getCoreRowModel: TableCore.getCoreRowModel(),
  getFilteredRowModel: TableCore.getFilteredRowModel(),
  getSortedRowModel: TableCore.getSortedRowModel(),
});

function setCore(patch) {
  core.setOptions((options) => ({ ...options, state: { ...options.state, ...patch } }));
}

/** Apply facets, search, filters and order; tell everybody which rows are left. */
export function refresh() {
  const words = state.search.toLowerCase().split(/\s+/).filter(Boolean);
  setCore({
    globalFilter: words.length ? words : undefined,
    columnFilters: [...tests].map(([id, each]) => ({ id, value: each })),
  });
  change({ shown: core.getSortedRowModel().rows.map((row) => row.original) });
}

/** The facets have changed: other rows, other columns. */
export function refacet() {
  core.setOptions((options) => ({ ...options, data: rows.filter(fits) }));
  elements.clear();
  layOut();
  refresh();
}

/** Empty all filters. */
export function clearFilters() {
  tests.clear();
  for (const { input } of heads.values()) {
    input.value = "";
    input.removeAttribute("aria-invalid");
  }
}

/** Heads and widths of the columns that are shown. */
export function layOut() {
  const shown = columns.filter(isShown);
  heads.clear();
  elements.clear();
  head.replaceChildren(
    el("tr", { "aria-rowindex": 1 }, ...shown.map(headCell)),
    el("tr", { class: "filters", "aria-rowindex": 2 }, ...shown.map(filterCell)),
  );
  const here = rows.filter(fits);
  const widths = shown.map((column) => widthOf(column, here));
  tableNode.querySelector("colgroup").replaceChildren(
    ...widths.map((width) => {
      const col = el("col");
      col.style.width = `${width}px`;
      return col;
    }),
  );
  tableNode.style.width = `max(100%, ${widths.reduce((sum, width) => sum + width, 0)}px)`;
  markOrder();
  renderRows();
}

function widthOf(column, here) {
  if (column.id === "name") return window.innerWidth < 600 ? 178 : 250;
  let longest = Math.max(...column.title.split(" ").map((part) => part.length)) + column.unit.length / 2;
  for (const row of here) longest = Math.max(longest, String(column.text(row)).length);
  if (column.id === "state") return here.some((row) => row.reason && !row.only) ? 250 : 124;
  return Math.max(column.kind ? 104 : 0, Math.round(Math.min(Math.max(longest, 6), 34) * 7.8 + 24));
}

function headCell(column) {
  const unit = column.unit ? el("span", { class: "unit" }, ` [${column.unit}]`) : null;
  const kind = column.kind ? el("span", { class: `kind ${column.kind}` }, column.kind) : null;
  const button = el("button", { type: "button", class: "sort", click: (event) => sortBy(column, event.shiftKey) }, column.title, unit, kind);
  // A button is not printed again on a second sheet.
  const paper = el("span", { class: "paper", "aria-hidden": "true" }, column.title, unit?.cloneNode(true), kind && ` ${column.kind}`);
  const cell = el("th", { scope: "col", class: column.number ? "number" : null, title: column.full, "data-column": column.id }, button, paper);
  heads.set(column.id, { cell, input: filterInput(column) });
  return cell;
}

function filterInput(column) {
  const example = column.number ? "such as <500, >=32 or 100..200" : "text in it";
  return el("input", {
    type: "text",
    "aria-label": `Filter ${column.full}: ${example}`,
    title: example,
    placeholder: column.number ? "< >" : "filter",
    autocomplete: "off",
    spellcheck: "false",
    input: (event) => filter(column, event.target),
  });
}

function filterCell(column) {
  return el("td", {}, heads.get(column.id).input);
}

function filter(column, input) {
  const found = test(column, input.value);
  if (found === undefined) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
  if (found) tests.set(column.id, found);
  else tests.delete(column.id);
  scroller.scrollTop = 0;
  refresh();
}

/** First click: best first. Second: the other way. Third: the leaderboard's own order. Shift adds a column. */
function sortBy(column, add) {
  const before = core.getState().sorting;
  const old = before.find((each) => each.id === column.id);
  const first = column.good === "high";
  const next = !old ? [{ id: column.id, desc: first }] : old.desc === first ? [{ id: column.id, desc: !first }] : [];
  setCore({ sorting: add ? [...before.filter((each) => each.id !== column.id), ...next] : next });
  markOrder();
  scroller.scrollTop = 0;
  refresh();
}

function markOrder() {
  const order = new Map(core.getState().sorting.map((each) => [each.id, each.desc]));
  for (const [id, { cell }] of heads) {
    cell.setAttribute("aria-sort", !order.has(id) ? "none" : order.get(id) ? "descending" : "ascending");
  }
}

function rowElement(row) {
  const known = elements.get(row.index);
  if (known) return known;
  const cells = columns.filter(isShown).map((column) => (column.id === "name" ? nameCell(row) : cell(row, column)));
  const classes = [row.failed ? "failed" : "", row.only ? "only" : ""].join(" ").trim();
  const made = el("tr", { "data-index": row.index, class: classes || null }, ...cells);
  elements.set(row.index, made);
  markRow(made, row.index);
  return made;
}

function nameCell(row) {
  const pin = el("button", { type: "button", class: "pin", "aria-label": `Pin ${row.label}`, "aria-pressed": "false", click: () => togglePin(row.index) });
  const name = el("button", { type: "button", class: "name", title: row.label, click: () => openDetails(row) }, row.label);
  return el("th", { scope: "row" }, el("span", { class: "cell" }, pin, el("span", { class: `swatch c${row.color}`, "aria-hidden": "true" }), name));
}

function cell(row, column) {
  if (column.id === "state") {
    const why = [row.reason, row.advice].filter(Boolean).join("; ");
    const reason = row.reason && !row.only ? el("span", { class: "reason" }, row.reason) : null;
    return el("td", { class: "state", title: why || null }, el("span", { class: `badge ${row.state}` }, row.state), reason);
  }
  const text = String(column.text(row) || "\u2013");
  const kind = column.kind ? column.kind : null;
  return el("td", { class: [column.number ? "number" : "", kind ?? ""].join(" ").trim() || null, title: text.length > 30 ? text : null }, text);
}

function markRow(element, index) {
  element.classList.toggle("hovered", state.hovered === index);
  const pinned = state.pinned.has(index);
  element.classList.toggle("pinned", pinned);
  element.querySelector(".pin").setAttribute("aria-pressed", String(pinned));
}

function renderRows() {
  const list = state.shown;
  const all = printing || list.length <= ALL_UP_TO;
  const first = all ? 0 : Math.max(0, Math.floor(scroller.scrollTop / ROW_PX) - AHEAD);
  const sight = Math.ceil((scroller.clientHeight || 600) / ROW_PX) + 2 * AHEAD;
  const last = all ? Math.min(list.length, printing ? PRINTED : list.length) : Math.min(list.length, first + sight);
  tableNode.setAttribute("aria-rowcount", String(list.length + 2));
  above.style.height = `${first * ROW_PX}px`;
  below.style.height = `${printing ? 0 : (list.length - last) * ROW_PX}px`;
  const wanted = list.slice(first, last).map((row, i) => {
    const element = rowElement(row);
    element.setAttribute("aria-rowindex", String(first + i + 3));
    return element;
  });
  place([above, ...wanted, below]);
}

/** Put these into the table's body without taking out what stays, so that the focus stays too. */
function place(wanted) {
  const keep = new Set(wanted);
  for (const child of [...body.children]) if (!keep.has(child)) child.remove();
  let next = body.firstChild;
  for (const element of wanted) {
    if (element === next) next = next.nextSibling;
    else body.insertBefore(element, next);
  }
}

function markRows() {
  for (const element of body.querySelectorAll("tr[data-index]")) markRow(element, Number(element.dataset.index));
}

/** Below a printed table: the reasons, which would make its rows high, and what it leaves out. */
function notesOnPaper() {
  const rest = state.shown.length > PRINTED ? [`The first ${PRINTED} of ${state.shown.length} rows.`] : [];
  const reasons = state.shown.slice(0, PRINTED).filter((row) => row.reason && !row.only).map((row) => `${row.label}: ${row.state}: ${row.reason}`);
  return [...rest, ...reasons].map((text) => el("p", {}, text));
}

function setPrinting(yes) {
  printing = yes;
  byId("printed").replaceChildren(...(yes ? notesOnPaper() : []));
  renderRows();
}

/** Start; `open` shows what lies behind a row. */
export function startGrid(open) {
  openDetails = open;
  let asked = false;
  scroller.addEventListener("scroll", () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      renderRows();
    });
  });
  const over = (event) => {
    const element = event.target.closest("tr[data-index]");
    change({ hovered: element ? Number(element.dataset.index) : null });
  };
  body.addEventListener("pointerover", over);
  body.addEventListener("focusin", over);
  body.addEventListener("pointerleave", () => change({ hovered: null }));
  on(["shown"], () => {
    byId("none").hidden = state.shown.length > 0;
    renderRows();
  });
  on(["hovered", "pinned"], markRows);
  window.addEventListener("beforeprint", () => setPrinting(true));
  window.addEventListener("afterprint", () => setPrinting(false));
}
