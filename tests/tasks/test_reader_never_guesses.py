"""What the instruction reader does not understand it refuses, whatever stood before; it skips no word that has a meaning."""

import pytest

from vla_isaac.core.errors import InstructionError
from vla_isaac.language import lexicon
from vla_isaac.scene.builder import scene_preset
from vla_isaac.tasks.language import read_instruction


def read(preset: str, sentence: str) -> str:
    return str(read_instruction(sentence, scene_preset(preset).bodies))


def refusal(preset: str, sentence: str) -> str:
    with pytest.raises(InstructionError) as caught:
        read(preset, sentence)
    return str(caught.value)


# ------------------------------------------------------------------ an unknown verb


FIRST_CLAUSES = ("pick up the red cube", "put the red cube on the blue box", "touch the red cube", "push the red cube left")
CONNECTORS = (". ", ", ", "; ", " then ", ", and then ", " and ", ". After that, ", "! ")


@pytest.mark.parametrize("connector", CONNECTORS)
@pytest.mark.parametrize("first", FIRST_CLAUSES)
@pytest.mark.parametrize(
    "second", ["juggle it", "juggle the blue cube", "juggle", "juggle blue cube", "juggle them on the red box"]
)
def test_a_clause_with_an_unknown_verb_is_an_error_whatever_stood_before(first, connector, second):
    assert 'the word "juggle" is unknown' in refusal("tabletop", first + connector + second)


@pytest.mark.parametrize("word", ["before", "after"])
@pytest.mark.parametrize("first", FIRST_CLAUSES)
def test_an_order_of_time_within_a_clause_is_refused(first, word):
    assert f'"{word}" is not supported' in refusal("tabletop", f"{first} {word} juggling it")


def test_an_unknown_verb_is_named_with_the_verbs_that_are_known_and_sentences_of_the_scene():
    said = refusal("tabletop", "Make me a coffee")
    assert 'cannot read "Make me a coffee": "make me" is no verb that the reader knows' in said
    assert "its verbs are, among others: put, stack, move, push" in said
    assert 'try for example "Pick up the red cube' in said
    assert "its verbs are, among others: put" in refusal("tabletop", "juggle the red cube")
    assert '"coffee" is neither a verb nor an object known here' in refusal("tabletop", "make a coffee")


# ------------------------------------------------------------------ letting go


@pytest.mark.parametrize("last", ["release it", "let go", "let go of it", "let go of the red cube", "open the gripper"])
@pytest.mark.parametrize("connector", CONNECTORS)
def test_letting_go_after_a_placement_asks_for_nothing_more(connector, last):
    assert read("tabletop", f"put the red cube on the blue box{connector}{last}") == "on(red_cube, blue_box)"


@pytest.mark.parametrize(
    "last", ["release it", "let go", "let go of the red cube", "open your hand", "drop it", "put it down"]
)
@pytest.mark.parametrize("connector", CONNECTORS)
def test_letting_go_of_what_is_held_needs_a_place(connector, last):
    said = refusal("tabletop", f"pick up the red cube{connector}{last}")
    assert "it does not say where" in said


def test_letting_go_at_a_place_is_placing():
    assert read("tabletop", "pick up the red cube and release it on the blue box") == "on(red_cube, blue_box)"
    assert read("sorting", "let go of the red cube in the red bin") == "in(red_cube, red_bin)"


# ------------------------------------------------------------------ the place first


PLACES = {"on": "blue box", "in": "white bowl", "near": "white bowl", "left_of": "white bowl", "right_of": "white bowl",
          "in_front_of": "white bowl", "behind": "white bowl"}  # fmt: skip


@pytest.mark.parametrize("relation", PLACES)
def test_a_place_may_come_first_with_every_preposition(relation):
    for word in lexicon().words.place(relation).understood or (relation,):
        for pause in (", ", " "):
            sentence = f"{word} the {PLACES[relation]}{pause}place the red cube"
            assert read("clutter", sentence) == f"{relation}(red_cube, {PLACES[relation].replace(' ', '_')})", sentence


