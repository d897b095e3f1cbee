"""Checks of shape and finiteness at the boundary."""

from __future__ import annotations

from typing import Any

import numpy as np

from vla_isaac.core.errors import ShapeError, VlaIsaacError


def check_shape(name: str, array: Any, shape: tuple[int | None, ...], *, hint: str = "") -> None:
    """Raise `ShapeError` unless `array` has `shape` (None stands for any length)."""
    found = np.shape(array)
    if len(found) == len(shape) and all(want is None or want == have for want, have in zip(shape, found, strict=True)):
        return
    expected = "(" + ", ".join("any" if n is None else str(n) for n in shape) + ("," if len(shape) == 1 else "") + ")"
    raise ShapeError(f"{name} has shape {found}, expected {expected}", remedy=hint)


def check_finite(name: str, array: Any, *, error: type[VlaIsaacError] = ShapeError) -> None:
    """Raise `error` if any entry of `array` is NaN or infinite; the message names the first such entry."""
    values = np.asarray(array, dtype=np.float64)
    if np.isfinite(values).all():
        return
    where = tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])
    place = f"[{', '.join(map(str, where))}]" if where else ""
    raise error(f"{name}{place} is {values[where]}", remedy="every entry must be a finite number")
