"""The page of printed figures explained: up to date, and its explanations hold.

Literal counts come from a count of the official classes on the meta device, exact parameters of challenge entries
from the challenges' files; printed figures from the tables named in ``model_defs/published``.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import thop
import torch
from fvcore.nn import FlopCountAnalysis

import explain_counts as script
import model_defs
from model_defs import catalog
from model_defs.reparam import Form
from srbench.board.published import Claim, load_claims
from srbench.measure.complexity import count

ROOT = Path(__file__).resolve().parents[1]
RFDN_40 = "RFDN40 rep (Bilibili AI)"
SPANF = "SPANF ch32 (XiaomiMM, team24)"
BASELINE = "NTIRE baseline (8 blocks, no CCA)"


def claim_of(layout: str, scale: int, figure: str) -> Claim:
    """The first claim of a variant or, where it has none, of a printed layout."""
    value, _, unit = figure.partition(" ")
    found = (c for c in load_claims() if layout in (c.variant, c.printed_as) and c.architecture and c.scale == scale)
    return next(c for c in found if (c.printed, c.unit) == (value, unit))


def value_of(convention: str, counted: script.Pass) -> int:
    return next(c.value(counted) for c in script.CONVENTIONS["multi_adds"] if c.name == convention)


# --- The page


def test_the_committed_page_is_what_the_script_makes() -> None:
    assert script.PAGE == ROOT / "model_defs/README.md"
    assert script.main(["--check"]) == 0


def test_a_stale_page_is_reported_and_repaired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "PAGE", tmp_path / "README.md")
    assert script.main(["--check"]) == 1  # none yet
    assert script.main([]) == 0
    first = script.PAGE.read_bytes()
    assert script.main(["--check"]) == 0
    assert script.main([]) == 0
    assert script.PAGE.read_bytes() == first

    script.PAGE.write_bytes(first.replace(b"71.503 G", b"71.502 G"))
    capsys.readouterr()
    assert script.main(["--check"]) == 1
    assert "run python scripts/explain_counts.py" in capsys.readouterr().err


def rows() -> Iterator[list[str]]:
    for line in script.PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| "):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def test_every_printed_figure_has_one_row_that_names_its_sources() -> None:
    figures = [row for row in rows() if len(row) == 7 and row[0] not in ("Network", "---")]
    assert len({tuple(row[:3]) for row in figures}) == len(figures)
    claims = [c for c in load_claims() if c.architecture and c.metric in script.CONVENTIONS]
    assert len(claims) > 100
    for claim in claims:
        case = f"x{claim.scale}, {claim.dataset}" if claim.dataset else f"x{claim.scale}"
        key = [script.net_of(claim).label, case, f"{claim.printed} {claim.unit}".rstrip()]
        sources = next(row[5] for row in figures if row[:3] == key)
        assert claim.source_id in sources.replace("\\*", "").split(", ")


def test_what_is_not_explained_is_these_figures_alone() -> None:
    found = {(row[0], row[2]): row[3] for row in rows() if len(row) == 7 and "`" not in row[3] and row[0] != "Network"}
    pruned = "RFDN, pruned (MegSR)"
    assert found.pop(("---", "---")) == "---"
    assert found == {
        ("IMDN `imdn`", "161 G"): "**not reproduced**",
        ("IMDN+ (rainbow)", "17.9848 G"): "**not reproduced**",
        ("BSRN, early plot", "357 K"): "not in the zoo",
        **{(pruned, figure): "not in the zoo" for figure in ("0.290 M", "17.70 G", "91.72 M", "64")},
    }


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert script.table(("a", "b"), [("1|2", " 3")]).splitlines()[-1] == r"| 1\|2 | 3 |"


# --- The explanations


@pytest.mark.parametrize(
    ("layout", "scale", "figure", "by", "exact"),
    [
        # SwinIR Table 3 and the IMDN paper: convolutions alone, x3 at LR 427x240.
        ("imdn", 2, "158.8 G", "`conv`", 158_765_878_272),
        ("imdn", 3, "71.5 G", "`conv`", 71_503_168_512),
        ("imdn", 4, "40.9 G", "`conv`", 40_885_865_472),
        # LKDN README: with biases, 19.2 without.
        ("bsrn", 4, "19.4 G", "`conv + bias`", 19_414_544_672),
        # NTIRE 2022: 9,430,089,300 Multi-Adds and a bias for each of the 65,757,744 outputs of its convolutions.
        ("bsrn-s", 4, "9.50 G", "`thop 0.0.31`", 9_430_089_300 + 65_757_744),
        # CFSR README: the parameters beside it are those of another network.
        ("rfdn-paper", 4, "23.9 G", "`conv + bias` of `rfdn`", 23_857_603_920),
        ("rfdn-paper", 4, "550 K", "`parameters`", 549_624),
        # SAFMN table: 594,884 and 601,808 parameters, and 17 x 64 slopes once more.
        ("ecbsr", 2, "596 K", "`parameters + slopes`", 594_884 + 1_088),
        ("ecbsr", 4, "603 K", "`parameters + slopes`", 602_896),
        ("ecbsr", 4, "34.7 G", "`params x pixels`", 601_808 * 320 * 180),
        # ETDS Table 2: every scale at LR 640x360, PReLU counted. 3.834 and 24.201 G.
        ("ecbsr-m4c16-rgb", 2, "11.55 K", "`parameters`", 11_548),
        ("ecbsr-m4c16-rgb", 4, "3.83 G", "`conv + act`", 953_856_000 * 4 + 80 * 640 * 360),
        ("ecbsr-m6c40-rgb", 4, "24.20 G", "`conv + act`", None),
        # NTIRE 2022 table, LR 256x256.
        ("rfdn", 4, "27.10 G", "`conv + act`", None),
        ("rfdn", 4, "112.03 M", "`conv outputs`", None),
        ("rfdn", 4, "64", "`convolutions`", 64),
        (BASELINE, 4, "58.53 G", "`conv + act`", None),
        (BASELINE, 4, "0.894 M", "`parameters`", 893_936),
        ("nb7 (xilinxSR)", 4, "0.790 M", "`parameters`", 790_496),
        ("IMDN+", 4, "275.844 K", "`parameters`", 275_844),
        (RFDN_40, 4, "17.61 G", "`conv + act`", None),
        # SpikeSR Table 1, LR 160x160.
        ("RFDN-L", 4, "681 K", "`parameters`", 680_754),
        # NTIRE 2024 and 2025 reports: 9.834 and 9.682 G.
        ("ch28 (XiaomiMM, team38)", 4, "0.151 M", "`parameters`", 150_688),
        ("ch28 (XiaomiMM, team38)", 4, "9.83 G", "`conv`", None),
        (SPANF, 4, "0.148 M", "`parameters`", 148_288),
        (SPANF, 4, "9.68 G", "`conv`", None),
    ],
)
def test_a_printed_figure_is_reproduced_by(layout: str, scale: int, figure: str, by: str, exact: int | None) -> None:
    found, value, _ = script.explain(claim_of(layout, scale, figure))
    assert found == by
    assert exact is None or value == f"{exact:,}"


@pytest.mark.parametrize(
    ("layout", "scale", "figure", "remark"),
    [
        ("imdn", 3, "71.5 G", "also 4, 5; LR 427x240; 426x240 gives 71.3 G"),
        ("rfdn-paper", 4, "23.9 G", "also 6; the network itself: 31.1 G"),
        ("imdn", 4, "41 G", "also all others"),
        ("imdn", 2, "161 G", "nearest: `params x pixels`"),
        ("imdn", 2, "158.8 G", ""),
    ],
)
def test_a_remark_says_what_else_fits(layout: str, scale: int, figure: str, remark: str) -> None:
    assert script.explain(claim_of(layout, scale, figure))[2] == remark


def test_fvcore_is_among_what_fits_where_a_source_names_it() -> None:
    # NTIRE 2026 README: SPAN 9.83 G by fvcore, which adds nothing to its convolutions.
    claim = claim_of("ch28 (XiaomiMM, team38)", 4, "9.83 G")
    fits = script.fitting(claim, script.run(script.net_of(claim), 4, (256, 256)))
    assert [c.name for c in fits] == ["conv", "conv + act", "fvcore", "thop 0.1.1"]


def test_sources_that_count_all_their_rows_alike() -> None:
    table = {row[0]: row[1:] for row in rows() if len(row) == 3}
    assert table["etds-table2"] == ["9 of 9", "`conv + act`, `thop 0.1.1`"]
    assert table["swinir-table3"] == ["3 of 3", "`conv`"]
    assert table["ntire2022-table"] == ["5 of 6", "`conv + act`"]  # all but the linear layers of BSRN-S
    assert table["safmn-table"] == ["4 of 5", "any"]  # all but 161 G
    assert table["spikesr-table1"] == ["2 of 2", "`thop 0.1.1`"]


def test_figures_are_rounded_half_up() -> None:
    # Half to even would give 11.54; cutting off, 3.83 for the second.
    claim = claim_of("ecbsr-m4c16-rgb", 2, "11.55 K")
    assert script.in_print(11_545, claim) == "11.55"
    assert script.in_print(3_837_000_000, claim_of("ecbsr-m4c16-rgb", 4, "3.83 G")) == "3.84"


def test_a_layout_that_nobody_entered_is_an_error() -> None:
    claim = claim_of("RFDN-L", 4, "681 K").model_copy(update={"printed_as": "RFDN-XL"})
    with pytest.raises(ValueError, match="RFDN 'RFDN-XL' is no variant"):
        script.net_of(claim)


# --- The counters, against themselves


@pytest.mark.parametrize(
    ("variant", "form"),
    [
        *(("bsrn-s", "deploy"), ("imdn", "deploy"), ("rfdn", "deploy"), ("span", "deploy")),
        *(("ecbsr-m4c8", "train"), ("repsr-m4c8", "deploy"), ("repsr-m4c8", "train")),
    ],
)
def test_fvcore_counts_what_we_say_it_counts(variant: str, form: Form) -> None:
    entry = catalog.get(variant)
    image = torch.zeros(1, entry.in_channels, 16, 20)
    analysis = FlopCountAnalysis(model_defs.build(variant, 4, form), image)
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    ours = script.run(script.net_of_variant(entry), 4, (20, 16), form)
    assert value_of("fvcore", ours) == analysis.total()


def test_fvcore_counts_batch_norm_in_training_mode() -> None:
    # RepSR M4C16 Y x2 in training form at LR 640x360, counted by fvcore with the module in training mode.
    model = model_defs.build("repsr-m4c16", 2, "train", "meta").train()
    with script._Elements() as elements:
        counts, _ = count(model, (1, 1, 360, 640))
    assert value_of("fvcore", script.Pass(counts, elements.seen, slopes=0, pixels=0)) == 9_898_905_600


def test_thop_counts_what_we_say_it_counts() -> None:
    model = model_defs.build("ecbsr-m4c16-rgb", 4)
    operations, _ = thop.profile(model, (torch.zeros(1, 3, 16, 20),), verbose=False)
    ours = script.run(script.net_of_variant(catalog.get("ecbsr-m4c16-rgb")), 4, (20, 16))
    assert value_of("thop 0.1.1", ours) == operations


def test_the_slopes_of_a_plain_chain_are_its_share_of_activation() -> None:
    # Why ECBSR's parameters x pixels equal convolutions, biases and PReLU: each parameter meets each pixel once.
    ours = script.run(script.net_of_variant(catalog.get("ecbsr")), 4, (320, 180))
    parts = value_of("conv + bias", ours) + value_of("conv + act", ours) - value_of("conv", ours)
    assert value_of("params x pixels", ours) == parts == 34_664_140_800
