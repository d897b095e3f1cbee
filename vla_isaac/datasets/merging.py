"""`merge`: write several datasets as one."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from vla_isaac.core.errors import UsageError
from vla_isaac.datasets.compatibility import check_same_info
from vla_isaac.datasets.copying import Copied, Progress, all_of, check_destination, copy_episodes
from vla_isaac.datasets.formats import open_dataset


def merge(sources: Sequence[Path], destination: Path, to: str, *, progress: Progress | None = None) -> Copied:
    """Write the episodes of all sources, one dataset after the other.

    Raises:
        UsageError: If there are fewer than two sources, or they differ in rate, columns, cameras or action convention.
        DatasetError: If an episode cannot be read; nothing is written then.
    """
    check_destination(destination, to)
    if len(sources) < 2:
        raise UsageError("give at least two datasets to merge; to copy one, convert it")
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(contextlib.closing(open_dataset(source))) for source in sources]
        for reader in readers[1:]:
            check_same_info(readers[0].info, reader.info, where=f"{reader.path} and {readers[0].path}")
        picks = [pick for reader in readers for pick in all_of(reader)]
        return copy_episodes(picks, readers[0].info, destination, to, progress=progress)
