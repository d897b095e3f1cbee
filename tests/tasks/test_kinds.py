"""Goals and the families they are of."""

from __future__ import annotations

import pytest

from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.core.goals import parse_goal
from vla_isaac.core.seeding import stream
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.layout import sample_layout
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.sim.drive import drive
from vla_isaac.tasks.families import family_names, task_family
from vla_isaac.tasks.family_of_goal import family_of, nearest_family


@pytest.mark.parametrize("name", family_names())
def test_what_a_family_draws_is_of_that_family(name):
    family, backend = task_family(name), StubBackend()
    scene = scene_preset(family.preset.scene)
    drive(backend.load(scene))
    for seed in range(8):
        drive(backend.reset(sample_layout(scene, randomisation_preset("layout"), seed)))
        state = backend.state()
        draw = family.draw(state, stream(seed, "task"))
        assert family_of(draw.plan, iter(state.bodies)) == name


@pytest.mark.parametrize(
    "goal",
    [
        "touching(red_cube)",
        "in(red_cube, white_bowl)",
        "on(green_ball, red_box)",
        "near(red_cube, blue_cube)",
        "lifted(red_box)",
        "on(red_cube, blue_box) then lifted(green_cube)",
        "on(red_cube, blue_box) and on(green_cube, red_box)",
    ],
)
def test_a_goal_of_no_family_is_of_none(goal):
    assert family_of(parse_goal(goal), scene_preset("clutter").bodies) is None


@pytest.mark.parametrize(
    ("goal", "family"),
    [
        ("in(red_cube, white_bowl)", "place_in"),
        ("on(green_ball, red_box)", "place_on"),
        ("on(yellow_cylinder, red_cube)", "stack"),
        ("behind(green_ball, red_box)", "move_beside"),
        ("pushed_to(yellow_cylinder, forward)", "push_to"),
        ("near(gripper, white_bowl)", "reach"),
        ("lifted(red_box)", "lift"),
        ("in(red_cube, white_bowl) and in(green_cube, blue_box)", "sort"),
    ],
)
def test_a_goal_with_other_shapes_is_nearest_to_the_family_with_its_relation(goal, family):
    assert nearest_family(parse_goal(goal), scene_preset("clutter").bodies) == family


@pytest.mark.parametrize(
    "goal",
    [
        "touching(red_cube)",
        "near(red_cube, blue_cube)",
        "in(red_cube, white_bowl) and in(green_cube, white_bowl)",
        "on(red_cube, blue_box) and on(green_cube, red_box)",
        "on(red_cube, blue_box) then lifted(green_cube)",
    ],
)
def test_a_goal_with_a_relation_of_no_family_is_near_to_none(goal):
    assert nearest_family(parse_goal(goal), scene_preset("clutter").bodies) is None
