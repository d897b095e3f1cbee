"""Schedules of learning rate and weight averaging, as functions of the update number, so resuming needs no state."""

from __future__ import annotations

import math

from vla_isaac.training.config import TrainConfig

FLOOR = 0.01
"""Final learning rate as a fraction of the largest."""


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
    """Return the decay of the moving average at this update: small at first, `ema` later."""
    return min(config.ema, (1.0 + step) / (10.0 + step))
