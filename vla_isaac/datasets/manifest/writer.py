"""`ManifestWriter`: write images as PNG, episode by episode; the manifest itself is renamed into place last."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vla_isaac.core.atomic_files import atomic_path
from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.core.input_files import MOST_TEXT, read_text
from vla_isaac.core.locks import FolderLock
from vla_isaac.datasets.compatibility import check_episode, check_same_info
from vla_isaac.datasets.description import info_to_json, read_json, write_json
from vla_isaac.datasets.episode import Episode
from vla_isaac.datasets.formats import DatasetInfo, DatasetWriter
from vla_isaac.datasets.images_on_disk import write_png
from vla_isaac.datasets.manifest.reader import ManifestReader
from vla_isaac.datasets.manifest.steps import (
    COMPANION,
    MANIFEST,
    PARTS,
    by_episode,
    check_steps,
    part_path,
    picture_folder,
    picture_path,
    step_lines,
)
from vla_isaac.datasets.meta_json import dumps, meta_to_json
from vla_isaac.datasets.untrusted_paths import COPY_AGAIN


class ManifestWriter(DatasetWriter):
    """Writes each episode to its own file until `close`, so a kill loses no finished episode."""

    def __init__(self, path: Path, info: DatasetInfo, *, resume: bool = False) -> None:
        """Begin a dataset, or resume one.

        Raises:
            UsageError: If the folder has other content, another writer uses it, or `info` differs on resuming.
        """
        self.path, self.info = path, info
        has_files = path.exists() and (not path.is_dir() or any(path.iterdir()))
        if has_files and not resume:
            raise UsageError(
                f"dataset {path}: exists already",
                remedy="choose another path, or resume it with {resume}",
                options={"resume": True},
            )
        if has_files and not (path / COMPANION).is_file():
            raise UsageError(f"dataset {path}: holds files that are not a dataset of this package; choose another path")
        (path / PARTS).mkdir(parents=True, exist_ok=True)
        self._lock: FolderLock | None = FolderLock(path)
        self._metas: list[dict[str, Any]] = []
        try:
            self._take_up() if has_files else self._write_companion()
        except BaseException:
            self._lock.release()
            raise

    def add(self, episode: Episode) -> int:
        """Write the images, then the steps in one renamed file, and return the episode's number."""
        number = len(self._metas)
        check_episode(self.info, episode, where=f"dataset {self.path}, episode {number}")
        meta = meta_to_json(episode.meta)
        ordered = Episode(
            meta=episode.meta,
            columns={name: episode.columns[name] for name in self.info.features},
            images={camera: episode.images[camera] for camera in self.info.cameras},
        )
        try:
            self._write_pictures(ordered, number)
            self._write_part(part_path(self.path, number), dumps(meta), step_lines(ordered, number))
        except BaseException:
            for camera in self.info.cameras:
                shutil.rmtree(self.path / picture_folder(camera, number), ignore_errors=True)
            raise
        self._metas.append(meta)
        return number

    def close(self) -> None:
        """Write all finished episodes into the manifest."""
        if self._lock is None:
            return
        try:
            self._write_companion()
            with atomic_path(self.path / MANIFEST, only_writer=True) as part, part.open("w", encoding="utf-8") as file:
                file.write("[")
                for n, line in enumerate(self._all_lines()):
                    file.write(("\n" if n == 0 else ",\n") + line)
                file.write("\n]\n")
            shutil.rmtree(self.path / PARTS, ignore_errors=True)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Release the lock; the finished episodes stay in their parts."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _take_up(self) -> None:
        old = ManifestReader(self.path)
        check_same_info(old.info, self.info, where=f"dataset {self.path}")
        self._metas = [meta_to_json(old.meta(n)) for n in range(len(old))]

    def _write_companion(self) -> None:
        about = {"format": "vla_isaac manifest", "version": 1, **info_to_json(self.info), "episodes": self._metas}
        write_json(self.path / COMPANION, about)

    def _write_pictures(self, episode: Episode, number: int) -> None:
        for camera, images in episode.images.items():
            folder = self.path / picture_folder(camera, number)
            shutil.rmtree(folder, ignore_errors=True)  # of an episode that was interrupted
            folder.mkdir(parents=True)
            for t in range(len(images)):
                write_png(self.path / picture_path(camera, number, t), images[t])

    def _write_part(self, path: Path, meta: str, lines: Iterator[str]) -> None:
        with atomic_path(path, only_writer=True) as part, part.open("w", encoding="utf-8") as file:
            file.write(meta)
            for line in lines:
                file.write("\n" + line)

    def _all_lines(self) -> Iterator[str]:
        """Yield the steps of the manifest, then those of the separate files."""
        done = 0
        if (self.path / MANIFEST).exists():
            old = check_steps(read_json(self.path / MANIFEST, limit=MOST_TEXT), source=str(self.path / MANIFEST))
            yield from (json.dumps(entry) for entry in old)
            done = len(by_episode(old))
        for number in range(done, len(self._metas)):
            text = read_text(part_path(self.path, number), error=DatasetError, remedy=COPY_AGAIN)
            yield from text.splitlines()[1:]
