"""What a policy sees does not depend on whether somebody makes a video beside it."""

from __future__ import annotations

import pytest

pytest.importorskip("mujoco")

from vla_isaac.backends.mujoco.backend import MujocoBackend
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.layout import sample_layout
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.sim.backend import RenderRequest
from vla_isaac.sim.drive import drive

POLICY = RenderRequest(camera="front", resolution_hw=(64, 64))
VIDEO = RenderRequest(camera="video", resolution_hw=(120, 160), look="good")


@pytest.mark.gl
def test_pictures_for_a_video_leave_those_for_the_policy_as_they_were():
    scene, backend = scene_preset("tabletop"), MujocoBackend()
    try:
        drive(backend.load(scene))
        drive(backend.reset(sample_layout(scene, randomisation_preset("layout"), 3)))
        alone = drive(backend.render([POLICY]))["front"].rgb
        for _ in range(3):
            drive(backend.render([VIDEO]))
            assert (drive(backend.render([POLICY]))["front"].rgb == alone).all()
    finally:
        backend.close()
