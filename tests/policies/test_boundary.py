"""What crosses between the loop and a policy: read-only copies in, plain numbers out."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from vla_isaac.core.errors import PolicyError
from vla_isaac.core.specs import ActionSpec, CameraView, PolicySpec
from vla_isaac.core.types import ActionChunk, EpisodeContext
from vla_isaac.policies.read_only_boundary import begin_episode, own_spec, plain_chunk


class Resetting:
    """A policy that does something to the context it is reset with."""

    def __init__(self, do) -> None:
        self.reset = do


def test_a_plain_chunk_shares_nothing_with_the_answer():
    heat = np.ones(2)
    answer = ActionChunk(np.zeros((2, 7), dtype=np.float32), [0.1, 0.2], {"heat": heat, "phase": "grasp"})
    chunk = plain_chunk(answer)
    answer.arm[:], answer.gripper[0], heat[:] = 50.0, 50.0, 50.0
    assert (chunk.arm.dtype, chunk.gripper.dtype) == (np.float64, np.float64)
    assert not chunk.arm.any()
    assert chunk.gripper.tolist() == [0.1, 0.2]
    assert (chunk.info["heat"].tolist(), chunk.info["phase"]) == ([1.0, 1.0], "grasp")


def test_an_info_that_cannot_be_copied_is_named():
    with pytest.raises(PolicyError, match=r"an info that cannot be copied.*put plain values"):
        plain_chunk(ActionChunk(np.zeros((1, 7)), None, {"lock": threading.Lock()}))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "returned NoneType instead of an ActionChunk"),
        (ActionChunk(np.zeros((0, 7)), None), "empty chunk; it must return at least one action"),
        (ActionChunk(np.float64(1.0), None), "empty chunk"),
        (ActionChunk(np.zeros((1, 7)), np.zeros(0)), r"a gripper of shape \(0,\); expected one number per row"),
        (ActionChunk([[0.0] * 7, [0.0] * 6], None), "the action's arm is .*; expected rows of numbers"),
        (ActionChunk(np.zeros((1, 7)), ["open"]), "the action's gripper is .*; expected rows of numbers"),
    ],
)
def test_an_answer_that_is_no_chunk_of_numbers_is_refused(answer, message):
    with pytest.raises(PolicyError, match=message):
        plain_chunk(answer)


def test_metadata_of_an_episode_is_read_only_and_a_copy():
    metadata = {"family": {"name": "place_on"}}

    def edit(context):
        context.metadata["family"]["name"] = "none"

    with pytest.raises(PolicyError, match="observations are read-only; copy first"):
        begin_episode(Resetting(edit), EpisodeContext(instruction="x", seed=0, metadata=metadata))
    assert metadata == {"family": {"name": "place_on"}}


def test_a_value_error_that_is_not_about_writing_stays_as_it_is():
    def fail(context):
        raise ValueError("the weights have another shape")

    with pytest.raises(ValueError, match=r"^the weights have another shape$"):
        begin_episode(Resetting(fail), EpisodeContext(instruction="x", seed=0))


def test_a_spec_is_taken_over_once_with_everything_in_it():
    view = CameraView(mount="world", eye=(1.0, 0.0, 0.5), target=(0.0, 0.0, 0.0), up=(0.0, 0.0, 1.0), fov_y=0.9)

    class Own:
        spec = PolicySpec(action=ActionSpec(joints="delta_rad"), views={"front": view})

    taken = own_spec(Own())
    object.__setattr__(Own.spec.action, "joint_scale", 1000.0)
    Own.spec.views.clear()
    assert (taken.action.joint_scale, dict(taken.views)) == (1.0, {"front": view})