@pytest.mark.parametrize(
    ("preset", "sentence", "goal"),
    [
        ("tabletop", "On the blue box, place the red cube", "on(red_cube, blue_box)"),
        ("tabletop", "On the blue box goes the red cube", "on(red_cube, blue_box)"),
        ("tabletop", "On the blue box, the red cube should be placed", "on(red_cube, blue_box)"),
        ("tabletop", "Pick up the red cube and on the blue box place it", "on(red_cube, blue_box)"),
        (
            "tabletop",
            "On the blue box, place the red cube and on the red box, place the green cube",
            "on(red_cube, blue_box) and on(green_cube, red_box)",
        ),
        (
            "tabletop",
            "On the blue box place the red cube. On the red box place the green cube.",
            "on(red_cube, blue_box) then on(green_cube, red_box)",
        ),
        ("tabletop", "To the left, push the red cube", "pushed_to(red_cube, left)"),
        ("tabletop", "Forward push the red cube", "pushed_to(red_cube, forward)"),
        ("tabletop", "From the table, lift the red cube", "lifted(red_cube)"),
        ("tabletop", "To the red cube, move the gripper", "near(gripper, red_cube)"),
        ("clutter", "To the left of the bowl, push the ball", "pushed_to(green_ball, left_of, white_bowl)"),
        ("clutter", "Into the bowl, clear the red cube and the ball",
         "in(red_cube, white_bowl) and in(green_ball, white_bowl)"),
        ("clutter", "Left of the ball and behind the bowl, put the red cube",
         "left_of(red_cube, green_ball) and behind(red_cube, white_bowl)"),
        ("stacking", "On the blue cube, stack the red cube", "on(red_cube, blue_cube)"),
        ("sorting", "In the matching bins, put the red and green cubes",
         "in(red_cube, red_bin) and in(green_cube, green_bin)"),
        ("tabletop", "red cube, on the blue box", "on(red_cube, blue_box)"),
        ("tabletop", "red cube -> blue box", "on(red_cube, blue_box)"),
        ("sorting", "red cube → green bin", "in(red_cube, green_bin)"),
    ],
)  # fmt: skip
def test_other_orders_of_words_are_read(preset, sentence, goal):
    assert read(preset, sentence) == goal


# ------------------------------------------------------------------ "one" after "each"


@pytest.mark.parametrize("verb", ["put", "stack", "place"])
def test_one_means_the_same_after_each_as_after_the(verb):
    one, each = (f"{verb} {word} red cube on the blue one" for word in ("the", "each"))
    assert read("tabletop", one) == read("tabletop", each) == "on(red_cube, blue_cube)"


def test_one_beside_which_each_is_put_is_of_the_same_kind_too():
    one, each = (f"put {word} red cube next to the blue one" for word in ("the", "every"))
    assert read("tabletop", one) == read("tabletop", each) == "near(red_cube, blue_cube)"


# ------------------------------------------------------------------ words that change the meaning


@pytest.mark.parametrize(
    ("preset", "sentence", "message"),
    [
        # negation
        ("tabletop", "don't pick up the red cube", '"dont" is not supported'),
        ("tabletop", "lift the cube, not the red one", '"not" is not supported'),
        ("tabletop", "lift the cube that isn't red", '"isnt" is not supported'),
        ("tabletop", "stop lifting the red cube", '"stop" is not supported'),
        ("tabletop", "the red cube shouldn't be on the blue box", '"shouldnt" is not supported'),
        # numbers
        ("tabletop", "lift two cubes", '"two cubes" is ambiguous'),
        ("tabletop", "put the red cube on two boxes", 'one object is expected instead of "two boxes"'),
        ("tabletop", "lift the three red cubes", '"the three red cubes" is ambiguous'),
        ("tabletop", "lift red, green and blue and put both of them on the red box", '"both of them" is ambiguous'),
        ("tabletop", "lift both the red, the green and the blue cube", '"both the red" is ambiguous'),
        ("tabletop", "lift 2 cubes", '"2" is unknown'),
        ("tabletop", "raise the red cube 10 cm", '"10" is unknown'),
        ("tabletop", "lift the red cube twice", '"twice" is not supported'),
        # conditions, questions, statements
        ("tabletop", "if it is free, lift the red cube", '"if" is not supported'),
        ("tabletop", "should the red cube be on the blue box?", '"should" begins a question'),
        ("tabletop", "will the red cube be on the blue box?", '"will" begins a question'),
        ("tabletop", "could the red cube be on the blue box?", '"could" is a question'),
        ("tabletop", "is the red cube on the blue box?", '"is" is not understood'),
        ("tabletop", "has the red cube been lifted?", '"has" is unknown'),
        ("tabletop", "The red cube is on the blue box. Lift it.", '"is" tells how things are.* say "should be"'),
        # alternatives and signs
        ("tabletop", "lift the red cube or the blue one", '"or" is not supported'),
        ("tabletop", "lift the red/blue cube", '"/" is unknown'),
        ("tabletop", "lift the red cube | lift the blue cube", '"|" is unknown'),
        ("tabletop", "lift the red cube <- blue box", '"<" is unknown'),
        ("tabletop", "🚫 lift the red cube", '"🚫"'),
        # contradictions
        ("tabletop", "put red on green and green on red", "would have to rest on itself"),
        ("tabletop", "push the red cube left and right", "cannot hold at the same time; join them with \"then\""),
        ("clutter", "put the red cube left of the bowl and right of the bowl", "cannot hold at the same time"),
        ("clutter", "put the red cube left of the ball and the ball left of the red cube", "cannot hold at the same time"),
        ("tabletop", "put the red cube on the blue box and to the left", "cannot hold at the same time"),
        # words beside a noun that takes none, second objects, second places
        ("tabletop", "lift red it", '"it" is not understood'),
        ("tabletop", "move the red gripper to the blue box", '"the red gripper" is not understood'),
        ("tabletop", "clear the banana table onto the blue box", '"banana" is unknown'),
        ("clutter", "clear the table and the red cube into the bowl", '"the table and the red cube" is not understood'),
        ("sorting", "sort the cubes into the red bin", '"the red bin" is the place of red_cube only'),
        ("tabletop", "lift the red cube the blue cube", '"the blue cube" is not understood'),
        ("tabletop", "on the blue box, put the red cube on the red box", '"on the blue box" is one place too many'),
        ("tabletop", "on the blue box, touch the red cube", "a place is not understood"),
        # order and manner
        ("tabletop", "lift the red cube, first lift the blue cube", '"first" comes too late'),
        ("tabletop", "lift the red cube. To begin with, lift the blue cube", '"to begin with" comes too late'),
        ("tabletop", "lift the red cube and the blue cube last", '"last" is not supported'),
        ("tabletop", "give the red cube to the blue box", '"give" is understood only as in'),
        ("tabletop", "put the red cube at the blue box", "objects are put"),
        ("tabletop", "the red cube must go", "does not say where the object is to go"),
    ],
)  # fmt: skip
def test_a_word_that_changes_the_meaning_is_never_skipped(preset, sentence, message):
    with pytest.raises(InstructionError, match=message.replace("|", r"\|")):
        read(preset, sentence)


