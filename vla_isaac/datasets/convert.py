"""`convert`: write a dataset in another format."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from vla_isaac.core.errors import UsageError
from vla_isaac.datasets.copying import Copied, Progress, all_of, check_destination, copy_episodes
from vla_isaac.datasets.formats import open_dataset


def convert(
    source: str | Path,
    destination: str | Path,
    to: str,
    *,
    source_format: str | None = None,
    progress: Progress | None = None,
) -> Copied:
    """Write a dataset in another format: numbers bit-identical, images too unless the new format is video.

    Args:
        source: An existing dataset.
        destination: Path of the new dataset, which must not exist.
        to: Name of the new format.
        source_format: Name of the old one; None detects it.
        progress: Called after each episode.

    Raises:
        UsageError: If the source is not a dataset or is empty, or the destination exists.
        UnknownNameError: If a format is unknown.
        DatasetError: If an episode cannot be read; nothing is written then.
    """
    check_destination(Path(destination), to)
    with closing(open_dataset(source, source_format)) as reader:
        if len(reader) == 0:
            raise UsageError(f"dataset {source}: has no episodes, so there is nothing to convert")
        return copy_episodes(all_of(reader), reader.info, Path(destination), to, progress=progress)
