"""`read_only_copy`: a read-only deep copy, for values passed to policies and subscribers.

Read-only alone is not enough: the flag can be reset, torch writes through `from_numpy` into read-only memory, and
`object.__setattr__` sets attributes of frozen dataclasses. A copy alone is not enough either: a write would be lost
silently. So every policy and every subscriber is given its own read-only copy.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import FrozenInstanceError, is_dataclass
from enum import Enum
from pathlib import PurePath
from typing import Any, NoReturn, TypeVar

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import ReadOnlyError, describe
from vla_isaac.core.goals import Goal, GoalPlan
from vla_isaac.core.types import Body, Verdict

T = TypeVar("T")

_PLAIN = (
    *(type(None), bool, int, float, complex, str, bytes),
    *(Body, Verdict, Goal, GoalPlan),  # frozen, with plain values only
)
_IMMUTABLE = (np.generic, Enum, PurePath, type)


def read_only_copy(value: T) -> T:
    """Return a read-only copy that shares no writeable memory with `value`.

    Arrays are read-only, mappings are `ReadOnlyDict`, dataclasses are copied field by field,
    lists and everything else are deep copies. ``copy.deepcopy`` of the result can be written.
    """
    copier = _COPIERS.get(type(value))
    if copier is None:
        copier = _COPIERS[type(value)] = _copier_for(type(value))
    copied: T = copier(value)
    return copied


def is_refused_write(error: Exception) -> bool:
    """Return whether an error came from writing into a read-only copy.

    numpy raises a plain ValueError, which only its text distinguishes; no other code parses a message.
    """
    if isinstance(error, ReadOnlyError | FrozenInstanceError):
        return True
    text = describe(error)
    return isinstance(error, ValueError) and ("read-only" in text or "WRITEABLE" in text)


class ReadOnlyDict(dict[Any, Any]):
    """A dict that refuses to be changed; its copies, deep copies and pickles are ordinary dicts."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise ReadOnlyError("this mapping is read-only", remedy="copy it first, for example dict(observation.frames)")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


def _copier_for(kind: type) -> Callable[[Any], Any]:
    if kind is np.ndarray:
        return _copied_plain_array
    if issubclass(kind, np.ndarray):
        return _copied_array
    if issubclass(kind, Mapping):
        return _copied_mapping
    if kind is list:
        return lambda values: [read_only_copy(value) for value in values]
    if kind is tuple:
        return _copied_tuple
    if issubclass(kind, _IMMUTABLE):
        return _itself
    if is_dataclass(kind) and "__slots__" not in vars(kind):
        return _copier_by_fields(kind)
    return copy.deepcopy


def _copier_by_fields(kind: type) -> Callable[[Any], Any]:
    """Return a function that copies a dataclass; its fields were checked when the original was made."""
    copiers, unknown = _COPIERS, read_only_copy

    def copied(value: Any) -> Any:
        new: Any = object.__new__(kind)
        into = new.__dict__
        for name, held in value.__dict__.items():
            into[name] = copiers.get(type(held), unknown)(held)
        return new

    return copied


def _copied_array(array: AnyArray) -> AnyArray:
    plain = copy.deepcopy(np.asarray(array)) if array.dtype.hasobject else np.array(array)  # no subclass of ndarray
    plain.setflags(write=False)
    return plain


def _copied_plain_array(array: AnyArray) -> AnyArray:
    if array.dtype.hasobject:
        return _copied_array(array)
    copied = array.copy()
    copied.setflags(False)  # write=False; by position, which takes half the time of a keyword
    return copied


def _copied_tuple(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if _IS_PLAIN.issuperset(map(type, values)):
        return values
    return tuple([read_only_copy(value) for value in values])


def _copied_mapping(mapping: Mapping[Any, Any]) -> ReadOnlyDict:
    return ReadOnlyDict((key, read_only_copy(value)) for key, value in mapping.items())


def _itself(value: Any) -> Any:
    return value


_IS_PLAIN = frozenset(_PLAIN)
_COPIERS: dict[type, Callable[[Any], Any]] = dict.fromkeys(_PLAIN, _itself)
