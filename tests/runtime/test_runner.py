"""The runner: every way an episode can end, and the arm holding still after each of them."""

from __future__ import annotations

import math
import re
from contextlib import nullcontext

import numpy as np
import pytest

from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.core.errors import BackendError, GoalError, PolicyError, RenderError, UsageError
from vla_isaac.core.goals import parse_goal
from vla_isaac.core.types import ActionChunk
from vla_isaac.policies.scripted.expert import ScriptedPolicy
from vla_isaac.runtime.result import End
from vla_isaac.runtime.session import Session

STILL = np.zeros(7)


def then(step: int, what):
    """Return answers that hold still until `step` and then do `what`: an error to raise or an answer."""

    def answer(count: int):
        if count < step:
            return ActionChunk.single(np.full(7, 0.02), 0.03)
        if isinstance(what, BaseException):
            raise what
        return what

    return answer


# ------------------------------------------------------------------ success and time


def test_an_episode_whose_goal_holds_succeeds(episode):
    result = Session(StubBackend(), ScriptedPolicy(), policy_name="scripted").run(episode())
    assert (result.end, result.success, result.failure, result.progress) == (End.SUCCEEDED, True, None, 1.0)
    assert result.reason == "red_cube lies on blue_box"
    assert result.goal == "on(red_cube, blue_box)"


def test_an_episode_without_success_times_out_with_the_name_of_its_failure(episode, backend, answering):
    result = answering(backend).run(episode(max_steps=5))
    assert (result.end, result.success, result.failure, result.steps) == (End.TIMED_OUT, False, "never_reached", 5)
    assert result.sim_seconds == pytest.approx(0.25)


def test_without_a_goal_nothing_is_judged_and_the_time_runs_out(episode, backend, answering):
    result = answering(backend).run(episode(judge=False, max_steps=3))
    assert (result.end, result.success, result.failure, result.goal) == (End.TIMED_OUT, None, None, None)


def test_an_episode_is_given_20_seconds_per_goal(episode, backend, answering):
    runner = answering(backend).prepare(episode(goal=parse_goal("lifted(red_cube) then lifted(green_cube)")))
    while runner.end is None:
        runner.tick()
    assert runner.result.steps == 2 * 20 * 20  # goals, seconds, steps per second


def test_stopping_ends_the_episode_with_the_reason_given(episode, backend, answering, witness):
    runner = answering(backend).prepare(episode(), [witness])
    for _ in range(3):
        runner.tick()
    runner.stop("the user pressed stop")
    assert (runner.result.end, runner.result.failure, runner.result.steps) == (End.STOPPED, "stopped", 3)
    assert runner.result.reason == "the user pressed stop"
    runner.stop("again")
    assert len(witness.results) == 1


# ------------------------------------------------------------------ faults

WRONG_ANSWERS = {
    "NaN": (ActionChunk.single([math.nan, *STILL[1:]], 0.03), r"the action's arm\[0\] is nan"),
    "infinite": (ActionChunk.single([*STILL[1:], math.inf], 0.03), r"the action's arm\[6\] is inf"),
    "NaN gripper": (ActionChunk.single(STILL, math.nan), "the action's gripper is nan; expected a finite number"),
    "wrong length": (ActionChunk.single(np.zeros(6), 0.03), r"has shape \(6,\), expected \(7,\)"),
    "gripper in the arm": (ActionChunk.single(np.zeros(8), None), r"\(8,\), expected \(7,\).*ActionChunk.from_rows"),
    "text": (ActionChunk(np.array([["left"] * 7]), None), "the action's arm is .*; expected rows of numbers"),
    "no rows": (ActionChunk(np.zeros((0, 7)), None), "it must return at least one action"),
    "nothing": (None, "the policy 'answering' returned NoneType"),
    "an array": (np.zeros((1, 7)), "the policy 'answering' returned ndarray"),
    "an error of ours": (PolicyError("the weights are gone"), "^the weights are gone$"),
    "any other error": (ZeroDivisionError("division by zero"), "^ZeroDivisionError: division by zero$"),
}


@pytest.mark.parametrize(("answer", "message"), WRONG_ANSWERS.values(), ids=list(WRONG_ANSWERS))
def test_a_wrong_answer_ends_the_episode_as_policy_failed(episode, backend, answering, witness, answer, message):
    result = answering(backend, then(2, answer)).run(episode(), [witness])
    assert (result.end, result.success, result.failure, result.steps) == (End.POLICY_FAILED, False, "policy_failed", 2)
    assert re.search(message, result.reason), result.reason
    assert len(witness.results) == 1


class FailingBackend(StubBackend):
    """A stub that raises at the third call of one of its methods."""

    def __init__(self, method: str, error: Exception) -> None:
        super().__init__()
        self._method, self._error, self._calls = method, error, 0

    def _count(self, method: str) -> None:
        self._calls += method == self._method
        if self._calls >= 3:
            raise self._error

    def apply(self, target):
        self._count("apply")
        super().apply(target)

    def step(self):
        self._count("step")
        super().step()

    def render(self, requests):
        self._count("render")
        return (yield from super().render(requests))


