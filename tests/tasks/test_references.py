"""References for which the layout, a size or another object decides: "the leftmost cube", "the cube next to the bowl"."""

from __future__ import annotations

import random

import pytest

from vla_isaac.core.errors import InstructionError
from vla_isaac.scene.builder import FrankaSceneBuilder, scene_preset
from vla_isaac.tasks.language import examples, read_instruction

# x, y in the base frame [m]: x away from the robot, left is +y
PLACES = {
    "tabletop": {
        "red_cube": (0.38, -0.22), "green_cube": (0.60, 0.25), "blue_cube": (0.62, -0.28), "yellow_cube": (0.64, 0.02),
        "red_box": (0.48, 0.20), "blue_box": (0.50, -0.01),
    },
    "stacking": {
        "red_cube": (0.40, 0.20), "green_cube": (0.50, 0.0), "blue_cube": (0.52, -0.12), "yellow_cube": (0.65, 0.28),
    },
    "sorting": {
        "red_cube": (0.56, -0.28), "green_cube": (0.37, 0.07), "blue_cube": (0.62, 0.09),
        "red_bin": (0.40, -0.12), "green_bin": (0.43, 0.27), "blue_bin": (0.65, -0.09),
    },
    "clutter": {
        "red_cube": (0.60, 0.30), "green_cube": (0.64, -0.26), "blue_cube": (0.63, 0.07), "yellow_cube": (0.37, 0.02),
        "red_box": (0.49, 0.22), "blue_box": (0.52, 0.0),
        "green_ball": (0.49, -0.27), "yellow_cylinder": (0.39, 0.13), "white_bowl": (0.40, -0.12),
    },
}  # fmt: skip

