"""Axes, areas and places of labels: arithmetic on lengths."""

from itertools import combinations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from srbench.render.plots.layout import Box, Bubble, Label, Line, place
from srbench.render.plots.scales import axis_of, bubble_scale
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
def test_every_bubble_lies_within_the_axes(points: list[tuple[float, float]], may_be_log: bool) -> None:
    pads = [pad for _, pad in points]
    axis = axis_of([(v, v) for v, _ in points], pads, 180.0, may_be_log=may_be_log)
    assert axis.log == (may_be_log and max(points)[0] > 8 * min(points)[0])
    for value, pad in points:
        assert pad - 0.01 <= axis.share(value) * 180 <= 180 - pad + 0.01
    assert all(axis.low <= tick <= axis.high for tick in axis.ticks)
    assert len(set(axis.texts)) == len(axis.texts)


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


@given(st.floats(1e-2, 1e6), st.floats(1, 50))
@example(805865.0, 1.099609375)  # one multiple of 50,000 lies within
@example(1.0000000000000002, 1.0)  # as good as one value, whose logarithm is as good as 0
@settings(max_examples=400)
def test_a_logarithmic_axis_has_ticks_however_little_it_spans(low: float, factor: float) -> None:
    axis = axis_of([(low, low), (low * factor, low * factor)], [8.0, 8.0], 120.0, always_log=True)
    assert axis.log
    assert len(axis.ticks) >= 2
    assert all(axis.low <= tick <= axis.high for tick in axis.ticks)
    assert len(set(axis.texts)) == len(axis.texts)
    assert axis.share(low) * 120 >= 7.99
    assert axis.share(low * factor) * 120 <= 112.01
