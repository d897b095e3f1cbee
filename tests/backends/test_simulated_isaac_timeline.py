"""Kit's timeline does what it is asked at once where it can, or at the next update where it must."""

from __future__ import annotations

import pytest

pytest.importorskip("pxr", reason="the simulated Isaac Sim needs usd-core")
pytest.importorskip("mujoco", reason="the simulated Isaac Sim draws and moves with MuJoCo")

from tests.simulated_isaac import simulated_isaac
from vla_isaac.backends.isaac.app_loop import KitLoop
from vla_isaac.backends.isaac.timeline import Timeline


@pytest.fixture
def sim():
    with simulated_isaac("5.1", mode="kit") as simulation:
        yield simulation


@pytest.fixture
def timeline(sim):
    return Timeline(KitLoop())


def states(timeline: Timeline) -> tuple[bool, bool]:
    return timeline.is_playing, timeline.is_stopped


def test_it_plays_and_pauses_and_stops_without_waiting_for_an_update(sim, timeline):
    updates, seen = sim.num_updates, [states(timeline)]
    for act in (timeline.resume, timeline.pause, timeline.resume, timeline.stop_now):
        act()
        seen.append(states(timeline))
    assert seen == [(False, True), (True, False), (False, False), (True, False), (False, True)]
    assert sim.num_updates == updates


def test_stopping_within_a_physics_step_waits_for_the_next_update(sim, timeline):
    timeline.resume()
    timeline.stop_now(is_in_step=True)
    assert states(timeline) == (True, False)
    sim.run()
    assert states(timeline) == (False, True)


def test_a_stop_lets_exactly_one_update_pass_and_a_second_one_none(sim, timeline):
    timeline.resume()
    updates = 0
    for _ in timeline.stop():
        updates += 1
        sim.run()
    assert (updates, states(timeline)) == (1, (False, True))
    assert list(timeline.stop()) == []
