// Elements from text: whatever a user named stays text, since nothing here parses HTML.

const SVG = "http://www.w3.org/2000/svg";

export function byId(id) {
  return document.getElementById(id);
}

/** An HTML element; a function is a listener, true an empty attribute, null and false none. */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same in SVG. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** A table out of texts: heads, then rows of cells, of which those in `left` are no numbers. */
export function tableOf(heads, rows, left = [0]) {
  const kind = (i) => (left.includes(i) ? null : "number");
  return el(
    "table",
    { class: "plain" },
    el("thead", {}, el("tr", {}, ...heads.map((head, i) => el("th", { scope: "col", class: kind(i) }, head)))),
    el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map((cell, i) => el("td", { class: kind(i) }, cell))))),
  );
}

/** Labels with their texts. */
export function factsOf(facts) {
  return el("dl", { class: "facts" }, ...facts.map(([label, text]) => el("div", {}, el("dt", {}, label), el("dd", {}, text))));
}
