"""`LeRobotV21Reader`: LeRobot v2.1 and v2.0 datasets, of this package or others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vla_isaac.core.errors import DatasetError
from vla_isaac.datasets.lerobot.episode_reader import EpisodeReader
from vla_isaac.datasets.lerobot.fields import Fields
from vla_isaac.datasets.lerobot.layout import OURS
from vla_isaac.datasets.lerobot.rows import EpisodeEntry, in_order_of_numbers
from vla_isaac.datasets.lerobot.tasks import listed_tasks
from vla_isaac.datasets.lerobot_v21.files import DATA, EPISODES, META, VIDEO, episode_path, read_lines, read_task_lines
from vla_isaac.datasets.parquet import num_rows, read_table


class LeRobotV21Reader(EpisodeReader):
    """Reads a dataset in which every episode has its own files."""

    format = "lerobot-v2.1"
    version, data_template, video_template = 2, DATA, VIDEO

    def table(self, episode: int, names: Sequence[str] | None = None) -> Any:
        """Return the stored rows of an episode.

        Raises:
            DatasetError: If the file is missing or broken, or lacks rows.
        """
        length, path = self.length(episode), self.data_path(episode)
        try:
            table = read_table(path, names)
        except DatasetError as error:
            raise DatasetError(f"episode {self.number(episode)}: {error}") from error
        if table.num_rows != length:
            raise DatasetError(
                f"episode {self.number(episode)}: {path} has {table.num_rows} of its {length} rows; copy the dataset again"
            )
        return table

    def data_path(self, episode: int) -> Path:
        """Return the Parquet file with an episode's rows."""
        return self._file(self.number(episode), "data_path")

    def video_path(self, episode: int, key: str) -> Path:
        """Return the video file with an episode's images."""
        return self._file(self.number(episode), "video_path", video_key=key)

    def tasks(self) -> Mapping[str, int]:
        """Return the number of each task by its text; empty if there is no table."""
        return read_task_lines(self.path)

    def _open(self) -> None:
        self._file(0, "data_path")
        for key in self._video_keys:
            self._file(0, "video_path", video_key=key)
        is_ours = (self.path / OURS).exists()  # then a writer may have been killed before its first episode
        lines = read_lines(self.path / EPISODES, is_finished=not is_ours)
        entries = [self._read_entry(line, place) for place, line in enumerate(lines)]
        self._list = in_order_of_numbers(entries, self.path / EPISODES)

    def _read_entry(self, line: Mapping[str, Any], place: int) -> EpisodeEntry:
        """Return an entry of the list of episodes; a missing number is its place, a missing length that of its file."""
        source = f"{self.path / EPISODES}, entry {place + 1}"
        fields = Fields(line, source)
        number = fields.whole("episode_index", place)
        length = fields.whole("length") if fields.has("length") else num_rows(self._file(number, "data_path"))
        tasks = listed_tasks(line.get("tasks"), source=source)
        return EpisodeEntry(number=number, tasks=tasks, length=length, meta=fields.text(META, ""))

    def _entries(self) -> Sequence[EpisodeEntry]:
        return self._list

    def _file(self, number: int, field: str, **more: str) -> Path:
        """Return a file of the episode that has this number in the files."""
        return episode_path(self.path, self._template(field), number, self._data["chunks_size"], **more)
