"""`generate_sample_data`: make a small dataset of demonstrations for first experiments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vla_isaac.collection.collect import CollectionReport, collect
from vla_isaac.collection.plan import CollectionPlan
from vla_isaac.core.errors import UsageError


def generate_sample_data(
    path: str | Path,
    *,
    episodes: int = 10,
    tasks: Sequence[str] = ("lift",),
    format: str = "manifest",
    num_workers: int = 1,
    **plan: Any,
) -> CollectionReport:
    """Run the expert on some tasks, and write a dataset that `CustomVLADataset` and `VLADataset` read.

    Args:
        path: A folder that does not exist yet.
        episodes: Demonstrations, all of them successes.
        tasks: Families, in turn.
        format: A key of `datasets.formats.WRITERS`; the default is ``"manifest"``.
        num_workers: Number of processes; 1 uses this process.
        plan: More fields of `CollectionPlan`, such as ``backend="stub"``, ``seed`` or ``image_hw``.

    Raises:
        UsageError: If the path exists, or the expert failed too often.
        ConfigError: If a field of the plan is not accepted.
    """
    report = collect(
        Path(path),
        CollectionPlan(tasks=tuple(tasks), episodes=episodes, **plan),
        format=format,
        num_workers=num_workers,
    )
    if not report.is_complete:
        raise UsageError(f"dataset {path}: {report.episodes} of {episodes} episodes were made; {report.problem}")
    return report
