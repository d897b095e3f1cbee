"""Which seed is tried next and whose episode comes next: the same dataset whoever is quicker."""

from __future__ import annotations

import random

import pytest

from vla_isaac.collection.collector import DemonstrationResult
from vla_isaac.collection.plan import CollectionPlan, DemonstrationJob
from vla_isaac.collection.schedule import CollectionSchedule

PLAN = CollectionPlan(tasks=("lift", "reach", "stack"), episodes=20, seed=100)


def fails(attempt: DemonstrationJob) -> bool:
    return attempt.seed % 7 in (0, 3)


def outcome(attempt: DemonstrationJob, *, failed: bool) -> DemonstrationResult:
    return DemonstrationResult(job=attempt, failure="dropped" if failed else None)


def run(schedule: CollectionSchedule, workers: int, seed: int, *, stop_after: int = 10_000, fails=fails):
    """Simulate workers that finish in random order; return the seeds passed on and those that failed."""
    rng, running, passed, failed = random.Random(seed), [], [], []
    while not schedule.is_complete and len(passed) < stop_after:
        while len(running) < workers and (attempt := schedule.next_job(ahead=8 * workers)) is not None:
            running.append(attempt)
        if not running:
            break
        attempt = running.pop(rng.randrange(len(running)))
        if fails(attempt):
            failed.append(attempt.seed)
        schedule.take(outcome(attempt, failed=fails(attempt)))
        while len(passed) < stop_after and (found := schedule.next_episode()) is not None:
            passed.append(found.job.seed)
    return passed, failed


EXPECTED, _ = run(CollectionSchedule(PLAN), 1, 0)


def test_episodes_come_in_the_order_of_families_and_seeds():
    assert len(EXPECTED) == 20
    assert [(seed - 100) % 3 for seed in EXPECTED] == [n % 3 for n in range(20)]
    assert all(EXPECTED[k] < EXPECTED[k + 3] for k in range(17))
    assert not any(fails(DemonstrationJob("", seed)) for seed in EXPECTED)


@pytest.mark.parametrize("workers", [2, 3, 8, 40])
def test_the_order_does_not_depend_on_who_finishes_first(workers):
    assert all(run(CollectionSchedule(PLAN), workers, seed)[0] == EXPECTED for seed in range(20))


@pytest.mark.parametrize("stop", [0, 1, 5, 13, 19])
def test_an_interrupted_collection_goes_on_as_if_nothing_had_happened(stop):
    for seed in range(10):
        kept, failed = run(CollectionSchedule(PLAN), 4, seed, stop_after=stop)
        rest, _ = run(CollectionSchedule(PLAN, kept=kept, failed=failed), 3, seed)
        assert kept + rest == EXPECTED


def test_a_longer_collection_begins_with_the_shorter_one():
    longer = CollectionPlan(tasks=PLAN.tasks, episodes=30, seed=100)
    assert run(CollectionSchedule(longer), 4, 0)[0][:20] == EXPECTED
    assert EXPECTED + run(CollectionSchedule(longer, kept=EXPECTED), 4, 0)[0] == run(CollectionSchedule(longer), 1, 0)[0]


def test_no_more_is_tried_than_what_may_be_needed():
    schedule = CollectionSchedule(CollectionPlan(tasks=("lift",), episodes=3))
    given = [schedule.next_job(ahead=100) for _ in range(5)]
    assert [attempt.seed if attempt else None for attempt in given] == [0, 1, 2, None, None]


def test_a_family_that_always_fails_is_given_up_after_three_times_its_share():
    schedule = CollectionSchedule(CollectionPlan(tasks=("lift", "push_to"), episodes=4))
    passed, failed = run(schedule, 2, 0, fails=lambda attempt: attempt.task == "push_to")
    assert (schedule.hopeless(), len(failed), schedule.is_complete) == ("push_to", 6, False)
    assert passed == [0]


def test_seeds_are_never_tried_twice():
    schedule, tried = CollectionSchedule(PLAN), []
    while (attempt := schedule.next_job(ahead=1000)) is not None:
        tried.append(attempt.seed)
        schedule.take(outcome(attempt, failed=fails(attempt)))
    assert len(tried) == len(set(tried))
