// Which part of the plot is in sight: by wheel, fingers, buttons and keys.
import { byId, el } from "./dom.js";
import { change, state } from "./state.js";

const WHOLE = { k: 1, x: 0, y: 0 };
const MOST = 64;
/** One press of a button or a key. */
const STEP = 1.5;
/** So far a finger or a mouse moves before a press is no click. */
const SLACK_PX = 4;
/** Within so long after the page scrolled the wheel still scrolls it. */
const SCROLLING_MS = 300;

const surface = byId("plot");
const fingers = new Map();
let frame = { x0: 0, x1: 1, y0: 0, y1: 1 };
let whole = "";
let dragged = false;
let scrolledAt = -SCROLLING_MS;

/** The scale of the part in sight, out of that of the whole. */
export function inSight(scale, axis) {
  const [start, end] = scale.range();
  const at = (share) => scale.invert(start + (end - start) * share);
  const from = state.view[axis];
  return scale.copy().domain([at(from), at(from + 1 / state.view.k)]);
}

/** The frame that the plot is drawn in; where `what` it shows is another than before the whole is in sight. */
export function frameIs(found, what) {
  frame = found;
  if (what !== whole) Object.assign(state, { view: WHOLE });
  whole = what;
}

/** Whether a point with these pixels is in the frame. */
export function framed({ px, py }) {
  return px >= frame.x0 - 0.5 && px <= frame.x1 + 0.5 && py >= frame.y0 - 0.5 && py <= frame.y1 + 0.5;
}

/** Whether the press that ends now was a drag. */
export function wasDragged() {
  return dragged;
}

function see({ k, x, y }) {
  const within = (from) => Math.min(Math.max(from, 0), 1 - 1 / k);
  change({ view: k === 1 ? WHOLE : { k, x: within(x), y: within(y) } });
}

/** `factor` times as large; what is at these shares of the frame stays there. */
function zoom(factor, [u, v] = [0.5, 0.5]) {
  const { k, x, y } = state.view;
  const next = Math.min(Math.max(k * factor, 1), MOST);
  see({ k: next < 1.001 ? 1 : next, x: x + u / k - u / next, y: y + v / k - v / next });
}

function pan(du, dv) {
  const { k, x, y } = state.view;
  see({ k, x: x - du / k, y: y - dv / k });
}

/** Where in the frame something is, in shares of it from its lower left corner. */
function shares({ clientX, clientY }) {
  const box = surface.getBoundingClientRect();
  return [(clientX - box.left - frame.x0) / (frame.x1 - frame.x0), (frame.y1 - (clientY - box.top)) / (frame.y1 - frame.y0)];
}

function onWheel(event) {
  const [u, v] = shares(event);
  const step = { 0: 0.002, 1: 0.05, 2: 1 }[event.deltaMode] * (event.ctrlKey ? 5 : 1); // pixels, lines, pages; Ctrl: a pinch
  const factor = 2 ** (-event.deltaY * step);
  const outside = u < 0 || u > 1 || v < 0 || v > 1;
  const atEnd = (state.view.k === 1 && factor <= 1) || (state.view.k === MOST && factor >= 1);
  if (outside || (!event.ctrlKey && (atEnd || performance.now() - scrolledAt < SCROLLING_MS))) return; // the page scrolls
  event.preventDefault();
  zoom(factor, [u, v]);
}

function onDown(event) {
  if (event.button !== 0) return;
  if (!fingers.size) dragged = false;
  fingers.set(event.pointerId, event);
}

function onMove(event) {
  const before = fingers.get(event.pointerId);
  if (!before) return;
  if (!dragged && fingers.size === 1 && Math.hypot(event.clientX - before.clientX, event.clientY - before.clientY) < SLACK_PX) return;
  if (!dragged) surface.setPointerCapture?.(event.pointerId); // the drag goes on beyond the plot
  dragged = true;
  const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
  fingers.set(event.pointerId, event);
  if (!other) {
    const [from, to] = [shares(before), shares(event)];
    pan(to[0] - from[0], to[1] - from[1]);
    return;
  }
  const distance = (one) => Math.max(1, Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY));
  const middle = (one) => shares({ clientX: (one.clientX + other.clientX) / 2, clientY: (one.clientY + other.clientY) / 2 });
  const [from, to] = [middle(before), middle(event)];
  zoom(distance(event) / distance(before), from);
  pan(to[0] - from[0], to[1] - from[1]);
}

const KEYS = { "+": () => zoom(STEP), "=": () => zoom(STEP), "-": () => zoom(1 / STEP), 0: () => see(WHOLE) };
const PANS = { ArrowRight: [-1, 0], ArrowLeft: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** What a key does to the part in sight; whether it does anything. */
export function keyMoves(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false; // the browser's own
  if (event.shiftKey && event.key in PANS) pan(...PANS[event.key].map((share) => share / 8));
  else if (event.key in KEYS) KEYS[event.key]();
  else return false;
  return true;
}

const button = (text, label, act) => el("button", { type: "button", class: "quiet", title: label, "aria-label": label, click: act }, text);
const closer = button("+", "Zoom in", () => zoom(STEP));
const further = button("\u2212", "Zoom out", () => zoom(1 / STEP));
const reset = button("Whole", "Show the whole plot", () => see(WHOLE));

/** Buttons for it. */
export const zoomButtons = el("span", { class: "pair", role: "group", "aria-label": "Zoom" }, closer, further, reset);

/** Say how much is in sight, and which buttons do nothing. */
export function tellSight(inFrame, all) {
  const isWhole = state.view.k === 1;
  byId("zoomed").textContent = isWhole ? "" : `Part of the plot: ${inFrame} of its ${all} networks.`;
  // Not disabled: a button that has the focus would lose it.
  for (const each of [further, reset]) each.setAttribute("aria-disabled", String(isWhole));
  closer.setAttribute("aria-disabled", String(state.view.k === MOST));
  surface.classList.toggle("zoomed", !isWhole);
}

export function startZoom() {
  window.addEventListener("scroll", () => (scrolledAt = performance.now()), { passive: true });
  surface.addEventListener("wheel", onWheel, { passive: false });
  surface.addEventListener("touchstart", (event) => event.touches.length > 1 && event.preventDefault(), { passive: false }); // else two fingers scroll
  surface.addEventListener("pointerdown", onDown);
  surface.addEventListener("pointermove", onMove);
  for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, (event) => fingers.delete(event.pointerId));
}
