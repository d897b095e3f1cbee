"""Killed at any moment, a collection keeps what was finished, and `--resume` completes it without duplicates."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.collection.dataset_contents import contents, differences
from tests.ctrl_c import interrupted, posix

OPTIONS = "--task reach --task lift --backend stub --cameras front --size 32 --perturb 0.5 --workers 2 --resume"
FORMATS = {"lerobot": "d", "manifest": "d", "hdf5": "d.hdf5"}


def command(path: Path, format: str, *, episodes: int) -> list[str]:
    return ["collect", str(path), "--format", format, "--episodes", str(episodes), *OPTIONS.split()]


def start(path: Path, format: str, *, episodes: int = 8) -> subprocess.Popen:
    words = [sys.executable, "-m", "vla_isaac", *command(path, format, episodes=episodes)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(path: Path, format: str, *, episodes: int = 8) -> None:
    process = start(path, format, episodes=episodes)
    _, words = process.communicate(timeout=120)
    assert process.returncode == 0, words.decode()


def children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill(process: subprocess.Popen) -> list[int]:
    """Kill it without a word and return the processes it had started."""
    workers = children(process.pid)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return workers


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """What an undisturbed collection holds, by format."""
    found = {}

    def get(format: str) -> list[tuple]:
        if format not in found:
            path = tmp_path_factory.mktemp(format) / FORMATS[format]
            finish(path, format)
            found[format] = contents(path)
        return found[format]

    return get


def survives(path: Path, format: str, moments: list[float], expected: list[tuple]) -> None:
    for seconds in moments:
        process = start(path, format)
        time.sleep(seconds)
        kill(process)
    finish(path, format)
    found = contents(path)
    assert len({episode[0] for episode in found}) == len(found) == 8
    assert differences(found, expected) == []


THREE_TIMES = [pytest.param(name, 3, marks=pytest.mark.slow) for name in FORMATS]


@pytest.mark.parametrize(("format", "times"), [*((name, 1) for name in FORMATS), *THREE_TIMES])
def test_a_collection_killed_once_or_thrice_ends_as_if_it_never_was(format, times, expected, tmp_path):
    rng = random.Random(format)
    survives(tmp_path / FORMATS[format], format, [rng.uniform(0.6, 2.5) for _ in range(times)], expected(format))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(50))
def test_a_collection_killed_at_any_moment_ends_as_if_it_never_was(seed, expected, tmp_path):
    rng = random.Random(seed)
    format = list(FORMATS)[seed % 3]
    survives(tmp_path / FORMATS[format], format, [rng.uniform(0.3, 3.0) for _ in range(2)], expected(format))


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux to see the processes of a process")
def test_workers_end_with_the_process_that_started_them(tmp_path):
    process = start(tmp_path / "d", "lerobot")
    deadline = time.monotonic() + 120
    while len(workers := children(process.pid)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)
    workers = kill(process) or workers
    assert len(workers) >= 2
    deadline = time.monotonic() + 10
    while any(map(is_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [pid for pid in workers if is_alive(pid)] == []


@posix
def test_ctrl_c_ends_with_130_keeps_the_data_and_says_how_to_go_on(tmp_path):
    begun, undisturbed = tmp_path / "begun", tmp_path / "undisturbed"
    options = command(begun, "lerobot", episodes=40)  # far more than are made while a busy machine wakes us
    ended = interrupted(*options, when=lambda: any(begun.glob("videos/*/*/*.mp4")))
    assert ended.returncode == 130, ended.stderr
    assert ended.seconds < 5, "the program, its two workers included, has ended"
    assert "run the same command with --resume to continue" in ended.stderr
    assert "Traceback" not in ended.stderr
    kept = len(contents(begun))
    assert 0 < kept < 40
    for path in (begun, undisturbed):
        finish(path, "lerobot", episodes=kept + 4)
    assert differences(contents(begun), contents(undisturbed)) == []
