"""PSNR and SSIM of real networks on real images, against what the official code gave, and every way to go wrong."""

import csv
import json
import shutil
from math import log10
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

import model_defs
from srbench.cases import Mode, Model
from srbench.quality import datasets, upscale
from srbench.quality.datasets import find, fingerprint
from srbench.quality.evaluate import Evaluate
from srbench.quality.metrics import score
from srbench.quality.protocols import PRESETS, Image
from srbench.quality.results import Evaluation, ImageResult, QualityRecord, SetRead
from tests.builders import NOON, make_machine, make_model
from tests.command_line import Done, Run
from tests.shared_files import CHECKPOINTS, SHARED, checkpoint, needs_shared

NETWORKS = Path(__file__).resolve().parent.parent / "networks.py"
DATA, WEIGHTS = SHARED / "data", SHARED / "weights"
FACTS, MORE_FACTS = "facts/official_quality.csv", "facts/official_quality_more.csv"


def official() -> list[dict[str, str]]:
    there = [path for name in (FACTS, MORE_FACTS) if (path := SHARED / name).exists()]
    return [row for path in there for row in csv.DictReader(path.open(encoding="utf-8"))]


def on_set5(variant: str, scale: int, checkpoint: Path, **changes: Any) -> list[ImageResult]:
    """Every image of Set5 by every protocol."""
    dataset = find("set5", DATA, scale)
    asked = Evaluation(
        model=Model(architecture="Any", variant=variant),
        scale=scale,
        checkpoint=None,
        dataset=SetRead(name="Set5", images=5, sha256="", lr_source=""),
        protocols=tuple(PRESETS[name] for name in ("paper", "paper-rounded", "ntire")),
        device="cpu",
    ).model_copy(update=changes)
    found: list[ImageResult] = []
    assert Evaluate(asked, checkpoint, dataset, frozenset(), None).run(found.append).problem is None
    return found


def means(images: list[ImageResult], protocol: int) -> tuple[float, float]:
    scores = [image.scores[protocol] for image in images]
    return float(np.mean([s.psnr for s in scores])), float(np.mean([s.ssim for s in scores]))


@needs_shared(FACTS, MORE_FACTS, "weights", "weights_more", "data/Set5")
@pytest.mark.parametrize("row", official(), ids=lambda row: row["checkpoint"])
def test_official_checkpoints_score_what_the_official_code_gave(row: dict[str, str]) -> None:
    name = row["checkpoint"].removesuffix(".pth")
    images = on_set5(*CHECKPOINTS[name], SHARED / checkpoint(name))
    assert [image.name for image in images] == ["baby", "bird", "butterfly", "head", "woman"]
    for protocol, suffix in ((0, ""), (1, "_rounded")):
        psnr, ssim = means(images, protocol)
        assert psnr == pytest.approx(float(row[f"psnr_y{suffix}"]), abs=0.001)
        assert ssim == pytest.approx(float(row[f"ssim_y{suffix}"]), abs=0.00002)
    if row["psnr_rgb"]:
        assert means(images, 2)[0] == pytest.approx(float(row["psnr_rgb"]), abs=0.001)
    for image, expected in zip(images, row["per_image_psnr_y"].split(), strict=False):
        assert image.scores[0].psnr == pytest.approx(float(expected), abs=0.0015), image.name


# --- Forms, tiles


@needs_shared("data/Set5")
@pytest.mark.parametrize("variant", ["span", "ecbsr-m4c16-rgb", "repsr-m4c16-rgb", "ecbsr-m4c8"])
def test_both_forms_give_the_same_psnr(variant: str) -> None:
    torch.manual_seed(0)
    train = model_defs.build(variant, 4, "train")
    pair = datasets.read(find("set5", DATA, 4).samples[2], 4)
    scores = []
    for network in (train, model_defs.to_deploy(train)):
        pixels = upscale.upscale(upscale.runner_of(network, make_model("imdn")), pair.lr, torch.empty(1, 3, 2, 2), 4)
        scores.append(score(pixels, pair.gt, PRESETS["paper"], 4).psnr)
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)


