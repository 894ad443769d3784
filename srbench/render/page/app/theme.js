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

const colorSheet = new CSSStyleSheet();
let shades = [];

/** One class for each colour of a network, in the theme's shade. */
function paintColors(dark) {
  shades = page.colors.map((color) => readable(color, dark));
  colorSheet.replaceSync(shades.map((shade, i) => `.c${i} { --c: ${shade}; }`).join("\n"));
  document.adoptedStyleSheets = [colorSheet];
}

/** The shade of a colour in the theme that is in use. */
export function shadeOf(color) {
  return shades[color];
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

/** Light or dark, and the networks' colours with it. */
export function useTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  byId("theme").textContent = dark ? "Light theme" : "Dark theme";
  paintColors(dark);
  change({ dark });
}

export function startTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const last = remembered();
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
