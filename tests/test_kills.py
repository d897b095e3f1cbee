"""Ended by a signal at any moment, a command loses no finished work, and the next run ends as an undisturbed one."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from tests.collection.dataset_contents import contents as episodes_of
from tests.ctrl_c import end, is_there, posix, start
from tests.datasets.conftest import make_episode, make_info
from tests.training.conftest import EPISODES, PLAN, SIZE, TINY
from tests.training.conftest import make_episode as make_demonstration
from vla_isaac.collection.collect import dataset_info
from vla_isaac.datasets.formats import create_dataset, open_dataset

pytestmark = posix

CAMERAS = {"front": (64, 64), "wrist": (64, 64)}
BEFORE_PYTHON_CAN_TELL = -signal.SIGTERM
"""Exit code of a process that SIGTERM ends before the first line of this package; 143 in a shell, as after it."""

TIME_TO_END = 15.0
"""Longest time for all processes of a command to end [s], on a machine that does other things as well."""


def shown(path: Path) -> list[str]:
    """Return everything below a folder, hidden files included, but TensorBoard's: it has one file for each run."""
    return sorted(str(entry.relative_to(path)) for entry in path.rglob("*") if "tfevents" not in entry.name)


def dataset(path: Path, number: int = 0, *, length: int = 60) -> Path:
    with create_dataset(path, make_info(CAMERAS), "lerobot") as writer:
        for seed in range(4 * number, 4 * number + 4):
            writer.add(make_episode(seed, length, cameras=CAMERAS))
    return path


def numbers_in(path: Path) -> list[Any]:
    """Return all numbers of a dataset."""
    reader = open_dataset(path)
    episodes = [reader.episode(number) for number in range(len(reader))]
    found = [(e.meta, {name: values.tobytes() for name, values in e.columns.items()}) for e in episodes]
    pictures = [{name: np.asarray(images[:]).tobytes() for name, images in e.images.items()} for e in episodes]
    reader.close()
    return [found, pictures]


def outcomes_in(path: Path) -> list[Any]:
    """Return the results of an evaluation in the order of their seeds, without the seconds they took."""
    header, *lines = (json.loads(line) for line in path.read_text().splitlines())
    return [header, *sorted(({k: v for k, v in line.items() if "seconds" not in k} for line in lines), key=str)]


def weights_in(path: Path) -> list[Any]:
    """Return the files of a training that do not tell when it was."""
    files = ["best/model.safetensors", "last/model.safetensors", "last/training.safetensors", "last/training.json"]
    metrics = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    return [metrics, *((path / name).read_bytes() for name in files)]


def networks_in(path: Path) -> list[bytes]:
    """Return the files of an exported checkpoint."""
    return [file.read_bytes() for file in sorted(path.iterdir())]


@dataclass(frozen=True)
class Case:
    """A command that writes one output."""

    line: str
    """The command, with OUT for its output."""

    output: str
    contents: Callable[[Path], Any]
    """What two undisturbed runs have in common."""

    def start(self, path: Path) -> subprocess.Popen:
        return start(*(str(path) if word == "OUT" else word for word in self.line.split()))

    def is_complete(self, path: Path) -> bool:
        """Tell whether an output that gets its name when it is complete is there, which a second run would refuse."""
        return self.line.startswith("dataset") and path.exists()


@pytest.fixture(scope="module")
def material(tmp_path_factory) -> Path:
    """What the commands read: two datasets, demonstrations, and the recipe of a tiny network."""
    folder = tmp_path_factory.mktemp("material")
    dataset(folder / "a"), dataset(folder / "b", 1)
    return folder


