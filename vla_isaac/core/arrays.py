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
    """Return a read-only float64 copy, for values that are shared and must not change.

    Its memory is a `bytes` object, so ``setflags(write=True)`` raises, which it does not for an array that owns its data.
    """
    plain = np.asarray(values, dtype=np.float64)  # a subclass of ndarray, or an object with __array__, is read here, once
    return np.ndarray(plain.shape, plain.dtype, plain.tobytes())
