// The plot: drawn in SVG, so that it prints, exports and can be walked through with the keyboard.
import { byId, svg } from "./dom.js";
import { caption, metrics } from "./model.js";
import { change, on, state, togglePin } from "./state.js";
import { shadeOf } from "./theme.js";
import { SOME, frontOf, intervalsOf, kindOf, pointsOf, radiusOf, scaleOf, stairs } from "./scene.js";
import { MARKS, legendOf, legendParts } from "./legend.js";
import { namesOf, shortened } from "./names.js";
import { frameIs, framed, inSight, keyMoves, startZoom, tellSight, wasDragged } from "./zoom.js";

const plot = byId("plot");
const frameNode = byId("plot-frame");
const canvas = byId("crowd");
/** How near to a point a pointer is on it. */
const REACH_PX = 28;
/** Room for the numbers and the title of the axis below the frame. */
const BELOW_PX = 52;
const OUTLINES = Object.fromEntries(Object.entries(MARKS).map(([kind, path]) => [kind, new Path2D(path)]));
/** On a sheet of A4 across. */
const PAPER_PX = 1030;

let drawn = { room: 0, points: [], front: [], corners: [], frame: null, tree: null };
let onPaper = false;
const bubbles = new Map();
const layers = {};

function layer(name) {
  layers[name] = svg("g", { class: name });
  return layers[name];
}

/** Draw everything anew: rows, axes or the room for them have changed. */
export function draw() {
  const [x, y, size] = [metrics.get(state.x), metrics.get(state.y), metrics.get(state.size)];
  if (!x || !y) return;
  const room = onPaper ? PAPER_PX : frameNode.clientWidth;
  if (!room) return; // not laid out yet; the observer calls again
  const width = Math.max(280, room);
  const narrow = width < 560;
  const { points, missing } = pointsOf(state.shown, x, y, size);
  const front = state.front ? frontOf(points, x, y) : [];
  const radius = radiusOf(points);
  for (const point of points) point.r = radius.of(point);
  const [x0, x1, y0] = [narrow ? 56 : 64, width - 24, 12]; // half a number of the axis below stands out
  const legend = legendOf(legendParts(points, radius, size, front.length > 1, (x1 - x0) / 6.8), x0, x1);
  const y1 = y0 + Math.round(onPaper ? paperHeight() : Math.min(Math.max(width * 0.42, 270), 440));
  const height = y1 + BELOW_PX + legend.height + 6;
  const frame = { x0, x1, y0, y1 };
  const pad = (d3.max(points, (point) => point.r) ?? 0) + 10;
  const [across, up] = [withIntervals(points, "fx"), withIntervals(points, "fy")];
  frameIs(frame, JSON.stringify([x.id, y.id, state.logX, state.logY, d3.extent(across), d3.extent(up)]));
  const sx = inSight(scaleOf(across, state.logX, [frame.x0, frame.x1], pad), "x");
  const sy = inSight(scaleOf(up, state.logY, [frame.y1, frame.y0], pad), "y");
  for (const point of points) [point.px, point.py] = [sx(point.x), sy(point.y)];

  const seen = points.filter(framed);
  clipTo(state.view.k === 1 ? { x0: 0, x1: width, y0: 0, y1: height } : frame);
  plot.setAttribute("viewBox", `0 0 ${width} ${height}`);
  plot.setAttribute("width", width);
  plot.setAttribute("height", height);
  plot.setAttribute("aria-label", `${y.label} over ${x.label}, ${seen.length} networks. ${caption()}`);
  axes(frame, sx, sy, x, y, narrow);
  const corners = stairs(front, x, y, { x: [frame.x0, frame.x1] });
  layers.front.replaceChildren(...(corners.length ? [svg("path", { d: `M${corners.map((each) => each.join(",")).join("L")}` })] : []));
  layers.bars.replaceChildren(...intervalsOf(seen).flatMap((point) => bars(point, sx, sy)));
  drawn = { room, points: seen, front, corners, frame, tree: d3.quadtree(seen, (p) => p.px, (p) => p.py) };
  drawPoints(seen, new Set(front), radius.cutAt);
  drawNames();
  layers.legend.replaceChildren(...legend.paint(y1 + BELOW_PX));
  const why = missing.slice(0, 8).map((row) => `${shortened(row.label)} (${reasonOf(row, x, y)})`);
  const more = missing.length > 8 ? ` and ${missing.length - 8} more` : "";
  byId("missing").textContent = missing.length ? `Not in the plot: ${why.join(", ")}${more}.` : "";
  markPoints();
  tellSight(seen.length, points.length);
}

