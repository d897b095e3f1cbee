"""Plans to classes of objects and back; scores to readings."""

import numpy as np
import pytest

from vla_isaac.core.goals import parse_goal
from vla_isaac.models.grounding.classes import KINDS, RELATIONS, STEPS, Wish, is_expressible, labels_of, plan_of, wishes_of
from vla_isaac.models.grounding.decoding import readings, same_wishes
from vla_isaac.models.grounding.scene_objects import EXTREMES, SceneObject, scene_arrays

NAMES = ["red_cube", "blue_cube", "blue_box", "white_bowl"]
PLANS = [
    "on(red_cube, blue_box)",
    "near(gripper, blue_box)",
    "near(red_cube, white_bowl)",
    "lifted(red_cube) then in(blue_cube, white_bowl)",
    "on(red_cube, blue_cube) and on(blue_cube, blue_box)",
    "pushed_to(red_cube, left)",
    "pushed_to(red_cube, behind, blue_box)",
    "in(red_cube, white_bowl) and in(blue_cube, white_bowl)",
]


@pytest.mark.parametrize("text", PLANS)
def test_a_plan_survives_its_classes(text):
    wishes = wishes_of(parse_goal(text), NAMES)
    assert is_expressible(wishes)
    assert str(plan_of(wishes, NAMES)) == text


@pytest.mark.parametrize("text", PLANS)
def test_sure_scores_decode_to_the_plan_of_the_labels(text):
    wishes = wishes_of(parse_goal(text), NAMES)
    found = scored(labels_of(["do"], [wishes], len(NAMES)))
    assert found[0].kind == "do"
    assert same_wishes(found[0].steps, wishes)
    assert found[0].confidence > 0.99


def scored(labels, sure=12.0):
    kind = np.eye(len(KINDS))[labels.kind[0]] * sure
    relation = np.eye(len(RELATIONS))[labels.relation[0]] * sure
    other = np.eye(len(NAMES))[labels.other[0].clip(0)] * sure
    return readings(kind, relation, other, len(NAMES))


@pytest.mark.parametrize("kind", KINDS[1:])
def test_what_cannot_be_done_says_why(kind):
    found = scored(labels_of([kind], [()], len(NAMES)))
    assert (found[0].kind, found[0].steps) == (kind, ())


def test_held_is_lifted_and_touched_is_reached():
    assert wishes_of(parse_goal("held(red_cube)"), NAMES) == ((Wish("lifted", 0),),)
    assert wishes_of(parse_goal("touching(blue_box)"), NAMES) == ((Wish("reach", 2),),)
    assert wishes_of(parse_goal("upright(red_cube)"), NAMES) is None


def test_the_second_reading_differs_in_the_least_certain_choice():
    labels = labels_of(["do"], [((Wish("on", 0, 2),),)], len(NAMES))
    relation = np.eye(len(RELATIONS))[labels.relation[0]] * 12
    other = np.eye(len(NAMES))[labels.other[0].clip(0)] * 12
    other[0, 0, 1] = 11.5  # the blue cube is nearly as likely as the blue box
    found = readings(np.eye(len(KINDS))[0] * 12, relation, other, len(NAMES))
    assert [one.steps[0][0].other for one in found[:2]] == [2, 1]
    assert found[0].confidence + found[1].confidence == pytest.approx(1.0, abs=0.01)


def test_a_temperature_makes_readings_less_sure():
    labels = labels_of(["do"], [((Wish("lifted", 0),),)], len(NAMES))
    kind, relation = np.eye(len(KINDS))[0] * 12, np.eye(len(RELATIONS))[labels.relation[0]] * 12
    other = np.zeros((len(NAMES), STEPS, len(NAMES)))
    cold, warm = (readings(kind, relation, other, len(NAMES), temperature=t)[0].confidence for t in (1.0, 3.0))
    assert warm < cold


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("objects", [0, 1])
def test_a_scene_of_one_object_or_none_is_read_without_a_warning(objects):
    kind, relation = np.zeros(len(KINDS)), np.zeros((objects, STEPS, len(RELATIONS)))
    found = readings(kind, relation, np.full((objects, STEPS, objects), -1e4), objects, temperature=0.7)
    assert all(0 <= one.confidence <= 1 for one in found)


def test_more_goals_than_steps_or_two_of_an_object_are_not_expressible():
    assert not is_expressible(((Wish("lifted", 0),),) * (STEPS + 1))
    assert not is_expressible(((Wish("lifted", 0), Wish("on", 0, 1)),))
    assert not is_expressible(())


def test_extremes_are_those_of_a_shape_as_the_robot_sees_them():
    scene = [
        SceneObject("red", "cube", 0.5, 0.2), SceneObject("blue", "cube", 0.4, -0.1), SceneObject("red", "box", 0.3, 0.3),
    ]  # fmt: skip
    (left, right, near, far) = (scene_arrays([scene]).extremes[0, :, i].tolist() for i in range(len(EXTREMES)))
    assert (left, right, near, far) == ([1, 0, 0], [0, 1, 0], [0, 1, 0], [1, 0, 0])  # of a single box nothing is said
