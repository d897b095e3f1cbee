"""Selection of episodes: by condition, or by a random split."""

from __future__ import annotations

from dataclasses import dataclass

from vla_isaac.core.errors import UsageError
from vla_isaac.core.seeding import stream
from vla_isaac.datasets.episode import EpisodeMeta
from vla_isaac.datasets.formats import DatasetReader


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Condition on an episode; fields that are None are ignored."""

    task: str | None = None
    """Name of the family."""

    scene: str | None = None
    """Name of the scene."""

    success: bool | None = None
    """Whether it reached its goal."""

    text: str | None = None
    """Words of the instruction, or of one of its sentences; case-insensitive."""

    min_length: int | None = None
    """Smallest number of rows."""

    max_length: int | None = None
    """Largest number of rows."""

    @property
    def is_empty(self) -> bool:
        """Return whether every episode matches."""
        return self == Condition()

    def fits(self, meta: EpisodeMeta, length: int) -> bool:
        """Return whether an episode matches."""
        return (
            self.task in (None, meta.task)
            and self.scene in (None, meta.scene)
            and self.success in (None, meta.success)
            and (self.text is None or any(self.text.lower() in text.lower() for text in (meta.instruction, *meta.texts)))
            and (self.min_length is None or length >= self.min_length)
            and (self.max_length is None or length <= self.max_length)
        )


@dataclass(frozen=True)
class EpisodeSplit:
    """Two parts of a dataset, by episode numbers in order."""

    train: list[int]
    val: list[int]


def select(reader: DatasetReader, condition: Condition) -> list[int]:
    """Return the numbers of the episodes that match."""
    return [n for n in range(len(reader)) if condition.fits(reader.meta(n), reader.length(n))]


def split_by_share(reader: DatasetReader, share: float, *, seed: int = 0) -> EpisodeSplit:
    """Sample `share` of the episodes for validation, equally from every task as far as whole episodes allow.

    Raises:
        UsageError: If the share is not between 0 and 1, or a part would be empty.
    """
    if not 0 < share < 1:
        raise UsageError(f"a share of {share} leaves one part empty; give one between 0 and 1, for example 0.1")
    if len(reader) < 2:
        raise UsageError(f"dataset {reader.path}: {len(reader)} episode cannot be split; it takes at least 2")
    num_val = min(max(round(share * len(reader)), 1), len(reader) - 1)
    val = sorted(_spread_over_tasks(reader, seed)[:num_val])
    return EpisodeSplit([n for n in range(len(reader)) if n not in set(val)], val)


def split_by_condition(reader: DatasetReader, condition: Condition) -> EpisodeSplit:
    """Use the matching episodes for validation only, such as one task or one instruction.

    Raises:
        UsageError: If none or all of them match.
    """
    val = select(reader, condition)
    if len(val) in (0, len(reader)):
        raise UsageError(f"dataset {reader.path}: {len(val)} of {len(reader)} episodes match, so one part would be empty")
    return EpisodeSplit([n for n in range(len(reader)) if n not in set(val)], val)


def _spread_over_tasks(reader: DatasetReader, seed: int) -> list[int]:
    """Return all episodes in an order in which every prefix has each task in proportion, shuffled by the seed."""
    by_task: dict[str, list[int]] = {}
    for n in range(len(reader)):
        by_task.setdefault(reader.meta(n).task, []).append(n)
    random = stream(seed, "split")
    ranks: list[tuple[float, float, int]] = []
    for task in sorted(by_task):
        drawn = random.permutation(by_task[task]).tolist()
        ranks += [((place + 0.5) / len(drawn), random.random(), n) for place, n in enumerate(drawn)]
    return [n for _, _, n in sorted(ranks)]
