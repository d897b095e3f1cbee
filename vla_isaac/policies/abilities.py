"""`Abilities`: the task families, objects and backends that a learned policy supports; it is the default only for those."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vla_isaac.core.goals import Goal, GoalPlan
from vla_isaac.core.types import Body
from vla_isaac.scene.objects import DEFAULTS
from vla_isaac.tasks.family_of_goal import nearest_family

SIZE_SLACK = 1e-6  # sizes come from decimal fractions


@dataclass(frozen=True, kw_only=True)
class FamilyAbility:
    """Shapes that a policy supports in the goals of one family."""

    moved: tuple[str, ...]
    """Shapes of the object that is moved or approached."""

    other: tuple[str, ...] = ()
    """Shapes of the object that it is put on, in or next to; empty where the goal names one object."""


@dataclass(frozen=True, kw_only=True)
class Abilities:
    """The part of a `PolicyCard` that says which instructions and scenes the policy supports."""

    backends: tuple[str, ...]
    """Backends on which it was measured."""

    families: Mapping[str, FamilyAbility]
    """Task families it supports: trained on, and good enough at to be their default."""

    objects: Mapping[str, tuple[str, ...]]
    """Colours it was trained to recognise, by shape."""

    size_scale: tuple[float, float]
    """Smallest and largest size it was trained on, as a share of the shape's usual size."""

    def why_not(self, plan: GoalPlan, bodies: Iterable[Body]) -> str | None:
        """Return which part of an instruction the policy does not support, None if it supports all of it.

        Args:
            plan: The goals.
            bodies: The objects of the scene.
        """
        objects = tuple(bodies)
        if len(plan.steps) > 1:
            return f"is not made for {len(plan.steps)} steps in a row"
        family = nearest_family(plan, objects)
        if family is None:
            goals = str(plan) if len(plan.goals) == 1 else f"{len(plan.goals)} goals at once as in {plan}"
            return f"is not made for {goals}"
        if family not in self.families:
            return f"is not made for the family {family!r}"
        named = [body for body in objects if body.name in plan.objects]
        reasons = (self._unsupported_shape(family, goal, objects) for goal in plan.goals)
        return next((reason for reason in reasons if reason), None) or self._unsupported_object(named, objects)

    def why_not_family(self, family: str, bodies: Iterable[Body]) -> str | None:
        """Return why the policy does not support what a family samples in a scene, None if it does.

        Args:
            family: Name of the family, which may sample any object of the scene.
            bodies: The objects of the scene.
        """
        objects = tuple(bodies)
        if family not in self.families:
            return f"is not made for the family {family!r}"
        return self._unsupported_object(objects, objects)

    def _unsupported_shape(self, family: str, goal: Goal, bodies: Sequence[Body]) -> str | None:
        shapes = {body.name: body.shape for body in bodies}
        known = self.families[family]
        for name, accepted in zip(goal.objects, (known.moved, known.other), strict=False):
            if shapes.get(name) not in accepted:
                return f"is not made for {name} in {goal}; there it supports {', '.join(accepted)}"
        return None

    def _unsupported_object(self, named: Sequence[Body], bodies: Sequence[Body]) -> str | None:
        for body in named:
            kind = f"{body.colour} {body.shape}"
            if body.colour not in self.objects.get(body.shape, ()):
                return f"was not trained on a {kind}"
            if sum((other.colour, other.shape) == (body.colour, body.shape) for other in bodies) > 1:
                return f"cannot distinguish one {kind} of this scene from another"
            if body.name != f"{body.colour}_{body.shape}":
                return f"identifies objects by colour and shape, and the {kind} is called {body.name!r}"
            if not self._is_usual_size(body):
                return f"was not trained on a {kind} of this size"
        return None

    def _is_usual_size(self, body: Body) -> bool:
        usual = next(defaults.size for shape, defaults in DEFAULTS.items() if shape == body.shape)
        scale = 2.0 * np.array(body.half_extents) / np.array(usual)
        least, most = self.size_scale
        return bool((scale >= least - SIZE_SLACK).all() and (scale <= most + SIZE_SLACK).all())
