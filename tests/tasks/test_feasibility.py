"""What can never work is said before the first step, with what would work instead."""

from __future__ import annotations

import math

import pytest

from vla_isaac.core.errors import GoalError
from vla_isaac.core.goals import parse_goal
from vla_isaac.tasks.feasibility import check_feasible

POSSIBLE = [
    "on(red_cube, blue_box)",
    "on(red_cube, green_cube)",
    "in(red_cube, red_bin)",
    "in(green_ball, white_bowl)",
    "lifted(yellow_cylinder)",
    "held(red_cube)",
    "touching(blue_box)",
    "near(gripper, blue_box)",
    "near(red_cube, white_bowl)",
    "left_of(red_cube, blue_box)",
    "pushed_to(red_cube, forward)",
    "pushed_to(white_bowl, left)",
    "upright(yellow_cylinder)",
    "lifted(red_cube) then on(red_cube, blue_box)",
]

IMPOSSIBLE = {
    "lifted(blue_box)": "lifted.blue_box.: blue_box is fastened to the table and cannot be moved; movable here: red_cube, ",
    "pushed_to(red_bin, left)": "red_bin is fastened to the table",
    "in(red_cube, blue_box)": r"blue_box is closed; use on\(...\), or an open container \(here: red_bin, white_bowl\)",
    "in(red_cube, green_cube)": "green_cube is closed",
    "on(red_cube, green_ball)": "nothing rests on a ball; choose another target",
    "on(red_cube, red_cube)": "an object cannot be its own target; name two different objects",
    "lifted(white_bowl)": r"white_bowl is 0.130 m wide, more than the gripper opens \(0.075 m\); choose a smaller object",
    "on(red_cube, blue_bx)": "names 'blue_bx', which is not in the scene; did you mean 'blue_box'\\? It has: red_cube, ",
    "lifted(red_cube) then lifted(blue_box)": "blue_box is fastened",
}


@pytest.mark.parametrize("goal", POSSIBLE)
def test_a_possible_goal_passes(scene, goal):
    check_feasible(parse_goal(goal), scene.state)


@pytest.mark.parametrize(("goal", "message"), IMPOSSIBLE.items(), ids=list(IMPOSSIBLE))
def test_an_impossible_goal_is_refused_with_its_reason(scene, goal, message):
    with pytest.raises(GoalError, match=message):
        check_feasible(parse_goal(goal), scene.state)


@pytest.mark.parametrize(("distance", "possible"), [(0.28, True), (0.76, True), (0.78, False), (0.26, False)])
def test_an_object_must_stand_where_the_hand_can_point_down_at_it(scene, distance, possible):
    # reach is 0.30 to 0.74 m, and 3 cm more are still tried
    there = scene.put("red_cube", distance * math.cos(0.5), distance * math.sin(0.5)).state
    if possible:
        check_feasible(parse_goal("lifted(red_cube)"), there)
        return
    with pytest.raises(GoalError, match=rf"red_cube stands {distance:.2f} m from the robot at height 0.02 m, out of reach"):
        check_feasible(parse_goal("lifted(red_cube)"), there)


def test_an_object_on_the_floor_is_out_of_reach(scene):
    with pytest.raises(GoalError, match=r"at height -0.38 m, out of reach \(0.30 to 0.74 m on the table\); move it"):
        check_feasible(parse_goal("lifted(red_cube)"), scene.put("red_cube", 0.5, 0.0, bottom=-0.4).state)


def test_what_is_only_looked_at_from_the_target_must_be_in_reach_too(scene):
    with pytest.raises(GoalError, match=r"green_cube stands 0.90 m from the robot"):
        check_feasible(parse_goal("left_of(red_cube, green_cube)"), scene.put("green_cube", 0.9, 0.0).state)


@pytest.mark.parametrize("goal", ["lifted(gripper)", "on(gripper, red_cube)", "near(red_cube, gripper)", "held(gripper)"])
def test_the_gripper_is_no_object(scene, goal):
    with pytest.raises(GoalError, match="gripper"):
        check_feasible(parse_goal(goal), scene.state)
