"""One evaluation in a process of its own: image by image, each result told as soon as it is there."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns

import torch
from torch import Tensor, nn

import model_defs
from srbench import inputs, models
from srbench.errors import InputError, MismatchError
from srbench.failures import Failure, failure_of
from srbench.machine.device import open_device
from srbench.preparing import in_mode
from srbench.quality import datasets, upscale
from srbench.quality.datasets import Dataset, Pair
from srbench.quality.identify import state_hash, tensor_hashes
from srbench.quality.metrics import UnsuitableError, bicubic_score, score
from srbench.quality.results import Evaluation, ImageResult
from srbench.records import Frozen
from srbench.running import engine
from srbench.work import Work

#: Bicubic interpolation, the row below which no network may fall; it stands where a variant does.
BICUBIC = "bicubic"


class Evaluated(Frozen):
    """All images were tried; ``problem`` is that of the first one without a score, None where all have one."""

    problem: Failure | None = None


#: So far below bicubic interpolation, in dB, something is wrong; and so far above tells what.
FAR_DB = 6.0


@dataclass(frozen=True)
class Evaluate(Work[Evaluated, ImageResult]):
    """What a process is to evaluate.

    Attributes:
        evaluation: the question.
        checkpoint: the file of the weights.
        dataset: the files of the set.
        done: names of images that have a score already.
        limit: most private memory that the process may map, in bytes.
        network: the pickle of a live module; None for what has a name.
    """

    result = Evaluated
    news = ImageResult
    evaluation: Evaluation
    checkpoint: Path | None
    dataset: Dataset
    done: frozenset[str]
    limit: int | None
    network: bytes | None = None

    @property
    def memory_limit_bytes(self) -> int | None:
        """Most private memory that the process may map."""
        return self.limit

    @property
    def leaves_by_itself(self) -> bool:
        """What an engine loads may hold anything."""
        return self.evaluation.mode.engine != "eager"

    def run(self, report: Callable[[ImageResult], None]) -> Evaluated:
        """Evaluate what is not done, and tell of each image."""
        asked = self.evaluation
        if asked.threads is not None:
            torch.set_num_threads(asked.threads)
        evaluate = self._by_bicubic if asked.model.variant == BICUBIC else self._by_network()
        failures: list[Failure] = []
        for sample in self.dataset.samples:
            if sample.name not in self.done:
                try:
                    report(evaluate(sample.name, datasets.read(sample, asked.scale)))
                except InputError as error:
                    failures.append(Failure(status="UNSUPPORTED", reason=str(error)))
                except Exception as error:  # noqa: BLE001 - whatever a network raises is a row that names the image
                    failures.append(_failure(error, sample.name, tiled=asked.mode.tile is not None))
        if not failures:
            return Evaluated()
        more = f"; {len(failures)} images without a score" if len(failures) > 1 else ""
        return Evaluated(problem=failures[0].model_copy(update={"reason": failures[0].reason + more}))

    def _by_bicubic(self, name: str, pair: Pair) -> ImageResult:
        asked = self.evaluation
        scores = tuple(bicubic_score(pair.lr, pair.gt, each, asked.scale) for each in asked.protocols)
        return ImageResult(name=name, scores=scores, notes=pair.notes)

    def _by_network(self) -> Callable[[str, Pair], ImageResult]:
        asked = self.evaluation
        device = open_device(asked.device)
        device.keep_memory()
        if self.network is not None:
            models.lend(asked.model, self.network)
        network, _ = upscale.load(asked.model, asked.scale, self.checkpoint)
        if asked.network is not None and state_hash(tensor_hashes(network)) != asked.network.state:
            raise MismatchError("its weights are not those of a moment ago: something writes them meanwhile")
        network, said = upscale.adapted(network, asked.model, asked.scale)
        mode = asked.mode
        network = in_mode(network.to(device.torch_device), mode, own=asked.model.own)
        # What an input is like: on the device, in the dtype, in the layout.
        like = torch.empty(1, 3, 2, 2, dtype=getattr(torch, mode.dtype), device=device.torch_device)
        like = like.contiguous(memory_format=inputs.MEMORY_FORMATS[mode.layout])
        run = upscale.runner_of(engine(mode.engine).wrap(network), asked.model)

        def evaluate(name: str, pair: Pair) -> ImageResult:
            device.synchronize()
            start = perf_counter_ns()
            pixels = upscale.upscale(run, pair.lr, like, asked.scale, mode.tile)
            forward_ns = perf_counter_ns() - start
            scores = tuple(score(pixels, pair.gt, each, asked.scale) for each in asked.protocols)
            if asked.model.own and (asked.model.colors, asked.model.value_range) == ("rgb", 1):
                _ask_for_range(network, pair, like, asked, scores[0].psnr)
            return ImageResult(name=name, scores=scores, notes=(*pair.notes, *said), forward_ns=forward_ns)

        return evaluate


def _ask_for_range(network: nn.Module, pair: Pair, like: Tensor, asked: Evaluation, psnr: float) -> None:
    """Refuse a score far below bicubic interpolation's where the same network does well on 0..255.

    Raises:
        MismatchError: it does, and nobody said so.
    """
    protocol = asked.protocols[0]
    if psnr > bicubic_score(pair.lr, pair.gt, protocol, asked.scale).psnr - FAR_DB:
        return
    wide = asked.model.model_copy(update={"value_range": 255})
    pixels = upscale.upscale(upscale.runner_of(network, wide), pair.lr, like, asked.scale, asked.mode.tile)
    if (there := score(pixels, pair.gt, protocol, asked.scale).psnr) > psnr + FAR_DB:
        raise MismatchError(
            f"{psnr:.2f} dB on 0..1, {there:.2f} dB on 0..255: say range = 255 in its suite, or in srbench_spec"
        )


def _failure(error: Exception, image: str, *, tiled: bool) -> Failure:
    if isinstance(error, UnsuitableError | model_defs.ZooError):
        return Failure(status="UNSUPPORTED", reason=f"{image}: {error}")
    found = failure_of(error)
    advice = "; --tile takes an image in parts" if found.status == "OOM" and not tiled else ""
    return found.model_copy(update={"reason": f"{image}: {found.reason}{advice}"})
