"""Datasets that we write, opened with the real `LeRobotDataset`."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from lerobot.datasets.compute_stats import aggregate_stats, get_feature_stats
from lerobot.datasets.lerobot_dataset import LeRobotDataset
from lerobot.datasets.v30.convert_dataset_v21_to_v30 import convert_dataset

from tools.check_lerobot.material import CAMERAS, FEATURES, INFO, LENGTHS, episode, psnr
from vla_isaac.datasets.formats import create_dataset
from vla_isaac.datasets.lerobot.merge import merge
from vla_isaac.datasets.lerobot.reader import LeRobotReader
from vla_isaac.datasets.lerobot.rows import read_statistics
from vla_isaac.datasets.lerobot.writer import LeRobotWriter, repair

GOOD = 28.0  # [dB]


def check(work: Path) -> Iterator[str]:
    """Yield what is wrong, and print what was found."""
    for codec in ("h264", "av1"):
        with LeRobotWriter(work / codec, INFO, codec=codec) as writer:
            for number in range(len(LENGTHS)):
                writer.add(episode(number))
        for backend in ("torchcodec", "pyav"):
            yield from compare(f"ours, {codec}, {backend}", work / codec, range(len(LENGTHS)), backend)
    yield from compare_statistics(work / "h264")
    merge([work / "h264", work / "h264"], work / "merged")
    yield from compare("ours, two merged into one", work / "merged", [*range(len(LENGTHS))] * 2, "pyav")
    yield from go_on(work / "h264")
    yield from killed(work / "killed")
    with create_dataset(work / "v21", INFO, "lerobot-v2.1") as v21:
        for number in range(len(LENGTHS)):
            v21.add(episode(number))
    convert_dataset("v21", root=work, push_to_hub=False)
    yield from compare("ours, v2.1, converted to v3.0 by LeRobot", work / "v21", range(len(LENGTHS)), "pyav")


def compare(name: str, root: Path, numbers: Any, backend: str) -> Iterator[str]:
    """Compare each number and each picture of a dataset with what was given to the writer."""
    try:
        dataset = LeRobotDataset("ours/checked", root=root, video_backend=backend)
        dataset[0]
    except (ImportError, RuntimeError, OSError) as error:
        if backend == "torchcodec" and "libtorchcodec" in str(error):
            print(f"{name}: torchcodec does not load here (no FFmpeg libraries)")
            return
        raise
    row, compared, worst = 0, 0, 99.0
    for place, number in enumerate(numbers):
        wanted = episode(number)
        for t in range(len(wanted)):
            item = dataset[row]
            row += 1
            for column in FEATURES:
                found = item[column].numpy().reshape(wanted.columns[column][t].shape)
                compared += found.size
                if found.tobytes() != wanted.columns[column][t].tobytes():
                    yield f"{name}: episode {place}, row {t}, {column} is {found}, should be {wanted.columns[column][t]}"
            if (
                item["task"] != wanted.meta.instruction
                or int(item["episode_index"]) != place
                or int(item["frame_index"]) != t
            ):
                yield f"{name}: episode {place}, row {t}: task {item['task']!r}, episode {item['episode_index']}"
            for camera in CAMERAS:
                shown = np.round(item[f"observation.images.{camera}"].numpy().transpose(1, 2, 0) * 255)
                worst = min(worst, psnr(shown, wanted.images[camera][t]))
    if row != len(dataset) or worst < GOOD:
        yield f"{name}: {row} rows compared of {len(dataset)}, worst picture {worst:.1f} dB"
    about = f"{dataset.num_episodes} episodes, {row} rows, {compared} numbers compared bit by bit"
    print(f"{name}: {about}, worst picture {worst:.1f} dB")


def killed(root: Path) -> Iterator[str]:
    """Kill a process that writes, several times, and open what is left with LeRobot, before our repair and after it."""
    chance, seen = random.Random(5), []
    for _ in range(10):
        command = [sys.executable, "-m", "tools.check_lerobot.endless", str(root)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(chance.uniform(0.05, 0.3))
            child.kill()
        finished = len(LeRobotReader(root))
        if not finished:
            continue
        before = opened(root)
        repaired = repair(root)
        after = opened(root)
        seen.append((finished, before, after))
        if not finished - 1 <= before <= finished == repaired == after:
            yield f"killed: {finished} episodes were finished, LeRobot opens {before}, after the repair {after}"
    print(
        "killed 10 times; episodes finished, opened by LeRobot, opened after repair:", *("/".join(map(str, s)) for s in seen)
    )


def opened(root: Path) -> int:
    """Return how many episodes LeRobot finds, after it has decoded a picture of the last."""
    dataset = LeRobotDataset("ours/checked", root=root, video_backend="pyav")
    if not int(dataset[len(dataset) - 1]["episode_index"]) == dataset.num_episodes - 1:
        raise AssertionError("the last row is not of the last episode")
    return int(dataset.num_episodes)


def compare_statistics(root: Path) -> Iterator[str]:
    """Compare our statistics with LeRobot's own functions on the same numbers."""
    ours = read_statistics(root)
    largest = quantile = 0.0
    for number, held in enumerate(ours):
        for column, values in episode(number).columns.items():
            theirs = get_feature_stats(values.astype(np.float64), axis=0, keepdims=False)
            spread = np.maximum(np.ptp(values.astype(np.float64), axis=0), 1e-9)
            for key, value in theirs.items():
                off = float(np.max(np.abs(held[column][key] - value) / (spread if key != "count" else 1)))
                quantile, largest = (max(quantile, off), largest) if key[0] == "q" else (quantile, max(largest, off))
    total = LeRobotDataset("ours/checked", root=root).meta.stats
    again = aggregate_stats(ours)
    whole = max(float(np.max(np.abs(total[c][k] - v))) for c, keys in again.items() for k, v in keys.items())
    print(f"statistics of episodes: mean, std, min, max, count within {largest:.1e} of the range, quantiles {quantile:.1e}")
    print(f"statistics of the whole: within {whole:.1e} of LeRobot's aggregate_stats")
    if largest > 1e-8 or quantile > 4e-4 or whole > 1e-9:
        yield "statistics differ from LeRobot's"


def go_on(root: Path) -> Iterator[str]:
    """Let LeRobot itself add an episode to our dataset, and read all of it with our reader."""
    dataset = LeRobotDataset("ours/checked", root=root, vcodec="h264")
    extra = episode(1)
    for t in range(len(extra)):
        frame = {name: values[t] for name, values in extra.columns.items()}
        frame |= {f"observation.images.{camera}": images[t] for camera, images in extra.images.items()}
        dataset.add_frame({**frame, "task": extra.meta.instruction})
    dataset.save_episode(parallel_encoding=False)
    dataset.finalize()
    reader = LeRobotReader(root)
    same = all(np.array_equal(reader.columns(3)[name], values) for name, values in extra.columns.items())
    worst = min(psnr(reader.episode(3).images[c][:], extra.images[c]) for c in CAMERAS)
    print(f"LeRobot added an episode to ours: {len(reader)} episodes, numbers equal: {same}, pictures {worst:.1f} dB")
    if len(reader) != 4 or not same or reader.meta(0) != episode(0).meta:
        yield "an episode that LeRobot added to our dataset does not read back"
