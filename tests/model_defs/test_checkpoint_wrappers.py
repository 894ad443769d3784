"""What tools put around weights is undone and said; what is no checkpoint says what it is and how to save it again."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from model_defs import ZooError, build, keyed_like, load_checkpoint, read_tensors
from tests.model_defs.random_weights import copy_of_state, same_state

State = dict[str, Tensor]
NAME = "ecbsr-m4c8"
COMPILED, MODULE = (f"keys of its weights read without {prefix}." for prefix in ("_orig_mod", "module"))


def small() -> State:
    return copy_of_state(build(NAME, 2, "deploy"))


def saved(content: object, folder: Path) -> Path:
    torch.save(content, folder / "w.pth")
    return folder / "w.pth"


def under(prefix: str) -> Callable[[State], State]:
    return lambda state: {prefix + key: tensor for key, tensor in state.items()}


def with_counters(state: State) -> State:
    """As thop leaves it: two numbers for each module, and for the whole."""
    modules = {key.rpartition(".")[0] for key in state}
    numbers = ("total_ops", "total_params")
    left = {f"{module}.{name}": torch.zeros(1, dtype=torch.float64) for module in modules for name in numbers}
    return state | left | {name: torch.zeros(1, dtype=torch.float64) for name in numbers}


def zeros(state: State) -> State:
    return {key: torch.zeros_like(tensor) for key, tensor in state.items()}


def refusal_of(path: Path) -> str:
    with pytest.raises(ZooError) as caught:
        load_checkpoint(NAME, path, 2)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


@pytest.mark.parametrize(
    ("wrap", "said"),
    [
        (lambda s: s, []),
        (lambda s: {"params": s}, []),
        (under("module."), [MODULE]),
        (under("_orig_mod."), [COMPILED]),
        (under("module._orig_mod."), [COMPILED, MODULE]),
        (under("_orig_mod.module."), [COMPILED, MODULE]),
        (under("model."), ["keys of its weights read without model."]),
        (under("generator."), ["keys of its weights read without generator."]),
        (under("netG.model."), ["keys of its weights read without netG.model."]),
        (under("anything."), ["keys of its weights read without anything."]),
        # torch.compile of a part of a network
        (lambda s: {k.replace("backbone.", "backbone._orig_mod."): t for k, t in s.items()},
         [COMPILED]),
        (lambda s: {"net": s, "epoch": 3}, ["its weights are those under net"]),
        (lambda s: {"netG": s, "optim": {"state": {}}}, ["its weights are those under netG"]),
        (lambda s: {"weights": s}, ["its weights are those under weights"]),
        (lambda s: {"generator": under("module.")(s)},
         ["its weights are those under generator", MODULE]),
        (lambda s: {"student": s, "step": 9}, ["its weights are those under student"]),
        (lambda s: {"ema": s, "model": zeros(s)}, ["of its weights ema and model, ema is taken"]),
        (lambda s: {"params": zeros(s), "params_ema": s},
         ["of its weights params_ema and params, params_ema is taken"]),
        (lambda s: {"params_ema": {}, "params": s}, ["params_ema of its weights is empty: params is taken"]),
        (with_counters, ["total_ops, total_params among its weights left out"]),
        (lambda s: with_counters(under("module.")(s)),
         ["total_ops, total_params among its weights left out", MODULE]),
        # torch.optim.swa_utils.AveragedModel keeps this beside `module.`
        (lambda s: under("module.")(s) | {"n_averaged": torch.tensor(7)},
         ["n_averaged among its weights left out", MODULE]),
    ],
)  # fmt: skip
def test_what_tools_put_around_weights_is_undone_and_said(
    wrap: Callable[[State], State], said: list[str], tmp_path: Path
) -> None:
    state, told = small(), list[str]()
    assert same_state(load_checkpoint(NAME, saved(wrap(state), tmp_path), 2, told.append).state_dict(), state)
    assert told == said


def test_a_prefix_that_the_network_has_itself_stays() -> None:
    own, told = under("model.")(small()), list[str]()
    assert keyed_like(own, list(own), told.append) is own
    assert told == []
    # Where none fits, it stands as in the file, for the message.
    assert keyed_like(own, ["other"], told.append) is own
    # One that lacks a tensor is told by that tensor alone.
    nearest = keyed_like(under("net.")(own), [*own, "tail.bias"], told.append)
    assert (nearest.keys(), told) == (own.keys(), ["keys of its weights read without net."])


def test_a_hostile_prefix_is_shown_short_and_printable(tmp_path: Path) -> None:
    told = list[str]()
    state = under("\x1b[31m\n\ud800" + "k" * 900 + ".")(small())
    load_checkpoint(NAME, saved(state, tmp_path), 2, told.append)
    [line] = told
    assert line.isprintable()
    assert len(line) < 100
    line.encode()


# --- safetensors


@pytest.mark.parametrize("file", ["w.safetensors", "renamed.pth"])
def test_safetensors_are_read_by_their_content(file: str, tmp_path: Path) -> None:
    state = small()
    safetensors.torch.save_file(under("module.")(state), tmp_path / file, {"format": "pt"})
    assert same_state(load_checkpoint(NAME, tmp_path / file, 2).state_dict(), state)


def test_a_file_of_torch_with_the_ending_of_safetensors_is_read(tmp_path: Path) -> None:
    state = small()
    torch.save(state, tmp_path / "w.safetensors")
    assert same_state(load_checkpoint(NAME, tmp_path / "w.safetensors", 2).state_dict(), state)


def test_damaged_safetensors_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    safetensors.torch.save_file(small(), path)
    whole = path.read_bytes()
    for length in (0, 1, 7, 8, 9, 40, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert "is not a checkpoint" in refusal_of(path)
    header = json.dumps({"w": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    assert "is not a checkpoint of safetensors" in refusal_of(path)
    path.write_bytes((2**31).to_bytes(8, "little") + b"{")
    assert "its header is longer than one of a network" in refusal_of(path)


# --- Checksums


def with_a_bit_turned(whole: bytes, tensor: Tensor) -> bytes:
    """The file with one bit of a tensor's numbers another."""
    numbers = tensor.numpy().tobytes()
    place = whole.index(numbers) + len(numbers) // 2
    return whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]


