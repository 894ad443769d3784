"""Records on disk: whole or not at all, and a rerun takes the place of what it repeats."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from srbench import migrations, store
from srbench.errors import InputError
from srbench.files import write_text
from srbench.records import Record
from tests.builders import NOON, make_case, make_machine, make_model, make_record, make_size


def read(output: Path) -> list[Record]:
    """All records of a folder that holds nothing else."""
    complaints: list[str] = []
    records = store.read(output, complaints.append)
    assert complaints == []
    return records


def files(output: Path) -> set[str]:
    return {path.name for path in (output / "runs").iterdir()}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    record = make_record()
    path = store.write(tmp_path, record)
    assert path.parent == tmp_path / "runs"
    assert read(tmp_path) == [record]
    assert json.loads(path.read_text(encoding="utf-8"))["case"]["model"]["variant"] == "bsrn"


def test_records_are_read_oldest_first(tmp_path: Path) -> None:
    late, early = make_record(make_case("bsrn"), minutes=5), make_record(make_case("span"))
    for record in (late, early):
        store.write(tmp_path, record)
    assert read(tmp_path) == [early, late]


def test_a_rerun_replaces_and_the_rest_stays(tmp_path: Path) -> None:
    first, other = make_record(), make_record(make_case("span"), minutes=1)
    rerun = make_record(minutes=9, status="TIMEOUT", latency=None)
    for record in (first, other, rerun):
        store.write(tmp_path, record)
    assert read(tmp_path) == [other, rerun]


def test_another_machine_does_not_replace(tmp_path: Path) -> None:
    records = [make_record(), make_record(machine=make_machine("Other CPU, 64 cores"), minutes=1)]
    for record in records:
        store.write(tmp_path, record)
    assert read(tmp_path) == records


def test_another_question_does_not_replace(tmp_path: Path) -> None:
    cases = [
        make_case(),
        make_case(scale=2),
        make_case(device="none"),
        make_case(threads=1),
        make_case(model=make_model(form="train")),
        make_case(size=make_size(batch=4)),
    ]
    for minutes, case in enumerate(cases):
        store.write(tmp_path, make_record(case, minutes=minutes))
    assert [record.case for record in read(tmp_path)] == cases


@pytest.mark.parametrize(
    ("variant", "name"),
    [
        ("imdn-rtc", "imdn-rtc_x4_"),
        ("nets/my net.py:Net", "nets-my-net.py-Net_x4_"),
        ("../../etc/passwd:Net", "etc-passwd-Net_x4_"),
        ("網絡.py:網", "py_x4_"),
        ("/", "model_x4_"),
        ("a" * 500, "a" * 60 + "_x4_"),
    ],
)
def test_a_file_is_named_for_people_and_stays_in_its_folder(tmp_path: Path, variant: str, name: str) -> None:
    record = make_record(make_case(variant))
    path = store.write(tmp_path, record)
    assert path.name.startswith(name + record.case.key)
    assert path.resolve().parent == (tmp_path / "runs").resolve()
    assert read(tmp_path) == [record]


# --- Whole or not at all


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("moment", ["pathlib.Path.replace", "os.fsync", "pathlib.Path.chmod"])
def test_an_interrupted_write_leaves_the_old_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    old = make_record()
    store.write(tmp_path, old)
    before = files(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(moment, interrupt)
        with pytest.raises(KeyboardInterrupt):
            store.write(tmp_path, make_record(minutes=9))
    assert read(tmp_path) == [old]
    assert files(tmp_path) == before  # nothing half-written lies about


def test_an_interrupted_first_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        store.write(tmp_path, make_record())
    assert files(tmp_path) == set()


def test_half_a_file_is_never_a_record(tmp_path: Path) -> None:
    """What another process is writing at this moment has no name that a reader looks for."""
    store.write(tmp_path, make_record())
    (tmp_path / "runs" / ".bsrn_x4.json-abc123").write_text('{"half":')
    assert len(read(tmp_path)) == 1


def test_text_is_written_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "folder" / "table.csv"
    write_text(path, "a,b\n1,µ\r\n")
    assert path.read_bytes() == "a,b\n1,µ\r\n".encode()


def test_a_result_is_a_file_like_any_other(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    path = store.write(tmp_path, make_record())
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


# --- What is not a record


def test_an_unreadable_record_is_named_skipped_and_left_alone(tmp_path: Path) -> None:
    good = make_record()
    path = store.write(tmp_path, good)
    runs = tmp_path / "runs"
    fields = json.loads(path.read_text(encoding="utf-8"))
    bad = {
        "truncated.json": path.read_bytes()[:200],
        "empty.json": b"",
        "list.json": b"[]",
        "bytes.json": b"\xff\xfe{}",
        "typo.json": json.dumps(fields | {"statsu": "VALID"}).encode(),
        "status.json": json.dumps(fields | {"status": "GREAT"}).encode(),
        "missing.json": json.dumps({key: value for key, value in fields.items() if key != "case"}).encode(),
    }
    for name, content in bad.items():
        (runs / name).write_bytes(content)
    (runs / "folder.json").mkdir()
    (runs / "notes.txt").write_text("mine")

    complaints: list[str] = []
    assert store.read(tmp_path, complaints.append) == [good]
    assert len(complaints) == len(bad) + 1
    for name in (*bad, "folder.json"):
        [complaint] = [c for c in complaints if name in c]
        assert complaint.startswith(f"skipped {runs / name}: not a record (")
        assert "\n" not in complaint
    assert "statsu" in next(c for c in complaints if "typo" in c)
    assert all((runs / name).read_bytes() == content for name, content in bad.items())


@pytest.mark.parametrize("folder", [".", "gone"])
def test_a_folder_without_records_is_refused_with_the_way_out(tmp_path: Path, folder: str) -> None:
    runs = tmp_path / folder / "runs"
    with pytest.raises(InputError, match=f"no records in {runs}; 'srbench profile' makes some, --output names another"):
        read(tmp_path / folder)


def test_a_folder_of_nothing_but_other_files_is_refused_after_naming_them(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mine.json").write_text("{}")
    complaints: list[str] = []
    with pytest.raises(InputError, match="no records in"):
        store.read(tmp_path, complaints.append)
    assert "mine.json" in complaints[0]


# --- Where nothing can be written


def test_preparing_makes_the_folders_and_leaves_no_trace(tmp_path: Path) -> None:
    store.prepare(tmp_path / "new" / "results")
    store.prepare(tmp_path / "new" / "results")  # twice is no error
    assert [path.name for path in (tmp_path / "new" / "results").iterdir()] == ["runs"]
    assert files(tmp_path / "new" / "results") == set()


@pytest.mark.parametrize("where", ["file", "file/results", "taken"])
def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_measured(tmp_path: Path, where: str) -> None:
    # A regular file in the way binds everyone, root too, unlike permission bits.
    (tmp_path / "file").touch()
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "runs").touch()
    with pytest.raises(InputError, match=f"cannot write to --output {tmp_path / where}: ") as caught:
        store.prepare(tmp_path / where)
    assert "\n" not in str(caught.value)


def test_a_users_file_is_the_same_however_it_was_typed(tmp_path: Path) -> None:
    cases = [
        make_case(model=make_model(typed, architecture="Net", source="/nets/my.py"))
        for typed in ("my.py:Net", "/nets/my.py:Net")
    ]
    for minutes, case in enumerate(cases):
        store.write(tmp_path, make_record(case, minutes=minutes))
    assert [record.case for record in read(tmp_path)] == cases[1:]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema_version", 99),
        ("finished", "2024-05-17T12:00:00"),  # without a time zone it has no place among the others
        ("finished", "yesterday"),
        ("surprise", 1),
    ],
)
def test_a_record_of_another_kind_is_skipped(tmp_path: Path, field: str, value: object) -> None:
    path = store.write(tmp_path, make_record(make_case()))
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    store.write(tmp_path, make_record(make_case(device="none")))
    complaints: list[str] = []
    assert len(store.read(tmp_path, complaints.append)) == 1
    assert len(complaints) == 1


# --- Records of earlier schemas

GOLDEN = Path(__file__).with_name("golden") / "record_schema_1.json"


def test_both_schemas_are_read_side_by_side(tmp_path: Path) -> None:
    now = make_record()
    store.write(tmp_path, now)
    (tmp_path / "runs" / "old.json").write_bytes(GOLDEN.read_bytes())
    records = read(tmp_path)
    assert [record.case.model.variant for record in records] == ["bsrn", "bsrn-s"]
    assert records[0] == now
    assert json.loads(GOLDEN.read_text())["schema_version"] == 1
    assert (tmp_path / "runs" / "old.json").read_bytes() == GOLDEN.read_bytes()  # reading changes no file


def test_a_rerun_replaces_a_record_of_an_earlier_schema(tmp_path: Path) -> None:
    old = migrations.load(GOLDEN.read_text(encoding="utf-8"))
    path = tmp_path / "runs" / "bsrn-s_x4_deploy_4a0b1e2c9c59_d71cd2.json"  # as it was called then
    path.parent.mkdir()
    path.write_bytes(GOLDEN.read_bytes())
    assert read(tmp_path) == [old]
    later = round((old.finished - NOON).total_seconds() / 60) + 1
    new = make_record(old.case, machine=old.machine.model_copy(update={"node": "0a1b2c3d"}), minutes=later)
    store.write(tmp_path, new)
    assert read(tmp_path) == [new]


def test_equal_machines_do_not_replace_each_other(tmp_path: Path) -> None:
    records = [
        make_record(machine=make_machine().model_copy(update={"node": node}), minutes=minutes)
        for minutes, node in enumerate(("0a1b2c3d", "ffffffff"))
    ]
    for record in records:
        store.write(tmp_path, record)
    assert read(tmp_path) == records


@pytest.mark.parametrize(
    ("field", "value"),
    [("latency", "fast"), ("settings", None), ("complexity", {}), ("schema_version", [1]), ("memory", {"peak": 1})],
)
def test_a_broken_record_of_an_earlier_schema_is_skipped_like_any_other(
    tmp_path: Path, field: str, value: object
) -> None:
    good = make_record()
    store.write(tmp_path, good)
    broken = json.loads(GOLDEN.read_text(encoding="utf-8")) | {field: value}
    (tmp_path / "runs" / "broken.json").write_text(json.dumps(broken))
    complaints: list[str] = []
    assert store.read(tmp_path, complaints.append) == [good]
    [complaint] = complaints
    assert f"broken.json: not a record ({field}" in complaint


# --- One at a time


HOLD = """
import sys
from pathlib import Path
from srbench import store
from srbench.errors import InputError
try:
    with store.locked(Path(sys.argv[1])):
        print("held", flush=True)
        sys.stdin.read()