/** What lies beyond the frame is not drawn. */
function clipTo({ x0, x1, y0, y1 }) {
  layers.clip.replaceChildren(svg("clipPath", { id: "in-sight" }, svg("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0 })));
}

/** As high as a sheet has room for that the table's rows stand on too, as long as they are few. */
function paperHeight() {
  return Math.min(Math.max(400 - 20 * state.shown.length, 170), 280);
}

function withIntervals(points, name) {
  return points.flatMap((point) => {
    const found = point[name];
    return found.low === undefined || points.length > SOME ? [found.value] : [found.low, found.value, found.high];
  });
}

function reasonOf(row, x, y) {
  if (row.failed) return row.state;
  const lacking = [x, y].find((metric) => metric.read(row)?.value === undefined);
  if (!lacking) return "not positive";
  const sibling = row.published[lacking.key]?.sibling;
  return sibling && lacking.kind !== "measured" ? `figure of ${sibling}` : `no ${lacking.title}`;
}

function axes(frame, sx, sy, x, y, narrow) {
  const ticks = (scale, log, count) => {
    return { count, format: log ? logFormat(scale) : scale.tickFormat(count) };
  };
  const tx = ticks(sx, state.logX, narrow ? 4 : 8);
  const ty = ticks(sy, state.logY, 6);
  const bottom = d3.axisBottom(sx).ticks(tx.count).tickFormat(tx.format).tickSize(-(frame.y1 - frame.y0)).tickPadding(7);
  const left = d3.axisLeft(sy).ticks(ty.count).tickFormat(ty.format).tickSize(-(frame.x1 - frame.x0)).tickPadding(7);
  d3.select(layers.xaxis).attr("transform", `translate(0,${frame.y1})`).call(bottom);
  d3.select(layers.yaxis).attr("transform", `translate(${frame.x0},0)`).call(left);
  const arrow = (metric, low, high) => (metric.good ? (metric.good === "low" ? low : high) : "");
  const name = (metric, low, high) => `${metric.label}${state[metric === x ? "logX" : "logY"] ? ", log" : ""}  ${arrow(metric, low, high)}`;
  const middle = (frame.y0 + frame.y1) / 2;
  layers.titles.replaceChildren(
    svg("text", { x: (frame.x0 + frame.x1) / 2, y: frame.y1 + 38, "text-anchor": "middle" }, name(x, "← better", "better →")),
    svg("text", { transform: `translate(12,${middle}) rotate(-90)`, "text-anchor": "middle" }, name(y, "← better", "better →")),
  );
}

/** Numbers at powers of ten, and between them as many as there is room for. */
function logFormat(scale) {
  const decade = Math.abs(scale(10) - scale(1));
  const leading = decade < 100 ? [1] : decade < 220 ? [1, 3] : decade < 500 ? [1, 2, 5] : [1, 2, 3, 4, 5, 6, 8];
  const format = d3.format(",~g");
  return (value) => (leading.includes(Math.round(value / 10 ** Math.floor(Math.log10(value) + 1e-9))) ? format(value) : "");
}

function bars(point, sx, sy) {
  const { row, px, py, fx, fy } = point;
  const lines = [];
  const line = (x1, y1, x2, y2) => lines.push(svg("line", { class: `c${row.color}`, x1, y1, x2, y2 }));
  if (fx.low !== undefined) line(sx(fx.low), py, sx(fx.high), py);
  if (fy.low !== undefined) line(px, sy(fy.low), px, sy(fy.high));
  return lines;
}

/** Large bubbles at the back. A crowd is painted: so many elements would take a tenth of a second at each change. */
function drawPoints(points, front, cutAt) {
  const ordered = points.some((point) => point.r) ? [...points].sort((a, b) => b.r - a.r) : points;
  const crowd = points.length > SOME;
  const dim = front.size > 0;
  for (const point of points) point.dimmed = dim && !front.has(point);
  paintCrowd(crowd ? ordered : []);
  layers.points.replaceChildren(...(crowd ? [] : ordered.map((point) => bubbleNode(point, cutAt))));
  drawn.ordered = ordered;
}

/** A bubble with a mark in its middle; made once for a row and moved from then on. */
function bubbleNode(point, cutAt) {
  const { index, color } = point.row;
  if (!bubbles.has(index)) {
    const [bubble, mark] = [svg("circle"), svg("path")];
    bubbles.set(index, { group: svg("g", { "data-index": index }, bubble, mark), bubble, mark });
  }
  const { group, bubble, mark } = bubbles.get(index);
  const kind = kindOf(point);
  group.setAttribute("transform", `translate(${point.px.toFixed(1)},${point.py.toFixed(1)})`);
  group.setAttribute("class", `point c${color}${point.dimmed ? " dominated" : ""}`);
  bubble.setAttribute("r", point.r);
  bubble.setAttribute("class", point.size > cutAt ? "bubble cut" : "bubble");
  mark.setAttribute("class", `mark ${kind}`);
  mark.setAttribute("d", MARKS[kind]);
  return group;
}

/** How large a mark in a crowd is: as its bubble would be. */
const growth = (point) => Math.max(0.7, point.r / 4);

function paintCrowd(points) {
  const sharp = window.devicePixelRatio;
  const [width, height] = points.length ? [Number(plot.getAttribute("width")), Number(plot.getAttribute("height"))] : [0, 0];
  [canvas.width, canvas.height] = [width * sharp, height * sharp];
  [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
  const pen = canvas.getContext("2d");
  for (const point of points) {
    const kind = kindOf(point);
    const scale = sharp * growth(point);
    pen.setTransform(scale, 0, 0, scale, sharp * point.px, sharp * point.py);
    pen.globalAlpha = point.dimmed ? 0.35 : 0.7;
    pen.fillStyle = pen.strokeStyle = shadeOf(point.row.color);
    pen.lineWidth = 1.6;
    if (kind === "published" || kind === "measured") pen.fill(OUTLINES[kind]);
    else pen.stroke(OUTLINES[kind]);
  }
}

/** The crowd as elements, for a file; the next drawing takes them away. */
export function crowdAsElements() {
  if (drawn.points.length <= SOME) return;
  const element = (point) => {
    const transform = `translate(${point.px.toFixed(1)},${point.py.toFixed(1)})scale(${growth(point).toFixed(2)})`;
    const kind = kindOf(point);
    return svg("path", { class: `point crowd mark ${kind} c${point.row.color}${point.dimmed ? " dominated" : ""}`, transform, d: MARKS[kind] });
  };
  layers.points.replaceChildren(...drawn.ordered.map(element));
}

function drawNames() {
  const names = namesOf(drawn.points, drawn.front, drawn.frame, drawn.corners);
  layers.leaders.replaceChildren(...names.filter((name) => name.leader).map(({ leader: [from, to] }) => svg("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1] })));
  // Two texts instead of one with a border below its face, which not every program that opens the file knows.
  const texts = names.flatMap(({ text, bold, x, y }) => {
    const pinned = bold ? " pinned" : "";
    return [`halo${pinned}`, `face${pinned}`].map((kind) => svg("text", { x, y, class: kind, "aria-hidden": kind.startsWith("halo") }, text));
  });
  layers.names.replaceChildren(...texts);
}

// --- Pointer and keyboard

function nearest(event) {
  const box = plot.getBoundingClientRect();
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  const found = drawn.tree?.find(x, y, REACH_PX);
  return found ?? null;
}

/** The point of a row on the screen; null where it has none. */
export function placeOf(index) {
  const point = drawn.points.find((each) => each.row.index === index);
  if (!point) return null;
  const box = plot.getBoundingClientRect();
  return { x: box.left + point.px, y: box.top + point.py, r: Math.max(point.r, 6), point };
}

function markPoints() {
  layers.over.replaceChildren();
  for (const index of [...state.pinned, state.hovered]) {
    const point = index === null ? null : drawn.points.find((each) => each.row.index === index);
    if (!point) continue;
    const kind = index === state.hovered ? "ring hovered" : "ring";
    layers.over.append(svg("circle", { class: kind, cx: point.px, cy: point.py, r: Math.max(point.r, 6) + 2.5 }));
  }
}

const STEPS = { ArrowRight: ["px", 1], ArrowLeft: ["px", -1], ArrowUp: ["py", -1], ArrowDown: ["py", 1] };

function onKey(event, open) {
  if (keyMoves(event)) {
    event.preventDefault();
    return;
  }
  const here = drawn.points.find((each) => each.row.index === state.hovered);
  if (event.key in STEPS) {
    const [axis, step] = STEPS[event.key];
    const ordered = [...drawn.points].sort((a, b) => a[axis] - b[axis]);
    const next = here ? ordered[ordered.indexOf(here) + step] : ordered[0];
    if (next) change({ hovered: next.row.index });
  } else if (event.key === "Enter" && here) togglePin(here.row.index);
  else if (event.key === " " && here) open(here.row);
  else if (event.key === "Escape") change({ hovered: null });
  else return;
  event.preventDefault();
}

/** Start; `open` shows what lies behind a row. */
export function startScatter(open) {
  plot.append(...["clip", "xaxis", "yaxis", "front", "leaders", "bars", "points", "over", "names", "titles", "legend"].map(layer));
  for (const name of ["front", "bars", "points", "over"]) layers[name].setAttribute("clip-path", "url(#in-sight)");
  startZoom();
  plot.addEventListener("pointermove", (event) => {
    const found = event.buttons ? null : nearest(event);
    plot.classList.toggle("on-point", found !== null);
    change({ hovered: found ? found.row.index : null });
  });
  plot.addEventListener("pointerleave", () => change({ hovered: null }));
  plot.addEventListener("click", (event) => {
    const found = wasDragged() ? null : nearest(event);
    if (!found) return;
    change({ hovered: found.row.index }); // a finger does not hover before it taps
    togglePin(found.row.index);
  });
  plot.addEventListener("keydown", (event) => onKey(event, open));
  plot.addEventListener("blur", () => change({ hovered: null }));
  on(["shown", "x", "y", "size", "logX", "logY", "front", "dark", "view"], draw);
  on(["hovered"], markPoints);
  on(["pinned"], () => {
    drawNames();
    markPoints();
  });
  new ResizeObserver(() => {
    if (!onPaper && frameNode.clientWidth !== drawn.room) draw();
  }).observe(frameNode);
  const paper = (yes) => () => {
    onPaper = yes;
    draw();
  };
  window.addEventListener("beforeprint", paper(true));
  window.addEventListener("afterprint", paper(false));
}