READ = [
    # the outermost, as the robot sees it
    ("tabletop", "lift the leftmost cube", "lifted(green_cube)"),
    ("tabletop", "Lift the right-most block, please", "lifted(blue_cube)"),
    ("tabletop", "pick up the cube on the far left", "lifted(green_cube)"),
    ("tabletop", "pick up the most left cube and put it on the blue box", "on(green_cube, blue_box)"),
    ("tabletop", "lift the cube furthest to the right", "lifted(blue_cube)"),
    ("tabletop", "lift the nearest cube", "lifted(red_cube)"),
    ("tabletop", "lift the closest cube to you", "lifted(red_cube)"),
    ("tabletop", "touch the cube that's closest to the robot", "touching(red_cube)"),
    ("tabletop", "reach for the cube farthest away from you", "near(gripper, blue_cube)"),
    ("tabletop", "push the furthest cube to the left", "pushed_to(blue_cube, left)"),
    ("tabletop", "push the nearest cube to you to the left", "pushed_to(red_cube, left)"),
    ("tabletop", "put the closest cube to you on the leftmost box", "on(red_cube, red_box)"),
    ("tabletop", "put the leftmost cube on the rightmost box and the rightmost cube on the leftmost box",
     "on(green_cube, blue_box) and on(blue_cube, red_box)"),
    ("tabletop", "lift the leftmost one", "lifted(green_cube)"),
    ("tabletop", "lift the leftmost red cube", "lifted(red_cube)"),
    ("stacking", "stack the leftmost cube on the rightmost cube", "on(yellow_cube, blue_cube)"),
    ("stacking", "move the red cube to the leftmost cube", "near(red_cube, yellow_cube)"),
    ("sorting", "put the leftmost cube in the matching bin", "in(blue_cube, blue_bin)"),
    ("sorting", "drop the red cube in the bin on the far right", "in(red_cube, red_bin)"),
    ("clutter", "leftmost cube -> bowl", "in(red_cube, white_bowl)"),
    # one of two
    ("tabletop", "put the red cube on the left box", "on(red_cube, red_box)"),
    ("tabletop", "put the red cube on the box on the right", "on(red_cube, blue_box)"),
    ("tabletop", "touch the box that is on the left side", "touching(red_box)"),
    ("tabletop", "put the cube on the far left on the box on the right", "on(green_cube, blue_box)"),
    # nearest to another object
    ("clutter", "pick up the cube nearest to the bowl", "lifted(yellow_cube)"),
    ("clutter", "lift the cube closest to the bowl and put it on the blue box", "on(yellow_cube, blue_box)"),
    ("clutter", "put the cube nearest the ball on the box farthest from the bowl", "on(green_cube, red_box)"),
    ("clutter", "touch the nearest cube to the bowl", "touching(yellow_cube)"),
    ("clutter", "push the ball to the cube nearest to the bowl", "near(green_ball, yellow_cube)"),
    ("sorting", "put the cube nearest to the green bin in the red bin", "in(green_cube, red_bin)"),
    ("sorting", "put the blue cube in the nearest bin to you", "in(blue_cube, red_bin)"),
    ("sorting", "put the blue cube in the bin closest to you", "in(blue_cube, red_bin)"),
    # beside another object
    ("clutter", "pick up the cube next to the bowl", "lifted(yellow_cube)"),
    ("clutter", "lift the cube beside the ball", "lifted(green_cube)"),
    ("clutter", "grab the block by the bowl", "held(yellow_cube)"),
    ("clutter", "lift the cube behind the ball and put it in the bowl", "in(green_cube, white_bowl)"),
    ("tabletop", "lift the cube behind the blue box", "lifted(yellow_cube)"),
    ("tabletop", "lift the cube to the left of the blue box", "lifted(green_cube)"),
    ("clutter", "lift the cube on the right of the bowl", "lifted(green_cube)"),  # the only one on that side
    ("clutter", "lift the cube right behind the ball", "lifted(green_cube)"),
    ("clutter", "put the red cube on the box next to the bowl", "on(red_cube, blue_box)"),
    ("clutter", "go to the cube behind the ball", "near(gripper, green_cube)"),
    ("clutter", "put the cube next to the bowl on the blue box", "on(yellow_cube, blue_box)"),
    ("clutter", "put the cube that is next to the bowl behind the ball", "behind(yellow_cube, green_ball)"),
    ("clutter", "push the cube next to the bowl to the left", "pushed_to(yellow_cube, left)"),
    ("clutter", "the cube next to the bowl should be on the red box", "on(yellow_cube, red_box)"),
    ("clutter", "lift the yellow cube next to the bowl", "lifted(yellow_cube)"),
    ("clutter", "touch the bowl and lift the cube next to it", "touching(white_bowl) then lifted(yellow_cube)"),
    ("stacking", "stack the red cube on the cube next to the green cube", "on(red_cube, blue_cube)"),
    ("stacking", "lift the cube between the red cube and the blue cube", "lifted(green_cube)"),
    ("clutter", "put the cube between the cylinder and the bowl on the red box", "on(yellow_cube, red_box)"),
    # contrast
    ("tabletop", "put the red cube on the box that isn't red", "on(red_cube, blue_box)"),
    ("tabletop", "put the red cube on the non-blue box", "on(red_cube, red_box)"),
    ("tabletop", "put the green cube on the box that's not the blue one", "on(green_cube, red_box)"),
    ("sorting", "put the red cube in the bin that is neither red nor green", "in(red_cube, blue_bin)"),
    ("clutter", "lift the cube that is neither red nor green nor blue", "lifted(yellow_cube)"),
    ("tabletop", "put the red cube on the box, not the red one", "on(red_cube, blue_box)"),
    ("tabletop", "touch the not-red box", "touching(blue_box)"),
    ("tabletop", "lift the yellow cube, not the red one, and put it on the blue box", "on(yellow_cube, blue_box)"),
    ("clutter", "lift the cube that is neither red, green nor blue", "lifted(yellow_cube)"),
    ("tabletop", "put the red cube on the red box and the green cube on the other box",
     "on(red_cube, red_box) and on(green_cube, blue_box)"),
    ("clutter", "lift the yellow cube, then lift the other yellow thing",
     "lifted(yellow_cube) then lifted(yellow_cylinder)"),
    # size
    ("clutter", "touch the biggest bowl", "touching(white_bowl)"),
    ("clutter", "lift the tallest yellow thing", "lifted(yellow_cylinder)"),
    # what is put somewhere is known to be there
    ("clutter", "put the yellow cube in the bowl, then lift the leftmost cube",
     "in(yellow_cube, white_bowl) then lifted(red_cube)"),
    ("stacking", "lift the leftmost cube, then lift the rightmost cube", "lifted(yellow_cube) then lifted(blue_cube)"),
    # goals stay goals
    ("clutter", "put the yellow cube next to the bowl", "near(yellow_cube, white_bowl)"),
    ("clutter", "put the red cube behind the ball and next to the bowl",
     "behind(red_cube, green_ball) and near(red_cube, white_bowl)"),
    ("clutter", "push the ball left of the bowl", "pushed_to(green_ball, left_of, white_bowl)"),
]  # fmt: skip