@needs_shared("weights", "data/Set5")
@pytest.mark.parametrize("name", ["SPAN_ch48_x4_deploy_fp16", "IMDN_x4", "net_g_BSRN_x4"])
def test_tiles_give_the_same_psnr(name: str) -> None:
    whole, tiled = (on_set5(*CHECKPOINTS[name], SHARED / checkpoint(name), mode=Mode(tile=tile)) for tile in (None, 48))
    assert means(tiled, 0)[0] == pytest.approx(means(whole, 0)[0], abs=0.01)


def test_tiles_of_a_local_network_are_seamless() -> None:
    # A 3x3 convolution sees one pixel beyond a tile; the overlap holds it, so the result is the same to the pixel.
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 12, 3, padding=1), torch.nn.PixelShuffle(2))
    low: Image = np.random.default_rng(0).integers(0, 256, (70, 99, 3), np.uint8)
    run = upscale.runner_of(network, Model(architecture="Net", variant="net.py:Net", source="/nets/net.py"))
    whole, tiled = (upscale.upscale(run, low, torch.empty(1, 3, 2, 2), 2, tile) for tile in (None, 33))
    assert np.abs(whole.astype(int) - tiled).max() <= 1  # summed in another order, a value may round the other way


# --- The command


def images_in(folder: Path, *names: str, width: int = 48, height: int = 40) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(names):
        pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
        Pillow.fromarray(pixels).save(folder / f"{name}.png")
    return folder


def evaluated(run: Run, *arguments: str) -> Done:
    return run("evaluate", "--threads", "1", "--output", "out", *arguments)


def stored() -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(Path("out/quality").glob("*.json"))]


@needs_shared("weights", "data/Set5")
def test_networks_and_bicubic_beside_what_papers_print(run: Run) -> None:
    done = evaluated(
        run,
        "--models",
        "imdn,bicubic",
        "--weights",
        str(WEIGHTS),
        "--data",
        str(DATA),
        "--datasets",
        "set5",
        "--images",
    )
    assert done.code == 0
    # IMDN prints 32.21 (its paper, table 4); the official checkpoint gives 32.2096 (official_quality.csv).
    row = next(line.split() for line in done.out.splitlines() if line.startswith("imdn"))
    assert row[1:4] == ["Set5", "x4", "32.2096"]
    assert row[5:7] == ["32.21", "+0.000"]
    assert "PSNR-Y(BT.601 16-235, crop 4, RGB uint8, Y float)" in done.out
    assert "LR files in LRbicx4" in done.out
    # Worst first: butterfly has the lowest PSNR of all (official_quality.csv).
    images = done.out[done.out.index("imdn x4 on Set5, worst first") :].splitlines()
    assert [line.split()[0] for line in images[4:9]] == ["butterfly", "woman", "head", "baby", "bird"]


def test_a_network_of_ones_own_brings_its_weights(run: Run, tmp_path: Path) -> None:
    images_in(tmp_path / "faces", "a", "b")
    done = evaluated(run, "--models", f"{NETWORKS}:Trained", "--data", ".", "--datasets", "faces", "--scale", "2")
    assert done.code == 0
    [record] = stored()
    assert [image["name"] for image in record["images"]] == ["a", "b"]
    assert record["evaluation"]["dataset"]["sha256"] == fingerprint(find("faces", tmp_path, 2))
    assert "LR imresize (MATLAB bicubic" in done.out

    # The set is the y axis of figures, and a column of the table, too.
    profiled = run("profile", "--models", f"{NETWORKS}:Trained", "--scale", "2", "--static-only", "--output", "out")
    assert profiled.code == 0
    assert "faces" in profiled.out
    drawn = run("plot", "--scale", "2", "--dataset", "faces", "--output", "out")
    assert drawn.code == 0, drawn.err
    with Path("out/plot_x2_psnr_y_faces_over_params.csv").open(newline="") as file:
        [point] = csv.DictReader(file)
    assert float(point["psnr_y_faces"]) == pytest.approx(fmean(psnr(image) for image in record["images"]))


def psnr(image: dict[str, Any]) -> float:
    return 10 * log10(255**2 / image["scores"][0]["mse"])


