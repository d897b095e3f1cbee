"""The calls of a policy in a script: a limit of real time, and no policy ends or holds up the program."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from tests.runtime.conftest import Answering, waving
from vla_isaac.backends.mujoco.backend import MujocoBackend
from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.core.errors import UsageError
from vla_isaac.policies.hold import HoldPolicy
from vla_isaac.policies.scripted.expert import ScriptedPolicy
from vla_isaac.runtime.inference import POLICY_TIMEOUT, THREAD_NAME
from vla_isaac.runtime.policy_calls import PolicyCalls
from vla_isaac.runtime.result import End
from vla_isaac.runtime.session import Session


class Hanging(Answering):
    """Never returns from its decision `at`, from 0, or from its reset number `at_reset`, until it is released."""

    def __init__(self, at: int = -1, *, at_reset: int = -1) -> None:
        super().__init__(self._answer_or_hang)
        self.released = threading.Event()
        self._at, self._at_reset, self._resets = at, at_reset, 0

    def reset(self, context) -> None:
        super().reset(context)
        self._resets += 1
        if self._resets - 1 == self._at_reset:
            self.released.wait(60.0)

    def _answer_or_hang(self, step: int):
        if step == self._at:
            self.released.wait(60.0)
        return waving(step)


@pytest.fixture
def hanging():
    made: list[Hanging] = []

    def make(*args, **options) -> Hanging:
        made.append(Hanging(*args, **options))
        return made[-1]

    yield make
    for policy in made:
        policy.released.set()


@pytest.mark.parametrize("make_backend", [StubBackend, MujocoBackend])
def test_a_policy_that_hangs_ends_the_episode_with_decision_seconds_and_remedy(episode, hanging, make_backend):
    with Session(make_backend(), hanging(2), policy_name="mine", policy_timeout=0.2) as session:
        result = session.run(episode())
    assert (result.end, result.failure, result.steps) == (End.POLICY_FAILED, "policy_failed", 2)
    assert result.reason == (
        "the policy 'mine' has not returned decision 3 for 0.2 s; raise the limit with --policy-timeout SECONDS "
        "(policy_timeout= in Python; 0 waits for ever), or fix the policy"
    )


def test_the_first_decision_has_no_limit_and_a_later_reset_has(episode, hanging):
    policy = hanging(0)
    threading.Timer(0.4, policy.released.set).start()
    with Session(StubBackend(), policy, policy_timeout=0.1) as session:
        assert session.run(episode(max_steps=3)).end is End.TIMED_OUT
    with Session(StubBackend(), hanging(at_reset=1), policy_timeout=0.1) as session:
        assert session.run(episode(max_steps=3)).end is End.TIMED_OUT
        assert "has not returned from its reset for 0.1 s" in session.run(episode(max_steps=3)).reason


def test_a_hung_policy_is_not_called_again_in_the_next_episode(episode, hanging):
    with Session(StubBackend(), hanging(1), policy_timeout=0.1) as session:
        session.run(episode())
        again = session.run(episode())
    assert (again.end, again.steps) == (End.POLICY_FAILED, 0)
    assert "is still in an earlier call that took too long; make the policy again" in again.reason


def test_a_late_answer_of_a_hung_policy_is_not_executed(episode, hanging):
    policy, backend = hanging(1), StubBackend()
    with Session(backend, policy, policy_timeout=0.1) as session:
        session.run(episode())
        held = backend.state().qpos.copy()
        policy.released.set()
        time.sleep(0.05)
        backend.step()
        assert backend.state().qpos == pytest.approx(held, abs=0.02)


@pytest.mark.parametrize("kind", [SystemExit, GeneratorExit])
@pytest.mark.parametrize("where", ["reset", "act"])
def test_a_policy_that_tries_to_exit_is_a_policy_that_failed(episode, kind, where):
    class Exiting(Answering):
        def reset(self, context):
            super().reset(context)
            if where == "reset":
                raise kind(0)

    def answer(step):
        raise kind(0)

    result = Session(StubBackend(), Exiting(answer)).run(episode())
    assert (result.end, result.reason) == (
        End.POLICY_FAILED,
        f"the policy tried to exit Python ({kind.__name__}); remove that call",
    )


def test_one_thread_serves_all_episodes_of_a_session_and_ends_with_it(episode):
    seen = set()

    def answer(step):
        seen.add(threading.get_ident())
        return waving(step)

    with Session(StubBackend(), Answering(answer)) as session:
        for _ in range(3):
            session.run(episode(max_steps=2))
    assert len(seen) == 1
    deadline = time.monotonic() + 5.0
    while seen & {t.ident for t in threading.enumerate() if t.name == THREAD_NAME} and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not seen & {t.ident for t in threading.enumerate() if t.name == THREAD_NAME}


def test_what_only_calculates_is_called_directly_and_its_subclasses_are_not(episode):
    threads = []

    class Mine(HoldPolicy):
        def act(self, observation):
            threads.append(threading.current_thread().name)
            return super().act(observation)

    class Direct(Mine):
        never_blocks = True

    for policy in (Mine(), Direct()):
        with Session(StubBackend(), policy) as session:
            session.run(episode(max_steps=1))
    assert threads == [THREAD_NAME, threading.current_thread().name]


@pytest.mark.parametrize("odd", [-1.0, float("nan"), float("inf"), "60", None])
def test_a_limit_that_is_no_number_of_seconds_is_refused(odd):
    with pytest.raises(UsageError, match="the policy's timeout"):
        PolicyCalls(ScriptedPolicy(), timeout=odd)


def test_the_limit_is_a_minute_unless_another_is_given_and_0_is_none():
    assert POLICY_TIMEOUT == 60.0
    calls = PolicyCalls(Answering(waving), timeout=0.0)
    assert not calls.is_hung


HANGING_FOR_EVER = """
import time
from tests.runtime.conftest import STAGE, Answering, waving
from vla_isaac.api import make_request
from vla_isaac.backends.stub.backend import StubBackend
from vla_isaac.runtime.session import Session
policy = Answering(lambda step: waving(step) if step < 2 else time.sleep(3600))
with Session(StubBackend(), policy, policy_timeout=0.1) as session:
    print(session.run(make_request(scene=STAGE)).end.value)
"""


def test_a_hung_policy_does_not_keep_the_process_alive():
    done = subprocess.run([sys.executable, "-c", HANGING_FOR_EVER], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("policy_failed\n", "", 0)
