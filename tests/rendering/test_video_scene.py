"""Videos show a scene of their own: prettier, in the same place, and without any effect on the one that counts."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("mujoco")

from vla_isaac.backends.mujoco.backend import MujocoBackend
from vla_isaac.core.types import JointTarget
from vla_isaac.rendering.video_scene import rounded_box
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.layout import sample_layout
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.sim.backend import RenderRequest
from vla_isaac.sim.drive import drive

pytestmark = pytest.mark.gl


@pytest.fixture
def backend():
    scene, made = scene_preset("clutter"), MujocoBackend()
    drive(made.load(scene))
    drive(made.reset(sample_layout(scene, randomisation_preset("layout"), 3)))
    yield made
    made.close()


def picture(backend: MujocoBackend, look: str, *, segmentation: bool = False):
    request = RenderRequest(camera="front", resolution_hw=(96, 128), look=look, segmentation=segmentation)
    return drive(backend.render([request]))["front"]


def test_a_video_shows_more_than_the_policy_sees(backend):
    assert np.abs(picture(backend, "good").rgb.astype(int) - picture(backend, "fast").rgb).mean() > 5


def test_objects_are_where_the_policy_sees_them(backend):
    """Edges are rounded and the arm is another shape, so a few pixels differ."""
    fast, good = (picture(backend, look, segmentation=True).segmentation for look in ("fast", "good"))
    assert (fast == good).mean() > 0.95
    for row in np.unique(fast[fast >= 0]):
        both, either = ((fast == row) & (good == row)).sum(), ((fast == row) | (good == row)).sum()
        assert both / either > 0.7, row


def test_the_picture_follows_what_moves(backend):
    before = picture(backend, "good").rgb
    backend.apply(JointTarget(qpos=backend.state().qpos + 0.3, gripper_width=0.0))
    for _ in range(5):
        backend.step()
    assert (picture(backend, "good").rgb != before).any()


def test_a_video_does_not_change_the_physics(backend):
    other = MujocoBackend()
    scene = scene_preset("clutter")
    drive(other.load(scene))
    drive(other.reset(sample_layout(scene, randomisation_preset("layout"), 3)))
    target = JointTarget(qpos=backend.state().qpos + 0.2, gripper_width=0.01)
    for _ in range(10):
        for world in (backend, other):
            world.apply(target)
            world.step()
        picture(backend, "good")
    assert (backend.state().qpos == other.state().qpos).all()
    assert (backend.state().object_pos == other.state().object_pos).all()
    other.close()


def test_a_rounded_box_keeps_its_extents_and_is_closed():
    size = np.array([0.02, 0.05, 0.01])
    vertices, faces = rounded_box(size, 0.004)
    np.testing.assert_allclose(np.abs(vertices).max(axis=0), size)
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    volume = np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6
    assert 0.9 * 8 * size.prod() < volume < 8 * size.prod()
