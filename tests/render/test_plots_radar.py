"""The radar: costs over a baseline's."""

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srbench.render.plots.costs import radar_of
from srbench.render.plots.radar import draw, radar, rings_of, styles_of
from tests.builders import with_figures
from tests.render.looking import check_texts, notes, said
from tests.render.plot_data import HOSTILE, MORE, SEVEN, measured

ALL = measured(SEVEN)
BSRN, IMDN, MSRN, SPAN = (ALL[k] for k in (0, 2, 3, 6))
NOTHING: dict[str, Any] = {"runtime_ms": None, "peak_memory_mib": None}


def test_every_cost_is_divided_by_the_baseline_s() -> None:
    found = radar_of([BSRN, IMDN], 4, "imdn")
    assert [spoke.key for spoke in found.spokes] == [
        "params", "multi_adds", "activations", "convs", "runtime_ms", "peak_memory_mib",
    ]  # fmt: skip
    [shape] = found.shapes
    # BSRN over IMDN: 352,400 / 715,176 parameters and so on, 206 / 46 convolutions, 400 / 250 ms, 360 / 280 MiB.
    assert shape.ratios == pytest.approx(
        (352_400 / 715_176, 19_177_176_448 / 40_885_865_472, 355_881_376 / 107_827_200, 206 / 46, 1.6, 9 / 7)
    )
    assert found.baseline.ratios == (1, 1, 1, 1, 1, 1)


def test_the_baseline_is_the_costliest_unless_it_is_named() -> None:
    assert radar_of(ALL, 4).baseline.row.variant == "msrn"
    assert radar_of(ALL, 4, "SPAN").baseline.row.variant == "span"
    failed = with_figures(MSRN, status="OOM", **NOTHING)
    found = radar_of([*ALL[:3], failed, SPAN], 4)
    assert found.baseline.row.variant == "imdn"  # of those whose costs are all known
    assert "Not shown: MSRN (OOM)" in found.notes


def test_only_what_the_baseline_knows_is_a_spoke() -> None:
    found = radar_of([with_figures(IMDN, **NOTHING), BSRN], 4, "imdn")
    assert [spoke.key for spoke in found.spokes] == ["params", "multi_adds", "activations", "convs"]
    assert "for a 1280x720 GT" in found.notes[0]


def test_what_cannot_be_divided_is_named() -> None:
    found = radar_of([IMDN, BSRN, with_figures(SPAN, runtime_ms=None), replace(MSRN, status="MISMATCH")], 4, "imdn")
    assert "Not shown: SPAN (no Runtime); MSRN (MISMATCH)" in found.notes


@pytest.mark.parametrize(
    ("rows", "baseline", "message"),
    [
        (ALL, "imd", "no baseline 'imd'; did you mean imdn"),
        (ALL[:1], None, "nothing to plot as radar beside BSRN: no network"),
        ([], None, "nothing to plot as radar: no row of x4"),
        (
            [with_figures(r, params=None, convs=None, activations=None, **NOTHING) for r in ALL],
            None,
            "only 1 costs are known",
        ),
    ],
)
def test_errors(rows: Any, baseline: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        radar_of(rows, 4, baseline)


def test_rings() -> None:
    linear = rings_of([0.5, 1.5])
    assert (linear.log, linear.at) == (False, (0.5, 1.0, 1.5))
    assert (linear.share(0), linear.share(0.75), linear.share(1.5)) == (0, 0.5, 1)
    log = rings_of([0.02, 4.0])
    assert log.log
    assert log.share(4.0) == pytest.approx(1)
    # Equal ratios are equal distances.
    assert log.share(0.4) - log.share(0.04) == pytest.approx(log.share(1) - log.share(0.1))
    assert 0 < log.share(0.02) < 0.2
    assert {0.1, 1.0} <= set(log.at)


def test_networks_of_one_colour_have_other_lines() -> None:
    bsrn, small, imdn = styles_of([SEVEN[0], MORE[0], SEVEN[2]])
    assert bsrn["color"] == small["color"] != imdn["color"]
    assert bsrn["linestyle"] != small["linestyle"]
    assert bsrn["marker"] != small["marker"]


@pytest.mark.parametrize("rows", [ALL[:1] + ALL[2:3], ALL[:5], ALL])
def test_nothing_covers_anything(rows: Any) -> None:
    figure = draw(radar_of(rows, 4))
    check_texts(figure)
    shapes = [line for axes in figure.axes for line in axes.lines if line.get_gid() == "shape"]
    assert len(shapes) == len(rows) - 1


@pytest.mark.parametrize("count", [3, len(HOSTILE)])
def test_names_of_users_break_nothing(count: int) -> None:
    rows = [with_figures(IMDN, model="Net", variant=name, params=1e5 + i) for i, name in enumerate(HOSTILE[-count:])]
    figure = draw(radar_of([IMDN, *rows], 4, "imdn"))
    check_texts(figure)
    assert r"\$\frac" in said(figure, "legend-text") + said(figure, "label")


def test_the_corners_are_the_ratios() -> None:
    figure = draw(radar_of([IMDN, with_figures(IMDN, variant="imdn-wide", params=2 * 715_176.0)], 4, "imdn"))
    [axes] = figure.axes
    [shape] = [line for line in axes.lines if line.get_gid() == "shape"]
    [base] = [line for line in axes.lines if line.get_gid() == "baseline"]
    ys = np.asarray(base.get_ydata(), dtype=float)
    middle = ys[:-1].mean()
    tops = np.asarray(shape.get_ydata(), dtype=float).max() - middle, ys.max() - middle
    assert tops[0] == pytest.approx(2 * tops[1])


def test_files(tmp_path: Path) -> None:
    paths = radar([BSRN, IMDN], 4, "imdn", tmp_path / "r")
    assert [path.name for path in paths] == ["r.png", "r.pdf", "r.svg", "r.csv"]
    with paths[3].open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["variant"], first["params_ratio"], first["convs"]) == ("imdn", "1", "46")
    assert (second["variant"], float(second["runtime_ms_ratio"])) == ("bsrn", 1.6)
    assert float(second["runtime_ms"]) == 400


def test_the_note_says_what_luma_alone_means() -> None:
    assert "(Y) works on luma alone" in notes(draw(radar_of(ALL, 4)))
