"""Sentences of a file as tasks: by family, each with the goal by which an episode is judged."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from vla_isaac.core.errors import UsageError
from vla_isaac.core.goals import GoalPlan
from vla_isaac.core.types import SceneState
from vla_isaac.grounding import places_of
from vla_isaac.grounding.said_sentences import SaidSentence, read_sentences, wishes_of_text
from vla_isaac.models.grounding.classes import plan_of
from vla_isaac.models.grounding.scene_objects import SceneObject, objects_of
from vla_isaac.scene.builder import scene_preset
from vla_isaac.tasks.family_of_goal import nearest_family


@cache
def sentences_by_family(path: str) -> Mapping[str, tuple[SaidSentence, ...]]:
    """Return the sentences of a file that have a family's goal, by family, in the order of the file.

    Raises:
        ConfigError: If the file cannot be read, or a goal is malformed.
        UsageError: If there are none.
    """
    found: dict[str, list[SaidSentence]] = {}
    for said in read_sentences(Path(path)):
        if said.cannot:
            continue
        bodies = scene_preset(said.scene).bodies
        plan = _plan(said, objects_of(bodies, [(0.5, 0.0)] * len(bodies)))  # any layout: the family does not depend on it
        family = nearest_family(plan, bodies)
        if family is not None:
            found.setdefault(family, []).append(said)
    if not found:
        raise UsageError(f"{path} has no sentence with a goal of a family", remedy="see: vla-isaac list tasks")
    return {family: tuple(some) for family, some in sorted(found.items())}


def goal_in(said: SaidSentence, state: SceneState) -> GoalPlan:
    """Return the goal of a sentence in a layout."""
    places = places_of(state)
    return _plan(said, objects_of(state.bodies, [places[body.name] for body in state.bodies]))


def _plan(said: SaidSentence, objects: tuple[SceneObject, ...]) -> GoalPlan:
    return plan_of(wishes_of_text(said.goal, objects), [item.name for item in objects])
