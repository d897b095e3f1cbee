"""A pool gives every job's result whatever happens to its workers, in the same order for any number of them."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from tests.jobs.losing import children
from tests.jobs.workers import doomed, hanging, misconfigured, square, square_in, square_in_but_hanging_after
from vla_isaac.core.errors import BackendError, ConfigError, UsageError
from vla_isaac.jobs import in_order, open_pool

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals as POSIX has them")


@pytest.fixture
def opened():
    pools = []

    def open_(make_worker=square, **options):
        pools.append(open_pool(make_worker, **options))
        return pools[-1]

    yield open_
    for pool in pools:
        pool.close()


def results(pool, jobs):
    return list(in_order(pool, jobs))


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_results_come_in_the_order_of_the_jobs(opened, workers):
    found = results(opened(num_workers=workers), [("late", n) for n in range(9)])
    assert [result.value for result in found] == list(range(9))


def test_jobs_are_taken_only_as_they_are_needed(opened):
    def endless():
        number = 0
        while True:
            yield number
            number += 1

    found = in_order(opened(num_workers=2), endless())
    assert [next(found).value for _ in range(5)] == [0, 1, 4, 9, 16]


@posix
def test_a_worker_that_is_killed_costs_the_job_it_was_at(opened):
    found = results(opened(num_workers=2), [1, 2, ("die", 0), 3, 4])
    assert [result.value for result in found] == [1, 4, None, 9, 16]
    assert found[2].fault.startswith("the worker process died with code -9, perhaps for lack of memory")


@posix
def test_a_lost_job_is_tried_again_where_that_is_asked_for(opened, tmp_path):
    pool = opened(square_in(tmp_path), num_workers=2, retries=1)
    found = results(pool, [1, ("die once", 5), ("die", 0), 2])
    assert [(result.value, result.losses) for result in found] == [(1, 0), (25, 1), (None, 2), (4, 0)]


@posix
def test_a_worker_that_is_stopped_is_ended_at_the_deadline(opened):
    begin = time.monotonic()
    found = results(opened(num_workers=2, deadline=1.0), [1, ("hang", 0), 2])
    assert [result.value for result in found] == [1, None, 4]
    assert found[1].fault == "the worker process was ended after 1 s, the longest time for one job"
    assert time.monotonic() - begin < 10


@posix
def test_a_worker_killed_while_it_has_nothing_to_do_is_replaced(opened):
    pool = opened(num_workers=2)
    pids = {result.value for result in results(pool, [("pid", n) for n in range(8)])}
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    found = results(pool, [1, 2, 3, 4, 5, 6])
    assert [r.value for r in found if not r.fault] == [r.job**2 for r in found if not r.fault]
    assert len([r for r in found if not r.fault]) >= 4, "a dead worker takes at most the job it was just given"


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_ours_is_the_result_of_its_job(opened, workers):
    found = results(opened(num_workers=workers), [2, ("usage", 7)])
    assert found[0].value == 4
    assert isinstance(found[1].error, UsageError)
    assert str(found[1].error) == "7 is not accepted"


def test_a_bug_in_a_worker_is_told_and_the_worker_goes_on(opened):
    found = results(opened(num_workers=2), [("bug", 0), 3])
    assert isinstance(found[0].error, BackendError)
    assert str(found[0].error) == "a job failed in its worker: ZeroDivisionError: a bug"
    assert found[1].value == 9


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_wrong_with_a_worker_is_raised_before_any_job(workers):
    with pytest.raises(ConfigError, match="no such policy"):
        open_pool(misconfigured, num_workers=workers)


def test_a_worker_that_ends_before_it_is_ready_is_an_error_and_not_made_again():
    with pytest.raises(BackendError, match="a worker process ended with code 7 before it could begin"):
        open_pool(doomed, num_workers=2)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes of a process in /proc")
def test_a_worker_that_hangs_while_it_is_made_is_ended_at_its_deadline():
    there, begin = children(), time.monotonic()
    with pytest.raises(BackendError, match=r"a worker process was not ready after 1 s and is ended; .* --workers 1"):
        open_pool(hanging, num_workers=2, start_deadline=1.0)
    assert time.monotonic() - begin < 10
    assert children() <= there


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes of a process in /proc")
def test_a_worker_that_hangs_while_it_replaces_a_lost_one_is_ended_at_its_deadline(tmp_path):
    there = children()
    pool = open_pool(square_in_but_hanging_after(tmp_path), num_workers=2, start_deadline=60.0)
    pool._start_deadline = 1.0  # two workers were made in time, however busy the machine is
    try:
        with pytest.raises(BackendError, match="a worker process was not ready after 1 s"):
            results(pool, [("die", 0), ("die", 0), 1, 2])
    finally:
        pool.close()
    assert children() <= there


@pytest.mark.parametrize("workers", [0, 257])
def test_a_number_of_workers_that_makes_no_sense_is_refused(workers):
    with pytest.raises(UsageError, match=f"{workers} workers are not accepted; give a whole number from 1 to 256"):
        open_pool(square, num_workers=workers)


@posix
def test_closing_ends_every_process_within_five_seconds_also_stopped_ones(opened):
    pool = opened(num_workers=3)
    pids = [result.value for result in results(pool, [("pid", n) for n in range(12)])]
    pool.submit(("hang", 0))
    pool.submit(("sleep", 60))
    time.sleep(0.3)
    begin = time.monotonic()
    pool.close()
    assert time.monotonic() - begin < 5
    assert not [pid for pid in set(pids) if is_there(pid)]


def test_closing_frees_what_workers_hold(opened, tmp_path):
    pool = opened(square_in(tmp_path), num_workers=2)
    results(pool, range(6))
    pool.close()
    assert len(list(tmp_path.glob("closed *"))) == 2


@posix
def test_every_worker_may_be_lost_again_and_again(opened):
    jobs = [("die", 0) if n % 3 == 0 else n for n in range(12)]
    found = results(opened(num_workers=2), jobs)
    assert [bool(result.fault) for result in found] == [n % 3 == 0 for n in range(12)]
