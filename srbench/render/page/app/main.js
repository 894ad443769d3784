// The order in which the page comes to life.
import { byId } from "./dom.js";
import { startControls } from "./controls.js";
import { startDownloads } from "./download.js";
import { openDrawer, startDrawer } from "./drawer.js";
import { refacet, startGrid } from "./grid.js";
import { startPanels } from "./panels.js";
import { startPivot } from "./pivot.js";
import { startScatter } from "./scatter.js";
import { state } from "./state.js";
import { startTheme, useTheme } from "./theme.js";
import { startTooltip } from "./tooltip.js";

startTheme();
startScatter(openDrawer);
startGrid(openDrawer);
startPivot(openDrawer);
startTooltip();
startControls(openDrawer);
refacet();
startDrawer();
startDownloads();
startPanels();

// On paper: everything unfolded, and the light theme.
const folded = byId("made");
let before = null;
window.addEventListener("beforeprint", () => {
  before = { open: folded.open, dark: state.dark };
  folded.open = true;
  useTheme(false);
});
window.addEventListener("afterprint", () => {
  folded.open = before.open;
  useTheme(before.dark);
});
document.documentElement.dataset.ready = "true";
performance.mark("ready");
