"""Measured quality in leaderboards: whose it is, which copy of a set, and how it stands beside what papers print."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

import measure_quality
import model_defs
from srbench.board.leaderboard import rows_of
from srbench.board.measured import MeasuredBook, measured_of, reference
from srbench.board.published import ClaimBook, load_claims
from srbench.cases import Mode, Weights
from srbench.fingerprint import Fingerprint
from srbench.quality.evaluate import BICUBIC
from srbench.quality.protocols import PRESETS, Score
from srbench.quality.results import Checkpoint, Evaluation, ImageResult, QualityRecord, SetRead
from srbench.render import formats, tables
from tests.builders import NOON, make_case, make_machine, make_model, make_record

COPY, OTHER = "a" * 64, "b" * 64


def quality(variant: str = "bsrn", psnr_mse: float = 38.0, copy: str = COPY, **changes: Any) -> QualityRecord:
    """One image of Set5 by the protocol of papers."""
    asked = Evaluation(
        model=make_model(variant),
        scale=4,
        checkpoint=Checkpoint(file="net.pth", sha256="c" * 64, form="deploy"),
        dataset=SetRead(name="Set5", images=1, sha256=copy, lr_source="files in LRbicx4"),
        protocols=(PRESETS["ntire"], PRESETS["paper"]),
        device="cpu",
    ).model_copy(update={k: v for k, v in changes.items() if k in Evaluation.model_fields})
    scores = (Score(mse=99.0, ssim=0.5), Score(mse=psnr_mse, ssim=0.89))
    record = QualityRecord(
        srbench_version="0.1.0",
        evaluation=asked,
        machine=make_machine(),
        finished=NOON,
        images=(ImageResult(name="baby", scores=scores),),
    )
    return record.model_copy(update={k: v for k, v in changes.items() if k in QualityRecord.model_fields})


def test_a_record_gives_its_means_by_the_protocol_of_papers() -> None:
    found = measured_of(quality())
    assert found is not None
    # 10 log10(255^2 / 38) = 10 log10(1711.184) = 32.3330 dB.
    assert found.psnr_y == pytest.approx(32.3330, abs=1e-4)
    assert found.ssim_y == 0.89
    assert (found.network, found.dataset, found.checkpoint) == ("bsrn", "Set5", "net.pth")


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "CRASH"},
        {"images": ()},
        {"mode": Mode(tile=48)},
        {"network": Fingerprint(state="d" * 64, tensors=2, random=1, random_names=("a",), files={})},
        {"protocols": (PRESETS["ntire"], PRESETS["paper-rounded"])},
    ],
)
def test_what_is_not_complete_or_not_exact_is_no_figure_of_a_leaderboard(changes: dict[str, Any]) -> None:
    assert measured_of(quality(**changes)) is None


@pytest.mark.parametrize("mode", [Mode(dtype="bfloat16"), Mode(layout="channels_last"), Mode(engine="compile")])
def test_a_mode_has_its_own_figures_and_no_others(mode: Mode) -> None:
    model = make_model("bsrn")
    book = MeasuredBook([quality("bsrn", psnr_mse=38.0), quality("bsrn", psnr_mse=40.0, mode=mode)])
    plain, other = (book.figures(model, 4, mode=each)["psnr_y", "Set5"].value for each in (Mode(), mode))
    # 10 log10(255^2 / 38) and 10 log10(255^2 / 40).
    assert plain == pytest.approx(32.3330, abs=1e-4)
    assert other == pytest.approx(32.1102, abs=1e-4)
    assert not book.figures(model, 4, mode=Mode(dtype="float16"))
    assert not MeasuredBook([quality("bsrn")]).figures(model, 4, mode=mode)


def test_results_of_different_copies_are_never_in_one_column() -> None:
    older, newer = quality("bsrn"), quality("imdn", copy=OTHER, finished=NOON + timedelta(hours=1))
    book = MeasuredBook([newer, older])
    assert book.figures(make_model("imdn"), 4)
    assert not book.figures(make_model("bsrn"), 4)


def test_the_users_own_stands_before_the_reference() -> None:
    own = quality(psnr_mse=38.0)
    measured = measured_of(quality(psnr_mse=50.0))
    assert measured is not None
    for book, mse in ((MeasuredBook([own], [measured]), 38.0), (MeasuredBook([], [measured]), 50.0)):
        figures = book.figures(make_model("bsrn"), 4)
        assert figures["psnr_y", "Set5"].value == Score(mse=mse, ssim=0).psnr


def test_the_other_form_stands_in_where_the_own_was_not_measured() -> None:
    book = MeasuredBook([quality("span")])
    train = make_model("span", "train")
    assert book.figures(train, 4)["psnr_y", "Set5"].kind == "measured"
    assert not book.figures(train, 2)


@pytest.mark.parametrize(
    ("other", "of_deploy", "of_train"),
    [("a", {"Set5"}, {"Set14"}), ("c", {"Set5", "Set14"}, {"Set5", "Set14"})],
)
def test_the_other_forms_figures_join_those_of_the_same_checkpoint_alone(
    other: str, of_deploy: set[str], of_train: set[str]
) -> None:
    # The own form on Set5 with checkpoint c..., the other form on Set14 with this or with another one.
    train = quality(
        "span",
        model=make_model("span", "train"),
        checkpoint=Checkpoint(file="other.pth", sha256=other * 64, form="train"),
        dataset=SetRead(name="Set14", images=1, sha256=OTHER, lr_source=""),
    )
    book = MeasuredBook([quality("span"), train])
    deploy = make_model("span")
    assert {dataset for _, dataset in book.figures(deploy, 4)} == of_deploy
    assert {dataset for _, dataset in book.figures(train.evaluation.model, 4)} == of_train


def test_a_table_shows_measured_beside_published_with_the_difference() -> None:
    book = MeasuredBook([quality()])
    rows = rows_of([make_record(make_case("bsrn"))], ClaimBook(load_claims()), book)
    page = formats.markdown(tables.sections(rows), "x4")
    # BSRN x4 on Set5: published 32.35 (model_defs/published), here 32.33.
    assert "32.33/0.8900 (-0.02)" in page
    assert "PSNR-Y(BT.601 16-235, crop 4, RGB uint8, Y float)" in page
    assert "measured here, with net.pth (sha256 cccccccc)" in page
    [cells] = csv.DictReader(io.StringIO(tables.csv(rows)))
    assert cells["psnr_y_set5_kind"] == "measured"
    assert float(cells["psnr_y_set5"]) == pytest.approx(32.3330, abs=1e-4)


def test_a_set_of_ones_own_has_columns_behind_the_promised_ones() -> None:
    own = SetRead(name="Faces", images=1, sha256=OTHER, lr_source="files in LR")
    book = MeasuredBook([quality(), quality(dataset=own, psnr_mse=50.0)])
    rows = rows_of([make_record(make_case(name)) for name in ("bsrn", "imdn")], ClaimBook(load_claims()), book)
    header, *lines = list(csv.reader(io.StringIO(tables.csv(rows))))
    added = [f"{key}{end}" for key in ("psnr_y_Faces", "ssim_y_Faces") for end in ("", "_kind", "_source")]
    assert header == [*tables.csv_header(), *added]
    cells = {line[1]: dict(zip(header, line, strict=True)) for line in lines}
    # 10 log10(255^2 / 50) = 31.1411 dB.
    assert float(cells["bsrn"]["psnr_y_Faces"]) == pytest.approx(31.1411, abs=1e-4)
    assert cells["bsrn"]["psnr_y_Faces_kind"] == "measured"
    assert cells["imdn"]["psnr_y_Faces"] == ""
    page = formats.markdown(tables.sections(rows), "x4")
    assert "31.14/0.8900" in page
    assert "Measured on Faces (1 images" in page


def test_the_table_that_comes_with_srbench_is_that_of_its_records() -> None:
    assert measure_quality.TABLE.read_text(encoding="utf-8") == measure_quality.table()


def test_the_reference_is_of_networks_of_the_zoo_on_whole_sets() -> None:
    assert reference()
    for each in reference():
        assert each.network == BICUBIC or each.scale in model_defs.get(each.network).scales
        # data/README.md: so many images has each set.
        assert each.images == {"Set5": 5, "Set14": 14, "B100": 100}[each.dataset]


def test_a_row_is_of_one_checkpoint() -> None:
    # A user's own BSRN on Set5 must not stand beside what the official one scored on Set14.
    official = [m for m in reference() if (m.network, m.scale) == ("bsrn", 4)]
    assert {m.dataset for m in official} >= {"Set5", "Set14", "B100"}
    copy = next(m.dataset_sha256 for m in official if m.dataset == "Set5")
    own = MeasuredBook([quality(copy=copy)], official).figures(make_model("bsrn"), 4)
    assert {dataset for _, dataset in own} == {"Set5"}
    assert own["psnr_y", "Set5"].source.startswith("measured here, with net.pth")
    shipped = MeasuredBook([], official).figures(make_model("bsrn"), 4)
    assert shipped["psnr_y", "Set14"].source.startswith("measured by srbench before, with net_g_BSRN_x4.pth")


def test_where_weights_are_named_what_others_scored_is_left_out() -> None:
    book, model = MeasuredBook([quality()]), make_model("bsrn")
    same = Weights(file="again.pth", sha256="c" * 64, path="/again.pth")
    other = Weights(file="net.pth", sha256="d" * 64, path="/net.pth")
    assert book.figures(model, 4, file=same) == book.figures(model, 4) != {}
    assert book.figures(model, 4, file=other) == {}
    records = [make_record(make_case("bsrn", weights=each)) for each in (same, other)]
    rows = {row.remark: row.measured for row in rows_of(records, ClaimBook(load_claims()), book)}
    assert [bool(rows["weights: again.pth"]), bool(rows["weights: net.pth"])] == [True, False]
