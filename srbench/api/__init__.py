"""What ``import srbench`` gives: typed values in, records and tables out. The command line translates into these calls.

import srbench

records = srbench.profile("span,rfdn", scale=4, lr=(320, 180))
records += srbench.profile(my_module, scale=4, lr=(320, 180))
print(srbench.table(records)[["variant", "params", "multi_adds", "runtime_ms"]])
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from srbench.api import comparing, evaluating, fitting, profiling
from srbench.api.boards import leaderboard as leaderboard
from srbench.api.boards import report as report
from srbench.api.challenging import challenge as challenge
from srbench.api.comparing import COMPARE_BUDGET_S, COMPARE_ROUNDS, Compared
from srbench.api.evaluating import EvaluateRequest
from srbench.api.examining import examine as examine
from srbench.api.listing import zoo as zoo
from srbench.api.papers import paper_table as paper_table
from srbench.api.plotting import plot as plot
from srbench.api.request import Pixels, Request, Tell, silent
from srbench.api.request import networks_of as _networks_of
from srbench.api.request import sizes_of as _sizes_of
from srbench.api.stored import load as load
from srbench.api.stored import table as table
from srbench.api.visualising import visual as visual
from srbench.cases import Case, Form, Mode
from srbench.counts import Complexity
from srbench.defaults import BUDGET_S, PATIENCE_S, ROUNDS, TIMEOUT_S
from srbench.errors import InputError as InputError
from srbench.live import Networks
from srbench.measure.rules import count_rule as count_rule
from srbench.quality.results import QualityRecord
from srbench.records import Record
from srbench.runner import Watcher

Scales = int | Sequence[int]
Sizes = Pixels | Sequence[Pixels]


def count(
    model: str | nn.Module,
    *,
    scale: int = 4,
    gt: Pixels | None = None,
    lr: Pixels | None = None,
    batch: int = 1,
    form: Form = "deploy",
) -> Complexity:
    """Count a network from its shapes; nothing is run, and it takes milliseconds. One that needs values runs twice.

    Args:
        model: a name as on the command line (``span``, ``span@train``, ``net.py:Net``), or a live module that takes
            ``(N, 3, H, W)`` and gives ``(N, 3, scale*H, scale*W)``.
        scale: upscaling factor.
        gt: (width, height) in pixels; LR is GT / scale. [default: 1280x720]
        lr: the same of LR, in place of ``gt``.
        batch: images in a pass; Multi-Adds and activations are for one of them.
        form: of networks that re-parameterise themselves: ``deploy`` (folded) or ``train``.

    Returns:
        Parameters, Multi-Adds (bias-free, 1 multiply-add = 1), activations (elements), convolutions, predicted peak
        memory in bytes, and a row for each convolution and matrix product. ``uncounted`` names operators of unknown
        cost (:func:`count_rule`): where there are any, the Multi-Adds are a lower bound (``is_lower_bound``).

    Raises:
        InputError: an unknown name, a wrong size, several networks, or one that runs neither on shapes nor on an image.
    """
    request = Request(model, (scale,), _sizes(gt), _sizes(lr), batch=(batch,), form=form)
    asked, modules = _networks_of(request)
    if len(asked) != 1:
        raise InputError(f"'{model}' names {len(asked)} networks; count takes one")
    sizes = _sizes_of(request)
    if len(sizes) != 1:
        raise InputError(f"count takes one size, not {len(sizes)}")
    [size] = sizes
    one = asked[0].model
    from srbench import models

    models.check(one, scale, *size.lr)
    case = Case(model=one, size=size, mode=asked[0].in_mode(Mode()), device="none")
    pickles, launcher = profiling.lent(modules)
    return fitting.count_case(case, launcher, pickles.get(one.source or ""))


def profile(
    models: Networks | None = None,
    *,
    suite: str | Path | None = None,
    skip_invalid: bool = False,
    weights: str | Path | Sequence[str | Path] = (),
    scale: Scales = 4,
    gt: Sizes | None = None,
    lr: Sizes | None = None,
    batch: int | Sequence[int] = 1,
    form: Form = "deploy",
    engine: str = "eager",
    dtype: str = "float32",
    layout: str = "contiguous",
    tf32: str = "",
    device: str = "auto",
    threads: int | Sequence[int] | None = None,
    rounds: int = ROUNDS,
    budget_s: float = BUDGET_S,
    patience_s: float = PATIENCE_S,
    timeout_s: float = TIMEOUT_S,
    energy: bool = False,
    seed: int = 0,
    output: str | Path | None = None,
    watcher: Watcher | None = None,
    tell: Tell = silent,
) -> list[Record]:
    """Measure networks: counts, runtime and peak memory, each case in fresh processes.

    A live module travels to these processes by pickle. So does its class, if a script or notebook defines it. One
    that cannot be pickled is measured in this process, and its record says so.

    Args:
        models: names as on the command line, a live module in evaluation as in training mode, a sequence of both, or
            a mapping of names to modules. Modules take ``(N, 3, H, W)`` in [0, 1] and give
            ``(N, 3, scale*H, scale*W)``. None for those of the suite alone.
        suite: a TOML file that lists networks, each with all that it needs (docs/guide/bring.md).
        skip_invalid: leave networks out that are named wrongly, rather than raise.
        weights: folders or files of checkpoints, or ``MODEL=FILE``; without, weights are those that building gives.
        scale: upscaling factor, or several.
        gt: (width, height) in pixels, or several; LR is GT / scale. [default: 1280x720]
        lr: the same of LR, in place of ``gt``.
        batch: images in a pass, or several.
        form: of networks that re-parameterise themselves: ``deploy`` (folded) or ``train``.
        engine: ``eager``, ``compile``, or several with commas.
        dtype: ``float32``, ``bfloat16``, ``float16``, or several with commas.
        layout: ``contiguous``, ``channels_last``, or both with a comma.
        tf32: whether float32 on a GPU may use TF32: ``on``, ``off``, or both with a comma. [default: torch's own way]
        device: ``auto``, ``cpu``, ``cuda:N``, or ``none`` for counts alone.
        threads: of the CPU, or several. [default: all usable cores]
        rounds: fresh processes for each case.
        budget_s: seconds of passes for a case, shared by its processes.
        patience_s: seconds of passes in further rounds, where an interval is still too wide; 0 for none.
        timeout_s: seconds after which a process is ended.
        energy: whether energy is measured, too; ``record.energy`` says how much, or why not.
        seed: of weights (of the zoo), input and the order of rounds.
        output: folder for records and journal, as the command line writes them; None to keep nothing.
        watcher: its methods are called as the run goes (``srbench.progress.Lines()`` prints lines).
        tell: gets lines on what was left out.

    Returns:
        A record for each combination, in order. ``record.latency.interval`` is in ns, ``record.memory.peak_bytes`` in
        bytes; a network that fails has a ``status`` and a ``reason``, and raises nothing.

    Raises:
        InputError: an unknown name, a wrong size or way of running, or more memory than there is.
    """
    request = Request(
        models=models,
        **_axes(scale, gt, lr, batch, threads),
        form=form,
        engine=engine,
        dtype=dtype,
        layout=layout,
        tf32=tf32,
        device=device,
        rounds=rounds,
        budget_s=budget_s,
        patience_s=patience_s,
        timeout_s=timeout_s,
        energy=energy,
        seed=seed,
        suite=Path(suite) if suite is not None else None,
        skip_invalid=skip_invalid,
        weights=_files(weights),
    )
    return profiling.profile(request, Path(output) if output is not None else None, watcher=watcher, tell=tell)


def compare(
    *what: str | Path | nn.Module,
    scale: Scales = 4,
    gt: Sizes | None = None,
    lr: Sizes | None = None,
    batch: int | Sequence[int] = 1,
    form: Form = "deploy",
    engine: str = "eager",
    dtype: str = "float32",
    layout: str = "contiguous",
    tf32: str = "",
    device: str = "auto",
    threads: int | Sequence[int] | None = None,
    rounds: int = COMPARE_ROUNDS,
    budget_s: float = COMPARE_BUDGET_S,
    timeout_s: float = TIMEOUT_S,
    weights: str | Path | Sequence[str | Path] = (),
    fail_on: str | Sequence[str] = (),
    force: bool = False,
    seed: int = 0,
    watcher: Watcher | None = None,
    tell: Tell = silent,
) -> Compared:
    """Judge the first against each of the others: FASTER, SLOWER, SAME or CANNOT TELL, with ratio and interval.

    Args:
        *what: networks (names, live modules), measured now in interleaved rounds; or stored runs (folders of records,
            single record files), of which the options of measuring say nothing.
        scale: upscaling factor, or several.
        gt: (width, height) in pixels, or several; LR is GT / scale. [default: 1280x720]
        lr: the same of LR, in place of ``gt``.
        batch: images in a pass, or several.
        form: of networks that re-parameterise themselves: ``deploy`` (folded) or ``train``.
        engine: ``eager``, ``compile``, or several with commas.
        dtype: ``float32``, ``bfloat16``, ``float16``, or several with commas.
        layout: ``contiguous``, ``channels_last``, or both with a comma.
        tf32: whether float32 on a GPU may use TF32: ``on``, ``off``, or both with a comma. [default: torch's own way]
        device: ``auto``, ``cpu`` or ``cuda:N``.
        threads: of the CPU, or several. [default: all usable cores]
        rounds: number of rounds; once a round every network runs in a fresh process.
        budget_s: seconds of passes for each network, shared by its rounds.
        timeout_s: seconds after which a process is ended.
        weights: folders or files of checkpoints, or ``MODEL=FILE``; without, weights are those that building gives.
        fail_on: gates such as ``runtime:3%`` or ``params:0%``: how much worse the first may be.
        force: stored runs of unlike machines, versions or settings too.
        seed: of weights, input, order of rounds and bootstrap.
        watcher: its methods are called as the run goes (``srbench.progress.Lines()`` prints lines).
        tell: gets lines for people.

    Returns:
        ``answers``: one for each pair, with ``word``, ``effect`` (ratio of runtimes, first over second, with its 95 %
        interval) and ``reason``; ``gates``: their outcomes; ``alone``: stored cases without a partner.

    Raises:
        InputError: fewer than two, networks and stored runs mixed, or runs that do not compare.
    """
    gates = [fail_on] if isinstance(fail_on, str) else fail_on
    stored = [not isinstance(each, nn.Module) and comparing.is_stored(str(each)) for each in what]
    if len(what) < 2:
        raise InputError("compare needs two networks or two stored runs at least; the first is judged against the rest")
    if all(stored):
        folders = [each for each in what if not isinstance(each, nn.Module)]
        return comparing.compare_stored(folders, gates, force=force, seed=seed, tell=tell)
    if any(stored):
        raise InputError("give networks only (measured now, in turns) or stored runs only")
    request = comparing.request_of(
        [each if isinstance(each, nn.Module) else str(each) for each in what],
        **_axes(scale, gt, lr, batch, threads),
        form=form,
        engine=engine,
        dtype=dtype,
        layout=layout,
        tf32=tf32,
        device=device,
        rounds=rounds,
        budget_s=budget_s,
        timeout_s=timeout_s,
        seed=seed,
        weights=_files(weights),
    )
    return comparing.compare_networks(request, gates, watcher=watcher, tell=tell)


def evaluate(
    models: Networks,
    datasets: str = "set5",
    *,
    scale: Scales = 4,
    weights: str | Path | Sequence[str | Path] = (),
    data: str | Path = "data",
    protocol: str = "paper",
    form: Form = "deploy",
    engine: str = "eager",
    dtype: str = "float32",
    layout: str = "contiguous",
    tile: int | None = None,
    device: str = "auto",
    threads: int | None = None,
    timeout_s: float = 600.0,
    output: str | Path | None = None,
    resume: bool = False,
    tell: Tell = silent,
) -> list[QualityRecord]:
    """Measure PSNR and SSIM of networks with their weights.

    Args:
        models: names as on the command line, ``bicubic`` among them, a live module, a sequence of both, or a mapping of
            names to modules. A live module is evaluated with the weights that it has.
        datasets: names of sets in ``data`` (``set5,set14``), or paths of folders of GT images, with commas.
        scale: upscaling factor, or several.
        weights: folders or files of checkpoints, or ``MODEL=FILE``; the cache is looked through as well.
        data: folder of the data sets.
        protocol: ``paper``, ``ntire`` ... (docs/method/quality.md), or several with commas.
        form: of networks that re-parameterise themselves: ``deploy`` (folded) or ``train``.
        engine: ``eager``, ``compile``, or several with commas. Beside another mode eager float32 is evaluated, too.
        dtype: ``float32``, ``bfloat16``, ``float16``, or several with commas.
        layout: ``contiguous``, ``channels_last``, or both with a comma.
        tile: LR side of tiles that run one by one; None for whole images.
        device: ``auto``, ``cpu`` or ``cuda:N``.
        threads: of the CPU. [default: all usable cores]
        timeout_s: seconds after which an image is given up.
        output: folder for records, where leaderboards find them; None to keep nothing.
        resume: keep images that are stored there for the same question.
        tell: gets lines for people.

    Returns:
        A record for each network, scale, set and mode; ``record.mean("paper")`` is (PSNR in dB, SSIM).

    Raises:
        InputError: a name, a file or a set that is not there or does not fit.
    """
    request = EvaluateRequest(
        models=models,
        datasets=datasets,
        scale=_several(scale),
        weights=_files(weights),
        data=Path(data),
        protocol=protocol,
        form=form,
        engine=engine,
        dtype=dtype,
        layout=layout,
        tile=tile,
        device=device,
        threads=threads,
        timeout_s=timeout_s,
    )
    folder = Path(output) if output is not None else None
    return evaluating.evaluate(request, folder, resume=resume, tell=tell)


def _axes(
    scale: Scales, gt: Sizes | None, lr: Sizes | None, batch: int | Sequence[int], threads: int | Sequence[int] | None
) -> dict[str, Any]:
    """The axes of a grid as a request has them: several values each."""
    return {
        "scale": _several(scale),
        "gt": _sizes(gt),
        "lr": _sizes(lr),
        "batch": _several(batch),
        "threads": (None,) if threads is None else _several(threads),
    }


def _files(given: str | Path | Sequence[str | Path]) -> tuple[str, ...]:
    """Files of weights, as a command line has them."""
    return (str(given),) if isinstance(given, str | Path) else tuple(map(str, given))


def _several(value: int | Sequence[int]) -> Sequence[int]:
    return (value,) if isinstance(value, int) else tuple(value)


def _sizes(value: Sizes | None) -> Sequence[Pixels]:
    """One size, or several, as several."""
    if value is None:
        return ()
    if not isinstance(value, tuple | list) or not value:
        raise InputError(f"{value!r} is no size; write (width, height) in pixels")
    several = [value] if isinstance(value[0], int) else list(value)
    sizes: list[Pixels] = []
    for each in several:
        if not (isinstance(each, tuple | list) and len(each) == 2 and all(isinstance(side, int) for side in each)):
            raise InputError(f"{each!r} is no size; write (width, height) in pixels")
        if min(each) < 1:
            raise InputError(f"{each!r}: each side must be at least 1 pixel")
        sizes.append((each[0], each[1]))
    return sizes
