"""Goals as text and as data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vla_isaac.core.errors import GoalError
from vla_isaac.core.goals import DIRECTIONS, SIDES, SIGNATURES, Goal, GoalPlan, parse_goal, plan

NAMES = st.sampled_from(["red_cube", "blue_box", "green_bin", "white_bowl"])


@st.composite
def goals(draw):
    predicate = draw(st.sampled_from(sorted(SIGNATURES)))
    if predicate == "pushed_to":
        rest = draw(st.one_of(st.tuples(st.sampled_from(DIRECTIONS)), st.tuples(st.sampled_from(SIDES), NAMES)))
        return Goal(predicate, (draw(NAMES), *rest))
    return Goal(predicate, tuple(draw(NAMES) for _ in SIGNATURES[predicate]))


PLANS = st.lists(st.lists(goals(), min_size=1, max_size=3).map(tuple), min_size=1, max_size=3).map(
    lambda steps: GoalPlan(tuple(steps))
)


@given(PLANS)
def test_a_plan_survives_its_text(goal_plan):
    assert parse_goal(str(goal_plan)) == goal_plan


@pytest.mark.parametrize(
    "text", ["on(a, b) then lifted(c)", "on(a,b);lifted(c)", "  on( a , b )  then  lifted( c ) ", "on(a, b); lifted(c);"]
)
def test_spaces_and_semicolons_do_not_matter(text):
    assert parse_goal(text) == GoalPlan(((Goal("on", ("a", "b")),), (Goal("lifted", ("c",)),)))


def test_and_joins_goals_that_must_hold_together():
    assert parse_goal("on(a, b) and in(c, d)") == plan(Goal("on", ("a", "b")), Goal("in", ("c", "d")))


def test_one_step_is_text_in_json_and_several_are_a_list():
    assert parse_goal("on(a, b) and in(c, d)").to_json() == "on(a, b) and in(c, d)"
    assert parse_goal("on(a, b) then lifted(c)").to_json() == ["on(a, b)", "lifted(c)"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        (" then ", "is empty|cannot read"),
        ("put it there", r"cannot read 'put it there'.*write predicate\(object, object\)"),
        ("on(a, b", r"cannot read 'on\(a, b'"),
        ("on(a)", r"on takes 2 arguments \(object, object\), got 1 in on\(a\)"),
        ("on()", "on takes 2 arguments .* got 0"),
        ("on(a, )", "on takes 2 arguments"),
        ("lifted(a, b)", r"lifted takes 1 argument \(object\), got 2"),
        ("lifte(a)", "no predicate named 'lifte'; did you mean 'lifted'.*Known: on, in"),
        ("pushed_to(a, up)", "pushed_to takes .*directions: left, right, forward, back; sides: left_of"),
        ("pushed_to(a, left_of)", "pushed_to takes"),
    ],
)
def test_a_malformed_goal_says_what_is_wrong(text, message):
    with pytest.raises(GoalError, match=message):
        parse_goal(text)


def test_the_objects_of_a_plan_are_named_once_without_sides_directions_and_the_gripper():
    goal_plan = parse_goal("near(gripper, a) then pushed_to(a, left_of, b) and pushed_to(c, left)")
    assert goal_plan.objects == ("a", "b", "c")


@pytest.mark.parametrize(
    ("text", "moved"), [("on(a, b)", "a"), ("near(gripper, a)", None), ("touching(a)", None), ("pushed_to(a, left)", "a")]
)
def test_a_goal_knows_which_object_must_move(text, moved):
    assert parse_goal(text).goals[0].moved == moved


def test_a_goal_over_what_the_scene_lacks_names_the_nearest_object():
    with pytest.raises(GoalError, match=r"names 'red_cub'.*did you mean 'red_cube'.*It has: red_cube, blue_box"):
        parse_goal("lifted(red_cub)").check_objects(["red_cube", "blue_box"])
    parse_goal("on(red_cube, blue_box)").check_objects(["red_cube", "blue_box"])
