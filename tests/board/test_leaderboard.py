"""Records joined with claims: what stands in a row, which records make rows, and in which order.

Claims are the committed ones; each expected figure has the table that prints it beside it.
"""

import pytest

from srbench.board.leaderboard import of_one_machine, published_rows, rows_of, without_shadows
from srbench.board.metrics import RUNTIME
from srbench.board.published import ClaimBook, load_claims
from srbench.board.rows import Quality
from srbench.cases import Model
from srbench.facts import Machine
from srbench.measure.stats import Interval
from srbench.records import Record, Status
from tests.builders import (
    MIB,
    make_case,
    make_claim,
    make_counts,
    make_latency,
    make_machine,
    make_model,
    make_record,
    make_size,
)

NO_CLAIMS = ClaimBook(())


@pytest.fixture(scope="module")
def claims() -> ClaimBook:
    return ClaimBook(load_claims())


def shapes_only(variant: str = "bsrn", scale: int = 4, **changes: object) -> Record:
    """What ``--static-only`` stores."""
    return make_record(make_case(variant, scale, device="none", **changes), latency=None, memory=None)


# --- What a row holds


def test_a_row_is_the_record_in_its_units() -> None:
    [row] = rows_of([make_record()], NO_CLAIMS)
    assert (row.model, row.variant, row.scale, row.form, row.colors) == ("BSRN", "bsrn", 4, "", "rgb")
    assert (row.gt_width, row.gt_height, row.lr_width, row.lr_height) == (1280, 720, 320, 180)
    assert (row.batch, row.dtype, row.device) == (1, "float32", "cpu")
    assert row.machine == "Test CPU, 2 cores, 8 GiB"
    counts = {"params": 352_400, "multi_adds": 19_177_176_448, "activations": 355_881_376, "convs": 206}
    assert counts.items() <= row.figures.items()
    # Seven samples of 101 to 107 ms; the interval of seven is their range (coverage 1 - 2 / 128).
    assert row.figures.get("runtime_ms") == Interval(104, 101, 107, "binomial95")
    assert row.figures.get("peak_memory_mib") == 150
    assert (row.status, row.quality) == ("VALID", {})


def test_a_runtime_of_three_processes_has_their_interval() -> None:
    [row] = rows_of([make_record(latency=make_latency([99, 100], [100, 102], [102, 102]))], NO_CLAIMS)
    # Medians 99.5, 101 and 102 ms.
    runtime = RUNTIME.spread(row)
    assert runtime is not None
    assert (runtime.median, runtime.method) == (101, "t95_processes")
    assert runtime.low < 99.5
    assert runtime.high > 102


def test_a_row_without_a_measurement_has_no_numbers_for_it() -> None:
    [row] = rows_of([shapes_only()], NO_CLAIMS)
    assert (row.device, row.figures.get("runtime_ms"), row.figures.get("peak_memory_mib")) == ("", None, None)
    assert row.figures.get("multi_adds") == 19_177_176_448


def test_a_row_that_could_not_be_counted_has_no_counts() -> None:
    [row] = rows_of([make_record(complexity=None)], NO_CLAIMS)
    assert not {"params", "multi_adds", "activations", "convs", "predicted_peak_mib"} & row.figures.keys()
    assert row.figures.get("runtime_ms") is not None


def test_a_failed_row_says_why_and_what_to_do() -> None:
    record = make_record(status="TIMEOUT", latency=None, memory=None, reason="no answer", advice="raise --timeout")
    [row] = rows_of([record], NO_CLAIMS)
    assert (row.status, row.reason, row.advice) == ("TIMEOUT", "no answer", "raise --timeout")


def test_no_samples_no_runtime() -> None:
    [row] = rows_of([make_record(status="TIMEOUT", latency=make_latency())], NO_CLAIMS)
    assert row.figures.get("runtime_ms") is None


@pytest.mark.parametrize(
    ("threads", "cores", "device"), [(2, 2, "cpu"), (1, 2, "cpu (1 thread)"), (4, 8, "cpu (4 threads)")]
)
def test_the_threads_are_said_where_they_are_not_all_cores(threads: int, cores: int, device: str) -> None:
    record = make_record(make_case(threads=threads), machine=make_machine(cores=cores))
    assert rows_of([record], NO_CLAIMS)[0].device == device


# --- Claims


def test_a_variant_has_the_claims_of_its_own(claims: ClaimBook) -> None:
    [row] = rows_of([make_record()], claims)
    # BSRN x4, as the table of LKDN's README has it.
    expected = {
        ("psnr_y", "Set5"): "32.35",
        ("ssim_y", "Set5"): "0.8966",
        ("psnr_y", "Set14"): "28.73",
        ("ssim_y", "Set14"): "0.7847",
        ("psnr_y", "B100"): "27.65",
        ("ssim_y", "B100"): "0.7387",
        ("psnr_y", "Urban100"): "26.27",
        ("ssim_y", "Urban100"): "0.7908",
        ("psnr_y", "Manga109"): "30.84",
        ("ssim_y", "Manga109"): "0.9123",
    }
    assert {cell: figure.printed for cell, figure in row.quality.items()} == expected
    for (metric, dataset), printed in expected.items():
        figure = row.own_quality(metric, dataset)
        assert figure is not None
        assert (figure.value, figure.kind, figure.sibling) == (float(printed), "published", None)
        assert figure.source


