"""`LeRobotReader`: LeRobot v3.0 datasets, ours and those that LeRobot wrote, with pictures decoded when asked for."""

from __future__ import annotations

import io
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np

from vla_isaac.core.arrays import AnyArray, Image
from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.datasets.episode import Episode, EpisodeMeta, Feature, Images
from vla_isaac.datasets.images_on_disk import decode_picture
from vla_isaac.datasets.lerobot.description import Camera, cameras_of, has_version, info_of, read_json
from vla_isaac.datasets.lerobot.layout import BOOKKEEPING, DATA, INFO, VIDEO
from vla_isaac.datasets.lerobot.rows import EpisodeRow, Place, read_rows
from vla_isaac.datasets.meta_json import meta_from_json
from vla_isaac.datasets.parquet import open_file, read_table, to_numpy
from vla_isaac.datasets.video_files import VideoImages, release_videos

KNOWN_FILES = 64  # whose row groups are remembered


class LeRobotReader:
    """Several episodes may share a file; each is found by its number in the rows."""

    format = "lerobot"

    def __init__(self, path: str | Path) -> None:
        """Read what it holds; no numbers or pictures yet.

        Raises:
            UsageError: If there is no LeRobot v3 dataset.
            DatasetError: If its description is broken, or names files outside of it.
        """
        self.path = Path(path)
        if not self.recognises(self.path):
            raise UsageError(f"dataset {self.path}: is no LeRobot v3 dataset ({INFO} is missing or says another version)")
        self._data = read_json(self.path / INFO)
        self.info = info_of(self.path, self._data)
        self._cameras = cameras_of(self._data)
        self.rows = read_rows(self.path, [camera.key for camera in self._cameras.values() if camera.is_video])
        self._groups: OrderedDict[Path, list[tuple[int, int]]] = OrderedDict()
        self._check_templates()

    @staticmethod
    def recognises(path: Path) -> bool:
        """Tell whether a folder holds such a dataset."""
        return has_version(Path(path), "v3")

    def __len__(self) -> int:
        """Number of finished episodes."""
        return len(self.rows)

    def length(self, episode: int) -> int:
        """Return how many rows an episode has."""
        return self._row(episode).length

    def meta(self, episode: int) -> EpisodeMeta:
        """Return what it is about; of a dataset of others, only the instruction and the rate are known."""
        row = self._row(episode)
        if row.meta:
            return meta_from_json(json.loads(row.meta))
        extra = {"tasks": list(row.tasks)} if len(row.tasks) > 1 else {}
        return EpisodeMeta(instruction=row.tasks[0] if row.tasks else "", fps=self.info.fps, extra=extra)

    def columns(self, episode: int, names: Sequence[str] | None = None) -> Mapping[str, AnyArray]:
        """Return its numbers, all columns or the named ones."""
        chosen = list(self.info.features if names is None else names)
        unknown = [name for name in chosen if name not in self.info.features and name not in BOOKKEEPING]
        if unknown:
            raise UsageError(f"dataset {self.path}: has no column {unknown[0]!r}; it has {', '.join(self.info.features)}")
        table = self.table(episode, chosen)
        return {name: self._numbers(table[name], name, episode) for name in chosen}

    def episode(self, episode: int) -> Episode:
        """Return all of it; pictures are decoded when they are asked for.

        Raises:
            DatasetError: If a file of it is missing or broken; the message names file and episode.
        """
        images = {name: self._images(self._row(episode), name, camera) for name, camera in self._cameras.items()}
        return Episode(meta=self.meta(episode), columns=self.columns(episode), images=images)

    def close(self) -> None:
        """Close the videos; may be called twice."""
        release_videos(self.path)

    def table(self, episode: int, names: Sequence[str] | None = None) -> Any:
        """Return the rows of an episode as they are stored.

        Raises:
            DatasetError: If the file is missing or broken, or has not all its rows.
        """
        row = self._row(episode)
        path = row.data.path(self.path, self._data_path)
        try:
            groups = [k for k, (first, last) in enumerate(self._known_groups(path)) if first <= row.number <= last]
            table = read_table(path, None if names is None else list({*names, "episode_index"}), groups)
        except DatasetError as error:
            raise DatasetError(f"episode {episode}: {error}") from error
        is_ours = to_numpy(table["episode_index"], BOOKKEEPING["episode_index"])[:, 0] == row.number
        if is_ours.sum() != row.length:
            raise DatasetError(
                f"episode {episode}: {path} has {is_ours.sum()} of its {row.length} rows; copy the dataset again"
            )
        return table.filter(is_ours) if not is_ours.all() else table

    def video_path(self, episode: int, key: str) -> Path:
        """Return the video file that an episode's pictures are in."""
        return self._row(episode).videos[key].path(self.path, self._video_path, video_key=key)

    def first_frame(self, episode: int, key: str) -> int:
        """Return the number of an episode's first picture in its video file."""
        return round(self._row(episode).videos[key].from_timestamp * self.info.fps)

    @property
    def cameras(self) -> Mapping[str, Camera]:
        """Where the pictures of each camera are."""
        return self._cameras

    @property
    def _data_path(self) -> str:
        return self._data.get("data_path") or DATA

    @property
    def _video_path(self) -> str:
        return self._data.get("video_path") or VIDEO

    def _check_templates(self) -> None:
        """Raise before anything else is read if numbers or pictures would come from outside the dataset."""
        some = Place(0, 0)
        some.path(self.path, self._data_path)
        for key in (camera.key for camera in self._cameras.values() if camera.is_video):
            some.path(self.path, self._video_path, video_key=key)

    def _row(self, episode: int) -> EpisodeRow:
        if not 0 <= episode < len(self.rows):
            raise UsageError(f"dataset {self.path}: has no episode {episode}; it has {len(self.rows)}, numbered from 0")
        return self.rows[episode]

    def _known_groups(self, path: Path) -> list[tuple[int, int]]:
        """Return the first and last episode in each row group of a file."""
        if path not in self._groups:
            with open_file(path) as file:
                self._groups[path] = [_episodes_of(file, k) for k in range(file.num_row_groups)]
            if len(self._groups) > KNOWN_FILES:
                self._groups.popitem(last=False)
        return self._groups[path]

    def _numbers(self, column: Any, name: str, episode: int) -> AnyArray:
        feature: Feature = self.info.features.get(name) or BOOKKEEPING[name]
        try:
            return to_numpy(column, feature)
        except ValueError as error:
            raise DatasetError(f"episode {episode}: column {name!r} is not of shape {feature.shape} ({error})") from error

    def _images(self, row: EpisodeRow, name: str, camera: Camera) -> Images:
        about = f"episode {row.number}, camera {name}"
        if not camera.is_video:
            cells = self.table(row.number, [camera.key])[camera.key].to_pylist()
            return PngImages(cells, camera.resolution_hw, about)
        return VideoImages(
            self.video_path(row.number, camera.key),
            first=self.first_frame(row.number, camera.key),
            length=row.length,
            resolution_hw=camera.resolution_hw,
            fps=self.info.fps,
            about=about,
        )


