"""The layers figure: counts joined with times, and summed into blocks."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from srbench.counts import Uncounted
from srbench.measure.layers import LayerTime, LayerTimes
from srbench.render.plots.breakdown import MOST_BARS, Part, bars_of, breakdown_of, totals
from srbench.render.plots.layers import draw, label_of, layers
from srbench.render.plots.look import Look
from tests.render.baselines import counted, taken_apart
from tests.render.looking import check_texts, notes, said
from tests.render.plot_data import HOSTILE, SEVEN


def times(**own_ms: float) -> LayerTimes:
    found = [LayerTime(name.replace("__", "."), "Conv2d", 1, ms * 1e6) for name, ms in own_ms.items()]
    total = sum(t.self_ns for t in found)
    return LayerTimes(tuple(found), hooked_ns=total, plain_ns=total, passes=5)


def test_counts_meet_times_by_the_module_s_path() -> None:
    counts = [counted("a", 3), counted("b.c", 5), counted("b.c", 7), counted("called.as.function", 11)]
    parts = breakdown_of(SEVEN[0], counts, times(a=1, b__act=2, b__c=4), "cpu of bench").parts
    assert [(p.name, p.time_ns, p.multi_adds) for p in parts] == [
        ("a", 1e6, 3), ("b.act", 2e6, 0), ("b.c", 4e6, 12), ("called.as.function", 0, 11),
    ]  # fmt: skip
    assert totals(parts) == (7e6, 26)


def test_few_layers_stand_by_themselves_many_in_blocks() -> None:
    few = [Part("head", "", 1e6, 10), Part("body.0", "", 2e6, 20), Part("body.1", "", 3e6, 30)]
    assert bars_of(few) == few
    many = [Part(f"body.{i}.conv{k}", "", 1e6, 10) for i in range(8) for k in range(3)]
    assert [(b.name, b.time_ns, b.multi_adds, b.modules) for b in bars_of([few[0], *many])] == [
        ("head", 1e6, 10, 1), *((f"body.{i}", 3e6, 30, 3) for i in range(8)),
    ]  # fmt: skip


def test_too_many_blocks_leave_the_quickest_as_others() -> None:
    parts = [Part(f"layer{i}", "", (i + 1) * 1e6, 1) for i in range(50)]
    bars = bars_of(parts)
    assert len(bars) == MOST_BARS
    # 11 of 50 stand by themselves, in the order of the pass; the 39 with 1 to 39 ms are one bar: 39 * 40 / 2 = 780 ms.
    assert [bar.name for bar in bars[:-1]] == [f"layer{i}" for i in range(39, 50)]
    assert (bars[-1].name, bars[-1].time_ns, bars[-1].multi_adds, bars[-1].modules) == ("others", 780e6, 39, 39)


def test_specks_are_no_bars_of_their_own() -> None:
    parts = [Part("a", "", 1e9, 0), Part("b", "", 1e5, 0), Part("c", "", 0, 5)]
    assert [bar.name for bar in bars_of(parts)] == ["a", "c"]  # b: a ten thousandth of the time
    specks = [Part(f"s{i}", "", 1e6, 0) for i in range(5)]
    bars = bars_of([Part("a", "", 1.1e9, 0), *specks])
    assert [(bar.name, bar.modules) for bar in bars] == [("a", 1), ("others", 5)]


def test_labels() -> None:
    bars = [Part("", "Net", 1, 1), Part("b", "", 1, 1), Part("b.c", "", 1, 1), Part("d", "", 1, 1, 4)]
    assert [label_of(bar, bars) for bar in bars] == ["network itself", "b itself", "b.c", "d (4)"]


def test_the_figure_says_what_hooks_cost() -> None:
    figure = draw(taken_apart(), Look(notes=True))
    check_texts(figure)
    # 2 + 4 + 8 * (5 + 1 + 5) + 10 = 104 ms; 104 / 96 = 1.083; 0.1 + 16 * 2.1 + 1.6 = 35.3 G.
    assert said(figure, "legend-text") == ["Time, RFDN: 104 ms", "Multi-Adds: 35.3 G"]
    below = notes(figure)
    assert "the bars add up to 104.0 ms, a whole pass without hooks takes 96.0 ms (+8%)" in below
    assert "Medians of 12 passes" in below
    assert "Other programs" not in below
    assert said(figure, "label")[:3] == ["network itself", "head", "body.0 (3)"]
    assert said(figure, "amount")[:6] == ["2.00 ms", "0", "4.00 ms", "0.10 G", "11.0 ms", "4.20 G"]


def test_bars_are_shares() -> None:
    [axes] = draw(taken_apart()).axes
    widths = [patch.get_width() for patch in axes.patches if patch.get_gid() == "bar"]  # type: ignore[attr-defined]
    assert widths[2:6] == pytest.approx([100 * 4 / 104, 100 * 0.1 / 35.3, 100 * 11 / 104, 100 * 4.2 / 35.3])
    assert sum(widths) == pytest.approx(200)
    assert axes.get_xlim()[1] > max(widths)


def test_others_on_the_cores_are_named() -> None:
    found = breakdown_of(SEVEN[0], [], times(a=1), "cpu of bench", 1.04)
    assert "Other programs used 1.0 cores meanwhile: all times are too long" in found.warnings
    assert "Other programs" not in " ".join(breakdown_of(SEVEN[0], [], times(a=1), "cpu of bench", 0.05).warnings)


def test_names_of_users_break_nothing() -> None:
    for name in HOSTILE:
        row = replace(SEVEN[0], model="Net", variant=name)
        found = breakdown_of(row, [counted(name, 10)], times(**{name: 3, "w" * 300: 4}), "cpu of $bench$")
        check_texts(draw(found))


def test_nothing_to_count_is_no_division_by_zero(tmp_path: Path) -> None:
    found = breakdown_of(SEVEN[0], [], times(a=1, b=2), "cpu of bench")
    paths = layers(found, tmp_path / "l")
    assert [path.suffix for path in paths] == [".png", ".pdf", ".svg", ".csv"]
    with paths[3].open(newline="") as file:
        first, _ = csv.DictReader(file)
    assert (first["module"], first["time_ms"], first["multi_adds"], first["multi_adds_share"]) == ("a", "1", "0", "")
    assert float(first["time_share"]) == pytest.approx(1 / 3)


def test_what_is_not_counted_is_named_below_the_bars() -> None:
    row = replace(SEVEN[0], uncounted=(Uncounted(operator="mine::\nscan", calls=2, shapes=((8,),)),))
    found = breakdown_of(row, [], times(a=1), "cpu of bench")
    assert "Not counted, of unknown cost: mine:: scan x2 (8)" in found.warnings
