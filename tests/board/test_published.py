"""Published claims: complete, sourced, and settled as the README of the tables says.

Expected values come from the papers' tables, named beside them.
"""

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from srbench.board.published import QUALITY_SETS, Claim, ClaimBook, Metric, load_claims, packaged_folder, settle

ROOT = Path(__file__).resolve().parents[2]
COLLECTED = ROOT / "../shared/facts/published.csv"
SCRIPT = ROOT / "scripts/import_published.py"
TABLES = ROOT / "model_defs/published"

needs_collected = pytest.mark.skipif(
    not COLLECTED.exists(), reason="the collected list, ../shared/facts/published.csv, is not beside this checkout"
)


@pytest.fixture(scope="module")
def book() -> ClaimBook:
    return ClaimBook(load_claims())


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """A copy of the committed tables, free to be spoiled."""
    return Path(shutil.copytree(TABLES, tmp_path / "published"))


def printed(claim: Claim | None) -> str | None:
    return claim.printed if claim else None


def make_claim(value: str, unit: str = "dB", **changes: object) -> Claim:
    """A claim about CARN on Set5 x4, or its parameters if the unit is K or M."""
    metric = {"dB": "psnr_y", "G": "multi_adds"}.get(unit, "params")
    row: dict[str, object] = {
        **{"network": "CARN", "printed_as": "", "architecture": None, "variant": None, "scale": 4, "metric": metric},
        **{"dataset": "Set5", "printed": value, "unit": unit, "kind": "published", "source_id": "a", "source": "A"},
        **{"own": False, "protocol": "", "note": ""},
    }
    return Claim.model_validate(row | changes)


# --- The committed tables


