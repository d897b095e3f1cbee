"""Every sentence that demonstrations or tests of understanding may use means exactly the family's goal."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.goals import GoalPlan, parse_goal
from vla_isaac.core.seeding import stream
from vla_isaac.core.types import Body
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.layout import sample_layout, vary_scene
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.sim.drive import drive
from vla_isaac.tasks.families import family_names, task_family
from vla_isaac.tasks.paraphrases import Paraphrases, is_understood, normalised, paraphrase, paraphrases, sentences

FAMILIES = family_names()
NUM_SCENES = 20


@cache
def drawn(family: str) -> list[tuple[GoalPlan, tuple[Body, ...]]]:
    """Return what the family asks for in twenty scenes, every other one fully randomised."""
    preset, backend, found = task_family(family).preset, StubBackend(), []
    for seed in range(NUM_SCENES):
        randomisation = randomisation_preset("full" if seed % 2 else "layout")
        randomisation = randomisation.with_distractors(preset.distractors, preset.distractor_shapes)
        scene = vary_scene(scene_preset(preset.scene), randomisation, seed)
        drive(backend.load(scene))
        drive(backend.reset(sample_layout(scene, randomisation, seed)))
        found.append((task_family(family).draw(backend.state(), stream(seed, "test")).plan, scene.bodies))
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_has_a_dozen_sentences_to_train_on_and_twenty_five_that_are_held_out(family):
    found = paraphrases(family)
    assert len({normalised(t) for t in found.training}) == len(found.training) >= 12
    assert len({normalised(t) for t in found.held_out}) == len(found.held_out) == 25


@pytest.mark.parametrize("split", ["training", "held_out"])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_sentence_is_read_as_exactly_the_goal_in_twenty_scenes(family, split):
    wrong = [
        s for plan, bodies in drawn(family) for s in sentences(family, split, plan) if not is_understood(s, plan, bodies)
    ]
    assert wrong == []


@pytest.mark.parametrize("family", FAMILIES)
def test_no_held_out_sentence_is_ever_a_training_sentence(family):
    for plan, _ in drawn(family):
        held_out = [normalised(s) for s in sentences(family, "held_out", plan)]
        training = {normalised(s) for s in sentences(family, "training", plan)}
        assert len(set(held_out)) == 25
        assert not set(held_out) & training


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_drawn_for_a_demonstration_is_never_a_held_out_sentence_whatever_the_names(family):
    held_out = {normalised(s) for plan, _ in drawn(family) for s in sentences(family, "held_out", plan)}
    said = {paraphrase(family, p, b, np.random.default_rng(k)) for p, b in drawn(family) for k in range(10)}
    assert None not in said
    assert not {normalised(str(s)) for s in said} & held_out
    assert len(said) > 20


def test_a_held_out_sentence_is_new_as_a_sentence_and_not_by_its_words():
    known = {word for family in FAMILIES for t in paraphrases(family).training for word in normalised(t).split()}
    new = {word for family in FAMILIES for t in paraphrases(family).held_out for word in normalised(t).split()}
    assert new - known == set()


def test_names_are_varied_with_words_that_mean_the_same():
    plan, bodies = parse_goal("on(red_cube, blue_box)"), scene_preset("tabletop").bodies
    said = " ".join(str(paraphrase("place_on", plan, bodies, np.random.default_rng(k))) for k in range(60)).lower()
    assert all(word in said for word in ("red", "crimson", "cube", "block", "navy", "platform", "please"))


def test_the_same_seed_gives_the_same_sentence():
    plan, bodies = parse_goal("lifted(red_cube)"), scene_preset("tabletop").bodies
    first, again, other = (paraphrase("lift", plan, bodies, np.random.default_rng(k)) for k in (1, 1, 2))
    assert first == again != other


def test_an_object_with_a_name_of_its_own_keeps_it():
    plan = parse_goal("lifted(tommy)")
    body = Body(name="tommy", shape="cube", colour="red", half_extents=(0.02, 0.02, 0.02))
    assert all("tommy" in str(paraphrase("lift", plan, (body,), np.random.default_rng(k))) for k in range(10))


def test_where_no_sentence_is_understood_there_is_none():
    body = Body(name="b0x", shape="cube", colour="red", half_extents=(0.02, 0.02, 0.02))
    assert paraphrase("lift", parse_goal("lifted(red_cube)"), (body,), np.random.default_rng(0)) is None


def test_a_sentence_in_both_lists_is_refused_even_with_other_spaces_and_commas():
    with pytest.raises(ConfigError, match=r"'lift the \{a\} now' is both in training and held out; take it out of one"):
        Paraphrases(training=("Lift the {a}  now",), held_out=("lift the {a}, now!",))


@pytest.mark.parametrize(
    ("sentence", "goal"),
    [
        ("I want the red cube to be on the blue box", "on(red_cube, blue_box)"),
        ("I would like the red cube to be placed on the blue box", "on(red_cube, blue_box)"),
        ("Hold the red cube up", "lifted(red_cube)"),
        ("Hold the red cube", "held(red_cube)"),
    ],
)
def test_the_reader_understands_what_people_wish_to_be_so(sentence, goal):
    assert is_understood(sentence, parse_goal(goal), scene_preset("tabletop").bodies)
