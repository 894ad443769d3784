"""Turn a collected list of published numbers into the tables of ``model_defs/published``.

    python scripts/import_published.py SOURCE_CSV [--output FOLDER]

SOURCE_CSV has the columns ``model,variant,scale,metric,dataset,value,unit,source,note``, one number a row.
Every number, citation and note passes through as text, unchanged. What the script adds is curated below: which
network a source is the home of, and which printed layout is which variant. It stops at a source or a zoo
layout that it does not know, since a guess there would put a number beside the wrong network.
"""

import argparse
import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

OUTPUT = Path(__file__).resolve().parent.parent / "model_defs" / "published"

INPUT_COLUMNS = ("model", "variant", "scale", "metric", "dataset", "value", "unit", "source", "note")
CLAIM_COLUMNS = (
    *("network", "printed_as", "variant", "scale", "metric", "dataset"),
    *("value", "unit", "kind", "source", "note"),
)
SOURCE_COLUMNS = ("id", "citation", "own_of", "secondary", "protocol")


@dataclass(frozen=True)
class Curated:
    """What the citation itself does not say in a form that a program can read."""

    id: str
    """Short readable slug, unique."""
    own_of: tuple[str, ...] = ()
    """Printed names of the networks whose own paper or repository this is."""
    protocol: str = ""
    """How its quality figures depart from the papers' usual protocol; empty where they do not."""


SOURCES: dict[str, Curated] = {
    "arXiv 1909.11856 (IMDN) PSNR/SSIM table, x2": Curated("imdn-table-x2", ("IMDN",)),
    "SwinIR Table 3": Curated("swinir-table3", ("SwinIR-light",)),
    "ASSLN paper (NeurIPS 2021) Tables 2 and 3": Curated("assln-tables2-3", ("ASSLN",)),
    "SAFMN (arXiv 2302.13800) comparison table": Curated("safmn-table", ("SAFMN",)),
    "SMSR (CVPR 2021) Table 1": Curated("smsr-table1", ("SMSR",)),
    "CFSR README": Curated("cfsr-readme", ("CFSR",)),
    "LKDN README": Curated("lkdn-readme", ("LKDN",)),
    "Fig.1 data of BSRN": Curated("bsrn-fig1", ("BSRN",)),
    "RFDN (arXiv 2009.11551) Table 3": Curated("rfdn-table3", ("RFDN",)),
    "RLFN (arXiv 2205.07514) Table 1": Curated("rlfn-table1", ("RLFN",)),
    "SpikeSR paper Table 1": Curated("spikesr-table1"),
    "MIVRC/MSRN-PyTorch README": Curated("msrn-readme", ("MSRN",)),
    "NTIRE 2022 ESR results table": Curated("ntire2022-table"),
    "Zheng222/IMDN README": Curated("imdn-readme", ("IMDN",)),
    "arXiv 1909.11856 (IMDN) memory/time table": Curated("imdn-memory-table", ("IMDN",)),
    # The paper re-trained ECBSR, ESPCN and FSRCNN for RGB and cropped the ground truth: its bicubic row
    # prints 33.95 dB on Set5 x2 where every other table has 33.66.
    "ETDS (CVPR 2023) Table 2": Curated("etds-table2", ("ETDS",), "GT cropped to a multiple of 12"),
    "SMFANet (ECCV 2024) Table 3": Curated("smfanet-table3", ("SMFANet",)),
    "SAFMN (arXiv 2302.13800) runtime table": Curated("safmn-runtime-table", ("SAFMN",)),
    "SPAN (arXiv 2311.12770) latency-PSNR plot": Curated("span-plot", ("SPAN",)),
    "abstract of MFCEN": Curated("mfcen-abstract"),
    "NTIRE 2024 ESR report": Curated("ntire2024-report"),
    "NTIRE 2025 ESR report": Curated("ntire2025-report"),
    "Amazingren/NTIRE2024_ESR README": Curated("ntire2024-readme"),
    "Amazingren/NTIRE2025_ESR README": Curated("ntire2025-readme"),
    "VapSR README": Curated("vapsr-readme", ("VapSR",)),
    "Amazingren/NTIRE2026_ESR README": Curated("ntire2026-readme"),
}
"""Beginning of a citation -> what we know of it."""

VARIANTS: dict[str, dict[str, str]] = {
    "BSRN": {
        "BSRN": "bsrn",
        "BSRN-S": "bsrn-s",
        "BSRN-S (XPixel)": "bsrn-s",  # the challenge entry of that team is BSRN-S
        "": "",  # an older 357 K network
    },
    "ECBSR": {
        "M16C64": "ecbsr",
        "M4C16 RGB (ETDS re-training)": "ecbsr-m4c16-rgb",
        "M4C32 RGB (ETDS re-training)": "ecbsr-m4c32-rgb",
        "M6C40 RGB (ETDS re-training)": "ecbsr-m6c40-rgb",
        "": "",  # a plot that does not say which size
    },
    "IMDN": {
        "": "imdn",
        "IMDN": "",  # prints no size by which to know it
        "NTIRE baseline (8 blocks, no CCA)": "",
        "IMDN+": "",
        "IMDN+ (rainbow)": "",
        "nb7 (xilinxSR)": "",
    },
    "MSRN": {
        "RGB retrained 2019": "msrn",
        "RGB retrained 2019, self-ensemble": "",
        "Y, ECCV 2018 paper": "",
    },
    "RFDN": {
        "AIM2020 winner baseline": "rfdn",
        "paper (nf48,6 blocks)": "rfdn-paper",
        "": "rfdn-paper",
        "RFDN-L": "",
        "pruned/pruned RFDN (MegSR)": "",
        "RFDN40 rep (Bilibili AI)": "",
    },
    "SPAN": {
        "ch52": "span-ch52",
        "": "",  # a plot that does not say which width
        "ch28 (XiaomiMM, team38)": "",
        "SPANF ch32 (XiaomiMM, team24)": "",
        "ch28 (XiaomiMM, NTIRE2026 baseline = NTIRE2024 team38)": "",
    },
}
"""Zoo network -> printed layout -> our variant; an empty variant is a layout that is none of ours."""


