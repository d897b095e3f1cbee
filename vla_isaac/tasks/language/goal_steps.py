"""Steps of a plan: goals that must hold together, goals in sequence, and their consistency check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from vla_isaac.core.errors import InstructionError
from vla_isaac.core.goals import GRIPPER, Goal
from vla_isaac.tasks.language.referents import Referents
from vla_isaac.tasks.language.verb_frames import ClauseGoals


def steps_of(clauses: Sequence[ClauseGoals]) -> list[tuple[Goal, ...]]:
    """Return the steps of clauses joined by "and".

    "Pick up X and place it on Y" is one goal, the second; two lasting goals of one object are a sequence;
    everything else must hold together.
    """
    groups: list[list[ClauseGoals]] = [[]]
    for clause in clauses:
        last = groups[-1][-1] if groups[-1] else None
        if last and clause.has_verb and set(last.about) == set(clause.about) and _only_leads_to(last, clause):
            groups[-1][-1] = clause
        elif clause.has_verb and {n for o in groups[-1] for n in o.about} & set(clause.about):
            groups.append([clause])
        else:
            groups[-1].append(clause)
    steps: list[tuple[Goal, ...]] = []
    for group in groups:
        steps += _one_object_per_grip([goal for clause in group for goal in clause.goals])
    return steps


def _only_leads_to(before: ClauseGoals, clause: ClauseGoals) -> bool:
    """Return whether a clause is only a preparation of the next, as "pick up X" is of "place it on Y"."""
    ranks = [[_rank(goal) for goal in one.goals] for one in (before, clause)]
    return before.leads_in and max(ranks[0], default=0) <= min(ranks[1], default=0)


def _rank(goal: Goal) -> int:
    """Return the rank of a goal: whoever places an object has lifted it, who lifts it has touched it."""
    if goal.predicate in ("lifted", "held"):
        return 2
    return 3 if goal.moved is not None else 1 if goal.predicate == "touching" else 0


def _one_object_per_grip(goals: Sequence[Goal]) -> list[tuple[Goal, ...]]:
    """Split goals so that no step requires the gripper at two objects at once."""
    steps: list[list[Goal]] = [[]]
    for goal in dict.fromkeys(goals):
        taken = {name for other in steps[-1] if _needs_gripper(other) for name in other.objects}
        if _needs_gripper(goal) and taken and not taken & set(goal.objects):
            steps.append([])
        steps[-1].append(goal)
    return [tuple(step) for step in steps if step]


def _needs_gripper(goal: Goal) -> bool:
    return goal.predicate in ("lifted", "held", "touching") or goal.args[0] == GRIPPER


def check_possible(step: Sequence[Goal], scene: Referents) -> None:
    """Raise `InstructionError` if the goals of a step contradict each other."""
    _check_sides(step)
    below: dict[str, str] = {}
    for goal in step:
        if goal.predicate in ("on", "in"):
            moved, place = goal.args
            if below.setdefault(moved, place) != place:
                raise InstructionError(
                    f"{moved} cannot be in two places at once: {below[moved]} and {place}", remedy='join them with "then"'
                )
    for place in dict.fromkeys(below.values()):
        above = [name for name in below if below[name] == place]
        if len(above) > 1 and scene.body(place).shape in ("cube", "cylinder", "ball"):
            raise InstructionError(
                f"there is no room for {' and '.join(above)} on {place}", remedy='for a tower say "A on B on C"'
            )
        if _rests_on(place, place, below):
            raise InstructionError(
                f"{place} would have to rest on itself", remedy="name a lowest object that stays where it is"
            )


_OPPOSITE = {"left_of": "right_of", "right_of": "left_of", "in_front_of": "behind", "behind": "in_front_of"}


def _check_sides(step: Sequence[Goal]) -> None:
    """Raise `InstructionError` for opposite sides of one object, and for an object that is pushed and placed."""
    for goal, other in combinations(step, 2):
        opposite = _OPPOSITE.get(goal.predicate)
        is_contrary = opposite is not None and (
            (opposite, goal.args) == (other.predicate, other.args)
            or (goal.predicate, goal.args[::-1]) == (other.predicate, other.args)
        )
        moves_twice = "pushed_to" in (goal.predicate, other.predicate) and goal.moved == other.moved and goal != other
        if is_contrary or (moves_twice and "upright" not in (goal.predicate, other.predicate)):
            raise InstructionError(f"{goal} and {other} cannot hold at the same time", remedy='join them with "then"')


def _rests_on(name: str, lowest: str, below: Mapping[str, str]) -> bool:
    """Return whether `lowest` is anywhere under `name`."""
    for _ in below:
        name = below.get(name, "")
        if name == lowest:
            return True
    return False
