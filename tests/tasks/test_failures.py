"""The name of a failure, from a trajectory made by hand."""

from __future__ import annotations

import pytest

from vla_isaac.core.goals import parse_goal
from vla_isaac.tasks.failure import FailureWatch

STACK = "on(red_cube, blue_box)"


def name_of(goal: str, *trajectory) -> str:
    watch = FailureWatch(parse_goal(goal))
    for scene in trajectory:
        watch.update(scene.state)
    return watch.name(trajectory[-1].state)


@pytest.fixture
def raised(scene):
    return scene.moved("red_cube", up=0.08).hand_around("red_cube", 0.04)


@pytest.fixture
def at_the_cube(scene):
    return scene.hand_around("red_cube", 0.08)


def test_a_hand_that_stayed_away_never_reached(scene):
    assert name_of(STACK, scene, scene.hand_at(0.40, -0.20, 0.08)) == "never_reached"


def test_three_centimetres_from_the_surface_count_as_reached(scene):
    assert name_of(STACK, scene, scene.hand_at(0.40, -0.20, 0.069), scene) == "missed_grasp"


def test_a_hand_that_was_there_but_raised_nothing_missed_the_grasp(scene, at_the_cube):
    assert name_of(STACK, scene, at_the_cube, scene) == "missed_grasp"


def test_raising_something_else_is_the_wrong_object(scene, at_the_cube):
    wrong = scene.moved("green_cube", up=0.08).hand_around("green_cube", 0.04)
    assert name_of(STACK, scene, at_the_cube, wrong) == "wrong_object"


def test_raising_something_else_on_the_way_is_forgiven_when_the_right_one_was_raised_too(scene, raised):
    wrong = scene.moved("green_cube", up=0.08).hand_around("green_cube", 0.04)
    assert name_of(STACK, wrong, raised, scene.moved("red_cube", forward=0.12)) == "off_target"
    assert name_of(STACK, wrong, raised, scene) == "dropped"


def test_a_cube_that_ends_far_from_its_goal_was_dropped(scene, at_the_cube, raised):
    assert name_of(STACK, at_the_cube, raised, scene.put("red_cube", 0.44, -0.20)) == "dropped"


def test_a_cube_that_ends_close_to_its_goal_is_off_target(scene, at_the_cube, raised):
    assert name_of(STACK, at_the_cube, raised, scene.put("red_cube", 0.52, -0.20)) == "off_target"


def test_a_cube_that_was_to_be_lifted_and_lies_there_again_was_dropped(scene, at_the_cube):
    barely = scene.moved("red_cube", up=0.03).hand_around("red_cube", 0.04)
    assert name_of("lifted(red_cube)", at_the_cube, barely, scene) == "dropped"


def test_a_cube_still_in_the_hand_ran_out_of_time(scene, at_the_cube, raised):
    assert name_of(STACK, at_the_cube, raised) == "timed_out"


@pytest.mark.parametrize(
    "thrown",
    [lambda s: s.flying("green_ball", 2.1, 0.0, 0.0), lambda s: s.put("red_cube", 0.2, 0.9, bottom=-0.5)],
    ids=["faster than the hand", "off the table"],
)
def test_what_flies_or_leaves_the_table_was_flung(scene, at_the_cube, raised, thrown):
    assert name_of(STACK, at_the_cube, raised, thrown(raised), scene) == "flung"


def test_a_fastened_object_is_never_flung(scene):
    assert name_of(STACK, scene.flying("blue_box", 9.0, 0.0, 0.0)) == "never_reached"


def test_a_push_that_moved_the_cube_elsewhere_is_off_target(scene, at_the_cube):
    assert name_of("pushed_to(red_cube, left)", at_the_cube, scene.moved("red_cube", left=0.03)) == "off_target"


def test_a_push_that_moved_nothing_missed(scene, at_the_cube):
    assert name_of("pushed_to(red_cube, left)", at_the_cube, scene.moved("red_cube", left=0.01)) == "missed_grasp"


def test_a_goal_of_the_gripper_that_was_reached_too_late_ran_out_of_time(scene, at_the_cube):
    assert name_of("near(gripper, red_cube)", at_the_cube) == "timed_out"


def test_the_sequence_is_judged_by_the_object_that_was_raised(scene, raised):
    plan = "on(green_cube, blue_box) then on(red_cube, blue_box)"
    assert name_of(plan, raised, scene.put("red_cube", 0.52, -0.20)) == "off_target"
