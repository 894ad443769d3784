// Below the plot: what marks and sizes mean, and what the rows are of.
import { svg } from "./dom.js";
import { caption } from "./model.js";
import { kindOf } from "./scene.js";
import { widthOfText } from "./names.js";

export const MARKS = {
  measured: "M0,-4.5L4.5,0L0,4.5L-4.5,0Z",
  published: "M3.6,0A3.6,3.6 0 1 1 -3.6,0A3.6,3.6 0 1 1 3.6,0Z",
  secondary: "M3.4,0A3.4,3.4 0 1 1 -3.4,0A3.4,3.4 0 1 1 3.4,0Z",
  approximate: "M-3.4,-3.4L3.4,3.4M-3.4,3.4L3.4,-3.4",
};
const KIND_TEXTS = { measured: "measured", published: "published", secondary: "secondary source", approximate: "read off a plot" };
const LINE_PX = 20;

/** The parts of the legend, from left to right and line by line: how wide each is and how it is drawn. */
export function legendParts(points, radius, size, hasFront, letters) {
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
export function legendOf(parts, x0, x1) {
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
