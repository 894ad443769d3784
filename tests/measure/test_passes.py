"""What passes see, and that an output which was not made anew does not pass for one."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from srbench import inputs, planning, sizes
from srbench.errors import MismatchError
from srbench.failures import Failure
from srbench.launch import PROCESSES
from srbench.measure.passes import Pictures, Watch
from srbench.tasks import Time
from tests.builders import make_case, make_settings
from tests.shared_files import SHARED, needs_shared

SHAPE = (1, 3, 12, 16)


def pictures() -> Pictures:
    generator = torch.Generator().manual_seed(0)
    return Pictures(torch.rand(SHAPE, generator=generator), torch.rand(SHAPE, generator=generator), 1.0)


def checked(output: object) -> Tensor:
    assert isinstance(output, Tensor)
    return output


def watched(forward: Callable[[Tensor], Tensor], passes: int = 4) -> list[str]:
    """Passes as the timed loop has them, looked at first and last; what is said of them."""
    seen = pictures()
    watch = Watch(forward, seen, checked, torch.float32)
    watch.first(forward(seen.current))
    for _ in range(passes):
        seen.turn()
        output = forward(seen.current)
    watch.last(output)
    return watch.remarks


def twice(x: Tensor) -> Tensor:
    return torch.nn.functional.interpolate(x, scale_factor=2.0)


# --- What passes see


def test_no_two_passes_see_the_same_picture() -> None:
    seen, found = pictures(), []
    for _ in range(200):
        seen.turn()
        found.append(seen.current.clone())
    assert all(not torch.equal(one, other) for place, one in enumerate(found) for other in found[:place])
    assert all(image.min() >= 0 and image.max() <= 1 for image in found)


def test_neighbours_are_different_images_and_each_lies_where_it_lay() -> None:
    seen = pictures()
    places = []
    for _ in range(4):
        seen.turn()
        places.append(seen.current.data_ptr())
    assert places[0] == places[2] != places[1] == places[3]


# --- What is noticed


def test_an_honest_network_passes() -> None:
    assert watched(twice) == []


def test_an_output_that_is_kept_is_noticed() -> None:
    kept: list[Tensor] = []

    def keeps(x: Tensor) -> Tensor:
        kept.append(kept[0] if kept else twice(x))
        return kept[0]

    for passes in (3, 4):  # the last pass sees the first image, or the other one
        kept.clear()
        with pytest.raises(MismatchError):
            watched(keeps, passes)


def test_outputs_that_are_kept_by_address_are_noticed() -> None:
    kept: dict[int, Tensor] = {}

    def keeps(x: Tensor) -> Tensor:
        return kept.setdefault(x.data_ptr(), twice(x))

    for passes in (2, 10):  # one changed value since then is enough
        kept.clear()
        with pytest.raises(MismatchError, match="another output than a fresh pass on the same image"):
            watched(keeps, passes)


def test_outputs_that_are_kept_by_content_are_made_anew_each_time() -> None:
    made: dict[bytes, Tensor] = {}

    def keeps(x: Tensor) -> Tensor:
        return made.setdefault(x.numpy().tobytes(), twice(x))

    assert watched(keeps, 50) == []
    assert len(made) == 51  # 50 passes and the first one; the fresh one has the content of the last


def test_constant_outputs_are_told_from_images() -> None:
    with pytest.raises(MismatchError, match="one output for two different images"):
        watched(lambda x: torch.zeros(1, 3, 24, 32), 3)


def test_a_network_that_writes_over_its_last_output_is_honest() -> None:
    room = torch.empty(1, 3, 24, 32)
    assert watched(lambda x: room.copy_(twice(x))) == []


def test_where_there_is_no_memory_for_a_second_output_that_is_said() -> None:
    passes = iter(range(100))

    def full(x: Tensor) -> Tensor:
        if next(passes) > 4:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return twice(x)

    assert watched(full) == ["its last output was not looked at: no memory for a second one"]


def test_a_random_network_is_said_to_be_one() -> None:
    assert watched(lambda x: twice(x) + torch.rand(1, 3, 24, 32)) == [
        "random: two passes on one image give different outputs"
    ]


def test_a_network_that_writes_into_its_input_is_said_to() -> None:
    assert watched(lambda x: twice(x.mul_(0.5))) == ["writes into its input"]


def test_another_type_than_the_modes_is_said() -> None:
    assert watched(lambda x: twice(x).to(torch.bfloat16)) == ["its output is bfloat16, not float32"]


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (torch.empty(1, 3, 96, 128, device="meta"), "a meta tensor"),
        (torch.zeros(1, 1, 1, 1).expand(1, 3, 96, 128), "expanded, not computed"),
        (torch.zeros(1, 3, 96, 128).to_sparse(), "a sparse_coo tensor, not a dense one"),
        (torch.full((1, 3, 96, 128), float("nan")), "36864 NaN or infinite values of 36864"),
    ],
)
def test_what_is_no_image_is_refused(output: Tensor, said: str) -> None:
    case = make_case().model_copy(update={"size": sizes.plan(4, lr=(32, 24))})
    with pytest.raises(MismatchError, match=said):
        inputs.check_output(output, case)


def test_a_tensor_of_the_users_own_kind_is_taken_as_a_tensor() -> None:
    case = make_case().model_copy(update={"size": sizes.plan(4, lr=(32, 24))})
    own: Any = type("Own", (Tensor,), {})
    assert type(inputs.check_output(torch.rand(1, 3, 96, 128).as_subclass(own), case)) is Tensor


# --- For real


@needs_shared("cases/misbehaving.py")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Caches", "kept from another pass"),
        ("NaNLater", "NaN or infinite values"),
        ("RandomSize", "expected 1x3x96x128"),
        ("Expanded", "expanded, not computed"),
        ("MetaOut", "meta tensor"),
    ],
)
def test_misbehaving_networks_have_no_runtime(name: str, said: str) -> None:
    [asked] = planning.parse(f"{SHARED / 'cases/misbehaving.py'}:{name}", "deploy")
    case = make_case(threads=1).model_copy(update={"model": asked.model, "size": sizes.plan(4, lr=(32, 24))})
    found = PROCESSES.launch(Time(case, make_settings(budget_s=0.4, timeout_s=60.0)), 60)
    assert isinstance(found, Failure)
    assert found.status == "MISMATCH"
    assert said in found.reason


def test_a_network_in_evaluation_mode_is_one_in_all_passes() -> None:
    network = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.PixelShuffle(2)).eval()
    with torch.inference_mode():
        assert watched(network) == []
