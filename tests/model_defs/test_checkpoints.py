"""Checkpoints: every wrapper opens, the module has the form of its file, a wrong file is refused in one clear line."""

import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from model_defs import Form, ZooError, build, form_of, get, load_checkpoint, super_resolve, to_deploy
from tests.model_defs.random_weights import copy_of_state, same_state
from tests.shared_files import CHECKPOINTS, MORE_WEIGHTS, SHARED, WEIGHTS, checkpoint, names_in, needs_shared

State = dict[str, Tensor]

OFFICIAL = [pytest.param(name, marks=needs_shared(checkpoint(name))) for name in CHECKPOINTS]


def small(form: Form = "deploy", name: str = "ecbsr-m4c8", scale: int = 2) -> State:
    """Weights that differ from those of any other call and of any network that load_checkpoint builds."""
    return copy_of_state(build(name, scale, form))


def save(content: object, folder: Path) -> Path:
    path = folder / "weights.pth"
    torch.save(content, path)
    return path


def prefixed(state: State) -> State:
    return {f"module.{key}": tensor for key, tensor in state.items()}


def without(state: State, part: str) -> State:
    return {key: tensor for key, tensor in state.items() if part not in key}


def zeros_like(state: State) -> State:
    return {key: torch.zeros_like(tensor) for key, tensor in state.items()}


def refusal_of(path: Path, variant: str = "ecbsr-m4c8", scale: int = 2) -> str:
    """The message, which is one line and names the file."""
    with pytest.raises(ZooError) as caught:
        load_checkpoint(variant, path, scale)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


@needs_shared(WEIGHTS, MORE_WEIGHTS)
def test_every_official_file_is_loaded() -> None:
    assert set(CHECKPOINTS) == names_in(WEIGHTS, ".pth") | names_in(MORE_WEIGHTS, ".pth")


@pytest.mark.parametrize("name", OFFICIAL)
def test_official_file_loads_strictly(name: str) -> None:
    variant, scale = CHECKPOINTS[name]
    path = SHARED / checkpoint(name)
    model = load_checkpoint(variant, path, scale)
    assert form_of(model) == "deploy"
    assert not model.training
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}
    stored = torch.load(path, map_location="cpu", weights_only=True)
    stored = {key.removeprefix("module."): tensor for key, tensor in stored.get("params", stored).items()}
    if variant.startswith("ecbsr"):  # the only files whose keys differ from those of the official class
        stored = {re.sub(r"\.0(\.\w+)$", r".conv3x3\1", key): tensor for key, tensor in stored.items()}
        stored = {re.sub(r"\.1(\.weight)$", r".act\1", key): tensor for key, tensor in stored.items()}
    # Published in float16, computed in float32: every value is the same.
    assert same_state(model.state_dict(), {key: tensor.float() for key, tensor in stored.items()})


@pytest.mark.parametrize("name", OFFICIAL)
def test_official_file_is_refused_by_the_other_architectures(name: str) -> None:
    variant, scale = CHECKPOINTS[name]
    other = "imdn" if get(variant).architecture != "IMDN" else "bsrn"
    message = refusal_of(SHARED / checkpoint(name), other, scale)
    assert f"not a checkpoint of {other} x{scale}" in message
    assert message.endswith(f"it fits {variant} x{scale}")


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(lambda s: s, id="bare"),
        pytest.param(lambda s: {"params": s}, id="params"),
        pytest.param(lambda s: {"params": zeros_like(s), "params_ema": s}, id="params_ema wins over params"),
        pytest.param(lambda s: {"params_ema": s, "params": zeros_like(s)}, id="in either order"),
        pytest.param(lambda s: {"state_dict": s, "epoch": 7, "optimizer": {"lr": 1e-4}}, id="state_dict"),
        pytest.param(prefixed, id="module."),
        pytest.param(lambda s: prefixed(prefixed(s)), id="module.module."),
        pytest.param(lambda s: {"params": prefixed(s)}, id="params of module."),
        pytest.param(lambda s: {"state_dict": prefixed(s)}, id="state_dict of module."),
        pytest.param(lambda s: {"model": {"state_dict": prefixed(s)}}, id="model of state_dict of module."),
    ],
)
def test_wrapper(wrap: Callable[[State], object], tmp_path: Path) -> None:
    state = small()
    model = load_checkpoint("ecbsr-m4c8", save(wrap(state), tmp_path), 2)
    assert same_state(model.state_dict(), state)


