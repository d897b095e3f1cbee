"""The expert in Newton: it lifts, places and stacks in the world that Newton reads from our files.

Measured on one core of a desktop processor: 0.7 ms of processor time a physics step, most of it Newton's own bookkeeping
(MuJoCo's step below it takes 0.03 ms); so 1.1 s for `lift` (65 control periods of 25 steps), 2 to 3 s for the others, and
half a second to write, read and settle a file.
"""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("newton", reason="needs newton; run: make test-isaac")
pytest.importorskip("mujoco", reason="the engine below Newton's solver")

from tests.isaac_usd.newton_backend import NewtonBackend
from vla_isaac.policies.scripted.expert import ScriptedPolicy
from vla_isaac.runtime.episode import EpisodeRequest
from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.runtime.session import Session
from vla_isaac.scene.builder import FrankaSceneBuilder, scene_preset
from vla_isaac.scene.layout import sample_layout
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.sim.drive import drive
from vla_isaac.tasks.families import task_family

FIRST_SEED, NUM_SEEDS, LEAST = 710_000, 10, 9


@pytest.fixture(scope="module")
def session():
    with Session(NewtonBackend(), ScriptedPolicy(), policy_name="scripted") as session:
        yield session


def solve(session: Session, name: str, seed: int) -> EpisodeResult:
    family = task_family(name)
    scene, randomisation = scene_preset(family.preset.scene), randomisation_preset("layout")
    return session.run(EpisodeRequest(scene=scene, randomisation=randomisation, seed=seed, family=family))


def test_the_expert_lifts_in_newton(session):
    result = solve(session, "lift", 100)
    assert result.success, f"{result.failure}: {result.instruction}: {result.reason}"


def test_a_ball_rolls_as_far_as_in_mujoco():
    """From 0.2 m/s it stops within 33 mm by its rolling friction; the default of Newton is a twentieth of that."""
    backend = NewtonBackend()
    spec = FrankaSceneBuilder("ball").add("ball", "green").build()
    drive(backend.load(spec))
    drive(backend.reset(sample_layout(spec, randomisation_preset("none"), 0)))
    start = backend.state().object_pos[0]
    backend.push(0, linear=(0.2, 0.0, 0.0), angular=(0.0, 0.2 / 0.0225, 0.0))
    backend.step()
    speed = backend.state().object_linvel[0]
    assert 0.1 < speed[0] < 0.2
    assert speed[1:] == pytest.approx([0.0, 0.0], abs=0.02)
    for _ in range(15):
        backend.step()
    end = backend.state()
    assert np.linalg.norm(end.object_pos[0] - start) == pytest.approx(0.033, abs=0.003)
    assert np.linalg.norm(end.object_linvel[0]) < 1e-3
    backend.close()


@pytest.mark.slow
@pytest.mark.parametrize("family", ["lift", "place_on", "stack"])
def test_the_expert_solves_unseen_layouts_in_newton(session, family, capsys):
    results = [solve(session, family, FIRST_SEED + k) for k in range(NUM_SEEDS)]
    solved = sum(bool(result.success) for result in results)
    with capsys.disabled():
        print(f"\nnewton {family}: {solved} of {NUM_SEEDS}", end="")
    assert solved >= LEAST, [f"seed {r.seed} {r.failure}: {r.instruction}" for r in results if not r.success]
