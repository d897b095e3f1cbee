"""`EpisodeReader`: common base of the readers of both LeRobot versions; a subclass locates the files of an episode."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import UsageError
from vla_isaac.datasets.description import read_json
from vla_isaac.datasets.episode import Episode, EpisodeMeta, Images
from vla_isaac.datasets.images_on_disk import PngImages
from vla_isaac.datasets.lerobot.description import Camera, cameras_of, has_version, info_of
from vla_isaac.datasets.lerobot.layout import BOOKKEEPING, INFO
from vla_isaac.datasets.lerobot.rows import EpisodeEntry
from vla_isaac.datasets.meta_json import meta_from_text
from vla_isaac.datasets.parquet import to_numpy
from vla_isaac.datasets.untrusted_paths import file_inside, reading
from vla_isaac.datasets.video_files import VideoImages, release_videos


class EpisodeReader(ABC):
    """A folder with `info.json` and a list of episodes."""

    format: str
    version: ClassVar[str]
    """Prefix of the version in `info.json`."""

    def __init__(self, path: str | Path) -> None:
        """Read the metadata; no numbers or images yet.

        Raises:
            UsageError: If there is no LeRobot dataset of this version.
            DatasetError: If its metadata is broken, or names files outside of the folder.
        """
        self.path = Path(path)
        if not self.recognises(self.path):
            raise UsageError(
                f"dataset {self.path}: is not a LeRobot {self.version} dataset ({INFO} is missing or has another version)"
            )
        self._data = read_json(file_inside(self.path, INFO))
        self.info = info_of(self.path, self._data)
        self._cameras = cameras_of(self._data)
        self._video_keys = [camera.key for camera in self._cameras.values() if camera.is_video]
        self._open()

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Return whether a folder holds such a dataset."""
        return has_version(Path(path), cls.version)

    def __len__(self) -> int:
        """Return the number of finished episodes."""
        return len(self._entries())

    def length(self, episode: int) -> int:
        """Return the number of rows of an episode."""
        return self._entry(episode).length

    def meta(self, episode: int) -> EpisodeMeta:
        """Return the metadata of an episode; of a third-party dataset, only the instruction and the rate are known."""
        entry = self._entry(episode)
        if entry.meta:
            return meta_from_text(entry.meta, source=f"dataset {self.path}, episode {episode}")
        extra = {"tasks": list(entry.tasks)} if len(entry.tasks) > 1 else {}
        return EpisodeMeta(instruction=entry.tasks[0] if entry.tasks else "", fps=self.info.fps, extra=extra)

    def columns(self, episode: int, names: Sequence[str] | None = None) -> Mapping[str, AnyArray]:
        """Return the columns of an episode, all or the named ones."""
        features = {**BOOKKEEPING, **self.info.features}
        chosen = list(self.info.features if names is None else names)
        unknown = [name for name in chosen if name not in features]
        if unknown:
            raise UsageError(f"dataset {self.path}: has no column {unknown[0]!r}; it has {', '.join(self.info.features)}")
        table, columns = self.table(episode, chosen), {}
        for name in chosen:
            with reading(f"dataset {self.path}, episode {episode}: column {name!r} of shape {features[name].shape}"):
                columns[name] = to_numpy(table[name], features[name])
        return columns

    def episode(self, episode: int) -> Episode:
        """Return an episode; images are decoded on access.

        Raises:
            DatasetError: If a file of it is missing or broken; the message names file and episode.
        """
        images = {name: self._images(episode, name, camera) for name, camera in self._cameras.items()}
        return Episode(meta=self.meta(episode), columns=self.columns(episode), images=images)

    def close(self) -> None:
        """Close the videos; may be called twice."""
        release_videos(self.path)

    @abstractmethod
    def table(self, episode: int, names: Sequence[str] | None = None) -> Any:
        """Return the stored rows of an episode.

        Raises:
            DatasetError: If the file is missing or broken, or lacks rows.
        """

    @abstractmethod
    def video_path(self, episode: int, key: str) -> Path:
        """Return the video file with an episode's images."""

    def first_frame(self, episode: int, key: str) -> int:
        """Return the index of an episode's first image in its video file."""
        return 0

    @abstractmethod
    def _open(self) -> None:
        """Read the list of episodes, and raise if files would be outside of the dataset."""

    @abstractmethod
    def _entries(self) -> Sequence[EpisodeEntry]:
        """Return the list of episodes."""

    def _entry(self, episode: int) -> EpisodeEntry:
        if not 0 <= episode < len(self):
            raise UsageError(f"dataset {self.path}: has no episode {episode}; it has {len(self)}, numbered from 0")
        return self._entries()[episode]

    def _images(self, episode: int, name: str, camera: Camera) -> Images:
        about = f"episode {episode}, camera {name}"
        if not camera.is_video:
            return PngImages(self.table(episode, [camera.key])[camera.key].to_pylist(), camera.resolution_hw, about)
        return VideoImages(
            self.video_path(episode, camera.key),
            first=self.first_frame(episode, camera.key),
            length=self.length(episode),
            resolution_hw=camera.resolution_hw,
            fps=self.info.fps,
            about=about,
        )
