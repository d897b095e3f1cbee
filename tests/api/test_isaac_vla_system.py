"""The chapter's facade: every method it names does what its name says, on every backend."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from tests.contracts.worlds import WORLDS
from vla_isaac import IsaacVLASystem
from vla_isaac.core.errors import BackendError, PolicyError, UnknownNameError, UsageError
from vla_isaac.core.types import Action, ActionChunk, JointTarget
from vla_isaac.policies.hold import HoldPolicy
from vla_isaac.runtime.result import End
from vla_isaac.scene.cameras import CameraConfig

INSTRUCTION = "Pick up the red cube and place it on the blue box"


@pytest.fixture(params=["stub", pytest.param("mujoco", marks=pytest.mark.gl), *(w for w in WORLDS if "isaac-5" in w)])
def backend(request):
    with WORLDS[request.param]():
        yield request.param.partition("-")[0]


@pytest.fixture
def system(backend):
    with IsaacVLASystem("scripted", backend=backend, seed=3) as system:
        yield system.setup_scene()


def test_the_control_loop_follows_the_instruction(system):
    result = system.run_vla_control_loop(INSTRUCTION)
    assert (result.end, result.goal) == (End.SUCCEEDED, "on(red_cube, blue_box)")
    assert system.check_task_completion().success


def test_the_instruction_of_the_chapter_is_the_usual_one(system):
    assert system.get_language_instruction() == INSTRUCTION


def test_single_steps_come_to_the_same_end_as_the_loop(system):
    verdicts = []
    while not (verdicts and verdicts[-1].success) and len(verdicts) < 400:
        system.execute_vla_policy()
        verdicts.append(system.check_task_completion())
    result = system.run_vla_control_loop(INSTRUCTION)
    assert (len(verdicts), verdicts[-1].reason) == (result.steps, result.reason)
    assert [verdict.success for verdict in verdicts] == [False] * (result.steps - 1) + [True]


def test_a_picture_is_an_image_and_no_dictionary(system):
    image = system.get_visual_observation("front", resolution_hw=(120, 160))
    assert (image.shape, image.dtype) == ((120, 160, 3), np.uint8)
    assert image.std() > 5


def test_an_action_becomes_a_joint_target_and_moves_the_arm(system):
    action = Action(np.array([0.03, 0.0, 0.0, 0.0, 0.0, 0.0]), 0.08)
    target = system.convert_action_to_joints(action)
    assert isinstance(target, JointTarget)
    assert target.qpos.shape == (7,)
    before = system.execute_robot_action(Action(np.zeros(6), 0.08)).pose_world_ee.pos
    for _ in range(10):
        after = system.execute_robot_action(action).pose_world_ee.pos
    assert after[0] - before[0] > 0.05


def test_asking_for_a_target_sends_counts_and_remembers_nothing(system):
    far = Action(np.array([0.5, 0.0, 0.0, 0.0, 0.0, 0.0]), 0.08)
    targets = [system.convert_action_to_joints(far).qpos for _ in range(5)]
    assert all(np.array_equal(target, targets[0]) for target in targets)
    episode = system._running().episode
    assert episode.converter.clipped.total == 0
    decision = system._do_period(lambda observation: ActionChunk.single(far.arm, far.gripper), with_cameras=False)
    assert np.array_equal(decision.target.qpos, targets[0])
    assert episode.converter.clipped.total > 0


def test_objects_and_cameras_of_ones_own():
    camera = CameraConfig(name="above", eye=(0.5, 0.0, 1.2), target=(0.5, 0.0, 0.0), up=(1.0, 0.0, 0.0))
    with IsaacVLASystem(backend="stub") as system:
        system.add_manipulation_objects([("ball", "yellow"), ("bin", "white")]).setup_camera(camera).setup_scene()
        assert system.get_visual_observation("above").shape == (224, 224, 3)
        assert system.run_vla_control_loop("Put the yellow ball in the white bin").success


def test_another_instruction_starts_a_new_episode():
    with IsaacVLASystem(backend="stub") as system:
        system.setup_scene()
        system.execute_vla_policy()
        system.execute_vla_policy("Put the green cube on the blue box")
        assert system.get_language_instruction() == "Put the green cube on the blue box"


def test_a_policy_may_be_an_object():
    with IsaacVLASystem(HoldPolicy(), backend="stub") as system:
        system.setup_scene()
        assert system.run_vla_control_loop(max_steps=5).policy == "HoldPolicy"


def test_steps_out_of_order_say_what_to_call_first():
    system = IsaacVLASystem(backend="stub")
    for use in (system.get_visual_observation, system.execute_vla_policy, system.run_vla_control_loop):
        with pytest.raises(BackendError, match=r"call setup_scene\(\) first"):
            use()
    system.setup_scene()
    with pytest.raises(UsageError, match=r"call add_manipulation_objects\(\) before setup_scene\(\)"):
        system.add_manipulation_objects()
    system.run_vla_control_loop(max_steps=1)
    with pytest.raises(BackendError, match="the episode is over"):
        system.execute_vla_policy()
    system.close()
    system.close()


@pytest.mark.parametrize(
    ("model", "error", "words"),
    [("scriptd", UnknownNameError, "did you mean 'scripted'"), ("rt1.pt", UsageError, "run code when read")],
)
def test_a_model_that_cannot_be_had_is_told_at_once(model, error, words):
    with pytest.raises(error, match=words):
        IsaacVLASystem(model)


class Failing(HoldPolicy):
    """Holds still for two answers, then edits what it sees and raises."""

    def act(self, observation):
        self.asked = getattr(self, "asked", 0) + 1
        if self.asked > 2:
            for array in (observation.qpos, observation.qvel):
                with contextlib.suppress(ValueError):
                    array.setflags(write=True)
                    array[:] = 50.0
            raise PolicyError("the camera is unplugged")
        return super().act(observation)


def test_a_policy_that_edits_its_observation_and_raises_leaves_the_arm_at_the_last_safe_target(backend, monkeypatch):
    with IsaacVLASystem(Failing(), backend=backend, seed=3) as system:
        system.setup_scene()
        world, sent = system._open_session().backend, []
        apply = world.apply
        monkeypatch.setattr(world, "apply", lambda target: (sent.append(np.array(target.qpos)), apply(target)))
        system.execute_vla_policy()
        system.execute_vla_policy()
        with pytest.raises(PolicyError, match="unplugged"):
            system.execute_vla_policy()
        assert all(np.array_equal(qpos, sent[1]) for qpos in sent[2:])
        state = system.execute_robot_action(Action(sent[1], None))
        assert np.abs(state.qpos).max() < 3.0
        assert np.abs(np.diff(sent, axis=0)).max() < 0.05


def test_a_state_that_was_returned_can_be_edited_without_moving_the_arm(system):
    still = Action(np.zeros(6), 0.08)
    state = system.execute_robot_action(still)
    before = np.array(state.qpos)
    with contextlib.suppress(ValueError):
        state.qpos.setflags(write=True)
        state.qpos[:] = 50.0
    assert system.execute_robot_action(still).qpos == pytest.approx(before, abs=0.01)
