"""A writer killed at any moment leaves every finished episode and nothing else."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.datasets.conftest import make_episode, make_info
from tests.datasets.lerobot.endless_writer import SMALL
from vla_isaac.datasets.formats import READERS, create_dataset
from vla_isaac.datasets.lerobot.writer import repair
from vla_isaac.datasets.staging import Staging

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = "tests.datasets.lerobot.endless_writer"


def write_until_killed(folder: Path, format: str, after: float, *, episodes: int = 0) -> None:
    """Let a process write so many episodes, and kill it some seconds after the last of them."""
    command = [sys.executable, "-m", PROGRAM, str(folder), format]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stderr is not None
        if child.stdout.readline() != b"ready\n":
            raise AssertionError(child.stderr.read().decode())
        for _ in range(episodes):
            child.stdout.readline()
        time.sleep(after)
        child.kill()


def check_whole(folder: Path, format: str) -> int:
    """Check that each listed episode is complete and the one it should be; return how many there are."""
    reader = READERS.load(format)(folder)
    for number in range(len(reader)):
        found, wanted = (
            reader.episode(number),
            make_episode(number, 4 + number % 3, cameras=SMALL, instruction=f"do {number % 5}"),
        )
        assert found.meta == wanted.meta
        assert all(found.columns[name].tobytes() == wanted.columns[name].tobytes() for name in wanted.columns)
        assert all(found.images[name][:].shape == (len(wanted), 16, 16, 3) for name in SMALL)
    reader.close()
    return len(reader)


def kill_repeatedly(folder: Path, format: str, times: int) -> None:
    chance = random.Random(11)
    before = 0
    for _ in range(times):
        write_until_killed(folder, format, chance.uniform(0.0, 0.2), episodes=chance.randrange(3))
        now = check_whole(folder, format)
        assert now >= before
        before = now
    assert before >= times // 2, "on average one of each process, whatever it was about to write"


@pytest.mark.parametrize("format", ["lerobot", pytest.param("lerobot-v2.1", marks=pytest.mark.slow)])
def test_every_finished_episode_survives_ten_kills_and_nothing_half_written_is_listed(tmp_path, format):
    kill_repeatedly(tmp_path / "set", format, 10)


@pytest.mark.slow
@pytest.mark.parametrize("format", ["lerobot", "lerobot-v2.1"])
def test_every_finished_episode_survives_fifty_kills(tmp_path, format):
    kill_repeatedly(tmp_path / "set", format, 50)


def test_repairing_after_a_kill_leaves_only_files_of_finished_episodes(tmp_path):
    folder = tmp_path / "set"
    write_until_killed(folder, "lerobot", 0.3)
    count = repair(folder)
    assert count == check_whole(folder, "lerobot")
    assert len(list(folder.glob("data/*/*"))) == len(list(folder.glob("meta/episodes/*/*"))) == count
    assert len(list(folder.glob("videos/*/*/*"))) == 2 * count
    assert not (folder / ".writing").exists()
    assert not (folder / ".writer-lock").exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("format", ["lerobot", "lerobot-v2.1"])
@pytest.mark.parametrize("renames", range(7))
def test_a_writer_that_ends_between_two_renames_leaves_whole_episodes(tmp_path, monkeypatch, format, renames):
    folder, infos = tmp_path / "set", make_info(SMALL)
    with create_dataset(folder, infos, format) as writer:
        writer.add(make_episode(0, 4, cameras=SMALL, instruction="do 0"))
    if not (child := os.fork()):
        writer = create_dataset(folder, infos, format, resume=True)
        left, commit = iter(range(renames)), Staging.commit
        monkeypatch.setattr(Staging, "commit", lambda *args: os._exit(0) if next(left, None) is None else commit(*args))
        writer.add(make_episode(1, 5, cameras=SMALL, instruction="do 1"))
        os._exit(0)
    os.waitpid(child, 0)
    finished = check_whole(folder, format)
    with create_dataset(folder, infos, format, resume=True) as writer:
        assert len(writer) == finished
        writer.add(make_episode(finished, 4 + finished % 3, cameras=SMALL, instruction=f"do {finished}"))
    assert check_whole(folder, format) == finished + 1
    assert json.loads((folder / "meta/info.json").read_text())["total_episodes"] == finished + 1
    assert len(list(folder.glob("videos/*/*/*.mp4"))) == 2 * (finished + 1)
