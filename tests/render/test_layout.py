"""Axes, areas and places of labels: arithmetic on lengths."""

import math
from itertools import combinations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from srbench.render.plots.layout import Box, Bubble, Label, Line, place, room_for
from srbench.render.plots.scales import axis_of, bubble_scale, calls_for_log, within_fences
from tests.render.plot_data import distance, overlap

# --- Scales


def test_the_few_largest_areas_are_cut_and_said_so() -> None:
    scale = bubble_scale([40.0] * 9 + [17_974.0])
    assert scale is not None
    assert scale.is_cut(17_974.0)
    assert not scale.is_cut(600.0)  # a radius four times that of the median: 16 times the area
    assert scale.area(80.0) == pytest.approx(2 * scale.area(40.0))
    assert bubble_scale([0.0]) is None


@pytest.mark.parametrize(
    ("values", "expected"), [([8.3, 376.8], (5, 50, 200)), ([3.0, 3.0], (0.5, 1, 2)), ([1e9, 9e9], (1e9, 2e9, 5e9))]
)
def test_size_legend_spans_the_data_in_round_numbers(values: list[float], expected: tuple[float, ...]) -> None:
    scale = bubble_scale(values)
    assert scale is not None
    assert scale.legend(values) == expected


@given(
    st.lists(st.tuples(st.floats(1e-3, 1e7), st.floats(1, 15)), min_size=1, max_size=20),
    st.booleans(),
)
def test_every_bubble_lies_within_the_axes(points: list[tuple[float, float]], log: bool) -> None:
    pads = [pad for _, pad in points]
    axis = axis_of([(v, v) for v, _ in points], pads, 180.0, log=log)
    assert axis.log == log
    for value, pad in points:
        assert pad - 0.01 <= axis.share(value) * 180 <= 180 - pad + 0.01
    assert all(axis.low <= tick <= axis.high for tick in axis.ticks)
    assert len(set(axis.texts)) == len(axis.texts)


def test_what_a_linear_axis_would_crowd_calls_for_a_logarithmic_one() -> None:
    assert not calls_for_log([0, 1, 2, 3, 4])
    assert not calls_for_log([1, 2, 3, 4, 5, 1000])  # one far out: quartiles 2.25 and 4.75
    assert calls_for_log([1, 10, 100, 1000])  # quartiles 7.75 and 325
    assert not calls_for_log([7])


def test_what_is_far_out_is_beyond_the_fences() -> None:
    # Quartiles 12.5 and 17.5, the upper fence at 17.5 + 3 * 5 = 32.5, the lower one at -2.5.
    values = [10, 12, 13, 15, 17, 18]
    assert within_fences([*values, 100], log=False) == (10, 18)
    assert within_fences([*values, 30], log=False) == (-math.inf, math.inf)
    assert within_fences([*values, 100], log=False, least=100) == (-math.inf, math.inf)
    assert within_fences([10, 12, 13, 100], log=False) == (-math.inf, math.inf)  # too few to say
    assert within_fences([1, 10, 100, 1000, 10_000], log=True) == (-math.inf, math.inf)  # even, on that axis


# --- Labels


@given(st.data())
@settings(max_examples=12, deadline=None)
def test_placed_labels_touch_nothing(data: st.DataObject) -> None:
    spot = st.builds(Bubble, st.floats(20, 180), st.floats(20, 130), st.floats(1.3, 12))
    bubbles = data.draw(st.lists(spot, min_size=1, max_size=12))
    labels = [Label(bubble, data.draw(st.floats(8, 60)), 8.5) for bubble in bubbles]
    bounds = Box(0, 0, 200, 150)
    places = [p for p in place(labels, bubbles, [Line(0, 75, 200, 75)], bounds) if p is not None]
    boxes = [p.box for p in places]
    assert not any(overlap(a, b) for a, b in combinations(boxes, 2))
    assert not any(distance(box, b.x, b.y) < b.radius for box in boxes for b in bubbles)
    assert all(b.x0 >= 0 and b.y0 >= 0 and b.x1 <= 200 and b.y1 <= 150 for b in boxes)


def test_where_there_is_no_room_the_last_go_without() -> None:
    bubble = Bubble(50, 25, 2)
    places = place([Label(bubble, 90, 15)] * 5, [bubble], [], Box(0, 0, 100, 50))
    assert [p is not None for p in places] == [True, True, False, False, False]  # one above, one below


def test_heavier_labels_have_their_places_first() -> None:
    bubble = Bubble(50, 25, 2)
    labels = [*[Label(bubble, 90, 15)] * 3, *[Label(bubble, 90, 15, weight=2)] * 2]
    places = place(labels, [bubble], [], Box(0, 0, 100, 50))
    assert [p is not None for p in places] == [False, False, False, True, True]


def test_no_label_touches_a_block_or_stands_beyond_its_reach() -> None:
    bubble, block = Bubble(50, 50, 2), Box(53, 0, 100, 100)
    [found] = place([Label(bubble, 30, 8, reach=3.0)], [bubble], [], Box(0, 0, 100, 100), [block])
    assert found is not None
    assert not overlap(found.box, block)
    assert distance(found.box, 50, 50) <= 2 + 3 + 1e-6
    full = [Box(0, 0, 45, 100), Box(55, 0, 100, 100)]
    assert place([Label(bubble, 30, 8, reach=3.0)], [bubble], [], Box(0, 0, 100, 100), full) == [None]


@given(st.lists(st.tuples(st.floats(5, 195), st.floats(5, 145), st.floats(1, 12)), max_size=8))
@settings(max_examples=40, deadline=None)
def test_a_legend_stands_clear_of_all_bubbles_and_lines(spots: list[tuple[float, float, float]]) -> None:
    bubbles, line = [Bubble(*spot) for spot in spots], Line(0, 75, 200, 75)
    box = room_for(60, 30, Box(3, 3, 197, 147), bubbles, [line], 6.0)
    if box is None:
        return
    assert (box.x1 - box.x0, box.y1 - box.y0) == pytest.approx((60, 30))
    assert box.x0 >= 3 and box.y0 >= 3 and box.x1 <= 197.01 and box.y1 <= 147.01  # noqa: PT018
    assert all(distance(box, b.x, b.y) >= b.radius + 6 - 1e-6 for b in bubbles)
    assert box.y1 < 75 or box.y0 > 75


def test_a_legend_has_no_room_where_there_is_none() -> None:
    assert room_for(60, 30, Box(0, 0, 50, 50), [], [], 6.0) is None
    assert room_for(40, 40, Box(0, 0, 50, 50), [Bubble(25, 25, 5)], [], 6.0) is None


@given(st.floats(1e-2, 1e6), st.floats(1, 50))
@example(805865.0, 1.099609375)  # one multiple of 50,000 lies within
@example(1.0000000000000002, 1.0)  # as good as one value, whose logarithm is as good as 0
@settings(max_examples=400)
def test_a_logarithmic_axis_has_ticks_however_little_it_spans(low: float, factor: float) -> None:
    axis = axis_of([(low, low), (low * factor, low * factor)], [8.0, 8.0], 120.0, log=True)
    assert axis.log
    assert len(axis.ticks) >= 2
    assert all(axis.low <= tick <= axis.high for tick in axis.ticks)
    assert len(set(axis.texts)) == len(axis.texts)
    assert axis.share(low) * 120 >= 7.99
    assert axis.share(low * factor) * 120 <= 112.01