REFUSED = [
    # the front may be the near or the far side
    ("tabletop", "lift the front cube", '"front" is not supported: it may mean near the robot or far'),
    ("tabletop", "lift the back cube", '"back" may mean near the robot or far from it'),
    # several, or none
    ("tabletop", "lift the left cube", "or blue_cube or yellow_cube, it chooses one of two, and 4 fit"),
    ("tabletop", "lift the cube right of the blue box", 'the blue box" is ambiguous: red_cube, blue_cube'),
    ("clutter", "lift the object next to the bowl", '"the object next to the bowl" is ambiguous: yellow_cube, green_ball'),
    ("clutter", "lift the cube by the box", '"the box" is ambiguous: red_box, blue_box'),
    ("clutter", "lift the cube right in front of the ball", "fits no object"),
    ("clutter", "lift the red cube next to the bowl", "it is true of none of: red_cube"),
    ("clutter", "lift the cube that is in the bowl", "none of: red_cube, green_cube, blue_cube, yellow_cube"),
    ("tabletop", "lift the cube that is not red", '"not" is not .*may be green_cube or blue_cube or yellow_cube'),
    ("tabletop", "lift the cube behind the red box", "may be green_cube or yellow_cube, whether it fits yellow_cube is not"),
    ("tabletop", "lift the biggest cube", '"biggest" is not .*they differ by less than 10 % in size'),
    ("clutter", "put the leftmost box in the bowl", "red_box is fixed to the table"),
    ("clutter", "lift the leftmost banana", '"banana" is unknown'),
    # place or description
    ("clutter", "put the cube next to the bowl", '"the cube" is ambiguous: red_cube, green_cube'),
    ("clutter", "put the nearest cube to the bowl", 'may tell which object "the nearest cube" is, or where one is to go'),
    ("clutter", "push the nearest cube to you", '"to you" may be a direction'),
    ("clutter", "push the yellow cube next to the bowl to the left", "or where one is to go"),
    ("clutter", "put the ball next to the bowl left of the blue box", "several places for one object"),
    ("clutter", "lift the red cube to the left of the bowl", "or where one is to go"),
    ("clutter", "get the yellow cube next to the bowl", "or where one is to go"),
    ("clutter", "clear the cube next to the bowl", "or where one is to go"),
    ("clutter", "Behind the ball, lift the cube", "for placing say"),
    ("clutter", "lift the cube up to the bowl", "for placing say"),
    ("clutter", "lift the cube behind the ball and next to the bowl", "or where one is to go"),
    ("clutter", "put the red cube between the bowl and the ball", '"between" is not supported as a place'),
    ("clutter", "lift the cube nearest to the bowl and the ball", "may describe one object or name two"),
    ("clutter", "put the cube that is next to the bowl and behind the ball in the bowl", "may describe one object or name"),
    ("clutter", "put the ball on the box next to the bowl and behind the red cube", "or where one is to go"),
    ("clutter", "put the cube next to the bowl to the left", "or where one is to go"),
    ("sorting", "touch the box left of the green one", '"the green one" is ambiguous: green_cube, green_bin'),
    # nearest to the robot, or to what is put there
    ("sorting", "put each cube in the nearest bin", '"the nearest bin" may be another one for each object'),
    ("sorting", "put the blue cube in the nearest bin", "red_bin, seen from the robot, or blue_bin, seen from blue_cube"),
    # other than what
    ("tabletop", "put the red cube on the other box", "it names no first one"),
    ("tabletop", "lift the red cube, then lift the other cube", "ambiguous: green_cube, blue_cube, yellow_cube"),
    ("tabletop", "put red on the red box and the green cube on the other one", "blue_cube, yellow_cube, blue_box"),
    # a contrast that may belong to another noun, or excludes nothing
    ("clutter", "lift the cube next to the blue cube, not the red one", '"not" is not supported'),
    ("clutter", "lift the ball, not the red one", "it is no contrast to"),
    ("clutter", "put the cube that isn't red and blue in the bowl", '"that isnt" is not supported'),
    ("clutter", "lift the yellow cube, not the yellow one", 'no "yellow cube not the yellow one"'),
    # no object is left out, none is added
    ("tabletop", "lift the leftmost", "its words describe one object"),
    ("tabletop", "put the leftmost cubes on the blue box", "its words describe one object"),
    ("tabletop", "put all the other cubes on the blue box", "its words describe one object"),
    ("stacking", "put the cubes next to each other", '"each other" is not understood'),
    ("sorting", "sort the cubes into the leftmost bin", '"the leftmost bin" is not understood'),
    ("sorting", "put the red cube in the leftmost matching bin", "its words describe one object"),
    ("tabletop", "lift the cube closest to the gripper", '"the gripper" is not understood'),
    ("tabletop", "put the red cube to the far left", '"the far left" is not understood'),
    ("tabletop", "move the red cube nearest to the blue box", "in which one direction"),
    ("tabletop", "lift the second cube from the left", '"from" is not supported'),
    ("tabletop", "don't lift the leftmost cube", '"dont" is not supported'),
    # a place that an earlier step changes
    ("clutter", "push the red cube left, then lift the leftmost cube", "where red_cube is after the earlier steps is not"),
    ("clutter", "put the red cube in the bowl, then lift the leftmost cube", '"the leftmost cube" is ambiguous: red_cube'),
    ("clutter", "push the red cube left and lift the leftmost cube", "where red_cube is after the earlier steps is not"),
    ("clutter", "put the ball in the bowl, then lift the cube nearest to the ball", "ambiguous: green_cube, yellow_cube"),
    ("clutter", "push the yellow cube left. then lift the cube next to the bowl", "after the earlier steps is not known"),
]  # fmt: skip

