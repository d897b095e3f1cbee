"""`EpisodeReader`: common base of the readers of both LeRobot versions; a subclass locates the files of an episode."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import UsageError, VlaIsaacError
from vla_isaac.datasets.episode import Episode, EpisodeMeta, Images
from vla_isaac.datasets.images_on_disk import PngImages, why_picture_is_left_out
from vla_isaac.datasets.lerobot.description import Camera, all_cameras_of, info_of
from vla_isaac.datasets.lerobot.info_json import major_version, read_info, warn_of_version
from vla_isaac.datasets.lerobot.language import LANGUAGE, annotations_in
from vla_isaac.datasets.lerobot.layout import BOOKKEEPING, INFO, TEMPLATES
from vla_isaac.datasets.lerobot.rows import EpisodeEntry, Place
from vla_isaac.datasets.lerobot.tasks import texts_of_rows
from vla_isaac.datasets.meta_json import meta_from_text
from vla_isaac.datasets.parquet import first_value, to_numpy
from vla_isaac.datasets.picture_kinds import warn_left_out, why_video_is_left_out
from vla_isaac.datasets.sentences import Annotation, sentences_of
from vla_isaac.datasets.untrusted_paths import reading
from vla_isaac.datasets.video_container import pixel_format
from vla_isaac.datasets.video_files import VideoImages, release_videos


class EpisodeReader(ABC):
    """A folder with `info.json` and a list of episodes."""

    format: str
    version: ClassVar[int]
    """Major version of the layout."""

    data_template: ClassVar[str]
    video_template: ClassVar[str]

    def __init__(self, path: str | Path) -> None:
        """Read the metadata; no numbers or images yet.

        Raises:
            UsageError: If there is no LeRobot dataset of this version.
            DatasetError: If its metadata is broken, or names files outside of the folder.
        """
        self.path = Path(path)
        if not self.recognises(self.path):
            raise UsageError(
                f"dataset {self.path}: is not a LeRobot v{self.version} dataset ({INFO} is missing or has another version)"
            )
        self._data = read_info(self.path)
        warn_of_version(self.path)
        self.info = info_of(self.path, self._data)
        cameras = all_cameras_of(self._data)
        self._video_keys = [camera.key for camera in cameras.values() if camera.is_video]
        self._open()
        reasons = {name: camera.left_out or self._why_left_out(camera) for name, camera in cameras.items()}
        for name in filter(reasons.get, reasons):
            warn_left_out(self.path, name, reasons[name])
        self._cameras = {name: camera for name, camera in cameras.items() if not reasons[name]}
        self.left_out = {camera.key for name, camera in cameras.items() if reasons[name]}
        sizes = {name: camera.axes.resolution_hw for name, camera in self._cameras.items()}
        self.info = replace(self.info, cameras=sizes)

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Return whether a folder holds such a dataset."""
        return major_version(Path(path)) == cls.version

    def __len__(self) -> int:
        """Return the number of finished episodes."""
        return len(self._entries())

    def length(self, episode: int) -> int:
        """Return the number of rows of an episode."""
        return self._entry(episode).length

    def number(self, episode: int) -> int:
        """Return the number that an episode has in the files; differs where numbers do not rise by 1 from 0."""
        return self._entry(episode).number

    def listed_tasks(self, episode: int) -> tuple[str, ...]:
        """Return the sentences that the list of episodes names for an episode."""
        return self._entry(episode).tasks

    def meta(self, episode: int) -> EpisodeMeta:
        """Return the metadata of an episode; of a third-party dataset, only the sentences and the rate are known.

        Raises:
            DatasetError: If it is broken, or a row has a sentence that the table of tasks lacks.
        """
        entry = self._entry(episode)
        one = len(entry.tasks) == 1
        texts = list(entry.tasks) if one else self._texts(episode)
        source = f"dataset {self.path}, episode {entry.number}: its metadata"
        known = meta_from_text(entry.meta, source=source) if entry.meta else None
        meta = known or EpisodeMeta(instruction=next(iter((*entry.tasks, *texts)), ""), fps=self.info.fps)
        meta = replace(meta, sentences=sentences_of(texts, meta.instruction))
        return replace(meta, annotations=self._annotations(episode)) if self.info.has_annotations else meta

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
    def data_path(self, episode: int) -> Path:
        """Return the Parquet file with an episode's rows."""

    @abstractmethod
    def video_path(self, episode: int, key: str) -> Path:
        """Return the video file with an episode's images."""

    def first_frame(self, episode: int, key: str) -> int:
        """Return the index of an episode's first image in its video file."""
        return 0

    def video_place(self, episode: int, key: str) -> Place:
        """Return the listed place of an episode in a video file; the whole file where none is listed."""
        return Place(0, 0)

    def listed_rows(self, episode: int) -> tuple[int, int | None] | None:
        """Return the listed index of an episode's first row, and after its last; None where none are listed."""
        return None

    def templates(self) -> tuple[Any, Any]:
        """Return the templates of the paths of data and videos."""
        return self._template("data_path"), self._template("video_path")

    @abstractmethod
    def _open(self) -> None:
        """Read the list of episodes, and raise if files would be outside of the dataset."""

    @abstractmethod
    def tasks(self) -> Mapping[str, int]:
        """Return the number of each task by its text; empty if there is no table."""

    @abstractmethod
    def _entries(self) -> Sequence[EpisodeEntry]:
        """Return the list of episodes."""

    def _entry(self, episode: int) -> EpisodeEntry:
        if not 0 <= episode < len(self):
            raise UsageError(f"dataset {self.path}: has no episode {episode}; it has {len(self)}, numbered from 0")
        return self._entries()[episode]

    def _template(self, field: str) -> Any:
        """Return the dataset's own template of paths; the format's where it has none, or that of the other version."""
        default = {"data_path": self.data_template, "video_path": self.video_template}[field]
        own = self._data.get(field)
        return default if not own or own in TEMPLATES else own

    def _texts(self, episode: int) -> list[str]:
        """Return the sentence of each row."""
        entry, feature = self._entry(episode), BOOKKEEPING["task_index"]
        numbers = to_numpy(self.table(episode, ["task_index"])["task_index"], feature)[:, 0].tolist()
        source = f"dataset {self.path}, episode {entry.number}"
        return texts_of_rows(numbers, entry.tasks, self.tasks(), source=source)

    def _annotations(self, episode: int) -> tuple[Annotation, ...]:
        """Return what the columns of language hold."""
        names = [name for name in LANGUAGE if name in self._data["features"]]
        source = f"dataset {self.path}, episode {self.number(episode)}"
        return annotations_in(self.table(episode, [*names, "timestamp"]), source=source)

    def _why_left_out(self, camera: Camera) -> str:
        """Return why the first pictures of a camera are no color pictures, whatever `info.json` says."""
        if not len(self):
            return ""
        try:
            if camera.is_video:
                channels = camera.axes.channels
                declared = why_video_is_left_out(camera.pixel_format, channels)
                return declared or why_video_is_left_out(pixel_format(self.video_path(0, camera.key)), channels)
            cell = first_value(self.data_path(0), camera.key)
            data = cell.get("bytes") if isinstance(cell, Mapping) else None
            return why_picture_is_left_out(data) if isinstance(data, bytes) else ""
        except VlaIsaacError:
            return ""  # a file is missing or broken: its episode says so when it is read

    def _images(self, episode: int, name: str, camera: Camera) -> Images:
        about = f"episode {episode}, camera {name}"
        if not camera.is_video:
            return PngImages(self.table(episode, [camera.key])[camera.key].to_pylist(), camera.axes.resolution_hw, about)
        return VideoImages(
            self.video_path(episode, camera.key),
            first=self.first_frame(episode, camera.key),
            length=self.length(episode),
            resolution_hw=camera.axes.resolution_hw,
            fps=self.info.fps,
            about=about,
        )
