"""Live sessions and time: nothing blocks, held periods are counted, lock-step is the loop of scripts."""

from __future__ import annotations

import itertools
import statistics
import threading
import time

import numpy as np
import pytest

from tests.runtime.conftest import STAGE, Answering, small_stage, waving
from vla_isaac.api import make_policy
from vla_isaac.backends import BACKENDS
from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.runtime.episode import EpisodeRequest
from vla_isaac.runtime.live import LiveSession, Phase
from vla_isaac.runtime.session import Session
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.sim.drive import drive


def after(seconds: float):
    """Return answers that take some seconds each."""
    return lambda step: time.sleep(seconds) or waving(step)


# ------------------------------------------------------------------ the arm moves on without waiting


def test_a_fast_policy_acts_in_every_period_on_what_was_seen_one_period_ago(running, play, backend):
    session = running()
    play(session, 22)  # one to begin the policy, one for the first answer
    assert (len(backend.targets), session.status.step) == (21, 20)
    assert session.status.frame_age == pytest.approx(0.05)
    assert session.status.stale_share == 0.0


def test_until_the_answer_is_there_the_arm_holds_and_the_period_counts_as_stale(live, play, backend, witness):
    may_answer = threading.Event()
    session = live(lambda step: (step < 3 or may_answer.wait(60.0)) and waving(step), make_recorder=lambda path: witness)
    session.record("run")
    drive(session.load())
    session.run()
    play(session, 4)
    sent = len(backend.targets)
    assert session.status.step == 2
    play(session, 6, patient=False)
    assert len(backend.targets) == sent
    assert not backend.state().qvel.any(), "the arm holds"
    assert session.status.stale_share == pytest.approx(5 / 8)
    assert session.status.frame_age == pytest.approx(0.05 + 6 * 0.05)
    assert [(step.index, step.is_stale) for step in witness.steps] == [(k, k > 3) for k in range(1, 9)]
    may_answer.set()


def test_before_the_first_action_nothing_is_counted(live, play):
    may_answer = threading.Event()
    session = live(lambda step: may_answer.wait(60.0) and waving(step))
    drive(session.load())
    session.run()
    play(session, 3, patient=False)
    assert (session.status.step, session.status.stale_share) == (0, 0.0)
    assert session.status.verdict == "waiting for the policy's first action"
    may_answer.set()


@pytest.mark.timing
@pytest.mark.parametrize("watchers", [0, 3])
def test_with_a_policy_of_half_a_second_a_period_costs_less_than_two_milliseconds(live, watchers):
    session = live(after(0.5), on=StubBackend())
    for _ in range(watchers):
        session.watch(lambda status: None)
    drive(session.load())
    session.run()
    medians, longest, costs = zip(*(hundred_periods(session) for _ in range(3)), strict=True)
    status = session.status
    assert min(medians) < 0.002, "what else the machine does can only add: the calmest of the rounds tells"
    assert max(longest) < 0.25, "on a busy machine others may have their turn, but nobody waits for the policy"
    assert min(costs) < 0.002, "of the calling thread"
    assert status.phase is Phase.RUNNING
    assert status.stale_share > 0.9
    assert status.frame_age > 0.5
    assert 10.0 < status.measured_hz < 50.0


def hundred_periods(session: LiveSession) -> tuple[float, float, float]:
    """Return what periods took [s]: median, the longest, and the second of what the calling thread computed."""
    costs, waits = [], []
    for _ in range(100):
        begin, begun = time.thread_time(), time.perf_counter()
        session.period()
        costs.append(time.thread_time() - begin)
        waits.append(time.perf_counter() - begun)
        session.backend.step()
        time.sleep(0.02)
    return statistics.median(waits), max(waits), sorted(costs)[98]


def test_a_period_without_time_passing_is_no_period(running, play, backend):
    session = running()
    play(session, 6)
    before, sent = session.status.step, len(backend.targets)
    for _ in range(20):
        session.period()
        session.wait(30.0)
    assert session.status.step == before + 1, "the one that had passed"
    assert len(backend.targets) <= sent + 2


def test_pictures_are_waited_for_over_periods_and_never_older_than_the_state(live, play):
    class SlowCameras(StubBackend):
        def render(self, requests):
            for _ in range(3):
                yield
            return (yield from super().render(requests))

    seen = []

    class Noting(Answering):
        def act(self, observation):
            seen.append((observation.time, observation.frames["front"].time))
            return super().act(observation)

    session = live(on=SlowCameras(), policy=lambda: Noting(waving, cameras=("front",)))
    drive(session.load())
    session.run()
    play(session, 30)
    assert len(seen) > 4
    assert all(taken >= state for state, taken in seen)
    assert session.status.stale_share == pytest.approx(3 / 4, abs=0.1)


# ------------------------------------------------------------------ lock-step


def test_lock_step_holds_time_while_the_policy_thinks_and_lets_it_go_on_to_act(live):
    asked = []
    session = live(lock_step=True, hold_time=asked.append)
    drive(session.load())
    session.run()
    for _ in range(3):
        session.wait(30.0)
        session.period()  # look, and ask the policy
        assert session.is_time_held
        session.wait(30.0)
        session.period()  # act
        assert not session.is_time_held
        session.backend.step()
    assert asked == [True, False] * 3
    assert (session.status.stale_share, session.status.frame_age) == (0.0, 0.0)


@pytest.mark.parametrize("end", ["stop", "pause", "close", "backend_lost"])
def test_held_time_goes_on_however_the_run_is_left(live, end):
    asked = []
    session = live(lock_step=True, hold_time=asked.append)
    drive(session.load())
    session.run()
    session.wait(30.0)
    session.period()
    getattr(session, end)(*(["the stage was closed"] if end == "backend_lost" else []))
    assert asked == [True, False]


def test_time_that_cannot_be_held_ends_the_run(live):
    def hold(is_held):
        raise RuntimeError("no timeline")

    session = live(lock_step=True, hold_time=hold)
    drive(session.load())
    session.run()
    session.wait(30.0)
    session.period()
    assert session.status.phase is Phase.FAILED
    assert "no timeline" in session.status.problem.what


@pytest.mark.parametrize("backend_name", ["stub", "mujoco"])
def test_in_lock_step_a_live_run_is_the_run_of_a_script_target_by_target(backend_name, play, witness):
    request = EpisodeRequest(scene=STAGE, randomisation=randomisation_preset("layout"), seed=3)
    with Session(BACKENDS.load(backend_name)(), make_policy("scripted"), policy_name="scripted") as script:
        result = script.run(request, [witness])
    live_witness = type(witness)()
    with LiveSession(
        BACKENDS.load(backend_name)(),
        make_policy=make_policy,
        make_scene=small_stage,
        lock_step=True,
        make_recorder=lambda path: live_witness,
    ) as session:
        session.choose(seed=3)
        session.record("run")
        drive(session.load())
        session.run()
        play(session)
    assert (session.result.steps, session.result.success) == (result.steps, True)
    assert session.result.reason == result.reason
    for ours, theirs in itertools.zip_longest(live_witness.steps, witness.steps):
        assert np.array_equal(ours.target.qpos, theirs.target.qpos)
        assert np.array_equal(ours.state.object_pos, theirs.state.object_pos)
