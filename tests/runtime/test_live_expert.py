"""The expert in a world that does not wait for it: its answer is one control period old when it is carried out."""

from __future__ import annotations

import pytest

from vla_isaac.api import make_policy
from vla_isaac.backends import BACKENDS
from vla_isaac.runtime.live import LiveSession
from vla_isaac.sim.drive import drive


def place_on(play, scene: str, seed: int) -> bool:
    """Return whether the expert puts the cube on the box."""
    with LiveSession(BACKENDS.load("mujoco")(), make_policy=make_policy) as session:
        session.choose(task="place_on", scene=scene, seed=seed)
        drive(session.load())
        session.run()
        play(session)
        assert session.result.steps < 200, "as briskly as in lock-step, which takes about 100 periods"
        return bool(session.result.success)


@pytest.mark.parametrize("scene", ["tabletop", "clutter"])
def test_the_expert_places_at_least_nine_of_ten_live(play, scene):
    assert sum(place_on(play, scene, seed) for seed in range(10)) >= 9
