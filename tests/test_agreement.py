"""Before a mode is timed its output is held against that of eager float32, on a natural image."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from srbench import machine, planning, runner, sizes
from srbench.agreements import Agreement
from srbench.api.profiling import profile
from srbench.api.request import Request
from srbench.assemble import Plan
from srbench.cases import Case, Dtype, Mode
from srbench.failures import Failure, failure_of
from srbench.measure.agreement import FLOOR_DB, agreement
from srbench.progress import Quiet
from srbench.records import Record
from srbench.running import natural
from srbench.running.natural import natural_image
from srbench.tasks import Agree, Agreed, Memory, Time
from tests.builders import make_case, make_counts, make_machine, make_plan, make_settings, make_visit, timed, watched
from tests.scripted_launcher import Scripted

HALF = Mode(dtype="bfloat16")
FLAT = Mode(layout="channels_last")


# --- The image


def pixels() -> "np.ndarray[Any, np.dtype[np.uint8]]":
    """The file, as Pillow reads it: (256, 256, 3)."""
    with Image.open(Path(natural.__file__).with_name("astronaut.png")) as file:
        return np.asarray(file.convert("RGB"))


def test_an_image_of_the_files_size_is_the_file() -> None:
    file = pixels()
    assert file.shape == (256, 256, 3)
    image = natural_image(1, 3, 256, 256)
    assert (image.dtype, image.device.type, tuple(image.shape)) == (torch.float32, "cpu", (1, 3, 256, 256))
    assert image.is_contiguous()
    assert np.array_equal((image[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy(), file)
    assert 0 <= image.min() < 0.1  # black and white are in it
    assert 0.9 < image.max() <= 1


@pytest.mark.parametrize(("height", "width"), [(1, 1), (24, 32), (256, 257), (300, 700), (1000, 20)])
def test_it_is_mirrored_on_to_any_size(height: int, width: int) -> None:
    image, file = natural_image(1, 3, height, width)[0], torch.from_numpy(pixels().copy())
    assert tuple(image.shape) == (3, height, width)
    # 0 ... 255, 255 ... 0, and again from the start.
    rows, columns = (
        [place % 512 if place % 512 < 256 else 511 - place % 512 for place in range(side)] for side in (height, width)
    )
    expected = file[rows][:, columns].permute(2, 0, 1).float() / 255
    torch.testing.assert_close(image, expected, rtol=0, atol=1e-6)


def test_each_image_of_a_batch_is_the_same() -> None:
    batch = natural_image(3, 3, 10, 20)
    assert tuple(batch.shape) == (3, 3, 10, 20)
    assert all(torch.equal(image, natural_image(1, 3, 10, 20)[0]) for image in batch)


def test_for_one_channel_it_is_luma() -> None:
    red, green, blue = natural_image(1, 3, 40, 50)[0]
    luma = natural_image(2, 1, 40, 50)
    assert tuple(luma.shape) == (2, 1, 40, 50)
    # ITU-R BT.601-7, section 2.5.1.
    torch.testing.assert_close(luma[1, 0], 0.299 * red + 0.587 * green + 0.114 * blue)


# --- How near two outputs are


def near(reference: Tensor, output: Tensor, dtype: Dtype = "float32") -> Agreement:
    return agreement(reference, output, FLOOR_DB[dtype], "a ramp", {}, None)


def ramp(low: float, high: float) -> Tensor:
    return torch.linspace(low, high, 1001, dtype=torch.float64).reshape(1, 1, 1, 1001)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.0, 5.0), (0.0, 255.0), (1e-6, 2e-6), (-1e9, 1e9)])
@pytest.mark.parametrize("share", [0.1, 1e-3, -1e-5])
def test_a_constant_difference_by_hand(low: float, high: float, share: float) -> None:
    # The mean square of a constant d is d squared: the PSNR is 20 log10(span / d), whatever the span.
    found = near(ramp(low, high), ramp(low, high) + share * (high - low))
    assert found.psnr_db == pytest.approx(20 * math.log10(1 / abs(share)), rel=1e-6)
    assert found.largest == pytest.approx(abs(share), rel=1e-6)


def test_one_wrong_pixel_by_hand() -> None:
    # A span of 4, and of 1001 values one is off by 2: 10 log10(16 / (4 / 1001)).
    output = ramp(-1, 3)
    output[..., 500] += 2
    found = near(ramp(-1, 3), output)
    assert found.psnr_db == pytest.approx(10 * math.log10(4 * 1001))
    assert found.largest == pytest.approx(0.5)


def test_equal_outputs_agree_to_the_last_bit() -> None:
    found = near(ramp(0, 1), ramp(0, 1))
    assert (found.psnr_db, found.largest, found.good) == (None, 0, True)
    constant = torch.full((1, 3, 2, 2), 0.25)
    assert near(constant, constant.clone()).psnr_db is None


def test_against_a_constant_nothing_but_the_same_is_good() -> None:
    constant = torch.full((1, 3, 2, 2), 0.25)
    found = near(constant, constant + 1e-3, "bfloat16")
    assert (found.psnr_db, found.largest, found.good) == (0, 1, False)


def test_shorter_formats_are_compared_as_they_are() -> None:
    # bfloat16 has 8 significant bits: of 1 + 2**-9 it keeps 1. One of two values is off by 2**-9, of a span of 1.
    reference = torch.tensor([[[[2**-9, 1 + 2**-9]]]])
    found = near(reference, reference.to(torch.bfloat16), "bfloat16")
    assert found.largest == 2**-9
    assert found.psnr_db == pytest.approx(10 * math.log10(2 * 2**18))


@pytest.mark.parametrize(("dtype", "floor"), [("float32", 60), ("float16", 40), ("bfloat16", 30)])
def test_the_floors(dtype: Dtype, floor: float) -> None:
    # As docs/guide/modes.md has them.
    assert FLOOR_DB[dtype] == floor
    distance = 10 ** (-floor / 20)
    at, above, below = (near(ramp(0, 1), ramp(0, 1) + distance * factor, dtype) for factor in (1.0, 1 - 1e-6, 1 + 1e-6))
    assert at.psnr_db == pytest.approx(floor)
    assert (above.good, below.good) == (True, False)
    assert {found.floor_db for found in (at, above, below)} == {floor}


# --- In a run


def test_each_mode_that_is_not_plain_is_held_against_it_before_anything_is_timed() -> None:
    modes = [Mode(), HALF, FLAT, Mode(engine="compile"), Mode()]
    plans = [Plan(make_case(mode=mode), make_counts()) for mode in modes]
    steps = runner.steps_of(plans, make_settings(rounds=2), ("torch", "thop"))
    assert [step.case for step in steps if step.task == "agree"] == [1, 2, 3]
    tasks = [step.task for step in steps]
    assert tasks.count("time") == 10
    assert max(place for place, task in enumerate(tasks) if task == "agree") < tasks.index("time")


def test_of_shapes_alone_nothing_has_to_agree() -> None:
    plan = Plan(make_case(device="none", mode=HALF), make_counts())
    assert runner.steps_of([plan], make_settings(), ("torch",)) == []


def found(psnr_db: float | None, floor_db: float = 30, **changes: Any) -> Agreement:
    return Agreement(psnr_db=psnr_db, largest=0.01, floor_db=floor_db, image="astronaut", **changes)


def run(answer: Agreed | Failure, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Record], list[str]]:
    """A plain case and one in bfloat16, which agrees as told; the records, and what was launched."""
    monkeypatch.setattr(machine, "describe", make_machine)
    launched: list[str] = []

    def answers(work: Any, timeout_s: float, report: Callable[[Any], None]) -> Any:
        launched.append(f"{type(work).__name__} {work.case.mode.typed}")
        if isinstance(work, Agree):
            return answer
        visit = make_visit(100, 101, 102, round=work.round, place=work.place) if isinstance(work, Time) else None
        return watched() if isinstance(work, Memory) or visit is None else timed(visit)

    plans = [make_plan(), Plan(make_case(mode=HALF), make_counts())]
    settings = make_settings(rounds=2, patience_s=0)
    return runner.run(plans, settings, (), lambda _: None, Quiet(), launcher=Scripted(answers)), launched


def test_agreement_is_looked_at_first_and_stands_in_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    good = found(42.5, build_ns=7, versions={"engine": "1.2"})
    (plain, half), launched = run(Agreed(agreement=good), monkeypatch)
    assert launched[0] == "Agree bfloat16"
    assert sorted(launched[1:]) == sorted(
        [*["Time plain", "Time bfloat16"] * 2, "Memory plain", "Memory bfloat16"],
    )
    assert (plain.agreement, half.agreement) == (None, good)
    assert not half.failed
    assert Record.model_validate_json(half.model_dump_json()).agreement == good


def test_below_its_floor_nothing_of_it_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = found(29.94)
    (plain, half), launched = run(Agreed(agreement=bad), monkeypatch)
    assert [each for each in launched if "bfloat16" in each] == ["Agree bfloat16"]
    assert (half.status, half.latency, half.memory, half.agreement) == ("MISMATCH", None, None, bad)
    assert half.reason.startswith("its output in bfloat16 is not that of eager float32: 29.9 dB apart on astronaut")
    assert "at least 30 dB" in half.reason
    assert not plain.failed


def test_what_cannot_run_in_a_mode_is_not_timed_in_it_either(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking = Failure(status="UNSUPPORTED", reason="torch has no kernel for BFloat16 here", detail="Traceback")
    (plain, half), launched = run(lacking, monkeypatch)
    assert [each for each in launched if "bfloat16" in each] == ["Agree bfloat16"]
    assert (half.status, half.reason, half.agreement) == ("UNSUPPORTED", lacking.reason, None)
    assert not plain.failed


# --- A dtype that torch lacks


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize(
    "operator",
    [
        torch.linalg.svd,
        torch.fft.fft2,
    ],
)
def test_an_operator_without_a_kernel_is_unsupported(operator: Callable[[Tensor], object], half: torch.dtype) -> None:
    with pytest.raises(RuntimeError) as caught:
        operator(torch.rand(1, 3, 8, 8).to(half))
    found = failure_of(caught.value)
    assert found.status == "UNSUPPORTED"
    assert "\n" not in found.reason


# --- Real networks in real processes

NETS = """
import torch
from torch import nn


