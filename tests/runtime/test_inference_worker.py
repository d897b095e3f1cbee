"""The policy's thread: answers come when they come, and one that never comes holds up nobody."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from vla_isaac.core.errors import PolicyError
from vla_isaac.runtime.inference import THREAD_NAME, InferenceWorker


def threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == THREAD_NAME]


@pytest.fixture
def worker():
    worker = InferenceWorker()
    yield worker
    worker.leave()


def test_no_thread_exists_before_the_first_question(worker):
    before = len(threads())
    assert len(threads()) == before
    worker.ask(lambda: 1).wait(30.0)
    assert len(threads()) == before + 1


def test_asking_returns_at_once_and_the_answer_comes_later(worker):
    may_answer = threading.Event()
    question = worker.ask(lambda: may_answer.wait(30.0) and "left")
    assert not question.is_answered
    may_answer.set()
    assert question.wait(30.0)
    assert question.answer == "left"


def test_questions_are_answered_in_order_by_one_thread(worker):
    seen: list[tuple[int, int]] = []
    questions = [worker.ask(lambda k=k: seen.append((k, threading.get_ident()))) for k in range(20)]
    assert questions[-1].wait(30.0)
    assert [k for k, _ in seen] == list(range(20))
    assert {ident for _, ident in seen} - {threading.get_ident()} == {seen[0][1]}


def test_an_error_is_raised_where_the_answer_is_taken(worker):
    question = worker.ask(lambda: 1 / 0)
    assert question.wait(30.0)
    with pytest.raises(ZeroDivisionError):
        _ = question.answer


def test_a_policy_that_tries_to_end_python_fails_and_the_thread_goes_on(worker):
    question = worker.ask(lambda: sys.exit(3))
    assert question.wait(30.0)
    with pytest.raises(PolicyError, match=r"tried to exit Python \(SystemExit\); remove"):
        _ = question.answer
    later = worker.ask(lambda: "still here")
    assert later.wait(30.0)


def test_a_dropped_question_whose_turn_has_not_come_is_never_worked_on(worker):
    may_go_on, worked = threading.Event(), []
    worker.ask(lambda: may_go_on.wait(30.0))
    dropped = worker.ask(lambda: worked.append("dropped"))
    last = worker.ask(lambda: worked.append("last"))
    dropped.drop()
    may_go_on.set()
    assert last.wait(30.0)
    assert worked == ["last"]


@pytest.mark.timing
def test_leaving_does_not_wait_and_ends_the_thread_after_its_present_work():
    worker, may_end = InferenceWorker(), threading.Event()
    before = set(threads())
    worker.ask(lambda: may_end.wait(30.0))
    begin = time.perf_counter()
    worker.leave()
    worker.leave()
    assert time.perf_counter() - begin < 0.5
    (thread,) = set(threads()) - before
    may_end.set()
    thread.join(30.0)
    assert not thread.is_alive()


def test_a_policy_that_hangs_for_ever_does_not_keep_python_alive():
    code = (
        "import threading\n"
        "from vla_isaac.runtime.inference import InferenceWorker\n"
        "InferenceWorker().ask(threading.Event().wait)\n"
        "print('done')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "done\n"