def test_a_network_that_fails_is_a_row_and_the_others_go_on(run: Run, tmp_path: Path) -> None:
    images_in(tmp_path / "faces", "a", "b")
    names = ",".join(f"{NETWORKS}:{name}" for name in ("GivesNaN", "Segfaults", "WrongSize", "Tiny"))
    done = evaluated(run, "--models", names, "--data", ".", "--datasets", "faces", "--scale", "2")
    assert done.code == 1
    statuses = {r["evaluation"]["model"]["architecture"]: (r["status"], r["reason"]) for r in stored()}
    assert statuses["GivesNaN"][0] == statuses["WrongSize"][0] == "MISMATCH"
    assert statuses["GivesNaN"][1].startswith("a: the output holds")
    assert statuses["Segfaults"] == ("CRASH", "the process was ended by SIGSEGV, at a")
    assert statuses["Tiny"] == ("VALID", "")


def test_images_that_are_done_are_not_done_again(run: Run, tmp_path: Path) -> None:
    images_in(tmp_path / "faces", "a", "b", "c")
    typed = ("--models", f"{NETWORKS}:Tiny", "--data", ".", "--datasets", "faces", "--scale", "2")
    assert evaluated(run, *typed).code == 0
    [path] = Path("out/quality").glob("*.json")
    before = json.loads(path.read_text())
    cut = before | {"images": before["images"][:1], "status": "CRASH"}
    path.write_text(json.dumps(cut))
    assert evaluated(run, *typed, "--resume").code == 0
    [after] = stored()
    assert [image["name"] for image in after["images"]] == ["a", "b", "c"]
    assert after["images"][0] == before["images"][0]
    assert after["images"][1]["forward_ns"] != before["images"][1]["forward_ns"]
    assert evaluated(run, *typed).code == 0  # without it everything is measured anew
    assert stored()[0]["images"][0]["forward_ns"] != before["images"][0]["forward_ns"]


def test_a_file_is_the_same_network_however_it_is_typed(run: Run, tmp_path: Path) -> None:
    images_in(tmp_path / "faces", "a")
    shutil.copy(NETWORKS, tmp_path / "net.py")
    typed = ("--data", ".", "--datasets", "faces", "--scale", "2")
    assert evaluated(run, "--models", "net.py:Tiny,./net.py:Tiny", *typed).code == 0
    [before] = stored()
    assert "wrote 0 record(s)" in evaluated(run, "--models", f"{tmp_path}/net.py:Tiny", *typed, "--resume").err
    assert stored() == [before]


def test_a_record_answers_for_a_file_however_it_is_typed() -> None:
    asked = Evaluation(
        model=Model(architecture="Net", variant="net.py:Net", source="/mine/net.py"),
        scale=2,
        checkpoint=None,
        dataset=SetRead(name="faces", images=1, sha256="", lr_source=""),
        protocols=(PRESETS["paper"],),
        device="cpu",
    )

    def typed(**changes: str) -> Evaluation:
        return asked.model_copy(update={"model": asked.model.model_copy(update=changes)})

    record = QualityRecord(srbench_version="", evaluation=asked, machine=make_machine(), finished=NOON)
    assert typed(variant="./net.py:Net").key == asked.key
    assert record.answers(typed(variant="./net.py:Net"))
    for other in (typed(source="/yours/net.py"), typed(architecture="Other")):
        assert other.key != asked.key
        assert not record.answers(other)


