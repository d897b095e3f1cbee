"""Variants of training examples keep their meaning, or change it as they say."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import yaml

from vla_isaac.grounding.said_sentences import SaidSentence, read_sentences
from vla_isaac.models.grounding.decoding import Reading
from vla_isaac.models.grounding.scene_objects import extreme_of
from vla_isaac.training.grounding.augmentation import augmented
from vla_isaac.training.grounding.calibration import calibrated
from vla_isaac.training.grounding.combination import joined, replaced, withdrawn
from vla_isaac.training.grounding.examples import example_of
from vla_isaac.training.grounding.rewording import referred_back, reworded, with_a_remark
from vla_isaac.training.grounding.sentence_stream import is_rare

CORPUS = Path(__file__).resolve().parents[2] / "config" / "language" / "corpus"
TRAIN = yaml.safe_load((CORPUS / "voices.yaml").read_text(encoding="utf-8"))["train"]


def example(sentence: str, goal: str, scene: str = "tabletop", seed: int = 0):
    found = example_of(SaidSentence("x", "x", scene, goal, sentence), np.random.default_rng(seed))
    assert found is not None
    return found


def names(example):
    return [
        (w.relation, example.scene[w.moved].name, example.scene[w.other].name if w.other >= 0 else "")
        for step in example.steps
        for w in step
    ]


@pytest.mark.parametrize("seed", range(20))
def test_colours_are_exchanged_in_sentence_and_scene_alike(seed):
    before = example("put the red cube on the blue box", "on(red_cube, blue_box)")
    after = augmented(before, np.random.default_rng(seed))
    if after.kind == "do":
        ((relation, moved, other),) = names(after)
        assert relation == "on" and moved.endswith("_cube") and other.endswith("_box")
    else:
        assert after.kind == "unknown_thing" and len(after.scene) == len(before.scene) - 1


@pytest.mark.parametrize("seed", range(10))
def test_a_misspelt_colour_is_not_exchanged(seed):
    after = augmented(example("lift the gren cube", "lifted(green_cube)"), np.random.default_rng(seed))
    assert after.kind != "do" or names(after) == [("lifted", "green_cube", "")]


@pytest.mark.parametrize("seed", range(10))
def test_things_of_one_colour_keep_one_colour(seed):
    after = augmented(
        example("the red cube into the bin of its colour", "in(red_cube, red_bin)", "sorting"), np.random.default_rng(seed)
    )
    if after.kind == "do":
        ((_, moved, other),) = names(after)
        assert moved.split("_")[0] == other.split("_")[0]


def test_no_scene_has_an_object_twice():
    rng = np.random.default_rng(1)
    for name in TRAIN[::9]:
        for said in read_sentences(CORPUS / f"{name}.tsv")[::7]:
            found = augmented(example_of(said, rng), rng)
            assert len({item.name for item in found.scene}) == len(found.scene), found


def test_two_wishes_are_joined_in_the_order_that_the_sentence_says():
    first, second = example("lift the red cube", "lifted(red_cube)"), example("touch the blue box", "reach(blue_box)")
    seen = set()
    for seed in range(60):
        found = joined(first, second, np.random.default_rng(seed))
        assert found is not None and found.sentence.lower().count("red cube") == 1
        assert names(found) == [("lifted", "red_cube", ""), ("reach", "blue_box", "")]
        seen.add(len(found.steps))
    assert seen == {1, 2}


def test_wishes_about_one_object_are_never_joined_as_one_step():
    first, second = example("lift the red cube", "lifted(red_cube)"), example("red on blue", "on(red_cube, blue_cube)")
    found = [joined(first, second, np.random.default_rng(seed)) for seed in range(40)]
    assert {len(one.steps) for one in found if one is not None} == {2}
    assert any(one is None for one in found)


def test_wishes_of_other_scenes_are_not_joined():
    assert (
        joined(example("lift it", "lifted(red_cube)"), example("x", "lifted(red_cube)", "sorting"), np.random.default_rng(0))
        is None
    )


def in_other_words(sentence: str, goal: str, scene: str = "tabletop"):
    before = example(sentence, goal, scene)
    found = [reworded(before, np.random.default_rng(seed)) for seed in range(400)]
    assert all(one is not None and names(one) == names(before) for one in found)
    return found


def test_an_object_named_by_its_place_is_there():
    found = [one for one in in_other_words("lift the red cube", "lifted(red_cube)") if "red" not in one.sentence]
    assert found
    for one in found:
        assert [e for e in ("leftmost", "rightmost", "nearest", "farthest") if extreme_of(one.scene, e, "cube") == 0]


def test_an_object_named_by_what_it_is_not_names_all_the_others():
    said = {one.sentence for one in in_other_words("touch the red box", "reach(red_box)")}
    assert "touch the box that is not blue" in said and "touch the blue box, no, the red box" in said
    said = {one.sentence for one in in_other_words("touch the red bin", "reach(red_bin)", "sorting")}
    assert any("neither" in one and "green" in one and "blue" in one for one in said)


def test_two_things_of_one_colour_are_named_by_it():
    said = {one.sentence for one in in_other_words("red cube on the red box", "on(red_cube, red_box)")}
    assert "red cube on the box of its own colour" in said
    said = {one.sentence for one in in_other_words("lift the yellow cube", "lifted(yellow_cube)", "clutter")}
    assert any("colour" in one and "yellow" not in one for one in said)
    assert any(word in one for one in said for word in ("cylinder, I mean cube", "can, I mean cube", "cylinder, no, cube"))


@pytest.mark.parametrize(
    "sentence", ["lift the red cube, not the blue one", "don't lift the red cube", "both: lift the red cube"]
)
def test_what_speaks_of_others_is_not_reworded(sentence):
    before = example(sentence, "lifted(red_cube)")
    assert reworded(before, np.random.default_rng(0)) is None and with_a_remark(before, np.random.default_rng(0)) is None


def test_a_remark_changes_no_goal_and_is_about_another_object():
    before = example("lift the red cube", "lifted(red_cube)")
    for seed in range(20):
        found = with_a_remark(before, np.random.default_rng(seed))
        assert names(found) == names(before) and "lift the red cube" in found.sentence
        assert any(colour in found.sentence for colour in ("blue", "green", "yellow"))


def test_a_wish_refers_back_to_two_things_in_their_order():
    before, seen = example("red cube on the blue box", "on(red_cube, blue_box)"), set()
    for seed in range(60):
        found = referred_back(before, np.random.default_rng(seed))
        assert names(found) == names(before)
        text = found.sentence.lower()
        intro = text.partition("speaking of")[2] or text
        is_red_first = intro.index("red") < intro.index("blue")
        red, _, blue = text.partition(" on ")
        first, second = (red, blue) if is_red_first else (blue, red)
        assert not re.search("latter|second|last", first) and not re.search("former|first", second)
        seen.update(re.findall("former|first|latter|second|other", text))
    assert seen == {"former", "first", "latter", "second", "other"}
    assert referred_back(example("lift it", "lifted(red_cube)"), np.random.default_rng(0)) is None


def test_the_second_thought_counts_and_a_wish_taken_back_is_none():
    first, second = example("lift the red cube", "lifted(red_cube)"), example("touch the blue box", "reach(blue_box)")
    for seed in range(20):
        found = replaced(first, second, np.random.default_rng(seed))
        assert names(found) == names(second) and {"red", "blue"} <= set(found.sentence.lower().split())
        assert withdrawn(first, np.random.default_rng(seed)).kind == "forbidden"
    assert replaced(first, example("x", "lifted(red_cube)", "sorting"), np.random.default_rng(0)) is None


def test_the_threshold_leaves_few_wrong_readings_and_the_temperature_fits():
    sure = example("lift the red cube", "lifted(red_cube)")
    right = Reading("do", sure.steps, 0.97)
    wrong = Reading("do", example("x", "lifted(blue_cube)").steps, 0.7)
    cold = [[right]] * 90 + [[wrong]] * 10
    hot = [[Reading("do", one[0].steps, 0.6)] for one in cold]
    card = calibrated([(1.0, cold), (2.0, hot)], [sure] * 100)
    assert (card.temperature, card.accept_above) == (1.0, 0.71)


def test_no_example_moves_an_object_to_itself():
    found = [
        example("the leftmost cube goes on the red one", "on(leftmost(cube), red_cube)", seed=seed) for seed in range(40)
    ]
    assert all(wish.moved != wish.other for one in found for step in one.steps for wish in step)


def test_what_goes_with_another_wish_does_not_depend_on_the_layout():
    assert is_rare(SaidSentence("1", "x", "tabletop", "lifted(leftmost(cube))", "x"))
    assert is_rare(SaidSentence("2", "x", "tabletop", "on(nearest(cube), red_box)", "x"))
    assert not is_rare(SaidSentence("3", "x", "tabletop", "on(red_cube, red_box)", "x"))