FAULTS = [
    pytest.param("apply", BackendError("the motors are off"), "the motors are off", id="apply"),
    pytest.param("step", BackendError("the solver diverged"), "the solver diverged", id="step"),
    pytest.param("step", ZeroDivisionError("0/0"), "ZeroDivisionError: 0/0", id="step-any-error"),
    pytest.param("render", RenderError("no GL"), "no GL", id="render"),
    pytest.param("render", OSError("the context is lost"), "OSError: the context is lost", id="render-any-error"),
]


@pytest.mark.parametrize(("method", "error", "message"), FAULTS)
def test_a_backend_that_raises_ends_the_episode_as_backend_failed(episode, answering, witness, method, error, message):
    result = answering(FailingBackend(method, error), cameras=("front",)).run(episode(), [witness])
    assert (result.end, result.failure, result.steps, result.reason) == (End.BACKEND_FAILED, "backend_failed", 2, message)
    assert len(witness.results) == 1


def test_a_policy_that_cannot_reach_its_own_renderer_is_to_blame_itself(episode, backend, answering):
    result = answering(backend, then(2, RenderError("the policy's own picture failed"))).run(episode())
    assert result.end is End.POLICY_FAILED


def test_a_policy_that_cannot_begin_ends_the_episode_as_policy_failed(episode, backend, answering):
    class Unready:
        spec = ScriptedPolicy().spec

        def reset(self, context) -> None:
            raise PolicyError("the server does not answer")

    result = Session(backend, Unready()).run(episode())
    assert (result.end, result.steps) == (End.POLICY_FAILED, 0)


def test_an_impossible_goal_is_refused_before_anything_moves(episode, backend, answering, witness):
    with pytest.raises(GoalError, match="blue_box is fastened"):
        answering(backend).run(episode(goal=parse_goal("lifted(blue_box)")), [witness])
    assert not backend.targets
    assert not witness.starts


# ------------------------------------------------------------------ interruption


def test_an_interruption_is_told_to_the_subscribers_and_raised_again(episode, backend, answering, witness):
    runner = answering(backend, then(2, KeyboardInterrupt())).prepare(episode(), [witness])
    with pytest.raises(KeyboardInterrupt):
        runner.run()
    assert (runner.result.end, runner.result.steps, runner.result.reason) == (End.STOPPED, 2, "interrupted")
    assert [r.end for r in witness.results] == [End.STOPPED]


def test_an_interruption_while_subscribers_start_is_told_to_those_that_have_started(episode, backend, answering, witness):
    class Slow:
        def on_start(self, start) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        answering(backend).run(episode(), [witness, Slow()])
    assert [r.end for r in witness.results] == [End.STOPPED]


# ------------------------------------------------------------------ after the end

ENDS = {
    End.TIMED_OUT: (None, {"max_steps": 3}),
    End.STOPPED: (then(3, KeyboardInterrupt()), {}),
    End.POLICY_FAILED: (then(3, ActionChunk.single(np.full(7, math.nan), 0.03)), {}),
}


@pytest.mark.parametrize("end", list(ENDS))
def test_after_the_end_the_arm_and_the_fingers_hold_their_last_safe_target(episode, backend, answering, end):
    answer, options = ENDS[end]
    runner = answering(backend, *([answer] if answer else [])).prepare(episode(**options))
    with pytest.raises(KeyboardInterrupt) if end is End.STOPPED else nullcontext():
        runner.run()
    last, before = backend.targets[-1], backend.targets[-2]
    assert runner.result.end is end
    assert np.array_equal(last.qpos, before.qpos)
    assert not np.allclose(last.qpos, backend.state().qpos, atol=1e-3), "the arm lags behind its target, so the two differ"
    assert last.gripper_width == before.gripper_width < 0.08


def test_after_success_too(episode, backend):
    runner = Session(backend, ScriptedPolicy()).prepare(episode(goal=parse_goal("lifted(red_cube)")))
    assert runner.run().end is End.SUCCEEDED
    assert np.array_equal(backend.targets[-1].qpos, backend.targets[-2].qpos)
    assert backend.targets[-1].gripper_width == backend.targets[-2].gripper_width < 0.04, "the cube stays in the hand"


def test_a_broken_backend_that_cannot_hold_still_is_a_warning(episode, answering):
    result = answering(FailingBackend("apply", BackendError("the motors are off"))).run(episode())
    assert result.warnings == ("the command to hold still failed: the motors are off",)


def test_a_runner_that_has_ended_can_begin_again(episode, backend, answering):
    session = answering(backend)
    results = [session.run(episode(max_steps=2, seed=seed)) for seed in (1, 2)]
    assert [(r.end, r.steps, r.seed) for r in results] == [(End.TIMED_OUT, 2, 1), (End.TIMED_OUT, 2, 2)]


def test_what_was_limited_is_counted_in_the_result(episode, backend, answering):
    result = answering(backend, lambda step: ActionChunk.single(np.full(7, 9.0), 0.5)).run(episode(max_steps=4))
    assert result.clipped["speed"] == 4
    assert result.clipped["gripper"] == 4


def test_an_episode_that_is_not_over_has_no_result_yet(episode, backend, answering):
    runner = answering(backend).prepare(episode())
    assert (runner.end, runner.steps) == (None, 0)
    with pytest.raises(UsageError, match="not over"):
        _ = runner.result
