"""Pools: what happens to attempts when the pool is closed while some of them wait."""

from __future__ import annotations

import pytest

from vla_isaac.collection.plan import Attempt
from vla_isaac.collection.pool import HerePool, ProcessPool
from vla_isaac.core.errors import BackendError


def test_a_pool_of_processes_that_is_closed_drops_what_has_not_begun(plan, tmp_path):
    pool = ProcessPool(plan(tasks=("reach",), cameras=()), tmp_path, encode=False, num_workers=1)
    futures = [pool.submit(Attempt("reach", seed)) for seed in range(12)]
    pool.close()
    assert all(future.done() for future in futures)
    assert not futures[0].cancelled()
    assert [future.cancelled() for future in futures[-6:]] == [True] * 6


def test_a_pool_of_processes_that_is_closed_lets_what_runs_come_to_its_end(plan, tmp_path):
    pool = ProcessPool(plan(tasks=("reach",), cameras=()), tmp_path, encode=False, num_workers=1)
    future = pool.submit(Attempt("reach", 3))
    pool.close()
    assert future.result(timeout=0).attempt == Attempt("reach", 3)


def test_the_pool_of_this_process_frees_its_backend_when_it_is_closed(plan, tmp_path):
    pool = HerePool(plan(tasks=("reach",), cameras=()), tmp_path, encode=False)
    assert pool.submit(Attempt("reach", 3)).result().attempt == Attempt("reach", 3)
    pool.close()
    with pytest.raises(BackendError, match="nothing to work with"):
        pool._collector.backend.state()
