"""Batches that a thread makes: the same ones, in the same order, with the same failures, and no thread left behind."""

from __future__ import annotations

import threading
import time

import pytest

from vla_isaac.training.ahead import ahead


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "batches"]


def until(condition):
    for _ in range(100):
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_the_same_items_come_in_the_same_order():
    assert list(ahead(iter(range(50)))) == list(range(50))


def test_a_failure_comes_where_it_happened():
    def broken():
        yield 1
        yield 2
        raise ValueError("no third")

    items = ahead(broken())
    assert [next(items), next(items)] == [1, 2]
    with pytest.raises(ValueError, match="no third"):
        next(items)


def test_no_more_are_made_than_are_kept_ready():
    made = []

    def endless():
        while True:
            made.append(len(made))
            yield made[-1]

    items = ahead(endless(), depth=2)
    next(items)
    time.sleep(0.2)
    assert len(made) <= 5
    items.close()
    assert until(lambda: not threads())


def test_the_thread_ends_with_who_asked():
    items = ahead(iter(range(10**9)))
    next(items)
    del items
    assert until(lambda: not threads())