def test_claims_follow_the_scale(claims: ClaimBook) -> None:
    [row] = rows_of([make_record(make_case("imdn", 2))], claims)
    figure = row.own_quality("psnr_y", "Set5")
    assert figure is not None
    assert figure.printed == "38.00"  # IMDN x2: the PSNR/SSIM table of arXiv 1909.11856; x4 is 32.21


def test_a_claim_of_a_sibling_is_marked_and_never_the_rows_own(claims: ClaimBook) -> None:
    [row] = rows_of([make_record(make_case("rfdn"))], claims)
    # The paper prints these of the 550 K network, which is rfdn-paper; the released one has 433 K.
    psnr, ssim = (row.quality[metric, "Set5"] for metric in ("psnr_y", "ssim_y"))
    assert (psnr.printed, ssim.printed) == ("32.24", "0.8952")
    assert psnr.sibling == ssim.sibling == "rfdn-paper"
    assert all(row.own_quality(metric, dataset) is None for metric, dataset in row.quality)

    [owner] = rows_of([make_record(make_case("rfdn-paper"))], claims)
    figure = owner.own_quality("psnr_y", "Set5")
    assert figure is not None
    assert (figure.printed, figure.sibling) == ("32.24", None)


def test_a_claim_without_a_layout_says_so(claims: ClaimBook) -> None:
    # SPAN's paper has a plot that does not say which width it shows.
    [row] = rows_of([make_record(make_case("span"))], claims)
    figure = row.quality["psnr_y", "Set14"]
    assert (figure.kind, figure.sibling) == ("approximate", "SPAN, layout not stated")
    assert row.own_quality("psnr_y", "Set14") is None


@pytest.mark.parametrize("variant", ["span", "span-ch52", "repsr", "imdn-as"])
def test_what_nobody_prints_is_not_there(claims: ClaimBook, variant: str) -> None:
    [row] = rows_of([make_record(make_case(variant))], claims)
    assert ("psnr_y", "Set5") not in row.quality


def test_a_users_network_has_no_claims_whatever_it_is_called(claims: ClaimBook) -> None:
    own = make_case(model=make_model("bsrn", architecture="BSRN", source="/nets/bsrn.py"))
    assert rows_of([make_record(own)], claims)[0].quality == {}


@pytest.mark.parametrize(("kind", "protocol"), [("published", ""), ("secondary", "shave 0"), ("approximate", "")])
def test_a_figure_keeps_digits_kind_source_and_protocol(kind: str, protocol: str) -> None:
    book = ClaimBook((make_claim("psnr_y", "32.30", "dB", kind=kind, protocol=protocol),))
    [row] = rows_of([make_record()], book)
    figure = row.own_quality("psnr_y", "Set5")
    assert figure == Quality(32.3, "32.30", figure.kind, "A paper, Table 4", None, protocol)  # type: ignore[union-attr]
    assert figure is not None
    assert figure.kind == kind


# --- Order


def test_cheapest_first_then_by_name() -> None:
    records = [
        make_record(make_case("span"), complexity=make_counts(multi_adds=24)),
        make_record(make_case("imdn"), complexity=make_counts(multi_adds=41)),
        make_record(make_case("bsrn"), complexity=make_counts(multi_adds=24)),
        make_record(make_case("ecbsr"), complexity=None),
        make_record(make_case("msrn", 2), complexity=make_counts(multi_adds=1367)),
    ]
    order = [(row.scale, row.variant) for row in rows_of(records, NO_CLAIMS)]
    assert order == [(2, "msrn"), (4, "bsrn"), (4, "span"), (4, "imdn"), (4, "ecbsr")]


@pytest.mark.parametrize("status", ["OOM", "CRASH", "TIMEOUT", "MISMATCH", "UNSUPPORTED"])
def test_failed_rows_are_last_whatever_they_would_have_cost(status: Status) -> None:
    records = [
        make_record(make_case("span"), status, complexity=make_counts(multi_adds=1)),
        make_record(make_case("bsrn"), complexity=make_counts(multi_adds=2)),
        make_record(make_case("ecbsr"), complexity=None),
    ]
    assert [row.variant for row in rows_of(records, NO_CLAIMS)] == ["bsrn", "ecbsr", "span"]


def test_the_order_comes_from_unrounded_values() -> None:
    records = [
        make_record(make_case(name), complexity=make_counts(multi_adds=multi_adds))
        for name, multi_adds in (("bsrn", 19_177_000_001), ("span", 19_177_000_000))
    ]
    assert [row.variant for row in rows_of(records, NO_CLAIMS)] == ["span", "bsrn"]


# --- Machines


HERE, THERE = make_machine("Here"), make_machine("There")


