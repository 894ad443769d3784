"""The vocabulary: identity of a case, summaries derived from samples, and JSON that gives back what it got."""

import os
import subprocess
import sys

import pytest
from pydantic import ValidationError

from srbench.measure.stats import Interval
from srbench.records import FAILURES, Case, Count, Difference, Latency, Record, Settings, Status, Workload
from tests.builders import MS, make_case, make_latency, make_model, make_record, make_workload


def full_record() -> Record:
    """A record with every field set."""
    counts = (
        Count(counter="torch", version="2.6.0", multi_adds=100),
        Count(counter="fvcore", version="0.1.5", multi_adds=103, differences=(Difference(amount=3, where="pool"),)),
        Count(counter="thop", version="", multi_adds=None, error="no such package"),
    )
    settings = Settings(seed=1, budget_s=0.5, timeout_s=3, threads=2, matmul_tf32=False, environment={"A": "b"})
    return make_record(
        status="SHORT",
        reason="too slow",
        advice="a smaller --gt",
        detail="Traceback\n  …",
        counts=counts,
        settings=settings,
    )


# --- A case has a key


def test_the_key_is_twelve_hexadecimal_digits() -> None:
    assert len(make_case().key) == 12
    assert int(make_case().key, 16) >= 0


def test_the_key_is_the_same_in_every_process() -> None:
    code = f"from srbench.records import Case;print(Case.model_validate_json({make_case().model_dump_json()!r}).key)"
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
        make_case(workload=make_workload(batch=2)),
        make_case(workload=make_workload(dtype="float16")),
        make_case(workload=make_workload(gt_width=1281)),
        make_case(workload=make_workload(lr_rounding="floor")),
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
    latency = make_latency(5, 1, 9, 3, 7, 2, 4, 8, 6)
    # Nine samples: the interval runs from the second to the eighth (coverage 1 - 2 * 10 / 512).
    assert latency.interval == Interval(5 * MS, 2 * MS, 8 * MS, "binomial95")
    assert set(latency.model_dump()) == {"cold_ns", "warmup_ns", "samples_ns"}


def test_the_first_passes_are_no_samples() -> None:
    # 900 ms and 500 ms of the cold and the warm-up pass would lie outside this range.
    assert make_latency(1, 2, 3).interval == Interval(2 * MS, 1 * MS, 3 * MS, "range")


def test_no_samples_no_summary() -> None:
    assert Latency(cold_ns=1, warmup_ns=(), samples_ns=()).interval is None


# --- Strict where they are made


def test_a_value_does_not_change() -> None:
    record = make_record()
    with pytest.raises(ValidationError, match="frozen"):
        record.status = "CRASH"
    with pytest.raises(ValidationError, match="frozen"):
        record.case.workload.scale = 2


@pytest.mark.parametrize(
    ("field", "value"), [("status", "FINE"), ("runtime", 3), ("finished", "yesterday"), ("case", None)]
)
def test_a_wrong_field_is_an_error(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        Record.model_validate({**make_record().model_dump(), field: value})


@pytest.mark.parametrize("field", ["scale", "gt_width", "gt_height", "lr_width", "lr_height", "batch"])
def test_a_workload_has_no_empty_side(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        Workload.model_validate({**make_workload().model_dump(), field: 0})


@pytest.mark.parametrize("seconds", [float("nan"), float("inf")])
def test_settings_are_finite(seconds: float) -> None:
    with pytest.raises(ValidationError, match="budget_s"):
        Settings(seed=0, budget_s=seconds, timeout_s=1)


@pytest.mark.parametrize(
    ("status", "failed"),
    [
        *((status, False) for status in ("VALID", "NOISY", "DRIFTING", "THROTTLED", "CONTENDED", "SHORT")),
        *((status, True) for status in ("OOM", "CRASH", "TIMEOUT", "MISMATCH", "UNSUPPORTED")),
    ],
)
def test_a_row_has_failed_where_there_is_no_usable_measurement(status: Status, failed: bool) -> None:
    assert make_record(status=status).failed is failed
    assert (status in FAILURES) is failed
