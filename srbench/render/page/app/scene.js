// What the plot shows, before it is drawn: points, scales, bubbles, front, places of the names.
import { rows } from "./model.js";
import { state } from "./state.js";
import { paretoFront } from "./front.js";

/** Beyond so many points names are for the front and what is pinned, bubbles are small, intervals are left out. */
const FEW = 40;
export const SOME = 300;
const NAME_PX = 12;

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

const ruler = document.createElement("canvas").getContext("2d");
ruler.font = `${NAME_PX}px ${getComputedStyle(document.body).fontFamily}`; // once: asking lays the page out

/** In pixels, of the plot's letters. */
export function widthOfText(text) {
  return ruler.measureText(text).width;
}

export function shortened(text, most = 26) {
  const letters = [...text];
  return letters.length <= most ? text : `${letters.slice(0, most - 9).join("")}…${letters.slice(-8).join("")}`;
}

/** Names beside their points where they cover neither another name nor a mark; pinned and hovered ones in any case. */
export function namesOf(points, front, frame) {
  const must = points.filter((p) => state.pinned.has(p.row.index));
  const rest = points.length <= FEW ? points : front.slice(0, FEW);
  const wanted = [...new Set([...must, ...rest])];
  const taken = points.length <= SOME ? points.map((p) => ({ x0: p.px - 5, x1: p.px + 5, y0: p.py - 5, y1: p.py + 5 })) : [];
  const hits = (a) => taken.reduce((n, b) => n + (a.x0 < b.x1 && a.x1 > b.x0 && a.y0 < b.y1 && a.y1 > b.y0 ? 1 : 0), 0);
  const inside = (a) => a.x0 >= frame.x0 && a.x1 <= frame.x1 && a.y0 >= frame.y0 && a.y1 <= frame.y1;
  const scales = new Set(points.map((point) => point.row.scale)).size > 1;
  const names = [];
  for (const point of wanted) {
    const text = shortened(point.row.label) + (scales ? ` x${point.row.scale}` : "");
    const width = widthOfText(text);
    const boxes = places(point, width).map((box) => ({ ...box, x1: box.x0 + width, y1: box.y0 + NAME_PX + 2 })).filter(inside);
    let best = boxes.find((box) => hits(box) === 0);
    if (!best && must.includes(point)) best = boxes[0];
    if (!best) continue;
    taken.push(best);
    names.push({ point, text, x: best.x0, y: best.y0 + NAME_PX - 1 });
  }
  return names;
}

/** Right, left, above, below, then the corners; first close to the middle mark, then outside the bubble. */
function places({ px, py, r }, width) {
  const h = NAME_PX + 2;
  const around = (gap) => [
    { x0: px + gap, y0: py - h / 2 },
    { x0: px - gap - width, y0: py - h / 2 },
    { x0: px - width / 2, y0: py - gap - h },
    { x0: px - width / 2, y0: py + gap },
    { x0: px + gap * 0.7, y0: py - gap * 0.7 - h },
    { x0: px - gap * 0.7 - width, y0: py - gap * 0.7 - h },
    { x0: px + gap * 0.7, y0: py + gap * 0.7 },
    { x0: px - gap * 0.7 - width, y0: py + gap * 0.7 },
  ];
  return [...around(Math.max(r, 5) + 4), ...around(8), ...around(r + 16)];
}

