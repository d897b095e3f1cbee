"""A dataset that LeRobot writes, several episodes per file and AV1, opened with our reader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset

from tools.check_lerobot.material import CAMERAS, FEATURES, FPS, HW, LENGTHS, episode, psnr
from vla_isaac.datasets.lerobot.reader import LeRobotReader

GOOD = 28.0  # [dB]
BACKGROUND = {"dtype": "image", "shape": (16, 16, 3), "names": ["height", "width", "channels"]}


def check(work: Path) -> Iterator[str]:
    """Yield what is wrong, and print what was found."""
    root = work / "theirs"
    write(root)
    reader = LeRobotReader(root)
    worst, compared = 99.0, 0
    for number in range(len(LENGTHS)):
        wanted, found = episode(number), reader.episode(number)
        if found.meta.instruction != wanted.meta.instruction:
            yield f"theirs: episode {number} has the instruction {found.meta.instruction!r}"
        for name in FEATURES:
            compared += found.columns[name].size
            if found.columns[name].tobytes() != wanted.columns[name].tobytes():
                yield f"theirs: episode {number}, {name} differs"
        worst = min([worst, *(psnr(found.images[camera][:], wanted.images[camera]) for camera in CAMERAS)])
        if not np.array_equal(found.images["map"][:], wanted.images["front"][:, :16, :16]):
            yield f"theirs: episode {number}: pictures inside the rows differ"
    files = len(list(root.glob("videos/*/*/*.mp4")))
    about = f"{len(reader)} episodes in {files} videos, {compared} numbers compared bit by bit"
    print(f"theirs, av1: {about}, worst picture {worst:.1f} dB")
    if worst < GOOD or len(reader) != len(LENGTHS):
        yield f"theirs: {len(reader)} episodes, worst picture {worst:.1f} dB"


def write(root: Path) -> None:
    """Write the dataset with LeRobot's own writer."""
    features = {
        name: {"dtype": f.dtype, "shape": f.shape, "names": list(f.names) if f.names else None}
        for name, f in FEATURES.items()
    }
    for camera in CAMERAS:
        features[f"observation.images.{camera}"] = {
            "dtype": "video",
            "shape": (*HW, 3),
            "names": ["height", "width", "channels"],
        }
    features["observation.images.map"] = BACKGROUND
    dataset = LeRobotDataset.create("theirs/written", int(FPS), features, root=root, robot_type="franka_panda")
    for number in range(len(LENGTHS)):
        wanted = episode(number)
        for t in range(len(wanted)):
            frame = {name: values[t] for name, values in wanted.columns.items()}
            frame |= {f"observation.images.{camera}": images[t] for camera, images in wanted.images.items()}
            frame["observation.images.map"] = np.ascontiguousarray(wanted.images["front"][t, :16, :16])
            dataset.add_frame({**frame, "task": wanted.meta.instruction})
        dataset.save_episode(parallel_encoding=False)
    dataset.finalize()
