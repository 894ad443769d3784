"""Where the labels of a scatter plot go: geometry alone, no drawing.

Every length is in points (1/72 inch), y upwards. Each label has a few hundred possible places around its bubble; a
place that touches a bubble or the border is no place at all. Among the rest a local search finds a set without
overlaps in which labels stand near their bubbles. The same input gives the same places, on every machine: the search
counts its steps, it does not look at a clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

#: Free space between a label and its bubble. The longer ones are for crowds.
GAPS_PT = (1.2, 3.0, 6.0, 10.0, 15.0, 21.0, 28.0, 37.0, 48.0, 62.0, 80.0)
DIRECTIONS = 32
#: From this gap on a thin line leads from the label to its bubble.
LEADER_FROM_PT = 5.0
#: Free space around a label.
CLEAR_PT = 1.0
#: Half the width of the dot in the middle of a bubble, which no leader of another label may touch.
DOT_PT = 2.0
#: A block farther than that from all bubbles stands in the open.
_OPEN_PT = 25.0

# What a flaw costs, in points of distance to the bubble: a label would rather stand that much farther off.
_OVERLAP = 1e4
_LEADER_THROUGH_LABEL = 2e3
_LEADERS_CROSS = 600.0
_LEADER_THROUGH_DOT = 70.0
_LEADER_THROUGH_BUBBLE = 8.0
_ON_LINE = 600.0
_NEARER_TO_ANOTHER = 30.0
_LED_BESIDE_ANOTHER = 15.0
_LEADER = 6.0

#: The annealing: from temperatures at which only overlaps are avoided to ones at which nothing moves.
_HOT, _COLD, _SWEEPS, _MOST_MOVES = 100.0, 0.5, 1200, 40_000
#: Places that are looked at, of all labels together; the table of their conflicts has the square of that.
_MOST_CHOICES = 6000


@dataclass(frozen=True)
class Bubble:
    """A circle with a dot in its middle."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Label:
    """The size of a text and the bubble that it names.

    Attributes:
        bubble: what it names.
        width, height: of the text.
        weight: how dear a place near the bubble is; where there is no room for all, the lightest go without.
        reach: how far from the bubble it may stand; where that is not everywhere it stands on no line.
    """

    bubble: Bubble
    width: float
    height: float
    weight: float = 1.0
    reach: float = GAPS_PT[-1]


