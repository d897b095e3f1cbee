"""Independent random generators from one seed: one stream per purpose, so a new purpose does not change the others."""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Return the random generator of `purpose` under `seed`; identical on every machine and Python version.

    Args:
        seed: Any non-negative integer.
        purpose: A short name, such as ``"layout"`` or ``"policy"``.
    """
    return np.random.default_rng(np.random.SeedSequence([int(seed), zlib.crc32(purpose.encode())]))
