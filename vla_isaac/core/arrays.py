"""Names for the array types that cross our boundaries, and arrays that nobody can write to."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]
"""Real numbers, double precision."""

Image: TypeAlias = npt.NDArray[np.uint8]
"""Colour image, shape (H, W, 3)."""

AnyArray: TypeAlias = npt.NDArray[Any]


def frozen(values: Any) -> Array:
    """Return a read-only float64 copy, for values that are shared and must not change."""
    return read_only_array(np.asarray(values, dtype=np.float64))


def read_only_array(array: AnyArray) -> AnyArray:
    """Return a copy over memory that numpy refuses to make writeable again.

    The memory is a `bytes` object, so ``setflags(write=True)`` raises, which it does not for an array that owns its data.
    Arrays of Python objects have no such memory; their copy is only marked as read-only.
    """
    plain = np.asarray(array)  # a subclass of ndarray could answer with anything
    if plain.dtype.hasobject:
        copied = plain.copy()
        copied.flags.writeable = False
        return copied
    return np.ndarray(plain.shape, plain.dtype, plain.tobytes())
