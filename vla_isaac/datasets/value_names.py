"""`value_names`: names of the values of a column, from the many ways in which datasets write them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

from vla_isaac.core.log_once import warn_once

DEEPEST = 8  # levels of lists and mappings

_log = logging.getLogger(__name__)


def value_names(names: Any, shape: Sequence[int], *, column: str, source: str) -> tuple[str, ...] | None:
    """Return one name for each value of a row; None where there are none, so that the values are numbered.

    Names may be a list, a list of lists, a mapping of parts to their names, or of names to their numbers. Names of the axes
    of a row of several dimensions are no names of its values. Where the number of names is wrong, a warning says it once.

    Args:
        names: The entry ``names`` of a column.
        shape: Shape of a row.
        column: Name of the column, for the warning.
        source: File of the entry, for the warning.
    """
    found, expected = _flat(names, DEEPEST), prod(shape)
    if len(found) == expected:
        return tuple(found)
    if found and not (len(shape) > 1 and len(found) == len(shape)):
        what = f"column {column!r} has {len(found)} names for {expected} values; its values are numbered instead"
        warn_once(_log, f"{source}: {what}")
    return None


def _flat(names: Any, levels: int) -> list[str]:
    """Return all names in their order."""
    if names is None or levels == 0:
        return []
    if isinstance(names, Mapping):
        if all(isinstance(value, int) for value in names.values()):
            return [str(name) for name in sorted(names, key=names.__getitem__)]
        return [name for part in names.values() for name in _flat(part, levels - 1)]
    if isinstance(names, list | tuple):
        return [name for part in names for name in _flat(part, levels - 1)]
    return [str(names)]
