"""`LiveSettings`: scene, seed, policy and task of the next load and run; changed as a whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from vla_isaac.core.errors import UsageError, shown
from vla_isaac.runtime.episode import EpisodeRequest
from vla_isaac.scene.randomisation import Randomisation, randomisation_preset
from vla_isaac.scene.spec import SceneSpec
from vla_isaac.tasks.families import TaskFamily, task_family


@dataclass(frozen=True, kw_only=True)
class LiveSettings:
    """Scene, seed, policy and task."""

    scene: SceneSpec
    """The scene before randomisation."""

    seed: int = 0
    """Seed of all random numbers."""

    policy: str = "scripted"
    """Name of the policy."""

    instruction: str | None = None
    """The instruction; None takes the scene's default, or the one that the task samples."""

    randomisation: Randomisation = field(default_factory=lambda: randomisation_preset("layout"))
    """The ranges of the randomisation."""

    task: TaskFamily | None = None
    """Samples instruction and goal at the next load; excludes `instruction`."""

    @property
    def sentence(self) -> str:
        """Return the instruction as far as it is known before the load."""
        if self.task is not None:
            return ""
        return self.scene.instruction if self.instruction is None else self.instruction

    def request(self) -> EpisodeRequest:
        """Return the request of the next load; a free instruction is parsed when the run begins: it may change."""
        return EpisodeRequest(
            scene=self.scene,
            randomisation=self.randomisation,
            seed=self.seed,
            family=self.task,
            instruction=None if self.task else self.sentence,
            judge=self.task is not None,
        )

    def changes_since(self, loaded: LiveSettings) -> list[str]:
        """Return the names of the differences that need another load; a free instruction needs none."""
        names = ["scene", "seed", "randomisation", *(["task"] if self.task is not None else [])]
        return [name for name in names if getattr(self, name) != getattr(loaded, name)]


def with_changes(
    settings: LiveSettings,
    make_scene: Callable[[str], SceneSpec],
    *,
    scene: str | SceneSpec | None,
    seed: int | None,
    policy: str | None,
    instruction: str | None,
    randomisation: str | Randomisation | None,
    task: str | None,
) -> LiveSettings:
    """Return the settings with every argument that is not None replaced; arguments as in `LiveSession.choose`.

    Raises:
        UnknownNameError: If no scene, randomisation or task has that name.
        UsageError: If the seed is negative, or instruction and task are both given.
    """
    if instruction is not None and task:
        raise UsageError(f"an instruction and the task {task!r} exclude each other", remedy="choose one")
    changes: dict[str, Any] = {}
    if scene is not None:
        changes["scene"] = make_scene(scene) if isinstance(scene, str) else scene
    if seed is not None:
        changes["seed"] = checked_seed(seed)
    if policy is not None:
        changes["policy"] = policy
    if randomisation is not None:
        known = isinstance(randomisation, Randomisation)
        changes["randomisation"] = randomisation if known else randomisation_preset(str(randomisation))
    if instruction is not None:
        changes |= {"instruction": instruction, "task": None}
    if task is not None:
        family = task_family(task) if task else None
        changes |= {"task": family, "instruction": None}
        if family is not None and scene is None:
            changes["scene"] = make_scene(family.preset.scene)
    elif scene is not None and instruction is None and changes["scene"] != settings.scene:
        changes["instruction"] = None  # the instruction names the objects of another scene
    return replace(settings, **changes)


def checked_seed(seed: int) -> int:
    """Return the seed if it is valid.

    Raises:
        UsageError: If it is not a whole number, or negative.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise UsageError(f"seed={shown(seed)} is not accepted", remedy="give a whole number from 0 up")
    return seed