@pytest.mark.parametrize("name", ["bsrn", "ecbsr-m4c8", "ecbsr-m5c6-rgb", "repsr-m4c16", "span", "imdn-rtc"])
def test_module_has_the_form_of_the_file(name: str, tmp_path: Path) -> None:
    for form in ("train", "deploy") if get(name).folds else ("deploy",):
        saved = build(name, 2, form)
        model = load_checkpoint(name, save(saved.state_dict(), tmp_path), 2)
        assert form_of(model) == form
        assert not model.training
        assert same_state(model.state_dict(), saved.state_dict())


def test_old_file_format(tmp_path: Path) -> None:
    state = small()
    torch.save(state, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    assert same_state(load_checkpoint("ecbsr-m4c8", tmp_path / "old.pth", 2).state_dict(), state)


def test_third_party_keys_of_ecbsr(tmp_path: Path) -> None:
    """ETDS calls the convolution of a folded block ``0`` and its activation ``1``."""
    state = small(name="ecbsr-m4c8-rgb")
    renamed = {key.replace("conv3x3", "0").replace("act", "1"): tensor for key, tensor in state.items()}
    assert "backbone.0.0.weight" in renamed
    assert "backbone.0.1.weight" in renamed
    assert same_state(load_checkpoint("ecbsr-m4c8-rgb", save(renamed, tmp_path), 2).state_dict(), state)


def test_stale_folded_weights_beside_branches_are_ignored(tmp_path: Path) -> None:
    state = small("train", "span")
    fresh = load_checkpoint("span", save(state, tmp_path), 2)
    stale = {key: torch.randn_like(t) if ".eval_conv." in key else t for key, t in state.items()}
    model = load_checkpoint("span", save(stale, tmp_path), 2)
    assert form_of(model) == "train"
    assert same_state(to_deploy(model).state_dict(), to_deploy(fresh).state_dict())


def test_branches_alone_are_a_training_form(tmp_path: Path) -> None:
    state = small("train", "span")
    expected = to_deploy(load_checkpoint("span", save(state, tmp_path), 2)).state_dict()
    model = load_checkpoint("span", save(without(state, ".eval_conv."), tmp_path), 2)
    assert form_of(model) == "train"
    assert same_state(to_deploy(model).state_dict(), expected)


def test_half_precision_file_gives_a_float32_module(tmp_path: Path) -> None:
    half = {key: tensor.half() for key, tensor in small().items()}
    model = load_checkpoint("ecbsr-m4c8", save({"params": half}, tmp_path), 2)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert same_state(model.state_dict(), {key: tensor.float() for key, tensor in half.items()})


def test_loaded_module_upscales(tmp_path: Path) -> None:
    model = load_checkpoint("ecbsr-m4c8", str(save(small(), tmp_path)), 2)
    assert super_resolve(model, torch.rand(3, 5, 6)).shape == (3, 10, 12)
    assert super_resolve(to_deploy(model), torch.rand(3, 5, 6)).shape == (3, 10, 12)


@pytest.mark.parametrize(
    ("name", "scale", "form"),
    [
        ("span", 2, "deploy"),  # another architecture
        ("span", 2, "train"),
        ("repsr-m4c8", 2, "train"),
        ("ecbsr-m4c16", 2, "deploy"),  # another width
        ("ecbsr-m9c17", 2, "train"),  # another depth and width, of no listed variant
        ("ecbsr-m4c8-rgb", 2, "deploy"),  # other colours
        ("ecbsr-m4c8", 4, "deploy"),  # another scale
        ("ecbsr-m4c8", 3, "train"),
    ],
)
def test_weights_of_another_network(name: str, scale: int, form: Form, tmp_path: Path) -> None:
    message = refusal_of(save({"params": small(form, name, scale)}, tmp_path))
    assert "is not a checkpoint of ecbsr-m4c8 x2: backbone." in message
    assert message.endswith(f"; it fits {name} x{scale}")


def test_wrong_scale_says_which_tensor_differs(tmp_path: Path) -> None:
    message = refusal_of(save(small(scale=4), tmp_path))
    # The last convolution gives scale**2 channels; nothing else depends on the scale.
    assert (
        "backbone.5.conv3x3.bias is 16, expected 4; backbone.5.conv3x3.weight is 16x8x3x3, expected 4x8x3x3" in message
    )


@pytest.mark.parametrize("form", ["train", "deploy"])
@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        pytest.param(
            lambda s: without(s, "backbone.2.conv3x3.bias"), "backbone.2.conv3x3.bias is missing", id="missing key"
        ),
        pytest.param(lambda s: s | {"head.weight": torch.ones(3)}, "head.weight is unexpected", id="extra key"),
        pytest.param(
            lambda s: s | {"backbone.1.act.weight": torch.ones(9)},
            "backbone.1.act.weight is 9, expected 8",
            id="wrong shape",
        ),
        pytest.param(
            lambda s: s | {"backbone.1.act.weight": torch.ones(())},
            "backbone.1.act.weight is a single number, expected 8",
            id="wrong rank",
        ),
    ],
)
def test_damaged_weights(form: Form, damage: Callable[[State], State], complaint: str, tmp_path: Path) -> None:
    message = refusal_of(save(damage(small(form)), tmp_path))
    assert f"is not a checkpoint of ecbsr-m4c8 x2: {complaint}; it fits no known variant" in message