@pytest.mark.parametrize(
    ("preset", "sentence", "goal"),
    [
        ("tabletop", "first lift the red cube, then lift the blue cube", "lifted(red_cube) then lifted(blue_cube)"),
        ("tabletop", "put the red cube first on the blue box", "on(red_cube, blue_box)"),
        ("tabletop", "lift the red cube and touch it", "lifted(red_cube) then touching(red_cube)"),
        ("tabletop", "lift the red cube and go to it", "lifted(red_cube) then near(gripper, red_cube)"),
        ("tabletop", "touch the red cube and lift it", "lifted(red_cube)"),
        ("tabletop", "lift the red cube and bring it to the blue cube", "near(red_cube, blue_cube)"),
        ("tabletop", "hold the red cube and put it next to the blue cube", "near(red_cube, blue_cube)"),
        ("tabletop", "hold the red cube and lift it", "lifted(red_cube)"),
        ("tabletop", "use gripper lift the red cube", "lifted(red_cube)"),
        ("tabletop", "put red on green, then put green on yellow_cube",
         "on(red_cube, green_cube) then on(green_cube, yellow_cube)"),
        ("tabletop", "push the red cube left and then push it right",
         "pushed_to(red_cube, left) then pushed_to(red_cube, right)"),
        ("tabletop", "lift the red cube and lift the red cube", "lifted(red_cube)"),
        ("tabletop", "put red on green and red on green", "on(red_cube, green_cube)"),
        ("tabletop", "lift red and green and put both of them on the red box",
         "on(red_cube, red_box) and on(green_cube, red_box)"),
        ("tabletop", "lift the cube that's red", "lifted(red_cube)"),
        ("tabletop", "put the cube that is red on the box that is blue", "on(red_cube, blue_box)"),
        ("tabletop", "could the red cube be put on the blue box?", "on(red_cube, blue_box)"),
        ("tabletop", "give the red cube a small push to the left", "pushed_to(red_cube, left)"),
        ("tabletop", "the red cube needs a nudge forward", "pushed_to(red_cube, forward)"),
        ("tabletop", "lift the red cube above the table", "lifted(red_cube)"),
        ("tabletop", "your gripper should be at the blue box", "near(gripper, blue_box)"),
        ("clutter", "push the ball a bit to the left of the bowl", "pushed_to(green_ball, left_of, white_bowl)"),
        ("tabletop", "pls stick the red cube on the blue box, thanks", "on(red_cube, blue_box)"),
        ("tabletop", "would you be so kind as to rest the red cube upon the blue box", "on(red_cube, blue_box)"),
    ],
)  # fmt: skip
def test_what_only_looks_like_it_is_read(preset, sentence, goal):
    assert read(preset, sentence) == goal
