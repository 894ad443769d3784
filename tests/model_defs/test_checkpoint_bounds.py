"""Checkpoints that unpack to more than they are, that have no end, or hold no plain numbers: refused in one line."""

import io
import os
import zipfile
from pathlib import Path

import pytest
import torch
from torch import Tensor

import model_defs.checkpoint_files
from model_defs import ZooError, load_checkpoint, read_tensors
from tests.model_defs.random_weights import copy_of_state

MIB = 2**20


def refusal_of(path: Path) -> str:
    with pytest.raises(ZooError) as caught:
        load_checkpoint("ecbsr-m4c8", path, 2)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 500
    assert str(path) in message
    return message


def saved(content: object, folder: Path) -> Path:
    path = folder / "w.pth"
    torch.save(content, path)
    return path


def test_what_holds_itself_has_an_end(tmp_path: Path) -> None:
    content: dict[str, object] = {}
    content["params"] = content
    assert "holds no weights" in refusal_of(saved(content, tmp_path))


def test_a_wrapper_in_a_wrapper_is_undone(tmp_path: Path) -> None:
    state = copy_of_state(model_defs.build("ecbsr-m4c8", 2, "deploy"))
    load_checkpoint("ecbsr-m4c8", saved({"model": {"state_dict": {"params": state}}}, tmp_path), 2)


def test_what_unpacks_to_more_than_is_read_is_refused_by_its_table_of_contents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_defs.checkpoint_files, "MOST_BYTES", MIB)
    whole = io.BytesIO()
    torch.save({"w": torch.zeros(4)}, whole)
    path = tmp_path / "w.pth"
    with zipfile.ZipFile(whole) as before, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(name, bytes(2 * MIB) if name.endswith("data/0") else before.read(name))
    assert path.stat().st_size < MIB / 10

    def never(*_: object, **__: object) -> None:
        pytest.fail("it was unpacked")

    monkeypatch.setattr(torch, "load", never)
    assert "holds 0.0 GiB; checkpoints of up to 0 GiB are read" in refusal_of(path)


def test_a_file_larger_than_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    path.touch()
    os.truncate(path, 2**30 + 2**29)  # nothing of it takes room on the disk
    assert "holds 1.5 GiB; checkpoints of up to 1 GiB are read" in refusal_of(path)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "w.pth"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    assert "is a pipe or a device, not a checkpoint" in refusal_of(path)


@pytest.mark.parametrize(
    ("tensor", "said"),
    [
        (torch.ones(3, dtype=torch.complex64), "holds complex numbers under w"),
        (torch.ones(3, device="meta"), "holds no values under w"),
        (torch.ones(3).to_sparse(), "holds a sparse tensor under w"),
    ],
    ids=["complex", "meta", "sparse"],
)
def test_what_cannot_be_copied_as_it_is_is_refused(tmp_path: Path, tensor: Tensor, said: str) -> None:
    assert said in refusal_of(saved({"w": tensor}, tmp_path))


def test_more_entries_than_a_network_has_are_refused(tmp_path: Path) -> None:
    content = {f"k{number}": 0 for number in range(20_001)}
    assert "it has 20,001 entries" in refusal_of(saved(content, tmp_path))


def test_a_key_without_end_is_cut(tmp_path: Path) -> None:
    [key] = read_tensors(saved({"k" * 100_000: torch.zeros(1)}, tmp_path))
    assert len(key) == 1000


def test_torch_s_advice_to_load_without_looking_is_not_passed_on(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    path = tmp_path / "w.pth"
    with zipfile.ZipFile(path, "w") as archive:  # what marks an archive of TorchScript
        archive.writestr("w/constants.pkl", b"")
        archive.writestr("w/data.pkl", b"")
        archive.writestr("w/version", "3")
    assert "False" not in refusal_of(path)
    assert list(recwarn) == []
