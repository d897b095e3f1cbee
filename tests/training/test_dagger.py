"""Corrections: the learner drives, the expert says what it should have done."""

from __future__ import annotations

import logging
import signal
import sys

import numpy as np
import pytest

from tests.jobs.losing import children, one_worker_lost
from vla_isaac.collection.demonstrator import Demonstrator, demonstration_spec
from vla_isaac.collection.recorder import DEMONSTRATED
from vla_isaac.core.errors import ConventionError
from vla_isaac.core.specs import PolicySpec
from vla_isaac.core.types import ActionChunk, EpisodeContext
from vla_isaac.policies.hold import HoldPolicy
from vla_isaac.policies.scripted.expert import ScriptedPolicy

pytest.importorskip("torch")
pytest.importorskip("onnxruntime")

from tests.training.short_corrections import short_correction_worker
from vla_isaac.training import dagger
from vla_isaac.training.dagger import CorrectedPolicy, CorrectionPlan, collect_corrections


class Lazy:
    """A learner that never moves, and remembers what it was shown."""

    spec = PolicySpec(action=demonstration_spec(10.0))

    def __init__(self) -> None:
        self.contexts, self.states = [], []

    def reset(self, context: EpisodeContext) -> None:
        self.contexts.append(context)

    def act(self, observation) -> ActionChunk:
        self.states.append(observation.state)
        return ActionChunk.single(np.zeros(6), 1.3)


@pytest.fixture
def driven():
    from vla_isaac.backends.stub.backend import StubBackend
    from vla_isaac.runtime.episode import EpisodeRequest
    from vla_isaac.runtime.session import Session
    from vla_isaac.scene.builder import scene_preset
    from vla_isaac.scene.randomisation import randomisation_preset

    class Watch:
        chunks: list[ActionChunk]

        def on_start(self, start):
            self.chunks = []

        def on_step(self, step):
            self.chunks.append(step.chunk)

        def on_end(self, result):
            pass

    learner, watch = Lazy(), Watch()
    policy = CorrectedPolicy(learner, Demonstrator(ScriptedPolicy(rate_hz=10.0)))
    wanted = EpisodeRequest(
        scene=scene_preset("tabletop"), randomisation=randomisation_preset("layout"), seed=5, max_steps=60
    )
    with Session(StubBackend(), policy) as session:
        session.run(wanted, [watch])
    return learner, watch.chunks


def test_the_learner_is_told_neither_state_nor_goal(driven):
    learner, _ = driven
    assert all(context.goal is None and context.state is None for context in learner.contexts)
    assert set(learner.states) == {None}


def test_every_step_has_the_experts_label_and_most_are_driven_by_the_learner(driven):
    _, chunks = driven
    assert all(DEMONSTRATED in chunk.info for chunk in chunks)
    still = [chunk for chunk in chunks if not chunk.arm.any()]
    assert 0.3 * len(chunks) < len(still) < len(chunks)
    assert all(0.0 <= chunk.gripper[0] <= 1.0 for chunk in chunks)


def test_a_learner_of_another_convention_is_refused():
    with pytest.raises(ConventionError, match=r"are not those of demonstrations"):
        CorrectedPolicy(HoldPolicy(), Demonstrator(ScriptedPolicy(rate_hz=10.0)))


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes of a process in /proc")
@pytest.mark.parametrize(
    "how", [signal.SIGKILL, pytest.param(signal.SIGSTOP, marks=pytest.mark.slow)], ids=["SIGKILL", "SIGSTOP"]
)
def test_corrections_are_completed_after_a_worker_was_lost(checkpoint, tmp_path, how, caplog, monkeypatch):
    monkeypatch.setattr(dagger, "CorrectionWorker", short_correction_worker)
    plan = CorrectionPlan(checkpoint=checkpoint, tasks=("reach",), episodes=12, seed=100_000, backend="stub")
    path, there = tmp_path / "data", children()
    with caplog.at_level(logging.WARNING), one_worker_lost(how, lambda: any(path.glob("data/*/*"))) as lost:
        done = collect_corrections(path, plan, num_workers=2, deadline=8.0)
    assert (done, len(lost)) == (12, 1)
    assert children() <= there
    assert how is signal.SIGKILL or "the worker process was ended after 8 s, the longest time for one job" in caplog.text


@pytest.mark.slow
@pytest.mark.gl
def test_corrections_become_a_dataset_that_can_be_completed(checkpoint, tmp_path):
    plan = CorrectionPlan(checkpoint=checkpoint, tasks=("lift",), episodes=2, seed=100_000, randomisation="layout")
    assert collect_corrections(tmp_path / "data", plan, num_workers=2) == 2
    more = CorrectionPlan(checkpoint=checkpoint, tasks=("lift",), episodes=3, seed=100_000, randomisation="layout")
    assert collect_corrections(tmp_path / "data", more, num_workers=1, resume=True) == 3
