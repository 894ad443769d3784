"""What must not depend on the device: counts, outputs, PSNR."""

import torch
from torch.utils.flop_counter import FlopCounterMode

import model_defs
from drill.checks import Bench, Check, Figures, Found, Skip
from srbench import inputs, models, sizes
from srbench.agreements import Agreement
from srbench.api import evaluating
from srbench.api.evaluating import EvaluateRequest
from srbench.board.published import ClaimBook, load_claims
from srbench.cases import Case, Dtype, Mode
from srbench.machine import allow_tf32
from srbench.machine.device import open_device
from srbench.measure.agreement import FLOOR_DB, agreement
from srbench.preparing import prepare, static

DRY, DRY_LR = ("ecbsr", "rfdn"), (64, 48)
LR = (320, 180)
DTYPES: tuple[Dtype, ...] = ("float32", "float16", "bfloat16")
#: Networks with official checkpoints at x4 and a figure of their authors; means over Set5 may be off by both roundings
#: and by what the image path differs from MATLAB's (docs/quality.md).
CHECKPOINTS, PSNR_ERROR_DB = ("bsrn", "imdn"), 0.02
#: What a dtype may cost of it: float16 keeps 10 bits behind the point, bfloat16 7, an image needs 8.
LOSS_DB: dict[Dtype, float] = {"float32": 0.0, "float16": 0.02, "bfloat16": 0.3}


def _cases(bench: Bench, dtype: Dtype = "float32") -> list[Case]:
    names = DRY if bench.on_cpu else tuple(model_defs.DEFAULTS)
    size = sizes.plan(4, lr=DRY_LR if bench.on_cpu else LR)
    found = (models.parse(name, "deploy")[0] for name in names)
    # TF32 rounds more than a device may be off in float32; what it costs is another check's.
    tf32 = False if dtype == "float32" and not bench.on_cpu else None
    return [Case(model=model, size=size, mode=Mode(dtype=dtype, tf32=tf32), device=bench.device) for model in found]


def counts(bench: Bench) -> Found:
    """Multi-Adds from shapes against torch's own counter, which looks on while the pass runs on the device."""
    device = open_device(bench.device)
    figures: Figures = {}
    wrong = []
    for case in _cases(bench):
        ours = static(case).multi_adds
        network, image = prepare(case, device, seed=0)
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            network(image)
        theirs = counter.get_total_flops()
        name = case.model.variant
        figures |= {f"{name}_multi_adds": ours, f"{name}_flops_seen_by_torch": theirs}
        if theirs != 2 * ours * case.size.batch:
            wrong.append(f"{name}: {ours:,} Multi-Adds, and torch saw {theirs:,} FLOPs on {bench.device}")
    return Found(figures=figures, wrong=tuple(wrong))


def outputs_agree(bench: Bench) -> Found:
    """The device's output in each dtype against eager float32 on the CPU: same weights, same natural image."""
    here, there = open_device("cpu"), open_device(bench.device)
    figures: Figures = {}
    wrong = []
    for dtype in DTYPES:
        for plain, case in zip(_cases(bench), _cases(bench, dtype), strict=True):
            name = f"{case.model.variant}_{dtype}"
            found = _agreement(plain, case, here.torch_device, there.torch_device)
            figures[f"{name}_db"] = found.psnr_db
            if not found.good:
                wrong.append(f"{name}: {found.psnr_db:.1f} dB, at least {found.floor_db:g} dB are expected")
    return Found(figures=figures, wrong=tuple(wrong))


def _agreement(plain: Case, case: Case, here: torch.device, there: torch.device) -> Agreement:
    torch.manual_seed(0)
    network = models.build(plain.model, plain.size.scale)
    allow_tf32(case.mode.tf32)
    with torch.inference_mode():
        reference = inputs.check_output(network.to(here)(inputs.natural_input(plain).to(here)), plain)
        reference = reference.to("cpu", copy=True)
        network.to(there, getattr(torch, case.mode.dtype))
        output = inputs.check_output(network(inputs.natural_input(case).to(there)), case)
    return agreement(reference, output, FLOOR_DB[case.mode.dtype], "natural", {}, None)


def quality(bench: Bench) -> Found:
    """PSNR of official checkpoints on Set5 against their papers'."""
    if bench.data is None or bench.weights is None:
        raise Skip("no --data with Set5 and no --weights with official checkpoints were given")
    book = ClaimBook(load_claims())
    request = EvaluateRequest(
        models=CHECKPOINTS[-1:] if bench.on_cpu else CHECKPOINTS,
        weights=(str(bench.weights),),
        data=bench.data,
        # A CPU emulates float16, slowly.
        dtype=",".join(each for each in DTYPES if each != "float16" or not bench.on_cpu),
        device=bench.device,
    )
    figures: Figures = {}
    wrong = []
    for record in evaluating.evaluate(request, launcher=bench.launcher):
        asked = record.evaluation
        name = f"{asked.model.variant}_{asked.mode.dtype}"
        claim, mean = book.own(asked.model.variant, asked.scale, "psnr_y", "Set5"), record.mean("paper")
        if mean is None or claim is None:
            wrong.append(f"{name}: {record.status} {record.reason}" if mean is None else f"{name}: nothing published")
            continue
        figures |= {f"{name}_psnr_y_db": mean[0], f"{name}_published_db": claim.value}
        if abs(mean[0] - claim.value) > PSNR_ERROR_DB + LOSS_DB[asked.mode.dtype]:
            wrong.append(f"{name}: {mean[0]:.3f} dB on Set5, published are {claim.value:g} dB")
    return Found(figures=figures, wrong=tuple(wrong))


CHECKS = (
    Check("outputs.counts", "Multi-Adds from shapes are those of the pass that the device runs.", counts),
    Check("outputs.agreement", "Outputs are the CPU's within the floor of their dtype.", outputs_agree, timeout_s=90),
    Check("outputs.psnr", "Official checkpoints reach their published PSNR on Set5.", quality, launches=True),
)
