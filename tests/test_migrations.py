"""Records of earlier schemas: a golden file of each, and what it must say today."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from srbench.counts import Layer
from srbench.measure.stats import Interval
from srbench.migrations import load
from srbench.records import SCHEMA_VERSION, Memory, Visit
from tests.builders import MS, make_case, make_record

GOLDEN = Path(__file__).with_name("golden")
#: A record as srbench 0.1.0 stored it, cut to two layers, three warm-up passes and nine samples.
FIRST = (GOLDEN / "record_schema_1.json").read_text(encoding="utf-8")
#: One of schema 2, cut to two layers.
SECOND = (GOLDEN / "record_schema_2.json").read_text(encoding="utf-8")
#: SPAN of the reference of schema 3, cut to three processes with three samples each.
THIRD = (GOLDEN / "record_schema_3.json").read_text(encoding="utf-8")


def changed(**fields: Any) -> str:
    """The golden record of schema 1 with other fields."""
    return json.dumps(json.loads(FIRST) | fields)


def test_every_schema_has_its_golden_file() -> None:
    expected = {f"record_schema_{number}.json" for number in range(1, SCHEMA_VERSION)}
    assert {path.name for path in GOLDEN.glob("record_schema_*.json")} == expected


def test_the_present_schema_is_left_as_it_is() -> None:
    record = make_record(make_case("span"))
    assert load(record.model_dump_json()) == record


def test_a_record_of_schema_1() -> None:
    record = load(FIRST)
    assert record.schema_version == SCHEMA_VERSION
    assert (record.case.model.variant, record.case.size.scale, record.case.threads) == ("bsrn-s", 4, 2)
    assert record.case.key == make_case("bsrn-s").key
    assert record.machine.name == "Intel(R) Xeon(R) Processor, 2 cores, 24 GiB"
    assert record.machine.processor.logical_cores is None  # what it did not know
    assert record.finished == datetime(2026, 11, 22, 13, 43, 22, 317320, UTC)
    assert (record.status, record.reason, record.srbench_version) == ("VALID", "", "0.1.0")


def test_its_only_process_becomes_the_only_visit() -> None:
    latency = load(FIRST).latency
    assert latency is not None
    [visit] = latency.visits
    samples = (312003588, 326544055, 287394927, 303244475, 328824850, 299026051, 325570627, 291278570, 324361091)
    warmup = (248674762, 233061170, 234684418)
    assert visit == Visit(round=0, place=0, cold_ns=428871819, warmup_ns=warmup, warm=None, samples_ns=samples)
    assert (visit.device_ns, visit.switches, visit.readings, visit.others_cores) == ((), (), (), None)
    # Nine samples in order: 287 291 299 303 312 324 326 327 329; the second and the eighth cover 96 % (binomial).
    assert latency.interval == Interval(312003588, 291278570, 326544055, "binomial95")


def test_its_settings_were_those_of_one_round() -> None:
    settings = load(FIRST).settings
    assert (settings.rounds, settings.budget_s, settings.timeout_s, settings.threads) == (1, 15, 300, 2)
    assert (settings.matmul_tf32, settings.cudnn_tf32, settings.memory_limit_bytes) == (False, True, None)


def test_its_counts_and_its_predicted_peak() -> None:
    counts = load(FIRST).complexity
    assert counts is not None
    # BSRN-S x4 for a 1280x720 GT: official_counts.csv.
    assert (counts.params, counts.multi_adds) == (156_288, 8_287_816_320)
    # It knew nothing of the copies that a CPU makes: its prediction was the same for every device.
    assert counts.peak_bytes == counts.cpu_peak_bytes == 145_085_952
    assert counts.layers[1] == Layer(
        name="fea_conv.dw",
        operator="conv 3x3 depthwise",
        in_shape=(48, 180, 320),
        out_shape=(48, 180, 320),
        params=480,
        multi_adds=24_883_200,
        activations=2_764_800,
    )


def test_its_memory_had_fewer_columns() -> None:
    assert load(FIRST).memory == Memory(
        weights_bytes=625_152, input_bytes=691_200, peak_bytes=133_862_912, method="kernel high-water mark"
    )


def test_a_failed_record_of_schema_1() -> None:
    record = load(changed(status="OOM", reason="no room", latency=None, memory=None, complexity=None))
    assert (record.status, record.reason) == ("OOM", "no room")
    assert (record.latency, record.memory, record.complexity) == (None, None, None)


def test_what_was_migrated_is_stored_as_what_it_became() -> None:
    once = load(FIRST)
    assert load(once.model_dump_json()) == once


def test_slow_first_passes_of_schema_1_are_no_samples() -> None:
    latency = {"cold_ns": 900 * MS, "warmup_ns": [500 * MS], "samples_ns": [1 * MS, 2 * MS, 3 * MS]}
    found = load(changed(latency=latency)).latency
    assert found is not None
    assert found.interval == Interval(2 * MS, 1 * MS, 3 * MS, "range")


@pytest.mark.parametrize("text", [FIRST, SECOND])
def test_before_schema_3_freed_memory_went_the_way_of_the_c_library(text: str) -> None:
    record = load(text)
    assert record.settings.allocator == "system"
    assert record.latency is not None
    assert [visit.faults for visit in record.latency.visits] == [()] * len(record.latency.visits)


def test_a_record_of_schema_2_is_as_it_was_otherwise() -> None:
    old = json.loads(SECOND)
    new = json.loads(load(SECOND).model_dump_json())
    assert (new.pop("schema_version"), old.pop("schema_version")) == (SCHEMA_VERSION, 2)
    assert new["settings"].pop("allocator") == "system"
    assert [visit.pop("faults") for visit in new["latency"]["visits"]] == [[], [], []]
    assert as_of_schema_3(new) == old


def as_of_schema_3(new: dict[str, Any]) -> dict[str, Any]:
    """Take out what schema 4 brought; what it moved goes back to where it was."""
    assert new["settings"].pop("patience_s") == 0.0  # no further rounds at that time
    unasked = {"energy": False, "input": "noise", "clock": "as-is", "lock_mhz": None}
    assert {name: new["settings"].pop(name) for name in unasked} == unasked
    later: dict[str, Any] = {"further": False, "build_ns": None, "rebuilds": 0, "remarks": []}
    for visit in new["latency"]["visits"]:
        assert {name: visit.pop(name) for name in later} == later
        assert all((reading.pop("others"), reading.pop("locked")) == (None, None) for reading in visit["readings"])
    assert (new.pop("agreement"), new.pop("energy"), new.pop("params")) == (None, None, None)
    counts: dict[str, Any] = {"uncounted": [], "by_rule": [], "free_elements": None, "never_read": None}
    counts |= {"folds_each_pass": 0, "content": None}
    assert {name: new["complexity"].pop(name) for name in counts} == counts
    assert all(each.pop("unsupported") == [] for each in new["counts"])
    case = new["case"]
    mode = case.pop("mode")
    assert mode == {"engine": "eager", "dtype": "float32", "layout": "contiguous", "tile": None, "tf32": None}
    case["workload"] = case.pop("size") | {"dtype": mode["dtype"]}
    assert (case["model"].pop("within"), new["machine"].pop("node"), new.pop("files")) == ("", "", {})
    asked = {"arguments": "", "module": "", "paths": [], "contract": {"multiple": 1, "output": None, "deploy": None}}
    assert {name: case["model"].pop(name) for name in asked} == asked
    assert case.pop("weights") is None
    return new


def test_a_record_of_schema_3_is_as_it_was_otherwise() -> None:
    old = json.loads(THIRD)
    new = json.loads(load(THIRD).model_dump_json())
    assert (new.pop("schema_version"), old.pop("schema_version")) == (SCHEMA_VERSION, 3)
    assert as_of_schema_3(new) == old


@pytest.mark.parametrize(
    ("model", "form"),
    [
        ({"architecture": "BSRN", "variant": "bsrn", "form": "deploy"}, ""),
        ({"architecture": "MSRN", "variant": "msrn", "form": "train"}, ""),
        ({"architecture": "SPAN", "variant": "span", "form": "train"}, "train"),
        ({"architecture": "ECBSR", "variant": "ecbsr", "form": "deploy"}, "deploy"),
        ({"architecture": "SPAN", "variant": "net.py:SPAN", "form": "deploy", "source": "/nets/net.py"}, ""),
    ],
)
def test_before_schema_4_every_network_had_a_form(model: dict[str, Any], form: str) -> None:
    old = json.loads(THIRD)
    old["case"]["model"] = model
    assert load(json.dumps(old)).case.model.form == form


def test_a_case_of_schema_3_meets_that_of_today() -> None:
    old = load(THIRD).case
    assert old.key == make_case("span", threads=old.threads).key


# --- What is no record is said in one way, whatever it is


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"settings": None}, "settings"),
        ({"settings": [1]}, "settings"),
        ({"latency": "fast"}, "latency"),
        ({"latency": {"cold_ns": 1}}, "latency.visits.0.warmup_ns"),
        ({"latency": {"visits": []}}, "latency.visits.0"),
        ({"complexity": {"params": 1}}, "complexity.multi_adds"),
        ({"complexity": 3}, "complexity"),
        ({"surprise": 1}, "surprise"),
        ({"schema_version": 0}, "schema_version"),
        ({"schema_version": SCHEMA_VERSION + 1}, "schema_version"),
        ({"schema_version": [1]}, "schema_version"),
        ({"schema_version": {}}, "schema_version"),
        ({"schema_version": "1"}, "schema_version"),
        ({"schema_version": True}, "schema_version"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], where: str) -> None:
    with pytest.raises(ValidationError) as caught:
        load(changed(**fields))
    places = [".".join(map(str, error["loc"])) for error in caught.value.errors()]
    assert any(place.startswith(where) for place in places)


@pytest.mark.parametrize("field", json.loads(FIRST))
def test_a_missing_field_has_a_neutral_value_or_is_named(field: str) -> None:
    fields = json.loads(FIRST)
    del fields[field]
    neutral = {"reason": "", "advice": "", "detail": "", "complexity": None, "counts": (), "latency": None}
    neutral |= {"memory": None}
    if field in neutral:
        assert getattr(load(json.dumps(fields)), field) == neutral[field]
    else:
        with pytest.raises(ValidationError, match=field if field != "schema_version" else "latency"):
            load(json.dumps(fields))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(("schema_version", "settings", "latency", "complexity", "memory", "case", "counts")), JSON)
def test_whatever_a_field_holds_it_is_a_record_or_a_validation_error(field: str, value: object) -> None:
    try:
        record = load(changed(**{field: value}))
    except ValidationError:
        return
    assert record.case.model.variant == "bsrn-s"


@pytest.mark.parametrize("text", ["", "null", "1", "[]", "{}", '{"half":', "\ud800", "9" * 5000, "[" * 100_000])
def test_other_text_is_a_validation_error(text: str) -> None:
    with pytest.raises(ValidationError):
        load(text)
