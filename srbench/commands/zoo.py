"""``srbench models``: the zoo as a table."""

import model_defs
from srbench import models, sizes, tasks
from srbench.cases import Case
from srbench.render.formats import tabulated


def list_models() -> int:
    """Print every variant with its scales and its costs at the largest scale up to x4, 1280x720 GT, deploy form."""
    cells = [["Variant", "Default", "Scales", "Params [K]", "Multi-Adds [G]", "at", "Paper", "Notes"]]
    for variant in model_defs.variants():
        scale = max(s for s in variant.scales if s <= 4)
        [named] = models.parse(variant.name, "deploy")
        counts = tasks.static(Case(model=named, size=sizes.plan(scale), device="none"))
        default = "yes" if variant.name in model_defs.DEFAULTS else ""
        scales = " ".join(map(str, variant.scales))
        costs = [f"{counts.params / 1e3:,.1f}", f"{counts.multi_adds / 1e9:,.2f}", f"x{scale}"]
        cells.append([variant.name, default, scales, *costs, variant.paper, variant.note])
    print(tabulated(cells, "simple", left=(0, 1, 2, 6, 7)))
    print(
        "\nDefault: of its architecture; 'all' names these seven."
        "\nCosts: deploy form, GT 1280x720."
        "\necbsr-mNcM and repsr-mNcM, each also with -rgb, take any depth N and width M."
    )
    return 0
