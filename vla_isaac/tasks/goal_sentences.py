"""`goal_sentence`: a goal in words, such as a label of the sub-task that the robot is at."""

from __future__ import annotations

from functools import lru_cache

from vla_isaac.core.goals import GRIPPER, SIDES, Goal
from vla_isaac.language import lexicon
from vla_isaac.tasks.families import phrase

TEMPLATES = {
    "on": "put the {a} on the {b}",
    "in": "put the {a} in the {b}",
    "near": "put the {a} near the {b}",
    "lifted": "lift the {a}",
    "held": "hold the {a}",
    "touching": "touch the {a}",
    "upright": "set the {a} upright",
}
"""By predicate; the goals with a side or a direction are made below."""


@lru_cache(maxsize=1000)
def goal_sentence(goal: Goal) -> str:
    """Return a goal as an instruction with plain object names; the instruction reader takes it for this goal."""
    names = [phrase(name) for name in goal.objects]
    if goal.args[0] == GRIPPER:
        return f"reach the {names[0]}"
    if goal.predicate in TEMPLATES:
        return TEMPLATES[goal.predicate].format(a=names[0], b=names[-1])
    verb, side = ("push", goal.args[1]) if goal.predicate == "pushed_to" else ("put", goal.predicate)
    where = lexicon().words.place(side).common[0]
    return f"{verb} the {names[0]} {where} the {names[-1]}" if side in SIDES else f"{verb} the {names[0]} {where}"
