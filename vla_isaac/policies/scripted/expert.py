"""`ScriptedPolicy`: the expert that pursues the first unmet goal from the true state."""

from __future__ import annotations

import math

from vla_isaac.core.errors import PolicyError
from vla_isaac.core.goals import GRIPPER, Goal
from vla_isaac.core.specs import ActionSpec, PolicySpec
from vla_isaac.core.types import SUBTASK, ActionChunk, EpisodeContext, Observation, SceneState
from vla_isaac.policies.scripted import skills
from vla_isaac.policies.scripted.grasp import retreat
from vla_isaac.policies.scripted.waypoint import OPEN, Motion, Waypoint, hand_yaw
from vla_isaac.tasks import free_space
from vla_isaac.tasks import geometry as g
from vla_isaac.tasks.goal_sentences import goal_sentence
from vla_isaac.tasks.tracker import GoalTracker


class ScriptedPolicy:
    """Solves every task family from the true state; privileged, so it receives state and goal.

    Within a step of a plan it is a function of the state alone, so it recovers from perturbations.
    """

    never_blocks = True  # read by runtime/policy_calls.py

    def __init__(self, *, rate_hz: float = 20.0, motion: Motion | None = None) -> None:
        """Make an expert.

        Args:
            rate_hz: Control rate [Hz].
            motion: Speed limits and gain; None takes the defaults.
        """
        self._period = 1.0 / rate_hz
        self._motion = motion or Motion()
        self._tracker: GoalTracker | None = None
        self.pursued: Goal | None = None
        """The goal that the last action was for; None before the first, or without goals."""
        self.spec = PolicySpec(
            action=ActionSpec(translation="delta_base_m", rotation="axis_angle_rad", rate_hz=rate_hz), privileged=True
        )

    def reset(self, context: EpisodeContext) -> None:
        """Set the goal of a new episode; without one the policy holds still."""
        self._tracker = GoalTracker(context.goal, dwell=0.0) if context.goal is not None else None
        self.pursued = None

    def act(self, observation: Observation) -> ActionChunk:
        """Return one small step towards the next waypoint.

        Raises:
            PolicyError: If the observation has no state.
        """
        state = observation.state
        if state is None:
            raise PolicyError(
                "the scripted policy needs the scene state", remedy="run it where privileged policies are allowed"
            )
        waypoint = self._next(state)
        step = self._motion.displacement(state, waypoint, self._period)
        label = {SUBTASK: goal_sentence(self.pursued)} if self.pursued is not None else {}
        return ActionChunk.single(step, waypoint.width, phase=waypoint.phase, **label)

    def _next(self, state: SceneState) -> Waypoint:
        if self._tracker is None:
            return _hold(state)
        self._tracker.update(state)
        found = self._tracker.verdicts(state)
        unmet = [goal for goal, verdict in found if not verdict.done]
        if not unmet:
            return _when_done(state, [goal for goal, _ in found])
        goal = _first_to_do(unmet)
        busy = _placed_in_hand(state, goal, [goal for goal, _ in found])
        if busy is not None:
            self.pursued, way_out = busy
            return way_out
        self.pursued = goal
        return pursue(state, goal)


def pursue(state: SceneState, goal: Goal) -> Waypoint:
    """Return the next waypoint for one unmet goal.

    Raises:
        PolicyError: If the expert has no skill for it.
    """
    if goal.predicate == "near" and goal.args[0] == GRIPPER:
        return skills.reach(state, state.index(goal.args[1]))
    i = state.index(goal.args[0])
    if goal.predicate in ("lifted", "held"):
        return skills.lift(state, i)
    if goal.predicate == "touching":
        return skills.touch(state, i)
    if goal.predicate == "pushed_to":
        return _push(state, i, goal)
    if goal.predicate == "upright":
        raise PolicyError("the scripted policy cannot set objects upright", remedy="choose another goal or another policy")
    return _put(state, i, goal)


