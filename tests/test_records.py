"""The vocabulary: identity of a case, summaries derived from samples, and JSON that gives back what it got."""

import math
import os
import statistics
import subprocess
import sys

import pytest
from pydantic import ValidationError

from srbench.cases import Case, Mode, Model, Size, titled
from srbench.counts import Count, Difference
from srbench.measure.stats import Interval
from srbench.records import FAILURES, Latency, Memory, Reading, Record, Settings, Status
from tests.builders import (
    MS,
    make_case,
    make_counts,
    make_latency,
    make_model,
    make_record,
    make_size,
    make_visit,
)


def full_record() -> Record:
    """A record with every field set."""
    counts = (
        Count(counter="torch", version="2.6.0", multi_adds=100),
        Count(counter="fvcore", version="0.1.5", multi_adds=103, differences=(Difference(amount=3, where="pool"),)),
        Count(counter="thop", version="", multi_adds=None, error="no such package"),
    )
    settings = Settings(
        seed=1, budget_s=0.5, timeout_s=3, threads=2, matmul_tf32=False, allocator="system", environment={"A": "b"}
    )
    readings = (
        Reading(after=0),
        Reading(after=2, clock_mhz=1980, temperature_c=61, reasons=("SW power cap", "thermal")),
    )
    visits = (
        make_visit(1, 2, warm=None, switches=(0, 3), faults=(7, 0), readings=readings, others_cores=None),
        make_visit(round=1, place=4, warm=False),
    )
    return make_record(
        status="SHORT",
        reason="too slow",
        advice="a smaller --gt",
        detail="Traceback\n  …",
        counts=counts,
        settings=settings,
        latency=Latency(visits=visits),
    )


# --- A case has a key


def test_the_key_is_twelve_hexadecimal_digits() -> None:
    assert len(make_case().key) == 12
    assert int(make_case().key, 16) >= 0


def test_the_key_is_the_same_in_every_process() -> None:
    code = f"from srbench.cases import Case;print(Case.model_validate_json({make_case().model_dump_json()!r}).key)"
    for hash_seed in ("1", "2"):
        found = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        )
        assert found.stdout.strip() == make_case().key


def test_a_note_does_not_change_the_question() -> None:
    noted = make_case(model=make_model(note="reconstruction"))
    assert noted.key == make_case().key


def test_nor_does_the_rounding_that_led_to_a_size() -> None:
    assert make_case(size=make_size(lr_rounding="floor")).key == make_case().key


def test_a_field_that_has_its_default_leaves_no_trace() -> None:
    """So that a case of tomorrow, with one field more, still meets that of today."""

    class Later(Case):
        cores: str = "any"

    case = make_case()
    later = Later(**dict(case))
    assert later.key == case.key
    assert later.model_copy(update={"cores": "big"}).key != case.key


def test_nor_does_how_a_users_file_was_typed() -> None:
    typed = [make_model(name, architecture="Net", source="/nets/my.py") for name in ("my.py:Net", "./my.py:Net")]
    assert make_case(model=typed[0]).key == make_case(model=typed[1]).key
    another = make_model("my.py:Other", architecture="Other", source="/nets/my.py")
    assert make_case(model=another).key != make_case(model=typed[0]).key


@pytest.mark.parametrize(
    "other",
    [
        make_case("rfdn"),
        make_case(scale=2),
        make_case(device="none"),
        make_case(threads=1),
        make_case(model=make_model(form="train")),
        make_case(model=make_model(source="/nets/net.py")),
        make_case(size=make_size(batch=2)),
        make_case(mode=Mode(dtype="float16")),
        make_case(mode=Mode(layout="channels_last")),
        make_case(mode=Mode(engine="compile")),
        make_case(mode=Mode(tile=64)),
        make_case(model=make_model(colors="y")),
        make_case(model=make_model(value_range=255)),
        make_case(size=make_size(gt_width=1281)),
    ],
    ids=lambda case: case.model_dump_json()[:40],
)
def test_another_question_has_another_key(other: Case) -> None:
    assert other.key != make_case().key


# --- Records travel as JSON


@pytest.mark.parametrize(
    "record", [make_record(), full_record(), make_record(complexity=None, latency=None, memory=None)]
)
def test_json_gives_back_the_record(record: Record) -> None:
    text = record.model_dump_json()
    again = Record.model_validate_json(text)
    assert again == record
    assert again.model_dump_json() == text
    assert again.case.key == record.case.key


