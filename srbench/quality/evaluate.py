"""One evaluation in a process of its own: image by image, each result told as soon as it is there."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter_ns

import torch

import model_defs
from srbench.errors import InputError
from srbench.machine.device import open_device
from srbench.quality import datasets, upscale
from srbench.quality.datasets import Dataset, Pair
from srbench.quality.identify import state_hash, tensor_hashes
from srbench.quality.metrics import UnsuitableError, bicubic_score, score
from srbench.quality.results import Evaluation, ImageResult
from srbench.worker import Answer, failure

#: Bicubic interpolation, the row below which no network may fall; it stands where a variant does.
BICUBIC = "bicubic"


@dataclass(frozen=True)
class EvaluationJob:
    """What a process is to evaluate.

    Attributes:
        evaluation: the question.
        checkpoint: the file of the weights.
        dataset: the files of the set.
        done: names of images that have a score already.
        memory_limit_bytes: most private memory that the process may map.
    """

    evaluation: Evaluation
    checkpoint: Path | None
    dataset: Dataset
    done: frozenset[str]
    memory_limit_bytes: int | None

    def run(self, report: Callable[[ImageResult], None]) -> Answer:
        """Evaluate what is not done. Images without a score are answered with the first one's reason."""
        asked = self.evaluation
        if asked.threads is not None:
            torch.set_num_threads(asked.threads)
        evaluate = self._by_bicubic if asked.model.variant == BICUBIC else self._by_network()
        failures: list[Answer] = []
        for sample in self.dataset.samples:
            if sample.name not in self.done:
                try:
                    report(evaluate(sample.name, datasets.read(sample, asked.scale)))
                except InputError as error:
                    failures.append(Answer(status="UNSUPPORTED", reason=str(error)))
                except Exception as error:  # noqa: BLE001 - whatever a network raises is a row that names the image
                    failures.append(_failure(error, sample.name, tiled=asked.mode.tile is not None))
        if not failures:
            return Answer()
        more = f"; {len(failures)} images without a score" if len(failures) > 1 else ""
        return failures[0].model_copy(update={"reason": failures[0].reason + more})

    def _by_bicubic(self, name: str, pair: Pair) -> ImageResult:
        asked = self.evaluation
        scores = tuple(bicubic_score(pair.lr, pair.gt, each, asked.scale) for each in asked.protocols)
        return ImageResult(name=name, scores=scores, notes=pair.notes)

    def _by_network(self) -> Callable[[str, Pair], ImageResult]:
        asked = self.evaluation
        device = open_device(asked.device)
        device.keep_memory()
        network, _ = upscale.load(asked.model, asked.scale, self.checkpoint)
        if asked.network is not None and state_hash(tensor_hashes(network)) != asked.network.state:
            raise upscale.OutputError("its weights are not those of a moment ago: something writes them meanwhile")
        mode = asked.mode
        layout = torch.channels_last if mode.layout == "channels_last" else torch.contiguous_format
        network = network.to(device.torch_device, getattr(torch, mode.dtype))
        # torch documents this keyword; its stub lacks it.
        network.to(memory_format=layout)  # type: ignore[call-overload]
        # What an input is like: on the device, in the dtype, in the layout.
        like = torch.empty(1, 3, 2, 2, dtype=getattr(torch, mode.dtype), device=device.torch_device)
        like = like.contiguous(memory_format=layout)
        run = upscale.runner_of(network, own=asked.model.own)

        def evaluate(name: str, pair: Pair) -> ImageResult:
            device.synchronize()
            start = perf_counter_ns()
            pixels = upscale.upscale(run, pair.lr, like, asked.scale, mode.tile)
            forward_ns = perf_counter_ns() - start
            scores = tuple(score(pixels, pair.gt, each, asked.scale) for each in asked.protocols)
            return ImageResult(name=name, scores=scores, notes=pair.notes, forward_ns=forward_ns)

        return evaluate


def _failure(error: Exception, image: str, *, tiled: bool) -> Answer:
    if isinstance(error, upscale.OutputError):
        return Answer(status="MISMATCH", reason=f"{image}: {error}")
    if isinstance(error, UnsuitableError | model_defs.ZooError):
        return Answer(status="UNSUPPORTED", reason=f"{image}: {error}")
    answer = failure(error)
    advice = "; --tile takes an image in parts" if answer.status == "OOM" and not tiled else ""
    return answer.model_copy(update={"reason": f"{image}: {answer.reason}{advice}"})
