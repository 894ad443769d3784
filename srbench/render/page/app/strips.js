// The passes of each process as a strip: one tick a pass, the median longer, all on one scale.
import { el, svg } from "./dom.js";

const WIDTH = 300;
const HEIGHT = 24;

/** A table with one row for each process. */
export function stripsOf(visits, row) {
  const all = visits.flatMap((visit) => visit.samples);
  if (!all.length) return el("p", {}, "No timed passes.");
  const interval = row.costs.runtime_ms;
  const [low, high] = d3.extent([...all, ...(interval?.low === undefined ? [] : [interval.low, interval.high])]);
  const ms = d3.format(high >= 100 ? ",.1f" : high >= 10 ? ",.2f" : ",.3f");
  const room = (high - low || low) * 0.03;
  const scale = d3.scaleLinear([low - room, high + room], [0, WIDTH]);
  return el(
    "div",
    { class: "wide", tabindex: "0", role: "region", "aria-label": "Processes" },
    el(
      "table",
      { class: "plain strips" },
      el("thead", {}, el("tr", {}, ...["Process", "Passes [ms]", "Median", "Passes", "First", "Remarks"].map((head, i) => el("th", { scope: "col", class: [2, 3, 4].includes(i) ? "number" : null }, head)))),
      el("tbody", {}, ...visits.map((visit, i) => processRow(visit, i, { scale, interval, row, ms }))),
      el("tfoot", {}, el("tr", {}, el("td"), el("td", {}, axisOf(scale)), el("td", { colspan: "4", class: "soft" }, interval?.low === undefined ? "" : "band: the interval of the runtime"))),
    ),
  );
}

function processRow(visit, i, shared) {
  const { ms } = shared;
  const remarks = visit.remarks ?? [];
  return el(
    "tr",
    { class: remarks.length ? "disturbed" : null },
    el("th", { scope: "row" }, String(i + 1)),
    el("td", {}, strip(visit, shared)),
    el("td", { class: "number" }, visit.median === null ? "\u2013" : ms(visit.median)),
    el("td", { class: "number" }, String(visit.samples.length)),
    el("td", { class: "number" }, ms(visit.cold)),
    el("td", {}, remarks.join("; ")),
  );
}

function strip(visit, { scale, interval, row, ms }) {
  const line = (value, kind, from, to) => svg("line", { class: kind, x1: scale(value), x2: scale(value), y1: from, y2: to });
  const band = interval?.low === undefined ? [] : [svg("rect", { class: "band", x: scale(interval.low), width: Math.max(1, scale(interval.high) - scale(interval.low)), y: 0, height: HEIGHT })];
  const label = `${visit.samples.length} passes${visit.median === null ? "" : `, median ${ms(visit.median)} ms`}`;
  return svg(
    "svg",
    { class: `strip c${row.color}`, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, role: "img", "aria-label": label },
    ...band,
    ...visit.samples.map((value) => line(value, "pass", 6, HEIGHT - 6)),
    ...(visit.median === null ? [] : [line(visit.median, "median", 1, HEIGHT - 1)]),
  );
}

function axisOf(scale) {
  const group = svg("g", { class: "xaxis" });
  d3.select(group).call(d3.axisBottom(scale).ticks(5).tickSize(4));
  return svg("svg", { class: "strip", viewBox: `0 0 ${WIDTH} 22`, width: WIDTH, height: 22, "aria-hidden": "true" }, group);
}
