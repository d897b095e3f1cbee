"""What the recorder keeps of a run: numbers and pictures from before each action, and what came of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vla_isaac.api import make_backend, make_request
from vla_isaac.collection.pictures import FIRST_PICTURES, PictureBuffer
from vla_isaac.collection.recorder import EpisodeRecorder, Recording, action_columns
from vla_isaac.core.config import to_mapping
from vla_isaac.core.errors import ShapeError
from vla_isaac.core.specs import ActionSpec, PolicySpec
from vla_isaac.core.types import ActionChunk
from vla_isaac.policies.hold import HoldPolicy
from vla_isaac.policies.random_walk import RandomPolicy
from vla_isaac.policies.scripted.expert import ScriptedPolicy
from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.runtime.session import Session

SMALL = Recording(cameras=("front", "wrist"), image_hw=(32, 32), task="lift", randomisation="layout")

CAMERA_KEYS = ("fov_y", "mount", "eye", "target", "up")


class Seeing(RandomPolicy):
    """Wanders, and keeps what it was shown."""

    def __init__(self, image_hw=(32, 32)) -> None:
        self.spec = replace(RandomPolicy.spec, cameras=("front", "wrist"), image_hw=image_hw)
        self.seen = []

    def act(self, observation) -> ActionChunk:
        self.seen.append(observation)
        return super().act(observation)


def record(policy, *, backend="stub", recording=SMALL, max_steps=12, **request):
    with Session(make_backend(backend), policy, policy_name="some policy") as session:
        recorder = EpisodeRecorder(session.backend, recording)
        result = session.run(make_request(seed=4, max_steps=max_steps, **request), [recorder])
    assert result.warnings == ()
    return recorder.episode, result


# ------------------------------------------------------------------ pictures


@pytest.mark.parametrize("backend", ["stub", "mujoco"])
def test_own_pictures_are_those_that_a_policy_is_given_before_its_action(backend):
    shown = Seeing()
    with_cameras, _ = record(shown, backend=backend)
    without, _ = record(RandomPolicy(), backend=backend)
    for name in ("front", "wrist"):
        seen = np.stack([observation.frames[name].rgb for observation in shown.seen])
        assert np.array_equal(without.images[name][:], seen)
        assert np.array_equal(with_cameras.images[name][:], seen)
    assert len(np.unique(without.images["wrist"][:].reshape(12, -1), axis=0)) == 12


def test_a_policy_that_looks_at_another_size_does_not_change_what_is_recorded():
    other, _ = record(Seeing(image_hw=(64, 48)))
    usual, _ = record(RandomPolicy())
    assert other.images["front"].shape == (12, 32, 32, 3)
    assert np.array_equal(other.images["front"][:], usual.images["front"][:])


def test_the_usual_pictures_are_front_and_wrist_of_128_pixels():
    episode, _ = record(HoldPolicy(), recording=None, max_steps=2)
    assert {name: images.shape for name, images in episode.images.items()} == {
        "front": (2, 128, 128, 3),
        "wrist": (2, 128, 128, 3),
    }


def test_pictures_lower_than_wide_are_recorded_and_described_with_their_height_first():
    episode, _ = record(HoldPolicy(), recording=replace(SMALL, image_hw=(24, 40)), max_steps=2)
    for name in ("front", "wrist"):
        assert episode.images[name].shape == (2, 24, 40, 3)
        assert (episode.meta.cameras[name].height, episode.meta.cameras[name].width) == (24, 40)


def test_without_cameras_there_are_numbers_only():
    episode, _ = record(HoldPolicy(), recording=Recording(cameras=()))
    assert (dict(episode.images), len(episode)) == ({}, 12)


def test_a_camera_that_the_scene_lacks_costs_the_recording_and_not_the_episode():
    with Session(make_backend("stub"), HoldPolicy()) as session:
        recorder = EpisodeRecorder(session.backend, Recording(cameras=("rear",)))
        result = session.run(make_request(max_steps=3), [recorder])
    assert result.steps == 3
    assert "EpisodeRecorder was detached: no camera named 'rear'" in result.warnings[0]
    assert recorder.episode is None


def test_a_picture_buffer_grows_and_keeps_every_picture():
    buffer = PictureBuffer(2, 3)
    pictures = np.random.default_rng(0).integers(0, 255, (3 * FIRST_PICTURES, 2, 3, 3), dtype=np.uint8)
    for picture in pictures:
        buffer.write(picture)
    assert np.array_equal(buffer.pictures, pictures)


def test_a_picture_of_another_size_is_refused():
    with pytest.raises(ShapeError, match=r"shape \(3, 2, 3\), expected \(2, 3, 3\), as those before it"):
        PictureBuffer(2, 3).write(np.zeros((3, 2, 3), np.uint8))


# ------------------------------------------------------------------ numbers


def test_a_row_holds_what_was_known_before_and_where_the_joints_were_after():
    shown = Seeing()
    episode, _ = record(shown)
    state = episode.columns["observation.state"]
    assert np.array_equal(state[:, :7], np.array([o.qpos for o in shown.seen], np.float32))
    assert np.array_equal(state[:, 7], np.array([o.gripper_width for o in shown.seen], np.float32))
    assert np.array_equal(episode.columns["action.executed"][:-1], state[1:])
    poses = np.array([[*o.pose_base_ee.pos, *o.pose_base_ee.quat_wxyz] for o in shown.seen], np.float32)
    assert np.array_equal(episode.columns["observation.ee_pose"], poses)


def test_every_column_has_the_type_and_width_of_its_feature():
    episode, _ = record(RandomPolicy())
    shapes = {name: (values.dtype.name, values.shape[1:]) for name, values in episode.columns.items()}
    assert shapes == {
        "action": ("float32", (7,)),
        "observation.state": ("float32", (8,)),
        "observation.velocity": ("float32", (7,)),
        "observation.ee_pose": ("float32", (7,)),
        "action.target": ("float32", (8,)),
        "action.executed": ("float32", (8,)),
        "next.progress": ("float32", (1,)),
        "next.success": ("bool", (1,)),
        "next.done": ("bool", (1,)),
        "privileged.goal_objects": ("float32", (6,)),
    }


def test_success_and_end_are_marked_in_the_last_row_only():
    episode, result = record(ScriptedPolicy(), max_steps=400)
    assert result.success
    success, done = (episode.columns[name][:, 0] for name in ("next.success", "next.done"))
    assert (success.sum(), success[-1], done.sum(), done[-1]) == (1, True, 1, True)
    assert episode.columns["next.progress"][-1, 0] == 1.0


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        (ActionSpec(joints="position_rad"), (*(f"panda_joint{i}" for i in range(1, 8)), "gripper")),
        (ActionSpec(translation="delta_base_m", rotation="axis_angle_rad"), ("x", "y", "z", "rx", "ry", "rz", "gripper")),
        (ActionSpec(translation="delta_base_m", gripper="none"), ("x", "y", "z")),
    ],
)
def test_the_numbers_of_an_action_are_named_after_its_convention(spec, names):
    feature = action_columns(spec)
    assert (feature.names, feature.shape) == (names, (spec.width,))


# ------------------------------------------------------------------ description


def test_the_description_says_all_that_is_needed_to_stand_there_again():
    episode, result = record(HoldPolicy())
    meta = episode.meta
    assert (meta.instruction, meta.goal, meta.seed) == (result.instruction, result.goal, 4)
    assert (meta.success, meta.failure, meta.reason) == (False, result.failure, result.reason)
    assert (meta.task, meta.scene, meta.randomisation) == ("lift", "tabletop", "layout")
    assert (meta.policy, meta.backend, meta.fps) == ("some policy", "stub", 20.0)
    assert meta.action_spec["joints"] == "position_rad"
    assert {"vla_isaac"} <= set(meta.versions)
    assert len(meta.extra["layout"]["objects"]) == len(meta.extra["scene_spec"]["objects"]) == 6


def test_a_camera_is_described_as_it_stood_in_this_episode():
    meta = record(HoldPolicy(), randomisation="full")[0].meta
    front = next(c for c in meta.extra["layout"]["cameras"] if c["name"] == "front")
    told = to_mapping(meta.cameras["front"])
    assert {key: told[key] for key in CAMERA_KEYS} == {key: front[key] for key in CAMERA_KEYS}
    assert front["eye"] != [1.25, 0.0, 0.62]
    assert meta.cameras["wrist"].mount == "hand"


def test_an_episode_without_a_step_is_none():
    class Stubborn(HoldPolicy):
        spec = PolicySpec(action=ActionSpec(joints="position_rad", rate_hz=20.0))

        def act(self, observation):
            raise RuntimeError("no")

    with Session(make_backend("stub"), Stubborn()) as session:
        recorder = EpisodeRecorder(session.backend, SMALL)
        result: EpisodeResult = session.run(make_request(max_steps=3), [recorder])
    assert (result.steps, recorder.episode) == (0, None)
