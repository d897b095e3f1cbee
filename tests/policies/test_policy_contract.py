"""What every policy must satisfy, run over each registered one, and what no policy is ever told."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.control.converter import ActionConverter
from vla_isaac.core.errors import ConventionError, MissingDependencyError, PolicyDeclined, PolicyError
from vla_isaac.core.specs import PolicySpec
from vla_isaac.core.types import ActionChunk, EpisodeContext
from vla_isaac.policies import POLICIES
from vla_isaac.policies.chunking import FirstRows, TemporalEnsemble
from vla_isaac.policies.hold import HoldPolicy
from vla_isaac.policies.scripted.expert import ScriptedPolicy
from vla_isaac.runtime.episode import EpisodeRequest
from vla_isaac.runtime.result import End
from vla_isaac.runtime.session import Session
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.randomisation import randomisation_preset

STEPS = 30
ROOT = Path(__file__).resolve().parents[2]


HERE = [name for name in POLICIES if name != "mini" or (ROOT / "data" / "checkpoints" / "mini").is_dir()]
"""The shipped checkpoint is a policy once it is there."""


@pytest.fixture(params=HERE, scope="module")
def policy(request):
    """One object of each policy, through all tests: every episode begins with a reset."""
    try:
        return POLICIES.load(request.param)()
    except MissingDependencyError as error:
        pytest.skip(f"{request.param} cannot be imported: {error}")


@pytest.fixture(scope="module")
def first(policy):
    """The first episode of the policy, watched; one that needs rendered pictures is given flat ones here all the same."""
    return watched(policy)


def request_for(seed: int = 3, max_steps: int | None = STEPS, **changes) -> EpisodeRequest:
    return EpisodeRequest(
        scene=scene_preset("tabletop"),
        randomisation=randomisation_preset("layout"),
        seed=seed,
        max_steps=max_steps,
        **changes,
    )


class Spy:
    """A policy around a policy that remembers what it was told and what it answered."""

    def __init__(self, policy, **changes) -> None:
        self._policy = policy
        self.spec = replace(policy.spec, rendered=False, **changes)
        self.contexts, self.shown, self.observations, self.chunks = [], [], [], []

    def reset(self, context: EpisodeContext) -> None:
        self.contexts.append(context)
        self._policy.reset(context)

    def act(self, observation) -> ActionChunk:
        self.shown.append(deepcopy(observation))
        self.observations.append(observation)
        self.chunks.append(self._policy.act(observation))
        return self.chunks[-1]


def differences(one, other, path: str = "observation") -> list[str]:
    """Return where two observations differ, to the last bit of every array."""
    if isinstance(one, np.ndarray):
        return [] if one.dtype == other.dtype and one.tobytes() == other.tobytes() else [path]
    if is_dataclass(one):
        return [
            d for f in fields(one) for d in differences(getattr(one, f.name), getattr(other, f.name), f"{path}.{f.name}")
        ]
    if isinstance(one, Mapping):
        keys = [] if list(one) == list(other) else [path]
        return keys + [d for key in one.keys() & other.keys() for d in differences(one[key], other[key], f"{path}.{key}")]
    return [] if one == other else [path]


def watched(policy, request: EpisodeRequest | None = None, **changes) -> Spy:
    spy = Spy(policy, **changes)
    Session(StubBackend(), spy).run(request or request_for())
    return spy


def numbers(spy: Spy) -> np.ndarray:
    return np.array([[*chunk.arm[0], -1.0 if chunk.gripper is None else chunk.gripper[0]] for chunk in spy.chunks])


# ------------------------------------------------------------------ the contract


def test_a_policy_declares_what_it_needs_and_what_it_answers(policy):
    spec = policy.spec
    assert isinstance(spec, PolicySpec)
    assert 1 <= spec.action.rate_hz <= 100
    assert 1 <= spec.chunk_length <= 100
    assert {"front", "side", "wrist"}.issuperset(spec.cameras)


def test_a_policy_answers_chunks_that_fit_what_it_declares(policy, first):
    spec = policy.spec
    for chunk in first.chunks:
        assert isinstance(chunk, ActionChunk)
        assert 1 <= len(chunk) <= spec.chunk_length
        assert chunk.arm.shape == (len(chunk), spec.action.arm_width)
        assert chunk.gripper is None or chunk.gripper.shape == (len(chunk),)
        assert np.isfinite(chunk.arm).all()
        assert chunk.gripper is None or np.isfinite(chunk.gripper).all()


def test_a_policy_gives_the_same_actions_for_the_same_seed(policy, first):
    assert np.array_equal(numbers(watched(policy)), numbers(first))


def test_an_episode_before_leaves_no_trace(policy, first):
    watched(policy, request_for(seed=8))
    assert np.array_equal(numbers(watched(policy)), numbers(first))


def test_a_policy_goes_through_an_episode_on_the_stub_or_refuses_because_the_stub_lacks_what_its_spec_needs(policy):
    if policy.spec.rendered:
        with pytest.raises(ConventionError, match="those of the backend 'stub' are flat drawings; choose --backend mujoco"):
            Session(StubBackend(), policy).run(request_for())
        return
    result = Session(StubBackend(), policy).run(request_for())
    assert result.end in (End.SUCCEEDED, End.TIMED_OUT), result.reason
    assert result.warnings == ()


def test_a_policy_goes_through_an_episode_without_a_goal_or_declines_what_it_cannot_ground(policy):
    runner = Session(StubBackend(), Spy(policy)).prepare(request_for(judge=False, instruction="do as you like"))
    result = runner.run()
    declines = result.end is End.POLICY_FAILED and isinstance(runner.error, PolicyDeclined)
    assert result.success is None and (result.end is End.TIMED_OUT or declines), result.reason


def test_every_action_is_one_the_converter_takes(policy, first):
    converter = ActionConverter(policy.spec.action)
    for chunk, observation in zip(first.chunks, first.observations, strict=True):
        for row in range(len(chunk)):
            converter.convert(chunk[row], qpos=observation.qpos, gripper_width=observation.gripper_width)


def test_a_policy_does_not_change_what_it_is_shown(first):
    assert len(first.shown) == len(first.observations) > 1
    for shown, observation in zip(first.shown, first.observations, strict=True):
        assert differences(shown, observation) == []


def test_a_policy_that_changes_what_it_is_shown_ends_the_episode():
    class Meddling(HoldPolicy):
        def act(self, observation) -> ActionChunk:
            chunk = super().act(observation)
            observation.qpos[3] += 0.1
            return chunk

    result = Session(StubBackend(), Meddling()).run(request_for())
    assert result.end is End.POLICY_FAILED
    assert "observations are read-only" in result.reason


# ------------------------------------------------------------------ what it is told


def test_a_policy_that_is_not_privileged_never_learns_state_or_goal():
    spy = watched(HoldPolicy())
    (context,) = spy.contexts
    assert (context.goal, context.state) == (None, None)
    assert len(spy.observations) == STEPS
    assert all(observation.state is None for observation in spy.observations)


def test_nor_does_a_reader_of_instructions_speak_for_it():
    spy = watched(HoldPolicy())
    told = f"{spy.contexts} {[o.instruction for o in spy.observations]}"
    assert "Pick up the red cube" in told
    assert "red_cube" not in told
    assert not spy.contexts[0].metadata


@pytest.mark.parametrize("wrap", [FirstRows, TemporalEnsemble])
def test_a_policy_around_it_is_not_privileged_either(wrap):
    spy = watched(wrap(HoldPolicy()))
    assert spy.contexts[0].goal is None
    assert all(observation.state is None for observation in spy.observations)


def test_a_privileged_policy_is_told_state_and_goal():
    spy = watched(HoldPolicy(), privileged=True)
    (context,) = spy.contexts
    assert str(context.goal) == "on(red_cube, blue_box)"
    assert context.state is not None
    assert [o.state.time for o in spy.observations] == [o.time for o in spy.observations]


def test_the_expert_says_that_it_needs_the_state():
    policy = ScriptedPolicy()
    spy = watched(HoldPolicy())
    policy.reset(spy.contexts[0])
    with pytest.raises(PolicyError, match="needs the scene state; run it where privileged policies are allowed"):
        policy.act(spy.observations[0])


def test_only_the_expert_is_privileged():
    assert [name for name in HERE if POLICIES.load(name)().spec.privileged] == ["scripted"]


def test_a_policy_is_shown_the_cameras_it_asks_for_in_the_size_it_asks_for():
    spy = watched(HoldPolicy(), request_for(max_steps=2), cameras=("front", "wrist"), image_hw=(32, 48))
    for observation in spy.observations:
        assert {name: frame.rgb.shape for name, frame in observation.frames.items()} == {
            "front": (32, 48, 3),
            "wrist": (32, 48, 3),
        }
        assert all(frame.time == observation.time for frame in observation.frames.values())


def test_a_policy_that_asks_for_no_camera_is_shown_none():
    assert all(not observation.frames for observation in watched(HoldPolicy()).observations)


# ------------------------------------------------------------------ the small ones


def test_hold_keeps_the_posture_it_saw_first():
    spy = watched(HoldPolicy())
    assert (numbers(spy)[:, :7] == spy.observations[0].qpos).all()
    assert spy.observations[-1].qpos == pytest.approx(spy.observations[0].qpos, abs=1e-12)


def test_random_wanders_and_another_seed_wanders_elsewhere():
    here, there = (watched(POLICIES.load("random")(), request_for(seed=seed)) for seed in (3, 4))
    way = here.observations[-1].pose_base_ee.pos - here.observations[0].pose_base_ee.pos
    assert np.linalg.norm(way) > 0.02
    assert not np.array_equal(numbers(here), numbers(there))