class PngImages:
    """Pictures that lie as PNG files inside the rows."""

    def __init__(self, cells: Sequence[Mapping[str, Any]], resolution_hw: tuple[int, int], about: str) -> None:
        """Take the rows as Parquet has them: each a mapping with ``"bytes"``."""
        self._cells, self._resolution_hw, self._about = cells, resolution_hw, about

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Pictures, height, width, 3."""
        return (len(self._cells), *self._resolution_hw, 3)

    def __len__(self) -> int:
        return len(self._cells)

    @overload
    def __getitem__(self, index: int) -> Image: ...
    @overload
    def __getitem__(self, index: slice) -> AnyArray: ...

    def __getitem__(self, index: int | slice) -> AnyArray:
        """Return one picture (H, W, 3), or several (n, H, W, 3)."""
        if isinstance(index, slice):
            rows = range(len(self))[index]
            return np.stack([self[row] for row in rows]) if rows else np.empty((0, *self.shape[1:]), dtype=np.uint8)
        return self._decode(range(len(self))[index])

    def _decode(self, row: int) -> Image:
        cell = self._cells[row]
        try:
            if cell["bytes"] is None:
                raise ValueError(f"it is given as the path {cell.get('path')!r}, not as bytes, and no such file is opened")
            return decode_picture(io.BytesIO(cell["bytes"]))
        except (OSError, TypeError, KeyError, ValueError) as error:
            raise DatasetError(
                f"{self._about}, row {row}: the picture is broken ({error}); copy the dataset again"
            ) from error


def _episodes_of(file: Any, group: int) -> tuple[int, int]:
    """Return the first and last episode of a row group, from its statistics; any if it has none."""
    about = file.metadata.row_group(group)
    for k in range(about.num_columns):
        column = about.column(k)
        if column.path_in_schema == "episode_index" and column.is_stats_set and column.statistics.has_min_max:
            return column.statistics.min, column.statistics.max
    return 0, 2**62
