"""`LeRobotReader`: LeRobot v3.0 datasets, of this package or of LeRobot; images are decoded on access."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.errors import DatasetError
from vla_isaac.datasets.lerobot.episode_reader import EpisodeReader
from vla_isaac.datasets.lerobot.layout import BOOKKEEPING, DATA, VIDEO
from vla_isaac.datasets.lerobot.rows import EpisodeRow, Place, read_rows
from vla_isaac.datasets.lerobot.tasks import read_tasks
from vla_isaac.datasets.parquet import open_file, read_table, to_numpy
from vla_isaac.datasets.untrusted_paths import reading

KNOWN_FILES = 64  # with cached row groups


class LeRobotReader(EpisodeReader):
    """Reads episodes that may share a file; each is found by its number in the rows."""

    format = "lerobot"
    version, data_template, video_template = 3, DATA, VIDEO

    def table(self, episode: int, names: Sequence[str] | None = None) -> Any:
        """Return the stored rows of an episode.

        Raises:
            DatasetError: If the file is missing or broken, or lacks rows.
        """
        row = self._row(episode)
        path = self.data_path(episode)
        try:
            with reading(path):
                groups = [k for k, (first, last) in enumerate(self._known_groups(path)) if first <= row.number <= last]
                table = read_table(path, None if names is None else list({*names, "episode_index"}), groups)
                is_ours = to_numpy(table["episode_index"], BOOKKEEPING["episode_index"])[:, 0] == row.number
        except DatasetError as error:
            raise DatasetError(f"episode {row.number}: {error.message}", remedy=error.remedy) from error
        if is_ours.sum() != row.length:
            raise DatasetError(
                f"episode {row.number}: {path} has {is_ours.sum()} of its {row.length} rows; copy the dataset again"
            )
        return table.filter(is_ours) if not is_ours.all() else table

    def data_path(self, episode: int) -> Path:
        """Return the Parquet file with an episode's rows."""
        return self._row(episode).data.path(self.path, self._template("data_path"))

    def video_path(self, episode: int, key: str) -> Path:
        """Return the video file with an episode's images."""
        return self._row(episode).videos[key].path(self.path, self._template("video_path"), video_key=key)

    def tasks(self) -> Mapping[str, int]:
        """Return the number of each task by its text; empty if there is no table."""
        return read_tasks(self.path)

    def first_frame(self, episode: int, key: str) -> int:
        """Return the index of an episode's first image in its video file."""
        return round(self._row(episode).videos[key].from_timestamp * self.info.fps)

    def video_place(self, episode: int, key: str) -> Place:
        """Return the listed place of an episode in a video file."""
        return self._row(episode).videos[key]

    def listed_rows(self, episode: int) -> tuple[int, int | None] | None:
        """Return the listed index of an episode's first row, and after its last; None where none are listed."""
        return self._row(episode).listed_rows

    def _open(self) -> None:
        self.rows = read_rows(self.path, self._video_keys)
        self._groups: OrderedDict[Path, list[tuple[int, int]]] = OrderedDict()
        some = Place(0, 0)
        some.path(self.path, self._template("data_path"))
        for key in self._video_keys:
            some.path(self.path, self._template("video_path"), video_key=key)

    def _entries(self) -> Sequence[EpisodeRow]:
        return self.rows

    def _row(self, episode: int) -> EpisodeRow:
        self._entry(episode)
        return self.rows[episode]

    def _known_groups(self, path: Path) -> list[tuple[int, int]]:
        """Return the first and last episode in each row group of a file."""
        if path not in self._groups:
            with open_file(path) as file:
                sizes = [file.metadata.row_group(k).num_rows for k in range(file.num_row_groups)]
            numbers = to_numpy(read_table(path, ["episode_index"])["episode_index"], BOOKKEEPING["episode_index"])[:, 0]
            rows = np.split(numbers, np.cumsum(sizes)[:-1])
            self._groups[path] = [(int(part.min(initial=2**62)), int(part.max(initial=-1))) for part in rows]
            if len(self._groups) > KNOWN_FILES:
                self._groups.popitem(last=False)
        return self._groups[path]
