"""A network that can fold itself and was not asked to: its switch, found, tried on a copy, and proven."""

import copy
import inspect
from dataclasses import dataclass

import torch
from torch import Tensor, nn

#: What authors call the method that turns a network, or a block of it, into its deploy form.
SWITCHES = (
    *("switch_to_deploy", "switch_deploy", "to_deploy", "repa", "reparameterize", "re_parameterize", "reparam"),
    *("rep_params", "fuse", "fuse_model", "fold", "merge", "merge_weights", "convert_to_deploy", "convert"),
)
#: What blocks call the flag that says so.
_DEPLOYED = ("deploy", "deployed", "is_deploy", "is_deployed")
#: The two forms agree where their outputs are at least so near: the seven reach 100 dB and more in float32.
LEAST_DB = 80.0


@dataclass(frozen=True)
class Folding:
    """What came of looking for a deploy form.

    Attributes:
        method: the switch that was found; empty where there is none.
        psnr_db: of its output against that of the training form; None where they are equal.
        proven: whether that is the same network: then it is what should be measured.
        why: why not, in a phrase.
    """

    method: str = ""
    psnr_db: float | None = None
    proven: bool = False
    why: str = ""

    @property
    def remark(self) -> str:
        """What a reader of the row should know; empty where there is nothing to fold."""
        if not self.method:
            return ""
        if self.proven:
            near = "its output is equal" if self.psnr_db is None else f"{self.psnr_db:.0f} dB to its training form"
            return f"folded by its {self.method}(): {near}"
        return f"not folded, maybe in its training form: {self.why}"


def switch_of(network: nn.Module) -> str:
    """The method by which a network, or its blocks, fold; empty where there is none."""
    for method in SWITCHES:
        if _takes(network, method):
            return method
    for method in SWITCHES:
        if any(_takes(module, method) for module in network.modules()):
            return method
    return ""


def fold(network: nn.Module, method: str) -> None:
    """Call the switch: the network's own, else that of each block that has one.

    Args:
        network: is changed.
        method: see :func:`switch_of`.

    Raises:
        Exception: whatever the switch raises.
    """
    with torch.no_grad():
        if _takes(network, method):
            getattr(network, method)()
            return
        for module in list(network.modules()):
            if _takes(module, method):
                getattr(module, method)()


def tried(network: nn.Module, image: Tensor, method: str = "") -> Folding:
    """Look for a network's deploy form, on a copy; the network itself stays as it is.

    Args:
        network: in evaluation mode, with its weights.
        image: (N, C, H, W) of a picture.
        method: the switch; empty to look for one.
    """
    method = method or switch_of(network)
    if not method:
        return Folding()
    try:
        folded = copy.deepcopy(network)
        before = _size(folded)
        fold(folded, method)
        folded.eval()
    except Exception as error:  # noqa: BLE001 - whatever its code raises
        return Folding(method, why=f"its {method}() fails ({type(error).__name__})")
    if _size(folded) == before:
        # Deployed already, or a method that does something else.
        return Folding()
    try:
        with torch.inference_mode():
            near = _psnr(network(image), folded(image))
    except Exception as error:  # noqa: BLE001 - likewise
        return Folding(method, why=f"what its {method}() makes does not run ({type(error).__name__})")
    if near is None or near >= LEAST_DB:
        return Folding(method, near, proven=True)
    return Folding(method, near, why=f"what its {method}() makes gives another output ({near:.0f} dB)")


def _takes(module: nn.Module, method: str) -> bool:
    """Whether a module of the author's has the method, and it can be called without arguments."""
    if type(module).__module__.partition(".")[0] == "torch":
        return False
    # Built so, or folded before: there is nothing left to do, and trying fails at what is gone.
    if any(getattr(module, name, None) is True for name in _DEPLOYED):
        return False
    found = getattr(type(module), method, None)
    if not inspect.isfunction(found):
        return False
    own, *rest = inspect.signature(found).parameters.values()
    variadic = (own.VAR_POSITIONAL, own.VAR_KEYWORD)
    return all(each.default is not each.empty or each.kind in variadic for each in rest)


def _size(network: nn.Module) -> tuple[int, int]:
    """Parameters, and modules that compute: what folding makes fewer."""
    return sum(p.numel() for p in network.parameters()), sum(1 for m in network.modules() if not list(m.children()))


def _psnr(reference: object, output: object) -> float | None:
    """Of two outputs against the span of the first, in dB; None where they are equal, -1 where they differ in kind."""
    if not isinstance(reference, Tensor) or not isinstance(output, Tensor) or reference.shape != output.shape:
        return -1.0
    wide = reference.double()
    error = float((output.double() - wide).square().mean())
    span = float(wide.max() - wide.min())
    if error == 0:
        return None
    return 10 * torch.tensor(span**2 / error).log10().item() if span else -1.0
