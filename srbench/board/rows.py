"""One line of a leaderboard: everything that tables and figures show of a network."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from srbench.board.figures import Figure
from srbench.cases import MODE_SIGN, labelled, titled
from srbench.counts import Uncounted
from srbench.statuses import FAILURES, Status

QualityKind = Literal["measured", "published", "secondary", "approximate"]


@dataclass(frozen=True)
class Quality:
    """One PSNR (dB) or SSIM figure.

    Attributes:
        value: the number.
        printed: its digits as the source prints them.
        kind: where it is from.
        source: the table of the paper, or the record.
        sibling: layout that it belongs to where that is not the row's variant; None for the row's own.
        protocol: how the source departs from the usual test protocol; empty where it does not.
        how: of a measured figure the copy of the set and the whole protocol.
    """

    value: float
    printed: str
    kind: QualityKind
    source: str
    sibling: str | None = None
    protocol: str = ""
    how: str = ""


@dataclass(frozen=True)
class Row:
    """One line of a leaderboard; None where something is not known.

    ``network`` names the network itself, whatever it is called (:attr:`srbench.cases.Model.identity`); ``mode`` is how
    it ran, as a mark behind its name; ``node`` tells machines of one description apart; ``figures`` holds those
    metrics of :data:`srbench.board.metrics.METRICS` that are known, by key and in the table's raw unit; ``title`` is
    its name as papers write it, where that alone does not say which of several it is; ``note`` is what the zoo says of
    it, ``remark`` what its user does, and with which weights it ran; ``uncounted`` are operators of unknown cost.
    """

    model: str
    variant: str
    scale: int
    form: str = ""
    colors: str = ""
    gt_width: int | None = None
    gt_height: int | None = None
    lr_width: int | None = None
    lr_height: int | None = None
    batch: int | None = None
    dtype: str = ""
    device: str = ""
    machine: str = ""
    network: str = ""
    threads: int | None = None
    engine: str = ""
    layout: str = ""
    node: str = ""
    mode: str = ""
    figures: Mapping[str, Figure] = field(default_factory=dict)
    status: Status | Literal["PUBLISHED"] = "VALID"
    reason: str = ""
    advice: str = ""
    note: str = ""
    remark: str = ""
    title: str = ""
    uncounted: tuple[Uncounted, ...] = ()
    quality: Mapping[tuple[str, str], Quality] = field(default_factory=dict)
    measured: Mapping[tuple[str, str], Quality] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """As people type it, with its form where that is not the usual one."""
        return labelled(self.variant or self.model, self.form)

    @property
    def name(self) -> str:
        """For readers, as papers write it, with its form and its mode: ``SPAN (train) · bf16``."""
        name = self.title or titled(self.model, self.variant)
        return name + (" (train)" if self.form == "train" else "") + (MODE_SIGN + self.mode if self.mode else "")

    @property
    def failed(self) -> bool:
        """Whether it has no usable measurement."""
        return self.status in FAILURES

    def published_quality(self, metric: str, dataset: str) -> Quality | None:
        """The claim that belongs to this very variant, None where only a sibling has one."""
        found = self.quality.get((metric, dataset))
        return found if found is not None and found.sibling is None else None

    def own_quality(self, metric: str, dataset: str) -> Quality | None:
        """The measured figure of this very variant, else the published one."""
        return self.measured.get((metric, dataset)) or self.published_quality(metric, dataset)
