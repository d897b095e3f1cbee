"""`Perturbation` and `Disturbance`: perturb the actions of a demonstration, so that a policy learns to recover.

The perturbed action is executed; the expert's clean action in the resulting state is the label. Amounts are shares of the
expert's top speed and durations are in seconds. Noise grows with the square root of the control period, as in a random
walk, so that the deviation is the same at every rate.

Source: M. Laskey et al. (2017), "DART: Noise Injection for Robust Imitation Learning", for the method; the amounts are
those with which a prototype of this project learned to place cubes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_isaac.core.errors import ConfigError
from vla_isaac.core.number_fields import check_number_fields
from vla_isaac.core.seeding import stream
from vla_isaac.core.types import Action


@dataclass(frozen=True, kw_only=True)
class Perturbation:
    """Strength and frequency of the perturbation."""

    max_noise: float = 0.3
    """Largest standard deviation of the noise of a step at 20 Hz; an episode's is uniform between 0 and this, half of it for
    rotations."""

    burst_rate: float = 0.35
    """Bursts per second of the time between bursts."""

    burst_seconds: tuple[float, float] = (0.2, 0.5)
    """Shortest and longest burst [s]."""

    random_share: float = 0.7
    """Share of bursts in a random direction; the others oppose the expert's action."""

    flip_share: float = 0.25
    """Share of bursts during which the gripper does the opposite."""

    speed: float = 0.45
    """Speed of a share of 1 [m/s]."""

    turn_rate: float = 2.0
    """Rate of turn of a share of 1 [rad/s]."""

    def __post_init__(self) -> None:
        check_number_fields("perturbation", self)
        low, high = self.burst_seconds
        if not (0 <= self.max_noise <= 2 and 0 <= self.burst_rate <= 5 and 0 < low <= high):
            raise ConfigError(
                f"perturbation: {self} is not accepted; noise lies within 0 to 2, bursts within 0 to 5 per second"
            )


NOISE_RATE = 20.0  # [Hz] rate that `max_noise` refers to


class Disturbance:
    """The perturbation of one episode, sampled from its seed."""

    def __init__(self, perturbation: Perturbation, seed: int, rate_hz: float) -> None:
        self._p = perturbation
        self._rng = stream(seed, "perturbation")
        self._rate = rate_hz
        self._step = np.array([perturbation.speed] * 3 + [perturbation.turn_rate] * 3) / rate_hz
        self.noise = float(self._rng.uniform(0.0, perturbation.max_noise))
        """Standard deviation in this episode, in the unit of `max_noise`."""
        self._sigma = self.noise * np.sqrt(rate_hz / NOISE_RATE) * np.array([1.0, 1.0, 1.0, 0.5, 0.5, 0.5]) * self._step
        self._left = 0

    def disturbed(self, clean: Action, *, widest: float) -> Action:
        """Return the action executed instead of `clean`.

        Args:
            clean: Displacement of the ee, linear [m] then angular [rad], and the gripper.
            widest: The gripper value when it is open; its closed one is 0.
        """
        if self._left == 0 and self._rng.random() < self._p.burst_rate / self._rate:
            self._begin_burst(clean)
        noise = self._rng.normal(size=6) * self._sigma
        arm = clean.arm + noise
        gripper = clean.gripper
        if self._left > 0:
            self._left -= 1
            arm = self._burst + noise
            if self._flips and gripper is not None:
                gripper = 0.0 if gripper > 0.5 * widest else widest
        return Action(arm, gripper)

    def _begin_burst(self, clean: Action) -> None:
        low, high = self._p.burst_seconds
        self._left = max(1, round(float(self._rng.uniform(low, high)) * self._rate))
        way = self._rng.uniform(-1.0, 1.0, size=6) * [1.0, 1.0, 1.0, 0.5, 0.5, 0.5]
        is_random = self._rng.random() < self._p.random_share
        self._burst = way * self._step if is_random else -clean.arm
        self._flips = bool(self._rng.random() < self._p.flip_share)
