"""``--challenge`` on the command line: a challenge's own files, and networks measured here."""

import csv
import math
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer

import srbench.board
from srbench import store
from srbench.cases import Mode, Model
from srbench.cli import app
from srbench.counts import Count
from srbench.quality import store as quality_store
from srbench.quality.protocols import PRESETS, Score
from srbench.quality.results import Checkpoint, Evaluation, ImageResult, QualityRecord, SetRead
from srbench.records import Record
from tests.builders import NOON, make_case, make_latency, make_machine, make_record, make_size
from tests.command_line import Run
from tests.shared_files import SHARED, needs_shared

TABLES = "facts/ntire_leaderboards.csv"


@needs_shared(TABLES)
def test_a_published_table_is_ranked_in_every_format(run: Run) -> None:
    ranked = ("leaderboard", "--challenge", "ntire2024")
    done = run(*ranked, str(SHARED / TABLES), "--format", "md,csv,latex,html,json,txt")
    assert done.code == 0, done.err
    first = next(line for line in done.out.splitlines() if line.startswith("XiaomiMM"))
    # The report: score 2.61, rank 1.
    assert first.split()[-2:] == ["2.61", "1"]
    for name in ("ntire2024.md", "ntire2024.csv", "ntire2024.tex", "ntire2024.html", "ntire2024_results.json"):
        assert Path("results", name).stat().st_size > 0
    with Path("results/ntire2024.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["team"] == "XiaomiMM"
    assert rows[-1]["team"] == "RLFN (Baseline)"
    magic = next(row for row in rows if row["team"] == "MagicSR")
    assert float(magic["score_main"]) == pytest.approx(168.75e31, rel=0.01)
    again = run(*ranked, "results/ntire2024_results.txt")
    assert again.code == 0
    for text in (done.out, again.out):  # the same ranks, and the baseline still is none of the ranked
        assert next(line for line in text.splitlines() if line.startswith("MagicSR")).split()[-1] == "26"
        assert next(line for line in text.splitlines() if line.startswith("RLFN (Baseline)")).split()[-1] == "-"


def test_networks_measured_here_are_ranked_by_a_challenge(run: Run, tmp_path: Path) -> None:
    (tmp_path / "house.toml").write_text(
        """title = "House"
source = "ours"
scale = 4
columns = [{ key = "ave_time_ms", title = "Time", digits = 1 }, { key = "flops_g", title = "G", digits = 3 }]
[inputs]
counts_lr = [256, 256]
time_lr = [24, 20]
[rule]
kind = "exp-score"
weights = { ave_time_ms = 0.5, flops_g = 0.5 }
titles = { ave_time_ms = "Time", flops_g = "G" }
[baseline]
name = "EFDN"
values = { ave_time_ms = 16.69, flops_g = 16.70 }
"""
    )
    measured = ["--budget", "0.05", "--rounds", "1", "--threads", "1"]
    typed = ("--models", "rfdn,span,ecbsr-m4c8", "--challenge", "house.toml", *measured)
    done = run("profile", *typed)
    assert done.code == 0, done.err
    assert "'srbench leaderboard --challenge house.toml --output results' ranks them" in done.err

    refused = run("leaderboard", "--challenge", "house.toml")
    assert refused.code == 2
    assert "scores against EFDN, whose published runtime is of another machine" in refused.err
    assert "--baseline: " in refused.err

    done = run("leaderboard", "--challenge", "house.toml", "--baseline", "rfdn")
    assert done.code == 0, done.err
    rows = {
        line.split()[0]: line.split() for line in done.out.splitlines() if line.startswith(("rfdn", "span", "ecbsr"))
    }
    # RFDN's convolutions at LR 256x256: 27.03 G, 112.03 M activations in the challenge's own table; SPAN's 27.87 G is
    # its 24.49 G at 320x180 (model_defs/README.md) times 65536 / 57600.
    with Path("results/house.csv").open(newline="") as file:
        flops = {row["team"]: float(row["flops_g"]) for row in csv.DictReader(file)}
    assert flops["span"] == pytest.approx(24.49 * 65536 / 57600, abs=0.01)
    assert set(flops) == {"rfdn", "span", "ecbsr-m4c8"}
    assert rows["rfdn"][-1] == "-"  # the baseline is no competitor
    assert rows["ecbsr-m4c8"][-1] == "-"  # nor is a network on luma

    # Its score is an axis of figures: the weighted sum of the rule, relative to RFDN's figures.
    done = run("plot", "--challenge", "house.toml", "--baseline", "rfdn", "--x", "runtime", "--y", "score")
    assert done.code == 0, done.err
    with Path("results/house.csv").open(newline="") as file:
        time = {row["team"]: float(row["ave_time_ms"]) for row in csv.DictReader(file)}
    with Path("results/plot_x4_house_score_over_runtime_ms_size-multi_adds_over-rfdn.csv").open(newline="") as file:
        scores = {row["variant"]: float(row["score"]) for row in csv.DictReader(file)}
    assert set(scores) == set(flops)
    for name, score in scores.items():
        shares = math.exp(2 * time[name] / time["rfdn"]), math.exp(2 * flops[name] / flops["rfdn"])
        assert score == pytest.approx(0.5 * sum(shares), rel=1e-9)
    assert scores["rfdn"] == pytest.approx(math.e**2)
    refused = run("plot", "--challenge", "house.toml", "--y", "score")
    assert (refused.code, refused.out) == (2, "")
    assert "name one that was measured here with --baseline" in refused.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("leaderboard", "--challenge", "ntire24"), "unknown challenge 'ntire24'; did you mean ntire2024"),
        (("leaderboard", "--challenge", "ntire2024", "gone.csv"), "no file or folder gone.csv"),
        (("leaderboard", "--challenge", "ntire2024"), "no records in results/runs"),
        (("leaderboard", "gone.csv"), "gone.csv is for --challenge"),
        (("leaderboard", "--baseline", "rfdn"), "--baseline is for --challenge"),
        (("leaderboard", "--format", "pdf"), "--format 'pdf' is none of md, csv, latex, html"),
        (("leaderboard", "--format", "json"), "--format 'json' is none of"),
        (("leaderboard", "--format", ","), "--format names none of"),
        (("plot", "--challenge", "ntire24", "--y", "score"), "unknown challenge 'ntire24'"),
        (("plot", "--challenge", "ntire2024", "--preset", "scaling"), "--challenge is for trade-off plots"),
        (("profile", "--models", "span", "--challenge", "nitre2024"), "unknown challenge 'nitre2024'"),
        (("profile", "--models", "span", "--challenge", "ntire2024", "--lr", "9x9"), "leave --lr out"),
        (("profile", "--models", "span", "--challenge", "rtsr2023", "--scale", "2"), "leave --scale out"),
    ],
)
def test_wrong_input_is_one_line(run: Run, arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert said in done.err
    assert len(done.err.strip().splitlines()) == 1


@pytest.mark.parametrize("command", ["profile", "leaderboard", "plot"])
def test_a_challenge_is_no_protocol(run: Run, command: str) -> None:
    refused = run(command, "--protocol", "ntire2024")
    assert (refused.code, refused.out) == (2, "")
    [line] = refused.err.strip().splitlines()
    assert "challenges are --challenge now" in line


def test_what_never_had_challenges_says_nothing_of_them(run: Run) -> None:
    refused = run("compare", "--protocol", "ntire2024", "span", "rfdn")
    assert (refused.code, "--challenge" in refused.err) == (2, False)


@pytest.mark.parametrize("command", ["profile", "leaderboard", "plot"])
def test_the_help_names_every_edition_of_the_folder(run: Run, command: str) -> None:
    said = run(command, "--help").out
    files = sorted(Path(srbench.board.__path__[0], "editions").glob("*.toml"))
    assert files
    assert [path.stem for path in files if not re.search(rf"\b{path.stem}[,.]?\s", said)] == []


def test_each_word_is_of_its_own_option() -> None:
    group = typer.main.get_group(app)
    options = {name: {o for each in command.params for o in each.opts} for name, command in group.commands.items()}
    assert {name for name, known in options.items() if "--challenge" in known} == {"profile", "leaderboard", "plot"}
    assert {name for name, known in options.items() if "--protocol" in known} == {"evaluate"}


# --- Records that do not compare


def timed(variant: str, side: int, ms: float, minutes: int = 0, **changes: Any) -> Record:
    load = make_size(lr_width=side, lr_height=side, gt_width=4 * side, gt_height=4 * side)
    case = make_case(variant, size=load).model_copy(update={"threads": changes.pop("threads", 2)})
    return make_record(case, minutes=minutes, latency=make_latency(*[[ms] * 7] * 3), **changes)


HOUSE = """title = "House"
source = "ours"
scale = 4
columns = [{ key = "ave_time_ms", title = "Time", digits = 1 }, { key = "flops_g", title = "G", digits = 3 }]
[inputs]
counts_lr = [32, 32]
time_lr = [64, 64]
val_set = "DIV2K_valid"
[rule]
kind = "rank-sums"
main = "ave_time_ms"
ranked = ["ave_time_ms"]
sums = []
"""
RANKED = ("leaderboard", "--challenge", "house.toml")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    (tmp_path / "house.toml").write_text(HOUSE)
    return tmp_path / "results"


def teams(text: str, names: tuple[str, ...] = ("span", "rfdn")) -> dict[str, str]:
    return {line.split()[0]: line.split()[1] for line in text.splitlines() if line.startswith(names)}


def test_networks_of_two_machines_are_not_ranked_together(run: Run, house: Path, tmp_path: Path) -> None:
    other = make_machine().model_copy(update={"name": "Other CPU"})
    store.write(house, timed("span", 64, 10))
    store.write(tmp_path / "more", timed("rfdn", 64, 20, machine=other))
    refused = run(*RANKED, "results", "more")
    assert refused.code == 2
    assert "a ranking is of one machine, --machine all has several; write --machine 'Other CPU' or" in refused.err
    store.write(house, timed("rfdn", 64, 20, machine=other, minutes=1))
    assert "--machine all has several; write --machine 'Other CPU' or" in run(*RANKED, "--machine", "all").err
    assert teams(run(*RANKED, "--machine", "Other CPU").out) == {"rfdn": "1"}


def test_networks_with_other_numbers_of_threads_are_not_ranked_together(run: Run, house: Path) -> None:
    store.write(house, timed("rfdn", 64, 20, threads=1))
    store.write(house, timed("span", 64, 10, minutes=1))
    done = run(*RANKED)
    assert teams(done.out) == {"span": "1"}
    assert "left out: 1 record(s) of another mode, device or number of threads" in done.err


def test_networks_of_other_modes_are_not_ranked_together(run: Run, house: Path) -> None:
    half = timed("rfdn", 64, 5)
    store.write(house, half.model_copy(update={"case": half.case.model_copy(update={"mode": Mode(dtype="bfloat16")})}))
    store.write(house, timed("rfdn", 64, 20))
    store.write(house, timed("span", 64, 10, minutes=1))
    done = run(*RANKED)
    assert list(teams(done.out)) == ["span", "rfdn"]
    assert "left out: 1 record(s) of another mode" in done.err


def test_two_networks_of_one_file_are_two(run: Run, house: Path) -> None:
    for minutes, (name, ms) in enumerate((("A", 20), ("B", 10))):
        model = Model(architecture=name, variant=f"net.py:{name}", source="/nets/net.py", within="net.py")
        record = timed("span", 64, ms, minutes=minutes)
        store.write(house, record.model_copy(update={"case": record.case.model_copy(update={"model": model})}))
    done = run(*RANKED)
    assert done.code == 0, done.err
    assert list(teams(done.out, ("net.py",))) == ["net.py:B", "net.py:A"]


def test_two_files_typed_alike_are_told_apart(run: Run, house: Path) -> None:
    for minutes, folder in enumerate(("one", "two")):
        model = Model(architecture="Net", variant="net.py:Net", source=f"/{folder}/net.py", within="net.py")
        record = timed("span", 64, 10 + minutes, minutes=minutes)
        store.write(house, record.model_copy(update={"case": record.case.model_copy(update={"model": model})}))
    done = run(*RANKED)
    assert done.code == 0, done.err
    assert list(teams(done.out, ("/",))) == ["/one/net.py:Net", "/two/net.py:Net"]


def test_equal_machines_are_replicates(run: Run, house: Path) -> None:
    for minutes, node in enumerate(("0a1b2c3d", "ffffffff")):
        machine = make_machine().model_copy(update={"node": node})
        store.write(house, timed("span", 64, 10 + minutes, machine=machine, minutes=minutes))
    done = run(*RANKED)
    assert done.code == 0, done.err
    assert "1 record(s) are replicates of equal machines; of each case the newest is shown" in done.err
    assert teams(done.out).keys() == {"span"}


def test_psnr_of_another_copy_of_the_set_is_left_out(run: Run, house: Path) -> None:
    for minutes, (variant, name, copy) in enumerate(
        (("span", "DIV2K_valid", "a"), ("rfdn", "DIV2K_valid", "b"), ("imdn", "DIV2K_valid_crop", "c"))
    ):
        store.write(house, timed(variant, 64, 10 + minutes, minutes=minutes))
        store.write(house, timed(variant, 32, 10, minutes=minutes))
        quality_store.write(house, scored(variant, name, copy * 64, minutes))
    text = HOUSE.replace("columns = [", 'columns = [{ key = "val_psnr", title = "PSNR", digits = 2 }, ')
    house.with_name("house.toml").write_text(text)
    assert run(*RANKED).code == 0
    with Path("results/house.csv").open(newline="") as file:
        found = {row["team"]: row["val_psnr"] for row in csv.DictReader(file)}
    # The copy that was measured last stands; another set is none of the edition's.
    assert {team: bool(psnr) for team, psnr in found.items()} == {"span": False, "rfdn": True, "imdn": False}


def test_a_mode_is_ranked_with_the_psnr_of_that_mode_and_says_its_name(run: Run, house: Path) -> None:
    text = HOUSE.replace("columns = [", 'columns = [{ key = "val_psnr", title = "PSNR", digits = 2 }, ')
    house.with_name("house.toml").write_text(text)
    half = Mode(dtype="bfloat16")
    quality_store.write(house, scored("span", "DIV2K_valid", "a" * 64, 0))
    for side in (32, 64):
        record = timed("span", side, 10)
        store.write(house, record.model_copy(update={"case": record.case.model_copy(update={"mode": half})}))
    assert run(*RANKED).code == 0
    with Path("results/house.csv").open(newline="") as file:
        assert [(row["team"], row["val_psnr"]) for row in csv.DictReader(file)] == [("span · bf16", "")]
    quality_store.write(house, scored("span", "DIV2K_valid", "a" * 64, 0, mse=400.0, mode=half))
    run(*RANKED)
    with Path("results/house.csv").open(newline="") as file:
        # 10 log10(255^2 / 400) = 22.11 dB.
        assert [float(row["val_psnr"]) for row in csv.DictReader(file)] == [pytest.approx(22.11, abs=0.005)]


def scored(
    variant: str, name: str, copy: str, minutes: int, mse: float = 100.0, mode: Mode | None = None
) -> QualityRecord:
    asked = Evaluation(
        model=make_case(variant).model,
        scale=4,
        checkpoint=Checkpoint(file="net.pth", sha256="c" * 64, form="deploy"),
        dataset=SetRead(name=name, images=1, sha256=copy, lr_source="files"),
        protocols=(PRESETS["ntire"],),
        mode=mode or Mode(),
        device="cpu",
    )
    return QualityRecord(
        srbench_version="0.1.0",
        evaluation=asked,
        machine=make_machine(),
        finished=NOON + timedelta(minutes=minutes),
        images=(ImageResult(name="0801", scores=(Score(mse=mse, ssim=0.8),)),),
    )


def test_only_counts_of_the_edition_s_input_are_disputed(run: Run, house: Path) -> None:
    for side in (32, 64):
        count = Count(counter="fvcore", version="1", multi_adds=side * 10**9, differences=())
        store.write(house, timed("span", side, 10, counts=(count,)))
    done = run(*RANKED)
    assert "fvcore counts 32.00 G" in done.out
    assert "fvcore counts 64.00 G" not in done.out


def test_a_baseline_that_another_takes_the_place_of_is_listed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(
        "team,status,ave_time_ms,params_m,flops_g\nA,,1,1,1\nB,,2,1,1\nBase,baseline,3,1,1\n"
    )
    done = run("leaderboard", "--challenge", "ntire2024", "t.csv", "--baseline", "A")
    assert done.code == 0
    assert "marked as the baseline where it stood; listed, not ranked" in done.out
    assert any(line.startswith("Base ") for line in done.out.splitlines())
    (tmp_path / "u.csv").write_text("team,status,ave_time_ms,params_m,flops_g\nC,,1,1,1\nOther,baseline,3,1,1\n")
    assert "both 'Base' and 'Other' are marked" in run("leaderboard", "--challenge", "ntire2024", "t.csv", "u.csv").err


def test_the_command_that_makes_records_can_be_pasted(run: Run, house: Path) -> None:
    store.write(house, timed("span", 16, 10))
    assert "'srbench profile --challenge house.toml --models ... --output results' makes them" in run(*RANKED).err
    wrong = run("leaderboard", "--challenge", "rtsr2023")
    assert "no records of x2" in wrong.err
    assert "'srbench profile --challenge rtsr2023 --models ... --output results' makes them" in wrong.err


TEAMS_2025 = """team,ave_time_ms,params_m,flops_g
EMSR,9.99,0.131,8.54
XiaomiMM,9.55,0.148,9.68
ShannonLab,8.62,0.172,11.23
"""


def test_the_printed_baseline_of_2025_does_not_give_the_published_order(run: Run, tmp_path: Path) -> None:
    # The published order of these three teams, and their printed figures: README of NTIRE2025_ESR, l.147-173.
    (tmp_path / "t.csv").write_text(TEAMS_2025)
    ranked = ("leaderboard", "--challenge", "ntire2025", "t.csv")
    names = ("EMSR", "XiaomiMM", "ShannonLab")
    done = run(*ranked)
    # By arithmetic: scores 3.122, 3.115 and 3.064, of which the lowest is first.
    assert list(teams(done.out, names)) == ["ShannonLab", "XiaomiMM", "EMSR"]
    assert "by this runtime the first three of the published order (EMSR, XiaomiMM, ShannonLab) come out" in done.out

    (tmp_path / "b.csv").write_text("team,status,ave_time_ms,params_m,flops_g\nEFDN,baseline,20,0.276,16.70\n")
    done = run(*ranked, "--baseline", "b.csv")
    # At 20 ms: 2.706, 2.736, 2.755.
    assert list(teams(done.out, names)) == list(names)
    assert "come out reversed" not in done.out
    header, *teams_of = TEAMS_2025.splitlines()
    marked = [f"{header},status", *(f"{line}," for line in teams_of), "EFDN,20,0.276,16.70,baseline"]
    (tmp_path / "both.csv").write_text("\n".join(marked) + "\n")
    done = run("leaderboard", "--challenge", "ntire2025", "both.csv")
    assert list(teams(done.out, names)) == list(names)
    refused = run("leaderboard", "--challenge", "ntire2025", "both.csv", "--baseline", "b.csv")
    assert (refused.code, "'EFDN' is marked as the baseline already" in refused.err) == (2, True)
    refused = run(*ranked, "--baseline", "t.csv")
    assert (refused.code, "--baseline t.csv has 3 entries and marks none" in refused.err) == (2, True)


def test_a_team_that_stands_twice_is_an_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("team,ave_time_ms,params_m,flops_g\nA,1,1,1\nA,2,1,1\n")
    done = run("leaderboard", "--challenge", "ntire2024", "t.csv")
    assert done.code == 2
    assert "'A' stands 2 times" in done.err


def test_records_of_other_sizes_are_answered_with_the_command(run: Run) -> None:
    assert run("profile", "--models", "span", "--static-only", "--lr", "32x32").code == 0
    done = run("leaderboard", "--challenge", "ntire2024")
    assert done.code == 2
    assert "no records of LR 256x256 and 510x339 at x4 in results; 'srbench profile --challenge ntire2024" in done.err


def test_a_leaderboard_is_written_in_the_formats_asked_for(run: Run) -> None:
    assert run("profile", "--models", "span,imdn,rfdn", "--static-only").code == 0
    assert run("leaderboard", "--format", "latex,html").code == 0
    assert "\\toprule" in Path("results/leaderboard_x4.tex").read_text()
    assert "<table>" in Path("results/leaderboard_x4.html").read_text()
