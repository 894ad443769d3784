// The table's columns: what stands in them, how they sort and filter, which are shown.
import { facets, metrics, page, rows } from "./model.js";

function metricColumn(metric) {
  return {
    id: metric.id,
    title: metric.quality ? metric.title.replace(/, \w+$/, "") : metric.short,
    full: metric.label,
    unit: metric.unit,
    kind: metric.kind ?? "",
    dataset: metric.dataset ?? "",
    derived: metric.derived ?? false,
    good: metric.good,
    number: true,
    value: (row) => metric.read(row)?.value,
    text: (row) => metric.read(row)?.text ?? "",
  };
}

const word = (id, title, read) => ({ id, title, full: title, unit: "", kind: "", dataset: "", number: false, value: read, text: read });

const rankColumn = {
  ...word("rank", "Rank", (row) => row.rank),
  number: true,
  good: "low",
  full: "Rank by runtime",
  text: (row) => (row.rank === undefined ? "" : row.luma ? `${row.rank} (Y)` : String(row.rank)),
};

const all = [...metrics.values()].filter((metric) => !metric.quality || metric.kind).map(metricColumn);

const isPsnr = (column) => column.kind && column.id.startsWith("psnr");

/** All of them, in the order in which they stand: what a network gives, what it costs, the rest. */
export const columns = [
  word("name", "Model", (row) => row.label),
  ...all.filter(isPsnr),
  { ...word("scale", "Scale", (row) => row.scale), number: true, text: (row) => `x${row.scale}` },
  word("load", "Input", (row) => row.load),
  word("place", "Device", (row) => row.place),
  ...(rows.some((row) => row.rank !== undefined) ? [rankColumn] : []),
  ...all.filter((column) => !column.kind),
  word("state", "Status", (row) => row.state),
  ...all.filter((column) => column.kind && !isPsnr(column)),
];

const firstSet = page.quality.find((column) => column.key.startsWith("psnr"))?.dataset;
const chosen = new Map();

/** Whether a column is shown: as the reader said, else what differs between the rows, and quality on the first set. */
export function isShown(column) {
  if (chosen.has(column.id)) return chosen.get(column.id);
  if (column.dataset) return column.dataset === firstSet;
  if (["scale", "load", "place"].includes(column.id)) return !facets[column.id] && new Set(rows.map(column.value)).size > 1;
  return !column.derived;
}

export function show(column, yes) {
  chosen.set(column.id, yes);
}

const LIMIT = /^\s*(<=|>=|<|>|=)?\s*(-?[\d.,]+)\s*$/;
const RANGE = /^\s*(-?[\d.,]+)\s*(?:\.\.|to)\s*(-?[\d.,]+)\s*$/;
const TESTS = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};
const plainNumber = (text) => Number(text.replaceAll(",", ""));

/** What a filter's text asks of a row: a function, null for nothing, undefined where it cannot be understood. */
export function test(column, text) {
  if (!text.trim()) return null;
  if (!column.number) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return (row) => words.every((each) => String(column.text(row)).toLowerCase().includes(each));
  }
  const range = RANGE.exec(text);
  if (range) {
    const [low, high] = [plainNumber(range[1]), plainNumber(range[2])];
    return Number.isNaN(low + high) ? undefined : (row) => column.value(row) >= low && column.value(row) <= high;
  }
  const limit = LIMIT.exec(text);
  if (!limit || Number.isNaN(plainNumber(limit[2]))) return undefined;
  const bound = plainNumber(limit[2]);
  const compare = TESTS[limit[1]];
  // A bare number is looked for in what is printed: a reader types what she sees.
  return compare
    ? (row) => column.value(row) !== undefined && compare(column.value(row), bound)
    : (row) => column.value(row) === bound || column.text(row).split(" ")[0] === limit[2];
}
