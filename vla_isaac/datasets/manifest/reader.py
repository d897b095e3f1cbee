"""`ManifestReader`: manifests of this package, or a plain ``manifest.json`` with image, instruction and action only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import DatasetError, UsageError, shown
from vla_isaac.core.input_files import MOST_TEXT, read_json_lines
from vla_isaac.datasets.description import info_from_json, read_json
from vla_isaac.datasets.episode import Episode, EpisodeMeta, action_feature
from vla_isaac.datasets.formats import DatasetInfo
from vla_isaac.datasets.images_on_disk import ImageFiles, read_picture, why_picture_is_left_out
from vla_isaac.datasets.manifest.steps import (
    COMPANION,
    MANIFEST,
    PARTS,
    Step,
    by_episode,
    check_steps,
    column,
    part_path,
    pictures,
)
from vla_isaac.datasets.meta_json import REMEDY, meta_from_json
from vla_isaac.datasets.picture_kinds import warn_left_out
from vla_isaac.datasets.sentences import sentences_of
from vla_isaac.datasets.untrusted_paths import COPY_AGAIN, file_inside, path_inside, reading


class ManifestReader:
    """A folder with ``manifest.json``, or that file itself; also the unfinished dataset of a writer that was killed."""

    format = "manifest"

    def __init__(self, path: Path) -> None:
        """Read the list of steps; images are read later.

        Raises:
            UsageError: If there is no manifest.
            DatasetError: If the manifest or its metadata file is broken.
        """
        self.path = path if path.is_dir() else path.parent
        companion = file_inside(self.path, COMPANION)
        about = read_json(companion, limit=MOST_TEXT) if companion.exists() else None
        self._episodes = self._from_manifest()
        self._metas = self._known_metas(about)
        self._add_parts()
        if about is None and not self._episodes:
            raise UsageError(f"dataset {self.path}: {MANIFEST} has no steps, so there is no dataset in it yet")
        self.info = self._guess_info() if about is None else info_from_json(about, source=str(companion))

    @staticmethod
    def recognises(path: Path) -> bool:
        """Return whether this is a manifest, or a folder with one."""
        if path.is_file():
            return path.name == MANIFEST
        return (path / MANIFEST).is_file() or ((path / COMPANION).is_file() and (path / PARTS).is_dir())

    def __len__(self) -> int:
        return len(self._episodes)

    def length(self, episode: int) -> int:
        """Return the number of steps of an episode."""
        return len(self._steps(episode))

    def meta(self, episode: int) -> EpisodeMeta:
        """Return the metadata of an episode; of a plain manifest only the sentences are known."""
        steps = self._steps(episode)
        if episode in self._metas:
            return self._metas[episode]
        texts = [str(step["instruction"]) for step in steps]
        return EpisodeMeta(instruction=texts[0], fps=self.info.fps, sentences=sentences_of(texts, texts[0]))

    def columns(self, episode: int, names: Sequence[str] | None = None) -> Mapping[str, AnyArray]:
        """Return the columns of an episode."""
        selected = self.info.features if names is None else {name: self.info.features[name] for name in names}
        steps, where = self._steps(episode), self._where(episode)
        return {name: column(steps, name, feature, where=where) for name, feature in selected.items()}

    def episode(self, episode: int) -> Episode:
        """Return an episode."""
        steps, where = self._steps(episode), self._where(episode)
        paths = [pictures(step) for step in steps]
        images = {}
        for camera, size in self.info.cameras.items():
            row = next((t for t, found in enumerate(paths) if camera not in found), None)
            if row is not None:
                raise DatasetError(f"{where}, row {row}: there is no picture of camera {camera!r}", camera=camera)
            images[camera] = ImageFiles([self._picture(found[camera]) for found in paths], size, where=f"episode {episode}")
        return Episode(meta=self.meta(episode), columns=self.columns(episode), images=images)

    def steps(self, episode: int) -> Sequence[Step]:
        """Return the entries of the manifest unchanged."""
        return self._steps(episode)

    def close(self) -> None:
        """Do nothing: no file is open."""

    def _picture(self, path: object) -> Path:
        return path_inside(self.path, path, source=f"{self.path / MANIFEST}: the path of a picture")

    def _steps(self, episode: int) -> list[Step]:
        if not 0 <= episode < len(self):
            raise UsageError(f"dataset {self.path}: there is no episode {episode}; it has {len(self)}, counted from 0")
        return self._episodes[episode]

    def _where(self, episode: int) -> str:
        return f"{self.path / MANIFEST}: episode {episode}"

    def _from_manifest(self) -> list[list[Step]]:
        path = file_inside(self.path, MANIFEST)
        return by_episode(check_steps(read_json(path, limit=MOST_TEXT), source=str(path))) if path.exists() else []

    def _known_metas(self, about: Any) -> dict[int, EpisodeMeta]:
        source = self.path / COMPANION
        entries = about.get("episodes", []) if isinstance(about, dict) else []
        if not isinstance(entries, list):
            raise DatasetError(f"{source}: episodes is {entries!r:.60}, expected a list", remedy=REMEDY)
        found = {n: meta_from_json(entry, source=f"{source}, episode {n}") for n, entry in enumerate(entries)}
        lacking = next((n for n in range(len(self._episodes)) if about is not None and n not in found), None)
        if lacking is not None:
            raise DatasetError(f"{source}: episode {lacking} of {MANIFEST} is not described; was one of the files changed?")
        return found

    def _add_parts(self) -> None:
        """Add episodes that were finished but are not in the manifest yet."""
        while (path := part_path(self.path, len(self._episodes))).exists():
            file_inside(self.path, path.relative_to(self.path))
            lines: list[Any] = read_json_lines(path, error=DatasetError, remedy=REMEDY)
            self._metas[len(self._episodes)] = meta_from_json(lines[0] if lines else None, source=f"{path}, line 1")
            self._episodes.append(check_steps(lines[1:], source=str(path)))
        if any(later > path for later in path.parent.glob("episode_*.jsonl")):
            raise DatasetError(f"{path} is missing, and later episodes are there", remedy=COPY_AGAIN)

    def _guess_info(self) -> DatasetInfo:
        """Return the metadata of a plain manifest: the width of its actions and the size of its first image."""
        first = self._episodes[0][0]
        with reading(f"{self._where(0)}, row 0: the action"):
            action = np.asarray(first["action"])
        if action.ndim != 1 or action.dtype.kind not in "fiu":
            raise DatasetError(
                f"{self._where(0)}, row 0: the action is {shown(first['action'])}, expected a list of numbers"
            )
        sizes = {}
        for camera, path in pictures(first).items():
            file = self._picture(path)
            why = why_picture_is_left_out(file) if file.is_file() else ""  # `read_picture` says what it is
            if why:
                warn_left_out(self.path, camera, why)
            else:
                sizes[camera] = read_picture(file, where="episode 0, row 0").shape[:2]
        return DatasetInfo(
            fps=EpisodeMeta(instruction="").fps,
            features={"action": action_feature(len(action))},
            cameras={camera: (size[0], size[1]) for camera, size in sizes.items()},
            robot_type="unknown",
        )
