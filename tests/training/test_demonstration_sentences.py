"""What may be said of a demonstration, and what may not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.conftest import make_episode
from vla_isaac.scene.builder import scene_preset
from vla_isaac.tasks.families import family_names
from vla_isaac.tasks.paraphrases import paraphrases
from vla_isaac.training.demonstration_sentences import is_held_out, sentences_of, vary


@pytest.fixture(scope="module")
def said():
    return sentences_of(make_episode(0).meta, seed=0, count=60)


def test_no_training_sentence_is_that_of_a_held_out_template(said):
    assert not any(is_held_out(sentence, "place_on") for sentence in said.matching)


@pytest.mark.parametrize("family", family_names())
def test_held_out_templates_are_recognised_whatever_the_objects_are_called(family):
    words = {"a": "crimson block", "b": "blue box", "c": "green cube", "x": "red bin", "y": "lime basket"}
    for where in ("to the left of the blue box", "towards you" if family == "push_to" else "behind the red ball"):
        for template in paraphrases(family).held_out:
            assert is_held_out(template.format(**words, where=where).upper() + " !", family)


def test_there_are_many_sentences(said):
    assert len(set(said.matching)) > 40


def test_a_mismatching_sentence_names_what_is_not_there_or_nothing(said):
    present = {f"{o.colour} {o.shape}" for o in scene_preset("tabletop").bodies}
    for sentence in said.mismatching:
        words = sentence.lower()
        assert sum(f" the {name}" in words for name in present) < 2


def test_the_same_seed_gives_the_same_sentences():
    meta = make_episode(0).meta
    assert sentences_of(meta, seed=3, count=5) == sentences_of(meta, seed=3, count=5)


def test_variation_keeps_most_words():
    rng = np.random.default_rng(0)
    for _ in range(50):
        assert (
            len(set(vary("place the red cube on the blue box", rng).lower().split()) & {"red", "cube", "blue", "box", "on"})
            >= 2
        )
