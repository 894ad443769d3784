// How the numbers were made, and what the page is built on.
import { byId, el, tableOf } from "./dom.js";
import { page } from "./model.js";

const terms = (list) => el("dl", { class: "terms" }, ...list.map((each) => el("div", {}, el("dt", {}, each.word), el("dd", {}, each.meaning))));

export function startPanels() {
  const better = { low: "lower", high: "higher" };
  const explained = [...page.costs, ...page.quality].map((each) => [each.title, each.unit, better[each.good] ?? "", each.meaning]);
  byId("made").lastElementChild.replaceChildren(
    el("h3", {}, "Columns"),
    el("div", { class: "wide" }, tableOf(["Column", "Unit", "Better", "Meaning"], explained, [0, 1, 2, 3])),
    el("h3", {}, "How they are made"),
    el("ul", {}, ...page.notes.map((note) => el("li", {}, note))),
    el("h3", {}, "Marks"),
    terms(page.marks),
    el("h3", {}, "Statuses"),
    terms(page.verdicts),
  );
  byId("built").lastElementChild.replaceChildren(
    el("p", {}, `srbench ${page.version}, Apache-2.0, and the libraries below, all inside this file.`),
    ...page.libraries.map((each) => el("details", {}, el("summary", {}, `${each.name} ${each.version}, ${each.licence}`), el("pre", {}, each.text))),
  );
}
