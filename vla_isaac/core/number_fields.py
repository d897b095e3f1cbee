"""`check_number_fields`: every number of a configuration is real, finite and of the kind that its field declares."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Hashable
from typing import Any

import numpy as np

from vla_isaac.core.checks import check_finite, real_numbers
from vla_isaac.core.errors import ConfigError, VlaIsaacError, shown


def check_number_fields(subject: str, config: Any, *, error: type[VlaIsaacError] = ConfigError) -> None:
    """Check the fields of a dataclass that are declared as float, int, tuples of these, or one of these or None.

    For ``__post_init__``, before values are compared: text would raise a TypeError there, NaN would pass.

    Args:
        subject: What it is, for the message, such as ``"camera 'front'"``.
        config: The dataclass.
        error: The class of the error.

    Raises:
        VlaIsaacError: Of class `error`, naming subject, field and value.
    """
    for name, is_whole, may_be_none in _number_fields(typing.cast(Hashable, type(config))):
        value = getattr(config, name)
        if (value is None and may_be_none) or (type(value) is int and abs(value) < 1 << 63):
            continue
        field = f"{subject}: {name}"
        numbers = real_numbers(field, value, error=error)
        check_finite(field, numbers, error=error)
        if is_whole and np.asarray(value).dtype.kind not in "iu" and numbers.size:
            raise error(f"{field} is {shown(value)}", remedy="give whole numbers")


@functools.cache
def _number_fields(cls: Any) -> tuple[tuple[str, bool, bool], ...]:
    """Return the names of the fields that hold numbers, whether these are whole, and whether they may be None."""
    kinds = {name: set(_leaves(hint)) for name, hint in typing.get_type_hints(cls).items()}
    none = type(None)
    numbers = {name: kind for name, kind in kinds.items() if kind - {none} and kind <= {int, float, none}}
    return tuple((name, float not in kind, none in kind) for name, kind in numbers.items())


def _leaves(hint: Any) -> typing.Iterator[Any]:
    """Yield the types of the values of a type hint; the dots of tuples of any length are left out."""
    if typing.get_origin(hint) in (tuple, typing.Union, types.UnionType):
        for part in typing.get_args(hint):
            yield from _leaves(part)
    elif hint is not Ellipsis:
        yield hint
