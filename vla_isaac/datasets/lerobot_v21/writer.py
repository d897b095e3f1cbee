"""`LeRobotV21Writer`: LeRobot v2.1 with GR00T's `modality.json`; consistent at any time.

An episode is finished when its line is in `episodes.jsonl`; its files are in place before that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.locks import LOCK
from vla_isaac.datasets.episode import Episode
from vla_isaac.datasets.lerobot.description import (
    ours_of,
)
from vla_isaac.datasets.lerobot.episode_writer import EpisodeWriter
from vla_isaac.datasets.lerobot.fields import Fields
from vla_isaac.datasets.lerobot.layout import INFO, OURS, video_key
from vla_isaac.datasets.lerobot.preparation import bookkeeping, data_table
from vla_isaac.datasets.lerobot.rows import check_numbers
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
    read_task_lines,
)
from vla_isaac.datasets.lerobot_v21.modality import modality_of
from vla_isaac.datasets.meta_json import dumps, meta_to_json
from vla_isaac.datasets.parquet import to_bytes
from vla_isaac.datasets.staging import FOLDER as STAGING
from vla_isaac.datasets.staging import wrap_write_errors
from vla_isaac.datasets.statistics import Statistics, column_statistics

KEPT = ("min", "max", "mean", "std", "count")  # this version of the format has no quantiles


class LeRobotV21Writer(EpisodeWriter):
    """One Parquet file, and one video per camera, for each episode."""

    version, data_template, video_template = VERSION, DATA, VIDEO

    def _is_empty(self) -> bool:
        """Return whether the folder is free: empty, or with files of a writer killed before its first episode."""
        unborn = {self.path / name for name in ("meta", OURS, MODALITY)}
        entries = [
            entry for entry in self.path.rglob("*") if not entry.relative_to(self.path).parts[0].startswith((LOCK, STAGING))
        ]
        return set(entries) <= unborn

    def _open(self) -> None:
        """Read the finished episodes, remove incomplete ones, and rewrite the summaries."""
        episodes, source = read_lines(self.path / EPISODES), self.path / EPISODES
        lines = [Fields(line, f"{source}, entry {n}") for n, line in enumerate(episodes, 1)]
        check_numbers([line.whole("episode_index") for line in lines], source)
        self._count, self._frames = len(lines), sum(line.whole("length") for line in lines)
        self._tasks = read_task_lines(self.path)
        with wrap_write_errors(self.path, self._count):
            self._staging.clear()
            self._remove_unreferenced_files()
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
        number, (tasks, of_rows) = self._count, self._numbered_tasks(episode)
        added = bookkeeping(self._info, len(episode), number=number, first_row=self._frames, tasks=of_rows)
        columns = {**columns, ANNOTATION: added["task_index"], **added}
        statistics = {name: column_statistics(values) for name, values in columns.items()}
        statistics |= {video_key(name): values for name, values in images.items()}
        stats = {name: {key: values[key] for key in KEPT} for name, values in statistics.items()}
        data = self._staging.write("data", to_bytes([data_table(self._info, columns, ANNOTATIONS)]))
        finals = [(p, episode_path(self.path, VIDEO, number, video_key=video_key(name))) for name, p in videos.items()]
        finals.append((data, episode_path(self.path, DATA, number)))
        about = dumps(meta_to_json(replace(episode.meta, sentences=())))
        line = {"episode_index": number, "tasks": list(episode.meta.texts), "length": len(episode), META: about}
        try:
            for staged, final in finals:
                self._staging.commit(staged, final)
            if tasks != self._tasks:
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
        num_videos, num_chunks = self._count * len(self._info.cameras), -(-self._count // CHUNK)
        return self._info_json({"total_videos": num_videos, "total_chunks": num_chunks, "chunks_size": CHUNK}, ANNOTATIONS)

    def _remove_unreferenced_files(self) -> None:
        """Remove data and video files of episodes that have no line."""
        for pattern in ("data/*/episode_*.parquet", "videos/*/*/episode_*.mp4"):
            for path in self.path.glob(pattern):
                if int(path.stem.removeprefix("episode_")) >= self._count:
                    path.unlink()
