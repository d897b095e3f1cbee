"""Places: the one that the expert takes is always among them, and what is not there has no say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vla_isaac.core.goals import Goal, parse_goal
from vla_isaac.core.poses import Pose
from vla_isaac.core.types import SceneState
from vla_isaac.policies.scripted.expert import destination
from vla_isaac.robots import panda
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.layout import sample_layout, vary_scene
from vla_isaac.scene.objects import SHAPES
from vla_isaac.scene.randomisation import randomisation_preset

torch = pytest.importorskip("torch")

from vla_isaac.models.goal_query import RELATIONS, relation_of  # noqa: E402
from vla_isaac.models.mini.places import Places  # noqa: E402
from vla_isaac.models.mini.scene import Goals, Things  # noqa: E402

SCENES, LAYOUTS = ("clutter", "sorting", "stacking"), range(14)
SAME = 0.008  # [m]
SIDES = ("left_of", "right_of", "in_front_of", "behind")
WAYS = ("left", "right", "forward", "back")


def laid_out(scene: str, seed: int, randomisation: str = "layout") -> SceneState:
    """Return a state in which everything stands where the seed puts it."""
    varied = randomisation_preset(randomisation)
    spec = vary_scene(scene_preset(scene), varied, seed)
    placed = sample_layout(spec, varied, seed).objects
    pos, quat = np.array([p.pos for p in placed]), np.array([p.quat_wxyz for p in placed])
    return SceneState(
        time=0.0,
        qpos=panda.QPOS_HOME,
        qvel=np.zeros(7),
        gripper_width=panda.GRIPPER_MAX_WIDTH,
        pose_world_ee=Pose(np.array([0.45, 0.0, 0.40]), np.array([0.0, 1.0, 0.0, 0.0])),
        pose_world_base=Pose.identity(),
        bodies=tuple(o.body for o in spec.objects),
        object_pos=pos,
        object_quat=quat,
        object_linvel=np.zeros_like(pos),
        initial_object_pos=pos.copy(),
        initial_object_quat=quat.copy(),
    )


def things_of(state: SceneState) -> Things:
    yaw = 2 * np.arctan2(state.object_quat[:, 3], state.object_quat[:, 0])
    turn = np.stack([np.cos(4 * yaw), np.sin(4 * yaw)], axis=1)
    size = 100 * np.array([(b.half_extents[0], b.half_extents[2]) for b in state.bodies])

    def one(values) -> torch.Tensor:
        return torch.tensor(np.array(values)[None], dtype=torch.float32)

    shape = torch.tensor([[SHAPES.index(b.shape) for b in state.bodies]])
    presence = torch.ones(1, len(state.bodies))
    return Things(presence, one(state.object_pos), one(state.initial_object_pos), one(turn), one(size), shape)


def goals_of(state: SceneState, goals: list[Goal]) -> Goals:
    relation = [RELATIONS.index(relation_of(goal)) for goal in goals]
    objects = [[state.index(name) for name in goal.objects] for goal in goals]
    return Goals(*(torch.tensor([row]) for row in (relation, [o[0] for o in objects], [o[-1] for o in objects])))


def possible_goals(state: SceneState) -> list[Goal]:
    """Return every goal of a handy thing that has a place."""
    texts = []
    for moved in state.bodies:
        if moved.shape not in ("cube", "ball", "cylinder"):
            continue
        texts += [f"pushed_to({moved.name}, {way})" for way in WAYS]
        for other in state.bodies:
            if other.name == moved.name:
                continue
            texts += [f"on({moved.name}, {other.name})"] if other.shape in ("box", "cube") else []
            texts += [f"in({moved.name}, {other.name})"] if other.shape in ("bin", "bowl") else []
            texts += [f"{side}({moved.name}, {other.name})" for side in SIDES]
            texts += [f"pushed_to({moved.name}, {side}, {other.name})" for side in SIDES]
    return [parse_goal(text).goals[0] for text in texts]


def farthest_from_the_expert(state: SceneState, goals: list[Goal]) -> dict[str, float]:
    """Return by goal how far the nearest candidate is from where the expert goes [m]."""
    wanted = [(goal, destination(state, goal)) for goal in goals]
    wanted = [(goal, place) for goal, place in wanted if place is not None]
    places, allowed = Places().candidates(things_of(state), goals_of(state, [goal for goal, _ in wanted]))
    away = np.linalg.norm(places[0].numpy() - np.array([place for _, place in wanted])[:, None], axis=-1)
    away[~allowed[0].numpy()] = np.inf
    return {str(goal): float(least) for (goal, _), least in zip(wanted, away.min(axis=1), strict=True)}


def drawn(state: SceneState, seed: int, count: int = 30) -> list[Goal]:
    goals = possible_goals(state)
    return [goals[i] for i in np.random.default_rng(seed).permutation(len(goals))[:count]]


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("randomisation", ["layout", "training"])
def test_the_place_that_the_expert_takes_is_a_candidate(scene, randomisation):
    found: dict[str, float] = {}
    for seed in LAYOUTS:
        state = laid_out(scene, seed, randomisation)
        found |= {f"{seed}: {goal}": off for goal, off in farthest_from_the_expert(state, drawn(state, seed)).items()}
    assert len(found) > 150  # most of them have a place
    assert {goal: off for goal, off in found.items() if off >= SAME} == {}


@pytest.mark.parametrize("seed", range(10))
def test_the_place_in_a_bin_that_holds_something_already_is_a_candidate(seed):
    state = laid_out("sorting", seed)
    bins = [b.name for b in state.bodies if b.shape == "bin"]
    cubes = [b.name for b in state.bodies if b.shape == "cube"]
    lying = state.index(cubes[0])
    state.object_pos[lying, :2] = state.pos(bins[0])[:2]
    goal = Goal("in", (cubes[1], bins[0]))
    assert np.hypot(*np.subtract(destination(state, goal), state.pos(bins[0])[:2])) > 0.02  # beside what lies there
    assert farthest_from_the_expert(state, [goal])[str(goal)] < SAME


@pytest.mark.parametrize("scene", SCENES)
def test_the_first_place_on_or_in_something_is_its_middle(scene):
    state = laid_out(scene, 0)
    goals = [goal for goal in possible_goals(state) if goal.predicate in ("on", "in")]
    places, allowed = Places().candidates(things_of(state), goals_of(state, goals))
    middles = np.array([state.pos(goal.args[1])[:2] for goal in goals])
    assert allowed[0, :, 0].all()
    assert np.abs(places[0, :, 0].numpy() - middles).max() < 1e-6


def test_a_cube_is_put_behind_another_at_a_finger_and_the_outlines_from_it():
    state = laid_out("stacking", 0)
    a, b = [body.name for body in state.bodies if body.shape == "cube"][:2]
    state.object_quat[state.index(b)] = [1.0, 0.0, 0.0, 0.0]
    places, _ = Places().candidates(things_of(state), goals_of(state, [Goal("behind", (a, b))]))
    half = [state.body(name).half_extents[0] for name in (a, b)]
    nearest = state.pos(b)[0] + math.sqrt(2) * half[0] + half[1] + 0.025
    assert places[0, 0, 0].tolist() == pytest.approx([nearest, state.pos(b)[1]], abs=1e-5)


def test_pushes_go_ten_to_twelve_centimetres_from_where_it_began_whatever_it_came_to():
    state = laid_out("clutter", 1)
    goal = Goal("pushed_to", ("red_cube", "left"))
    start = state.initial_object_pos[state.index("red_cube")]
    state.object_pos[state.index("red_cube"), 1] += 0.06
    places, allowed = Places().candidates(things_of(state), goals_of(state, [goal]))
    wanted = [[start[0], start[1] + way] for way in (0.10, 0.11, 0.12)]
    assert allowed[0, 0].sum() == 3
    assert np.abs(places[0, 0, :3].numpy() - wanted).max() < 1e-6


@pytest.mark.parametrize("seed", range(5))
def test_what_is_not_there_does_not_change_a_score_wherever_it_is_thought_to_be(seed):
    torch.manual_seed(seed)
    places, random = Places(), np.random.default_rng(seed)
    state = laid_out("clutter", seed)
    absent = state.index("blue_box")
    goals = [goal for goal in drawn(state, seed, 60) if "blue_box" not in goal.objects]
    things = things_of(state)
    things.presence[0, absent] = 0.0
    scores = []
    for _ in range(4):
        things.place[0, absent, :2] = torch.tensor(random.uniform((0.3, -0.4), (0.75, 0.4)))
        with torch.no_grad():
            scores.append(places(things, goals_of(state, goals))[1])
    assert max(float((one - scores[0]).abs().max()) for one in scores) < 1e-5


def test_what_stands_on_a_place_changes_its_score():
    torch.manual_seed(0)
    places, state = Places(), laid_out("clutter", 0)
    goals = goals_of(state, [Goal("left_of", ("red_cube", "green_cube"))])
    things = things_of(state)
    with torch.no_grad():
        at, before = places(things, goals)
        things.place[0, state.index("blue_box"), :2] = at[0, 0, 0]
        _, after = places(things, goals)
    assert (after - before)[0, 0, 0].abs() > 1e-3