def test_a_summary_is_derived_and_not_stored() -> None:
    latency = make_latency([5, 1, 9, 3, 7, 2, 4, 8, 6])
    # Nine samples: the interval runs from the second to the eighth (coverage 1 - 2 * 10 / 512).
    assert latency.interval == Interval(5 * MS, 2 * MS, 8 * MS, "binomial95")
    assert set(latency.model_dump()) == {"visits"}
    assert "median_ns" not in latency.visits[0].model_dump()


def test_a_round_with_several_processes_is_one_unit() -> None:
    pairs = [(81, 121), (100, 100), (98, 102.01)]
    visits = [make_visit(ms, ms, ms, round=i) for i, pair in enumerate(pairs) for ms in pair]
    interval = Latency(visits=tuple(visits)).interval
    assert interval is not None
    logs = [math.log(math.sqrt(a * b) * MS) for a, b in pairs]
    # Student's t, 97.5 %, 2 degrees of freedom: 4.302653 (any table).
    half = 4.302653 * statistics.stdev(logs) / math.sqrt(3)
    expected = [math.exp(statistics.fmean(logs) + sign * half) for sign in (-1, 1)]
    assert [interval.low, interval.high] == pytest.approx(expected, rel=1e-6)
    assert interval.method == "t95_processes"


def test_the_process_is_the_unit_of_the_interval() -> None:
    latency = make_latency([90, 100, 500], [99, 101], [100, 102, 80, 102])
    assert latency.process_medians_ns == (100 * MS, 100 * MS, 101 * MS)
    # Logarithms 0, 0 and ln 1.01 above ln 100 ms: mean a third of it, standard deviation ln 1.01 / sqrt(3), so half
    # the width is 4.3027 / 3 of it.
    interval = latency.interval
    assert interval is not None
    assert (interval.median, interval.method) == (100 * MS, "t95_processes")
    expected = [100 * MS * 1.01 ** ((1 + way * 4.302652729911275) / 3) for way in (-1, 1)]
    assert [interval.low, interval.high] == pytest.approx(expected, rel=1e-12)


def test_the_first_passes_are_no_samples() -> None:
    # 900 ms and 500 ms of the cold and the warm-up pass would lie outside this range.
    assert make_latency([1, 2, 3]).interval == Interval(2 * MS, 1 * MS, 3 * MS, "range")


def test_samples_stand_visit_by_visit() -> None:
    assert make_latency([3, 1], [], [2]).samples_ns == (3 * MS, 1 * MS, 2 * MS)


def test_a_visit_without_samples_has_no_median_and_no_vote() -> None:
    latency = make_latency([], [1, 2, 4], [])
    assert [visit.median_ns for visit in latency.visits] == [None, 2 * MS, None]
    assert latency.process_medians_ns == (2 * MS,)
    assert latency.interval == Interval(2 * MS, 1 * MS, 4 * MS, "range")


@pytest.mark.parametrize("latency", [make_latency(), make_latency([], [])])
def test_no_samples_no_summary(latency: Latency) -> None:
    assert latency.interval is None
    assert latency.spread is None
    assert latency.percentile_ns(50) is None


def test_all_passes_of_a_visit_count_as_work() -> None:
    assert make_visit(100, 200).passes_ns == (900 + 500 + 100 + 200) * MS


def test_the_spread_is_that_of_the_middle_process() -> None:
    # Interquartile range over median: 20 / 30, 2 / 30 and nothing; four samples at least.
    latency = make_latency([10, 20, 30, 40, 50], [28, 29, 30, 31, 32], [30, 30, 30, 30], [1, 900])
    assert latency.spread == pytest.approx(2 / 30)
    assert make_latency([1, 2, 3]).spread is None


def test_percentiles_are_of_all_samples_and_only_above_their_floor() -> None:
    # p90 needs 64 samples, whichever processes they come from (methods.md, section 2.8).
    few, enough = make_latency(range(1, 33), range(33, 64)), make_latency(range(1, 33), range(33, 65))
    assert few.percentile_ns(90) is None
    assert enough.percentile_ns(90) == pytest.approx((1 + 0.9 * 63) * MS)
    assert enough.percentile_ns(99) is None


