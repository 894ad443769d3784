"""The trade-off figure: nothing covers anything, it prints at 8 cm, and the files hold what they should."""

import csv
import math
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from srbench.board.leaderboard import published_rows
from srbench.board.published import ClaimBook, load_claims
from srbench.board.rows import QualityKind, Row
from srbench.errors import InputError
from srbench.render.plots import Look, trade_off
from srbench.render.plots.colors import ARCHITECTURE_COLORS, PUBLISHED_COLOR, color_of
from srbench.render.plots.figure import draw
from srbench.render.plots.layout import Box
from srbench.render.plots.points import chart_of
from srbench.render.plots.sheet import LINE_PT
from tests.render.plot_data import HOSTILE, MORE, ON_RUNTIME, SEVEN, SPEC, distance, overlap, row, timed

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def compared() -> list[Row]:
    """The zoo among all networks that papers compare with."""
    return [*SEVEN, *MORE, *published_rows(4, ClaimBook(load_claims()))]


# --- The figure


def test_area_is_proportional() -> None:
    figure = draw(chart_of(SEVEN, SPEC))
    (bubbles,) = collections(figure, "bubbles")
    # The largest first: MSRN, IMDN, ECBSR, BSRN. matplotlib's sizes are areas of the squares around the circles.
    per_g = np.asarray(bubbles.get_sizes()) / [376.8289344, 40.885865472, 34.5378816, 19.177176448]
    assert per_g == pytest.approx([per_g[0]] * 4)
    texts = [t.get_text() for t in found(figure, "legend-text")]
    assert texts == ["Area: Multi-Adds [G]", "10", "50", "200", "Pareto front"]
    legend = [float(c.get_sizes()[0]) for c in collections(figure, "legend")]
    assert legend[:3] == pytest.approx(per_g[0] * np.array([10, 50, 200]))


def test_colors_belong_to_architectures(compared: list[Row]) -> None:
    assert color_of(MORE[0]) == color_of(SEVEN[0]) == ARCHITECTURE_COLORS["BSRN"]
    assert len({color_of(r) for r in SEVEN}) == 7
    assert {color_of(r) for r in compared if r.status == "PUBLISHED"} == {PUBLISHED_COLOR}
    assert color_of(replace(SEVEN[0], model="Net")) not in ARCHITECTURE_COLORS.values()


@pytest.mark.parametrize("name", ["seven", "more", "compared", "runtime", "one place", "hostile"])
def test_nothing_covers_anything(name: str, compared: list[Row]) -> None:
    rows, spec = {
        "seven": (SEVEN, SPEC),
        "more": ([*SEVEN, *MORE], SPEC),
        "compared": (compared, SPEC),
        "runtime": (timed([*SEVEN, *MORE]), ON_RUNTIME),
        "one place": ([replace(SEVEN[0], variant=f"{n}.py:{n}", model=n) for n in ("Ab", "Cd", "Ef")], SPEC),
        "hostile": ([row(v, "Net", 1e5 + 2e4 * i, 1e9, 32.0) for i, v in enumerate(HOSTILE)], SPEC),
    }[name]
    chart = chart_of(rows, spec)
    figure = draw(chart)
    labels = [box_of(t) for t in found(figure, "label")]
    # Every network has its name beside it; in a crowd most have, and those of the front.
    assert len(labels) == len(chart.points) or (name == "compared" and len(labels) > len(chart.points) / 2)
    assert {p.label for p in chart.points if p.on_front} <= {t.get_text() for t in found(figure, "label")}
    others = [box_of(t) for t in (*found(figure, "note"), *found(figure, "legend-text"), *tick_labels(figure))]
    assert not [pair for pair in combinations([*labels, *others], 2) if overlap(*pair)]
    assert not [box for box in labels for x, y, r in circles(figure) if distance(box, x, y) < r]
    assert not [box for box in labels for x, y in along_front(figure) if distance(box, x, y) == 0]
    frame = figure.axes[0].get_window_extent()
    assert all(box.x0 > frame.x0 and box.y0 > frame.y0 for box in labels)
    width, height = figure.bbox.width, figure.bbox.height
    assert all(b.x0 >= 0 and b.y0 >= 0 and b.x1 <= width and b.y1 <= height for b in [*labels, *others])
    assert all(frame.x0 <= x - r and x + r <= frame.x1 and frame.y0 <= y - r for x, y, r in circles(figure))
    assert min(float(t.get_fontsize()) for t in figure.findobj(Text)) >= 7


