"""What a task does in its process: how long it may measure, and what is made of exceptions."""

import gc
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns

import pytest
import torch

from srbench import models, sizes, tasks
from srbench.cases import Case
from srbench.errors import MismatchError, UnsupportedError
from srbench.failures import failure_of
from srbench.inputs import check_output
from srbench.machine.device import CpuDevice, Device
from srbench.measure.latency import TimingPlan
from srbench.records import Settings, Visit
from srbench.tasks import Progress, Time, Timed, min_samples
from tests.builders import S, make_case, make_settings, make_size, make_visit

NETWORKS = Path(__file__).with_name("networks.py")


def tiny() -> Case:
    [model] = models.parse(f"{NETWORKS}:Tiny", "deploy")
    return Case(model=model, size=sizes.plan(4, lr=(8, 8)), device="cpu", threads=None)


class Asked:
    """Stands for the timing loop: keeps its plan and gives a scripted visit."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *samples_ms: float) -> None:
        self.plan = TimingPlan(0, 0)
        self.collecting = self.grad = True
        self.output: object = None
        self._samples = samples_ms
        monkeypatch.setattr(tasks, "measure_latency", self)

    def __call__(
        self,
        forward: Callable[[], object],
        device: Device,
        plan: TimingPlan,
        *,
        report: Callable[[int, int], None],
        prepare: Callable[[], None],
        inspect: Callable[[object], None],
        inspect_last: Callable[[object], None],
    ) -> Visit:
        self.plan, self.collecting, self.grad = plan, gc.isenabled(), not torch.is_inference_mode_enabled()
        self.output = forward()
        inspect(self.output)
        prepare()
        inspect_last(forward())
        return make_visit(*self._samples)


def timed(settings: Settings, round_: int = 0, place: int = 0) -> Timed:
    return Time(tiny(), settings, round=round_, place=place).run(lambda _: None)


@pytest.fixture(autouse=True)
def keep_memory(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What the device answers when it is told to keep its memory, one answer for each time; this process keeps none."""
    answers = [True]
    monkeypatch.setattr(CpuDevice, "keep_memory", lambda self: answers.pop())
    return answers


# --- A timed visit


@pytest.mark.parametrize(
    ("asked", "kept", "recorded"), [("keep", True, "keep"), ("keep", False, "system"), ("system", True, "system")]
)
def test_the_record_says_whether_freed_memory_was_kept(
    monkeypatch: pytest.MonkeyPatch, keep_memory: list[bool], asked: str, kept: bool, recorded: str
) -> None:
    Asked(monkeypatch, 1, 1, 1)
    keep_memory[:] = [kept]
    answer = timed(make_settings(allocator=asked))
    assert answer.settings.allocator == recorded
    assert keep_memory == ([True] if asked == "system" else [])


@pytest.mark.parametrize(
    ("rounds", "least"),
    [
        (1, 3),  # a median needs a middle one
        (2, 3),  # three of each: six in all
        (3, 2),  # two of each: six in all, enough for 95 %
        (5, 2),
        (10, 2),
    ],
)
def test_samples_are_enough_for_an_interval_where_that_costs_one_more(rounds: int, least: int) -> None:
    assert min_samples(rounds) == least


def test_a_visit_has_its_share_of_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch, 1, 1, 1)
    before = perf_counter_ns()
    timed(make_settings(rounds=5, budget_s=20.0, timeout_s=100.0, precision=0.02))
    assert (asked.plan.budget_ns, asked.plan.precision, asked.plan.min_samples) == (4 * S, 0.02, 2)
    # Nine tenths of the timeout from its own start on, so that its answer still arrives.
    assert before + 90 * S <= asked.plan.deadline_ns <= perf_counter_ns() + 90 * S


def test_nothing_is_collected_and_nothing_is_tracked_while_it_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch, 1, 1, 1)
    timed(make_settings())
    assert (asked.collecting, asked.grad) == (False, False)
    assert gc.isenabled()
    assert isinstance(asked.output, torch.Tensor)
    assert tuple(asked.output.shape) == (1, 3, 32, 32)


