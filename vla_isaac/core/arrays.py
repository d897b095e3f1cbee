"""Names for the array types that cross our boundaries."""

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
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array
