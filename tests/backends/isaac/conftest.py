"""Isaac Sim, simulated, in every recorded release and through every interface; the quick suite: oldest and newest one."""

from __future__ import annotations

import pytest

pytest.importorskip("pxr", reason="the simulated Isaac Sim needs usd-core")

from tests.contracts import worlds
from tests.simulated_isaac import of_releases, simulated_isaac
from vla_isaac.backends import BACKENDS

PLACES = of_releases((place[0], place) for place in worlds.PLACES.values())
"""Release and interface; those that the quick suite leaves out are marked."""


@pytest.fixture(params=PLACES, ids="-".join)
def place(request):
    """Which release, through which interface."""
    return request.param


@pytest.fixture
def sim(place):
    """The simulated Isaac Sim around a standalone script; it must not have been misused in the end."""
    with simulated_isaac(place[0], mode="script") as sim:
        yield sim
        assert sim.violations == []


@pytest.fixture
def kit(place):
    """The same simulator inside Kit, whose loop the test turns."""
    with simulated_isaac(place[0], mode="kit") as sim:
        backend = BACKENDS.load("isaac")(port=place[1])
        yield sim, backend
        backend.close()
        assert sim.violations == []
        assert sim.messages("error") == []


@pytest.fixture
def backend(sim, place):
    backend = BACKENDS.load("isaac")(port=place[1])
    yield backend
    backend.close()