class Tiny(nn.Module):
    def __init__(self, scale=4):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 3 * scale**2, 3, padding=1), nn.PixelShuffle(scale))

    def forward(self, x):
        return self.body(x)


class Cheats(Tiny):
    '''In bfloat16 it gives its image upside down, which takes no longer.'''

    def forward(self, x):
        out = super().forward(x)
        return out.flip(-2) if x.dtype is torch.bfloat16 else out


class Overflows(Tiny):
    '''Values of millions; the largest float16 is 65504 (IEEE 754, binary16).'''

    def forward(self, x):
        return (super().forward(x) + 3) * 1e6
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Record]:
    """The networks above in three modes each, by class and mode."""
    file = tmp_path_factory.mktemp("nets") / "nets.py"
    file.write_text(NETS)
    request = Request(
        models=",".join(f"{file}:{name}" for name in ("Tiny", "Cheats", "Overflows")),
        lr=[(32, 24)],
        dtype="float32,bfloat16,float16",
        device="cpu",
        threads=(1,),
        rounds=1,
        budget_s=0.05,
        patience_s=0,
        timeout_s=60,
    )
    records = profile(request)
    return {(record.case.model.architecture, record.case.mode.dtype): record for record in records}


def test_a_mode_that_gives_another_image_is_a_mismatch(measured: dict[tuple[str, str], Record]) -> None:
    record = measured["Cheats", "bfloat16"]
    assert (record.status, record.latency, record.memory) == ("MISMATCH", None, None)
    assert record.reason.startswith("its output in bfloat16 is not that of eager float32: ")
    assert record.agreement is not None
    assert record.agreement.psnr_db is not None
    assert record.agreement.psnr_db < 30
    assert record.agreement.image == natural.NAME
    assert not measured["Cheats", "float32"].failed
    assert not measured["Cheats", "float16"].failed


