"""The sentences under a figure: what holds for all of it, what its marks mean, what is not in it and why."""

from collections.abc import Sequence

from srbench.board.leaderboard import PAPER_GT
from srbench.board.metric import Metric
from srbench.board.rows import Row
from srbench.measure.stats import Interval
from srbench.records import FAILURES
from srbench.render.columns import SCORE
from srbench.render.plots.naming import few, listed, shorten
from srbench.render.plots.spec import PlotSpec, of_a_machine, per_image


def conditions(rows: Sequence[Row], spec: PlotSpec, *, measured: bool) -> list[str]:
    """Data set, scale, PSNR convention, GT size and machine; ``measured``: some of the quality figures are ours.

    Args:
        rows: that are drawn.
        spec: of the figure.
        measured: whether srbench measured some of the quality figures.
    """
    said = [f"{shorten(spec.dataset, 60)} x{spec.scale}" if spec.dataset else f"x{spec.scale}"]
    titles = {column.key: column.title.partition(" on ")[0] for column in spec.columns}
    quality = [titles[column.key] for column in spec.columns if column.cell is not None]
    if quality:
        said.append(f"{' and '.join(dict.fromkeys(quality))} on Y{'' if measured else ' as published'}")
    if counted := spec.draws(per_image):
        said.append(f"{' and '.join(column.title for column in counted)} for a {gt_sizes(rows, counted)} GT")
    if timed := spec.draws(of_a_machine):
        said.append(f"{' and '.join(column.title for column in timed)} on {machine(rows)}")
    return said + [column.meaning for column in spec.columns if column.key == SCORE]


def bars(spreads: Sequence[Interval]) -> list[str]:
    """What error bars are; nothing where there are none."""
    if not spreads:
        return []
    ranges = [s.method == "range" for s in spreads]
    short = "range of fewer than 6 samples or 3 processes"
    wide = f"95\N{NO-BREAK SPACE}% interval of the median{f', or {short}' if any(ranges) else ''}"
    return [f"Bars: {short if all(ranges) else wide}"]


def sizes(rows: Sequence[Row], spec: PlotSpec) -> list[str]:
    """Say where costs of one figure are for images of several sizes; nothing where they are of one."""
    counted = spec.draws(per_image)
    several = gt_sizes(rows, counted)
    titles = " and ".join(column.title for column in counted)
    return [f"{titles} of different GT sizes: {several}"] if " / " in several else []


def gt_sizes(rows: Sequence[Row], counted: Sequence[Metric]) -> str:
    """``1280x720``, or several, of the rows that have one of the columns; a row without a size is a paper's."""
    counting = [row for row in rows if any(column.raw(row) is not None for column in counted)]
    found = dict.fromkeys((r.gt_width, r.gt_height) if r.gt_width else PAPER_GT for r in counting)
    return few([f"{w}x{h}" for w, h in found])


def papers(rows: Sequence[Row]) -> list[str]:
    """Say which networks are in a figure by what papers print, where others were measured."""
    published = [row.status == "PUBLISHED" for row in rows]
    return ["Grey: all figures as papers print them"] if any(published) and not all(published) else []


def machine(rows: Sequence[Row], *, with_size: bool = True) -> str:
    """``cpu of BENCH, float32, batch 1, LR 320x180``, of all the rows that were measured on one."""
    devices = [f"{row.device} of {shorten(row.machine, 60)}" for row in rows if row.device]
    batches = [f"batch {row.batch}" for row in rows if row.batch]
    sizes = [f"LR {row.lr_width}x{row.lr_height}" for row in rows if row.lr_width and with_size]
    parts = [devices, [row.dtype for row in rows if row.dtype], batches, sizes]
    return ", ".join(few(list(dict.fromkeys(part))) for part in parts if part)


def marks(rows: Sequence[Row], protocols: Sequence[str] = ()) -> list[str]:
    """What the marks behind the names mean, for those that occur."""
    said = ["*\N{NO-BREAK SPACE}reconstruction"] if any(r.note.startswith("reconstruction") for r in rows) else []
    said += ["(Y)\N{NO-BREAK SPACE}works on luma alone"] if any(r.colors == "y" for r in rows) else []
    departures = dict.fromkeys(shorten(protocol, 60) for protocol in protocols if protocol)
    return said + ([f"†\N{NO-BREAK SPACE}{few(list(departures))}; not on the front"] if departures else [])


def not_shown(reasons: Sequence[tuple[str, str]]) -> list[str]:
    """Networks that are missing from the figure, with the reason of each."""
    return [f"Not shown: {listed(reasons)}"] if reasons else []


def care(named: Sequence[tuple[str, Row]], *, timed: bool) -> list[str]:
    """Name drawn rows whose run failed, and on a machine's axis those whose run was not steady."""
    fine = ("VALID", "PUBLISHED")
    doubtful = [(name, row.status) for name, row in named if row.status not in fine]
    said = listed([(name, status) for name, status in doubtful if timed or status in FAILURES])
    return [f"Status: {said}"] if said else []
