// What the reader chose, and who wants to know when it changes.

export const state = {
  search: "",
  across: "", // what stands across in the table, one network a row: "mode", "size" or nothing
  acrossMetric: "",
  shown: [], // rows that pass facets, search and filters, in the table's order
  hovered: null, // index of a row
  pinned: new Set(),
  x: "",
  y: "",
  size: "",
  view: { k: 1, x: 0, y: 0 }, // the part of the plot in sight: k times as large, from x and y on, in shares of the whole
  logX: false,
  logY: false,
  front: true,
  dark: false,
};

const listeners = [];

/** Call `listener` after each change of one of these. */
export function on(names, listener) {
  listeners.push([new Set(names), listener]);
}

export function change(patch) {
  const changed = Object.keys(patch).filter((name) => state[name] !== patch[name]);
  Object.assign(state, patch);
  for (const [names, listener] of listeners) {
    if (changed.some((name) => names.has(name))) listener();
  }
}

export function togglePin(index) {
  const pinned = new Set(state.pinned);
  if (!pinned.delete(index)) pinned.add(index);
  change({ pinned });
}
