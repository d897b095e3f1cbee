"""Type aliases of arrays, and `frozen`, a copy that cannot be written."""

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

    Its memory is a `bytes` object, so ``setflags(write=True)`` raises; for an array that owns its data it does not.
    """
    plain = np.asarray(values, dtype=np.float64)  # subclasses of ndarray and objects with __array__ are converted here, once
    return np.ndarray(plain.shape, plain.dtype, plain.tobytes())
