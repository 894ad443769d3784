"""How a user's network is run: what it asks of an image, where in its output the image is, which form of it.

What its suite says is done. What nobody says is found by trying on a picture, and said.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from srbench import private
from srbench.cases import Contract
from srbench.facts import Frozen, Line
from srbench.foreign import contract, forms

#: Sides of the pictures that are tried: small, and of the same rest as those asked for, by whatever number up to this.
_REST = 64


class Adaptation(Frozen):
    """What is done to a network before anything of it is measured, and what readers should know of that.

    Attributes:
        multiple: both sides of its input are brought to it.
        output: part of its output that is the image; None for all of it.
        switch: method that folds it; empty for none.
        redirected: whether its code asks for CUDA where there is none.
        remarks: a phrase each.
    """

    multiple: int = 1
    output: int | Line | None = None
    switch: Line = ""
    redirected: bool = False
    remarks: tuple[Line, ...] = ()

    def apply(self, network: nn.Module, scale: int) -> nn.Module:
        """Do it; the network is changed and given back."""
        contract.bind(network, scale, self.multiple, self.output)
        if self.switch:
            forms.fold(network, self.switch)
            network.eval()
        return network


@dataclass(frozen=True)
class Question:
    """What a network is tried on.

    Attributes:
        scale: upscaling factor.
        lr: width and height of the images to come.
        picture: (width, height) to an image of the network's colours and range, on the CPU.
    """

    scale: int
    lr: tuple[int, int]
    picture: Callable[[int, int], Tensor]

    @property
    def small(self) -> tuple[int, int]:
        """A size that runs where images to come run: the rests are the same."""
        width, height = (side if side < 2 * _REST else _REST + side % _REST for side in self.lr)
        return width, height


def plain(network: nn.Module) -> tuple[nn.Module, tuple[str, ...]]:
    """The network without what its author has put around it to run it faster, and a remark where there was some."""
    # Its own compilation would be timed under the name of eager.
    inner = private.uncompiled(network)
    if inner is not network:
        return inner, ("its own torch.compile is left out: --engine compile measures that",)
    return network, ()


def as_declared(declared: Contract) -> Adaptation:
    """What is done to a network that nothing can be tried on: what it declares, but for a form, which needs proof."""
    return Adaptation(multiple=declared.multiple, output=declared.output)


def find(network: nn.Module, question: Question, declared: Contract) -> Adaptation:
    """What a network asks for, as declared or else by trying; the network itself stays as it is.

    Args:
        network: in evaluation mode, on the CPU.
        question: what it is tried on.
        declared: what its suite, or the network itself, says.

    Raises:
        Exception: whatever the network raises, on every image that was tried.
    """
    trial = _copied(network)
    if trial is network:
        return as_declared(declared)
    with torch.inference_mode():
        multiple, given, image, said = _multiple(trial, question, declared.multiple)
    remarks = [said] if said else []
    output = declared.output
    if output is None:
        height, width = image.shape[-2:]
        shape = (*image.shape[:-2], height * question.scale, width * question.scale)
        output = contract.image_in(given, shape)
        if output is not None:
            remarks.append(f"its image is part {output!r} of {contract.kind_of(given)}")
    switch = ""
    if declared.deploy is not False:
        contract.bind(trial, question.scale, output=output)
        found = forms.tried(trial, image, declared.deploy if isinstance(declared.deploy, str) else "")
        switch = found.method if found.proven else ""
        remarks += [found.remark] if found.remark else []
        if isinstance(declared.deploy, str) and not found.method:
            remarks.append(f"its {declared.deploy}() changes nothing")
    elif forms.switch_of(network):
        remarks.append("training form, as its suite says")
    return Adaptation(multiple=multiple, output=output, switch=switch, remarks=tuple(remarks))


def _copied(network: nn.Module) -> nn.Module:
    """A copy to try things on; the network itself where it cannot be copied."""
    try:
        return copy.deepcopy(network)
    except Exception:  # noqa: BLE001 - whatever its own parts raise
        return network


def _multiple(network: nn.Module, question: Question, declared: int) -> tuple[int, object, Tensor, str]:
    """The multiple that sides need, what the network gives, of which picture, and a remark where it was found."""
    if declared > 1:
        image = question.picture(*(-(-side // declared) * declared for side in question.small))
        return declared, network(image), image, ""
    image = question.picture(*question.small)
    try:
        return 1, network(image), image, ""
    except Exception:
        for multiple in contract.MULTIPLES:
            sides = [-(-side // multiple) * multiple for side in question.small]
            if tuple(sides) == question.small:
                continue
            try:
                larger = question.picture(*sides)
                given = network(larger)
                # Those sides may be multiples of more than this one.
                network(question.picture(*(multiple * (_REST // multiple + odd) for odd in (1, 3))))
            except Exception:  # noqa: BLE001 - the next one may do
                continue
            return multiple, given, larger, f"its input is mirrored on to multiples of {multiple}, and its output cut"
        # One that is made for a single size may take the very one that is asked for.
        if question.lr != question.small:
            image = question.picture(*question.lr)
            return 1, network(image), image, ""
        raise
