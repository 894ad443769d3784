"""Folders of images as they circulate: found by name, matched with their LR images, told apart by their content."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from srbench.errors import InputError
from srbench.quality.datasets import MADE, find, fingerprint, read
from srbench.quality.imresize import imresize
from tests.shared_files import SHARED, needs_shared


def image(path: Path, width: int = 24, height: int = 24, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    Pillow.fromarray(pixels).save(path)
    return path


#: Where each project keeps GT and the LR of x4: BasicSR (datasets/README), KAIR and SwinIR (testsets), EDSR
#: (benchmark), IMDN (Test_Datasets).
LAYOUTS = {
    "BasicSR": ("Set5/GTmod12/baby.png", "Set5/LRbicx4/baby.png"),
    "KAIR": ("Set5/HR/baby.png", "Set5/LR_bicubic/X4/babyx4.png"),
    "EDSR": ("Set5/HR/baby.png", "Set5/LR_bicubic/X4/babyx4.png"),
    "EDSR's root": ("benchmark/Set5/HR/baby.png", "benchmark/Set5/LR_bicubic/X4/babyx4.png"),
    "IMDN": ("Set5/baby.png", "Set5_LR/x4/baby.png"),
    "SelfExSR": ("Set5/HR/img_001.png", "Set5/LR/x4/img_001.png"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_that_circulate_are_recognised(tmp_path: Path, layout: str) -> None:
    gt, lr = LAYOUTS[layout]
    image(tmp_path / gt)
    image(tmp_path / lr, 6, 6)
    dataset = find("set5", tmp_path, 4)
    assert dataset.name == "Set5"
    [sample] = dataset.samples
    assert (sample.gt, sample.lr) == (tmp_path / gt, tmp_path / lr)
    pair = read(sample, 4)
    assert (pair.gt.shape, pair.lr.shape) == ((24, 24, 3), (6, 6, 3))


def test_lr_that_is_missing_is_made(tmp_path: Path) -> None:
    image(tmp_path / "Set14/HR/a.png", 26, 25)
    dataset = find("Set14", tmp_path, 4)
    assert (dataset.lr_folder, dataset.lr_source) == (None, MADE)
    pair = read(dataset.samples[0], 4)
    assert pair.gt.shape == (24, 24, 3)
    assert np.array_equal(pair.lr, imresize(pair.gt, 1 / 4))
    assert pair.notes == ("GT 26x25 was cut to 24x24",)


@pytest.mark.parametrize("folder", ["BSD100", "B100", "bsds100"])
def test_a_set_has_one_name_whatever_its_folder_is_called(tmp_path: Path, folder: str) -> None:
    image(tmp_path / folder / "a.png")
    assert find("b100", tmp_path, 2).name == "B100"
    assert find("BSD100", tmp_path, 2).name == "B100"


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    image(tmp_path / "faces/a.png")
    assert find("faces", tmp_path, 2).name == "faces"
    assert find(str(tmp_path / "faces"), tmp_path / "nowhere", 2).name == "faces"


def test_a_folder_without_a_name_has_that_of_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image(tmp_path / "faces/a.png")
    image(tmp_path / "faces_LR/x2/a.png", 12, 12)
    (tmp_path / "faces/inner").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "faces")
    monkeypatch.chdir(tmp_path / "faces/inner")
    for typed in ("..", "./.."):
        assert find(typed, tmp_path / "nowhere", 2).name == "faces"
    monkeypatch.chdir(tmp_path / "faces")
    dataset = find(".", tmp_path / "nowhere", 2)
    assert (dataset.name, dataset.lr_folder) == ("faces", tmp_path / "faces_LR/x2")
    assert find("../link", tmp_path / "nowhere", 2).name == "link"


@needs_shared("data/Set14", "data/B100")
def test_real_sets_are_complete() -> None:
    # data/README.md.
    assert len(find("set14", SHARED / "data", 4).samples) == 14
    assert len(find("b100", SHARED / "data", 4).samples) == 100


# --- The hash of what is read


def test_another_pixel_is_another_set(tmp_path: Path) -> None:
    image(tmp_path / "Set5/HR/a.png")
    first = fingerprint(find("set5", tmp_path, 2))
    assert first == fingerprint(find("set5", tmp_path, 2))
    image(tmp_path / "Set5/HR/a.png", seed=1)
    assert fingerprint(find("set5", tmp_path, 2)) != first


def test_the_hash_is_of_the_pixels_not_of_the_files(tmp_path: Path) -> None:
    path = image(tmp_path / "Set5/HR/a.png")
    first = fingerprint(find("set5", tmp_path, 2))
    truth = np.asarray(Pillow.open(path))
    path.unlink()
    Pillow.fromarray(truth).save(path.with_suffix(".bmp"))
    (tmp_path / "Set5/LRbicx2").mkdir()
    low = imresize(truth, 1 / 2).astype(np.uint8)
    Pillow.fromarray(low).save(tmp_path / "Set5/LRbicx2/a.png")
    assert fingerprint(find("set5", tmp_path, 2)) == first
    low[0, 0, 0] ^= 1
    Pillow.fromarray(low).save(tmp_path / "Set5/LRbicx2/a.png")
    assert fingerprint(find("set5", tmp_path, 2)) != first


def test_the_scale_is_part_of_it(tmp_path: Path) -> None:
    image(tmp_path / "Set5/HR/a.png")
    assert fingerprint(find("set5", tmp_path, 2)) != fingerprint(find("set5", tmp_path, 4))


# --- What does not belong together


def test_unknown_names_are_answered_with_what_is_there(tmp_path: Path) -> None:
    image(tmp_path / "Set5/a.png")
    image(tmp_path / "Set14/a.png")
    with pytest.raises(InputError, match=r"no data set 'sett5' .* did you mean Set14 or Set5"):
        find("sett5", tmp_path, 2)
    with pytest.raises(InputError, match="it has Set14, Set5"):
        find("urban100", tmp_path, 2)
    with pytest.raises(InputError, match=r"no folder .*; name it with --data"):
        find("set5", tmp_path / "nowhere", 2)


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "Set5/HR").mkdir(parents=True)
    with pytest.raises(InputError, match=r"no images in .*Set5"):
        find("set5", tmp_path, 2)


def test_lr_images_that_are_missing_or_left_over_are_listed(tmp_path: Path) -> None:
    for name in "abcdefg":
        image(tmp_path / f"Set5/HR/{name}.png")
    image(tmp_path / "Set5/LRbicx2/a.png", 12, 12)
    with pytest.raises(InputError, match=r"lacks the LR of b, c, d, e, f and 1 more \(6 of 7 GT images\)"):
        find("set5", tmp_path, 2)
    for name in "bcdefgz":
        image(tmp_path / f"Set5/LRbicx2/{name}.png", 12, 12)
    with pytest.raises(InputError, match=r"without a GT: z\.png"):
        find("set5", tmp_path, 2)


def test_two_files_of_one_name_are_not_one_image(tmp_path: Path) -> None:
    for name in ("a.bmp", "a.c.png", "a.png", "b.png"):
        image(tmp_path / "Set5/HR" / name)
    with pytest.raises(InputError, match=r"HR has several images of one name: a\.bmp, a\.png$"):
        find("set5", tmp_path, 2)
    for name in "defg":
        for ending in ("png", "tif"):
            image(tmp_path / f"Set5/HR/{name}.{ending}")
    with pytest.raises(InputError, match=r": a\.bmp, a\.png, d\.png, d\.tif, e\.png and 5 more$"):
        find("set5", tmp_path, 2)


def test_two_lr_files_of_one_name_are_not_one_image(tmp_path: Path) -> None:
    image(tmp_path / "Set5/HR/a.png")
    for ending in ("png", "bmp"):
        image(tmp_path / f"Set5/LRbicx2/a.{ending}", 12, 12)
    with pytest.raises(InputError, match=r"LRbicx2 has several images of one name: a\.bmp, a\.png$"):
        find("set5", tmp_path, 2)


def test_sizes_that_do_not_belong_together_are_named(tmp_path: Path) -> None:
    image(tmp_path / "Set5/HR/a.png", 26, 24)
    image(tmp_path / "Set5/LRbicx2/a.png", 12, 12)
    with pytest.raises(InputError, match=r"LR 12x12 does not belong to GT 26x24 at x2; expected 13x12"):
        read(find("set5", tmp_path, 2).samples[0], 2)


def test_an_image_smaller_than_the_scale_is_named(tmp_path: Path) -> None:
    image(tmp_path / "Set5/a.png", 3, 30)
    with pytest.raises(InputError, match="3x30 is smaller than the scale 4"):
        read(find("set5", tmp_path, 4).samples[0], 4)
