"""Any column on any axis, as area or as colour: throughput, scales of colours, and what is pale."""

from dataclasses import replace

import numpy as np
import pytest

from srbench.board.metrics import RUNTIME
from srbench.measure.stats import Interval
from srbench.render.columns import find, score_column
from srbench.render.plots.colors import ARCHITECTURE_COLORS, Paint, color_of, color_scale, pale
from srbench.render.plots.figure import draw
from srbench.render.plots.look import Look
from srbench.render.plots.points import chart_of, csv_of
from srbench.render.plots.presets import PRESETS, preset
from srbench.render.plots.spec import PlotSpec
from tests.builders import with_figures
from tests.render.looking import check_texts, notes, said
from tests.render.plot_data import MORE, ON_RUNTIME, SEVEN, SPEC, measured, timed

ALL = measured(SEVEN)


def test_throughput_is_gt_megapixels_a_second() -> None:
    row = with_figures(SEVEN[0], batch=2, runtime_ms=Interval(400, 320, 500, "t95_processes"))
    column = find("throughput")
    # 2 images of 1280 x 720 = 1.8432 MP, in 0.4 s; the interval turns over: 0.5 s is the lowest rate.
    assert column.label == "Throughput [MP/s]"
    assert column.value(row) == pytest.approx(1.8432 / 0.4)
    spread = column.spread(row)
    assert spread is not None
    assert (spread.low, spread.high) == pytest.approx((1.8432 / 0.5, 1.8432 / 0.32))
    assert column.value(with_figures(row, runtime_ms=None)) is None
    assert column.value(replace(row, gt_width=None)) is None


def test_what_is_high_is_good_on_the_front_too() -> None:
    rows = timed([SEVEN[0], SEVEN[2], SEVEN[3]])  # one ms for each K of parameters: BSRN the quickest and best
    chart = chart_of(rows, PlotSpec(find("throughput"), find("psnr")))
    assert [p.row.variant for p in chart.front] == ["bsrn"]
    assert any(note.startswith("Throughput on cpu of bench") for note in chart.notes)
    header, lines = csv_of(chart)
    figures = ["throughput_mp_s", "psnr_y_set5", "runtime_low_ms", "runtime_high_ms"]
    assert header[6:] == ["kind", *figures, "on_front", "source", "engine", "layout"]
    assert lines[0][7] == pytest.approx(0.9216 / 0.3524)


def test_a_score_is_an_axis_too_also_one_of_none() -> None:
    rows = timed(SEVEN[:3])
    scores = {
        (row.network, row.form): score for row, score in zip(rows, (0.0, 96.9), strict=False)
    }  # below bicubic the real-time challenge gives 0
    column = score_column("rtsr2023", "Score: so and so", "high", scores)
    chart = chart_of(rows, PlotSpec(find("params"), column))
    assert [p.y for p in chart.points] == [0.0, 96.9]
    assert any("no Score (rtsr2023)" in note for note in chart.notes)  # the third
    assert "Score: so and so" in chart.notes
    assert [p.row.variant for p in chart.front] == [rows[i].variant for i in (0, 1)]  # BSRN is the smaller one
    check_texts(draw(chart))


@pytest.mark.parametrize("name", ["runtime", "throughput"])
def test_error_bars_are_the_interval(name: str) -> None:
    for spec in (PlotSpec(find(name), find("params")), PlotSpec(find("params"), find(name))):
        [axes] = draw(chart_of(timed(SEVEN[:1]), spec)).axes
        [bar] = [line for line in axes.lines if line.get_gid() == "interval"]
        ends = np.asarray(bar.get_xdata() if spec.x.key == find(name).key else bar.get_ydata(), dtype=float)
        low, high = 352.4 / 1.1, 352.4 / 0.9
        assert list(ends) == pytest.approx([low, high] if name == "runtime" else [921.6 / high, 921.6 / low])


def test_an_architecture_has_one_colour_in_every_figure() -> None:
    for spec in (SPEC, ON_RUNTIME, PlotSpec(find("memory"), find("psnr"))):
        chart = chart_of(measured(SEVEN), spec)
        strong = {p.row.variant: Paint().of(replace(p, dominated=False)) for p in chart.points}
        assert strong == {p.row.variant: ARCHITECTURE_COLORS[p.row.model.upper()] for p in chart.points}
    assert color_of(MORE[0]) == color_of(SEVEN[0])  # BSRN-S is a BSRN


