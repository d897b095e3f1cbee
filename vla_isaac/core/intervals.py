"""Wilson confidence interval of a success rate."""

from __future__ import annotations

import math

Z95 = 1.959963984540054  # two-sided 95 % quantile of the normal distribution


def wilson95(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a success rate; (0, 1) for no trials.

    Source: E. B. Wilson (1927), "Probable Inference, the Law of Succession, and Statistical Inference".
    """
    if trials == 0:
        return 0.0, 1.0
    p, z2 = successes / trials, Z95**2
    centre = p + z2 / (2 * trials)
    spread = Z95 * math.sqrt(p * (1 - p) / trials + z2 / (4 * trials**2))
    low, high = ((centre - spread) / (1 + z2 / trials), (centre + spread) / (1 + z2 / trials))
    return max(0.0, low), min(1.0, high)
