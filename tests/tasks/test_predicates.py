"""What each predicate means: yes, no, the boundary between them, and what never counts."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_isaac.core.goals import DIRECTIONS, SIDES, SIGNATURES, parse_goal
from vla_isaac.core.types import Verdict
from vla_isaac.tasks.predicates import PREDICATES, judge

AHEAD = {"left_of": (0, 1), "right_of": (0, -1), "in_front_of": (-1, 0), "behind": (1, 0)}  # forward, left
PUSHED = {"left": (0, 1), "right": (0, -1), "forward": (1, 0), "back": (-1, 0)}
CUBE = 0.04  # [m]


def say(scene, text: str, **options) -> Verdict:
    (goal,) = parse_goal(text).goals
    return judge(goal, scene.state, **options)


def test_every_predicate_that_a_goal_can_name_has_a_meaning():
    assert set(PREDICATES) == set(SIGNATURES)


# ------------------------------------------------------------------ on


def test_a_cube_standing_on_the_box_is_on_it(scene):
    assert say(scene.put_on("red_cube", "blue_box"), "on(red_cube, blue_box)") == Verdict(
        True, "red_cube lies on blue_box", 1.0
    )


def test_a_cube_beside_the_box_is_not_on_it_and_the_reason_says_how_far(scene):
    verdict = say(scene, "on(red_cube, blue_box)")
    assert not verdict.done
    assert verdict.reason == "red_cube is 0.200 m beside blue_box"


@pytest.mark.parametrize(("off", "done"), [(0.049, True), (-0.049, True), (0.051, False), (-0.051, False)])
def test_on_ends_where_the_centre_passes_the_edge(scene, off, done):
    assert say(scene.put_on("red_cube", "blue_box", forward=off), "on(red_cube, blue_box)").done is done
    assert say(scene.put_on("red_cube", "blue_box", left=off), "on(red_cube, blue_box)").done is done


def test_on_follows_the_turn_of_the_support(scene):
    on_the_corner = scene.put_on("red_cube", "blue_box", forward=0.06)
    assert not say(on_the_corner, "on(red_cube, blue_box)").done
    assert say(on_the_corner.turned("blue_box", yaw=math.pi / 4), "on(red_cube, blue_box)").done


def test_on_a_round_support_means_within_its_circle_not_its_square(scene):
    corner = {"forward": 0.016, "left": 0.016}  # 0.0226 m from the middle; both are 0.02 m from middle to side
    assert not say(scene.put_on("red_cube", "yellow_cylinder", **corner), "on(red_cube, yellow_cylinder)").done
    assert say(scene.put_on("red_cube", "green_cube", **corner), "on(red_cube, green_cube)").done


@pytest.mark.parametrize(("gap", "done"), [(0.007, True), (-0.007, True), (0.009, False), (-0.009, False)])
def test_on_ends_where_the_underside_leaves_the_top(scene, gap, done):
    assert say(scene.put_on("red_cube", "blue_box", gap=gap), "on(red_cube, blue_box)").done is done


def test_a_cube_hovering_over_the_box_is_told_by_its_height(scene):
    verdict = say(scene.put_on("red_cube", "blue_box", gap=0.12), "on(red_cube, blue_box)")
    assert verdict.reason == "red_cube is +0.120 m above the top of blue_box"


# ------------------------------------------------------------------ in


def test_a_cube_on_the_floor_of_the_bin_is_in_it(scene):
    assert say(scene.put_in("red_cube", "red_bin"), "in(red_cube, red_bin)") == Verdict(
        True, "red_cube lies in red_bin", 1.0
    )


@pytest.mark.parametrize(("off", "done"), [(0.068, True), (0.070, False)])
def test_in_ends_at_the_walls_of_the_bin(scene, off, done):
    assert say(scene.put_in("red_cube", "red_bin", left=off), "in(red_cube, red_bin)").done is done


@pytest.mark.parametrize(("bottom", "done"), [(0.046, True), (0.049, False), (-0.01, False)])
def test_in_ends_at_the_rim_above_and_at_the_floor_below(scene, bottom, done):
    assert say(scene.put_in("red_cube", "red_bin", bottom=bottom), "in(red_cube, red_bin)").done is done


def test_the_mouth_of_a_bowl_is_round(scene):
    # inner radius of the eight-sided bowl: 0.065 m * cos(22.5 degrees) - 0.006 m = 0.0541 m
    assert say(scene.put_in("red_cube", "white_bowl", forward=0.038, left=0.038), "in(red_cube, white_bowl)").done
    assert not say(scene.put_in("red_cube", "white_bowl", forward=0.039, left=0.039), "in(red_cube, white_bowl)").done


def test_nothing_is_in_a_closed_box(scene):
    verdict = say(scene.put_on("red_cube", "blue_box"), "in(red_cube, blue_box)")
    assert (verdict.done, verdict.reason) == (False, "blue_box is no open container")


# ------------------------------------------------------------------ lifted and held


def test_a_cube_raised_six_centimetres_counts_as_lifted(scene):
    verdict = say(scene.moved("red_cube", up=0.06).hand_around("red_cube", CUBE), "lifted(red_cube)")
    assert verdict == Verdict(True, "red_cube rose 0.060 m of 0.050 m", 1.0)


@pytest.mark.parametrize(("up", "done"), [(0.0501, True), (0.0499, False)])
def test_lifted_begins_at_five_centimetres(scene, up, done):
    assert say(scene.moved("red_cube", up=up).hand_around("red_cube", CUBE), "lifted(red_cube)").done is done


def test_half_of_the_height_is_half_of_the_progress(scene):
    assert say(scene.moved("red_cube", up=0.025), "lifted(red_cube)").progress == pytest.approx(0.5)


def test_a_cube_thrown_into_the_air_is_not_lifted(scene):
    verdict = say(scene.moved("red_cube", up=0.10).flying("red_cube", 0.0, 0.0, 1.0), "lifted(red_cube)")
    assert not verdict.done
    assert verdict.reason == "red_cube rose 0.100 m of 0.050 m, but it is not between the fingers"


def test_a_cube_falling_between_open_fingers_is_not_lifted(scene):
    falling = scene.moved("red_cube", up=0.10).flying("red_cube", 0.0, 0.0, -1.0).hand_around("red_cube", 0.08)
    assert not say(falling, "lifted(red_cube)").done


@pytest.mark.parametrize(("up", "done"), [(0.011, True), (0.009, False)])
def test_held_means_gripped_and_a_centimetre_clear(scene, up, done):
    verdict = say(scene.moved("red_cube", up=up).hand_around("red_cube", CUBE), "held(red_cube)")
    assert verdict.done is done
    assert verdict.reason == f"red_cube is gripped and {up:.3f} m above its place"


@pytest.mark.parametrize(("width", "done"), [(0.042, True), (0.044, False), (0.029, True), (0.027, False)])
def test_held_needs_the_fingers_as_wide_apart_as_the_object(scene, width, done):
    assert say(scene.moved("red_cube", up=0.05).hand_around("red_cube", width), "held(red_cube)").done is done


def test_a_cube_without_a_hand_around_it_is_not_held(scene):
    assert say(scene.moved("red_cube", up=0.05), "held(red_cube)").reason == "red_cube is not between closed fingers"


# ------------------------------------------------------------------ near and touching


@pytest.mark.parametrize(("gap", "done"), [(0.0, True), (0.019, True), (0.021, False)])
def test_the_gripper_is_near_within_two_centimetres_of_the_surface(scene, gap, done):
    verdict = say(scene.hand_at(0.40, -0.20, CUBE + gap), "near(gripper, red_cube)")
    assert verdict.done is done
    assert verdict.reason == f"the gripper is {gap:.3f} m from red_cube"


@pytest.mark.parametrize(("gap", "done"), [(0.049, True), (0.051, False)])
def test_an_object_is_near_another_within_five_centimetres_of_its_outline(scene, gap, done):
    verdict = say(scene.put("red_cube", 0.40, 0.20 - CUBE - gap), "near(red_cube, green_cube)")
    assert verdict.done is done
    assert f"{gap:.3f} m from green_cube" in verdict.reason


def test_an_object_on_top_of_another_is_not_near_it(scene):
    verdict = say(scene.put_on("red_cube", "green_cube"), "near(red_cube, green_cube)")
    assert (verdict.done, verdict.reason) == (False, "red_cube lies 0.000 m from green_cube, but 0.040 m above the table")


@pytest.mark.parametrize(("gap", "done"), [(0.009, True), (0.011, False)])
def test_touching_is_a_fingertip_within_a_centimetre(scene, gap, done):
    verdict = say(scene.hand_at(0.40, -0.20, CUBE + gap, width=0.0), "touching(red_cube)")
    assert verdict.done is done
    assert verdict.reason == f"the nearest fingertip is {gap:.3f} m from red_cube"


def test_either_fingertip_may_touch(scene):
    beside = 0.02 + 0.04 + 0.005  # half a cube, half the open hand, and a gap of 5 mm
    for side in (-1, 1):
        assert say(scene.hand_at(0.40, -0.20 + side * beside, 0.02), "touching(red_cube)").done


# ------------------------------------------------------------------ sides


def beside(scene, side: str, gap: float, across: float = 0.0):
    forward, left = AHEAD[side]
    way = CUBE + gap  # centre to centre of two cubes
    return scene.put("red_cube", 0.40 + forward * way - left * across, 0.20 + left * way + forward * across)


@pytest.mark.parametrize("side", SIDES)
def test_a_side_is_as_the_robot_sees_it_and_not_the_opposite_one(scene, side):
    scene = beside(scene, side, 0.03)
    assert [s for s in SIDES if say(scene, f"{s}(red_cube, green_cube)").done] == [side]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(("gap", "done"), [(0.0, True), (0.119, True), (0.121, False)])
def test_a_side_reaches_twelve_centimetres_from_the_outline(scene, side, gap, done):
    assert say(beside(scene, side, gap), f"{side}(red_cube, green_cube)").done is done


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(("across", "done"), [(0.069, True), (-0.069, True), (0.071, False), (-0.071, False)])
def test_a_side_is_a_wedge_of_45_degrees_each_way(scene, side, across, done):
    assert say(beside(scene, side, 0.03, across), f"{side}(red_cube, green_cube)").done is done


def test_what_stands_on_something_else_is_not_beside(scene):
    verdict = say(scene.put("red_cube", 0.40, 0.27, bottom=0.03), "left_of(red_cube, green_cube)")
    assert verdict.reason == "red_cube lies 0.070 m left of green_cube, but 0.030 m above the table"


# ------------------------------------------------------------------ pushed to


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize(("way", "done"), [(0.081, True), (0.079, False), (-0.081, False)])
def test_a_push_in_a_direction_is_eight_centimetres(scene, direction, way, done):
    forward, left = PUSHED[direction]
    scene = scene.moved("red_cube", forward=forward * way, left=left * way)
    verdict = say(scene, f"pushed_to(red_cube, {direction})")
    assert verdict.done is done
    assert f"red_cube moved {way:.3f} m {direction}" in verdict.reason


def test_a_push_that_drifts_aside_more_than_it_advances_does_not_count(scene):
    assert say(scene.moved("red_cube", left=0.09, forward=0.08), "pushed_to(red_cube, left)").done
    assert not say(scene.moved("red_cube", left=0.09, forward=0.10), "pushed_to(red_cube, left)").done


@pytest.mark.parametrize("side", SIDES)
def test_a_push_to_a_side_ends_beside_the_other_object(scene, side):
    assert say(beside(scene, side, 0.03), f"pushed_to(red_cube, {side}, green_cube)").done
    assert not say(scene, f"pushed_to(red_cube, {side}, green_cube)").done


@pytest.mark.parametrize("goal", ["pushed_to(red_cube, left)", "pushed_to(red_cube, right_of, green_cube)"])
def test_what_was_carried_was_not_pushed(scene, goal):
    there = scene.put("red_cube", 0.40, 0.13).turned("red_cube")
    assert say(there, goal, peak_rise=0.024).done
    verdict = say(there, goal, peak_rise=0.026)
    assert (verdict.done, verdict.reason) == (False, "red_cube was lifted by 0.026 m instead of pushed")


# ------------------------------------------------------------------ upright


@pytest.mark.parametrize(("degrees", "done"), [(0, True), (9, True), (11, False), (90, False), (180, False)])
def test_upright_ends_at_a_lean_of_ten_degrees(scene, degrees, done):
    verdict = say(scene.turned("yellow_cylinder", lean=math.radians(degrees)), "upright(yellow_cylinder)")
    assert verdict.done is done
    assert done or verdict.reason == f"yellow_cylinder leans by {degrees} degrees"


def test_a_turn_about_the_vertical_leaves_an_object_upright(scene):
    assert say(scene.turned("yellow_cylinder", yaw=2.0), "upright(yellow_cylinder)").done


# ------------------------------------------------------------------ what must lie still and be let go

RESTING = {
    "on(red_cube, blue_box)": lambda s: s.put_on("red_cube", "blue_box"),
    "in(red_cube, red_bin)": lambda s: s.put_in("red_cube", "red_bin"),
    "near(red_cube, green_cube)": lambda s: s.put("red_cube", 0.40, 0.13),
    "right_of(red_cube, green_cube)": lambda s: s.put("red_cube", 0.40, 0.13),
    "pushed_to(red_cube, left)": lambda s: s.moved("red_cube", left=0.1),
    "pushed_to(red_cube, right_of, green_cube)": lambda s: s.put("red_cube", 0.40, 0.13),
    "upright(red_cube)": lambda s: s,
}
resting = pytest.mark.parametrize(("goal", "arrange"), RESTING.items(), ids=list(RESTING))


@resting
def test_a_resting_goal_holds_when_the_object_lies_still_and_free(scene, goal, arrange):
    verdict = say(arrange(scene), goal)
    assert (verdict.done, verdict.progress) == (True, 1.0)


@resting
@pytest.mark.parametrize(
    "velocity", [(0.0, 0.0, -1.0), (2.0, 0.0, 1.0), (0.0, 0.06, 0.0)], ids=["falling", "flung", "rolling"]
)
def test_an_object_that_moves_never_counts(scene, goal, arrange, velocity):
    verdict = say(arrange(scene).flying("red_cube", *velocity), goal)
    assert not verdict.done
    assert verdict.reason.endswith(f"but it still moves at {math.hypot(*velocity):.2f} m/s")


@resting
def test_creeping_below_five_centimetres_per_second_counts_as_still(scene, goal, arrange):
    assert say(arrange(scene).flying("red_cube", 0.0, 0.049, 0.0), goal).done


@resting
@pytest.mark.parametrize(("width", "done"), [(0.040, False), (0.043, False), (0.045, True)])
def test_an_object_still_in_the_hand_never_counts(scene, goal, arrange, width, done):
    verdict = say(arrange(scene).hand_around("red_cube", width), goal)
    assert verdict.done is done
    assert done or verdict.reason.endswith("but the gripper still holds it")


# ------------------------------------------------------------------ whatever the state

NAMES = ("red_cube", "green_cube", "blue_box", "red_bin", "white_bowl", "green_ball", "yellow_cylinder")
GOALS = [
    *(f"{p}({a}, {b})" for p in ("on", "in", "near", *SIDES) for a, b in (NAMES[:2], NAMES[::2][:2], NAMES[::3][:2])),
    *(f"{p}({a})" for p in ("lifted", "held", "touching", "upright") for a in NAMES[:1] + NAMES[5:]),
    *(f"pushed_to(red_cube, {where})" for where in DIRECTIONS),
    "near(gripper, green_ball)",
    "pushed_to(red_cube, behind, white_bowl)",
]
numbers = st.floats(-3.0, 3.0)


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(numbers, min_size=40, max_size=40),
    width=st.floats(0.0, 0.08),
    rise=st.floats(-1.0, 3.0),
)
def test_whatever_the_state_progress_lies_within_0_and_1_and_only_done_is_1(scene, values, width, rise):
    rows = len(NAMES)
    # numpy repeats what hypothesis drew, so that one short list fills every array
    pos, quat, velocity = (np.resize(values[k:], shape) for k, shape in enumerate([(rows, 3), (rows, 4), (rows, 3)]))
    quat = np.add(quat, [1e-3, 0.0, 0.0, 0.0])
    quat /= np.maximum(np.linalg.norm(quat, axis=1, keepdims=True), 1e-9)
    state = replace(scene.hand_at(*values[-3:], width).state, object_pos=pos, object_quat=quat, object_linvel=velocity)
    for text in GOALS:
        (goal,) = parse_goal(text).goals
        verdict = judge(goal, state, peak_rise=rise)
        assert 0.0 <= verdict.progress <= 1.0, text
        assert verdict.done == (verdict.progress == 1.0), text
        assert verdict.reason
        assert "nan" not in verdict.reason


# ------------------------------------------------------------------ judging copies


def test_a_copy_of_a_state_is_judged_by_its_own_numbers_whatever_was_said_of_the_original(scene):
    done = scene.put_on("red_cube", "blue_box").state
    own = replace(done, object_pos=done.object_pos.copy())
    (goal,) = parse_goal("on(red_cube, blue_box)").goals
    assert judge(goal, done) == judge(goal, own)
    edited = replace(done, object_pos=done.object_pos + [0.0, 0.0, 0.1] * (np.arange(len(done.bodies)) == 0)[:, None])
    assert not judge(goal, edited).done
    assert judge(goal, done).done
