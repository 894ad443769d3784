"""The figure of the papers: crops of one image by several networks."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from srbench import limits, machine, store
from srbench.api.evaluating import networks_of
from srbench.api.request import Tell, silent
from srbench.cases import Form
from srbench.errors import InputError
from srbench.failures import Failure
from srbench.launch import PROCESSES
from srbench.quality import datasets
from srbench.quality import weights as checkpoints
from srbench.quality.checkpoints import weights_of
from srbench.quality.datasets import Dataset, Sample
from srbench.quality.evaluate import BICUBIC
from srbench.quality.metrics import UnsuitableError
from srbench.quality.protocols import PRESETS, Image
from srbench.quality.results import Output
from srbench.quality.visual import Upscale, by_bicubic, caption_of
from srbench.render import visual as render
from srbench.render.plots.look import PAGE_CM, check_width
from srbench.render.visual import Crop

#: Less shows nothing.
MIN_CROP = 8


@dataclass(frozen=True)
class Visual:
    """What is drawn.

    Attributes:
        names: of networks, comma-separated; ``bicubic`` is always there.
        scale: upscaling factor.
        dataset: a set in ``data``, or the path of a folder of GT images.
        image: name of an image of the set.
        crop: x, y, width and height in GT pixels.
        weights: folders or files of checkpoints, or ``MODEL=FILE``.
        data: folder of the data sets.
        form: of networks that re-parameterise themselves.
        timeout_s: seconds after which a network is given up.
        output: folder of the figure.
        width_cm: printed width.
        error_map: whether ``|SR - GT|`` stands below each crop.
        tell: gets lines on networks that failed or have no weights.
    """

    names: str
    scale: int
    dataset: str
    image: str
    crop: Crop
    weights: Sequence[str]
    data: Path
    form: Form
    timeout_s: float
    output: Path
    width_cm: float = PAGE_CM
    error_map: bool = False
    tell: Tell = field(default=silent, compare=False)


@dataclass(frozen=True)
class Shown:
    """The files of a figure, the protocol of its scores in words, and whether a network failed."""

    files: Sequence[Path]
    protocol: str
    failed: bool


def visual(
    names: str,
    image: str,
    crop: Crop,
    *,
    dataset: str = "set5",
    scale: int = 4,
    weights: str | Path | Sequence[str | Path] = (),
    data: str | Path = "data",
    form: Form = "deploy",
    timeout_s: float = 600.0,
    output: str | Path = "results",
    width_cm: float = PAGE_CM,
    error_map: bool = False,
    tell: Tell = silent,
) -> list[Path]:
    """Draw the figure of the papers: an image with a box, and the box as GT, bicubic and each network have it.

    Args:
        names: of networks, comma-separated; ``bicubic`` is always there.
        image: name of an image of the set, such as ``butterfly``.
        crop: x, y, width and height in GT pixels.
        dataset: a set in ``data``, or the path of a folder of GT images.
        scale: upscaling factor.
        weights: folders or files of checkpoints, or ``MODEL=FILE``.
        data: folder of the data sets.
        form: of networks that re-parameterise themselves: ``deploy`` (folded) or ``train``.
        timeout_s: seconds after which a network is given up.
        output: folder of the figure.
        width_cm: printed width.
        error_map: whether ``|SR - GT|`` stands below each crop.
        tell: gets lines on networks that failed or have no weights.

    Returns:
        The files.

    Raises:
        InputError: no such network, weights, set, image or width, or a crop that does not lie within the image.
    """
    given = [weights] if isinstance(weights, str | Path) else weights
    options = Visual(
        names=names,
        scale=scale,
        dataset=dataset,
        image=image,
        crop=crop,
        weights=tuple(map(str, given)),
        data=Path(data),
        form=form,
        timeout_s=timeout_s,
        output=Path(output),
        width_cm=width_cm,
        error_map=error_map,
        tell=tell,
    )
    return list(show(options).files)


def show(options: Visual) -> Shown:
    """Upscale the image with every network and draw the figure; see :func:`visual`.

    Raises:
        InputError: no such network, weights, set, image or width, or a crop that does not lie within the image.
    """
    check_width(options.width_cm)
    networks = [(each.model, each.optional) for each in networks_of(options.names, options.form)[0]]
    given = checkpoints.given(options.weights, [model for model, _ in networks if model.variant != BICUBIC])
    dataset = datasets.find(options.dataset, options.data, options.scale)
    sample = _sample(dataset, options.image)
    pair = datasets.read(sample, options.scale)
    check_crop(options.crop, pair.gt)
    protocol = PRESETS["paper"]
    wanted = []
    for model, optional in networks:
        found = weights_of(model, options.scale, given, options.tell, optional=optional)
        if found is not None and model.variant != BICUBIC:
            wanted.append((model, found[0]))
    try:
        outputs, failed = [by_bicubic(pair, protocol, options.scale)], False
    except UnsuitableError as error:
        raise InputError(f"{sample.gt}: {error}") from None
    store.prepare(options.output)
    for model, checkpoint in wanted:
        work = Upscale(
            model, options.scale, checkpoint, pair, protocol, machine.usable_cores(), limits.available_bytes()
        )
        made = PROCESSES.launch(work, options.timeout_s)
        if isinstance(made, Failure):
            failed = True
            options.tell(f"{model.variant} x{options.scale}: {made.status}: {made.reason}")
        else:
            outputs.append(Output(caption_of(model), made.image, made.score))
    title = f"{sample.name} from {dataset.name}, x{options.scale}"
    figure = render.draw(pair.gt, title, outputs, options.crop, width_cm=options.width_cm, error_map=options.error_map)
    name = f"visual_x{options.scale}_{dataset.name}_{sample.name}_{'-'.join(map(str, options.crop))}"
    name += f"_width-{options.width_cm:g}" if options.width_cm != PAGE_CM else ""
    name += "_error-map" if options.error_map else ""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", name)
    files = render.save(figure, options.output / readable)
    return Shown(files, protocol.describe("PSNR", options.scale), failed)


def parse_crop(text: str) -> Crop:
    """``x,y,w,h`` in GT pixels from the upper left corner.

    Raises:
        InputError: another form.
    """
    match = re.fullmatch(r"\s*(\d{1,6})\s*,\s*(\d{1,6})\s*,\s*(\d{1,6})\s*,\s*(\d{1,6})\s*", text, re.ASCII)
    if match is None:
        raise InputError(f"--crop {text!r} is not x,y,w,h in GT pixels, such as 120,60,64,48")
    x, y, width, height = map(int, match.groups())
    return x, y, width, height


def check_crop(crop: Crop, truth: Image) -> None:
    """Refuse a box that is too small or does not lie within the image (H, W, 3).

    Raises:
        InputError: it is such a box.
    """
    x, y, width, height = crop
    if min(x, y) < 0 or min(width, height) < MIN_CROP or x + width > truth.shape[1] or y + height > truth.shape[0]:
        raise InputError(
            f"--crop {','.join(map(str, crop))} must be at least {MIN_CROP}x{MIN_CROP} and lie within "
            f"{truth.shape[1]}x{truth.shape[0]}"
        )


def _sample(dataset: Dataset, typed: str) -> Sample:
    names = {sample.name.lower(): sample for sample in dataset.samples}
    wanted = typed.lower()
    if wanted in names:
        return names[wanted]
    known: Sequence[str] = difflib.get_close_matches(wanted, list(names), n=3)
    hint = f"did you mean {' or '.join(known)}?" if known else f"it has {', '.join(list(names)[:10])}"
    raise InputError(f"no image '{typed}' in {dataset.name}; {hint}")
