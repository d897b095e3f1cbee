"""The chapter's calls: a picture and an instruction in, actions out; and what a processor adds for each architecture."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.models.zoo import CHAPTER, STATE, tiny  # noqa: E402
from vla_isaac.core.errors import ShapeError, UsageError, VlaIsaacError  # noqa: E402
from vla_isaac.models.processor import VLAProcessor  # noqa: E402
from vla_isaac.models.text import vocabulary_of  # noqa: E402

SENTENCE = "pick up the red cube"


def asked(name):
    model = tiny(name).eval()
    vocabulary = vocabulary_of([SENTENCE, "blue"], num_buckets=32, max_words=12)
    model.processor = VLAProcessor(tuple(model.config.cameras), (16, 16), vocabulary)
    return model


def pictures(seed=0):
    rng = np.random.default_rng(seed)
    return {name: rng.integers(0, 256, size=(40, 48, 3), dtype=np.uint8) for name in ("front", "wrist")}


@pytest.mark.parametrize("name", CHAPTER)
def test_pictures_and_an_instruction_give_a_chunk_of_actions(name):
    model = asked(name)
    action = model.get_action(pictures(), SENTENCE, [0.1] * len(STATE))
    assert action.shape == (2, 7) and torch.isfinite(action).all()
    read = model.process_instruction(SENTENCE)
    assert action.equal(model.get_action(pictures(), read, [0.1] * len(STATE)))
    assert not action.equal(model.get_action(pictures(), "pick up the blue cube", [0.1] * len(STATE)))


@pytest.mark.parametrize("name", CHAPTER)
def test_what_is_missing_is_named(name):
    model = asked(name)
    with pytest.raises(ShapeError, match="'wrist'"):
        model.get_action({"front": pictures()["front"]}, SENTENCE)
    with pytest.raises(ShapeError, match="3 numbers, expected 8"):
        model.get_action(pictures(), SENTENCE, [0.0, 0.1, 0.2])
    model.processor = None
    with pytest.raises(UsageError, match="processor"):
        model.get_action(pictures(), SENTENCE)


def test_the_processor_of_rt1_remembers_what_it_was_shown():
    model = asked("rt1_style")
    processor = model.make_processor()
    shown = [processor(pictures(step), SENTENCE)["images"]["front"] for step in range(4)]
    assert shown[0].shape == (1, 3, 3, 16, 16)
    assert shown[0][0, 0].equal(shown[0][0, 2])
    assert shown[3][0, 1].equal(shown[2][0, 2]) and not shown[3][0, 1].equal(shown[3][0, 2])
    processor.reset()
    assert processor(pictures(3), SENTENCE)["images"]["front"][0, 0].equal(shown[3][0, 2])


@pytest.mark.parametrize("name", ["multi_task", "custom_vla"])
def test_a_task_is_told_by_its_name(name):
    model = asked(name)
    by_task = [model.get_action(pictures(), SENTENCE, task=task) for task in model.config.tasks]
    assert not by_task[0].equal(by_task[1])
    with pytest.raises(VlaIsaacError, match="juggle"):
        model.get_action(pictures(), SENTENCE, task="juggle")


def test_a_skill_may_be_chosen_by_somebody_else():
    model = asked("hierarchical")
    assert not model.get_action(pictures(), SENTENCE, skill=0).equal(model.get_action(pictures(), SENTENCE, skill=1))
