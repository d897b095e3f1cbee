"""Errors: one text for people, fields and classes for code."""

from __future__ import annotations

import copy
import pickle

import pytest

from vla_isaac.core import errors
from vla_isaac.core.errors import ConfigError, DatasetError, PolicyDeclined, PolicyError, UnknownNameError, VlaIsaacError

CLASSES = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, VlaIsaacError)]


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_the_text_of_every_error_is_its_message_and_then_its_remedy(kind):
    assert str(kind("there is no scene", remedy="press Load")) == "there is no scene; press Load"
    assert str(kind("there is no scene")) == "there is no scene"


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("copied", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))], ids=["copy", "process"])
def test_every_error_keeps_its_fields_on_the_way_to_another_process(kind, copied):
    error = copied(kind("there is no scene", remedy="press Load"))
    assert (type(error), str(error)) == (kind, "there is no scene; press Load")
    assert (error.message, error.remedy) == ("there is no scene", "press Load")


def test_after_a_question_the_remedy_is_a_sentence_of_its_own():
    assert str(ConfigError("did you mean the cube?", remedy="say its colour")) == "did you mean the cube? Say its colour"


def test_a_policy_that_declines_says_what_it_did_not_recognise():
    error = PolicyDeclined("declined: unknown", instruction="fetch the spoon", confidence=0.1, threshold=0.5)
    assert isinstance(error, PolicyError)
    sent = pickle.loads(pickle.dumps(error))
    assert (sent.instruction, sent.confidence, sent.threshold) == ("fetch the spoon", 0.1, 0.5)


def test_a_fault_of_one_cameras_pictures_names_the_camera():
    assert pickle.loads(pickle.dumps(DatasetError("cut off", camera="front"))).camera == "front"


def test_an_unknown_name_offers_the_nearest_one_as_remedy():
    error = errors.unknown(UnknownNameError, "no policy named 'openvl'", "openvl", ["openvla", "random"])
    assert error.message == "no policy named 'openvl'"
    assert error.remedy == "did you mean 'openvla'? Known: openvla, random"
    far = errors.unknown(UnknownNameError, "no policy named 'x'", "x", ["openvla", "random"])
    assert str(far) == "no policy named 'x'. Known: openvla, random"


def test_another_librarys_error_is_described_with_its_class():
    assert errors.message_and_remedy(ValueError("bad; worse")) == ("ValueError: bad; worse", "")
    assert errors.first_line(OSError("gone\nand more")) == "gone"
    assert errors.first_line(OSError()) == "OSError"
