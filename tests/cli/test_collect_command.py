"""``vla-isaac collect``: exit codes, keys and messages."""

from __future__ import annotations

import json

import pytest

from vla_isaac.cli import collect as command
from vla_isaac.cli.main import main
from vla_isaac.collection.collector import Collector
from vla_isaac.datasets.formats import open_dataset

SMALL = "--backend stub --cameras front --size 32"
KEYS = {
    *("dataset", "is_complete", "episodes", "collected", "frames", "attempts", "failures", "tasks", "seconds"),
    *("encoding_seconds", "workers", "problem"),
}


@pytest.fixture
def collect(capsys, tmp_path):
    """Collect into a folder; return the exit code, the JSON object if any, and all that was said."""

    def call(line: str, name: str = "d"):
        code = main(["collect", str(tmp_path / name), *line.split()])
        out, err = capsys.readouterr()
        objects = [text for text in out.splitlines() if text.startswith("{")]
        assert objects in ([], out.splitlines()[-1:])
        return code, json.loads(objects[0]) if objects else None, out + err

    return call


def test_a_collection_says_what_it_made(collect, tmp_path):
    code, found, words = collect(f"--task reach --task lift --episodes 4 --json {SMALL}")
    assert (code, set(found)) == (0, KEYS)
    assert (found["episodes"], found["tasks"], found["failures"]) == (4, {"reach": 2, "lift": 2}, {})
    assert "attempts     4, failures: none" in words
    assert len(open_dataset(tmp_path / "d")) == 4


def test_without_a_family_cubes_are_placed_on_boxes(collect, tmp_path):
    collect(f"--episodes 1 {SMALL}")
    assert open_dataset(tmp_path / "d").meta(0).task == "place_on"


def test_too_many_failures_are_exit_code_1_with_their_counts(collect, monkeypatch):
    monkeypatch.setattr(Collector, "run", lambda self, attempt, subscribers: ("timed_out", 0))
    code, found, words = collect(f"--task push_to --episodes 1 --json {SMALL}")
    assert (code, found["is_complete"], found["attempts"], found["failures"]) == (1, False, 3, {"timed_out": 3})
    assert "error: push_to did not give its share of 1 episodes in three times as many attempts; failures: " in words


def test_a_collection_is_completed_by_resume(collect):
    collect(f"--task lift --episodes 1 {SMALL}")
    code, found, _ = collect(f"--task lift --episodes 3 --resume --json {SMALL}")
    assert (code, found["collected"], found["episodes"]) == (0, 2, 3)


@pytest.mark.parametrize("name", ["transitions", "moments"])
def test_transitions_are_collected_under_their_name_and_under_the_earlier_one(collect, tmp_path, name):
    code, found, _ = collect(f"--task reach --episodes 2 --format {name} --json {SMALL}")
    assert (code, set(found), found["episodes"]) == (0, {"dataset", "seconds", "episodes", "rows", "pictures"}, 2)
    assert [path.name for path in sorted((tmp_path / "d").iterdir())] == ["block_00000.npz", "plan.json"]


def test_options_reach_the_dataset(collect, tmp_path):
    collect("--task lift --episodes 1 --backend stub --cameras wrist side --size 48 --fps 10 --format manifest --seed 7")
    reader = open_dataset(tmp_path / "d")
    assert (reader.format, reader.info.fps, reader.meta(0).seed) == ("manifest", 10.0, 7)
    assert reader.info.cameras == {"wrist": (48, 48), "side": (48, 48)}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--episodes 0", "--episodes 0: give a whole number from 1"),
        ("--workers 0", "--workers 0: give a whole number from 1"),
        ("--perturb 2", "--perturb 2.0 is a share; give a number within 0 to 1"),
        ("--size 33", "even numbers within 32 to 2048"),
        ("--task lfit", "did you mean 'lift'?"),
        ("--backend isaac", "mujoco"),
        ("--format zarr", "no dataset format named 'zarr'"),
    ],
)
def test_wrong_options_are_exit_code_2(collect, line, words, tmp_path):
    code, _, said = collect(line)
    assert (code, words in said) == (2, True), said
    assert not (tmp_path / "d").exists()


def test_a_dataset_that_is_there_is_exit_code_2_and_stays(collect, tmp_path):
    collect(f"--task lift --episodes 1 {SMALL}")
    code, _, _ = collect(f"--task lift --episodes 1 {SMALL}")
    assert (code, len(open_dataset(tmp_path / "d"))) == (2, 1)


def test_ctrl_c_is_exit_code_130_with_the_way_to_go_on(collect, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "collect", interrupted)
    code, _, words = collect("--episodes 3")
    assert code == 130
    assert "is intact with the episodes collected so far; run the same command with --resume to continue" in words