def test_a_visit_knows_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    Asked(monkeypatch, 1, 1, 1)
    answer = timed(make_settings(), round_=2, place=5)
    assert (answer.problem, answer.visit.round, answer.visit.place) == (None, 2, 5)
    assert answer.build_ns > 0
    assert answer.settings.threads == torch.get_num_threads()  # read back


def test_no_samples_before_the_deadline_is_a_timeout_with_the_first_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    Asked(monkeypatch)
    answer = timed(make_settings(timeout_s=1.0))
    assert answer.problem is not None
    said = "its first pass took 0.9 s of the 1 s allowed"
    assert (answer.problem.status, answer.problem.reason) == ("TIMEOUT", said)
    assert answer.visit.samples_ns == ()


# --- What an exception means

#: As torch 2.13 words them.
CPU_OOM = (
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate "
    "536870912 bytes. Error code 12 (Cannot allocate memory)"
)
CUDA_OOM = "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 15.78 GiB"


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (RuntimeError("the first line\nthe second"), "CRASH", "RuntimeError: the first line"),
        (ValueError(), "CRASH", "ValueError"),
        (SystemExit(3), "CRASH", "SystemExit: 3"),
        (MemoryError(), "OOM", "there was no memory for what it asked for"),
        (torch.OutOfMemoryError(CUDA_OOM), "OOM", "there was no memory for 20.0 GiB that it asked for at once"),
        (RuntimeError(CPU_OOM), "OOM", "there was no memory for 512.0 MiB that it asked for at once"),
        (RuntimeError("std::bad_alloc"), "OOM", "there was no memory for what it asked for"),
        (RuntimeError("could not create a memory object"), "OOM", "there was no memory for what it asked for"),
        (MismatchError("the output is a tuple"), "MISMATCH", "the output is a tuple"),
        (UnsupportedError("Net needs width"), "UNSUPPORTED", "Net needs width"),
    ],
)
def test_an_exception_is_a_status_with_one_line(error: BaseException, status: str, reason: str) -> None:
    answer = failure_of(error)
    assert answer.status == status
    assert answer.reason.startswith(reason)
    assert "\n" not in answer.reason
    assert type(error).__name__ in answer.detail


# --- What is an upscaled image


def test_an_image_of_the_right_size_is_one() -> None:
    check_output(torch.zeros(1, 3, 720, 1280), make_case())
    check_output(torch.zeros(2, 3, 8, 8), make_case(size=make_size(4, lr_width=2, lr_height=2, batch=2)))


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (None, "the output is a NoneType, not a tensor"),
        ([torch.zeros(1)], "the output is a list, not a tensor"),
        (torch.zeros(1, 3, 1280, 720), "the output is 1x3x1280x720, expected 1x3x720x1280 at x4"),
        (torch.zeros(3, 720, 1280), "the output is 3x720x1280, expected 1x3x720x1280 at x4"),
        (torch.full((1, 3, 720, 1280), torch.inf), f"the output holds {3 * 720 * 1280} NaN or infinite values"),
    ],
)
def test_what_is_none_is_refused(output: object, said: str) -> None:
    with pytest.raises(MismatchError, match=said):
        check_output(output, make_case())


def test_one_bad_value_is_enough() -> None:
    image = torch.zeros(1, 3, 720, 1280)
    image[0, 2, 719, 1279] = torch.nan
    with pytest.raises(MismatchError, match=f"holds 1 NaN or infinite values of {3 * 720 * 1280}"):
        check_output(image, make_case())


# --- Signs of life


def test_the_parent_is_told_once_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0]
    monkeypatch.setattr(tasks, "perf_counter_ns", lambda: now[0])
    told: list[Progress] = []
    tell = tasks._throttled(told.append)
    for samples in range(1, 31):
        now[0] += 100_000_000
        tell(samples, 2_500_000)
    assert told == [Progress(samples=samples, last_ms=2.5) for samples in (10, 20, 30)]
