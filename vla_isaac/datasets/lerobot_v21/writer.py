"""`LeRobotV21Writer`: LeRobot v2.1 with GR00T's `modality.json`, whole at every moment.

An episode is finished when its line stands in `episodes.jsonl`; its files are in place before that.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import UsageError
from vla_isaac.datasets.episode import Episode
from vla_isaac.datasets.formats import DatasetInfo
from vla_isaac.datasets.lerobot.description import (
    check_info,
    check_same,
    features_of,
    has_version,
    info_of,
    ours_of,
    read_json,
    whole,
)
from vla_isaac.datasets.lerobot.layout import INFO, OURS, video_key
from vla_isaac.datasets.lerobot.preparation import bookkeeping, check_cameras, checked_columns, data_table, encode_pictures
from vla_isaac.datasets.lerobot_v21.files import (
    ANNOTATION,
    ANNOTATIONS,
    CHUNK,
    DATA,
    EPISODE_STATS,
    EPISODES,
    META,
    MODALITY,
    TASKS,
    VERSION,
    VIDEO,
    append_line,
    episode_path,
    lines_of,
    read_lines,
)
from vla_isaac.datasets.lerobot_v21.modality import modality_of
from vla_isaac.datasets.locking import NAME as LOCK
from vla_isaac.datasets.locking import WriterLock
from vla_isaac.datasets.meta_json import dumps, meta_to_json
from vla_isaac.datasets.parquet import to_bytes
from vla_isaac.datasets.staging import FOLDER as STAGING
from vla_isaac.datasets.staging import Staging, telling_what_is_intact
from vla_isaac.datasets.statistics import Statistics, column_statistics
from vla_isaac.datasets.video_files import check_codec

KEPT = ("min", "max", "mean", "std", "count")  # this version of the format has no quantiles


class LeRobotV21Writer:
    """One Parquet file, and one video per camera, for each episode."""

    def __init__(self, path: Path, info: DatasetInfo, *, resume: bool = False, codec: str = "h264") -> None:
        """Begin a dataset in an empty or new folder, or go on with one.

        Raises:
            UsageError: If the folder holds something else, another writer is at work there, `info` cannot be written, or
                differs from what the dataset has.
            DatasetError: If the folder cannot be written, or the dataset in it is broken.
        """
        self.path = Path(path)
        self._info, self._codec = info, codec
        check_codec(codec)
        check_info(self.path, info)
        with telling_what_is_intact(self.path, 0):
            if self.path.exists() and not self.path.is_dir():
                raise UsageError(f"dataset {self.path}: is a file; name a folder")
            self.path.mkdir(parents=True, exist_ok=True)
            is_ours = has_version(self.path, VERSION) and (self.path / OURS).exists()
            if not is_ours and not self._is_empty():
                raise UsageError(f"dataset {self.path}: the folder holds something else; choose an empty or new one")
            self._lock = WriterLock(self.path)
        try:
            if not self._is_empty():
                if not resume:
                    raise UsageError(f"dataset {self.path}: exists; go on with it by resume=True, or choose a new folder")
                check_same(self.path, info_of(self.path, read_json(self.path / INFO)), info)
            self._staging = Staging(self.path)
            self._open()
        except BaseException:
            self._lock.release()
            raise
        self._closed = False

    def add(self, episode: Episode) -> int:
        """Write an episode, whole or not at all, and return its number.

        Raises:
            ShapeError: If it lacks a column or camera of the dataset, or has one with another shape.
            DatasetError: If it cannot be written; the earlier ones are intact.
        """
        if self._closed:
            raise UsageError(f"dataset {self.path}: the writer is closed; open another with resume=True")
        columns = checked_columns(self._info, episode)
        check_cameras(self._info, episode.images, "pictures")
        with telling_what_is_intact(self.path, self._count):
            try:
                videos, images = encode_pictures(self._info, episode, self._staging, self._codec)
                return self._commit(episode, columns, videos, images)
            finally:
                self._staging.clear()

    def close(self) -> None:
        """Let others write; all is on disk already. May be called twice."""
        if not self._closed:
            self._closed = True
            self._staging.clear()
            self._lock.release()

    def __len__(self) -> int:
        """Number of finished episodes."""
        return self._count

    def __enter__(self) -> LeRobotV21Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _is_empty(self) -> bool:
        """Tell whether the folder is free: nothing there but the traces of a writer that never got to begin."""
        unborn = {self.path / name for name in ("meta", OURS, MODALITY)}
        entries = [
            entry for entry in self.path.rglob("*") if not entry.relative_to(self.path).parts[0].startswith((LOCK, STAGING))
        ]
        return set(entries) <= unborn

    def _open(self) -> None:
        """Read what is finished, clear away what is not, and renew the summaries."""
        episodes = read_lines(self.path / EPISODES)
        self._count, self._frames = len(episodes), sum(int(line["length"]) for line in episodes)
        self._tasks = {line["task"]: int(line["task_index"]) for line in read_lines(self.path / TASKS)}
        with telling_what_is_intact(self.path, self._count):
            self._staging.clear()
            self._remove_strangers()
            replace = self._staging.replace
            replace(self.path / OURS, ours_of(self._info))
            replace(self.path / MODALITY, dumps(modality_of(self._info), indent=4).encode())
            if episodes:
                replace(self.path / EPISODES, lines_of(episodes))
                replace(self.path / EPISODE_STATS, lines_of(read_lines(self.path / EPISODE_STATS)[: self._count]))
            replace(self.path / INFO, self._info_file())

    def _commit(
        self, episode: Episode, columns: Mapping[str, AnyArray], videos: Mapping[str, Path], images: Mapping[str, Statistics]
    ) -> int:
        """Put the files of an episode into place, then its lines, that of `episodes.jsonl` last; `info.json` follows."""
        number, task = self._count, episode.meta.instruction
        tasks = self._tasks if task in self._tasks else {**self._tasks, task: len(self._tasks)}
        added = bookkeeping(self._info, len(episode), number=number, first_row=self._frames, task=tasks[task])
        columns = {**columns, ANNOTATION: added["task_index"], **added}
        statistics = {name: column_statistics(values) for name, values in columns.items()}
        statistics |= {video_key(name): values for name, values in images.items()}
        stats = {name: {key: values[key] for key in KEPT} for name, values in statistics.items()}
        data = self._staging.write("data", to_bytes([data_table(self._info, columns, ANNOTATIONS)]))
        finals = [(p, episode_path(self.path, VIDEO, number, video_key=video_key(name))) for name, p in videos.items()]
        finals.append((data, episode_path(self.path, DATA, number)))
        line = {"episode_index": number, "tasks": [task], "length": len(episode), META: dumps(meta_to_json(episode.meta))}
        try:
            for staged, final in finals:
                self._staging.commit(staged, final)
            if tasks is not self._tasks:
                listed = [{"task_index": index, "task": text} for text, index in tasks.items()]
                self._staging.replace(self.path / TASKS, lines_of(listed))
            append_line(self.path / EPISODE_STATS, {"episode_index": number, "stats": stats})
            append_line(self.path / EPISODES, line)
        except BaseException:
            for _, final in finals:
                final.unlink(missing_ok=True)
            self._staging.replace(self.path / EPISODE_STATS, lines_of(read_lines(self.path / EPISODE_STATS)[:number]))
            raise
        self._count, self._frames, self._tasks = number + 1, self._frames + len(episode), tasks
        self._staging.replace(self.path / INFO, self._info_file())
        return number

    def _info_file(self) -> bytes:
        data = {
            "codebase_version": VERSION,
            "robot_type": self._info.robot_type,
            "total_episodes": self._count,
            "total_frames": self._frames,
            "total_tasks": len(self._tasks),
            "total_videos": self._count * len(self._info.cameras),
            "total_chunks": -(-self._count // CHUNK),
            "chunks_size": CHUNK,
            "fps": whole(self._info.fps),
            "splits": {"train": f"0:{self._count}"},
            "data_path": DATA,
            "video_path": VIDEO if self._info.cameras else None,
            "features": features_of(self._info, self._codec, ANNOTATIONS),
        }
        return dumps(data, indent=4).encode()

    def _remove_strangers(self) -> None:
        """Remove files of data and video of episodes that have no line."""
        for pattern in ("data/*/episode_*.parquet", "videos/*/*/episode_*.mp4"):
            for path in self.path.glob(pattern):
                if int(path.stem.removeprefix("episode_")) >= self._count:
                    path.unlink()
