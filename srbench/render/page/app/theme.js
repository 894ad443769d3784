// Light and dark: as the system has it until the reader chooses.
import { byId } from "./dom.js";
import { page } from "./model.js";
import { change, state } from "./state.js";

/** A colour that stands out from the ground of the theme: made lighter on a dark one. */
function readable(color, dark) {
  const lab = d3.lab(color);
  if (dark) lab.l = lab.l < 25 && Math.hypot(lab.a, lab.b) < 10 ? 92 : Math.max(lab.l, 64);
  return lab.formatHex();
}

const shades = [false, true].map((dark) => page.colors.map((color) => readable(color, dark)));

/** One class for each colour of a network, in both themes' shades: on paper Firefox has the sheet as it was before. */
function paintColors() {
  const rules = (within, list) => list.map((shade, i) => `${within} .c${i} { --c: ${shade}; }`);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync([...rules("", shades[0]), ...rules(':root[data-theme="dark"]', shades[1])].join("\n"));
  document.adoptedStyleSheets = [sheet];
}

/** The shade of a colour in the theme that is in use. */
export function shadeOf(color) {
  return shades[Number(state.dark)][color];
}

const REMEMBERED = "srbench-theme";

/** What was chosen last time; a browser may forbid to remember. */
function remembered() {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null;
  }
}

/** Light or dark. */
export function useTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  byId("theme").textContent = dark ? "Light theme" : "Dark theme";
  change({ dark });
}

export function startTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const last = remembered();
  paintColors();
  useTheme(last ? last === "dark" : system.matches);
  system.addEventListener("change", () => remembered() === null && useTheme(system.matches));
  byId("theme").addEventListener("click", () => {
    useTheme(!state.dark);
    try {
      localStorage.setItem(REMEMBERED, state.dark ? "dark" : "light");
    } catch {
      // The choice holds until the page is closed.
    }
  });
}
