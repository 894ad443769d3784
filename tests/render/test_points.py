"""What a trade-off plot shows: the front, the names, and what is said about rows that are not in it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srbench.board.rows import Row
from srbench.measure.stats import Interval
from srbench.render.plots.naming import shorten
from srbench.render.plots.points import chart_of, csv_of, pareto_front
from tests.builders import with_figures
from tests.render.plot_data import MORE, ON_RUNTIME, SEVEN, SPEC, row, timed

# --- The front

PLACES = st.tuples(st.integers(0, 5), st.integers(0, 5))  # few values, so that ties are common
DIRECTIONS = st.sampled_from(["low", "high"])


@given(st.lists(PLACES, max_size=12), DIRECTIONS, DIRECTIONS)
def test_the_front_is_what_nothing_dominates(points: list[tuple[int, int]], x_good: Any, y_good: Any) -> None:
    def better(a: tuple[int, int], b: tuple[int, int]) -> bool:
        dx, dy = ((a[k] - b[k]) * (1 if good == "high" else -1) for k, good in enumerate((x_good, y_good)))
        return dx >= 0 and dy >= 0 and (dx > 0 or dy > 0)

    front = pareto_front(points, x_good, y_good)
    assert front == sorted(set(front))
    for i, point in enumerate(points):
        if i in front:
            assert not any(better(other, point) for other in points)
        else:
            assert any(better(points[k], point) for k in front)  # by a member, not only by another loser
    assert bool(front) == bool(points)


@given(st.lists(PLACES, max_size=10), st.randoms(use_true_random=False))
def test_the_order_of_the_points_does_not_matter(points: list[tuple[int, int]], random: Any) -> None:
    shuffled = random.sample(points, len(points))
    assert sorted(points[i] for i in pareto_front(points)) == sorted(shuffled[i] for i in pareto_front(shuffled))


def test_front_of_the_papers() -> None:
    # BSRN has the fewest parameters and the best PSNR of the seven; BSRN-S has still fewer.
    assert [p.row.variant for p in chart_of(SEVEN, SPEC).front] == ["bsrn"]
    assert [p.row.variant for p in chart_of([*SEVEN, *MORE], SPEC).front] == ["bsrn-s", "bsrn"]


def test_another_protocol_is_not_compared() -> None:
    odd = row("ecbsr-m4c16-rgb", "ECBSR", 16_768, 953_856_000, 40.0, protocol="GT cropped to a multiple of 12")
    chart = chart_of([*SEVEN, odd], SPEC)
    assert [p.row.variant for p in chart.front] == ["bsrn"]
    assert chart.points[-1].label == "ECBSR-M4C16-RGB†"
    assert any("GT cropped to a multiple of 12; not on the front" in said for said in chart.warnings)


# --- What is plotted, what is only named


def test_a_sibling_s_figure_is_never_a_point() -> None:
    chart = chart_of(SEVEN, SPEC)
    assert [p.row.variant for p in chart.points] == ["bsrn", "imdn", "msrn", "ecbsr"]
    assert "Not shown: RFDN (figure of rfdn-paper); RepSR, SPAN (no PSNR on Set5)" in chart.notes


def test_marks_behind_names() -> None:
    assert [p.label for p in chart_of([*SEVEN, *MORE], SPEC).points] == [
        "BSRN", "IMDN", "MSRN", "ECBSR (Y)", "BSRN-S", "RFDN-paper*",
    ]  # fmt: skip


def test_a_failed_row_is_named_with_its_status() -> None:
    lost = with_figures(SEVEN[3], params=None, multi_adds=None, status="CRASH")
    wrong = replace(SEVEN[2], status="MISMATCH")
    full = replace(SEVEN[4], status="OOM")  # its counts hold all the same
    chart = chart_of([SEVEN[0], lost, wrong, full], SPEC)
    assert [p.row.variant for p in chart.points] == ["bsrn", "ecbsr"]
    assert "Not shown: MSRN (CRASH); IMDN (MISMATCH)" in chart.notes
    assert "Status: ECBSR (OOM)" in chart.warnings
    noisy = replace(timed(SEVEN)[0], status="NOISY")
    assert "Status: BSRN (NOISY)" in chart_of([noisy], ON_RUNTIME).warnings
    assert not any("NOISY" in said for said in chart_of([noisy], SPEC).warnings)  # parameters are never noisy


def test_long_lists_are_cut() -> None:
    many = [row(f"n{i}.py:N{i}", f"N{i}", 1e5, 1e9, None) for i in range(9)]
    assert "Not shown: N0, N1, N2, N3, N4, N5 and 3 more (no PSNR on Set5)" in chart_of([*SEVEN[:1], *many], SPEC).notes


def test_what_the_caption_says() -> None:
    assert chart_of(SEVEN, SPEC).notes[:3] == ("Set5 x4", "PSNR on Y as published", "Multi-Adds for a 1280x720 GT")
    mixed = chart_of([SEVEN[0], replace(SEVEN[2], gt_width=640, gt_height=480)], SPEC)
    assert mixed.notes[2] == "Multi-Adds for a 1280x720 / 640x480 GT"
    assert mixed.warnings == ("Multi-Adds of different GT sizes: 1280x720 / 640x480",)
    assert chart_of(SEVEN[:1], SPEC).warnings == ()
    runtime = chart_of(timed(SEVEN), ON_RUNTIME).notes
    assert runtime[2] == "Runtime on cpu of bench, float32, batch 1, LR 320x180"
    assert runtime[3].replace("\N{NO-BREAK SPACE}", " ") == "Bars: 95 % interval of the median"
    own = row("a.py:A", "A", 1e5, 1e9, 32.0, kind="measured")
    assert chart_of([own], SPEC).notes[1] == "PSNR on Y"


def test_twins_are_told_apart_or_drawn_once() -> None:
    twins = [r for d in ("cpu", "cuda:0") for r in timed([replace(SEVEN[0], device=d, machine=f"with {d}")])]
    assert [p.label for p in chart_of(twins, SPEC).points] == ["BSRN"]  # parameters are the same on every machine
    slower = with_figures(twins[1], runtime_ms=Interval(900, 890, 910, "t95_processes"))
    assert [p.label for p in chart_of([twins[0], slower], ON_RUNTIME).points] == ["BSRN cpu", "BSRN cuda:0"]
    folded = [SEVEN[5], with_figures(SEVEN[5], form="train", params=2_646_736)]
    named = [replace(r, quality=SEVEN[0].quality) for r in folded]
    assert [p.label for p in chart_of(named, SPEC).points] == ["RepSR* (Y)", "RepSR (train)* (Y)"]


def test_nothing_to_plot_says_why() -> None:
    with pytest.raises(
        ValueError, match=r"^nothing to plot as PSNR on Set5 over Params: RepSR, SPAN \(no PSNR on Set5\)$"
    ):
        chart_of(SEVEN[5:], SPEC)
    with pytest.raises(ValueError, match=r"^nothing to plot as PSNR on Set5 over Params: no row of x2$"):
        chart_of(SEVEN, replace(SPEC, scale=2))


# --- What is shown of the axes, and what stands out

SIZES = (156_288, 352_400, 426_288, 433_448, 549_624, 601_808, 715_176)


def sized(*params: int) -> list[Row]:
    return [row(f"n{i}.py:N{i}", f"N{i}", value, 1e9, 32.0 + i / 100) for i, value in enumerate(params)]


def test_a_network_far_out_is_beyond_the_axis_and_in_the_csv() -> None:
    chart = chart_of(sized(*SIZES, 6_078_043), SPEC)
    # The quartiles are 407,816 and 630,150; three times their distance beyond the upper one is 1,297,152.
    assert [p.x for p in chart.points if not chart.holds(p)] == [6_078.043]
    assert (chart.x_extent.low, chart.x_extent.high) == (156.288, 715.176)
    header, lines = csv_of(chart)
    assert lines[-1][header.index("params")] == 6_078_043
    # Without it nothing is far out.
    assert all(map(chart.holds, chart_of(sized(*SIZES), SPEC).points))


def test_what_stands_out_is_never_beyond() -> None:
    chart = chart_of(sized(*SIZES, 6_078_043), replace(SPEC, highlight=("n7",)))
    assert all(map(chart.holds, chart.points))
    assert [p.name for p in chart.points if p.highlighted] == ["N7"]


@pytest.mark.parametrize(("largest", "label"), [(999_999, "Params [K]"), (1_000_000, "Params [M]")])
def test_parameters_are_in_m_from_a_million_on(largest: int, label: str) -> None:
    chart = chart_of(sized(600_000, 700_000, largest), SPEC)
    assert chart.spec.x.label == label
    assert chart.points[-1].x == pytest.approx(largest / (1e6 if label.endswith("[M]") else 1e3))


def test_one_far_out_does_not_choose_the_unit() -> None:
    assert chart_of(sized(*SIZES, 6_078_043), SPEC).spec.x.unit == "K"


def test_limits_are_where_they_were_typed() -> None:
    chart = chart_of(sized(*SIZES), replace(SPEC, xlim=(400, 600)))
    assert [p.x for p in chart.points if chart.holds(p)] == [426.288, 433.448, 549.624]
    with pytest.raises(ValueError, match="no network lies within --xlim and --ylim"):
        chart_of(sized(*SIZES), replace(SPEC, ylim=(1, 2)))


def test_names_that_stand_out_are_those_of_readers_or_of_records() -> None:
    for name in ("BSRN-S", "bsrn-s"):
        chart = chart_of([*SEVEN, *MORE], replace(SPEC, highlight=(name,)))
        assert [p.row.variant for p in chart.points if p.highlighted] == ["bsrn-s"]
    with pytest.raises(ValueError, match="--highlight: no 'bsnr' in the figure; did you mean bsrn"):
        chart_of(SEVEN, replace(SPEC, highlight=("bsnr",)))
    with pytest.raises(ValueError, match=r"--highlight: SPAN is not in the figure \(no PSNR on Set5\)"):
        chart_of(SEVEN, replace(SPEC, highlight=("span",)))


def test_papers_beside_measurements_are_said() -> None:
    paper = replace(row("", "LKDN", 322_000, 18.3e9, 32.39), status="PUBLISHED")
    assert "Grey: all figures as papers print them" in chart_of([SEVEN[0], paper], SPEC).warnings
    assert chart_of([paper], SPEC).warnings == ()


def test_shorten() -> None:
    assert shorten("a  b\n\x00c") == "a b c"
    assert shorten("w" * 200) == "w" * 15 + "…" + "w" * 8
