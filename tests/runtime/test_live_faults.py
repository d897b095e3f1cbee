"""Live sessions when something goes wrong: every fault is a problem with a remedy, and the arm holds."""

from __future__ import annotations

import math
import random
import re
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests.runtime.conftest import Answering, policy_threads, wait_until, waving
from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.core.errors import BackendError, MissingDependencyError, PolicyError, RenderError, SceneError
from vla_isaac.core.types import ActionChunk, Frame
from vla_isaac.policies.hold import HoldPolicy
from vla_isaac.policies.scripted.expert import ScriptedPolicy
from vla_isaac.runtime.live import Phase
from vla_isaac.runtime.log import EpisodeLog
from vla_isaac.runtime.result import End
from vla_isaac.sim.drive import drive

STILL = np.zeros(7)
AGAIN = "press Reset, then Run to try again, or choose another policy"

# ------------------------------------------------------------------ policies

WRONG_ANSWERS = {
    "NaN": (ActionChunk.single([math.nan, *STILL[1:]], 0.03), r"the action's arm\[0\] is nan"),
    "wrong shape": (ActionChunk.single(np.zeros(6), 0.03), r"has shape \(6,\), expected \(7,\)"),
    "empty": (ActionChunk(np.zeros((0, 7)), None), "it must return at least one action"),
    "nothing": (None, "the policy 'scripted' returned NoneType"),
    "our error": (PolicyError("the weights are gone"), "the weights are gone"),
    "any error": (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
    "exit": (SystemExit(1), r"the policy tried to exit Python \(SystemExit\)"),
}


def answers(what):
    """Return answers that wave twice and then do `what`: an error to raise or an answer."""

    def answer(count: int):
        if count < 2:
            return waving(count)
        if isinstance(what, BaseException):
            raise what
        return what

    return answer


@pytest.mark.parametrize(("answer", "message"), WRONG_ANSWERS.values(), ids=list(WRONG_ANSWERS))
def test_a_wrong_answer_ends_the_run_with_policy_words_and_remedy_and_the_arm_holds(running, play, backend, answer, message):
    session = running(answers(answer))
    play(session)
    problem = session.status.problem
    assert (session.status.phase, session.result.end) == (Phase.ENDED, End.POLICY_FAILED)
    assert problem.what.startswith("the policy 'scripted' failed: ")
    assert problem.what.endswith(AGAIN)
    assert re.search(message, problem.what), problem.what
    assert np.array_equal(backend.targets[-1].qpos, backend.targets[-2].qpos)
    assert backend.targets[-1].gripper_width == backend.targets[-2].gripper_width < 0.08


def test_after_a_failure_of_the_policy_another_run_is_one_reset_away(running, play):
    session = running(answers(ZeroDivisionError()))
    play(session)
    drive(session.reset())
    assert (session.status.phase, session.status.problem) == (Phase.READY, None)
    session.run()
    play(session, 3)
    assert session.status.phase is Phase.RUNNING


def test_a_policy_that_cannot_begin_ends_the_run_before_anything_moves(running, play, backend):
    class Unready(HoldPolicy):
        def reset(self, context):
            raise PolicyError("the server does not answer")

    session = running(policy=Unready)
    play(session)
    assert (session.result.end, session.result.steps) == (End.POLICY_FAILED, 0)
    assert "the server does not answer; press Reset" in session.status.problem.what
    assert len(backend.targets) == 1, "only to hold still"


@pytest.mark.parametrize("where", ["reset", "act"])
def test_a_policy_that_never_answers_is_given_up_and_the_next_run_has_a_new_one(live, play, where):
    for_ever, made = threading.Event(), []

    class Hanging(Answering):
        def __init__(self):
            super().__init__(waving)
            made.append(self)

        def reset(self, context):
            super().reset(context)
            if where == "reset" and len(made) == 1:
                for_ever.wait()

        def act(self, observation):
            if where == "act" and len(made) == 1:
                for_ever.wait()
            return super().act(observation)

    session = live(policy=Hanging, patience=0.1)
    drive(session.load())
    session.run()
    assert wait_until(lambda: play(session, 1, patient=False) == 0)
    assert (session.status.phase, session.result.end) == (Phase.ENDED, End.POLICY_FAILED)
    what = "from its reset" if where == "reset" else "decision 1"
    assert session.status.problem.what == (
        f"the policy 'scripted' failed: the policy 'scripted' has not returned {what} for 0.1 s; {AGAIN}"
    )
    drive(session.reset())
    session.run()
    play(session, 10)
    assert (session.status.phase, session.status.step > 3, len(made)) == (Phase.RUNNING, True, 2)
    for_ever.set()


def test_after_a_stop_while_the_policy_thinks_its_late_answer_is_not_carried_out(running, play, backend):
    may_answer, asked = threading.Event(), []

    def answer(step):
        asked.append(step)
        if len(asked) == 1:
            may_answer.wait(60.0)
            return ActionChunk.single(np.full(7, -0.05), 0.0)
        return waving(step)

    session = running(answer)
    session.wait(30.0)
    play(session, 3, patient=False)
    session.stop()
    drive(session.reset())
    session.run()
    backend.targets.clear()
    may_answer.set()
    play(session, 5)
    assert len(backend.targets) == 4
    assert [target.gripper_width > 0.02 for target in backend.targets] == [True] * 4
    assert session.status.phase is Phase.RUNNING


@pytest.mark.timing
def test_closing_does_not_wait_for_a_policy_that_hangs(running, play):
    for_ever = threading.Event()
    session = running(lambda step: for_ever.wait())
    play(session, 3, patient=False)
    begin = time.perf_counter()
    session.close()
    assert time.perf_counter() - begin < 0.5
    for_ever.set()


def test_a_policy_that_cannot_be_made_is_a_problem_of_the_load(live):
    def make_policy(name):
        raise MissingDependencyError('the policy needs onnxruntime; run: pip install -e ".[policy]"')

    session = live(make_policy=make_policy)
    drive(session.load())
    assert (session.status.phase, session.status.problem.kind) == (Phase.FAILED, "MissingDependencyError")
    assert session.status.problem.what.startswith("scene 'small' cannot be loaded: the policy needs onnxruntime")


def test_a_camera_the_scene_does_not_have_is_a_problem_of_the_load(live):
    session = live(cameras=("ceiling",))
    drive(session.load())
    assert (session.status.phase, session.status.problem.kind) == (Phase.FAILED, "UnknownNameError")


# ------------------------------------------------------------------ backends


class Failing(StubBackend):
    """A stub one of whose methods raises from its third call on."""

    def __init__(self, method: str, error: Exception) -> None:
        super().__init__()
        self._method, self._error, self.calls = method, error, 0

    def _count(self, method: str) -> None:
        self.calls += method == self._method
        if self.calls >= 3:
            raise self._error

    def apply(self, target):
        self._count("apply")
        super().apply(target)

    def state(self):
        if self._world is not None and self._world.target.gripper_width < 0.08:
            self._count("state")
        return super().state()

    def render(self, requests):
        self._count("render")
        return (yield from super().render(requests))


FAULTS = [
    ("apply", BackendError("the motors are off"), "the motors are off"),
    ("state", OSError("the device is gone"), "OSError: the device is gone"),
    ("render", RenderError("no GL"), "no GL"),
]


@pytest.mark.parametrize(("method", "error", "message"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_a_backend_that_raises_ends_the_run_and_only_a_load_helps(running, play, method, error, message):
    session = running(on=Failing(method, error), cameras=("front",))
    play(session)
    assert (session.status.phase, session.result.end) == (Phase.FAILED, End.BACKEND_FAILED)
    assert session.status.problem.what == f"the simulator failed: {message}; press Load to build the scene again"
    drive(session.reset())
    assert session.status.problem.what == "there is no scene to reset; press Load first"


def test_cameras_that_never_give_a_fresh_picture_end_the_run(running, play):
    class Frozen(StubBackend):
        def render(self, requests):
            yield
            return {r.camera: Frame(camera=r.camera, time=-1.0, rgb=np.zeros((48, 64, 3), np.uint8)) for r in requests}

    session = running(on=Frozen(), cameras=("front",))
    assert play(session) < 50
    assert (session.status.phase, session.result.end) == (Phase.FAILED, End.BACKEND_FAILED)
    assert "after 20 tries" in session.status.problem.what


@pytest.mark.parametrize("phase", ["ready", "running", "paused", "ended"])
def test_a_simulator_lost_in_any_phase_fails_the_session_with_a_remedy(running, play, phase):
    session = running()
    play(session, 4)
    {"ready": lambda: drive(session.reset()), "running": int, "paused": session.pause, "ended": session.stop}[phase]()
    session.backend_lost("the timeline was stopped")
    assert session.status.phase is Phase.FAILED
    assert "the timeline was stopped; press Load to build the scene again" in session.status.problem.what
    if phase in ("running", "paused"):
        assert (session.result.end, session.result.reason) == (End.BACKEND_FAILED, "the timeline was stopped")
    drive(session.load())
    assert session.status.phase is Phase.READY


def test_of_a_simulator_that_is_lost_twice_the_first_reason_stays(running, play):
    session, told = running(), []
    play(session, 4)
    session.backend_lost("the timeline was stopped")
    session.watch(told.append)
    session.backend_lost("the stage was closed")
    assert "the timeline was stopped" in session.status.problem.what
    assert told == []


class Interrupting(StubBackend):
    """Calls a function once, while it is being told a target: in the middle of a control period of the session."""

    def __init__(self) -> None:
        super().__init__()
        self.interrupt = None

    def apply(self, target) -> None:
        super().apply(target)
        if self.interrupt is not None:
            interrupt, self.interrupt = self.interrupt, None
            interrupt()


def test_a_session_that_is_closed_in_the_middle_of_a_period_stays_empty(running, play):
    session = running(on=(backend := Interrupting()))
    play(session, 4)
    backend.interrupt = session.close
    play(session, 4)
    assert (session.status.phase, session.result.reason) == (Phase.EMPTY, "the session was closed")


def test_a_reset_in_the_middle_of_a_period_is_not_undone_by_the_end_of_the_run_before(running, play):
    session = running(on=(backend := Interrupting()))
    play(session, 4)
    backend.interrupt = lambda: drive(session.reset(5))
    play(session, 4)
    assert (session.status.phase, session.status.seed) == (Phase.READY, 5)


def test_losing_a_simulator_that_was_never_asked_for_anything_is_nothing(live):
    session = live()
    session.backend_lost("the stage was closed")
    assert (session.status.phase, session.status.problem) == (Phase.EMPTY, None)


def test_a_simulation_reset_by_somebody_else_is_noticed(running, play):
    session = running()
    play(session, 6)
    drive(session.backend.reset(session.layout))
    play(session)
    assert session.status.phase is Phase.FAILED
    assert "the simulated time went back" in session.status.problem.what
    assert "the simulation was reset outside the session" in session.status.problem.what


@pytest.mark.parametrize("error", [SceneError("no room for the objects; choose another seed"), RuntimeError("PhysX")])
def test_a_scene_that_cannot_be_loaded_is_a_problem_with_a_remedy(live, error):
    class Refusing(StubBackend):
        def load(self, spec):
            yield
            raise error

    session = live(on=Refusing())
    drive(session.load())
    assert (session.status.phase, session.status.problem.kind) == (Phase.FAILED, type(error).__name__)
    assert re.search(r"choose another seed$|press Load to try again$", session.status.problem.what)


def test_a_backend_that_cannot_be_closed_is_logged_and_not_raised(live, caplog):
    class Stuck(StubBackend):
        def close(self):
            if self._spec is not None:
                raise OSError("busy")

    session = live(on=Stuck())
    drive(session.load())
    session.close()
    assert "the simulator could not be closed" in caplog.text
    assert session.status.problem.kind == "OSError"


# ------------------------------------------------------------------ any button at any moment


@pytest.mark.parametrize("batch", range(10))
def test_any_sequence_of_calls_leaves_no_thread_and_no_watcher_behind(batch, tmp_path):
    before = set(policy_threads())
    for seed in range(20):
        press_at_random(random.Random(1000 * batch + seed), tmp_path / "run.jsonl")
    assert wait_until(lambda: not set(policy_threads()) - before)


def press_at_random(rng: random.Random, path: Path) -> None:
    """Make a session, press forty buttons, and close it."""
    from tests.runtime.conftest import small_stage
    from vla_isaac.runtime.live import LiveSession

    policies = (
        ScriptedPolicy,
        lambda: Answering(waving, cameras=("front",)),
        lambda: Answering(answers(ZeroDivisionError())),
        lambda: Answering(lambda step: time.sleep(0.002) or waving(step)),
    )
    session = LiveSession(
        StubBackend(),
        make_policy=lambda name: rng.choice(policies)(),
        make_scene=small_stage,
        make_recorder=EpisodeLog,
        lock_step=rng.random() < 0.3,
        view_cameras=rng.choice([(), ("front",)]),
    )
    told: list[Phase] = []
    session.watch(lambda status: told.append(status.phase))
    loading = iter(())

    def let_pass() -> None:
        for _ in range(rng.randrange(12)):
            session.period()
            if rng.random() < 0.5:
                session.wait(30.0)
            if session.scene is not None and session.status.phase is not Phase.FAILED:
                session.backend.step()

    def load_somewhat() -> None:
        nonlocal loading
        loading = rng.choice([session.load, session.reset])()
        for _ in range(rng.randrange(3)):
            next(loading, None)

    buttons = [
        lambda: drive(session.load()),
        lambda: drive(session.reset(rng.choice([None, 3, -1]))),
        load_somewhat,
        lambda: next(loading, None),
        session.run,
        session.run,
        session.pause,
        session.stop,
        let_pass,
        let_pass,
        let_pass,
        lambda: session.record(rng.choice([None, path])),
        lambda: session.choose(instruction=rng.choice(["Lift the green cube", "Nonsense", ""])),
        lambda: session.choose(task=rng.choice(["place_on", "", "unknown"]), scene="tabletop"),
        lambda: session.choose(policy=rng.choice(["hold", "scripted", "unknown"]), seed=rng.randrange(5)),
        lambda: session.backend_lost("the timeline was stopped"),
    ]
    for _ in range(40):
        rng.choice(buttons)()
        status = session.status
        assert status.phase is not Phase.FAILED or status.problem is not None
        assert told[-1:] in ([], [status.phase])
    drive(session.load())
    session.close()
    assert session.status.phase is Phase.EMPTY
    assert len(session._listeners) == 0
    assert not session.is_time_held
    assert not list(path.parent.glob(".*.part")), "a log left open"
