// What the plot shows, before it is drawn: points, scales, bubbles, front.
import { rows } from "./model.js";
import { state } from "./state.js";
import { paretoFront } from "./front.js";

/** Beyond so many points names are for the front and what is pinned, bubbles are small, intervals are left out. */
export const FEW = 40;
export const SOME = 300;

/** A logarithmic axis where values span more than this, as in srbench's figures. */
const WIDE = 8;
/** The largest bubble has at most this many times the area of the median one; larger values are cut and dashed. */
const CUT = 16;

export function spansWide(metric) {
  const values = rows.map((row) => metric.read(row)?.value).filter((value) => value > 0);
  return !metric.quality && values.length > 1 && Math.max(...values) / Math.min(...values) > WIDE;
}

/** Points of the rows that have both numbers, and those rows that have not. */
export function pointsOf(shown, x, y, size) {
  const points = [];
  const missing = [];
  for (const row of shown) {
    const [fx, fy] = [x.read(row), y.read(row)];
    const inLog = (fx?.value > 0 || !state.logX) && (fy?.value > 0 || !state.logY);
    if (row.state === "MISMATCH" || fx?.value === undefined || fy?.value === undefined || !inLog) missing.push(row);
    else points.push({ row, x: fx.value, y: fy.value, fx, fy, size: size?.read(row)?.value });
  }
  return { points, missing };
}

/** Where a point's quality is from: what its mark says. */
export function kindOf(point) {
  return point.fy.kind ?? point.fx.kind ?? (point.row.only ? "published" : "measured");
}

/** Whether the points are of several scales, or of inputs or devices that an axis depends on. */
function mixed(points, axes) {
  const costs = axes.filter((metric) => !metric.quality && metric.of !== "network");
  const onDevice = costs.some((metric) => metric.of === "machine");
  const told = ({ row }) => [row.scale, costs.length ? row.load : "", onDevice ? row.place : ""].join("|");
  return new Set(points.filter((point) => !point.row.only).map(told)).size > 1;
}

/** The front of what compares: not figures of another protocol, nor networks on luma beside others. */
export function frontOf(points, x, y) {
  if (!x.good || !y.good || mixed(points, [x, y])) return [];
  const withLuma = new Set(points.map((point) => point.row.luma)).size > 1;
  const fair = points.filter((p) => !p.fx.protocol && !p.fy.protocol && !(withLuma && p.row.luma));
  return paretoFront(fair, x.good, y.good);
}

/** The corners of the line: what a given x can buy. */
export function stairs(front, x, y, ranges) {
  if (front.length < 2) return [];
  const ordered = [...front].sort((a, b) => (x.good === "low" ? a.px - b.px : b.px - a.px));
  const corners = [[ordered[0].px, ordered[0].py]];
  for (const point of ordered.slice(1)) corners.push([point.px, corners.at(-1)[1]], [point.px, point.py]);
  corners.push([x.good === "low" ? ranges.x[1] : ranges.x[0], corners.at(-1)[1]]);
  return corners;
}

/** A scale over the values whose ends leave `pad` pixels of room. */
export function scaleOf(values, log, [start, end], pad) {
  let [low, high] = d3.extent(values);
  if (low === undefined) [low, high] = [1, 10];
  if (low === high) [low, high] = log ? [low / 2, high * 2] : [low - Math.abs(low || 1) * 0.05, high + Math.abs(high || 1) * 0.05];
  const inward = Math.sign(end - start) * pad;
  const make = log ? d3.scaleLog : d3.scaleLinear;
  const inner = make([low, high], [start + inward, end - inward]);
  const lowest = log ? inner.invert(start) : low >= 0 ? Math.max(0, inner.invert(start)) : inner.invert(start);
  return make([lowest, inner.invert(end)], [start, end]);
}

/** Area stands for the number; without one all are alike. A few giants do not make specks of all others. */
export function radiusOf(points) {
  const sizes = points.map((point) => point.size).filter((size) => size > 0);
  const most = points.length > SOME ? 10 : points.length > FEW ? 18 : 24;
  const cutAt = Math.min(d3.max(sizes) ?? 1, CUT * (d3.median(sizes) ?? 1));
  const scale = d3.scaleSqrt([0, cutAt], [0, most]).clamp(true);
  return { scale, sizes, cutAt, of: (point) => (point.size > 0 ? Math.max(3, scale(point.size)) : 0) };
}

export function intervalsOf(points) {
  return points.length > SOME ? [] : points.filter((point) => point.fx.low !== undefined || point.fy.low !== undefined);
}
