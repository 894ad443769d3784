"""Stored records find their counterpart, and what differs is said."""

from collections.abc import Callable

import pytest

from srbench.board.pairing import Stored, differences, near_misses, pair_up, refusal
from srbench.cases import Mode
from srbench.records import Record
from tests.builders import make_case, make_machine, make_model, make_record, make_size


def stored(name: str, *records: Record) -> Stored:
    return Stored(name, records)


def single(name: str, record: Record) -> Stored:
    return Stored(name, (record,), single=True)


def test_cases_find_each_other_by_their_key() -> None:
    ours = stored("new", make_record(make_case("bsrn")), make_record(make_case("span")))
    theirs = stored("old", make_record(make_case("span")), make_record(make_case("bsrn")))
    found = pair_up(ours, theirs, force=False)
    assert [(p.first.name, p.second.name) for p in found.pairs] == [
        ("bsrn of new", "bsrn of old"),
        ("span of new", "span of old"),
    ]
    assert found.alone == ()
    assert not any(p.interleaved or p.differences for p in found.pairs)


def test_what_one_side_lacks_is_named() -> None:
    ours = stored("new", make_record(make_case("bsrn")), make_record(make_case("span")))
    theirs = stored("old", make_record(make_case("bsrn")), make_record(make_case("bsrn", scale=2)))
    found = pair_up(ours, theirs, force=False)
    assert len(found.pairs) == 1
    assert tuple(each.text for each in found.alone) == (
        "span x4 (LR 320x180, batch 1, cpu) is in new only",
        "bsrn x2 (LR 640x360, batch 1, cpu) is in old only",
    )


def test_of_several_machines_the_same_one_is_taken() -> None:
    here, there = make_machine("here"), make_machine("there")
    ours = stored("new", make_record(machine=here))
    theirs = stored("old", make_record(machine=here), make_record(machine=there, minutes=5))
    found = pair_up(ours, theirs, force=False)
    assert [p.second.record.machine.name for p in found.pairs] == ["here"]
    elsewhere = pair_up(stored("new", make_record(machine=make_machine("third"))), theirs, force=False)
    assert elsewhere.pairs[0].second.record.machine.name == "there"  # the newest
    assert elsewhere.pairs[0].differences == ("machine third against there",)


def test_two_files_are_a_pair_whatever_their_networks() -> None:
    sides = single("a.json", make_record(make_case("bsrn"))), single("b.json", make_record(make_case("span")))
    found = pair_up(*sides, force=False)
    [pair] = found.pairs
    assert (pair.first.name, pair.second.name, pair.differences) == ("bsrn of a.json", "span of b.json", ())


def test_a_file_finds_its_case_in_a_folder() -> None:
    theirs = stored("old", make_record(make_case("bsrn")), make_record(make_case("span")))
    found = pair_up(single("a.json", make_record(make_case("span"))), theirs, force=False)
    assert [p.second.name for p in found.pairs] == ["span of old"]
    assert [each.text for each in found.alone] == ["bsrn x4 (LR 320x180, batch 1, cpu) is in old only"]


def machine(**changes: object) -> Callable[[Record], Record]:
    return lambda record: record.model_copy(update={"machine": record.machine.model_copy(update=changes)})


def settings(**changes: object) -> Callable[[Record], Record]:
    return lambda record: record.model_copy(update={"settings": record.settings.model_copy(update=changes)})


