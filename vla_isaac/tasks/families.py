"""Task families: draw an instruction and its goal for a scene from a seed.

Each family is a function in `tasks/library/`, found by scanning that folder, with its preset in
``config/tasks/<name>.yaml``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import numpy as np

from vla_isaac.core.config import load_preset
from vla_isaac.core.errors import ConfigError, SceneError
from vla_isaac.core.goals import GoalPlan
from vla_isaac.core.registry import unknown_name
from vla_isaac.core.types import SceneState

T = TypeVar("T")


@dataclass(frozen=True)
class TaskDraw:
    """Instruction and goal of one episode."""

    instruction: str
    """The instruction."""

    plan: GoalPlan
    """Its goals."""


Draw = Callable[[SceneState, np.random.Generator], TaskDraw]


@dataclass(frozen=True, kw_only=True)
class TaskPreset:
    """A family's settings in ``config/tasks/<name>.yaml``."""

    description: str
    """One-sentence description."""

    scene: str
    """Scene preset."""

    max_seconds: float
    """Simulated time limit [s]."""

    dwell: float = 0.25
    """How long the goal must hold [s]."""

    distractors: tuple[int, int] = (0, 0)
    """Smallest and largest number of objects added to the scene."""

    distractor_shapes: tuple[str, ...] = ("cube", "cylinder", "ball")
    """Shapes of the added objects."""

    def __post_init__(self) -> None:
        if not 0 < self.max_seconds <= 600:
            raise ConfigError(f"task: max_seconds={self.max_seconds} must lie within 0 to 600 s")
        if not 0 <= self.dwell <= 10:
            raise ConfigError(f"task: dwell={self.dwell} must lie within 0 to 10 s")


@dataclass(frozen=True)
class TaskFamily:
    """A task family: its preset and its function that draws an episode."""

    name: str
    preset: TaskPreset
    draw: Draw


_draws: dict[str, Draw] = {}


def task(name: str) -> Callable[[Draw], Draw]:
    """Register a function as the task family `name`."""

    def register(draw: Draw) -> Draw:
        _draws[name] = draw
        return draw

    return register


def family_names() -> list[str]:
    """Return the names of all families."""
    _scan()
    return sorted(_draws)


def task_family(name: str) -> TaskFamily:
    """Return a family by name.

    Raises:
        UnknownNameError: If there is none of that name.
    """
    _scan()
    if name not in _draws:
        raise unknown_name("task family", name, _draws)
    return TaskFamily(name, load_preset(TaskPreset, "tasks", name), _draws[name])


@cache
def _scan() -> None:
    package = importlib.import_module("vla_isaac.tasks.library")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


# ------------------------------------------------------------------ helpers for task families


def phrase(name: str) -> str:
    """Return an object's name as words: ``red_cube`` to ``red cube``."""
    return name.replace("_", " ")


def pick(rng: np.random.Generator, choices: Sequence[T]) -> T:
    """Return one of `choices`."""
    return choices[int(rng.integers(len(choices)))]


def of_shape(state: SceneState, *shapes: str) -> list[str]:
    """Return the names of the objects of these shapes.

    Raises:
        SceneError: If the scene has none.
    """
    names = [b.name for b in state.bodies if b.shape in shapes]
    if not names:
        raise SceneError(f"this task needs a {' or '.join(shapes)} in the scene", remedy="choose a scene that has one")
    return names


def first_possible(rng: np.random.Generator, choices: Iterable[T], is_possible: Callable[[T], bool], what: str) -> T:
    """Return the first possible choice in random order.

    Raises:
        SceneError: If none is possible in this layout.
    """
    options = list(choices)
    for k in rng.permutation(len(options)):
        if is_possible(options[k]):
            return options[k]
    raise SceneError(f"{what} is not possible anywhere in this layout", remedy="choose another seed or a roomier scene")
