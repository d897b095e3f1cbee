"""A small stage, and real backends and policies that are a little wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.core.specs import ActionSpec, PolicySpec
from vla_isaac.core.types import ActionChunk, JointTarget
from vla_isaac.runtime.episode import EpisodeRequest
from vla_isaac.runtime.inference import THREAD_NAME
from vla_isaac.runtime.live import LiveSession, Phase
from vla_isaac.runtime.session import Session
from vla_isaac.scene.builder import FrankaSceneBuilder, scene_preset
from vla_isaac.scene.cameras import VIDEO, CameraConfig
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.sim.drive import drive

SMALL = {"resolution_hw": (96, 128), "fov_y": 0.72}
CAMERAS = (
    CameraConfig(name="front", eye=(1.25, 0.0, 0.62), target=(0.47, 0.0, 0.05), **SMALL),
    CameraConfig(name="video", eye=VIDEO.eye, target=VIDEO.target, **SMALL),
)
STAGE = (
    FrankaSceneBuilder("small")
    .add_cube("red")
    .add_cube("green")
    .add_box("blue")
    .cameras(CAMERAS)
    .instruction("Put the red cube on the blue box")
    .build()
)


class LaggingBackend(StubBackend):
    """A stub whose arm goes only half of the way, as heavy arms do, and that remembers what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[JointTarget] = []

    def apply(self, target: JointTarget) -> None:
        self.targets.append(target)
        super().apply(JointTarget((self.state().qpos + target.qpos) / 2, target.gripper_width))


class Answering:
    """A policy that gives the answers of a function of the step number, from 0."""

    def __init__(self, answer, *, cameras=()) -> None:
        self._answer = answer
        self.spec = PolicySpec(action=ActionSpec(joints="delta_rad", rate_hz=20.0), cameras=cameras, image_hw=(48, 64))

    def reset(self, context) -> None:
        self._count = 0

    def act(self, observation):
        self._count += 1
        return self._answer(self._count - 1)


class Witness:
    """A subscriber that remembers what it was told."""

    def __init__(self) -> None:
        self.starts, self.steps, self.results = [], [], []

    def on_start(self, start) -> None:
        self.starts.append(start)

    def on_step(self, step) -> None:
        self.steps.append(step)

    def on_end(self, result) -> None:
        self.results.append(result)


def waving(step: int) -> ActionChunk:
    """Move every joint by 0.02 rad, while the fingers close from 8 to 3 cm."""
    return ActionChunk.single(np.full(7, 0.02), 0.03)


@pytest.fixture
def episode():
    """Make a request for an episode on the small stage."""

    def make(**changes) -> EpisodeRequest:
        usual = {"scene": STAGE, "randomisation": randomisation_preset("layout"), "seed": 1}
        return EpisodeRequest(**(usual | changes))

    return make


@pytest.fixture
def backend():
    return LaggingBackend()


@pytest.fixture
def witness():
    return Witness()


@pytest.fixture
def answering():
    """Make a session with a policy that gives these answers."""

    def make(backend, answer=waving, **options) -> Session:
        return Session(backend, Answering(answer, **options), policy_name="answering")

    return make


# ------------------------------------------------------------------ live sessions


def small_stage(name: str):
    """Return the small stage in place of the tabletop, which live sessions begin with."""
    return STAGE if name == "tabletop" else scene_preset(name)


def policy_threads() -> list[threading.Thread]:
    """Return the threads that policies think on."""
    return [t for t in threading.enumerate() if t.name == THREAD_NAME]


def wait_until(holds: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Return whether something comes to hold within some seconds of real time."""
    end = time.monotonic() + seconds
    while not (fulfilled := holds()) and time.monotonic() < end:
        time.sleep(0.002)
    return fulfilled


@pytest.fixture
def live(backend):
    """Make a live session with a policy of these answers; it is closed at the end and no thread of it may stay."""
    before, sessions = set(policy_threads()), []

    def make(answer=waving, *, on=backend, policy=None, cameras=(), **options) -> LiveSession:
        def make_policy(name):
            if policy is not None:
                return policy() if callable(policy) else policy
            return Answering(answer, cameras=cameras)

        options = {"make_policy": make_policy, "make_scene": small_stage} | options
        sessions.append(LiveSession(on, **options))
        return sessions[-1]

    yield make
    for session in sessions:
        session.close()
    assert wait_until(lambda: not set(policy_threads()) - before), "a policy's thread stays behind"


@pytest.fixture
def play():
    """Own the clock: let some control periods pass, each long enough for the policy to answer, or until the end."""

    def periods(session: LiveSession, count: int = 10_000, *, patient: bool = True) -> int:
        for done in range(count):
            if session.status.phase is not Phase.RUNNING:
                return done
            if patient:
                session.wait(30.0)
            session.period()
            if not session.is_time_held and session.status.phase is Phase.RUNNING:
                session.backend.step()
        return count

    return periods


@pytest.fixture
def running(live):
    """Make a live session that is loaded and runs."""

    def make(*arguments, **options) -> LiveSession:
        session = live(*arguments, **options)
        drive(session.load())
        session.run()
        assert session.status.phase is Phase.RUNNING, session.status.problem
        return session

    return make
