"""Before a run: which cases there are, what their shapes tell, and what is refused."""

import pytest

from srbench import machine, models, planning, runner
from srbench.errors import InputError
from srbench.failures import Failure
from srbench.planning import Asked
from srbench.tasks import Counted, Static
from tests.builders import MIB, make_case, make_counts, make_model, make_settings, make_size
from tests.scripted_launcher import Scripted


def test_every_model_under_every_workload_scale_by_scale() -> None:
    named = [Asked(make_model("bsrn")), Asked(make_model("span"))]
    cases = planning.cases_of(named, [make_size(2), make_size(4)], device="cpu", threads=[1])
    assert [(case.size.scale, case.model.variant) for case in cases] == [
        *((2, "bsrn"), (2, "span")),
        *((4, "bsrn"), (4, "span")),
    ]
    assert {case.threads for case in cases} == {1}


@pytest.mark.parametrize(("device", "threads"), [("cpu", 2), ("none", None), ("cuda:0", None)])
def test_threads_are_those_of_the_cores_and_only_of_a_cpu(
    device: str, threads: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "usable_cores", lambda: 2)
    [case] = planning.cases_of([Asked(make_model())], [make_size()], device=device)
    assert case.threads == threads


def test_a_missing_scale_is_left_out_where_it_was_not_named() -> None:
    lines: list[str] = []
    only_x2 = make_model("imdn-rtc")
    cases = planning.cases_of(
        [Asked(make_model("bsrn")), Asked(only_x2, optional=True)], [make_size(4)], device="none", tell=lines.append
    )
    assert [case.model.variant for case in cases] == ["bsrn"]
    assert lines == ["imdn-rtc has no x4: skipped"]
    with pytest.raises(InputError, match="imdn-rtc has no x4; it has x2"):
        planning.cases_of([Asked(make_model("bsrn")), Asked(only_x2)], [make_size(4)], device="none")
    with pytest.raises(InputError, match="nothing to do"):
        planning.cases_of([Asked(only_x2, optional=True)], [make_size(4)], device="none")


def test_looking_ahead_counts_the_zoo_here_and_a_users_network_elsewhere() -> None:
    asked: list[Static] = []
    odd = Failure(status="CRASH", reason="odd")

    def answers(work: Static, timeout_s: float, report: object) -> Counted | Failure:
        asked.append(work)
        return Counted(complexity=make_counts(params=7)) if len(asked) == 1 else odd

    mine = make_case(model=make_model("my.py:Net", architecture="Net", source="/nets/my.py"), device="none")
    [model] = models.parse("ecbsr-m4c8", "deploy")
    cases = [make_case(model=model, device="none"), mine, mine]
    zoo, good, bad = runner.look_ahead(cases, make_settings(), Scripted(answers))
    # ECBSR M4C8 x4, folded: official_counts.csv.
    assert zoo.counts is not None
    assert (zoo.counts.params, zoo.problem) == (3624, None)
    assert (good.counts, good.problem) == (make_counts(params=7), None)
    assert (bad.counts, bad.problem) == (None, odd)
    assert [(type(work), work.case) for work in asked] == [(Static, mine), (Static, mine)]


@pytest.mark.parametrize(("available", "fits"), [(240 * MIB, True), (240 * MIB - 1, False), (0, True)])
def test_what_cannot_fit_is_refused_before_anything_runs(
    available: int, fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "device_memory_bytes", lambda device: available)
    monkeypatch.setattr(runner, "static", lambda case: make_counts(cpu_peak_bytes=240 * MIB))
    if fits:
        assert len(runner.look_ahead([make_case()], make_settings())) == 1
    else:
        said = r"bsrn x4 on 1 LR image\(s\) of 320x180 needs about 0.2 GiB, cpu has 0.2 GiB"
        with pytest.raises(InputError, match=said):
            runner.look_ahead([make_case()], make_settings())
    # Shapes alone need no memory.
    assert len(runner.look_ahead([make_case(device="none")], make_settings())) == 1