def test_one_wrong_bit_is_found_by_its_checksum(tmp_path: Path) -> None:
    state = small()
    path = saved(state, tmp_path)
    path.write_bytes(with_a_bit_turned(path.read_bytes(), state["backbone.1.conv3x3.weight"]))
    assert "is damaged (Bad CRC-32 for file" in refusal_of(path)


def test_a_file_without_checksums_is_read(tmp_path: Path) -> None:
    state, before = small(), torch.serialization.get_crc32_options()
    torch.serialization.set_crc32_options(False)
    try:
        path = saved(state, tmp_path)
    finally:
        torch.serialization.set_crc32_options(before)
    assert same_state(load_checkpoint(NAME, path, 2).state_dict(), state)


# --- What it is instead


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "it is a pointer of Git LFS"),
        (b"\n<!doctype html><html>login</html>", "it is a web page"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "it is a web page"),
    ],
)
@pytest.mark.parametrize("ending", ["pth", "safetensors"])
def test_what_is_often_in_place_of_a_checkpoint_is_named(
    content: bytes, said: str, ending: str, tmp_path: Path
) -> None:
    path = tmp_path / f"w.{ending}"
    path.write_bytes(content)
    assert f"is not a checkpoint: {said}" in refusal_of(path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_is_named(tmp_path: Path) -> None:
    torch.jit.script(nn.Conv2d(3, 3, 1)).save(str(tmp_path / "w.pth"))  # type: ignore[no-untyped-call]
    assert "is TorchScript, a network and no weights; save its state_dict()" in refusal_of(tmp_path / "w.pth")


def test_what_lies_beside_the_tensors_is_named_by_its_key(tmp_path: Path) -> None:
    content = {
        "params": small(),
        "args": argparse.Namespace(lr=1e-4),
        "best": {"psnr": np.float64(32.1), "curve": np.ones(3)},
    }
    said = refusal_of(saved(content, tmp_path))
    assert "args (argparse.Namespace), best.psnr (a numpy scalar), best.curve (a numpy array)" in said
    assert said.endswith("save the state_dict() of the network alone, without them")


def test_of_many_things_beside_the_tensors_some_are_named(tmp_path: Path) -> None:
    content = {f"k{number}": np.float64(number) for number in range(9)} | small()
    assert (
        "k0 (a numpy scalar), k1 (a numpy scalar), k2 (a numpy scalar), k3 (a numpy scalar) and 5 more"
        in refusal_of(saved(content, tmp_path))
    )


def test_a_pickled_network_is_named_by_its_class(tmp_path: Path) -> None:
    said = refusal_of(saved(nn.Sequential(nn.Conv2d(3, 3, 1)), tmp_path))
    assert "it is a whole pickled network (torch.nn.modules.container.Sequential)" in said
    assert "save the state_dict() of the network alone" in said


def test_of_an_older_form_the_class_is_named(tmp_path: Path) -> None:
    torch.save({"args": argparse.Namespace()}, tmp_path / "w.pth", _use_new_zipfile_serialization=False)
    assert "it holds more than tensors (argparse.Namespace); save" in refusal_of(tmp_path / "w.pth")


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
def test_quantized_numbers_are_refused(tmp_path: Path) -> None:
    tensor = torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8)
    assert "holds quantized numbers under w" in refusal_of(saved({"w": tensor}, tmp_path))


class Runs:
    """Code that a file would run."""

    ran = False

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return run_it, ()


def run_it() -> None:
    Runs.ran = True


def test_nothing_runs_while_a_refusal_is_worded(tmp_path: Path) -> None:
    said = refusal_of(saved({"params": small(), "hook": Runs()}, tmp_path))
    assert "hook (tests.model_defs.test_checkpoint_wrappers.run_it)" in said
    assert not Runs.ran


def test_tensors_are_keyed_as_they_stand(tmp_path: Path) -> None:
    # A network of a user's may have a `module` of its own.
    assert list(read_tensors(saved({"module.w": torch.ones(1)}, tmp_path))) == ["module.w"]
