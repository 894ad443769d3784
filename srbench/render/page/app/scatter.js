// The plot: drawn in SVG, so that it prints, exports and can be walked through with the keyboard.
import { byId, svg } from "./dom.js";
import { caption, metrics } from "./model.js";
import { change, on, state, togglePin } from "./state.js";
import { shadeOf } from "./theme.js";
import { SOME, frontOf, intervalsOf, kindOf, namesOf, pointsOf, radiusOf, scaleOf, shortened, stairs, widthOfText } from "./scene.js";

const plot = byId("plot");
const frameNode = byId("plot-frame");
const canvas = byId("crowd");
/** How near to a point a pointer is on it. */
const REACH_PX = 28;
/** Room for the numbers and the title of the axis below the frame. */
const BELOW_PX = 52;
const MARKS = {
  measured: "M0,-4.5L4.5,0L0,4.5L-4.5,0Z",
  published: "M3.6,0A3.6,3.6 0 1 1 -3.6,0A3.6,3.6 0 1 1 3.6,0Z",
  secondary: "M3.4,0A3.4,3.4 0 1 1 -3.4,0A3.4,3.4 0 1 1 3.4,0Z",
  approximate: "M-3.4,-3.4L3.4,3.4M-3.4,3.4L3.4,-3.4",
};
const OUTLINES = Object.fromEntries(Object.entries(MARKS).map(([kind, path]) => [kind, new Path2D(path)]));
const KIND_TEXTS = { measured: "measured", published: "published", secondary: "secondary source", approximate: "read off a plot" };

let drawn = { room: 0, points: [], front: [], frame: null, tree: null };
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
  const room = frameNode.clientWidth;
  if (!room) return; // not laid out yet; the observer calls again
  const width = Math.max(280, room);
  const narrow = width < 560;
  const { points, missing } = pointsOf(state.shown, x, y, size);
  const front = state.front ? frontOf(points, x, y) : [];
  const radius = radiusOf(points);
  for (const point of points) point.r = radius.of(point);
  const [x0, x1, y0] = [narrow ? 56 : 64, width - 14, 12];
  const legend = legendOf(legendParts(points, radius, size, front.length > 1, (x1 - x0) / 6.8), x0, x1);
  const y1 = y0 + Math.round(Math.min(Math.max(width * 0.42, 270), 440));
  const height = y1 + BELOW_PX + legend.height + 6;
  const frame = { x0, x1, y0, y1 };
  const pad = (d3.max(points, (point) => point.r) ?? 0) + 10;
  const sx = scaleOf(withIntervals(points, "fx"), state.logX, [frame.x0, frame.x1], pad);
  const sy = scaleOf(withIntervals(points, "fy"), state.logY, [frame.y1, frame.y0], pad);
  for (const point of points) [point.px, point.py] = [sx(point.x), sy(point.y)];

  plot.setAttribute("viewBox", `0 0 ${width} ${height}`);
  plot.setAttribute("width", width);
  plot.setAttribute("height", height);
  plot.setAttribute("aria-label", `${y.label} over ${x.label}, ${points.length} networks. ${caption()}`);
  axes(frame, sx, sy, x, y, narrow);
  const corners = stairs(front, x, y, { x: [frame.x0, frame.x1] });
  layers.front.replaceChildren(...(corners.length ? [svg("path", { d: `M${corners.map((each) => each.join(",")).join("L")}` })] : []));
  layers.bars.replaceChildren(...intervalsOf(points).flatMap((point) => bars(point, sx, sy)));
  drawn = { room, points, front, frame, tree: d3.quadtree(points, (p) => p.px, (p) => p.py) };
  drawPoints(points, new Set(front), radius.cutAt);
  drawNames();
  layers.legend.replaceChildren(...legend.paint(y1 + BELOW_PX));
  const why = missing.slice(0, 8).map((row) => `${shortened(row.label)} (${reasonOf(row, x, y)})`);
  const more = missing.length > 8 ? ` and ${missing.length - 8} more` : "";
  byId("missing").textContent = missing.length ? `Not in the plot: ${why.join(", ")}${more}.` : "";
  markPoints();
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

/** Numbers at powers of ten, and at their double and fivefold where there is room. */
function logFormat(scale) {
  const decade = Math.abs(scale(10) - scale(1));
  const leading = decade < 120 ? [1] : decade < 500 ? [1, 2, 5] : [1, 2, 3, 4, 5, 6, 7, 8, 9];
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
  const names = namesOf(drawn.points, drawn.front, drawn.frame);
  // Two texts instead of one with a border below its face, which not every program that opens the file knows.
  const texts = names.flatMap(({ point, text, x, y }) => {
    const pinned = state.pinned.has(point.row.index) ? " pinned" : "";
    return [`halo${pinned}`, `face${pinned}`].map((kind) => svg("text", { x, y, class: kind, "aria-hidden": kind.startsWith("halo") }, text));
  });
  layers.names.replaceChildren(...texts);
}