def test_grey_images_are_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "faces").mkdir()
    Pillow.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40), np.uint8)).save(tmp_path / "faces/a.png")
    done = evaluated(run, "--models", "bicubic", "--data", ".", "--datasets", "faces", "--images")
    assert done.code == 0
    assert "a: grey became RGB with three equal channels" in done.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--models", "bsrm"), "unknown model 'bsrm'; did you mean 'bsrn'"),
        (("--models", "span"), "no checkpoint of span x4 at hand"),
        (
            ("--models", "span", "--weights", "nowhere"),
            "no folder or file nowhere of checkpoints; --weights takes DIR, FILE or MODEL=FILE",
        ),
        (("--models", "bicubic", "--data", "nowhere", "--datasets", "set5"), "no folder nowhere of data sets"),
        (("--models", "bicubic", "--datasets", "facse"), "no data set 'facse' in .; did you mean faces?"),
        (("--models", "bicubic", "--datasets", "empty"), "no images in"),
        (("--models", "bicubic", "--datasets", "broken"), "is not an image"),
        (("--models", "bicubic", "--datasets", ","), "--datasets names no set"),
        (("--models", "bicubic", "--protocol", "papper"), "--protocol 'papper' is none of paper"),
        (("--models", "all"), "nothing to do"),
        (("--models", "bicubic", "--scale", "0"), "--scale '0'"),
    ],
)
def test_wrong_input_is_one_line_and_nothing_runs(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.setenv("SRBENCH_CACHE", str(tmp_path / "cache"))
    images_in(tmp_path / "faces", "a")
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/a.png").write_text("hello")
    done = evaluated(run, "--data", ".", "--datasets", "faces", *arguments)
    assert done.code == 2
    assert said in done.err
    assert done.err.strip().splitlines()[-1].startswith("srbench: ")
    assert not Path("out/quality").exists()


def test_images_that_equal_their_gt_are_said(run: Run, tmp_path: Path) -> None:
    images_in(tmp_path / "faces", "a")
    Pillow.fromarray(np.full((40, 48, 3), 200, np.uint8)).save(tmp_path / "faces/white.png")
    done = evaluated(run, "--models", "bicubic", "--data", ".", "--datasets", "faces")
    assert "white equal to GT, PSNR infinite; the mean of the others is " in done.out


@needs_shared("weights", "data/Set5")
def test_a_part_of_a_set_is_not_compared_with_published_figures(run: Run, tmp_path: Path) -> None:
    (tmp_path / "Set5").mkdir()
    for name in ("baby", "bird"):
        shutil.copy(next((DATA / "Set5/HR").glob(f"{name}*")), tmp_path / "Set5")
    typed = ("--models", "imdn", "--weights", str(WEIGHTS), "--data", str(tmp_path), "--datasets", "set5")
    row = next(line.split() for line in evaluated(run, *typed).out.splitlines() if line.startswith("imdn"))
    assert row[5:7] == ["-", "-"]


@needs_shared("weights", "data/Set5")
def test_a_sibling_that_has_a_checkpoint_is_named(run: Run) -> None:
    # weights/README.md: of ECBSR there is the RGB network with 4 blocks of 16 channels.
    done = run("evaluate", "--models", "ecbsr", "--weights", str(WEIGHTS), "--data", str(DATA), "--datasets", "set5")
    assert done.code == 2
    assert "no checkpoint of ecbsr x4" in done.err
    assert done.err.rstrip().endswith("; there is one of ecbsr-m4c16-rgb")


@needs_shared("weights", "data/Set5")
def test_a_folded_checkpoint_has_no_training_form(run: Run) -> None:
    typed = ("--models", "span@train", "--weights", str(WEIGHTS), "--data", str(DATA))
    done = evaluated(run, *typed)
    assert done.code == 2
    assert "holds span folded: its training form cannot be evaluated" in done.err


def test_sets_of_the_same_name_are_not_mixed(run: Run, tmp_path: Path) -> None:
    for folder in ("A/val", "B/val"):
        images_in(tmp_path / folder, "a")
    done = evaluated(run, "--models", "bicubic", "--datasets", "A/val,B/val", "--data", ".")
    assert done.code == 2
    assert "are both called val; evaluate one at a time" in done.err
    assert evaluated(run, "--models", "bicubic", "--datasets", "A/val,A/val", "--scale", "4,4", "--data", ".").code == 0
    assert len(stored()) == 1


def test_an_image_smaller_than_the_window_is_a_row_that_names_it(run: Run, tmp_path: Path) -> None:
    images_in(tmp_path / "faces", "a", width=16, height=16)
    done = evaluated(run, "--models", "bicubic", "--data", ".", "--datasets", "faces")
    assert done.code == 1
    [record] = stored()
    assert record["status"] == "UNSUPPORTED"
    assert record["reason"].startswith("a: 16x16 without 4 pixels at each border is smaller than the 11x11 window")
