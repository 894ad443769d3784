"""Padding to a multiple and taking an image out of what a network gives, as hooks of the network."""

import pytest
import torch
from torch import Tensor, nn

from srbench.errors import MismatchError
from srbench.foreign import contract


class Picky(nn.Module):
    """Nearest, for sides of a multiple of 8 alone; gives what ``wrap`` makes of the image."""

    def __init__(self, wrap: object = None) -> None:
        super().__init__()
        self.wrap = wrap

    def forward(self, x: Tensor) -> object:
        assert x.shape[-1] % 8 == 0, "needs a multiple of 8"
        assert x.shape[-2] % 8 == 0, "needs a multiple of 8"
        image = nn.functional.interpolate(x, scale_factor=2)
        return {None: image, "tuple": (x, image), "dict": {"lr": x, "sr": image}}[self.wrap]  # type: ignore[index]


@pytest.mark.parametrize(("height", "width"), [(8, 16), (9, 15), (3, 5), (17, 8), (1, 1)])
@pytest.mark.parametrize(("wrap", "output"), [(None, None), ("tuple", 1), ("tuple", -1), ("dict", "sr")])
def test_any_size_gives_the_image_of_that_size(
    height: int, width: int, wrap: str | None, output: int | str | None
) -> None:
    network = Picky(wrap)
    contract.bind(network, scale=2, multiple=8, output=output)
    image = torch.rand(1, 3, height, width)
    # Nearest looks at no neighbour, so what was padded leaves no trace.
    torch.testing.assert_close(network(image), nn.functional.interpolate(image, scale_factor=2), rtol=0, atol=0)


def test_a_part_that_is_not_there_is_said() -> None:
    network = Picky("dict")
    contract.bind(network, scale=2, output="hr")
    with pytest.raises(MismatchError, match="a dict of lr, sr, which has no part 'hr'"):
        network(torch.rand(1, 3, 8, 8))


def test_the_image_is_found_by_its_shape() -> None:
    low, high = torch.rand(1, 3, 4, 4), torch.rand(1, 3, 8, 8)
    assert contract.image_in(high, high.shape) is None
    assert contract.image_in((low, high), high.shape) == 1
    assert contract.image_in([high], high.shape) == 0
    assert contract.image_in({"sr": high, "lr": low}, high.shape) == "sr"
    assert contract.image_in((low,), high.shape) is None
    with pytest.raises(MismatchError, match="a tuple of 2 with 2 images; say output = 0 or 1 in a suite"):
        contract.image_in((high, high), high.shape)
