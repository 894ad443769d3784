"""Entries from a challenge's files and from our own rows."""

import csv
import io
import json
from pathlib import Path

import pytest

from srbench.board import challenge, editions, entries
from srbench.board.challenge import Entry
from srbench.board.metrics import RUNTIME
from srbench.errors import InputError
from srbench.measure.stats import Interval
from srbench.records import Status
from srbench.render import challenge as render
from srbench.render import formats
from srbench.render.grid import Note
from tests.builders import make_quality, make_row

EDITION = editions.find("ntire2024")
CSV = """year,team,status,val_psnr,ave_time_ms,params_m,flops_g,rank_params,kind
2024,A,ranked,26.95,5.5,0.151,9.83,2,published table
2024,B,ranked,26.95,6.5,0.151,,1,published table
2024,A again,ranked,26.95,5.5,0.2,9.83,,README
2024,Base,baseline,26.96,11.77,0.317,19.67,,published table
2023,C,ranked,29,5,0.2,10,,published table
"""


def test_a_csv_gives_the_rows_of_its_edition_as_it_printed_them(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(CSV)
    found, baseline = entries.read(path, EDITION)
    assert [entry.team for entry in found] == ["A", "B"]
    assert found[0].values == {"val_psnr": 26.95, "ave_time_ms": 5.5, "params_m": 0.151, "flops_g": 9.83}
    assert found[1].given_ranks == {"params_m": 1}
    assert baseline is not None
    assert baseline.values["ave_time_ms"] == 11.77


def test_results_json_of_the_challenge_scripts(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    figures = {
        "valid_psnr": [26.9, 27.0],
        "valid_ave_psnr": 26.95,
        "valid_ave_runtime": 8.0,
        "test_ave_runtime": 7.48,
        "valid_memory": 705.24,
        "num_parameters": 0.151,
        "flops": 9.83,
        "activations": 41.68,
        "num_conv": 22,
    }
    path.write_text(json.dumps({"   00_SPAN": figures}))
    [found], baseline = entries.read(path, EDITION)
    assert found.team == "00_SPAN"
    assert found.values["ave_time_ms"] == pytest.approx((8.0 + 7.48) / 2)
    assert (found.values["mem_mb"], found.values["conv"], found.values["acts_m"]) == (705.24, 22, 41.68)
    assert baseline is None


#: A line of results.txt in NTIRE2026_ESR@4592ce6.
TEXT = (
    "Model\tVal PSNR\tTest PSNR\tVal Time [ms]\tTest Time [ms]\tAve Time [ms]\tParams [M]\tFLOPs [G]\tActs [M]\t"
    "Mem [M]\tConv\n00_SPAN\t26.94\t27.01\t8.00\t7.47\t7.74\t0.151\t9.83\t41.68\t705.24\t  22\n"
)
SPAN = Entry(
    "00_SPAN",
    {
        "val_psnr": 26.94,
        "test_psnr": 27.01,
        "val_time_ms": 8.0,
        "test_time_ms": 7.47,
        "ave_time_ms": 7.74,
        "params_m": 0.151,
        "flops_g": 9.83,
        "acts_m": 41.68,
        "mem_mb": 705.24,
        "conv": 22,
    },
)


def test_results_txt_of_the_challenge_scripts(tmp_path: Path) -> None:
    path = tmp_path / "results.txt"
    path.write_text(TEXT)
    assert entries.read(path, EDITION) == ([SPAN], None)


@pytest.mark.parametrize("name", ["results.json", "results.txt"])
def test_what_is_written_is_read_again(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    standings = challenge.rank([SPAN, Entry("no psnr", {"params_m": 1.5})], EDITION)
    path.write_text(render.results_json(standings) if name.endswith("json") else render.results_text(standings))
    [first, second], _ = entries.read(path, EDITION)
    assert first.values == pytest.approx(SPAN.values)
    assert second == Entry("no psnr", {"params_m": 1.5})


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("t.csv", "", "has no rows"),
        ("t.csv", "team,params_m\n", "has no rows"),
        ("t.csv", "team,params_m\n ,1\n", "an entry has no name"),
        ("t.csv", "team,psnr\nA,1\n", "has no column team, or none of val_psnr"),
        ("t.csv", "model,multi_adds\nA,1\n", "srbench's own table"),
        ("t.csv", "team,params_m\nA,many\n", "params_m of 'A' is 'many', no number"),
        ("t.csv", "team,params_m\nA,nan\n", "params_m of 'A' is 'nan', no number"),
        ("t.csv", "team,ave_time_ms\nA,0\n", "ave_time_ms of 'A' is 0; it must be positive"),
        ("t.csv", "team,params_m\nA,1,2,3\n", "the row of 'A' has more cells than the header"),
        ("t.csv", "team,status,params_m\nA,baseline,1\nB,baseline,1\n", "marks 2 baselines: A, B"),
        ("t.csv", "challenge,team,params_m\nNTIRE RTSR,A,1\n", "holds no entry of NTIRE ESR"),
        ("r.json", '{"A": {"flops": 1}, "A": {"flops": 2}}', "'A' stands 2 times"),
        ("r.json", '{"00_A_baseline": {"flops": 1}, "01_B_baseline": {"flops": 2}}', "marks 2 baselines"),
        ("r.json", '{"A": {"flops": 0}}', "flops of 'A' is 0; it must be positive"),
        ("t.csv", "team,params_m,year\nA,1,2019\n", "holds no entry of ntire2024; its column year has 2019"),
        ("r.json", "{", "is not JSON"),
        ("r.json", "[1]", "is no results.json"),
        ("r.json", '{"A": {"flops": "x"}}', "flops of 'A' is 'x'"),
        ("r.txt", "hello", "is no results.txt"),
        ("r.txt", TEXT + "short\t1\n", "'short' has 2 cells where the first line has 11"),
        ("r.json", "[" * 200_000, "it is nested too deep"),
        ("r.json", '{"A": {"flops": ' + "9" * 5000 + "}}", "a number in it has thousands of digits"),
        ("r.json", '{"A": {"flops": 1e308}}', "flops of 'A' is 1e+308; nothing is above 1e+15"),
        (
            "r.json",
            '{"A": {"flops": [' + "1," * 9999 + "1]}}",
            "flops of 'A' is '[1, 1, 1, 1, 1, 1, ",
        ),
        ("t.csv", "team,params_m\n" + "A" * 200_000 + ",1\n", "is no table: field larger than field limit"),
        ("t.csv", "team,params_m\n" + "A" * 501 + ",1\n", "has 501 characters; 500 are allowed"),
        ("t.csv", "team,params_m,rank_params\nA,1,1e14\n", "rank_params of 'A' is 100,000,000,000,000"),
        ("r.xlsx", "", "is neither a folder of records nor"),
    ],
)
def test_a_file_of_another_kind_is_one_line(tmp_path: Path, name: str, text: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError) as error:
        entries.read(path, EDITION)
    assert said in str(error.value)
    assert str(path) in str(error.value)


def test_our_rows_give_counts_of_one_input_and_runtime_of_the_other() -> None:
    counted = make_row("span", lr_width=256, lr_height=256, runtime_ms=None, peak_memory_mib=None)
    timed = make_row("span", lr_width=510, lr_height=339, multi_adds=1, runtime_ms=Interval(100, 99, 101, "range"))
    other = make_row("span", lr_width=320, lr_height=180)
    [found] = entries.from_rows([counted, timed, other], EDITION, {("span", "deploy", "val_psnr"): 26.95})
    assert found.values["flops_g"] == 19_177_176_448 / 1e9
    assert (found.values["ave_time_ms"], found.values["val_psnr"]) == (100, 26.95)
    assert found.runtime == RUNTIME.spread(timed)
    assert not found.listed_below


def test_networks_on_luma_are_listed_and_not_ranked() -> None:
    row = make_row("ecbsr", colors="y", lr_width=256, lr_height=256)
    [found] = entries.from_rows([row], EDITION, {})
    assert found.listed_below
    assert "works on luma only" in found.remarks[-1]


def test_a_failed_network_says_why() -> None:
    row = make_row("msrn", lr_width=510, lr_height=339, status="OOM", reason="no memory", runtime_ms=None)
    [found] = challenge.rank(entries.from_rows([row], EDITION, {}), EDITION)
    assert not found.ranked
    assert "OOM: no memory" in found.remarks


@pytest.mark.parametrize("status", ["CRASH", "TIMEOUT", "MISMATCH"])
def test_what_a_network_measured_before_it_failed_is_no_result(status: Status) -> None:
    counted = make_row("msrn", lr_width=256, lr_height=256, runtime_ms=None, status=status, reason="r")
    timed = make_row("msrn", lr_width=510, lr_height=339, status=status, reason="r")  # with a runtime of 104 ms
    [found] = challenge.rank(entries.from_rows([counted, timed], EDITION, {}), EDITION)
    assert not found.ranked
    assert not {"ave_time_ms", "mem_mb"} & found.entry.values.keys()
    assert ("params_m" in found.entry.values) == (status != "MISMATCH")  # of a wrong size it may be another network


@pytest.mark.parametrize("team", ["RLFN (Baseline)", "00_RLFN_baseline"])
def test_the_baseline_of_a_challenges_files_is_known_by_its_name(tmp_path: Path, team: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(render.results_json(challenge.rank([SPAN, Entry(team, SPAN.values)], EDITION)))
    found, baseline = entries.read(path, EDITION)
    assert [entry.team for entry in found] == ["00_SPAN"]
    assert baseline is not None
    assert baseline.team == team


def test_a_table_of_several_editions_is_none_of_an_edition_without_a_year(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(CSV)
    with pytest.raises(InputError, match="holds no entry of hd720; its column year has 2024, 2023"):
        entries.read(path, editions.find("hd720"))


def test_convolutions_that_the_hooks_did_not_see_are_zero(tmp_path: Path) -> None:
    # Facts of 2022 and 2023: F.conv2d has activations 0 and conv 0 there.
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"A": {"activations": 0, "num_conv": 0, "flops": 1.5}}))
    [found], _ = entries.read(path, EDITION)
    assert found.values == {"acts_m": 0, "conv": 0, "flops_g": 1.5}