@dataclass(frozen=True)
class Box:
    """A rectangle with ``x0 <= x1`` and ``y0 <= y1``."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class Line:
    """A straight line between two points."""

    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class Place:
    """Where a label stands, and the line to its bubble where it stands too far off to do without."""

    box: Box
    leader: Line | None


def place(
    labels: Sequence[Label],
    bubbles: Sequence[Bubble],
    lines: Sequence[Line],
    bounds: Box,
    blocks: Sequence[Box] = (),
) -> list[Place | None]:
    """Find a place for every label.

    Args:
        labels: of one weight the most important first.
        bubbles: all that no label may touch, those of the labels included.
        lines: what labels had better not stand on.
        bounds: what no label may leave.
        blocks: what no label and no leader may touch.

    Returns:
        One place for each label, None where there was no room. No two places overlap, none touches a bubble, and no
        leader crosses another or a label.
    """
    circles = np.array([(b.x, b.y, b.radius) for b in bubbles], dtype=float).reshape(-1, 3)
    segments = np.array([(s.x0, s.y0, s.x1, s.y1) for s in lines], dtype=float).reshape(-1, 4)
    taken = np.array([(b.x0, b.y0, b.x1, b.y1) for b in blocks], dtype=float).reshape(-1, 4)
    most = max(8, _MOST_CHOICES // max(1, len(labels)))
    choices = _joined([_choices_of(label, circles, segments, bounds, taken, most) for label in labels])
    conflicts = _conflicts(choices)
    settled: dict[int, int] = {}
    # The heaviest first, so that none of them goes without for the sake of a lighter one.
    for weight in sorted({label.weight for label in labels}, reverse=True):
        wanted = [i for i, part in enumerate(choices.of) if labels[i].weight == weight and part.start < part.stop]
        settled |= _settle(choices, conflicts, wanted, list(settled.values()))
    return [_place(choices, settled[i]) if i in settled else None for i in range(len(labels))]


def room_for(
    width: float, height: float, bounds: Box, bubbles: Sequence[Bubble], lines: Sequence[Line], clear: float
) -> Box | None:
    """Where a block, such as a legend, stands in the open: far from all bubbles, near a corner.

    Args:
        width, height: of the block.
        bounds: what it may not leave.
        bubbles: what it stays ``clear`` of.
        lines: what it does not stand on.
        clear: free length between the block and each bubble.

    Returns:
        The best place, None where there is none.
    """
    right, top = bounds.x1 - width, bounds.y1 - height
    if right < bounds.x0 or top < bounds.y0:
        return None
    x, y = (a.ravel() for a in np.meshgrid(np.linspace(bounds.x0, right, 40), np.linspace(bounds.y0, top, 40)))
    boxes = np.stack([x, y, x + width, y + height], axis=1)
    circles = np.array([(b.x, b.y, b.radius) for b in bubbles], dtype=float).reshape(-1, 3)
    segments = np.array([(s.x0, s.y0, s.x1, s.y1) for s in lines], dtype=float).reshape(-1, 4)
    off = (_distances(boxes, circles[:, :2]) - circles[:, 2]).min(axis=1, initial=np.inf)
    free = (off >= clear) & ~_crosses_box(segments, boxes, clear / 2).any(axis=0)
    if not free.any():
        return None
    corner = np.minimum(x - bounds.x0, right - x) + np.minimum(y - bounds.y0, top - y)
    cost = np.where(free, corner - 0.5 * np.minimum(off, _OPEN_PT), np.inf)
    return Box(*map(float, boxes[int(np.argmin(cost))]))


@dataclass(frozen=True)
class _Choices:
    """The possible places of all labels, one row each; those of one label are ``of[label]``."""

    of: tuple[slice, ...]
    boxes: Floats  # x0 y0 x1 y1
    leaders: Floats  # x0 y0 x1 y1; NaN where the label needs none
    cost: Floats


def _settle(choices: _Choices, conflicts: Singles, wanted: Sequence[int], fixed: Sequence[int]) -> dict[int, int]:
    """The rows of the places of as many of the wanted labels as have one beside those that are fixed."""
    while True:
        # A fixed seed: the same rows give the same figure.
        rows = _anneal(choices, conflicts, wanted, fixed, np.random.default_rng(0))
        kept: dict[int, int] = {}
        for i, row in rows.items():
            if conflicts[row, [*fixed, *kept.values()]].max(initial=0) < _LEADERS_CROSS:
                kept[i] = row
        if len(kept) == len(wanted):
            return kept
        wanted = list(kept)  # without the others they may well find better places


def _anneal(
    choices: _Choices,
    conflicts: Singles,
    active: Sequence[int],
    fixed: Sequence[int],
    random: np.random.Generator,
) -> dict[int, int]:
    """Shake the active labels, ever more gently, until they rest; give the row of each one's place."""
    at = {i: choices.of[i].start + int(np.argmin(choices.cost[choices.of[i]])) for i in active}
    cost = choices.cost + conflicts[[*at.values(), *fixed]].sum(axis=0)

    def move(i: int, row: int) -> None:
        cost[:] += conflicts[row] - conflicts[at[i]]
        at[i] = row

    for heat in np.geomspace(_HOT, _COLD, min(_SWEEPS, _MOST_MOVES // max(1, len(active)))):
        for k in random.permutation(len(active)):
            i = active[int(k)]
            mine = cost[choices.of[i]]
            # The heat bath: any place may be taken, the better the likelier.
            likely = np.cumsum(np.exp((mine.min() - mine) / heat))
            move(i, choices.of[i].start + int(np.searchsorted(likely, random.random() * likely[-1])))
    for _ in range(20):
        for i in active:
            move(i, choices.of[i].start + int(np.argmin(cost[choices.of[i]])))
    return at


def _conflicts(choices: _Choices) -> Singles:
    """What each place costs beside each other one; nothing beside another place of the same label."""
    boxes, leaders = choices.boxes, choices.leaders
    table = np.zeros((len(boxes), len(boxes)), dtype=np.float32)
    for part in choices.of:  # label by label, to hold few of the large intermediate arrays
        rest = slice(part.stop, len(boxes))
        through = 1.0 * _crosses_box(leaders[part], boxes[rest]) + _crosses_box(leaders[rest], boxes[part]).T
        table[part, rest] = (
            _OVERLAP * _boxes_overlap(boxes[part], boxes[rest])
            + _LEADER_THROUGH_LABEL * through
            + _LEADERS_CROSS * _segments_cross(leaders[part], leaders[rest])
        )
    table += table.T
    return table


def _choices_of(
    label: Label, circles: Floats, segments: Floats, bounds: Box, taken: Floats, most: int
) -> tuple[Floats, Floats, Floats]:
    """Boxes, leaders and costs of the places around a bubble that touch neither a bubble nor the border."""
    own = label.bubble
    half = np.array([label.width / 2, label.height / 2])
    angles = np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS)
    gaps = np.array([gap for gap in GAPS_PT if gap <= label.reach])
    angle, gap = (a.ravel() for a in np.meshgrid(angles, gaps, indexing="ij"))
    centre = np.array([own.x, own.y]) + _offsets(np.stack([np.cos(angle), np.sin(angle)], axis=1), half, own, gap)
    boxes = np.hstack([centre - half, centre + half])

    free = (boxes[:, :2] >= [bounds.x0, bounds.y0]).all(axis=1) & (boxes[:, 2:] <= [bounds.x1, bounds.y1]).all(axis=1)
    free &= (_distances(boxes, circles[:, :2]) >= circles[:, 2] + CLEAR_PT).all(axis=1)
    leaders = _leaders(boxes, own)
    leaders[gap < LEADER_FROM_PT] = np.nan
    free &= ~(_boxes_overlap(boxes, taken) | _crosses_box(leaders, taken)).any(axis=1)
    on_line = np.asarray(_crosses_box(segments, boxes, CLEAR_PT).any(axis=0))
    if label.reach < GAPS_PT[-1]:  # one that may not go far had better be missing
        free &= ~on_line
    on_line = on_line[free]
    boxes, leaders, angle, gap = boxes[free], leaders[free], angle[free], gap[free]
    others = circles[np.hypot(circles[:, 0] - own.x, circles[:, 1] - own.y) > 1e-6]
    # Right of the bubble and slightly above reads best; below costs a little more than above.
    cost = label.weight * (gap + gap**2 / 60) + _LEADER * (gap >= LEADER_FROM_PT)
    cost += 1.5 * (1 - np.cos(angle)) + 0.8 * (np.sin(angle) < -0.3)
    cost += _ON_LINE * on_line
    off = _segment_distances(leaders, others[:, :2])
    cost += _LEADER_THROUGH_DOT * (off < DOT_PT + 0.5).sum(axis=1)
    cost += _LEADER_THROUGH_BUBBLE * (off < others[:, 2]).sum(axis=1)
    # A label beside another bubble seems to name that one, above all where no leader says otherwise.
    led = gap >= LEADER_FROM_PT
    beside = np.where(led, 3.0, gap + 0.5)[:, None]
    close = (_distances(boxes, others[:, :2]) - others[:, 2] < beside).any(axis=1)
    cost += np.where(led, _LED_BESIDE_ANOTHER, _NEARER_TO_ANOTHER) * close

    order = np.argsort(cost, kind="stable")
    if len(order) > most:  # the best half, and of the rest some of every kind: the best of all may be taken
        order = np.concatenate([order[: most // 2], order[most // 2 :: -(-2 * len(order) // most)]])
    return boxes[order], leaders[order], cost[order]


def _joined(parts: Sequence[tuple[Floats, Floats, Floats]]) -> _Choices:
    ends = np.cumsum([0, *(len(cost) for _, _, cost in parts)]).tolist()
    boxes, leaders = (np.vstack([np.zeros((0, 4)), *(part[k] for part in parts)]) for k in (0, 1))
    cost = np.concatenate([np.zeros(0), *(cost for _, _, cost in parts)])
    return _Choices(tuple(slice(a, b) for a, b in pairwise(ends)), boxes, leaders, cost)


def _place(choices: _Choices, row: int) -> Place:
    box, leader = choices.boxes[row], choices.leaders[row]
    return Place(Box(*map(float, box)), None if np.isnan(leader[0]) else Line(*map(float, leader)))


def _offsets(direction: Floats, half: Floats, own: Bubble, gap: Floats) -> Floats:
    """Centre of a box, seen from the bubble's, so that ``gap`` is free between them in that direction."""
    near, far = np.zeros(len(gap)), own.radius + gap + half.sum() + 1.0
    for _ in range(30):  # the free space grows with the distance, so halving finds it to 1e-7 pt
        middle = (near + far) / 2
        inside = np.maximum(np.abs(direction * middle[:, None]) - half, 0.0)
        short = np.hypot(inside[:, 0], inside[:, 1]) < own.radius + gap
        near, far = np.where(short, middle, near), np.where(short, far, middle)
    return np.asarray(direction * far[:, None], dtype=float)


def _leaders(boxes: Floats, own: Bubble) -> Floats:
    """From the nearest point of each box to the rim of the dot or bubble, along the line to its middle."""
    start_x, start_y = np.clip(own.x, boxes[:, 0], boxes[:, 2]), np.clip(own.y, boxes[:, 1], boxes[:, 3])
    length = np.maximum(np.hypot(start_x - own.x, start_y - own.y), 1e-9)
    rim = own.radius / length
    return np.stack([start_x, start_y, own.x + (start_x - own.x) * rim, own.y + (start_y - own.y) * rim], axis=1)


def _distances(boxes: Floats, points: Floats) -> Floats:
    """Distance of each box (rows) to each point (columns); 0 inside."""
    dx = np.maximum(np.maximum(boxes[:, None, 0] - points[None, :, 0], points[None, :, 0] - boxes[:, None, 2]), 0)
    dy = np.maximum(np.maximum(boxes[:, None, 1] - points[None, :, 1], points[None, :, 1] - boxes[:, None, 3]), 0)
    return np.asarray(np.hypot(dx, dy), dtype=float)


def _segment_distances(segments: Floats, points: Floats) -> Floats:
    """Distance of each segment (rows) to each point (columns); infinite for a missing segment."""
    start, along = segments[:, None, :2], (segments[:, 2:] - segments[:, :2])[:, None, :]
    length = np.maximum((along**2).sum(axis=2), 1e-12)
    share = np.clip(((points[None] - start) * along).sum(axis=2) / length, 0, 1)
    off = np.linalg.norm(start + share[..., None] * along - points[None], axis=2)
    return np.asarray(np.where(np.isnan(off), np.inf, off), dtype=float)


def _boxes_overlap(mine: Floats, others: Floats) -> Bools:
    """Whether each box (rows) comes too near to each other one (columns)."""
    x0, y0, x1, y1 = mine.T[..., None]
    u0, v0, u1, v1 = others.T[:, None]
    apart = (x1 + CLEAR_PT <= u0) | (u1 + CLEAR_PT <= x0) | (y1 + CLEAR_PT <= v0) | (v1 + CLEAR_PT <= y0)
    return np.asarray(~apart, dtype=bool)


def _crosses_box(segments: Floats, boxes: Floats, clear: float = CLEAR_PT / 2) -> Bools:
    """Whether each segment (rows) passes each box (columns) or its clear space; False for a missing segment."""
    enter, leave = np.zeros((1, 1)), np.ones((1, 1))
    for axis in (0, 1):
        start, along = segments[:, None, axis], segments[:, None, axis + 2] - segments[:, None, axis]
        along = np.where(np.abs(along) < 1e-9, 1e-9, along)  # an axis-parallel segment has no slope to divide by
        one, two = (boxes[:, axis] - clear - start) / along, (boxes[:, axis + 2] + clear - start) / along
        enter, leave = np.maximum(enter, np.minimum(one, two)), np.minimum(leave, np.maximum(one, two))
    return np.asarray(enter <= leave, dtype=bool)


def _segments_cross(mine: Floats, others: Floats) -> Bools:
    """Whether each segment (rows) crosses each other one (columns); False where either is missing."""
    a, b, c, d = mine[:, None, :2], mine[:, None, 2:], others[None, :, :2], others[None, :, 2:]

    def side(p: Floats, q: Floats, r: Floats) -> Floats:
        return np.asarray(
            (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])
        )

    return np.asarray((side(a, b, c) * side(a, b, d) < 0) & (side(c, d, a) * side(c, d, b) < 0), dtype=bool)
