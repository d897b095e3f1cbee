"""Collecting with Ray: checked against the interface of its pool, not against Ray itself, which is not installed here."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from tests.collection.dataset_contents import contents, differences
from vla_isaac.collection.collect import collect
from vla_isaac.core.errors import BackendError, MissingDependencyError


class Pool:
    """What `ray.util.multiprocessing.Pool` offers of `multiprocessing.Pool`, as far as it is used; works here and now."""

    made: list = []  # noqa: RUF012 what was made, for the tests to see

    def __init__(
        self, processes=None, initializer=None, initargs=None, maxtasksperchild=None, context=None, ray_address=None
    ):
        self.processes, self.calls, self.ended = processes, 0, []
        self.made.append(self)

    def apply_async(self, func, args=None, kwargs=None, callback=None, error_callback=None):
        self.calls += 1
        try:
            found = func(*args, **kwargs)
        except Exception as error:
            error_callback(error)
        else:
            callback(found)

    def terminate(self):
        self.ended.append("terminate")

    def join(self):
        self.ended.append("join")


@pytest.fixture
def ray(monkeypatch):
    monkeypatch.setattr(Pool, "made", [])
    for name in ("ray", "ray.util", "ray.util.multiprocessing"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules["ray.util.multiprocessing"].Pool = Pool
    return Pool


def test_a_pool_of_rays_gives_the_same_dataset(plan, ray, tmp_path):
    collect(tmp_path / "ray", plan(), num_workers=3, use_ray=True)
    collect(tmp_path / "here", plan())
    (pool,) = ray.made
    assert (pool.processes, pool.calls, pool.ended) == (3, 4, ["terminate", "join"])
    assert differences(contents(tmp_path / "ray"), contents(tmp_path / "here")) == []


def test_an_error_in_rays_pool_is_told_here(plan, ray, tmp_path, monkeypatch):
    monkeypatch.setattr(ray, "apply_async", lambda self, *_, error_callback, **__: error_callback(OSError("disk full")))
    with pytest.raises(BackendError, match="an attempt failed in its worker: OSError: disk full"):
        collect(tmp_path / "d", plan(), use_ray=True)


def test_without_ray_the_message_says_what_to_do(plan, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingDependencyError, match=r"needs the package 'ray'.*or leave --ray out and give --workers"):
        collect(tmp_path / "d", plan(), use_ray=True)