def case(**changes: object) -> Callable[[Record], Record]:
    return lambda record: record.model_copy(update={"case": record.case.model_copy(update=changes)})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (machine(name="another"), "machine Test CPU, 2 cores, 8 GiB against another"),
        (machine(torch="2.7.0"), "torch 2.6.0 against 2.7.0"),
        (machine(python="3.12.1"), "Python 3.11.7 against 3.12.1"),
        (machine(driver="570.1"), "driver unset against 570.1"),
        (machine(cuda="12.4"), "CUDA unset against 12.4"),
        (machine(cudnn=90100), "cuDNN unset against 90100"),
        (machine(system="Linux 6.8 x86_64"), "system Linux 6.1 x86_64 against Linux 6.8 x86_64"),
        (lambda r: r.model_copy(update={"srbench_version": "0.2.0"}), "srbench 0.1.0 against 0.2.0"),
        (settings(matmul_tf32=True), "TF32 of matrix products False against True"),
        (settings(cudnn_benchmark=True), "cuDNN benchmark False against True"),
        (settings(threads=1), "threads of torch 2 against 1"),
        (settings(environment={"OMP_PROC_BIND": "true"}), "OMP_PROC_BIND unset against true"),
        (case(threads=4), "threads 2 against 4"),
        (case(device="cuda:0"), "device cpu against cuda:0"),
        (case(size=make_size(4, batch=2)), "batch 1 against 2"),
        (case(mode=Mode(dtype="float16")), "dtype float32 against float16"),
        (case(mode=Mode(layout="channels_last")), "layout contiguous against channels_last"),
        (case(size=make_size(4, lr_width=64)), "LR width 320 against 64"),
    ],
)
def test_what_bears_on_a_runtime_is_a_difference(change: Callable[[Record], Record], said: str) -> None:
    record = settings(matmul_tf32=False, cudnn_benchmark=False)(make_record())
    assert differences(record, change(record)) == [said]
    assert differences(record, record) == []


@pytest.mark.parametrize(
    "change",
    [
        settings(timeout_s=9.0),
        settings(budget_s=1.0),
        settings(rounds=9),
        settings(seed=4),
        settings(memory_limit_bytes=2**33),
        settings(matmul_tf32=None),  # an older record that did not ask
        machine(memory_bytes=7 * 2**30),  # the name has it, rounded
        case(model=make_model("span")),
    ],
)
def test_what_does_not_is_none(change: Callable[[Record], Record]) -> None:
    record = settings(matmul_tf32=False)(make_record())
    assert differences(record, change(record)) == []


def test_counts_from_shapes_do_not_care_where_they_were_made() -> None:
    record = case(device="none")(make_record())
    assert differences(record, machine(name="another", torch="2.7.0")(record)) == []
    assert differences(record, case(size=make_size(4, batch=2))(record)) == ["batch 1 against 2"]


def test_a_refusal_says_each_difference_once() -> None:
    ours = stored("new", *(make_record(make_case(name)) for name in ("bsrn", "span")))
    newer = machine(torch="2.7.0")
    theirs = stored("old", *(newer(make_record(make_case(name))) for name in ("bsrn", "span")))
    pairs = pair_up(ours, theirs, force=False).pairs
    assert refusal(pairs) == "not comparable: torch 2.6.0 against 2.7.0"
    mixed = stored("old", newer(make_record(make_case("bsrn"))), make_record(make_case("span")))
    assert refusal(pair_up(ours, mixed, force=False).pairs) == (
        "not comparable: torch 2.6.0 against 2.7.0 [1 of 2 pairs]"
    )
    assert refusal(pair_up(ours, ours, force=False).pairs) == ""


def test_other_threads_are_another_case_that_only_force_pairs() -> None:
    ours = stored("new", make_record(make_case("bsrn")))
    theirs = stored("old", case(threads=4)(settings(threads=4)(make_record(make_case("bsrn")))))
    assert pair_up(ours, theirs, force=False).pairs == ()
    assert near_misses(ours, theirs) == ["threads 2 against 4"]
    [pair] = pair_up(ours, theirs, force=True).pairs
    assert pair.differences == ("threads 2 against 4",)


def test_force_does_not_pair_other_networks_or_scales() -> None:
    ours = stored("new", make_record(make_case("bsrn")))
    theirs = stored("old", make_record(make_case("span")), make_record(make_case("bsrn", scale=2)))
    assert pair_up(ours, theirs, force=True).pairs == ()
    assert near_misses(ours, theirs) == []