def test_many_differences_are_summed_up(tmp_path: Path) -> None:
    message = refusal_of(save(without(small("train"), "conv1x1"), tmp_path), "ecbsr-m4c8", 4)
    assert message.endswith("; it fits ecbsr-m4c8 x2")
    message = refusal_of(save({f"other.{i}": torch.ones(1) for i in range(50)}, tmp_path))
    assert "and 64 more" in message  # 50 unexpected and 17 missing, less the 3 shown
    assert len(message) < 400 + len(str(tmp_path))


def test_branches_of_span_with_some_folded_copies_missing(tmp_path: Path) -> None:
    message = refusal_of(save(without(small("train", "span"), "conv_1.eval_conv."), tmp_path), "span", 2)
    assert "conv_1.eval_conv.bias is missing" in message


def test_unknown_variant_and_scale_come_before_the_file(tmp_path: Path) -> None:
    with pytest.raises(ZooError, match="unknown model 'spam'; did you mean 'span'"):
        load_checkpoint("spam", tmp_path / "absent.pth", 2)
    with pytest.raises(ZooError, match="bsrn-s has no x2; it has x4"):
        load_checkpoint("bsrn-s", tmp_path / "absent.pth", 2)


def test_missing_file(tmp_path: Path) -> None:
    assert refusal_of(tmp_path / "absent.pth") == f"no checkpoint at {tmp_path / 'absent.pth'}"


def test_folder(tmp_path: Path) -> None:
    refusal_of(tmp_path)


def old_format(state: State, folder: Path) -> bytes:
    torch.save(state, folder / "whole.pth", _use_new_zipfile_serialization=False)
    return (folder / "whole.pth").read_bytes()


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"not a checkpoint\n", id="text"),
        pytest.param(b"<!DOCTYPE html>\n<html><body>404</body></html>\n", id="an error page saved as a checkpoint"),
        pytest.param(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", id="a pointer of git-lfs"),
        pytest.param(bytes(range(256)) * 40, id="bytes"),
        pytest.param(pickle.dumps([1, "two"], protocol=2), id="a plain pickle"),
        # What the unpickler raises depends on where it loses its way: IndexError and struct.error are among it.
        pytest.param(b"\x80\x02R\xdc>9\xa6\xd8", id="a pickle that pops an empty stack"),
        pytest.param(b"\x80\x02j\xdf\xed", id="a pickle that ends inside a number"),
        pytest.param(b"q\x1b\x16\xed\xee", id="a pickle that stores nothing"),
    ],
)
def test_garbage(garbage: bytes, tmp_path: Path) -> None:
    path = tmp_path / "garbage.pth"
    path.write_bytes(garbage)
    assert "is not a checkpoint" in refusal_of(path)


@pytest.mark.parametrize("zipped", [True, False])
def test_truncated_file(zipped: bool, tmp_path: Path) -> None:
    """An interrupted download ends anywhere."""
    path = tmp_path / "whole.pth"
    torch.save(small(), path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    for length in range(1, len(whole), 97):
        path.write_bytes(whole[:length])
        assert "is not a checkpoint" in refusal_of(path)


class Payload:
    """Stands for code that a malicious file would run on opening."""

    ran = False

    def __setstate__(self, state: object) -> None:
        Payload.ran = True


def test_pickled_objects_are_refused_and_never_run(tmp_path: Path) -> None:
    payload = Payload()
    payload.__dict__["content"] = 1
    assert "weights_only=True" in refusal_of(save({"params": small(), "config": payload}, tmp_path))
    # A module pickled whole, as `torch.save(model)` does, is code as well.
    assert "weights_only=True" in refusal_of(save(nn.Sequential(nn.Conv2d(1, 1, 1)), tmp_path))
    assert not Payload.ran


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({}, id="empty dict"),
        pytest.param({"epoch": 3, "lr": 1e-4}, id="dict of numbers"),
        pytest.param({"params": {}}, id="empty wrapper"),
        pytest.param([torch.ones(3)], id="list"),
        pytest.param(torch.ones(3), id="tensor"),
        pytest.param(None, id="nothing"),
    ],
)
def test_no_weights_inside(content: object, tmp_path: Path) -> None:
    assert "holds no weights" in refusal_of(save(content, tmp_path))
