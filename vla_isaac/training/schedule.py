"""Numbers that follow from the step alone, so that a run that is resumed has nothing to remember."""

from __future__ import annotations

import math

from vla_isaac.training.config import TrainConfig

FLOOR = 0.01
"""Share of the learning rate that is left at the end."""


def learning_rate(config: TrainConfig, step: int) -> float:
    """Return the learning rate of an update; `step` counts from 0."""
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    done = min(1.0, (step - config.warmup_steps) / max(1, config.steps - config.warmup_steps))
    if config.schedule == "constant":
        return config.learning_rate
    left = 1.0 - done if config.schedule == "linear" else 0.5 * (1.0 + math.cos(math.pi * done))
    return config.learning_rate * (FLOOR + (1.0 - FLOOR) * left)


def averaging(config: TrainConfig, step: int) -> float:
    """Return the share of the averaged weights that this update keeps: little at first, `ema` later."""
    return min(config.ema, (1.0 + step) / (10.0 + step))