def test_a_runtime_of_one_set_alone_says_so(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"A": {"valid_ave_runtime": 8.0}, "B": {"valid_ave_runtime": 8, "test_ave_runtime": 7}}))
    [a, b], _ = entries.read(path, EDITION)
    assert (a.values["ave_time_ms"], a.remarks) == (8, ("its runtime is that on validation alone",))
    assert (b.values["ave_time_ms"], b.remarks) == (7.5, ())


def test_a_csv_of_several_challenges_gives_the_edition_s_own(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("year,challenge,team,ave_time_ms\n2023,NTIRE ESR,MegSR,18.3\n2023,NTIRE RTSR,Noah,3.19\n")
    for name, team in (("ntire2023", "MegSR"), ("rtsr2023", "Noah")):
        found, _ = entries.read(path, editions.find(name))
        assert [entry.team for entry in found] == [team]


def test_names_over_several_lines_are_one_entry(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('team,params_m\n"A\u2028B",1\n"C\nD",2\n', encoding="utf-8")
    found, _ = entries.read(path, EDITION)
    assert [(entry.team, entry.values["params_m"]) for entry in found] == [("A\u2028B", 1), ("C\nD", 2)]


def test_a_table_of_papers_tells_measured_from_published_figures() -> None:
    edition = editions.find("hd720")
    quality = {("psnr_y", "Set5"): make_quality("32.35", source="A paper, Table 4")}
    measured = {("psnr_y", "Set14"): make_quality("28.74", kind="measured", source="here")}
    rows = [make_row("bsrn", quality=quality, measured=measured), make_row("ecbsr", colors="y")]
    ranked = challenge.rank(entries.from_rows(rows, edition, {}), edition)
    section = render.section(ranked, edition, ours=True)
    text = formats.markdown([section], "t")
    [row] = [line for line in text.splitlines() if line.startswith("| bsrn")]
    assert "32.35/- <sup>b</sup>" in row or "32.35/- <sup>a</sup>" in row
    assert "28.74/- |" in row
    assert any(note.text == "published: A paper, Table 4" for note in section.notes)
    [ours, luma] = csv.DictReader(io.StringIO(render.frame(ranked, edition).to_csv(index=False)))
    assert (ours["psnr_y_set5_kind"], ours["psnr_y_set5_source"]) == ("published", "A paper, Table 4")
    # Its costs leave out the chroma: it stands apart, as in every challenge.
    assert (luma["team"], luma["status"]) == ("ecbsr", "reference")
    assert "works on luma only" in luma["remarks"]


def test_our_own_csv_is_read_as_it_was_written(tmp_path: Path) -> None:
    edition = editions.find("ntire2022")
    names = {"a": (1, 0.3, 20), "b": (2, 0.2, 30), "c": (2, 0.2, 10)}
    values = [
        Entry(team, {"ave_time_ms": t, "params_m": p, "flops_g": f, "acts_m": 1, "mem_mb": 1, "val_psnr": 29.0})
        for team, (t, p, f) in names.items()
    ]
    ranked = challenge.rank(values, edition, Entry("Base", values[0].values))
    path = tmp_path / "t.csv"
    path.write_text(render.frame(ranked, edition).to_csv(index=False))
    found, baseline = entries.read(path, edition)
    assert baseline is not None
    assert baseline.team == "Base"
    again = challenge.rank(found, edition, baseline)
    assert [(s.entry.team, s.rank, s.ranks) for s in again] == [(s.entry.team, s.rank, s.ranks) for s in ranked]


# --- What a reader sees


def shown(*found: Entry) -> tuple[str, list[str]]:
    """The table and its notes."""
    section = render.section(challenge.rank(found, EDITION), EDITION, ours=False)
    return formats.markdown([section], "t"), [note.text for note in section.notes]


def test_names_that_a_spreadsheet_would_run_come_back_as_they_were(tmp_path: Path) -> None:
    names = ["=cmd()", "@a", "+b", "-c", "'d", "it's"]
    ranked = challenge.rank([Entry(name, {"ave_time_ms": 1, "params_m": 1, "flops_g": 1}) for name in names], EDITION)
    path = tmp_path / "t.csv"
    path.write_text(render.frame(ranked, EDITION).to_csv(index=False))
    found, _ = entries.read(path, EDITION)
    assert [entry.team for entry in found] == names


def test_a_long_name_and_a_huge_number_leave_a_table_readable() -> None:
    text, _ = shown(
        Entry("a" * 200, {"ave_time_ms": 1e300, "params_m": 1, "flops_g": 1}),
        Entry("b", {"ave_time_ms": 1, "params_m": 1, "flops_g": 1}),
    )
    [row] = [line for line in text.splitlines() if "aaa" in line]
    assert len(row) < 300
    assert "1e\\+300" in row
    assert "\\>1e999999" in row or "&gt;1e999999" in row


def test_what_holds_of_all_is_said_once() -> None:
    known = {"ave_time_ms": 1.0, "params_m": 1.0, "flops_g": 1.0}
    missing = "PSNR on test is not known: the floor of 26.99 is not applied"
    text, notes = shown(Entry("a", known), Entry("b", known | {"val_psnr": 26.9}))
    assert f"Of all entries: {missing}." in notes
    assert missing not in notes  # and no entry has a mark for it
    assert "a <sup>a</sup>" in text  # its own: no PSNR on validation
    [other] = [line for line in text.splitlines() if line.startswith("| b ")]
    assert "<sup>" not in other
    _, notes = shown(Entry("a", known))
    assert missing in notes


def test_the_published_baseline_says_what_it_is() -> None:
    baseline = Entry("RLFN", {"ave_time_ms": 11.77, "params_m": 0.317, "flops_g": 19.67}, remarks=("of RTX 3090",))
    section = render.section(challenge.rank([], EDITION, baseline), EDITION, ours=False)
    assert [note for note in section.notes if note.mark] == [Note("of RTX 3090", "a")]
