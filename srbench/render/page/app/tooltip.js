// What is known about the row under the pointer or the focus, beside its point; also said to screen readers.
import { byId, el } from "./dom.js";
import { metrics, page } from "./model.js";
import { on, state } from "./state.js";
import { placeOf } from "./scatter.js";

const tip = byId("tip");
const GAP = 10;
/** Here a tooltip says no more than the plot draws: it would cover it. */
const NARROW = matchMedia("(max-width: 600px)");

function linesOf({ row, fx, fy }) {
  const drawnMetrics = [...new Set([state.y, state.x, state.size])].map((id) => metrics.get(id)).filter(Boolean);
  const keys = new Set(drawnMetrics.map((metric) => metric.key));
  const others = (NARROW.matches ? [] : page.costs).filter((column) => !keys.has(column.key)).map((column) => metrics.get(column.key));
  const lines = [...drawnMetrics, ...others].flatMap((metric) => {
    const found = metric.read(row);
    return found ? [[metric.quality ? metric.title : metric.short, `${found.text}${metric.unit ? ` ${metric.unit}` : ""}${found.kind && !metric.kind ? `, ${found.kind}` : ""}`]] : [];
  });
  const sources = [...new Set([fy, fx].filter((each) => each.source).map((each) => each.source))];
  return { lines, sources };
}

function fill(point) {
  const { row } = point;
  const { lines, sources } = linesOf(point);
  tip.replaceChildren(
    el("p", { class: "tip-name" }, el("span", { class: `swatch c${row.color}` }), el("b", {}, row.label)),
    el("dl", {}, ...lines.flatMap(([title, text]) => [el("dt", {}, title), el("dd", {}, text)])),
    ...(row.state === "VALID" || row.only ? [] : [el("p", {}, el("span", { class: `badge ${row.state}` }, row.state), ` ${row.reason}`)]),
    ...sources.map((source) => el("p", { class: "soft" }, source)),
  );
}

/** Beside the point, always inside the window. */
function placeTip({ x, y, r }) {
  const { width, height } = tip.getBoundingClientRect();
  const [w, h] = [document.documentElement.clientWidth, window.innerHeight];
  const left = x + r + GAP + width <= w - 4 ? x + r + GAP : x - r - GAP - width;
  tip.style.left = `${Math.max(4, Math.min(left, w - width - 4))}px`;
  // Where it fits neither right nor left it goes above or below, so that the point stays in sight.
  const beside = left >= 4;
  const top = beside ? y - height / 2 : y - r - GAP - height >= 4 ? y - r - GAP - height : y + r + GAP;
  tip.style.top = `${Math.max(4, Math.min(top, h - height - 4))}px`;
}

function update() {
  const where = state.hovered === null ? null : placeOf(state.hovered);
  const inSight = where && where.y > 0 && where.y < window.innerHeight;
  tip.hidden = !inSight;
  if (!where) return;
  fill(where.point);
  if (inSight) placeTip(where);
  if (document.activeElement === byId("plot")) byId("spoken").textContent = tip.innerText;
}

export function startTooltip() {
  on(["hovered", "shown", "x", "y", "size"], update);
  window.addEventListener("scroll", () => !tip.hidden && update(), { passive: true });
}