def test_names_without_room_stand_in_a_note() -> None:
    crowd = [
        row(f"{i}.py:Quite_long_name_{i}", f"Quite_long_name_{i}", 1e5, 1e9, 32.0) for i in range(66)
    ]  # as many as call for the highest axes at once
    figure = draw(chart_of(crowd, SPEC), Look(notes=True))
    labels = [box_of(t) for t in found(figure, "label")]
    assert labels
    assert not any(overlap(a, b) for a, b in combinations(labels, 2))
    assert "more (no room)" in " ".join(t.get_text() for t in reversed(found(figure, "note")))


@pytest.mark.parametrize("look", [Look(), Look(width_cm=17.5), Look(font="serif")])
def test_the_figure_is_4_to_3_or_square_with_its_legend_within(compared: list[Row], look: Look) -> None:
    for rows in ([*SEVEN, *MORE], compared):
        figure = draw(chart_of(rows, SPEC), look)
        width, height = (72 * float(side) for side in figure.get_size_inches())
        below = LINE_PT * len(found(figure, "note"))
        assert any((height - below) / width == pytest.approx(shape, abs=0.01) for shape in (0.75, 1.0))
        frame = figure.axes[0].get_window_extent()
        boxes = [box_of(t) for t in found(figure, "legend-text")]
        assert rows is compared or all(
            frame.x0 <= box.x0 and box.x1 <= frame.x1 and box.y1 <= frame.y1 for box in boxes
        )


def test_no_leader_crosses_another_or_a_name(compared: list[Row]) -> None:
    figure = draw(chart_of(compared, SPEC))
    leaders = [np.asarray(line.get_xydata()) for line in figure.axes[0].lines if line.get_gid() == "leader"]
    assert leaders
    for (a, b), (c, d) in combinations(leaders, 2):
        turns = [np.linalg.det(np.array([q - p, r - p])) for p, q, r in ((a, b, c), (a, b, d), (c, d, a), (c, d, b))]
        assert not (turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0)
    names = [box_of(t) for t in found(figure, "label")]
    for ends in leaders:
        for x, y in np.linspace(ends[0], ends[1], 200)[1:] * figure.dpi / 72:
            assert sum(distance(box, x, y) == 0 for box in names) <= 1  # its own, where it begins


def test_what_is_far_out_is_an_arrow_at_the_edge_with_its_value() -> None:
    figure = draw(chart_of([*SEVEN, *MORE], SPEC))
    assert "MSRN (6,078 K)" in [t.get_text() for t in found(figure, "label")]
    assert len([line for line in figure.axes[0].lines if line.get_gid() == "beyond"]) == 1
    assert figure.axes[0].get_xlim()[1] < 1000


def test_limits_are_the_ends_of_the_axes() -> None:
    spec = replace(SPEC, xlim=(100.0, 800.0), ylim=(32.1, 32.4))
    [axes] = draw(chart_of([*SEVEN[:3], *MORE], spec)).axes
    assert (axes.get_xlim(), axes.get_ylim()) == ((100.0, 800.0), (32.1, 32.4))


def test_what_stands_out_has_a_star_and_a_bold_name() -> None:
    figure = draw(chart_of([*SEVEN, *MORE], replace(SPEC, highlight=("BSRN-S",))))
    [stars] = collections(figure, "stars")
    assert len(np.asarray(stars.get_offsets())) == 1
    bold = [t.get_text() for t in found(figure, "label") if t.get_fontweight() == "bold"]
    assert bold == ["BSRN-S"]
    others = [c.get_zorder() for c in figure.axes[0].collections if c is not stars]
    assert stars.get_zorder() > max(others)