class UnknownEntryError(Exception):
    """The source list says something that the tables above do not cover; the message says what and where."""


def curated_source(citation: str) -> Curated:
    """Return what is known of a citation; raises UnknownEntryError unless exactly one entry begins like it."""
    found = [entry for beginning, entry in SOURCES.items() if citation.startswith(beginning)]
    if len(found) != 1:
        problem = "unknown source" if not found else "source that several entries of SOURCES match"
        raise UnknownEntryError(f"{problem} {citation!r}; give it one entry in SOURCES of this script")
    return found[0]


def variant_of(network: str, printed_as: str) -> str:
    """Return our variant for a printed layout, empty for none; raises UnknownEntryError for a new zoo layout."""
    layouts = VARIANTS.get(network)
    if layouts is None:
        return ""
    if printed_as not in layouts:
        raise UnknownEntryError(f"unknown layout {printed_as!r} of {network}; give it an entry in VARIANTS")
    return layouts[printed_as]


def kind_of(citation: str, note: str) -> str:
    """Return how a number was come by; read off a plot weighs more than quoted at second hand."""
    if "APPROXIMATE" in note or "APPROXIMATE" in citation:
        return "approximate"
    return "secondary" if "(secondary)" in citation else "published"


def file_of(network: str) -> str:
    """Return the name of the table that holds a network's claims."""
    return f"{network.lower()}.csv" if network in VARIANTS else "comparison.csv"


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of the source list as text; raises UnknownEntryError where its header differs."""
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file, strict=True)
        if tuple(reader.fieldnames or ()) != INPUT_COLUMNS:
            raise UnknownEntryError(f"{path}: the header must be {','.join(INPUT_COLUMNS)}")
        return list(reader)


def source_rows(citations: Iterable[str]) -> list[dict[str, str]]:
    """Return one row a distinct citation, in order of first appearance."""
    rows: dict[str, dict[str, str]] = {}
    for citation in dict.fromkeys(citations):
        known = curated_source(citation)
        if known.id in rows:
            raise UnknownEntryError(f"two citations for {known.id}: {rows[known.id]['citation']!r}, {citation!r}")
        rows[known.id] = {
            "id": known.id,
            "citation": citation,
            "own_of": ";".join(known.own_of),
            "secondary": "true" if "(secondary)" in citation else "false",
            "protocol": known.protocol,
        }
    return list(rows.values())


def claim_row(row: Mapping[str, str]) -> dict[str, str]:
    """Return one row of a committed table."""
    return {
        "network": row["model"],
        "printed_as": row["variant"],
        "variant": variant_of(row["model"], row["variant"]),
        **{column: row[column] for column in ("scale", "metric", "dataset", "value", "unit", "note")},
        "kind": kind_of(row["source"], row["note"]),
        "source": curated_source(row["source"]).id,
    }


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Write a CSV with plain newlines, so that the bytes do not depend on the platform."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def import_tables(source: Path, output: Path) -> list[str]:
    """Write every table into the folder, rows in the order of the source list.

    Nothing is written unless the whole list is understood. Returns one line a file for the reader.
    """
    rows = read_rows(source)
    tables: dict[str, list[dict[str, str]]] = {}
    for number, row in enumerate(rows, start=1):
        try:
            tables.setdefault(file_of(row["model"]), []).append(claim_row(row))
        except UnknownEntryError as failure:
            raise UnknownEntryError(f"{source}, row {number}: {failure}") from failure
    sources = source_rows(row["source"] for row in rows)

    output.mkdir(parents=True, exist_ok=True)
    write_table(output / "sources.csv", SOURCE_COLUMNS, sources)
    for name, claims in sorted(tables.items()):
        write_table(output / name, CLAIM_COLUMNS, claims)
    counts = [f"{name}: {len(claims)} claims" for name, claims in sorted(tables.items())]
    return [f"sources.csv: {len(sources)} sources", *counts]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the import; returns 0, or 2 where the list is not understood and nothing was written."""
    parser = argparse.ArgumentParser(description="Import published numbers into model_defs/published.")
    parser.add_argument("source", type=Path, metavar="SOURCE_CSV", help="the collected list, one number a row")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder to write (default: %(default)s)")
    chosen = parser.parse_args(arguments)
    try:
        report = import_tables(chosen.source, chosen.output)
    except (UnknownEntryError, OSError) as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 2
    print("\n".join(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