def case(command: str, material: Path) -> Case:
    stub = "--task reach --task lift --backend stub --workers 2 --resume"
    recipe = f"--config {material / 'tiny.yaml'} --data {material / 'tiny.hdf5'} --threads 1 --resume"
    made = {
        "collect": Case(f"collect OUT --cameras front --size 32 --episodes 8 {stub}", "d", episodes_of),
        "eval": Case(f"eval --out OUT --episodes 6 {stub}", "r.jsonl", outcomes_in),
        "merge": Case(f"dataset merge {material / 'a'} {material / 'b'} --out OUT", "m", numbers_in),
        "convert": Case(f"dataset convert {material / 'a'} OUT --to hdf5", "c.hdf5", numbers_in),
        "train": Case(f"train --out OUT {recipe}", "t", weights_in),
        "export": Case(f"export {material / 'trained' / 'best'} --out OUT", "e", networks_in),
    }
    if command in ("train", "export"):
        make_training_material(material)
    return made[command]


def make_training_material(material: Path) -> None:
    pytest.importorskip("onnx")
    if (material / "tiny.yaml").exists():
        return
    with create_dataset(material / "tiny.hdf5", dataset_info(PLAN), "hdf5") as writer:
        for number in range(EPISODES):
            writer.add(make_demonstration(number))
    recipe = {"model": "keypoints", "model_options": TINY, "image_hw": [SIZE, SIZE], "chunk": 4, "batch_size": 16}
    recipe |= {"steps": 60, "epoch_steps": 10, "warmup_steps": 2, "learning_rate": 3e-3, "ema": 0.9, "precision": "fp32"}
    recipe |= {"validation_share": 0.2, "unfitting_share": 0.25, "wordings": 4, "cache_mb": 16}
    (material / "tiny.yaml").write_text(yaml.safe_dump(recipe))
    finish(case("train", material), material / "trained")


def finish(case: Case, path: Path) -> float:
    """Run a command to its end and return how long it took [s]."""
    begin = time.monotonic()
    process = case.start(path)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return time.monotonic() - begin


def disturb(case: Case, path: Path, number: signal.Signals, seconds: float, *, whole_group: bool) -> bool:
    """Start a command and send it a signal some time later; return whether it had ended before."""
    process = case.start(path)
    time.sleep(seconds)
    was_over = process.poll() is not None
    ended = end(process, number, whole_group=whole_group)
    assert not is_there(process.pid), "a process is left"
    assert ended.seconds < TIME_TO_END
    if not was_over and number == signal.SIGTERM:
        assert ended.returncode in (143, BEFORE_PYTHON_CAN_TELL, 0), ended.stderr
        assert not re.search("Traceback|Exception ignored", ended.stderr), ended.stderr
        assert ended.returncode != 143 or "terminated by SIGTERM" in ended.stderr
    return was_over


def survives(case: Case, folder: Path, number: signal.Signals, chance: random.Random, *, times: int, in_a_row: int) -> None:
    """Disturb a command `times` times, `in_a_row` before each run to the end, and compare with an undisturbed run."""
    (folder / "undisturbed").mkdir()
    usual = folder / "undisturbed" / case.output
    seconds = finish(case, usual)
    expected, files, done, late = case.contents(usual), shown(usual.parent), 0, 0
    while done < times:
        path = folder / f"after_{done}_{late}" / case.output
        path.parent.mkdir()
        for k in range(in_a_row):
            if not case.is_complete(path):
                was_over = disturb(case, path, number, chance.uniform(0.05, seconds), whole_group=bool((done + k) % 2))
                done, late = done + (not was_over), late + was_over
        if not case.is_complete(path):
            finish(case, path)
        assert case.contents(path) == expected
        assert shown(path.parent) == files, "a part is left"
        print(f"{case.line.split()[0]} {case.output}: {number.name} {done} times, {late} came too late", flush=True)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("command", ["eval", "convert"])
def test_a_command_ended_once_is_completed_by_the_next_run(command, number, material, tmp_path):
    survives(case(command, material), tmp_path, number, random.Random(command), times=1, in_a_row=1)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize("command", ["collect", "eval", "train", "export", "merge", "convert"])
def test_a_command_ended_thirty_times_is_completed_by_the_next_run(command, number, material, tmp_path):
    survives(case(command, material), tmp_path, number, random.Random(f"{command} {number}"), times=30, in_a_row=6)
