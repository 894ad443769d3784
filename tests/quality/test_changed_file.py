"""A network of the user's whose file has changed is another network: what it scored before is not its own."""

from pathlib import Path

from tests.command_line import Run
from tests.quality.test_evaluate import NETWORKS, evaluated, images_in


def test_what_was_scored_before_a_file_changed_is_left_out(run: Run, tmp_path: Path) -> None:
    images_in(tmp_path / "faces", "a")
    (tmp_path / "net.py").write_text(NETWORKS.read_text())
    named = ("--models", "net.py:Tiny", "--scale", "2")
    assert evaluated(run, *named, "--data", ".", "--datasets", "faces").code == 0
    profiled = ("profile", *named, "--static-only", "--output", "out")
    assert "faces" in run(*profiled).out
    with (tmp_path / "net.py").open("a") as file:
        file.write("\n# trained anew\n")
    done = run(*profiled)
    assert done.code == 0
    assert "net.py:Tiny on faces: its file has changed since it was evaluated; left out" in done.err
    assert "faces" not in done.out
    # Where the file is gone the record stands: a table can be made from records alone.
    (tmp_path / "net.py").unlink()
    assert "faces" in run("leaderboard", "--output", "out").out
