"""The values that flow round the loop look up what they hold."""

from __future__ import annotations

import numpy as np
import pytest

from vla_isaac.core.errors import ShapeError, UnknownNameError
from vla_isaac.core.poses import Pose
from vla_isaac.core.types import ActionChunk, Body, SceneState


@pytest.fixture
def state():
    bodies = (Body("red_cube", "cube", "red", (0.02,) * 3), Body("blue_box", "box", "blue", (0.05, 0.05, 0.015), fixed=True))
    upright = np.tile([1.0, 0.0, 0.0, 0.0], (2, 1))
    return SceneState(
        time=0.0,
        qpos=np.zeros(7),
        qvel=np.zeros(7),
        gripper_width=0.08,
        pose_world_ee=Pose.identity(),
        pose_world_base=Pose.identity(),
        bodies=bodies,
        object_pos=np.array([[0.5, 0.1, 0.3], [0.6, 0.0, 0.015]]),
        object_quat=upright,
        object_linvel=np.zeros((2, 3)),
        initial_object_pos=np.array([[0.5, 0.1, 0.02], [0.6, 0.0, 0.015]]),
        initial_object_quat=upright,
    )


def test_an_object_is_looked_up_by_name(state):
    assert state.index("blue_box") == 1
    assert state.body("blue_box").fixed
    assert state.pos("red_cube").tolist() == [0.5, 0.1, 0.3]
    assert state.pose_world("red_cube").pos[2] - state.initial_pose_world("red_cube").pos[2] == pytest.approx(0.28)


def test_an_unknown_object_lists_those_there_are(state):
    with pytest.raises(UnknownNameError, match="no object named 'green_cube' in this scene; it has: red_cube, blue_box"):
        state.pos("green_cube")


def test_the_last_column_of_rows_is_the_gripper():
    chunk = ActionChunk.from_rows(np.arange(14.0).reshape(2, 7))
    assert len(chunk) == 2
    assert chunk[1].arm.tolist() == [7, 8, 9, 10, 11, 12]
    assert chunk[1].gripper == 13.0


def test_rows_without_a_gripper_are_all_arm():
    chunk = ActionChunk.from_rows(np.zeros((3, 7)), with_gripper=False)
    assert chunk[0].arm.shape == (7,)
    assert chunk[0].gripper is None


def test_a_single_action_is_a_chunk_of_length_one():
    chunk = ActionChunk.single(np.ones(6), 0.5, phase="grasp")
    assert (len(chunk), chunk[0].gripper, chunk.info) == (1, 0.5, {"phase": "grasp"})
    assert ActionChunk.single(np.ones(6), None)[0].gripper is None


def test_a_row_alone_is_refused_with_a_hint():
    with pytest.raises(ShapeError, match=r"rows has shape \(7,\), expected \(any, any\); a chunk has one row per step"):
        ActionChunk.from_rows(np.zeros(7))
