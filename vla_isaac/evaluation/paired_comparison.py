"""`compare_paired`: McNemar's exact test of two policies on the same episodes.

Only the episodes that exactly one policy solved count; under the null hypothesis both kinds are equally frequent.

Source: Q. McNemar (1947), "Note on the sampling error of the difference between correlated proportions"; the exact test.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from vla_isaac.core.errors import UsageError

Key = TypeVar("Key")


@dataclass(frozen=True, kw_only=True)
class PairedComparison:
    """Result of a comparison."""

    episodes: int
    """Episodes that both policies ran."""

    only_first: int
    """Episodes solved by the first policy only."""

    only_second: int

    p_value: float
    """Two-sided p-value: probability of a split at least as uneven under the null hypothesis."""


def compare_paired(first: Mapping[Key, bool], second: Mapping[Key, bool]) -> PairedComparison:
    """Compare successes by episode, such as by family and seed.

    Raises:
        UsageError: If they have no episode in common.
    """
    common = first.keys() & second.keys()
    if not common:
        raise UsageError("the two evaluations have no episode in common; give both the same families and seeds")
    one = sum(first[key] and not second[key] for key in common)
    other = sum(second[key] and not first[key] for key in common)
    return PairedComparison(episodes=len(common), only_first=one, only_second=other, p_value=sign_test(one, other))


def sign_test(one: int, other: int) -> float:
    """Return the two-sided probability of a split at least as uneven as this one, for a fair coin."""
    flips = one + other
    tail = sum(math.comb(flips, k) for k in range(min(one, other) + 1))
    return min(1.0, 2 * tail / 2**flips)
