"""Checks at the boundary: real numbers, shape and finiteness."""

from __future__ import annotations

from typing import Any

import numpy as np

from vla_isaac.core.arrays import Array
from vla_isaac.core.errors import ShapeError, VlaIsaacError, shown

NUMBERS = "real numbers as int, float or an array of them"
_KINDS = {"b": "booleans", "c": "complex numbers", "O": "Python objects", "S": "bytes", "U": "text"}


def real_numbers(
    name: str, values: Any, *, error: type[VlaIsaacError] = ShapeError, remedy: str = f"give {NUMBERS}"
) -> Array:
    """Return integers or floating-point numbers as float64; no copy if they are a float64 array already.

    Everything that would lose a part of its value or has to be guessed is refused: complex numbers, text, booleans, masked
    entries, and objects such as `Decimal` or whole numbers of more than 64 bits. NaN and infinity pass, as does what is too
    large for float64, which becomes infinite; `check_finite` refuses these.

    Args:
        name: What it is, for the message.
        values: A number, nested lists of numbers, or whatever converts itself to an array.
        error: The class of the error.
        remedy: What to give instead.

    Raises:
        VlaIsaacError: Of class `error`, if it is anything else.
    """
    if type(values) is np.ndarray and values.dtype == np.float64:  # the usual case, in every control period
        return values
    try:
        if np.ma.is_masked(values):
            raise error(f"{name} has masked entries: {shown(values)}", remedy=remedy)
        given = np.asarray(values)
    except VlaIsaacError:
        raise
    except Exception as raised:  # ragged lists, and whatever another library's object raises when it is converted
        raise error(f"{name} is {shown(values)}", remedy=f"{remedy} ({type(raised).__name__})") from raised
    if given.dtype.kind not in "iuf":
        raise error(f"{name} is {shown(values)}", remedy=f"{remedy}, not {_KINDS.get(given.dtype.kind, given.dtype.name)}")
    with np.errstate(over="ignore"):
        return given.astype(np.float64)


def check_shape(name: str, array: Any, shape: tuple[int | None, ...], *, hint: str = "") -> None:
    """Raise `ShapeError` unless `array` has `shape` (None stands for any length)."""
    try:
        found = np.shape(array)
    except Exception as raised:  # ragged lists
        raise ShapeError(f"{name} is {shown(array)}, which is no array", remedy=hint or f"give {NUMBERS}") from raised
    if len(found) == len(shape) and all(want is None or want == have for want, have in zip(shape, found, strict=True)):
        return
    expected = "(" + ", ".join("any" if n is None else str(n) for n in shape) + ("," if len(shape) == 1 else "") + ")"
    raise ShapeError(f"{name} has shape {found}, expected {expected}", remedy=hint)


def check_finite(name: str, array: Any, *, error: type[VlaIsaacError] = ShapeError) -> None:
    """Raise `error` unless all entries of `array` are finite real numbers; the message names the first other one."""
    values = real_numbers(name, array, error=error)
    if np.isfinite(values).all():
        return
    where = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
    place = f"[{', '.join(map(str, where))}]" if where else ""
    raise error(f"{name}{place} is {values[where]}", remedy="every entry must be a finite number")