except InputError as error:
    print(error, flush=True)
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    """A process that takes the lock, says so, and keeps it until its input ends."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate(timeout=30)


def test_two_processes_do_not_measure_into_one_folder(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    try:
        assert first_line(holder) == "held"
        other = hold(tmp_path)
        try:
            said = first_line(other)
            assert said.startswith(f"another srbench is measuring into {tmp_path}; wait for it, or use another")
            assert other.wait(timeout=30) == 0
        finally:
            end(other)
        with pytest.raises(InputError, match="another srbench"), store.locked(tmp_path):
            pass
        # However it ends, the lock goes with it.
        holder.kill()
        holder.wait(timeout=30)
        with store.locked(tmp_path):
            pass
    finally:
        end(holder)


def test_the_lock_is_free_again_after_whatever_happened_inside(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), store.locked(tmp_path):
        raise KeyboardInterrupt
    with store.locked(tmp_path):
        pass


def test_another_folder_has_another_lock(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with store.locked(tmp_path / "a"), store.locked(tmp_path / "b"):
        pass


def test_the_lock_is_no_record(tmp_path: Path) -> None:
    record = make_record()
    with store.locked(tmp_path):
        store.write(tmp_path, record)
    assert read(tmp_path) == [record]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    store.check_exists(tmp_path)
    (tmp_path / "file").touch()
    for folder in (tmp_path / "gone", tmp_path / "file"):
        with pytest.raises(InputError, match=f"no folder --output {folder}"):
            store.check_exists(folder)
