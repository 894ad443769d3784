"""Which checkpoint belongs to a network, and `srbench weights`."""

import errno
import hashlib
import os
import shutil
import stat
from pathlib import Path

import pytest
import torch

import model_defs
from srbench.errors import InputError
from srbench.quality import weights
from srbench.quality.weights import find, registry
from tests.command_line import Run
from tests.shared_files import CHECKPOINTS, SHARED, checkpoint, needs_shared

SPAN = "SPAN_ch48_x4_deploy_fp16.pth"


@pytest.fixture(autouse=True)
def _cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SRBENCH_CACHE", str(tmp_path / "cache"))


# --- The registry


def test_every_entry_names_a_network_of_the_zoo() -> None:
    for each in registry():
        assert each.scale in model_defs.get(each.variant).scales
        assert each.licence
    assert len({each.sha256 for each in registry()}) == len(registry())


@needs_shared("weights", "weights_more")
def test_it_has_the_files_that_are_at_hand() -> None:
    # weights/README.md lists the same hashes; which network each is, CHECKPOINTS says.
    by_file = {Path(each.file).stem: each for each in registry()}
    for name, (variant, scale) in CHECKPOINTS.items():
        content = (SHARED / checkpoint(name)).read_bytes()
        each = by_file[name]
        assert (each.variant, each.scale, each.bytes) == (variant, scale, len(content))
        assert each.sha256 == hashlib.sha256(content).hexdigest()
        assert model_defs.form_of(model_defs.load_checkpoint(variant, SHARED / checkpoint(name), scale)) == each.form


# --- Files


def test_a_file_is_found_by_its_hash_before_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    official = b"official bytes"
    known = registry()[1].model_copy(update={"sha256": hashlib.sha256(official).hexdigest()})
    monkeypatch.setattr(weights, "registry", lambda: (known,))
    (tmp_path / f"{known.variant}_x{known.scale}.pth").write_bytes(b"a user's own")
    assert find(known.variant, known.scale, [tmp_path]) == tmp_path / f"{known.variant}_x{known.scale}.pth"
    (tmp_path / "renamed.pth").write_bytes(official)
    assert find(known.variant, known.scale, [tmp_path]) == tmp_path / "renamed.pth"