def test_the_zoo_is_not_imported_to_find_the_tables() -> None:
    code = (
        "import sys; from srbench.board.published import load_claims; load_claims();"
        "assert not {'torch', 'model_defs'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    assert packaged_folder() == TABLES


def test_every_claim_has_a_source() -> None:
    with (TABLES / "sources.csv").open(newline="") as file:
        ids = {row["id"] for row in csv.DictReader(file)}
    assert {claim.source_id for claim in load_claims()} == ids  # none missing, and none without a claim
    assert all(claim.source for claim in load_claims())


def test_a_layout_is_one_variant_of_its_architecture() -> None:
    variants: dict[tuple[str, str], str | None] = {}
    for claim in load_claims():
        assert variants.setdefault((claim.network, claim.printed_as), claim.variant) == claim.variant
        assert (claim.variant or claim.architecture or "").split("-")[0] == (claim.architecture or "")


# --- Spoiled tables do not load


def spoil(table: Path, line: int, **changes: str) -> None:
    """Change cells of one line of a table; line 1 is the header."""
    with table.open(newline="") as file:
        rows = list(csv.reader(file))
    for column, text in changes.items():
        rows[line - 1][rows[0].index(column)] = text
    with table.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


@pytest.mark.parametrize(
    ("place", "cells", "complaint"),
    [
        ("bsrn.csv:2", {"source": ""}, "source '' is no id of sources.csv"),
        ("bsrn.csv:3", {"source": "hearsay"}, "source 'hearsay' is no id of sources.csv"),
        ("bsrn.csv:2", {"metric": "psnr"}, "metric"),
        ("bsrn.csv:2", {"kind": "measured"}, "kind"),
        ("bsrn.csv:2", {"scale": "x4"}, "scale"),
        ("bsrn.csv:2", {"value": "nan"}, "value"),
        ("bsrn.csv:2", {"value": "inf"}, "value"),
        ("bsrn.csv:2", {"value": ""}, "value"),
        ("bsrn.csv:2", {"value": "9" * 400}, "value"),  # a float would be infinite
        ("bsrn.csv:2", {"unit": "G"}, "unit 'G' of params"),
        ("bsrn.csv:4", {"dataset": ""}, "needs a dataset"),
        ("bsrn.csv:2", {"network": "IMDN"}, "network 'IMDN' does not belong to this table"),
        ("comparison.csv:2", {"network": "RFDN"}, "network 'RFDN' does not belong to this table"),
        ("imdn.csv:2", {"source": "swinir-table3"}, "'swinir-table3' is a secondary source"),
        ("sources.csv:2", {"id": ""}, "id"),
        ("sources.csv:3", {"id": "imdn-table-x2"}, "id of its own"),
        ("sources.csv:2", {"secondary": "maybe"}, "secondary is true or false"),
    ],
)
def test_a_bad_cell_is_reported_with_its_place(tables: Path, place: str, cells: dict[str, str], complaint: str) -> None:
    name, line = place.split(":")
    spoil(tables / name, int(line), **cells)
    with pytest.raises(ValueError, match=f"{re.escape(place)}: ") as raised:
        load_claims(tables)
    assert complaint in str(raised.value)


def test_a_source_without_a_citation_is_no_source(tables: Path) -> None:
    spoil(tables / "sources.csv", 2, citation="")
    with pytest.raises(ValueError, match=r"comparison\.csv:2: source: "):
        load_claims(tables)


def test_a_short_row_and_a_wrong_header_are_reported(tables: Path) -> None:
    table = tables / "span.csv"
    text = table.read_text()
    table.write_text(text + "SPAN,,\n")
    with pytest.raises(ValueError, match=rf"span\.csv:{text.count(chr(10)) + 1}: 3 cells, 11 columns"):
        load_claims(tables)
    table.write_text(text.replace("printed_as", "layout", 1))
    with pytest.raises(ValueError, match=r"span\.csv:1: the header must be"):
        load_claims(tables)


# --- What a claim knows


def test_a_claim_keeps_the_printed_text_and_knows_its_number() -> None:
    claim = make_claim("37.90")
    assert (claim.printed, claim.value) == ("37.90", 37.9)
    assert make_claim("0.433", "M").base_value == 433_000
    assert make_claim("19.4", "G").base_value == 19_400_000_000
    with pytest.raises(ValidationError):
        claim.printed = "38.00"


# --- One answer for a variant


@pytest.mark.parametrize(
    ("number", "value"),
    [
        (("bsrn", 4, "psnr_y", "Set5"), "32.35"),  # LKDN README
        (("bsrn", 4, "ssim_y", "Set5"), "0.8966"),
        (("bsrn", 4, "params", None), "352"),
        (("bsrn-s", 4, "psnr_y", "Set5"), "32.16"),  # data of BSRN Fig. 1
        (("imdn", 4, "psnr_y", "Set5"), "32.21"),  # SwinIR Table 3, SAFMN's table
        (("imdn", 4, "ssim_y", "Set5"), "0.8948"),
        (("imdn", 2, "psnr_y", "Set5"), "38.00"),  # IMDN's own table; the zeros are printed
        (("msrn", 4, "psnr_y", "Set5"), "32.25"),  # MSRN README, RGB, without self-ensemble (32.41)
        (("ecbsr", 2, "psnr_y", "Set5"), "37.90"),  # SAFMN's table, M16C64
        (("rfdn", 4, "params", None), "0.433"),  # NTIRE 2022, the AIM 2020 winner
        (("rfdn-paper", 4, "psnr_y", "Set5"), "32.24"),  # RFDN Table 3
        (("span-ch52", 4, "params", None), "498"),  # MFCEN's abstract
        (("bsrn", 2, "psnr_y", "Set5"), None),  # nobody at hand prints it
        (("ecbsr", 3, "psnr_y", "Set5"), None),  # the paper has x2 and x4
        (("span", 4, "params", None), None),
    ],
)
def test_own_claims_are_those_of_the_papers(
    book: ClaimBook, number: tuple[str, int, Metric, str | None], value: str | None
) -> None:
    assert printed(book.own(*number)) == value


def test_the_older_bsrn_is_not_ours(book: ClaimBook) -> None:
    # BSRN Fig. 1 prints 357 K and 32.3 dB for a network older than the released one (352 K, 32.35 dB).
    older = [claim for claim in book.claims if claim.network == "BSRN" and not claim.printed_as]
    assert {claim.printed for claim in older} == {"357", "32.3"}
    assert {claim.variant for claim in older} == {None}


def test_released_rfdn_points_to_the_paper_layout(book: ClaimBook) -> None:
    # RFDN Table 3: 32.24 dB of the 550 K network; the released one has 433 K and no Y figure in print.
    assert book.own("rfdn", 4, "psnr_y", "Set5") is None
    sibling = book.sibling("rfdn", "rfdn", 4, "psnr_y", "Set5")
    assert sibling is not None
    assert (sibling.printed, sibling.variant) == ("32.24", "rfdn-paper")


def test_span_has_nothing_on_set5_and_a_plot_on_set14(book: ClaimBook) -> None:
    # SPAN (arXiv 2311.12770), latency-PSNR plot: 28.66 dB +- 0.01, the width not stated.
    for variant in ("span", "span-ch52"):
        assert book.own(variant, 4, "psnr_y", "Set5") is None
        assert book.sibling(variant, "span", 4, "psnr_y", "Set5") is None
        assert book.own(variant, 4, "psnr_y", "Set14") is None
        sibling = book.sibling(variant, "span", 4, "psnr_y", "Set14")
        assert sibling is not None
        assert (sibling.printed, sibling.kind, sibling.variant) == ("28.66", "approximate", None)


def test_repsr_has_no_claim_at_all(book: ClaimBook) -> None:
    assert not [claim for claim in book.claims if claim.network.lower() == "repsr"]
    for dataset in QUALITY_SETS:
        assert book.own("repsr", 4, "psnr_y", dataset) is None
        assert book.sibling("repsr", "repsr", 4, "psnr_y", dataset) is None


def test_no_sibling_beside_an_own_claim_nor_from_another_size(book: ClaimBook) -> None:
    paper = make_claim("32.24", network="RFDN", architecture="rfdn")
    own = make_claim("32.00", network="RFDN", architecture="rfdn", printed_as="released", variant="rfdn")
    assert ClaimBook((paper,)).sibling("rfdn", "rfdn", 4, "psnr_y", "Set5") is paper
    assert ClaimBook((paper, own)).sibling("rfdn", "rfdn", 4, "psnr_y", "Set5") is None
    # ETDS prints M4C16 to M6C40 RGB at x3: other sizes and colours than M16C64.
    assert book.sibling("ecbsr", "ecbsr", 3, "psnr_y", "Set5") is None
    # BSRN-S has 156 K, BSRN 352 K.
    assert book.sibling("bsrn-s", "bsrn", 4, "psnr_y", "Set14") is None
    # A cost belongs to one layout: 23.9 G is printed beside the 550 K network.
    assert book.sibling("rfdn", "rfdn", 4, "multi_adds", "1280x720 GT") is None


def test_runtimes_are_not_settled(book: ClaimBook) -> None:
    # ETDS Table 2 prints one network on four phones: no one of them is its runtime.
    with pytest.raises(ValueError, match="belongs to a machine"):
        book.own("ecbsr-m4c16-rgb", 4, "runtime", "LR 640x360")


def test_kinds_stay_marked(book: ClaimBook) -> None:
    for claim in book.claims:
        if "(secondary)" in claim.source:
            assert claim.kind != "published", claim
        if "APPROXIMATE" in claim.note:
            assert claim.kind == "approximate", claim
    swinir = next(network for network in book.comparison(4) if network.label == "SwinIR-light")
    assert swinir.quality["psnr_y", "Set5"].kind == "secondary"


def test_another_protocol_stays_marked(book: ClaimBook) -> None:
    # ETDS crops the ground truth; its own bicubic is 33.95 dB on Set5 x2, all others print 33.66.
    claim = book.own("ecbsr-m4c16-rgb", 2, "psnr_y", "Set5")
    assert claim is not None
    assert "multiple of 12" in claim.protocol


# --- Where sources disagree


@pytest.mark.parametrize(
    ("scale", "network", "cell", "value"),
    [
        # Most sources: 0.9440 in SwinIR Table 3 and SMSR Table 1, 0.9539 in ASSLN's table (a typo).
        (3, "CARN", ("ssim_y", "Manga109"), "0.9440"),
        # Most sources: 31.80 in IMDN's, ASSLN's and SAFMN's tables, 31.08 in SMSR's (digits swapped).
        (2, "LapSRN", ("psnr_y", "B100"), "31.80"),
        # Two each: 32.45 in IMDN's and SMSR's tables, 32.42 in ASSLN's and SAFMN's; IMDN's is the first in file.
        (2, "SRCNN", ("psnr_y", "Set14"), "32.45"),
        # One each: SwinIR Table 3 stands before CFSR's README, which prints 32.18.
        (4, "LatticeNet", ("psnr_y", "Set5"), "32.30"),
        # SAFMN's table; ETDS prints another figure, for cropped images.
        (3, "Bicubic", ("psnr_y", "Set5"), "30.39"),
        # SAFMN's own table; the plot in SPAN's paper is heard only where nothing is printed.
        (4, "SAFMN", ("psnr_y", "Set14"), "28.60"),
    ],
)
def test_quality_conflicts(book: ClaimBook, scale: int, network: str, cell: tuple[Metric, str], value: str) -> None:
    found = next(entry for entry in book.comparison(scale) if entry.label == network)
    assert found.quality[cell].printed == value


def test_cost_conflicts(book: ClaimBook) -> None:
    # SMSR's own Table 1 prints 41.6 G, SAFMN's table 42 G.
    smsr = next(network for network in book.comparison(4) if network.label == "SMSR")
    assert printed(smsr.multi_adds) == "41.6"
    # 57 K in three tables, 8 K in IMDN's, which stands first.
    srcnn = next(network for network in book.comparison(2) if network.label == "SRCNN")
    assert printed(srcnn.params) == "57"
    # IMDN's own memory table rounds to 0.7 M what five others print as 715 K: no conflict.
    assert printed(book.own("imdn", 4, "params")) == "715"
    # 158.8 G in SwinIR's and ASSLN's tables, 161 G in SAFMN's.
    assert printed(book.own("imdn", 2, "multi_adds", "1280x720 GT")) == "158.8"


def test_own_source_before_the_majority() -> None:
    majority = [make_claim("32.10", source_id=name) for name in "ab"]
    assert printed(settle([*majority, make_claim("32.13", source_id="c", own=True)])) == "32.13"


def test_one_source_has_one_vote() -> None:
    claims = [make_claim(value, source_id=name) for value, name in [("32.10", "a"), ("32.10", "a"), ("32.13", "b")]]
    assert printed(settle([*claims, make_claim("32.13", source_id="c")])) == "32.13"


def test_the_best_evidence_is_quoted_for_one_value() -> None:
    quoted, read = make_claim("32.1", kind="secondary", own=True), make_claim("32.10")
    assert settle([quoted, read]) is read
    own = make_claim("32.10", own=True)
    assert settle([quoted, read, own]) is own


def test_a_plot_does_not_outvote_print() -> None:
    plots = [make_claim("28.58", kind="approximate", source_id=name, own=True) for name in "abc"]
    assert printed(settle([*plots, make_claim("28.60")])) == "28.60"
    assert printed(settle(plots)) == "28.58"


@pytest.mark.parametrize(
    ("coarse", "fine", "shown"),
    [
        (("35", "G"), ("34.7", "G"), "34.7"),
        (("28", "G"), ("27.5", "G"), "27.5"),  # half a step rounds up
        (("1.6", "M"), ("1518", "K"), "1.6"),  # 1518 K would be 1.5 M: a conflict, the first in file speaks
        (("0.7", "M"), ("715", "K"), "715"),
    ],
)
def test_a_finer_print_of_the_same_number_is_shown(coarse: tuple[str, str], fine: tuple[str, str], shown: str) -> None:
    assert printed(settle([make_claim(*coarse, source_id="a"), make_claim(*fine, source_id="b")])) == shown


# --- Networks beside the zoo


def test_comparison_starts_with_bicubic_and_rises_in_size(book: ClaimBook) -> None:
    for scale in (2, 3, 4):
        networks = book.comparison(scale)
        assert networks[0].label == "Bicubic"
        sizes = [network.params.base_value for network in networks if network.params]
        assert sizes == sorted(sizes)
        assert all(network.params is None for network in networks[: len(networks) - len(sizes)])
        assert {"FSRCNN", "CARN", "SAFMN", "SwinIR-light"} <= {network.label for network in networks}


def test_comparison_has_no_zoo_network_and_no_foreign_protocol(book: ClaimBook) -> None:
    networks = [*book.comparison(2), *book.comparison(4)]
    labels = [network.label for network in networks]
    assert not {"IMDN", "RFDN", "BSRN", "SPAN", "MSRN"} & set(labels)
    assert not any(label.startswith(("ECBSR", "ETDS", "ABPN")) for label in labels)
    for network in networks:
        assert network.multi_adds is None or network.multi_adds.dataset == "1280x720 GT"
        assert network.quality
        assert all(not claim.protocol for claim in network.quality.values())


def test_comparison_joins_what_two_sources_print_of_one_network(book: ClaimBook) -> None:
    # VapSR README: VapSR and VapSR-S, no Multi-Adds of the first; LKDN README: VapSR with 19.5 G.
    x4 = {network.label: network for network in book.comparison(4)}
    assert printed(x4["VapSR"].multi_adds) == "19.5"
    assert printed(x4["VapSR-S"].params) == "155"


# --- How the tables were made


@needs_collected
def test_the_tables_hold_every_collected_row_unchanged() -> None:
    with COLLECTED.open(newline="") as file:
        collected = [tuple(row.values()) for row in csv.DictReader(file)]
    held = [
        (c.network, c.printed_as, str(c.scale), c.metric, c.dataset or "", c.printed, c.unit, c.source, c.note)
        for c in load_claims()
    ]
    assert sorted(held) == sorted(collected)
    # Within a network the order of the list is kept: it settles ties.
    for network in {row[0] for row in collected}:
        assert [row for row in held if row[0] == network] == [row for row in collected if row[0] == network]


def run_import(source: Path, output: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, source, "--output", output], capture_output=True, text=True, check=False
    )


@needs_collected
def test_importing_again_gives_the_committed_bytes(tmp_path: Path) -> None:
    assert run_import(COLLECTED, tmp_path).returncode == 0
    committed = {path.name: path.read_bytes() for path in TABLES.glob("*.csv")}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == committed


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("CARN,,4,params,,1592,K,A table that nobody knows,", "unknown source 'A table that nobody knows'"),
        ("RFDN,huge,4,params,,9,M,RFDN (arXiv 2009.11551) Table 3,", "unknown layout 'huge' of RFDN"),
    ],
)
def test_the_import_stops_at_what_it_does_not_know(tmp_path: Path, row: str, complaint: str) -> None:
    source = tmp_path / "list.csv"
    source.write_text(f"model,variant,scale,metric,dataset,value,unit,source,note\n{row}\n")
    result = run_import(source, tmp_path / "out")
    assert result.returncode == 2
    assert complaint in result.stderr
    assert "row 1" in result.stderr
    assert not (tmp_path / "out").exists()
