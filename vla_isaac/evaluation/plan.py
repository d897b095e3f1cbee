"""What is to be evaluated, as plain values: the same plan means the same scenes and sentences, whoever acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from vla_isaac.core.errors import ConfigError, UsageError
from vla_isaac.core.registry import unknown_name
from vla_isaac.tasks.families import family_names, task_family

Trial = Literal["usual", "wrong_instruction", "no_instruction", "blackened", "moved"]
"""What is done to the policy; see `EvaluationPlan.trial`."""

Wording = Literal["plain", "training", "held_out"]
"""Where the sentences come from; see `EvaluationPlan.wording`."""

BACKENDS_IN_WORKERS = ("mujoco", "stub")
MOVABLE_FAMILIES = ("lift", "place_on", "stack")
"""Families whose first object can be moved while the hand is on its way to it."""

MAX_TRIES = 3
"""Seeds tried at the most for each episode wanted."""


@dataclass(frozen=True, kw_only=True)
class EvaluationPlan:
    """Everything that decides what the episodes are; how many processes run them is not among it."""

    policy: str
    """Who acts: a name, ``name:argument``, or a checkpoint folder."""

    tasks: tuple[str, ...] = ()
    """Families; empty takes all of them, with the trial ``"moved"`` those where it can be done."""

    episodes: int = 50
    """Episodes per family."""

    seed: int = 900_000
    """The first seed of every family; attempt k has `seed` + k, as in ``run --task FAMILY --episodes N``."""

    scene: str | None = None
    """Scene preset or YAML file; None takes each family's own."""

    randomisation: str = "layout"
    """What varies with the seed: a preset or a YAML file."""

    backend: str = "mujoco"
    """Where: ``"mujoco"`` or ``"stub"``."""

    wording: Wording = "plain"
    """``"plain"``: the family's own sentence. ``"training"``: one drawn from its training templates. ``"held_out"``: for
    attempt k, template k (modulo their number) of those no training sees, with plain names."""

    trial: Trial = "usual"
    """``"usual"``: nothing is done. ``"wrong_instruction"``: another goal of the same scene is asked for.
    ``"no_instruction"``: the sentence is empty. ``"blackened"``: every picture is black. ``"moved"``: the object is moved
    by 3 to 8 cm while the hand is on its way to it."""

    must_act: bool = False
    """Whether a policy that declines what it does not recognise has to try all the same."""

    max_steps: int | None = None
    """Control periods allowed per episode; None takes the family's time."""

    def __post_init__(self) -> None:
        if not self.policy:
            raise ConfigError(
                "evaluation: the policy has no name; give one, such as scripted or mini, or a checkpoint folder"
            )
        _check_choice("trial", self.trial, get_args(Trial))
        _check_choice("wording", self.wording, get_args(Wording))
        _check_choice("backend", self.backend, BACKENDS_IN_WORKERS)
        if self.episodes < 1:
            raise ConfigError(f"evaluation: episodes={self.episodes} is not accepted; give a whole number from 1")
        if self.seed < 0:
            raise ConfigError(f"evaluation: seed={self.seed} is not accepted; seeds are whole numbers from 0")
        if self.max_steps is not None and self.max_steps < 1:
            raise ConfigError(f"evaluation: max_steps={self.max_steps} is not accepted; give a whole number from 1")
        if self.trial == "no_instruction" and self.wording != "plain":
            raise ConfigError(
                f"evaluation: wording={self.wording!r} and trial='no_instruction' exclude each other; leave one out"
            )
        self._take_tasks()

    def _take_tasks(self) -> None:
        """Spell out which families are meant, and refuse those that are not there or cannot be done."""
        if not self.tasks:
            chosen = MOVABLE_FAMILIES if self.trial == "moved" else tuple(family_names())
            object.__setattr__(self, "tasks", chosen)
        if len(set(self.tasks)) != len(self.tasks):
            raise ConfigError(f"evaluation: tasks={self.tasks} must name families, each once")
        for name in self.tasks:
            task_family(name)
            if self.trial == "moved" and name not in MOVABLE_FAMILIES:
                raise UsageError(
                    f"the trial 'moved' is not for the family {name!r}, whose object is not simply gone to and gripped; "
                    f"choose among {', '.join(MOVABLE_FAMILIES)}"
                )

    @property
    def max_tries(self) -> int:
        """Seeds tried at the most for each family."""
        return MAX_TRIES * self.episodes


@dataclass(frozen=True)
class EvaluationJob:
    """One seed of one family; it makes an episode, or its layout does not allow the task, always the same."""

    task: str
    number: int
    """From 0."""

    seed: int


def _check_choice(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigError(f"evaluation: {unknown_name(what, value, known)}")
