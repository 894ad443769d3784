"""``srbench models``: the zoo as a table."""

from srbench.api.listing import zoo
from srbench.commands import width
from srbench.render.terminal import table

#: Of Variant, Default, Scales, Params, Multi-Adds, at, Paper, Notes: what stays where room is short.
_IMPORTANCE = (0, 4, 9, 8, 7, 6, 2, 3)


def list_models() -> int:
    """Print every variant with its scales and its costs."""
    cells = [["Variant", "Default", "Scales", "Params [K]", "Multi-Adds [G]", "at", "Paper", "Notes"]]
    for each in zoo():
        variant = each.variant
        costs = [f"{each.costs.params / 1e3:,.1f}", f"{each.costs.multi_adds / 1e9:,.2f}", f"x{each.scale}"]
        named = [variant.name, "yes" if each.default else "", " ".join(map(str, variant.scales))]
        cells.append([*named, *costs, variant.paper, variant.note])
    print(table(cells, (0, 1, 2, 6, 7), width(), _IMPORTANCE))
    print(
        "\nDefault: of its architecture; 'all' names these seven."
        "\nCosts: deploy form, GT 1280x720."
        "\necbsr-mNcM and repsr-mNcM, each also with -rgb, take any depth N and width M."
    )
    return 0
