"""What was evaluated is what ran, its weights and its code and not a file's name; random weights are no result."""

import json
from pathlib import Path

import pytest
import torch

from srbench.cases import Model
from srbench.fingerprint import Fingerprint, file_hash
from srbench.quality.identify import identify, state_hash, tensor_hashes
from tests.command_line import Done, Run
from tests.networks import Tiny, Trained
from tests.quality.test_evaluate import NETWORKS, evaluated, images_in, stored

#: A network that loads its weights from a file beside it, and takes a part of its code from another one.
OWN = """
import torch
from pathlib import Path
from torch import nn
from blocks_of_own import tail


class Net(nn.Module):
    def __init__(self, scale=2):
        super().__init__()
        self.conv = nn.Conv2d(3, 12, 3, padding=1)
        self.load_state_dict(torch.load(Path(__file__).with_name("net.pth"), weights_only=True))

    def forward(self, x):
        return tail(self.conv(x))
"""
BLOCKS = "from torch.nn.functional import pixel_shuffle\n\ndef tail(x):\n    return pixel_shuffle(x, 2)\n"
ON_FACES = ("--data", ".", "--datasets", "faces", "--scale", "2")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the network, its weights, and a data set."""
    images_in(tmp_path / "faces", "a")
    (tmp_path / "net.py").write_text(OWN)
    (tmp_path / "blocks_of_own.py").write_text(BLOCKS)
    weigh(tmp_path, 0.02)
    return tmp_path


def weigh(folder: Path, value: float) -> None:
    state = {"conv.weight": torch.full((12, 3, 3, 3), value), "conv.bias": torch.full((12,), 0.1)}
    torch.save(state, folder / "net.pth")


def leaderboard(run: Run) -> Done:
    done = run("leaderboard", "--output", "out")
    assert done.code == 0, done.err
    return done


def measured(run: Run) -> bool:
    """Whether the leaderboard shows a measured score."""
    return "faces" in leaderboard(run).out


def both(run: Run) -> None:
    for command in (("profile", "--static-only"), ("evaluate", "--threads", "1", *ON_FACES[:4])):
        name, *rest = command
        done = run(name, "--models", "net.py:Net", "--scale", "2", "--output", "out", *rest)
        assert done.code == 0, done.err


# --- Stale scores


def test_retrained_weights_take_the_score_away(run: Run, project: Path) -> None:
    both(run)
    assert measured(run)
    weigh(project, 0.03)
    done = leaderboard(run)
    assert "net.py:Net on faces: net.pth changed since it was evaluated; its score is left out" in done.err
    assert "faces" not in done.out
    for command in ("plot", "report"):
        assert "net.pth changed" in run(command, "--scale", "2", "--output", "out").err
    # Evaluated again it is another record, and what is stored of the old weights does not answer for it.
    again = evaluated(run, "--models", "net.py:Net", *ON_FACES, "--resume")
    assert "wrote 1 record(s)" in again.err
    assert len(stored()) == 2
    assert measured(run)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("net.py", "from torch import nn", "from torch import nn  # trained anew"),
        ("net.py", "class Net(nn.Module):", 'class Net(nn.Module):\n    """What it is."""\n'),
        ("blocks_of_own.py", "def tail(x):", "\n\ndef tail(  x  ) :  # shuffles"),
    ],
)
def test_a_comment_changes_nothing(run: Run, project: Path, name: str, old: str, new: str) -> None:
    both(run)
    path = project / name
    path.write_text(path.read_text().replace(old, new))
    assert measured(run)
    assert "wrote 0 record(s)" in evaluated(run, "--models", "net.py:Net", *ON_FACES, "--resume").err
    assert len(stored()) == 1


def test_other_code_is_another_network(run: Run, project: Path) -> None:
    both(run)
    path = project / "blocks_of_own.py"
    path.write_text(path.read_text().replace("pixel_shuffle(x, 2)", "pixel_shuffle(0.9 * x, 2)"))
    done = leaderboard(run)
    assert "blocks_of_own.py changed since it was evaluated" in done.err
    assert "faces" not in done.out
    # The costs are of what it was, and that is said; a new score is not joined with them.
    assert "blocks_of_own.py changed since it was measured: profile it again" in done.out
    assert "wrote 1 record(s)" in evaluated(run, "--models", "net.py:Net", *ON_FACES, "--resume").err
    assert not measured(run)
    assert run("profile", "--models", "net.py:Net", "--scale", "2", "--static-only", "--output", "out").code == 0
    assert measured(run)


def test_where_the_files_are_gone_the_record_stands(run: Run, project: Path) -> None:
    both(run)
    for name in ("net.py", "net.pth", "blocks_of_own.py"):
        (project / name).unlink()
    assert measured(run)


def test_weights_that_are_written_anew_but_equal_still_answer(run: Run, project: Path) -> None:
    both(run)
    tensors = torch.load(project / "net.pth", weights_only=True)
    torch.save(dict(reversed(tensors.items())), project / "net.pth")  # other bytes, the same weights
    assert "net.pth changed" in leaderboard(run).err
    assert "wrote 0 record(s)" in evaluated(run, "--models", "net.py:Net", *ON_FACES, "--resume").err
    assert measured(run)


def test_an_older_record_of_a_users_network_knows_too_little(run: Run, project: Path) -> None:
    both(run)
    [path] = Path("out/quality").glob("*.json")
    record = json.loads(path.read_text())
    record["evaluation"]["network"] = None
    path.write_text(json.dumps(record))
    done = leaderboard(run)
    assert "an earlier srbench did not look at its weights" in done.err
    assert "faces" not in done.out


# --- Random weights


def test_random_weights_are_said_and_enter_no_leaderboard(run: Run, tmp_path: Path) -> None:
    images_in(tmp_path / "faces", "a")
    named = ("--models", f"{NETWORKS}:Tiny")
    done = evaluated(run, *named, *ON_FACES)
    assert done.code == 0
    [row] = [line for line in done.out.splitlines() if " faces " in line and " x2 " in line]
    assert row.endswith("VALID, random weights")
    assert "random weights in 2 of 2 tensors (conv.bias, conv.weight)" in done.out
    [first] = stored()
    evaluated(run, *named, *ON_FACES)
    assert stored()[0]["images"][0]["scores"] == first["images"][0]["scores"]  # the same ones each time
    assert run("profile", *named, "--scale", "2", "--static-only", "--output", "out").code == 0
    assert not measured(run)


def test_loaded_and_random_weights_are_told_apart(tmp_path: Path) -> None:
    told: list[str] = []

    def fingerprint(name: str, checkpoint: Path | None = None) -> Fingerprint:
        model = Model(architecture=name, variant=f"networks.py:{name}", source=str(NETWORKS))
        found = identify(model, 2, checkpoint, told.append, 120, None)
        assert isinstance(found, Fingerprint)
        return found

    random, trained = fingerprint("Tiny"), fingerprint("Trained")
    assert (random.tensors, random.random, random.random_names) == (2, 2, ("conv.bias", "conv.weight"))
    assert (trained.tensors, trained.random, trained.random_names) == (2, 0, ())
    torch.save({f"module.{key}": value for key, value in Trained(2).state_dict().items()}, tmp_path / "tiny.pth")
    loaded = fingerprint("Tiny", tmp_path / "tiny.pth")
    assert loaded.random == 0
    assert loaded.state == trained.state == state_hash(tensor_hashes(Trained(2)))
    assert str(NETWORKS) in loaded.files
    assert told == ["networks.py:Tiny: keys of its weights read without module."]
    assert str(tmp_path / "tiny.pth") in loaded.files


@pytest.mark.parametrize(
    "other",
    [
        {"a": torch.ones(2), "b": torch.zeros(1)},
        {"b": torch.zeros(2)},
        {"a": torch.zeros(2, dtype=torch.float64)},
        {"a": torch.zeros(1, 2)},
        {"a": torch.tensor([0.0, -0.0])},
    ],
)
def test_names_types_shapes_and_bytes_all_count(other: dict[str, torch.Tensor]) -> None:
    def hashed(tensors: dict[str, torch.Tensor]) -> str:
        network = torch.nn.Module()
        for name, tensor in tensors.items():
            network.register_buffer(name, tensor)
        return state_hash(tensor_hashes(network))

    assert hashed(other) != hashed({"a": torch.zeros(2)})
    assert hashed(other) == hashed({name: tensor.clone() for name, tensor in other.items()})


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(2, dtype=torch.complex64),
        torch.tensor(True),
        torch.zeros(0),
        torch.zeros(3, dtype=torch.bfloat16),
        torch.eye(3).to_sparse(),
        torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8),
    ],
)
def test_every_kind_of_tensor_has_a_hash(tensor: torch.Tensor) -> None:
    network = torch.nn.Module()
    network.register_buffer("a", tensor)
    assert len(tensor_hashes(network)["a"]) == 16


# --- --weights for a network of one's own


def refused(run: Run, *arguments: str) -> str:
    done = evaluated(run, *arguments, *ON_FACES)
    assert (done.code, done.out) == (2, "")
    assert not Path("out").exists()
    [line] = done.err.splitlines()
    return line


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    images_in(tmp_path / "faces", "a")
    (tmp_path / "checkpoints").mkdir()
    torch.save(Trained(2).state_dict(), tmp_path / "checkpoints/best.pth")
    return tmp_path


@pytest.mark.usefixtures("tiny")
def test_a_folder_without_the_weights_is_refused(run: Run) -> None:
    said = refused(run, "--models", f"{NETWORKS}:Tiny", "--weights", "checkpoints")
    assert "networks-Tiny_x2.pth or Tiny_x2.pth, there is best.pth; --weights Tiny=FILE names the file" in said
    (Path("checkpoints/best.pth")).unlink()
    assert "there is nothing" in refused(run, "--models", f"{NETWORKS}:Tiny", "--weights", "checkpoints")


@pytest.mark.parametrize("given", ["checkpoints/best.pth", "Tiny=checkpoints/best.pth", "tiny=checkpoints/best.pth"])
@pytest.mark.usefixtures("tiny")
def test_a_file_is_taken_too(run: Run, given: str) -> None:
    done = evaluated(run, "--models", f"{NETWORKS}:Tiny", "--weights", given, *ON_FACES)
    assert done.code == 0, done.err
    [record] = stored()
    assert record["evaluation"]["checkpoint"]["file"] == "best.pth"
    assert record["evaluation"]["network"]["random"] == 0
    assert "random" not in done.out
    # Trained has these weights by itself: by both ways the score is the same.
    evaluated(run, "--models", f"{NETWORKS}:Trained", *ON_FACES)
    first, second = stored()
    assert first["images"][0]["scores"] == second["images"][0]["scores"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nowhere", "no folder or file nowhere of checkpoints; --weights takes DIR, FILE or MODEL=FILE"),
        ("Tiny=nowhere.pth", "no file nowhere.pth of the weights of Tiny"),
        ("Tyni=checkpoints/best.pth", "'Tyni' is none of the networks"),
        ("checkpoints/best.pth", "say for which network it is, MODEL=checkpoints/best.pth"),
    ],
)
@pytest.mark.usefixtures("tiny")
def test_what_cannot_be_meant_is_refused(run: Run, given: str, said: str) -> None:
    names = f"{NETWORKS}:Tiny,{NETWORKS}:Trained"
    assert said in refused(run, "--models", names, "--weights", given)


@pytest.mark.usefixtures("tiny")
def test_weights_that_do_not_fit_are_refused_before_anything_runs(run: Run) -> None:
    torch.save({"other.weight": torch.zeros(1)}, "other.pth")
    said = refused(run, "--models", f"{NETWORKS}:Tiny", "--weights", "other.pth")
    assert "other.pth does not fit Tiny: Missing key(s) in state_dict:" in said


def test_code_is_known_without_its_comments(tmp_path: Path) -> None:
    one, other = tmp_path / "one.py", tmp_path / "other.py"
    one.write_text("x = 1\n")
    other.write_text('"""Says."""\n# why\nx = (1)\n')
    assert file_hash(one) == file_hash(other)
    other.write_text("x = 2\n")
    assert file_hash(one) != file_hash(other)
    assert file_hash(tmp_path / "gone.py") is None
    other.write_text("x = (\n")  # no Python: its bytes
    assert file_hash(other) is not None


def test_the_class_that_was_trained_is_not_random_by_itself() -> None:
    assert tensor_hashes(Tiny(2)) != tensor_hashes(Tiny(2))
    assert tensor_hashes(Trained(2)) == tensor_hashes(Trained(2))