def test_pale_is_nearer_to_white() -> None:
    # 0.55 of 0xD5, 0x5E and 0x00, and 0.45 of 255: 231.9, 166.45, 114.75.
    assert pale("#D55E00") == "#E8A673"


def test_dominated_points_are_pale_and_said_so() -> None:
    chart = chart_of([*SEVEN, *MORE], SPEC)
    # BSRN has fewer parameters and a better PSNR than all others; luma alone is not compared.
    assert {p.row.variant for p in chart.points if p.dominated} == {"imdn", "msrn", "rfdn-paper"}
    assert {p.row.variant for p in chart.points if not p.dominated} == {"bsrn", "bsrn-s", "ecbsr"}
    assert "Pale: dominated" in chart.notes
    assert Paint().of(next(p for p in chart.points if p.row.variant == "imdn")) == pale(ARCHITECTURE_COLORS["IMDN"])
    assert not any("dominated" in note for note in chart_of(SEVEN[:1], SPEC).notes)


def test_a_scale_of_colours() -> None:
    linear = color_scale(find("memory"), [100, 500])
    assert linear is not None
    assert (linear.log, linear.share(300), linear.value(0.25)) == (False, 0.5, 200)
    log = color_scale(find("memory"), [10, 1000])
    assert log is not None
    assert log.log
    assert (log.share(100), log.value(0.5)) == pytest.approx((0.5, 100))
    one = color_scale(find("memory"), [7.0])
    assert one is not None
    assert one.share(7.0) == 0
    assert color_scale(None, [1]) is color_scale(find("memory"), []) is None
    assert len({linear.color_at(i / 10) for i in range(11)}) == 11


def test_colour_by_a_column() -> None:
    spec = PlotSpec(find("throughput"), find("psnr"), find("params"), 4, find("memory"))
    chart = chart_of([*ALL, with_figures(MORE[0], runtime_ms=RUNTIME.spread(ALL[0]))], spec)
    figure = draw(chart, Look(notes=True))
    check_texts(figure)
    words = said(figure, "legend-text")
    # ECBSR has 50 MiB, MSRN 800: sixteen times as much.
    assert {"Colour: Peak memory [MiB]", "50.0", "800.0 (log)"} <= set(words)
    below = notes(figure)
    assert "Grey names: dominated" in below
    assert "Grey: no Peak memory" in below
    assert "Without colour: BSRN-S (no Peak memory)" in below
    header, lines = csv_of(chart)
    assert lines[0][header.index("peak_memory_mib")] == 360


@pytest.mark.parametrize("name", ["params", "multi-adds", "acts", "convs", "runtime", "throughput", "memory", "psnr"])
def test_any_column_on_any_axis(name: str) -> None:
    other = "params" if name == "psnr" else "psnr"
    spec = PlotSpec(find(name), find(other), find("convs"), 4, find("acts"))
    check_texts(draw(chart_of(ALL, spec)))
    check_texts(draw(chart_of(ALL, replace(spec, x=spec.y, y=spec.x, size=None))))


def test_failed_and_missing_networks_stand_in_the_margin() -> None:
    lost = with_figures(ALL[0], runtime_ms=None, peak_memory_mib=None, status="OOM")
    noisy = replace(ALL[2], status="NOISY")
    below = notes(draw(chart_of([lost, noisy, *ALL[3:]], ON_RUNTIME), Look(notes=True)))
    assert "Not shown: BSRN (OOM); RepSR, SPAN (no PSNR on Set5)." in below
    assert "Status: IMDN (NOISY)." in below


def test_presets() -> None:
    assert {name: each.figure for name, each in PRESETS.items() if each.figure != "trade-off"} == {
        "scaling": "scaling", "layers": "layers",
    }  # fmt: skip
    for name in ("fig1", "runtime", "memory"):
        each = preset(name)
        assert [find(column).key for column in (each.x, each.y, each.size)]
    with pytest.raises(ValueError, match="unknown preset 'layer'; did you mean layers"):
        preset("layer")
    with pytest.raises(ValueError, match="unknown preset 'zzz'; known are fig1, runtime, memory, scaling"):
        preset("zzz")
