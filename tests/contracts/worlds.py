"""The worlds a backend can live in: each gives what constructs backends there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import pytest

from tests.simulated_isaac import releases, simulated_isaac
from vla_isaac.backends import BACKENDS
from vla_isaac.sim.backend import Backend

World = Callable[[], AbstractContextManager[Callable[[], Backend]]]


@contextmanager
def plain(name: str) -> Iterator[Callable[[], Backend]]:
    """A backend that needs nothing around it."""
    try:
        yield BACKENDS.load(name)
    except ImportError as error:
        pytest.skip(f"{name} cannot be imported: {error}")


@contextmanager
def isaac(release: str, port: str) -> Iterator[Callable[[], Backend]]:
    """Isaac Sim as a standalone script finds it, simulated; it must not be misused meanwhile."""
    pytest.importorskip("pxr", reason="the simulated Isaac Sim needs usd-core")
    with simulated_isaac(release, mode="script") as sim:
        yield partial(BACKENDS.load("isaac"), port=port)
        assert sim.violations == []


def ports_of(release: str) -> tuple[str, ...]:
    """Return which interfaces a release has: the experimental one is whole from 6.0 on."""
    return ("classic", "experimental") if int(release.partition(".")[0]) >= 6 else ("classic",)


WORLDS: dict[str, World] = {
    **{name: partial(plain, name) for name in BACKENDS if name != "isaac"},
    **{f"isaac-{release}-{port}": partial(isaac, release, port) for release in releases() for port in ports_of(release)},
}
