"""`CollectionPlan`: the options of a collection as plain values, and the order of its seeds."""

from __future__ import annotations

from dataclasses import dataclass

from vla_isaac.collection.perturbation import Perturbation
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.number_fields import check_number_fields

BACKENDS_IN_WORKERS = ("mujoco", "physx", "stub")

MAX_TRIES = 3
"""Attempts allowed for each requested episode."""


@dataclass(frozen=True, kw_only=True)
class CollectionPlan:
    """All options that determine the episodes; the number of processes is not among them."""

    tasks: tuple[str, ...]
    """Families, in turn."""

    episodes: int
    """Number of successes, spread evenly over the families."""

    seed: int = 0
    """The first seed."""

    scene: str | None = None
    """Scene preset or YAML file; None takes each family's scene."""

    randomisation: str = "layout"
    """Randomisation by seed: a preset or a YAML file."""

    backend: str = "mujoco"
    """The simulator: ``"mujoco"``, ``"physx"`` or ``"stub"``."""

    cameras: tuple[str, ...] = ("front", "wrist")
    """Cameras that are recorded."""

    image_hw: tuple[int, int] = (128, 128)
    """Height and width [px] of the camera images."""

    fps: float = 20.0
    """Control rate, and rows per second [Hz]."""

    perturb: float = 0.0
    """Share of the episodes with perturbed actions."""

    perturbation: Perturbation = Perturbation()
    """The perturbation of these episodes."""

    steps_after_success: int = 4
    """Control periods recorded after success, so that a policy learns to hold still."""

    language_columns: bool = True
    """Whether LeRobot v3.0 has the labels of sub-tasks in its columns of language, which LeRobot reads from 0.6 on."""

    def __post_init__(self) -> None:
        check_number_fields("collection", self)
        if not self.tasks or len(set(self.tasks)) != len(self.tasks):
            raise ConfigError("collection: {tasks} must name families, each once", options={"tasks": self.tasks})
        if self.episodes < 1:
            raise ConfigError(
                "collection: {episodes} is not accepted; give a whole number from 1", options={"episodes": self.episodes}
            )
        if self.seed < 0:
            raise ConfigError(
                "collection: {seed} is not accepted; seeds are whole numbers from 0", options={"seed": self.seed}
            )
        if self.backend not in BACKENDS_IN_WORKERS:
            raise ConfigError(
                "collection: {backend} is not accepted",
                remedy=f"choose one of {', '.join(BACKENDS_IN_WORKERS)}. "
                "In Isaac Sim, record with the panel and convert the recording",
                options={"backend": self.backend},
            )
        if len(set(self.cameras)) != len(self.cameras):
            raise ConfigError("collection: {cameras} must be distinct", options={"cameras": self.cameras})
        if not 32 <= min(self.image_hw) <= max(self.image_hw) <= 2048 or any(side % 2 for side in self.image_hw):
            raise ConfigError(
                "collection: {image_hw} px is not accepted",
                remedy="give even numbers within 32 to 2048: the video codec cannot store odd ones, and drops the motion "
                "of the arm in smaller ones",
                options={"image_hw": self.image_hw},
            )
        if not 1 <= self.fps <= 100:
            raise ConfigError("collection: {fps} must lie within 1 to 100 Hz", options={"fps": self.fps})
        if not 0 <= self.perturb <= 1:
            raise ConfigError(
                "collection: {perturb} is a share; give a number within 0 to 1", options={"perturb": self.perturb}
            )
        if not 0 <= self.steps_after_success <= 100:
            raise ConfigError(
                "collection: {steps_after_success} must lie within 0 to 100",
                options={"steps_after_success": self.steps_after_success},
            )

    def quota(self, task: int) -> int:
        """Return how many episodes a family has to provide; episode n belongs to family n modulo their count."""
        return len(range(task, self.episodes, len(self.tasks)))

    def job(self, task: int, number: int) -> DemonstrationJob:
        """Return the attempt `number` of a family; no two attempts of a collection share a seed."""
        return DemonstrationJob(self.tasks[task], self.seed + number * len(self.tasks) + task)


@dataclass(frozen=True)
class DemonstrationJob:
    """One attempt, with one seed of one family; its result is deterministic."""

    task: str
    seed: int
