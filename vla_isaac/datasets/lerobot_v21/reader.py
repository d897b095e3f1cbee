"""`LeRobotV21Reader`: LeRobot v2.1 and v2.0 datasets, of this package or others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vla_isaac.core.errors import DatasetError
from vla_isaac.datasets.lerobot.episode_reader import EpisodeReader
from vla_isaac.datasets.lerobot.layout import INFO
from vla_isaac.datasets.lerobot.rows import EpisodeEntry
from vla_isaac.datasets.lerobot_v21.files import CHUNK, DATA, EPISODES, META, VIDEO, episode_path, read_lines
from vla_isaac.datasets.parquet import read_table
from vla_isaac.datasets.untrusted_paths import COPY_AGAIN, reading


class LeRobotV21Reader(EpisodeReader):
    """Reads a dataset in which every episode has its own files."""

    format = "lerobot-v2.1"
    version = "v2"

    def table(self, episode: int, names: Sequence[str] | None = None) -> Any:
        """Return the stored rows of an episode.

        Raises:
            DatasetError: If the file is missing or broken, or lacks rows.
        """
        length, path = self.length(episode), self._file(episode, self._data.get("data_path") or DATA)
        try:
            table = read_table(path, names)
        except DatasetError as error:
            raise DatasetError(f"episode {episode}: {error}") from error
        if table.num_rows != length:
            raise DatasetError(
                f"episode {episode}: {path} has {table.num_rows} of its {length} rows; copy the dataset again"
            )
        return table

    def video_path(self, episode: int, key: str) -> Path:
        """Return the video file with an episode's images."""
        return self._file(episode, self._data.get("video_path") or VIDEO, video_key=key)

    def _open(self) -> None:
        with reading(self.path / EPISODES):
            self._read_list()

    def _read_list(self) -> None:
        lines = sorted(read_lines(self.path / EPISODES), key=lambda line: int(line["episode_index"]))
        numbers = [int(line["episode_index"]) for line in lines]
        if numbers != list(range(len(numbers))):
            raise DatasetError(f"{self.path / EPISODES}: an episode is missing or twice there; copy the dataset again")
        self._list = [
            EpisodeEntry(
                number=number,
                tasks=tuple(line.get("tasks") or ()),
                length=int(line["length"]),
                meta=line.get(META, ""),
            )
            for number, line in enumerate(lines)
        ]
        short = next((entry for entry in self._list if entry.length < 1), None)
        if short is not None:
            raise DatasetError(f"{self.path / EPISODES}: episode {short.number} has {short.length} rows", remedy=COPY_AGAIN)
        self._file(0, self._data.get("data_path") or DATA)
        for key in self._video_keys:
            self.video_path(0, key)

    def _entries(self) -> Sequence[EpisodeEntry]:
        return self._list

    def _file(self, episode: int, template: str, **more: str) -> Path:
        with reading(self.path / INFO):
            size = int(self._data.get("chunks_size") or CHUNK)
        if size < 1:
            raise DatasetError(f"{self.path / INFO}: chunks_size is {size}, expected at least 1", remedy=COPY_AGAIN)
        return episode_path(self.path, template, episode, size, **more)
