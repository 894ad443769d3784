"""Every preset looks as it did: pictures of rows written by hand. ``baselines.py`` says how to make them anew."""

from pathlib import Path

import pytest
from matplotlib.testing.compare import compare_images
from PIL import Image

from srbench.render.plots.presets import PRESETS
from tests.render.baselines import FIGURES, FOLDER, save

#: Root mean square over all pixels, of 255. Two letters more in a label are 1.5, a label that moves with its dot is 8.
#: Other versions of matplotlib come with other font renderers.
SAME_VERSION, OTHER_VERSION = 0.5, 8.0


@pytest.mark.parametrize("name", FIGURES)
def test_it_looks_as_it_did(name: str, tmp_path: Path) -> None:
    drawn = tmp_path / f"{name}.png"
    save(name, drawn)
    tolerance = SAME_VERSION if made_by(FOLDER / f"{name}.png") == made_by(drawn) else OTHER_VERSION
    difference = compare_images(str(FOLDER / f"{name}.png"), str(drawn), tol=tolerance)
    assert difference is None, f"{difference}\nif that is meant: python -m tests.render.baselines"


def made_by(path: Path) -> str:
    with Image.open(path) as image:
        return str(image.info["Software"])


def test_every_preset_has_a_picture() -> None:
    assert set(PRESETS) <= set(FIGURES)
    assert {path.stem for path in FOLDER.glob("*.png")} == set(FIGURES)