def test_values_that_are_no_numbers_are_a_mismatch(measured: dict[tuple[str, str], Record]) -> None:
    record = measured["Overflows", "float16"]
    assert (record.status, record.latency, record.agreement) == ("MISMATCH", None, None)
    # All of 3 x 96 x 128.
    assert record.reason == "the output holds 36864 NaN or infinite values of 36864"
    assert not measured["Overflows", "float32"].failed
    assert not measured["Overflows", "bfloat16"].failed  # it has the exponents of float32


def test_rounding_alone_is_far_above_the_floors(measured: dict[tuple[str, str], Record]) -> None:
    # An output rounded to 8 or 11 bits is off by at most 2**-9 or 2**-12 of itself, which is 54 or 72 dB below its
    # largest value; weights and image are rounded likewise.
    for dtype, least in (("bfloat16", 40), ("float16", 58)):
        record = measured["Tiny", dtype]
        assert record.agreement is not None
        assert record.agreement.psnr_db is not None
        assert record.agreement.psnr_db > least
        assert record.latency is not None
    assert measured["Tiny", "float32"].agreement is None  # there is nothing to hold it against


def test_the_weights_are_the_same_in_both_ways() -> None:
    # Random weights, which follow from the seed: others would give another image, far below 60 dB.
    [asked] = planning.parse("ecbsr-m4c8")
    case = Case(model=asked.model, size=sizes.plan(4, lr=(32, 24)), mode=FLAT, device="cpu")
    result = Agree(case, make_settings(seed=3)).run(lambda _: None)
    assert (result.agreement.good, result.agreement.floor_db, result.agreement.build_ns) == (True, 60, None)
