"""The real Ray: its pool gives the same outcomes as the pool of this machine, also where one of its workers is killed.

In an environment of its own: make test-interop.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

ray = pytest.importorskip("ray", reason="needs Ray; run: make test-interop")

from tests.collection.dataset_contents import contents, differences  # noqa: E402
from tests.jobs.workers import misconfigured, square, square_in  # noqa: E402
from vla_isaac.collection.collect import collect  # noqa: E402
from vla_isaac.collection.plan import CollectionPlan  # noqa: E402
from vla_isaac.core.errors import ConfigError, UsageError  # noqa: E402
from vla_isaac.jobs import in_order, open_pool  # noqa: E402

PLAN = CollectionPlan(tasks=("reach", "lift"), episodes=40, backend="stub", cameras=("front",), image_hw=(32, 32))


@pytest.fixture(scope="module", autouse=True)
def cluster():
    root = str(Path(__file__).resolve().parents[2])
    ray.init(num_cpus=2, log_to_driver=False, include_dashboard=False, runtime_env={"env_vars": {"PYTHONPATH": root}})
    yield
    ray.shutdown()


def values(jobs, make_worker=square, **options):
    pool = open_pool(make_worker, num_workers=2, **options)
    try:
        return list(in_order(pool, jobs))
    finally:
        pool.close()


def test_forty_jobs_have_the_same_results_in_the_same_order_also_with_a_worker_killed(tmp_path):
    jobs = [("die once", n) if n == 17 else n for n in range(40)]
    on_ray = values(jobs, square_in(tmp_path), use_ray=True, retries=1)
    assert [result.value for result in on_ray] == [n * n for n in range(40)]
    assert [result.losses for result in on_ray] == [int(n == 17) for n in range(40)]


def test_a_worker_killed_costs_its_job_and_errors_are_those_of_the_local_pool():
    found = values([1, ("die", 0), ("usage", 3), ("bug", 0), 5], use_ray=True)
    assert [result.value for result in found] == [1, None, None, None, 25]
    assert found[1].fault.startswith("the worker of Ray was lost")
    assert isinstance(found[2].error, UsageError)
    assert str(found[3].error) == "a job failed in its worker: ZeroDivisionError: a bug"


def test_a_worker_that_is_stopped_is_ended_at_the_deadline():
    found = values([1, ("hang", 0), 2], use_ray=True, deadline=3.0)
    assert [result.value for result in found] == [1, None, 4]
    assert "was ended after 3 s" in found[1].fault


def test_what_is_wrong_with_a_worker_is_raised_before_any_job():
    with pytest.raises(ConfigError, match="no such policy"):
        open_pool(misconfigured, num_workers=2, use_ray=True)


def actors() -> list[int]:
    """Return the processes of Ray that run our workers."""
    found = [path.parent for path in Path("/proc").glob("[0-9]*/cmdline")]
    return [int(process.name) for process in found if b"ray::_Actor" in (process / "cmdline").read_bytes()]


def test_a_collection_on_ray_is_the_one_of_this_machine_also_with_a_worker_killed(tmp_path):
    killed = []

    def kill_one(done, total, failed):
        if done >= 5 and not killed:
            killed.append(actors()[0])
            os.kill(killed[0], signal.SIGKILL)

    report = collect(tmp_path / "ray", PLAN, num_workers=2, use_ray=True, progress=kill_one)
    assert killed
    assert (report.is_complete, report.failures) == (True, {})
    collect(tmp_path / "here", PLAN, num_workers=2)
    assert differences(contents(tmp_path / "ray"), contents(tmp_path / "here")) == []
