"""`LeRobotV21Reader`: LeRobot v2.1 and v2.0 datasets, ours and those of others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.datasets.episode import Episode, EpisodeMeta, Images
from vla_isaac.datasets.lerobot.description import Camera, cameras_of, has_version, info_of, read_json
from vla_isaac.datasets.lerobot.layout import BOOKKEEPING, INFO
from vla_isaac.datasets.lerobot.reader import PngImages
from vla_isaac.datasets.lerobot_v21.files import CHUNK, DATA, EPISODES, META, VIDEO, episode_path, read_lines
from vla_isaac.datasets.meta_json import meta_from_json
from vla_isaac.datasets.parquet import read_table, to_numpy
from vla_isaac.datasets.video_files import VideoImages, release_videos


class LeRobotV21Reader:
    """Every episode has files of its own."""

    format = "lerobot-v2.1"

    def __init__(self, path: str | Path) -> None:
        """Read what it holds; no numbers or pictures yet.

        Raises:
            UsageError: If there is no LeRobot v2 dataset.
            DatasetError: If its description is broken, or names files outside of it.
        """
        self.path = Path(path)
        if not self.recognises(self.path):
            raise UsageError(f"dataset {self.path}: is no LeRobot v2 dataset ({INFO} is missing or says another version)")
        self._data = read_json(self.path / INFO)
        self.info = info_of(self.path, self._data)
        self._cameras = cameras_of(self._data)
        self._lines = sorted(read_lines(self.path / EPISODES), key=lambda line: int(line["episode_index"]))
        numbers = [int(line["episode_index"]) for line in self._lines]
        if numbers != list(range(len(numbers))):
            raise DatasetError(f"{self.path / EPISODES}: an episode is missing or twice there; copy the dataset again")
        self._check_templates()

    @staticmethod
    def recognises(path: Path) -> bool:
        """Tell whether a folder holds such a dataset."""
        return has_version(Path(path), "v2")

    def __len__(self) -> int:
        """Number of finished episodes."""
        return len(self._lines)

    def length(self, episode: int) -> int:
        """Return how many rows an episode has."""
        self._check(episode)
        return int(self._lines[episode]["length"])

    def meta(self, episode: int) -> EpisodeMeta:
        """Return what it is about; of a dataset of others, only the instruction and the rate are known."""
        self._check(episode)
        line = self._lines[episode]
        if META in line:
            return meta_from_json(json.loads(line[META]))
        tasks = line.get("tasks") or [""]
        return EpisodeMeta(instruction=tasks[0], fps=self.info.fps, extra={"tasks": tasks} if len(tasks) > 1 else {})

    def columns(self, episode: int, names: Sequence[str] | None = None) -> Mapping[str, AnyArray]:
        """Return its numbers, all columns or the named ones."""
        self._check(episode)
        features = {**BOOKKEEPING, **self.info.features}
        chosen = list(self.info.features if names is None else names)
        unknown = [name for name in chosen if name not in features]
        if unknown:
            raise UsageError(f"dataset {self.path}: has no column {unknown[0]!r}; it has {', '.join(self.info.features)}")
        path = self._data_file(episode)
        try:
            table = read_table(path, chosen)
            columns = {name: to_numpy(table[name], features[name]) for name in chosen}
        except (DatasetError, ValueError) as error:
            raise DatasetError(f"episode {episode}: {path}: {error}") from error
        if table.num_rows != self.length(episode):
            raise DatasetError(
                f"episode {episode}: {path} has {table.num_rows} of its {self.length(episode)} rows; copy the dataset again"
            )
        return columns

    def episode(self, episode: int) -> Episode:
        """Return all of it; pictures are decoded when they are asked for.

        Raises:
            DatasetError: If a file of it is missing or broken; the message names file and episode.
        """
        columns = self.columns(episode)
        images = {name: self._images(episode, name, camera) for name, camera in self._cameras.items()}
        return Episode(meta=self.meta(episode), columns=columns, images=images)

    def close(self) -> None:
        """Close the videos; may be called twice."""
        release_videos(self.path)

    def _images(self, episode: int, name: str, camera: Camera) -> Images:
        about = f"episode {episode}, camera {name}"
        if not camera.is_video:
            path = self._data_file(episode)
            return PngImages(read_table(path, [camera.key])[camera.key].to_pylist(), camera.resolution_hw, about)
        return VideoImages(
            self._video_file(episode, camera.key),
            first=0,
            length=self.length(episode),
            resolution_hw=camera.resolution_hw,
            fps=self.info.fps,
            about=about,
        )

    def _check_templates(self) -> None:
        """Raise before anything else is read if numbers or pictures would come from outside the dataset."""
        self._data_file(0)
        for key in (camera.key for camera in self._cameras.values() if camera.is_video):
            self._video_file(0, key)

    def _data_file(self, episode: int) -> Path:
        return self._file(episode, self._data.get("data_path") or DATA)

    def _video_file(self, episode: int, key: str) -> Path:
        return self._file(episode, self._data.get("video_path") or VIDEO, video_key=key)

    def _file(self, episode: int, template: str, **more: str) -> Path:
        return episode_path(self.path, template, episode, int(self._data.get("chunks_size") or CHUNK), **more)

    def _check(self, episode: int) -> None:
        if not 0 <= episode < len(self._lines):
            raise UsageError(f"dataset {self.path}: has no episode {episode}; it has {len(self)}, numbered from 0")
