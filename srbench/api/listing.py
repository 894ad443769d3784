"""The zoo, with what its networks cost."""

from dataclasses import dataclass

import model_defs
from model_defs import Variant
from srbench import models, preparing, sizes
from srbench.cases import Case
from srbench.counts import Complexity

#: Costs are shown at the largest scale that a variant has up to this.
_AT_MOST = 4


@dataclass(frozen=True)
class Listed:
    """A variant and its costs.

    Attributes:
        variant: name, scales, paper, notes.
        default: whether it is what its architecture's name means.
        scale: of ``costs``.
        costs: in deploy form, GT 1280x720.
    """

    variant: Variant
    default: bool
    scale: int
    costs: Complexity


def zoo() -> list[Listed]:
    """Every variant with its costs at the largest scale up to x4, GT 1280x720, deploy form."""
    found = []
    for variant in model_defs.variants():
        scale = max(s for s in variant.scales if s <= _AT_MOST)
        [named] = models.parse(variant.name, "deploy")
        costs = preparing.static(Case(model=named, size=sizes.plan(scale), device="none"))
        found.append(Listed(variant, variant.name in model_defs.DEFAULTS, scale, costs))
    return found