def test_the_front_runs_behind_the_points() -> None:
    axes = draw(chart_of([*SEVEN, *MORE], SPEC)).axes[0]
    [front] = [line for line in axes.lines if line.get_gid() == "front"]
    assert front.get_zorder() < min(c.get_zorder() for c in axes.collections if c.get_gid() != "legend")


def test_notes_stand_below_on_request_and_warnings_always() -> None:
    chart = chart_of(SEVEN, SPEC)
    [bare, full] = [" ".join(t.get_text() for t in found(draw(chart, Look(notes=n)), "note")) for n in (False, True)]
    assert "Not shown" not in bare
    assert "luma alone" in bare.replace("\N{NO-BREAK SPACE}", " ")
    assert "Not shown" in full


def test_kinds_are_told_apart_and_only_those_present_are_explained() -> None:
    kinds: list[QualityKind] = ["measured", "secondary", "approximate"]
    rows = [row(f"{k}.py:N", "N", 1e5 * (i + 1), 1e9, 32.0, kind=k) for i, k in enumerate(kinds)]
    figure = draw(chart_of(rows, SPEC))
    assert [bool(collections(figure, f"dots-{k}")) for k in (*kinds, "published")] == [True, True, True, False]
    texts = [t.get_text() for t in found(figure, "legend-text")]
    assert texts[4:] == ["measured", "secondary source", "read off a plot", "Pareto front"]


def test_runtime_has_its_interval_drawn() -> None:
    figure = draw(chart_of(timed(SEVEN[:1]), ON_RUNTIME))
    (bar,) = [line for line in figure.axes[0].lines if line.get_gid() == "interval"]
    assert list(np.asarray(bar.get_xdata())) == pytest.approx([352.4 / 1.1, 352.4 / 0.9])


# --- Files


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return trade_off([*SEVEN, *MORE], SPEC, tmp_path_factory.mktemp("plots") / "new" / "x4.v1")


def test_printed_size(written: list[Path]) -> None:
    assert [path.name for path in written] == ["x4.v1.png", "x4.v1.pdf", "x4.v1.svg", "x4.v1.csv"]
    with Image.open(written[0]) as image:
        dpi = image.info["dpi"]
        assert dpi == pytest.approx((300, 300), abs=0.01)
        assert image.width / dpi[0] * 2.54 == pytest.approx(8.0, abs=0.01)
        height_pt = image.height / dpi[1] * 72
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+) ?\]", written[1].read_bytes())
    assert box is not None
    svg = ET.parse(written[2]).getroot()
    for width, height in ((box[1], box[2]), (svg.attrib["width"].rstrip("pt"), svg.attrib["height"].rstrip("pt"))):
        assert float(width) / 72 * 2.54 == pytest.approx(8.0, abs=0.01)
        assert float(height) == pytest.approx(height_pt, abs=0.01)


def test_csv_has_the_raw_numbers(written: list[Path]) -> None:
    with written[3].open(newline="") as file:
        header, first, *rest = csv.reader(file)
    assert header == [
        *("model", "variant", "form", "kind", "params", "psnr_y_set5", "multi_adds", "on_front", "source"),
    ]
    assert first == ["BSRN", "bsrn", "deploy", "published", "352400", "32.35", "19177176448", "true", "Table 1"]
    assert [(line[1], line[7]) for line in rest] == [
        ("imdn", "false"), ("msrn", "false"), ("ecbsr", "false"), ("bsrn-s", "true"), ("rfdn-paper", "false"),
    ]  # fmt: skip


