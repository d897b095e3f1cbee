"""`SpoolReader`: read recordings of the panel in Isaac Sim (see `runtime.spool`) as the episodes of a dataset.

Inside Kit neither videos nor Parquet can be written; an ordinary Python reads the recording and converts it to any format.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.collection.recorder import action_columns, dataset_columns, episode_meta
from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.config import from_mapping, to_mapping
from vla_isaac.core.contained_paths import contained_file
from vla_isaac.core.errors import ConfigError, DatasetError, UsageError
from vla_isaac.core.input_files import read_json_object, reading
from vla_isaac.core.specs import ActionSpec
from vla_isaac.datasets.episode import OUTCOME, PROPRIOCEPTION, Episode, EpisodeMeta
from vla_isaac.datasets.formats import DatasetInfo
from vla_isaac.datasets.meta_json import meta_from_json, meta_to_json
from vla_isaac.datasets.picture_kinds import as_rgb, picture_axes, warn_left_out, why_array_is_left_out
from vla_isaac.datasets.sentences import subtask_annotations
from vla_isaac.runtime import spool

RGB = "rgb_"
REMEDY = "record the episode again, or remove the file"


class SpoolReader:
    """The complete episodes of a recording, oldest first.

    The state after the last step is not recorded, so the last row of ``action.executed`` repeats the commanded one.
    """

    format = "spool"

    def __init__(self, path: Path) -> None:
        """Open a recording.

        Raises:
            UsageError: If it has no complete episode.
            DatasetError: If its first episode is broken.
        """
        self.path = Path(path)
        self._files = spool.episodes(self.path)
        if not self._files:
            raise UsageError(f"{path}: this recording has no finished episode; record one, or give another folder")
        self._read = lru_cache(maxsize=1)(self._load)  # the images of an episode are large
        first = self.episode(0)
        self._spec = self._action(0)[1]
        self.info = DatasetInfo(
            fps=first.meta.fps,
            features={"action": action_columns(self._spec), **PROPRIOCEPTION, **OUTCOME},
            cameras={name: (images.shape[1], images.shape[2]) for name, images in first.images.items()},
            action_spec=first.meta.action_spec,
        )

    @staticmethod
    def recognises(path: Path) -> bool:
        """Return whether a folder holds a recording."""
        about = Path(path) / "meta.json"
        with contextlib.suppress(DatasetError):
            return about.is_file() and read_json_object(about, error=DatasetError, remedy=REMEDY).get("kind") == spool.KIND
        return False

    def __len__(self) -> int:
        return len(self._files)

    def length(self, episode: int) -> int:
        """Return the number of rows of an episode."""
        return len(self._arrays(episode)["qpos"])

    def meta(self, episode: int) -> EpisodeMeta:
        """Return the metadata of an episode."""
        about = self._about(episode)
        pictures = self._images(self._arrays(episode))
        with self._reading(episode):
            meta = episode_meta(
                about,
                about["result"],
                {name: values.shape[1:3] for name, values in pictures.items()},
                scene=about["scene"]["name"],
                action_spec=to_mapping(self._action(episode)[1]),
                versions={},
                extra={"pictures_dropped": about["pictures_dropped"]},
                annotations=subtask_annotations(about.get("subtasks", ()), about["control_hz"]),
            )
            return meta_from_json(meta_to_json(meta), source=str(self._files[episode]))

    def columns(self, episode: int, names: Sequence[str] | None = None) -> Mapping[str, AnyArray]:
        """Return the columns of an episode."""
        arrays, about = self._arrays(episode), self._about(episode)
        actions, spec = self._action(episode)
        features = {"action": action_columns(spec), **PROPRIOCEPTION, **OUTCOME}
        with self._reading(episode):
            values = {
                **arrays,
                "action": actions,
                "next_qpos": np.concatenate([arrays["qpos"][1:], arrays["target_qpos"][-1:]]),
                "next_gripper_width": np.concatenate([arrays["gripper_width"][1:], arrays["target_gripper_width"][-1:]]),
                "success": (np.arange(len(actions)) == len(actions) - 1) & bool(about["result"]["success"]),
            }
            return dataset_columns(values, {name: features[name] for name in (features if names is None else names)})

    def episode(self, episode: int) -> Episode:
        """Return an episode with its images.

        Raises:
            DatasetError: If its file is broken.
        """
        with self._reading(episode):
            images = self._images(self._arrays(episode))
            return Episode(meta=self.meta(episode), columns=self.columns(episode), images=images)

    def close(self) -> None:
        """Clear the cache."""
        self._read.cache_clear()

    def _images(self, arrays: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
        """Return the color pictures by camera; others are left out with a warning."""
        images = {}
        for name, values in arrays.items():
            why = why_array_is_left_out(values.shape, values.dtype) if name.startswith(RGB) else ""
            if why:
                warn_left_out(self.path, name.removeprefix(RGB), why)
            elif name.startswith(RGB):
                images[name.removeprefix(RGB)] = as_rgb(values, picture_axes(values.shape[1:]))
        return images

    def _action(self, episode: int) -> tuple[AnyArray, ActionSpec]:
        """Return the actions with a gripper value in every row, and their convention."""
        arrays, about = self._arrays(episode), self._about(episode)
        with self._reading(episode):
            spec = from_mapping(ActionSpec, about["action_spec"], source=str(self._files[episode]))
            gripper = arrays["action_gripper"].astype(np.float64)
            given = np.flatnonzero(~np.isnan(gripper))
            if spec.gripper == "none" or len(given) == 0:
                return arrays["action_arm"], replace(spec, gripper="none")
            last = np.maximum.accumulate(np.where(np.isnan(gripper), given[0], np.arange(len(gripper))))
            return np.concatenate([arrays["action_arm"], gripper[last][:, None]], axis=1), spec

    def _reading(self, episode: int) -> contextlib.AbstractContextManager[None]:
        return reading(self._files[episode], error=DatasetError, remedy=REMEDY)

    def _arrays(self, episode: int) -> dict[str, AnyArray]:
        return self._read(episode)[0]

    def _about(self, episode: int) -> dict[str, Any]:
        return self._read(episode)[1]

    def _load(self, episode: int) -> tuple[dict[str, AnyArray], dict[str, Any]]:
        if not 0 <= episode < len(self):
            raise UsageError(f"{self.path}: there is no episode {episode}; it has {len(self)}, counted from 0")
        path = contained_file(self.path, self._files[episode], error=DatasetError)
        try:
            arrays, about = spool.read_episode(path)
        except ConfigError as error:
            raise DatasetError(error.message, remedy=error.remedy) from error
        lengths = {name: len(values) if values.ndim else 0 for name, values in arrays.items()}
        rows = lengths.get("qpos", 0)
        wrong = [name for name in sorted({"qpos", *spool.ARRAYS, *arrays}) if lengths.get(name) != rows or not rows]
        if wrong:
            raise DatasetError(f"{path}: {wrong[0]} has {lengths.get(wrong[0], 'no')} rows, qpos has {rows}", remedy=REMEDY)
        wrong = [name for name in spool.ARRAYS if arrays[name].dtype.kind not in "fiub"]
        wrong += [n for n, v in arrays.items() if n.startswith(RGB) and v.ndim < 3]
        if wrong:
            raise DatasetError(f"{path}: {wrong[0]} is {arrays[wrong[0]].dtype}{arrays[wrong[0]].shape}", remedy=REMEDY)
        return arrays, about
