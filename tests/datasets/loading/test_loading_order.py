from collections import Counter

import numpy as np
import pytest

from vla_isaac.core.errors import ConfigError, UnknownNameError, UsageError
from vla_isaac.datasets.loading.order import BatchOrder

TASKS = {"lift": np.arange(0, 30), "stack": np.arange(30, 40)}


def samples(batches):
    return [draw.sample for batch in batches for draw in batch]


def test_an_epoch_draws_every_sample_once():
    assert sorted(samples(BatchOrder(TASKS, 7))) == list(range(40))


def test_epochs_and_seeds_differ_and_the_same_seed_repeats():
    order = BatchOrder(TASKS, 7, seed=3)
    first, second = samples(order), samples(order)
    assert first != second
    assert samples(BatchOrder(TASKS, 7, seed=3)) == first
    assert samples(BatchOrder(TASKS, 7, seed=4)) != first


def test_going_on_at_any_batch_gives_what_would_have_come():
    def take(first, count):
        batches = iter(BatchOrder(TASKS, 7, seed=1, mix={"lift": 1, "stack": 1}, first_batch=first, endless=True))
        return [next(batches) for _ in range(count)]

    whole = take(0, 25)
    for first in (1, 5, 6, 11, 20):
        assert take(first, 25 - first) == whole[first:]


def test_a_broken_off_epoch_is_followed_by_the_next():
    order = BatchOrder(TASKS, 10)
    next(iter(order))
    assert order.next_batch == 4
    assert samples(order) == order.epoch(1).tolist()


def test_a_mix_gives_each_family_its_share_without_repeating_before_all_have_come():
    order = BatchOrder(TASKS, 8, mix={"lift": 1, "stack": 3})
    drawn = Counter(samples(order))
    assert sum(drawn[i] for i in TASKS["stack"]) == 30
    assert {drawn[i] for i in TASKS["stack"]} == {3}
    both = drawn + Counter(samples(order)) + Counter(samples(order))
    assert {both[i] for i in TASKS["lift"]} == {1}


def test_draws_are_numbered_through_all_epochs():
    batches = iter(BatchOrder(TASKS, 16, endless=True))
    numbers = [draw.number for _ in range(6) for draw in next(batches)]
    assert numbers == list(range(80))


def test_the_last_short_batch_is_left_out_when_asked():
    assert [len(batch) for batch in BatchOrder(TASKS, 16)] == [16, 16, 8]
    assert [len(batch) for batch in BatchOrder(TASKS, 16, drop_last=True)] == [16, 16]
    assert len(BatchOrder(TASKS, 16, first_batch=1)) == 2


def test_without_shuffling_samples_come_as_they_are_stored():
    assert samples(BatchOrder(TASKS, 9, shuffle=False)) == list(range(40))


@pytest.mark.parametrize(
    ("more", "kind", "message"),
    [
        ({"mix": {"lift": 1, "stak": 1}}, UnknownNameError, "did you mean 'stack'"),
        ({"mix": {"lift": 1}}, UsageError, "does not name the task family 'stack'"),
        ({"mix": {"lift": -1, "stack": 1}}, ConfigError, r"mix\['lift'\]=-1"),
        ({"mix": {"lift": 0, "stack": 0}}, UsageError, "leaves out every task family"),
        ({"batch_size": 0}, ConfigError, "batch_size=0"),
        ({"batch_size": 41, "drop_last": True}, UsageError, "40 samples do not fill one batch of 41"),
        ({"shuffle": False, "mix": {"lift": 1, "stack": 1}}, UsageError, "leave out shuffle=False"),
    ],
)
def test_an_order_that_cannot_be_is_refused(more, kind, message):
    with pytest.raises(kind, match=message):
        BatchOrder(TASKS, **{"batch_size": 4, **more})