def test_csv_of_runtimes_names_the_machine(tmp_path: Path) -> None:
    (path,) = trade_off(timed(SEVEN[:1]), ON_RUNTIME, tmp_path / "t", Look(formats=()))
    with path.open(newline="") as file:
        (line,) = csv.DictReader(file)
    assert (line["dtype"], line["device"], line["machine"], line["runtime_ms"]) == ("float32", "cpu", "bench", "352.4")
    assert math.isclose(float(line["runtime_low_ms"]), 352_400 / 1100)
    assert math.isclose(float(line["runtime_high_ms"]), 352_400 / 900)


def test_names_of_users_break_nothing(tmp_path: Path) -> None:
    rows = [row(v, "Net", 1e5 + 2e4 * i, 1e9, 32.0, machine="$^_$") for i, v in enumerate([*HOSTILE, "+1", "-1"])]
    paths = trade_off(timed(rows), ON_RUNTIME, tmp_path / "$x_1^2$")
    ET.parse(paths[2])
    with paths[3].open(newline="") as file:
        variants = [line["variant"] for line in csv.DictReader(file)]
    assert {"'=cmd|' /C calc'!A0", "'@a   b c", "'+1", "'-1", HOSTILE[0]} <= set(variants)


def test_the_same_rows_give_the_same_bytes(written: list[Path], tmp_path: Path) -> None:
    """Also in a process with other hashes, which must not have touched pyplot's global state."""
    code = (
        "import sys; from pathlib import Path\n"
        "import srbench.render.plots as plots\n"
        "assert not {'matplotlib', 'numpy'} & set(sys.modules), 'the command line must start fast'\n"
        "from tests.render.plot_data import MORE, SEVEN, SPEC\n"
        f"plots.trade_off([*SEVEN, *MORE], SPEC, Path({str(tmp_path)!r}) / 'x4.v1')\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    environment = {"PYTHONHASHSEED": "1", "PATH": "", "MPLCONFIGDIR": str(tmp_path / "config")}
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "matplotlibrc").write_text("font.size: 30\nsavefig.bbox: tight\n")
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)
    for path in written:
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.suffix


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--format 'jpg' is none of png, pdf, svg"):
        Look(formats=("jpg",))
    with pytest.raises(InputError, match="--font 'comic' is none of sans, serif"):
        Look(font="comic")
    with pytest.raises(InputError, match="--width nan is not from 5 to 60 cm"):
        Look(width_cm=math.nan)
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        trade_off(SEVEN, SPEC, tmp_path / "file" / "x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# --- Looking at a figure


def found(figure: Figure, gid: str) -> list[Text]:
    return [text for text in figure.findobj(Text) if text.get_gid() == gid]


def collections(figure: Figure, gid: str) -> list[PathCollection]:
    return [c for c in figure.findobj(PathCollection) if isinstance(c, PathCollection) and c.get_gid() == gid]


def tick_labels(figure: Figure) -> list[Text]:
    axes = figure.axes[0]
    return [*axes.get_xticklabels(), *axes.get_yticklabels()]


def box_of(text: Text) -> Box:
    extent = text.get_window_extent()
    return Box(extent.x0, extent.y0, extent.x1, extent.y1)


def circles(figure: Figure) -> Iterator[tuple[float, float, float]]:
    """Everything round in the axes, in pixels: x, y, radius."""
    for collection in figure.axes[0].collections:
        assert isinstance(collection, PathCollection)
        if collection.get_gid() == "legend":
            continue
        offsets = figure.axes[0].transData.transform(np.asarray(collection.get_offsets()))
        sizes = np.broadcast_to(collection.get_sizes(), len(offsets))
        for (x, y), size in zip(offsets, sizes, strict=True):
            yield float(x), float(y), math.sqrt(size) / 2 * figure.dpi / 72


def along_front(figure: Figure) -> Iterator[tuple[float, float]]:
    """Closely spaced points of the front, in pixels."""
    for line in figure.axes[0].lines:
        if line.get_gid() == "front":
            corners = figure.axes[0].transData.transform(np.asarray(line.get_xydata()))
            for a, b in pairwise(corners):
                yield from ((float(x), float(y)) for x, y in np.linspace(a, b, 200))
