"""`EpisodeWriter`: common base of the writers of both LeRobot versions: one writer per folder, atomic episodes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import UsageError
from vla_isaac.core.locks import FolderLock
from vla_isaac.datasets.compatibility import check_same_info
from vla_isaac.datasets.episode import Episode, Feature
from vla_isaac.datasets.formats import DatasetInfo, DatasetWriter
from vla_isaac.datasets.lerobot.description import (
    check_info,
    features_of,
    has_version,
    info_of,
    whole,
)
from vla_isaac.datasets.lerobot.info_json import read_info
from vla_isaac.datasets.lerobot.layout import OURS
from vla_isaac.datasets.lerobot.preparation import (
    check_cameras,
    check_video,
    checked_columns,
    encode_pictures,
    statistics_of_video,
)
from vla_isaac.datasets.meta_json import dumps
from vla_isaac.datasets.staging import Staging, wrap_write_errors
from vla_isaac.datasets.statistics import Statistics
from vla_isaac.datasets.video_files import check_codec


class EpisodeWriter(DatasetWriter, ABC):
    """A locked folder, a staging folder inside it, and `add`; a subclass commits the files of an episode."""

    version: ClassVar[str]
    """The version in `info.json`."""

    data_template: ClassVar[str]
    video_template: ClassVar[str]

    def __init__(self, path: Path, info: DatasetInfo, *, resume: bool = False, codec: str = "h264") -> None:
        """Begin a dataset in an empty or new folder, or resume one.

        Raises:
            UsageError: If the folder has other content, another writer uses it, `info` cannot be written, or differs from
            that of the dataset.
            DatasetError: If the folder cannot be written, or the dataset in it is broken.
        """
        self.path = Path(path)
        self._info, self._codec = info, codec
        self._count = self._frames = 0
        self._tasks: dict[str, int] = {}
        check_codec(codec)
        check_info(self.path, info)
        with wrap_write_errors(self.path, 0):
            if self.path.exists() and not self.path.is_dir():
                raise UsageError(f"dataset {self.path}: is a file; name a folder")
            self.path.mkdir(parents=True, exist_ok=True)
            is_ours = has_version(self.path, self.version) and (self.path / OURS).exists()
            if not is_ours and not self._is_empty():
                raise UsageError(f"dataset {self.path}: the folder holds something else; choose an empty or new one")
            self._lock = FolderLock(self.path)
        try:
            self._staging = Staging(self.path)
            self._check_resumption(resume)
            self._open()
        except BaseException:
            self._lock.release()
            raise
        self._closed = False

    def add(self, episode: Episode) -> int:
        """Write an episode, completely or not at all, and return its number.

        Raises:
            ShapeError: If it lacks a column or camera of the dataset, or has one with another shape.
            DatasetError: If it cannot be written; the earlier ones are intact.
        """
        self._check_open()
        columns = checked_columns(self._info, episode)
        check_cameras(self._info, episode.images, "pictures")
        with self._whole_or_not_at_all():
            videos, statistics = encode_pictures(self._info, episode, self._staging, self._codec)
            return self._commit(episode, columns, videos, statistics)

    def add_encoded(
        self,
        episode: Episode,
        videos: Mapping[str, Path],
        image_statistics: Mapping[str, Statistics] | None = None,
    ) -> int:
        """Write an episode whose images are already encoded, for example by a worker, and return its number.

        Args:
            episode: Without images.
            videos: File of each camera, made by `encode_video` with this dataset's codec; moved into the dataset, and gone
                if the episode then cannot be written.
            image_statistics: Of each camera, from `statistics.image_statistics`; decoded from the files if None.

        Raises:
            ShapeError: As for `add`, or if a video has another length, size or codec than the dataset.
            DatasetError: As for `add`, or if a video is broken.
        """
        self._check_open()
        columns = checked_columns(self._info, episode)
        check_cameras(self._info, videos, "videos")
        paths = {name: Path(path) for name, path in videos.items()}
        for name, path in paths.items():
            check_video(self._info, name, path, len(episode), self._codec)
        statistics = image_statistics or {
            name: statistics_of_video(self._info, name, path, len(episode)) for name, path in paths.items()
        }
        with self._whole_or_not_at_all():
            staged = {name: self._staging.take(path, f"{name}.mp4") for name, path in paths.items()}
            return self._commit(episode, columns, staged, statistics)

    def close(self) -> None:
        """Release the lock; all data is on disk already. May be called twice."""
        if not self._closed:
            self._closed = True
            self._staging.clear()
            self._lock.release()

    def __len__(self) -> int:
        """Return the number of finished episodes."""
        return self._count

    @abstractmethod
    def _is_empty(self) -> bool:
        """Return whether the folder is free: empty, or with files of a writer killed before its first episode."""

    @abstractmethod
    def _open(self) -> None:
        """Read the finished episodes, remove incomplete ones, and rewrite the summaries."""

    @abstractmethod
    def _commit(
        self, episode: Episode, columns: Mapping[str, AnyArray], videos: Mapping[str, Path], images: Mapping[str, Statistics]
    ) -> int:
        """Move an episode's files into place, all or none, and return its number."""

    def _numbered_tasks(self, episode: Episode) -> tuple[dict[str, int], AnyArray]:
        """Return the table of tasks with those of an episode, and the number of each row's."""
        tasks = dict(self._tasks)
        for text in episode.meta.texts:
            tasks.setdefault(text, len(tasks))
        return tasks, np.array([tasks[episode.meta.sentence(row)] for row in range(len(episode))])

    def _info_json(self, sizes: Mapping[str, int], annotations: Mapping[str, Feature] | None = None) -> bytes:
        """Return `info.json`; `sizes` and `annotations` are specific to one version of the format."""
        data = {
            "codebase_version": self.version,
            "robot_type": self._info.robot_type,
            "total_episodes": self._count,
            "total_frames": self._frames,
            "total_tasks": len(self._tasks),
            **sizes,
            "fps": whole(self._info.fps),
            "splits": {"train": f"0:{self._count}"},
            "data_path": self.data_template,
            "video_path": self.video_template if self._info.cameras else None,
            "features": features_of(self._info, self._codec, annotations),
        }
        return dumps(data, indent=4).encode()

    def _check_resumption(self, resume: bool) -> None:
        if self._is_empty():
            return
        if not resume:
            raise UsageError(
                f"dataset {self.path}: exists",
                remedy="resume it with {resume}, or choose a new folder",
                options={"resume": True},
            )
        held = info_of(self.path, read_info(self.path))
        check_same_info(held, self._info, where=f"dataset {self.path}")
        self._info = replace(self._info, has_annotations=held.has_annotations)  # all files have the same columns

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError(f"dataset {self.path}: the writer is closed; open another with resume=True")

    @contextmanager
    def _whole_or_not_at_all(self) -> Iterator[None]:
        with wrap_write_errors(self.path, self._count):
            try:
                yield
            finally:
                self._staging.clear()
