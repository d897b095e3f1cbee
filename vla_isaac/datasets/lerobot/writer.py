"""`LeRobotWriter`: write a LeRobot v3.0 dataset episode by episode; it is consistent at any time.

The files of an episode are prepared in a staging folder, then renamed into place, its row in `meta/episodes` last: the
episode is then finished. The summaries `stats.json` and `info.json` follow. After a kill the dataset opens, in this package
and in LeRobot, with the finished episodes; `resume=True` removes incomplete files and continues.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import UsageError
from vla_isaac.core.locks import LOCK
from vla_isaac.datasets.description import read_json
from vla_isaac.datasets.episode import Episode, EpisodeMeta
from vla_isaac.datasets.lerobot.description import info_of, ours_of
from vla_isaac.datasets.lerobot.episode_writer import EpisodeWriter
from vla_isaac.datasets.lerobot.info_json import read_info
from vla_isaac.datasets.lerobot.language import LANGUAGE, language_columns
from vla_isaac.datasets.lerobot.layout import (
    CHUNK,
    DATA,
    DATA_MB,
    EPISODES,
    INFO,
    OURS,
    STATS,
    TASKS,
    VERSION,
    VIDEO,
    VIDEO_MB,
    file_number,
    place,
    video_key,
)
from vla_isaac.datasets.lerobot.preparation import (
    bookkeeping,
    data_table,
)
from vla_isaac.datasets.lerobot.rows import FOLDER, EpisodeRow, Place, check_numbers, read_rows, read_statistics, row_table
from vla_isaac.datasets.lerobot.tasks import read_tasks, tasks_file
from vla_isaac.datasets.meta_json import dumps, meta_to_json
from vla_isaac.datasets.parquet import to_bytes
from vla_isaac.datasets.staging import FOLDER as STAGING
from vla_isaac.datasets.staging import wrap_write_errors
from vla_isaac.datasets.statistics import Statistics, aggregate, column_statistics, statistics_from_json


class LeRobotWriter(EpisodeWriter):
    """Writes one Parquet file and one video per camera for each episode; `merge` compacts them into few large files."""

    version, data_template, video_template = VERSION, DATA, VIDEO

    def _is_empty(self) -> bool:
        """Return whether the folder is free: empty, or with files of a writer killed before its first episode."""
        return all(entry.name.startswith((LOCK, STAGING)) or _has_no_data(entry) for entry in self.path.iterdir())

    def _open(self) -> None:
        """Read the finished episodes, remove incomplete ones, and rewrite the summaries."""
        keys = [video_key(name) for name in self._info.cameras]
        rows = read_rows(self.path, keys)
        check_numbers([row.number for row in rows], self.path / FOLDER)
        self._count, self._frames = len(rows), sum(row.length for row in rows)
        self._tasks = read_tasks(self.path)
        self._total = self._statistics_so_far()
        places = [place for row in rows for place in (row.data, row.row, *row.videos.values())]
        self._next_file = 1 + max((file_number(p.chunk_index, p.file_index) for p in places), default=-1)
        with wrap_write_errors(self.path, self._count):
            self._staging.clear()
            _remove_unreferenced_files(self.path, rows)
            self._staging.replace(self.path / OURS, ours_of(self._info))
            self._staging.replace(self.path / STATS, _stats_file(self._total))
            self._staging.replace(self.path / INFO, self._info_file())

    def _statistics_so_far(self) -> dict[str, Statistics]:
        """Return the statistics of the summary if it covers all finished episodes, otherwise those of every row."""
        if (self.path / INFO).exists() and read_json(self.path / INFO).get("total_episodes") == self._count:
            held = statistics_from_json(read_json(self.path / STATS))
            if not self._count or held["action"]["count"].tolist() == [self._frames]:
                return held
        return aggregate(read_statistics(self.path))

    def _commit(
        self, episode: Episode, columns: Mapping[str, AnyArray], videos: Mapping[str, Path], images: Mapping[str, Statistics]
    ) -> int:
        """Prepare all files of an episode in the staging folder, then rename them, its row last, and then the summaries."""
        number, file = self._count, place(self._next_file)
        tasks, of_rows = self._numbered_tasks(episode)
        added = bookkeeping(self._info, len(episode), number=number, first_row=self._frames, tasks=of_rows)
        columns = {**columns, **added}
        statistics = {name: column_statistics(values) for name, values in columns.items()}
        statistics |= {video_key(name): values for name, values in images.items()}
        total = aggregate([self._total, statistics]) if self._total else statistics
        row = EpisodeRow(
            number=number,
            tasks=episode.meta.texts,
            length=len(episode),
            first_row=self._frames,
            data=Place(**file),
            row=Place(**file),
            videos={video_key(name): Place(**file) for name in self._info.cameras},
            meta=dumps(meta_to_json(self._kept(episode.meta))),
        )
        stage = self._staging.write
        finals = [(path, self.path / VIDEO.format(video_key=video_key(name), **file)) for name, path in videos.items()]
        finals.append((stage("data", to_bytes([self._table(columns, episode.meta)])), self.path / DATA.format(**file)))
        if tasks != self._tasks:
            finals.append((stage("tasks", tasks_file(tasks)), self.path / TASKS))
        finals.append(
            (
                stage("row", to_bytes([row_table(row, self._info.fps, statistics)], lean=True)),
                self.path / EPISODES.format(**file),
            )
        )
        summaries = [(stage("stats", _stats_file(total)), self.path / STATS)]
        before = self._count, self._frames, self._next_file, self._tasks, self._total
        self._count, self._frames, self._next_file = number + 1, self._frames + len(episode), self._next_file + 1
        self._tasks, self._total = tasks, total
        try:
            summaries.append((stage("info", self._info_file()), self.path / INFO))
            for staged, final in finals:
                self._staging.commit(staged, final)
        except BaseException:
            self._count, self._frames, self._next_file, self._tasks, self._total = before
            for _, final in reversed(finals):
                if final != self.path / TASKS:
                    final.unlink(missing_ok=True)
            raise
        for staged, final in summaries:
            self._staging.commit(staged, final)
        return number

    def _kept(self, meta: EpisodeMeta) -> EpisodeMeta:
        """Return the metadata without what the format has columns for."""
        return replace(meta, sentences=(), annotations=() if self._info.has_annotations else meta.annotations)

    def _table(self, columns: Mapping[str, AnyArray], meta: EpisodeMeta) -> Any:
        """Return the rows of an episode, with the columns of language where the dataset has them."""
        table = data_table(self._info, columns)
        if self._info.has_annotations:
            for name, array in language_columns(meta.annotations, columns["timestamp"][:, 0]).items():
                table = table.append_column(name, array)
        return table

    def _info_file(self) -> bytes:
        sizes = {"chunks_size": CHUNK, "data_files_size_in_mb": DATA_MB, "video_files_size_in_mb": VIDEO_MB}
        return self._info_json(sizes, LANGUAGE if self._info.has_annotations else None)


def repair(path: str | Path) -> int:
    """Restore a dataset of this package after its writer was killed, and return how many episodes it has.

    Incomplete files are removed and the summaries are rewritten.

    Raises:
        UsageError: If it is not a dataset of this package, or a writer uses it.
        DatasetError: If a finished episode's row is broken.
    """
    root = Path(path)
    if not (root / OURS).exists():
        raise UsageError(f"dataset {root}: was not written by vla_isaac; nothing is changed")
    data = read_info(root)
    codecs = [feature["info"]["video.codec"] for feature in data["features"].values() if feature["dtype"] == "video"]
    with LeRobotWriter(root, info_of(root, data), resume=True, codec=codecs[0] if codecs else "h264") as writer:
        return len(writer)


def _has_no_data(entry: Path) -> bool:
    """Return whether this is the folder `meta` of a dataset whose `info.json` was never written."""
    return (
        entry.name == "meta"
        and entry.is_dir()
        and {file.name for file in entry.iterdir()} <= {Path(OURS).name, Path(STATS).name}
    )


def _stats_file(statistics: Mapping[str, Statistics]) -> bytes:
    return dumps(statistics, indent=4).encode()


def _remove_unreferenced_files(root: Path, rows: list[EpisodeRow]) -> None:
    """Remove data and video files that belong to no finished episode."""
    known = {row.data.path(root, DATA) for row in rows}
    known |= {place.path(root, VIDEO, video_key=key) for row in rows for key, place in row.videos.items()}
    for pattern in ("data/chunk-*/file-*.parquet", "videos/*/chunk-*/file-*.mp4"):
        for path in root.glob(pattern):
            if path not in known:
                path.unlink()