DECIDED_BY_PLACE = [
    "lift the leftmost cube", "lift the nearest cube", "lift the cube nearest to the bowl", "lift the cube behind the ball",
    "put the cube next to the bowl in the bowl", "touch the left box", "lift the cube between the ball and the bowl",
]  # fmt: skip


def read(preset: str, sentence: str) -> str:
    return str(read_instruction(sentence, scene_preset(preset).bodies, PLACES[preset]))


@pytest.mark.parametrize(("preset", "sentence", "goal"), READ)
def test_the_layout_or_a_size_decides_which_object_is_meant(preset, sentence, goal):
    assert read(preset, sentence) == goal


@pytest.mark.parametrize(("preset", "sentence", "message"), REFUSED)
def test_what_does_not_fit_exactly_one_object_is_refused_with_the_candidates(preset, sentence, message):
    with pytest.raises(InstructionError, match=message):
        read(preset, sentence)


@pytest.mark.parametrize("sentence", DECIDED_BY_PLACE)
def test_without_positions_the_error_says_that_they_are_needed(sentence):
    with pytest.raises(InstructionError) as caught:
        read_instruction(sentence, scene_preset("clutter").bodies)
    assert "the positions of the objects are needed" in caught.value.remedy
    assert "try for example" in caught.value.remedy


def test_words_alone_need_no_positions():
    bodies = scene_preset("tabletop").bodies
    sentence = "put the red cube on the non-red box, then put the green cube on the other box"
    assert str(read_instruction(sentence, bodies)) == "on(red_cube, blue_box) then on(green_cube, red_box)"


@pytest.mark.parametrize("preset", PLACES)
def test_positions_change_nothing_where_words_decide(preset):
    bodies = scene_preset(preset).bodies
    for sentence in (scene_preset(preset).instruction, *examples(bodies)):
        assert read(preset, sentence) == str(read_instruction(sentence, bodies))


def test_a_position_may_have_a_height_and_a_missing_one_is_named():
    bodies, places = scene_preset("stacking").bodies, PLACES["stacking"]
    high = {name: (*place, 0.02) for name, place in places.items()}
    assert str(read_instruction("lift the leftmost cube", bodies, high)) == "lifted(yellow_cube)"
    del high["blue_cube"]
    with pytest.raises(InstructionError, match="where blue_cube is decides which object is meant"):
        read_instruction("lift the leftmost cube", bodies, high)


@pytest.mark.parametrize("place", [(0.4,), (0.4, float("nan")), (0.4, 0.1, 0.0, 1.0)])
def test_a_malformed_position_is_an_error_that_names_it(place):
    with pytest.raises(InstructionError, match="the position of red_cube is"):
        read_instruction("lift the leftmost cube", scene_preset("stacking").bodies, {"red_cube": place})


