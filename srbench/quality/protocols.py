"""How images are compared, under the names of the field's customs, and what comes out; no arithmetic on pixels."""

from math import inf, log10
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from srbench.facts import Frozen

#: (H, W, 3), RGB.
Image = NDArray[np.uint8]

PEAK = 255.0


class Protocol(Frozen):
    """How a pair of 8-bit RGB images is compared.

    Attributes:
        name: of the preset.
        channel: ``y`` or ``rgb``; of RGB the three channels count alike.
        y_rounded: whether luma is rounded to whole numbers, as ``rgb2ycbcr`` of a uint8 image does.
        crop: pixels cut from each border; None for as many as the scale.
        grey: what a grey GT is, where the output is grey too: RGB with three equal channels, or luma as it stands.
        resized: what bicubic interpolation works on: the RGB images, or their luma, rounded first (the older habit, by
            which the bicubic rows of published tables were made).
    """

    name: str
    channel: Literal["y", "rgb"] = "y"
    y_rounded: bool = False
    crop: int | None = None
    grey: Literal["as rgb", "as y"] = "as rgb"
    resized: Literal["rgb", "y"] = "rgb"

    def border(self, scale: int) -> int:
        """Pixels cut from each border at a scale."""
        return scale if self.crop is None else self.crop

    def describe(self, metric: str, scale: int) -> str:
        """Its string, as in ``PSNR-Y(BT.601 16-235, crop 4, RGB uint8, Y float)``."""
        crop = f"crop {self.border(scale)}"
        if self.channel == "rgb":
            return f"{metric}-RGB({crop}, RGB uint8)"
        colours = f"RGB uint8, Y {'uint8' if self.y_rounded else 'float'}"
        if self.resized == "y":
            colours = "Y uint8 before resizing"
        grey = ", grey as Y" if self.grey == "as y" else ""
        return f"{metric}-Y(BT.601 16-235, {crop}, {colours}{grey})"


#: Of what papers print today; of IMDN's own script and older papers; of the challenges, and of real-time ones; of
#: published bicubic rows.
PRESETS = {
    preset.name: preset
    for preset in (
        Protocol(name="paper"),
        Protocol(name="paper-rounded", y_rounded=True),
        Protocol(name="ntire", channel="rgb"),
        Protocol(name="rtsr", channel="rgb", crop=0),
        Protocol(name="classic", y_rounded=True, resized="y"),
    )
}


class Score(Frozen):
    """How near an image is to its GT.

    Attributes:
        mse: mean squared error of values in 0 ... 255.
        ssim: structural similarity, at most 1.
    """

    mse: float = Field(ge=0, le=1.001 * PEAK**2)
    ssim: float = Field(ge=-1.001, le=1.001)

    @property
    def psnr(self) -> float:
        """Peak signal-to-noise ratio in dB for a peak of 255; infinite for equal images."""
        return inf if self.mse == 0 else 10 * log10(PEAK**2 / self.mse)