def records_of_two() -> list[Record]:
    def one(variant: str, machine: Machine, minutes: int) -> Record:
        return make_record(make_case(variant), machine=machine, minutes=minutes)

    return [one("bsrn", THERE, 0), one("span", HERE, 5), one("imdn", THERE, 3)]


def test_a_table_shows_the_machine_of_the_newest_record() -> None:
    assert [r.case.model.variant for r in of_one_machine(records_of_two())] == ["span"]


def test_a_machine_may_be_named() -> None:
    assert [r.case.model.variant for r in of_one_machine(records_of_two(), "There")] == ["bsrn", "imdn"]


def test_all_machines() -> None:
    assert of_one_machine(records_of_two(), "all") == records_of_two()


def test_an_unknown_machine_is_answered_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="no record of machine 'Nowhere'; there are Here, There, or all"):
        of_one_machine(records_of_two(), "Nowhere")


@pytest.mark.parametrize("machine", [None, "all", "There"])
def test_no_records_of_no_machine(machine: str | None) -> None:
    assert of_one_machine([], machine) == []


# --- Shapes-only records beside measured ones


@pytest.mark.parametrize("status", ["VALID", "TIMEOUT"])
def test_a_measured_record_takes_the_place_of_a_shapes_only_one(status: Status) -> None:
    measured = make_record(make_case("bsrn"), status)
    assert without_shadows([shapes_only("bsrn"), measured]) == [measured]
    assert len(rows_of([measured, shapes_only("bsrn")], NO_CLAIMS)) == 1


@pytest.mark.parametrize(
    "other",
    [
        shapes_only("span"),
        shapes_only("bsrn", 2),
        shapes_only(model=make_model(form="train")),
        shapes_only(size=make_size(batch=2)),
        shapes_only(size=make_size(3, lr_rounding="floor")),
    ],
    ids=lambda record: f"{record.case.model.variant} {record.case.model.form} x{record.case.size.scale}",
)
def test_another_question_is_not_shadowed(other: Record) -> None:
    records = [make_record(make_case("bsrn")), other]
    assert without_shadows(records) == records


def test_several_devices_keep_their_rows() -> None:
    records = [make_record(make_case(device=device)) for device in ("cpu", "cuda:0")]
    assert without_shadows(records) == records


# --- Networks that the zoo does not have


def test_comparison_rows_have_claims_and_nothing_else(claims: ClaimBook) -> None:
    rows = published_rows(4, claims)
    assert rows
    for row in rows:
        assert (row.scale, row.status, row.variant, row.device, row.machine) == (4, "PUBLISHED", "", "", "")
        # Papers state Multi-Adds for a 1280x720 GT; a row without them has no input to state.
        assert row.gt_width == (1280 if row.figures.get("multi_adds") is not None else None)
        assert row.figures.get("runtime_ms") is None
        assert row.figures.get("peak_memory_mib") is None
        assert row.quality
        assert all(figure.kind != "measured" and figure.source for figure in row.quality.values())
    zoo = {"BSRN", "RFDN", "IMDN", "MSRN", "ECBSR", "REPSR", "SPAN"}
    assert not zoo & {row.model.upper() for row in rows}


def test_a_comparison_row_states_the_input_of_its_costs(claims: ClaimBook) -> None:
    [row] = [row for row in published_rows(4, claims) if row.model == "FSRCNN"]
    # As papers of the field print it for a 1280x720 GT: 12 K and 4.6 G.
    assert (row.figures.get("params"), row.figures.get("multi_adds")) == (12_000, 4_600_000_000)
    assert row.reason.startswith("costs for 1280x720 GT from ")
    figure = row.own_quality("psnr_y", "Set5")
    assert figure is not None
    assert figure.printed == "30.71"


def test_a_scale_that_nobody_prints(claims: ClaimBook) -> None:
    assert published_rows(7, claims) == []


def test_peak_memory_is_in_mebibytes() -> None:
    memory = make_record().memory
    assert memory is not None
    record = make_record(memory=memory.model_copy(update={"peak_bytes": 3 * MIB // 2}))
    assert rows_of([record], NO_CLAIMS)[0].figures["peak_memory_mib"] == 1.5


def test_networks_of_one_title_are_told_apart_by_their_files() -> None:
    paths = ("/nets/a/net.py", "/nets/b/net.py", "/nets/b/other.py")
    models = [Model(architecture="Net", variant=f"{path}:Net", source=path) for path in paths]
    records = [make_record(make_case().model_copy(update={"model": model})) for model in models]
    names = {row.network: row.name for row in rows_of([*records, make_record(make_case("span"))], NO_CLAIMS)}
    assert [names[f"{path}:Net"] for path in paths] == ["Net (a/net.py)", "Net (b/net.py)", "Net (b/other.py)"]
    assert names["span"] == "SPAN"


def test_what_was_only_counted_is_of_every_machine() -> None:
    here = make_record(make_case("span"), machine=make_machine("here"))
    later = make_record(make_case("bsrn", device="none"), machine=make_machine("there"), minutes=5)
    assert of_one_machine([here, later]) == [here, later]
    assert of_one_machine([here, later], "here") == [here, later]
    assert of_one_machine([later]) == [later]
