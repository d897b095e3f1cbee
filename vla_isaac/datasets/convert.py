"""`convert`: write a dataset in another format."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from vla_isaac.core.errors import UsageError
from vla_isaac.datasets.adaptation import Adaptation, AdaptedReader
from vla_isaac.datasets.copying import Copied, Progress, all_of, check_destination, copy_episodes
from vla_isaac.datasets.formats import DatasetReader, check_has_actions, open_dataset


def convert(
    source: str | Path,
    destination: str | Path,
    to: str,
    *,
    source_format: str | None = None,
    adaptation: Adaptation | None = None,
    progress: Progress | None = None,
) -> Copied:
    """Write a dataset in another format: numbers bit-identical, images too unless the new format is video.

    Args:
        source: An existing dataset.
        destination: Path of the new dataset, which must not exist.
        to: Name of the new format.
        source_format: Name of the old one; None detects it.
        adaptation: Names, cameras, rate and action convention of the new dataset; None keeps all.
        progress: Called after each episode.

    Raises:
        UsageError: If the source is not a dataset or is empty, or the destination exists.
        UnknownNameError: If a format, or a column or camera of the adaptation, is unknown.
        DatasetError: If an episode cannot be read; nothing is written then.
    """
    check_destination(Path(destination), to)
    with closing(open_dataset(source, source_format)) as reader:
        adapted = reader if adaptation is None else AdaptedReader(reader, adaptation)
        return convert_reader(adapted, Path(destination), to, progress=progress)


def convert_reader(reader: DatasetReader, destination: Path, to: str, *, progress: Progress | None = None) -> Copied:
    """Write an open dataset in another format; arguments and errors as in `convert`."""
    if len(reader) == 0:
        raise UsageError(f"dataset {reader.path}: has no episodes, so there is nothing to convert")
    check_has_actions(reader.info, reader.path)
    return copy_episodes(all_of(reader), reader.info, destination, to, progress=progress)
