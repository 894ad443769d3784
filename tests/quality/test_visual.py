"""The figure of the papers: which crop, whose scores, what is set in bold, and that nothing overlaps."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pillow
from pydantic import ValidationError

import model_defs
from srbench.api.visualising import check_crop, parse_crop
from srbench.cases import Model
from srbench.errors import InputError
from srbench.quality.datasets import Pair
from srbench.quality.protocols import PRESETS, Image, Score
from srbench.quality.results import Output
from srbench.quality.visual import Upscale, Upscaled, caption_of
from srbench.render.plots.look import DPI, PAGE_CM
from srbench.render.visual import draw, errors_of, most_shown, places
from tests.builders import make_model
from tests.command_line import Run
from tests.quality.test_evaluate import NETWORKS, images_in
from tests.shared_files import SHARED, needs_shared

TRUTH: Image = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)


def output(name: str, psnr: float, ssim: float) -> Output:
    return Output(name, TRUTH, Score(mse=255**2 / 10 ** (psnr / 10), ssim=ssim))


def test_the_best_and_the_second_are_as_printed() -> None:
    assert places(["29.99", "30.00", "30.00", "9.50"]) == ("30.00", "29.99")
    assert places(["30.00", "30.00"]) == ("30.00", None)
    assert places([]) == (None, None)


def test_the_best_are_bold_and_nothing_else() -> None:
    outputs = [output("a", 30.001, 0.9), output("b", 30.004, 0.8), output("c", 29.99, 0.90004), output("d", 20, 0.7)]
    figure = draw(TRUTH, "an image", outputs, (10, 10, 40, 30))
    # The highest as printed, in each of the two columns by itself; the names and the title never are.
    scores = [text for text in figure.texts if re.fullmatch(r"\d+\.\d{2}|0\.\d{4}", text.get_text())]
    assert [(text.get_text(), text.get_fontweight()) for text in scores] == [
        ("30.00", "bold"),
        ("0.9000", "bold"),
        ("30.00", "bold"),
        ("0.8000", "normal"),
        ("29.99", "normal"),
        ("0.9000", "bold"),
        ("20.00", "normal"),
        ("0.7000", "normal"),
    ]
    assert {text.get_fontweight() for text in figure.texts if text not in scores} == {"normal"}


def test_the_second_are_underlined_and_nothing_else() -> None:
    outputs = [output("a", 31, 0.9), output("b", 30, 0.95), output("c", 29, 0.8)]
    figure = draw(TRUTH, "an image", outputs, (10, 10, 40, 30))
    figure.canvas.draw()
    boxes = {text.get_text(): text.get_window_extent() for text in figure.texts}
    lines = [line.get_window_extent() for line in figure.artists]
    assert len(lines) == 2
    for line, word in zip(lines, ("0.9000", "30.00"), strict=True):
        assert (line.x0, line.x1) == pytest.approx((boxes[word].x0, boxes[word].x1), abs=2)
        assert line.y0 == pytest.approx(boxes[word].y0, abs=2)


def test_an_error_is_the_mean_of_the_channels_in_the_box() -> None:
    truth: Image = np.full((20, 20, 3), 100, np.uint8)
    made: Image = truth.copy()
    made[5, 6] = (90, 130, 120)
    found = errors_of(made, truth, (4, 4, 8, 10))
    assert found.shape == (10, 8)
    assert found[1, 2] == pytest.approx((10 + 30 + 20) / 3)
    assert found.sum() == found[1, 2]


def test_all_error_maps_have_one_scale() -> None:
    errors = [np.zeros((10, 10)), np.full((10, 10), 7.2)]
    assert most_shown(errors) == 8
    assert most_shown(errors[:1]) == 1  # equal images
    outputs = [Output(f"n{i}", np.clip(TRUTH.astype(int) + 10 * i, 0, 255).astype(np.uint8), None) for i in (1, 4)]
    figure = draw(TRUTH, "an image", outputs, (10, 10, 40, 30), error_map=True)
    maps = [image for axes in figure.axes for image in axes.images if np.asarray(image.get_array()).shape == (30, 40)]
    assert [image.get_clim() for image in maps] == [(0, 40), (0, 40)]
    assert {"0", "≥40", "|SR \N{MINUS SIGN} GT|"} <= {text.get_text() for text in figure.texts}


@pytest.mark.parametrize("error_map", [False, True])
@pytest.mark.parametrize("width_cm", [5, 8, PAGE_CM])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 11])
@pytest.mark.parametrize("crop", [(10, 10, 40, 30), (0, 0, 20, 60), (60, 60, 100, 20)])
def test_everything_lies_within_the_page_and_nothing_overlaps(
    count: int, crop: tuple[int, int, int, int], width_cm: float, error_map: bool
) -> None:
    outputs = [output(f"network-{i}", 30 + i, 0.9) for i in range(count)]
    figure = draw(TRUTH, "an image", outputs, crop, width_cm=width_cm, error_map=error_map)
    figure.canvas.draw()
    width, height = figure.get_size_inches() * DPI
    assert width == pytest.approx(width_cm / 2.54 * DPI, abs=1)
    assert min(float(text.get_fontsize()) for text in figure.texts) >= 6
    boxes = [axes.get_window_extent() for axes in figure.axes]
    texts = [text.get_window_extent() for text in figure.texts]
    assert len(boxes) == (2 * count + 3 if error_map else count + 2)
    for box in (*boxes, *texts):
        assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= width + 1 and box.y1 <= height + 1  # noqa: PT018
    for i, one in enumerate(boxes):
        for other in (*boxes[i + 1 :], *texts):
            assert not one.padded(-1.5).overlaps(other.padded(-1.5))


def test_the_crop_is_in_gt_pixels() -> None:
    for text, crop in (("10, 20,40,30", (10, 20, 40, 30)), ("0,0,160,120", (0, 0, 160, 120))):
        assert parse_crop(text) == crop
        check_crop(crop, TRUTH)


@pytest.mark.parametrize(
    ("text", "said"),
    [("10,20,40", "is not x,y,w,h"), ("130,0,40,40", "lie within 160x120"), ("0,0,4,40", "at least 8x8"), ("", "x,y")],
)
def test_another_crop_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_crop(parse_crop(text), TRUTH)


@needs_shared("weights", "data/Set5")
def test_a_figure_of_butterfly(run: Run) -> None:
    folders = ("--weights", str(SHARED / "weights"), "--data", str(SHARED / "data"))
    typed = ("visual", "--models", "imdn,span", "--image", "butterfly", "--crop", "80,60,64,48", *folders)
    done = run(*typed, "--output", "out")
    assert done.code == 0
    path = Path("out/visual_x4_Set5_butterfly_80-60-64-48.png")
    assert Pillow.open(path).width == round(PAGE_CM / 2.54 * DPI)
    assert run(*typed, "--output", "out", "--width", "8", "--error-map").code == 0
    narrow = Path("out/visual_x4_Set5_butterfly_80-60-64-48_width-8_error-map.png")
    assert Pillow.open(narrow).width == round(8 / 2.54 * DPI)
    refused = run(*typed, "--output", "out", "--width", "1")
    assert (refused.code, refused.err) == (2, "srbench: --width 1 is not from 5 to 60 cm\n")
    pdf = path.with_suffix(".pdf").read_bytes()
    assert b"/Type3" not in pdf  # conferences refuse fonts of Type 3


def test_an_image_smaller_than_the_window_is_one_line(run: Run, tmp_path: Path) -> None:
    images_in(tmp_path / "faces", "a", width=16, height=16)
    typed = ("visual", "--models", "bicubic", "--dataset", "faces", "--data", ".", "--scale", "4", "--output", "out")
    done = run(*typed, "--image", "a", "--crop", "0,0,10,10")
    assert done.code == 2
    said = "16x16 without 4 pixels at each border is smaller than the 11x11 window of SSIM"
    assert done.err == f"srbench: {Path('faces/a.png')}: {said}\n"
    assert not Path("out").exists()


def test_the_forms_of_a_network_have_captions_of_their_own() -> None:
    mine = Model(architecture="Tiny", variant="networks.py:Tiny", source=str(NETWORKS))
    names = [caption_of(each) for each in (make_model("span", "train"), make_model("span", "deploy"), mine)]
    assert names == ["SPAN (train)", "SPAN", "Tiny"]


def test_what_a_process_sends_is_the_image_that_it_made(tmp_path: Path) -> None:
    low: Image = TRUTH[::2, ::2]
    checkpoint = tmp_path / "span_x2.pth"
    torch.save(model_defs.build("span", 2, "train").state_dict(), checkpoint)
    work = Upscale(make_model("span", "train"), 2, checkpoint, Pair(TRUTH, low, ()), PRESETS["paper"], 1, None)
    made = work.run(lambda news: None)
    again = Upscaled.model_validate_json(made.model_dump_json())
    assert len(made.model_dump_json()) <= work.most_bytes
    assert again.image.shape == TRUTH.shape
    assert (again.image == made.image).all()
    with pytest.raises(ValidationError, match="its pixels are not those of its size"):
        Upscaled.model_validate_json(made.model_dump_json().replace('"height":120', '"height":119'))


def test_a_network_that_fails_is_told_and_the_figure_drawn(run: Run, tmp_path: Path) -> None:
    images_in(tmp_path / "faces", "a", "b")
    names = f"{NETWORKS}:GivesNaN,{NETWORKS}:Tiny"
    typed = ("visual", "--models", names, "--dataset", "faces", "--data", ".", "--scale", "2", "--output", "out")
    done = run(*typed, "--image", "A", "--crop", "0,0,20,20")
    assert done.code == 1
    assert "MISMATCH: the output holds" in done.err
    assert Path("out/visual_x2_faces_a_0-0-20-20.png").exists()
    wrong = run(*typed, "--image", "c", "--crop", "0,0,20,20")
    assert (wrong.code, "no image 'c' in faces; it has a, b" in wrong.err) == (2, True)
