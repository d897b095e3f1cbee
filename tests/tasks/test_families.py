"""The ten task families: what each draws from a seed."""

from __future__ import annotations

import numpy as np
import pytest

from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.core.errors import SceneError, UnknownNameError
from vla_isaac.policies.scripted.expert import ScriptedPolicy
from vla_isaac.runtime.episode import EpisodeRequest, set_stage
from vla_isaac.runtime.subscriber import EpisodeStart
from vla_isaac.scene.builder import FrankaSceneBuilder, scene_preset
from vla_isaac.scene.layout import sample_layout
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.sim.drive import drive
from vla_isaac.tasks.families import family_names, task_family
from vla_isaac.tasks.feasibility import check_feasible
from vla_isaac.tasks.language import read_instruction
from vla_isaac.tasks.predicates import judge

FAMILIES = (
    *("clear", "lift", "move_beside", "place_in", "place_on"),
    *("push_to", "reach", "sort", "stack", "tower"),
)
PREDICATES = {
    "clear": {"in"},
    "lift": {"lifted"},
    "move_beside": {"left_of", "right_of", "in_front_of", "behind"},
    "place_in": {"in"},
    "place_on": {"on"},
    "push_to": {"pushed_to"},
    "reach": {"near"},
    "sort": {"in"},
    "stack": {"on"},
    "tower": {"on"},
}
NUM_GOALS = {"clear": 3, "sort": 2, "tower": 2}  # the others: 1
SEEDS = range(12)
families = pytest.mark.parametrize("family", FAMILIES)


def stage(family: str, seed: int) -> EpisodeStart:
    chosen = task_family(family)
    request = EpisodeRequest(
        scene=scene_preset(chosen.preset.scene),
        randomisation=randomisation_preset("layout"),
        seed=seed,
        family=chosen,
    )
    return drive(set_stage(request, StubBackend(), ScriptedPolicy(), "scripted"))


def test_there_are_ten_families():
    assert tuple(family_names()) == FAMILIES


def test_an_unknown_family_is_answered_with_the_nearest_and_all_names():
    with pytest.raises(UnknownNameError, match=r"no task family named 'stac'; did you mean 'stack'\? Known: clear, lift"):
        task_family("stac")


@families
def test_a_family_has_a_description_and_a_time(family):
    preset = task_family(family).preset
    assert preset.description.endswith(".")
    assert 5 <= preset.max_seconds <= 60
    assert preset.scene in ("tabletop", "clutter", "sorting", "stacking")


@families
def test_each_draw_can_be_done_and_is_not_done_yet(family):
    for seed in SEEDS:
        start = stage(family, seed)
        check_feasible(start.plan, start.state)
        assert not any(judge(goal, start.state).done for goal in start.plan.goals)


@families
def test_each_draw_asks_for_what_the_family_is_named_after(family):
    goals = [goal for seed in SEEDS for goal in stage(family, seed).plan.goals]
    assert {goal.predicate for goal in goals} <= PREDICATES[family]
    assert len(goals) == NUM_GOALS.get(family, 1) * len(SEEDS)


@pytest.mark.parametrize(
    ("family", "scene", "added"),
    [("stack", "stacking", {1, 2, 3}), ("tower", "stacking", {1, 2}), ("place_on", "clutter", {0, 1, 2})],
)
def test_an_episode_has_as_many_distractors_as_its_family_says(family, scene, added):
    own = len(scene_preset(scene).objects)
    assert {len(stage(family, seed).scene.objects) - own for seed in SEEDS} == added


@families
def test_the_same_seed_gives_the_same_episode_and_seeds_differ(family):
    starts = [stage(family, seed) for seed in SEEDS]
    for start in starts[:3]:
        again = stage(family, start.seed)
        assert (again.instruction, again.plan, again.layout) == (start.instruction, start.plan, start.layout)
    assert len({start.layout for start in starts}) == len(SEEDS)
    assert len({start.instruction for start in starts}) >= 3


@families
def test_the_reader_understands_each_instruction_as_the_goal_that_is_judged(family):
    for seed in SEEDS:
        start = stage(family, seed)
        assert read_instruction(start.instruction, start.scene.bodies) == start.plan, start.instruction


@pytest.mark.parametrize(
    ("family", "message"),
    [
        ("place_in", "needs a bin in the scene"),
        ("tower", "tower needs three cubes, this scene has 2; use the scene 'stacking'"),
        ("sort", "sort needs two cubes with bins of their colours; use the scene 'sorting'"),
    ],
)
def test_a_scene_that_lacks_what_a_family_needs_is_refused(family, message):
    scene = FrankaSceneBuilder("small").add_cube("red").add_cube("green").add_box("blue").build()
    backend = StubBackend()
    drive(backend.load(scene))
    drive(backend.reset(sample_layout(scene, randomisation_preset("layout"), 0)))
    with pytest.raises(SceneError, match=message):
        task_family(family).draw(backend.state(), np.random.default_rng(0))
