"""A network that remembers, at work: what it hands on comes back at the next decision, and is forgotten at the end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vla_isaac.collection.plan import CollectionPlan
from vla_isaac.collection.transitions import BlockWorker
from vla_isaac.core.poses import Pose
from vla_isaac.core.types import EpisodeContext, Frame, Observation
from vla_isaac.datasets.transitions import load_transitions
from vla_isaac.models.io_names import MEMORY, NEXT_MEMORY
from vla_isaac.policies.learned import LearnedPolicy
from vla_isaac.robots.kinematics import forward_kinematics

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from vla_isaac.models.base import load_model  # noqa: E402
from vla_isaac.models.mini.memory import unpack  # noqa: E402
from vla_isaac.training.config import train_preset  # noqa: E402
from vla_isaac.training.export import export  # noqa: E402
from vla_isaac.training.training_run import train_once  # noqa: E402

SENTENCE, SIDE = "Pick up the red cube and place it on the blue box", 64


@pytest.fixture(scope="module")
def moments(tmp_path_factory):
    folder = tmp_path_factory.mktemp("moments")
    plan = CollectionPlan(tasks=("place_on", "push_to"), episodes=4, backend="stub", image_hw=(SIDE, SIDE), fps=10.0)
    BlockWorker(folder, plan, 0.1, None)(0)
    return folder


@pytest.fixture(scope="module")
def remembering(moments, tmp_path_factory):
    """A tiny `mini` after a few updates, exported."""
    folder = tmp_path_factory.mktemp("remembering")
    preset = train_preset("mini_tiny")
    train_once(replace(preset, steps=6, epoch_steps=3, warmup_steps=1, validation_share=0.25), [moments], folder)
    export(folder / "last")
    return folder / "last"


@pytest.fixture
def seen(moments) -> list[Observation]:
    """Three looks at an episode."""
    found = load_transitions([moments])
    looks = []
    for number in range(3):
        row = found.rows["state"][found.of_row[number]].astype(float)
        frames = {name: Frame(camera=name, time=0.1 * number, rgb=rgb[number]) for name, rgb in found.pictures.items()}
        pose = Pose(np.array([0.45, 0.0, 0.4]), np.array([0.0, 1.0, 0.0, 0.0]))
        looks.append(
            Observation(
                time=0.1 * number,
                instruction=SENTENCE,
                frames=frames,
                qpos=row[:7],
                qvel=np.zeros(7),
                gripper_width=float(row[7]),
                pose_base_ee=pose,
            )
        )
    return looks


def begun(folder) -> LearnedPolicy:
    policy = LearnedPolicy(folder, threads=1, declines=False)
    policy.reset(EpisodeContext(instruction=SENTENCE, seed=0))
    return policy


def decided(policy: LearnedPolicy, looks: list[Observation]) -> np.ndarray:
    return np.concatenate([np.column_stack([(chunk := policy.act(one)).arm, chunk.gripper]) for one in looks])


def test_an_exported_network_takes_and_gives_its_memory(remembering):
    network = begun(remembering)._network
    assert MEMORY in network.inputs and NEXT_MEMORY in network.outputs
    assert network.width(MEMORY) == load_model(remembering).memory_width()


def test_a_policy_decides_over_three_steps_as_torch_does_that_hands_its_memory_on(remembering, seen):
    model, policy = load_model(remembering), begun(remembering)
    policy.feed(seen[0], remember=False)  # reads the sentence
    said = {"goals": torch.from_numpy(policy._text["goals"])}
    memory = torch.zeros(1, model.memory_width())
    for look in seen:
        chunk = policy.act(look)
        state = np.append(look.qpos, look.gripper_width).astype(np.float32)
        images = {n: torch.from_numpy(f.rgb.transpose(2, 0, 1).copy())[None, None] for n, f in look.frames.items()}
        with torch.no_grad():
            outputs = model({"images": images, "state": torch.from_numpy(state)[None, None], **said, "memory": memory})
        memory, answer = outputs["memory"], model.act(outputs)
        assert np.abs(np.column_stack([chunk.arm, chunk.gripper]) - answer.actions[0].numpy()).max() < 1e-4
        assert np.abs(policy._memory - memory.numpy()).max() < 1e-4 * max(1.0, float(memory.abs().max()))


def test_the_first_decision_is_made_without_memory_and_the_next_with_it(remembering, seen):
    policy = begun(remembering)
    assert not policy._memory.any()
    policy.act(seen[0])
    assert policy._memory.any()
    fed = policy.feed(seen[1], remember=False)
    assert np.array_equal(fed[MEMORY], policy._memory)


def test_what_was_remembered_is_forgotten_when_an_episode_begins(remembering, seen):
    policy = begun(remembering)
    first = decided(policy, seen)
    policy.reset(EpisodeContext(instruction=SENTENCE, seed=1))
    assert not policy._memory.any()
    assert np.array_equal(decided(policy, seen), first)


def test_memory_makes_a_difference(remembering, seen):
    with_it = begun(remembering)
    decided(with_it, seen[:2])
    without = begun(remembering)
    fed = [policy.feed(seen[2]) for policy in (with_it, without)]
    handed_on = [policy._network.run(one, (NEXT_MEMORY,))[0] for policy, one in zip((with_it, without), fed, strict=True)]
    assert not np.allclose(*handed_on)


def test_where_the_hand_was_is_remembered_as_the_joints_told_it(remembering, seen):
    policy = begun(remembering)
    for look in seen:
        policy.act(look)
        hand = unpack(torch.from_numpy(policy._memory)).hand[0].numpy()
        assert np.abs(hand[:3] - forward_kinematics(look.qpos)[:3, 3]).max() < 1e-5
        assert hand[3:].tolist() == pytest.approx([look.gripper_width, 1.0])


def test_two_policies_of_one_checkpoint_remember_apart(remembering, seen):
    one, other = begun(remembering), begun(remembering)
    one.act(seen[0])
    assert not other._memory.any()


def test_explaining_a_decision_remembers_nothing(remembering, seen):
    policy = begun(remembering)
    policy.act(seen[0])
    before = policy._memory.copy()
    maps = policy.explain(seen[1])
    assert np.array_equal(policy._memory, before)
    assert {name: tuple(values.shape) for name, values in maps.items()} == {"front": (16, 16), "wrist": (8, 8)}
