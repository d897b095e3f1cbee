"""Where goals are seen, against MuJoCo's own pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from vla_isaac.datasets.episode import CameraInfo
from vla_isaac.models import losses
from vla_isaac.training.goal_pixels import seen_at

INFO = CameraInfo(
    height=96, width=128, fov_y=0.8, mount="world", eye=(1.0, 0.0, 0.5), target=(0.4, 0.0, 0.0), up=(0.0, 0.0, 1.0)
)


def test_what_a_camera_looks_at_is_in_the_middle_of_its_picture():
    assert seen_at(np.array([0.4, 0.0, 0.0]), INFO) == pytest.approx([0.5, 0.5])


def test_left_of_the_robot_is_right_in_the_picture_of_a_camera_that_faces_it():
    x, y = seen_at(np.array([0.4, 0.1, 0.0]), INFO)
    assert x > 0.55 and y == pytest.approx(0.5)


def test_a_narrow_picture_spreads_the_same_place_farther_from_its_middle():
    wide, narrow = (seen_at(np.array([0.4, 0.1, 0.0]), replace(INFO, width=w))[0] - 0.5 for w in (128, 64))
    assert narrow == pytest.approx(2 * wide)


def test_what_is_behind_the_camera_is_nowhere():
    assert np.isnan(seen_at(np.array([2.0, 0.0, 1.0]), INFO)).all()


def test_the_coloured_object_is_found_where_the_picture_has_its_colour():
    mujoco = pytest.importorskip("mujoco")
    from vla_isaac.backends.mujoco.backend import MujocoBackend
    from vla_isaac.scene.builder import scene_preset
    from vla_isaac.scene.layout import sample_layout
    from vla_isaac.scene.randomisation import randomisation_preset
    from vla_isaac.sim.backend import RenderRequest
    from vla_isaac.sim.drive import drive

    assert mujoco
    scene = scene_preset("tabletop")
    layout = sample_layout(scene, randomisation_preset("layout"), 5)
    backend = MujocoBackend()
    try:
        drive(backend.load(scene))
        drive(backend.reset(layout))
        frames = drive(backend.render((RenderRequest(camera="front", resolution_hw=(128, 128)),)))
        place = backend.state().pos("yellow_cube")
    finally:
        backend.close()
    camera = next(c for c in layout.cameras if c.name == "front")
    info = CameraInfo(
        height=128, width=128, fov_y=camera.fov_y, mount="world", eye=camera.eye, target=camera.target, up=camera.up
    )
    x, y = (seen_at(place, info) * 128).astype(int)
    red, green, blue = frames["front"].rgb[y, x].astype(int)
    assert red > 100 and green > 80 and blue < 0.6 * green


def test_a_map_that_points_at_the_place_is_less_surprised_than_one_that_does_not():
    maps = torch.full((1, 2, 8, 10), 1e-3)
    maps[0, 0, 2, 7] = maps[0, 1, 6, 1] = 1.0
    maps = maps / maps.sum((-2, -1), keepdim=True)
    there = torch.tensor([[[7.5 / 10, 2.5 / 8], [1.5 / 10, 6.5 / 8]]])
    away = torch.tensor([[[0.1, 0.9], [0.9, 0.1]]])
    counts = torch.ones(1, 1)
    assert losses.pointing(there, maps, counts) < 0.7 * losses.pointing(away, maps, counts)


def test_a_place_outside_the_picture_asks_nothing():
    maps = torch.full((1, 2, 4, 4), 1 / 16)
    outside = torch.tensor([[[1.2, 0.5], [float("nan"), 0.5]]])
    assert losses.pointing(outside, maps, torch.ones(1, 1)) == 0.0
