// What the page is about: the rows, and every number of a row as one that a column or an axis can show.
import { byId } from "./dom.js";

const NEUTRAL = { failed: false, luma: false, mode: "", lr: "", batch: 0, reason: "", advice: "", note: "", color: 0 };

export const page = { colors: [], sentence: "", machines: [], ...JSON.parse(byId("data").textContent) };
export const rows = page.rows.map((row, index) => ({ ...NEUTRAL, ...row, index }));
for (const row of rows) {
  row.input = row.load.replace(/, LR \d+x\d+/, ""); // the LR size follows from GT and scale
  row.only = row.state === "PUBLISHED"; // only papers know it
  row.words = [row.label, row.model, row.state, row.place, row.load, `x${row.scale}`, row.note, row.reason].join(" ").toLowerCase();
}

/** What is parsed when it is first asked for: it stands behind the script and is most of the page. */
function lazily(id) {
  let found = null;
  return () => (found ??= JSON.parse(byId(id).textContent));
}
export const details = lazily("details");
export const csvLines = lazily("csv");

/** Which rows of an input and a device are looked at, empty for all; and whether those that only papers know are. */
export const facets = { scale: "", load: "", place: "", published: rows.every((row) => row.only) };

/** Whether a row belongs to what the facets say. Rows of shapes alone and of papers fit every device. */
export function fits(row) {
  return (
    (!row.only || facets.published) &&
    (!facets.scale || String(row.scale) === facets.scale) &&
    (!facets.load || row.only || row.input === facets.load) &&
    (!facets.place || row.only || !row.place || row.place === facets.place)
  );
}

function costOf(row, key) {
  // Published Multi-Adds are for one GT size; beside rows of another they do not compare.
  if (row.only && key === "multi_adds" && facets.load && !facets.load.startsWith(`GT ${row.size},`)) return undefined;
  const found = row.costs[key];
  // A lower bound is read and takes no part in a sort, a plot or a front.
  return found?.bound ? { ...found, value: undefined } : found;
}

/** A published figure as a number only where it is the row's own. */
function published(row, key) {
  const found = row.published[key];
  return found?.sibling ? { ...found, value: undefined } : found;
}

function either(row, key) {
  const found = row.measured[key] ?? row.published[key];
  return found?.sibling ? undefined : found;
}

function named(column) {
  return { ...column, label: column.unit ? `${column.title} [${column.unit}]` : column.title };
}

/** Every number that can be shown: `read` gives value, text and what is known about it. */
export const metrics = new Map();
for (const column of page.costs) {
  metrics.set(column.key, { ...named(column), id: column.key, group: "Costs", read: (row) => costOf(row, column.key) });
}
const KINDS = [
  ["measured", "Quality, measured", (row, key) => row.measured[key]],
  ["published", "Quality, as published", published],
  ["", "Quality, measured or else published", either],
];
for (const column of page.quality) {
  for (const [kind, group, read] of KINDS) {
    const id = kind ? `${column.key}:${kind}` : column.key;
    const title = kind ? `${column.title}, ${kind}` : column.title;
    const metric = { ...named({ ...column, title }), id, kind, group, quality: true, read: (row) => read(row, column.key) };
    if (rows.some((row) => metric.read(row) !== undefined)) metrics.set(id, metric);
  }
}

/** The input, device and scale with the most networks: what a reader sees first. */
export function mainFacets() {
  const count = new Map();
  for (const row of rows) {
    if (row.only) continue;
    const key = JSON.stringify([String(row.scale), row.input, row.place]);
    count.set(key, (count.get(key) ?? 0) + 1);
  }
  if (!count.size) return { scale: "", load: "", place: "" };
  const [best] = [...count].reduce((a, b) => (b[1] > a[1] ? b : a));
  const [scale, load, place] = JSON.parse(best);
  return { scale, load, place };
}

/** The facets: what rows differ in that keeps their costs from comparing. */
export const FACETS = [
  { id: "scale", title: "Scale", many: "scales", read: (row) => String(row.scale), text: (value) => `x${value}` },
  { id: "load", title: "Input", many: "inputs", read: (row) => row.input, text: (value) => value },
  { id: "place", title: "Device", many: "devices", read: (row) => row.place, text: (value) => value },
];

/** The values of a facet among some rows. */
export function valuesOf(facet, some, read = facet.read) {
  return [...new Set(some.filter((row) => !row.only).map(read))].filter(Boolean);
}

/** What the facets leave, in words: stands below the plot, in its file too. */
export function caption() {
  const here = rows.filter(fits);
  const texts = FACETS.map((facet) => {
    const values = valuesOf(facet, here, facet.id === "load" ? (row) => row.load : facet.read);
    return values.length > 1 ? `${values.length} ${facet.many}` : values.map(facet.text).join("");
  });
  return texts.filter(Boolean).join(" · ") || "published figures";
}
