"""`LeRobotWriter`: a LeRobot v3.0 dataset, one episode after the other, whole at every moment.

An episode is prepared aside, then its files are renamed into place, the one with its row in `meta/episodes` last: from
then on it is finished. The summaries `stats.json` and `info.json` follow. Killed at any moment, the dataset opens, here
and in LeRobot, with the episodes that were finished; `resume=True` clears the rest away and goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.atomic_files import LOCK
from vla_isaac.core.errors import UsageError
from vla_isaac.datasets.description import read_json
from vla_isaac.datasets.episode import Episode
from vla_isaac.datasets.lerobot.description import info_of, ours_of
from vla_isaac.datasets.lerobot.episode_writer import EpisodeWriter
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
from vla_isaac.datasets.lerobot.rows import EpisodeRow, Place, read_rows, read_statistics, read_tasks, row_table, tasks_file
from vla_isaac.datasets.meta_json import dumps, meta_to_json
from vla_isaac.datasets.parquet import to_bytes
from vla_isaac.datasets.staging import FOLDER as STAGING
from vla_isaac.datasets.staging import wrap_write_errors
from vla_isaac.datasets.statistics import Statistics, aggregate, column_statistics, statistics_from_json


class LeRobotWriter(EpisodeWriter):
    """One Parquet file and one video per camera for each episode; `merge` makes few large files of them later."""

    version, data_template, video_template = VERSION, DATA, VIDEO

    def _is_empty(self) -> bool:
        """Tell whether the folder is free: nothing there but the traces of a writer that never got to begin."""
        return all(entry.name.startswith((LOCK, STAGING)) or _is_unborn(entry) for entry in self.path.iterdir())

    def _open(self) -> None:
        """Read what is finished, clear away what is not, and renew the summaries."""
        keys = [video_key(name) for name in self._info.cameras]
        rows = read_rows(self.path, keys)
        self._count, self._frames = len(rows), sum(row.length for row in rows)
        self._tasks = read_tasks(self.path)
        self._total = self._statistics_so_far()
        places = [place for row in rows for place in (row.data, row.row, *row.videos.values())]
        self._next_file = 1 + max((file_number(p.chunk_index, p.file_index) for p in places), default=-1)
        with wrap_write_errors(self.path, self._count):
            self._staging.clear()
            _remove_strangers(self.path, rows)
            self._staging.replace(self.path / OURS, ours_of(self._info))
            self._staging.replace(self.path / STATS, _stats_file(self._total))
            self._staging.replace(self.path / INFO, self._info_file())

    def _statistics_so_far(self) -> dict[str, Statistics]:
        """Return those of the summary if it is of all finished episodes, or else take them from every row."""
        if (self.path / INFO).exists() and read_json(self.path / INFO).get("total_episodes") == self._count:
            held = statistics_from_json(read_json(self.path / STATS))
            if not self._count or held["action"]["count"].tolist() == [self._frames]:
                return held
        return aggregate(read_statistics(self.path))

    def _commit(
        self, episode: Episode, columns: Mapping[str, AnyArray], videos: Mapping[str, Path], images: Mapping[str, Statistics]
    ) -> int:
        """Prepare all files of an episode aside, then rename them, its row last, and the summaries after it."""
        number, file = self._count, place(self._next_file)
        task = episode.meta.instruction
        tasks = self._tasks if task in self._tasks else {**self._tasks, task: len(self._tasks)}
        added = bookkeeping(self._info, len(episode), number=number, first_row=self._frames, task=tasks[task])
        columns = {**columns, **added}
        statistics = {name: column_statistics(values) for name, values in columns.items()}
        statistics |= {video_key(name): values for name, values in images.items()}
        total = aggregate([self._total, statistics]) if self._total else statistics
        row = EpisodeRow(
            number=number,
            tasks=(task,),
            length=len(episode),
            first_row=self._frames,
            data=Place(**file),
            row=Place(**file),
            videos={video_key(name): Place(**file) for name in self._info.cameras},
            meta=dumps(meta_to_json(episode.meta)),
        )
        stage = self._staging.write
        finals = [(path, self.path / VIDEO.format(video_key=video_key(name), **file)) for name, path in videos.items()]
        finals.append((stage("data", to_bytes([data_table(self._info, columns)])), self.path / DATA.format(**file)))
        if tasks is not self._tasks:
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

    def _info_file(self) -> bytes:
        return self._info_json({"chunks_size": CHUNK, "data_files_size_in_mb": DATA_MB, "video_files_size_in_mb": VIDEO_MB})


def repair(path: str | Path) -> int:
    """Bring a dataset of ours in order after its writer was killed, and return how many episodes it has.

    What was not finished is removed and the summaries are renewed.

    Raises:
        UsageError: If there is none of ours, or a writer is at work there.
        DatasetError: If a finished episode's row is broken.
    """
    root = Path(path)
    if not (root / OURS).exists():
        raise UsageError(f"dataset {root}: was not written by vla_isaac; nothing is changed")
    data = read_json(root / INFO)
    codecs = [feature["info"]["video.codec"] for feature in data["features"].values() if feature["dtype"] == "video"]
    with LeRobotWriter(root, info_of(root, data), resume=True, codec=codecs[0] if codecs else "h264") as writer:
        return len(writer)


def _is_unborn(entry: Path) -> bool:
    """Tell whether this is the folder `meta` of a dataset whose `info.json` was never written."""
    return (
        entry.name == "meta"
        and entry.is_dir()
        and {file.name for file in entry.iterdir()} <= {Path(OURS).name, Path(STATS).name}
    )


def _stats_file(statistics: Mapping[str, Statistics]) -> bytes:
    return dumps(statistics, indent=4).encode()


def _remove_strangers(root: Path, rows: list[EpisodeRow]) -> None:
    """Remove files of data and video that no finished episode lies in."""
    known = {row.data.path(root, DATA) for row in rows}
    known |= {place.path(root, VIDEO, video_key=key) for row in rows for key, place in row.videos.items()}
    for pattern in ("data/chunk-*/file-*.parquet", "videos/*/chunk-*/file-*.mp4"):
        for path in root.glob(pattern):
            if path not in known:
                path.unlink()
