"""`RobomimicWriter`: write each demo to its own file; `close` copies them, still compressed, into one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.atomic_files import atomic_path
from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.core.input_files import parse_json
from vla_isaac.core.interrupts import interrupts_deferred
from vla_isaac.core.locks import FolderLock
from vla_isaac.datasets.compatibility import check_episode, check_same_info
from vla_isaac.datasets.description import info_to_json, write_json
from vla_isaac.datasets.episode import Episode, Images
from vla_isaac.datasets.formats import DatasetInfo, DatasetWriter
from vla_isaac.datasets.meta_json import meta_to_json
from vla_isaac.datasets.robomimic.layout import (
    ABOUT,
    ABOUT_FILE,
    ENDINGS,
    h5,
    open_h5,
    part_path,
    parts_folder,
    picture_place,
    place,
)
from vla_isaac.datasets.robomimic.new_file import new_h5
from vla_isaac.datasets.robomimic.reader import RobomimicReader
from vla_isaac.datasets.untrusted_paths import COPY_AGAIN

GZIP_LEVEL = 4  # the level h5py itself takes; every HDF5 library reads it
ENV_TYPE = 2  # robomimic's EnvType.GYM_TYPE: the nearest it has for an environment it does not know
DEFAULT_MASK = "train"


class RobomimicWriter(DatasetWriter):
    """A file that gets its name when it is complete; a kill leaves ``NAME.hdf5.parts``, which can be read and resumed."""

    def __init__(self, path: Path, info: DatasetInfo, *, resume: bool = False) -> None:
        """Begin a dataset, or resume one.

        Raises:
            UsageError: If the path has other content, another writer uses it, or `info` differs on resuming.
        """
        h5()
        if path.suffix.lower() not in ENDINGS:
            raise UsageError(f"dataset {path}: an HDF5 file ends in .hdf5, for example {path.with_suffix('.hdf5')}")
        self.path, self.info = path, info
        parts = parts_folder(path)
        if (path.exists() or parts.exists()) and not resume:
            raise UsageError(
                f"dataset {path}: exists already",
                remedy="choose another path, or resume it with {resume}",
                options={"resume": True},
            )
        self._num_merged = self._check_old(path) if path.exists() else 0
        self._number = self._num_merged
        is_new = not (parts / ABOUT_FILE).exists()
        parts.mkdir(parents=True, exist_ok=True)
        self._lock: FolderLock | None = FolderLock(parts)
        if is_new:
            write_json(parts / ABOUT_FILE, info_to_json(info))
        try:
            self._check_old(parts)
        except BaseException:
            self._lock.release()
            raise
        while part_path(path, self._number).exists():
            self._number += 1

    def add(self, episode: Episode) -> int:
        """Write one demo to its own file, which is renamed when it is complete."""
        check_episode(self.info, episode, where=f"dataset {self.path}, episode {self._number}")
        path = part_path(self.path, self._number)
        with interrupts_deferred(), atomic_path(path, only_writer=True) as part, new_h5(part) as file:
            _write_demo(file.create_group("data/demo"), episode, self.info)
        self._number += 1
        return self._number - 1

    def close(self) -> None:
        """Copy all finished demos into the file and rename it into place."""
        if self._lock is None:
            return
        try:
            with (
                interrupts_deferred() as raise_now,
                atomic_path(self.path, only_writer=True) as part,
                new_h5(part) as file,
            ):
                self._merge(file, raise_now)
        finally:
            self.abandon()
        shutil.rmtree(parts_folder(self.path), ignore_errors=True)

    def abandon(self) -> None:
        """Release the lock; the finished episodes stay in their parts."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _check_old(self, path: Path) -> int:
        with closing(RobomimicReader(path)) as old:
            check_same_info(old.info, self.info, where=f"dataset {self.path}")
            return len(old)

    def _merge(self, file: Any, raise_now: Callable[[], None]) -> None:
        data = file.create_group("data")
        if self._num_merged:
            with open_h5(self.path) as old:
                for number in range(self._num_merged):
                    raise_now()
                    old.copy(f"data/demo_{number}", data)
        for number in range(self._num_merged, self._number):
            raise_now()
            with open_h5(part_path(self.path, number)) as part:
                part.copy("data/demo", data, name=f"demo_{number}")
        demos = [data[f"demo_{number}"] for number in range(self._number)]
        metas = [parse_json(demo.attrs[ABOUT], self.path, error=DatasetError, remedy=COPY_AGAIN) for demo in demos]
        data.attrs["total"] = sum(int(demo.attrs["num_samples"]) for demo in demos)
        data.attrs["env_args"] = json.dumps(_env_args(self.info, metas))
        data.attrs[ABOUT] = json.dumps(info_to_json(self.info))
        for mask, names in _masks(metas).items():
            file[f"mask/{mask}"] = np.array(names, dtype="S")


def _write_demo(demo: Any, episode: Episode, info: DatasetInfo) -> None:
    arrays = {place(name): episode.columns[name] for name in info.features}
    arrays["dones"] = arrays.get("dones", _last_row_is_one(len(episode))).reshape(-1).astype(np.int64)
    arrays["rewards"] = arrays.get("rewards", _sparse_reward(episode)).reshape(-1)
    arrays.setdefault("states", _robot_state(episode))
    for where, values in arrays.items():
        demo.create_dataset(where, data=values)
    for camera in info.cameras:
        _write_pictures(demo, picture_place(camera), episode.images[camera])
    demo.attrs["num_samples"] = len(episode)
    if episode.meta.success is not None:
        demo.attrs["success"] = episode.meta.success  # as Isaac Lab's recorder and its tools have it
    demo.attrs["ep_meta"] = json.dumps({"lang": episode.meta.instruction})
    demo.attrs[ABOUT] = json.dumps(meta_to_json(episode.meta))


def _write_pictures(demo: Any, where: str, images: Images) -> None:
    """Write images in chunks of one, so that a trainer decompresses only those it uses."""
    array = demo.create_dataset(
        where,
        shape=images.shape,
        dtype="uint8",
        chunks=(1, *images.shape[1:]),
        compression="gzip",
        compression_opts=GZIP_LEVEL,
    )
    for t in range(len(images)):
        array[t] = images[t]


def _last_row_is_one(length: int) -> AnyArray:
    return np.arange(length) == length - 1


def _sparse_reward(episode: Episode) -> AnyArray:
    """Return robomimic's usual reward: 1 where the task is done, else 0."""
    found = episode.columns.get("next.success", np.zeros(len(episode)))
    return found.astype(np.float32)


def _robot_state(episode: Episode) -> AnyArray:
    """Return `states` without the simulator's own state: the observation of the robot before each action."""
    known = [episode.columns[n] for n in ("observation.state", "observation.velocity") if n in episode.columns]
    return np.concatenate(known, axis=1) if known else np.zeros((len(episode), 0), np.float32)


def _env_args(info: DatasetInfo, metas: list[dict[str, Any]]) -> dict[str, Any]:
    tasks = {meta["task"] or meta["scene"] for meta in metas}
    kwargs = {"control_freq": info.fps, "robots": [info.robot_type], "camera_names": list(info.cameras)}
    return {"env_name": tasks.pop() if len(tasks) == 1 else "vla_isaac", "type": ENV_TYPE, "env_kwargs": kwargs}


def _masks(metas: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return the demos under each mask that their `extra["masks"]` names; all are for training where none is named."""
    found: dict[str, list[str]] = {}
    for number, meta in enumerate(metas):
        for mask in meta["extra"].get("masks", [DEFAULT_MASK]):
            found.setdefault(mask, []).append(f"demo_{number}")
    return found