SEEN = {
    "leftmost": lambda x, y: y, "rightmost": lambda x, y: -y,
    "nearest": lambda x, y: -((x * x + y * y) ** 0.5), "farthest": lambda x, y: (x * x + y * y) ** 0.5,
}  # fmt: skip


@pytest.mark.parametrize("word", SEEN)
def test_an_extreme_is_that_of_the_numbers_or_a_tie_within_a_centimetre(word):
    rng, bodies = random.Random(3), scene_preset("stacking").bodies
    for _ in range(60):
        places = {body.name: (rng.uniform(0.35, 0.45), rng.uniform(-0.1, 0.1)) for body in bodies}
        first, second = sorted(places, key=lambda name: -SEEN[word](*places[name]))[:2]
        if SEEN[word](*places[first]) - SEEN[word](*places[second]) >= 0.01:
            assert str(read_instruction(f"lift the {word} cube", bodies, places)) == f"lifted({first})"
        else:
            with pytest.raises(InstructionError, match=f"may be {first} or {second}.*they differ by less than 1 cm"):
                read_instruction(f"lift the {word} cube", bodies, places)


@pytest.mark.parametrize(
    ("gap", "goal"), [(0.02, "lifted(red_cube)"), (0.118, "lifted(red_cube)"), (0.125, None), (0.2, None)]
)
def test_next_to_is_within_twelve_centimetres_between_outlines(gap, goal):
    bodies = FrankaSceneBuilder().add_cube("red").add_cube("blue").add("ball", "green").build().bodies
    half = {body.name: body.half_extents[0] for body in bodies}
    places = {
        "green_ball": (0.5, 0.0),
        "red_cube": (0.5, half["green_ball"] + gap + half["red_cube"]),
        "blue_cube": (0.5, -0.4),
    }
    if goal is not None:
        assert str(read_instruction("lift the cube next to the ball", bodies, places)) == goal
        return
    with pytest.raises(InstructionError, match="red_cube"):
        read_instruction("lift the cube next to the ball", bodies, places)


def test_what_lies_in_a_bowl_is_not_next_to_it():
    bodies = FrankaSceneBuilder().add_cube("red").add_cube("blue").add("bowl", "white").build().bodies
    places = {"white_bowl": (0.5, 0.0), "red_cube": (0.51, 0.01), "blue_cube": (0.5, 0.15)}
    assert str(read_instruction("lift the cube next to the bowl", bodies, places)) == "lifted(blue_cube)"
    assert str(read_instruction("lift the cube that is in the bowl", bodies, places)) == "lifted(red_cube)"


def test_what_lies_in_a_bowl_leaves_open_which_is_nearest_to_it():
    bodies = FrankaSceneBuilder().add_cube("red").add_cube("blue").add("bowl", "white").build().bodies
    places = {"white_bowl": (0.5, 0.0), "red_cube": (0.51, 0.01), "blue_cube": (0.5, 0.15)}
    with pytest.raises(InstructionError, match="may be red_cube or blue_cube, red_cube lies in or on white_bowl"):
        read_instruction("lift the cube nearest to the bowl", bodies, places)


@pytest.mark.parametrize(("heights", "goal"), [((0.06, 0.02), "lifted(red_cube)"), ((0.02, 0.06), None), ((), None)])
def test_what_lies_on_another_is_the_higher_one(heights, goal):
    bodies = FrankaSceneBuilder().add_cube("red").add_cube("blue").build().bodies
    red, blue = ((0.5, 0.0, height) for height in heights) if heights else ((0.5, 0.0), (0.5, 0.0))
    sentence, places = "lift the cube that is on the blue cube", {"red_cube": red, "blue_cube": blue}
    if goal is not None:
        assert str(read_instruction(sentence, bodies, places)) == goal
        return
    with pytest.raises(InstructionError, match="red_cube"):
        read_instruction(sentence, bodies, places)


def test_a_place_within_a_place_is_refused_if_both_readings_hold():
    bodies = FrankaSceneBuilder().add_cube("red").add_cube("blue").add("ball", "green").add("bowl", "white").build().bodies
    places = {"white_bowl": (0.5, 0.0), "green_ball": (0.51, 0.01), "red_cube": (0.5, 0.12), "blue_cube": (0.3, -0.3)}
    with pytest.raises(InstructionError, match='"in the bowl" may tell which object "the ball" is'):
        read_instruction("put the cube next to the ball in the bowl", bodies, places)
    places["green_ball"] = (0.5, 0.2)
    plan = read_instruction("put the cube next to the ball in the bowl", bodies, places)
    assert str(plan) == "in(red_cube, white_bowl)"