// --- What marks and sizes mean

const LINE_PX = 20;

/** The parts of the legend, from left to right and line by line: how wide each is and how it is drawn. */
function legendParts(points, radius, size, hasFront, letters) {
  const parts = [];
  const add = (width, height, paint) => parts.push({ width, height, paint });
  const text = (x, y, content) => svg("text", { x, y: y + 4 }, content);
  if (size && radius.sizes.length) {
    const title = `Area: ${size.label}`;
    add(widthOfText(title) + 14, LINE_PX, (x, y) => [text(x, y, title)]);
    for (const value of new Set([0.05, 0.3, 1].map((share) => roundDown(share * radius.cutAt)))) {
      const [r, label] = [Math.max(3, radius.scale(value)), d3.format(",~g")(value)];
      add(2 * r + widthOfText(label) + 20, 2 * r + 4, (x, y) => [svg("circle", { class: "sample", cx: x + r, cy: y, r }), text(x + 2 * r + 5, y, label)]);
    }
  }
  const cut = radius.sizes.some((each) => each > radius.cutAt) ? "dashed: larger" : "";
  if (cut) add(widthOfText(cut) + 18, LINE_PX, (x, y) => [text(x, y, cut)]);
  const kinds = Object.keys(KIND_TEXTS).filter((kind) => points.some((point) => kindOf(point) === kind));
  for (const kind of kinds) {
    const paint = (x, y) => [svg("path", { class: `mark ${kind}`, d: MARKS[kind], transform: `translate(${x + 5},${y})` }), text(x + 15, y, KIND_TEXTS[kind])];
    add(widthOfText(KIND_TEXTS[kind]) + 32, LINE_PX, paint);
  }
  if (hasFront) add(widthOfText("Pareto front") + 40, LINE_PX, (x, y) => [svg("path", { class: "front-sample", d: `M${x},${y}h20` }), text(x + 26, y, "Pareto front")]);
  for (const line of wrapped(caption(), letters)) parts.push({ width: Infinity, height: 16, paint: (x, y) => [svg("text", { class: "caption", x, y: y + 4 }, line)] });
  return parts;
}

/** 1, 2 or 5 times a power of ten. */
function roundDown(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [5, 2, 1].find((each) => each * power <= value * 1.0001) * power;
}

/** Words in lines of about so many letters. */
function wrapped(text, letters) {
  const lines = [""];
  for (const word of text.split(" ")) {
    if (lines.at(-1) && lines.at(-1).length + word.length > letters) lines.push("");
    lines[lines.length - 1] += `${lines.at(-1) && " "}${word}`;
  }
  return lines;
}

/** The legend laid out in lines: what draws it below `top`, and its height. */
function legendOf(parts, x0, x1) {
  const lines = [];
  let left = Infinity;
  for (const part of parts) {
    if (left + part.width > x1) {
      lines.push({ height: 0, parts: [] });
      left = x0;
    }
    const line = lines.at(-1);
    line.parts.push({ ...part, x: left });
    line.height = Math.max(line.height, part.height);
    left += part.width;
  }
  const height = lines.reduce((sum, line) => sum + line.height, 0);
  const paint = (top) => {
    let y = top;
    return lines.flatMap((line) => {
      y += line.height;
      return line.parts.flatMap((part) => part.paint(part.x, y - line.height / 2));
    });
  };
  return { height, paint };
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
  plot.append(...["xaxis", "yaxis", "front", "bars", "points", "over", "names", "titles", "legend"].map(layer));
  plot.addEventListener("pointermove", (event) => {
    const found = nearest(event);
    plot.classList.toggle("on-point", found !== null);
    change({ hovered: found ? found.row.index : null });
  });
  plot.addEventListener("pointerleave", () => change({ hovered: null }));
  plot.addEventListener("click", (event) => {
    const found = nearest(event);
    if (!found) return;
    change({ hovered: found.row.index }); // a finger does not hover before it taps
    togglePin(found.row.index);
  });
  plot.addEventListener("keydown", (event) => onKey(event, open));
  plot.addEventListener("blur", () => change({ hovered: null }));
  on(["shown", "x", "y", "size", "logX", "logY", "front", "dark"], draw);
  on(["hovered"], markPoints);
  on(["pinned"], () => {
    drawNames();
    markPoints();
  });
  new ResizeObserver(() => {
    if (frameNode.clientWidth !== drawn.room) draw();
  }).observe(frameNode);
}
