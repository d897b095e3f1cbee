"""The worlds a backend can live in: each gives what constructs backends there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache, partial

import pytest

from tests.simulated_isaac import releases, simulated_isaac
from tests.simulated_isaac.gl import gl_context
from tests.simulated_isaac.recording import is_sampled
from vla_isaac.backends import BACKENDS
from vla_isaac.core.errors import MissingDependencyError, RenderError
from vla_isaac.sim.backend import Backend


@cache
def cannot_draw() -> str | None:
    """Return why MuJoCo cannot draw on this machine, None where it can; no backend of ours is asked."""
    try:
        gl_context().free()
    except RenderError as error:
        return str(error)
    return None


World = Callable[[], AbstractContextManager[Callable[[], Backend]]]


@contextmanager
def plain(name: str) -> Iterator[Callable[[], Backend]]:
    """A backend that needs nothing around it but its package."""
    factory = BACKENDS.load(name)
    try:
        factory().close()
    except MissingDependencyError as error:
        pytest.skip(f"{name} cannot be made: {error}")
    yield factory


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


PLACES = {f"isaac-{release}-{port}": (release, port) for release in releases() for port in ports_of(release)}
"""Release and interface of each world of Isaac Sim."""

WORLDS: dict[str, World] = {
    **{name: partial(plain, name) for name in BACKENDS if name != "isaac"},
    **{name: partial(isaac, *place) for name, place in PLACES.items()},
}


def marks_of(name: str) -> tuple[pytest.MarkDecorator, ...]:
    """Return the marks of a world: the quick suite lives in the oldest and the newest release only."""
    return () if name not in PLACES or is_sampled(PLACES[name][0]) else (pytest.mark.slow,)
