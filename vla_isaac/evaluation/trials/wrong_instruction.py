"""The trial ``wrong_instruction``: the instruction requests another goal of the same scene; both goals are judged."""

from __future__ import annotations

from vla_isaac.core.errors import GoalError, SceneError
from vla_isaac.core.goals import GoalPlan
from vla_isaac.core.seeding import stream
from vla_isaac.core.types import SceneState, Verdict
from vla_isaac.tasks.families import TaskDraw, TaskFamily
from vla_isaac.tasks.feasibility import check_feasible
from vla_isaac.tasks.task import Task

OTHER_DRAWS = 100  # samples of a family, until one has other objects


class TaskWithOriginalGoal(Task):
    """A task that also records whether the original plan was fulfilled at any time."""

    def __init__(self, plan: GoalPlan | None, original: GoalPlan, *, dwell: float) -> None:
        super().__init__(plan, dwell=dwell)
        self._original = Task(original, dwell=dwell)
        self.original_was_reached = False
        """Whether the original plan has been fulfilled at any time."""

    def reset(self, state: SceneState) -> None:
        """Start an episode.

        Raises:
            GoalError: If either plan can never be fulfilled from `state`.
        """
        super().reset(state)
        self._original.reset(state)
        self.original_was_reached = False

    def judge(self, state: SceneState) -> Verdict:
        """Judge one state by both plans; return the verdict of the requested one."""
        self.original_was_reached |= bool(self._original.judge(state).success)
        return super().judge(state)


def other_draw(family: TaskFamily, state: SceneState, original: GoalPlan, seed: int) -> TaskDraw:
    """Return a sample of the family with other objects than `original`, feasible in the same scene.

    Raises:
        SceneError: If no sample qualifies in many tries.
    """
    for k in range(OTHER_DRAWS):
        draw = family.draw(state, stream(seed, f"wrong instruction {family.name} {k}"))
        if _pairs(draw.plan) != _pairs(original) and _is_feasible(draw.plan, state):
            return draw
    raise SceneError(f"{family.name} has no other goal than {original} in this layout; choose a scene with more objects")


def _pairs(plan: GoalPlan) -> set[tuple[str, ...]]:
    """Return the pairs of objects that the goals bring together; side and order do not matter."""
    return {goal.objects for goal in plan.goals}


def _is_feasible(plan: GoalPlan, state: SceneState) -> bool:
    try:
        check_feasible(plan, state)
    except GoalError:
        return False
    return True
