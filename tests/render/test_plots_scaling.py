"""The scaling figure: orders of growth, sizes, what is not fitted."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from srbench.board.metrics import PEAK, RUNTIME
from srbench.render.plots.growth import order_of_growth, scaling_of
from srbench.render.plots.scaling import draw, scaling
from tests.render.looking import check_texts, notes, said
from tests.render.plot_data import HOSTILE, MORE, SEVEN, growing, sized

SPAN, IMDN = SEVEN[6], SEVEN[2]


@given(st.floats(-2, 3), st.floats(1e-3, 1e3), st.lists(st.integers(16, 10**7), min_size=2, max_size=8, unique=True))
def test_the_order_of_a_power_law_is_its_power(power: float, factor: float, sizes: list[int]) -> None:
    fit = order_of_growth(sizes, [factor * size**power for size in sizes])
    assert fit is not None
    # Sizes that differ by 1e-7 leave few digits of a slope.
    assert fit[0] == pytest.approx(power, abs=1e-6 if max(sizes) > 1.01 * min(sizes) else 1e-2)


def test_the_fit_is_that_of_numpy() -> None:
    sizes, values = [100.0, 400.0, 900.0, 2500.0], [1.0, 5.0, 8.0, 31.0]
    fit = order_of_growth(sizes, values)
    assert fit is not None
    slope, intercept = np.polyfit(np.log(sizes), np.log(values), 1)
    assert (fit[0], np.log(fit[1])) == pytest.approx((slope, intercept))


def test_one_size_has_no_order() -> None:
    assert order_of_growth([100, 100], [1, 2]) is None
    assert order_of_growth([], []) is None


def test_orders_of_each_network() -> None:
    span, imdn = scaling_of(growing(), 4).curves
    assert [span.label, imdn.label] == ["SPAN", "IMDN"]
    assert [*span.orders, *imdn.orders] == pytest.approx([1.0, 0.9, 1.1, 1.0])
    figure = draw(scaling_of(growing(), 4))
    assert said(figure, "legend-text") == [
        "Twice the width and height costs",
        "SPAN 4.0x the runtime, 3.5x the peak memory",  # 4^1 and 4^0.9 = 3.48
        "IMDN 4.6x the runtime, 4.0x the peak memory",  # 4^1.1 = 4.59
    ]


def test_pixels_count_not_sides() -> None:
    rows = [sized(SPAN, 100, 50, 10, None), sized(SPAN, 50, 400, 40, None)]  # 5,000 and 20,000 pixels
    [curve] = scaling_of(rows, 4).curves
    assert curve.orders[0] == pytest.approx(1.0)
    assert curve.orders[1] is None
    assert [spot.x for spot in curve.spots(RUNTIME)] == [5, 20]
    figure = draw(scaling_of(rows, 4))
    # No peak is known: one panel.
    assert said(figure, "legend-text") == ["Twice the width and height costs", "SPAN 4.0x the runtime"]
    assert len(figure.axes) == 1


def test_a_disturbed_runtime_is_drawn_but_not_fitted() -> None:
    rows = growing()[:3]
    disturbed = sized(SPAN, 512, 512, 1e5, 0.5 * (512 * 512 / 1e3) ** 0.9, status="CONTENDED")
    found = scaling_of([*rows, disturbed], 4)
    assert found.curves[0].orders == pytest.approx((1.0, 0.9))
    assert [s.fitted for s in found.curves[0].spots(RUNTIME)] == [True, True, True, False]
    assert all(s.fitted for s in found.curves[0].spots(PEAK))
    said_below = notes(draw(found))
    assert "Hollow: disturbed, not in the fit" in said_below
    assert "SPAN 512x512 (CONTENDED)" in said_below


def test_what_has_one_size_or_failed_is_named() -> None:
    lost = sized(SPAN, 2048, 2048, None, None, status="OOM")
    once = sized(SEVEN[0], 64, 64, 5, 5)
    found = scaling_of([*growing(), lost, once], 4)
    assert "Not shown: BSRN (one size); SPAN 2048x2048 (OOM)" in found.notes
    with pytest.raises(ValueError, match=r"two LR sizes or more; of x4 there is only 64x64$"):
        scaling_of([once], 4)
    with pytest.raises(ValueError, match="of x2 there is none"):
        scaling_of([once], 2)


def test_bars_are_the_intervals_and_lines_the_fits() -> None:
    figure = draw(scaling_of(growing()[:3], 4))
    runtime = figure.axes[0]
    bars = [list(map(float, np.asarray(line.get_ydata()))) for line in runtime.lines if line.get_gid() == "interval"]
    assert bars == [pytest.approx([0.9 * n, 1.1 * n]) for n in (4.096, 16.384, 65.536)]
    [fit] = [line for line in runtime.lines if line.get_gid() == "fit"]
    assert np.asarray(fit.get_xydata()).ravel() == pytest.approx([4.096, 4.096, 65.536, 65.536])
    assert all((axes.get_xscale(), axes.get_yscale()) == ("log", "log") for axes in figure.axes)


def test_nothing_covers_anything() -> None:
    check_texts(draw(scaling_of(growing(), 4)))
    named = [
        sized(replace(SPAN, model="Net", variant=name), side, side, side * (i + 1), side)
        for i, name in enumerate(HOSTILE)
        for side in (64, 96)
    ]
    check_texts(draw(scaling_of(named, 4)))
    check_texts(draw(scaling_of([sized(MORE[0], side, side, side, side) for side in (100, 101)], 4)))


def test_files(tmp_path: Path) -> None:
    paths = scaling(growing(), 4, tmp_path / "s")
    assert [path.suffix for path in paths] == [".png", ".pdf", ".svg", ".csv"]
    with paths[3].open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["variant"], line["lr_width"]) for line in lines] == [
        *(("span", str(side)) for side in (64, 128, 256)), *(("imdn", str(side)) for side in (64, 128, 256)),
    ]  # fmt: skip
    assert float(lines[0]["runtime_ms"]) == 4.096
    assert float(lines[3]["runtime_order"]) == pytest.approx(1.1)
