"""What travels from Python to the page, as JSON. Numbers are in the column's unit, and their texts come along."""

from typing import Literal

from srbench.board.rows import QualityKind
from srbench.facts import Frozen


class ColumnData(Frozen):
    """A metric of :mod:`srbench.board.metrics`.

    Attributes:
        dataset: the test set of a quality column, empty for a cost.
        short: its name over a table's column.
        derived: whether other columns say it already, so that a table shows it on request only.
        of: what it belongs to: the network alone, the network at an image size, or the machine as well.
        timed: whether what disturbs a runtime disturbs it.
    """

    key: str
    title: str
    short: str
    unit: str
    good: Literal["low", "high"] | None
    meaning: str
    of: Literal["network", "image", "machine"]
    dataset: str = ""
    derived: bool = False
    timed: bool = False


class CostData(Frozen):
    """A cost of a row: the number, how it is printed, its interval where it has one, whether it is a lower bound."""

    value: float
    text: str
    low: float | None = None
    high: float | None = None
    bound: bool = False


class FigureData(Frozen):
    """A PSNR or SSIM with its source; ``sibling`` is whose figure it is where it is not the row's own."""

    value: float
    text: str
    kind: QualityKind
    source: str
    sibling: str = ""
    protocol: str = ""
    how: str = ""


class RowData(Frozen):
    """One row of the leaderboard.

    Attributes:
        name: as typed on the command line.
        label: the name with its marks, as tables have it.
        network: the same number for rows of one network, form and colours, whatever mode they ran in.
        bare: the label without the mode.
        mode: as the mark behind a name has it; empty for float32 run eagerly.
        size, lr: GT and LR size as ``1280x720``; empty where they are not known.
        batch: images a pass; 0 where it is not known.
        load: the input in words.
        place: device and machine in words; empty for a row that shapes alone give.
        state: the status; PUBLISHED for a row that only papers know.
        failed: whether it has no usable measurement.
        luma: whether the network works on luma only.
        color: index into :attr:`PageData.colors`.
        measured, published: by column key.
    """

    name: str
    label: str
    model: str
    form: str
    scale: int
    network: int
    bare: str
    mode: str = ""
    size: str
    lr: str = ""
    batch: int = 0
    load: str
    place: str
    state: str
    failed: bool = False
    luma: bool = False
    rank: int | None = None
    reason: str = ""
    advice: str = ""
    note: str = ""
    color: int = 0
    costs: dict[str, CostData]
    measured: dict[str, FigureData]
    published: dict[str, FigureData]


class LibraryData(Frozen):
    """What the page is built on."""

    name: str
    version: str
    licence: str
    text: str


class Term(Frozen):
    """A word or mark and what it means."""

    word: str
    meaning: str


class PageData(Frozen):
    """Everything but what lies behind single rows.

    Attributes:
        version: of srbench.
        newest: when the newest record was finished.
        sentence: what the rows say, in one sentence; empty where nobody worded it.
        machines: what the records were measured on, a line each.
        notes: how numbers are made, beyond what the columns say.
        colors: of networks, as hexadecimal, for a white ground.
    """

    version: str
    newest: str
    sentence: str = ""
    machines: tuple[str, ...] = ()
    costs: tuple[ColumnData, ...]
    quality: tuple[ColumnData, ...]
    rows: tuple[RowData, ...]
    notes: tuple[str, ...]
    marks: tuple[Term, ...]
    verdicts: tuple[Term, ...]
    libraries: tuple[LibraryData, ...]
    colors: tuple[str, ...]


class VisitData(Frozen):
    """The passes of one process in ms, and what disturbed it."""

    round: int
    cold: float
    warmup: tuple[float, ...]
    samples: tuple[float, ...]
    median: float | None
    remarks: tuple[str, ...] = ()


#: Label and text of one fact.
Fact = tuple[str, str]
#: Operator and place, input, output, parameters, Multi-Adds, activations.
LayerRow = tuple[str, str, str, str, int, int, int]


class DetailData(Frozen):
    """What lies behind a row; the numbers are indices into the lists of :class:`Details`, which many rows share."""

    file: str
    finished: str
    version: str
    machine: int
    settings: int
    layers: int | None = None
    visits: tuple[VisitData, ...] = ()
    runtime: tuple[Fact, ...] = ()
    memory: tuple[Fact, ...] = ()
    counters: tuple[str, ...] = ()
    traceback: str = ""


class Details(Frozen):
    """What lies behind all rows, in their order; None for a row that only papers know."""

    machines: tuple[tuple[Fact, ...], ...]
    settings: tuple[tuple[Fact, ...], ...]
    layers: tuple[tuple[LayerRow, ...], ...]
    rows: tuple[DetailData | None, ...]
