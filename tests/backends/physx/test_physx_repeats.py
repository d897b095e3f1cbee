"""An episode in PhysX is the same to the last bit, whatever the process did before it."""

from __future__ import annotations

import time

import numpy as np
import pytest

from tests.contracts.test_backend_contract import ARRAYS
from vla_isaac.api.requests import make_request
from vla_isaac.api.sessions import make_session
from vla_isaac.runtime.episode import EpisodeRequest
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.layout import sample_layout
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.sim.drive import drive

pytest.importorskip("sapien")


class Record:
    """A subscriber that keeps every number of every state."""

    def __init__(self) -> None:
        self.rows: list[np.ndarray] = []

    def on_start(self, start) -> None:
        self.rows.clear()

    def on_step(self, step) -> None:
        state = step.state
        self.rows.append(np.concatenate([np.ravel(getattr(state, name)) for name in ARRAYS] + [[state.gripper_width]]))

    def on_end(self, result) -> None:
        pass


def episode(session, request: EpisodeRequest) -> np.ndarray:
    record = Record()
    assert session.run(request, [record]).success
    return np.array(record.rows)


def repeats(times: int) -> None:
    """Run an episode again and again, with episodes of its own and of other scenes in between, and in a second backend."""
    first = make_request(task="stack", seed=3)
    others = [make_request(task="lift", seed=8), make_request(task="stack", seed=4)]
    with make_session("physx", "scripted") as session, make_session("physx", "scripted") as second:
        expected = episode(session, first)
        for number in range(times - 2):
            episode(session, others[number % 2])
            assert np.array_equal(episode(session, first), expected), number
        assert np.array_equal(episode(second, first), expected)


def test_an_episode_is_the_same_after_other_scenes():
    repeats(3)


@pytest.mark.slow
def test_ten_repetitions_are_the_same():
    repeats(10)


@pytest.mark.timing
def test_a_reset_of_the_same_scene_takes_15_milliseconds_at_most():
    scene, randomisation = scene_preset("clutter"), randomisation_preset("layout")
    layouts = [sample_layout(scene, randomisation, seed) for seed in range(10)]
    with make_session("physx", "scripted") as session:
        drive(session.backend.load(scene))
        times = []
        for layout in layouts:
            begin = time.process_time()
            drive(session.backend.reset(layout))
            times.append(time.process_time() - begin)
    print(f"\nreset of a loaded scene: {1000 * np.median(times):.1f} ms of processor time (limit 15)")
    assert np.median(times) <= 0.015


@pytest.mark.timing
def test_physics_has_a_sixth_of_the_speed_of_mujoco_at_least():
    from vla_isaac.api import make_backend, make_policy
    from vla_isaac.evaluation.physics_bench import measure_physics

    makers = {name: (lambda name=name: make_backend(name)) for name in ("mujoco", "physx")}
    found = measure_physics(makers, lambda: make_policy("scripted"), episodes=1, repeats=3)
    steps, base = found["physx"].physics_steps_per_second, found["mujoco"].physics_steps_per_second
    print(f"\nphysics steps per second of processor time: {steps:.0f}, {steps / base:.2f} x MuJoCo (limits 3000, 0.17)")
    assert steps >= 3000
    assert steps >= base / 6