def test_the_first_folder_wins_and_other_files_are_none(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    (tmp_path / "b/span_x4.pth").touch()
    (tmp_path / "b/span_x4.txt").touch()
    folders = [tmp_path / "a", tmp_path / "b"]
    assert find("span", 4, folders) == tmp_path / "b/span_x4.pth"
    (tmp_path / "a/SPAN_X4.pt").touch()
    assert find("span", 4, folders) == tmp_path / "a/SPAN_X4.pt"
    assert find("span", 2, folders) is None


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no folder .*nowhere of checkpoints"):
        find("span", 4, [tmp_path / "nowhere"])


# --- The command


def test_list_shows_every_checkpoint_and_the_cache(run: Run, tmp_path: Path) -> None:
    done = run("weights", "list")
    assert done.code == 0
    assert all(each.file in done.out for each in registry())
    assert str(tmp_path / "cache") in done.out


@needs_shared("weights")
def test_a_checkpoint_of_ones_own_is_added_if_it_fits(run: Run, tmp_path: Path) -> None:
    file = str(SHARED / "weights" / SPAN)
    assert run("weights", "add", file, "--model", "span", "--scale", "4").code == 0
    assert find("span", 4, [tmp_path / "cache/weights"]) == tmp_path / "cache/weights/span_x4.pth"
    wrong = run("weights", "add", file, "--model", "bsrn", "--scale", "4")
    assert (wrong.code, "is not a checkpoint of bsrn x4" in wrong.err) == (2, True)
    assert "it fits span x4" in wrong.err


def test_an_added_file_has_the_usual_mode_and_a_failed_copy_leaves_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(model_defs.build("imdn-rtc", 2).state_dict(), tmp_path / "mine.pth")
    typed = ("weights", "add", "mine.pth", "--model", "imdn-rtc", "--scale", "2")
    before = os.umask(0o027)
    try:
        assert run(*typed).code == 0
    finally:
        os.umask(before)
    [added] = (tmp_path / "cache/weights").iterdir()
    assert (added.name, stat.S_IMODE(added.stat().st_mode)) == ("imdn-rtc_x2.pth", 0o640)
    added.unlink()

    def fills_the_disk(_: Path, target: str | Path) -> None:
        Path(target).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", fills_the_disk)
    failed = run(*typed)
    assert (failed.code, "cannot write to" in failed.err, "No space left" in failed.err) == (2, True, True)
    assert list((tmp_path / "cache/weights").iterdir()) == []


@needs_shared("weights")
def test_verify_tells_official_files_from_others(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "IMDN_x4.pth").write_bytes(b"not that")
    (folder / "own.pth").write_bytes(b"own")
    (folder / "renamed.pth").write_bytes((SHARED / "weights" / SPAN).read_bytes())
    done = run("weights", "verify", "--weights", str(folder))
    assert done.code == 1
    lines = {line.split()[0]: line for line in done.out.splitlines() if ".pth" in line}
    assert "not the official file" in lines["IMDN_x4.pth"]
    assert "not in the registry" in lines["own.pth"]
    assert "span x4, official" in lines["renamed.pth"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("fetch", "bsrm"), "unknown model 'bsrm'; did you mean 'bsrn'"),
        (("fetch", "msrn"), "no official checkpoint of msrn"),
        (("fetch", "rfdn", "--scale", "3"), "known: x4"),
        (("fetch", "all", "--scale", "8"), "no official checkpoint at the scales asked for"),
        (("verify", "--weights", "nowhere"), "no folder nowhere of checkpoints"),
        (("verify",), "no folder"),
        (("add", "none.pth", "--model", "span", "--scale", "4"), "no checkpoint at none.pth"),
    ],
)
def test_wrong_input_is_one_line(run: Run, arguments: tuple[str, ...], said: str) -> None:
    done = run("weights", *arguments)
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1


@needs_shared("weights")
def test_verify_tells_a_name_that_is_not_true(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    shutil.copy(SHARED / "weights/IMDN_x2.pth", folder / "bsrn_x4.pth")
    (folder / "span_x4.pth").write_bytes(b"junk")
    # Also where the name is that of another official file.
    shutil.copy(SHARED / "weights/net_g_BSRN_x4.pth", folder / "IMDN_x2.pth")
    shutil.copy(SHARED / "weights/IMDN_x4.pth", folder / "imdn_x4.pth")
    done = run("weights", "verify", "--weights", str(folder))
    assert done.code == 1
    assert "imdn x2, official: not what its name says" in done.out
    assert "bsrn x4, official: not what its name says" in done.out
    assert "not in the registry, and no checkpoint of span x4" in done.out
    assert [line.split()[1:] for line in done.out.splitlines() if line.startswith("imdn_x4")] == [
        ["imdn", "x4,", "official"]
    ]


@needs_shared("weights")
def test_list_knows_official_files_by_their_content(run: Run, tmp_path: Path) -> None:
    cache = tmp_path / "cache" / "weights"
    cache.mkdir(parents=True)
    shutil.copy(SHARED / "weights/IMDN_x4.pth", cache / "renamed.pth")
    (cache / "mine_x4.pth").write_bytes(b"own")
    done = run("weights", "list")
    [line] = [line for line in done.out.splitlines() if "IMDN_x4.pth" in line]
    assert " yes " in line
    assert "Your own: mine_x4.pth" in done.out


@needs_shared("weights")
def test_of_two_files_that_fit_it_is_said_which_is_taken(tmp_path: Path) -> None:
    shutil.copy(SHARED / "weights/IMDN_x4.pth", tmp_path / "official.pth")
    (tmp_path / "imdn_x4.pth").write_bytes(b"a user's own")
    told: list[str] = []
    assert find("imdn", 4, [tmp_path], told.append) == tmp_path / "official.pth"
    assert "official.pth is taken, not" in told[0]