def test_activations_are_what_a_pass_needs_beside_weights_and_input() -> None:
    assert Memory(weights_bytes=100, input_bytes=20, peak_bytes=150, method="").activations_bytes == 30


@pytest.mark.parametrize(("device", "peak"), [("cpu", 240), ("none", 240), ("cuda:0", 200), ("cuda:7", 200)])
def test_the_predicted_peak_is_that_of_the_device(device: str, peak: int) -> None:
    counts = make_counts(peak_bytes=200, cpu_peak_bytes=240)
    assert counts.predicted_peak_bytes(device) == peak


@pytest.mark.parametrize(
    ("scale", "said"),
    [(4, None), (3, "x3: GT 1280x720 is not divisible; LR 427x240 gives 1281x720")],
)
def test_a_remainder_is_stated(scale: int, said: str | None) -> None:
    assert make_size(scale).remainder == said


# --- Strict where they are made


def test_a_value_does_not_change() -> None:
    record = make_record()
    with pytest.raises(ValidationError, match="frozen"):
        record.status = "CRASH"
    with pytest.raises(ValidationError, match="frozen"):
        record.case.size.scale = 2


@pytest.mark.parametrize(
    ("field", "value"), [("status", "FINE"), ("runtime", 3), ("finished", "yesterday"), ("case", None)]
)
def test_a_wrong_field_is_an_error(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        Record.model_validate({**make_record().model_dump(), field: value})


@pytest.mark.parametrize("field", ["scale", "gt_width", "gt_height", "lr_width", "lr_height", "batch"])
def test_a_workload_has_no_empty_side(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        Size.model_validate({**make_size().model_dump(), field: 0})


@pytest.mark.parametrize("seconds", [float("nan"), float("inf")])
def test_settings_are_finite(seconds: float) -> None:
    with pytest.raises(ValidationError, match="budget_s"):
        Settings(seed=0, budget_s=seconds, timeout_s=1)


@pytest.mark.parametrize(("field", "value"), [("rounds", 0), ("precision", 0.0), ("precision", -0.01)])
def test_a_run_has_a_round_and_a_target(field: str, value: float) -> None:
    with pytest.raises(ValidationError, match=field):
        Settings.model_validate({"seed": 0, "budget_s": 1, "timeout_s": 1, field: value})


@pytest.mark.parametrize(
    ("status", "failed"),
    [
        *(
            (status, False)
            for status in ("VALID", "NOISY", "DRIFTING", "THROTTLED", "CONTENDED", "SHORT", "RECOMPILED")
        ),
        *((status, True) for status in ("OOM", "CRASH", "TIMEOUT", "MISMATCH", "UNSUPPORTED")),
    ],
)
def test_a_row_has_failed_where_there_is_no_usable_measurement(status: Status, failed: bool) -> None:
    assert make_record(status=status).failed is failed
    assert (status in FAILURES) is failed


def test_a_round_of_several_processes_counts_with_their_geometric_mean() -> None:
    visits = (make_visit(10, round=0), make_visit(40, round=0), make_visit(30, round=1), make_visit(round=2))
    # sqrt(10 * 40) = 20; the last process gave no sample.
    assert Latency(visits=visits).round_medians_ns == {0: pytest.approx(20 * MS), 1: 30 * MS}


@pytest.mark.parametrize(
    ("architecture", "variant", "title"),
    [
        ("BSRN", "bsrn", "BSRN"),
        ("BSRN", "bsrn-s", "BSRN-S"),  # table 6 of arXiv 2205.05996
        ("IMDN", "imdn-rtc", "IMDN-RTC"),  # the official code's IMDN_RTC
        ("RepSR", "repsr", "RepSR"),  # as its paper spells it
        ("ECBSR", "ecbsr-m4c16-rgb", "ECBSR-M4C16-RGB"),  # the papers' ECBSR-M4C16
        ("RFDN", "rfdn-paper", "RFDN-paper"),
        ("Net", "path/to/net.py:Net", "Net"),
    ],
)
def test_titles_are_as_papers_write_them(architecture: str, variant: str, title: str) -> None:
    assert titled(architecture, variant) == title


def test_a_name_that_a_user_chose_stays_as_it_is() -> None:
    assert Model(architecture="Net", variant="net-v2", source="live:0123").title == "net-v2"
