"""`EvaluationPlan`: the options of an evaluation as plain values; scenes and instructions do not depend on the policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from vla_isaac.core.errors import ConfigError, UsageError
from vla_isaac.core.number_fields import check_number_fields
from vla_isaac.core.registry import unknown_name
from vla_isaac.tasks.families import family_names, task_family

Trial = Literal["usual", "wrong_instruction", "no_instruction", "blackened", "moved"]
"""Names of trials; see `EvaluationPlan.trial`."""

Wording = Literal["plain", "training", "held_out"]
"""Sources of the instructions; see `EvaluationPlan.wording`."""

BACKENDS_IN_WORKERS = ("mujoco", "physx", "stub")
MOVABLE_FAMILIES = ("lift", "place_on", "stack")
"""Families whose first object can be moved while the hand approaches it."""

MAX_TRIES = 3
"""Largest number of seeds tried per requested episode."""


@dataclass(frozen=True, kw_only=True)
class EvaluationPlan:
    """All options that determine the episodes; the number of processes is not among them."""

    policy: str
    """The policy: a name, ``name:argument``, or a checkpoint folder."""

    tasks: tuple[str, ...] = ()
    """Families; empty takes all of them, with the trial ``"moved"`` those that support it."""

    episodes: int = 50
    """Episodes per family."""

    seed: int = 900_000
    """The first seed of every family; attempt k has `seed` + k, as in ``run --task FAMILY --episodes N``."""

    scene: str | None = None
    """Scene preset or YAML file; None takes each family's scene."""

    randomisation: str = "layout"
    """Randomisation by seed: a preset or a YAML file."""

    backend: str = "mujoco"
    """The simulator: ``"mujoco"``, ``"physx"`` or ``"stub"``."""

    wording: Wording = "plain"
    """``"plain"``: the family's default sentence. ``"training"``: one sampled from its training templates.
    ``"held_out"``: for attempt k, held-out template k (modulo their number), with plain names."""

    trial: Trial = "usual"
    """``"usual"``: no change. ``"wrong_instruction"``: the instruction requests another goal of the same scene.
    ``"no_instruction"``: the instruction is empty. ``"blackened"``: every image is black. ``"moved"``: the object is moved
    by 3 to 8 cm while the hand approaches it."""

    sentences: str | None = None
    """A file of sentences with their goals, see `grounding.said_sentences`; attempt k of a family has its sentence k (modulo
    their number) in that sentence's scene. None takes the family's own."""

    must_act: bool = False
    """Whether a policy must act even on objects that it does not recognise, instead of declining."""

    max_steps: int | None = None
    """Control periods allowed per episode; None takes the family's limit."""

    def __post_init__(self) -> None:
        check_number_fields("evaluation", self)
        if not self.policy:
            raise ConfigError(
                "evaluation: the policy has no name; give one, such as scripted or mini, or a checkpoint folder"
            )
        _check_choice("trial", self.trial, get_args(Trial))
        _check_choice("wording", self.wording, get_args(Wording))
        _check_choice("backend", self.backend, BACKENDS_IN_WORKERS)
        if self.episodes < 1:
            raise ConfigError(
                "evaluation: {episodes} is not accepted; give a whole number from 1", options={"episodes": self.episodes}
            )
        if self.seed < 0:
            raise ConfigError(
                "evaluation: {seed} is not accepted; seeds are whole numbers from 0", options={"seed": self.seed}
            )
        if self.max_steps is not None and self.max_steps < 1:
            raise ConfigError(
                "evaluation: {max_steps} is not accepted; give a whole number from 1", options={"max_steps": self.max_steps}
            )
        if self.trial == "no_instruction" and self.wording != "plain":
            raise ConfigError(
                "evaluation: {wording} and {trial} exclude each other; leave one out",
                options={"wording": self.wording, "trial": self.trial},
            )
        if self.sentences and (self.trial != "usual" or self.wording != "plain" or self.scene):
            raise ConfigError("evaluation: a file of sentences excludes a trial, a wording and a scene; leave them out")
        self._take_tasks()

    def _take_tasks(self) -> None:
        """Fill in the families, and refuse those that do not exist or do not support the trial."""
        if not self.tasks:
            chosen = MOVABLE_FAMILIES if self.trial == "moved" else tuple(family_names())
            object.__setattr__(self, "tasks", chosen)
        if len(set(self.tasks)) != len(self.tasks):
            raise ConfigError("evaluation: {tasks} must name families, each once", options={"tasks": self.tasks})
        for name in self.tasks:
            task_family(name)
            if self.trial == "moved" and name not in MOVABLE_FAMILIES:
                raise UsageError(
                    f"the trial 'moved' is not for the family {name!r}, whose object is not approached and grasped first; "
                    f"choose among {', '.join(MOVABLE_FAMILIES)}"
                )

    @property
    def max_tries(self) -> int:
        """Return the largest number of seeds tried for each family."""
        return MAX_TRIES * self.episodes


@dataclass(frozen=True)
class EvaluationJob:
    """One seed of one family; its result is deterministic."""

    task: str
    number: int
    """Index of the attempt, from 0."""

    seed: int


def _check_choice(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigError(f"evaluation: {unknown_name(what, value, known)}")
