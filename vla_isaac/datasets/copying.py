"""`copy_episodes`: copy episodes of open datasets to a new one, which gets its name only when it is complete."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vla_isaac.core.atomic_files import atomic_tree
from vla_isaac.core.errors import UsageError
from vla_isaac.datasets.episode import Episode
from vla_isaac.datasets.formats import WRITERS, DatasetInfo, DatasetReader, create_dataset

_log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Called with the number of finished episodes and their total."""


@dataclass(frozen=True)
class Pick:
    """An episode to copy."""

    reader: DatasetReader
    episode: int
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Added to the `extra` of its metadata."""

    def read(self) -> Episode:
        """Return the episode; images are decoded later."""
        found = self.reader.episode(self.episode)
        if not self.extra:
            return found
        meta = replace(found.meta, extra={**found.meta.extra, **self.extra})
        return Episode(meta=meta, columns=found.columns, images=found.images)


@dataclass(frozen=True, kw_only=True)
class Copied:
    """Result of a copy."""

    path: Path
    format: str
    episodes: int
    rows: int


def _has_annotations(pick: Pick) -> bool:
    """Return whether an episode needs columns for its annotations; a LeRobot v3.0 dataset without them does not get any."""
    reader = pick.reader
    return reader.info.has_annotations or (reader.format != "lerobot" and bool(reader.meta(pick.episode).annotations))


def all_of(reader: DatasetReader) -> list[Pick]:
    """Return every episode of a dataset."""
    return [Pick(reader, episode) for episode in range(len(reader))]


def check_destination(path: Path, to: str) -> None:
    """Check before any work that a dataset can be written to a path.

    Raises:
        UsageError: If the path exists, or its name does not fit the format.
        UnknownNameError: If no format has that name.
    """
    WRITERS.load(to)
    if path.exists() or path.is_symlink():
        raise UsageError(f"{path} exists already; give a path that does not, or remove it first")
    if to == "hdf5" and path.suffix.lower() not in (".hdf5", ".h5"):
        raise UsageError(f"{path}: an HDF5 dataset is one file; name it for example {path.with_suffix('.hdf5')}")
    if to != "hdf5" and path.suffix.lower() in (".hdf5", ".h5"):
        raise UsageError(f"{path}: the format {to} is a folder, not an HDF5 file; leave the ending out, or add --to hdf5")


def copy_episodes(
    picks: Sequence[Pick], info: DatasetInfo, destination: Path, to: str, *, progress: Progress | None = None
) -> Copied:
    """Write episodes as a new dataset.

    Numbers are copied bit-identically. Images too, except where the new format stores video.

    Args:
        picks: The episodes, in their new order.
        info: Metadata of the new dataset.
        destination: Its path, which must not exist.
        to: Name of the format.
        progress: Called after each episode.

    Raises:
        UsageError: If there are no episodes, or `check_destination` raises.
        DatasetError: If one of the episodes cannot be read.
    """
    check_destination(destination, to)
    if not picks:
        raise UsageError(f"{destination}: there are no episodes to write, so nothing was written")
    for name in info.upside_down:
        _log.warning("the pictures of camera %r stay upside down; vla-isaac dataset convert --flip turns them", name)
    rows = 0
    info = replace(info, has_annotations=any(_has_annotations(pick) for pick in picks))
    with atomic_tree(destination) as part:
        writer = create_dataset(part, info, to)
        try:
            for done, pick in enumerate(picks, start=1):
                episode = pick.read()
                writer.add(episode)
                rows += len(episode)
                if progress is not None:
                    progress(done, len(picks))
        except BaseException:
            writer.abandon()
            raise
        writer.close()
    return Copied(path=destination, format=to, episodes=len(picks), rows=rows)
