"""Registry of dataset formats, and the protocols of their readers and writers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import MissingDependencyError, UsageError
from vla_isaac.core.registry import Registry
from vla_isaac.datasets.episode import Episode, EpisodeMeta, Feature


@dataclass(frozen=True, kw_only=True)
class DatasetInfo:
    """Metadata that all episodes of a dataset share."""

    fps: float
    """Rows per second."""

    features: Mapping[str, Feature]
    """Columns, without the bookkeeping columns of a format; ``"action"`` among them in every dataset that is written."""

    cameras: Mapping[str, tuple[int, int]]
    """Height and width [px] by camera name."""

    robot_type: str = "franka_panda"
    action_spec: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the `ActionSpec` of ``"action"``; empty where a third-party dataset has none."""

    upside_down: tuple[str, ...] = ()
    """Cameras of a third-party dataset whose pictures are stored upside down; not stored with a dataset."""

    has_annotations: bool = False
    """Whether LeRobot v3.0 gets columns of language, which LeRobot reads from 0.6 on; other formats need no column."""


class DatasetReader(Protocol):
    """An open dataset; episodes are numbered from 0."""

    path: Path
    format: str
    info: DatasetInfo

    def __len__(self) -> int:
        """Return the number of episodes."""
        ...

    def length(self, episode: int) -> int:
        """Return the number of rows of an episode."""
        ...

    def meta(self, episode: int) -> EpisodeMeta:
        """Return the metadata of an episode."""
        ...

    def columns(self, episode: int, names: Sequence[str] | None = None) -> Mapping[str, AnyArray]:
        """Return the columns of an episode, all or the named ones; decodes no image."""
        ...

    def episode(self, episode: int) -> Episode:
        """Return an episode; images are decoded on access.

        Raises:
            DatasetError: If a file of it is missing or broken; the message names file and episode.
        """
        ...

    def close(self) -> None:
        """Release files; may be called twice."""
        ...


Writer = TypeVar("Writer", bound="DatasetWriter")


class DatasetWriter(Protocol):
    """A dataset being written; use as a context manager, or call `close`."""

    path: Path

    def __enter__(self: Writer) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, episode: Episode) -> int:
        """Write an episode, completely or not at all, and return its number."""
        ...

    def close(self) -> None:
        """Write the summaries, such as statistics; may be called twice."""
        ...

    def abandon(self) -> None:
        """Release the dataset without writing summaries, because it is removed or resumed later."""
        self.close()


READERS = Registry(
    "dataset format",
    "dataset_readers",
    {
        "lerobot": "vla_isaac.datasets.lerobot.reader:LeRobotReader",
        "lerobot-v2.1": "vla_isaac.datasets.lerobot_v21.reader:LeRobotV21Reader",
        "manifest": "vla_isaac.datasets.manifest:ManifestReader",
        "hdf5": "vla_isaac.datasets.robomimic:RobomimicReader",
        "spool": "vla_isaac.collection.spool:SpoolReader",
    },
)
"""Name to class; each has ``recognises(path: Path) -> bool`` and is made with the path."""

WRITERS = Registry(
    "dataset format",
    "dataset_writers",
    {
        "lerobot": "vla_isaac.datasets.lerobot.writer:LeRobotWriter",
        "lerobot-v2.1": "vla_isaac.datasets.lerobot_v21.writer:LeRobotV21Writer",
        "manifest": "vla_isaac.datasets.manifest:ManifestWriter",
        "hdf5": "vla_isaac.datasets.robomimic:RobomimicWriter",
    },
)
"""Name to class, made with ``(path, info, *, resume=False)``; a path with other content is refused."""


def open_dataset(path: str | Path, format: str | None = None) -> DatasetReader:
    """Open a dataset for reading.

    Args:
        path: Folder, or a ``.hdf5`` file.
        format: Name of its format; None detects it.

    Raises:
        UsageError: If there is no dataset, or its format is not recognised.
        MissingDependencyError: If no format whose packages are installed recognises it.
        UnknownNameError: If the format is unknown.
    """
    path = Path(path)
    if not path.exists():
        raise UsageError(f"dataset {path}: there is no such file or folder")
    if format is not None:
        reader: DatasetReader = READERS.load(format)(path)
        return reader
    unavailable: MissingDependencyError | None = None
    for name in READERS:
        try:
            kind = READERS.load(name)
        except MissingDependencyError as error:  # the dataset may have another format
            unavailable = unavailable or error
            continue
        if kind.recognises(path):
            found: DatasetReader = kind(path)
            return found
    if unavailable is not None:
        raise unavailable
    raise UsageError(f"dataset {path}: is none of the known formats ({', '.join(READERS)}); name one with --format if it is")


def check_has_actions(info: DatasetInfo, path: str | Path) -> None:
    """Raise `UsageError` if a dataset has no column ``"action"``, as third-party datasets that name it otherwise."""
    if "action" not in info.features:
        likely = next((name for name in info.features if "action" in name), "COLUMN")
        raise UsageError(
            f"dataset {path}: has no column 'action'; it has {', '.join(info.features) or 'none'}",
            remedy=f"name the actions: vla-isaac dataset convert {path} NEW --to lerobot --rename {likely}=action",
        )


def create_dataset(path: str | Path, info: DatasetInfo, format: str = "lerobot", *, resume: bool = False) -> DatasetWriter:
    """Begin a dataset, or resume one.

    Raises:
        UsageError: If the folder has other content, another writer uses it, `info` differs on resuming, or has no actions.
        UnknownNameError: If the format is unknown.
    """
    check_has_actions(info, path)
    writer: DatasetWriter = WRITERS.load(format)(Path(path), info, resume=resume)
    return writer