def destination(state: SceneState, goal: Goal | None) -> free_space.Point | None:
    """Return the point on the plane to which the expert moves the object of a goal [m, world]; None where it moves none."""
    if goal is None or goal.moved is None or goal.predicate in ("lifted", "held", "upright"):
        return None
    i = state.index(goal.args[0])
    if goal.predicate in ("on", "in"):
        return free_space.free_slot(state, i, state.index(goal.args[1]))
    if goal.predicate == "pushed_to":
        where = (goal.args[0], goal.args[1], goal.args[2] if len(goal.args) == 3 else None)
        return free_space.push_goal(state, *where) or free_space.push_goal(state, *where, direct=False)
    if goal.predicate == "near":
        return free_space.place_near(state, *goal.args)
    return free_space.place_beside(state, goal.args[0], goal.predicate, goal.args[1])


def _put(state: SceneState, i: int, goal: Goal) -> Waypoint:
    j = state.index(goal.args[1])
    if goal.predicate == "on":
        along = hand_yaw(state) + math.remainder(
            g.yaw_of(state.object_quat[j]) - g.yaw_of(state.object_quat[i]), math.pi / 2
        )
        return skills.place(state, i, free_space.free_slot(state, i, j), g.top(state, j), along=along)
    if goal.predicate == "in":
        return _put_in(state, i, j)
    if goal.predicate == "near":
        spot = free_space.place_near(state, goal.args[0], goal.args[1])
    else:
        spot = free_space.place_beside(state, goal.args[0], goal.predicate, goal.args[1])
    if spot is None:
        raise PolicyError(f"there is no free place for {goal}", remedy="move what blocks it or choose another seed")
    return skills.place(state, i, spot, 0.0, along=None)


def _put_in(state: SceneState, i: int, j: int) -> Waypoint:
    """Release above the floor with the fingers along the bin's y axis, where the slots leave them room."""
    floor = g.top(state, j) - 2 * state.bodies[j].half_extents[2] + (state.bodies[j].cavity or (0.0, 0.0, 0.0))[2]
    along = g.yaw_of(state.object_quat[j]) if state.bodies[j].shape == "bin" else None
    return skills.place(state, i, free_space.free_slot(state, i, j), floor, along=along, drop=0.012)


def _push(state: SceneState, i: int, goal: Goal) -> Waypoint:
    where = (goal.args[0], goal.args[1], goal.args[2] if len(goal.args) == 3 else None)
    straight = free_space.push_goal(state, *where)
    if straight is not None:
        return skills.push(state, i, straight)
    spot = free_space.push_goal(state, *where, direct=False)
    if spot is None and g.way_moved(state, i) > 0.01:
        return retreat(state)  # the place became occupied on the way: retreat
    if spot is None:
        raise PolicyError(f"there is no room in reach for {goal}", remedy="move what blocks it or choose another seed")
    here = (float(state.object_pos[i, 0]), float(state.object_pos[i, 1]))
    return skills.push(state, i, free_space.push_way(state, i, here, spot) or spot)


def _first_to_do(unmet: list[Goal]) -> Goal:
    """Return the goal whose support is not moved by another goal first: towers are built from the bottom."""
    moved = {goal.moved for goal in unmet}
    for goal in unmet:
        if not (len(goal.objects) == 2 and goal.objects[1] in moved):
            return goal
    return unmet[0]


def _placed_in_hand(state: SceneState, goal: Goal, goals: list[Goal]) -> tuple[Goal, Waypoint] | None:
    """Return another goal whose object was just put down and the waypoint that leaves that object, else None."""
    for other in goals:
        if other.moved is None or other.moved == goal.moved or other.predicate in ("lifted", "held"):
            continue
        way_out = skills.leave(state, state.index(other.moved))
        if way_out is not None:
            return other, way_out
    return None


def _when_done(state: SceneState, goals: list[Goal]) -> Waypoint:
    """Hold high the object that a goal requires held; otherwise release and rise."""
    held = next((goal for goal in goals if goal.predicate in ("lifted", "held")), None)
    if held is not None:  # to the usual height: stopping at the success threshold would teach a network to stop below it
        return skills.lift(state, state.index(held.args[0]))
    if any(goal.moved is None for goal in goals):
        return _hold(state)
    return retreat(state)


def _hold(state: SceneState) -> Waypoint:
    ee = state.pose_world_ee.pos
    return Waypoint(float(ee[0]), float(ee[1]), float(ee[2]), hand_yaw(state), min(state.gripper_width, OPEN), "stay")
