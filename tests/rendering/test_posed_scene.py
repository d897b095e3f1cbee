"""A picture depends on poses and layout only, not on the engine that they come from."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("mujoco")

from vla_isaac.backends.mujoco.backend import MujocoBackend
from vla_isaac.core.errors import UnknownNameError
from vla_isaac.core.types import JointTarget
from vla_isaac.rendering.posed_scene import PosedScene
from vla_isaac.robots import panda
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.layout import sample_layout
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.sim.backend import RenderRequest
from vla_isaac.sim.drive import drive

SCENE = scene_preset("sorting")  # with bins, which are fixed
REQUESTS = [
    RenderRequest(camera=camera, resolution_hw=(60, 80), look=look, depth=True, segmentation=True)
    for camera, look in (("front", "fast"), ("wrist", "fast"), ("video", "good"))
]


@pytest.fixture
def backend():
    made = MujocoBackend()
    drive(made.load(SCENE))
    yield made
    made.close()


@pytest.fixture
def posed():
    made = PosedScene(SCENE)
    yield made
    made.close()


def moved_to(backend: MujocoBackend, seed: int):
    """Lay the scene out, move the arm, and return the layout."""
    layout = sample_layout(SCENE, randomisation_preset("full"), seed)
    drive(backend.reset(layout))
    for step in range(4):
        backend.apply(JointTarget(panda.QPOS_HOME + 0.1 * np.sin(step + np.arange(7)), 0.05))
        backend.step()
    return layout


def drawn(posed: PosedScene, backend: MujocoBackend, layout, requests=REQUESTS):
    state, fingers = backend.state(), backend._data.qpos[backend._index.robot.fingers]
    poses = {"qpos": state.qpos, "object_pos": state.object_pos, "object_quat": state.object_quat}
    return posed.frames(layout, requests, time=state.time, fingers=fingers, **poses)


@pytest.mark.gl
def test_the_picture_of_a_state_is_the_same_to_the_last_bit_without_the_engine(backend, posed):
    for seed in (3, 4):  # the second layout moves bins, lamps and cameras of the same scene
        layout = moved_to(backend, seed)
        expected, found = drive(backend.render(REQUESTS)), drawn(posed, backend, layout)
        assert list(found) == list(expected)
        for camera, frame in expected.items():
            assert found[camera].time == frame.time
            for part in ("rgb", "depth", "segmentation"):
                assert np.array_equal(getattr(found[camera], part), getattr(frame, part)), (seed, camera, part)


@pytest.mark.gl
def test_an_unknown_camera_is_named_before_anything_is_drawn(backend, posed):
    layout = moved_to(backend, 3)
    with pytest.raises(UnknownNameError, match="no camera named 'above'"):
        drawn(posed, backend, layout, [RenderRequest(camera="above")])