@pytest.mark.parametrize(
    ("sentence", "goal"),
    [
        ("lift the biggest cube", "lifted(green_cube)"),
        ("lift the smallest cube", "lifted(red_cube)"),
        ("put the smallest cube on the largest cube", "on(red_cube, green_cube)"),
        ("lift the tallest cube", "lifted(green_cube)"),
        ("lift the bigger cube", None),
        ("lift the larger of the cubes", None),
    ],
)
def test_a_size_decides_without_positions_where_it_differs_by_a_tenth(sentence, goal):
    builder = FrankaSceneBuilder()
    for colour, size in (("red", 0.04), ("blue", 0.045), ("green", 0.05)):
        builder = builder.add_cube(colour, size=(size, size, size))
    bodies = builder.build().bodies
    if goal is not None:
        assert str(read_instruction(sentence, bodies)) == goal
        return
    with pytest.raises(InstructionError):
        read_instruction(sentence, bodies)


def test_the_other_one_of_two_needs_no_colour():
    bodies = FrankaSceneBuilder().add_cube("red").add_cube("blue").add_box("white").build().bodies
    for sentence in ("put the other cube on the red cube", "put the blue cube on the other cube"):
        assert str(read_instruction(sentence, bodies)) == "on(blue_cube, red_cube)"
    plan = read_instruction("put the red cube on the white box, then lift the other one", bodies)
    assert str(plan) == "on(red_cube, white_box) then lifted(blue_cube)"


@pytest.mark.parametrize("end", ["and make sure", "& should", ", and ensure that"])
def test_a_wish_without_a_clause_asks_for_nothing_and_breaks_nothing(end):
    assert read("tabletop", f"push the red cube to the left {end}") == "pushed_to(red_cube, left)"


def test_next_to_after_and_is_a_place_and_no_next_step():
    sentence = "put the ball behind the red box and next to the bowl"
    assert read("clutter", sentence) == "behind(green_ball, red_box) and near(green_ball, white_bowl)"


@pytest.mark.parametrize("preset", PLACES)
def test_shuffled_references_never_break_the_reader_and_never_name_what_is_not_there(preset):
    rng, known = random.Random(5), set(scene_preset(preset).object_names)
    sentences = [sentence for _, sentence, _ in (*READ, *REFUSED)]
    for _ in range(200):
        words = " ".join(rng.sample(sentences, 2)).split()
        text = " ".join(rng.sample(words, min(len(words), rng.randint(2, 12))))
        try:
            plan = read_instruction(text, scene_preset(preset).bodies, PLACES[preset])
        except InstructionError:
            continue
        assert plan.steps
        assert set(plan.objects) <= known


def test_a_description_within_many_others_is_refused():
    sentence = f"lift the cube nearest to {'the cube nearest to ' * 3000}the bowl"
    with pytest.raises(InstructionError, match="it describes an object by another"):
        read("clutter", sentence)
    assert read("clutter", "lift the cube nearest to the box nearest to the ball") == "lifted(blue_cube)"


SIDES = {"left of": (0, 1), "right of": (0, -1), "in front of": (-1, 0), "behind": (1, 0)}


@pytest.mark.parametrize("side", SIDES)
def test_a_side_is_that_of_one_object_only_within_the_quarter_of_the_directions(side):
    rng, bodies = random.Random(11), scene_preset("clutter").bodies
    cubes = [body.name for body in bodies if body.shape == "cube"]
    read_plans = 0
    for _ in range(150):
        places = {body.name: (rng.uniform(0.3, 0.7), rng.uniform(-0.3, 0.3)) for body in bodies}
        x, y = places["green_ball"]
        along = {n: (places[n][0] - x) * SIDES[side][0] + (places[n][1] - y) * SIDES[side][1] for n in cubes}
        across = {n: abs((places[n][0] - x) * SIDES[side][1]) + abs((places[n][1] - y) * SIDES[side][0]) for n in cubes}
        try:
            plan = read_instruction(f"lift the cube {side} the ball", bodies, places)
        except InstructionError:
            continue
        read_plans += 1
        (name,) = plan.objects
        assert along[name] > 0
        assert not [n for n in cubes if n != name and along[n] > 0.05 and along[n] > across[n]]
    assert read_plans > 20
