// Names in the plot: beside their points, or with a line to them, and never over a mark, another name or its line.
import { state } from "./state.js";
import { FEW, SOME } from "./scene.js";

const NAME_PX = 12;
const NAME_HEIGHT = NAME_PX + 3;
/** Room that marks keep to each side. */
const MARK_PX = 5;
/** How far away a name may stand that a line leads to, and in how many directions. */
const LEADERS_PX = [26, 40, 56];
const DIRECTIONS = 16;
/** What a place costs beside its distance in pixels. */
const OVER_FRONT = 60;
const OVER_BUBBLE = 12;
const WITH_LEADER = 30;

const face = getComputedStyle(document.body).fontFamily; // once: asking lays the page out
const rulers = ["", "bold "].map((weight) => {
  const ruler = document.createElement("canvas").getContext("2d");
  ruler.font = `${weight}${NAME_PX}px ${face}`;
  return ruler;
});

/** In pixels, of the plot's letters. */
export function widthOfText(text, bold = false) {
  return rulers[bold ? 1 : 0].measureText(text).width;
}

export function shortened(text, most = 26) {
  const letters = [...text];
  return letters.length <= most ? text : `${letters.slice(0, most - 9).join("")}…${letters.slice(-8).join("")}`;
}

const overlap = (a, b) => a.x0 < b.x1 && a.x1 > b.x0 && a.y0 < b.y1 && a.y1 > b.y0;

/** Whether a line from one point to another meets a box. */
function meets([ax, ay], [bx, by], box) {
  let [from, to] = [0, 1];
  for (const [start, step, low, high] of [[ax, bx - ax, box.x0, box.x1], [ay, by - ay, box.y0, box.y1]]) {
    if (Math.abs(step) < 1e-9) {
      if (start <= low || start >= high) return false;
      continue;
    }
    const [one, other] = [(low - start) / step, (high - start) / step];
    from = Math.max(from, Math.min(one, other));
    to = Math.min(to, Math.max(one, other));
  }
  return from < to;
}

/** Whether two lines cross. */
function cross([a, b], [c, d]) {
  const side = (p, q, r) => Math.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]));
  return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
}

/** What of a box is nearest to a point: where its line ends. */
function edge({ px, py }, box) {
  return [Math.min(Math.max(px, box.x0), box.x1), Math.min(Math.max(py, box.y0), box.y1)];
}

const boxAt = (x0, y0, width) => ({ x0, y0, x1: x0 + width, y1: y0 + NAME_HEIGHT });

/** Right, left, above, below and the corners, close to the mark and outside the bubble; then all round with a line. */
function places({ px, py, r }, width) {
  const found = [];
  for (const gap of r > 10 ? [8, r + 4] : [Math.max(8, r + 4)]) {
    const near = gap * 0.7;
    const around = [
      [px + gap, py - NAME_HEIGHT / 2],
      [px - gap - width, py - NAME_HEIGHT / 2],
      [px - width / 2, py - gap - NAME_HEIGHT],
      [px - width / 2, py + gap],
      [px + near, py - near - NAME_HEIGHT],
      [px - near - width, py - near - NAME_HEIGHT],
      [px + near, py + near],
      [px - near - width, py + near],
    ];
    around.forEach(([x, y], turn) => found.push({ box: boxAt(x, y, width), leader: null, cost: gap / 2 + turn }));
  }
  for (const distance of LEADERS_PX) {
    for (let turn = 0; turn < DIRECTIONS; turn++) {
      const angle = (2 * Math.PI * turn) / DIRECTIONS;
      const [x, y] = [px + distance * Math.cos(angle), py + distance * Math.sin(angle)];
      const box = boxAt(Math.cos(angle) > 0.1 ? x : Math.cos(angle) < -0.1 ? x - width : x - width / 2, y - NAME_HEIGHT / 2, width);
      found.push({ box, leader: [[px, py], edge({ px, py }, box)], cost: WITH_LEADER + distance });
    }
  }
  return found;
}

/**
 * The names of these points that have room, each with its place and its line: pinned ones first, then the front's,
 * then, of few points, what was measured and the others'. `corners` are those of the front's line.
 */
export function namesOf(points, front, frame, corners) {
  const pinned = points.filter((point) => state.pinned.has(point.row.index));
  const inFront = points.filter((point) => front.includes(point));
  const wanted = [...new Set([...pinned, ...(points.length <= FEW ? [...inFront, ...points.filter((point) => !point.row.only), ...points] : inFront.slice(0, FEW))])];
  const marks = points.length <= SOME ? points.map((p) => ({ of: p, x0: p.px - MARK_PX, x1: p.px + MARK_PX, y0: p.py - MARK_PX, y1: p.py + MARK_PX })) : [];
  const bubbles = points.filter((point) => point.r > 2 * MARK_PX);
  const steps = corners.slice(1).map((corner, i) => [corners[i], corner]);
  const scales = new Set(points.map((point) => point.row.scale)).size > 1;
  const names = [];
  const free = (point, { box, leader }) =>
    box.x0 >= frame.x0 && box.x1 <= frame.x1 && box.y0 >= frame.y0 && box.y1 <= frame.y1 &&
    !marks.some((mark) => overlap(mark, box) || (leader && mark.of !== point && meets(...leader, mark))) &&
    !names.some((name) => overlap(name.box, box) || (leader && meets(...leader, name.box)) || (name.leader && (meets(...name.leader, box) || (leader && cross(leader, name.leader)))));
  const costOf = (point, { box, leader, cost }) => {
    const over = bubbles.filter((each) => each !== point && Math.hypot(...[0, 1].map((i) => edge(each, box)[i] - [each.px, each.py][i])) < each.r).length;
    const onFront = steps.filter((step) => meets(...step, box) || (leader && cross(leader, step))).length;
    return cost + over * OVER_BUBBLE + onFront * OVER_FRONT;
  };
  for (const point of wanted) {
    const bold = state.pinned.has(point.row.index);
    const text = shortened(point.row.label) + (scales ? ` x${point.row.scale}` : "");
    let [best, least] = [null, Infinity];
    for (const place of places(point, widthOfText(text, bold))) {
      if (place.cost >= least || !free(point, place)) continue;
      const cost = costOf(point, place);
      if (cost < least) [best, least] = [place, cost];
    }
    if (best) names.push({ point, text, bold, box: best.box, leader: best.leader, x: best.box.x0, y: best.box.y0 + NAME_PX - 1 });
  }
  return names;
}
